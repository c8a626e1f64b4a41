"""What must hold among printed figures: derived from the catalogue, the contracts' rules, the scopes and the roster.

Nothing here knows a report. The formulas of the indicators give ratios and sums; the row rules of the forms give
totals and parts (a linear rule that holds for each school holds for their sum); the `where` of the measures gives
partitions and subsets; the scopes give what lies inside what; `relations.yml` adds the little that is left.
"""

import ast
import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from itertools import combinations
from pathlib import Path
from typing import NamedTuple

from sources.declarations.city import City, Scope
from sources.declarations.codelist import load_codelists
from sources.declarations.contract import load_contracts
from sources.declarations.strict_yaml import read_yaml
from warehouse.model import STANDARD_DEFINITION, Formula, Indicator, load_indicators, load_measures
from warehouse.reconcile.figures import CHANGE, VALUE, Fact

INFINITE = Decimal("Infinity")
SCHOOL_SCOPE = "school"
Roster = Mapping[int, Mapping[str, Mapping[str, str]]]
"""Year → school code → attribute (category, ownership, affiliation) → code."""


class Span(NamedTuple):
    """The values that a printed number may stand for, both ends included, in the indicator's own unit."""

    low: Decimal
    high: Decimal

    def meets(self, other: "Span") -> bool:
        return self.low <= other.high and other.low <= self.high

    @property
    def middle(self) -> Decimal:
        return (self.low + self.high) / 2


Spans = Mapping[Fact, Span]
Coefficients = tuple[tuple[Decimal, Fact], ...]


@dataclass(frozen=True)
class Relation:
    """Facts that bind each other. `kind` says why; `result` is the one that a clerk works out from the others.

    `strength` is how much a breach weighs; `is_usual` marks what may have an innocent reason.
    """

    kind: str
    facts: tuple[Fact, ...]
    result: Fact | None
    strength: float
    implied: Callable[[Fact, Spans], Span | None]
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


STRENGTH = {"ratio": 8.0, "sum": 8.0, "change": 8.0, "denominator": 7.0, "shares": 6.0, "usual": 5.0}


def linear(kind: str, terms: Coefficients, sign: str, result: Fact | None = None, **more: bool) -> Relation:
    """Σ coefficient × fact = 0, or <= 0."""

    def implied(fact: Fact, spans: Spans) -> Span | None:
        own = next(c for c, f in terms if f == fact)
        low = sum((min(c * spans[f].low, c * spans[f].high) for c, f in terms if f != fact), Decimal(0))
        high = sum((max(c * spans[f].low, c * spans[f].high) for c, f in terms if f != fact), Decimal(0))
        if sign == "=":
            ends = (-low / own, -high / own)
            return Span(min(ends), max(ends))
        return Span(-INFINITE, -low / own) if own > 0 else Span(low / -own, INFINITE)

    left = tuple((c, f) for c, f in terms if c > 0)
    right = tuple((-c, f) for c, f in terms if c < 0)
    weight = kind if sign == "=" and not more.get("is_usual") else "usual"
    facts = tuple(fact for _, fact in terms)
    return Relation(
        kind, facts, result, STRENGTH[weight], implied, sides=(left, sign, right), binds=sign == "=", **more
    )


def ratio(result: Fact, above: Sequence[Fact], below: Sequence[Fact], scale: int) -> Relation:
    """result = scale × Σ above ÷ Σ below."""

    def implied(fact: Fact, spans: Spans) -> Span | None:
        top, bottom = (_total(side, spans, fact) for side in (above, below))
        share = spans[result]
        if fact == result:
            return None if bottom.low <= 0 else Span(scale * top.low / bottom.high, scale * top.high / bottom.low)
        if fact in above:
            return Span(share.low * bottom.low / scale - top.high, share.high * bottom.high / scale - top.low)
        if share.low <= 0:
            return None
        return Span(scale * top.low / share.high - bottom.high, scale * top.high / share.low - bottom.low)

    return Relation("ratio", (result, *above, *below), result, STRENGTH["ratio"], implied)


