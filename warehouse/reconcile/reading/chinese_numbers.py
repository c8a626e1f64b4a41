"""Whole numbers written in Chinese words."""

import re
from dataclasses import dataclass
from decimal import Decimal

from warehouse.reconcile.reading.printed_figure import MULTIPLIERS

WORDS = re.compile("[零〇一二两三四五六七八九十百千]+")
"""Without 万 and 亿: who prints 三万 has rounded, which is a unit's business (3万人)."""
LONGEST_LARGE = 16
LONGEST = 8
"""九千九百九十九 has seven characters, 一千零一十 five."""


def number_in_words(text: str) -> Decimal | None:
    """The number that the whole text is: 十二 → 12, 两百五十 → 250; None for 三分之一, 几十, 六成 and all else."""
    return _number(text) if WORDS.fullmatch(text) and len(text) <= LONGEST else None


def _number(text: str) -> Decimal | None:
    import cn2an  # reads files of its own on import, and few lists need it

    try:
        return Decimal(cn2an.cn2an(text, "normal"))
    except (ValueError, KeyError):  # a word, not a number; 十二十二 is a KeyError
        return None


LARGE = re.compile("[一二两三四五六七八九十百千万亿零〇]+")
ROUND = {"亿": "亿", "万": "万", "千": "千"}
FULLY_SAID = 10_000
"""From here on a number in words that ends in tens may be a rounded one; one that ends in hundreds always may."""


@dataclass(frozen=True, slots=True)
class SpokenNumber:
    """A number in words, in a unit that its last word names: 三万 is 3 of 万, 三万五千 is 35 of 千."""

    value: Decimal
    multiplier: str = ""
    may_be_rounded: bool = False


def spoken_number(text: str) -> SpokenNumber | None:
    """The number that the words are; None for 百, 几十, 三分之一 and whatever is no number."""
    if LARGE.fullmatch(text) is None or len(text) > LONGEST_LARGE or not re.search("[一二两三四五六七八九十]", text):
        return None
    value = _number(text)
    if value is None:
        return None
    multiplier = ROUND.get(text[-1], "") if len(text) > 1 else ""
    if multiplier == "千" and value < FULLY_SAID:
        multiplier = ""
    is_rounded = not multiplier and (text[-1] in "百千" or (value >= FULLY_SAID and text[-1] == "十"))
    return SpokenNumber(value / MULTIPLIERS.get(multiplier, 1), multiplier, is_rounded)
