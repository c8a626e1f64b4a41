"""Why no single number mends a row: the smallest set of rules that cannot hold together, all other values as typed.

With one number free, a rule that compares sums allows it an interval. Of intervals that have no value in common two
have none (Helly's theorem on a line), so the smallest set has one rule or two, and is found without a solver. The tests
hold the answer against z3 (tests/proof). Rules with `or`, and those across sheets, are left out: they are no interval.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from itertools import combinations
from typing import Any

import polars as pl

from sources.declarations.contract import Column, Contract
from sources.declarations.rule import RowRule
from sources.submission.frames import polars_type

COMPARISON = re.compile(r"^([^<>=']+?)(<=|>=|<|>|=)([^<>=']+)$")
NOT_AN_INTERVAL = re.compile(r"\b(or|is|case|in|not)\b|<>")
NAME = re.compile("[a-z_][a-z0-9_]*")
OPPOSITE = {"<=": ">=", ">=": "<=", "<": ">", ">": "<", "=": "="}


@dataclass(frozen=True, slots=True)
class Allowed:
    """What one rule, or the column itself (`rule` is None), lets a number be; both ends included, None is open."""

    rule: RowRule | None
    least: Decimal | None
    most: Decimal | None

    @property
    def is_empty(self) -> bool:
        return self.least is not None and self.most is not None and self.least > self.most

    def meets(self, other: "Allowed") -> bool:
        return not Allowed(None, _greater(self.least, other.least), _smaller(self.most, other.most)).is_empty


@dataclass(frozen=True, slots=True)
class Conflict:
    """`rules` cannot hold together, whatever the number in `column` is. Without any: its own limits cannot be kept."""

    column: Column
    rules: tuple[RowRule, ...]

    def text(self, contract: Contract) -> str:
        """In words, with the columns' labels."""
        labels = {column.name: column.label for column in contract.columns}
        asked = [NAME.sub(lambda name: labels.get(name[0], name[0]), rule.expr) for rule in self.rules]
        conditions = "与".join(f"“{each}”" for each in asked)
        return f"只改“{self.column.label}”改不好：其余各数不变时，{conditions}不能同时成立，至少还有一个数要核对"


def conflict_of(
    contract: Contract, rules: Sequence[RowRule], row: Mapping[str, Any], column: Column
) -> Conflict | None:
    """The smallest set of these rules that no number in the column satisfies together; None when one does.

    `row` has the typed values by column; a rule of which one is missing is not verifiable and allows everything.
    """
    allowed = [*_of_column(column), *(each for rule in rules for each in _of_rule(contract, rule, row, column))]
    for each in allowed:
        if each.is_empty and each.rule:
            return Conflict(column, (each.rule,))
    for one, other in combinations(allowed, 2):
        if not one.meets(other):
            found = dict.fromkeys(each.rule.id for each in (one, other) if each.rule)
            return Conflict(column, tuple(rule for rule in rules if rule.id in found))
    return None


def unmendable(contract: Contract, rule: RowRule, rules: Sequence[RowRule], row: Mapping[str, Any]) -> Conflict | None:
    """The smallest conflict around a broken rule, when no change of any one of its numbers would mend the row."""
    numbers = [contract.column(name) for name in rule.columns if contract.column(name).is_number]
    conflicts = [conflict_of(contract, rules, row, column) for column in numbers if row.get(column.name) is not None]
    if not conflicts or None in conflicts:
        return None
    return min((each for each in conflicts if each), key=lambda each: len(each.rules))


def _of_column(column: Column) -> Iterator[Allowed]:
    if column.ge is not None or column.le is not None:
        yield Allowed(None, column.ge, column.le)


def _of_rule(contract: Contract, rule: RowRule, row: Mapping[str, Any], column: Column) -> Iterator[Allowed]:
    """What each comparison of a rule allows the column; nothing where it says nothing of it, or allows no interval."""
    if column.name not in rule.columns or NOT_AN_INTERVAL.search(rule.expr):
        return
    for part in re.split(r"\band\b", rule.expr):
        comparison = COMPARISON.match(part.strip())
        if comparison is None:
            continue
        line = _line(contract, f"({comparison[1]}) - ({comparison[3]})", row, column)
        if line is not None:
            yield _interval(rule, column, comparison[2], *line)


def _line(
    contract: Contract, difference: str, row: Mapping[str, Any], column: Column
) -> tuple[Decimal, Decimal] | None:
    """(at zero, slope) of a difference as the column's number changes; None where a value is missing."""
    schema = {each.name: polars_type(each) for each in contract.columns}
    rows = [{name: row.get(name) for name in schema} | {column.name: _typed(column, number)} for number in (0, 1)]
    values = pl.DataFrame(rows, schema=schema, orient="row").select(pl.sql_expr(difference).alias("it")).to_series()
    if values.null_count():
        return None
    at_zero, at_one = (Decimal(str(value)) for value in values)
    return at_zero, at_one - at_zero


def _typed(column: Column, number: int) -> int | Decimal:
    return number if column.type == "integer" else Decimal(number)


def _interval(rule: RowRule, column: Column, compares: str, at_zero: Decimal, slope: Decimal) -> Allowed:
    """What `at_zero + slope · number (compares) 0` allows, in steps of the column's last place."""
    if slope == 0:
        holds = {"<=": at_zero <= 0, ">=": at_zero >= 0, "<": at_zero < 0, ">": at_zero > 0, "=": at_zero == 0}
        return Allowed(rule, None, None) if holds[compares] else Allowed(rule, Decimal(1), Decimal(0))
    compares = compares if slope > 0 else OPPOSITE[compares]
    bound, step = -at_zero / slope, Decimal(1).scaleb(-(column.decimals or 0))
    least = most = None
    if compares in (">=", "=", ">"):
        least = bound.quantize(step, ROUND_CEILING)
        least += step if compares == ">" and least == bound else 0
    if compares in ("<=", "=", "<"):
        most = bound.quantize(step, ROUND_FLOOR)
        most -= step if compares == "<" and most == bound else 0
    return Allowed(rule, least, most)


def _greater(one: Decimal | None, other: Decimal | None) -> Decimal | None:
    return other if one is None else one if other is None else max(one, other)


def _smaller(one: Decimal | None, other: Decimal | None) -> Decimal | None:
    return other if one is None else one if other is None else min(one, other)
