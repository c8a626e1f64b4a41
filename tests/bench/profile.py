"""Where the CPU of a city's run goes, line by line and by function, and what of it the floor has as well."""

import json
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from orchestration.benchmark.outcome import change_one_school
from orchestration.benchmark.process_cost import Cost, measured
from orchestration.benchmark.results import commit
from orchestration.benchmark.runner import NIANBAO, PYTHON, environment_of, lay_inbox, measure_floor
from sources.sample.population import SAMPLE_YEAR
from sources.sample.poured import poured
from sources.system.settings import PROJECT_ROOT, Settings

SCHOOLS = 12
SAMPLING = Path(__file__).with_name("sampling.py")
SHOWN_FUNCTIONS, LEAST_SECONDS = 30, 0.05
OURS = tuple(f"{PROJECT_ROOT}/{package}/" for package in ("orchestration", "sources", "warehouse"))
FILES, STARTED = "files in processes of their own", "Python, before anything is looked at"


@dataclass(frozen=True, slots=True)
class ProfileLine:
    """A part of a run: the stacks that have one of `frames` (parts of `file:function`) and belong to no line before it.

    `why` says why it is more than the floor has.
    """

    name: str
    frames: tuple[str, ...]
    why: str


LINES = (
    ProfileLine(
        "modules imported", ("<frozen importlib",), "Dagster with SQLAlchemy is most of it, polars and pandera the rest"
    ),
    ProfileLine("SQL of models and tests", ("run/build.py:_create", "run/build.py:_count"), "the floor's own work"),
    ProfileLine(
        "bounds of figures that lack schools",
        ("warehouse/bounding/",),
        "linear programmes; those that stand are not solved again (0079)",
    ),
    ProfileLine("what is hidden because few people stand behind it", ("warehouse/hiding/",), "decided anew each run"),
    ProfileLine(
        "sums over rows",
        ("run/changed.py:",),
        "what has changed, and that what is published was built from what it holds",
    ),
    ProfileLine(
        "descriptions of tables and columns",
        ("run/build.py:_describe", "run/shape.py:_comment"),
        "1,500 comments, in both files",
    ),
    ProfileLine("history of what was published", ("warehouse/history/",), "the floor keeps none"),
    ProfileLine(
        "the published file",
        ("run/publish.py:", "run/shape.py:"),
        "keys, closed lists; written anew beside the old one",
    ),
    ProfileLine(
        "databases opened, copied, closed",
        ("store/connection.py:", "run/rebuild.py:"),
        "a copy is built in and swapped in, so that nobody sees half of it",
    ),
    ProfileLine(
        "marked workbooks",
        ("intake/feedback.py:", "feedback_assets.py:", "sources/write/"),
        "the floor sends nothing back",
    ),
    ProfileLine("auditing", ("sources/audit/", "intake/standing.py:"), "the floor audits nothing"),
    ProfileLine(
        "receiving, reading and registering",
        ("warehouse/intake/", "sources/archive/", "sources/handle.py:", "sources/system/apart.py:", "sources/read/"),
        "two readers agree on each cell; versions, receipts, seals",
    ),
    ProfileLine(
        "declarations", ("warehouse/catalogue/", "sources/declarations/"), "read, checked, written to reference tables"
    ),
    ProfileLine(
        "Dagster's events",
        ("lib/event_log.py:", "_core/storage/", "_core/instance/"),
        "about 850 of them, stored where the page looks",
    ),
    ProfileLine(
        "Dagster's steps, outputs and checks", ("/dagster/",), "119 assets and 209 checks, each an output of its own"
    ),
    ProfileLine("everything else", ("",), "the command line, its summary, messages"),
)


@dataclass(frozen=True, slots=True)
class CommandProfile:
    """What was seen of one run: CPU seconds by line and by function (with what it calls)."""

    cost: Cost
    lines: Mapping[str, float]
    functions: Mapping[str, float]


