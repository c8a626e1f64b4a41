"""A report's own text and tables, from .txt or .docx: paragraphs and grids of cells, each with its chapter.

In a text file the cells of a table stand one on a line after a tab, and a blank line ends a row; or a row stands on
one line with tabs between the cells.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from sources.read.inspection import check_archive
from sources.read.sheet_xml import RefusedError
from sources.submission.cell import CellAddress
from sources.submission.finding import intake_finding
from sources.system.apart import Exceeded, each_apart
from sources.system.settings import Limits
from warehouse.reconcile.reading.word_text import blocks_of, notes_of, text_of, text_of_paragraphs, texts_of_boxes

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
FULL_STOP = re.compile("[。；！]$")


@dataclass(frozen=True)
class Paragraph:
    section: str
    text: str
    heading: str = ""
    """Of its section."""


@dataclass(frozen=True)
class TextTable:
    """A table; rows may differ in length."""

    section: str
    """表 and its number, or the chapter that it stands in."""
    title: str
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Caption:
    """A heading, or the title of a table: its numbers say where one is, and are no figures."""

    section: str
    text: str


Block = Paragraph | TextTable | Caption


def read_document(path: Path) -> list[Block]:
    """The blocks of a report in order.

    Raises ValueError that names the file when it is neither text nor a document that can be opened.
    """
    if path.suffix.lower() == ".docx":
        return list(_placed(_docx_parts(path)))
    data = path.read_bytes()
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return list(_placed(_text_parts(data.decode(encoding))))
        except UnicodeDecodeError:  # the next encoding; after the last, the file is refused below
            continue
    raise ValueError(f"{path}：不是文本文件（UTF-8 或 GB18030），也不是 .docx 文档")


Part = str | list[list[str]]
"""A line of text, or the rows of a table."""


def _docx_parts(path: Path) -> Iterator[Part]:
    """The parts of a Word file, read in a process of its own: what a table unfolds to stands nowhere in the file."""
    limits = Limits()
    (outcome,) = each_apart(partial(_unfolded, limits=limits), [path], limits)
    if isinstance(outcome, Exceeded):
        raise ValueError(f"{path}：不能作为 .docx 文档打开（{outcome.told(limits)}）")
    if isinstance(outcome, str):
        raise ValueError(f"{path}：不能作为 .docx 文档打开（{outcome}）")
    yield from outcome


def _unfolded(path: Path, limits: Limits) -> list[Part] | str:
    """The parts of a Word file, or why it is not opened."""
    import docx
    from docx.opc.exceptions import PackageNotFoundError

    try:
        check_archive(path.read_bytes(), limits)
        return _parts_of(docx.Document(str(path)))
    except RefusedError as refused:
        return str(intake_finding(refused.refusal[0], CellAddress("", path.name), refused.refusal[1]).message)
    except (
        PackageNotFoundError,
        zipfile.BadZipFile,
        KeyError,
        ValueError,
        SyntaxError,
    ) as error:  # lxml's are SyntaxErrors
        return str(error)


def _parts_of(document: Document) -> list[Part]:
    from docx.table import Table

    parts: list[Part] = []
    for item in blocks_of(document.element.body):
        if item.tag.endswith("}tbl"):
            rows = Table(item, document).rows
            parts.append([[text_of_paragraphs(cell._tc) for cell in row.cells] for row in rows])
        else:
            parts += [text for text in (text_of(item), *texts_of_boxes(item)) if text]
    parts += notes_of(document)
    return parts


def _text_parts(text: str) -> Iterator[Part]:
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


def _placed(parts: Iterator[Part]) -> Iterator[Block]:
    """Parts with the chapter or the table's number that they belong to."""
    section, named, title, number = "", "", "", ""
    for part in parts:
        if isinstance(part, list):
            rows = tuple(tuple(row) for row in part if any(row))
            yield TextTable(f"表{number}" if number else section, title, rows)
            title = number = ""
            continue
        text = re.sub(r"\s+", " ", part)
        if (table := TABLE_TITLE.match(text)) and not FULL_STOP.search(text):
            number, title = table[1], table[2]
            yield Caption(f"表{number}", text)
            continue
        if (heading := HEADING.match(text)) and not FULL_STOP.search(text):
            section, named = heading[1], heading[2]
            if not COUNTED.search(DATE.sub("", heading[2])):
                yield Caption(section, text)
                continue
        yield Paragraph(section, text, named)
