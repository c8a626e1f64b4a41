"""The workbook for reuse: every table of the report so that programs and screen readers take it as it is.

By the UK Analysis Function's "Releasing statistics in spreadsheets": cover, contents, notes; one table a sheet, marked
up as a table of Excel with a name; one row of unique headings with units; nothing merged; a mark where no value is.
The other workbook (summary_workbook) shows the same tables as they are printed.
"""

import io
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import chain

from xlsxwriter.worksheet import Worksheet

from sources.declarations.publication import UNDECLARED
from sources.system.fixed_zip import with_fixed_times
from sources.system.plain_book import PlainBook
from sources.system.plain_text import legible
from warehouse.catalogue.labels import COMPARABILITY, STATUS
from warehouse.catalogue.small_group import load_small_groups
from warehouse.figures.printed_table import NOT_COMPARED as NOT_COMPARED_IN_PRINT
from warehouse.figures.printed_table import PrintedTable, TableCell, width
from warehouse.figures.table_notes import NOT_REPORTED
from warehouse.figures.year_figures import Figures
from warehouse.release.documents.summary_workbook import Formats, number_format
from warehouse.release.imprint import Imprint

COVER, CONTENTS, NOTES, INDICATORS = "封面", "目录", "注释", "全部指标"
MISSING, HIDDEN, NOT_COMPARED, NOT_APPLICABLE, NOTHING = "[缺]", "[不公开]", "[不可比]", "[不适用]", "[无]"
MARKS = {
    MISSING: "没有报告、无法提供或不能计算，不是零；原因见“全部指标”的“状态”",
    HIDDEN: "人数过少，不公开",
    NOT_COMPARED: "两年不能比较，没有变化可说；原因见同一行的“备注”或“全部指标”的“能否比较”",
    NOT_APPLICABLE: "这一行没有这一项",
    NOTHING: "没有要说明的",
}
HEADINGS = (
    *("章", "指标", "单位", "本年", "上年", "变化", "状态"),
    *("能否比较", "统计口径", "应报学校数", "已报学校数", "数字编号"),
)
FONT, SIZE, TITLE_SIZE = "微软雅黑", 12, 16
LINE = 18
"""Points of a line."""
FIRST_ROW = 3
"""Of a table, from 0: its headings stand below title, description and way back."""
WIDEST, NARROW = 60, 16
LANGUAGE = b"<dc:language>zh-CN</dc:language>"
Value = str | Decimal | int


@dataclass(frozen=True, slots=True)
class ReuseTable:
    """One table of the workbook: `name` is its sheet's, `key` that of the table in Excel (letters, digits, _)."""

    name: str
    key: str
    title: str
    headings: tuple[str, ...]
    rows: tuple[tuple[Value, ...], ...]


def write_reuse_workbook(figures: Figures, imprint: Imprint) -> bytes:
    """The workbook; the same figures and imprint give the same bytes."""
    tables = [_table(figures, table) for table in figures.tables.values()]
    tables.append(_indicators(figures))
    notes = _notes(figures)
    target = io.BytesIO()
    book = PlainBook(target)
    title = f"{imprint.title}数据表"
    book.set_properties(
        {
            "title": title,
            "subject": f"版本 {imprint.version}",
            "author": imprint.publisher,
            "created": datetime(imprint.released_on.year, imprint.released_on.month, imprint.released_on.day),
        }
    )
    formats = Formats(book)
    _write_cover(book.add_worksheet(COVER), formats, title, imprint)
    _write_table(book.add_worksheet(CONTENTS), formats, _contents([notes, *tables]), is_linked=True)
    for table in (notes, *tables):
        _write_table(book.add_worksheet(table.name), formats, table)
    book.close()
    return with_fixed_times(target.getvalue(), {"docProps/core.xml": _with_language})


def _with_language(core: bytes) -> bytes:
    """Screen readers ask for it; xlsxwriter has no property for it."""
    return core.replace(b"</cp:coreProperties>", LANGUAGE + b"</cp:coreProperties>")


def _table(figures: Figures, table: PrintedTable) -> ReuseTable:
    units = _units_of_rows(figures, table)
    headings = [_heading(figures, table, column) for column in range(len(table.columns))]
    rows = [
        [_value(figures, table, row, column, index in table.total_rows) for column in range(len(table.columns))]
        for index, row in enumerate(table.rows)
    ]
    if units:
        place = next(index for index, name in enumerate(table.columns) if name.endswith("_display"))
        headings.insert(place, "单位")
        for row, unit in zip(rows, units, strict=True):
            row.insert(place, unit)
    title = f"{table.name}　{table.title.removeprefix(table.name).strip()}"
    key = f"table_{table.code.replace('-', '_').replace('.', '_')}"
    return ReuseTable(table.name, key, title, _told_apart(headings), tuple(map(tuple, rows)))


