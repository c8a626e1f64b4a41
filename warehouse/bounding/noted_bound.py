"""What is kept of bounds: the rows of registry.value_bound and registry.value_bound_school."""

from dataclasses import dataclass, fields
from decimal import Decimal

import duckdb
import polars as pl

from warehouse.store.sql import insert, query, transaction

VALUE_BOUND, VALUE_BOUND_SCHOOL = "registry.value_bound", "registry.value_bound_school"
BOUNDS = frozenset({VALUE_BOUND, VALUE_BOUND_SCHOOL})
"""Tables that a build on DuckDB fills from its own models (decision 0057)."""


@dataclass(frozen=True, slots=True)
class ValueBound:
    """A row of registry.value_bound: what a region's figure can still be; None: no limit is declared."""

    report_year: int
    region_code: str
    scope_code: str
    indicator_code: str
    low: Decimal
    high: Decimal | None
    usual_low: Decimal
    usual_high: Decimal | None
    rounded_low: Decimal
    rounded_high: Decimal | None
    rounded_usual_low: Decimal
    rounded_usual_high: Decimal | None
    told: str


@dataclass(frozen=True, slots=True)
class SchoolNarrows:
    """A row of registry.value_bound_school: a missing school of a bound, and by how much its report narrows it."""

    report_year: int
    region_code: str
    scope_code: str
    indicator_code: str
    school_code: str
    call_order: int
    narrows: Decimal | None
    narrows_percent: Decimal | None


def note_rows(
    connection: duckdb.DuckDBPyConnection, table: str, kind: type, rows: list[ValueBound] | list[SchoolNarrows]
) -> bool:
    """Puts the rows in the place of the table's; returns whether they are others."""
    names = [field.name for field in fields(kind)]
    stands = query(connection, f"select * from {table}")
    values = [[getattr(row, name) for name in names] for row in rows]
    frame = pl.DataFrame(values, stands.select(names).schema, orient="row")
    if frame.sort(names).equals(stands.select(names).sort(names)):
        return False
    with transaction(connection):
        connection.execute(f"delete from {table}")
        if rows:
            insert(connection, table, frame)
    return True
