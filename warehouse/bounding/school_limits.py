"""The limits of one school's numbers: what it has reported stands, the rest may be what is possible, or what is usual.

`possible` (hard) is what would not be rejected: the numbers' own limits, parts and wholes, hard limits by a base.
`usual` is narrower by what the year before makes usual; where that is unknown, by what is usual of the number itself
and by its base.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import ceil, floor

from sources.audit.plausibility import LEAST_BASE, SMALL
from sources.declarations.judgement import YearChange
from warehouse.bounding.exact_programme import ImpossibleError
from warehouse.bounding.shadow import MOST_KEPT, SchoolLimits, Shadow, ShadowMaker
from warehouse.catalogue.declared_limits import ZERO, ByBase, DeclaredLimits, Linear, Span


@dataclass(frozen=True, slots=True)
class SchoolNumbers:
    """What is known of a school, measure → value: what it has reported, and what it reported the year before."""

    reported: Mapping[str, Fraction]
    before: Mapping[str, Fraction]


@dataclass(frozen=True)
class Rules:
    """All that is declared: of each measure, and between the measures of one school."""

    declared: Mapping[str, DeclaredLimits]
    relations: tuple[Linear, ...]

    @cached_property
    def beside(self) -> Mapping[str, frozenset[str]]:
        """Measure → those that a relation has beside it."""
        found = defaultdict[str, set[str]](set)
        for rule in self.relations:
            names = {name for name, _ in rule.factors}
            for name in names:
                found[name] |= names
        return {name: frozenset(others) for name, others in found.items()}


@dataclass(frozen=True, slots=True)
class Shadows:
    """What a school can add to a figure: at the most, and usually."""

    possible: Shadow
    usual: Shadow


_Formula = tuple[tuple[str, ...], tuple[str, ...]]
_Known = frozenset[tuple[bool, str, Fraction]]


class SchoolShadows:
    """What schools can add to figures, by what is declared and what is known of each."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._maker = ShadowMaker()
        self._speaking: dict[_Formula, frozenset[str] | None] = {}
        self._made: dict[tuple[_Formula, _Known], Shadows] = {}

    def of(self, numbers: SchoolNumbers, above: tuple[str, ...], below: tuple[str, ...] = ()) -> Shadows | None:
        """What a school can add above and below the line; None where nothing is declared of one of the numbers.

        What the school has reported may contradict what is usual, or what was once allowed: then the wider holds.
        Schools of which the same is known, as far as it has to do with the formula, are given the same object.
        """
        formula = (above, below)
        if formula not in self._speaking:
            terms = {*above, *below}
            is_declared = terms <= self._rules.declared.keys()
            self._speaking[formula] = _reached(self._rules, terms, usual=True) if is_declared else None
        names = self._speaking[formula]
        if names is None:
            return None
        key = formula, _known_of(numbers, names)
        if key not in self._made:
            if len(self._made) >= MOST_KEPT:
                self._made.clear()
            self._made[key] = self._make(numbers, above, below)
        return self._made[key]

    def _make(self, numbers: SchoolNumbers, above: tuple[str, ...], below: tuple[str, ...]) -> Shadows:
        terms = {*above, *below}
        limits = possible_limits(self._rules, numbers, terms)
        try:
            possible = self._maker.make(limits, above, below)
        except ImpossibleError:
            possible = self._maker.make(SchoolLimits(limits.spans), above, below)
        try:
            usual = self._maker.make(usual_limits(self._rules, numbers, terms), above, below)
        except ImpossibleError:
            usual = possible
        return Shadows(possible, usual)


def _known_of(numbers: SchoolNumbers, names: Set[str]) -> _Known:
    """What a school has reported of the numbers, this year (True) and the year before (False)."""
    now = ((True, name, numbers.reported[name]) for name in names & numbers.reported.keys())
    before = ((False, name, numbers.before[name]) for name in names & numbers.before.keys())
    return frozenset((*now, *before))


def possible_limits(rules: Rules, numbers: SchoolNumbers, terms: Iterable[str]) -> SchoolLimits:
    """What would not be rejected, of the terms and all that is bound to them."""
    names = _reached(rules, terms, usual=False)
    spans = {name: _possible_span(rules.declared[name], numbers) for name in names}
    extra = [rule for name in sorted(names) for rule in _by_base(rules.declared[name], numbers, spans)]
    return _whole(rules, spans, names, extra)


