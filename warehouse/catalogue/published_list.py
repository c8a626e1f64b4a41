"""The city's own lists of printed figures, `published/<report year>.csv`."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Literal

from sources.declarations.city import City
from sources.declarations.misfit import Misfit
from sources.declarations.problem import DeclarationError, Problem, meant, shown_path
from sources.declarations.strict_csv import line_problem, read_lines_as
from sources.declarations.strict_yaml import Declaration
from warehouse.catalogue.catalogue import Catalogue


class PublishedLine(Declaration):
    """One printed figure."""

    figure_id: str
    section: str
    year: int
    label: str
    subject: str
    """Code of a region or school."""
    indicator: str
    kind: Literal["value", "change", "standard", "target"]
    scope: str
    """Code of a scope; `school` for a single school."""
    printed: str
    printed_value: Decimal
    unit: str


def published_paths(city_dir: Path) -> list[Path]:
    return sorted((city_dir / "published").glob("*.csv"))


def published_problems(city: City | None, catalogue: Catalogue, city_dir: Path) -> Iterator[Problem]:
    """Everything that is wrong in the city's lists. Their names are looked up only when the city itself is right."""
    for path in published_paths(city_dir):
        if not path.stem.isdigit():
            yield Problem(shown_path(path), None, "", "文件名应当是报告年度，如 2023.csv")
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