def measure_profile() -> list[str]:
    """The section for docs/benchmark.md: a city cold, its floor, and one school changed; about a minute."""
    installation = poured(SCHOOLS, (SAMPLE_YEAR,))
    with tempfile.TemporaryDirectory(prefix="nianbao-bench-") as folder:
        home = Path(folder) / "home"
        lay_inbox(installation, home)
        environment = environment_of(home, installation.city_dir)
        measured([NIANBAO, "prepare"], environment)
        cold = _sampled(Path(folder), environment)
        floor, _ = measure_floor(Settings(home=home, city_dir=installation.city_dir), Path(folder), environment)
        change_one_school(installation, home)
        one = _sampled(Path(folder), environment)
    return section(cold, one, floor)


def _sampled(folder: Path, environment: Mapping[str, str]) -> CommandProfile:
    out = folder / "profile.json"
    cost, _, _ = measured([PYTHON, str(SAMPLING), str(out), "run", "--year", str(SAMPLE_YEAR)], environment)
    return profile_of(json.loads(out.read_text(encoding="utf-8")), cost)


def profile_of(seen: Mapping[str, object], cost: Cost) -> CommandProfile:
    """The profile of what sampling.py has written."""
    lines, functions = Counter[str](), Counter[str]()
    stacks: Sequence[tuple[Sequence[str], float]] = seen["stacks"]  # type: ignore[assignment]
    for stack, seconds in stacks:
        lines[line_of(stack)] += seconds
        functions.update(dict.fromkeys({_named(frame) for frame in stack if frame.startswith(OURS)}, seconds))
    lines[FILES] = float(seen["children"])  # type: ignore[arg-type]
    lines[STARTED] = float(seen["before"])  # type: ignore[arg-type]
    return CommandProfile(cost, lines, functions)


def line_of(stack: Sequence[str]) -> str:
    """The name of the line that a stack belongs to."""
    return next(line.name for line in LINES if any(part in frame for part in line.frames for frame in (*stack, "")))


def _named(frame: str) -> str:
    return frame.removeprefix(f"{PROJECT_ROOT}/")


def section(cold: CommandProfile, one: CommandProfile, floor: Cost) -> list[str]:
    """Both profiles as Markdown."""
    names = [STARTED, *(line.name for line in LINES), FILES]
    why = {line.name: line.why for line in LINES} | {FILES: "a hostile file ends a process, not the run", STARTED: ""}
    others = max(each.cost.others or 0 for each in (cold, one))
    return [
        "## Where a city's CPU goes",
        "",
        f"Measured on {date.today().isoformat()} at commit {commit()}, up to {others:.1f} cores busy with other work:"
        " one run each, its main thread looked at every two milliseconds (tests/bench/sampling.py). The floor of the"
        f" same minute takes {floor.cpu:.2f} s: what a line has above it is why the run is not the floor.",
        "",
        "| line | cold CPU s | share | one school CPU s | share | why |",
        "| --- | ---: | ---: | ---: | ---: | --- |",
        *(
            f"| {name} | {cold.lines.get(name, 0):.2f} | {_share(cold, name)} | {one.lines.get(name, 0):.2f} |"
            f" {_share(one, name)} | {why[name]} |"
            for name in names
        ),
        f"| all | {sum(cold.lines.values()):.2f} | | {sum(one.lines.values()):.2f} | | |",
        "",
        "By function, with all that it calls; those of one changed school that take most:",
        "",
        "| function | cold CPU s | one school CPU s |",
        "| --- | ---: | ---: |",
        *(
            f"| `{name}` | {cold.functions.get(name, 0):.2f} | {seconds:.2f} |"
            for name, seconds in Counter(one.functions).most_common(SHOWN_FUNCTIONS)
            if seconds >= LEAST_SECONDS
        ),
    ]


def _share(profile: CommandProfile, name: str) -> str:
    return f"{profile.lines.get(name, 0) / (sum(profile.lines.values()) or 1):.0%}"
