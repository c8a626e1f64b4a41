"""A stored number as its format shows it: what a reader of a workbook or of a chart sees, and a report prints."""

import re
from decimal import Decimal, InvalidOperation

from warehouse.figures.rounding import fixed_text, trimmed_text

QUOTED = re.compile(r'"[^"]*"|\\.|\[[^\]]*\]|_.')
PLACES = re.compile(r"0(?:\.(0+))?")
OWN_DIGITS = 15
"""So many digits of a stored number are its own; what follows is the machine's."""


def shown_number(stored: str, number_format: str) -> str:
    """92.74% of 0.9274 in 0.00%, 1155 of 1155.0000000002 in General; a text that is no number as it is."""
    try:
        value = Decimal(f"{Decimal(stored):.{OWN_DIGITS}g}")
    except InvalidOperation:
        return stored.strip()
    if not value.is_finite():
        return stored.strip()
    plain = QUOTED.sub("", number_format.split(";")[0])
    percent = "%" if "%" in plain else ""
    value = value * 100 if percent else value
    places = PLACES.search(plain)
    if places is None:
        return trimmed_text(value) + percent
    return fixed_text(value, len(places[1] or "")) + percent
