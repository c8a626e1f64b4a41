"""What the models are built from, as one fingerprint: so that nothing is published that was not built from it."""

import hashlib

import duckdb

from warehouse.registry import CLOCK_STATE, get_state, set_state

STATE = "built_from"


def inputs_fingerprint(connection: duckdb.DuckDBPyConnection) -> str:
    """Changes whenever a row of registry, reference or raw does, or the day of the run; reads every row.

    Raises duckdb.Error when a part of the file can no longer be read.
    """
    tables = connection.execute(
        "select schema_name, table_name from duckdb_tables()"
        " where schema_name in ('raw', 'reference', 'registry') and table_name <> 'state' order by all"
    ).fetchall()
    if not tables:
        return ""
    sums = [
        f"select '{schema}.{name}', sum(cast(hash(each) as hugeint)) from {schema}.\"{name}\" as each"
        for schema, name in tables
    ]
    found = sorted(connection.execute(" union all ".join(sums)).fetchall())
    return hashlib.sha256(repr((found, get_state(connection, CLOCK_STATE))).encode()).hexdigest()


def note_built_from(connection: duckdb.DuckDBPyConnection, fingerprint: str) -> None:
    """Notes what all models were built from; '' while they are not."""
    set_state(connection, STATE, fingerprint)


def built_from(connection: duckdb.DuckDBPyConnection) -> str | None:
    return get_state(connection, STATE)
