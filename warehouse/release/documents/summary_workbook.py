"""The summary workbook: every table as printed, one sheet each, and where each of its numbers comes from.

Numbers are numbers: decimals, :1 and the arrows of changes are in the number format, never in the value.
"""

import io
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from sources.system.plain_book import PlainBook
from warehouse.catalogue.labels import COMPARABILITY, STATUS
from warehouse.figures.fact import VALUE, Fact, Printed
from warehouse.figures.printed_table import Form, MergedCells, PrintedTable, TableCell, width
from warehouse.figures.rounding import SAME
from warehouse.figures.year_figures import Figures

CONTENTS, SOURCES = "目录", "数据来源"
FONT = "宋体"
HEAD_FILL, LINE = "#E9EFF5", "#7F7F7F"
PARTS = {"value": "数值", "change": "比上年变化", "denominator": "分母"}
SOURCE_COLUMNS = (
    ("表", 9),
    ("单元格", 8),
    ("印出的数", 12),
    ("内容", 10),
    ("指标", 30),
    ("年度", 7),
    ("对象", 26),
    ("统计口径", 20),
    ("单位", 9),
    ("未舍入的值", 18),
    ("分子", 14),
    ("分母", 14),
    ("算法", 46),
    ("状态", 16),
    ("应报", 6),
    ("已报", 6),
    ("溯源编号", 52),
)
TEXT_SIZE, TITLE_SIZE, NOTE_SHARE = 10, 14, 1.05
A4, A3 = 9, 8
ROWS_OF_A_PAGE = 45
LANDSCAPE_FROM = 96
"""Half-widths that no longer fit on an upright page."""


def write_workbook(figures: Figures, grids: Sequence[PrintedTable], released_on: date, version: str) -> bytes:
    """The tables in print order; the same figures give the same bytes."""
    target = io.BytesIO()
    book = PlainBook(target)
    title = f"{figures.city_name}中等职业教育质量年度报告（{figures.report_year}年度）汇总表"
    book.set_properties(
        {
            "title": title,
            "author": figures.bureau_name,
            "comments": f"版本 {version}",
            "created": datetime(released_on.year, released_on.month, released_on.day),
        }
    )
    formats = Formats(book)
    contents = book.add_worksheet(CONTENTS)
    places: list[tuple[PrintedTable, TableCell, str]] = []
    for grid in grids:
        sheet = book.add_worksheet(grid.name)
        first = _write_grid(sheet, formats, grid)
        _set_page(sheet, figures, grid.name, sum(grid.widths) > LANDSCAPE_FROM, len(grid.rows) <= ROWS_OF_A_PAGE)
        for row, cells in enumerate(grid.rows):
            places += [
                (grid, cell, f"{chr(ord('A') + column)}{first + row + 1}")
                for column, cell in enumerate(cells)
                if cell.printed
            ]
    _write_sources(book.add_worksheet(SOURCES), formats, figures, places)
    _write_contents(contents, formats, figures, grids, title, released_on, version)
    book.close()
    return target.getvalue()


class Formats:
    """The formats of one workbook by what they set; xlsxwriter writes each only once."""

    def __init__(self, book: PlainBook) -> None:
        self.book = book
        self.known: dict[tuple[tuple[str, Any], ...], Format] = {}

    def __call__(self, **properties: Any) -> Format:
        key = tuple(sorted(properties.items()))
        if key not in self.known:
            base = {"font_name": FONT, "font_size": TEXT_SIZE, "valign": "vcenter"}
            self.known[key] = self.book.add_format(base | properties)
        return self.known[key]

    def boxed(self, **properties: Any) -> Format:
        return self(border=1, border_color=LINE, text_wrap=True, **properties)


def number_format(value: Decimal, form: Form) -> str:
    """The format that shows a number as it is printed: 36.77, 2.34:1, 1155↓, 持平."""
    decimals = len(f"{value:f}".partition(".")[2])
    plain = f"0.{'0' * decimals}" if decimals else "0"
    return {"plain": plain, "to_one": f'{plain}":1"', "change": f'{plain}"↑";{plain}"↓";"{SAME}"'}[form]


