"""Runs an installation of a size: the pipeline cold, warm and with one school changed; the floor; alternatives.

Each is a process of its own, as a user starts it.
"""

import json
import math
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from compileall import compile_dir
from datetime import date
from pathlib import Path
from types import MappingProxyType

from orchestration.benchmark import floor
from orchestration.benchmark.floor import base_tables, statements
from orchestration.benchmark.outcome import (
    WrongOutcomeError,
    change_one_school,
    compare_findings,
    questions,
    teachers,
)
from orchestration.benchmark.process_cost import Cost, measured
from orchestration.benchmark.results import COLD, COMPILE, FLOOR, ONE, WARM, Results, commit, machine
from orchestration.benchmark.stages import rows_of, stages_of
from sources.declarations.city import load_city
from sources.sample.population import SAMPLE_YEAR
from sources.sample.poured import Poured, poured
from sources.system.settings import PROJECT_ROOT, Settings
from warehouse.run.compile import load_manifest, prepare_manifest

_USER = PROJECT_ROOT / ".venv" / "user" / "bin"
BIN = _USER if _USER.exists() else Path(sys.executable).parent
"""What is measured runs in the environment that a user installs (`make .venv/user.stamp`). pandera and DuckDB import
what they find of pandas and hypothesis, so a developer's takes half a second longer."""
PYTHON, NIANBAO = str(BIN / "python"), str(BIN / "nianbao")
COMPILE_SCRIPT = """
import sys
from pathlib import Path
from warehouse.run.compile import run_dbt
run_dbt(["compile"], Path(sys.argv[1]) / "nianbao.duckdb", Path(sys.argv[1]))
"""
RUNS_OF_ALTERNATIVES = 3
DONE = (0, 4)
"""Exit codes of a run that has done its work; of a province one planted file is damaged, and not read (4)."""
Alternative = Callable[[Poured, Path, Sequence[int]], Cost]
"""Does the same work for an installation in an empty folder, for some report years; what it cost."""


def measure(
    schools: int,
    runs: int,
    years: Sequence[int] = (SAMPLE_YEAR,),
    alternatives: Mapping[str, Alternative] = MappingProxyType({}),
    tell: Callable[[str], None] = print,
    within: float = math.inf,
    least: int = 1,
    compiles: bool = True,
) -> Results:
    """Measures one size several times, and the alternatives, which are given by name, in the first few of them.

    A round measures one thing after the other, so that each has a partner of the same minute (Results.ratio). With
    `within`, after the `least` rounds none begins that would end after so many seconds. `compiles`: the compiler too.

    Raises WrongOutcomeError when a run finds anything but the planted errors, or changes what it should not.
    """
    start = time.perf_counter()
    installation = poured(schools, years)
    tell(f"{schools} schools: {installation.files} workbooks poured, {time.perf_counter() - start:.0f} s")
    results = _begun(installation, years)
    _prepare(installation)
    if compiles:
        results.costs[COMPILE] = [_measure_compiling(installation)]
    prepared = time.perf_counter()
    for number in range(runs):
        began = time.perf_counter()
        if number >= least and began - start + (began - prepared) / number > within:
            break
        _measure_once(installation, results, alternatives if number < RUNS_OF_ALTERNATIVES else {}, tell)
        results.runs += 1
    return results


def _begun(installation: Poured, years: Sequence[int]) -> Results:
    """What is known before anything has been measured."""
    return Results(
        schools=installation.schools,
        bureaus=installation.bureaus,
        files=installation.files,
        years=list(years),
        measured_on=date.today().isoformat(),
        machine=machine("as a user installs it" if BIN == _USER else "a developer's"),
        planted={
            severity: sum(planted.severity == severity for planted in installation.planted)
            for severity in ("error", "warning")
        }
        | {"resubmission": len(installation.superseded)},
        commit=commit(),
    )


