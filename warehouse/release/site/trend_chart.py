"""A number over the years as SVG. No line crosses a break: what is on its two sides is not one thing."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise

from warehouse.release.site.svg import FONT_PIXELS, MARKED, PLAIN, SOFT, element, length, picture, text, width

YEAR_PIXELS, PLOT_PIXELS, TOP_PIXELS = 92, 110, 26
FOOT_PIXELS = 24
SIDE_PIXELS = 34


@dataclass(frozen=True)
class TrendPoint:
    """A year's number as printed; without one, `text` says why. `broken` says why it does not follow from the point
    before ('' when it does)."""

    year: int
    value: Decimal | None
    text: str
    is_whole: bool = True
    broken: str = ""


@dataclass(frozen=True)
class Trend:
    """Points in the order of their years, one a year."""

    title: str
    description: str
    points: Sequence[TrendPoint]


def trend(title: str, points: Sequence[TrendPoint]) -> Trend:
    """With what it shows in words; `points` holds a number at least."""
    shown = [f"{point.year}年 {point.text}{'（不完整）' if not point.is_whole else ''}" for point in points]
    broken = [f"{point.year}年与上一年之间断开：{point.broken}" for point in points if point.broken]
    return Trend(title, f"折线图。{'；'.join([*shown, *broken])}。", tuple(points))


def runs(points: Sequence[TrendPoint]) -> list[list[TrendPoint]]:
    """The points that a line may join: a break and a year without a number end a run."""
    found: list[list[TrendPoint]] = []
    joined = False
    for point in points:
        if point.value is None:
            joined = False
            continue
        if not joined or point.broken:
            found.append([])
        found[-1].append(point)
        joined = True
    return found


def draw_trend(chart: Trend, name: str) -> str:
    """The chart as an accessible `svg` element; `name` makes its ids unique on the page."""
    side = max(SIDE_PIXELS, *(width(point.text) / 2 + 4 for point in chart.points))
    step = max(YEAR_PIXELS, 2 * side)
    across = 2 * side + step * (len(chart.points) - 1)
    values = [point.value for point in chart.points if point.value is not None]
    low, high = min(values), max(values)
    bottom = TOP_PIXELS + PLOT_PIXELS
    x = {point.year: side + step * number for number, point in enumerate(chart.points)}

    def y(value: Decimal) -> float:
        return bottom - 12 - float(value - low) / float(high - low or 1) * (PLOT_PIXELS - 24) * (high > low)

    parts = [element("path", d=f"M0 {bottom}H{length(across)}", stroke="#c9d1d9")]
    for before, after in pairwise(chart.points):
        if after.broken:
            parts.append(_break(after.broken, (x[before.year] + x[after.year]) / 2, bottom))
    for run in runs(chart.points):
        way = "L".join(f"{length(x[p.year])} {length(y(p.value))}" for p in run if p.value is not None)
        parts.append(element("path", d=f"M{way}", fill="none", stroke=PLAIN, stroke_width=2, class_="run"))
    parts += [_point(p, x[p.year], None if p.value is None else y(p.value), bottom) for p in chart.points]
    return picture(name, chart.title, chart.description, across, bottom + FOOT_PIXELS, parts)


def _break(why: str, x: float, bottom: float) -> str:
    drawn = element("path", d=f"M{length(x)} {FONT_PIXELS + 5}V{bottom}", stroke=MARKED, stroke_dasharray="4 3")
    return element("g", drawn + text(why, x, FONT_PIXELS, "middle", fill=MARKED), class_="break")


def _point(point: TrendPoint, x: float, y: float | None, bottom: float) -> str:
    year = text(f"{point.year}年", x, bottom + FONT_PIXELS + 4, "middle", fill=SOFT)
    if y is None:
        drawn = text(point.text, x, bottom - 8, "middle", fill=SOFT)
    else:
        circle: dict[str, object] = {"cx": length(x), "cy": length(y), "r": 4.5, "stroke": PLAIN, "stroke_width": 2}
        drawn = element("circle", "", **circle, fill=PLAIN if point.is_whole else "#fff")
        drawn += text(point.text, x, y - 10, "middle")
    return element("g", drawn + year, data_label=f"{point.year}年", data_text=point.text, data_group=point.broken)
