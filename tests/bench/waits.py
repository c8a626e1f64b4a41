"""What people wait for, as they live it: `python -m tests.bench waits`, in Chromium or as whole commands.

Two copies of the sample city stand side by side. One is shown by a running `nianbao ui` and clicked upon, the other has
the same run made on the command line right after it, so that every launch has a partner of the same minute.
"""

import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from openpyxl import Workbook
from playwright.sync_api import Browser, Page, expect, sync_playwright

from orchestration.benchmark.interval import CostInterval, interval_of
from orchestration.benchmark.outcome import WrongOutcomeError, teachers
from orchestration.benchmark.process_cost import measured
from orchestration.benchmark.results import machine
from orchestration.benchmark.runner import BIN, NIANBAO, PYTHON, environment_of
from sources.declarations.city import City, load_city
from sources.system.settings import CITIES_ROOT, PROJECT_ROOT, Settings
from tests.bench.history import Curve, Record, record
from tests.browser.conftest import CHROMIUM, OFFLINE, running_ui
from tests.browser.launchpad import RUN_MILLISECONDS, fill_in_form, launch_and_watch
from tests.conftest import NURSING_SCHOOL, cell_of, edit
from tests.release.reader import build_site
from tests.support.sinks import Sink, serve
from warehouse.store.connection import open_published

NAME = "waits"
OWN, FIRSTS = 7, 3
"""Rounds of what takes a moment, and starts of the page: each has a first launch and a file in the inbox."""
YEAR = "2023"
SAME_RUN = f"""
import orchestration.cli.main
from orchestration.cli.console import console, installation
from orchestration.launch import execute
execute(*installation(), [{YEAR}], console)
"""
"""`nianbao run`, but for the question whether there is anything to do: the page does not ask it either."""
INBOX_SECONDS, LOOK_SECONDS = 180, 0.05
ASKED, FOUND = "直接就业率", ".found a"
ALERTS = "enabled: true\nchannels:\n  - {kind: webhook, name: 平台, url_env: NIANBAO_BENCH_HOOK}\n"


@dataclass(frozen=True, slots=True)
class Wait:
    """Something that people wait for; `at_most` counts in seconds, or in what `than` takes where that is given."""

    what: str
    text: str
    at_most: float | None = None
    than: str = ""

    def measured(self, made: Record) -> CostInterval | None:
        """What `at_most` is held against; None when it was not measured."""
        return made.ratio(self.what, self.than) if self.than else self.taken(made)

    def taken(self, made: Record) -> CostInterval | None:
        return interval_of(seconds) if (seconds := made.seconds.get(self.what)) else None


WAITS = (
    Wait("first page", "`make ui` to the page of jobs"),
    Wait("first launch", "launch to done, the first after `make ui`", 1.5, "first launch, command"),
    Wait("launch", "launch to done, nothing new", 1.5, "launch, command"),
    Wait("changed", "launch to done, one school changed", 1.5, "changed, command"),
    Wait("marked workbook", "a file dropped into the inbox to its marked workbook", 8),
    Wait("message", "a file dropped into the inbox to its message"),
    Wait("status", "`nianbao status`", 0.35),
    Wait("trace", "`nianbao trace` of a printed figure", 0.35),
    Wait("table", "`nianbao table 1.2-2`", 0.35),
    Wait("check", "`nianbao check` of one workbook", 0.8),
    Wait("search", "the site's search, the first on a page"),
)


def curves_of(records: Sequence[Record]) -> list[Curve]:
    """A curve for each thing that people wait for, with its target."""
    of_waits = [each for each in records if each.name == NAME]
    return [
        Curve(
            f"{wait.text.replace('`', '')}{' ÷ command line' if wait.than else ', s'}",
            [(each, found) for each in of_waits if (found := wait.measured(each))],
            wait.at_most,
        )
        for wait in WAITS
    ]


def section(records: Sequence[Record]) -> list[str]:
    """What people wait for, as Markdown, from the last time it was measured."""
    title = "## What people wait for\n"
    of_waits = [each for each in records if each.name == NAME]
    if not of_waits:
        return [title, "Not measured yet: `python -m tests.bench waits`, on a quiet machine."]
    last = of_waits[-1]
    busy = f", {last.others:.1f} cores busy with other work" if last.others is not None else ""
    return [
        title,
        f"Measured at {last.measured_at} at commit {last.commit} on {last.machine}{busy}, on the sample city,"
        " in Chromium and as whole commands; a launch is followed from the click to the green end on the page of its"
        " run, and held against the same run on the command line right after it. The inbox is looked at by Dagster's"
        " sensor.\n",
        "| | rounds | s | against | measured | target |  |",
        "| --- | ---: | ---: | --- | ---: | ---: | --- |",
        *(_line(wait, last) for wait in WAITS if wait.what in last.seconds),
    ]


