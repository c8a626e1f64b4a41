"""Text that stays text in every output: a spreadsheet must not take what a school typed for a formula."""

import re

STARTS_LIKE_A_FORMULA = ("=", "+", "-", "@", "\t", "\r")
NUMBER = re.compile(r"[+-]?\d[\d,]*(\.\d+)?%?")


def as_text(text: str) -> str:
    """The text as it goes into a CSV file: with an apostrophe before what a spreadsheet would run; numbers stay."""
    return f"'{text}" if text.startswith(STARTS_LIKE_A_FORMULA) and not NUMBER.fullmatch(text) else text
