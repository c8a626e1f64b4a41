"""What one would pick instead: a script with pandas, a stock Dagster project. Each runs as a process of its own."""

import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from orchestration.benchmark.outcome import WrongOutcomeError, compare_findings
from orchestration.benchmark.process_cost import Cost, measured
from orchestration.benchmark.results import PANDAS, STOCK
from orchestration.benchmark.runner import Alternative, environment_of, lay_inbox
from sources.sample.poured import Poured
from sources.system.settings import PROJECT_ROOT, Settings


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


ALTERNATIVES: dict[str, Alternative] = {PANDAS: run_pandas, STOCK: run_stock}


def alternatives(without: Sequence[str] = ()) -> dict[str, Alternative]:
    """What can be run here, by name."""
    there = ALTERNATIVES if find_spec("pandas") else {STOCK: run_stock}
    return {name: run for name, run in there.items() if name not in without}
