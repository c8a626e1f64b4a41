"""This module derives the relations between the figures of a report."""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from functools import lru_cache
from itertools import combinations

from sources.declarations.city import City, Scope
from sources.declarations.codelist import load_codelists
from sources.declarations.contract import load_contracts
from warehouse.catalogue.catalogue import Catalogue
from warehouse.catalogue.indicator import Indicator
from warehouse.figures.fact import CHANGE, SCHOOL_SCOPE, VALUE, Reference
from warehouse.reconcile.judging.declared_relations import declared_relations
from warehouse.reconcile.judging.relations import (
    STRENGTH,
    Coefficients,
    Interval,
    Relation,
    Rule,
    Spans,
    formula_of,
    linear,
    parse_rule,
    ratio,
    same_denominator,
    total,
)

Roster = Mapping[int, Mapping[str, Mapping[str, str]]]
"""Year → school code → attribute (category, ownership, affiliation) → code."""
Place = tuple[int, str, str]
"""Year, subject, scope."""
Groups = Mapping[Place, Mapping[str, Reference]]
"""Place → indicator → its value."""
Terms = Mapping[str, tuple[Reference, ...]]
"""Measure → the facts that add up to it: the printed one, or all of its schools'."""
Share = tuple[Reference, tuple[str, ...], int]
"""A ratio, its numerator and its scale."""


@lru_cache
def measure_rules(catalogue: Catalogue) -> tuple[Rule, ...]:
    """Every linear rule among measures that the declarations give."""
    declared = declared_relations()
    rules = [
        *(rule for text in declared.identities for rule in parse_rule(text)),
        *(rule for text in declared.usual for rule in parse_rule(text, is_usual=True)),
        *_contract_rules(catalogue),
        *_partitions(catalogue),
    ]
    return _joined(dict.fromkeys(rules))


def _joined(rules: Iterable[Rule]) -> tuple[Rule, ...]:
    """Joins two inequalities that are each other's reverse into one equation."""
    kept: dict[frozenset[tuple[Decimal, str]], Rule] = {}
    for rule in rules:
        reverse = frozenset((-c, name) for c, name in rule.terms)
        if rule.sign == "<=" and (other := kept.get(reverse)) and other.sign == "<=":
            kept[reverse] = Rule(other.terms, "=", other.is_usual or rule.is_usual)
        elif (other := kept.get(frozenset(rule.terms))) is None or other.sign == "<=":
            kept[frozenset(rule.terms)] = rule
    return tuple(kept.values())


def _contract_rules(catalogue: Catalogue) -> Iterator[Rule]:
    """Rules of forms, whose columns are measures; and of records, for measures that sum one column for a code."""
    measures = catalogue.measures
    for contract in load_contracts(catalogue.pack):
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


def _partitions(catalogue: Catalogue) -> Iterator[Rule]:
    """Measures over the same rows, one with a further condition: a part; all codes of a list: the whole."""
    columns = {contract.name: {c.name: c for c in contract.columns} for contract in load_contracts(catalogue.pack)}
    families = defaultdict(list)
    for measure in catalogue.measures.values():
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
                codelist = load_codelists(catalogue.pack).get(columns[sheet][column].codelist or "")
                covered = codelist is not None and {code.code for code in codelist.codes} <= set(parts)
                added = tuple((Decimal(1), part) for part in parts.values())
                if len(parts) > 1 and distinct is None:
                    yield Rule((*added, (Decimal(-1), whole)), "=" if covered else "<=")
                if len(parts) > 1 and distinct is not None:
                    # one thing may be in several parts: the parts add up to the whole or more
                    yield Rule(((Decimal(1), whole), *((-c, part) for c, part in added)), "<=", not covered)


