"""A sheet's cells written anew for calamine, where the XML holds what it would cut a value at or refuse a workbook for.

Comments, instructions and character references inside a number, errors that newer programs know, dates with a zone,
what programs add to a cell: all of it is allowed, and none of it is what a person sees. Most sheets hold none of it and
stay as they are.
"""

import re
from xml.sax.saxutils import escape, quoteattr

from sources.read.sheet_xml import MAIN, parse_xml

UNUSUAL = (b"<!", b"&#", *(f"t={quote}{kind}{quote}".encode() for kind in ("e", "d", "") for quote in "\"'"))
"""Looked for before anything is parsed: a sheet without these stays as it is."""
ADDED, END_OF_CELLS, INSTRUCTION = b"extLst", b"sheetData>", b"<?"
WITHIN_CELLS = ("f", "v", "is", "r", "t", "rPh")
TEXTS = ("f", "v", "t")
KNOWN_ERRORS = ("#DIV/0!", "#N/A", "#NAME?", "#NULL!", "#NUM!", "#REF!", "#VALUE!")
RETURNS = {"\r": "_x000D_"}
"""Which a parser would make line feeds of."""
STANDS_FOR_ERROR = "#N/A"
"""For errors that calamine does not know. Which it is, the other reader says."""
MOMENT = re.compile(r"(\d{4}-\d\d-\d\d)(?:T(\d\d:\d\d)(:\d\d)?(?:\.\d+)?)?(?:Z|[+-]00:?00)?")
"""Day, time and seconds of a moment as a person sees it. In other zones programs disagree: it stays as written."""


def plain_sheet(xml: bytes) -> bytes:
    """The worksheet as it is, or, where something in it is unusual, its rows and cells alone, written plainly.

    Raises RefusedError for XML that is not well-formed.
    """
    is_added_to = xml.find(ADDED, 0, max(xml.rfind(END_OF_CELLS), 0)) >= 0
    has_instruction = xml.find(INSTRUCTION, 1) >= 0  # the declaration of a part, if it has one, is its first bytes
    if not is_added_to and not has_instruction and not any(found in xml for found in UNUSUAL):
        return xml
    writer = _Writer()
    parse_xml(xml, "工作表", writer.start, writer.end, writer.text)
    return f'<worksheet xmlns="{MAIN}"><sheetData>{"".join(writer.written)}</sheetData></worksheet>'.encode()


class _Writer:
    """Where the parser stands, and what is written so far. `skipped`: how deep it is in what is left out."""

    def __init__(self) -> None:
        self.written: list[str] = []
        self.among_cells = self.in_cell = False
        self.skipped = 0
        self.kind = ""
        self.letters: list[str] = []

    def start(self, element: str, attributes: dict[str, str]) -> None:
        name = element.rpartition("}")[2]
        if self.skipped or (self.in_cell and name not in WITHIN_CELLS):
            self.skipped += 1
        elif self.in_cell:
            self.letters.clear()
            self.written.append('<t xml:space="preserve">' if name == "t" else f"<{name}>")
        elif name == "sheetData":
            self.among_cells = True
        elif name == "row" and self.among_cells:
            self.written.append(f"<row{_kept(attributes, 'r')}>")
        elif name == "c" and self.among_cells:
            self.in_cell, self.kind = True, attributes.get("t", "")
            self.written.append(f"<c{_kept(attributes, 'r', 's', 't')}>")

    def text(self, letters: str) -> None:
        if self.in_cell and not self.skipped:
            self.letters.append(letters)

    def end(self, element: str) -> None:
        name = element.rpartition("}")[2]
        if self.skipped:
            self.skipped -= 1
        elif self.in_cell and name != "c":
            text = "".join(self.letters) if name in TEXTS else ""
            self.letters.clear()
            shown = self._value(text) if name == "v" else text
            self.written.append(f"{escape(shown, RETURNS)}</{name}>")
        elif name == "sheetData":
            self.among_cells = False
        elif name in ("c", "row") and self.among_cells:
            self.in_cell = False
            self.written.append(f"</{name}>")

    def _value(self, text: str) -> str:
        if self.kind == "e":
            return text if text in KNOWN_ERRORS else STANDS_FOR_ERROR
        if self.kind == "d" and (found := MOMENT.fullmatch(text.strip())):
            return f"{found[1]}T{found[2]}{found[3] or ':00'}" if found[2] else found[1]
        return text


def _kept(attributes: dict[str, str], *names: str) -> str:
    return "".join(f" {name}={quoteattr(attributes[name])}" for name in names if attributes.get(name))
