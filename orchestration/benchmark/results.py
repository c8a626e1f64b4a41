"""The measurements of one size, and their form as JSON."""

import json
import os
import platform
import re
import statistics
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

from orchestration.benchmark.process_cost import Cost
from orchestration.benchmark.stages import Stage

FLOOR, COLD, WARM, ONE, COMPILE = "floor", "cold", "warm", "one school", "compile"
PANDAS, STOCK = "pandas", "stock Dagster"
"""Alternatives (tests/bench/alternatives.py)."""


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
