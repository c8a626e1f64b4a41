"""The catalogue: indicators, measures, standards and report tables, as typed objects.

An indicator is defined here and nowhere else. `sum`, `ratio` and `school_count` cover everything that is built
from measures; none of them needs SQL of its own.
"""

import re
from collections.abc import Iterator
from decimal import Decimal
from functools import lru_cache
from typing import Any, Literal

from pydantic import Field, model_validator

from sources.declarations.codelist import load_codelists
from sources.declarations.contract import Contract, TimeBasis, contract_respondents, load_contracts
from sources.declarations.strict_yaml import Declaration, Name, read_yaml
from sources.system.settings import PROJECT_ROOT

CATALOGUE_ROOT = PROJECT_ROOT / "warehouse" / "catalogue"
STANDARD_DEFINITION = "standard"

Level = Literal["school", "region"]
Direction = Literal["higher", "lower", "neutral"]


class Measure(Declaration):
    """A number that comes straight from submitted cells.

    Every number of a `form` is a measure by the column's name; the others are listed in measures.yml. Exactly
    one of `value` (an expression over a form), `count`, `sum` and `distinct` (over a table's rows) says how.
    """

    code: Name
    label: str
    unit: str
    sheet: Name
    description: str
    time_basis: TimeBasis
    value: str | None = None
    count: bool = False
    sum: str | None = None
    distinct: str | None = None
    where: str | None = None
    is_distinct_in_region: bool = False
    """The region counts each distinct value once, however many schools name it, instead of adding schools up."""
    is_whole: bool = True
    """Whether the number is always a whole one, a count."""
    subject: Name | None = None
    """Column with the school that a row of the bureau's table speaks of."""
    year: Name | None = None
    """Column with the year that a row speaks of, where it is not the report year."""
    since: int | None = None
    until: int | None = None

    @model_validator(mode="after")
    def _consistent(self) -> "Measure":
        if sum(map(bool, (self.value, self.count, self.sum, self.distinct))) != 1:
            raise ValueError(f"measure {self.code}: give one of `value`, `count`, `sum`, `distinct`")
        return self

    @property
    def level(self) -> Level:
        """Whom the number speaks of: a school, or the region that the bureau reports on."""
        of_bureau = contract_respondents()[self.sheet] == "bureau"
        return "region" if of_bureau and self.subject is None else "school"


class Formula(Declaration):
    """Measures that are added up: the value of a sum; the upper and lower part of a ratio."""

    numerator: tuple[Name, ...]
    denominator: tuple[Name, ...] = ()
    definition: str

    @property
    def terms(self) -> tuple[tuple[str, str], ...]:
        """(role, measure code) of every term."""
        return tuple(("numerator", code) for code in self.numerator) + tuple(
            ("denominator", code) for code in self.denominator
        )


class SchoolCount(Declaration):
    """How many schools of a scope have a value of an indicator below a bound."""

    of: Name
    below: Decimal
    ownership: str | None = None
    """Only schools of this ownership (code of the list `ownership`)."""


class Indicator(Declaration):
    code: Name
    label: str
    """As the report prints it."""
    unit: str
    numerator: tuple[Name, ...] = ()
    denominator: tuple[Name, ...] = ()
    counts: SchoolCount | None = None
    scale: int = 1
    decimals: int = 0
    display: Literal["number", "to_one"] = "number"
    definition: str
    alternatives: dict[Name, Formula] = Field(default_factory=dict)
    """Other definitions in use elsewhere; a city chooses one in its definitions.yml."""
    source: str
    time_basis: TimeBasis
    direction: Direction = "neutral"

    @property
    def kind(self) -> Literal["sum", "ratio", "school_count"]:
        if self.counts:
            return "school_count"
        return "ratio" if self.denominator else "sum"

    def formula(self, definition: str) -> Formula:
        """The formula under one of the indicator's definitions.

        Raises KeyError for a definition that the indicator does not have.
        """
        if definition == STANDARD_DEFINITION:
            return Formula(numerator=self.numerator, denominator=self.denominator, definition=self.definition)
        return self.alternatives[definition]


class Chapter(Declaration):
    """The indicators of one part of the report; its wide mart has the chapter's name."""

    chapter: Name
    title: str
    topic: Name
    """Entry of the code list `topics`: which of the bureau's scope choices applies."""
    order: int
    description: str
    indicators: tuple[Indicator, ...]


class Standard(Declaration):
    """A bound that schools of a category must keep, in one edition of the requirements; judged unrounded."""

    indicator: Name
    category: str
    """Code of the list `school_category`."""
    edition: str
    at_least: Decimal | None = None
    at_most: Decimal | None = None
    source: str
    since: int | None = None
    until: int | None = None

    @model_validator(mode="after")
    def _consistent(self) -> "Standard":
        if (self.at_least is None) == (self.at_most is None):
            raise ValueError(f"standard for {self.indicator}: give `at_least` or `at_most`")
        return self

    @property
    def comparison(self) -> Literal["at_least", "at_most"]:
        return "at_least" if self.at_least is not None else "at_most"

    @property
    def bound(self) -> Decimal:
        bound = self.at_least if self.at_least is not None else self.at_most
        assert bound is not None
        return bound


class TableRow(Declaration):
    indicator: Name
    label: str
    group: str = ""
    change: bool = True
    """Whether the report prints the change against last year in this row."""


