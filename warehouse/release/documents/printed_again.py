"""What is printed for a number, found again in the database."""

import re
from decimal import Decimal

from warehouse.catalogue.indicator import load_indicators
from warehouse.figures.fact import Printed
from warehouse.figures.rounding import in_unit, trimmed
from warehouse.figures.trace import Trace
from warehouse.figures.year_figures import Figures


def text_from(trace: Trace, printed: Printed, figures: Figures) -> str | None:
    """What the page should say about a printed number, worked out anew from its trace."""
    if printed.part in ("value", "change"):
        display = (trace.display or "").rstrip("↑↓")
        unit = load_indicators()[printed.reference.indicator].unit
        text, _ = in_unit(display, unit, printed.unit or unit, figures.factors)
        return text + re.sub("[^↑↓]", "", printed.text) if trace.display else None
    if printed.part == "denominator":
        return trimmed(
            sum(
                (
                    part.value
                    for term in trace.terms
                    if term.role == "denominator"
                    for part in term.parts
                    if part.counts and part.value is not None
                ),
                Decimal(0),
            )
        )
    if printed.part in ("expected", "reported"):
        return str(trace.n_expected if printed.part == "expected" else trace.n_reported)
    if printed.part == "standard":
        bound = figures.bound_of(printed.reference)
        return None if bound is None else trimmed(bound)
    if printed.part == "target":
        return trimmed(figures.targets[printed.reference.indicator])
    known = figures.explanations.get(printed.reference.indicator, ())
    if printed.part == "coverage":
        of = figures.coverage[printed.reference.year, printed.reference.scope]
        known = tuple(map(str, vars(of).values()))
    return next((text for text in known if text == printed.text), None)