def same_denominator(one: tuple[Fact, Sequence[Fact], int], other: tuple[Fact, Sequence[Fact], int]) -> Relation:
    """Two ratios over a denominator that is not printed: what each implies for it must agree."""

    def denominator(part: tuple[Fact, Sequence[Fact], int], spans: Spans) -> Span | None:
        result, above, scale = part
        top, share = _total(above, spans), spans[result]
        return None if share.low <= 0 else Span(scale * top.low / share.high, scale * top.high / share.low)

    def implied(fact: Fact, spans: Spans) -> Span | None:
        mine, yours = (one, other) if fact in (one[0], *one[1]) else (other, one)
        base = denominator(yours, spans)
        if base is None or base.low <= 0:
            return None
        result, above, scale = mine
        top = _total(above, spans, fact)
        if fact == result:
            return Span(scale * top.low / base.high, scale * top.high / base.low)
        share = spans[result]
        return Span(share.low * base.low / scale - top.high, share.high * base.high / scale - top.low)

    facts = (one[0], *one[1], other[0], *other[1])
    return Relation("denominator", facts, None, STRENGTH["denominator"], implied)


def _total(facts: Iterable[Fact], spans: Spans, but: Fact | None = None) -> Span:
    kept = [spans[fact] for fact in facts if fact != but]
    return Span(sum((s.low for s in kept), Decimal(0)), sum((s.high for s in kept), Decimal(0)))


# --- linear rules: of contracts, of measures, declared -----------------------------------------------------------


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


@lru_cache
def measure_rules() -> tuple[Rule, ...]:
    """Every linear rule among measures that the declarations give."""
    declared = read_yaml(Path(__file__).with_name("relations.yml"))
    rules = [
        *(rule for text in declared["identities"] for rule in parse_rule(text)),
        *(rule for text in declared["usual"] for rule in parse_rule(text, is_usual=True)),
        *_contract_rules(),
        *_partitions(),
    ]
    return _joined(dict.fromkeys(rules))


def _joined(rules: Iterable[Rule]) -> tuple[Rule, ...]:
    """Two inequalities that are each other's reverse make one equation."""
    kept: dict[frozenset, Rule] = {}
    for rule in rules:
        reverse = frozenset((-c, name) for c, name in rule.terms)
        if rule.sign == "<=" and (other := kept.get(reverse)) and other.sign == "<=":
            kept[reverse] = Rule(other.terms, "=", other.is_usual or rule.is_usual)
        elif (other := kept.get(frozenset(rule.terms))) is None or other.sign == "<=":
            kept[frozenset(rule.terms)] = rule
    return tuple(kept.values())


def _contract_rules() -> Iterator[Rule]:
    """Of forms, whose columns are measures; and of records, for measures that sum one column where a code stands."""
    measures = load_measures()
    for contract in load_contracts():
        of_sheet = [measure for measure in measures.values() if measure.sheet == contract.name]
        for rule in contract.rules:
            usual = rule.severity != "error"
            for parsed in parse_rule(rule.expr, usual):
                if all(name in measures for _, name in parsed.terms):
                    yield parsed
            # "code <> 'x' or a = 6000 * b" speaks of the measures "where code = 'x'"
            guarded = re.fullmatch(r"(\w+) <> ('\w+') or (.+)", rule.expr)
            if guarded:
                where = f"{guarded[1]} = {guarded[2]}"
                by_column = {m.sum: m.code for m in of_sheet if m.sum and m.where == where}
                for parsed in parse_rule(guarded[3], usual):
                    if all(name in by_column for _, name in parsed.terms):
                        yield parsed._replace(terms=tuple((c, by_column[name]) for c, name in parsed.terms))


def _partitions() -> Iterator[Rule]:
    """Measures over the same rows, one with a further condition: a part; all codes of a list: the whole."""
    columns = {contract.name: {c.name: c for c in contract.columns} for contract in load_contracts()}
    families = defaultdict(list)
    for measure in load_measures().values():
        if measure.value is None:
            conditions = frozenset(measure.where.split(" and ")) if measure.where else frozenset()
            families[measure.sheet, measure.count, measure.sum, measure.distinct].append((measure.code, conditions))
    for (sheet, _, _, distinct), members in families.items():
        for whole, conditions in members:
            by_column: dict[str, dict[str, str]] = defaultdict(dict)
            for part, narrower in members:
                if conditions < narrower:
                    yield Rule(((Decimal(1), part), (Decimal(-1), whole)), "<=")
                extra = narrower - conditions
                match = re.fullmatch(r"(\w+) = '(\w+)'", next(iter(extra))) if len(extra) == 1 else None
                if match and conditions < narrower:
                    by_column[match[1]][match[2]] = part
            for column, parts in by_column.items():
                codelist = load_codelists().get(columns[sheet][column].codelist or "")
                covered = codelist is not None and {code.code for code in codelist.codes} <= set(parts)
                added = tuple((Decimal(1), part) for part in parts.values())
                if len(parts) > 1 and distinct is None:
                    yield Rule((*added, (Decimal(-1), whole)), "=" if covered else "<=")
                if len(parts) > 1 and distinct is not None:
                    # one thing may be in several parts: the parts add up to the whole or more
                    yield Rule(((Decimal(1), whole), *((-c, part) for c, part in added)), "<=", not covered)


