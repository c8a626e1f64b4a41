"""How a number comes to be printed wrong: the slip that turns the number meant into the one printed."""

from collections.abc import Iterator
from decimal import Decimal
from math import log

from sources.audit.slips import OF_DIGITS, POWERS, digit_slips, power_between, printed_power
from warehouse.figures.rounding import rounded

BORROWED = "borrowed"
MOST_TELLING = 4.0
UNEXPLAINED = 0.05
FEW_DIGITS = 2
OF_FEW_DIGITS = 3
"""How much likelier a slip of digits is in a number of two of them than no reason at all: one number in four is such a
slip of another one by chance, and of single digits all are."""


def slip(printed: Decimal, meant: Decimal, step: Decimal, is_percent: bool = False) -> str | None:
    """The slip between two numbers in the printed unit, of which `meant` may be exact; None when no simple one.

    `step` is one unit of the last printed place.
    """
    right = rounded(meant, -step.adjusted())
    if printed == -right and printed != 0:
        return "sign"
    if step < 1 and 0 < abs(printed - meant) < step:
        return "truncated" if abs(printed) < abs(meant) else "rounded_up"
    if power := power_between(printed, meant):
        return printed_power(power, is_percent)
    meant_digits = str(int(abs(right) / step))
    slips = digit_slips(str(int(abs(printed) / step)))
    return next((each.kind for each in slips if each.meant == meant_digits), None)


def near(printed: Decimal, step: Decimal) -> Iterator[Decimal]:
    """The numbers that one slip may have turned into the printed one."""
    yield -printed
    for power in POWERS:
        yield rounded(printed.scaleb(power), -step.adjusted())
    sign = -1 if printed < 0 else 1
    yield from (sign * int(each.meant) * step for each in digit_slips(str(int(abs(printed) / step))))


def log_chance(code: str | None, printed: Decimal, step: Decimal, fitting: int = 1, among: float = 1.0) -> float:
    """How likely (as a logarithm) it is to print just this number for one of the values in question.

    There are few ways to lose a sign or a factor of ten, many to mistake a digit, and any number may be printed for
    no reason. `among` is how many values are in question, `fitting` how many of them slips lead to.
    """
    length = _length(printed, step)
    if code is None or (code in OF_DIGITS and length == 1):
        chance = 0.0
    elif code in OF_DIGITS and length <= FEW_DIGITS:
        chance = UNEXPLAINED / 1000 * (OF_FEW_DIGITS - 1)
    elif code in OF_DIGITS:
        chance = 0.5 * min(fitting / among, 1.0) / (10 * length)
    else:
        chance = 0.1 / among
    return log(chance + UNEXPLAINED / 1000)


def telling(code: str | None, printed: Decimal, step: Decimal) -> float:
    """How much a slip says against chance (as a logarithm): little in a short number, nothing in a single digit."""
    length = _length(printed, step)
    if code is None or (code in OF_DIGITS and length <= FEW_DIGITS):
        return log(1000)
    return log(10) * min(length, 3) if length > 1 or code == "sign" else 0.0


def _length(printed: Decimal, step: Decimal) -> int:
    return len(str(int(abs(printed) / step)))
