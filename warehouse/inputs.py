"""What the models are built from, as one fingerprint: so that nothing is published that was not built from it."""

import hashlib
from collections.abc import Mapping

import duckdb

from warehouse.registry import CLOCK_STATE, get_state, set_state

STATE = "built_from"
NOTES = "registry", "state"


def inputs_fingerprint(connection: duckdb.DuckDBPyConnection) -> str:
    """Changes whenever a row of registry, reference or raw does, or the day of the run; reads every row.

    Raises duckdb.Error when a part of the file can no longer be read.
    """
    return fingerprint_of(table_sums(connection))


def fingerprint_of(sums: Mapping[str, str]) -> str:
    return hashlib.sha256(repr(sorted(sums.items())).encode()).hexdigest()


def table_sums(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """`schema.table` → a sum over all rows, for all that Python writes.

    Of registry.state, in which runs take notes, only the day of the run counts.
    """
    tables = connection.execute(
        "select schema_name, table_name from duckdb_tables()"
        " where schema_name in ('raw', 'reference', 'registry') order by all"
    ).fetchall()
    if not tables:
        return {}
    sums = " union all ".join(row_sum(schema, name) for schema, name in tables if (schema, name) != NOTES)
    return dict(connection.execute(sums).fetchall()) | {".".join(NOTES): get_state(connection, CLOCK_STATE) or ""}


def row_sum(schema: str, name: str) -> str:
    """A query for the name of a relation and a sum over its rows, whatever their order."""
    total = "cast(sum(cast(hash(each) as hugeint)) as varchar)"
    return f"select '{schema}.{name}', coalesce({total}, '') from {schema}.\"{name}\" as each"


def note_built_from(connection: duckdb.DuckDBPyConnection, fingerprint: str) -> None:
    """Notes what all models were built from; '' while they are not."""
    set_state(connection, STATE, fingerprint)


def built_from(connection: duckdb.DuckDBPyConnection) -> str | None:
    return get_state(connection, STATE)
