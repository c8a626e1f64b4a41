"""Which cell is wrong? For a broken rule: the fewest cells that would mend it, each with a value and the kind of slip.

Candidates come from the slips that people make: two digits swapped, a digit wrong, missing or too many, a power of ten
(元 and 万元), last year's value, the neighbour's value (a row up or down), two cells exchanged, a column that is a
row off. For a sum there is also the one value that would make it add up. A candidate counts only if the rule then
holds and no other rule of the sheet breaks. Of those that count the likeliest come first: how likely the slip is, how
likely it gives just what was typed, and how well the values fit to last year's.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal
from itertools import combinations, pairwise
from math import exp, log
from typing import Any

import polars as pl

from sources.declarations.contract import Column, Contract
from sources.declarations.rule import RowRule
from sources.submission.frames import polars_type

Row = Mapping[str, Any]
SLIPS = {
    "percent": "百分数填成了小数",
    "swapped": "相邻两位数字颠倒",
    "one_digit": "有一位数字不同",
    "missing_digit": "少一位数字",
    "extra_digit": "多一位数字",
    "times_ten": "多填了一位数字或小数点错位，是 10 倍",
    "tenth": "少填了一位数字或小数点错位，是十分之一",
    "yuan_for_wan": "填的是元，不是万元，是 10000 倍",
    "wan_for_yuan": "填的是万元，不是元，是一万分之一",
    "mu_for_m2": "填的是亩，不是平方米",
    "power_of_ten": "小数点或单位错位，差 10 的整数次方",
    "last_year": "误填了上年的数",
    "neighbour": "误填了相邻一行的数",
    "exchanged": "两项填反了",
    "shifted": "整列错了一行",
    "computed": "按其余各项推算",
}
OF_DIGITS = ("swapped", "one_digit", "missing_digit", "extra_digit")
DIGITS = "0123456789"
OF_UNIT = ("percent", "power_of_ten", "times_ten", "tenth", "yuan_for_wan", "wan_for_yuan", "mu_for_m2")
"""The slips that a warning may be about: it is no identity, so other digits would be guesses."""
OF_MONEY = ("yuan_for_wan", "wan_for_yuan")
COMMON = 20.0
"""How much likelier than other slips it is that a percentage is a fraction, that money is in the other unit, or that
one slip has broken two rules."""
SHIFTED, BESIDE = 0.25, 0.25
"""How likely it is that just these numbers stand a row off, or in each other's place, being neighbours."""
UNLIKELY = 1e-3
"""How likely it is, beside a slip of the pen, that a number is wrong in no way that has a name."""
USUAL_CHANGE, UNUSUAL_SHARE = 0.15, 0.1
"""By how much numbers move in a year (as a difference of logarithms), and how many do not keep to that."""
MAX_SUGGESTIONS = 3
WIDE_CONTEXT = Context(prec=80)
"""More digits than any number that is compared has."""
POWERS = (1, 2, 3, 4, -1, -2, -3, -4)
"""By which powers of ten a point or a unit is misplaced."""
PRINTED_POWERS = {4: "ten_thousand", 8: "hundred_million"}
"""In prose a number has the words 万 and 亿, which may be lost or too many."""


@dataclass(frozen=True, slots=True)
class DigitSlip:
    """A slip of the pen in a number, and the digits that were meant; they may begin with zeros."""

    kind: str
    """One of OF_DIGITS."""
    meant: str


def digit_slips(digits: str) -> Iterator[DigitSlip]:
    """The slips of the pen that could have given these digits."""
    for i in range(len(digits) - 1):
        if digits[i] != digits[i + 1]:
            yield DigitSlip("swapped", digits[:i] + digits[i + 1] + digits[i] + digits[i + 2 :])
    for i, digit in enumerate(digits):
        for other in DIGITS.replace(digit, ""):
            yield DigitSlip("one_digit", digits[:i] + other + digits[i + 1 :])
        if len(digits) > 1:
            yield DigitSlip("extra_digit", digits[:i] + digits[i + 1 :])
    for i in range(len(digits) + 1):
        for other in DIGITS:
            yield DigitSlip("missing_digit", digits[:i] + other + digits[i:])


