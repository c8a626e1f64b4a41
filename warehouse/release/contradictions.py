"""The figures that a release prints, held against each other before they go out."""

from collections.abc import Iterator
from decimal import Decimal

import duckdb

from sources.declarations.city import City
from warehouse.catalogue.catalogue import Catalogue
from warehouse.figures.fact import Change, Fact, Reference
from warehouse.figures.region_year import RegionYear, load_region_year
from warehouse.figures.rounding import trimmed
from warehouse.reconcile.reading.printed_figure import PrintedFigure
from warehouse.reconcile.reconcile import reconcile


def contradictions(
    connection: duckdb.DuckDBPyConnection, city: City, catalogue: Catalogue, report_year: int
) -> list[str]:
    """Figures of the year's report that cannot all be right, in words; judged from what is printed alone."""
    of = load_region_year(connection, catalogue, report_year, city.code)
    found = reconcile(None, city.in_year(report_year), catalogue, list(own_figures(of)))
    suspected = found.filter(found.get_column("is_suspected"))
    return [
        f"{label}（{printed}）：{why}" for label, printed, why in suspected["label", "printed", "explanation"].rows()
    ]


def own_figures(of: RegionYear) -> Iterator[PrintedFigure]:
    """What the report prints of the region: both years and the change, each in the scope the bureau chose."""
    for code in sorted(of.changes):
        change = of.changes[code]
        now, before = of.facts.get(change.current), of.facts.get(change.previous) if change.previous else None
        if now and now.status == "ok":
            yield _value(of, now)
        if change.comparability == "comparable":
            if before and before.display:
                yield _value(of, before)
            if change.display:
                yield _change(of, change)


def _value(of: RegionYear, fact: Fact) -> PrintedFigure:
    unit = of.catalogue.indicators[fact.reference.indicator].unit
    return _figure(of, fact.reference, unit, fact.display or "", fact.rounded)


def _change(of: RegionYear, change: Change) -> PrintedFigure:
    """A change; of 持平 there is no number to compare."""
    return _figure(of, change.reference, change.unit, change.display or "", change.value or None)


def _figure(of: RegionYear, fact: Reference, unit: str, printed: str, value: Decimal | None) -> PrintedFigure:
    label = of.catalogue.indicators[fact.indicator].label
    name = f"{fact.indicator}-{fact.year}-{fact.kind}"
    number = None if value is None else trimmed(value)
    return PrintedFigure(name, "", fact.year, fact.subject, label, fact.scope, unit, printed, number, codes=fact)