def usual_limits(rules: Rules, numbers: SchoolNumbers, terms: Iterable[str]) -> SchoolLimits:
    """What is usual of the terms, of their bases, and of all that is bound to them."""
    names = _reached(rules, terms, usual=True)
    spans = {name: _usual_span(rules.declared[name], numbers) for name in names}
    extra = [rule for name in sorted(names) for rule in _by_base(rules.declared[name], numbers, spans, usual=True)]
    return _whole(rules, spans, names, extra)


def _reached(rules: Rules, terms: Iterable[str], usual: bool) -> frozenset[str]:
    """The terms, what they rest on, and what relations bind to these."""
    found, waiting = set[str](), list(terms)
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        found.add(name)
        limits = rules.declared[name]
        bases = [limits.product_of] if limits.product_of else []
        bases += [each.base for each in (*limits.possible_by, *(limits.usual_by if usual else ()))]
        waiting += [base for base in bases if base in rules.declared]
        waiting += rules.beside.get(name, ())
    return frozenset(found)


def _whole(rules: Rules, spans: Mapping[str, Span], names: Set[str], extra: list[Linear]) -> SchoolLimits:
    inside = {name: _in_steps(span, rules.declared[name].is_whole) for name, span in spans.items()}
    relations = [rule for rule in rules.relations if all(name in names for name, _ in rule.factors)]
    return SchoolLimits(inside, (*relations, *extra))


def _in_steps(span: Span, is_whole: bool) -> Span:
    """Of a whole number, the whole numbers within."""
    if not is_whole:
        return span
    return Span(Fraction(ceil(span.low)), None if span.high is None else Fraction(floor(span.high)))


def _possible_span(limits: DeclaredLimits, numbers: SchoolNumbers) -> Span:
    value = numbers.reported.get(limits.measure)
    return limits.possible if value is None else Span(value, value)


def _usual_span(limits: DeclaredLimits, numbers: SchoolNumbers) -> Span:
    possible, before = _possible_span(limits, numbers), numbers.before.get(limits.measure)
    if limits.measure in numbers.reported:
        return possible
    if before is not None and limits.change is not None:
        return _within(possible, *_moved(before, limits.change, limits.is_whole))
    return _within(possible, *limits.usual) if before is None else possible


def _moved(before: Fraction, change: YearChange, is_whole: bool) -> tuple[Fraction, Fraction]:
    """From what to what a number usually goes: not more than `ratio` times, or less than `step` away."""
    ratio, step = Fraction(change.ratio), Fraction(change.step)
    if is_whole:
        step = Fraction(ceil(step) - 1)
    return min(before / ratio, before - step), max(before * ratio, before + step)


def _within(span: Span, low: Fraction | None, high: Fraction | None) -> Span:
    """The part of a span between two numbers; all of it where they have no part in it."""
    lowest = span.low if low is None else max(span.low, low)
    ends = [each for each in (span.high, high) if each is not None]
    highest = min(ends, default=None)
    return span if highest is not None and highest < lowest else Span(lowest, highest)


def _by_base(
    limits: DeclaredLimits, numbers: SchoolNumbers, spans: Mapping[str, Span], usual: bool = False
) -> Iterator[Linear]:
    """The limits of a number by another one, as rules. A hard one says nothing of a base of few people."""
    held = [each for each in limits.possible_by if each.base in spans and spans[each.base].low >= LEAST_BASE]
    if usual and limits.measure not in numbers.before:
        held += [each for each in limits.usual_by if each.base in spans]
    if limits.product_of in spans and limits.product_of is not None:
        held.append(ByBase(limits.product_of, *(_factor(limits, numbers) if usual else limits.factor)))
    for each in held:
        if not {limits.measure, each.base} <= numbers.reported.keys():
            yield from _between(limits.measure, each, Fraction(SMALL) if each.is_loose else ZERO)


def _factor(limits: DeclaredLimits, numbers: SchoolNumbers) -> tuple[Fraction | None, Fraction | None]:
    """From what to what the number goes that is taken times another."""
    low, high = limits.factor
    span = Span(low or ZERO, high)
    before, times = numbers.before.get(limits.measure), numbers.before.get(limits.product_of or "")
    if before is not None and times and limits.factor_change is not None:
        return _within(span, *_moved(before / times, limits.factor_change, is_whole=False))
    return _within(span, *limits.usual_factor)


def _between(name: str, by: ByBase, slack: Fraction) -> Iterator[Linear]:
    if by.high is not None:
        yield Linear(((name, Fraction(1)), (by.base, -by.high)), slack)
    if by.low is not None:
        yield Linear(((name, Fraction(-1)), (by.base, by.low)), slack)
