"""The catalogue: indicators, measures and report tables, as typed objects.

An indicator is defined here and nowhere else. `sum` and `ratio` cover everything that is built from measures;
neither needs SQL of its own.
"""

from functools import lru_cache
from typing import Literal

from pydantic import model_validator

from sources.model import (
    Declaration,
    Name,
    contract_respondents,
    load_contracts,
    read_yaml,
)
from sources.settings import PROJECT_ROOT

CATALOGUE_ROOT = PROJECT_ROOT / "warehouse" / "catalogue"

Level = Literal["school", "region"]


class Measure(Declaration):
    """A number that comes straight from submitted cells.

    Every number of a `form` is a measure by the column's name; the others, counts and sums over the rows of a
    table, are listed in measures.yml.
    """

    code: Name
    label: str
    unit: str | None = None
    sheet: Name
    level: Level
    """Whom the number speaks of: a school, or the region that the bureau reports on."""
    value: str
    """SQL over the staging model: a column for a form, an aggregate for a table."""
    where: str | None = None
    is_whole: bool = True
    """Whether the number is always a whole one, a count."""
    subject: Name | None = None
    """Column with the school that a row of the bureau's table speaks of."""
    since: int | None = None
    until: int | None = None


class Indicator(Declaration):
    code: Name
    label: str
    """As the report prints it."""
    kind: Literal["sum", "ratio"]
    unit: str
    numerator: tuple[Name, ...]
    """Measures that are added up: the value of a `sum`, the upper part of a `ratio`."""
    denominator: tuple[Name, ...] = ()
    scale: int = 1
    decimals: int = 0
    display: Literal["number", "to_one"] = "number"
    definition: str
    source: str
    time_basis: Literal["as_of", "school_year", "calendar_year", "cumulative"]
    direction: Literal["higher", "lower", "neutral"] = "neutral"

    @model_validator(mode="after")
    def _consistent(self) -> "Indicator":
        if (self.kind == "ratio") != bool(self.denominator):
            raise ValueError(f"indicator {self.code}: `denominator` goes with kind `ratio`, and only with it")
        return self

    @property
    def terms(self) -> tuple[tuple[str, str], ...]:
        """(role, measure code) of every term."""
        return tuple(("numerator", code) for code in self.numerator) + tuple(
            ("denominator", code) for code in self.denominator
        )


class Chapter(Declaration):
    """The indicators of one part of the report; its wide mart has the chapter's name."""

    chapter: Name
    title: str
    topic: Name
    """Entry of the code list `topics`: which of the bureau's scope choices applies."""
    order: int
    description: str
    indicators: tuple[Indicator, ...]


class TableRow(Declaration):
    indicator: Name
    label: str
    group: str = ""
    change: bool = True
    """Whether the report prints the change against last year in this row."""


class ReportTable(Declaration):
    """One table of the report.

    `comparison` lists indicators with last year, this year and the change; `schools` lists schools.
    """

    code: str
    title: str
    topic: Name
    layout: Literal["schools", "comparison"]
    model: Name
    """The dbt model that holds it, in schema `report`."""
    columns: dict[Name, str]
    """The model's columns that are printed, in order, with their headings; {year} and {last_year} are filled in."""
    rows: tuple[TableRow, ...] = ()


@lru_cache
def load_chapters() -> tuple[Chapter, ...]:
    chapters = (Chapter(**read_yaml(path)) for path in sorted((CATALOGUE_ROOT / "indicators").glob("*.yml")))
    return tuple(sorted(chapters, key=lambda chapter: chapter.order))


@lru_cache
def load_indicators() -> dict[str, Indicator]:
    indicators = [indicator for chapter in load_chapters() for indicator in chapter.indicators]
    return {indicator.code: indicator for indicator in indicators}


@lru_cache
def load_measures() -> dict[str, Measure]:
    """All measures by code: the forms' numbers, then those of measures.yml."""
    folder = contract_respondents()
    of_forms = [
        Measure(
            code=column.name,
            label=column.label,
            unit=column.unit,
            sheet=contract.name,
            level="region" if folder[contract.name] == "bureau" else "school",
            value=column.name,
            is_whole=column.type == "integer",
            since=max(filter(None, (contract.since, column.since)), default=None),
            until=min(filter(None, (contract.until, column.until)), default=None),
        )
        for contract in load_contracts()
        if contract.shape == "form" and folder[contract.name] != "common"
        for column in contract.columns
        if column.is_number
    ]
    of_tables = [Measure(**measure) for measure in read_yaml(CATALOGUE_ROOT / "measures.yml")["measures"]]
    return {measure.code: measure for measure in of_forms + of_tables}


@lru_cache
def load_report_tables() -> dict[str, ReportTable]:
    tables = (ReportTable(**read_yaml(path)) for path in sorted((CATALOGUE_ROOT / "tables").glob("*.yml")))
    return {table.code: table for table in tables}


def is_whole(indicator: Indicator) -> bool:
    """Whether the indicator is a sum of counts."""
    measures = load_measures()
    return indicator.kind == "sum" and all(measures[code].is_whole for _, code in indicator.terms)


def indicator_level(indicator: Indicator) -> Level:
    """`region` when any of its measures is known for the region only."""
    measures = load_measures()
    levels = {measures[code].level for _, code in indicator.terms}
    return "region" if "region" in levels else "school"
