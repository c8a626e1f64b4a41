"""docs/benchmark.md, written from everything that has been measured (docs/benchmark/*.json)."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import mean, median

from orchestration.benchmark.interval import CONFIDENCE, NOT_DECIDED, CostInterval, interval_of
from orchestration.benchmark.results import COLD, COMPILE, FLOOR, ONE, PANDAS, STOCK, WARM, Results
from orchestration.benchmark.stages import PART

NAMES = {
    FLOOR: "floor: calamine and the compiled SQL of models and tests, no framework",
    COLD: "cold: nothing received yet",
    WARM: "warm: nothing new",
    ONE: "one school's workbook changed",
    COMPILE: "once for each version of the project, in its first run: the models compiled",
    PANDAS: "instead: one script with pandas and openpyxl, the root's tables only",
    STOCK: "instead: stock Dagster project, same models, same audit",
}
BUSY_WALL = "busy"
SIZE_NAMES = {12: "A city", 300: "A province", 10_000: "The nation"}
HOW = f"""\
How it is measured. An installation of so many schools is generated as configuration (regions, bureaus, schools) and
workbooks poured with the project's own templates (sources/sample/population.py, poured.py): distinct, seeded, with
known faults. Each run is a process of its own, as a user calls it, on an installation of its own, with what `make`
does while installing done (`nianbao prepare`); the environment is a user's, without the tools of developers. Wall and
CPU seconds (user and system) and the peak of memory are of the whole process tree: `memory` is the largest sum of the
resident memory of all its processes at one time, looked at every 0.05 s, or the kernel's high-water mark of its
largest process where that is more (pages that processes share count once each).
Every run is checked: what it finds is what was planted, a second run does nothing, a changed figure arrives.
Compiling the models is done once for a version of the project, not once a run, and stands in a line of its own; dbt's
parse and Dagster's empty databases for the stock project, made when it is deployed, in none. Absolute seconds differ
between machines and days; ratios within one round are what counts.

Rounds. Each round measures everything once, one after the other: our own commands in seven rounds of a city and a
province, three of the nation, the alternatives in the first three. `make bench` takes ten minutes at most: a city's
seventh round is left out where it would not fit, since six are enough for the same interval, and what people wait for
is measured by itself (`make bench MEASURE=waits`). A figure is the median over the rounds, in brackets
from where to where it lies: by order statistics, at least {CONFIDENCE:.0%} sure of six rounds or more; of three from
the smallest to the largest, 75% sure. A ratio is formed round by round, of two runs of the same minute. A target is
met, or not met, only if the whole interval says so; one round decides nothing. Beside the machine stands how many of
its cores other work kept busy meanwhile.

- **Floor**: one process reads every cell with calamine and executes the same compiled SQL in DuckDB, on the tables that
  intake has written. It audits nothing, writes no findings and publishes nothing.
- **pandas script** (tests/bench/pandas_script.py): reads the same workbooks, checks what one would check, and writes
  the same eleven tables, for the root region; the same displayed values, by a test. No trace, history or levels.
- **Stock Dagster project** (tests/bench/stock_dagster): the same models, intake and audit functions; multiprocess
  executor, `@dbt_assets` with dbt as a subprocess, default storage.
"""


def report(sizes: Sequence[Results], release: Sequence[str]) -> str:
    """The page as Markdown; `release` are sections on what is no size: the sample city's release, the tests."""
    ordered = sorted(sizes, key=lambda results: results.schools)
    parts = [
        "# Benchmark\n\nWritten by `make bench` (tests/bench, orchestration/benchmark); each section says when"
        " and where it was measured.\n",
        HOW,
        *_targets(ordered),
        *(line for results in ordered if results.schools in SIZE_NAMES for line in _size(results)),
        *_curve(ordered),
        *_questions(ordered),
        *release,
    ]
    return "\n".join(parts).rstrip("\n") + "\n"


def told(results: Results) -> str:
    """One size as Markdown: costs, stages, questions, and the targets it can be judged by."""
    return "\n".join([*_size(results), *_questions([results]), *_targets([results])])


