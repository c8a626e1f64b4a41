"""dbt, in this process: parsing the project once, and building the models on the working database.

dbt is a library call here, not a subprocess: the start of a second Python costs more than all of the SQL.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import duckdb

from sources.settings import PROJECT_ROOT, Settings
from sources.whole_file import whole_file
from warehouse.connection import open_working, working_lock
from warehouse.ddl import quoted
from warehouse.inputs import built_from, inputs_fingerprint, note_built_from

DBT_PROJECT = PROJECT_ROOT / "dbt_project"
QUIET = ("--quiet", "--no-use-colors", "--log-level-file", "none")
TESTED_SEPARATELY = ("--exclude-resource-type", "unit_test")


@dataclass(frozen=True)
class NodeResult:
    """What became of one model or test: `status` is dbt's own word (success, pass, warn, fail, error, skipped)."""

    unique_id: str
    status: str
    seconds: float
    failures: int | None
    message: str | None
    compiled_sql: str | None


@dataclass(frozen=True)
class Build:
    """The outcome of one dbt build."""

    success: bool
    nodes: tuple[NodeResult, ...]
    error: str | None


def target_folder(settings: Settings) -> Path:
    return settings.home / "dbt"


def project_fingerprint() -> str:
    """Changes whenever a file of the dbt project, or dbt itself, does."""
    digest = hashlib.sha256(f"{version('dbt-core')} {version('dbt-duckdb')}".encode())
    for path in sorted(DBT_PROJECT.rglob("*")):
        if path.suffix in (".sql", ".yml") and "target" not in path.parts:
            digest.update(str(path.relative_to(DBT_PROJECT)).encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def prepare_manifest(settings: Settings) -> Path:
    """dbt's manifest of the project as it stands, parsed anew only when the project has changed.

    It is a copy under a name of its own, because every build writes dbt's own file anew, piece by piece.

    Raises RuntimeError with dbt's message when the project does not parse.
    """
    manifest = target_folder(settings) / f"parsed-{project_fingerprint()}.json"
    if manifest.exists():
        return manifest
    with working_lock(settings):
        result = _invoke(settings, ["parse"])
        if not result.success:
            raise RuntimeError(f"dbt parse failed: {result.exception or result.result}")
        for outdated in target_folder(settings).glob("parsed-*.json"):
            outdated.unlink()
        with whole_file(manifest) as partial:
            shutil.copyfile(target_folder(settings) / "manifest.json", partial)
    return manifest


def load_manifest(settings: Settings) -> dict[str, Any]:
    return json.loads(prepare_manifest(settings).read_bytes())


def build(settings: Settings, arguments: Sequence[str] = TESTED_SEPARATELY, command: str = "build") -> Build:
    """Runs `dbt build` (or another command) on the working database and leaves no connection open.

    Notes what the models were built from, once all of them are; a build that is killed leaves them noted as unbuilt.
    """
    with working_lock(settings):
        with open_working(settings) as connection:
            inputs = inputs_fingerprint(connection)
            all_others_built = built_from(connection) == inputs
            note_built_from(connection, "")
        try:
            outcome = _invoke(settings, [command, *arguments])
        finally:
            _close_connections()
        _describe(settings)
        if outcome.success and (all_others_built or tuple(arguments) == TESTED_SEPARATELY):
            with open_working(settings) as connection:
                note_built_from(connection, inputs)
    results = getattr(outcome.result, "results", None) or []
    nodes = tuple(
        NodeResult(
            r.node.unique_id,
            str(r.status),
            r.execution_time,
            r.failures,
            r.message,
            getattr(r.node, "compiled_code", None),
        )
        for r in results
    )
    failed = [f"{node.unique_id}: {node.message}" for node in nodes if node.status in ("error", "fail")]
    error = None if outcome.success else str(outcome.exception or "\n".join(failed))
    return Build(outcome.success, nodes, error)


def _invoke(settings: Settings, command: list[str]) -> Any:
    from dbt.cli.main import dbtRunner  # slow to import, and not needed when nothing changed

    settings.working_database.parent.mkdir(parents=True, exist_ok=True)
    os.environ["NIANBAO_WORKING_DATABASE"] = str(settings.working_database)
    os.environ["DO_NOT_TRACK"] = "1"
    folders = ["--project-dir", str(DBT_PROJECT), "--profiles-dir", str(DBT_PROJECT)]
    target = ["--target-path", str(target_folder(settings)), "--log-path", str(target_folder(settings))]
    return dbtRunner().invoke([*QUIET, command[0], *folders, *target, *command[1:]])


def _describe(settings: Settings) -> None:
    """Writes the descriptions of all models and their columns into the database, as comments.

    Relations among them that are no models (any more), such as what a killed build leaves, are dropped.
    """
    manifest = json.loads((target_folder(settings) / "manifest.json").read_bytes())
    models = [node for node in manifest["nodes"].values() if node["resource_type"] == "model"]
    names = {(model["schema"], model["name"]) for model in models}
    connection = duckdb.connect(str(settings.working_database))
    try:
        kinds = {
            (schema, name): kind
            for schema, name, kind in connection.execute(
                "select table_schema, table_name, case table_type when 'VIEW' then 'view' else 'table' end"
                " from information_schema.tables where list_contains(?, table_schema)",
                [sorted({schema for schema, _ in names})],
            ).fetchall()
        }
        statements = [f'drop {kind} {at[0]}."{at[1]}"' for at, kind in kinds.items() if at not in names]
        for model in models:
            if kind := kinds.get((model["schema"], model["name"])):
                statements += comments(kind, model)
        connection.execute("begin; " + "; ".join(statements) + "; commit" if statements else "select 1")
    finally:
        connection.close()


def comments(kind: str, model: dict[str, Any]) -> Iterator[str]:
    """The statements that describe one model."""
    relation = f'{model["schema"]}."{model["name"]}"'
    yield f"comment on {kind} {relation} is {quoted(model['description'].strip())}"
    for column in model["columns"].values():
        yield f'comment on column {relation}."{column["name"]}" is {quoted(column["description"])}'


def _close_connections() -> None:
    """dbt-duckdb keeps the file open after a call in-process; then nobody else could open it."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager

    if DuckDBConnectionManager._ENV is not None:
        DuckDBConnectionManager._ENV.close()
    DuckDBConnectionManager.close_all_connections()
