"""A bound is sharp and true: some admissible numbers reach each end, none lies beyond it, another solver agrees."""

from collections.abc import Mapping
from fractions import Fraction
from random import Random

import pytest

from warehouse.bounding.exact_programme import ExactProgramme, ImpossibleError
from warehouse.bounding.region_bound import (
    Counted,
    FigureBound,
    Reported,
    count_bound,
    counted,
    narrowings,
    ratio_bound,
    sum_bound,
)
from warehouse.bounding.shadow import SchoolLimits, ShadowMaker
from warehouse.catalogue.declared_limits import ZERO, Linear, Span
from warehouse.hiding.attack import INFINITE, Programme

NAMES = ("a", "b", "c", "d", "e")
REPORTED = Reported(Fraction(40), Fraction(60), Fraction(100))


def any_school(random: Random) -> SchoolLimits:
    """A school of five numbers: some are known, some have no limit, some are parts of others."""
    spans = {}
    for name in NAMES:
        low = Fraction(random.choice((0, 0, 3, 7)))
        high = None if random.random() < 0.15 else low + random.choice((0, 5, 12, Fraction(31, 2)))
        spans[name] = Span(low, high)
    rules = []
    for _ in range(random.choice((0, 1, 2, 4))):
        part, whole = random.sample(NAMES, 2)
        more = [name for name in NAMES if name not in (part, whole) and random.random() < 0.3]
        factor = random.choice((Fraction(1), Fraction(1), Fraction(1, 3), Fraction(5)))
        rules.append(
            Linear(
                (*((name, Fraction(1)) for name in (part, *more)), (whole, -factor)), Fraction(random.choice((0, 4)))
            )
        )
    return SchoolLimits(spans, tuple(rules))


def any_formula(random: Random) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """A ratio; now and then a number stands above and below the line."""
    below = tuple(random.sample(NAMES, random.choice((1, 2))))
    above = random.choice([tuple(random.sample(NAMES, random.choice((1, 2)))), (below[0],)])
    return above, below


def some_values(limits: SchoolLimits, random: Random) -> dict[str, Fraction]:
    """Admissible numbers: on the way between the ends of random objectives."""
    closed = {name: Span(low, Fraction(60) if high is None else high) for name, (low, high) in limits.spans.items()}
    programme = ExactProgramme(closed, limits.rules)
    ends = [programme.maximise({name: Fraction(random.randint(-3, 3)) for name in NAMES}) for _ in range(2)]
    share = Fraction(random.randint(0, 4), 4)
    return {name: share * ends[0][name] + (1 - share) * ends[1][name] for name in NAMES}


def is_possible(limits: SchoolLimits) -> bool:
    try:
        some_values(limits, Random(0))
    except ImpossibleError:
        return False
    return True


def some_schools(random: Random) -> list[SchoolLimits]:
    drawn = [any_school(random) for _ in range(8)]
    return [limits for limits in drawn if is_possible(limits)][: random.choice((1, 2, 3))]


def ratio_of(parts: list[tuple[Fraction, Fraction]]) -> Fraction:
    above = REPORTED.above + sum((each for each, _ in parts), ZERO)
    below = REPORTED.below + sum((each for _, each in parts), ZERO)
    return above / below * REPORTED.scale


def added(values: Mapping[str, Fraction], above: tuple[str, ...], below: tuple[str, ...]) -> tuple[Fraction, Fraction]:
    return sum((values[name] for name in above), ZERO), sum((values[name] for name in below), ZERO)


def by_another_solver(
    schools: list[SchoolLimits], above: tuple[str, ...], below: tuple[str, ...], sign: float
) -> float | None:
    """The end by a linear-fractional programme over all schools at once (Charnes and Cooper), solved by HiGHS."""
    programme = Programme()
    step = programme.column(cost=-sign * float(REPORTED.above))
    line = {step: float(REPORTED.below)}
    for limits in schools:
        column = {}
        for name in NAMES:
            cost = -sign * above.count(name)
            column[name] = programme.column(cost=cost, low=0.0, high=INFINITE)
            low, high = limits.spans[name]
            programme.row({column[name]: 1.0, step: -float(low)}, 0.0, INFINITE)
            if high is not None:
                programme.row({column[name]: 1.0, step: -float(high)}, -INFINITE, 0.0)
            if name in below:
                line[column[name]] = float(below.count(name))
        for rule in limits.rules:
            factors: dict[int, float] = {step: -float(rule.high)}
            for name, factor in rule.factors:
                factors[column[name]] = factors.get(column[name], 0.0) + float(factor)
            programme.row(factors, -INFINITE, 0.0)
    programme.row(line, 1.0, 1.0)
    found = programme.minimise()
    if found is None:
        return None
    total = found[step] * float(REPORTED.above)
    for first in range(1, len(found), len(NAMES)):
        total += sum(found[first + NAMES.index(name)] for name in above)
    return total * float(REPORTED.scale)


def check_sharp(
    schools: list[SchoolLimits], above: tuple[str, ...], below: tuple[str, ...], bound: FigureBound
) -> None:
    """Each end that is reached is so by a witness that keeps to all limits."""
    for end in (bound.low, bound.high):
        if end.value is None or not end.corners:
            continue
        for limits, corner in zip(schools, end.corners, strict=True):
            assert all(limits.spans[name].holds(value) for name, value in corner.values.items())
            for rule in limits.rules:
                names = {name for name, _ in rule.factors}
                if not names.isdisjoint(corner.values):
                    assert names <= corner.values.keys()
                    assert rule.holds(corner.values)
            assert added(corner.values, above, below) == (corner.above, corner.below)
        assert ratio_of([(corner.above, corner.below) for corner in end.corners]) == end.value


