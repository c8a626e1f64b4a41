"""Words that say what a number does: which way it went, what is highest, whether a standard is met.

Every word is chosen here, from the number, by one function; a sentence cannot say 增加 about a figure that fell.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Literal

PERCENT_POINTS = "百分点"
TO_ONE = ":1"
SAME = "持平"
NAMED = 8


def direction(change: Decimal, unit: str) -> str:
    """增加 or 减少 for what is counted, 上升 or 下降 for rates and ratios, 持平 when nothing changed."""
    if change == 0:
        return SAME
    more, less = ("上升", "下降") if unit in (PERCENT_POINTS, TO_ONE) else ("增加", "减少")
    return more if change > 0 else less


def unit_word(unit: str) -> str:
    """The unit as it stands behind a number in a sentence: 元/人 is 元, :1 is part of the number."""
    if unit == PERCENT_POINTS:
        return f"个{PERCENT_POINTS}"
    return "" if unit == TO_ONE else unit.split("/")[0]


def highest(values: Mapping[str, Decimal]) -> tuple[str, ...]:
    """The keys that have the greatest value, in order.

    Raises ValueError when there is nothing to compare: fewer than two values, or all the same.
    """
    return _at(values, max(values.values(), default=Decimal(0)))


def lowest(values: Mapping[str, Decimal]) -> tuple[str, ...]:
    """The keys that have the smallest value; raises as `highest` does."""
    return _at(values, min(values.values(), default=Decimal(0)))


def _at(values: Mapping[str, Decimal], wanted: Decimal) -> tuple[str, ...]:
    if len(set(values.values())) < 2:
        raise ValueError("最高、最低要有两个以上不同的数才能说")
    return tuple(key for key, value in values.items() if value == wanted)


def superlative(end: Literal["highest", "lowest"], is_counted: bool) -> str:
    """最多 and 最少 for what is counted, 最高 and 最低 for rates."""
    words = {"highest": ("最高", "最多"), "lowest": ("最低", "最少")}
    return words[end][is_counted]


def against_standard(value: Decimal, bound: Decimal, comparison: Literal["at_least", "at_most"]) -> tuple[str, str]:
    """What stands before and after the bound, judged on the unrounded value: (低于, 的标准)."""
    if comparison == "at_least":
        return ("达到不低于" if value >= bound else "低于", "的标准")
    return ("符合不高于" if value <= bound else "高于", "的标准")


def joined(names: list[str] | tuple[str, ...]) -> str:
    """Names in a row; a long row ends with 等."""
    return "、".join(names[:NAMED]) + ("等" if len(names) > NAMED else "")
