"""How a number comes to be printed wrong: the slip that turns the number meant into the one printed."""

from collections.abc import Iterator
from decimal import Decimal
from math import log

from sources.audit.slips import OF_DIGITS, POWERS, digit_slips, power_between, printed_power
from warehouse.figures.rounding import rounded

BORROWED = "borrowed"
MOST_TELLING = 4.0
UNEXPLAINED = 0.05
FREQUENCY = {"one_digit": 0.25, "swapped": 0.15, "missing_digit": 0.07, "extra_digit": 0.07}
"""How many misprints are slips of each kind; the others have lost a sign or a unit, or are of something else."""
ARBITRARY = 0.2
"""How many are numbers that nothing explains; of two digits each is one of a hundred such."""
TELLING_LENGTH = 3


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
    elif code in OF_DIGITS:
        chance = FREQUENCY[code] / _ways(code, length) * min(fitting / among, 1.0)
    else:
        chance = 0.1 / among
    return log(chance + ARBITRARY / 10 ** min(length, TELLING_LENGTH))


def _ways(code: str, length: int) -> int:
    """How many numbers such a slip of digits makes of one, printed with so many digits."""
    # one too many is mostly one that was typed twice
    ways = {"swapped": length - 1, "one_digit": 9 * length, "missing_digit": length + 1, "extra_digit": 2 * length}
    return ways[code]


def telling(code: str | None, printed: Decimal, step: Decimal) -> float:
    """How much a slip says against chance (as a logarithm): little in a short number, nothing in a single digit."""
    length = _length(printed, step)
    if code is None or (code in OF_DIGITS and length == 1):
        return log(UNEXPLAINED) - log_chance(None, printed, step)
    return log(10) * min(length, TELLING_LENGTH) if length > 1 or code == "sign" else 0.0


def _length(printed: Decimal, step: Decimal) -> int:
    return len(str(int(abs(printed) / step)))
