"""A report's own text and tables, from any kind of file that it is kept in: paragraphs and grids of cells, each with
its chapter and, in a PDF, its page.

In a text file the cells of a table stand one on a line after a tab, and a blank line ends a row; or a row stands on
one line with tabs between the cells.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sources.read.inspection import check_archive
from sources.read.sheet_xml import RefusedError
from sources.submission.cell import CellAddress
from sources.submission.finding import intake_finding
from sources.system.apart import Exceeded, each_apart
from sources.system.settings import Limits
from warehouse.reconcile.reading.html_text import parts_of_html, parts_of_markdown
from warehouse.reconcile.reading.office_copies import drop_copies
from warehouse.reconcile.reading.pdf_text import UnreadablePdfError, parts_of_pdf
from warehouse.reconcile.reading.report_part import ReportPart
from warehouse.reconcile.reading.word_text import (
    HeadingNumbers,
    blocks_of,
    charts_of,
    is_of_contents,
    notes_of,
    paragraphs_of_boxes,
    running_of,
    text_of,
    text_of_paragraphs,
)
from warehouse.reconcile.reading.workbook_text import parts_of_workbook

if TYPE_CHECKING:
    from docx.document import Document

HEADING = re.compile(r"^(\d{1,2}(?:\.\d+)*)[\s　、.]+(\S.{0,30})$")
TABLE_TITLE = re.compile(r"^附?表格?\s*(\d[\d.]*(?:[-—－]\d+)?)\s*(.*)$")
CONTINUED = re.compile(r"^\s*[（(].{0,30}$|^.{1,8}$")
"""The rest of a cell that holds two lines."""
COUNTED = re.compile(r"\d[\d,.]*[万亿]?(?:[人名位所个家项元]|%)")
"""A line with such a number is more than a heading."""
DATE = re.compile(r"(?:19|20)\d\d年?|\d+[月日]")
END = "\0"
NO_TEXT = "不是文本文件（UTF-8 或 GB18030）"
FULL_STOP = re.compile("[。；！]$")


@dataclass(frozen=True)
class Paragraph:
    section: str
    text: str
    heading: str = ""
    """Of its section."""
    place: str = ""
    """Where it stands in the file, in words, where its kind of file has places."""


@dataclass(frozen=True)
class TextTable:
    """A table; rows may differ in length."""

    section: str
    """表 and its number, or the chapter that it stands in."""
    title: str
    rows: tuple[tuple[str, ...], ...]
    place: str = ""


@dataclass(frozen=True)
class Caption:
    """A heading, the title of a table, or a page's number: its numbers say where one is, and are no figures."""

    section: str
    text: str
    place: str = ""
    told: str = "标题或图题中的数"
    """What its numbers are."""


Block = Paragraph | TextTable | Caption


def read_document(path: Path) -> list[Block]:
    """The blocks of a report in order.

    Raises ValueError that names the file when it is of another kind, cannot be opened, or holds pictures of text only.
    """
    kind = path.suffix.lower()
    if (of_file := OF_FILE.get(kind)) is not None:
        return list(_placed(_read_apart(path, of_file)))
    if (text := decoded(path.read_bytes())) is None:
        raise ValueError(f"{path}：{NO_TEXT}，也不是 {'、'.join(OF_FILE)} 文档")
    return list(_placed(map(ReportPart, _text_parts(text))))


def decoded(data: bytes) -> str | None:
    """The text of a file in one of the encodings in which Chinese is written; None when it is in neither."""
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:  # the next encoding
            continue
    return None


Unfold = Callable[[Path, Limits], list[ReportPart] | str]
"""The parts of a file, or why it cannot be read, in Chinese."""


def _read_apart(path: Path, unfold: Unfold) -> list[ReportPart]:
    """The parts of a file, read in a process of its own: what a table unfolds to stands nowhere in the file."""
    limits = Limits()
    (outcome,) = each_apart(partial(_unfolded, unfold, limits), [path], limits)
    if isinstance(outcome, Exceeded):
        raise ValueError(f"{path}：不能打开（{outcome.told(limits)}）")
    if isinstance(outcome, str):
        raise ValueError(f"{path}：{outcome}")
    return outcome


def _unfolded(unfold: Unfold, limits: Limits, path: Path) -> list[ReportPart] | str:
    return unfold(path, limits)


def _of_word(path: Path, limits: Limits) -> list[ReportPart] | str:
    """The parts of a Word file, or why it is not opened."""
    import docx
    from docx.opc.exceptions import PackageNotFoundError

    try:
        check_archive(path.read_bytes(), limits)
        return _parts_of(docx.Document(str(path)))
    except RefusedError as refused:
        said = intake_finding(refused.refusal[0], CellAddress("", path.name), refused.refusal[1]).message
        return f"不能作为 .docx 文档打开（{said}）"
    except (
        PackageNotFoundError,
        zipfile.BadZipFile,
        KeyError,
        ValueError,
        SyntaxError,
    ) as error:  # lxml's are SyntaxErrors
        return f"不能作为 .docx 文档打开（{error}）"


