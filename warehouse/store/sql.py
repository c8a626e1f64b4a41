"""SQL helpers that need neither file nor lock. Who has frames imports Polars: a short command has none."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal

import duckdb

if TYPE_CHECKING:
    import polars as pl

SUBTREE = "(select region_code from reference.region_path where ancestor_code = ?)"
"""The region given as parameter and all that lie in it, as a subquery."""


def period(of: Literal["respondent", "region", "scope"], alias: str, code: str, year: str) -> str:
    """A join with how something was called in a year (`reference.…_period`): the newest names where there is no year.

    `code` and `year` are expressions of the query.
    """
    table = f"reference.{of}_period as {alias}"
    return (
        f" left join {table} on {code} = {alias}.code"
        f" and coalesce({year}, 9999) between {alias}.from_year and {alias}.to_year"
    )


def quoted(text: str) -> str:
    """The text as a SQL string literal."""
    return "'" + text.replace("'", "''") + "'"


@contextmanager
def transaction(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """All of it or nothing."""
    connection.execute("begin")
    try:
        yield
    except BaseException:
        connection.execute("rollback")
        raise
    connection.execute("commit")


class _ArrowStream:
    """Hands a polars frame to DuckDB through the Arrow C stream interface, without needing pyarrow."""

    def __init__(self, frame: "pl.DataFrame") -> None:
        self.frame = frame

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self.frame.__arrow_c_stream__(requested_schema)


def insert(connection: duckdb.DuckDBPyConnection, table: str, frame: "pl.DataFrame", on_conflict: str = "") -> None:
    """Appends a frame to a table by column name; `on_conflict` is e.g. 'or ignore'."""
    with registered(connection, "incoming_frame", frame):
        connection.execute(f"insert {on_conflict} into {table} by name select * from incoming_frame")


@contextmanager
def registered(connection: duckdb.DuckDBPyConnection, name: str, frame: "pl.DataFrame") -> Iterator[None]:
    """Makes a frame known to SQL under a name."""
    connection.register(name, _ArrowStream(frame))
    try:
        yield
    finally:
        connection.unregister(name)


def records(
    connection: duckdb.DuckDBPyConnection, sql: str, parameters: list[Any] | None = None
) -> list[dict[str, Any]]:
    """The rows of a result, each by the names of its columns."""
    found = connection.execute(sql, parameters)
    names = [column[0] for column in found.description]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def query(connection: duckdb.DuckDBPyConnection, sql: str, parameters: list[Any] | None = None) -> "pl.DataFrame":
    """The result of a query as a polars frame; a value of a closed list is a text like any other."""
    import polars as pl
    from polars.selectors import categorical

    return pl.DataFrame(connection.sql(sql, params=parameters)).with_columns(categorical().cast(pl.String))