@pytest.mark.parametrize("seed", [*range(25), *(pytest.param(seed, marks=pytest.mark.deep) for seed in range(25, 200))])
def test_a_ratio_is_bounded_sharply(seed: int) -> None:
    random = Random(seed)
    schools, (above, below) = some_schools(random), any_formula(random)
    bound = ratio_bound(REPORTED, [ShadowMaker().make(limits, above, below) for limits in schools])
    check_sharp(schools, above, below, bound)
    for _ in range(20):
        value = ratio_of([added(some_values(limits, random), above, below) for limits in schools])
        assert bound.low.value is not None
        assert bound.low.value <= value
        assert bound.high.value is None or value <= bound.high.value
    for end, sign in ((bound.low, -1.0), (bound.high, 1.0)):
        other = by_another_solver(schools, above, below, sign)
        assert (end.value is None) == (other is None)
        if end.value is not None and other is not None:
            assert float(end.value) == pytest.approx(other, abs=1e-5, rel=1e-6)


def test_a_term_that_stands_twice_is_one_number() -> None:
    limits = SchoolLimits({"a": Span(ZERO, Fraction(40)), "b": Span(ZERO, Fraction(10))})
    shadow = ShadowMaker().make(limits, ("a",), ("a", "b"))
    bound = ratio_bound(Reported(Fraction(50), Fraction(100)), [shadow])
    assert (bound.low.value, bound.high.value) == (Fraction(50, 110), Fraction(90, 140))


def test_a_part_is_not_more_than_its_whole() -> None:
    spans = {"a": Span(ZERO, Fraction(100)), "b": Span(Fraction(50), Fraction(100))}
    part = Linear((("a", Fraction(1)), ("b", Fraction(-1))))
    free, tied = (ShadowMaker().make(SchoolLimits(spans, rules), ("a",), ("b",)) for rules in ((), (part,)))
    reported = Reported(Fraction(50), Fraction(100))
    assert ratio_bound(reported, [free]).high.value == Fraction(150, 150)
    assert ratio_bound(reported, [tied]).high.value == Fraction(150, 200)
    assert ratio_bound(reported, [tied]).low.value == Fraction(50, 200)


def test_without_a_limit_a_bound_is_open() -> None:
    limits = SchoolLimits({"a": Span(ZERO, None), "b": Span(ZERO, Fraction(5))})
    maker, reported = ShadowMaker(), Reported(Fraction(1), Fraction(2))
    assert ratio_bound(reported, [maker.make(limits, ("a",), ("b",))]).high.value is None
    assert sum_bound(Reported(Fraction(3)), [maker.make(limits, ("a",))]).high.value is None
    near = ratio_bound(reported, [maker.make(limits, ("b",), ("a",))]).low
    assert (near.value, near.corners) == (ZERO, ()), "come near to, never reached"


def test_a_sum_goes_from_all_lowest_to_all_highest() -> None:
    made = ShadowMaker().make(
        SchoolLimits({"a": Span(Fraction(2), Fraction(9)), "b": Span(Fraction(1), Fraction(3))}), ("a", "b")
    )
    bound = sum_bound(Reported(Fraction(10)), [made, made])
    assert (bound.low.value, bound.high.value) == (16, 34)
    assert sum_bound(Reported(Fraction(10)), [made], counts_once=True).low.value == 10
    assert narrowings(Reported(Fraction(10)), [made, made], bound) == [9, 9]


def test_a_school_counts_that_must_be_below_and_may_that_can() -> None:
    maker, one = ShadowMaker(), Fraction(1)
    below, around, empty = (
        maker.make(
            SchoolLimits({"a": Span(ZERO, Fraction(high)), "b": Span(Fraction(low), Fraction(10))}), ("a",), ("b",)
        )
        for high, low in ((9, 10), (30, 10), (0, 0))
    )
    found = [counted(each, one, one) for each in (below, around, empty)]
    assert found == [Counted(must=True, may=True), Counted(must=False, may=True), Counted(must=False, may=True)]
    bound = count_bound(Fraction(4), found)
    assert (bound.low.value, bound.high.value) == (5, 7)


def test_who_can_move_the_figure_most_is_called_first() -> None:
    maker = ShadowMaker()
    large, small = (
        maker.make(SchoolLimits({"a": Span(ZERO, Fraction(of)), "b": Span(Fraction(of), Fraction(of))}), ("a",), ("b",))
        for of in (400, 30)
    )
    reported = Reported(Fraction(500), Fraction(1000))
    bound = ratio_bound(reported, [small, large])
    of_small, of_large = narrowings(reported, [small, large], bound)
    assert bound.width is not None
    assert 0 < of_small < of_large < bound.width


def test_nothing_fulfils_what_contradicts_itself() -> None:
    spans = {"a": Span(Fraction(5), Fraction(9)), "b": Span(ZERO, Fraction(3))}
    with pytest.raises(ImpossibleError):
        ShadowMaker().make(SchoolLimits(spans, (Linear((("a", Fraction(1)), ("b", Fraction(-1)))),)), ("a",), ("b",))
    with pytest.raises(ValueError, match="below its line"):
        ratio_bound(Reported(ZERO), [])
