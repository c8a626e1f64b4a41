"""Slips in any filled number of a city, planted one a school and a year, and what is said of them.

Many schools are judged in one audit, the years' comparison in rounds of one workbook a school: without a database.
"""

import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property

import polars as pl

from sources.audit.audited import Audit
from sources.audit.cross_rules import cross_findings, rule_failures
from sources.audit.judge import audit
from sources.audit.numbers import judged_columns, judged_numbers
from sources.audit.places import cell_lookup
from sources.audit.plausibility import Doubt, doubts_of_year, plausibility_findings
from sources.declarations.agreement import cross_rules
from sources.declarations.city import City
from sources.declarations.contract import Column, Contract, load_contracts
from sources.read.read_workbook import read_workbook
from sources.sample.pour import load_samples
from sources.submission.finding import Finding
from sources.submission.submission import Submission
from sources.system.settings import Limits
from sources.write.sheet_values import SheetValues
from sources.write.template import build_workbook
from tests.hostile.books import CITY, CITY_DIR

FACTORS = {"times_ten": Decimal(10), "tenth": Decimal("0.1"), "times_10000": Decimal(10000)}
NAMES = {
    "times_ten": ("多填了一位", "多一位数字"),
    "tenth": ("少填了一位", "少一位数字"),
    "times_10000": ("10000 倍", "不是万元", "一万倍", "10 的整数次方"),
    "exchanged": ("填反了",),
}
"""What the words of a suggestion must have in them for the kind to be named."""
CITY_RULES = (
    "city.aid_matches_office",
    "city.special_funds_match",
    "city.quota_matches_approval",
    "city.intake_within_plan",
    "city.awards_within_official_list",
)
"""The rules of a city that hold one number against another; they look at accepted files only, as all of its do."""
TOLD_FROM, FACTOR_OF_EXCHANGE = 20, 1.5
A_PART = 400
"""So many slips are audited together: each round looks for its own rows in their tables."""
YEARS = (2022, 2023)
Key = tuple[int, str]
"""Year, respondent."""
Books = Mapping[int, Mapping[str, Mapping[str, SheetValues]]]
"""Year → respondent → sheet → values."""


@dataclass(frozen=True)
class World:
    """What the respondents of a city send in two years, as it is read; `years` in their order."""

    city: City
    years: tuple[int, int]
    submissions: Mapping[Key, Submission]

    @cached_property
    def judged(self) -> Audit:
        """The audit of all files, in none of which anything is planted."""
        return audit(list(self.submissions.values()), self.city)


@dataclass(frozen=True)
class PlantedNumber:
    """A slip in one cell, or in two that are exchanged: sheet, record, column → text."""

    kind: str
    school: str
    year: int
    sheet: str
    column: str
    cells: tuple[tuple[int, str, str], ...]
    """(index of the cell in its submission, the text there, its address)."""
    size: Decimal


@dataclass(frozen=True)
class Outcome:
    planted: PlantedNumber
    is_told: bool
    place: int | None
    """Where the cell stands among the places that the new findings name, from 1."""
    is_named: bool
    said: str = ""
    """What the new findings suggest."""


def sample_world() -> World:
    """The sample city in its two years."""
    return world_of(CITY, {year: load_samples(CITY_DIR, year) for year in YEARS})


def world_of(city: City, books: Books) -> World:
    """A city whose respondents send these books in two years."""
    first, second = sorted(books)
    read = {
        (year, respondent.code): read_workbook(
            build_workbook(
                city, respondent, year, books[year][respondent.code], books.get(year - 1, {}).get(respondent.code)
            ),
            f"{year}-{respondent.code}",
            f"{respondent.code}.xlsx",
            city,
            Limits(),
        )
        for year in (first, second)
        for respondent in city.respondents_in(year)
        if respondent.code in books[year]
    }
    return World(city, (first, second), read)


def grown_world(world: World, books: Mapping[str, Mapping[str, SheetValues]], seed: int) -> World:
    """The last year of a world, as `books` have it, and the year after it, in which everybody has grown."""
    last = world.years[1]
    later = world_of(world.city, {last: {}, last + 1: grown(world.city, books, seed)})
    before = {key: each for key, each in world.submissions.items() if key[0] == last}
    return World(world.city, (last, last + 1), {**before, **later.submissions})


