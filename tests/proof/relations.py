"""Queries for the solver: relations of a few rows, each of which may be there or not.

What is understood is what the rules across sheets use: `with` of one level, joins on equal columns, `where`, and
aggregates by submission (and by a code). All rows are of one submission.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import sqlglot
import z3
from sqlglot import exp

from tests.proof.three_valued import ALWAYS, NEVER, Condition, Names, NotTranslatedError, Value, condition, value

THE_SUBMISSION = Value(z3.IntVal(0), NEVER)
SUBMISSION, RECORD = "submission_id", "record"


@dataclass(frozen=True)
class SymbolicRow:
    """A row that is there where `present`; column → value. `codelists`: column → numbers that its codes have."""

    present: z3.BoolRef
    values: Mapping[str, Value]
    codes: Mapping[str, Mapping[str, int]]


@dataclass(frozen=True)
class Judged:
    """One thing that a rule judges, where it is there."""

    present: z3.BoolRef
    holds: Condition


Relations = Mapping[str, Sequence[SymbolicRow]]
_Joined = Mapping[str, SymbolicRow]
"""Alias → row."""


def judged_by(sql: str, sheets: Relations) -> list[Judged]:
    """What a rule's SQL judges: the column `holds` of its result."""
    query = sqlglot.parse_one(sql, dialect="duckdb")
    relations = dict(sheets)
    for part in (query.args.get("with") or query.args.get("with_") or exp.With(expressions=[])).expressions:
        relations[part.alias] = _grouped(part.this, relations)
    (holds,) = [each.this for each in query.expressions if each.alias == "holds"]
    return [
        Judged(present, condition(holds, _names(joined), _texts(joined))) for present, joined in _rows(query, relations)
    ]


def _rows(query: exp.Expression, relations: Relations) -> list[tuple[z3.BoolRef, _Joined]]:
    """The rows of from, joins and where, with whether each is there."""
    source = (query.args.get("from") or query.args.get("from_")).this
    rows = [(row.present, {source.alias_or_name: row}) for row in _relation(source, relations)]
    for join in query.args.get("joins") or ():
        rows = _join(rows, join, _relation(join.this, relations))
    where = query.args.get("where")
    if where is None:
        return rows
    return [
        (z3.And(present, condition(where.this, _names(joined), _texts(joined)).is_true), joined)
        for present, joined in rows
    ]


def _relation(table: exp.Table, relations: Relations) -> Sequence[SymbolicRow]:
    if table.name not in relations:
        raise NotTranslatedError(f"asks `{table.name}`, which is no sheet of the workbook")
    return relations[table.name]


def _join(
    rows: list[tuple[z3.BoolRef, _Joined]], join: exp.Join, other: Sequence[SymbolicRow]
) -> list[tuple[z3.BoolRef, _Joined]]:
    alias, is_left = join.this.alias_or_name, join.side == "LEFT"
    matched = []
    for (present, joined), row in product(rows, other):
        both = {**joined, alias: row}
        on = condition(join.args["on"], _names(both), _texts(both)).is_true
        matched.append((z3.And(present, row.present, on), both))
    if not is_left:
        return matched
    alone = []
    for position, (present, joined) in enumerate(rows):
        mine = matched[position * len(other) : (position + 1) * len(other)]
        nothing = SymbolicRow(ALWAYS, {name: Value(z3.IntVal(0), ALWAYS) for name in other[0].values}, other[0].codes)
        alone.append((z3.And(present, z3.Not(z3.Or([each for each, _ in mine]))), {**joined, alias: nothing}))
    return matched + alone


def _grouped(query: exp.Expression, relations: Relations) -> list[SymbolicRow]:
    """The rows of an aggregate by submission, and by at most one code."""
    if query.args.get("group") is None:
        raise NotTranslatedError(f"no aggregate by submission: {query.sql()}")
    rows = _rows(query, relations)
    by = [each.name for each in query.args["group"].expressions if each.name != SUBMISSION]
    if len(by) > 1:
        raise NotTranslatedError(f"group by {by}")
    if not by:
        return [_group(query, rows, None, None)]
    (name,) = by
    codes = next((row.codes[name] for _, joined in rows for row in joined.values() if name in row.codes), None)
    if codes is None:
        raise NotTranslatedError(f"group by the text `{name}`")
    return [_group(query, rows, name, number) for number in codes.values()]


