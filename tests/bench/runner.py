"""Runs an installation of a size: the pipeline cold, warm and with one school changed; the floor; what one would
pick instead. Each is a process of its own, as a user starts it."""

import json
import os
import platform
import re
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from compileall import compile_dir
from dataclasses import asdict, dataclass, field
from datetime import date
from importlib.metadata import version
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from typing import Any

import openpyxl

from sources.sample.population import SAMPLE_YEAR
from sources.sample.poured import Poured, poured
from sources.system.settings import PROJECT_ROOT, Settings
from tests.bench.floor import base_tables, statements
from tests.bench.measure import Cost, measured
from tests.bench.stages import Stage, rows_of, stages_of
from warehouse.run.compile import load_manifest, prepare_manifest
from warehouse.store.connection import open_published

_USER = PROJECT_ROOT / ".venv" / "user" / "bin"
BIN = _USER if _USER.exists() else Path(sys.executable).parent
"""What is measured runs in the environment that a user installs (`make .venv/user.stamp`). pandera and DuckDB import
what they find of pandas and hypothesis, so a developer's takes half a second longer."""
PYTHON, NIANBAO = str(BIN / "python"), str(BIN / "nianbao")
FLOOR, COLD, WARM, ONE, PANDAS, STOCK = "floor", "cold", "warm", "one school", "pandas", "stock Dagster"
COMPILE = "compile"
COMPILE_SCRIPT = """
import sys
from pathlib import Path
from warehouse.compiled import run_dbt
run_dbt(["compile"], Path(sys.argv[1]) / "nianbao.duckdb", Path(sys.argv[1]))
"""
ALTERNATIVES = (PANDAS, STOCK)
ASKED_TIMES = 5
QUESTION = re.compile(r"^(\d+)\. (.+?)\n\n```sql\n(.+?)```", re.MULTILINE | re.DOTALL)
SCHOOL_IN_QUESTIONS = "3645900002"


@dataclass
class Results:
    """Everything measured of one size; as JSON, it is what the report is made of."""

    schools: int
    bureaus: int
    files: int
    years: list[int]
    measured_on: str
    machine: dict[str, Any]
    planted: dict[str, int]
    runs: int = 0
    costs: dict[str, list[Cost]] = field(default_factory=dict)
    bare: list[dict[str, float]] = field(default_factory=list)
    stages: list[list[Stage]] = field(default_factory=list)
    rows: dict[str, int] = field(default_factory=dict)
    questions: list[dict[str, Any]] = field(default_factory=list)

    def median(self, what: str, of: str) -> float | None:
        """The median of a cost (`wall`, `cpu`, `memory`, `largest`) over the runs; None when it was not measured."""
        costs = self.costs.get(what)
        return statistics.median(getattr(cost, of) for cost in costs) if costs else None


class WrongOutcomeError(Exception):
    """A measured run did not do what it was measured for."""


def measure(
    schools: int,
    runs: int,
    years: Sequence[int] = (SAMPLE_YEAR,),
    without: Sequence[str] = (),
    tell: Callable[[str], None] = print,
) -> Results:
    """Measures one size, several times over; alternatives that are in `without` are left out.

    Raises WrongOutcomeError when a run finds anything else than what was planted, or changes what it should not.
    """
    start = time.perf_counter()
    installation = poured(schools, years)
    tell(f"{schools} schools: {installation.files} workbooks poured, {time.perf_counter() - start:.0f} s")
    results = Results(
        schools=installation.schools,
        bureaus=installation.bureaus,
        files=installation.files,
        years=list(years),
        measured_on=date.today().isoformat(),
        machine=machine(),
        planted={
            severity: sum(planted.severity == severity for planted in installation.planted)
            for severity in ("error", "warning")
        }
        | {"resubmission": len(installation.superseded)},
    )
    with tempfile.TemporaryDirectory(prefix="nianbao-bench-") as folder:
        settings = Settings(home=Path(folder), city_dir=installation.city_dir)
        for package in ("sources", "warehouse", "orchestration", "tests/bench"):
            compile_dir(PROJECT_ROOT / package, quiet=1)
        prepare_manifest(settings)
        command = [PYTHON, "-c", COMPILE_SCRIPT, folder]
        cost, _, _ = measured(command, environment_of(settings.home, settings.city_dir), cwd=PROJECT_ROOT)
        results.costs[COMPILE] = [cost]
    for _ in range(runs):
        _measure_once(installation, results, without, tell)
        results.runs += 1
    return results


