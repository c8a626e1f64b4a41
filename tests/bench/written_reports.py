"""Reports of made-up cities in six manners of writing, with the seeder's errors planted in their text.

Cities, wordings and seeds for tuning and for judging are kept apart: what the judging half shows is only counted.
"""

import random
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from math import sqrt
from pathlib import Path

import duckdb
import polars as pl

from orchestration.benchmark.interval import MET, NOT_DECIDED, NOT_MET
from sources.declarations.city import City
from sources.system.settings import Settings
from tests.any_city import worlds
from tests.bench.reconcile_seeder import ALSO_RIGHT, CLASSES, Context, plants
from tests.conftest import run_all
from warehouse.catalogue.catalogue import load_catalogue
from warehouse.figures.fact import CHANGE, SCHOOL_SCOPE, VALUE, Reference
from warehouse.figures.rounding import rounded
from warehouse.reconcile.judging.derive import derive
from warehouse.reconcile.judging.relations import Interval
from warehouse.reconcile.judging.witnesses import Recomputed, recompute, usual_scopes
from warehouse.reconcile.reading.printed_figure import PrintedFigure
from warehouse.reconcile.reconcile import reconcile_file

YEAR = worlds.SECOND
AT_ONCE = 5
LOST = {"is_suspected": False, "verdict": "lost", "diagnosis": None, "explanation": None}
"""The row of a numeral that has none."""
INDICATORS = 14
TABLED = 5


@dataclass(frozen=True)
class Half:
    """What is kept apart: which city, which wordings, which seeds."""

    world: str
    wording: int
    seed: int


HALVES = {
    "tuning": Half("city", 0, 41),
    "second tuning": Half("district", 0, 53),
    "judging": Half("province", 1, 7919),
}


@dataclass(frozen=True)
class Numeral:
    """A number of the report; `words` stand before one that is not below zero, and before one that is."""

    figure: PrintedFigure
    words: tuple[str, str] = ("", "")

    def text(self, value: Decimal) -> str:
        return f"{self.words[value < 0]}{abs(value):f}{'' if self.figure.is_in_table else self.figure.unit}"


Report = Sequence[str | Numeral]


@dataclass(frozen=True)
class Source:
    """Everything that can be written of a city."""

    city: City
    recomputed: Recomputed
    scopes: Mapping[tuple[int, str], str]
    connection: duckdb.DuckDBPyConnection

    def numeral(self, fact: Reference, section: str = "") -> Numeral | None:
        indicator = load_catalogue(self.city.pack).indicators[fact.indicator]
        value = self.recomputed.of(fact, self.city)
        if value is None or indicator.display == "to_one":
            return None
        unit = "百分点" if fact.kind == CHANGE and indicator.unit == "%" else indicator.unit
        shown = rounded(value, indicator.decimals)
        figure = PrintedFigure("", section, fact.year, "", indicator.label, "", unit, f"{shown:f}", shown, codes=fact)
        words = ("", "-") if section else (("增加", "减少") if fact.kind == CHANGE else ("", ""))
        return Numeral(figure, words)

    def label(self, fact: Reference) -> str:
        return load_catalogue(self.city.pack).indicators[fact.indicator].label

    def facts(self, rng: random.Random, only_sums: bool = False) -> list[Reference]:
        """Some indicators of two or three chapters, each in the scope that the bureau has chosen."""
        catalogue = load_catalogue(self.city.pack)
        chapters = rng.sample(catalogue.chapters, len(catalogue.chapters))
        found = []
        for chapter in chapters:
            scope = self.scopes.get((YEAR, chapter.topic), self.city.scopes[0].code)
            for indicator in chapter.indicators:
                fact = Reference(indicator.code, YEAR, self.city.code, scope)
                is_wanted = not only_sums or (indicator.kind == "sum" and scope == self.city.scopes[0].code)
                if is_wanted and (self.recomputed.of(fact, self.city) or 0) >= 10 and self.numeral(fact):
                    found.append(fact)
        return found[:INDICATORS]


def _change(fact: Reference) -> Reference:
    return replace(fact, kind=CHANGE)


