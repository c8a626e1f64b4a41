"""Findings → the school's own workbook, marked: coloured cells, a note on each, and a sheet that lists them.

The values stay as the school typed them. The list (校验结果) links to every cell and has a column in which warnings
are explained. When the file comes back, the explanations are read.
"""

import re
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from io import BytesIO
from typing import Any

import openpyxl
from openpyxl.cell import Cell, MergedCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.comments import Comment
from openpyxl.styles import Alignment, Border, Font, PatternFill, Protection, Side
from openpyxl.utils import get_column_letter
from openpyxl.utils.cell import coordinate_to_tuple
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet

from sources.declarations.headings import (
    AUTHOR_HEADING,
    PROBLEM_HEADING,
    REASON_HEADING,
    RESULT_SHEET,
    normalise_label,
)
from sources.submission.finding import FINDING_HEADINGS, SEVERITY_LABELS, Finding
from sources.system.plain_text import STARTS_LIKE_A_FORMULA

FILLS = {"error": "FFC7CE", "warning": "FFEB9C", "info": "DDEBF7"}
MARKABLE_BYTES = 20_000_000
MARKABLE_RANGES = 500
MARKABLE_CELLS = 100_000
"""Of a sheet: merged and linked ranges, and the cells that they cover. A template has no more than forty ranges."""
RANGE = re.compile(
    rb'<(?:[a-z]+:)?(?:mergeCell|hyperlink) [^<>]{0,300}?\bref="([A-Z]{1,3}[1-9][0-9]{0,6}:[A-Z]{1,3}[1-9][0-9]{0,6})"'
)
RANGED = b"<mergeCell "
NOTE_AUTHOR = "年报校验"
COLUMNS = (
    ("序号", 6),
    (FINDING_HEADINGS["severity"], 7),
    (FINDING_HEADINGS["sheet"], 14),
    (FINDING_HEADINGS["cell"], 9),
    (FINDING_HEADINGS["value"], 18),
    (FINDING_HEADINGS["message"], 46),
    (FINDING_HEADINGS["suggestion"], 34),
    (FINDING_HEADINGS["fix"], 40),
    (REASON_HEADING, 40),
    (AUTHOR_HEADING, 16),
    (FINDING_HEADINGS["rule_id"], 26),
    (PROBLEM_HEADING, 30),
)
"""Heading and width of each column of the list."""
HEADING_ROW = 5
RECEIVED = ("已退回，请改正错误后重新报送", "已接收")
UNSENT = ("还不能报送，请先改正错误", "可以报送")


def mark_workbook(
    data: bytes | None, findings: Iterable[Finding], title: str, outcomes: tuple[str, str] = RECEIVED
) -> bytes:
    """The workbook with its findings marked, as .xlsx bytes.

    `data` is the school's file, or None when it cannot be opened: then the result has the list alone, as it has for a
    file that would take too long to mark. Warnings that an explanation answers are listed last, and not marked.
    `outcomes` are the words for a file with and without errors.
    """
    book = _opened(data)
    ordered = sorted(findings, key=_order)
    sheets = {normalise_label(name): name for name in book.sheetnames}
    _write_list(book.create_sheet(RESULT_SHEET, 0), ordered, title, sheets, outcomes)
    by_cell: dict[tuple[str, str], list[Finding]] = {}
    for finding in (finding for finding in ordered if finding.explanation is None):
        if finding.address.cell and (name := sheets.get(normalise_label(finding.address.sheet))):
            by_cell.setdefault((name, finding.address.cell), []).append(finding)
    for (title_of_sheet, address), of_cell in by_cell.items():
        _mark(book[title_of_sheet][address], of_cell)
    book.active = 0
    for each in book.worksheets:
        each.sheet_view.tabSelected = each.title == RESULT_SHEET
    buffer = BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def _order(finding: Finding) -> tuple[object, ...]:
    """Open ones first, the worst of them first; those that are explained as they come."""
    if finding.explanation is not None:
        return (True,)
    return (False, finding.rank, finding.address.sheet, finding.address.record_key)


def _opened(data: bytes | None) -> openpyxl.Workbook:
    if data is not None:
        try:
            _check_size(data)
            book = openpyxl.load_workbook(BytesIO(data), keep_links=False)
        except Exception:  # noqa: BLE001 - a blank book is marked instead; openpyxl raises whatever its parsers meet in a broken file
            data = None
        else:
            if RESULT_SHEET in book.sheetnames:
                del book[RESULT_SHEET]
            if book.security:
                book.security.lockStructure = True
            return book
    book = openpyxl.Workbook()
    del book[book.sheetnames[0]]
    return book


def _check_size(data: bytes) -> None:
    """Raises ValueError for a file that openpyxl would take minutes and gigabytes for.

    openpyxl makes an object of every cell that a range covers, and compares every range with all others.
    """
    with zipfile.ZipFile(BytesIO(data)) as archive:
        parts = [part for part in archive.infolist() if part.filename.endswith(".xml")]
        expanded = sum(part.file_size for part in parts)
        if expanded > MARKABLE_BYTES:
            raise ValueError(f"{expanded} bytes of XML")
        for part in parts:
            with archive.open(part) as stream:
                xml = stream.read(part.file_size)
            ranges = [found[1].decode() for found in RANGE.finditer(xml)]
            if max(len(ranges), xml.count(RANGED)) > MARKABLE_RANGES:
                raise ValueError(f"{len(ranges)} ranges in {part.filename}")
            if sum(_cells_in(each) for each in ranges) > MARKABLE_CELLS:
                raise ValueError(f"ranges of too many cells in {part.filename}")


