"""Findings → the school's own workbook, marked: coloured cells, a note on each, and a sheet that lists them.

The values stay as the school typed them. The list (校验结果) links to every cell and has a column in which warnings
are explained. When the file comes back, the explanations are read.
"""

import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from itertools import count
from typing import Any

import openpyxl
from openpyxl.cell import Cell, MergedCell
from openpyxl.comments import Comment
from openpyxl.styles import Alignment, Border, Font, PatternFill, Protection, Side
from openpyxl.utils import get_column_letter
from openpyxl.utils.cell import coordinate_to_tuple
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet

from sources.declarations.headings import (
    AUTHOR_HEADING,
    DECIDED_BY_HEADING,
    DECISION_REASON_HEADING,
    ID_HEADING,
    PROBLEM_HEADING,
    REASON_HEADING,
    RESULT_SHEET,
    VERDICT_HEADING,
    normalise_label,
)
from sources.submission.finding import FINDING_HEADINGS, SEVERITY_LABELS, Finding
from sources.submission.notes_of_ours import NOTE_AUTHOR, RULE_LABEL, note_text
from sources.system.plain_text import LIKE_A_FORMULA, legible
from sources.write.cover_token import write_token
from sources.write.layout import lines_of

FILLS = {"error": "FFC7CE", "warning": "FFEB9C", "info": "DDEBF7"}
MARKABLE_BYTES = 20_000_000
MARKABLE_RANGES = 500
MARKABLE_CELLS = 100_000
"""Of a sheet: merged and linked ranges, and the cells that they cover. A template has no more than forty ranges."""
RANGE = re.compile(
    rb'<(?:[a-z]+:)?(?:mergeCell|hyperlink) [^<>]{0,300}?\bref="([A-Z]{1,3}[1-9][0-9]{0,6}:[A-Z]{1,3}[1-9][0-9]{0,6})"'
)
RANGED = b"<mergeCell "
COLUMNS = (
    ("序号", 6),
    (FINDING_HEADINGS["severity"], 7),
    (FINDING_HEADINGS["sheet"], 14),
    (FINDING_HEADINGS["cell"], 9),
    (FINDING_HEADINGS["value"], 18),
    (FINDING_HEADINGS["message"], 46),
    (FINDING_HEADINGS["effect"], 34),
    (FINDING_HEADINGS["suggestion"], 34),
    (FINDING_HEADINGS["fix"], 40),
    (REASON_HEADING, 40),
    (AUTHOR_HEADING, 16),
    (FINDING_HEADINGS["rule_id"], 26),
    (PROBLEM_HEADING, 30),
)
"""Heading and width of each column of the list."""
DECISION_COLUMNS = ((ID_HEADING, 16), (VERDICT_HEADING, 10), (DECIDED_BY_HEADING, 12), (DECISION_REASON_HEADING, 40))
"""Heading and width of the columns that the bureau fills in; only in its own copy, for decisions."""
HEADING_ROW = 5
RECEIVED = ("已退回，请改正错误后重新报送", "已接收")


@dataclass(frozen=True, slots=True)
class _Told:
    """What is told of a cell, and the cause that it shares with others, if any."""

    finding: Finding
    cause: Finding | None


