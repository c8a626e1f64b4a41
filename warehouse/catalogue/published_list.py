"""The city's own lists of printed figures, `published/<report year>.csv`."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Literal

from pydantic import Field

from sources.declarations.check_city import KEPT_BY_EDITORS
from sources.declarations.city import City
from sources.declarations.misfit import Misfit
from sources.declarations.problem import DeclarationError, Problem, meant, shown_path
from sources.declarations.strict_csv import line_problem, read_lines_as
from sources.declarations.strict_yaml import Declaration
from warehouse.catalogue.catalogue import Catalogue


class PublishedLine(Declaration):
    """One printed figure."""

    figure_id: str = Field(description="编号，在文件里只出现一次", examples=["F001"])
    section: str = Field(description="在报告的哪一节", examples=["1.2"])
    year: int = Field(description="说的是哪一年；报告里也印上年的数", examples=[2025])
    label: str = Field(description="报告怎样称呼它", examples=["中等职业学校数"])
    subject: str = Field(description="说的是谁：地区的代码，或学校的标识码", examples=["341000"])
    indicator: str = Field(description="[指标](../indicators.md)的代码", examples=["schools"])
    kind: Literal["value", "change", "standard", "target"] = Field(
        description="`value` 当年的值，`change` 比上年的变化，`standard` 办学标准，`target` 目标", examples=["value"]
    )
    scope: str = Field(description="口径的代号（scopes.yml）；单独一所学校写 `school`", examples=["all"])
    printed: str = Field(description="报告里的原文", examples=["12所"])
    printed_value: Decimal = Field(description="印出的数", examples=[12])
    unit: str = Field(description="印出的单位", examples=["所"])
    reason: str | None = Field(
        default=None, description="可以不写；已知印错的，写错在哪里、应当是多少", examples=["公办、民办相加不是 12"]
    )


def published_paths(city_dir: Path) -> list[Path]:
    return sorted((city_dir / "published").glob("*.csv"))


def published_problems(city: City | None, catalogue: Catalogue, city_dir: Path) -> Iterator[Problem]:
    """Everything that is wrong in the city's lists. Their names are looked up only when the city itself is right."""
    for path in sorted((city_dir / "published").glob("*")):
        if fault := _fault_of_name(path, city):
            yield Problem(shown_path(path), None, "", fault)
            continue
        if path.suffix != ".csv":
            continue
        try:
            lines = read_lines_as(path, PublishedLine)
        except DeclarationError as error:
            yield from error.problems
            continue
        seen: dict[str, int] = {}
        told: set[str] = set()
        for number, line in lines:
            for misfit in _unknown(line, city, catalogue) if city else ():
                if misfit.text not in told:  # one cause, one line
                    yield line_problem(path, number, misfit)
                told.add(misfit.text)
            if line.figure_id in seen:
                text = f"编号 {line.figure_id} 写了两次（第 {seen[line.figure_id]} 行已有）"
                yield line_problem(path, number, Misfit(("figure_id",), text))
            seen.setdefault(line.figure_id, number)


def _fault_of_name(path: Path, city: City | None) -> str | None:
    """What is wrong with the name of a file beside the lists; None of what an editor has left there."""
    if KEPT_BY_EDITORS.search(path.name):
        return None
    if path.suffix != ".csv" or not path.stem.isdecimal() or not path.stem.isascii():
        return "文件名应当是报告年度，如 2023.csv"
    if city and int(path.stem) not in city.calendar.years:
        return f"采集日历中没有 {path.stem} 年度；有：{'、'.join(map(str, sorted(city.calendar.years)))}"
    return None


def _unknown(line: PublishedLine, city: City, catalogue: Catalogue) -> Iterator[Misfit]:
    known = {
        "indicator": list(catalogue.indicators),
        "scope": [scope.code for scope in city.scopes] + ["school"],
        "subject": [*city.region_by_code, *city.respondent_by_code],
    }
    for key, words in known.items():
        value = getattr(line, key)
        if value not in words:
            yield Misfit((key,), f"“{key}”没有“{value}”{meant(value, words)}")
