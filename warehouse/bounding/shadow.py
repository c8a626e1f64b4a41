"""What one school can add above and below the line of a formula: the corners of all that its limits allow."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import lcm
from typing import NamedTuple

from warehouse.bounding.exact_programme import ExactProgramme
from warehouse.catalogue.declared_limits import ZERO, Linear, Span

FAR = Fraction(10**15)
"""Where a number without a limit is cut off to find the corners; how it goes on is kept as a `Corner` of `rays`."""

MOST_KEPT = 3000
"""Shadows that are kept for the next that asks; a province with thirty missing schools needs some thousand."""


class Corner(NamedTuple):
    """What is added above and below the line, and the school's numbers with which it is."""

    above: Fraction
    below: Fraction
    values: Mapping[str, Fraction]


@dataclass(frozen=True, slots=True)
class SchoolLimits:
    """What is allowed of the numbers of one school (measure → span), and the rules between them."""

    spans: Mapping[str, Span]
    rules: tuple[Linear, ...] = ()

    def allow(self, values: Mapping[str, Fraction]) -> bool:
        """Whether the values, of each number that the rules name, keep to all limits."""
        within = all(self.spans[name].holds(value) for name, value in values.items())
        return within and all(rule.holds(values) for rule in self.rules)


@dataclass(frozen=True, slots=True)
class Shadow:
    """The corners of what a school can add; with `rays`, it goes on from each of them in their directions."""

    corners: tuple[Corner, ...]
    rays: tuple[Corner, ...] = ()
    whole: tuple[tuple[int, int], ...] = field(init=False, repr=False, compare=False)
    """Above and below of each corner, times what makes all of them whole: a nation asks for a hundred million."""

    def __post_init__(self) -> None:
        times = lcm(*(part.denominator for corner in self.corners for part in (corner.above, corner.below)))
        whole = tuple((int(corner.above * times), int(corner.below * times)) for corner in self.corners)
        object.__setattr__(self, "whole", whole)

    def furthest(self, sign: int, ratio: Fraction = ZERO) -> Corner:
        """The corner where what is added above, less ratio × below, is greatest (`sign` 1) or least (-1)."""
        if len(self.corners) == 1:
            return self.corners[0]
        by, per = ratio.numerator, ratio.denominator
        gains = [above * per - by * below for above, below in self.whole]
        return self.corners[gains.index(max(gains) if sign > 0 else min(gains))]


@dataclass(frozen=True, slots=True)
class _Bound:
    """Numbers with their spans, and the rules that bind them together."""

    spans: tuple[tuple[str, Span], ...]
    rules: tuple[Linear, ...]

    def programme(self) -> ExactProgramme:
        closed = {name: Span(low, max(FAR, low) if high is None else high) for name, (low, high) in self.spans}
        return ExactProgramme(closed, self.rules)

    def onward(self) -> ExactProgramme | None:
        """In which directions the numbers go on without a limit; None where there are none."""
        if all(span.high is not None for _, span in self.spans):
            return None
        unit = {name: Span(ZERO, ZERO if span.high is not None else Fraction(1)) for name, span in self.spans}
        return ExactProgramme(unit, tuple(Linear(rule.factors) for rule in self.rules))


class ShadowMaker:
    """Makes shadows; what is the same for several schools or formulas is worked out once."""

    def __init__(self) -> None:
        self._programmes: dict[_Bound, ExactProgramme] = {}
        self._made: dict[tuple[_Bound, tuple[str, ...], tuple[str, ...]], Shadow] = {}

    def make(self, limits: SchoolLimits, above: tuple[str, ...], below: tuple[str, ...] = ()) -> Shadow:
        """What the numbers above and below the line can add up to. Raises ImpossibleError when nothing is allowed.

        Numbers that no rule binds add up by themselves; the others are solved together with all that they are bound to.
        """
        bound = _bound_to(limits, {*above, *below})
        if not bound.rules and not {*above} & {*below}:
            return _by_spans(limits, above, below)
        key = (bound, above, below)
        if key not in self._made:
            if len(self._made) >= MOST_KEPT:
                self._made.clear()
                self._programmes.clear()
            if bound not in self._programmes:
                self._programmes[bound] = bound.programme()
            corners = _hull(self._programmes[bound], above, below)
            onward = bound.onward()
            rays = _hull(onward, above, below) if onward else ()
            self._made[key] = Shadow(corners, tuple(ray for ray in rays if ray.above or ray.below))
        return self._made[key]