def _line(wait: Wait, made: Record) -> str:
    taken, held = wait.taken(made), wait.measured(made)
    against, shown = ("the command", held.shown(2)) if wait.than and held else ("", "")
    target, verdict = (f"{wait.at_most:g}", held.verdict(wait.at_most)) if wait.at_most and held else ("", "")
    rounds = len(made.seconds[wait.what])
    return (
        f"| {wait.text} | {rounds} | {taken.shown(2) if taken else ''} | {against} | {shown} | {target} | {verdict} |"
    )


@dataclass(slots=True)
class Bench:
    """The two installations, what has been measured of them, and how many cores other work kept busy meanwhile."""

    shown: Settings
    beside: Settings
    city: City
    sink: Sink
    seconds: dict[str, list[float]] = field(default_factory=dict)
    others: list[float] = field(default_factory=list)

    def note(self, what: str, seconds: float) -> None:
        self.seconds.setdefault(what, []).append(seconds)
        print(f"  {what}: {seconds:.2f} s")

    def command(self, what: str, words: Sequence[str], expected: Sequence[int] = (0,)) -> None:
        """A whole process on the installation that nobody looks at."""
        cost, _, _ = measured(words, self.environment(self.beside), expected, PROJECT_ROOT)
        self.note(what, cost.wall)
        self.others += [] if cost.others is None else [cost.others]

    def environment(self, settings: Settings) -> dict[str, str]:
        return environment_of(settings.home, settings.city_dir) | {"NIANBAO_BENCH_HOOK": self.sink.url}


