"""Bar charts of a few named numbers, as SVG to stand in a page."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby

from warehouse.release.site.svg import FONT_PIXELS, INK, MARKED, PLAIN, SOFT, element, length, picture, text, width

BAR_PIXELS, GAP_PIXELS, PLOT_PIXELS = 18, 6, 160
ROW_PIXELS = BAR_PIXELS + GAP_PIXELS
MARGIN = 8


@dataclass(frozen=True)
class Bar:
    """One bar; `text` is the number as printed. Bars of one `group` stand together under its name."""

    label: str
    value: Decimal
    text: str
    is_marked: bool = False
    group: str = ""


@dataclass(frozen=True)
class Chart:
    """Bars under a title; `description` says in words what a reader would see. `line` is a bound across all bars."""

    title: str
    description: str
    bars: Sequence[Bar]
    line: Decimal | None = None
    line_text: str = ""


def draw_bars(chart: Chart, name: str) -> str:
    """The chart as an accessible `svg` element; `name` makes its ids unique on the page."""
    values = [bar.value for bar in chart.bars] + ([] if chart.line is None else [chart.line])
    low, high = min(Decimal(0), *values), max(Decimal(0), *values)
    left = 1.5 * MARGIN + max(width(bar.label) for bar in chart.bars)
    over = PLOT_PIXELS / float(high - low or 1)

    def at(value: Decimal) -> float:
        return left + float(value - low) * over

    parts, down = [], 0.0
    if chart.line is not None:
        down += ROW_PIXELS
    for group, bars in groupby(chart.bars, key=lambda bar: bar.group):
        if group:
            parts.append(text(group, left, down + FONT_PIXELS + 3, "end", fill=SOFT, font_weight=600))
            down += ROW_PIXELS
        for bar in bars:
            parts.append(_bar(bar, left, at(Decimal(0)), at(bar.value), down))
            down += ROW_PIXELS
    if chart.line is not None:
        parts.append(_line(chart.line_text, at(chart.line), down))
    across = left + PLOT_PIXELS + MARGIN + max(width(bar.text) for bar in chart.bars)
    if chart.line is not None:
        across = max(across, at(chart.line) + width(chart.line_text) / 2 + MARGIN)
    return picture(name, chart.title, chart.description, across, down, parts)


def _bar(bar: Bar, left: float, zero: float, end: float, down: float) -> str:
    base = down + FONT_PIXELS + 3
    drawn = element(
        "rect",
        x=length(min(zero, end)),
        y=length(down + GAP_PIXELS / 2),
        width=length(abs(end - zero)),
        height=BAR_PIXELS,
        fill=MARKED if bar.is_marked else PLAIN,
    )
    label = text(bar.label, left - MARGIN, base, "end", font_weight=700 if bar.is_marked else "")
    number = text(bar.text, max(zero, end) + 5, base)
    return element("g", label + drawn + number, data_label=bar.label, data_group=bar.group, data_text=bar.text)


def _line(words: str, x: float, down: float) -> str:
    drawn = element("path", d=f"M{length(x)} {ROW_PIXELS - 4}V{length(down)}", stroke=INK, stroke_dasharray="4 3")
    return drawn + text(words, x, FONT_PIXELS + 2, "middle", fill=INK)
