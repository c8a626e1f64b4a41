"""What everybody knows of one school's numbers, because the rules are published: parts, wholes, what says the same."""

import re
from dataclasses import dataclass
from functools import lru_cache

from sources.declarations.contract import load_contracts
from sources.declarations.pack import Pack
from warehouse.catalogue.indicator import load_indicators
from warehouse.catalogue.measure import load_measures, measure_columns
from warehouse.catalogue.small_group import small_groups_of

LINEAR = re.compile(r"\s*([a-z_0-9]+(?:\s*\+\s*[a-z_0-9]+)*)\s*(<=|=)\s*([a-z_0-9]+)\s*")
"""Parts that are not more than a whole, or make it up."""


@dataclass(frozen=True, slots=True)
class KnownRelation:
    """Σ factor × measure ≤ 0, or = 0, of the measures of one school."""

    factors: tuple[tuple[str, float], ...]
    is_equal: bool


@lru_cache
def added_up(pack: Pack) -> frozenset[str]:
    """The measures of schools of which a region has the sum."""
    measures = load_measures(pack).values()
    return frozenset(each.code for each in measures if each.adds == "sum" and each.level == "school")


@lru_cache
def known_relations(pack: Pack) -> tuple[KnownRelation, ...]:
    """The published rules that say parts and wholes, and that no share of people is more than all of them."""
    found = []
    for contract in load_contracts(pack):
        for rule in contract.rules if contract.shape == "form" else ():
            linear = LINEAR.fullmatch(rule.expr) if rule.severity == "error" else None
            parts = [each.strip() for each in linear[1].split("+")] if linear else []
            if linear and {*parts, linear[3]} <= added_up(pack):
                factors = (*((part, 1.0) for part in parts), (linear[3], -1.0))
                found.append(KnownRelation(factors, is_equal=linear[2] == "="))
    for code, group in small_groups_of(pack).items():
        for formula in load_indicators(pack)[code].formulas:
            is_share = group.interval is not None and group.interval.of == "people"
            if is_share and len(formula.numerator) == len(formula.denominator) == 1:
                factors = ((formula.numerator[0], 1.0), (formula.denominator[0], -1.0))
                found.append(KnownRelation(factors, is_equal=False))
    return tuple(dict.fromkeys(found))


@lru_cache
def same_in_other_words(pack: Pack, code: str) -> tuple[str, ...]:
    """Measures that say the same of a school in another way, and do not add up: a mean beside its total."""
    measures = load_measures(pack)
    columns = {*measure_columns(pack, measures[code])}
    return tuple(
        other.code
        for other in measures.values()
        if other.adds == "none" and other.sheet == measures[code].sheet and {*measure_columns(pack, other)} <= columns
    )
