"""A table of the report as CSV."""

import csv
from pathlib import Path

from sources.system.plain_text import as_text
from warehouse.figures.table_texts import TableTexts


def write_csv(table: TableTexts, folder: Path) -> Path:
    """The table as CSV with a byte-order mark, which Chinese Excel needs; appears whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{table.name}.csv"
    partial = path.with_suffix(".partial")
    with partial.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerows([[as_text(text) for text in row] for row in (table.headings, *table.rows)])
    partial.replace(path)
    return path
