"""What ratios say of a denominator that the report does not print: each with its numerator gives an interval for it.

Ratios that contradict each other are a relation (relations.same_denominator). Here is asked what those that agree mean:
a reader takes a printed count for their denominator, and it may be another.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sources.declarations.city import City
from warehouse.catalogue.catalogue import Catalogue
from warehouse.figures.fact import Reference
from warehouse.reconcile.judging.declared_relations import declared_relations
from warehouse.reconcile.judging.derive import Place, Roster, Terms, all_terms, grouped, terms_at
from warehouse.reconcile.judging.relations import Interval, Spans, formula_of, total


@dataclass(frozen=True, slots=True)
class ImpliedDenominator:
    """A denominator that is not printed: within what span the ratios put it, the narrowest first."""

    place: Place
    measures: tuple[str, ...]
    span: Interval
    ratios: tuple[Reference, ...]


def implied_denominators(
    spans: Spans, city: City, catalogue: Catalogue, roster: Roster
) -> Iterator[tuple[ImpliedDenominator, Terms]]:
    """Each of them, with what is printed at its place; of ratios that disagree, what most of them say."""
    groups = grouped(spans)
    for place, group in groups.items():
        terms = terms_at(place, groups, city, catalogue, roster)
        found: dict[tuple[str, ...], dict[Reference, Interval]] = defaultdict(dict)
        for code, fact in group.items():
            indicator = catalogue.indicators[code]
            if indicator.kind != "ratio" or indicator.counts:
                continue
            formula = formula_of(indicator, city, place[0])
            is_printed = all(measure in terms for measure in formula.denominator)
            if is_printed or not all(measure in terms for measure in formula.numerator) or spans[fact].low <= 0:
                continue
            above, scale = total(all_terms(formula.numerator, terms), spans), indicator.scale
            found[formula.denominator][fact] = Interval(
                scale * above.low / spans[fact].high, scale * above.high / spans[fact].low
            )
        for measures, intervals in found.items():
            span, ratios = _what_most_say(intervals)
            yield ImpliedDenominator(place, measures, span, tuple(ratios)), terms


def _what_most_say(intervals: Mapping[Reference, Interval]) -> tuple[Interval, Sequence[Reference]]:
    """Where the greatest number of intervals meet, and whose they are; the narrowest first."""
    by_width = sorted(intervals, key=lambda fact: intervals[fact].high - intervals[fact].low)
    best: list[Reference] = []
    for start in (intervals[fact].low for fact in by_width):
        meeting = [fact for fact in by_width if intervals[fact].low <= start <= intervals[fact].high]
        best = max(best, meeting, key=len)
    return Interval(max(intervals[fact].low for fact in best), min(intervals[fact].high for fact in best)), best


def implied_hints(spans: Spans, city: City, catalogue: Catalogue, roster: Roster) -> Iterator[tuple[Reference, str]]:
    """A question at the ratio that tells most, where a reader would take another count for its denominator."""
    beside = {each.implied: each.beside for each in declared_relations().denominators}
    for implied, terms in implied_denominators(spans, city, catalogue, roster):
        counts = [terms[beside[measure]] for measure in implied.measures if beside.get(measure) in terms]
        if len(counts) != len(implied.measures):
            continue
        printed = total([fact for facts in counts for fact in facts], spans)
        if printed.meets(implied.span):
            continue
        yield implied.ratios[0], _asked(implied, printed, sum(counts, ()), city, catalogue)


def _asked(
    implied: ImpliedDenominator, printed: Interval, counts: Sequence[Reference], city: City, catalogue: Catalogue
) -> str:
    labels = catalogue.indicators
    ratios = "、".join(labels[fact.indicator].label for fact in implied.ratios)
    names = "、".join(labels[catalogue.sums[measure]].label for measure in implied.measures)
    summed = f"（{len(counts)} 所学校所列之和）" if len(counts) > len(implied.measures) else ""
    taken = labels[counts[0].indicator].label
    return (
        f"由{ratios}及其分子推算，分母（{names}）约为 {implied.span.middle:.0f}，"
        f"而同口径印出的{taken}{summed}为 {printed.middle.normalize():f}：请写明以什么数为分母，并核对口径"
    )
