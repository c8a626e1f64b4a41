"""The same data work done bare: calamine reads the workbooks, DuckDB runs dbt's compiled SQL. No framework.

Called as a process of its own with the home of an installation that has run once.
"""

import json
import shutil
import sys
import tempfile
import time
from pathlib import Path

import duckdb
from python_calamine import CalamineWorkbook


def read_all(inbox: Path) -> int:
    """Reads every cell of every workbook; returns how many are filled."""
    filled = 0
    for path in inbox.iterdir():
        book = CalamineWorkbook.from_path(str(path))
        for name in book.sheet_names:
            rows = book.get_sheet_by_name(name).to_python(skip_empty_area=False)
            filled += sum(value != "" for row in rows for value in row)
    return filled


def models_in_order(manifest: dict) -> list[dict]:
    """Models so that each comes after its parents."""
    models = {key: node for key, node in manifest["nodes"].items() if node["resource_type"] == "model"}
    ordered: list[dict] = []
    done: set[str] = set()
    while len(ordered) < len(models):
        for key, node in models.items():
            if key not in done and all(p in done for p in node["depends_on"]["nodes"] if p in models):
                ordered.append(node)
                done.add(key)
    return ordered


def main(home: Path) -> None:
    started = time.perf_counter()
    filled = read_all(home / "inbox")
    read = time.perf_counter()
    models = models_in_order(json.loads((home / "dbt" / "manifest.json").read_text()))
    compiled = home / "dbt" / "compiled" / "nianbao"
    with tempfile.TemporaryDirectory() as folder:
        database = Path(folder) / "nianbao.duckdb"
        shutil.copyfile(home / "working" / "nianbao.duckdb", database)
        connection = duckdb.connect(str(database))
        for model in reversed(models):
            kind = "view" if model["config"]["materialized"] == "view" else "table"
            connection.execute(f'drop {kind} {model["schema"]}."{model["name"]}"')
        for model in models:
            kind = "view" if model["config"]["materialized"] == "view" else "table"
            sql = (compiled / model["original_file_path"]).read_text()
            connection.execute(f'create {kind} {model["schema"]}."{model["name"]}" as {sql}')
        connection.close()
    ended = time.perf_counter()
    print(json.dumps({"cells": filled, "read": read - started, "sql": ended - read}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
