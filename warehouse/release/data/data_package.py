"""The release as files for machines: CSV and Parquet of every table people use, described by a data package.

The CSV files have a byte-order mark, which Chinese Excel needs. `datapackage.json` follows the Frictionless data
package: every column has a type and a Chinese description; the Parquet copy of a table is named beside it. The
same database gives the same bytes.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

import duckdb

from sources.declarations.city import City
from sources.system.csv_file import write_csv
from sources.system.fingerprint import sha256_of, sha256_of_file
from warehouse.store.ddl import PUBLIC_SCHEMAS
from warehouse.store.sql import query

LEFT_OUT = {
    ("quality", "submission"): "times of receipt and decision are the bureau's affair",
    ("quality", "register"): "as above",
    ("quality", "finding"): "findings quote cells; schools get their own, the site has them by rule",
}
TYPES = {"BIGINT": "integer", "INTEGER": "integer", "VARCHAR": "string", "BOOLEAN": "boolean", "DATE": "date"}


@dataclass(frozen=True)
class Exported:
    """One table that goes out: its columns with DuckDB's types and their descriptions."""

    schema: str
    name: str
    description: str
    columns: tuple[tuple[str, str, str], ...]

    @property
    def relation(self) -> str:
        return f'{self.schema}."{self.name}"'

    @property
    def stem(self) -> str:
        return f"{self.schema}.{self.name}"


def write_bundle(
    connection: duckdb.DuckDBPyConnection, city: City, report_year: int, folder: Path, released_on: date, version: str
) -> list[Path]:
    """Writes `<schema>.<table>.csv`, `.parquet` and datapackage.json into the folder; returns the paths.

    Tables that have a report year hold the years up to the released one.
    """
    folder.mkdir(parents=True, exist_ok=True)
    tables = exported_tables(connection)
    paths = []
    for table in tables:
        paths += [
            _write_csv(connection, table, report_year, folder),
            _write_parquet(connection, table, report_year, folder),
        ]
    package = {
        "name": f"nianbao-{city.code}-{version}",
        "title": f"{city.name}中等职业教育质量年度报告数据（{report_year}年，第 {version} 版）",
        "version": version,
        "created": f"{released_on.isoformat()}T00:00:00Z",
        "resources": [_resource(table, folder) for table in tables],
    }
    description = folder / "datapackage.json"
    description.write_text(json.dumps(package, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    return [*paths, description]


def exported_tables(connection: duckdb.DuckDBPyConnection) -> list[Exported]:
    """Every table of the schemas for analysts that holds nothing of the bureau's own."""
    columns = query(
        connection,
        "select schema_name, table_name, column_name, data_type, coalesce(comment, '') from duckdb_columns()"
        " where list_contains(?, schema_name) order by schema_name, table_name, column_index",
        [list(PUBLIC_SCHEMAS)],
    )
    comments = query(
        connection, "select schema_name, table_name, coalesce(comment, '') from duckdb_tables() order by all"
    )
    described = {(schema, name): comment for schema, name, comment in comments.iter_rows()}
    found: dict[tuple[str, str], list[tuple[str, str, str]]] = {}
    for schema, name, column, data_type, comment in columns.iter_rows():
        if (schema, name) not in LEFT_OUT and (schema, name) in described:
            found.setdefault((schema, name), []).append((column, data_type, comment))
    return [Exported(*key, described[key], tuple(of_table)) for key, of_table in found.items()]


def _select(table: Exported, report_year: int) -> str:
    names = [name for name, _, _ in table.columns]
    shown = ", ".join(f'"{name}"' for name in names)
    condition = f" where report_year <= {report_year}" if "report_year" in names else ""
    return f"select {shown} from {table.relation}{condition} order by all"


def _write_csv(connection: duckdb.DuckDBPyConnection, table: Exported, report_year: int, folder: Path) -> Path:
    path = folder / f"{table.stem}.csv"
    result = connection.execute(_select(table, report_year))
    rows = chain.from_iterable(iter(partial(result.fetchmany, 10_000), []))
    return write_csv(chain([[name for name, _, _ in table.columns]], rows), path)


def _write_parquet(connection: duckdb.DuckDBPyConnection, table: Exported, report_year: int, folder: Path) -> Path:
    path = folder / f"{table.stem}.parquet"
    connection.execute(
        f"copy ({_select(table, report_year)}) to '{path}' (format parquet, compression zstd, row_group_size 122880)"
    )
    return path


def _resource(table: Exported, folder: Path) -> dict[str, Any]:
    data = (folder / f"{table.stem}.csv").read_bytes()
    return {
        "name": table.stem.lower().replace("_", "-"),
        "path": f"{table.stem}.csv",
        "title": table.description.split("。")[0],
        "description": table.description,
        "profile": "tabular-data-resource",
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8-sig",
        "bytes": len(data),
        "hash": f"sha256:{sha256_of(data)}",
        "parquet": f"{table.stem}.parquet",
        "schema": {
            "fields": [
                {"name": name, "type": _field_type(data_type), "description": comment}
                for name, data_type, comment in table.columns
            ],
            "missingValues": [""],
        },
    }


def _field_type(data_type: str) -> str:
    return TYPES.get(data_type, "number" if data_type.startswith("DECIMAL") else "string")


def write_checksums(paths: Sequence[Path], root: Path) -> Path:
    """SHA256SUMS, in the form that `sha256sum --check` reads."""
    target = root / "SHA256SUMS"
    lines = [f"{sha256_of_file(path)}  {path.relative_to(root).as_posix()}\n" for path in sorted(paths)]
    target.write_text("".join(lines), encoding="utf-8")
    return target