def _prepare(installation: Poured) -> None:
    """What is done while installing: compiled bytecode and models."""
    with tempfile.TemporaryDirectory(prefix="nianbao-bench-") as folder:
        for package in ("sources", "warehouse", "orchestration", "tests/bench"):
            compile_dir(PROJECT_ROOT / package, quiet=2)  # an installation has no tests, and may be another's
        settings = Settings(home=Path(folder), city_dir=installation.city_dir)
        prepare_manifest(settings, load_city(settings.city_dir).pack)


def _measure_compiling(installation: Poured) -> Cost:
    with tempfile.TemporaryDirectory(prefix="nianbao-bench-") as folder:
        environment = environment_of(Path(folder), installation.city_dir)
        cost, _, _ = measured([PYTHON, "-c", COMPILE_SCRIPT, folder], environment, cwd=PROJECT_ROOT)
    return cost


def _measure_once(
    installation: Poured,
    results: Results,
    alternatives: Mapping[str, Alternative],
    tell: Callable[[str], None],
) -> None:
    def note(what: str, cost: Cost) -> None:
        results.costs.setdefault(what, []).append(cost)
        tell(f"  {what}: wall {cost.wall:.2f} s, CPU {cost.cpu:.2f} s, memory {cost.memory / 1e6:.0f} MB")

    with tempfile.TemporaryDirectory(prefix="nianbao-bench-") as folder:
        home = Path(folder) / "home"
        lay_inbox(installation, home)
        settings = Settings(home=home, city_dir=installation.city_dir)
        environment = environment_of(home, installation.city_dir)
        run = [NIANBAO, "run", *(argument for year in results.years for argument in ("--year", str(year)))]
        measured([NIANBAO, "prepare"], environment)  # as `make` does while installing
        cold, _, moments = measured(run, environment, DONE)
        note(COLD, cold)
        results.stages.append(stages_of(home, moments))
        results.rows = rows_of(settings)
        compare_findings(settings, installation)
        results.questions.append(questions(settings))
        warm, said, _ = measured(run, environment, DONE)
        if "没有新内容" not in said:
            raise WrongOutcomeError(f"a second run had something to do:\n{said}")
        note(WARM, warm)
        bare_cost, bare = measure_floor(settings, Path(folder), environment)
        note(FLOOR, bare_cost)
        results.bare.append(bare)
        before = teachers(settings)
        change_one_school(installation, home)
        one, _, _ = measured(run, environment, DONE)
        if teachers(settings) != before + 1:
            raise WrongOutcomeError("a school's changed figure has not arrived")
        note(ONE, one)
    for name, alternative in alternatives.items():
        with tempfile.TemporaryDirectory(prefix="nianbao-bench-") as folder:
            note(name, alternative(installation, Path(folder), results.years))


def measure_floor(settings: Settings, folder: Path, environment: Mapping[str, str]) -> tuple[Cost, dict[str, float]]:
    """Measures the bare work (floor.py) on an installation that has run; returns the cost and what floor.py prints."""
    sql, database = folder / "floor.json", folder / "nianbao.duckdb"
    manifest = load_manifest(settings, load_city(settings.city_dir).pack)
    sql.write_text(json.dumps(statements(manifest)))
    base_tables(settings.working_database, manifest, database)
    cost, told, _ = measured([PYTHON, floor.__file__, *map(str, (settings.inbox, sql, database))], environment)
    return cost, json.loads(told)


def environment_of(home: Path, city_dir: Path) -> dict[str, str]:
    """The environment variables of a user: his own installation, and a Python that keeps its compiled files."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    path = f"{BIN}{os.pathsep}{os.environ['PATH']}"
    own = {"NIANBAO_HOME": str(home), "NIANBAO_CITY": str(city_dir), "DO_NOT_TRACK": "1", "PATH": path}
    return kept | own


def lay_inbox(installation: Poured, home: Path) -> None:
    """Puts the poured workbooks into the inbox: linked, not copied, where the file system can."""
    (home / "inbox").mkdir(parents=True)
    for path in installation.inbox.iterdir():
        try:
            os.link(path, home / "inbox" / path.name)
        except OSError:
            shutil.copy2(path, home / "inbox" / path.name)