def members(city: City, scope: Scope, schools: Mapping[str, Mapping[str, str]]) -> frozenset[str] | None:
    """The schools of a scope; None when an attribute that decides is unknown for one of them."""
    left_out = city.leaves_out(scope)
    inside = set()
    for code, attributes in schools.items():
        known = {**attributes, "school_code": code}
        if any(known.get(attribute) in values for attribute, values in left_out.items()):
            continue
        if any(attribute not in known for attribute in scope.exclude):
            return None
        inside.add(code)
    return frozenset(inside)


def grouped(facts: Iterable[Reference]) -> Groups:
    """The values among the facts, by place and indicator."""
    groups: dict[Place, dict[str, Reference]] = defaultdict(dict)
    for fact in facts:
        if fact.kind == VALUE:
            groups[fact.year, fact.subject, fact.scope][fact.indicator] = fact
    return groups


def terms_at(place: Place, groups: Groups, city: City, catalogue: Catalogue, roster: Roster) -> Terms:
    """The facts from which each measure is known at a place.

    A count of the region that is not printed is the sum of its schools', where each of them is printed.
    """
    year, subject, scope_code = place
    terms = {code: (fact,) for code, fact in _printed_terms(groups[place], catalogue).items()}
    scope = next((s for s in city.scopes if s.code == scope_code), None)
    inside = members(city, scope, roster.get(year, {})) if scope and subject == city.code else None
    if not inside:
        return terms
    schools = [groups.get((year, school, SCHOOL_SCOPE), {}) for school in sorted(inside)]
    by_schools = {
        measure: tuple(group[code] for group in schools)
        for measure, code in catalogue.sums.items()
        if measure not in terms
        and all(code in group for group in schools)
        and _additive(catalogue.indicators[code], catalogue)
    }
    return {**terms, **by_schools}


def _printed_terms(group: Mapping[str, Reference], catalogue: Catalogue) -> Mapping[str, Reference]:
    """Measure, or indicator that counts schools → its printed value."""
    by_measure = {measure: group[code] for measure, code in catalogue.sums.items() if code in group}
    return by_measure | {code: fact for code, fact in group.items() if catalogue.indicators[code].counts}


def all_terms(measures: Iterable[str], terms: Terms) -> list[Reference]:
    """The facts that add up to the sum of the measures, as far as they are known."""
    return [fact for measure in measures for fact in terms.get(measure, ())]


def derive(facts: Collection[Reference], city: City, catalogue: Catalogue, roster: Roster) -> list[Relation]:
    """Every relation among the given facts, in an order that depends on nothing else."""
    groups = grouped(facts)
    relations: dict[tuple[object, ...], Relation] = {}
    for relation in (
        *(r for place in groups for r in _within_group(place, groups, city, catalogue, roster)),
        *_changes(facts),
        *_over_schools(groups, city, catalogue, roster),
        *_over_regions(groups, city, catalogue, roster),
        *_over_scopes(groups, city, catalogue, roster),
    ):
        relations.setdefault((relation.kind, frozenset(relation.facts), relation.binds, relation.result), relation)
    return list(relations.values())


