"""What can be worked out of all that is printed: for a hidden number, the lowest and the highest that is possible.

Whoever attacks knows every number that is printed and every relation that is published as a rule, and nothing of the
hidden cells but that they are not negative. Two linear programmes give the interval of a number.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from warehouse.hiding.printed_sums import MeasureCell, Number, PrintedYear, holds

INFINITE = 1e30


class Programme:
    """A linear programme that is built once and asked several times (HiGHS)."""

    def __init__(self) -> None:
        import highspy  # only now: it takes a third of a second, and most years hide nothing

        self._solver: Any = highspy.Highs()  # type: ignore[no-untyped-call]
        self._solver.silent()
        self._solver.setOptionValue("threads", 1)
        self._optimal = highspy.HighsModelStatus.kOptimal
        self._unbounded = (highspy.HighsModelStatus.kUnbounded, highspy.HighsModelStatus.kUnboundedOrInfeasible)
        self.columns = 0
        self.rows = 0

    def column(self, cost: float = 0.0, low: float = 0.0, high: float = INFINITE) -> int:
        self._solver.addCol(cost, low, high, 0, [], [])
        self.columns += 1
        return self.columns - 1

    def row(self, terms: Mapping[int, float], low: float, high: float) -> int:
        self._solver.addRow(low, high, len(terms), list(terms), list(terms.values()))
        self.rows += 1
        return self.rows - 1

    def bound_row(self, row: int, low: float, high: float) -> None:
        self._solver.changeRowBounds(row, low, high)

    def cost(self, column: int, cost: float) -> None:
        self._solver.changeColCost(column, cost)

    def bound(self, column: int, low: float, high: float) -> None:
        self._solver.changeColBounds(column, low, high)

    def minimise(self) -> list[float] | None:
        """The columns' values where the cost is least; None where it has no least.

        Raises ArithmeticError when nothing fulfils the rows: then they were not made from what is true.
        """
        self._solver.run()
        status = self._solver.getModelStatus()
        if status == self._optimal:
            return list(self._solver.getSolution().col_value)
        if status in self._unbounded:
            return None
        raise ArithmeticError(f"the solver says {self._solver.modelStatusToString(status)}")


class Attacker:
    """Knows all that is printed of a year but the `hidden` numbers; asked for the interval of any number."""

    def __init__(self, year: PrintedYear, hidden: Collection[Number]) -> None:
        self._year = year
        self._programme = Programme()
        self._column: dict[MeasureCell, int] = {}
        cells = [cell for number in hidden if number.is_cell for cell in number.cells]
        for cell in sorted(cells):
            self._column[cell] = self._programme.column()
        self._add_relations()
        self._add_sums(hidden)

    def _add_relations(self) -> None:
        for school in sorted({cell.school for cell in self._column}):
            for relation in self._year.relations:
                cells = [(MeasureCell(measure, school), factor) for measure, factor in relation.factors]
                if any(cell in self._column for cell, _ in cells) and holds(relation, self._year.values, school):
                    self._add(cells, 0.0, relation.is_equal)

    def _add_sums(self, hidden: Collection[Number]) -> None:
        measures = sorted({cell.measure for cell in self._column})
        numbers = dict.fromkeys(number for measure in measures for number in self._year.sums.get(measure, ()))
        schools = {cell.school for cell in self._column}
        for number in numbers:
            if number not in hidden and number.schools & schools:
                self._add([(cell, 1.0) for cell in number.cells], self._year.value(number), is_equal=True)

    def _add(self, cells: Iterable[tuple[MeasureCell, float]], total: float, is_equal: bool) -> None:
        """Σ factor × cell = total, or ≤ total; what is printed of it is taken off the total."""
        terms: dict[int, float] = {}
        for cell, factor in cells:
            if cell in self._column:
                terms[self._column[cell]] = factor
            else:
                total -= factor * self._year.values[cell]
        if terms:
            self._programme.row(terms, total if is_equal else -INFINITE, total)

    def interval(self, number: Number) -> tuple[float, float]:
        """The lowest and the highest that the number can be; the same twice for what is printed or follows."""
        known = sum(self._year.values[cell] for cell in number.cells if cell not in self._column)
        columns = [self._column[cell] for cell in number.cells if cell in self._column]
        return known + self._extreme(columns, 1.0), known + self._extreme(columns, -1.0)

    def _extreme(self, columns: list[int], sign: float) -> float:
        for column in columns:
            self._programme.cost(column, sign)
        found = self._programme.minimise()
        for column in columns:
            self._programme.cost(column, 0.0)
        return -sign * INFINITE if found is None else sum(found[column] for column in columns)
