"""The smallest changes after which printed figures that contradict each other agree, all of them.

Exact as far as it goes: a set of facts is among them only if values for them exist with which every relation that
they stand in holds, whatever the other facts are within their rounding, and if no smaller set does it.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import combinations
from math import ceil

from warehouse.figures.fact import CHANGE, Reference
from warehouse.reconcile.judging.relations import INFINITE, Interval, Relation, Spans

MOST_FACTS = 2
"""How many figures are changed at once: three wrong ones in one knot can be right in too many ways to help anybody."""
MOST_TRIED = 4_000
"""Sets of facts that are tried for one knot."""


@dataclass(frozen=True, slots=True)
class PossibleChange:
    """A fact and the values that it may take instead (own unit)."""

    fact: Reference
    span: Interval


Correction = tuple[PossibleChange, ...]


@dataclass(frozen=True, slots=True)
class Knot:
    """Broken relations that share facts, and every smallest correction of them; none when more than MOST_FACTS facts
    would have to change."""

    broken: tuple[Relation, ...]
    corrections: tuple[Correction, ...]

    @property
    def facts(self) -> frozenset[Reference]:
        return frozenset(fact for relation in self.broken for fact in relation.facts)


def knots(broken: Sequence[Relation], relations: Sequence[Relation], spans: Spans) -> list[Knot]:
    """The broken relations in groups that share facts, each with its smallest corrections.

    `relations` are all that bind the figures, `spans` what each fact is taken to be.
    """
    of_fact: dict[Reference, list[Relation]] = defaultdict(list)
    for relation in relations:
        for fact in relation.facts:
            of_fact[fact].append(relation)
    return [Knot(group, tuple(_smallest(group, of_fact, spans))) for group in _groups(broken)]


def _groups(broken: Sequence[Relation]) -> list[tuple[Relation, ...]]:
    groups: list[list[Relation]] = []
    for relation in broken:
        facts = set(relation.facts)
        near = [group for group in groups if any(facts & set(other.facts) for other in group)]
        groups = [group for group in groups if group not in near]
        groups.append([other for group in near for other in group] + [relation])
    return [tuple(group) for group in groups]


def _smallest(
    broken: Sequence[Relation], of_fact: Mapping[Reference, Sequence[Relation]], spans: Spans
) -> Iterator[Correction]:
    """Every correction with the fewest facts."""
    touched = list(dict.fromkeys(fact for relation in broken for fact in relation.facts))
    near = dict.fromkeys(fact for one in touched for relation in of_fact[one] for fact in relation.facts)
    facts = [*touched, *(fact for fact in near if fact not in set(touched))]
    tried = 0
    for many in range(1, MOST_FACTS + 1):
        found = False
        for chosen in combinations(facts, many):
            if any(not set(chosen) & set(relation.facts) for relation in broken):
                continue
            tried += 1
            if tried > MOST_TRIED:
                return
            if (correction := _correction(chosen, of_fact, spans)) is not None:
                found = True
                yield correction
        if found:
            return


def _correction(
    chosen: tuple[Reference, ...], of_fact: Mapping[Reference, Sequence[Relation]], spans: Spans
) -> Correction | None:
    """Values for the chosen facts with which all of their relations hold, the others as printed; None without any."""
    if len(chosen) == 1:
        span = _left_for(chosen[0], of_fact[chosen[0]], spans)
        return None if span is None else (PossibleChange(chosen[0], span),)
    one, other = chosen
    alone = _left_for(one, [r for r in of_fact[one] if other not in r.facts], spans)
    if alone is None:
        return None
    for value in _tried_values(alone, one, other, of_fact, spans):
        # a number stands for as much as the printed one does: 6.92 for all that is rounded to it
        half = (spans[one].high - spans[one].low) / 2
        printed = Interval(value - half, value + half)
        span = _left_for(other, of_fact[other], {**spans, one: printed})
        if span is not None:
            return PossibleChange(one, printed), PossibleChange(other, span)
    return None


def _tried_values(
    alone: Interval, one: Reference, other: Reference, of_fact: Mapping[Reference, Sequence[Relation]], spans: Spans
) -> Iterator[Decimal]:
    """Values of one fact: the ends and the middle of what is left for it, and what its relations with the other imply
    for each end of what the rest leaves for that."""
    there = _left_for(other, [r for r in of_fact[other] if one not in r.facts], spans)
    ends = [] if there is None else [end for end in (there.low, there.high) if end.is_finite()]
    implied = [
        span.middle
        for end in ends
        for relation in of_fact[one]
        if other in relation.facts
        and (span := relation.implied(one, {**spans, other: Interval(end, end)})) is not None
        and span.low.is_finite()
        and span.high.is_finite()
    ]
    own = [value for value in (alone.low, alone.high) if value.is_finite()]
    if len(own) == 2:
        own.append(alone.middle)
    printed = spans[one].middle
    yield from (value for value in dict.fromkeys((*implied, *own, printed)) if alone.low <= value <= alone.high)


def _left_for(fact: Reference, relations: Sequence[Relation], spans: Spans) -> Interval | None:
    """The values of a fact with which each of the relations holds, the other facts within their spans."""
    low, high = (-INFINITE if fact.kind == CHANGE else Decimal(0)), INFINITE
    for relation in relations:
        span = relation.implied(fact, spans)
        if span is not None:
            low, high = max(low, span.low), min(high, span.high)
    return Interval(low, high) if low <= high and _can_be_printed(Interval(low, high), spans[fact]) else None


def _can_be_printed(span: Interval, printed: Interval) -> bool:
    """Whether a number of as many decimals as the printed one lies there; a rounded one stands for all between two."""
    exponent = printed.low.as_tuple().exponent
    if printed.low != printed.high or not isinstance(exponent, int) or not span.low.is_finite():
        return True
    step = Decimal(1).scaleb(exponent)
    return ceil(span.low / step) * step <= span.high
