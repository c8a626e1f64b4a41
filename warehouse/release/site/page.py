"""What the pages share: numbers with links to their sources, rows of indicators."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from warehouse.catalogue.indicator import STANDARD_DEFINITION, Chapter, Indicator
from warehouse.catalogue.labels import COMPARABILITY, STATUS
from warehouse.figures.fact import CHANGE, VALUE, Change, Coverage, Fact, Part, Printed, Reference
from warehouse.release.site.bar_charts import Bar, Chart
from warehouse.release.site.site_facts import Row, SiteFacts

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

SCHOOL_PAGES = 500
"""A region with more schools gets no page a school and no table of schools: they would not fit a browser."""
DISTINCT_VALUES = 3
ROW_HEADINGS = ("item_label", "school_name", "year")
"""The column of a report table that names its rows."""
CHARTS = 2


@dataclass(frozen=True)
class LinkedNumber:
    """A number as printed with the way to its source; or, without a reference, why there is none."""

    text: str
    reference: Reference | None = None
    note: str = ""
    part: Part | None = None
    """Which number of the reference it is, where it is not the value or the change that the reference names."""

    @property
    def printed(self) -> Printed | None:
        if self.reference is None:
            return None
        return Printed(self.reference, self.text, self.part or (CHANGE if self.reference.kind == CHANGE else VALUE))


@dataclass(frozen=True)
class Page:
    """One file of the site: its path from the site's folder, its template, its title and what the template shows."""

    path: str
    template: str
    title: str
    content: Mapping[str, Any]


@dataclass(frozen=True)
class IndicatorRow:
    indicator: Indicator
    value: LinkedNumber
    previous: LinkedNumber
    change: LinkedNumber
    change_unit: str
    trend: str
    status: str
    reported: str
    comparability: str


def references(value: Any) -> Iterator[Reference]:
    """Every reference in a page's content, at any depth."""
    if isinstance(value, Reference):
        yield value
    elif isinstance(value, str | int | None):  # most of a page, and none of them holds anything
        return
    elif is_dataclass(value) and not isinstance(value, type):
        for name in _field_names(type(value)):
            yield from references(getattr(value, name))
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from references(item)
    elif isinstance(value, Sequence):
        for item in value:
            yield from references(item)


@cache
def _field_names(kind: "type[DataclassInstance]") -> tuple[str, ...]:
    return tuple(each.name for each in fields(kind))


def has_school_pages(facts: SiteFacts) -> bool:
    return len(facts.schools) <= SCHOOL_PAGES


def linked(facts: SiteFacts, reference: Reference | None) -> Reference | None:
    """The reference, if the site has its source: without pages a school, it has the sources of the region only."""
    of_region = reference is not None and reference.subject == facts.figures.city_code
    return reference if of_region or has_school_pages(facts) else None


def number(fact: Fact | None) -> LinkedNumber:
    """A value as printed, or its status in words."""
    if fact is None:
        return LinkedNumber("—")
    if not fact.is_usable or fact.display is None:
        return LinkedNumber(STATUS.get(fact.status, fact.status))
    notes = [
        "" if fact.status == "ok" else f"{STATUS.get(fact.status, fact.status)} {_reported(fact)}",
        "" if fact.definition == STANDARD_DEFINITION else "不是标准定义",
    ]
    return LinkedNumber(fact.display, fact.reference, "，".join(filter(None, notes)))


def _reported(fact: Fact) -> str:
    return f"{fact.n_reported}/{fact.n_expected}"


def _trend(change: Change, indicator: Indicator) -> str:
    """Whether the change is for the better, where one may say so."""
    if change.comparability != "comparable" or not change.value or indicator.direction == "neutral":
        return ""
    return "向好" if (change.value > 0) == (indicator.direction == "higher") else "变差"


def indicator_row(facts: SiteFacts, indicator: Indicator) -> IndicatorRow | None:
    """The region's value beside last year's; None for an indicator that the database does not know yet."""
    change = facts.figures.changes.get(indicator.code)
    fact = facts.figures.facts.get(change.current) if change else None
    if change is None or fact is None:
        return None
    previous = facts.figures.facts.get(change.previous) if change.previous else None
    shown = number(previous) if previous and previous.is_usable else LinkedNumber("—")
    return IndicatorRow(
        indicator=indicator,
        value=number(fact),
        previous=shown,
        change=LinkedNumber(change.display, change.reference) if change.display else LinkedNumber("—"),
        change_unit=change.unit if change.display and change.value else "",
        trend=_trend(change, indicator),
        status=fact.status,
        reported=_reported(fact),
        comparability=COMPARABILITY.get(change.comparability, "") if shown.reference else "",
    )


def rows(facts: SiteFacts, chapter: Chapter) -> list[IndicatorRow]:
    return [row for indicator in chapter.indicators if (row := indicator_row(facts, indicator))]


def coverage_rows(facts: SiteFacts) -> list[tuple[Row, Coverage]]:
    """Scope and how complete it is, in the order of the scopes."""
    scopes = sorted(facts.scopes.values(), key=lambda scope: (scope["sequence"], scope["scope_code"]))
    found = [(scope, facts.coverage_of(scope["scope_code"])) for scope in scopes]
    return [(scope, coverage) for scope, coverage in found if coverage]


def described(title: str, bars: Sequence[Bar], within: str = "") -> Chart:
    """A chart with its highest and lowest bar told in words; `within` is the scope in which they are that."""
    top, bottom = max(bars, key=lambda bar: bar.value), min(bars, key=lambda bar: bar.value)
    told = f"口径：{within}。" if within else ""
    text = f"条形图，共 {len(bars)} 条。{told}最高：{top.label}，{top.text}；最低：{bottom.label}，{bottom.text}。"
    return Chart(title, text, tuple(bars))


def table_links(facts: SiteFacts) -> list[tuple[str, str]]:
    return [(f"tables/{code}.html", table.title) for code, table in facts.figures.tables.items()]
