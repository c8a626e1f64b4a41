"""What is printed for a number, found again in the database."""

from dataclasses import astuple
from decimal import Decimal

from warehouse.figures.fact import Printed
from warehouse.figures.recompute import recomputed_value
from warehouse.figures.rounding import in_unit, rounded, trimmed_text
from warehouse.figures.trace import Trace
from warehouse.figures.year_figures import Figures


def text_from(trace: Trace, printed: Printed, figures: Figures) -> str | None:
    """What the page should say about a printed number, worked out anew from its trace."""
    reference = printed.reference
    if printed.part == "value":
        return _value_again(trace, printed.unit, figures)
    if printed.part == "change":
        magnitude = figures.changes[reference.indicator].value
        return trace.display if magnitude is None or printed.text == trace.display else trimmed_text(abs(magnitude))
    if printed.part == "denominator":
        return trimmed_text(_denominator(trace))
    if printed.part in ("expected", "reported"):
        return str(trace.n_expected if printed.part == "expected" else trace.n_reported)
    if printed.part == "standard":
        bound = figures.bound_of(reference)
        return None if bound is None else trimmed_text(bound)
    if printed.part == "target":
        return trimmed_text(figures.targets[reference.indicator])
    if printed.part == "conformity":
        counts = (trimmed_text(number) for each in figures.edition_shares for number in each.numbers)
        return next((text for text in counts if text == printed.text), None)
    if printed.part == "coverage":
        known = tuple(map(str, astuple(figures.coverage[reference.year, reference.scope])))
    else:
        known = figures.explained(reference)
    return next((text for text in known if text == printed.text), None)


def _value_again(trace: Trace, unit: str, figures: Figures) -> str | None:
    """As printed; in another unit, from the cells."""
    indicator = figures.catalogue.indicators[trace.reference.indicator]
    if unit in ("", indicator.unit):
        return trace.display
    exact = recomputed_value(trace, figures.catalogue)
    if exact is None:
        return None
    value, _ = in_unit(rounded(exact, indicator.decimals), indicator.unit, unit, figures.factors)
    return trimmed_text(value)


def _denominator(trace: Trace) -> Decimal:
    """What the schools that count put into the ratio's lower term."""
    terms = (term for term in trace.terms if term.role == "denominator")
    parts = (part for term in terms for part in term.parts if part.counts)
    return sum((part.value for part in parts if part.value is not None), Decimal(0))
