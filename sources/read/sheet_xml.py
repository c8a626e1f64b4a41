"""The XML of a workbook, read strictly: what is stored in which cell. A second reader beside calamine.

calamine turns what is stored into values; this one says where something is stored, and stops at what calamine would
take on trust, or would not survive: addresses that are none, a cell that is there twice, a table without end, texts
that only unfold in memory, documents that define entities.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from xml.parsers import expat

from sources.read.letter_font import SMALLEST_POINTS, THEME, Font, Theme, as_float, font_with
from sources.system.settings import Limits

ROOT_WITHIN = 4_096
"""Bytes of a document within which its first element begins."""
LONGEST_TEXT = 32_767
"""Characters that a cell of a spreadsheet can hold."""
REFERENCE = re.compile(r"([A-Z]{1,3})([1-9][0-9]{0,6})")
SHOWN_LETTERS = 20
"""Of an address that is none."""
SEPARATOR = "}"
BLANK_CELL = re.compile(rb'<c r="[A-Z]{1,3}[1-9][0-9]{0,6}"(?: s="[0-9]+")? ?/>')
BLANK_ROW = re.compile(rb'<row r="[1-9][0-9]{0,6}"[^<>]*></row>')
WITHOUT_ADDRESS = re.compile(rb'<(?:[a-zA-Z0-9_.-]+:)?(?:c|row)(?=[\s/>])(?! r=")')
ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
"""How a spreadsheet writes a letter that XML does not allow, as the carriage return of a pasted text."""
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
PLAIN_FONT = Font()
LEAST_WIDTH = 1
"""Of a column, in letters: where not one of them has room, nothing is seen."""
MOST_COLUMNS = 16_384
Position = tuple[int, int]
"""Zero-based row and column."""


KINDS = ("n", "s", "str", "inlineStr", "b", "d", "e")
"""What a cell says that it holds."""
TRUTHS = ("0", "1", "true", "false", "TRUE", "FALSE", "")


class RefusedError(Exception):
    """Carries the rule under which a file is refused, and what was found."""

    def __init__(self, rule_id: str, found: str = "") -> None:
        super().__init__(rule_id, found)
        self.refusal = (rule_id, found)


@dataclass(frozen=True, slots=True)
class Run:
    """A part of a text that may look otherwise than the rest. `font`: None where it looks as its cell does."""

    text: str
    font: Font | None = None


@dataclass
class StoredSheet:
    """What one sheet stores: texts and numbers as they are written in the file, by position.

    `formulas`: 'formula' (with a stored result), 'uncomputed' (without one) or the error that the cell shows.
    `merged`: top left and bottom right of merged cells. `hidden_rows`, `hidden_columns` (first and last): what a reader
    does not see; `is_hidden`: the whole sheet. `looks`: of cells that do not look plain, the number of their look.
    `runs`: of texts in runs, the runs. `hides_zeros`: whether a cell that holds 0 looks blank.
    """

    texts: dict[Position, str] = field(default_factory=dict)
    strings: set[Position] = field(default_factory=set)
    formulas: dict[Position, str] = field(default_factory=dict)
    merged: list[tuple[Position, Position]] = field(default_factory=list)
    hidden_rows: set[int] = field(default_factory=set)
    hidden_columns: list[tuple[int, int]] = field(default_factory=list)
    is_hidden: bool = False
    looks: dict[Position, int] = field(default_factory=dict)
    runs: dict[Position, tuple[Run, ...]] = field(default_factory=dict)
    hides_zeros: bool = False


@dataclass
class SharedTexts:
    """The texts that the cells of a workbook share, in order; `runs`: of those that are made of runs."""

    texts: list[str] = field(default_factory=list)
    runs: dict[int, tuple[Run, ...]] = field(default_factory=dict)
    theme: Theme = THEME
    """Of the workbook: cells have texts of their own, too."""


@dataclass
class Spent:
    """How much of the limits the sheets of a workbook have used up so far."""

    cells: int = 0
    area: int = 0
    letters: int = 0
    comment_bytes: int = 0

    def add_cells(self, count: int, limits: Limits) -> None:
        self.cells += count
        if self.cells > limits.cells:
            raise RefusedError("file.too_large", f"超过 {limits.cells} 个单元格")


def address(row: int, position: int) -> str:
    """A1 address of a zero-based row and column."""
    return f"{_letters(position)}{row + 1}"


@lru_cache(maxsize=1024)
def _letters(position: int) -> str:
    letters = ""
    position += 1
    while position:
        position, remainder = divmod(position - 1, 26)
        letters = chr(ord("A") + remainder) + letters
    return letters


def position_of(reference: str) -> Position:
    """Zero-based row and column of an A1 address; RefusedError for anything else."""
    match = REFERENCE.fullmatch(reference)
    if not match:
        raise RefusedError("file.malformed", f"“{reference[:SHOWN_LETTERS]}”不是单元格的地址")
    return int(match[2]) - 1, _column(match[1])


@lru_cache(maxsize=1024)
def _column(letters: str) -> int:
    column = 0
    for letter in letters:
        column = column * 26 + ord(letter) - ord("A") + 1
    return column - 1


def elements(xml: bytes, what: str) -> list[tuple[str, dict[str, str]]]:
    """Local name and attributes of every element of a small document; RefusedError for what is not well-formed.

    `what` names the document, for people.
    """
    found: list[tuple[str, dict[str, str]]] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        found.append((local_name(name), {local_name(key): value for key, value in attributes.items()}))

    parse_xml(xml, what, start)
    return found


def root_of(xml: bytes) -> str:
    """Local name of a document's first element; '' where there is none."""

    def start(name: str, _: dict[str, str]) -> None:
        raise _FirstElement(local_name(name))

    try:
        parse_xml(xml[:ROOT_WITHIN], "", start)
    except _FirstElement as first:
        return str(first)
    except RefusedError:  # whoever reads all of it says what is wrong
        pass
    return ""