@contextmanager
def own_browser() -> Iterator[Browser]:
    """A Chromium without a screen and without a network."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=OFFLINE)
        yield browser
        browser.close()


def measure_waits(browser: Browser, own: int = OWN, firsts: int = FIRSTS) -> Record:
    """Raises WrongOutcomeError when a launch fails, a change does not arrive, or nothing comes of a dropped file."""
    with tempfile.TemporaryDirectory(prefix="nianbao-bench-") as folder, serve(lambda _: (200, {})) as sink:
        bench = _laid(Path(folder), sink)
        for _ in range(own):
            _short_commands(bench)
        _search(bench, browser, own, Path(folder) / "release" / "site")
        for number in range(firsts):
            _start(bench, browser, number, own // firsts + (number < own % firsts))
    about = machine("as a user installs it" if BIN.parent.name == "user" else "a developer's")
    return record(NAME, bench.seconds, bench.others, about, datetime.now(UTC))


def _laid(folder: Path, sink: Sink) -> Bench:
    """Two copies of the sample city after a run of both years; whoever is to be told is told at the sink."""
    city_dir = shutil.copytree(CITIES_ROOT / "450700", folder / "city")
    (city_dir / "alerts.yml").write_text(ALERTS, encoding="utf-8")
    shown = Settings(home=folder / "shown", city_dir=city_dir)
    bench = Bench(shown, replace(shown, home=folder / "beside"), load_city(city_dir), sink)
    years = ("--year", "2022", "--year", YEAR)
    for words in (("prepare",), ("sample", *years), ("run", *years)):
        measured([NIANBAO, *words], bench.environment(shown))
    shutil.copytree(shown.home, bench.beside.home)
    return bench


def _short_commands(bench: Bench) -> None:
    book = str(next(bench.beside.inbox.glob(f"{YEAR}_*_{NURSING_SCHOOL}*.xlsx")))
    bench.command("status", [NIANBAO, "status", "--year", YEAR], (0, 3))
    bench.command("trace", [NIANBAO, "trace", "F064", "--year", YEAR])
    bench.command("table", [NIANBAO, "table", "1.2-2", "--year", YEAR])
    bench.command("check", [NIANBAO, "check", book], (0, 3))


def _search(bench: Bench, browser: Browser, own: int, site: Path) -> None:
    with open_published(bench.beside) as connection:
        build_site(connection, bench.city, site)
    page = browser.new_context(offline=True, locale="zh-CN").new_page()
    for _ in range(own):
        page.goto(f"{site.as_uri()}/index.html")
        box = page.get_by_role("searchbox", name="搜索")
        with _timed(bench, "search"):
            box.fill(ASKED)
            page.locator(FOUND).first.get_by_text(ASKED).wait_for()
    page.close()


def _start(bench: Bench, browser: Browser, number: int, rounds: int) -> None:
    """The page, from its start: the first launch, a file in the inbox, then rounds of launches on a warm server."""
    began = time.perf_counter()
    with running_ui(bench.shown, NIANBAO, bench.environment(bench.shown)) as address:
        page = browser.new_page(viewport={"width": 1600, "height": 900}, base_url=address, locale="zh-CN")
        page.set_default_timeout(RUN_MILLISECONDS)
        page.goto("/jobs")
        page.get_by_role("link", name="annual_report").filter(visible=True).first.wait_for()
        bench.note("first page", time.perf_counter() - began)
        _launch(bench, page, "first launch")
        bench.command("first launch, command", [PYTHON, "-c", SAME_RUN])
        _drop(bench, number)
        _look_at_inbox(page, False)  # what is launched by hand is not begun by itself
        for _ in range(rounds):
            _launch(bench, page, "launch")
            bench.command("launch, command", [PYTHON, "-c", SAME_RUN])
            before = _change(bench, bench.shown), _change(bench, bench.beside)
            _launch(bench, page, "changed")
            bench.command("changed, command", [NIANBAO, "run", "--year", YEAR])
            if (teachers(bench.shown) - 1, teachers(bench.beside) - 1) != before:
                raise WrongOutcomeError("a changed figure has not arrived by a launch from the page")
        _look_at_inbox(page, True)
        page.close()


def _launch(bench: Bench, page: Page, what: str) -> None:
    fill_in_form(page, YEAR)
    with _timed(bench, what):
        is_green = launch_and_watch(page)
    if not is_green:
        raise WrongOutcomeError(f"{what}: {page.title()}")


def _change(bench: Bench, settings: Settings) -> int:
    """A clerk puts a corrected workbook into the inbox, with one teacher more; how many there were until now."""

    def raised(book: Workbook) -> None:
        cell = cell_of(book, "教职工情况", "专任教师数")
        cell.value = int(cell.value) + 1

    edit(settings, bench.city, NURSING_SCHOOL, int(YEAR), raised)
    return teachers(settings)


def _drop(bench: Bench, number: int) -> None:
    """A workbook that is rejected: a school of its own each time, so that each has a message of its own."""
    schools = [each for each in bench.city.respondents if each.kind == "school" and each.code != NURSING_SCHOOL]
    school = schools[number % len(schools)]
    told, marked = len(bench.sink.accepted), _marked(bench.shown, school.name)
    began = time.perf_counter()

    def spoilt(book: Workbook) -> None:
        cell_of(book, "学生情况", "全日制在校生数").value = f"约{number}"

    edit(bench.shown, bench.city, school.code, int(YEAR), spoilt)
    _until(bench, "marked workbook", began, lambda: _marked(bench.shown, school.name) != marked)
    _until(bench, "message", began, lambda: any(school.name in each for each in bench.sink.accepted[told:]))


def _marked(settings: Settings, name: str) -> list[tuple[str, int]]:
    found = (settings.feedback / YEAR).glob(f"*{name}*")
    return sorted((path.name, path.stat().st_mtime_ns) for path in found)


def _until(bench: Bench, what: str, began: float, is_there: Callable[[], bool]) -> None:
    while not is_there():
        if time.perf_counter() - began > INBOX_SECONDS:
            raise WrongOutcomeError(f"{what}: nothing came within {INBOX_SECONDS} s")
        time.sleep(LOOK_SECONDS)
    bench.note(what, time.perf_counter() - began)


@contextmanager
def _timed(bench: Bench, what: str) -> Iterator[None]:
    began = time.perf_counter()
    yield
    bench.note(what, time.perf_counter() - began)


def _look_at_inbox(page: Page, is_on: bool) -> None:
    page.goto("/locations/orchestration.definitions/sensors/inbox")
    switch = page.get_by_role("checkbox")
    switch.dispatch_event("click")
    expect(switch).to_be_checked(checked=is_on)
