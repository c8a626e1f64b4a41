"""Where a run's time goes, and how much it handles."""

import os
from bisect import bisect
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from orchestration.benchmark.process_cost import Moment
from sources.system.settings import Settings
from warehouse.store.connection import open_published

if TYPE_CHECKING:
    import dagster as dg

PART = "of it "
BUILT = ("staging", "intermediate", "core", "marts", "quality", "report")


@dataclass(frozen=True)
class Stage:
    """Seconds and bytes; None where they are not recorded."""

    name: str
    wall: float
    cpu: float | None = None
    memory: int | None = None


STEPS = {
    "reference": "reference",
    "intake": "intake",
    "feedback": "marked workbooks",
    "transform": "models",
    "published": "publishing",
    "summary_tables": "summary tables",
}
PARTS_OF_INTAKE = {"received": "receiving", "parsed": "reading", "audited": "auditing", "registry": "loading"}


def stages_of(home: Path, moments: Sequence[Moment]) -> list[Stage]:
    """The stages of the last run: Dagster recorded when each began and ended; their costs were measured from outside.

    The intake itself reports the times of its parts, in seconds only, because it works on them in turns.
    """
    import dagster as dg

    os.environ["DAGSTER_HOME"] = str(home / "dagster")
    with dg.DagsterInstance.get() as instance:
        run = instance.get_runs(limit=1)[0]
        steps = {step.step_key: step for step in instance.get_run_step_stats(run.run_id)}
        records = instance.get_records_for_run(run.run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION).records
    times = {name: _span(steps[key].start_time, steps[key].end_time) for key, name in STEPS.items()}
    own = {each.asset_key.to_user_string(): _own_seconds(each) for r in records if (each := r.asset_materialization)}
    first, last = min(start for start, _ in times.values()), max(end for _, end in times.values())
    stages = [_between("start-up", moments[0].at, first, moments)]
    for name, (start, end) in times.items():
        stages.append(_between(name, start, end, moments))
        if name == "intake":
            stages += [Stage(f"{PART}{part}", own[key]) for key, part in PARTS_OF_INTAKE.items()]
    return [*stages, _between("closing down", last, moments[-1].at, moments)]


def _span(start: float | None, end: float | None) -> tuple[float, float]:
    if start is None or end is None:
        raise ValueError("a step of the run has not ended")
    return start, end


def _own_seconds(materialization: "dg.AssetMaterialization") -> float:
    """The seconds that an asset says it took; 0 when it says nothing."""
    value = materialization.metadata["秒"].value if "秒" in materialization.metadata else 0
    return float(value) if isinstance(value, int | float) else 0.0


def _between(name: str, start: float, end: float, moments: Sequence[Moment]) -> Stage:
    times, seconds = [moment.at for moment in moments], [moment.cpu for moment in moments]
    memory = [moment.memory for moment in moments if start <= moment.at <= end]
    return Stage(name, end - start, _at(end, times, seconds) - _at(start, times, seconds), max(memory, default=None))


def _at(time: float, times: Sequence[float], values: Sequence[float]) -> float:
    """The value at a time between two samples, interpolated in a straight line."""
    after = min(max(bisect(times, time), 1), len(times) - 1)
    before = after - 1
    share = min(max((time - times[before]) / (times[after] - times[before]), 0), 1)
    return values[before] + share * (values[after] - values[before])


def rows_of(settings: Settings) -> dict[str, int]:
    """Counts the rows that a run leaves, by stage; `bytes` is the size of the published database."""
    with open_published(settings) as connection:

        def count(sql: str) -> int:
            row = connection.execute(sql).fetchone()
            return row[0] if row else 0

        tables = connection.execute("select schema_name, table_name from duckdb_tables()").fetchall()
        of_schema: dict[str, int] = {}
        for schema, name in tables:
            of_schema[schema] = of_schema.get(schema, 0) + count(f'select count(*) from {schema}."{name}"')
        return {
            "reference": of_schema["reference"],
            f"{PART}receiving": count("select count(*) from registry.submission"),
            f"{PART}reading": count("select count(*) from registry.cell"),
            f"{PART}auditing": count("select count(*) from registry.finding"),
            f"{PART}loading": of_schema["raw"],
            "models": sum(of_schema.get(schema, 0) for schema in BUILT),
            "summary tables": of_schema["report"],
            "bytes": settings.published_database.stat().st_size,
        }