def _measure_once(installation: Poured, results: Results, without: Sequence[str], tell: Callable[[str], None]) -> None:
    years = [argument for year in results.years for argument in ("--year", str(year))]

    def note(what: str, cost: Cost) -> None:
        results.costs.setdefault(what, []).append(cost)
        tell(f"  {what}: wall {cost.wall:.2f} s, CPU {cost.cpu:.2f} s, memory {cost.memory / 1e6:.0f} MB")

    with tempfile.TemporaryDirectory(prefix="nianbao-bench-") as folder:
        home = Path(folder) / "home"
        lay_inbox(installation, home)
        settings = Settings(home=home, city_dir=installation.city_dir)
        environment = environment_of(home, installation.city_dir)
        measured([NIANBAO, "prepare"], environment)  # as `make` does while installing
        cold, _, moments = measured([NIANBAO, "run", *years], environment)
        note(COLD, cold)
        results.stages.append(stages_of(home, moments))
        results.rows = rows_of(settings)
        compare_findings(settings, installation)
        results.questions.append(questions(settings))
        warm, said, _ = measured([NIANBAO, "run", *years], environment)
        if "没有新内容" not in said:
            raise WrongOutcomeError(f"a second run had something to do:\n{said}")
        note(WARM, warm)
        sql, database = Path(folder) / "floor.json", Path(folder) / "nianbao.duckdb"
        manifest = load_manifest(settings)
        sql.write_text(json.dumps(statements(manifest)))
        base_tables(settings.working_database, manifest, database)
        script = str(PROJECT_ROOT / "tests" / "bench" / "floor.py")
        floor, told, _ = measured([PYTHON, script, *map(str, (settings.inbox, sql, database))], environment)
        note(FLOOR, floor)
        results.bare.append(json.loads(told))
        before = teachers(settings)
        change_one_school(installation, home)
        one, _, _ = measured([NIANBAO, "run", *years], environment)
        if teachers(settings) != before + 1:
            raise WrongOutcomeError("a school's changed figure has not arrived")
        note(ONE, one)
    for name, command in ((PANDAS, run_pandas), (STOCK, run_stock)):
        if name == PANDAS and find_spec("pandas") is None:
            tell("  pandas is not installed: left out")
        elif name not in without:
            with tempfile.TemporaryDirectory(prefix="nianbao-bench-") as folder:
                note(name, command(installation, Path(folder), results.years))


def environment_of(home: Path, city_dir: Path) -> dict[str, str]:
    """As a user has it: his own installation, and Python keeps what it has compiled."""
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


def compare_findings(settings: Settings, installation: Poured) -> None:
    """Errors, warnings and superseded versions are exactly those that were planted."""
    with open_published(settings) as connection:
        found = connection.execute(
            "select file_name, sheet, column_name, rule_id, severity from quality.finding"
            " where severity in ('error', 'warning')"
        ).fetchall()
        superseded = connection.execute(
            "select file_name from registry.submission where status = 'superseded'"
        ).fetchall()
    planted = sorted(tuple(asdict(each).values()) for each in installation.planted)
    if sorted(found, key=str) != sorted(planted, key=str):
        raise WrongOutcomeError(f"planted {set(planted) - set(found)} not found, found {set(found) - set(planted)}")
    if sorted(superseded) != sorted((name,) for name in installation.superseded):
        raise WrongOutcomeError(f"superseded: {superseded}, resubmitted: {installation.superseded}")


def teachers(settings: Settings) -> int:
    """The figure that `change_one_school` raises by one."""
    with open_published(settings) as connection:
        (value,) = connection.execute(
            "select cast(sum(value) as bigint) from core.fct_measure"
            " where measure_code = 'teachers_full_time' and subject_kind = 'school'"
        ).fetchone() or (0,)
    return value