def _within_group(place: Place, groups: Groups, city: City, catalogue: Catalogue, roster: Roster) -> Iterator[Relation]:
    """One subject, one scope, one year: sums, ratios, parts."""
    group, terms = groups[place], terms_at(place, groups, city, catalogue, roster)
    by_measure = _printed_terms(group, catalogue)
    shares: dict[tuple[str, ...], list[Share]] = defaultdict(list)
    for code, fact in group.items():
        indicator = catalogue.indicators[code]
        if indicator.counts:
            continue
        formula = formula_of(indicator, city, place[0])
        if indicator.kind == "sum" and len(formula.numerator) > 1 and all(m in by_measure for m in formula.numerator):
            above = [by_measure[m] for m in formula.numerator]
            yield linear("sum", (*((Decimal(1), f) for f in above), (Decimal(-1), fact)), "=", fact)
        if indicator.kind == "ratio":
            if all(measure in terms for measure in (*formula.numerator, *formula.denominator)):
                sides = all_terms(formula.numerator, terms), all_terms(formula.denominator, terms)
                yield ratio(fact, *sides, indicator.scale)
            shares[formula.denominator].append((fact, formula.numerator, indicator.scale))
    for denominator, ratios in shares.items():
        if not all(m in terms for m in denominator):
            known = [(f, all_terms(n, terms), s) for f, n, s in ratios if all(m in terms for m in n)]
            yield from (same_denominator(one, other) for one, other in combinations(known, 2))
    for rule in measure_rules(catalogue):
        if all(name in by_measure for _, name in rule.terms):
            bound = tuple((c, by_measure[name]) for c, name in rule.terms)
            wholes = [fact for c, fact in bound if c < 0]
            yield linear(
                "sum", bound, rule.sign, wholes[0] if rule.sign == "=" and len(wholes) == 1 else None,
                is_usual=rule.is_usual,
            )  # fmt: skip
        yield from _shares_add_up(rule, shares)


def _shares_add_up(rule: Rule, shares: Mapping[tuple[str, ...], Sequence[Share]]) -> Iterator[Relation]:
    """Where parts add up to a whole, the parts' shares of it add up to one."""
    wholes = tuple(name for c, name in rule.terms if c == -1)
    parts = [name for c, name in rule.terms if c == 1]
    if rule.sign != "=" or len(wholes) + len(parts) != len(rule.terms):
        return
    of_part = {numerator[0]: (fact, scale) for fact, numerator, scale in shares.get(wholes, []) if len(numerator) == 1}
    if len(parts) > 1 and all(part in of_part for part in parts):
        facts = [of_part[part][0] for part in parts]
        scale = of_part[parts[0]][1]

        def implied(fact: Reference, spans: Spans) -> Interval:
            rest = total(facts, spans, fact)
            return Interval(scale - rest.high, scale - rest.low)

        yield Relation(
            "shares", tuple(facts), None, STRENGTH["usual" if rule.is_usual else "shares"], implied,
            is_usual=rule.is_usual,
        )  # fmt: skip


def _changes(facts: Collection[Reference]) -> Iterator[Relation]:
    """This year's value less last year's; last year's in another scope when the report has no other."""
    known = set(facts)
    in_any_scope = defaultdict[Reference, list[Reference]](list)
    for fact in known:
        in_any_scope[replace(fact, scope="")].append(fact)
    for fact in facts:
        now = replace(fact, kind=VALUE)
        if fact.kind != CHANGE or now not in known:
            continue
        before = replace(now, year=fact.year - 1)
        others = sorted(f for f in in_any_scope[replace(before, scope="")] if f.scope != SCHOOL_SCOPE)
        for previous in [before] if before in known else others[:1]:
            terms = ((Decimal(1), now), (Decimal(-1), previous), (Decimal(-1), fact))
            yield linear("change", terms, "=", fact, other_scope=previous.scope != now.scope)


def _additive(indicator: Indicator, catalogue: Catalogue) -> bool:
    """Whether the region's value is the sum of the schools'."""
    if indicator.kind != "sum":
        return False
    measures = [catalogue.measures[code] for code in indicator.numerator]
    return all(m.level == "school" and m.adds == "sum" for m in measures)


def _over_schools(groups: Groups, city: City, catalogue: Catalogue, roster: Roster) -> Iterator[Relation]:
    """The region against its schools: the sum of all, or no less than the sum of those printed."""
    for (year, subject, scope_code), group in groups.items():
        scope = next((s for s in city.scopes if s.code == scope_code), None)
        inside = members(city, scope, roster.get(year, {})) if scope and subject == city.code else None
        if not inside:
            continue
        for code, whole in group.items():
            own = {school: groups.get((year, school, SCHOOL_SCOPE), {}).get(code) for school in sorted(inside)}
            parts = tuple((Decimal(1), fact) for fact in own.values() if fact)
            if parts and _additive(catalogue.indicators[code], catalogue):
                everyone = len(parts) == len(inside)
                terms = (*parts, (Decimal(-1), whole))
                yield linear("sum", terms, "=" if everyone else "<=", whole if everyone else None)