@dataclass(frozen=True)
class Suggestion:
    """Values to put into cells (column name → value), the slip that would explain them, and how likely that is."""

    values: Mapping[str, Any]
    slip: str
    likelihood: float

    def text(self, contract: Contract) -> str:
        """The suggestion in words."""
        cells = "，".join(f"“{contract.column(name).label}”应为 {value}" for name, value in self.values.items())
        return f"{cells}（{SLIPS[self.slip]}）"


def suggest(contract: Contract, rule: RowRule, row: Row, last_year: Row) -> list[Suggestion]:
    """The likeliest corrections of a row that breaks a rule of its sheet; none when nothing simple mends it.

    `last_year` may be empty.
    """
    asked = [contract.column(name) for name in rule.columns if row.get(name) is not None]
    numbers = [column for column in asked if column.is_number]
    candidates = [
        *_single(contract, rule.expr, numbers, row, last_year),
        *_several(numbers, row),
        *_exchanged_beside(contract, numbers, row),
    ]
    if rule.severity != "error":
        candidates = [candidate for candidate in candidates if candidate.slip in (*OF_UNIT, "exchanged")]
    best: dict[tuple[Any, ...], Suggestion] = {}
    for candidate, mended in zip(candidates, _mended(contract, rule, row, candidates), strict=True):
        if mended:
            likelihood = candidate.likelihood * COMMON ** (mended - 1) * _fit(candidate.values, row, last_year)
            key = tuple(sorted(candidate.values.items()))
            if key not in best or best[key].likelihood < likelihood:
                best[key] = Suggestion(candidate.values, candidate.slip, likelihood)
    return sorted(best.values(), key=lambda suggestion: -suggestion.likelihood)[:MAX_SUGGESTIONS]


def _single(
    contract: Contract, expression: str, numbers: Sequence[Column], row: Row, last_year: Row
) -> Iterator[Suggestion]:
    """Corrections of one cell."""
    for column in numbers:
        typed = row[column.name]
        slips = list(_slips_of(column, typed))
        yield from (Suggestion({column.name: meant}, slip, likelihood) for slip, meant, likelihood in slips)
        for solved in _solutions(contract, expression, column, row):
            kinds = [("computed", UNLIKELY / (1 + abs(float(typed))))]
            if last_year.get(column.name) == typed:
                kinds.append(("last_year", 1.0))
            if neighbours := [other for other in numbers if other != column and row[other.name] == typed]:
                kinds.append(("neighbour", 1 / len(neighbours) / 2))
            yield from (Suggestion({column.name: solved}, slip, likelihood) for slip, likelihood in kinds)


def _several(numbers: Sequence[Column], row: Row) -> Iterator[Suggestion]:
    """Corrections of several cells at once: two exchanged, all of them a row off."""
    pairs = [pair for pair in combinations(numbers, 2) if _can_be_exchanged(*pair, row)]
    yield from (_exchange(one, other, row, 1 / len(pairs)) for one, other in pairs)
    typed = [row[column.name] for column in numbers]
    for shifted in ([*typed[1:], *typed[:1]], [*typed[-1:], *typed[:-1]]):
        if len(numbers) > 2 and shifted != typed:
            changed = zip(numbers, shifted, typed, strict=True)
            values = {column.name: typed_number(column, new) for column, new, old in changed if new != old}
            yield Suggestion(values, "shifted", SHIFTED)


def _exchanged_beside(contract: Contract, numbers: Sequence[Column], row: Row) -> Iterator[Suggestion]:
    """A number that the rule asks for, exchanged with the one beside it in the sheet, whether the rule asks for that
    one or not."""
    filled = [column for column in contract.columns if column.is_number and row.get(column.name) is not None]
    for one, other in pairwise(filled):
        if (one in numbers or other in numbers) and _can_be_exchanged(one, other, row):
            yield _exchange(one, other, row, BESIDE)


def _can_be_exchanged(one: Column, other: Column, row: Row) -> bool:
    here, there = row[one.name], row[other.name]
    return bool(here != there and can_hold(one, there) and can_hold(other, here))


def _exchange(one: Column, other: Column, row: Row, likelihood: float) -> Suggestion:
    values = {one.name: typed_number(one, row[other.name]), other.name: typed_number(other, row[one.name])}
    return Suggestion(values, "exchanged", likelihood)


