"""The XML of a workbook, read strictly: what is stored in which cell. A second reader beside calamine.

calamine turns what is stored into values; this one says where something is stored, and stops at what calamine would
take on trust, or would not survive: addresses that are none, a cell that is there twice, a table without end, texts
that only unfold in memory, documents that define entities.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import lru_cache
from xml.parsers import expat

from sources.system.settings import Limits

LONGEST_TEXT = 32_767
"""Characters that a cell of a spreadsheet can hold."""
REFERENCE = re.compile(r"([A-Z]{1,3})([1-9][0-9]{0,6})")
SEPARATOR = "}"
BLANK_CELL = re.compile(rb'<c r="[A-Z]{1,3}[1-9][0-9]{0,6}"(?: s="[0-9]+")? ?/>')
BLANK_ROW = re.compile(rb'<row r="[1-9][0-9]{0,6}"[^<>]*></row>')
WITHOUT_ADDRESS = re.compile(rb'<(?:[a-zA-Z0-9_.-]+:)?(?:c|row)(?=[\s/>])(?! r=")')
ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
"""How a spreadsheet writes a letter that XML does not allow, as the carriage return of a pasted text."""
Position = tuple[int, int]
"""Zero-based row and column."""


class RefusedError(Exception):
    """Carries the rule under which a file is refused, and what was found."""

    def __init__(self, rule_id: str, found: str = "") -> None:
        super().__init__(rule_id, found)
        self.refusal = (rule_id, found)


@dataclass
class StoredSheet:
    """What one sheet stores: texts and numbers as they are written in the file, by position.

    `formulas`: 'formula' (with a stored result), 'uncomputed' (without one) or the error that the cell shows.
    `merged`: top left and bottom right of merged cells. `hidden_rows`: rows that a reader does not see.
    """

    texts: dict[Position, str] = field(default_factory=dict)
    strings: set[Position] = field(default_factory=set)
    formulas: dict[Position, str] = field(default_factory=dict)
    merged: list[tuple[Position, Position]] = field(default_factory=list)
    hidden_rows: set[int] = field(default_factory=set)


@dataclass
class Spent:
    """How much of the limits the sheets of a workbook have used up so far."""

    cells: int = 0
    area: int = 0
    letters: int = 0

    def add_cells(self, count: int, limits: Limits) -> None:
        self.cells += count
        if self.cells > limits.cells:
            raise RefusedError("file.too_large", f"超过 {limits.cells} 个单元格")


def address(row: int, position: int) -> str:
    """A1 address of a zero-based row and column."""
    letters = ""
    position += 1
    while position:
        position, remainder = divmod(position - 1, 26)
        letters = chr(ord("A") + remainder) + letters
    return f"{letters}{row + 1}"


def position_of(reference: str) -> Position:
    """Zero-based row and column of an A1 address; RefusedError for anything else."""
    match = REFERENCE.fullmatch(reference)
    if not match:
        raise RefusedError("file.damaged")
    return int(match[2]) - 1, _column(match[1])


@lru_cache(maxsize=1024)
def _column(letters: str) -> int:
    column = 0
    for letter in letters:
        column = column * 26 + ord(letter) - ord("A") + 1
    return column - 1


def elements(xml: bytes) -> list[tuple[str, dict[str, str]]]:
    """Local name and attributes of every element of a small document; RefusedError for what is not well-formed."""
    found: list[tuple[str, dict[str, str]]] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        found.append((_local(name), {_local(key): value for key, value in attributes.items()}))

    _parse(xml, start)
    return found


def texts_of(xml: bytes, names: Sequence[str]) -> dict[str, str]:
    """Local name → the text of its first element, for some names of a small document; what is broken has none."""
    found: dict[str, list[str]] = {}
    open_name: list[str | None] = [None]

    def start(name: str, attributes: dict[str, str]) -> None:
        local = _local(name)
        open_name[0] = local if local in names and local not in found else None
        if open_name[0]:
            found[local] = []

    def end(name: str) -> None:
        open_name[0] = None

    def text(letters: str) -> None:
        if open_name[0]:
            found[open_name[0]].append(letters)

    with suppress(RefusedError):  # what such a document says is a help, never needed
        _parse(xml, start, end, text)
    return {name: "".join(letters) for name, letters in found.items()}


def unescaped(text: str) -> str:
    return ESCAPED.sub(lambda match: chr(int(match[1], 16)), text)


def read_strings(xml: bytes) -> list[str]:
    """The texts that the cells of a workbook share, in order."""
    strings: list[str] = []
    collector = _TextCollector()

    def end(name: str) -> None:
        collector.end(name)
        if _local(name) == "si":
            strings.append(unescaped(collector.take()))

    _parse(xml, collector.start, end, collector.text)
    return strings


def read_sheet(xml: bytes, title: str, strings: Sequence[str], limits: Limits, spent: Spent) -> StoredSheet:
    """What a sheet stores; adds to `spent` and refuses with RefusedError what goes beyond the limits."""
    reader = _SheetReader(title, strings, limits, spent)
    _parse(xml, reader.start, reader.end, reader.collector.text)
    return reader.sheet


def without_blanks(xml: bytes) -> tuple[bytes, int]:
    """The document without cells and rows that are only formatted, and how many they were.

    Nine of ten cells of a filled template are such. It leaves alone what could be something else: a document with
    comments or unparsed text, and one in which a cell without an address takes its place from the one before.
    """
    if b"<!" in xml or WITHOUT_ADDRESS.search(xml):
        return xml, 0
    xml, cells = BLANK_CELL.subn(b"", xml)
    xml, rows = BLANK_ROW.subn(b"", xml)
    return xml, cells + rows


class _TextCollector:
    """Collects the text of `t` and `v` elements, but for the phonetic readings (`rPh`) beside a text."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.collecting = False
        self.phonetic = False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        local = _local(name)
        self.phonetic = self.phonetic or local == "rPh"
        self.collecting = local in ("t", "v") and not self.phonetic

    def end(self, name: str) -> None:
        self.collecting = False
        self.phonetic = self.phonetic and _local(name) != "rPh"

    def text(self, text: str) -> None:
        if self.collecting:
            self.parts.append(text)

    def take(self) -> str:
        text = "".join(self.parts)
        self.parts.clear()
        return text


