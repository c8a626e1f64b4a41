"""Cells written into the XML of a sheet, where they stand; every other byte of the sheet stays.

openpyxl is not asked: it loads a workbook into objects and writes what it knows of it, and loses what it does not.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Literal
from xml.parsers import expat
from xml.sax.saxutils import escape

from sources.read.sheet_xml import SEPARATOR, Position, address, local_name, position_of
from sources.system.plain_text import legible

LIKE_AN_ESCAPE = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")
"""What a reader would take for a letter that XML does not allow."""
RETURNS = {"\r\n": "\n", "\r": "\n"}
PREFIX = re.compile(rb"</?((?:[^\s<>/:]+:)?)")
END_OF_CELL = re.compile(rb"</(?:[^\s<>/:]+:)?c\s*>")


@dataclass(frozen=True, slots=True)
class TypedCell:
    """What is typed into a cell: a number as a file stores it, a text, or nothing (the text is '' then)."""

    kind: Literal["number", "text", "blank"]
    text: str = ""


@dataclass(frozen=True, slots=True)
class CellPlace:
    """Where a cell stands in a sheet's XML: its bytes from `start` to `end`, none where it is not written yet.

    `style`: the number of its look, as the file has it or, of a cell that is not written, as its row or column has it.
    `prefix`: of its element, with the colon. `has_formula`: whether a formula stands in it. `is_covered`: whether a
    merged cell shows another in its place.
    """

    start: int
    end: int
    style: str = ""
    prefix: str = ""
    has_formula: bool = False
    is_covered: bool = False


def cell_places(xml: bytes, wanted: Collection[Position]) -> dict[Position, CellPlace]:
    """The places of cells in the XML of a sheet, in UTF-8 and well-formed. A cell whose row is not there has none."""
    scanner = _Scanner(xml, wanted)
    scanner.parser.Parse(xml, True)
    return scanner.places


def with_cells(xml: bytes, places: Mapping[Position, CellPlace], cells: Mapping[Position, TypedCell]) -> bytes:
    """The sheet with the cells written in their places."""
    written = []
    since = 0
    for at in sorted(cells, key=lambda each: (places[each].start, each)):
        place = places[at]
        written += [xml[since : place.start], _written(at, place, cells[at])]
        since = place.end
    return b"".join((*written, xml[since:]))


def _written(at: Position, place: CellPlace, cell: TypedCell) -> bytes:
    name = f"{place.prefix}c"
    style = f' s="{place.style}"' if place.style else ""
    head = f'<{name} r="{address(*at)}"{style}'
    if cell.kind == "blank":
        return f"{head}/>".encode()
    if cell.kind == "number":
        return f"{head}><{place.prefix}v>{cell.text}</{place.prefix}v></{name}>".encode()
    text = escape(LIKE_AN_ESCAPE.sub("_x005F_", legible(as_lines(cell.text))))
    inner = f'<{place.prefix}is><{place.prefix}t xml:space="preserve">{text}</{place.prefix}t></{place.prefix}is>'
    return f'{head} t="inlineStr">{inner}</{name}>'.encode()


def as_lines(text: str) -> str:
    """The text with line ends as a spreadsheet has them."""
    for end, line_feed in RETURNS.items():
        text = text.replace(end, line_feed)
    return text


class _Scanner:
    """Where the parser stands in a sheet, and the places that it has found."""

    def __init__(self, xml: bytes, wanted: Collection[Position]) -> None:
        self.xml, self.places = xml, dict[Position, CellPlace]()
        self.missing = {row: sorted(p for r, p in wanted if r == row) for row in {row for row, _ in wanted}}
        self.parser = expat.ParserCreate(namespace_separator=SEPARATOR)
        self.parser.StartElementHandler = self.start
        self.parser.EndElementHandler = self.end
        self.among_cells = self.in_cell = self.has_formula = False
        self.depth = 0
        self.at: Position = (-1, -1)
        self.cell_start = 0
        self.style = self.row_style = ""
        self.column_styles: list[tuple[int, int, str]] = []

    def start(self, element: str, attributes: dict[str, str]) -> None:
        name = local_name(element)
        if self.in_cell:
            self.depth += 1
            self.has_formula |= name == "f"
        elif name == "col" and "style" in attributes:
            columns = (int(attributes.get(each, "0")) - 1 for each in ("min", "max"))
            self.column_styles.append((*columns, attributes["style"]))  # type: ignore[arg-type]  # two of them
        elif name == "sheetData":
            self.among_cells = True
        elif name == "row" and self.among_cells:
            self.at = (int(attributes["r"]) - 1 if "r" in attributes else self.at[0] + 1), -1
            self.row_style = attributes.get("s", "") if attributes.get("customFormat") in ("1", "true") else ""
        elif name == "c" and self.among_cells:
            self.at = position_of(attributes["r"]) if "r" in attributes else (self.at[0], self.at[1] + 1)
            self.in_cell, self.has_formula, self.depth = True, False, 0
            self.cell_start, self.style = self.parser.CurrentByteIndex, attributes.get("s", "")
            self._insert_before(self.at[1])
        elif name == "mergeCell":
            self._cover(attributes.get("ref", ""))

    def end(self, element: str) -> None:
        if self.in_cell and self.depth:
            self.depth -= 1
        elif self.in_cell:
            self.in_cell = False
            self._note_cell()
        elif local_name(element) == "row" and self.among_cells:
            self._insert_before(None)
        elif local_name(element) == "sheetData":
            self.among_cells = False

    def _note_cell(self) -> None:
        row, column = self.at
        if column in self.missing.get(row, ()):
            index = self.parser.CurrentByteIndex  # of the end tag, or of what follows an element without one
            end = END_OF_CELL.match(self.xml, index)
            prefix = self._prefix(self.cell_start)
            end_index = end.end() if end else index
            self.places[self.at] = CellPlace(self.cell_start, end_index, self.style, prefix, self.has_formula)
            self.missing[row].remove(column)

    def _insert_before(self, column: int | None) -> None:
        """Notes that the missing cells left of a column (None: of the row's end) are to be written here."""
        row, index = self.at[0], self.parser.CurrentByteIndex
        missing = self.missing.get(row, [])
        if column is None and missing and not self.xml.startswith(b"</", index):
            return  # a row without an end tag holds no cell
        for each in [each for each in missing if column is None or each < column]:
            style = self.row_style or next((s for first, last, s in self.column_styles if first <= each <= last), "")
            prefix = self._prefix(index)
            self.places[row, each] = CellPlace(index, index, style, prefix)
            missing.remove(each)

    def _cover(self, reference: str) -> None:
        one, _, other = reference.partition(":")
        (top, left), last = position_of(one), position_of(other or one)
        for at, place in self.places.items():
            if top <= at[0] <= last[0] and left <= at[1] <= last[1] and at != (top, left):
                self.places[at] = replace(place, is_covered=True)

    def _prefix(self, index: int) -> str:
        found = PREFIX.match(self.xml, index)
        return found[1].decode() if found else ""