class _FirstElement(Exception):  # noqa: N818 - no error: it ends the parsing
    """The local name of a document's first element."""


def texts_of(xml: bytes, names: Sequence[str]) -> dict[str, str]:
    """Local name → the text of its first element, for some names of a small document; what is broken has none."""
    found: dict[str, list[str]] = {}
    open_name: list[str | None] = [None]

    def start(name: str, attributes: dict[str, str]) -> None:
        local = local_name(name)
        open_name[0] = local if local in names and local not in found else None
        if open_name[0]:
            found[local] = []

    def end(name: str) -> None:
        open_name[0] = None

    def text(letters: str) -> None:
        if open_name[0]:
            found[open_name[0]].append(letters)

    with suppress(RefusedError):  # what such a document says is a help, never needed
        parse_xml(xml, "", start, end, text)
    return {name: "".join(letters) for name, letters in found.items()}


def property_text(xml: bytes, name: str) -> str:
    """The text of one of a workbook's own properties, the first of that name; what is broken has none."""
    letters: list[str] = []
    is_open, is_found = [False], [False]

    def start(element: str, attributes: dict[str, str]) -> None:
        if local_name(element) == "property":
            is_open[0] = not is_found[0] and attributes.get("name") == name
            is_found[0] |= is_open[0]

    def text(some: str) -> None:
        if is_open[0]:
            letters.append(some)

    with suppress(RefusedError):  # what such a document says is a help, never needed
        parse_xml(xml, "", start, None, text)
    return "".join(letters).strip()


def unescaped(text: str) -> str:
    return ESCAPED.sub(lambda match: chr(int(match[1], 16)), text)


def read_strings(xml: bytes, theme: Theme = THEME) -> SharedTexts:
    """The texts that the cells of a workbook share; `theme` has the colours that they name by number."""
    shared = SharedTexts(theme=theme)
    collector = _TextCollector(theme)

    def end(name: str) -> None:
        collector.end(name)
        if local_name(name) == "si":
            runs, text = collector.own_runs(), unescaped(collector.take())
            if runs:
                shared.runs[len(shared.texts)] = runs
            shared.texts.append(text)

    parse_xml(xml, "共用的文字", collector.start, end, collector.text)
    return shared


def read_sheet(xml: bytes, title: str, strings: SharedTexts, limits: Limits, spent: Spent) -> StoredSheet:
    """What a sheet stores; adds to `spent` and refuses with RefusedError what goes beyond the limits."""
    reader = _SheetReader(title, strings, limits, spent)
    parse_xml(xml, f"“{title}”表", reader.start, reader.end, reader.collector.text)
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
    """Collects the text of `t` and `v` elements, but for the phonetic readings (`rPh`) beside a text.

    Of a text in runs it knows the font of each besides.
    """

    def __init__(self, theme: Theme) -> None:
        self.theme = theme
        self.parts: list[str] = []
        self.runs: list[Run] = []
        self.collecting = False
        self.is_rich = self.has_own_font = False
        self.phonetic = self.in_properties = False
        self.font = PLAIN_FONT

    def start(self, name: str, attributes: dict[str, str]) -> None:
        local = local_name(name)
        if local in ("t", "v"):
            self.collecting = not self.phonetic
            return
        self.collecting = False
        if self.in_properties:
            self.font = font_with(self.font, local, attributes, self.theme)
        elif local in ("r", "rPr", "rPh"):
            if not self.is_rich:
                self.is_rich, self.runs = True, [Run(part) for part in self.parts]
            self.phonetic = self.phonetic or local == "rPh"
            self.in_properties = self.has_own_font = local == "rPr"
            self.font = PLAIN_FONT

    def end(self, name: str) -> None:
        self.collecting = False
        if self.is_rich:
            local = local_name(name)
            self.phonetic = self.phonetic and local != "rPh"
            self.in_properties = self.in_properties and local != "rPr"
            if local == "r":
                self.has_own_font = False

    def text(self, text: str) -> None:
        if self.collecting:
            self.parts.append(text)
            if self.is_rich:
                self.runs.append(Run(text, self.font if self.has_own_font else None))

    def take(self) -> str:
        text = "".join(self.parts)
        self.parts.clear()
        if self.is_rich:
            self.runs.clear()
            self.is_rich = self.has_own_font = self.phonetic = self.in_properties = False
            self.font = PLAIN_FONT
        return text

    def own_runs(self) -> tuple[Run, ...]:
        """The runs of the text so far; none where all of it looks as its cell does."""
        if not any(run.font for run in self.runs):
            return ()
        return tuple(Run(unescaped(run.text), run.font) for run in self.runs)


