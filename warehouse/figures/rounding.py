"""Rounding as the report rounds: half up, away from zero. Its SQL twin is macros/rounding.sql."""

from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

CONVERTED_DECIMALS = 4


def rounded(value: Fraction | Decimal, decimals: int) -> Decimal:
    """Half up, away from zero, as the report rounds."""
    scaled = Fraction(value) * 10**decimals
    whole = (abs(scaled) + Fraction(1, 2)).__floor__()
    return Decimal(whole if scaled >= 0 else -whole).scaleb(-decimals)


def trimmed_decimal(value: Decimal) -> str:
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def in_unit(display: str, unit: str, to: str, factors: dict[tuple[str, str], int]) -> tuple[str, bool]:
    """A printed number in a larger unit, and whether it had to be rounded for that.

    Raises LookupError when nobody has declared how one unit becomes the other.
    """
    if to == unit:
        return display, False
    if (unit, to) not in factors:
        raise LookupError(f"没有规定怎样把{unit}换算成{to}")
    exact = Decimal(display) / factors[unit, to]
    shown = exact.quantize(Decimal(1).scaleb(-CONVERTED_DECIMALS), ROUND_HALF_UP)
    return trimmed(shown), shown != exact


def trimmed(value: Decimal) -> str:
    """A number without zeros that say nothing."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