def _sentences(source: Source, facts: Sequence[Reference], wording: tuple[str, str, str]) -> Iterator[str | Numeral]:
    before, compared, end = wording
    for fact in facts:
        value, change = source.numeral(fact), source.numeral(_change(fact))
        assert value is not None
        yield before.format(year=YEAR, all=f"全{source.city.name[-1]}", label=source.label(fact))
        yield value
        if compared and change is not None and change.figure.value:
            yield compared
            yield change
        yield end


def formal(source: Source, rng: random.Random, wording: int) -> Iterator[str | Numeral]:
    words = [("{year}年，{all}{label}为", "，比上年", "。\n"), ("截至{year}年，{all}{label}达到", "，较上年", "。\n")]
    yield from _sentences(source, source.facts(rng), words[wording])


def brief(source: Source, rng: random.Random, wording: int) -> Iterator[str | Numeral]:
    words = [("{label}", "", "；"), ("{label}：", "", "，")]
    yield from _sentences(source, source.facts(rng), words[wording])
    yield "均已核实。\n"


def tables(source: Source, rng: random.Random, wording: int) -> Iterator[str | Numeral]:
    facts, change = source.facts(rng), ("增减", "比上年增减")[wording]
    yield f"表1 主要指标\n项目\t{YEAR - 1}年\t{YEAR}年\t{change}\n"
    for fact in facts:
        cells = [source.numeral(each, "表1") for each in (replace(fact, year=YEAR - 1), fact, _change(fact))]
        known = [cell for cell in cells if cell is not None]
        # a change between two scopes is none of these two years' numbers
        if len(known) == 3 and _change(fact) not in source.recomputed.breaks:
            unit = known[1].figure.unit
            yield f"{source.label(fact)}（{unit}）"
            for cell in known:
                yield "\t"
                yield cell
            yield "\n"
    yield "\n"
    yield from _sentences(source, facts[:TABLED], ("{year}年{label}", "", "。\n"))


def _parts(
    source: Source,
    rng: random.Random,
    head: str,
    subjects: Mapping[str, tuple[str, str]],
    rest: str = "",
    said: str = "",
) -> Iterator[str | Numeral]:
    """A table by parts: code → name and scope; with the city's total where the parts make it up.

    `rest` is the name of a row for what is of none of the parts, `said` how a sentence says a number of one.
    """
    made_up, left = [], dict[Reference, Decimal]()
    facts = source.facts(rng, only_sums=True)
    for fact in facts:
        parts = [
            source.numeral(replace(fact, subject=code, scope=scope), "表1") for code, (_, scope) in subjects.items()
        ]
        known = [part for part in parts if part is not None and part.figure.value is not None]
        whole = source.numeral(fact, "表1")
        total = sum((part.figure.value or Decimal(0) for part in known), Decimal(0))
        if whole is None or whole.figure.value is None or len(known) != len(parts):
            continue
        left[fact] = whole.figure.value - total
        if left[fact] == 0 or rest:
            made_up.append((fact, [*known, whole]))
    chosen = made_up[:TABLED]
    heads = [f"{source.label(fact)}（{cells[0].figure.unit}）" for fact, cells in chosen]
    yield "\t".join([f"表1 情况\n{head}", *heads]) + "\n"
    rests = [left[fact] for fact, _ in chosen]
    for row, name in enumerate([*(name for name, _ in subjects.values()), "合计"]):
        if name == "合计" and any(rests):
            yield "\t".join([rest, *(f"{each:f}" for each in rests)]) + "\n"
        yield name
        for _, cells in chosen:
            yield "\t"
            yield cells[row]
        yield "\n"
    yield "\n"
    yield from _sentences(source, [fact for fact, _ in chosen], ("{year}年，{all}{label}", "", "。\n"))
    others = [fact for fact in facts if fact not in dict(chosen)] if said else []
    for fact, (code, (name, scope)) in zip(others, subjects.items(), strict=False):
        if value := source.numeral(replace(fact, subject=code, scope=scope)):
            yield said.format(year=YEAR, name=name, label=source.label(fact))
            yield value
            yield "。\n"


def by_county(source: Source, rng: random.Random, wording: int) -> Iterator[str | Numeral]:
    parts = {r.code: (r.name, source.city.scopes[0].code) for r in source.city.regions if r.parent == source.city.code}
    said = ("{year}年，{name}{label}为", "{name}{label}")[wording]
    yield from _parts(source, rng, ("县区", "地区")[wording], parts, f"{source.city.name[-1]}本级", said)


