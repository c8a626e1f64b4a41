"""SQL for the solver: values that may be NULL, conditions that are true, false or neither."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import z3
from sqlglot import exp


class NotTranslatedError(Exception):
    """A piece of SQL that has no translation here."""


@dataclass(frozen=True)
class Value:
    """A number (codes and texts are numbers too), and whether it is NULL."""

    number: z3.ArithRef
    is_null: z3.BoolRef


@dataclass(frozen=True)
class Condition:
    """`holds` counts only where the condition is not NULL."""

    holds: z3.BoolRef
    is_null: z3.BoolRef

    @property
    def is_true(self) -> z3.BoolRef:
        return z3.And(self.holds, z3.Not(self.is_null))

    @property
    def is_false(self) -> z3.BoolRef:
        return z3.And(z3.Not(self.holds), z3.Not(self.is_null))


Names = Callable[[exp.Column], Value]
TextOf = Callable[[exp.Expression, str], int]
"""A text that is compared with something (a column, mostly) → the number that stands for it there."""
NEVER, ALWAYS = z3.BoolVal(False), z3.BoolVal(True)
COMPARES: Mapping[type[exp.Expression], Callable[[z3.ArithRef, z3.ArithRef], z3.BoolRef]] = {
    exp.EQ: lambda left, right: left == right,
    exp.NEQ: lambda left, right: left != right,
    exp.LT: lambda left, right: left < right,
    exp.LTE: lambda left, right: left <= right,
    exp.GT: lambda left, right: left > right,
    exp.GTE: lambda left, right: left >= right,
}
COMPUTES: Mapping[type[exp.Expression], Callable[[z3.ArithRef, z3.ArithRef], z3.ArithRef]] = {
    exp.Add: lambda left, right: left + right,
    exp.Sub: lambda left, right: left - right,
    exp.Mul: lambda left, right: left * right,
}


def condition(sql: exp.Expression, names: Names, text_of: TextOf) -> Condition:
    """A condition of SQL in Kleene's logic."""

    def of(part: exp.Expression) -> Condition:
        return condition(part, names, text_of)

    if isinstance(sql, exp.Paren):
        return of(sql.this)
    if isinstance(sql, exp.And):
        return _both(of(sql.this), of(sql.expression))
    if isinstance(sql, exp.Or):
        return _not(_both(_not(of(sql.this)), _not(of(sql.expression))))
    if isinstance(sql, exp.Not):
        return _not(of(sql.this))
    if isinstance(sql, exp.Is) and isinstance(sql.expression, exp.Null):
        return Condition(value(sql.this, names, text_of).is_null, NEVER)
    if isinstance(sql, exp.In):
        equal = [exp.EQ(this=sql.this.copy(), expression=each.copy()) for each in sql.expressions]
        return of(exp.or_(*equal))
    if isinstance(sql, exp.Case):
        return _case(sql, of)
    if type(sql) in COMPARES:
        left, right = _compared(sql, names, text_of)
        return Condition(COMPARES[type(sql)](left.number, right.number), z3.Or(left.is_null, right.is_null))
    raise NotTranslatedError(f"condition {sql.sql()}")


def _compared(sql: exp.Expression, names: Names, text_of: TextOf) -> tuple[Value, Value]:
    left, right = sql.this, sql.expression
    if isinstance(right, exp.Literal) and right.is_string:
        return value(left, names, text_of), _known(text_of(left, right.this))
    return value(left, names, text_of), value(right, names, text_of)


def _known(number: int) -> Value:
    return Value(z3.IntVal(number), NEVER)


def _both(left: Condition, right: Condition) -> Condition:
    is_false = z3.Or(left.is_false, right.is_false)
    return Condition(z3.And(left.is_true, right.is_true), z3.And(z3.Not(is_false), z3.Or(left.is_null, right.is_null)))


def _not(of: Condition) -> Condition:
    return Condition(z3.Not(of.holds), of.is_null)


def _case(sql: exp.Case, of: Callable[[exp.Expression], Condition]) -> Condition:
    """`case when … then … end`: NULL where no branch is taken."""
    if sql.this or sql.args.get("default"):
        raise NotTranslatedError(f"case with more than branches: {sql.sql()}")
    outcome = Condition(NEVER, ALWAYS)
    for branch in reversed(sql.args["ifs"]):
        taken, then = of(branch.this).is_true, of(branch.args["true"])
        outcome = Condition(z3.If(taken, then.holds, outcome.holds), z3.If(taken, then.is_null, outcome.is_null))
    return outcome


def value(sql: exp.Expression, names: Names, text_of: TextOf) -> Value:
    """A number of SQL."""
    if isinstance(sql, exp.Paren):
        return value(sql.this, names, text_of)
    if isinstance(sql, exp.Column):
        return names(sql)
    if isinstance(sql, exp.Literal) and not sql.is_string:
        return Value(z3.IntVal(int(sql.this)) if sql.this.isdecimal() else z3.RealVal(sql.this), NEVER)
    if isinstance(sql, exp.Coalesce):
        return _coalesce(
            [
                value(each, names, text_of) if not _is_text(each) else _known(text_of(sql.this, each.this))
                for each in (sql.this, *sql.expressions)
            ]
        )
    if type(sql) in COMPUTES:
        left, right = value(sql.this, names, text_of), value(sql.expression, names, text_of)
        return Value(COMPUTES[type(sql)](left.number, right.number), z3.Or(left.is_null, right.is_null))
    raise NotTranslatedError(f"value {sql.sql()}")


def _is_text(sql: exp.Expression) -> bool:
    return isinstance(sql, exp.Literal) and sql.is_string


def _coalesce(values: list[Value]) -> Value:
    *before, last = values
    outcome = last
    for each in reversed(before):
        outcome = Value(z3.If(each.is_null, outcome.number, each.number), z3.And(each.is_null, outcome.is_null))
    return outcome