def mark_workbook(
    data: bytes | None,
    findings: Iterable[Finding],
    title: str,
    outcomes: tuple[str, str] | None = None,
    asked: Mapping[str, str] | None = None,
    token: str | None = None,
) -> bytes:
    """The workbook with its findings marked, as .xlsx bytes.

    `data` is the school's file, or None when it cannot be opened: then the result has the list alone, as it has for a
    file that would take too long to mark. Warnings that an explanation answers are listed last, and not marked.
    `outcomes` are the words for a file with and without errors; without them, those for one that was received.
    `asked` (problem id → id of the explanation) adds columns in which the bureau decides on these explanations.
    `token`: that of the school's template, which the file lacks.
    """
    book = _opened(data)
    if token is not None:
        write_token(book, token)
    ordered = sorted(findings, key=lambda finding: finding.order)
    sheets = {normalise_label(name): name for name in book.sheetnames}
    result = book.create_sheet(RESULT_SHEET, 0)
    rows = _write_list(result, ordered, title, sheets, outcomes or RECEIVED)
    if asked:
        _write_decisions(result, rows, asked)
    by_cell: dict[tuple[str, str], list[_Told]] = {}
    for finding in (finding for finding in ordered if finding.explanation is None):
        for each in finding.each:
            if each.address.cell and (name := sheets.get(normalise_label(each.address.sheet))):
                told = _Told(each, finding if finding.members else None)
                by_cell.setdefault((name, each.address.cell), []).append(told)
    for (title_of_sheet, address), of_cell in by_cell.items():
        _mark(book[title_of_sheet][address], of_cell)
    book.active = 0
    for sheet in book.worksheets:
        sheet.sheet_view.tabSelected = sheet.title == RESULT_SHEET
    buffer = BytesIO()
    book.save(buffer)
    return buffer.getvalue()


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
) -> dict[int, Finding]:
    """Writes the list; returns row → the finding that stands in it."""
    # Long: the sheet is written from its top to its bottom.
    lines: dict[int, Finding] = {}
    errors = sum(finding.is_error for finding in findings)
    rejected, accepted = outcomes
    warnings = sum(finding.is_unexplained for finding in findings)
    _write_text(sheet["A1"], f"{title}  校验结果：{rejected if errors else accepted}")
    sheet["A1"].font = Font(name="宋体", size=16, bold=True)
    sheet["A2"] = f"错误 {errors} 个（必须改正），警告 {warnings} 个（请改正，或在“{REASON_HEADING}”栏写明原因）。"
    sheet["A3"] = "点“单元格”一栏可跳到出错的位置；改正或说明后，把本文件整个重新报送即可，不要删除本表。"
    # before the file is sent nobody knows effects; paper is narrow
    told = {"effect": any(each.effect for each in findings), "suggestion": any(each.suggestion for each in findings)}
    untold = [FINDING_HEADINGS[name] for name, is_told in told.items() if not is_told]
    for position, (text, width) in enumerate(COLUMNS, start=1):
        heading = sheet.cell(HEADING_ROW, position, text)
        heading.font = Font(name="宋体", bold=True)
        heading.fill = PatternFill("solid", start_color="DCE6F1")
        heading.alignment = Alignment(horizontal="center", vertical="center", wrap_text=True)
        heading.border = _border()
        sheet.column_dimensions[get_column_letter(position)].width = width
        sheet.column_dimensions[get_column_letter(position)].hidden = text in untold
    rows, numbers = count(HEADING_ROW + 1), count(1)
    for title_of_group, of_group in _groups(findings):
        if title_of_group:
            _write_band(sheet, next(rows), f"{title_of_group}：{len(of_group)} 个")
        for finding in of_group:
            lines[row := next(rows)] = finding
            _write_line(sheet, row, next(numbers), finding, sheets)
    if not findings:
        sheet.cell(HEADING_ROW + 1, 1, "没有发现问题。")
    sheet.freeze_panes = f"E{HEADING_ROW + 1}"
    sheet.page_setup.orientation, sheet.page_setup.paperSize = "landscape", 9
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    sheet.print_title_rows = f"{HEADING_ROW}:{HEADING_ROW}"
    sheet.column_dimensions[get_column_letter(len(COLUMNS))].hidden = True
    sheet.protection.sheet = True
    sheet.protection.formatColumns = sheet.protection.formatRows = False
    return lines


def _write_decisions(sheet: Worksheet, lines: Mapping[int, Finding], asked: Mapping[str, str]) -> None:
    """Adds, beside each explanation that is asked about, its id and cells in which the bureau decides on it."""
    first = len(COLUMNS) + 1
    for position, (text, width) in enumerate(DECISION_COLUMNS, first):
        heading = sheet.cell(HEADING_ROW, position, text)
        heading.font = Font(name="宋体", bold=True)
        heading.fill = PatternFill("solid", start_color="DCE6F1")
        sheet.column_dimensions[get_column_letter(position)].width = width
    verdicts = DataValidation("list", formula1='"认可,不认可"', allow_blank=True)
    sheet.add_data_validation(verdicts)
    for row, finding in lines.items():
        if (id_ := asked.get(finding.question.problem_id)) and finding.explanation:
            _write_text(sheet.cell(row, first), id_)
            verdicts.add(sheet.cell(row, first + 1).coordinate)
            for position in range(first + 1, first + len(DECISION_COLUMNS)):
                sheet.cell(row, position).protection = Protection(locked=False)
                sheet.cell(row, position).fill = PatternFill("solid", start_color="FFFDE7")