class ReportTable(Declaration):
    """One table of the report.

    `comparison` lists indicators with last year, this year and the change; `schools` lists schools; `years` has
    a row for each of the last years and a column for each indicator.
    """

    code: str
    title: str
    topic: Name
    layout: Literal["schools", "comparison", "years"]
    model: Name
    """The dbt model that holds it, in schema `report`."""
    columns: dict[Name, str]
    """The model's columns that are printed, in order, with their headings; {year} and {last_year} are filled in."""
    spans: dict[str, tuple[Name, ...]] = Field(default_factory=dict)
    """Headings that stand above several columns next to each other."""
    rows: tuple[TableRow, ...] = ()

    @property
    def name(self) -> str:
        """The table's number as people say it: 表1.2-1, 附表3."""
        return f"附表{self.code.removeprefix('annex-')}" if self.code.startswith("annex-") else f"表{self.code}"


def _expanded(entries: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Entries with `for_each: <code list>` once for each code; {each} and {each_label} are filled in."""
    for entry in entries:
        if "for_each" not in entry:
            yield entry
            continue
        template = {key: value for key, value in entry.items() if key != "for_each"}
        for code in load_codelists()[entry["for_each"]].codes:
            yield _filled(template, {"each": code.code, "each_label": code.label})


def _filled(value: Any, texts: dict[str, str]) -> Any:
    if isinstance(value, str):
        return value.format(**texts)
    if isinstance(value, dict):
        return {key: _filled(item, texts) for key, item in value.items()}
    return [_filled(item, texts) for item in value] if isinstance(value, list) else value


@lru_cache
def load_measures() -> dict[str, Measure]:
    """All measures by code: the forms' numbers, then those of measures.yml."""
    folder = contract_respondents()
    contracts = {contract.name: contract for contract in load_contracts()}
    of_forms = [
        measure
        for contract in contracts.values()
        if contract.shape == "form" and folder[contract.name] != "common"
        for measure in _form_measures(contract)
    ]
    of_tables = [
        Measure(
            **(
                {"description": entry["label"], "time_basis": contracts[entry["sheet"]].time_basis}
                | {"since": contracts[entry["sheet"]].since, "until": contracts[entry["sheet"]].until}
                | entry
            )
        )
        for entry in _expanded(read_yaml(CATALOGUE_ROOT / "measures.yml")["measures"])
    ]
    return {measure.code: measure for measure in of_forms + of_tables}


def _form_measures(contract: Contract) -> list[Measure]:
    return [
        Measure(
            code=column.name,
            label=column.label.removeprefix("其中："),
            unit=column.unit or "",
            sheet=contract.name,
            description=column.hint.removesuffix("没有填0。").strip(),
            time_basis=column.time_basis or contract.time_basis,
            value=column.name,
            is_whole=column.type == "integer",
            since=max(filter(None, (contract.since, column.since)), default=None),
            until=min(filter(None, (contract.until, column.until)), default=None),
        )
        for column in contract.columns
        if column.is_number
    ]


@lru_cache
def load_chapters() -> tuple[Chapter, ...]:
    chapters = []
    for path in sorted((CATALOGUE_ROOT / "indicators").glob("*.yml")):
        chapter = read_yaml(path)
        indicators = [_resolved(entry) for entry in _expanded(chapter["indicators"])]
        chapters.append(Chapter(**(chapter | {"indicators": indicators})))
    return tuple(sorted(chapters, key=lambda chapter: chapter.order))


def _resolved(entry: dict[str, Any]) -> Indicator:
    """An entry with what it leaves out: a plain sum takes label, unit and definition from its measure."""
    entry = dict(entry)
    if "counts" not in entry:
        entry.setdefault("numerator", [entry["code"]])
    if len(entry.get("numerator", ())) == 1 and "denominator" not in entry:
        measure = load_measures()[entry["numerator"][0]]
        entry = {"label": measure.label, "unit": measure.unit, "definition": measure.description} | entry
        if not measure.is_whole:
            entry.setdefault("decimals", 2)
    if "numerator" in entry:
        entry.setdefault("time_basis", load_measures()[entry["numerator"][0]].time_basis)
    return Indicator(**entry)


@lru_cache
def load_indicators() -> dict[str, Indicator]:
    indicators = [indicator for chapter in load_chapters() for indicator in chapter.indicators]
    return {indicator.code: indicator for indicator in indicators}


@lru_cache
def load_standards() -> tuple[Standard, ...]:
    return tuple(Standard(**entry) for entry in read_yaml(CATALOGUE_ROOT / "thresholds.yml")["standards"])


@lru_cache
def load_report_tables() -> dict[str, ReportTable]:
    tables = (ReportTable(**read_yaml(path)) for path in sorted((CATALOGUE_ROOT / "tables").glob("*.yml")))
    return {table.code: table for table in tables}


def measure_columns(measure: Measure) -> list[str]:
    """The columns of its sheet that a measure is made from, in the sheet's order; a count takes the key's."""
    contract = next(contract for contract in load_contracts() if contract.name == measure.sheet)
    expressions = " ".join(filter(None, (measure.value, measure.sum, measure.distinct, measure.where)))
    used = set(re.findall(r"[a-z][a-z0-9_]*", re.sub(r"'[^']*'", "", expressions)))
    if measure.count:
        used |= set(contract.key)
    return [column.name for column in contract.columns if column.name in used]


def is_whole(indicator: Indicator) -> bool:
    """Whether the indicator is a sum of counts, or counts schools."""
    measures = load_measures()
    return indicator.kind != "ratio" and all(measures[code].is_whole for code in indicator.numerator)


def indicator_level(indicator: Indicator) -> Level:
    """`region` when it counts schools, or any of its measures is known for the region only."""
    measures = load_measures()
    codes = {code for formula in _formulas(indicator) for _, code in formula.terms}
    return "region" if indicator.counts or any(measures[code].level == "region" for code in codes) else "school"


def _formulas(indicator: Indicator) -> list[Formula]:
    return [] if indicator.counts else [indicator.formula(STANDARD_DEFINITION), *indicator.alternatives.values()]
