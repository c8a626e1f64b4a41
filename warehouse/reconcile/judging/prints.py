"""Figures and their meanings → prints: what each printed number may stand for, in the indicator's own unit."""

from collections import defaultdict
from collections.abc import Container, Sequence
from decimal import Decimal

from warehouse.catalogue.indicator import Indicator, is_count, load_indicators
from warehouse.figures.fact import Reference
from warehouse.reconcile.judging.corrections import Print
from warehouse.reconcile.judging.relations import INFINITE, Interval
from warehouse.reconcile.judging.witnesses import unit_factor
from warehouse.reconcile.reading.names import UnderstoodFigure
from warehouse.reconcile.reading.printed_figure import PrintedFigure


def prints_of(figures: Sequence[UnderstoodFigure], borrowed: Container[int] = ()) -> dict[Reference, list[Print]]:
    """Every understood figure by the fact it prints; `borrowed` are the positions whose number belongs elsewhere."""
    prints: dict[Reference, list[Print]] = defaultdict(list)
    for one in figures:
        if one.fact is not None and one.figure.value is not None:
            indicator = load_indicators()[one.fact.indicator]
            prints[one.fact].append(_print(one.position, one.figure, indicator, one.position in borrowed))
    return prints


def _print(position: int, figure: PrintedFigure, indicator: Indicator, is_borrowed: bool) -> Print:
    assert figure.value is not None
    factor = unit_factor(figure, indicator)
    step = Decimal(1).scaleb(-figure.decimals) * factor
    value = figure.value * factor
    exact = is_count(indicator) and factor == 1 and figure.decimals == 0
    half = step if figure.is_about else Decimal(0) if exact else step / 2
    high = INFINITE if figure.is_lower_bound else value + half
    return Print(position, value, step, Interval(value - half, high), indicator.unit == "%", is_borrowed)