def _bound_to(limits: SchoolLimits, names: Iterable[str]) -> _Bound:
    found, left, taken = set(names), list(limits.rules), list[Linear]()
    while more := [rule for rule in left if not found.isdisjoint(name for name, _ in rule.factors)]:
        found |= {name for rule in more for name, _ in rule.factors}
        taken += more
        left = [rule for rule in left if rule not in more]
    return _Bound(tuple((name, limits.spans[name]) for name in sorted(found)), tuple(taken))


def _by_spans(limits: SchoolLimits, above: Sequence[str], below: Sequence[str]) -> Shadow:
    sides = [_ends(limits, above), _ends(limits, below)]
    corners = tuple(
        Corner(sum(top.values(), ZERO), sum(bottom.values(), ZERO), {**top, **bottom})
        for top in sides[0]
        for bottom in sides[1]
    )
    one = Fraction(1)
    rays = [Corner(one, ZERO, {name: one}) for name in above if limits.spans[name].high is None]
    rays += [Corner(ZERO, one, {name: one}) for name in below if limits.spans[name].high is None]
    return Shadow(corners, tuple(rays))


def _ends(limits: SchoolLimits, names: Sequence[str]) -> list[dict[str, Fraction]]:
    """All numbers at their lowest, all at their highest; one of the two where they are the same."""
    low = {name: limits.spans[name].low for name in names}
    high = {name: _closed(limits.spans[name]) for name in names}
    return [low, high] if low != high else [low]


def _closed(span: Span) -> Fraction:
    return span.low if span.high is None else span.high


def _hull(programme: ExactProgramme, above: Sequence[str], below: Sequence[str]) -> tuple[Corner, ...]:
    """The corners, found from the four sides inwards: between two of them there is another as long as one lies out."""

    def furthest(x: Fraction, y: Fraction) -> Corner:
        aim: dict[str, Fraction] = {}
        for name in above:
            aim[name] = aim.get(name, ZERO) + x
        for name in below:
            aim[name] = aim.get(name, ZERO) + y
        values = programme.maximise(aim)
        return Corner(sum((values[name] for name in above), ZERO), sum((values[name] for name in below), ZERO), values)

    one = Fraction(1)
    sides = [(one, ZERO), (-one, ZERO)] if not below else [(one, ZERO), (ZERO, one), (-one, ZERO), (ZERO, -one)]
    found = _distinct(furthest(*side) for side in sides)
    if below and len(found) > 1:
        found = _distinct(
            corner
            for start, end in zip(found, [*found[1:], found[0]], strict=True)
            for corner in (start, *_between(furthest, start, end))
        )
    return tuple(found)


def _between(furthest: Callable[[Fraction, Fraction], Corner], start: Corner, end: Corner) -> list[Corner]:
    """The corners that lie outside of the line from `start` to `end`, counter-clockwise."""
    x, y = end.below - start.below, start.above - end.above
    found = furthest(x, y)
    if x * found.above + y * found.below <= x * start.above + y * start.below:
        return []
    return [*_between(furthest, start, found), found, *_between(furthest, found, end)]


def _distinct(corners: Iterable[Corner]) -> list[Corner]:
    found: dict[tuple[Fraction, Fraction], Corner] = {}
    for corner in corners:
        found.setdefault((corner.above, corner.below), corner)
    return list(found.values())
