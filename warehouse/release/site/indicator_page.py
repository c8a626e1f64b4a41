"""A page an indicator: the region's number over the years, the schools beside each other, where it comes from."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import median

from warehouse.catalogue.indicator import Chapter, Indicator
from warehouse.catalogue.labels import BOUND
from warehouse.figures.fact import SCHOOL_SCOPE, Bound, Fact, Reference
from warehouse.figures.rounding import in_unit, trimmed_text, value_text
from warehouse.release.site.bar_charts import Chart
from warehouse.release.site.chapter_page import CHARTED_SCHOOLS, school_chart
from warehouse.release.site.dictionary_page import DictionaryEntry, dictionary_entry
from warehouse.release.site.page import LinkedNumber, Page, has_school_pages, number
from warehouse.release.site.series import YearValue, points, region_series
from warehouse.release.site.site_facts import Row, SiteFacts
from warehouse.release.site.trend_chart import Trend, trend

SHADES = 5


@dataclass(frozen=True)
class SchoolLine:
    """A school's numbers of the years shown, newest first; `verdict` by the newest standard, '' without one."""

    school: Row
    is_member: bool
    values: Sequence[LinkedNumber]
    bound: str
    verdict: str


@dataclass(frozen=True)
class Kind:
    """The schools of one kind that have a number, in the indicator's scope."""

    label: str
    count: int
    lowest: str
    middle: str
    highest: str


@dataclass(frozen=True)
class Tile:
    """A district as one tile; `shade` is 0 without a value, else 1 (lowest) to SHADES."""

    name: str
    text: str
    note: str
    shade: int


def indicator_page(facts: SiteFacts, chapter: Chapter, indicator: Indicator) -> Page:
    # Long: what the page shows, a line each.
    series = region_series(facts, indicator)
    latest = series[-1] if series and series[-1].year == facts.figures.report_year else None
    of_schools = facts.figures.catalogue.level(indicator) == "school" and has_school_pages(facts)
    scope = facts.figures.scope_of(indicator.code)
    entry: DictionaryEntry = dictionary_entry(facts, indicator)
    return Page(
        f"indicators/{indicator.code}.html",
        "indicator",
        indicator.label,
        {
            "chapter": chapter,
            "indicator": indicator,
            "entry": entry,
            "latest": latest,
            "larger": _larger(facts, indicator, latest.fact) if latest else "",
            "bound": facts.bounds.get(indicator.code, ""),
            "scope": facts.scopes[scope],
            "coverage": facts.coverage_of(scope),
            "series": [(each, facts.scopes[each.scope]["label"]) for each in reversed(series)],
            "has_breaks": any(each.breaks for each in series),
            "trends": _trends(facts, indicator, series),
            "years": facts.years,
            "lines": [_line(facts, indicator, school) for school in facts.schools] if of_schools else [],
            "kinds": _kinds(facts, indicator) if of_schools else [],
            "peers": _peer_chart(facts, indicator) if of_schools else [],
            "tiles": _tiles(facts, indicator, scope),
        },
    )


def _larger(facts: SiteFacts, indicator: Indicator, fact: Fact) -> str:
    """A long number in ten thousands, where the unit has such a multiple: 959092.47 平方米 is 95.9092 万平方米."""
    unit = f"万{indicator.unit}"
    if not fact.is_usable or fact.rounded is None or (indicator.unit, unit) not in facts.figures.factors:
        return ""
    shown, is_rounded = in_unit(fact.rounded, indicator.unit, unit, facts.figures.factors)
    return f"{'约合' if is_rounded else '合'} {trimmed_text(shown)} {unit}" if abs(shown) >= 1 else ""


def _trends(facts: SiteFacts, indicator: Indicator, series: Sequence[YearValue]) -> list[Trend]:
    if sum(each.fact.is_usable for each in series) < 2:
        return []
    title = f"{facts.figures.city_name}历年{indicator.label}（{indicator.unit}）"
    return [trend(title, points(series))]


def _line(facts: SiteFacts, indicator: Indicator, school: Row) -> SchoolLine:
    figures, code = facts.figures, school["school_code"]
    of_years = [facts.of_school(indicator, code, year) for year in facts.years]
    bound = figures.latest_bound(Reference(indicator.code, figures.report_year, code, SCHOOL_SCOPE))
    return SchoolLine(
        school,
        code in figures.members.get(figures.scope_of(indicator.code), frozenset()),
        [number(fact) for fact in of_years],
        _told(bound) if bound else "",
        bound.verdict if bound else "",
    )


def _told(bound: Bound) -> str:
    return f"{BOUND[bound.comparison]} {trimmed_text(bound.bound)}"


def _kinds(facts: SiteFacts, indicator: Indicator) -> list[Kind]:
    """In the order of the roster; a kind of which no school has a number is left out."""
    kinds: dict[str, list[Fact]] = {}
    members = facts.figures.members.get(facts.figures.scope_of(indicator.code), frozenset())
    for school in facts.schools:
        fact = facts.of_school(indicator, school["school_code"], facts.figures.report_year)
        if fact and fact.is_usable and school["school_code"] in members:
            kinds.setdefault(school["category_label"], []).append(fact)
    found = []
    for label, of_kind in kinds.items():
        values = [fact.value for fact in of_kind if fact.value is not None]
        told = [value_text(indicator, value) for value in (min(values), median(values), max(values))]
        found.append(Kind(label, len(values), *told))
    return found


def _peer_chart(facts: SiteFacts, indicator: Indicator) -> list[Chart]:
    """The schools by kind, with the standard across them where it is one for all."""
    found = facts.figures.of_schools(indicator.code)
    if not 1 < len(found) <= CHARTED_SCHOOLS:
        return []
    shown = {fact.reference.subject for fact in found.values()}
    kinds = {each["school_code"]: each["category_label"] for each in facts.schools if each["school_code"] in shown}
    chart = school_chart(facts, indicator, kinds=kinds if len(set(kinds.values())) > 1 else {})
    bounds = {facts.figures.latest_bound(fact.reference) for fact in found.values()}
    told = {(bound.comparison, bound.bound) for bound in bounds if bound}
    if len(told) != 1:
        return [chart]
    one = next(bound for bound in bounds if bound)
    return [replace(chart, line=one.bound, line_text=f"标准：{_told(one)}")]


def _tiles(facts: SiteFacts, indicator: Indicator, scope: str) -> list[Tile]:
    """The districts of the region in their order, shaded by the place of what is printed among each other; none where
    less than two have a value."""
    year = facts.figures.report_year
    found = [(name, facts.districts.get(Reference(indicator.code, year, code, scope))) for code, name in facts.parts]
    values = sorted({fact.rounded for _, fact in found if fact and fact.is_usable and fact.rounded is not None})
    if len([fact for _, fact in found if fact and fact.is_usable]) < 2:
        return []
    tiles = []
    for name, fact in found:
        told = number(fact)
        shade = (
            1 + values.index(fact.rounded) * SHADES // len(values)
            if fact and fact.is_usable and fact.rounded in values
            else 0
        )
        tiles.append(Tile(name, told.text, told.note, shade))
    return tiles
