"""Which printed figures moved more than their limit since last year; and which cannot be compared, by name."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

import duckdb

from warehouse.catalogue.catalogue import Catalogue
from warehouse.catalogue.movement import limit_in_words
from warehouse.figures.rounding import trimmed_text
from warehouse.release.item import ReleaseItem
from warehouse.store.sql import query

POINT = "moved"
GONE, NEW = "gone", "new"
WHY_NOT = {
    "scope_break": "统计口径有变，不作增减",
    "definition_break": "指标定义有变，不作增减",
    "incomplete": "两年中有数据不完整的，不作增减",
    GONE: "上年有而本年没有数",
    NEW: "没有上年的数可比",
}
NAMED = 6


@dataclass(frozen=True, slots=True)
class Moved:
    """The figures beyond their limit, as items, and in sentences those that were not compared, with why."""

    items: tuple[ReleaseItem, ...]
    not_compared: tuple[str, ...]


def moved_figures(connection: duckdb.DuckDBPyConnection, catalogue: Catalogue, region: str, report_year: int) -> Moved:
    """Of every figure that the report prints of the region, in the scope that the bureau chose, against last year's.

    A break of scope or definition is no movement: it is named.
    """
    rows = query(
        connection,
        "select indicator_code, change_value, change_unit, previous_display, display, change_display, comparability,"
        " previous_rounded_value as previous from core.fct_indicator_change"
        " where report_year = ? and region_code = ? and subject_code = region_code order by indicator_code",
        [report_year, region],
    ).rows(named=True)
    by_code = {row["indicator_code"]: row for row in rows}
    order = [code for code in catalogue.indicators if code in by_code]
    items = (
        _item(catalogue, by_code[code])
        for code in order
        if by_code[code]["comparability"] == "comparable"
        and catalogue.indicators[code].movement.is_beyond(by_code[code]["change_value"], by_code[code]["previous"])
    )
    return Moved(tuple(items), tuple(_not_compared(catalogue, {code: _why_not(by_code[code]) for code in order})))


def _item(catalogue: Catalogue, row: dict[str, object]) -> ReleaseItem:
    indicator = catalogue.indicators[str(row["indicator_code"])]
    change, previous = row["change_value"], row["previous"]
    assert isinstance(change, Decimal)
    assert isinstance(previous, Decimal)
    unit = str(row["change_unit"]).removeprefix(":1")
    grown = f"{'增加' if change > 0 else '减少'} {trimmed_text(abs(change))} {unit}".rstrip()
    share = f"，即 {abs(change) / abs(previous):.1%}" if previous and indicator.unit != "%" else ""
    seen = f"上年 {row['previous_display']}，本年 {row['display']}（{grown}{share}）"
    return ReleaseItem(
        id=f"{POINT}.{indicator.code}",
        point=POINT,
        title=f"{indicator.label}（{indicator.unit}）",
        seen=seen,
        note=f"限度 {limit_in_words(indicator.movement, indicator.unit)}：{indicator.movement.reason}",
        indicators=(indicator.code,),
    )


def _why_not(row: Mapping[str, object]) -> str:
    """Why the two years do not compare; '' when they do, or neither has a number."""
    if row["comparability"] != "not_verifiable":
        return "" if row["comparability"] == "comparable" else str(row["comparability"])
    if row["display"] is None:
        return GONE if row["previous_display"] is not None else ""
    return NEW


def _not_compared(catalogue: Catalogue, reasons: Mapping[str, str]) -> Iterator[str]:
    for reason, why in WHY_NOT.items():
        labels = [catalogue.indicators[code].label for code, of in reasons.items() if of == reason]
        if labels:
            named = "" if reason == NEW else f"：{'、'.join(labels[:NAMED])}"
            more = " 等" if named and len(labels) > NAMED else ""
            yield f"与上年相比，{why}的数字 {len(labels)} 个{named}{more}"
