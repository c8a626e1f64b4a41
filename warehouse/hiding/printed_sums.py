"""What of a year is printed, as sums: a school's number of a measure is a cell, everything else adds up cells."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, NamedTuple

from warehouse.catalogue.known_relation import KnownRelation

TOLERANCE = 1e-6


class MeasureCell(NamedTuple):
    """A measure of a school, by their codes."""

    measure: str
    school: str


class Number(NamedTuple):
    """A sum that is printed: of measures (in order), over schools. Equal sums are the same number, wherever printed."""

    measures: tuple[str, ...]
    schools: frozenset[str]

    @property
    def cells(self) -> Iterator[MeasureCell]:
        return (MeasureCell(measure, school) for school in self.schools for measure in self.measures)

    @property
    def is_cell(self) -> bool:
        return len(self.measures) == 1 and len(self.schools) == 1

    @staticmethod
    def of(cell: MeasureCell) -> "Number":
        return Number((cell.measure,), frozenset({cell.school}))


class PrintedAt(NamedTuple):
    """Where a number is printed: a measure's or an indicator's value of a subject in a scope."""

    kind: Literal["measure", "indicator"]
    code: str
    subject_kind: str
    subject: str
    scope: str


def holds(relation: KnownRelation, values: Mapping[MeasureCell, float], school: str) -> bool:
    """Whether a relation is about the school at all, and true: only what holds in the data can be known of them."""
    cells = [MeasureCell(measure, school) for measure, _ in relation.factors]
    if any(cell not in values for cell in cells):
        return False
    total = sum(factor * values[cell] for cell, (_, factor) in zip(cells, relation.factors, strict=True))
    return abs(total) < TOLERANCE if relation.is_equal else total < TOLERANCE


@dataclass(frozen=True, slots=True)
class Sensitive:
    """A number that rests on few people, and what must stay possible of it: between `low` and `high`."""

    number: Number
    people: float
    low: float
    high: float


@dataclass(frozen=True)
class PrintedYear:
    """All that is printed of a year, as far as it has to do with small groups.

    `values`: of each cell. `places`: number → where it is printed. `relations`: between the measures of one school.
    """

    values: Mapping[MeasureCell, float]
    places: Mapping[Number, frozenset[PrintedAt]]
    relations: tuple[KnownRelation, ...]

    def value(self, number: Number) -> float:
        return sum(self.values[cell] for cell in number.cells)

    @cached_property
    def sums(self) -> Mapping[str, tuple[Number, ...]]:
        """Measure → the printed sums of several cells that it counts in."""
        found: dict[str, list[Number]] = defaultdict(list)
        for number in sorted(self.places, key=lambda each: (each.measures, sorted(each.schools))):
            for measure in number.measures if not number.is_cell else ():
                found[measure].append(number)
        return {measure: tuple(numbers) for measure, numbers in found.items()}

    def related(self, measures: Iterable[str]) -> frozenset[str]:
        """The measures that are bound to these by relations and by sums of several measures."""
        bound = [frozenset(measure for measure, _ in each.factors) for each in self.relations]
        bound += [frozenset(number.measures) for number in self.places if len(number.measures) > 1]
        found = set(measures)
        while more := [each for each in bound if each & found and not each <= found]:
            found |= frozenset().union(*more)
        return frozenset(found)
