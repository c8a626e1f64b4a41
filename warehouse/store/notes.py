"""Notes that runs take in the database."""

from datetime import date

import duckdb

CLOCK_STATE = "today"
INPUTS_NOTE = "built_from"
"""A fingerprint of everything that the models were built from."""


def record_clock(connection: duckdb.DuckDBPyConnection, today: date) -> None:
    """Notes the day of the run. The models tell from it what is overdue."""
    set_state(connection, CLOCK_STATE, today.isoformat())


def get_state(connection: duckdb.DuckDBPyConnection, name: str) -> str | None:
    row = connection.execute("select value from registry.state where name = ?", [name]).fetchone()
    return row[0] if row else None


def set_state(connection: duckdb.DuckDBPyConnection, name: str, value: str) -> None:
    connection.execute("insert or replace into registry.state values (?, ?)", [name, value])
