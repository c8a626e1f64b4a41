"""The release as files for machines: CSV and Parquet of every table people use, described by a data package.

The CSV files have a byte-order mark, which Chinese Excel needs. `datapackage.json` follows the Frictionless data
package: every column has a type and a Chinese description; the Parquet copy of a table is named beside it. The
same database gives the same bytes.
"""

import json
import re
from collections.abc import Mapping, Sequence
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
from warehouse.store.sql import query, quoted

LEFT_OUT = {
    ("quality", "submission"): "times of receipt and decision are the bureau's affair",
    ("quality", "register"): "as above",
    ("core", "dim_release"): "a release cannot know of later ones; its rows name their versions",
    ("core", "dim_scope_period"): "every table has the labels of its own years",
    ("quality", "finding_effect"): "what would be printed if findings were mended: for the bureau while it collects",
    ("quality", "finding"): "findings quote cells; schools get their own, the site has them by rule",
}
RELEASE = "release"
"""The column that says in which version a row's year last stood."""
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
    connection: duckdb.DuckDBPyConnection,
    city: City,
    report_year: int,
    folder: Path,
    released_on: date,
    version: str,
    released: Mapping[int, str] | None = None,
) -> list[Path]:
    """Writes `<schema>.<table>.csv`, `.parquet` and datapackage.json into the folder; returns the paths.

    Tables that have a report year hold the years up to the released one. Rows that name a release name this version, or
    that of `released` (year → version): the database knows those alone that there were at its last run.
    """
    folder.mkdir(parents=True, exist_ok=True)
    tables = exported_tables(connection)
    versions = {**(released or {}), report_year: version}
    paths = []
    for table in tables:
        rows = _select(table, report_year, versions)
        paths += [_write_csv(connection, table, rows, folder), _write_parquet(connection, table, rows, folder)]
    package = {
        "name": f"nianbao-{city.code}-{version}",
        "title": f"{city.in_year(report_year).name}中等职业教育质量年度报告数据（{report_year}年，第 {version} 版）",
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


def _select(table: Exported, report_year: int, versions: Mapping[int, str]) -> str:
    names = [name for name, _, _ in table.columns]
    stood = "".join(f" when {year} then {quoted(each)}" for year, each in sorted(versions.items()))
    of_release = f'case report_year{stood} end as "{RELEASE}"'
    shown = ", ".join(of_release if name == RELEASE else f'"{name}"' for name in names)
    condition = f" where report_year <= {report_year}" if "report_year" in names else ""
    return f"select {shown} from {table.relation}{condition} order by all"


def _write_csv(connection: duckdb.DuckDBPyConnection, table: Exported, select: str, folder: Path) -> Path:
    path = folder / f"{table.stem}.csv"
    result = connection.execute(select)
    rows = chain.from_iterable(iter(partial(result.fetchmany, 10_000), []))
    return write_csv(chain([[name for name, _, _ in table.columns]], rows), path)


def _write_parquet(connection: duckdb.DuckDBPyConnection, table: Exported, select: str, folder: Path) -> Path:
    path = folder / f"{table.stem}.parquet"
    connection.execute(
        f"copy ({select}) to {quoted(str(path))} (format parquet, compression zstd, row_group_size 122880,"
        f" kv_metadata {_metadata(table)})"
    )
    return path


def _metadata(table: Exported) -> str:
    """What a Parquet file says of itself: `description`, and for each column `description.<column>`."""
    said = {"description": table.description, **{f"description.{name}": text for name, _, text in table.columns}}
    return "{" + ", ".join(f"{quoted(key)}: {quoted(text)}" for key, text in said.items()) + "}"


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
                {"name": name, "type": _field_type(data_type), "description": comment, **_closed_list(data_type)}
                for name, data_type, comment in table.columns
            ],
            "missingValues": [""],
        },
    }


def _closed_list(data_type: str) -> dict[str, Any]:
    """The values that a column of an ENUM type may have, as a constraint."""
    allowed = re.findall(r"'((?:[^']|'')*)'", data_type) if data_type.startswith("ENUM") else []
    return {"constraints": {"enum": [value.replace("''", "'") for value in allowed]}} if allowed else {}


def _field_type(data_type: str) -> str:
    return TYPES.get(data_type, "number" if data_type.startswith("DECIMAL") else "string")


def write_checksums(paths: Sequence[Path], root: Path) -> Path:
    """SHA256SUMS, in the form that `sha256sum --check` reads."""
    target = root / "SHA256SUMS"
    lines = [f"{sha256_of_file(path)}  {path.relative_to(root).as_posix()}\n" for path in sorted(paths)]
    target.write_text("".join(lines), encoding="utf-8")
    return target