def _size(results: Results) -> list[str]:
    planted = results.planted
    lines = [
        f"## {SIZE_NAMES.get(results.schools, 'An installation')}: {results.schools:,} schools\n",
        f"{results.files:,} workbooks of the schools and their {results.bureaus:,} bureau(s), report year"
        f" {', '.join(map(str, results.years))}. {_measured(results)}\n",
        f"Planted and found exactly: {planted['error']:,} workbook(s) with an error, {planted['warning']:,} with a"
        f" warning, {planted['resubmission']:,} sent twice; nothing else was found.\n",
        *([f"**{results.note}**\n"] if results.note else []),
        "| run | wall s | CPU s | memory MB | wall ÷ floor | CPU ÷ floor |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for what, name in NAMES.items():
        if what in results.costs:
            wall, cpu = (_shown(results.interval(what, of), 2) for of in ("wall", "cpu"))
            ratios = " | ".join(_shown(results.ratio(what, FLOOR, of), 1) for of in ("wall", "cpu"))
            lines.append(f"| {name} | {wall} | {cpu} | {(results.median(what, 'memory') or 0) / 1e6:,.0f} | {ratios} |")
    bare = {key: median(each[key] for each in results.bare) for key in ("cells", "read", "sql")}
    return [
        *lines,
        "",
        f"The floor: {bare['cells']:,.0f} filled cells read in {bare['read']:.2f} s, all SQL in {bare['sql']:.2f} s;"
        f" the rest is Python's start. Published database: {results.rows['bytes'] / 1e6:,.0f} MB.\n",
        *_stages(results),
        "",
    ]


def _stages(results: Results) -> list[str]:
    lines = [
        "| stage of the cold run | wall s | share | CPU s | memory MB | rows |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    names = [stage.name for stage in results.stages[0]]
    walls = {name: median(s.wall for run in results.stages for s in run if s.name == name) for name in names}
    whole = sum(wall for name, wall in walls.items() if not name.startswith(PART)) or 1
    for name in names:
        of_name = [stage for run in results.stages for stage in run if stage.name == name]
        cpu = _median_of([stage.cpu for stage in of_name], 1)
        memory = _median_of([stage.memory for stage in of_name], 1e6)
        rows = f"{results.rows[name]:,}" if name in results.rows else ""
        is_part = name.startswith(PART)
        share = "" if is_part else f"{walls[name] / whole:.0%}"
        lines.append(f"| {name} | {walls[name]:,.2f} | {share} | {cpu} | {memory} | {rows} |")
    return lines


def _median_of(values: Sequence[float | None], unit: float) -> str:
    known = [value for value in values if value is not None]
    return f"{median(known) / unit:,.{2 if unit == 1 else 0}f}" if known else ""


def _measured(results: Results) -> str:
    machine = results.machine
    tools = ", ".join(f"{n} {machine[n]}" for n in ("duckdb", "polars", "python-calamine", "dagster", "dbt-core"))
    runs = "one round" if results.runs == 1 else f"{results.runs} rounds"
    environment = machine.get("environment", "a developer's")
    others = results.others
    load = f"other work kept {mean(others):.1f} cores busy (at most {max(others):.1f})" if others else "load not noted"
    load += ", **so that only CPU can be compared**" if results.is_busy else ""
    at = f" at commit {results.commit}" if results.commit else ""
    return (
        f"Measured on {results.measured_on}{at}, {runs}, {load}, {environment}:"
        f" {machine['system']}, {machine['processor']}, {machine['cores']} cores, {machine['memory'] / 2**30:.0f} GB,"
        f" Python {machine['python']}, {tools}."
    )


def _shown(interval: CostInterval | None, decimals: int) -> str:
    return interval.shown(decimals) if interval else ""


@dataclass(frozen=True, slots=True)
class CostTarget:
    """What is measured counts in `unit`, as `at_most` does."""

    text: str
    measured: CostInterval
    at_most: float
    unit: str = ""
    decimals: int = 2

    @property
    def line(self) -> str:
        verdict = self.measured.verdict(self.at_most)
        return f"| {self.text} | {self.measured.shown(self.decimals)}{self.unit} | {verdict} |"


def _targets(sizes: Sequence[Results]) -> list[str]:
    """Every target that has a measurement, and whether the size meets it."""
    by_size = {results.schools: results for results in sizes}
    lines = [target.line for target in _of_city(by_size[12])] if 12 in by_size else []
    if nation := by_size.get(10_000):
        lines += [target.line for target in _of_nation(nation)]
        if province := by_size.get(300):
            lines += _workbooks(nation, province)
    if not lines:
        return []
    return ["## Targets\n", "| target | measured | |", "| --- | ---: | --- |", *lines, ""]


OF_CITY = (
    ("cold at most 5 × the floor", COLD, FLOOR, 5),
    ("warm at most 1/3 of cold", WARM, COLD, 1 / 3),
    ("one changed school at most 1/2 of cold", ONE, COLD, 1 / 2),
    ("one changed school at most 2 × the floor", ONE, FLOOR, 2),
    ("one changed school no slower than the pandas script's whole run", ONE, PANDAS, 1),
    ("cold at most 1/3 of the stock Dagster project", COLD, STOCK, 1 / 3),
)


def _of_city(city: Results) -> list[CostTarget]:
    ratios = [
        CostTarget(f"city: {text}, {label}", ratio, at_most)
        for text, what, to, at_most in OF_CITY
        for of, label in (("wall", "wall"), ("cpu", "CPU"))
        if (ratio := city.ratio(what, to, of))
    ]
    return [*ratios, CostTarget("city: ten questions at most 100 ms each", _slowest(city), 100, " ms", 0)]


def _of_nation(nation: Results) -> list[CostTarget]:
    of_costs = (
        ("nation: cold within 15 minutes", COLD, "wall", 60, 15, " min", 1),
        ("nation: within 6 GB", COLD, "memory", 1e9, 6, " GB", 1),
        ("nation: one changed school within 60 s", ONE, "wall", 1, 60, " s", 0),
    )
    targets = [
        CostTarget(
            text, interval_of([getattr(cost, of) / size for cost in nation.costs[what]]), at_most, unit, decimals
        )
        for text, what, of, size, at_most, unit, decimals in of_costs
    ]
    return [*targets, CostTarget("nation: ten questions at most 1 s each", _slowest(nation), 1000, " ms", 0)]


def _workbooks(nation: Results, province: Results) -> list[str]:
    """Two sizes are no pair of one minute: their intervals lie apart, or nothing is decided."""
    lines = []
    for of, label in (("wall", "wall"), ("cpu", "CPU")):
        large, small = (
            interval_of([getattr(cost, of) / results.files * 1000 for cost in results.costs[COLD]])
            for results in (nation, province)
        )
        verdicts = {large.verdict(small.low), large.verdict(small.high) if small.confidence else NOT_DECIDED}
        verdict = verdicts.pop() if len(verdicts) == 1 else NOT_DECIDED
        text = f"nation: cost of a workbook no higher than in the province, {label}"
        lines.append(f"| {text} | {large.shown(0)} ms, {small.shown(0)} ms | {verdict} |")
    return lines


def _slowest(results: Results) -> CostInterval:
    """Of the ten questions, round by round."""
    return interval_of([max(run.values()) for run in results.questions])


def _latencies(results: Results) -> Mapping[str, float]:
    return {name: median(run[name] for run in results.questions) for name in results.questions[0]}


def _curve(sizes: Sequence[Results]) -> list[str]:
    if len(sizes) < 2:
        return []
    lines = [
        "## Cost against the number of schools\n",
        "| schools | workbooks | cold wall s | cold CPU s | CPU ms a workbook | one school wall s | one school CPU s |"
        " cold memory MB | floor CPU s | measured on |",
        "| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- |",
    ]
    columns = ((COLD, "wall"), (COLD, "cpu"), (ONE, "wall"), (ONE, "cpu"), (COLD, "memory"), (FLOOR, "cpu"))
    for results in sizes:
        wall, cpu, one, one_cpu, memory, floor = (results.median(what, of) or 0 for what, of in columns)
        walls = [BUSY_WALL if results.is_busy else f"{each:,.1f}" for each in (wall, one)]
        lines.append(
            f"| {results.schools:,} | {results.files:,} | {walls[0]} | {cpu:,.1f} |"
            f" {cpu / results.files * 1000:,.0f} | {walls[1]} | {one_cpu:,.1f} | {memory / 1e6:,.0f} |"
            f" {floor:,.1f} | {results.measured_on} |"
        )
    quiet = [each for each in sizes if not each.is_busy]
    compared = [quiet if of == "wall" and len(quiet) > 1 else sizes for _, of in columns]
    slopes = [
        (exponent(of_these, what, of), exponent(of_these[-2:], what, of))
        for of_these, (what, of) in zip(compared, columns, strict=True)
    ]
    shown = [f"{whole:.2f} ({last:.2f})" for whole, last in slopes]
    lines.append(f"| exponent | | {shown[0]} | {shown[1]} | | {shown[2]} | {shown[3]} | {shown[4]} | {shown[5]} | |")
    lines += [
        "",
        "Exponent k of cost ∝ schools^k: least squares on logarithms over all sizes, in brackets between the two"
        " largest. 1 is proportional; below it, what a run costs in any case weighs more. Where other work was in the"
        " way there are no wall seconds.\n",
    ]
    return lines


def exponent(sizes: Sequence[Results], what: str, of: str) -> float:
    """The slope of log cost over log schools."""
    points = [(math.log(r.schools), math.log(r.median(what, of) or 1)) for r in sizes]
    x, y = (sum(values) / len(points) for values in zip(*points, strict=True))
    slope: float = sum((a - x) * (b - y) for a, b in points) / sum((a - x) ** 2 for a, _ in points)
    return slope


def _asked_of(results: Results) -> str:
    return f"{results.schools:,} schools{f' ({BUSY_WALL})' if results.is_busy else ''}"


def _questions(sizes: Sequence[Results]) -> list[str]:
    if not sizes:
        return []
    lines = [
        "## The analysts' ten questions\n",
        "docs/analysts.md, each on the published database: milliseconds, median of five times in one connection.\n",
        f"| question | {' | '.join(map(_asked_of, sizes))} |",
        f"| --- |{' ---: |' * len(sizes)}",
    ]
    asked = [_latencies(results) for results in sizes]
    lines += [f"| {name} | {' | '.join(f'{each[name]:.1f}' for each in asked if name in each)} |" for name in asked[-1]]
    return [*lines, ""]
