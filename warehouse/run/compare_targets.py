"""Every value of every public table as DuckDB and as Spark have computed it, compared exactly.

Rows are matched by the key that a table is tested for, or counted as wholes where there is none. Types must be equal,
text equal to the byte, decimals to the last digit. DuckDB reads Spark's Parquet files itself.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from sources.declarations.pack import Pack
from sources.system.settings import Settings
from warehouse.bounding.noted_bound import BOUNDS
from warehouse.run.build import build
from warehouse.run.changed import built_from, fingerprint_for_spark, inputs_fingerprint
from warehouse.run.spark import spark_built_from, spark_manifest, spark_warehouse
from warehouse.store.connection import open_working, working_lock
from warehouse.store.ddl import PUBLIC_SCHEMAS
from warehouse.store.sql import quoted

SHOWN_PER_KIND = 5
OCCURRENCE = "occurrence"
PRESENT, ABSENT = "有", "没有"


@dataclass(frozen=True)
class Difference:
    """A value on which the engines differ: where it stands, and what each of them has.

    `column` is "" for a row that one side lacks, `row` is "" for a column whose types differ.
    """

    table: str
    column: str
    row: str
    duckdb: str
    spark: str


@dataclass(frozen=True)
class Comparison:
    """How many values were compared and how many differ, with the first differences of each column.

    A row that one side lacks and a column whose types differ count with all their values.
    """

    tables: int
    values: int
    differing: int
    differences: tuple[Difference, ...]


def public_tables(manifest: Mapping[str, Any]) -> dict[tuple[str, str], tuple[str, ...]]:
    """(schema, table) → the columns of its key, for the models that users see; () where no key is tested.

    Without the tables of bounds: they are not computed by models, and Spark's are empty.
    """
    keys = {
        node["attached_node"]: tuple(node["test_metadata"]["kwargs"]["columns"])
        for node in manifest["nodes"].values()
        if node["resource_type"] == "test" and node["test_metadata"]["name"] == "unique_combination"
    }
    return {
        (node["schema"], node["alias"]): keys.get(node["unique_id"], ())
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model" and node["schema"] in PUBLIC_SCHEMAS and not _is_of_bounds(node)
    }


def _is_of_bounds(model: Mapping[str, Any]) -> bool:
    sources = {each.partition(".")[2].partition(".")[2] for each in model.get("depends_on", {}).get("nodes", ())}
    return not sources.isdisjoint(BOUNDS)


def compare_targets(connection: duckdb.DuckDBPyConnection, manifest_file: Path, warehouse: Path) -> Comparison:
    """Compares the database's public tables with Spark's in `warehouse` (`<schema>.db/<table>/*.parquet`).

    Raises FileNotFoundError when Spark has not written a table.
    """
    tables = public_tables(json.loads(manifest_file.read_bytes()))
    compared = [
        _compare(connection, f"{schema}.{name}", key, warehouse / f"{schema}.db" / name)
        for (schema, name), key in sorted(tables.items())
    ]
    return Comparison(
        len(compared),
        sum(each.values for each in compared),
        sum(each.differing for each in compared),
        tuple(difference for each in compared for difference in each.differences),
    )


def compare_with_spark(settings: Settings, pack: Pack) -> Comparison | None:
    """Compares both engines' tables of an installation, with DuckDB's models brought up to date first.

    None when Spark's tables were not built from what the database holds now.
    Raises RuntimeError when a model cannot be built on DuckDB.
    """
    with working_lock(settings):
        with open_working(settings) as connection:
            is_built = built_from(connection) == inputs_fingerprint(connection)
            is_of_today = spark_built_from(settings) == fingerprint_for_spark(connection)
        if not is_of_today:
            return None
        if not is_built and not (outcome := build(settings, pack)).success:
            raise RuntimeError(outcome.error)
        with open_working(settings) as connection:
            return compare_targets(connection, spark_manifest(settings), spark_warehouse(settings))


def _compare(connection: duckdb.DuckDBPyConnection, table: str, key: Sequence[str], folder: Path) -> Comparison:
    if not any(folder.glob("*.parquet")):
        raise FileNotFoundError(f"Spark 没有写出 {table}：{folder}")
    theirs = f"read_parquet({quoted(str(folder / '*.parquet'))})"
    our_types, their_types = _types(connection, table), _types(connection, theirs)
    columns = [name for name, kind in our_types.items() if their_types.get(name) == kind]
    if not key or not their_types.keys() >= set(key):
        # whole rows are the key, and equal rows are told apart by counting them
        key = (*columns, OCCURRENCE)
    sides = (_side(relation, columns, key) for relation in (table, theirs))
    joined = "({}) as ours full join ({}) as theirs on {}".format(
        *sides, " and ".join(f"ours.{each} is not distinct from theirs.{each}" for each in _key_columns(key))
    )
    conditions = {"": "ours.is_there is null or theirs.is_there is null"} | {
        name: f'ours.is_there and theirs.is_there and ours."{name}" is distinct from theirs."{name}"'
        for name in columns
    }
    counts = ", ".join(f"count(case when {condition} then 1 end)" for condition in conditions.values())
    counted = connection.execute(f"select count(*), {counts} from {joined}").fetchone()
    assert counted is not None
    rows, differing = counted[0], dict(zip(conditions, counted[1:], strict=True))
    unlike = [
        Difference(table, name, "", our_types.get(name, ABSENT), their_types.get(name, ABSENT))
        for name in our_types | their_types
        if name not in columns
    ]
    width = len(columns) + len(unlike)
    unequal = [
        Difference(table, name, *found)
        for name, count in differing.items()
        if count
        for found in _differences(connection, joined, conditions[name], key, name)
    ]
    return Comparison(
        1,
        rows * width,
        differing.pop("") * len(columns) + sum(differing.values()) + rows * len(unlike),
        (*unlike, *unequal),
    )


def _types(connection: duckdb.DuckDBPyConnection, relation: str) -> dict[str, str]:
    return {name: kind for name, kind, *_ in connection.execute(f"describe select * from {relation}").fetchall()}


def _key_columns(key: Sequence[str]) -> list[str]:
    return [f'"key of {name}"' for name in key]


def _side(relation: str, columns: Sequence[str], key: Sequence[str]) -> str:
    """A query for one side of the join: the columns, and the key as text, so that rows match whatever its type."""
    listed = ", ".join(f'"{name}"' for name in columns)
    keys = ", ".join(
        f'cast("{name}" as varchar) as {as_key}' for name, as_key in zip(key, _key_columns(key), strict=True)
    )
    counted = f'select *, row_number() over (partition by {listed}) as "{OCCURRENCE}" from {relation}'
    return f"select {listed}, {keys}, true as is_there from ({counted})"


def _differences(
    connection: duckdb.DuckDBPyConnection, joined: str, condition: str, key: Sequence[str], column: str
) -> list[tuple[str, str, str]]:
    """The first rows with a difference: the key, our value, their value; all in words."""
    shown = "coalesce(cast({} as varchar), 'null')"
    row = " || '、' || ".join(shown.format(f"coalesce(ours.{each}, theirs.{each})") for each in _key_columns(key))
    side = f'{{}}."{column}"' if column else f"case when {{}}.is_there then {quoted(PRESENT)} else {quoted(ABSENT)} end"
    ours, theirs = (shown.format(side.format(name)) for name in ("ours", "theirs"))
    found = f"select {row} as row_key, {ours}, {theirs} from {joined} where {condition}"
    return connection.execute(f"{found} order by row_key limit {SHOWN_PER_KIND}").fetchall()
