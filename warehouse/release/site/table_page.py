"""One page a table of the report."""

from collections.abc import Sequence

from warehouse.figures.printed_table import PrintedTable, TableCell
from warehouse.release.site.bar_charts import Bar, Chart
from warehouse.release.site.page import ROW_HEADINGS, LinkedNumber, Page, described, linked
from warehouse.release.site.site_facts import SiteFacts


def table_page(facts: SiteFacts, table: PrintedTable) -> Page:
    names = table.columns
    return Page(
        f"tables/{table.code}.html",
        "table",
        table.title,
        {
            "name": table.name,
            "headings": table.headings,
            "notes": [note.text for note in table.notes if note.text != facts.figures.origin_note],
            "cells": [
                [LinkedNumber(cell.text, linked(facts, cell.reference), part=cell.part) for cell in row]
                for row in table.rows
            ],
            "totals": table.total_rows,
            "is_number": [any(row[column].reference for row in table.rows) for column in range(len(names))],
            "heads_row": next(names.index(name) for name in ROW_HEADINGS if name in names),
            "charts": _years_charts(facts, table),
        },
    )


def _years_charts(facts: SiteFacts, table: PrintedTable) -> Sequence[Chart]:
    """A table of years has its first column of numbers as a picture."""
    bars = [_bar(year, first) for year, first, *_ in table.rows if first.value is not None]
    if table.declared.layout != "years" or len(bars) < 2:
        return []
    scope = facts.figures.choices.get(table.declared.topic, facts.figures.whole_scope)
    within = "" if scope == facts.figures.whole_scope else facts.figures.scopes[scope]
    return [described(f"{table.title}：{table.headings[1]}", bars, within)]


def _bar(year: TableCell, number: TableCell) -> Bar:
    assert number.value is not None
    return Bar(year.text, number.value, number.text)
