"""The region's number of an indicator over the years, as printed in each, with the breaks between them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from warehouse.catalogue.indicator import Indicator
from warehouse.catalogue.labels import COMPARABILITY, STATUS
from warehouse.figures.fact import Fact, Reference
from warehouse.figures.region_year import YEARS_SHOWN
from warehouse.release.site.page import LinkedNumber, number
from warehouse.release.site.site_facts import SiteFacts
from warehouse.release.site.trend_chart import TrendPoint

BREAKS = {"scope_break": "口径不同", "definition_break": "定义不同"}
"""Comparability → what stands at the break of a line."""


@dataclass(frozen=True)
class YearValue:
    """`fact` is the year's value in the scope that was printed; `breaks` is a key of BREAKS, or ''. `told` says how it
    compares with the year before, '' where there is nothing to compare."""

    year: int
    scope: str
    fact: Fact
    breaks: str
    told: str

    @property
    def shown(self) -> LinkedNumber:
        return number(self.fact)


def region_series(facts: SiteFacts, indicator: Indicator) -> list[YearValue]:
    """From the oldest year that has a value, or a reason why there is none, to the report year."""
    figures = facts.figures
    last = figures.report_year
    scopes = _scopes(facts.printed_scopes, indicator.code, range(last - YEARS_SHOWN + 1, last + 1))
    found: list[YearValue] = []
    for year, (scope, comparability) in scopes.items():
        fact = figures.facts.get(Reference(indicator.code, year, figures.city_code, scope))
        if fact is None:
            continue
        before = found[-1] if found else None
        breaks = _break(before, scope, fact.definition, comparability)
        has_both = before is not None and before.fact.is_usable and fact.is_usable
        told = COMPARABILITY.get(breaks or comparability, "") if has_both or breaks else ""
        found.append(YearValue(year, scope, fact, breaks, told))
    first = next((at for at, value in enumerate(found) if value.fact.is_usable), 0)
    return found[first:]


def _scopes(
    printed: Mapping[tuple[str, int], tuple[str, str]], code: str, years: Sequence[int]
) -> dict[int, tuple[str, str]]:
    """Year → the scope in which the number was printed and how it compares; of a year before the first report,
    the first report's scope."""
    known = {year: printed[code, year] for year in years if (code, year) in printed}
    if not known:
        return {}
    first = known[min(known)][0]
    return {year: known.get(year, (first, "")) for year in years if year in known or year < min(known)}


def _break(before: YearValue | None, scope: str, definition: str, comparability: str) -> str:
    if before is None:
        return ""
    if comparability in BREAKS:
        return comparability
    if before.scope != scope:
        return "scope_break"
    return "definition_break" if before.fact.definition != definition else ""


def points(series: Sequence[YearValue]) -> list[TrendPoint]:
    return [
        TrendPoint(
            each.year,
            each.fact.rounded if each.fact.is_usable else None,
            each.shown.text if each.fact.is_usable else STATUS.get(each.fact.status, each.fact.status),
            each.fact.status == "ok",
            BREAKS.get(each.breaks, ""),
        )
        for each in series
    ]
