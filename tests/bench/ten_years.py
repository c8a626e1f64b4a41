"""Ten report years in one warehouse: `python -m tests.bench ten-years --schools 12 --schools 100`.

The years come one after another, as in life: a year's workbooks are put into the inbox of the same installation, and
that year is run. Then one school changes a figure of the last year, questions go over all years, and the warehouse is
made again from the archive alone. Each outcome is checked; what is measured of a size is kept in
docs/benchmark/ten_years.
"""

import json
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

from orchestration.benchmark.outcome import (
    ASKED_TIMES,
    WrongOutcomeError,
    change_one_school,
    compare_findings,
    questions,
    teachers,
)
from orchestration.benchmark.process_cost import Cost, measured
from orchestration.benchmark.results import commit, machine
from orchestration.benchmark.runner import DONE, NIANBAO, environment_of, lay_inbox
from sources.sample.poured import Poured, poured
from sources.system.settings import PROJECT_ROOT, Settings
from warehouse.store.connection import open_published

NAME = "ten-years"
KEPT = PROJECT_ROOT / "docs" / "benchmark" / "ten_years"
SIZES = (12, 100, 300)
YEARS = range(2014, 2024)
OVER_ALL_YEARS = {
    "a school": "select subject_code from core.fct_indicator_value where subject_kind = 'school' and value is not null"
    " group by 1 order by count(distinct report_year) desc, 1 limit 1",
    "a city": "select max(region_code) from core.dim_region where level = 'city'",
    "all of it": "select region_code from core.dim_region where depth = 0",
}
"""Whose figures are asked for → how that is found: a school that was never rejected, a city, all."""
QUESTION = (
    "select report_year, scope_code, indicator_code, display from core.fct_indicator_value"
    " where subject_code = ? order by report_year, scope_code, indicator_code"
)
"""Every indicator in every year and scope, as a table would show it."""


@dataclass(frozen=True, slots=True)
class Year:
    """What a year's first run cost, when so many workbooks of earlier years were there; bytes after it."""

    report_year: int
    workbooks: int
    cost: Cost
    published: int
    archive: int


@dataclass(frozen=True, slots=True)
class TenYears:
    """All that was measured of one size; `questions`: milliseconds each."""

    schools: int
    files: int
    cells: int
    model_rows: int
    years: list[Year]
    one: Cost
    rebuilt: Cost
    questions: dict[str, float]
    measured_on: str
    commit: str
    machine: str


def measure_ten_years(schools: int, tell: Callable[[str], None] = print, years: Sequence[int] = YEARS) -> TenYears:
    """Raises WrongOutcomeError when other errors are found than were planted, or a figure does not arrive."""
    began = time.perf_counter()
    installation = poured(schools, tuple(years))
    tell(
        f"{schools} schools, {len(years)} years: {installation.files} workbooks poured,"
        f" {time.perf_counter() - began:.0f} s"
    )
    with tempfile.TemporaryDirectory(prefix="nianbao-bench-") as folder:
        home = Path(folder) / "home"
        settings = Settings(home=home, city_dir=installation.city_dir)
        environment = environment_of(home, installation.city_dir)
        lay_inbox(installation, home)
        waiting = (home / "inbox").rename(Path(folder) / "later")
        measured([NIANBAO, "prepare"], environment)
        done = []
        for year in years:
            done.append(_first_run(settings, waiting, year, environment))
            tell(f"  {year}: {_told(done[-1].cost)}, published {done[-1].published / 1e6:.0f} MB")
        compare_findings(settings, installation)
        asked = questions(settings) | _over_all_years(settings, len(years))
        one = _one_school(settings, installation, years[-1], environment)
        tell(f"  one school: {_told(one)}")
        rebuilt, _, _ = measured([NIANBAO, "rebuild"], environment, DONE)
        tell(f"  rebuilt: {_told(rebuilt)}")
        with open_published(settings) as connection:
            (cells,) = connection.execute("select count(*) from registry.cell").fetchone() or (0,)
            (rows,) = connection.execute(
                "select sum(estimated_size) from duckdb_tables() where schema_name in"
                " ('staging', 'intermediate', 'core', 'marts', 'quality', 'report')"
            ).fetchone() or (0,)
        about = machine("")
    described = f"{about['processor']}, {about['cores']} cores"
    return TenYears(
        schools, installation.files, cells, int(rows), done, one, rebuilt, asked, date.today().isoformat(), commit(),
        described,
    )  # fmt: skip


def _first_run(settings: Settings, waiting: Path, year: int, environment: dict[str, str]) -> Year:
    """A year's workbooks come, and the year is run for the first time."""
    come = [path for path in waiting.iterdir() if path.name.startswith(f"{year}_")]
    for path in come:
        path.rename(settings.inbox / path.name)
    cost, _, _ = measured([NIANBAO, "run", "--year", str(year)], environment, DONE)
    archived = sum(path.stat().st_size for path in settings.archive.rglob("*") if path.is_file())
    return Year(year, len(come), cost, settings.published_database.stat().st_size, archived)


