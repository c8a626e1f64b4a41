"""The lowest and the highest that a region's figure can still be, from what the missing schools can add.

A sum goes from all schools' lowest to all their highest. A ratio is a linear-fractional programme that falls apart by
school: at a trial value λ each school takes the corner at which (above − λ × below) is greatest, and the ratio of what
they take together is the next trial (Dinkelbach); it ends, exactly, where nothing is gained any more.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from typing import TypeVar

from warehouse.bounding.shadow import Corner, Shadow
from warehouse.catalogue.declared_limits import ZERO

Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class End:
    """One end of a bound; `corners`: a school each, with which it is reached. `value` None: there is no limit.

    Where a school's number has no limit, the value may be one that is only come near to (`corners` is then empty).
    """

    value: Fraction | None
    corners: tuple[Corner, ...] = ()


@dataclass(frozen=True, slots=True)
class FigureBound:
    """From what to what a figure can go, in the figure's unit."""

    low: End
    high: End

    @property
    def width(self) -> Fraction | None:
        return None if self.low.value is None or self.high.value is None else self.high.value - self.low.value


@dataclass(frozen=True, slots=True)
class Reported:
    """What the schools that have reported make: above the line, and below it (of a sum 0). A ratio's `below` is more
    than 0; `scale` as the catalogue has it."""

    above: Fraction
    below: Fraction = ZERO
    scale: Fraction = Fraction(1)


def sum_bound(reported: Reported, missing: Sequence[Shadow], counts_once: bool = False) -> FigureBound:
    """Of a sum; with `counts_once`, what a school lists may all be known already, so that it need not add anything."""
    low = _of_each(missing, lambda shadow: shadow.furthest(-1))
    high = _of_each(missing, lambda shadow: shadow.furthest(1))
    is_open = any(ray.above > 0 for shadow in _different(missing) for ray in shadow.rays)
    lowest = reported.above if counts_once else reported.above + _added_up(low)[0]
    highest = None if is_open else reported.above + _added_up(high)[0]
    return FigureBound(End(lowest, low), End(highest, () if is_open else high))


def ratio_bound(reported: Reported, missing: Sequence[Shadow]) -> FigureBound:
    """Of a ratio of sums. Raises ValueError when those that reported have nothing below the line."""
    if reported.below <= 0:
        raise ValueError("a ratio has no bound while nothing is below its line")
    return FigureBound(_extreme(reported, missing, -1), _extreme(reported, missing, 1))


def _extreme(reported: Reported, missing: Sequence[Shadow], sign: int) -> End:
    """The greatest ratio (`sign` 1) or the least (-1)."""
    corners = tuple(shadow.corners[0] for shadow in missing)
    ratio = _ratio(reported, corners)
    while True:
        better = _of_each(missing, partial(_furthest, sign, ratio))
        reached = _ratio(reported, better)
        if sign * (reached - ratio) <= 0:
            break
        ratio, corners = reached, better
    rays = (ray for shadow in _different(missing) for ray in shadow.rays)
    return _onward(ratio, corners, reported.scale, rays, sign)


def _furthest(sign: int, ratio: Fraction, shadow: Shadow) -> Corner:
    return shadow.furthest(sign, ratio)


def _ratio(reported: Reported, corners: Iterable[Corner]) -> Fraction:
    above, below = _added_up(corners)
    return (reported.above + above) / (reported.below + below)


def _of_each(missing: Iterable[Shadow], asked: Callable[[Shadow], Found]) -> tuple[Found, ...]:
    """What is asked of each school; once of those that can add the same (one object: SchoolShadows)."""
    found: dict[int, Found] = {}
    for shadow in (each := tuple(missing)):
        if id(shadow) not in found:
            found[id(shadow)] = asked(shadow)
    return tuple(found[id(shadow)] for shadow in each)


def _different(missing: Iterable[Shadow]) -> tuple[Shadow, ...]:
    return tuple({id(shadow): shadow for shadow in missing}.values())


