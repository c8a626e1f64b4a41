"""Whole numbers written in Chinese words."""

import re
from decimal import Decimal

WORDS = re.compile("[零〇一二两三四五六七八九十百千]+")
"""Without 万 and 亿: who prints 三万 has rounded, which is a unit's business (3万人)."""
LONGEST = 8
"""九千九百九十九 has seven characters, 一千零一十 five."""


def number_in_words(text: str) -> Decimal | None:
    """The number that the whole text is: 十二 → 12, 两百五十 → 250; None for 三分之一, 几十, 六成 and all else."""
    import cn2an  # reads files of its own on import, and few lists need it

    if WORDS.fullmatch(text) is None or len(text) > LONGEST:
        return None
    try:
        return Decimal(cn2an.cn2an(text, "normal"))
    except ValueError:  # a word, not a number
        return None