class _SheetReader:
    """Where the parser stands in a sheet: row, cell, and whether it is among the cells at all."""

    def __init__(self, title: str, strings: SharedTexts, limits: Limits, spent: Spent) -> None:
        self.title, self.strings, self.limits, self.spent = title, strings, limits, spent
        self.sheet = StoredSheet()
        self.collector = _TextCollector(strings.theme)
        self.among_cells = False
        self.row, self.column = -1, -1
        self.kind = ""
        self.look = 0
        self.rows_are_hidden = self.columns_are_hidden = self.has_value = False
        self.wide_columns: list[tuple[int, int]] = []
        self.in_cell = self.has_content = self.has_formula = False
        self.seen: set[Position] = set()
        self.height = self.width = 0

    def start(self, element: str, attributes: dict[str, str]) -> None:
        name = local_name(element)
        if self.in_cell:
            self.has_content = True
            self.has_formula = self.has_formula or name == "f"
            self.has_value = self.has_value or name == "v"
            self.collector.start(element, attributes)
        elif name == "sheetData":
            self.among_cells = True
        elif name == "row" and self.among_cells:
            self._count()
            self.row = position_of("A" + attributes["r"])[0] if "r" in attributes else self.row + 1
            self.column = -1
            if _is_true(attributes.get("hidden")) or self._has_no_height(attributes):
                self.sheet.hidden_rows.add(self.row)
        elif name == "c" and self.among_cells:
            self._count()
            at = position_of(attributes["r"]) if "r" in attributes else (self.row, self.column + 1)
            self.row, self.column = at
            self.kind = attributes.get("t") or "n"
            self.look = _number(attributes["s"]) if "s" in attributes else 0
            self.in_cell, self.has_content, self.has_formula, self.has_value = True, False, False, False
        elif name == "mergeCell":
            self._count()
            first, _, last = attributes.get("ref", "").partition(":")
            self.sheet.merged.append(_corners(position_of(first), position_of(last or first)))
        elif name == "col":
            self._take_columns(attributes)
        elif name == "sheetFormatPr":
            is_low = _is_below(attributes.get("defaultRowHeight"), SMALLEST_POINTS)
            self.rows_are_hidden = is_low or _is_true(attributes.get("zeroHeight"))
            self.columns_are_hidden = _is_below(attributes.get("defaultColWidth"), LEAST_WIDTH)
        elif name == "sheetView" and attributes.get("showZeros") in ("0", "false", "off"):
            self.sheet.hides_zeros = True

    def end(self, element: str) -> None:
        if self.in_cell:
            self.collector.end(element)
            if local_name(element) == "c":
                self._take()
        elif local_name(element) == "sheetData":
            self.among_cells = False
            if self.columns_are_hidden:
                self.sheet.hidden_columns += _between(self.wide_columns)

    def _take_columns(self, attributes: Mapping[str, str]) -> None:
        columns = _number(attributes.get("min")) - 1, _number(attributes.get("max")) - 1
        if _is_true(attributes.get("hidden")) or _is_below(attributes.get("width"), LEAST_WIDTH):
            self._count()
            self.sheet.hidden_columns.append(columns)
        elif self.columns_are_hidden and "width" in attributes:
            self._count()
            self.wide_columns.append(columns)

    def _count(self) -> None:
        self.spent.add_cells(1, self.limits)

    def _take(self) -> None:
        self.in_cell = False
        collector = self.collector
        runs = collector.own_runs() if collector.is_rich else ()
        at, text = (self.row, self.column), collector.take()
        if at in self.seen:
            raise RefusedError("file.malformed", f"“{self.title}”表的单元格 {address(*at)} 写了两次")
        self.seen.add(at)
        if not self.has_content:
            return
        self._check_extent()
        if self.kind not in KINDS or (self.kind == "b" and text.strip() not in TRUTHS):
            what = f"“{text[:SHOWN_LETTERS]}”不是标明的种类（{self.kind[:SHOWN_LETTERS]}）"
            raise RefusedError("file.malformed", f"“{self.title}”表的单元格 {address(*at)} 的内容{what}")
        is_string = self.kind in ("s", "str", "inlineStr")
        if is_string and text:
            if self.kind == "s":
                runs = self.strings.runs.get(number := self._shared(text), ())
                text = self.strings.texts[number]
            else:
                text = unescaped(text)
        self.spent.letters += len(text)
        if len(text) > LONGEST_TEXT or self.spent.letters > self.limits.expanded_bytes:
            raise RefusedError("file.too_large", f"单元格 {self.title}!{address(*at)} 的文字过长")
        if self.kind == "e":
            self.sheet.formulas[at] = text or "#ERROR!"
        elif self.has_formula and (text.strip() or not (self.kind == "str" and self.has_value)):
            self.sheet.formulas[at] = "formula" if text.strip() else "uncomputed"
        if text.strip():
            self.sheet.texts[at] = text
            if self.look:
                self.sheet.looks[at] = self.look
            if runs:
                self.sheet.runs[at] = runs
            if is_string:
                self.sheet.strings.add(at)

    def _check_extent(self) -> None:
        """Readers build the whole rectangle from A1 to the last cell, however empty it is."""
        if self.row < self.height and self.column < self.width:
            return
        before = self.height * self.width
        self.height, self.width = max(self.height, self.row + 1), max(self.width, self.column + 1)
        self.spent.area += self.height * self.width - before
        too_far = self.height > self.limits.rows or self.width > self.limits.columns
        if too_far or self.spent.area > self.limits.area:
            raise RefusedError("file.cell_too_far_out", f"{self.title}!{address(self.row, self.column)}")

    def _has_no_height(self, attributes: Mapping[str, str]) -> bool:
        """Whether a row has none of its own, or nothing to set against a sheet whose rows have none."""
        if "ht" in attributes:
            return _is_below(attributes["ht"], SMALLEST_POINTS)
        return self.rows_are_hidden and not _is_true(attributes.get("customHeight")) and "hidden" not in attributes

    def _shared(self, number: str) -> int:
        number = number.strip()
        known = len(self.strings.texts)
        if not (number.isascii() and number.isdecimal() and len(number) < 10 and int(number) < known):
            at = f"“{self.title}”表的单元格 {address(self.row, self.column)}"
            raise RefusedError("file.malformed", f"{at} 的文字不在文件里")
        return int(number)