def by_school(source: Source, rng: random.Random, wording: int) -> Iterator[str | Numeral]:
    schools = [r for r in source.city.respondents_in(YEAR) if r.kind == "school"]
    yield from _parts(source, rng, ("学校", "学校名称")[wording], {r.code: (r.name, SCHOOL_SCOPE) for r in schools})


def plans(source: Source, rng: random.Random, wording: int) -> Iterator[str | Numeral]:
    """Beside the city's own numbers those of a plan and of another place, which are nobody's error."""
    for fact in source.facts(rng):
        yield from _sentences(source, [fact], ("{year}年，{all}{label}", "，同比", "。"))
        value = source.numeral(fact)
        assert value is not None
        assert value.figure.value is not None
        other = (value.figure.value * Decimal(rng.uniform(1.1, 1.9))).quantize(
            Decimal(1).scaleb(-value.figure.decimals)
        )
        where = (f"{YEAR + 1}年计划达到", "合肥市同期为")[rng.randrange(2)]
        yield f"{where if wording == 0 else where.replace('计划', '力争')}{other:f}{value.figure.unit}。\n"


MANNERS: Mapping[str, Callable[[Source, random.Random, int], Iterator[str | Numeral]]] = {
    "formal": formal,
    "brief": brief,
    "table-heavy": tables,
    "by county": by_county,
    "plans and comparisons": plans,
    "by school": by_school,
}


def context_of(source: Source, report: Report) -> Context:
    figures = [each.figure for each in report if isinstance(each, Numeral)]
    facts = [figure.codes for figure in figures if figure.codes]
    catalogue = load_catalogue(source.city.pack)
    return Context(
        figures,
        facts,
        source.recomputed,
        source.city,
        derive(set(facts), source.city, catalogue, source.recomputed.roster),
    )


def text_of(report: Report, wrong: Mapping[int, Decimal]) -> tuple[str, list[str]]:
    """The report's text, and its numerals as they are printed, in their order."""
    pieces, printed = [], []
    for each in report:
        if isinstance(each, Numeral):
            assert each.figure.value is not None
            value = wrong.get(len(printed), each.figure.value)
            printed.append(f"{abs(value):f}")
            pieces.append(each.text(value))
        else:
            pieces.append(each)
    return "".join(pieces), printed


def rows_of(frame: pl.DataFrame, printed: Sequence[str]) -> list[dict | None]:
    """For each numeral its row of the result: the next one with the same digits; None where there is none."""
    rows, found, at = frame.to_dicts(), [], 0
    for number in printed:
        same = (
            n
            for n in range(at, len(rows))
            if number in re.findall(r"\d+(?:\.\d+)?", rows[n]["printed"].replace(",", ""))
        )
        place = next(same, None)
        found.append(None if place is None else rows[place])
        at = at if place is None else place + 1
    return found


def breaks_a_relation(context: Context, position: int, value: Decimal) -> bool:
    """Whether the print alone shows the error: a printed relation then fails, the fact is printed otherwise too, or
    what cannot be is below zero."""
    fact = context.facts[position]
    if context.facts.count(fact) > 1 or (value < 0 and fact.kind == VALUE):
        return True
    catalogue = load_catalogue(context.city.pack)

    def span(number: Decimal, figure: PrintedFigure, of: Reference) -> Interval:
        half = Decimal(0) if catalogue.is_count(of.indicator) else Decimal(5).scaleb(-figure.decimals - 1)
        return Interval(number - half, number + half)

    right = {
        fact: span(figure.value, figure, fact)
        for fact, figure in zip(context.facts, context.figures, strict=True)
        if figure.value is not None
    }
    wrong = {**right, fact: span(value, context.figures[position], fact)}
    printed = (r for r in context.relations if fact in r.facts and all(f in right for f in r.facts))
    return any(r.holds(right) and not r.holds(wrong) for r in printed)


@dataclass(frozen=True)
class Fate:
    """What became of one planted error."""

    kind: str
    manner: str
    is_shown: bool
    """By a printed relation."""
    is_accused: bool
    is_told: bool
    """Not called wrong, but told as what it is: right in another scope only, or one that may be wrong of those that
    contradict each other."""
    has_right_figure: bool
    has_right_cause: bool
    told: str = ""

    @property
    def is_found(self) -> bool:
        return self.is_accused or self.is_told