# --- relations among the facts that are printed --------------------------------------------------------------------


@lru_cache
def plain_sums() -> dict[str, str]:
    """Measure → the indicator that is nothing but this measure."""
    return {
        indicator.numerator[0]: indicator.code
        for indicator in load_indicators().values()
        if indicator.kind == "sum" and len(indicator.numerator) == 1
    }


def formula_of(indicator: Indicator, city: City, year: int) -> Formula:
    """The indicator's formula as the city defines it in the year."""
    choice = next((c for c in city.definitions if c.indicator == indicator.code), None)
    chosen = choice.alternative if choice and (choice.since is None or choice.since <= year) else STANDARD_DEFINITION
    return indicator.formula(chosen)


def members(scope: Scope, schools: Mapping[str, Mapping[str, str]]) -> frozenset[str] | None:
    """The schools of a scope; None when an attribute that decides is unknown for one of them."""
    inside = set()
    for code, attributes in schools.items():
        known = {**attributes, "school_code": code}
        if any(known.get(attribute) in values for attribute, values in scope.exclude.items()):
            continue
        if any(attribute not in known for attribute in scope.exclude):
            return None
        inside.add(code)
    return frozenset(inside)


def derive(facts: Collection[Fact], city: City, roster: Roster) -> list[Relation]:
    """Every relation among the given facts."""
    groups: dict[tuple[int, str, str], dict[str, Fact]] = defaultdict(dict)
    for fact in facts:
        if fact.kind == VALUE:
            groups[fact[:3]][fact.indicator] = fact
    relations: dict[tuple, Relation] = {}
    for relation in (
        *(r for key, group in groups.items() for r in _within_group(key, group, city)),
        *_changes(facts),
        *_over_schools(groups, city, roster),
        *_over_scopes(groups, city, roster),
    ):
        relations.setdefault((relation.kind, frozenset(relation.facts), relation.binds, relation.result), relation)
    return list(relations.values())


def _within_group(key: tuple[int, str, str], group: Mapping[str, Fact], city: City) -> Iterator[Relation]:
    """One subject, one scope, one year: sums, ratios, parts."""
    by_measure = {measure: group[code] for measure, code in plain_sums().items() if code in group}
    by_measure |= {code: fact for code, fact in group.items() if load_indicators()[code].counts}
    shares: dict[tuple[str, ...], list[tuple[Fact, tuple[str, ...], int]]] = defaultdict(list)
    for code, fact in group.items():
        indicator = load_indicators()[code]
        if indicator.counts:
            continue
        formula = formula_of(indicator, city, key[0])
        above = [by_measure[m] for m in formula.numerator if m in by_measure]
        below = [by_measure[m] for m in formula.denominator if m in by_measure]
        complete = len(above) == len(formula.numerator)
        if indicator.kind == "sum" and len(formula.numerator) > 1 and complete:
            yield linear("sum", (*((Decimal(1), f) for f in above), (Decimal(-1), fact)), "=", fact)
        if indicator.kind == "ratio":
            if complete and len(below) == len(formula.denominator):
                yield ratio(fact, above, below, indicator.scale)
            shares[formula.denominator].append((fact, formula.numerator, indicator.scale))
    for denominator, ratios in shares.items():
        if not all(m in by_measure for m in denominator):
            known = [(f, [by_measure[m] for m in n], s) for f, n, s in ratios if all(m in by_measure for m in n)]
            yield from (same_denominator(one, other) for one, other in combinations(known, 2))
    for rule in measure_rules():
        if all(name in by_measure for _, name in rule.terms):
            terms = tuple((c, by_measure[name]) for c, name in rule.terms)
            wholes = [fact for c, fact in terms if c < 0]
            yield linear(
                "sum", terms, rule.sign, wholes[0] if rule.sign == "=" and len(wholes) == 1 else None,
                is_usual=rule.is_usual,
            )  # fmt: skip
        yield from _shares_add_up(rule, shares)


