"""Small linear programmes in exact fractions: a bound that is rounded would be no bound."""

from collections.abc import Mapping, Sequence
from fractions import Fraction

from warehouse.catalogue.declared_limits import ZERO, Linear, Span


class ImpossibleError(ValueError):
    """Nothing fulfils all limits at once."""


class ExactProgramme:
    """A programme over numbers with closed spans, and rules; asked for several objectives one after another.

    The simplex method on a sparse dictionary; Bland's rule keeps it from turning in a circle. Raises ImpossibleError
    when nothing fulfils the rules.
    """

    def __init__(self, spans: Mapping[str, Span], rules: Sequence[Linear]) -> None:
        self._names = sorted(spans)
        self._low = [spans[name].low for name in self._names]
        self._at = {name: number for number, name in enumerate(self._names)}
        self._rows: dict[int, dict[int, Fraction]] = {}  # basic number → the others' factors: basic = constant − Σ
        self._constants: dict[int, Fraction] = {}
        slack = len(self._names)
        for number, name in enumerate(self._names):
            span = spans[name]
            assert span.high is not None, "the caller closes open spans"
            if span.high < span.low:
                raise ImpossibleError(name)
            self._rows[slack], self._constants[slack] = {number: Fraction(1)}, span.high - span.low
            slack += 1
        for rule in rules:
            row: dict[int, Fraction] = {}
            for name, factor in rule.factors:
                row[self._at[name]] = row.get(self._at[name], ZERO) + factor
            taken = sum((factor * self._low[number] for number, factor in row.items()), ZERO)
            self._rows[slack] = {number: factor for number, factor in row.items() if factor}
            self._constants[slack] = rule.high - taken
            slack += 1
        self._helper = slack
        self._find_a_start()

    def maximise(self, objective: Mapping[str, Fraction]) -> dict[str, Fraction]:
        """The numbers where Σ factor × number is greatest."""
        aim: dict[int, Fraction] = {}
        for name, factor in objective.items():
            number = self._at[name]
            if number in self._rows:
                for other, of_row in self._rows[number].items():
                    aim[other] = aim.get(other, ZERO) - factor * of_row
            else:
                aim[number] = aim.get(number, ZERO) + factor
        self._climb(aim)
        return {name: self._low[number] + self._constants.get(number, ZERO) for name, number in self._at.items()}

    def _find_a_start(self) -> None:
        worst = min(self._constants, key=lambda row: (self._constants[row], row), default=None)
        if worst is None or self._constants[worst] >= 0:
            return
        for row in self._rows.values():
            row[self._helper] = Fraction(-1)
        self._pivot(self._helper, worst)
        self._climb(dict(self._rows[self._helper]))  # until the helper, which is how far the rules are missed, is least
        if self._constants.get(self._helper, ZERO) > 0:
            raise ImpossibleError("rules")
        if self._helper in self._rows:  # at zero: anything else may take its place
            row = self._rows[self._helper]
            if row:
                self._pivot(min(row), self._helper)
            else:
                del self._rows[self._helper], self._constants[self._helper]
        for row in self._rows.values():
            row.pop(self._helper, None)

    def _climb(self, aim: dict[int, Fraction]) -> None:
        """Exchanges numbers until no exchange raises Σ aim × number; `aim` is over the numbers that are not basic."""
        while entering := [number for number, factor in aim.items() if factor > 0]:
            enter = min(entering)
            rooms = [
                (self._constants[basic] / row[enter], basic)
                for basic, row in self._rows.items()
                if row.get(enter, ZERO) > 0
            ]
            _, leave = min(rooms)
            self._pivot(enter, leave)
            factor = aim.pop(enter)
            for other, of_row in self._rows[enter].items():
                aim[other] = aim.get(other, ZERO) - factor * of_row
                if not aim[other]:
                    del aim[other]

    def _pivot(self, enter: int, leave: int) -> None:
        row, constant = self._rows.pop(leave), self._constants.pop(leave)
        by = row.pop(enter)
        solved = {other: factor / by for other, factor in row.items()} | {leave: 1 / by}
        constant /= by
        for basic, other_row in self._rows.items():
            if factor := other_row.pop(enter, ZERO):
                self._constants[basic] -= factor * constant
                for other, of_row in solved.items():
                    changed = other_row.get(other, ZERO) - factor * of_row
                    if changed:
                        other_row[other] = changed
                    else:
                        other_row.pop(other, None)
        self._rows[enter], self._constants[enter] = solved, constant