def _units_of_rows(figures: Figures, table: PrintedTable) -> list[str]:
    """The unit of each row of a table that lists indicators and does not print it; else nothing."""
    if table.declared.layout != "comparison" or "unit" in table.columns:
        return []
    by_label = {row.label: row.indicator for row in table.declared.rows}
    known = figures.catalogue.indicators
    units = []
    for row in table.rows:
        of_numbers = (cell.reference.indicator for cell in row if cell.reference)
        of_labels = (by_label[cell.text] for cell in row if cell.text in by_label)  # of a row without any number
        code = next(chain(of_numbers, of_labels), None)
        units.append(known[code].unit if code else NOT_APPLICABLE)
    return units


def _heading(figures: Figures, table: PrintedTable, column: int) -> str:
    """Of one column, with its unit where all its numbers have one."""
    name, heading = table.columns[column], table.headings[column]
    if name == "group_label":
        return "类别"
    indicator = figures.catalogue.indicators.get(name)
    if indicator is None or indicator.unit in heading:
        return heading or "项目"
    return f"{heading}（{indicator.unit}）"


def _told_apart(headings: Sequence[str]) -> tuple[str, ...]:
    """Headings of a table of Excel are unique, whatever the case of letters, and on one line."""
    seen: Counter[str] = Counter()
    told = []
    for heading in (" ".join(legible(each).split()) or "项" for each in headings):
        seen[heading.casefold()] += 1
        told.append(f"{heading}（{count}）" if (count := seen[heading.casefold()]) > 1 else heading)
    return tuple(told)


def _value(figures: Figures, table: PrintedTable, row: Sequence[TableCell], column: int, is_total: bool) -> Value:
    """What stands in a cell; where nothing does, the mark that says why."""
    cell, name = row[column], table.columns[column]
    if cell.value is not None:
        return cell.value
    if cell.text == NOT_REPORTED:
        return MISSING
    if cell.text and cell.text == load_small_groups(figures.catalogue.pack).sign:
        return HIDDEN
    if name == "change_display" and cell.text == NOT_COMPARED_IN_PRINT:
        return NOT_COMPARED
    if cell.text:
        return cell.text
    if name == "item_label" and "group_label" in table.columns:
        return row[table.columns.index("group_label")].text or NOT_APPLICABLE
    if name == "change_display":
        return NOT_COMPARED
    return NOTHING if name == "remark" else NOT_APPLICABLE if is_total or name != "methods" else MISSING


def _indicators(figures: Figures) -> ReuseTable:
    """One row for each indicator of the region, with its condition: also those that no table prints."""
    rows: list[tuple[Value, ...]] = []
    for chapter in figures.catalogue.chapters:
        for indicator in chapter.indicators:
            change = figures.changes.get(indicator.code)
            fact = figures.facts.get(change.current) if change else None
            if change is None or fact is None:
                continue
            last = figures.facts.get(change.previous) if change.previous else None
            hidden = fact.status == "suppressed"
            rows.append(
                (
                    chapter.title,
                    indicator.label,
                    indicator.unit,
                    fact.rounded if fact.is_usable and fact.rounded is not None else HIDDEN if hidden else MISSING,
                    last.rounded if last and last.is_usable and last.rounded is not None else MISSING,
                    change.value if change.display and change.value is not None else NOT_COMPARED,
                    STATUS.get(fact.status, "估算" if fact.status == "estimated" else fact.status),
                    COMPARABILITY[change.comparability],
                    figures.scopes.get(fact.reference.scope, fact.reference.scope),
                    fact.n_expected,
                    fact.n_reported,
                    fact.reference.key,
                )
            )
    title = f"{INDICATORS}　{figures.report_year}年{figures.city_name}的每项指标和它的情况"
    return ReuseTable(INDICATORS, "indicators", title, HEADINGS, tuple(rows))


def _notes(figures: Figures) -> ReuseTable:
    marks = [("全部", mark, meaning) for mark, meaning in MARKS.items()]
    notes = [
        (table.name, f"注 {number}", note.text)
        for table in figures.tables.values()
        for number, note in enumerate(table.notes, 1)
    ]
    return ReuseTable(NOTES, "notes", "注释　标记的意思和各表的注", ("表", "标记或注", "意思"), (*marks, *notes))


def _contents(tables: Sequence[ReuseTable]) -> ReuseTable:
    rows = tuple((table.name, table.title.partition("　")[2], len(table.rows)) for table in tables)
    return ReuseTable(CONTENTS, "contents", "目录　本工作簿的工作表", ("工作表", "内容", "行数"), rows)


