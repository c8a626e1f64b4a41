"""Relations that bind printed figures; the catalogue, the contracts' rules, the scopes and the roster give them.

Nothing here knows a report. The formulas of the indicators give ratios and sums; the row rules of the forms give
totals and parts (a linear rule that holds for each school holds for their sum); the `where` of the measures gives
partitions and subsets; the scopes give what lies inside what; `relations.yml` adds the little that is left.
"""

import ast
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from sources.declarations.city import City
from warehouse.catalogue.indicator import STANDARD_DEFINITION, Formula, Indicator
from warehouse.figures.fact import Reference

INFINITE = Decimal("Infinity")


class Interval(NamedTuple):
    """The values that a printed number may stand for, both ends included, in the indicator's own unit."""

    low: Decimal
    high: Decimal

    def meets(self, other: "Interval") -> bool:
        return self.low <= other.high and other.low <= self.high

    @property
    def middle(self) -> Decimal:
        return (self.low + self.high) / 2


Spans = Mapping[Reference, Interval]
Coefficients = tuple[tuple[Decimal, Reference], ...]


@dataclass(frozen=True)
class Relation:
    """Facts that bind each other. `kind` says why; `result` is the one that a clerk works out from the others.

    `strength` is how much a breach weighs; `is_usual` marks what may have an innocent reason.
    """

    kind: str
    facts: tuple[Reference, ...]
    result: Reference | None
    strength: float
    implied: Callable[[Reference, Spans], Interval | None]
    """What the other facts leave for one of them; None when they leave it free."""
    sides: tuple[Coefficients, str, Coefficients] | None = None
    """For sums: the parts, the sign (=, <=) and the whole, to print."""
    is_usual: bool = False
    other_scope: bool = False
    """The change runs between two scopes."""
    binds: bool = True
    """An equation: while it holds, it speaks for its terms. An inequality does not."""

    def holds(self, spans: Spans) -> bool:
        """Whether some values within the spans satisfy it; true when it cannot be judged."""
        first = self.facts[0]
        left = self.implied(first, spans)
        return left is None or left.meets(spans[first])


STRENGTH = {"negative": 20.0, "ratio": 8.0, "sum": 8.0, "change": 8.0, "denominator": 7.0, "shares": 6.0, "usual": 5.0}


def linear(kind: str, terms: Coefficients, sign: str, result: Reference | None = None, **more: bool) -> Relation:
    """Σ coefficient × fact = 0, or <= 0."""

    def implied(fact: Reference, spans: Spans) -> Interval | None:
        own = next(c for c, f in terms if f == fact)
        low = sum((min(c * spans[f].low, c * spans[f].high) for c, f in terms if f != fact), Decimal(0))
        high = sum((max(c * spans[f].low, c * spans[f].high) for c, f in terms if f != fact), Decimal(0))
        if sign == "=":
            ends = (-low / own, -high / own)
            return Interval(min(ends), max(ends))
        return Interval(-INFINITE, -low / own) if own > 0 else Interval(low / -own, INFINITE)

    left = tuple((c, f) for c, f in terms if c > 0)
    right = tuple((-c, f) for c, f in terms if c < 0)
    weight = kind if sign == "=" and not more.get("is_usual") else "usual"
    facts = tuple(fact for _, fact in terms)
    return Relation(
        kind, facts, result, STRENGTH[weight], implied, sides=(left, sign, right), binds=sign == "=", **more
    )


def not_negative(fact: Reference) -> Relation:
    """A number of what is counted or measured is not below zero."""

    def implied(_: Reference, __: Spans) -> Interval:
        return Interval(Decimal(0), INFINITE)

    return Relation("negative", (fact,), None, STRENGTH["negative"], implied, binds=False)


def ratio(result: Reference, above: Sequence[Reference], below: Sequence[Reference], scale: int) -> Relation:
    """result = scale × Σ above ÷ Σ below."""

    def implied(fact: Reference, spans: Spans) -> Interval | None:
        top, bottom = (total(side, spans, fact) for side in (above, below))
        share = spans[result]
        if fact == result:
            return None if bottom.low <= 0 else Interval(scale * top.low / bottom.high, scale * top.high / bottom.low)
        if fact in above:
            return Interval(share.low * bottom.low / scale - top.high, share.high * bottom.high / scale - top.low)
        if share.low <= 0:
            return None
        return Interval(scale * top.low / share.high - bottom.high, scale * top.high / share.low - bottom.low)

    return Relation("ratio", (result, *above, *below), result, STRENGTH["ratio"], implied)


