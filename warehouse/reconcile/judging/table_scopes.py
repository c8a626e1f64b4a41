"""The scope of a table that states none: the one in which its numbers, taken together, are right."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from warehouse.figures.fact import SCHOOL_SCOPE, Reference
from warehouse.reconcile.reading.names import UnderstoodFigure
from warehouse.reconcile.reading.printed_figure import PrintedFigure

IsRight = Callable[[PrintedFigure, Reference], bool]
FEWEST_THAT_TELL = 2
"""A single number of another scope is an error in the table, and no scope of the table."""


def scopes_of_tables(
    figures: Sequence[UnderstoodFigure], scopes: Sequence[str], is_right: IsRight
) -> Mapping[int, str]:
    """Table → its scope, where that is another than the one in which it was read; the remaining numbers are judged in
    it too.

    A table of which a heading or the title names a scope says itself what it is of.
    """
    by_table: dict[int, list[tuple[PrintedFigure, Reference]]] = defaultdict(list)
    for one in figures:
        if one.figure.cell is not None and one.fact is not None and one.fact.scope != SCHOOL_SCOPE:
            by_table[one.figure.cell.table].append((one.figure, one.fact))
    fitting = {
        table: _fitting(cells, scopes, is_right)
        for table, cells in by_table.items()
        if not any(figure.has_scope for figure, _ in cells)
    }
    return {table: scope for table, scope in fitting.items() if scope is not None}


def _fitting(cells: Sequence[tuple[PrintedFigure, Reference]], scopes: Sequence[str], is_right: IsRight) -> str | None:
    as_read = {n for n, (figure, fact) in enumerate(cells) if is_right(figure, fact)}
    right = {
        scope: {n for n, (figure, fact) in enumerate(cells) if is_right(figure, replace(fact, scope=scope))}
        for scope in scopes
    }
    most = max(map(len, right.values()))
    best, *as_good = [scope for scope, found in right.items() if len(found) == most]
    is_of_most = not as_good and most > len(as_read) and 2 * most > len(cells)
    return best if is_of_most and len(right[best] - as_read) >= FEWEST_THAT_TELL else None
