"""What is kept of bounds: the rows of registry.value_bound and registry.value_bound_school."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, fields
from decimal import Decimal

import duckdb
import polars as pl

from warehouse.store.sql import query, registered, transaction

VALUE_BOUND, VALUE_BOUND_SCHOOL = "registry.value_bound", "registry.value_bound_school"
PLACE = ("report_year", "region_code", "scope_code", "indicator_code")
ORDER = {VALUE_BOUND: PLACE, VALUE_BOUND_SCHOOL: (*PLACE, "call_order")}
Place = tuple[int, str, str, str]
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
    made_from: str


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


def noted_places(connection: duckdb.DuckDBPyConnection) -> dict[Place, str]:
    """Where a bound is noted, and what it is made from."""
    rows = connection.execute(f"select {', '.join(PLACE)}, coalesce(made_from, '') from {VALUE_BOUND}").fetchall()
    return {(year, region, scope, indicator): made for year, region, scope, indicator, made in rows}


def note_rows(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    kind: type,
    rows: Sequence[ValueBound | SchoolNarrows],
    standing: Collection[Place],
) -> bool:
    """Puts the rows in the place of the table's, but for those of the places that stand; returns whether they are
    others. The table is in order, as if all had been written at once."""
    names = [field.name for field in fields(kind)]
    places = pl.DataFrame(
        list(standing), {name: pl.Int64 if name == "report_year" else pl.String for name in PLACE}, orient="row"
    )
    with registered(connection, "standing", places):
        is_standing = f"exists (select 1 from standing where {_same_place(table)})"
        before = query(connection, f"select * from {table} where not {is_standing}")
        values = [[getattr(row, name) for name in names] for row in rows]
        frame = pl.DataFrame(values, before.select(names).schema, orient="row")
        if frame.sort(names).equals(before.select(names).sort(names)):
            return False
        with transaction(connection), registered(connection, "incoming", frame):
            connection.execute(f"create or replace temp table all_bounds as from {table} where {is_standing}")
            connection.execute("insert into all_bounds by name from incoming")
            connection.execute(f"delete from {table}")
            connection.execute(f"insert into {table} by name from all_bounds order by {', '.join(ORDER[table])}")
            connection.execute("drop table all_bounds")
    return True


def _same_place(table: str) -> str:
    return " and ".join(f"standing.{name} = {table}.{name}" for name in PLACE)
