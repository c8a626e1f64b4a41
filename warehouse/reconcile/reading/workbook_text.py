"""The texts and tables of a workbook, sheet by sheet, as its pages show them: an annex to a report."""

from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

from warehouse.reconcile.reading.number_formats import shown_number
from warehouse.reconcile.reading.report_part import ReportPart

LONG = 30
"""A line that stands alone and is longer, or begins so, is a sentence below a table and no row of it."""
NOTE = ("注", "说明", "数据来源")
Rows = list[list[str]]


def parts_of_workbook(path: Path) -> list[ReportPart]:
    """Titles, tables and notes of every sheet that is shown; of a formula the value that was stored with it.

    Raises whatever openpyxl does of a file that is no workbook.
    """
    import openpyxl

    book = openpyxl.load_workbook(path, data_only=True)
    parts: list[ReportPart] = []
    for sheet in book:
        place = f"工作表“{sheet.title}”"
        if sheet.sheet_state != "visible":
            parts.append(ReportPart(f"{place}是隐藏的，没有读。", place))
            continue
        parts += (ReportPart(content, place) for content in _blocks(_grid(sheet)))
    return parts


def _grid(sheet: Any) -> Rows:
    """The cells as text; what merged cells say stands in each of them, as in the tables of a Word file."""
    grid = [[_text(cell) for cell in row] for row in sheet.iter_rows()]
    for span in sheet.merged_cells.ranges:
        top, left = span.min_row - sheet.min_row, span.min_col - sheet.min_column
        for row in grid[top : top + span.size["rows"]]:
            row[left : left + span.size["columns"]] = [grid[top][left]] * span.size["columns"]
    return grid


def _text(cell: Any) -> str:
    value = cell.value
    if value is None or isinstance(value, bool):
        return "" if value is None else ("是" if value else "否")
    if isinstance(value, datetime | date):
        return f"{value.year}年{value.month}月{value.day}日"
    if isinstance(value, int | float):
        return shown_number(repr(value), cell.number_format or "")
    return str(value).strip()


def _blocks(grid: Rows) -> Iterator[str | Rows]:
    """Lines that stand alone above or below a table, and the tables between them."""
    table: Rows = []
    for row in [*grid, []]:
        said = list(dict.fromkeys(filter(None, row)))
        is_line = len(said) == 1 and (not table or len(said[0]) > LONG or said[0].startswith(NOTE))
        if not said or is_line:
            if table:
                yield table
            table = []
        if is_line:
            yield said[0]
        elif said:
            table.append(row)