def same_denominator(
    one: tuple[Reference, Sequence[Reference], int],
    other: tuple[Reference, Sequence[Reference], int],
) -> Relation:
    """Two ratios over a denominator that is not printed: what each implies for it must agree."""

    def denominator(part: tuple[Reference, Sequence[Reference], int], spans: Spans) -> Interval | None:
        result, above, scale = part
        top, share = total(above, spans), spans[result]
        return None if share.low <= 0 else Interval(scale * top.low / share.high, scale * top.high / share.low)

    def implied(fact: Reference, spans: Spans) -> Interval | None:
        mine, yours = (one, other) if fact in (one[0], *one[1]) else (other, one)
        base = denominator(yours, spans)
        if base is None or base.low <= 0:
            return None
        result, above, scale = mine
        top = total(above, spans, fact)
        if fact == result:
            return Interval(scale * top.low / base.high, scale * top.high / base.low)
        share = spans[result]
        return Interval(share.low * base.low / scale - top.high, share.high * base.high / scale - top.low)

    facts = (one[0], *one[1], other[0], *other[1])
    return Relation("denominator", facts, None, STRENGTH["denominator"], implied)


def total(facts: Iterable[Reference], spans: Spans, but: Reference | None = None) -> Interval:
    kept = [spans[fact] for fact in facts if fact != but]
    return Interval(sum((s.low for s in kept), Decimal(0)), sum((s.high for s in kept), Decimal(0)))


class Rule(NamedTuple):
    """Σ coefficient × measure, sign, 0."""

    terms: tuple[tuple[Decimal, str], ...]
    sign: str
    is_usual: bool = False


def parse_rule(expression: str, is_usual: bool = False) -> list[Rule]:
    """The linear comparisons of a rule (`a + b <= c and d = 6000 * e`), without a constant; others are left out."""
    try:
        tree = ast.parse(re.sub(r"(?<![<>=!])=(?!=)", "==", expression), mode="eval").body
    except SyntaxError:
        return []
    parts = tree.values if isinstance(tree, ast.BoolOp) and isinstance(tree.op, ast.And) else [tree]
    rules = []
    for part in parts:
        if not isinstance(part, ast.Compare) or len(part.ops) != 1:
            continue
        left, right = _coefficients(part.left), _coefficients(part.comparators[0])
        sign = {ast.Eq: "=", ast.LtE: "<=", ast.GtE: ">="}.get(type(part.ops[0]))
        if left is None or right is None or sign is None:
            continue
        turn = -1 if sign == ">=" else 1
        terms = {name: turn * (left.get(name, Decimal(0)) - right.get(name, Decimal(0))) for name in {**left, **right}}
        if "" not in terms:
            rules.append(Rule(tuple((c, n) for n, c in sorted(terms.items()) if c), sign.replace(">", "<"), is_usual))
    return rules


def _coefficients(node: ast.expr) -> dict[str, Decimal] | None:
    """Name → coefficient ('' for a constant), or None when it is not linear."""
    if isinstance(node, ast.Name):
        return {node.id: Decimal(1)}
    if isinstance(node, ast.Constant) and isinstance(node.value, int):
        return {"": Decimal(node.value)}
    if not isinstance(node, ast.BinOp):
        return None
    left, right = _coefficients(node.left), _coefficients(node.right)
    if left is None or right is None:
        return None
    if isinstance(node.op, ast.Mult):
        left, right = (left, right) if set(left) == {""} else (right, left)
        return {name: left[""] * c for name, c in right.items()} if set(left) == {""} else None
    if isinstance(node.op, ast.Add | ast.Sub):
        turn = 1 if isinstance(node.op, ast.Add) else -1
        return {n: left.get(n, Decimal(0)) + turn * right.get(n, Decimal(0)) for n in {**left, **right}}
    return None


def formula_of(indicator: Indicator, city: City, year: int) -> Formula:
    """The indicator's formula as the city defines it in the year."""
    choice = next((c for c in city.definitions if c.indicator == indicator.code), None)
    chosen = choice.alternative if choice and (choice.since is None or choice.since <= year) else STANDARD_DEFINITION
    return indicator.formula(chosen)