def _cover_lines(imprint: Imprint) -> Iterator[tuple[str, str]]:
    day = f"{imprint.released_on.year}年{imprint.released_on.month}月{imprint.released_on.day}日"
    yield "这是什么", "报告里的每张表，便于筛选、引用和用程序读取；要打印请用同一版本的“汇总表”。"
    yield "版本和日期", f"版本 {imprint.version}，{day}"
    yield "发布单位", imprint.publisher
    yield "数据的使用许可", imprint.licence + (f"（{imprint.licence_url}）" if imprint.licence_url else "")
    yield "联系方式", imprint.contact
    yield "引用格式", imprint.citation
    yield "怎样读", f"先看“{CONTENTS}”。方括号里的标记不是数，意思见“{NOTES}”。一个工作表一张表，没有合并的单元格。"
    yield "数字编号", "“全部指标”里的数字编号在以后的版本里不变；网站的“数字索引”按它找到数字和来源。"
    if imprint.origin_note:
        yield "数据的来源", imprint.origin_note
    if UNDECLARED in (imprint.licence, imprint.contact):
        yield UNDECLARED, "发布单位没有写明；不等于可以随意使用。"


def _write_cover(sheet: Worksheet, formats: Formats, title: str, imprint: Imprint) -> None:
    sheet.set_column(0, 0, 96)
    sheet.write_string(0, 0, title, formats(font_name=FONT, font_size=TITLE_SIZE, bold=True, text_wrap=True))
    sheet.set_row(0, 2 * LINE)
    row = 1
    for heading, text in _cover_lines(imprint):
        sheet.write_string(row, 0, heading, formats(font_name=FONT, font_size=14, bold=True))
        sheet.write_string(row + 1, 0, text, formats(font_name=FONT, font_size=SIZE, text_wrap=True))
        sheet.set_row(row, LINE + 4)
        sheet.set_row(row + 1, LINE * -(-width(text) // 88))
        row += 2
    _set_page(sheet)


def _write_table(sheet: Worksheet, formats: Formats, table: ReuseTable, is_linked: bool = False) -> None:
    """Title, description, way back, and the table from column A on."""
    plain = {"font_name": FONT, "font_size": SIZE}
    title = formats(**plain | {"font_size": TITLE_SIZE}, bold=True)
    sheet.write_string(0, 0, table.title, title)
    told = f"本工作表有一张表，{len(table.rows)} 行，{len(table.headings)} 列。方括号里的标记见“{NOTES}”。"
    sheet.write_string(1, 0, told, formats(**plain))
    link = formats(**plain, font_color="#0000EE", underline=1)
    back = (COVER, "回到封面") if table.name == CONTENTS else (CONTENTS, "回到目录")
    sheet.write_url(2, 0, f"internal:'{back[0]}'!A1", link, back[1])
    head = formats(**plain, bold=True, text_wrap=True, align="left")
    sheet.add_table(
        FIRST_ROW,
        0,
        FIRST_ROW + max(1, len(table.rows)),
        len(table.headings) - 1,
        {
            "name": table.key,
            "style": "Table Style Light 15",
            "columns": [{"header": heading, "header_format": head} for heading in table.headings],
        },
    )
    for row, values in enumerate(table.rows, FIRST_ROW + 1):
        for column, value in enumerate(values):
            if isinstance(value, str):
                sheet.write_string(row, column, value, formats(**plain, text_wrap=True, align="left"))
            else:
                shown = number_format(Decimal(value), "plain")
                sheet.write_number(row, column, float(value), formats(**plain, align="right", num_format=shown))
        if is_linked:
            sheet.write_url(row, 0, f"internal:'{values[0]}'!A1", link, str(values[0]))
    widths = [_width(table, column) for column in range(len(table.headings))]
    for column, of in enumerate(widths):
        sheet.set_column(column, column, of)
    for row, values in enumerate((table.headings, *table.rows), FIRST_ROW):
        lines = max(-(-(width(str(value)) + 2) // of) for value, of in zip(values, widths, strict=True))
        sheet.set_row(row, LINE * lines)
    sheet.freeze_panes(FIRST_ROW + 1, 1)
    _set_page(sheet)


def _width(table: ReuseTable, column: int) -> int:
    """Of a column, in half-widths: what its longest value needs, within reason; headings wrap."""
    longest = max((width(str(values[column])) for values in table.rows), default=0)
    return min(WIDEST, max(longest + 4, min(width(table.headings[column]) + 4, NARROW)))


def _set_page(sheet: Worksheet) -> None:
    sheet.set_paper(9)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