def all_planted(world: World) -> list[PlantedNumber]:
    """Every slip of every kind in every filled number of the respondents."""
    sent = sorted(world.submissions.items())
    return [planted for key, submission in sent for planted in _in_submission(world.city, key, submission)]


def _in_submission(city: City, key: Key, submission: Submission) -> Iterator[PlantedNumber]:
    year, school = key
    contracts = {contract.name: contract for contract in load_contracts(city.pack)}
    judged = {name: {each.name: each for each in judged_columns(city.pack, contracts[name])} for name in contracts}
    filled: dict[str, list[tuple[int, Column, int]]] = defaultdict(list)
    for index, cell in enumerate(submission.cells):
        column = judged[cell.sheet].get(cell.column_name)
        if column and cell.raw_text and Decimal(cell.raw_text) > 0:
            filled[cell.sheet].append((index, column, cell.record or 0))
    for sheet, cells in filled.items():
        contract = contracts[sheet]
        for at, (index, column, _record) in enumerate(cells):
            value = Decimal(submission.cells[index].raw_text)
            for kind, factor in FACTORS.items():
                text = _text(column, value * factor)
                if Decimal(text) != value:
                    address = submission.cells[index].cell or ""
                    yield PlantedNumber(kind, school, year, sheet, column.name, ((index, text, address),), value)
            neighbour = _neighbour(contract, cells, at)
            if neighbour is not None:
                yield from _exchange(submission, school, year, sheet, cells[at], neighbour)


def _neighbour(contract: Contract, cells: Sequence[tuple[int, Column, int]], at: int) -> tuple[int, Column, int] | None:
    """The next number of the form, or of the same column of a table with fixed rows."""
    _, column, record = cells[at]
    if contract.shape == "form":
        return cells[at + 1] if at + 1 < len(cells) else None
    if contract.rows is None:
        return None
    below = [each for each in cells if each[1] == column and each[2] > record]
    return min(below, key=lambda each: each[2], default=None)


def _exchange(
    submission: Submission,
    school: str,
    year: int,
    sheet: str,
    one: tuple[int, Column, int],
    other: tuple[int, Column, int],
) -> Iterator[PlantedNumber]:
    first, second = (Decimal(submission.cells[each[0]].raw_text) for each in (one, other))
    if max(first, second) < Decimal(str(FACTOR_OF_EXCHANGE)) * min(first, second):
        return
    texts = _text(one[1], second), _text(other[1], first)
    cells = tuple(
        (each[0], text, submission.cells[each[0]].cell or "") for each, text in zip((one, other), texts, strict=True)
    )
    yield PlantedNumber("exchanged", school, year, sheet, one[1].name, cells, max(first, second))


def _text(column: Column, value: Decimal) -> str:
    return str(round(value, column.decimals or 0)) if column.type == "decimal" else str(int(value))


def outcomes(world: World, planted: Sequence[PlantedNumber]) -> list[Outcome]:
    """What the file's own audit and the comparison of the city say of each slip that they do not say without it."""
    without = dict(_said(world, world.judged, {}))
    parts = (planted[at : at + A_PART] for at in range(0, len(planted), A_PART))
    return [outcome for part in parts for outcome in _outcomes_of(world, part, without)]


def _outcomes_of(
    world: World, planted: Sequence[PlantedNumber], without: Mapping[str, Sequence[Finding]]
) -> list[Outcome]:
    clean = world.submissions
    spoilt = {str(n): _spoilt(clean[each.year, each.school], each, str(n)) for n, each in enumerate(planted)}
    together = _with(world, list(spoilt.values()))
    found: dict[str, list[Finding]] = defaultdict(list)
    known = {submission: {_said_as(each) for each in findings} for submission, findings in without.items()}
    for of_round in _rounds(world, planted):
        own = {submission: f"{year}-{code}" for (year, code), submission in of_round.items()}
        for submission, findings in _said(world, together, of_round):
            new = [each for each in findings if _said_as(each) not in known[own.get(submission, submission)]]
            # what a bureau's slip does to the schools' files is said of them
            found[submission if submission in own else next(iter(own))] += new
    return [_outcome(world.city, each, clean[each.year, each.school], found[str(n)]) for n, each in enumerate(planted)]