def is_told(row: Mapping, city: City) -> bool:
    """Whether a number that is not called wrong is told as what was planted.

    Of another scope, where the text names none: the finding names the scope in which alone it holds, and what it would
    be in the one to be supposed. In a broken relation: its own row shows a smallest correction that changes it, or
    where the fact is printed otherwise.
    """
    said = row["explanation"] or ""
    if row["diagnosis"] == "only_in_scope":
        label = next(scope.label for scope in city.scopes if scope.code == row["scope_code"])
        return f"只在“{label}”口径下成立" in said and "口径应为" in said
    corrected = f"{row['printed']} → " in said.partition("全部吻合：")[2]
    return row["verdict"] == "contradicts" and (corrected or "至少要改一处" in said)


@dataclass(frozen=True)
class Read:
    """One report: its errors, how many numerals are the city's own and were bound, and who was accused wrongly."""

    manner: str
    fates: Sequence[Fate]
    own: int
    bound: int
    false: Sequence[str]


def read_once(source: Source, manner: str, half: Half, number: int, alone: bool, folder: Path) -> Read:
    rng = random.Random(f"{half.seed}{manner}{number}")
    report = list(MANNERS[manner](source, rng, half.wording))
    context = context_of(source, report)
    taken: set[Reference] = set()
    chosen: dict[int, tuple[str, Decimal]] = {}
    for kind in rng.sample(list(CLASSES), len(CLASSES)):
        for error in plants(context, kind, 1, rng):
            if context.facts[error.position] not in taken and len(chosen) < AT_ONCE:
                taken.add(context.facts[error.position])
                chosen[error.position] = (kind, error.value)
    text, printed = text_of(report, {position: value for position, (_, value) in chosen.items()})
    path = folder / "report.txt"
    path.write_text(text, encoding="utf-8")
    catalogue = load_catalogue(source.city.pack)
    frame = reconcile_file(None if alone else source.connection, source.city, catalogue, path, YEAR).frame
    rows = rows_of(frame, printed)
    fates = []
    for position, (kind, value) in chosen.items():
        row, figure = rows[position] or LOST, context.figures[position]
        is_accused = bool(row["is_suspected"])
        fates.append(
            Fate(
                kind,
                manner,
                breaks_a_relation(context, position, value),
                is_accused,
                not is_accused and is_told(row, source.city),
                is_accused
                and figure.value is not None
                and (row["suggested"] or "").strip("↑↓-") == f"{abs(figure.value).normalize():f}",
                is_accused and row["diagnosis"] in {kind, *ALSO_RIGHT.get(kind, ())},
                f"{figure.label} {figure.printed} → {value}: {row['verdict']}",
            )
        )
    planted = {id(rows[position]) for position in chosen}
    known = {(row["position"]) for row in rows if row is not None and id(row) in planted}
    false = [
        f"{row['printed']} {row['context']} {row['explanation']}"
        for row in frame.to_dicts()
        if row["is_suspected"] and row["position"] not in known
    ]
    bound = sum(
        row is not None and (row["indicator_code"], row["kind"]) == (fact.indicator, fact.kind)
        for row, fact in zip(rows, context.facts, strict=True)
    )
    return Read(manner, fates, len(printed), bound, false)


def source_of(half: Half, home: Path) -> Source:
    """Pours and builds the half's city; half a minute."""
    world = worlds.WORLDS[half.world]
    settings = Settings(home=home, city_dir=world.city_dir)
    if not settings.published_database.exists():
        for year in worlds.YEARS:
            worlds.pour(world, year, settings.inbox)
        run_all(settings, world.city, worlds.YEARS)
    connection = duckdb.connect(str(settings.published_database), read_only=True)
    city = world.city.in_year(YEAR)
    recomputed = recompute(connection, city, load_catalogue(city.pack), {YEAR})
    return Source(city, recomputed, usual_scopes(connection, city), connection)


def measure(source: Source, half: Half, reports: int, alone: bool) -> list[Read]:
    with tempfile.TemporaryDirectory() as folder:
        return [read_once(source, m, half, n, alone, Path(folder)) for m in MANNERS for n in range(reports)]


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.1%} of {whole}" if whole else "–"


