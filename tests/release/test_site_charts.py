"""The pictures of the site: what a line may join, what stands in words, and texts that stay texts."""

from decimal import Decimal

import pytest
from lxml import etree

from sources.system.plain_text import legible
from tests.support.hostile_texts import HOSTILE
from warehouse.release.site.bar_charts import PLOT_PIXELS, Bar, Chart, draw_bars
from warehouse.release.site.svg import SVG
from warehouse.release.site.trend_chart import TrendPoint, draw_trend, runs, trend


def point(year: int, value: str | None, broken: str = "", is_whole: bool = True) -> TrendPoint:
    return TrendPoint(year, None if value is None else Decimal(value), value or "未报告", is_whole, broken)


def elements(svg: str, name: str) -> list[etree._Element]:
    return list(etree.fromstring(svg.encode()).iter(f"{{{SVG}}}{name}"))


def across(path: etree._Element) -> list[float]:
    """Where the corners of a line stand, in pixels from the left."""
    return [float(corner.split()[0]) for corner in path.get("d").removeprefix("M").split("L")]


WHOLE = [point(2020, "5"), point(2021, "6"), point(2022, "4"), point(2023, "9")]


@pytest.mark.parametrize(
    ("points", "joined"),
    [
        (WHOLE, [[2020, 2021, 2022, 2023]]),
        ([*WHOLE[:2], point(2022, "4", "口径不同"), WHOLE[3]], [[2020, 2021], [2022, 2023]]),
        ([WHOLE[0], point(2021, None), *WHOLE[2:]], [[2020], [2022, 2023]]),
        ([point(2021, None), point(2022, "1", "口径不同")], [[2022]]),
        ([point(2020, "1"), point(2021, "2", "定义不同"), point(2022, "3", "口径不同")], [[2020], [2021], [2022]]),
    ],
    ids=["nothing between", "another scope", "a year without", "begins broken", "broken twice"],
)
def test_a_line_ends_where_two_years_must_not_be_compared(points: list[TrendPoint], joined: list[list[int]]) -> None:
    assert [[each.year for each in run] for run in runs(points)] == joined
    lines = [path for path in elements(draw_trend(trend("在校生", points), "a"), "path") if path.get("class") == "run"]
    assert [len(across(line)) for line in lines] == [len(run) for run in joined]


def test_no_line_of_a_drawn_trend_crosses_a_break() -> None:
    svg = draw_trend(trend("在校生", [*WHOLE[:2], point(2022, "4", "口径不同"), WHOLE[3]]), "a")
    (mark,) = [float(group[0].get("d").split()[0][1:]) for group in elements(svg, "g") if group.get("class") == "break"]
    lines = [across(path) for path in elements(svg, "path") if path.get("class") == "run"]
    assert len(lines) == 2
    assert all(max(line) < mark or min(line) > mark for line in lines)


def test_a_trend_says_in_words_what_it_shows() -> None:
    told = trend("在校生", [point(2021, "6"), point(2022, None), point(2023, "9", "口径不同", is_whole=False)])
    assert told.description == (
        "折线图。2021年 6；2022年 未报告；2023年 9（不完整）；2023年与上一年之间断开：口径不同。"
    )


def test_an_incomplete_number_is_a_ring_and_a_whole_one_a_dot() -> None:
    circles = elements(draw_trend(trend("在校生", [WHOLE[0], point(2021, "6", is_whole=False)]), "a"), "circle")
    assert [circle.get("fill") == "#fff" for circle in circles] == [False, True]


def test_bars_are_as_long_as_their_values_and_fill_the_plot() -> None:
    bars = [Bar(name, Decimal(value), value) for name, value in (("甲", "30"), ("乙", "15"), ("丙", "0"))]
    drawn = elements(draw_bars(Chart("在校生", "", bars), "a"), "rect")
    assert [float(bar.get("width")) for bar in drawn] == [PLOT_PIXELS, PLOT_PIXELS / 2, 0]


def test_bars_below_zero_stand_left_of_it() -> None:
    bars = [Bar("甲", Decimal(-5), "-5"), Bar("乙", Decimal(5), "5")]
    below, above = elements(draw_bars(Chart("变化", "", bars), "a"), "rect")
    assert float(below.get("x")) + float(below.get("width")) == float(above.get("x"))


def test_a_standard_is_a_line_across_the_bars_where_its_value_stands() -> None:
    bars = [Bar("甲", Decimal(40), "40", group="中专"), Bar("乙", Decimal(10), "10", group="技工")]
    svg = draw_bars(Chart("生师比", "", bars, line=Decimal(20), line_text="标准：不高于 20"), "a")
    longest = elements(svg, "rect")[0]
    (line,) = elements(svg, "path")
    at = float(line.get("d").split()[0][1:])
    assert at == float(longest.get("x")) + float(longest.get("width")) / 2
    assert [text.text for text in elements(svg, "text")] == ["中专", "甲", "40", "技工", "乙", "10", "标准：不高于 20"]


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: ascii(text[:30]))
def test_a_text_in_a_picture_is_text(text: str) -> None:
    for svg in (
        draw_bars(Chart(text, text, [Bar(text, Decimal(1), text, group=text)], Decimal(1), text), "a"),
        draw_trend(trend(text, [TrendPoint(2022, Decimal(1), text), TrendPoint(2023, None, text, broken=text)]), "a"),
    ):
        root = etree.fromstring(svg.encode())
        tags = {etree.QName(each).localname for each in root.iter()}
        assert tags <= {"svg", "title", "desc", "g", "text", "rect", "path", "circle"}
        shown = {each.text.replace("\r", "\n") for each in root.iter(f"{{{SVG}}}text")}
        assert legible(text).replace("\r\n", "\n").replace("\r", "\n") in shown
