"""Figures and their meanings → prints: what each printed number may stand for, in the indicator's own unit."""

from collections import defaultdict
from collections.abc import Container, Sequence
from decimal import Decimal

from warehouse.catalogue.catalogue import Catalogue
from warehouse.figures.fact import Reference
from warehouse.reconcile.judging.corrections import Print
from warehouse.reconcile.judging.relations import INFINITE, Interval
from warehouse.reconcile.judging.witnesses import unit_factor
from warehouse.reconcile.reading.names import UnderstoodFigure
from warehouse.reconcile.reading.printed_figure import PrintedFigure


def prints_of(
    figures: Sequence[UnderstoodFigure], catalogue: Catalogue, borrowed: Container[int] = ()
) -> dict[Reference, list[Print]]:
    """Every understood figure by the fact it prints; `borrowed` are the positions whose number belongs elsewhere."""
    prints: dict[Reference, list[Print]] = defaultdict(list)
    for one in figures:
        if one.fact is not None and one.figure.value is not None:
            print_ = _print(one.position, one.figure, one.fact.indicator, catalogue, one.position in borrowed)
            prints[one.fact].append(print_)
    return prints


def _print(position: int, figure: PrintedFigure, code: str, catalogue: Catalogue, is_borrowed: bool) -> Print:
    assert figure.value is not None
    indicator = catalogue.indicators[code]
    factor = unit_factor(figure, indicator)
    step = Decimal(1).scaleb(-figure.decimals) * factor
    value = figure.value * factor
    exact = catalogue.is_count(code) and factor == 1 and figure.decimals == 0
    half = step if figure.is_about else Decimal(0) if exact else step / 2
    high = INFINITE if figure.is_lower_bound else value + half
    return Print(position, value, step, Interval(value - half, high), indicator.unit == "%", is_borrowed)