def _slips_of(column: Column, typed: Any) -> Iterator[tuple[str, Any, float]]:
    """Slip, the value that was meant, and how likely the slip turns just that value into the one typed."""
    if column.unit == "%" and 0 < typed <= 1:
        yield "percent", typed_number(column, Decimal(typed) * 100), COMMON
    if column.unit == "平方米" and typed > 0:
        yield "mu_for_m2", typed_number(column, Decimal(typed) * 2000 / 3), COMMON
    for power in POWERS:
        meant = Decimal(typed).scaleb(power)
        if typed and meant == typed_number(column, meant):
            kind = _power_slip(column, power)
            yield kind, typed_number(column, meant), (COMMON if kind in OF_MONEY else 1.0) / len(POWERS)
    if typed < 0:
        return
    places = max(0, -int(Decimal(typed).normalize().as_tuple().exponent))
    digits = str(int(Decimal(typed).scaleb(places)))
    length = len(digits)
    ways = {
        "swapped": length - 1,
        "extra_digit": 10 * length,
        "one_digit": 9 * length,
        "missing_digit": length + 1,
    }
    for slip in digit_slips(digits):
        # nobody means a number that begins with a zero, unless it is one digit, or lost all others but the zero
        if not slip.meant.startswith("0") or len(slip.meant) == length == 1 or digits == "0":
            yield slip.kind, typed_number(column, Decimal(slip.meant).scaleb(-places)), 1 / ways[slip.kind]


def _power_slip(column: Column, power: int) -> str:
    """What it is called to write a number that is to be multiplied by this power of ten."""
    units = {("万元", -4): "yuan_for_wan", ("元", 4): "wan_for_yuan"}
    return units.get((column.unit or "", power)) or {-1: "times_ten", 1: "tenth"}.get(power, "power_of_ten")


def power_between(number: Decimal, meant: Decimal) -> int:
    """The power of ten by which two numbers with the same digits differ; 0 when the digits are not the same.

    `meant` may be exact where the number was rounded.
    """
    if not number or not meant or (number < 0) != (meant < 0):
        return 0
    digits = len(number.normalize().as_tuple().digits)
    # one digit is no proof, nor is a count with its end cut off, unless nothing had to be rounded away
    may_round = digits > 1 and not (abs(number) < abs(meant) and number % 1 == 0 == meant % 1)
    places = Decimal(1).scaleb(meant.adjusted() - digits + 1)
    shortened = meant.quantize(places, ROUND_HALF_UP, WIDE_CONTEXT) if may_round else meant
    power = number.adjusted() - shortened.adjusted()
    return power if number == shortened.scaleb(power) else 0


def printed_power(power: int, is_percent: bool) -> str:
    """What it is called to print a number that is this power of ten of the one meant."""
    return "fraction" if is_percent and abs(power) == 2 else PRINTED_POWERS.get(abs(power), "power_of_ten")


def _fit(values: Row, row: Row, last_year: Row) -> float:
    """How much better the values fit last year's than the typed ones do."""
    fit = 1.0
    for name, value in values.items():
        fit *= _density(value, last_year.get(name)) / _density(row[name], last_year.get(name))
    return fit


def _density(value: Any, before: Any) -> float:
    """How likely a number is, given last year's; when that is unknown, every order of magnitude is as likely."""
    size = 1 + abs(float(value))
    anything = UNUSUAL_SHARE / 20
    if before is None:
        return anything / size
    change = abs(log(size / (1 + abs(float(before)))))
    return (anything + (1 - UNUSUAL_SHARE) / (2 * USUAL_CHANGE) * exp(-change / USUAL_CHANGE)) / size


def _solutions(contract: Contract, expression: str, column: Column, row: Row) -> Iterator[Any]:
    """The values of one column that make an equation of the rule hold, when it is linear in it."""
    for equation in re.split(r"\bor\b|\band\b", expression):
        sides = re.split(r"(?<![<>!])=", equation)
        if len(sides) != 2 or column.name not in re.findall(r"\w+", equation) or "'" in equation:
            continue
        value = Decimal(row[column.name])
        trial = [
            {**row, column.name: typed_number(column, value)},
            {**row, column.name: typed_number(column, value + 1)},
        ]
        frame = _frame(contract, trial).select(left=pl.sql_expr(sides[0]), right=pl.sql_expr(sides[1]))
        here, there = (None if None in pair else Decimal(str(pair[0])) - Decimal(str(pair[1])) for pair in frame.rows())
        if here is None or there is None or here == there:
            continue
        solved = value - here / (there - here)
        if solved >= 0 and solved == typed_number(column, solved):
            yield typed_number(column, solved)


