"""Rounding as the report rounds: half up, away from zero. Its SQL twin is macros/rounding.sql."""

from decimal import Context, Decimal
from fractions import Fraction
from typing import Literal

from warehouse.catalogue.indicator import Indicator

CONVERTED_DECIMALS = 4
SAME = "持平"
Verdict = Literal["consistent", "truncated", "differs"]
Number = Decimal | Fraction
_WIDE = Context(prec=80)
"""More digits than any value of the database has: nothing is lost where the point is moved."""


def rounded(value: Number, decimals: int) -> Decimal:
    """Half up, away from zero, with exactly so many decimals."""
    return _cut(abs(Fraction(value)) + Fraction(1, 2) / Fraction(10) ** decimals, decimals, value < 0)


def truncated(value: Number, decimals: int) -> Decimal:
    """Cut off after so many decimals, towards zero."""
    return _cut(abs(Fraction(value)), decimals, value < 0)


def _cut(magnitude: Fraction, decimals: int, is_negative: bool) -> Decimal:
    whole = (magnitude * Fraction(10) ** decimals).__floor__()
    return Decimal(-whole if is_negative else whole).scaleb(-decimals, _WIDE)


def fixed_text(value: Number, decimals: int) -> str:
    """The rounded value with exactly so many decimals: 36.70."""
    return f"{rounded(value, decimals):f}"


def trimmed(value: Decimal) -> Decimal:
    """The same value without zeros that say nothing: 36.7 of 36.70, 100 of 100.00."""
    whole = value.to_integral_value()
    return whole if value == whole else value.normalize(_WIDE)


def trimmed_text(value: Decimal) -> str:
    """The value without zeros that say nothing."""
    return f"{trimmed(value):f}"


def printed_value(indicator: Indicator, exact: Number) -> Decimal:
    """The number that is printed for a value: a ratio has all of the decimals, a sum no zeros that say nothing."""
    value = rounded(exact, indicator.decimals)
    return value if indicator.kind == "ratio" or indicator.display == "to_one" else trimmed(value)


def value_text(indicator: Indicator, exact: Number) -> str:
    """The value as the indicator is printed: 35205, 36.70, 2.34:1."""
    return f"{printed_value(indicator, exact):f}{':1' if indicator.display == 'to_one' else ''}"


def change_text(change: Decimal) -> str:
    """A change as tables print it: 1155↓, 0.5↑, 持平."""
    return f"{trimmed_text(abs(change))}{'↑' if change > 0 else '↓'}" if change else SAME


def in_unit(value: Decimal, unit: str, to: str, factors: dict[tuple[str, str], int]) -> tuple[Decimal, bool]:
    """A printed number in a larger unit, and whether it had to be rounded for that.

    Raises LookupError when nobody has declared how one unit becomes the other.
    """
    if to == unit:
        return value, False
    if (unit, to) not in factors:
        raise LookupError(f"没有规定怎样把{unit}换算成{to}")
    exact = Fraction(value) / factors[unit, to]
    shown = rounded(exact, CONVERTED_DECIMALS)
    return shown, shown != exact


def verdict(exact: Number, printed: Decimal, decimals: int, is_lower_bound: bool = False) -> Verdict:
    """A printed number against the exact value, both signed and in the same unit.

    `decimals` is how many the print has; a lower bound (以上, 多, 余) holds for every value that is as large or larger.
    """
    if is_lower_bound:
        return "consistent" if (-exact if printed < 0 else exact) >= abs(printed) else "differs"
    if rounded(exact, decimals) == printed:
        return "consistent"
    return "truncated" if truncated(exact, decimals) == printed else "differs"
