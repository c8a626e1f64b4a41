"""Charts of the report, drawn from the same figures that the text prints."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import altair
import polars as pl
import vl_convert

from sources.declarations.codelist import load_codelists
from sources.declarations.pack import load_head
from sources.system.kept_parts import NOTHING_KEPT, KeptParts
from warehouse.figures.fact import Fact, Reference
from warehouse.figures.region_year import YEARS_SHOWN
from warehouse.figures.year_figures import Figures
from warehouse.release.fonts import FONT, FONT_PACKAGE, use_shipped_font

INK, GRID = "#222222", "#d9d9d9"
COLOURS = ("#1f4e79", "#7f9fbf", "#c55a11", "#a5a5a5")
WIDTH, SCALE, EMU_PER_PIXEL = 560, 2.5, 9525
BAR, ROW, LABEL_LIMIT = 16, 26, 260
SCHOOLS_SHOWN = 30
NOT_SAID = ("order", "value", "of", "indicator")


@dataclass(frozen=True)
class Picture:
    """`width` is the natural one, in EMU; the description is for readers who cannot see the chart; `indicators` are
    those whose numbers it shows."""

    title: str
    description: str
    png: bytes
    width: int
    indicators: tuple[str, ...] = ()


def draw(name: str, figures: Figures, kept: KeptParts = NOTHING_KEPT) -> Picture | None:
    """The chart of that name (see CHARTS), or None when there is nothing to show."""
    title, rows, build = CHARTS[name]
    data = rows(figures)
    if len(data) < 2:
        return None
    chart = build(pl.DataFrame(data)).configure(
        font=FONT,
        background="white",
        view={"stroke": None},
        axis={
            "labelFontSize": 12,
            "titleFontSize": 12,
            "titleFontWeight": "normal",
            "labelColor": INK,
            "titleColor": INK,
            "gridColor": GRID,
            "domainColor": INK,
            "tickColor": INK,
            "labelLimit": LABEL_LIMIT,
        },
        legend={"labelFontSize": 12, "orient": "top", "title": None, "symbolType": "square", "labelColor": INK},
        header={"labelFontSize": 12, "title": None, "labelColor": INK},
    )
    drawn = chart.to_dict()

    def png_of() -> bytes:
        use_shipped_font()
        return vl_convert.vegalite_to_png(drawn, scale=SCALE)

    made_of = (json.dumps(drawn, sort_keys=True), str(SCALE), version("vl-convert-python"), version(FONT_PACKAGE))
    png = kept.part(made_of, png_of)
    years = sorted({*_years(data)})
    shown = "—".join(dict.fromkeys((years[0], years[-1]))) if years else ""
    texts = {"city": figures.subject_name, "year": figures.report_year, "years": shown}
    label = title.format(**texts) + (f"（前{len(data)}所，不为零的共{of}所）" if (of := data[0].get("of")) else "")
    said = "；".join("，".join(str(row[key]) for key in row if key not in NOT_SAID) for row in data)
    shows = tuple(dict.fromkeys(row["indicator"] for row in data))
    return Picture(label, f"{label}：{said}", png, _pixels(png) * EMU_PER_PIXEL, shows)


def _pixels(png: bytes) -> int:
    """The width that a PNG was drawn at before scaling; its header holds it in bytes 16 to 20."""
    return round(int.from_bytes(png[16:20], "big") / SCALE)


def _years(data: list[dict[str, Any]]) -> list[str]:
    return [row["year"] for row in data if "year" in row]


def _row(label: str, fact: Fact, order: int, **more: str) -> dict[str, Any]:
    assert fact.rounded is not None
    return {
        **more,
        "label": label,
        "value": float(fact.rounded),
        "text": fact.display,
        "order": order,
        "indicator": fact.reference.indicator,
    }


def _schools(indicator: str) -> Callable[[Figures], list[dict[str, Any]]]:
    """Schools with a value that is not zero, the greatest first; where they are too many for a page, `of` how many."""

    def rows(figures: Figures) -> list[dict[str, Any]]:
        facts = [(name, fact) for name, fact in figures.of_schools(indicator).items() if fact.rounded]
        facts.sort(key=lambda pair: -(pair[1].rounded or 0))
        shown = [_row(name, fact, order) for order, (name, fact) in enumerate(facts[:SCHOOLS_SHOWN])]
        return [row | {"of": len(facts)} for row in shown] if len(facts) > len(shown) else shown

    return rows


def _against_standard(indicator: str) -> Callable[[Figures], list[dict[str, Any]]]:
    """As `_schools`, with the bound that each is held against."""

    def rows(figures: Figures) -> list[dict[str, Any]]:
        schools = figures.of_schools(indicator)
        shown = _schools(indicator)(figures)
        bounds = {name: figures.latest_bound(fact.reference) for name, fact in schools.items()}
        region = figures.of_region(indicator)
        common = figures.latest_bound(region.reference) if region else None
        if common is None:
            return []
        return [
            row
            | {
                "bound": float(common.bound),
                "met": "未达标" if (of := bounds[row["label"]]) and of.verdict == "missed" else "达标",
            }
            for row in shown
        ]

    return rows


def _items(codes: Sequence[str]) -> Callable[[Figures], list[dict[str, Any]]]:
    def rows(figures: Figures) -> list[dict[str, Any]]:
        found = [(figures.catalogue.indicators[code].label, figures.of_region(code)) for code in codes]
        return [_row(label, fact, order) for order, (label, fact) in enumerate(found) if fact and fact.rounded]

    return rows


def _satisfaction(figures: Figures) -> list[dict[str, Any]]:
    """Everything that is asked in the survey."""
    codes = [f"satisfaction_{code.code}" for code in load_codelists(figures.catalogue.pack)["satisfaction_items"].codes]
    return _items(codes)(figures)


def _two_years(codes: dict[str, str]) -> Callable[[Figures], list[dict[str, Any]]]:
    """Last year beside this year, where the two compare."""

    def rows(figures: Figures) -> list[dict[str, Any]]:
        found = []
        for order, (code, label) in enumerate(codes.items()):
            this, last = figures.of_region(code), figures.of_region_last_year(code)
            if this and last and figures.changes[code].comparability == "comparable":
                found += [_row(label, fact, order, year=f"{fact.reference.year}年") for fact in (last, this)]
        return found

    return rows


def _awards(figures: Figures) -> list[dict[str, Any]]:
    """Prizes of the last years at the contests of the region and the nation."""
    found = []
    for level, contest in (
        ("regional", load_head(figures.catalogue.pack).words["province_contest"]),
        ("national", "全国技能大赛"),
    ):
        for order, prize in enumerate(load_codelists(figures.catalogue.pack)["prizes"].codes):
            code = f"official_awards_{level}_{prize.code}"
            chosen = figures.changes.get(code)
            for year in range(figures.report_year - YEARS_SHOWN + 1, figures.report_year + 1):
                if chosen is None:
                    continue
                of = chosen.current
                fact = figures.facts.get(Reference(code, year, of.subject, of.scope))
                if fact and fact.is_usable:
                    found.append(_row(prize.label, fact, order, contest=contest, year=str(year)))
    return found


def _bars(unit: str, colour: str = COLOURS[0]) -> Callable[[pl.DataFrame], altair.Chart]:
    """Horizontal bars with the printed number at the end of each."""

    def build(data: pl.DataFrame) -> altair.Chart:
        top = float(data.get_column("value").max()) * 1.12  # type: ignore[arg-type]
        base = altair.Chart(data, width=WIDTH - 180, height=ROW * len(data)).encode(
            y=altair.Y("label:N", sort=data.get_column("label").to_list(), title=None, axis={"ticks": False}),
            x=altair.X("value:Q", title=unit, scale={"domain": [0, top]}, axis={"tickCount": 6, "format": "d"}),
        )
        numbers = base.mark_text(align="left", dx=4, fontSize=12, color=INK).encode(text="text:N")
        chart: altair.Chart = base.mark_bar(size=BAR, color=colour) + numbers
        return chart

    return build


def _standard_bars(unit: str) -> Callable[[pl.DataFrame], altair.Chart]:
    def build(data: pl.DataFrame) -> altair.Chart:
        chart = _bars(unit)(data)
        chart.layer[0].encoding.color = altair.Color(
            "met:N", scale={"domain": ["达标", "未达标"], "range": [COLOURS[0], COLOURS[2]]}
        )
        rule = altair.Chart(data).mark_rule(strokeDash=[5, 3], color=INK, size=1.2).encode(x="mean(bound):Q")
        ruled: altair.Chart = chart + rule
        return ruled

    return build


def _pairs(unit: str) -> Callable[[pl.DataFrame], altair.Chart]:
    """Last year's bar above this year's."""

    def build(data: pl.DataFrame) -> altair.Chart:
        years = sorted(set(data.get_column("year")))
        top = float(data.get_column("value").max()) * 1.12  # type: ignore[arg-type]
        labels = list(dict.fromkeys(data.get_column("label")))
        base = altair.Chart(data, width=WIDTH - 180, height=ROW * 2 * len(labels)).encode(
            y=altair.Y("label:N", sort=labels, title=None, axis={"ticks": False}, scale={"paddingInner": 0.25}),
            yOffset=altair.YOffset("year:N", sort=years),
            x=altair.X("value:Q", title=unit, scale={"domain": [0, top]}, axis={"tickCount": 6, "format": "d"}),
        )
        bars = base.mark_bar().encode(
            color=altair.Color("year:N", scale={"domain": years, "range": [COLOURS[1], COLOURS[0]]})
        )
        chart: altair.Chart = bars + base.mark_text(align="left", dx=4, fontSize=12, color=INK).encode(text="text:N")
        return chart

    return build


def _columns(unit: str) -> Callable[[pl.DataFrame], altair.Chart]:
    """A column of prizes for each year, one panel a contest."""

    def build(data: pl.DataFrame) -> altair.Chart:
        prizes = list(dict.fromkeys(data.get_column("label")))
        panels = []
        for contest in dict.fromkeys(data.get_column("contest")):
            of = data.filter(pl.col("contest") == contest)
            base = altair.Chart(of, width=(WIDTH - 120) // 2, height=180, title=contest).encode(
                x=altair.X("year:N", title=None, axis={"labelAngle": 0, "ticks": False}),
                xOffset=altair.XOffset("label:N", sort=prizes),
                y=altair.Y("value:Q", title=unit, axis={"tickCount": 5}),
            )
            bars = base.mark_bar().encode(
                color=altair.Color("label:N", sort=prizes, scale={"domain": prizes, "range": list(COLOURS[:3])})
            )
            panels.append(bars + base.mark_text(dy=-6, fontSize=10, color=INK).encode(text="text:N"))
        return altair.hconcat(*panels, spacing=30)  # type: ignore[return-value]

    return build


CHARTS: dict[str, tuple[str, Callable[[Figures], list[dict[str, Any]]], Callable[[pl.DataFrame], altair.Chart]]] = {
    "在校生": ("{year}年{city}各中等职业学校全日制在校生人数", _schools("students_full_time"), _bars("人")),
    "普职": (
        "{city}普通高中与中等职业学校学生数两年比较",
        _two_years(
            {
                "senior_high_students": "普通高中在校生",
                "students_full_time": "中职全日制在校生",
                "senior_high_intake": "普通高中招生",
                "intake_full_time": "中职全日制招生",
                "household_students": "户籍地送生",
            }
        ),
        _pairs("人"),
    ),
    "生均校舍": (
        "{year}年{city}各中等职业学校生均校舍建筑面积（虚线为标准）",
        _against_standard("floor_area_per_student"),
        _standard_bars("平方米/人"),
    ),
    "满意度": (
        "{year}年{city}中等职业教育满意度",
        _satisfaction,
        _bars("%"),
    ),
    "就业去向": (
        "{year}年{city}中等职业学校毕业生就业的产业分布",
        _items(("employed_primary", "employed_secondary", "employed_tertiary")),
        _bars("人"),
    ),
    "获奖": ("{years}年{city}中职组技能大赛获奖情况", _awards, _columns("个")),
    "生师比": (
        "{year}年{city}各中等职业学校生师比（虚线为标准）",
        _against_standard("students_per_teacher"),
        _standard_bars("学生数（教师为1）"),
    ),
    "本校规模": (
        "{city}学生和教师人数两年比较",
        _two_years(
            {
                "students_full_time": "全日制在校生",
                "intake_full_time": "全日制招生",
                "graduates": "毕业生",
                "teachers_full_time": "专任教师",
            }
        ),
        _pairs("人"),
    ),
    "本校满意度": ("{year}年{city}满意度", _satisfaction, _bars("%")),
    "本校就业去向": (
        "{year}年{city}毕业生就业的产业分布",
        _items(("employed_primary", "employed_secondary", "employed_tertiary")),
        _bars("人"),
    ),
    "双师型": ("{year}年{city}各中等职业学校双师型专任教师比例", _schools("double_qualified_share"), _bars("%")),
}
