"""dbt's documentation of the models as one page that opens from a file.

dbt's own command writes the time and the paths of the machine into it; here the page is put together from the same
parts (dbt's page, the manifest, the catalogue of columns) without them, so that the same project gives the same page.
"""

import json
from pathlib import Path
from typing import Any

import duckdb

from warehouse.store.sql import query

MODEL_DOCS = "数据模型.html"
OF_THE_MACHINE = {
    "build_path",
    "compiled",
    "compiled_code",
    "compiled_path",
    "created_at",
    "extra_ctes",
    "extra_ctes_injected",
    "root_path",
}
OF_THE_RUN = ("generated_at", "invocation_id", "invocation_started_at", "run_started_at", "user_id", "env")
UNORDERED = ("refs", "sources", "depends_on", "parent_map", "child_map")
TRACKER = "https://fuzzed.getdbt.com/"


def write_model_docs(connection: duckdb.DuckDBPyConnection, manifest: dict[str, Any], path: Path) -> Path:
    """Writes the page; `manifest` is dbt's, `connection` a database that has been built from it."""
    from dbt.task.docs import DOCS_INDEX_FILE_PATH  # importing dbt takes a second

    described = _without_machine(manifest)
    page = Path(DOCS_INDEX_FILE_PATH).read_text(encoding="utf-8").replace(TRACKER, "")
    for placeholder, data in (("MANIFEST", described), ("CATALOG", catalog_of(connection, described))):
        text = json.dumps(data, ensure_ascii=False, sort_keys=True).replace("</", "<\\/")
        page = page.replace(f'"{placeholder}.JSON INLINE DATA"', text)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page, encoding="utf-8")
    return path


def _without_machine(value: Any) -> Any:
    """The manifest without times, identifiers of runs, and paths."""
    if isinstance(value, list):
        return [_without_machine(item) for item in value]
    if not isinstance(value, dict):
        return value
    kept = {key: item for key, item in value.items() if key not in OF_THE_MACHINE and key not in OF_THE_RUN}
    if "depends_on" in kept:
        kept["depends_on"] = {**kept["depends_on"], "macros": []}
    cleaned = {key: _without_machine(item) for key, item in kept.items()}
    return {key: _in_order(item) if key in UNORDERED else item for key, item in cleaned.items()}


def _in_order(value: Any) -> Any:
    """Lists of names whose order depends on the run, sorted; of a mapping, those that are its values."""
    if isinstance(value, dict):
        return {key: _in_order(item) if isinstance(item, list) else item for key, item in value.items()}
    return sorted(value, key=json.dumps) if isinstance(value, list) else value


def catalog_of(connection: duckdb.DuckDBPyConnection, manifest: dict[str, Any]) -> dict[str, Any]:
    """dbt's catalogue: for each model and source its columns with their types and comments."""
    columns: dict[tuple[str, str], dict[str, Any]] = {}
    rows = query(
        connection,
        "select schema_name, table_name, column_name, data_type, column_index, comment from duckdb_columns()"
        " where not internal order by schema_name, table_name, column_index",
    )
    for schema, table, column, data_type, index, comment in rows.iter_rows():
        of_table = columns.setdefault((schema, table), {})
        of_table[column] = {"type": data_type, "index": index, "name": column, "comment": comment}
    return {
        "metadata": {},
        "errors": None,
        **{
            kind: {
                unique_id: _entry(node, columns.get((node["schema"], _relation(node)), {}))
                for unique_id, node in sorted(manifest[kind].items())
                if node["resource_type"] in ("model", "source")
            }
            for kind in ("nodes", "sources")
        },
    }


def _entry(node: dict[str, Any], columns: dict[str, Any]) -> dict[str, Any]:
    named = {"type": "table", "schema": node["schema"], "name": _relation(node), "database": None, "comment": None}
    stats = {"has_stats": {"id": "has_stats", "label": "Has Stats?", "value": False, "include": False}}
    return {"metadata": named | {"owner": None}, "columns": columns, "stats": stats, "unique_id": node["unique_id"]}


def _relation(node: dict[str, Any]) -> str:
    """What a model or source is called in the database."""
    return str(node["alias"] if node["resource_type"] == "model" else node["name"])
