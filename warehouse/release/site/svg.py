"""Pieces of SVG: every text escaped and legible, every length a plain number.

The layout is given in pixels and nothing is measured, so the bytes depend on no font of the machine. Labels are drawn
by the reader's own Chinese font. Colours and fonts stand in attributes: a picture saved alone looks the same.
"""

from collections.abc import Iterable

from markupsafe import escape

from sources.system.plain_text import legible

FONT = "system-ui, PingFang SC, Microsoft YaHei, Noto Sans CJK SC, sans-serif"
FONT_PIXELS = 13
PLAIN, MARKED, INK, SOFT = "#5b84b1", "#b3541e", "#1b1f24", "#4a5460"
SVG = "http://www.w3.org/2000/svg"


def element(name: str, content: str = "", **attributes: object) -> str:
    """One element; `content` is SVG already, attributes are escaped. `_` in a name of an attribute stands for `-`."""
    given = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(legible(str(value)))}"'
        for key, value in attributes.items()
        if value != ""
    )
    return f"<{name}{given}>{content}</{name}>" if content else f"<{name}{given}/>"


def text(words: str, x: float, y: float, anchor: str = "start", **attributes: object) -> str:
    """Words on a line; `x`, `y` are where its `anchor` (start, middle, end) stands on the base line, in pixels."""
    placed = {"x": length(x), "y": length(y), "text_anchor": "" if anchor == "start" else anchor}
    return element("text", str(escape(legible(words))), **(placed | attributes))


def length(pixels: float) -> str:
    return f"{pixels:.1f}".removesuffix(".0")


def width(words: str) -> float:
    """Of a text, in pixels: a Chinese character is as wide as the font is high, a Latin one a bit more than half."""
    return FONT_PIXELS * sum(1.0 if ord(character) > 0x2E80 else 0.6 for character in words)


def picture(name: str, title: str, description: str, across: float, down: float, parts: Iterable[str]) -> str:
    """An accessible `svg` element, `across` times `down` pixels; `name` makes its ids unique on the page."""
    told = f'<title id="{name}-title">{escape(legible(title))}</title>'
    told += f'<desc id="{name}-desc">{escape(legible(description))}</desc>'
    return element(
        "svg",
        told + "".join(parts),
        xmlns=SVG,
        width=length(across),
        height=length(down),
        viewBox=f"0 0 {length(across)} {length(down)}",
        role="img",
        aria_labelledby=f"{name}-title {name}-desc",
        font_family=FONT,
        font_size=FONT_PIXELS,
        fill=INK,
    )
