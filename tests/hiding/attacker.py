"""An attacker who takes all that is printed together. Shares no code with what hides: another solver, in fractions."""

from collections.abc import Collection
from fractions import Fraction

import z3

from warehouse.hiding.printed_sums import MeasureCell, Number, PrintedYear

BOUNDLESS = 1e30


def possible(year: PrintedYear, hidden: Collection[Number], asked: Number) -> tuple[float, float]:
    """The least and the greatest value of a number in all worlds that look the same."""
    unknown = {cell: z3.Real(f"{cell.measure}/{cell.school}") for n in hidden if n.is_cell for cell in n.cells}

    def told(cell: MeasureCell) -> z3.ArithRef:
        return unknown.get(cell, z3.RealVal(Fraction(year.values[cell])))

    known = [variable >= 0 for variable in unknown.values()]
    known += [
        z3.Sum(*map(told, number.cells)) == Fraction(year.value(number))
        for number in year.places
        if number not in hidden
    ]
    for school in {cell.school for cell in year.values}:
        for relation in year.relations:
            if all(MeasureCell(measure, school) in year.values for measure, _ in relation.factors):
                total = z3.Sum(
                    *(Fraction(factor) * told(MeasureCell(measure, school)) for measure, factor in relation.factors)
                )
                known.append(total == 0 if relation.is_equal else total <= 0)
    return _end(known, asked, told, z3.Optimize.minimize, -1), _end(known, asked, told, z3.Optimize.maximize, 1)


def _end(known, asked, told, towards, sign) -> float:  # type: ignore[no-untyped-def]
    solver = z3.Optimize()
    solver.add(*known)
    objective = towards(solver, z3.Sum(*map(told, asked.cells)))
    assert solver.check() == z3.sat
    value = objective.value()
    return sign * BOUNDLESS if "oo" in str(value) else float(Fraction(str(value)))