def _of_workbook(path: Path, limits: Limits) -> list[ReportPart] | str:
    """The parts of a workbook, or why it is not opened."""
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        check_archive(path.read_bytes(), limits)
        return parts_of_workbook(path)
    except RefusedError as refused:
        said = intake_finding(refused.refusal[0], CellAddress("", path.name), refused.refusal[1]).message
        return f"不能作为 .xlsx 工作簿打开（{said}）"
    except (InvalidFileException, zipfile.BadZipFile, KeyError, ValueError, TypeError, SyntaxError) as error:
        return f"不能作为 .xlsx 工作簿打开（{error}）"


def _of_pdf(path: Path, limits: Limits) -> list[ReportPart] | str:
    """The parts of a PDF, or why it cannot be read."""
    try:
        return parts_of_pdf(path)
    except UnreadablePdfError as error:
        return str(error)


def _of_page(path: Path, limits: Limits) -> list[ReportPart] | str:
    """The parts of a web page, or of a text in Markdown, or why it cannot be read."""
    if (text := decoded(path.read_bytes())) is None:
        return f"{NO_TEXT}，读不出来"
    try:
        return parts_of_markdown(text) if path.suffix.lower() == ".md" else parts_of_html(text)
    except RecursionError:
        return "网页的层次太深，读不出来。请另存为 .docx 或 .txt"


OF_FILE: Mapping[str, Unfold] = {
    ".docx": _of_word, ".pdf": _of_pdf, ".html": _of_page, ".htm": _of_page, ".md": _of_page, ".xlsx": _of_workbook,
}  # fmt: skip
KINDS = (".txt", *OF_FILE)
"""The kinds of file that a report is read from, by suffix."""


def _parts_of(document: Document) -> list[ReportPart]:
    from docx.table import Table

    parts: list[ReportPart] = []
    headings = HeadingNumbers(document)
    for item in word_elements(document):
        if item.tag.endswith("}tbl"):
            rows = Table(item, document).rows
            parts.append(ReportPart([[text_of_paragraphs(cell._tc) for cell in row.cells] for row in rows]))
        else:
            of_contents = is_of_contents(item, headings)
            parts.append(ReportPart(text_of(item), is_of_contents=of_contents, number=headings.of(item)))
    parts += map(ReportPart, notes_of(document))
    for number, chart in enumerate(charts_of(document), 1):
        place = f"第 {number} 个图表的数据"
        parts += [ReportPart(content, place) for content in (chart.title, chart.rows) if content]
    return [*parts, *(ReportPart(text, is_running=True) for text in running_of(document))]


def word_elements(document: Document) -> list[Any]:
    """The tables, and the paragraphs that say something, of a Word file's body and its text boxes in order.

    The element of each part that is read; notes, charts, heads and feet, which lie elsewhere, come after them.
    """
    drop_copies(document.element.body)
    return [
        each
        for item in blocks_of(document.element.body)
        for each in ([item] if item.tag.endswith("}tbl") else [item, *paragraphs_of_boxes(item)])
        if each.tag.endswith("}tbl") or text_of(each)
    ]


def _text_parts(text: str) -> Iterator[str | list[list[str]]]:
    rows: list[list[str]] = []
    row: list[str] = []
    blanks = 0
    for line in [*text.splitlines(), "", END]:
        cells = line.split("\t")
        if len(cells) == 2 and cells[0].strip() and len(row) < 2:
            # a row of two cells; in front of it the head may have had an empty first cell
            rows += [["", *row]] if row else []
            rows.append([cell.strip() for cell in cells])
            row, blanks = [], 0
        elif len(cells) > 1:
            blanks = 0
            row += [cell.strip() for cell in cells[0 if cells[0].strip() else 1 :]]
            if len(cells) > 2:
                rows.append(row)
                row = []
        elif not line.strip() and (row or rows):
            blanks += 1
            if row:
                rows.append(row)
                row = []
        elif row and not blanks and CONTINUED.match(line):
            row[-1] += line.strip()
        else:
            if rows or row:
                yield [*rows, row] if row else rows
                rows, row, blanks = [], [], 0
            if line.strip() and line != END:
                yield line.strip()


def _placed(parts: Iterable[ReportPart]) -> Iterator[Block]:
    """Parts with the chapter or the table's number that they belong to."""
    section, named, title, number = "", "", "", ""
    for part in parts:
        if not isinstance(part.content, str):
            rows = tuple(tuple(row) for row in part.content if any(row))
            yield TextTable(f"表{number}" if number else section, title, rows, part.place)
            title = number = ""
            continue
        text = re.sub(r"\s+", " ", part.content)
        if part.is_running:
            yield Caption(section, text, part.place, "页眉、页脚或页码")
            continue
        if part.is_of_contents:
            yield Caption(section, text, part.place, "目录中的编号和页码")
            continue
        if (table := TABLE_TITLE.match(text)) and not FULL_STOP.search(text):
            number, title = table[1], table[2]
            yield Caption(f"表{number}", text, part.place)
            continue
        if part.number and not HEADING.match(text) and not FULL_STOP.search(text):
            section, named = part.number, text
            yield Caption(section, text, part.place)
            continue
        if (heading := HEADING.match(text)) and not FULL_STOP.search(text):
            section, named = heading[1], heading[2]
            if not COUNTED.search(DATE.sub("", heading[2])):
                yield Caption(section, text, part.place)
                continue
        yield Paragraph(section, text, named, part.place)