def _mended(contract: Contract, rule: RowRule, row: Row, candidates: Sequence[Suggestion]) -> list[int]:
    """For each candidate the number of broken rules that it mends; 0 when it leaves this one, or breaks another."""
    if not candidates:
        return []
    frame = _frame(contract, [row, *({**row, **candidate.values} for candidate in candidates)])
    conditions = {
        each.id: pl.sql_expr(each.expr) for each in contract.rules if each.severity == "error" or each == rule
    }
    for column in contract.columns:
        if column.ge is not None:
            conditions[f"{column.name} >= {column.ge}"] = pl.col(column.name) >= column.ge
        if column.le is not None:
            conditions[f"{column.name} <= {column.le}"] = pl.col(column.name) <= column.le
    before, *after = frame.select(**{name: holds.fill_null(True) for name, holds in conditions.items()}).to_dicts()
    broken = [name for name, holds in before.items() if not holds]
    return [
        sum(holds[name] for name in broken)
        if holds[rule.id] and all(holds[name] for name in holds if name not in broken)
        else 0
        for holds in after
    ]


def _frame(contract: Contract, rows: Sequence[Row]) -> pl.DataFrame:
    schema = {column.name: polars_type(column) for column in contract.columns}
    return pl.DataFrame([{name: row.get(name) for name in schema} for row in rows], schema=schema, orient="row")


def typed_number(column: Column, value: Any) -> Any:
    """The value in the column's type, cut to the digits that the column can hold."""
    return round(Decimal(value), column.decimals or 0) if column.type == "decimal" else int(value)


def can_hold(column: Column, value: Any) -> bool:
    """Whether a number can stand in the column: a count is a whole one."""
    return column.type != "integer" or bool(value == int(value))


@dataclass(frozen=True, slots=True)
class Anchor:
    """A number that a typed one can be held against: last year's, or what base and peers lead to expect."""

    words: str
    """What it is, as a message says it: “上年”, “按同类学校推算”."""
    number: float
    spread: float
    """How far right numbers lie from it as a rule, as a difference of logarithms."""
    is_told: bool = False
    """It is a number that somebody has reported, so that the typed one can be just so many times it."""


@dataclass(frozen=True, slots=True)
class FactorSlip:
    """A slip that multiplies a number."""

    kind: str
    factor: Decimal
    words: str
    weight: float


TEN_SLIPS = (
    FactorSlip("times_ten", Decimal(10), "多填了一位数字（或小数点错位）", 1.0),
    FactorSlip("tenth", Decimal("0.1"), "少填了一位数字（或小数点错位）", 1.0),
    FactorSlip("power_of_ten", Decimal(100), "多填了两位数字（或小数点错位）", 0.3),
    FactorSlip("power_of_ten", Decimal("0.01"), "少填了两位数字（或小数点错位）", 0.3),
    FactorSlip("power_of_ten", Decimal(1000), "多填了三位数字", 0.1),
    FactorSlip("power_of_ten", Decimal("0.001"), "少填了三位数字", 0.1),
    FactorSlip("power_of_ten", Decimal(10000), "填的单位差一万倍", 0.2),
    FactorSlip("power_of_ten", Decimal("0.0001"), "填的单位差一万倍", 0.2),
)
UNIT_SLIPS = {
    "万元": (
        FactorSlip("yuan_for_wan", Decimal(10000), "填的是元，不是万元", 2.0),
        FactorSlip("yi_for_wan", Decimal("0.0001"), "填的是亿元，不是万元", 0.5),
    ),
    "元": (FactorSlip("wan_for_yuan", Decimal("0.0001"), "填的是万元，不是元", 2.0),),
    "平方米": (
        FactorSlip("mu_for_m2", Decimal(3) / 2000, "填的是亩，不是平方米", 2.0),
        FactorSlip("hectare_for_m2", Decimal("0.0001"), "填的是公顷（或万平方米），不是平方米", 1.0),
    ),
    "Mbps": (
        FactorSlip("giga_for_mega", Decimal("0.001"), "填的是 Gbps，不是 Mbps", 1.0),
        FactorSlip("kilo_for_mega", Decimal(1000), "填的是 Kbps，不是 Mbps", 1.0),
    ),
    "%": (
        FactorSlip("percent", Decimal("0.01"), "把百分数填成了小数", 2.0),
        FactorSlip("hundredfold", Decimal(100), "把百分数又乘了 100", 2.0),
    ),
}
"""Unit of the column → the slips of units; one 亩 is 2000/3 平方米."""
MANY = 100_000
NEAR, BETTER, WIDE = 0.7, 1.15, 0.5
"""As differences of logarithms: how near to an anchor a correction must come; how much nearer than it was typed; from
where on an anchor spreads so wide that half a power of ten is near."""


