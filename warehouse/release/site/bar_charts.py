"""Bar charts of a few named numbers, as SVG to stand in a page.

The layout is given in pixels and nothing is measured, so the bytes depend on no font of the machine. Labels are drawn
by the reader's own Chinese font.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import altair as alt
import vl_convert
from markupsafe import escape

from warehouse.release.fonts import use_shipped_font

FONT = "system-ui, 'PingFang SC', 'Microsoft YaHei', 'Noto Sans CJK SC', sans-serif"
FONT_PIXELS = 13
BAR_PIXELS = 24
PLOT_PIXELS = 160
PLAIN, MARKED, INK = "#5b84b1", "#b3541e", "#1b1f24"


@dataclass(frozen=True)
class Bar:
    """One bar; `text` is the number as printed."""

    label: str
    value: Decimal
    text: str
    is_marked: bool = False


@dataclass(frozen=True)
class Chart:
    """Bars under a title; `description` says in words what a reader would see."""

    title: str
    description: str
    bars: Sequence[Bar]


def draw(chart: Chart, name: str) -> str:
    """The chart as an accessible `svg` element; `name` makes its ids unique on the page."""
    # Long: one chart, declared in one piece.
    rows = [
        {"row": number, "value": float(bar.value), "text": bar.text, "marked": bar.is_marked}
        for number, bar in enumerate(chart.bars)
    ]
    labels = json.dumps([bar.label for bar in chart.bars], ensure_ascii=False)
    names = alt.Axis(
        title=None,
        ticks=False,
        domain=False,
        labelExpr=f"{labels}[datum.value]",
        labelLimit=0,
        labelPadding=8,
        labelFontSize=FONT_PIXELS,
        labelColor=INK,
    )
    base = alt.Chart(alt.Data(values=rows)).encode(
        y=alt.Y("row:O", axis=names, scale=alt.Scale(paddingInner=0.25, paddingOuter=0.1)),
        x=alt.X("value:Q", axis=None),
    )
    bars = base.mark_bar(aria=False).encode(color=alt.condition(alt.datum.marked, alt.value(MARKED), alt.value(PLAIN)))
    texts = base.mark_text(aria=False, align="left", dx=5, fontSize=FONT_PIXELS, color=INK).encode(text="text:N")
    specification = (
        (bars + texts)
        .properties(
            width=PLOT_PIXELS,
            height=BAR_PIXELS * len(rows),
            autosize=alt.AutoSizeParams(type="none"),
            padding={
                "left": 8 + FONT_PIXELS * max(_width(bar.label) for bar in chart.bars),
                "right": 12 + FONT_PIXELS * max(_width(bar.text) for bar in chart.bars),
                "top": 2,
                "bottom": 2,
            },
        )
        .configure(font=FONT, background="transparent", aria=False)
        .configure_view(stroke=None)
    )
    use_shipped_font()
    svg = vl_convert.vegalite_to_svg(specification.to_dict(validate=False))
    head, drawing = re.split(r"(?<=>)", svg, maxsplit=1)
    size = re.search(r'width="[\d.]+" height="[\d.]+" viewBox="[\d. ]+"', head)
    assert size is not None
    title = f'<title id="{name}-title">{escape(chart.title)}</title>'
    description = f'<desc id="{name}-desc">{escape(chart.description)}</desc>'
    return f'<svg {size[0]} role="img" aria-labelledby="{name}-title {name}-desc">{title}{description}{drawing}'


def _width(text: str) -> float:
    """Of a text in units of the font's size: a Chinese character is one wide, a Latin one a bit more than half."""
    return sum(1.0 if ord(character) > 0x2E80 else 0.6 for character in text)