def change_one_school(installation: Poured, home: Path) -> None:
    """A clerk opens a school's workbook, adds a teacher and saves it."""
    special = {planted.file_name for planted in installation.planted} | set(installation.superseded)
    names = sorted(path.name for path in (home / "inbox").glob("*职业学校_*.xlsx"))
    name = next(name for name in names if name not in special and "（修订）" not in name)
    path = home / "inbox" / name
    book = openpyxl.load_workbook(BytesIO(path.read_bytes()))
    cell = next(row[4] for row in book["教职工情况"].iter_rows() if row[1].value == "专任教师数")
    cell.value += 1
    saved = path.with_suffix(".saved")
    book.save(saved)
    saved.replace(path)  # the file itself is linked to the poured one


def questions(settings: Settings) -> dict[str, float]:
    """The ten questions of docs/analysts.md on the published database: milliseconds, the median of a few."""
    text = (PROJECT_ROOT / "docs" / "analysts.md").read_text(encoding="utf-8")
    took = {}
    with open_published(settings) as connection:
        (school,) = connection.execute("select min(school_code) from core.dim_school").fetchone() or ("",)
        for number, question, sql in QUESTION.findall(text):
            seconds = []
            for _ in range(ASKED_TIMES):
                start = time.perf_counter()
                connection.execute(sql.replace(SCHOOL_IN_QUESTIONS, school)).fetchall()
                seconds.append(time.perf_counter() - start)
            took[f"{number}. {question}"] = statistics.median(seconds) * 1000
    return took


def run_pandas(installation: Poured, folder: Path, years: Sequence[int]) -> Cost:
    script = str(PROJECT_ROOT / "tests" / "bench" / "pandas_script.py")
    command = [sys.executable, script, str(installation.inbox), str(folder), str(years[-1])]
    cost, said, _ = measured(command, environment_of(folder, installation.city_dir))
    refused = sum(planted.severity == "error" for planted in installation.planted)
    if f"退回 {refused} 份" not in said:
        raise WrongOutcomeError(f"pandas: {said}")
    return cost


def run_stock(installation: Poured, folder: Path, years: Sequence[int]) -> Cost:
    """The stock Dagster project, its dbt manifest parsed beforehand, as is done when it is deployed."""
    lay_inbox(installation, folder)
    for name in ("dagster", "working"):
        (folder / name).mkdir()
    (folder / "dagster" / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    environment = environment_of(folder, installation.city_dir) | {
        "DAGSTER_HOME": str(folder / "dagster"),
        "NIANBAO_WORKING_DATABASE": str(folder / "working" / "nianbao.duckdb"),
        "BENCH_YEARS": ",".join(map(str, years)),
    }
    project, target = str(PROJECT_ROOT / "dbt_project"), str(folder / "stock-dbt")
    folders = ["--project-dir", project, "--profiles-dir", project, "--target-path", target, "--log-path", target]
    measured(["dbt", "--quiet", "parse", *folders], environment)
    measured(["dagster", "instance", "info"], environment)
    command = ["dagster", "job", "execute", "-m", "tests.bench.stock_dagster.definitions", "-j", "annual_report"]
    cost, _, _ = measured(command, environment, cwd=PROJECT_ROOT)
    compare_findings(Settings(home=folder, city_dir=installation.city_dir), installation)
    return cost


def machine() -> dict[str, Any]:
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "python": platform.python_version(),
        "environment": "as a user installs it" if BIN == _USER else "a developer's",
        **{name: version(name) for name in ("duckdb", "polars", "python-calamine", "dagster", "dbt-core")},
    }


def _processor() -> str:
    path = Path("/proc/cpuinfo")
    names = re.findall(r"model name\s*: (.+)", path.read_text()) if path.exists() else []
    return names[0] if names else platform.processor()


def as_json(results: Results) -> str:
    return json.dumps(asdict(results), ensure_ascii=False, indent=1) + "\n"


def from_json(text: str) -> Results:
    read: Mapping[str, Any] = json.loads(text)
    costs = {name: [Cost(**cost) for cost in costs] for name, costs in read["costs"].items()}
    stages = [[Stage(**stage) for stage in stages] for stages in read["stages"]]
    return Results(**{**read, "costs": costs, "stages": stages})