def _group(
    query: exp.Expression, rows: Sequence[tuple[z3.BoolRef, _Joined]], by: str | None, number: int | None
) -> SymbolicRow:
    """The row of one group, there where any of its rows is."""
    members = rows
    if by is not None:
        column = exp.column(by)
        of = [(present, joined, _names(joined)(column)) for present, joined in rows]
        members = [
            (z3.And(present, z3.Not(code.is_null), code.number == number), joined) for present, joined, code in of
        ]
    values = {
        each.alias_or_name: THE_SUBMISSION
        if each.alias_or_name == SUBMISSION
        else Value(z3.IntVal(number), NEVER)
        if each.alias_or_name == by
        else _aggregate(each.unalias(), members)
        for each in query.expressions
    }
    codes = {name: numbers for _, joined in rows for row in joined.values() for name, numbers in row.codes.items()}
    return SymbolicRow(z3.Or([present for present, _ in members]), values, {by: codes[by]} if by else {})


def _aggregate(sql: exp.Expression, rows: Sequence[tuple[z3.BoolRef, _Joined]]) -> Value:
    """sum, max, min, count(*), count(x), count(distinct x) of the rows that are there."""
    if isinstance(sql, exp.Count) and isinstance(sql.this, exp.Star):
        return Value(_total([z3.If(present, 1, 0) for present, _ in rows]), NEVER)
    of = sql.this.expressions[0] if isinstance(sql.this, exp.Distinct) else sql.this
    given = [(value(of, _names(joined), _texts(joined)), present) for present, joined in rows]
    there = [(each.number, z3.And(present, z3.Not(each.is_null))) for each, present in given]
    nothing = z3.Not(z3.Or([is_there for _, is_there in there]))
    if isinstance(sql, exp.Count) and isinstance(sql.this, exp.Distinct):
        first = [
            z3.And(is_there, z3.Not(z3.Or([z3.And(other, same == number) for same, other in there[:position]])))
            for position, (number, is_there) in enumerate(there)
        ]
        return Value(_total([z3.If(each, 1, 0) for each in first]), NEVER)
    if isinstance(sql, exp.Count):
        return Value(_total([z3.If(is_there, 1, 0) for _, is_there in there]), NEVER)
    if isinstance(sql, exp.Sum):
        return Value(_total([z3.If(is_there, number, 0) for number, is_there in there]), nothing)
    if isinstance(sql, exp.Max | exp.Min):
        best, found = there[0]
        for number, is_there in there[1:]:
            better = number > best if isinstance(sql, exp.Max) else number < best
            best = z3.If(z3.And(is_there, z3.Or(z3.Not(found), better)), number, best)
            found = z3.Or(found, is_there)
        return Value(best, nothing)
    raise NotTranslatedError(f"aggregate {sql.sql()}")


def _total(numbers: Sequence[z3.ArithRef]) -> z3.ArithRef:
    return z3.Sum(list(numbers))


def _names(joined: _Joined) -> Names:
    """How a column is found: by its alias, or in the only row that has it."""

    def found(column: exp.Column) -> Value:
        if column.table:
            return joined[column.table].values[column.name]
        (only,) = [row for row in joined.values() if column.name in row.values]
        return only.values[column.name]

    return found


def _texts(joined: _Joined) -> Callable[[exp.Expression, str], int]:
    """The number of a code, by the list of the column with which it is compared."""

    def found(compared: exp.Expression, text: str) -> int:
        column = compared.find(exp.Column)
        rows = [joined[column.table]] if column.table else joined.values()
        (codes,) = [row.codes[column.name] for row in rows if column.name in row.codes]
        return codes[text]

    return found