def _write_grid(sheet: Worksheet, formats: Formats, grid: PrintedTable) -> int:
    """Title, heads, body and notes; returns the row (from 0) of the first line of the body."""
    widths = _widths(grid)
    last = len(widths) - 1
    for column, of in enumerate(widths):
        sheet.set_column(column, column, of)
    title = formats(bold=True, font_size=TITLE_SIZE, align="center")
    sheet.set_row(0, 30)
    sheet.merge_range(0, 0, 0, last, "", title)
    sheet.write_string(0, 0, grid.title, title)
    head = formats.boxed(bold=True, align="center", bg_color=HEAD_FILL)
    first = 1 + len(grid.head)
    for row, line in enumerate(grid.head):
        sheet.set_row(1 + row, _height(line, widths))
        for column, text in enumerate(line):
            sheet.write_string(1 + row, column, text, head)
    _merge(sheet, grid.head_spans, 1, head)
    for row, cells in enumerate(grid.laid_out):
        sheet.set_row(first + row, _height([cell.text for cell in cells], widths))
        for column, cell in enumerate(cells):
            _write_cell(sheet, first + row, column, cell, formats, row in grid.total_rows)
    _merge(sheet, grid.spans, first, formats.boxed(align="center"))
    row = first + len(grid.rows)
    for number, note in enumerate(grid.notes):
        text = ("注：" if number == 0 else "　　") + note.text
        style = formats(font_size=9, text_wrap=True, align="left")
        sheet.merge_range(row, 0, row, last, "", style)
        sheet.write_string(row, 0, text, style)
        sheet.set_row(row, 3 + 12 * -(-width(text) // round(sum(widths) * NOTE_SHARE)))
        row += 1
    sheet.freeze_panes(first, 0)
    sheet.repeat_rows(0, first - 1)
    return first


def _widths(grid: PrintedTable) -> list[float]:
    """The grid's widths, wider where its title needs it."""
    factor = max(1.0, width(grid.title) * TITLE_SIZE / TEXT_SIZE / sum(grid.widths))
    return [round(of * factor, 1) for of in grid.widths]


def _write_cell(sheet: Worksheet, row: int, column: int, cell: TableCell, formats: Formats, is_total: bool) -> None:
    if cell.value is None:
        sheet.write_string(row, column, cell.text, formats.boxed(align="left" if cell.is_left else "center"))
    else:
        style = formats.boxed(align="center", num_format=number_format(cell.value, cell.form), bold=is_total)
        sheet.write_number(row, column, float(cell.value), style)


def _merge(sheet: Worksheet, spans: Sequence[MergedCells], first: int, style: Format) -> None:
    for span in spans:
        sheet.merge_range(first + span.first_row, span.first_column, first + span.last_row, span.last_column, "", style)
        sheet.write_string(first + span.first_row, span.first_column, span.text, style)


def _height(texts: Sequence[str], widths: Sequence[float]) -> float:
    """Points for a row whose longest cell wraps."""
    lines = max((int(-(-width(text) // max(1.0, of - 1))) for text, of in zip(texts, widths, strict=True)), default=1)
    return 6 + 13 * max(1, lines)


def _set_page(sheet: Worksheet, figures: Figures, title: str, is_landscape: bool, is_one_page: bool = False) -> None:
    sheet.set_paper(A3 if title == SOURCES else A4)
    if is_landscape:
        sheet.set_landscape()
    sheet.fit_to_pages(1, 1 if is_one_page else 0)
    sheet.set_margins(left=0.6, right=0.6, top=0.9, bottom=0.8)
    sheet.center_horizontally()
    sheet.set_header(f"&C&9 {figures.city_name}中等职业教育质量年度报告（{figures.report_year}年度）　{title}")
    note = f"\n&7{figures.origin_note}" if figures.origin_note else ""
    sheet.set_footer(f"&C&9第 &P 页，共 &N 页{note}")
    sheet.hide_gridlines(2)


def _write_sources(
    sheet: Worksheet, formats: Formats, figures: Figures, places: Sequence[tuple[PrintedTable, TableCell, str]]
) -> None:
    """One line a printed number: what it is, how it is worked out, how complete it is, how to trace it."""
    head = formats.boxed(bold=True, align="center", bg_color=HEAD_FILL)
    for column, (heading, of) in enumerate(SOURCE_COLUMNS):
        sheet.set_column(column, column, of)
        sheet.write_string(0, column, heading, head)
    names = {school.code: school.name for school in figures.schools} | {figures.city_code: figures.city_name}
    left, centre = formats.boxed(align="left"), formats.boxed(align="center")
    for row, (grid, cell, at) in enumerate(places, 1):
        assert cell.printed is not None
        assert cell.value is not None
        for column, value in enumerate(_source(figures, names, cell.printed, grid.name, at)):
            if value is None:
                sheet.write_blank(row, column, None, centre)
            elif isinstance(value, str):
                sheet.write_string(row, column, value, left if SOURCE_COLUMNS[column][1] > 12 else centre)
            else:
                sheet.write_number(row, column, float(value), formats.boxed(align="right"))
        number = formats.boxed(align="center", num_format=number_format(cell.value, cell.form))
        sheet.write_number(row, 2, float(cell.value), number)
    if figures.origin_note:
        _write_origin_note(sheet, formats, figures, len(places) + 1, len(SOURCE_COLUMNS) - 1)
    sheet.freeze_panes(1, 3)
    sheet.repeat_rows(0)
    sheet.autofilter(0, 0, len(places), len(SOURCE_COLUMNS) - 1)
    _set_page(sheet, figures, SOURCES, is_landscape=True)


def _write_origin_note(sheet: Worksheet, formats: Formats, figures: Figures, row: int, last: int) -> None:
    told = formats(font_size=9, text_wrap=True, align="left")
    sheet.set_row(row, 28)
    sheet.merge_range(row, 0, row, last, "", told)
    sheet.write_string(row, 0, figures.origin_note, told)


def _source(figures: Figures, names: dict[str, str], printed: Printed, table: str, at: str) -> tuple[Any, ...]:
    reference = printed.reference
    indicator = figures.catalogue.indicators[reference.indicator]
    value = replace(reference, kind=VALUE)
    fact: Fact = figures.facts[value]
    status = STATUS[fact.status]
    unit, exact = indicator.unit, fact.value
    if printed.part == "change":
        change = figures.changes[reference.indicator]
        unit, exact = change.unit, change.value
        status = COMPARABILITY[change.comparability] if change.comparability != "comparable" else status
    if printed.part == "denominator":
        unit, exact = "", fact.denominator
    return (
        table,
        at,
        None,
        PARTS[printed.part],
        indicator.label,
        reference.year,
        names.get(reference.subject, reference.subject),
        figures.scopes.get(reference.scope, reference.scope),
        unit,
        exact,
        fact.numerator,
        fact.denominator,
        figures.catalogue.in_words(indicator, fact.definition),
        status,
        fact.n_expected,
        fact.n_reported,
        reference.key,
    )


def _write_contents(
    sheet: Worksheet,
    formats: Formats,
    figures: Figures,
    grids: Sequence[PrintedTable],
    title: str,
    released_on: date,
    version: str,
) -> None:
    for column, of in enumerate((12, 62, 12)):
        sheet.set_column(column, column, of)
    style = formats(bold=True, font_size=16, align="center")
    sheet.set_row(0, 36)
    sheet.merge_range(0, 0, 0, 2, "", style)
    sheet.write_string(0, 0, title, style)
    note = formats(align="center", font_color="#555555")
    sheet.merge_range(1, 0, 1, 2, "", note)
    day = f"{released_on.year}年{released_on.month}月{released_on.day}日"
    sheet.write_string(1, 0, f"{figures.bureau_name}　{day}　版本 {version}", note)
    if figures.origin_note:
        _write_origin_note(sheet, formats, figures, 2, 2)
    head = formats.boxed(bold=True, align="center", bg_color=HEAD_FILL)
    for column, text in enumerate(("表号", "表名", "行数")):
        sheet.write_string(3, column, text, head)
    link = formats.boxed(align="left", font_color="#1F4E79", underline=1)
    rows = [(grid.name, grid.title.removeprefix(grid.name).strip(), len(grid.rows)) for grid in grids]
    for row, (name, text, count) in enumerate(rows, 4):
        sheet.write_string(row, 0, name, formats.boxed(align="center"))
        sheet.write_url(row, 1, f"internal:'{name}'!A1", link, text)
        sheet.write_number(row, 2, count, formats.boxed(align="center"))
    row = 4 + len(rows)
    sheet.write_string(row, 0, SOURCES, formats.boxed(align="center"))
    sheet.write_url(row, 1, f"internal:'{SOURCES}'!A1", link, "每个数字的指标、口径、算法、完整度和溯源编号")
    sheet.write_string(row, 2, "", formats.boxed())
    _set_page(sheet, figures, CONTENTS, is_landscape=False)