def _over_regions(groups: Groups, city: City, catalogue: Catalogue, roster: Roster) -> Iterator[Relation]:
    """A region against those right below it: the sum of all, where every school lies in one of them, or no less than
    the sum of those printed."""
    for (year, subject, scope_code), group in groups.items():
        scope = next((s for s in city.scopes if s.code == scope_code), None)
        below = [region.code for region in city.regions if region.parent == subject]
        inside = members(city, scope, roster.get(year, {})) if scope and below else None
        if not inside:
            continue
        # a school of another year may have moved since
        by_code = city.in_year(year).respondent_by_code
        homes = {city.region_of(by_code[school]) for school in inside if school in by_code}
        own = {home for home in homes if subject in city.region_paths.get(home, ())}
        needed = {next((code for code in below if code in city.region_paths[home]), subject) for home in own}
        for code, whole in group.items():
            printed = {region: groups.get((year, region, scope_code), {}).get(code) for region in below}
            parts = {region: fact for region, fact in printed.items() if fact}
            if parts and _additive(catalogue.indicators[code], catalogue):
                terms = (*((Decimal(1), fact) for fact in parts.values()), (Decimal(-1), whole))
                is_all = needed <= set(parts)
                yield linear("sum", terms, "=" if is_all else "<=", whole if is_all else None)


def _over_scopes(groups: Groups, city: City, catalogue: Catalogue, roster: Roster) -> Iterator[Relation]:
    """A narrower scope against a wider one: what lies between them, school by school or by a count of its own."""
    for wide, narrow in ((a, b) for a in city.scopes for b in city.scopes if a != b and _is_wider(a, b)):
        left_out = {(a, v) for a, values in narrow.exclude.items() for v in values}
        left_out -= {(a, v) for a, values in wide.exclude.items() for v in values}
        for (year, subject, scope), group in groups.items():
            if scope != wide.code:
                continue
            schools = roster.get(year, {})
            inside, kept = members(city, wide, schools), members(city, narrow, schools)
            for code, whole in group.items():
                part = groups.get((year, subject, narrow.code), {}).get(code)
                if part is None or not _additive(catalogue.indicators[code], catalogue):
                    continue
                terms: Coefficients = ((Decimal(1), part), (Decimal(-1), whole))
                counts = [_count_of(group, catalogue.indicators[code], catalogue, *pair) for pair in left_out]
                between = (inside or frozenset()) - (kept or frozenset())
                own = [groups.get((year, school, SCHOOL_SCOPE), {}).get(code) for school in sorted(between)]
                if subject == city.code and inside and kept and own and all(own):
                    yield linear("sum", (*terms, *((Decimal(1), f) for f in own if f)), "=", part)
                elif len(counts) == 1 and counts[0]:
                    yield linear("sum", (*terms, (Decimal(1), counts[0])), "=", part)
                else:
                    yield linear("sum", terms, "<=")


def _is_wider(wide: Scope, narrow: Scope) -> bool:
    return all(set(values) <= set(narrow.exclude.get(a, ())) for a, values in wide.exclude.items())


def _count_of(
    group: Mapping[str, Reference], indicator: Indicator, catalogue: Catalogue, attribute: str, value: str
) -> Reference | None:
    """The printed count of the rows that have the attribute, where the indicator counts rows of a list."""
    whole = catalogue.measures[indicator.numerator[0]]
    for measure, code in catalogue.sums.items():
        found = catalogue.measures[measure]
        if (found.sheet, found.count, found.where) == (whole.sheet, True, f"{attribute} = '{value}'") and whole.count:
            return group.get(code)
    return None
