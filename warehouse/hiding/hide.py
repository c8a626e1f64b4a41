"""Which numbers of a year are hidden: those that rest on few people, and further ones from which they would follow.

For each sensitive number, and both ends of what must stay possible of it, a linear programme looks for the cheapest
other world in which it has that value and everything else that is printed is the same. What differs there is hidden
too: the other world then stands as a witness that the value cannot be excluded. Sums over schools cost far more than
schools' own numbers, so that a region's figure is hidden only where nothing else helps.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from sources.system.faults import ToldError
from warehouse.hiding.attack import INFINITE, Attacker, Programme
from warehouse.hiding.printed_sums import TOLERANCE, MeasureCell, Number, PrintedYear, Sensitive, holds

PARTNERS = 40
"""Schools that are looked at for further numbers to hide: those that are added up in the same sums come first."""
SUM_COSTS = 1000.0


@dataclass(frozen=True, slots=True)
class Hidden:
    """A hidden number with the interval that an attacker is left with; `needed` is None for what is hidden besides."""

    number: Number
    low: float
    high: float
    needed: Sensitive | None

    @property
    def is_safe(self) -> bool:
        """Whether everything that must stay possible does."""
        slack = TOLERANCE * max(1.0, abs(self.high))
        return self.needed is None or (self.low <= self.needed.low + slack and self.high >= self.needed.high - slack)


class WorkedOutError(ToldError):
    """A number that rests on few people follows from what is printed, and nothing was found that keeps it from it."""

    def __init__(self, hidden: Hidden) -> None:
        assert hidden.needed is not None
        measures, schools = "＋".join(hidden.number.measures), "、".join(sorted(hidden.number.schools))
        super().__init__(
            f"{schools} 的 {measures} 只有 {hidden.needed.people:g} 人，不能公开，却能由其他数推算到"
            f" {hidden.low:g}–{hidden.high:g}（至少要 {hidden.needed.low:g}–{hidden.needed.high:g}）。"
            "这次没有发布，已发布的数据不变；请把这段文字发给维护人员。"
        )


def hide(year: PrintedYear, sensitive: Collection[Sensitive]) -> list[Hidden]:
    """Every number of the year that is not printed, with what can be worked out of it.

    Raises WorkedOutError when a sensitive number could still be worked out more closely than is declared.
    """
    if not sensitive:
        return []
    hidden = {each.number for each in sensitive}
    by_schools: dict[frozenset[str], list[Sensitive]] = {}
    for each in sorted(
        sensitive, key=lambda each: (len(each.number.schools), sorted(each.number.schools), each.number[0])
    ):
        by_schools.setdefault(each.number.schools, []).append(each)
    for schools, of_schools in by_schools.items():
        _Search(year, schools, [each.number for each in of_schools], hidden).hide_for(of_schools)
    found = audited(year, hidden, sensitive)
    if unsafe := [each for each in found if not each.is_safe]:
        raise WorkedOutError(unsafe[0])
    return found


def audited(year: PrintedYear, hidden: Collection[Number], sensitive: Iterable[Sensitive]) -> list[Hidden]:
    """The hidden numbers in order, each with what an attacker is left with."""
    needed = {each.number: each for each in sensitive}
    attacker = Attacker(year, hidden)
    ordered = sorted(hidden, key=lambda number: (number.measures, sorted(number.schools)))
    return [Hidden(number, *attacker.interval(number), needed.get(number)) for number in ordered]


class _Search:
    """Other worlds around the schools of a sensitive number. `hidden` grows by what is found."""

    def __init__(
        self, year: PrintedYear, schools: frozenset[str], numbers: Collection[Number], hidden: set[Number]
    ) -> None:
        # Long: columns, then what binds them: rules within a school, and the sums that are printed.
        self._year, self._hidden = year, hidden
        self._programme = programme = Programme()
        self._moves: dict[Number, tuple[int, ...]] = {}
        self._up: dict[MeasureCell, int] = {}
        self._down: dict[MeasureCell, int] = {}
        measures = year.related(measure for number in numbers for measure in number.measures)
        pool = _pool(year, schools, measures, hidden)
        for cell in (MeasureCell(measure, school) for school in pool for measure in sorted(measures)):
            if cell in year.values:
                value = year.values[cell]
                self._up[cell], self._down[cell] = programme.column(), programme.column(high=value)
                self._moves[Number.of(cell)] = (self._up[cell], self._down[cell])
        for school in pool:
            for relation in year.relations:
                cells = [(MeasureCell(measure, school), factor) for measure, factor in relation.factors]
                if all(cell in self._up for cell, _ in cells) and holds(relation, year.values, school):
                    terms = self._terms(cells)
                    room = -sum(factor * year.values[cell] for cell, factor in cells)
                    programme.row(
                        terms, 0.0 if relation.is_equal else -INFINITE, 0.0 if relation.is_equal else max(room, 0.0)
                    )
        for number in dict.fromkeys(number for measure in sorted(measures) for number in year.sums.get(measure, ())):
            cells = [(cell, 1.0) for cell in number.cells if cell in self._up]
            if cells:
                more, less = programme.column(), programme.column()
                programme.row(self._terms(cells) | {more: 1.0, less: -1.0}, 0.0, 0.0)
                self._moves[number] = (more, less)
        for number in self._moves:
            self._set_cost(number)

    def hide_for(self, sensitive: Collection[Sensitive]) -> None:
        """Hides what it takes for both ends of each number's interval to stay possible."""
        for each in sensitive:
            value = self._year.value(each.number)
            target = self._programme.row(self._terms((cell, 1.0) for cell in each.number.cells), -INFINITE, INFINITE)
            for end in (each.low, each.high):
                self._programme.bound_row(target, end - value, end - value)
                moved = self._programme.minimise()
                assert moved is not None, "costs are not negative"
                for number, columns in self._moves.items():
                    if number not in self._hidden and sum(moved[column] for column in columns) > TOLERANCE:
                        self._hidden.add(number)
                        self._set_cost(number)
            self._programme.bound_row(target, -INFINITE, INFINITE)

    def _terms(self, cells: Iterable[tuple[MeasureCell, float]]) -> dict[int, float]:
        terms: dict[int, float] = {}
        for cell, factor in cells:
            terms |= {self._up[cell]: factor, self._down[cell]: -factor}
        return terms

    def _set_cost(self, number: Number) -> None:
        """What is hidden already moves freely; else a large number is hidden sooner than a small one, a sum last."""
        if number in self._hidden:
            cost = 0.0
        elif number.is_cell:
            cost = 1.0 + 1.0 / (1.0 + self._year.value(number))
        else:
            cost = SUM_COSTS * len(number.schools)
        for column in self._moves[number]:
            self._programme.cost(column, cost)


def _pool(
    year: PrintedYear, schools: frozenset[str], measures: Collection[str], hidden: Collection[Number]
) -> list[str]:
    """The schools that may help, in order: the sensitive ones, then those that stand in the same sums."""
    sums = dict.fromkeys(number.schools for measure in sorted(measures) for number in year.sums.get(measure, ()))
    of_school: dict[str, set[int]] = {}
    for position, members in enumerate(sums):
        for school in members:
            of_school.setdefault(school, set()).add(position)
    own = frozenset().union(*(of_school.get(school, set()) for school in schools))
    concealed = {school for number in hidden if number.is_cell for school in number.schools}

    def distance(school: str) -> tuple[int, bool, float, str]:
        size = sum(year.values.get(MeasureCell(measure, school), 0.0) for measure in measures)
        return len(own ^ of_school[school]), school not in concealed, -size, school

    others = sorted((school for school in of_school if school not in schools), key=distance)
    return [*sorted(schools), *others[:PARTNERS]]
