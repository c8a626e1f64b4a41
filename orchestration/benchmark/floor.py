"""The same data work done bare: calamine reads the workbooks, DuckDB runs dbt's compiled SQL. No framework.

`python floor.py INBOX STATEMENTS DATABASE`: STATEMENTS holds the compiled SQL of all models and tests in
build order (`statements`), DATABASE what they read (`base_tables`); both are made beforehand from an installation that
has run, and are not part of the cost.
"""

import json
import shutil
import sys
import time
from pathlib import Path
from typing import Any

import duckdb
from python_calamine import CalamineWorkbook


def read_all(inbox: Path) -> int:
    """Reads every cell of every workbook; returns how many are filled. It skips a file that is no workbook."""
    filled = 0
    for path in inbox.iterdir():
        try:
            book = CalamineWorkbook.from_path(str(path))
        except Exception:  # nosec B112 # noqa: BLE001, S112 - a damaged file is passed over; calamine has a class of its own for each way in which a file can be damaged
            continue
        for name in book.sheet_names:
            rows = book.get_sheet_by_name(name).to_python(skip_empty_area=False)
            filled += sum(value != "" for row in rows for value in row)
    return filled


def statements(manifest: dict[str, Any]) -> list[str]:
    """The SQL statements of dbt's manifest, in order: a model comes after its parents, the tests after all models."""
    models = {key: node for key, node in manifest["nodes"].items() if node["resource_type"] == "model"}
    made: set[str] = set()
    ordered = []
    while len(made) < len(models):
        for key, node in models.items():
            if key not in made and made.issuperset(models.keys() & node["depends_on"]["nodes"]):
                made.add(key)
                kind = "view" if node["config"]["materialized"] == "view" else "table"
                ordered.append(f'create {kind} {node["schema"]}."{node["alias"]}" as {node["compiled_code"]}')
    tests = [node for node in manifest["nodes"].values() if node["resource_type"] == "test"]
    return ordered + [f"select count(*) from ({node['compiled_code']})" for node in tests]


def base_tables(working_database: Path, manifest: dict[str, Any], target: Path) -> None:
    """Copies the working database without its models: only what intake has written."""
    shutil.copyfile(working_database, target)
    models = {(n["schema"], n["alias"]) for n in manifest["nodes"].values() if n["resource_type"] == "model"}
    with duckdb.connect(str(target)) as connection:
        relations = connection.execute(
            "select table_schema, table_name, table_type from information_schema.tables order by table_type desc"
        ).fetchall()
        for schema, name, kind in relations:
            if (schema, name) in models:
                connection.execute(f'drop {"view" if kind == "VIEW" else "table"} {schema}."{name}"')
        connection.execute("checkpoint")


def main(inbox: Path, sql: Path, database: Path) -> None:
    started = time.perf_counter()
    filled = read_all(inbox)
    read = time.perf_counter()
    with duckdb.connect(str(database)) as connection:
        for statement in json.loads(sql.read_text()):
            connection.execute(statement).fetchall()
    ended = time.perf_counter()
    print(json.dumps({"cells": filled, "read": read - started, "sql": ended - read}))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:4]))
