"""A table of the report as CSV."""

from pathlib import Path

from sources.system.csv_file import write_csv
from sources.system.whole_file import whole_file
from warehouse.figures.printed_table import PrintedTable


def write_table(table: PrintedTable, folder: Path) -> Path:
    """The table as CSV with a byte-order mark, which Chinese Excel needs; appears whole or not at all."""
    path = folder / f"{table.name}.csv"
    with whole_file(path) as partial:
        write_csv([table.headings, *table.texts], partial)
    return path