def _added_up(corners: Iterable[Corner]) -> tuple[Fraction, Fraction]:
    """What schools add above and below the line, each at its corner; the same corner is multiplied, not added."""
    above, below = defaultdict[int, int](int), defaultdict[int, int](int)
    each = tuple(corners)
    times = Counter(map(id, each))
    for corner in {id(corner): corner for corner in each}.values():
        above[corner.above.denominator] += corner.above.numerator * times[id(corner)]
        below[corner.below.denominator] += corner.below.numerator * times[id(corner)]
    return _sum(above), _sum(below)


def _sum(of_denominator: Mapping[int, int]) -> Fraction:
    """Fractions, added up before by their denominators: most are whole numbers."""
    return sum((Fraction(above, below) for below, above in of_denominator.items()), ZERO)


def _onward(ratio: Fraction, corners: tuple[Corner, ...], scale: Fraction, rays: Iterable[Corner], sign: int) -> End:
    """The end, or what is come near to where a school's numbers go on without a limit."""
    furthest = ratio
    for ray in rays:
        if ray.below == 0:
            if sign > 0 and ray.above > 0:
                return End(None)
        elif sign * (ray.above / ray.below - furthest) > 0:
            furthest = ray.above / ray.below
    return End(furthest * scale, corners if furthest == ratio else ())


@dataclass(frozen=True, slots=True)
class Counted:
    """Whether one missing school must count, and may count, among those whose ratio is below a bound."""

    must: bool
    may: bool


def counted(shadow: Shadow, scale: Fraction, below: Fraction) -> Counted:
    """A school without anything below the line has no ratio and does not count."""
    least, most = (
        min(scale * corner.above - below * corner.below for corner in shadow.corners),
        max(scale * corner.above - below * corner.below for corner in shadow.corners),
    )
    onward = [scale * ray.above - below * ray.below for ray in shadow.rays]
    return Counted(
        must=most < 0 and all(each <= 0 for each in onward), may=least < 0 or any(each < 0 for each in onward)
    )


def count_bound(known: Fraction, missing: Sequence[Counted]) -> FigureBound:
    """Of a count of schools, of which `known` are known to count."""
    must, may = sum(each.must for each in missing), sum(each.may for each in missing)
    return FigureBound(End(known + must), End(known + may))


def narrowings(reported: Reported, missing: Sequence[Shadow], bound: FigureBound) -> list[Fraction]:
    """By how much each school's report would narrow the bound: both ends' distance that hangs on it. Of a sum exactly;
    of a ratio the first step towards the ends without it, which is enough to say whom to call first.

    The school is taken in the middle of what it can add. All are 0 where an end is open or nothing can move.
    """
    if not bound.width:
        return [Fraction(0)] * len(missing)
    if not reported.below:
        return list(_of_each(missing, _spread))
    low, high = (_narrowed(reported, missing, end, sign) for end, sign in ((bound.low, -1), (bound.high, 1)))
    return list(_of_each(missing, lambda shadow: low[id(shadow)] + high[id(shadow)]))


def _narrowed(reported: Reported, missing: Sequence[Shadow], end: End, sign: int) -> dict[int, Fraction]:
    """By how much each school (the shadow's id) would narrow one end of a ratio."""
    assert end.value is not None
    ratio = end.value / reported.scale
    by = sign * reported.scale / (reported.below + _added_up(end.corners)[1])
    found = {}
    for shadow in _different(missing):
        furthest, middle = shadow.furthest(sign, ratio), _middle(shadow)
        found[id(shadow)] = (furthest.above - middle[0] - ratio * (furthest.below - middle[1])) * by
    return found


def _spread(shadow: Shadow) -> Fraction:
    values = [corner.above for corner in shadow.corners]
    return max(values) - min(values)


def _middle(shadow: Shadow) -> tuple[Fraction, Fraction]:
    number = len(shadow.corners)
    return (
        sum((corner.above for corner in shadow.corners), ZERO) / number,
        sum((corner.below for corner in shadow.corners), ZERO) / number,
    )
