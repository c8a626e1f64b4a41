"""Small linear programmes, exact: a bound that is rounded would be no bound."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import gcd, lcm

from warehouse.catalogue.declared_limits import ZERO, Linear, Span


class ImpossibleError(ValueError):
    """Nothing fulfils all limits at once."""


class ExactProgramme:
    """A programme over numbers with closed spans, and rules; asked for several objectives one after another.

    The simplex method on a sparse dictionary; Bland's rule keeps it from turning in a circle. Each row is kept in whole
    numbers over one divisor, because Python adds those ten times as fast as fractions. Raises ImpossibleError when
    nothing fulfils the rules.
    """

    def __init__(self, spans: Mapping[str, Span], rules: Sequence[Linear]) -> None:
        self._names = sorted(spans)
        self._low = [spans[name].low for name in self._names]
        self._at = {name: number for number, name in enumerate(self._names)}
        self._rows: dict[
            int, dict[int, int]
        ] = {}  # basic number → the others' factors: basic = (constant − Σ) / divisor
        self._constants: dict[int, int] = {}
        self._divisors: dict[int, int] = {}
        slack = len(self._names)
        for number, name in enumerate(self._names):
            span = spans[name]
            assert span.high is not None, "the caller closes open spans"
            if span.high < span.low:
                raise ImpossibleError(name)
            self._put(slack, {number: Fraction(1)}, span.high - span.low)
            slack += 1
        for rule in rules:
            row: dict[int, Fraction] = {}
            for name, factor in rule.factors:
                row[self._at[name]] = row.get(self._at[name], ZERO) + factor
            taken = sum((factor * self._low[number] for number, factor in row.items()), ZERO)
            self._put(slack, row, rule.high - taken)
            slack += 1
        self._helper = slack
        self._find_a_start()

    def maximise(self, objective: Mapping[str, Fraction]) -> dict[str, Fraction]:
        """The numbers where Σ factor × number is greatest."""
        aim: dict[int, Fraction] = {}
        for name, factor in objective.items():
            number = self._at[name]
            if number in self._rows:
                of_one = factor / self._divisors[number]
                for other, of_row in self._rows[number].items():
                    aim[other] = aim.get(other, ZERO) - of_one * of_row
            else:
                aim[number] = aim.get(number, ZERO) + factor
        by = lcm(*(factor.denominator for factor in aim.values()))
        self._climb({number: int(factor * by) for number, factor in aim.items()})
        return {name: self._low[number] + self._value(number) for name, number in self._at.items()}

    def _put(self, basic: int, row: Mapping[int, Fraction], constant: Fraction) -> None:
        """Puts a row in, without the numbers that it does not name."""
        by = lcm(constant.denominator, *(factor.denominator for factor in row.values()))
        self._rows[basic] = {number: int(factor * by) for number, factor in row.items() if factor}
        self._constants[basic], self._divisors[basic] = int(constant * by), by

    def _value(self, number: int) -> Fraction:
        """How much a number is above its lowest."""
        return Fraction(self._constants[number], self._divisors[number]) if number in self._constants else ZERO

    def _find_a_start(self) -> None:
        worst = min(self._constants, key=lambda row: (self._value(row), row), default=None)
        if worst is None or self._constants[worst] >= 0:
            return
        for basic, row in self._rows.items():
            row[self._helper] = -self._divisors[basic]
        self._pivot(self._helper, worst)
        self._climb(dict(self._rows[self._helper]))  # until the helper, which is how far the rules are missed, is least
        if self._constants.get(self._helper, 0) > 0:
            raise ImpossibleError("rules")
        if self._helper in self._rows:  # at zero: anything else may take its place
            row = self._rows[self._helper]
            if row:
                self._pivot(min(row), self._helper)
            else:
                del self._rows[self._helper], self._constants[self._helper], self._divisors[self._helper]
        for row in self._rows.values():
            row.pop(self._helper, None)

    def _climb(self, aim: dict[int, int]) -> None:
        """Exchanges numbers until no exchange raises Σ aim × number; `aim` is over the numbers that are not basic, and
        counts only as they are to each other."""
        while entering := [number for number, factor in aim.items() if factor > 0]:
            enter = min(entering)
            self._pivot(enter, self._leaving(enter))
            divisor, factor = self._divisors[enter], aim.pop(enter)
            if divisor != 1:
                aim = {number: each * divisor for number, each in aim.items()}
            for other, of_row in self._rows[enter].items():
                aim[other] = aim.get(other, 0) - factor * of_row
                if not aim[other]:
                    del aim[other]

    def _leaving(self, enter: int) -> int:
        """The basic number that is first at its lowest when another grows; of several the one of the lowest number."""
        room, per, leave = 0, 0, -1
        for basic, row in self._rows.items():
            if (factor := row.get(enter, 0)) > 0:
                mine, least = self._constants[basic] * per, room * factor  # constant / factor, and room / per
                if leave < 0 or mine < least or (mine == least and basic < leave):
                    room, per, leave = self._constants[basic], factor, basic
        if leave < 0:
            raise ValueError("a number without a limit: the caller closes open spans")
        return leave

    def _pivot(self, enter: int, leave: int) -> None:
        solved, constant, divisor = self._rows.pop(leave), self._constants.pop(leave), self._divisors.pop(leave)
        by = solved.pop(enter)
        solved[leave] = divisor
        if by < 0:
            solved, constant, by = {other: -factor for other, factor in solved.items()}, -constant, -by
        for basic, row in self._rows.items():
            if factor := row.pop(enter, 0):
                if by != 1:
                    for other in row:
                        row[other] *= by
                    self._constants[basic] *= by
                    self._divisors[basic] *= by
                self._constants[basic] -= factor * constant
                for other, of_row in solved.items():
                    if changed := row.get(other, 0) - factor * of_row:
                        row[other] = changed
                    else:
                        row.pop(other, None)
                if self._divisors[basic] != 1:
                    self._shorten(basic)
        self._rows[enter], self._constants[enter], self._divisors[enter] = solved, constant, by
        if by != 1:
            self._shorten(enter)

    def _shorten(self, basic: int) -> None:
        row = self._rows[basic]
        common = gcd(self._divisors[basic], self._constants[basic], *row.values())
        if common != 1:
            self._rows[basic] = {other: factor // common for other, factor in row.items()}
            self._constants[basic] //= common
            self._divisors[basic] //= common
