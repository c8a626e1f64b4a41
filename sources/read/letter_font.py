"""How letters look: struck out, raised, in the colour of the ground, too small to be read."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

WHITE, BLACK = "FFFFFF", "000000"
Theme = tuple[str, ...]
"""Colours by the number with which a workbook names them, as `Font.colour`."""
THEME: Theme = (
    "FFFFFF", "000000", "E7E6E6", "44546A", "4472C4", "ED7D31",
    "A5A5A5", "FFC000", "5B9BD5", "70AD47", "0563C1", "954F72",
)  # fmt: skip
"""Those of the usual theme, for a workbook that has none."""
PALETTE = (
    BLACK, WHITE, "FF0000", "00FF00", "0000FF", "FFFF00", "FF00FF", "00FFFF",
    "800000", "008000", "000080", "808000", "800080", "008080", "C0C0C0", "808080",
    "9999FF", "993366", "FFFFCC", "CCFFFF", "660066", "FF8080", "0066CC", "CCCCFF",
    "000080", "FF00FF", "FFFF00", "00FFFF", "800080", "800000", "008080", "0000FF",
    "00CCFF", "CCFFFF", "CCFFCC", "FFFF99", "99CCFF", "FF99CC", "CC99FF", "FFCC99",
    "3366FF", "33CCCC", "99CC00", "FFCC00", "FF9900", "FF6600", "666699", "969696",
    "003366", "339966", "003300", "333300", "993300", "993366", "333399", "333333",
)  # fmt: skip
"""The old palette: its first eight colours are numbered 0 to 7 and again from 8 on; number formats count from 1."""
INDEXED = dict(enumerate((*PALETTE[:8], *PALETTE)))
COLOURS = "black white red green blue yellow magenta cyan", "黑色 白色 红色 绿色 蓝色 黄色 洋红 蓝绿色"
NAMED = {name: colour for names in COLOURS for name, colour in zip(names.split(), PALETTE, strict=False)}
"""As number formats name them."""
LEAST_CONTRAST = 1.2
"""Between letters and ground, as WCAG measures it (1 to 21): below it nobody sees that anything stands there."""
SMALLEST_POINTS = 3
"""Letters smaller than this cannot be read."""


@dataclass(frozen=True, slots=True)
class Font:
    """How letters look. `colour`: six hexadecimal digits, '' where it is not known."""

    is_struck: bool = False
    is_raised: bool = False
    """Superscript or subscript: a mark, and no part of the number before it."""
    colour: str = BLACK
    points: float = 11

    def is_unseen_on(self, ground: str) -> bool:
        return self.points < SMALLEST_POINTS or (
            bool(self.colour and ground) and contrast(self.colour, ground) < LEAST_CONTRAST
        )


def font_with(font: Font, element: str, attributes: Mapping[str, str], theme: Theme = THEME) -> Font:
    """A font after one element of its description."""
    value = attributes.get("val", "1")
    if element in ("strike", "dstrike"):
        return replace(font, is_struck=value not in ("0", "false"))
    if element == "vertAlign":
        return replace(font, is_raised=value in ("superscript", "subscript"))
    if element == "color":
        return replace(font, colour=colour_of(attributes, BLACK, theme))
    if element == "sz":
        return replace(font, points=as_float(value, 11))
    return font


def colour_of(attributes: Mapping[str, str], automatic: str, theme: Theme = THEME) -> str:
    """Six hexadecimal digits; '' for a colour that cannot be told."""
    if "rgb" in attributes:
        return attributes["rgb"][-6:].upper()
    if "theme" in attributes:
        number = int(as_float(attributes["theme"], 99))
        base = theme[number] if 0 <= number < len(theme) else ""
        return _tinted(base, as_float(attributes.get("tint", "0"), 0)) if base else ""
    if "indexed" in attributes:
        number = int(as_float(attributes["indexed"], 99))
        return automatic if number >= 64 else INDEXED.get(number, "")
    return automatic


def colour_named(name: str) -> str:
    """The colour that a number format calls by a name or a number; '' where there is none."""
    number = int(name) if name.isdecimal() else 0
    return PALETTE[number - 1] if 0 < number <= len(PALETTE) else NAMED.get(name, "")


@lru_cache(maxsize=1024)
def contrast(one: str, other: str) -> float:
    """The contrast of two colours, from 1 (the same) to 21 (black on white): WCAG 2.2, relative luminance."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: str) -> float:
    try:
        parts = [int(colour[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    except ValueError:  # no colour at all
        return 0.0
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _tinted(colour: str, tint: float) -> str:
    parts = (int(colour[at : at + 2], 16) for at in (0, 2, 4))
    return "".join(f"{round(part * (1 + tint) if tint < 0 else part + (255 - part) * tint):02X}" for part in parts)


def as_float(text: str, otherwise: float) -> float:
    try:
        number = float(text)
    except ValueError:
        return otherwise
    return number if abs(number) < 1e6 else otherwise