@dataclass(frozen=True, slots=True)
class LikelySlip:
    """What has probably happened to one number: the kind, what was meant, and how the two compare, in words."""

    kind: str
    meant: int | Decimal
    words: str


def likely_slip(column: Column, typed: Decimal, anchors: Sequence[Anchor]) -> LikelySlip | None:
    """The likeliest slip of unit, magnitude or digits by which a number that nobody expects has come about; None when
    none fits. The anchors are in the order of their weight."""
    if typed < 0:
        return _of_sign(column, typed)
    held = [anchor for anchor in anchors if anchor.number > 0]
    if not held or not typed:
        return _of_zeros(column, typed)
    off, near = _off(typed, held), NEAR if held[0].spread < WIDE else BETTER
    slips = [
        slip for slip in (*UNIT_SLIPS.get(column.unit or "", ()), *TEN_SLIPS) if _off(typed / slip.factor, held) <= near
    ]
    slips = [slip for slip in slips if off - _off(typed / slip.factor, held) >= BETTER]
    if slips:
        best = min(slips, key=lambda slip: _off(typed / slip.factor, held) / held[0].spread - log(slip.weight))
        meant = typed_number(column, typed / best.factor)
        return LikelySlip(best.kind, meant, f"{_compared(typed, held[0])}：很可能{best.words}，应为 {_text(meant)}")
    return _of_digits(column, typed, held)


def _of_sign(column: Column, typed: Decimal) -> LikelySlip | None:
    """Of a number below zero where none can be: the sign is too many."""
    meant = typed_number(column, -typed)
    if column.ge is None or column.ge < 0 or (column.le is not None and meant > column.le):
        return None
    return LikelySlip("sign", meant, f"很可能多写了负号，应为 {_text(meant)}")


def _of_zeros(column: Column, typed: Decimal) -> LikelySlip | None:
    """Of a number with nothing to hold it against: four zeros at its end are a unit taken for another."""
    if typed < MANY or typed % 10000:
        return None
    meant, words = typed_number(column, typed / 10000), UNIT_SLIPS.get(column.unit or "", TEN_SLIPS[-2:])[0].words
    return LikelySlip("power_of_ten", meant, f"末尾有四个零：可能{words}，应为 {_text(meant)}")


def _of_digits(column: Column, typed: Decimal, held: Sequence[Anchor]) -> LikelySlip | None:
    """A slip of the pen that leads very near to what is expected."""
    off, found = _off(typed, held), []
    for kind, meant, likelihood in _slips_of(column, typed):
        if kind in OF_DIGITS and meant > 0 and (after := _off(Decimal(meant), held)) <= 0.2 and off - after >= 0.3:
            found.append((log(likelihood) - after / held[0].spread, kind, meant))
    if not found:
        return None
    _, kind, meant = max(found, key=lambda each: each[0])
    return LikelySlip(kind, meant, f"{_compared(typed, held[0])}：可能{SLIPS[kind]}，应为 {_text(meant)}")


def _off(number: Decimal, held: Sequence[Anchor]) -> float:
    """How far a number lies from the first anchor."""
    return abs(log(float(number) / held[0].number))


def _compared(typed: Decimal, anchor: Anchor) -> str:
    """How a number compares with its anchor: so many times, or such a part of it."""
    ratio = typed / Decimal(repr(anchor.number))
    times = ratio if ratio >= 1 else 1 / ratio
    whole = round(times)
    is_just = anchor.is_told and abs(times - whole) <= Decimal("0.0005") * times
    shown = str(whole) if is_just or times >= 20 else f"{times:.1f}"
    how = "恰" if is_just else "约"
    return f"{how}为{anchor.words}的 {shown} 倍" if ratio >= 1 else f"{how}为{anchor.words}的 {shown} 分之一"


def _text(number: int | Decimal) -> str:
    return f"{Decimal(number):f}"
