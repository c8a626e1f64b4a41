"""All that is declared of numbers, read once and handed to whoever asks."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import duckdb

from sources.declarations.contract import Adds
from sources.declarations.kept_ready import kept_ready
from sources.declarations.pack import Pack
from sources.system.faults import ToldError
from warehouse.catalogue.indicator import Chapter, Indicator, load_chapters, load_indicators
from warehouse.catalogue.measure import Level, Measure, load_measures
from warehouse.catalogue.report_table import ReportTable, load_report_tables
from warehouse.catalogue.standard import NotJudged, RequirementEdition, Standard, load_requirements

NAMED = 8


class CatalogueChangedError(ToldError):
    """The database was built with another catalogue than today's."""


@dataclass(frozen=True, slots=True, eq=False)
class Catalogue:
    """Measures, indicators and tables by code, chapters and standards in print order.

    `sums` says of a measure which indicator is nothing but it. Two catalogues are equal when they are the same one:
    what is worked out of one may be cached by it.
    """

    pack: Pack
    measures: Mapping[str, Measure]
    chapters: tuple[Chapter, ...]
    indicators: Mapping[str, Indicator]
    editions: tuple[RequirementEdition, ...]
    standards: tuple[Standard, ...]
    not_judged: tuple[NotJudged, ...]
    tables: Mapping[str, ReportTable]
    sums: Mapping[str, str]

    def is_count(self, code: str) -> bool:
        """Whether the indicator is a sum of counts, or counts schools."""
        indicator = self.indicators[code]
        return indicator.kind != "ratio" and all(self.measures[each].is_whole for each in indicator.numerator)

    def level(self, indicator: Indicator) -> Level:
        """`region` when the indicator counts schools, or a measure of it is known for the region only."""
        codes = {code for formula in indicator.formulas for _, code in formula.terms}
        return (
            "region" if indicator.counts or any(self.measures[each].level == "region" for each in codes) else "school"
        )

    def adds(self, indicator: Indicator) -> Adds | Literal["ratio_of_sums"]:
        """How a region's value comes of several schools' or bureaus': as its measure adds up, or as a ratio of sums."""
        if indicator.kind == "ratio":
            return "ratio_of_sums"
        return self.measures[indicator.numerator[0]].adds if len(indicator.numerator) == 1 else "sum"

    def base(self, indicator: Indicator, definition: str) -> str | None:
        """What a ratio divides by under one of its definitions, by the names of the measures; None of anything else."""
        return " + ".join(self.measures[code].label for code in indicator.formula(definition).denominator) or None

    def in_words(self, indicator: Indicator, definition: str) -> str:
        """The formula under one of the indicator's definitions, with the measures' names."""
        if indicator.counts:
            counted = self.indicators[indicator.counts.of]
            return f"{counted.label}低于 {indicator.counts.below.normalize():f} 的学校数"
        formula = indicator.formula(definition)
        above, below = (
            " + ".join(self.measures[code].label for code in codes)
            for codes in (formula.numerator, formula.denominator)
        )
        scale = f" × {indicator.scale}" if indicator.scale != 1 else ""
        return f"（{above}）÷（{below}）{scale}" if below else above


@lru_cache
@kept_ready
def load_catalogue(pack: Pack) -> Catalogue:
    """The catalogue as a province's pack has it. Only doors call it: commands, Dagster's definitions, tests."""
    indicators = load_indicators(pack)
    requirements = load_requirements(pack)
    plain = (each for each in indicators.values() if each.kind == "sum" and len(each.numerator) == 1)
    return Catalogue(
        pack=pack,
        measures=load_measures(pack),
        chapters=load_chapters(pack),
        indicators=indicators,
        editions=requirements.editions,
        standards=requirements.standards,
        not_judged=requirements.not_judged,
        tables=load_report_tables(pack),
        sums={each.numerator[0]: each.code for each in plain},
    )


def check_built_with(connection: duckdb.DuckDBPyConnection, catalogue: Catalogue) -> None:
    """Whether a database that is opened for printing knows today's indicators, as they are printed today.

    Raises CatalogueChangedError, naming them, when some were added, removed, or are printed in another way.
    """
    built = {
        code: tuple(printed)
        for code, *printed in connection.execute(
            "select indicator_code, label, unit, decimals, display from core.dim_indicator order by sequence"
        ).fetchall()
    }
    today = {code: (i.label, i.unit, i.decimals, i.display) for code, i in catalogue.indicators.items()}
    differences = {
        "目录中新增、数据库里还没有的": [f"{today[code][0]}（{code}）" for code in today if code not in built],
        "数据库里有、目录中已删去的": [f"{built[code][0]}（{code}）" for code in built if code not in today],
        "名称、单位或小数位改了的": [
            f"{built[code][0]} → {today[code][0]}（{code}）"
            for code in today
            if code in built and built[code] != today[code]
        ],
    }
    told = [f"{what}：{_named(names)}" for what, names in differences.items() if names]
    if told:
        raise CatalogueChangedError(f"发布的数据库是按另一份指标目录建立的，{'；'.join(told)}。请先运行 nianbao run。")


def _named(names: list[str]) -> str:
    return "、".join(names[:NAMED]) + (f" 等 {len(names)} 个" if len(names) > NAMED else "")
