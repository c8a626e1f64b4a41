"""Which cells the formulas of a workbook look at, so that nobody keeps a result of what has been typed over."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sources.read.sheet_xml import MOST_COLUMNS, Position, address, local_name, parse_xml, position_of

REFERENCE = re.compile(
    r"(?:(?:'(?P<quoted>(?:[^']|'')+)'|(?P<plain>[^'!:\[\]]+))!)?"
    r"\$?(?P<left>[A-Z]{1,3})?\$?(?P<top>[1-9][0-9]{0,6})?(?P<range>:\$?(?P<right>[A-Z]{1,3})?\$?(?P<bottom>[1-9][0-9]{0,6})?)?",
    re.IGNORECASE,
)
MOST_ROWS = 1_048_576
LOOKS_ANYWHERE = ("INDIRECT(", "OFFSET(")
"""Functions whose arguments do not say which cells they look at."""
MOST_FORMULAS, MOST_LETTERS = 2_000, 100_000
"""Of the sheets of a workbook, and letters in them; more are taken to look at everything."""


@dataclass(frozen=True, slots=True)
class CellFormula:
    """A formula of a cell. `shared`: the number under which several cells share one, '' where none do.

    `covers`: the range for which it stands, where it stands for others too.
    """

    at: Position
    text: str
    shared: str = ""
    covers: str = ""


@dataclass(frozen=True, slots=True)
class LookedAt:
    """A rectangle of a sheet; `title` is folded."""

    title: str
    first: Position
    last: Position

    def has(self, title: str, at: Position) -> bool:
        is_in = self.first[0] <= at[0] <= self.last[0] and self.first[1] <= at[1] <= self.last[1]
        return is_in and self.title == title.casefold()


def formulas_of(xml: bytes, title: str) -> list[CellFormula]:
    """The formulas in the XML of a sheet; shared ones as each cell would have its own."""
    reader = _FormulaReader()
    parse_xml(xml, f"“{title}”表", reader.start, reader.end, reader.letters.append)
    return _with_own_text(reader.found)


def outdated(
    formulas: Mapping[str, Sequence[CellFormula]], typed: Iterable[tuple[str, Position]]
) -> set[tuple[str, Position]]:
    """(title, cell) of the formulas whose result may be another once the cells `typed` are: they look at these, or at
    cells that do."""
    every = [(title, each) for title, of in formulas.items() for each in of]
    if len(every) > MOST_FORMULAS or sum(len(each.text) for _, each in every) > MOST_LETTERS:
        return {(title, each.at) for title, each in every}
    asked = {(title, each.at): _looked_at(each.text, title) for title, each in every}
    news, found = set(typed), set[tuple[str, Position]]()
    while news:
        now = {
            at
            for at, ranges in asked.items()
            if at not in found and (ranges is None or any(each.has(*new) for each in ranges for new in news))
        }
        found |= now
        news = now
    return found


def _looked_at(text: str, title: str) -> list[LookedAt] | None:
    """The ranges that a formula looks at; None where that cannot be told."""
    from openpyxl.formula import Tokenizer  # hardly a school's file has formulas

    if any(each in text.upper().replace(" ", "") for each in LOOKS_ANYWHERE):
        return None
    try:
        items = Tokenizer(f"={text}").items
    except Exception:  # noqa: BLE001 - a formula that is none
        return None
    ranges = []
    for each in (item for item in items if item.type == "OPERAND" and item.subtype == "RANGE"):
        match = REFERENCE.fullmatch(each.value)
        if match is None or not (match["left"] or match["top"]):
            return None
        if not match["range"] and not (match["left"] and match["top"]):
            return None  # a name
        sheet = (match["quoted"] or match["plain"] or title).replace("''", "'")
        right, bottom = (match["right"], match["bottom"]) if match["range"] else (match["left"], match["top"])
        first = position_of(f"{(match['left'] or 'A').upper()}{match['top'] or 1}")
        last = int(bottom or MOST_ROWS) - 1, position_of(f"{right.upper()}1")[1] if right else MOST_COLUMNS - 1
        ranges.append(LookedAt(sheet.casefold(), *_corners(first, last)))
    return ranges


def _corners(one: Position, other: Position) -> tuple[Position, Position]:
    (top, bottom), (left, right) = sorted((one[0], other[0])), sorted((one[1], other[1]))
    return (top, left), (bottom, right)


def _with_own_text(found: Sequence[CellFormula]) -> list[CellFormula]:
    from openpyxl.formula.translate import Translator

    first = {each.shared: each for each in found if each.shared and each.text}
    own = []
    for each in found:
        if each.shared and not each.text and (origin := first.get(each.shared)):
            text = Translator(f"={origin.text}", origin=address(*origin.at)).translate_formula(address(*each.at))
            each = CellFormula(each.at, text.removeprefix("="), each.shared)
        own.append(each)
    return own


class _FormulaReader:
    """Where the parser stands among the cells, and the formulas so far."""

    def __init__(self) -> None:
        self.found: list[CellFormula] = []
        self.letters: list[str] = []
        self.at: Position = (-1, -1)
        self.attributes: dict[str, str] = {}

    def start(self, element: str, attributes: dict[str, str]) -> None:
        name = local_name(element)
        if name == "row":
            self.at = (int(attributes["r"]) - 1 if "r" in attributes else self.at[0] + 1), -1
        elif name == "c":
            self.at = position_of(attributes["r"]) if "r" in attributes else (self.at[0], self.at[1] + 1)
        elif name == "f":
            self.attributes = attributes
            self.letters.clear()

    def end(self, element: str) -> None:
        if local_name(element) == "f":
            text, of = "".join(self.letters), self.attributes
            self.found.append(CellFormula(self.at, text, of.get("si", ""), of.get("ref", "")))
