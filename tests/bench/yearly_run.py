"""Times the yearly run of the sample city and writes docs/benchmark.md.

Each figure is the median of several runs of the command as a user calls it, in a process of its own, on an
installation of its own: cold (nothing received, dbt not parsed), warm (nothing new) and one school changed.
The floor is the same data work without any framework (floor.py).
"""

import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import date
from io import BytesIO
from pathlib import Path

import dagster as dg
import openpyxl

from sources.model import load_city
from sources.settings import CITIES_ROOT, Settings
from tests.bench.reconcile_seeder import report as planted
from warehouse.connection import open_published
from warehouse.reconcile import read_list

ROOT = Path(__file__).resolve().parents[2]
NIANBAO = str(Path(sys.executable).with_name("nianbao"))
RUNS = 3
YEARS = ("--year", "2022", "--year", "2023")
STAGES = (
    "start-up",
    "reference",
    "receiving",
    "reading",
    "auditing",
    "loading",
    "marked workbooks",
    "dbt",
    "publishing",
    "summary tables",
)


@dataclass(frozen=True)
class Timing:
    wall: float
    cpu: float
    output: str


def timed(command: list[str], home: Path) -> Timing:
    """Wall and CPU seconds of a command, children included."""
    environment = os.environ | {"NIANBAO_HOME": str(home)}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    wall = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Timing(wall, cpu, done.stdout)


def stages(home: Path, wall: float) -> dict[str, float]:
    """Seconds by stage of the last run, from Dagster's own record of it."""
    os.environ["DAGSTER_HOME"] = str(home / "dagster")
    with dg.DagsterInstance.get() as instance:
        run = instance.get_runs(limit=1)[0]
        steps = {s.step_key: s.end_time - s.start_time for s in instance.get_run_step_stats(run.run_id)}
        records = instance.get_records_for_run(run.run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION).records
    own = {}
    for record in records:
        materialization = record.asset_materialization
        if materialization and "秒" in materialization.metadata:
            own[materialization.asset_key.to_user_string()] = materialization.metadata["秒"].value
    split = {
        "reference": steps["reference"],
        "receiving": own["received"],
        "reading": own["parsed"],
        "auditing": own["audited"],
        "loading": own["registry"],
        "marked workbooks": steps["feedback"],
        "dbt": steps["transform"],
        "publishing": steps["published"],
        "summary tables": steps["summary_tables"],
    }
    return {"start-up": wall - sum(split.values()), **split}


def change_one_school(home: Path) -> None:
    path = sorted((home / "inbox").glob("2023*"))[0]
    book = openpyxl.load_workbook(BytesIO(path.read_bytes()))
    cell = next(row[4] for row in book["学生情况"].iter_rows() if row[1].value == "全日制在校生数")
    cell.value = (cell.value or 0) + 1
    book.save(path)


def measure() -> dict[str, list]:
    results: dict[str, list] = {
        "cold": [],
        "warm": [],
        "one school": [],
        "floor": [],
        "stages": [],
        "bare": [],
        "release": [],
        "parts": [],
        "verify": [],
        "planted": [],
    }
    for _ in range(RUNS):
        with tempfile.TemporaryDirectory() as folder:
            home = Path(folder)
            timed([NIANBAO, "sample", *YEARS], home)
            cold = timed([NIANBAO, "run", *YEARS], home)
            results["cold"].append(cold)
            results["stages"].append(stages(home, cold.wall))
            results["warm"].append(timed([NIANBAO, "run", *YEARS], home))
            floor = timed([sys.executable, str(ROOT / "tests" / "bench" / "floor.py"), str(home)], home)
            results["floor"].append(floor)
            results["bare"].append(json.loads(floor.output))
            released = timed([NIANBAO, "release", "2023", "--json"], home)
            results["release"].append(released)
            results["parts"].append(json.loads(released.output)["seconds"])
            results["verify"].append(timed([NIANBAO, "verify", "2023.1"], home))
            results["planted"] = results["planted"] or planted_errors(home)
            change_one_school(home)
            results["one school"].append(timed([NIANBAO, "run", *YEARS], home))
    return results


def planted_errors(home: Path) -> list[str]:
    """The section on reconciliation, against the sample city that has just been released."""
    settings = Settings(home=home, city_dir=CITIES_ROOT / "450700")
    figures = read_list(settings.city_dir / "published" / "2023.csv")
    with open_published(settings) as connection:
        return planted(connection, load_city(settings.city_dir), figures)


def median(values: list[float]) -> float:
    return statistics.median(values)


def report(results: dict[str, list]) -> str:
    floor_wall = median([t.wall for t in results["floor"]])
    floor_cpu = median([t.cpu for t in results["floor"]])
    lines = [
        "# Benchmark",
        "",
        "Written by `make bench` (tests/bench/yearly_run.py); figures are medians of "
        f"{RUNS} runs, whole processes, on {date.today().isoformat()}: {platform.system()} {platform.machine()}, "
        f"{os.cpu_count()} cores, Python {platform.python_version()}. Absolute seconds differ between machines and "
        "days; the ratios within one run are what counts.",
        "",
        "## The yearly run of the sample city (two years, 25 workbooks)",
        "",
        "| run | wall s | CPU s | wall ÷ floor | CPU ÷ floor |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    names = {
        "floor": "floor: calamine and the compiled SQL, no framework",
        "cold": "cold: nothing received yet, dbt not parsed",
        "warm": "warm: nothing new",
        "one school": "one school's workbook changed",
    }
    for key, name in names.items():
        wall, cpu = median([t.wall for t in results[key]]), median([t.cpu for t in results[key]])
        lines.append(f"| {name} | {wall:.2f} | {cpu:.2f} | {wall / floor_wall:.1f} | {cpu / floor_cpu:.1f} |")
    lines += ["", "## Where the time of the cold run goes", "", "| stage | wall s | share |", "| --- | ---: | ---: |"]
    split = {stage: median([s[stage] for s in results["stages"]]) for stage in STAGES}
    total = sum(split.values())
    lines += [f"| {stage} | {seconds:.2f} | {seconds / total:.0%} |" for stage, seconds in split.items()]
    bare = {key: median([b[key] for b in results["bare"]]) for key in ("read", "sql", "cells")}
    lines += [
        "",
        f"Bare, inside its process: reading {bare['cells']:.0f} filled cells with calamine {bare['read']:.2f} s, "
        f"all compiled SQL in DuckDB {bare['sql']:.2f} s; the rest of the floor is Python's start.",
        "",
        "Start-up is Python, the imports of Dagster and dbt, and dbt's first parse of the project.",
    ]
    parts = {part: median([p[part] for p in results["parts"]]) for part in results["parts"][0]}
    lines += [
        "",
        "## A release of the sample city",
        "",
        f"`nianbao release 2023` takes {median([t.wall for t in results['release']]):.1f} s as a whole process; "
        f"`nianbao verify 2023.1`, which builds it again from the archive, "
        f"{median([t.wall for t in results['verify']]):.1f} s.",
        "",
        "| part | wall s |",
        "| --- | ---: |",
        *[f"| {part} | {seconds:.2f} |" for part, seconds in parts.items()],
        "",
        *results["planted"],
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    text = report(measure())
    (ROOT / "docs" / "benchmark.md").write_text(text, encoding="utf-8")
    print(text)
