"""No number without its condition (0054): what contradicts that in a published database, whatever the city."""

import duckdb

from warehouse.store.sql import query

WHOLE = ("report_year", "region_code", "status", "reason", "origin", "release", "n_expected", "n_reported", "coverage")
PRIZES = ("", "_first", "_second", "_third")
NUMBERS = {
    "table_1_2_1": ("teachers_full_time", "students_full_time", "majors"),
    "table_2_6_1": tuple(f"official_awards_regional{prize}" for prize in PRIZES),
    "table_2_6_2": tuple(f"official_awards_national{prize}" for prize in PRIZES),
}
"""The report's tables with several numbers in a row: each has its status beside it."""
NOT_WHOLE = "(value is null) <> (status not in ('ok', 'incomplete')) or (reason is null) <> (status = 'ok')"
NOT_AS_PRINTED = (
    "(value is null) <> (rounded_value is null) or abs(value - rounded_value) > 0.5 * power(0.1, decimals)"
    " or abs(try_cast(replace({display}, ':1', '') as decimal(24, 4)) - rounded_value) <> 0"
    " or (value is null) <> ({display} is null)"
)
NO_BASE = "(base is not null) <> (kind = 'ratio')"
BROKEN_CHANGE = (
    "(change_value is null and change_reason is null)"
    " or (change_value is not null and comparability not in ('comparable', 'incomplete'))"
)


def unconditioned(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Tables of marts and report with what is wrong in them and in how many rows."""
    found = []
    for schema, table, columns in _tables(connection):
        name = f"{schema}.{table}"
        found += [f"{name} has no {column}" for column in WHOLE if column not in columns and table != "figure"]
        for wrong in _wrong_rows(schema, table):
            rows = f"{name} as it inner join core.dim_indicator as of_it using (indicator_code)"
            rows = name if table in NUMBERS else rows
            count = connection.execute(f"select count(*) from {rows} where {wrong}").fetchone()
            found += [f"{name}: {count[0]} rows with {wrong}"] if count and count[0] else []
    return found


def _tables(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, str, list[str]]]:
    """Schema, name and columns of each table of marts and report."""
    return query(
        connection,
        "select schema_name, table_name, list(column_name) from duckdb_columns()"
        " where schema_name in ('marts', 'report') group by all order by all",
    ).rows()


def _wrong_rows(schema: str, table: str) -> list[str]:
    """Conditions that no row of a table may fulfil."""
    if table in NUMBERS:
        return [f"({each} is null) <> ({each}_status not in ('ok', 'incomplete'))" for each in NUMBERS[table]] + [
            f"{each}_status <> 'ok' and reason is null" for each in NUMBERS[table]
        ]
    if table == "figure":
        return ["comparability like '%break' and condition is null", "exact_value is null and condition is null"]
    display = "it.display" if schema == "marts" else "current_display"
    own = [] if schema == "marts" else [BROKEN_CHANGE]
    return [NOT_WHOLE, NOT_AS_PRINTED.format(display=display), NO_BASE, *own]