def _cells_in(reference: str) -> int:
    first, last = (coordinate_to_tuple(address) for address in reference.split(":"))
    return (abs(last[0] - first[0]) + 1) * (abs(last[1] - first[1]) + 1)


def _write_list(
    sheet: Worksheet,
    findings: Sequence[Finding],
    title: str,
    sheets: Mapping[str, str],
    outcomes: tuple[str, str],
) -> None:
    errors = sum(finding.is_error for finding in findings)
    rejected, accepted = outcomes
    warnings = sum(finding.is_unexplained for finding in findings)
    _write_text(sheet["A1"], f"{title}  校验结果：{rejected if errors else accepted}")
    sheet["A1"].font = Font(name="宋体", size=16, bold=True)
    sheet["A2"] = f"错误 {errors} 个（必须改正），警告 {warnings} 个（请改正，或在“{REASON_HEADING}”栏写明原因）。"
    sheet["A3"] = "点“单元格”一栏可跳到出错的位置；改正或说明后，把本文件整个重新报送即可，不要删除本表。"
    for position, (text, width) in enumerate(COLUMNS, start=1):
        heading = sheet.cell(HEADING_ROW, position, text)
        heading.font = Font(name="宋体", bold=True)
        heading.fill = PatternFill("solid", start_color="DCE6F1")
        heading.alignment = Alignment(horizontal="center", vertical="center", wrap_text=True)
        heading.border = _border()
        sheet.column_dimensions[get_column_letter(position)].width = width
    for number, finding in enumerate(findings, start=1):
        _write_line(sheet, number, finding, sheets)
    if not findings:
        sheet.cell(HEADING_ROW + 1, 1, "没有发现问题。")
    sheet.freeze_panes = f"E{HEADING_ROW + 1}"
    sheet.page_setup.orientation, sheet.page_setup.paperSize = "landscape", 9
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    sheet.print_title_rows = f"{HEADING_ROW}:{HEADING_ROW}"
    sheet.column_dimensions["L"].hidden = True
    sheet.protection.sheet = True
    sheet.protection.formatColumns = sheet.protection.formatRows = False


def _write_line(sheet: Worksheet, number: int, finding: Finding, sheets: Mapping[str, str]) -> None:
    row, given = HEADING_ROW + number, finding.explanation
    values = (
        number,
        SEVERITY_LABELS[finding.severity] if given is None else "已说明",
        finding.address.sheet,
        finding.address.cell,
        finding.value,
        finding.message,
        finding.suggestion,
        finding.fix,
        given and given.reason,
        given and given.author,
        finding.rule_id,
        finding.question.problem_id,
    )
    for position, value in enumerate(values, start=1):
        cell = sheet.cell(row, position)
        _write_text(cell, value)
        cell.font = Font(name="宋体", size=10, color="7F7F7F" if given else None)
        cell.alignment = Alignment(vertical="top", wrap_text=True)
        cell.border = _border()
    for name in (REASON_HEADING, AUTHOR_HEADING):
        cell = sheet.cell(row, [heading for heading, _ in COLUMNS].index(name) + 1)
        cell.protection = Protection(locked=not finding.is_unexplained)
        if finding.is_unexplained:
            cell.fill = PatternFill("solid", start_color="FFFDE7")
    if given is None:
        sheet.cell(row, 2).fill = PatternFill("solid", start_color=FILLS[finding.severity])
    _link(sheet.cell(row, 4), finding, sheets)
    lines = max(_lines(value, COLUMNS[position][1]) for position, value in enumerate(values[:10]))
    sheet.row_dimensions[row].height = 15 * lines + 3


def _link(cell: Cell | MergedCell, finding: Finding, sheets: Mapping[str, str]) -> None:
    """Makes a cell lead to where the finding is, if that is in the workbook."""
    if finding.address.cell and (target := sheets.get(normalise_label(finding.address.sheet))):
        cell.hyperlink = "#'{}'!{}".format(target.replace("'", "''"), finding.address.cell)
        cell.font = Font(name="宋体", size=10, color="0563C1", underline="single")


def _lines(value: Any, width: int) -> int:
    """Lines that a text takes in a column: a Chinese character is two units wide."""
    units = sum(2 if ord(letter) > 255 else 1 for letter in str(value or ""))
    return max(1, -(-units // max(width - 1, 1)))


def _write_text(cell: Cell | MergedCell, value: Any) -> None:
    """Writes a value so that a text is a text, whatever it starts with and holds."""
    cell.value = ILLEGAL_CHARACTERS_RE.sub("�", value) if isinstance(value, str) else value
    if isinstance(value, str):
        cell.data_type = "s"
        cell.quotePrefix = value.startswith(STARTS_LIKE_A_FORMULA)


def _mark(cell: Cell | MergedCell, findings: Sequence[Finding]) -> None:
    if isinstance(cell, MergedCell):
        return
    worst = min(findings, key=lambda finding: finding.rank)
    cell.fill = PatternFill("solid", start_color=FILLS[worst.severity])
    text = "\n————\n".join(_note(finding) for finding in findings)
    note = Comment(text, NOTE_AUTHOR)
    note.width, note.height = 380, min(90 + 70 * len(findings), 400)
    cell.comment = note


def _note(finding: Finding) -> str:
    lines = [f"【{SEVERITY_LABELS[finding.severity]}】{finding.message}"]
    if finding.suggestion:
        lines.append(f"可能的原因：{finding.suggestion}")
    lines += [f"处理办法：{finding.fix}", f"规则：{finding.rule_id}"]
    return "\n".join(lines)


def _border() -> Border:
    side = Side(style="thin", color="BFBFBF")
    return Border(left=side, right=side, top=side, bottom=side)