def _shares_add_up(rule: Rule, shares: Mapping[tuple[str, ...], list]) -> Iterator[Relation]:
    """Where parts add up to a whole, the parts' shares of it add up to one."""
    wholes = tuple(name for c, name in rule.terms if c == -1)
    parts = [name for c, name in rule.terms if c == 1]
    if rule.sign != "=" or len(wholes) + len(parts) != len(rule.terms):
        return
    of_part = {numerator[0]: (fact, scale) for fact, numerator, scale in shares.get(wholes, []) if len(numerator) == 1}
    if len(parts) > 1 and all(part in of_part for part in parts):
        facts = [of_part[part][0] for part in parts]
        scale = of_part[parts[0]][1]

        def implied(fact: Fact, spans: Spans) -> Span:
            rest = _total(facts, spans, fact)
            return Span(scale - rest.high, scale - rest.low)

        yield Relation(
            "shares", tuple(facts), None, STRENGTH["usual" if rule.is_usual else "shares"], implied,
            is_usual=rule.is_usual,
        )  # fmt: skip


def _changes(facts: Collection[Fact]) -> Iterator[Relation]:
    """This year's value less last year's; last year's in another scope when the report has no other."""
    known = set(facts)
    for fact in known:
        now = fact._replace(kind=VALUE)
        if fact.kind != CHANGE or now not in known:
            continue
        before = now._replace(year=fact.year - 1)
        others = sorted(f for f in known if f._replace(scope=now.scope) == before and f.scope != SCHOOL_SCOPE)
        for previous in [before] if before in known else others[:1]:
            terms = ((Decimal(1), now), (Decimal(-1), previous), (Decimal(-1), fact))
            yield linear("change", terms, "=", fact, other_scope=previous.scope != now.scope)


def _additive(indicator: Indicator) -> bool:
    """Whether the region's value is the sum of the schools'."""
    if indicator.kind != "sum":
        return False
    measures = [load_measures()[code] for code in indicator.numerator]
    return all(m.level == "school" and not m.is_distinct_in_region for m in measures)


def _over_schools(groups: Mapping, city: City, roster: Roster) -> Iterator[Relation]:
    """The region against its schools: the sum of all, or no less than the sum of those printed."""
    for (year, subject, scope_code), group in groups.items():
        scope = next((s for s in city.scopes if s.code == scope_code), None)
        inside = members(scope, roster.get(year, {})) if scope and subject == city.code else None
        if not inside:
            continue
        for code, whole in group.items():
            own = {school: groups.get((year, school, SCHOOL_SCOPE), {}).get(code) for school in inside}
            parts = tuple((Decimal(1), fact) for fact in own.values() if fact)
            if parts and _additive(load_indicators()[code]):
                everyone = len(parts) == len(inside)
                terms = (*parts, (Decimal(-1), whole))
                yield linear("sum", terms, "=" if everyone else "<=", whole if everyone else None)


def _over_scopes(groups: Mapping, city: City, roster: Roster) -> Iterator[Relation]:
    """A narrower scope against a wider one: what lies between them, school by school or by a count of its own."""
    for wide, narrow in ((a, b) for a in city.scopes for b in city.scopes if a != b and _is_wider(a, b)):
        left_out = {(a, v) for a, values in narrow.exclude.items() for v in values}
        left_out -= {(a, v) for a, values in wide.exclude.items() for v in values}
        for (year, subject, scope), group in groups.items():
            if scope != wide.code:
                continue
            schools = roster.get(year, {})
            inside, kept = members(wide, schools), members(narrow, schools)
            for code, whole in group.items():
                part = groups.get((year, subject, narrow.code), {}).get(code)
                if part is None or not _additive(load_indicators()[code]):
                    continue
                terms: Coefficients = ((Decimal(1), part), (Decimal(-1), whole))
                counts = [_count_of(group, load_indicators()[code], *pair) for pair in left_out]
                between = (inside or frozenset()) - (kept or frozenset())
                own = [groups.get((year, school, SCHOOL_SCOPE), {}).get(code) for school in sorted(between)]
                if inside and kept and own and all(own):
                    yield linear("sum", (*terms, *((Decimal(1), f) for f in own if f)), "=", part)
                elif len(counts) == 1 and counts[0]:
                    yield linear("sum", (*terms, (Decimal(1), counts[0])), "=", part)
                else:
                    yield linear("sum", terms, "<=")


def _is_wider(wide: Scope, narrow: Scope) -> bool:
    return all(set(values) <= set(narrow.exclude.get(a, ())) for a, values in wide.exclude.items())


def _count_of(group: Mapping[str, Fact], indicator: Indicator, attribute: str, value: str) -> Fact | None:
    """The printed count of what has the attribute, where the indicator counts rows of a list."""
    whole = load_measures()[indicator.numerator[0]]
    for measure, code in plain_sums().items():
        found = load_measures()[measure]
        if (found.sheet, found.count, found.where) == (whole.sheet, True, f"{attribute} = '{value}'") and whole.count:
            return group.get(code)
    return None