def said_of(world: World, key: Key, submission: Submission) -> list[Finding]:
    """What is said of a file that comes in the place of a respondent's own."""
    together = _with(world, [submission])
    said = dict(_said(world, together, {key: submission.submission_id}))
    return [each for each in said[submission.submission_id] if each.severity != "info"]


def _with(world: World, others: Sequence[Submission]) -> Audit:
    """The audit of others, with the tables and cells of the world beside theirs."""
    alone, judged = audit(others, world.city), world.judged
    return replace(
        judged,
        submissions=(*judged.submissions, *alone.submissions),
        tables={name: _stacked(name, judged, alone) for name in {**judged.tables, **alone.tables}},
        cells=pl.concat([judged.cells, alone.cells]),
        findings=alone.findings,
        accepted=judged.accepted | alone.accepted,
    )


def _said_as(finding: Finding) -> tuple[str, str | None, str | None]:
    return finding.rule_id, finding.address.cell, finding.value


def _stacked(name: str, *audits: Audit) -> pl.DataFrame:
    return pl.concat([each.tables[name] for each in audits if name in each.tables], how="diagonal")


def _said(world: World, judged: Audit, of_round: Mapping[Key, str]) -> Iterator[tuple[str, list[Finding]]]:
    """Submission → what is said of it, of those of a round (year, respondent → submission, all of one year); in a round
    of one file of all files of its year, without a round of those of both years."""
    pack = world.city.pack
    of_file: dict[str, list[Finding]] = defaultdict(list)
    for each in judged.findings:
        of_file[each.address.submission_id].append(each)
    for year in {year for year, _ in of_round} or world.years:
        sent = {
            (y, code): of_round.get((y, code), f"{y}-{code}") for y, code in world.submissions if y in (year, year - 1)
        }
        frames = {
            name: each.filter(pl.col("submission_id").is_in(sent.values())) for name, each in judged.tables.items()
        }
        this = {submission for (y, _), submission in sent.items() if y == year}
        told = this if len(of_round) <= 1 else set(of_round.values())
        names = {each: f"{each}.xlsx" for each in told}
        cell_of = cell_lookup(judged.cells.filter(pl.col("submission_id").is_in(told)))
        failures = [
            failure
            for rule in cross_rules(pack)
            if rule.id in CITY_RULES
            for failure in rule_failures(pack, rule, _of_year(frames, year))
            if failure.submission_id in told
        ]
        doubts = [each for each in _doubts(world, frames, year) if each.submission_id in told]
        of_city = [
            *plausibility_findings(pack, doubts, names, cell_of),
            *cross_findings(pack, failures, names, cell_of),
        ]
        for submission in told:
            accepted = of_city if submission in judged.accepted else []
            yield (
                submission,
                of_file[submission] + [each for each in accepted if each.address.submission_id == submission],
            )


def _of_year(frames: Mapping[str, pl.DataFrame], year: int) -> dict[str, pl.DataFrame]:
    return {name: frame.filter(pl.col("report_year") == year) for name, frame in frames.items()}


def doubts_in(world: World, year: int) -> Counter[str]:
    """Submission → how many of its numbers of a year are doubted, by the file, last year and peers."""
    of_file = Counter(
        each.address.submission_id
        for each in world.judged.findings
        if each.rule_id.startswith("plausible.") and each.address.submission_id.startswith(str(year))
    )
    return of_file + Counter(each.submission_id for each in _doubts(world, world.judged.tables, year))


def _doubts(world: World, frames: Mapping[str, pl.DataFrame], year: int) -> list[Doubt]:
    numbers = judged_numbers(world.city.pack, frames)
    this, last = (numbers.filter(pl.col("report_year") == each) for each in (year, year - 1))
    roster = frames["roster"].filter(pl.col("report_year") == year)
    kinds = roster.select(respondent_code="school_code", kind="category").unique("respondent_code")
    return doubts_of_year(world.city.pack, this, last, kinds)


