"""Schools are left out of a whole year on purpose, and the bound of what remains is held against the true value.

In the pure function: the numbers of each school are read once, no model is built.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import duckdb

from sources.declarations.pack import Pack
from warehouse.bounding.region_bound import FigureBound, Reported, ratio_bound, sum_bound
from warehouse.bounding.school_limits import Rules, SchoolNumbers, SchoolShadows, Shadows
from warehouse.catalogue.catalogue import Catalogue, load_catalogue
from warehouse.catalogue.declared_limits import ZERO, declared_limits, declared_relations
from warehouse.catalogue.indicator import Formula, Indicator

WHICH = ("possible", "usual")
COUNTED = ("tried", *WHICH)
Numbers = Mapping[str, Mapping[str, Fraction]]
"""School → measure → value."""


@dataclass(frozen=True)
class LeftOut:
    """What became of the bounds of one figure: how often a true value was held against them, and lay within."""

    indicator: str
    kind: str
    tried: int
    in_possible: int
    in_usual: int


def numbers_of(connection: duckdb.DuckDBPyConnection, report_year: int) -> Numbers:
    """What the schools of a year have reported, from a database with core.fct_measure."""
    found: dict[str, dict[str, Fraction]] = {}
    for school, measure, value in connection.execute(
        "select subject_code, measure_code, value from core.fct_measure"
        " where subject_kind = 'school' and value is not null and report_year = ? order by all",
        [report_year],
    ).fetchall():
        found.setdefault(school, {})[measure] = Fraction(value)
    return found


def figures(catalogue: Catalogue) -> Iterator[tuple[Indicator, Formula]]:
    """The sums and ratios of what schools report."""
    for indicator in catalogue.indicators.values():
        is_added = not indicator.counts and catalogue.adds(indicator) in ("sum", "ratio_of_sums")
        if is_added and catalogue.level(indicator) == "school":
            yield indicator, indicator.formula("standard")


def left_out(
    pack: Pack, this_year: Numbers, last_year: Numbers, indicators: Iterable[str] | None = None, at_most: int = 99
) -> list[LeftOut]:
    """Leaves out every set of schools (of at most so many) of every figure that two schools or more have reported.

    Whoever is left out is known by last year's numbers alone.
    """
    shadows = SchoolShadows(Rules(declared_limits(pack), declared_relations(pack)))
    wanted = None if indicators is None else set(indicators)
    found = []
    for indicator, formula in figures(load_catalogue(pack)):
        terms = [code for _, code in formula.terms]
        schools = [school for school, values in this_year.items() if all(code in values for code in terms)]
        if len(schools) < 2 or (wanted is not None and indicator.code not in wanted):
            continue
        known = [
            shadows.of(SchoolNumbers({}, last_year.get(school, {})), formula.numerator, formula.denominator)
            for school in schools
        ]
        numbers = [this_year[school] for school in schools]
        of_each = [each for each in known if each]
        if len(of_each) == len(known):
            hold = _ratio_holds if formula.denominator else _sum_holds
            within = hold(indicator, formula, numbers, of_each, at_most)
            found.append(LeftOut(indicator.code, indicator.kind, *(within[each] for each in COUNTED)))
    return found


def _subset_sums(values: Sequence[Fraction]) -> list[Fraction]:
    """The sum over every set of the places, by the set's number as bits."""
    sums = [ZERO]
    for value in values:
        sums += [each + value for each in sums]
    return sums


def _sets(schools: int, at_most: int) -> list[int]:
    """All sets but nobody and everybody, of at most so many."""
    return [each for each in range(1, 2**schools - 1) if each.bit_count() <= at_most]


def _sum_holds(
    indicator: Indicator,
    formula: Formula,
    numbers: Sequence[Mapping[str, Fraction]],
    known: Sequence[Shadows],
    at_most: int,
) -> Counter[str]:
    """A sum's bound is the sum of each school's: asked once for each, added up for every set."""
    true = _subset_sums([sum((values[code] for code in formula.numerator), ZERO) for values in numbers])
    within: Counter[str] = Counter()
    for which in WHICH:
        each = [sum_bound(Reported(ZERO), [getattr(shadows, which)]) for shadows in known]
        low = _subset_sums([bound.low.value or ZERO for bound in each])
        high = _subset_sums([bound.high.value or ZERO for bound in each])
        is_open = [bound.high.value is None for bound in each]
        for missing in _sets(len(numbers), at_most):
            no_limit = any(open_ and missing >> place & 1 for place, open_ in enumerate(is_open))
            within[which] += low[missing] <= true[missing] and (no_limit or true[missing] <= high[missing])
    within["tried"] = len(_sets(len(numbers), at_most))
    return within


def _ratio_holds(
    indicator: Indicator,
    formula: Formula,
    numbers: Sequence[Mapping[str, Fraction]],
    known: Sequence[Shadows],
    at_most: int,
) -> Counter[str]:
    above = _subset_sums([sum((values[code] for code in formula.numerator), ZERO) for values in numbers])
    below = _subset_sums([sum((values[code] for code in formula.denominator), ZERO) for values in numbers])
    within: Counter[str] = Counter()
    for missing in _sets(len(numbers), at_most):
        reported = Reported(above[-1] - above[missing], below[-1] - below[missing], Fraction(indicator.scale))
        if not reported.below:
            continue
        true = above[-1] / below[-1] * indicator.scale
        within["tried"] += 1
        for which in WHICH:
            shadows = [getattr(each, which) for place, each in enumerate(known) if missing >> place & 1]
            within[which] += holds_within(ratio_bound(reported, shadows), true)
    return within


def holds_within(bound: FigureBound, value: Fraction) -> bool:
    """Whether a value lies within a bound, its ends included."""
    assert bound.low.value is not None
    return bound.low.value <= value and (bound.high.value is None or value <= bound.high.value)