def _is_true(text: str | None) -> bool:
    return text in ("1", "true", "on")


def _is_below(size: str | None, least: float) -> bool:
    """Whether a size is too small for anything to be seen; one that is no number is none."""
    return size is not None and as_float(size, least) < least


def _corners(one: Position, other: Position) -> tuple[Position, Position]:
    """Top left and bottom right of a range, whichever of its corners it is named by."""
    (top, bottom), (left, right) = sorted((one[0], other[0])), sorted((one[1], other[1]))
    return (top, left), (bottom, right)


def _between(columns: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The columns that are none of these, as first and last."""
    gaps, after = [], 0
    for first, last in sorted(columns):
        if first > after:
            gaps.append((after, first - 1))
        after = max(after, last + 1)
    return [*gaps, (after, MOST_COLUMNS - 1)]


def _number(text: str | None) -> int:
    """A small number of an attribute; 0 for anything else."""
    return int(text) if text and text.isascii() and text.isdecimal() and len(text) < 8 else 0


def parse_xml(
    xml: bytes,
    what: str,
    start: Callable[[str, dict[str, str]], object] | None = None,
    end: Callable[[str], object] | None = None,
    text: Callable[[str], object] | None = None,
) -> None:
    """Parses a document; RefusedError when it is not well-formed or defines a document type.

    `what` names it in the refusal. Names have their namespace before them (`_local`); handlers are called directly,
    being called so often.
    """
    parser = expat.ParserCreate(namespace_separator=SEPARATOR)
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse_doctype
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = text
    try:
        parser.Parse(xml, True)
    except (expat.ExpatError, ValueError, LookupError):
        at = f"第 {parser.ErrorLineNumber} 行第 {parser.ErrorColumnNumber + 1} 个字符处"
        raise RefusedError("file.malformed", f"{what}的内容在{at}不合 XML 的语法") from None


@lru_cache(maxsize=256)
def local_name(name: str) -> str:
    return name.rpartition(SEPARATOR)[2]


def _refuse_doctype(*_: object) -> None:
    raise RefusedError("file.suspicious", "XML 实体定义")