def _one_school(settings: Settings, installation: Poured, year: int, environment: dict[str, str]) -> Cost:
    """A school corrects a figure of the last year."""
    for path in list(settings.inbox.iterdir()):
        if not path.name.startswith(f"{year}_"):
            path.unlink()  # it is in the archive
    before = teachers(settings)
    change_one_school(installation, settings.home)
    cost, _, _ = measured([NIANBAO, "run", "--year", str(year)], environment, DONE)
    if teachers(settings) != before + 1:
        raise WrongOutcomeError("a school's changed figure has not arrived")
    return cost


def _over_all_years(settings: Settings, years: int) -> dict[str, float]:
    """Milliseconds of each question over all years, median of a few. Raises WrongOutcomeError if years are missing."""
    took = {}
    with open_published(settings) as connection:
        for asked, found in OVER_ALL_YEARS.items():
            (subject,) = connection.execute(found).fetchone() or ("",)
            seconds = []
            for _ in range(ASKED_TIMES):
                start = time.perf_counter()
                rows = connection.execute(QUESTION, [subject]).fetchall()
                seconds.append(time.perf_counter() - start)
            if len({row[0] for row in rows}) != years:
                raise WrongOutcomeError(f"{asked}: not all of {years} years have figures")
            took[asked] = statistics.median(seconds) * 1000
    return took


def _told(cost: Cost) -> str:
    return f"wall {cost.wall:.1f} s, CPU {cost.cpu:.1f} s, memory {cost.memory / 1e6:.0f} MB"


def keep(made: TenYears, folder: Path = KEPT) -> None:
    folder.mkdir(exist_ok=True)
    text = json.dumps(asdict(made), ensure_ascii=False, indent=1) + "\n"
    (folder / f"{made.schools}.json").write_text(text, encoding="utf-8")


def kept(folder: Path = KEPT) -> list[TenYears]:
    """All sizes that were measured, the smallest first."""
    return sorted((_read(path) for path in folder.glob("*.json")), key=lambda each: each.schools)


def _read(path: Path) -> TenYears:
    read = json.loads(path.read_text(encoding="utf-8"))
    years = [Year(**{**each, "cost": Cost(**each["cost"])}) for each in read["years"]]
    return TenYears(**{**read, "years": years, "one": Cost(**read["one"]), "rebuilt": Cost(**read["rebuilt"])})


def section(sizes: Sequence[TenYears]) -> list[str]:
    """For docs/benchmark.md."""
    if not sizes:
        return []
    return [
        "## Ten years in one warehouse\n",
        "`python -m tests.bench ten-years`: years come one after another into one installation; each is run once, by"
        " `nianbao run --year`. Then one school changes, and `nianbao rebuild` makes all of it again from the archive."
        " One round; what is found is what was planted, in all years, and every question finds all years."
        " It was not measured for ten thousand schools, which would take hours: those targets are not decided.\n",
        *_table(
            ("schools", "workbooks", "filled cells", "model rows", "first year s (CPU)", "last year s (CPU)",
             "one school s (CPU)", "rebuilt s (CPU)", "memory MB", "published MB", "archive MB",
             "measured on, at, on, cores busy"),
            (_row(each) for each in sizes),
        ),
        "",
        "A question for every indicator in every year and scope, milliseconds:\n",
        *_table(
            ("schools", *OVER_ALL_YEARS, "slowest of the ten"),
            ((f"{each.schools:,}", *(f"{each.questions[name]:.1f}" for name in OVER_ALL_YEARS),
              f"{max(ms for name, ms in each.questions.items() if name not in OVER_ALL_YEARS):.1f}")
             for each in sizes),
        ),
        "",
        "CPU seconds of each year's first run:\n",
        *_table(
            ("schools", *(str(each.report_year) for each in sizes[0].years)),
            ((f"{each.schools:,}", *(f"{year.cost.cpu:.1f}" for year in each.years)) for each in sizes),
        ),
        "",
    ]  # fmt: skip


def _row(made: TenYears) -> Iterator[str]:
    first, last = made.years[0], made.years[-1]
    costs = [*(year.cost for year in made.years), made.one, made.rebuilt]
    busy = statistics.fmean(cost.others or 0 for cost in costs)
    yield from (f"{number:,}" for number in (made.schools, made.files, made.cells, made.model_rows))
    yield from (f"{cost.wall:.1f} ({cost.cpu:.1f})" for cost in (first.cost, last.cost, made.one, made.rebuilt))
    yield f"{max(cost.memory for cost in costs) / 1e6:,.0f}"
    yield f"{last.published / 1e6:,.0f}"
    yield f"{last.archive / 1e6:,.0f}"
    yield f"{made.measured_on}, {made.commit}, {made.machine}, {busy:.1f}"


def _table(heads: Sequence[str], rows: Iterator[Sequence[str]] | Iterator[Iterator[str]]) -> Iterator[str]:
    yield f"| {' | '.join(heads)} |"
    yield f"|{' ---: |' * len(heads)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"
