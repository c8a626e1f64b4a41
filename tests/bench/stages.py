"""Where a run's time goes, and how much it handles."""

import os
from dataclasses import dataclass
from pathlib import Path

from sources.settings import Settings
from warehouse.connection import open_published

BUILT = ("staging", "intermediate", "core", "marts", "quality", "report")


@dataclass(frozen=True)
class Stage:
    """Seconds and bytes; None where they are not recorded."""

    name: str
    wall: float
    cpu: float | None = None
    memory: int | None = None


def stages_of(home: Path, wall: float) -> list[Stage]:
    """The stages of the last run, from Dagster's own record of it."""
    import dagster as dg

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
        "models": steps["transform"],
        "publishing": steps["published"],
        "summary tables": steps["summary_tables"],
    }
    return [Stage("start-up and the rest", wall - sum(split.values())), *(Stage(*each) for each in split.items())]


def rows_of(settings: Settings) -> dict[str, int]:
    """How much of what there is after a run: rows, by stage; `bytes` of the published database."""
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
            "receiving": count("select count(*) from registry.submission"),
            "reading": count("select count(*) from registry.cell"),
            "auditing": count("select count(*) from registry.finding"),
            "loading": of_schema["raw"],
            "models": sum(of_schema.get(schema, 0) for schema in BUILT),
            "summary tables": of_schema["report"],
            "bytes": settings.published_database.stat().st_size,
        }
