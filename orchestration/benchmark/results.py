"""The measurements of one size, and their form as JSON."""

import json
import os
import platform
import re
import statistics
import subprocess
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from shutil import which
from typing import Any

from orchestration.benchmark.interval import CostInterval, interval_of
from orchestration.benchmark.process_cost import Cost
from orchestration.benchmark.stages import Stage
from sources.system.settings import PROJECT_ROOT

FLOOR, COLD, WARM, ONE, COMPILE = "floor", "cold", "warm", "one school", "compile"
PANDAS, STOCK = "pandas", "stock Dagster"
"""Alternatives (tests/bench/alternatives.py)."""

BUSY = 0.25
"""Share of the cores that other work may keep busy; above it wall seconds say nothing about the machine."""


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
    commit: str = ""
    note: str = ""
    """What a reader has to know of these figures, written into the file by hand; measuring again takes it away."""

    def median(self, what: str, of: str) -> float | None:
        """The median of a cost (`wall`, `cpu`, `memory`, `largest`) over the runs; None when it was not measured."""
        costs = self.costs.get(what)
        return statistics.median(getattr(cost, of) for cost in costs) if costs else None

    def interval(self, what: str, of: str) -> CostInterval | None:
        """The same with its interval."""
        costs = self.costs.get(what)
        return interval_of([getattr(cost, of) for cost in costs]) if costs else None

    def ratio(self, what: str, to: str, of: str) -> CostInterval | None:
        """How often one cost goes into another, round by round: a busy minute falls upon both of a pair."""
        pairs = list(zip(self.costs.get(what, ()), self.costs.get(to, ()), strict=False))
        return interval_of([getattr(one, of) / getattr(other, of) for one, other in pairs]) if pairs else None

    @property
    def others(self) -> list[float]:
        """How many cores other work kept busy, run by run, as far as that was noted."""
        return [cost.others for costs in self.costs.values() for cost in costs if cost.others is not None]

    @property
    def is_busy(self) -> bool:
        """Whether other work was in the way, as far as is known: then only CPU can be compared."""
        return bool(self.others) and statistics.fmean(self.others) > BUSY * self.machine["cores"]


def machine(environment: str) -> dict[str, Any]:
    """Describes the machine that measures; `environment` names the Python environment."""
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "python": platform.python_version(),
        "environment": environment,
        **{name: version(name) for name in ("duckdb", "polars", "python-calamine", "dagster", "dbt-core")},
    }


def commit() -> str:
    """The commit of the code that is measured, with a + where files have changed since; empty outside a repository."""
    if which("git") is None:
        return ""
    told = [
        subprocess.run(["git", *words], cwd=PROJECT_ROOT, capture_output=True, text=True, check=False).stdout.strip()
        for words in (("rev-parse", "--short", "HEAD"), ("status", "--porcelain", "--untracked-files=no"))
    ]
    return told[0] + ("+" if told[0] and told[1] else "")


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