class _SheetReader:
    """Where the parser stands in a sheet: row, cell, and whether it is among the cells at all."""

    def __init__(self, title: str, strings: Sequence[str], limits: Limits, spent: Spent) -> None:
        self.title, self.strings, self.limits, self.spent = title, strings, limits, spent
        self.sheet = StoredSheet()
        self.collector = _TextCollector()
        self.among_cells = False
        self.row, self.column = -1, -1
        self.kind = ""
        self.in_cell = self.has_content = self.has_formula = False
        self.seen: set[Position] = set()
        self.height = self.width = 0

    def start(self, element: str, attributes: dict[str, str]) -> None:
        name = _local(element)
        if self.in_cell:
            self.has_content = True
            self.has_formula = self.has_formula or name == "f"
            self.collector.start(element, attributes)
        elif name == "sheetData":
            self.among_cells = True
        elif name == "row" and self.among_cells:
            self._count()
            self.row = position_of("A" + attributes["r"])[0] if "r" in attributes else self.row + 1
            self.column = -1
            if attributes.get("hidden") in ("1", "true"):
                self.sheet.hidden_rows.add(self.row)
        elif name == "c" and self.among_cells:
            self._count()
            at = position_of(attributes["r"]) if "r" in attributes else (self.row, self.column + 1)
            self.row, self.column = at
            self.kind = attributes.get("t", "n")
            self.in_cell, self.has_content, self.has_formula = True, False, False
        elif name == "mergeCell":
            self._count()
            first, _, last = attributes.get("ref", "").partition(":")
            self.sheet.merged.append((position_of(first), position_of(last or first)))

    def end(self, element: str) -> None:
        if self.in_cell:
            self.collector.end(element)
            if _local(element) == "c":
                self._take()
        elif _local(element) == "sheetData":
            self.among_cells = False

    def _count(self) -> None:
        self.spent.add_cells(1, self.limits)

    def _take(self) -> None:
        self.in_cell = False
        at, text = (self.row, self.column), self.collector.take()
        if at in self.seen:
            raise RefusedError("file.damaged")
        self.seen.add(at)
        if not self.has_content:
            return
        self._check_extent()
        is_string = self.kind in ("s", "str", "inlineStr")
        if is_string and text:
            text = self._shared(text) if self.kind == "s" else unescaped(text)
        self.spent.letters += len(text)
        if len(text) > LONGEST_TEXT or self.spent.letters > self.limits.expanded_bytes:
            raise RefusedError("file.too_large", f"单元格 {self.title}!{address(*at)} 的文字过长")
        if self.kind == "e":
            self.sheet.formulas[at] = text or "#ERROR!"
        elif self.has_formula:
            self.sheet.formulas[at] = "formula" if text.strip() else "uncomputed"
        if text.strip():
            self.sheet.texts[at] = text
            if is_string:
                self.sheet.strings.add(at)

    def _check_extent(self) -> None:
        """Readers build the whole rectangle from A1 to the last cell, however empty it is."""
        before = self.height * self.width
        self.height, self.width = max(self.height, self.row + 1), max(self.width, self.column + 1)
        self.spent.area += self.height * self.width - before
        too_far = self.height > self.limits.rows or self.width > self.limits.columns
        if too_far or self.spent.area > self.limits.area:
            raise RefusedError("file.cell_too_far_out", f"{self.title}!{address(self.row, self.column)}")

    def _shared(self, number: str) -> str:
        number = number.strip()
        if not (number.isascii() and number.isdecimal() and len(number) < 10 and int(number) < len(self.strings)):
            raise RefusedError("file.damaged")
        return self.strings[int(number)]


def _parse(
    xml: bytes,
    start: Callable[[str, dict[str, str]], object],
    end: Callable[[str], object] | None = None,
    text: Callable[[str], object] | None = None,
) -> None:
    """Parses a document; RefusedError when it is not well-formed or defines a document type.

    Names have their namespace before them (`_local`); handlers are called directly, being called so often.
    """
    parser = expat.ParserCreate(namespace_separator=SEPARATOR)
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse_doctype
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = text
    with _broken_is_damaged():
        parser.Parse(xml, True)


@lru_cache(maxsize=256)
def _local(name: str) -> str:
    return name.rpartition(SEPARATOR)[2]


def _refuse_doctype(*_: object) -> None:
    raise RefusedError("file.suspicious", "XML 实体定义")


@contextmanager
def _broken_is_damaged() -> Iterator[None]:
    try:
        yield
    except (expat.ExpatError, ValueError, LookupError):
        raise RefusedError("file.damaged") from None