def lines_of(reads: Sequence[Read], alone: bool) -> list[str]:
    """By manner and by class; alone, recall is of the errors that break a printed relation."""
    lines = [
        "| manner or class | recall | of those called wrong | right figure | right cause | bound | falsely accused |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]

    def row(name: str, fates: Sequence[Fate], group: Sequence[Read]) -> str:
        asked = [each for each in fates if each.is_shown or not alone]
        found = [each for each in asked if each.is_found]
        accused = [each for each in found if each.is_accused]
        figures = sum(each.has_right_figure for each in accused)
        causes = sum(each.has_right_cause for each in accused)
        own, bound = sum(each.own for each in group), sum(each.bound for each in group)
        false = f"{sum(len(each.false) for each in group)} of {bound}" if group else ""
        recall, called = _share(len(found), len(asked)), _share(len(accused), len(found))
        shares = (recall, called, _share(figures, len(accused)), _share(causes, len(accused)))
        return f"| {name} | {' | '.join(shares)} | {_share(bound, own) if group else ''} | {false} |"

    fates = [fate for read in reads for fate in read.fates]
    for manner in MANNERS:
        group = [each for each in reads if each.manner == manner]
        lines.append(row(manner, [fate for each in group for fate in each.fates], group))
    lines += [row(label, [f for f in fates if f.kind == kind], []) for kind, (label, _) in CLASSES.items()]
    return [*lines, row("all", fates, reads)]


def decided(part: int, whole: int, target: float) -> str:
    """Whether a share reaches a target: only if the whole interval (Wilson, 95 %) lies on one side of it."""
    if not whole:
        return NOT_DECIDED
    z, share = 1.96, part / whole
    middle, half = share + z * z / (2 * whole), z * sqrt(share * (1 - share) / whole + z * z / (4 * whole * whole))
    low, high = ((middle + sign * half) / (1 + z * z / whole) for sign in (-1, 1))
    return MET if low >= target else NOT_MET if high < target else NOT_DECIDED


def verdicts_of(reads: Sequence[Read], alone: bool) -> str:
    """Each target with what is decided of it."""
    asked = [fate for read in reads for fate in read.fates if fate.is_shown or not alone]
    own, bound, false = sum(r.own for r in reads), sum(r.bound for r in reads), sum(len(r.false) for r in reads)
    found, recall, rare = sum(fate.is_found for fate in asked), 0.75 if alone else 0.97, 300 if alone else 1000
    told = f"Recall {recall:.0%}: {decided(found, len(asked), recall)}; at most one in {rare} falsely accused:"
    told += f" {decided(bound - false, bound, 1 - 1 / rare)}"
    return f"{told}." if alone else f"{told}; bound 90 %: {decided(bound, own, 0.9)}."


def section(name: str, reports: int = 20, home: Path | None = None) -> list[str]:
    half = HALVES[name]
    source = source_of(half, home or Path(tempfile.mkdtemp()))
    lines = [
        f"## Reconciliation of written reports: the {name} half\n",
        f"Reports of a made-up installation ({source.city.name}), {reports} in each manner, up to {AT_ONCE} planted"
        " errors in each (tests/bench/written_reports.py). Targets: with submissions recall 97 %, bound 90 %, falsely"
        " accused 1 in 1,000 bound; from print alone 75 % of those that break a printed relation (a fact printed"
        " otherwise elsewhere, and a count below zero, among them), 1 in 300.\n",
        "Found is an error that is called wrong, and also one that is told without accusing: a number that is right in"
        " another scope than the usual one, where the text names none, if the finding names that scope and the number"
        " of the usual one; in a contradiction of printed numbers, if the wrong one's own row shows a smallest"
        " correction that changes it, or the other print of the same fact. How many of those found are called wrong"
        " stands beside; right figure and right cause are of these. Falsely accused is a right number that is called"
        " wrong; one that is told as one of several that may be wrong is not.\n",
    ]
    for alone, title in ((False, "With submissions:"), (True, "From print alone:")):
        reads = measure(source, half, reports, alone)
        lines += [f"{title} {verdicts_of(reads, alone)}\n", *lines_of(reads, alone), ""]
    return lines


def measure_tuning() -> list[str]:
    return [*section("tuning"), *section("second tuning", 8)]


def measure_judging() -> list[str]:
    return section("judging")