def _spoilt(submission: Submission, planted: PlantedNumber, submission_id: str) -> Submission:
    texts = {index: text for index, text, _ in planted.cells}
    cells = tuple(
        cell._replace(submission_id=submission_id, raw_text=texts.get(index, cell.raw_text))
        for index, cell in enumerate(submission.cells)
    )
    return replace(submission, submission_id=submission_id, cells=cells)


def _rounds(world: World, planted: Sequence[PlantedNumber]) -> list[dict[Key, str]]:
    """Rounds of (year, respondent) → the spoilt submission: each respondent at most once in a round, a round of one
    year, and the bureaus by themselves, since their sums are held against what the schools send."""
    rounds: dict[tuple[int, str, int], dict[Key, str]] = defaultdict(dict)
    turns: Counter[Key] = Counter()
    for number, each in enumerate(planted):
        key = each.year, each.school
        respondent = world.submissions[key].respondent
        rounds[each.year, respondent.kind if respondent else "", turns[key]][key] = str(number)
        turns[key] += 1
    return list(rounds.values())


def _outcome(city: City, planted: PlantedNumber, clean: Submission, found: Iterable[Finding]) -> Outcome:
    new = [each for each in found if each.severity != "info"]
    new.sort(key=lambda each: each.rank)
    places = list(dict.fromkeys(cell for each in new for cell in _places(city, each, clean)))
    wrong = {(planted.sheet, address) for _, _, address in planted.cells}
    place = next((at for at, cell in enumerate(places, 1) if cell in wrong), None)
    words = "；".join(each.suggestion or "" for each in new)
    return Outcome(planted, bool(new), place, any(name in words for name in NAMES[planted.kind]), words)


def _places(city: City, finding: Finding, clean: Submission) -> Iterator[tuple[str, str | None]]:
    """The cells that a finding names: those that its suggestion would change, then its own."""
    sheet = {contract.title: contract.name for contract in load_contracts(city.pack)}.get(finding.address.sheet, "")
    own = [cell for cell in clean.cells if (cell.sheet, cell.cell) == (sheet, finding.address.cell)]
    for each in finding.suggested if own else ():
        yield from (
            (sheet, cell.cell)
            for cell in clean.cells
            if (cell.sheet, cell.record, cell.column_name) == (sheet, own[0].record, each.column_name)
        )
    yield sheet, finding.address.cell


def grown(city: City, books: Mapping[str, Mapping[str, SheetValues]], seed: int) -> dict[str, dict[str, SheetValues]]:
    """What respondents sent, as a year later: each up to 15 % larger, every number up to 3 % off that. Sums that rules
    ask for may break: that is no doubt."""
    rng = random.Random(seed)
    numbers = {c.name for contract in load_contracts(city.pack) for c in contract.columns if c.is_number}
    return {
        code: {name: _grown(sheet, numbers - LABELS, growth, rng) for name, sheet in sheets.items()}
        for code, sheets in books.items()
        for growth in (rng.uniform(1, 1.15),)
    }


LABELS = frozenset(("contest_year", "contest_edition", "sequence", "score"))
"""Numbers that do not grow with a school."""


def _grown(sheet: SheetValues, numbers: frozenset[str] | set[str], growth: float, rng: random.Random) -> SheetValues:
    def later(name: str, value: object) -> object:
        if name not in numbers or value is None:
            return value
        factor = growth * rng.uniform(0.97, 1.03)
        return int(value * factor) if isinstance(value, int) else round(Decimal(str(value)) * Decimal(str(factor)), 2)

    records = tuple({name: later(name, value) for name, value in each.items()} for each in sheet.records)
    return replace(sheet, records=records)


def sample_of(planted: Sequence[PlantedNumber], count: int, seed: int) -> list[PlantedNumber]:
    """A seeded sample of the slips in numbers of 20 and more."""
    return random.Random(seed).sample([each for each in planted if each.size >= TOLD_FROM], count)
