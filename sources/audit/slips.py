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
from decimal import Decimal
from itertools import combinations
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
    "power_of_ten": "小数点或单位（元、万元）差 10 的整数次方",
    "last_year": "误填了上年的数",
    "neighbour": "误填了相邻一行的数",
    "exchanged": "两项填反了",
    "shifted": "整列错了一行",
    "computed": "按其余各项推算",
}
OF_DIGITS = ("swapped", "one_digit", "missing_digit", "extra_digit")
DIGITS = "0123456789"
OF_UNIT = ("percent", "power_of_ten")
"""The slips that a warning may be about: it is no identity, so other digits would be guesses."""
COMMON = 20.0
"""How much likelier than other slips it is that a percentage is a fraction, or that one slip has broken two rules."""
UNLIKELY = 1e-3
"""How likely it is, beside a slip of the pen, that a number is wrong in no way that has a name."""
USUAL_CHANGE, UNUSUAL_SHARE = 0.15, 0.1
"""By how much numbers move in a year (as a difference of logarithms), and how many do not keep to that."""
MAX_SUGGESTIONS = 3
POWERS = (1, 2, 3, 4, -1, -2, -3, -4)


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
    candidates = [*_single(contract, rule.expr, numbers, row, last_year), *_several(numbers, row)]
    if rule.severity != "error":
        candidates = [candidate for candidate in candidates if candidate.slip in OF_UNIT]
    best: dict[tuple[Any, ...], Suggestion] = {}
    for candidate, mended in zip(candidates, _mended(contract, rule, row, candidates), strict=True):
        if mended:
            likelihood = candidate.likelihood * COMMON ** (mended - 1) * _fit(candidate.values, row, last_year)
            key = tuple(candidate.values.items())
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
    pairs = [(one, other) for one, other in combinations(numbers, 2) if row[one.name] != row[other.name]]
    for one, other in pairs:
        values = {one.name: _as(one, row[other.name]), other.name: _as(other, row[one.name])}
        yield Suggestion(values, "exchanged", 1 / len(pairs))
    typed = [row[column.name] for column in numbers]
    for shifted in ([*typed[1:], *typed[:1]], [*typed[-1:], *typed[:-1]]):
        if len(numbers) > 2 and shifted != typed:
            changed = zip(numbers, shifted, typed, strict=True)
            values = {column.name: _as(column, new) for column, new, old in changed if new != old}
            yield Suggestion(values, "shifted", 1 / 2)


def _slips_of(column: Column, typed: Any) -> Iterator[tuple[str, Any, float]]:
    """Slip, the value that was meant, and how likely the slip turns just that value into the one typed."""
    if column.unit == "%" and 0 < typed <= 1:
        yield "percent", _as(column, Decimal(typed) * 100), COMMON
    for power in POWERS:
        meant = Decimal(typed).scaleb(power)
        if typed and meant == _as(column, meant):
            yield "power_of_ten", _as(column, meant), 1 / len(POWERS)
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
            yield slip.kind, _as(column, Decimal(slip.meant).scaleb(-places)), 1 / ways[slip.kind]


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
        trial = [{**row, column.name: _as(column, value)}, {**row, column.name: _as(column, value + 1)}]
        frame = _frame(contract, trial).select(left=pl.sql_expr(sides[0]), right=pl.sql_expr(sides[1]))
        here, there = (None if None in pair else Decimal(str(pair[0])) - Decimal(str(pair[1])) for pair in frame.rows())
        if here is None or there is None or here == there:
            continue
        solved = value - here / (there - here)
        if solved >= 0 and solved == _as(column, solved):
            yield _as(column, solved)


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


def _as(column: Column, value: Any) -> Any:
    """The value in the column's type, cut to the digits that the column can hold."""
    return round(Decimal(value), column.decimals or 0) if column.type == "decimal" else int(value)
