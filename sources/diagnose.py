"""Which cell is wrong? For a broken rule: the fewest cells that would mend it, each with a value and the kind of slip.

Candidates come from the slips that people make: two digits swapped, a digit wrong, missing or too many, a power of ten
(元 and 万元), last year's value, the neighbour's value (a row up or down), two cells exchanged. For a sum there is
also the one value that would make it add up. A candidate counts only if every rule of the sheet then holds.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import combinations
from typing import Any

import polars as pl

from sources.frames import polars_type
from sources.model import Column, Contract

Row = Mapping[str, Any]

SLIPS = {
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
LIKELIHOOD = tuple(SLIPS)
MAX_SUGGESTIONS = 3


@dataclass(frozen=True)
class Suggestion:
    """Values to put into cells (column name → value) and the slip that would explain them."""

    values: Mapping[str, Any]
    slip: str

    def text(self, contract: Contract) -> str:
        """The suggestion in words."""
        cells = "，".join(f"“{contract.column(name).label}”应为 {value}" for name, value in self.values.items())
        return f"{cells}（{SLIPS[self.slip]}）"


def suggest(contract: Contract, expression: str, columns: Sequence[str], row: Row, last_year: Row) -> list[Suggestion]:
    """The likeliest corrections of a row that breaks a rule, fewest cells first; none when nothing simple mends it.

    `columns` are the cells that the rule names; `last_year` may be empty.
    """
    asked = [contract.column(name) for name in columns if row.get(name) is not None]
    numbers = [column for column in asked if column.is_number]
    candidates = [*_single(contract, expression, numbers, row, last_year), *_pairs(numbers, row)]
    ranked = sorted(_keep_what_mends(contract, row, candidates), key=lambda s: _rank(s, last_year))
    kept: list[Suggestion] = []
    for suggestion in ranked:
        if all(suggestion.values != other.values for other in kept):
            kept.append(suggestion)
    return kept[:MAX_SUGGESTIONS]


def _rank(suggestion: Suggestion, last_year: Row) -> tuple[bool, int, int, Decimal]:
    """Named slips before calculated values, fewer cells first, then the commoner slip, then what is near last year."""
    known = [(value, last_year[name]) for name, value in suggestion.values.items() if last_year.get(name)]
    distance = max((abs(Decimal(new) - before) / abs(Decimal(before)) for new, before in known), default=Decimal(1))
    return suggestion.slip == "computed", len(suggestion.values), LIKELIHOOD.index(suggestion.slip), distance


def _single(
    contract: Contract, expression: str, numbers: Sequence[Column], row: Row, last_year: Row
) -> Iterator[Suggestion]:
    for column in numbers:
        value = row[column.name]
        others = [row[other.name] for other in numbers if other.name != column.name]
        for solved in _solutions(contract, expression, column, row):
            slip = slip_between(value, solved)
            if slip == "computed" and last_year.get(column.name) == value:
                slip = "last_year"
            elif slip == "computed" and value in others:
                slip = "neighbour"
            yield Suggestion({column.name: solved}, slip)
        yield from (Suggestion({column.name: changed}, slip) for slip, changed in slips_of(value))


def _pairs(numbers: Sequence[Column], row: Row) -> Iterator[Suggestion]:
    for one, other in combinations(numbers, 2):
        if row[one.name] != row[other.name]:
            yield Suggestion({one.name: row[other.name], other.name: row[one.name]}, "exchanged")
    names = [column.name for column in numbers]
    values = [row[name] for name in names]
    for shifted in ([*values[1:], values[0]], [values[-1], *values[:-1]]):
        if len(names) > 2 and shifted != values:
            yield Suggestion(dict(zip(names, shifted, strict=True)), "shifted")


def slips_of(value: Any) -> Iterator[tuple[str, Any]]:
    """Values from which this one may have come by a slip of the pen."""
    kind = type(value)
    for power in (1, 2, 3, 4, -1, -2, -3, -4):
        changed = Decimal(value).scaleb(power)
        if kind is Decimal or changed == changed.to_integral_value():
            yield "power_of_ten", kind(changed)
    if kind is not int or value < 0:
        return
    digits = str(value)
    for i in range(len(digits) - 1):
        if digits[i] != digits[i + 1]:
            yield "swapped", int(digits[:i] + digits[i + 1] + digits[i] + digits[i + 2 :])
    for i in range(len(digits)):
        if len(digits) > 1:
            yield "extra_digit", int(digits[:i] + digits[i + 1 :])
        yield from (("one_digit", int(digits[:i] + d + digits[i + 1 :])) for d in "0123456789" if d != digits[i])
    for i in range(len(digits) + 1):
        yield from (("missing_digit", int(digits[:i] + d + digits[i:])) for d in "0123456789")


def slip_between(typed: Any, meant: Any) -> str:
    """The kind of slip that turns the number meant into the one typed; 'computed' when none does."""
    return next((slip for slip, value in slips_of(typed) if value == meant), "computed")


def _solutions(contract: Contract, expression: str, column: Column, row: Row) -> Iterator[Any]:
    """The value of one column that makes an equation hold, when the rule is one and linear in it."""
    if expression.count("=") != 1 or any(sign in expression for sign in ("<", ">", " or ", " and ", "!")):
        return
    left, right = expression.split("=")
    step = Decimal(1)
    value = Decimal(row[column.name])
    trial = [{**row, column.name: _as(column, value)}, {**row, column.name: _as(column, value + step)}]
    frame = _frame(contract, trial).select(left=pl.sql_expr(left), right=pl.sql_expr(right))
    gaps = [None if a is None or b is None else Decimal(str(a)) - Decimal(str(b)) for a, b in frame.iter_rows()]
    if None in gaps or gaps[0] == gaps[1]:
        return
    slope = gaps[1] - gaps[0]  # type: ignore[operator]
    solved = value - gaps[0] / slope  # type: ignore[operator]
    if solved >= 0 and (column.type == "decimal" or solved == solved.to_integral_value()):
        yield _as(column, solved)


def _keep_what_mends(contract: Contract, row: Row, candidates: Sequence[Suggestion]) -> list[Suggestion]:
    """Candidates with which no rule of the sheet and no bound of a column is broken."""
    if not candidates:
        return []
    frame = _frame(contract, [{**row, **candidate.values} for candidate in candidates])
    conditions = [pl.sql_expr(rule.expr).fill_null(True) for rule in contract.rules if rule.severity == "error"]
    for column in contract.columns:
        if column.ge is not None:
            conditions.append((pl.col(column.name) >= column.ge).fill_null(True))
        if column.le is not None:
            conditions.append((pl.col(column.name) <= column.le).fill_null(True))
    kept = frame.select(keep=pl.all_horizontal(conditions)).get_column("keep").to_list()
    return [candidate for candidate, keep in zip(candidates, kept, strict=True) if keep]


def _frame(contract: Contract, rows: Sequence[Row]) -> pl.DataFrame:
    schema = {column.name: polars_type(column) for column in contract.columns}
    return pl.DataFrame([{name: row.get(name) for name in schema} for row in rows], schema=schema, orient="row")


def _as(column: Column, value: Decimal) -> Any:
    return round(value, column.decimals or 0) if column.type == "decimal" else int(value)
