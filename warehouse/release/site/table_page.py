"""One page a table of the report."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from warehouse.release.site.bar_charts import Bar, Chart
from warehouse.release.site.page import ROW_HEADINGS, LinkedNumber, Page, described, linked
from warehouse.release.site.site_facts import SiteFacts


def table_page(facts: SiteFacts, position: int) -> Page:
    table = facts.tables[position]
    cells = [
        [LinkedNumber(text, linked(facts, reference)) for text, reference in zip(texts, row, strict=True)]
        for texts, row in zip(table.printed.rows, table.references, strict=True)
    ]
    names = list(table.declared.columns)
    return Page(
        f"tables/{table.declared.code}.html",
        "table",
        table.printed.title,
        {
            "printed": table.printed,
            "cells": cells,
            "is_number": [any(row[column] for row in table.references) for column in range(len(names))],
            "heads_row": next(names.index(name) for name in ROW_HEADINGS if name in names),
            "charts": _years_charts(table.declared.layout, cells, table.printed),
        },
    )


def _years_charts(layout: str, cells: Sequence[Sequence[LinkedNumber]], printed: Any) -> list[Chart]:
    """A table of years has its first column of numbers as a picture."""
    bars = [Bar(row[0].text, Decimal(row[1].text), row[1].text) for row in cells if row[1].reference]
    if layout != "years" or len(bars) < 2:
        return []
    return [described(f"{printed.title}：{printed.headings[1]}", bars)]
