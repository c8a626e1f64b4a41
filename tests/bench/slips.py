"""How many slips are told, and how many true numbers are doubted: `python -m tests.bench slips`.

In-process: the files of a city are read once, slips are planted in what was read, many schools are judged in one audit.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from time import process_time

from sources.sample.pour import load_samples
from tests.any_city import worlds
from tests.audit.planted_numbers import (
    FACTORS,
    TOLD_FROM,
    YEARS,
    Outcome,
    PlantedNumber,
    World,
    all_planted,
    doubts_in,
    grown_world,
    outcomes,
    sample_of,
    sample_world,
    world_of,
)
from tests.hostile.books import CITY_DIR

KINDS = (*FACTORS, "exchanged")
OTHERS, OTHER_COUNT, OTHER_SEED = ("district", "province"), 1000, 60013
"""Made-up installations with which no bound was set, and a seeded sample of the slips in each."""
GROWN_SEEDS = (51407, 77317, 90001, 33391, 48611)
LISTED = 40


@dataclass(frozen=True)
class Rate:
    """Slips of a group: how many were planted, told, placed among the first three, and named."""

    planted: int
    told: int
    placed: int
    named: int

    @property
    def cells(self) -> str:
        shares = (self.told / self.planted, self.placed / max(self.told, 1), self.named / max(self.told, 1))
        return " | ".join([str(self.planted), *(f"{share:.1%}" for share in shares)])


def rate(found: Sequence[Outcome]) -> Rate:
    told = [each for each in found if each.is_told]
    placed = sum(each.place is not None and each.place <= 3 for each in told)
    return Rate(len(found), len(told), placed, sum(each.is_named for each in told))


def measure_slips() -> list[str]:
    """The section for docs/benchmark.md: a few minutes."""
    began = process_time()
    sample = sample_world()
    others = {
        name: world_of(worlds.WORLDS[name].city, {y: worlds.books_of(worlds.WORLDS[name], y) for y in worlds.YEARS})
        for name in OTHERS
    }
    found = {"sample city, every slip": (sample, outcomes(sample, sample_planted(sample)))}
    for name, world in others.items():
        found[f"made-up {name}, {OTHER_COUNT} slips"] = (
            world,
            outcomes(world, sample_of(all_planted(world), OTHER_COUNT, OTHER_SEED)),
        )
    doubted = dict(_doubted(sample, others))
    return [*section(found, doubted), f"All of it takes {process_time() - began:.0f} s of one processor.\n"]


def sample_planted(world: World) -> list[PlantedNumber]:
    """Every slip in the numbers that are counted."""
    return [each for each in all_planted(world) if each.size >= TOLD_FROM]


def _doubted(sample: World, others: Mapping[str, World]) -> Iterator[tuple[str, int]]:
    """What was judged → the most true numbers that are doubted of one school in one year."""
    books = load_samples(CITY_DIR, YEARS[1])
    yield "sample city, both years", max(_most(sample, year) for year in sample.years)
    for seed in GROWN_SEEDS:
        yield f"sample city grown by up to 15 %, seed {seed}", _most(grown_world(sample, books, seed), YEARS[1] + 1)
    for name, world in others.items():
        yield f"made-up {name}, both years", max(_most(world, year) for year in world.years)
        last = worlds.books_of(worlds.WORLDS[name], worlds.SECOND)
        grown = grown_world(world, last, GROWN_SEEDS[0])
        yield f"made-up {name} grown by up to 15 %, seed {GROWN_SEEDS[0]}", _most(grown, worlds.SECOND + 1)


def _most(world: World, year: int) -> int:
    return max(doubts_in(world, year).values(), default=0)


def section(found: Mapping[str, tuple[World, Sequence[Outcome]]], doubted: Mapping[str, int]) -> list[str]:
    """Rates, false alarms and misses, as Markdown."""
    lines = [
        "## Slips in numbers\n",
        f"Planted one a file in numbers of {TOLD_FROM} and more: ×10, ×0.1, ×10,000, neighbours that differ by a factor"
        " of 1.5 and more exchanged. Told: something new is said of the file. Placed: the cell is among the first three"
        " that are named. Named: the kind is in the words. A first year has no year before it to be held against.\n",
        "| where | kind or year | slips | told | placed | named |",
        "| --- | --- | ---: | ---: | ---: | ---: |",
    ]
    for where, (world, of_world) in found.items():
        groups = {"all": list(of_world)}
        groups |= {f"year {year}": [x for x in of_world if x.planted.year == year] for year in world.years}
        groups |= {kind: [x for x in of_world if x.planted.kind == kind] for kind in KINDS}
        lines += [f"| {where} | {name} | {rate(group).cells} |" for name, group in groups.items() if group]
    lines += ["", "| true numbers | most that are doubted of one school in a year |", "| --- | ---: |"]
    lines += [f"| {what} | {most} |" for what, most in doubted.items()]
    for where, (world, of_world) in found.items():
        lines += [
            "",
            f"Missed in {where}:\n",
            "| column | reason | missed |",
            "| --- | --- | ---: |",
            *_misses(world, of_world),
        ]
    return [*lines, ""]


def _misses(world: World, found: Sequence[Outcome]) -> Iterator[str]:
    """The columns with most misses, each with the reason; the rest as one line."""
    missed = Counter(
        (f"{each.planted.sheet}.{each.planted.column}", _reason(world, each)) for each in found if not each.is_told
    )
    for (column, reason), number in missed.most_common(LISTED):
        yield f"| {column} | {reason} | {number} |"
    if rest := sum(missed.values()) - sum(number for _, number in missed.most_common(LISTED)):
        yield f"| {len(missed) - LISTED} others | | {rest} |"


def _reason(world: World, outcome: Outcome) -> str:
    planted = outcome.planted
    if planted.year == world.years[0]:
        return "a first year: nothing before it, and within the bounds"
    before = world.submissions.get((planted.year - 1, planted.school))
    is_known = before and any(
        (cell.sheet, cell.column_name) == (planted.sheet, planted.column) and cell.raw_text for cell in before.cells
    )
    if not is_known:
        return "not reported the year before, and within the bounds"
    return "moves, and stays within the bounds, as true numbers do"