def _groups(findings: Sequence[Finding]) -> Iterator[tuple[str, Sequence[Finding]]]:
    """The findings under headings: those that move printed figures come first. Without any such, one group, unnamed."""
    first = next((finding.effect for finding in findings if finding.moves_figures), None)
    if first is None:
        yield "", findings
        return
    for heading, moves in ((f"影响{first.whole}数字", True), (f"不影响{first.whole}数字，或者已经说明", False)):
        if of_group := [finding for finding in findings if finding.moves_figures is moves]:
            yield heading, of_group


def _write_band(sheet: Worksheet, row: int, text: str) -> None:
    """A line across the list, above a group of findings."""
    _write_text(sheet.cell(row, 1), text)
    for position in range(1, len(COLUMNS) + 1):
        cell = sheet.cell(row, position)
        cell.fill = PatternFill("solid", start_color="F2F2F2")
        cell.font = Font(name="宋体", size=11, bold=True)


def _write_line(sheet: Worksheet, row: int, number: int, finding: Finding, sheets: Mapping[str, str]) -> None:
    given = finding.explanation
    values = (
        number,
        SEVERITY_LABELS[finding.severity] if given is None else "已说明",
        finding.address.sheet,
        finding.address.cell,
        finding.value,
        finding.message,
        finding.effect and finding.effect.text,
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
    lines = max(lines_of(value, COLUMNS[position][1]) for position, value in enumerate(values[:11]))
    sheet.row_dimensions[row].height = 15 * lines + 3


def _link(cell: Cell | MergedCell, finding: Finding, sheets: Mapping[str, str]) -> None:
    """Makes a cell lead to where the finding is, if that is in the workbook."""
    if finding.address.cell and (target := sheets.get(normalise_label(finding.address.sheet))):
        cell.hyperlink = "#'{}'!{}".format(target.replace("'", "''"), finding.address.cell)
        cell.font = Font(name="宋体", size=10, color="0563C1", underline="single")


def _write_text(cell: Cell | MergedCell, value: Any) -> None:
    """Writes a value so that a text is a text, whatever it starts with and holds."""
    cell.value = legible(value) if isinstance(value, str) else value
    if isinstance(value, str):
        cell.data_type = "s"
        cell.quotePrefix = LIKE_A_FORMULA.match(value) is not None


def _mark(cell: Cell | MergedCell, told: Sequence[_Told]) -> None:
    if isinstance(cell, MergedCell):
        return
    worst = min((each.finding for each in told), key=lambda finding: finding.rank)
    cell.fill = PatternFill("solid", start_color=FILLS[worst.severity])
    before, author = (cell.comment.text, cell.comment.author) if cell.comment else ("", "")
    text = note_text(map(_note, told), author or "", before or "")
    note = Comment(legible(text), NOTE_AUTHOR)
    note.width, note.height = 380, min(90 + 70 * len(told), 400)
    cell.comment = note


def _note(told: _Told) -> str:
    finding = told.finding
    lines = [f"【{SEVERITY_LABELS[finding.severity]}】{finding.message}"]
    if told.cause:
        lines.append(f"与其他格是同一个原因：{told.cause.message}{told.cause.fix}")
    if finding.suggestion:
        lines.append(f"可能的原因：{finding.suggestion}")
    lines += [f"处理办法：{finding.fix}", f"{RULE_LABEL}{finding.rule_id}"]
    return "\n".join(lines)


def _border() -> Border:
    side = Side(style="thin", color="BFBFBF")
    return Border(left=side, right=side, top=side, bottom=side)
