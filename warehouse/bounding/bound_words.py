"""A bound as it is kept and printed: rounded outwards, so that it stays true; and in words for a clerk."""

from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal
from fractions import Fraction
from typing import NamedTuple

from warehouse.bounding.region_bound import FigureBound
from warehouse.catalogue.indicator import Indicator

LONG = Context(prec=80)


class ShownEnds(NamedTuple):
    """The ends of a bound with as many decimals as are shown; `high` None: no limit is declared."""

    low: Decimal
    high: Decimal | None


def outward(bound: FigureBound, decimals: int) -> ShownEnds:
    """The low end cut off, the high one lifted to the next digit."""
    low, high = bound.low.value, bound.high.value
    assert low is not None, "nothing that is counted is less than none"
    return ShownEnds(
        in_decimals(low, decimals, ROUND_FLOOR), None if high is None else in_decimals(high, decimals, ROUND_CEILING)
    )


def in_decimals(value: Fraction, decimals: int, rounding: str) -> Decimal:
    """The value with so many decimals, in one of the ways of the module `decimal`."""
    above, below = value.numerator * 10**decimals, value.denominator
    cut = above // below if rounding == ROUND_FLOOR else -(-above // below)
    return Decimal(cut).scaleb(-decimals, LONG)


def told_bounds(indicator: Indicator, possible: ShownEnds, usual: ShownEnds) -> str:
    """What missing schools can still make of it: 缺报学校按通常变化使其在 53.9–54.9% 之间，最多在 12.1–97.0% 之间."""
    if usual == possible:
        return f"缺报学校{'' if possible.high is None else '最多'}使其{_range(indicator, possible)}"
    return f"缺报学校按通常变化使其{_range(indicator, usual)}，最多{_range(indicator, possible)}"


def _range(indicator: Indicator, ends: ShownEnds) -> str:
    low = _number(indicator, ends.low)
    if ends.high is None:
        return f"不低于 {low}{_unit(indicator)}，没有上限"
    high = _number(indicator, ends.high)
    if low == high:
        return f"为 {low}{_unit(indicator)}"
    return f"在 {low}–{high}{_unit(indicator)}{'' if indicator.unit[-1:].isalpha() else ' '}之间"


def _number(indicator: Indicator, value: Decimal) -> str:
    text = f"{value:f}"
    return text if indicator.kind == "ratio" or "." not in text else text.rstrip("0").rstrip(".")


def _unit(indicator: Indicator) -> str:
    return indicator.unit if indicator.unit in ("%", ":1") else f" {indicator.unit}"
