"""The figures that a release prints, held against each other before they go out."""

import duckdb

from sources.declarations.city import City
from warehouse.catalogue.indicator import load_indicators
from warehouse.figures.fact import CHANGE, VALUE, Reference
from warehouse.reconcile.reading.printed_figure import PrintedFigure, number_in
from warehouse.reconcile.reconcile import reconcile
from warehouse.store.sql import query


def contradictions(connection: duckdb.DuckDBPyConnection, city: City, report_year: int) -> list[str]:
    """Figures of the year's report that cannot all be right, in words; judged from the printed texts alone."""
    found = reconcile(None, city, own_figures(connection, city.code, report_year))
    suspected = found.filter(found.get_column("is_suspected"))
    return [
        f"{label}（{printed}）：{why}" for label, printed, why in suspected["label", "printed", "explanation"].rows()
    ]


def own_figures(connection: duckdb.DuckDBPyConnection, region: str, report_year: int) -> list[PrintedFigure]:
    """What the report prints of the region: both years and the change, each in the scope the bureau chose."""
    rows = query(
        connection,
        "select indicator_code, subject_code, scope_code, previous_scope_code, display, previous_display,"
        " change_display, change_unit, status, comparability from core.fct_indicator_change"
        " where report_year = ? and region_code = ? order by indicator_code",
        [report_year, region],
    )
    figures = []
    for code, subject, scope, previous_scope, now, before, change, change_unit, status, comparable in rows.iter_rows():
        indicator = load_indicators()[code]
        if status == "ok":
            figures.append(_figure(Reference(code, report_year, subject, scope, VALUE), indicator.unit, now))
        if before and comparable == "comparable":
            figures.append(
                _figure(Reference(code, report_year - 1, subject, previous_scope, VALUE), indicator.unit, before)
            )
        if change and comparable == "comparable":
            figures.append(_figure(Reference(code, report_year, subject, scope, CHANGE), change_unit, change))
    return figures


def _figure(fact: Reference, unit: str, printed: str) -> PrintedFigure:
    label = load_indicators()[fact.indicator].label
    value = number_in(printed) if any(letter.isdecimal() for letter in printed) else None
    name = f"{fact.indicator}-{fact.year}-{fact.kind}"
    return PrintedFigure(name, "", fact.year, fact.subject, label, fact.scope, unit, printed, value, codes=fact)
