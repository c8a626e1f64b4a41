"""The styles of a workbook, as far as they decide what a person sees of a cell: format, struck letters, colours."""

import re
from dataclasses import dataclass, field

from sources.read.letter_font import BLACK, THEME, WHITE, Font, Theme, as_float, colour_of, font_with
from sources.read.number_format import BUILT_IN, DATES
from sources.read.sheet_xml import RefusedError, local_name, parse_xml


@dataclass(frozen=True, slots=True)
class Look:
    """How a cell looks: the code of its number format, its font, the colour behind it ('' where it is not known).

    `is_repeated`: what it holds is written again and again until the cell is full.
    """

    format_code: str = "General"
    font: Font = field(default_factory=Font)
    ground: str = WHITE
    is_repeated: bool = False

    @property
    def is_plain(self) -> bool:
        """Whether everything in it is shown as it is stored."""
        if self.font.is_struck or self.is_repeated:
            return False
        return self.format_code in ("General", "@", "") and not self.is_unseen

    @property
    def is_unseen(self) -> bool:
        """Whether its letters cannot be told from the ground."""
        return self.font.is_unseen_on(self.ground)


PLAIN = Look()
THEME_NAMES = ("lt1", "dk1", "lt2", "dk2", *(f"accent{number}" for number in range(1, 7)), "hlink", "folHlink")
"""What a theme calls its colours, in the order in which cells count them."""
COLOUR = re.compile(r"[0-9A-Fa-f]{6}")


def read_theme(xml: bytes | None) -> Theme:
    """The colours of a workbook's own theme; the usual one's where it has none, or none that can be read."""
    found: dict[str, str] = {}
    named: list[str] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        element = local_name(name)
        if element in THEME_NAMES:
            named[:] = [element]
        elif named and element in ("srgbClr", "sysClr"):  # a theme's other ways to say a colour cannot be told
            colour = attributes.get("lastClr") or attributes.get("val", "")
            found.setdefault(named[0], colour.upper() if COLOUR.fullmatch(colour) else "")

    def end(name: str) -> None:
        if local_name(name) in THEME_NAMES:
            named.clear()

    try:
        parse_xml(xml or b"", "主题", start, end)
    except RefusedError:
        return THEME
    return tuple(found.get(name, "") for name in THEME_NAMES) if found else THEME


def read_looks(xml: bytes | None, theme: Theme = THEME) -> tuple[Look, ...]:
    """The looks that cells name by number; none where a workbook has no styles, or none that can be read."""
    if xml is None:
        return ()
    reader = _StylesReader(theme)
    try:
        parse_xml(xml, "格式", reader.start, reader.end)
    except RefusedError:  # the reader of values does without; then everything is shown as it is stored
        return ()
    return reader.looks()


class _StylesReader:
    """Where the parser stands among formats, fonts, fills and cell formats."""

    def __init__(self, theme: Theme) -> None:
        self.theme = theme
        self.path: list[str] = []
        self.codes = BUILT_IN | DATES
        self.fonts: list[Font] = []
        self.fills: list[str] = []
        self.cells: list[tuple[int, int, int]] = []
        self.repeated: set[int] = set()

    def start(self, name: str, attributes: dict[str, str]) -> None:
        element = local_name(name)
        within = self.path[-1] if self.path else ""
        if element == "numFmt" and "dxf" not in self.path:
            self.codes[int(as_float(attributes.get("numFmtId", ""), 0))] = attributes.get("formatCode", "General")
        elif element == "font" and within == "fonts":
            self.fonts.append(Font())
        elif within == "font" and "fonts" in self.path:
            self.fonts[-1] = font_with(self.fonts[-1], element, attributes, self.theme)
        elif element == "fill" and within == "fills":
            self.fills.append(WHITE)
        elif element == "patternFill" and "fills" in self.path and attributes.get("patternType", "none") != "none":
            self.fills[-1] = BLACK if attributes["patternType"] == "solid" else ""
        elif element == "gradientFill" and "fills" in self.path:
            self.fills[-1] = ""
        elif element == "fgColor" and "fills" in self.path and self.fills[-1] == BLACK:
            self.fills[-1] = colour_of(attributes, BLACK, self.theme)
        elif element == "xf" and within == "cellXfs":
            numbers = (int(as_float(attributes.get(key, "0"), 0)) for key in ("numFmtId", "fontId", "fillId"))
            self.cells.append(tuple(numbers))  # type: ignore[arg-type]  # three of them
        elif element == "alignment" and attributes.get("horizontal") == "fill" and self.path[-2:] == ["cellXfs", "xf"]:
            self.repeated.add(len(self.cells) - 1)
        self.path.append(element)

    def end(self, name: str) -> None:
        self.path.pop()

    def looks(self) -> tuple[Look, ...]:
        fonts, fills = dict(enumerate(self.fonts)), dict(enumerate(self.fills))
        return tuple(
            Look(self.codes.get(code, "General"), fonts.get(font, Font()), fills.get(fill, WHITE), at in self.repeated)
            for at, (code, font, fill) in enumerate(self.cells)
        )
