"""A table against itself: the rows of a column and its total, where no warehouse knows the rows."""

from collections import Counter, defaultdict
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from warehouse.reconcile.judging.misprints import slip
from warehouse.reconcile.reading.names import UnderstoodFigure
from warehouse.reconcile.reading.whose import PART, TOTAL

SHOWN_PARTS = 6
FEWEST_PARTS = 2


@dataclass(frozen=True, slots=True)
class TableSum:
    """A total that is not the sum of its rows."""

    position: int
    total: Decimal
    """Of the rows."""
    parts: tuple[Decimal, ...]
    is_telling: bool
    """Whether something says that the rows make up the total (another column adds up, or a slip explains the print),
    and nothing that it is a row that is wrong."""

    @property
    def told(self) -> str:
        few = len(self.parts) <= SHOWN_PARTS
        shown = " + ".join(f"{part:f}" for part in self.parts) if few else f"共 {len(self.parts)} 行"
        return f"表中各行之和为 {self.total:f}（{shown}），与合计不符"


@dataclass(frozen=True, slots=True)
class _Column:
    total: UnderstoodFigure
    parts: tuple[Decimal, ...]
    is_explained: bool
    """Whether one of the rows is known to be wrong."""
    difference: Decimal
    """Of the printed total from the sum of its rows; zero when it is within their rounding."""


def broken_sums(figures: Sequence[UnderstoodFigure], accused: Container[int] = ()) -> dict[int, TableSum]:
    """By its position, every total of a table that differs from the sum of all its rows.

    Columns of which everything is known are judged with everything else, by their facts. `accused` are the positions
    of numbers that are wrong by themselves.
    """
    found: dict[int, TableSum] = {}
    said = Counter((one.figure.codes, one.figure.value) for one in figures)
    for columns in _columns(figures, accused).values():
        add_up = sum(column.difference == 0 and len(set(column.parts)) > 1 for column in columns)
        for column in columns:
            figure = column.total.figure
            if column.difference == 0 or figure.value is None:
                continue
            total = sum(column.parts, Decimal(0))
            a_slip = slip(figure.value, total, Decimal(1).scaleb(-figure.decimals)) is not None
            # a total that the report says elsewhere too is right, or else wrong twice
            is_said_again = figure.codes is not None and said[figure.codes, figure.value] > 1
            of_a_row = column.is_explained or is_said_again or (not a_slip and _is_slip_of_a_row(column))
            is_telling = (add_up > 0 or a_slip) and not of_a_row
            found[column.total.position] = TableSum(column.total.position, total, column.parts, is_telling)
    return found


def _is_slip_of_a_row(column: _Column) -> bool:
    """Whether the column adds up once a slip in one of its rows is put right."""
    step = Decimal(1).scaleb(-column.total.figure.decimals)
    meant = ((part, part + column.difference) for part in column.parts)
    return any(right >= 0 and slip(part, right, step) is not None for part, right in meant)


def _columns(figures: Sequence[UnderstoodFigure], accused: Container[int]) -> dict[int, list[_Column]]:
    """Table → its columns that can be added up."""
    by_table: dict[int, list[UnderstoodFigure]] = defaultdict(list)
    for one in figures:
        if one.figure.cell is not None and one.figure.value is not None:
            by_table[one.figure.cell.table].append(one)
    return {table: list(_of_table(cells, accused)) for table, cells in by_table.items()}


def _of_table(cells: Sequence[UnderstoodFigure], accused: Container[int]) -> Iterator[_Column]:
    placed = [(cell, one) for one in cells if (cell := one.figure.cell) is not None]
    rows = {cell.row for cell, _ in placed if cell.role == PART}
    by_column: dict[int, list[tuple[str, UnderstoodFigure]]] = defaultdict(list)
    for cell, one in placed:
        if cell.adds_up:
            by_column[cell.column].append((cell.role, one))
    for column in by_column.values():
        totals = [one for role, one in column if role == TOTAL]
        parts = [one for role, one in column if role == PART]
        # a row without a number in this column may hide one
        if len(totals) != 1 or len(parts) != len(rows) or len(parts) < FEWEST_PARTS:
            continue
        if all(one.fact is not None for one in (*totals, *parts)):
            continue
        values = tuple(value for one in parts if (value := one.figure.value) is not None)
        is_explained = any(one.position in accused for one in parts)
        yield _Column(totals[0], values, is_explained, _difference(totals[0], parts, values))


def _difference(total: UnderstoodFigure, parts: Sequence[UnderstoodFigure], values: Sequence[Decimal]) -> Decimal:
    printed = total.figure.value
    assert printed is not None
    difference = printed - sum(values, Decimal(0))
    decimals = [one.figure.decimals for one in (total, *parts)]
    rounding = sum((Decimal(1).scaleb(-d) / 2 for d in decimals), Decimal(0)) if max(decimals) else Decimal(0)
    return Decimal(0) if abs(difference) <= rounding else difference
