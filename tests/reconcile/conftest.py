"""A small warehouse of a made-up city, for what the sample city has none of: districts, and values chosen by a test."""

from collections.abc import Iterator, Mapping

import duckdb
import pytest

CITY, EAST, WEST, SOUTH = "980500", "980502", "980503", "980521"
YEAR = 2024


@pytest.fixture
def warehouse() -> Iterator[duckdb.DuckDBPyConnection]:
    connection = duckdb.connect()
    connection.execute(
        "create schema core;"
        "create table core.fct_indicator_value (indicator_code text, report_year int, subject_code text,"
        " scope_code text, value decimal(18, 4), rounded_value decimal(18, 4), status text, origin text);"
        "create table core.fct_indicator_change (indicator_code text, report_year int, subject_code text,"
        " scope_code text, subject_kind text, rounded_value decimal(18, 4), previous_rounded_value decimal(18, 4),"
        " comparability text);"
        "create table core.dim_school (report_year int, school_code text, category text, ownership text,"
        " affiliation text);"
        "create table core.dim_scope_choice (report_year int, topic text, region_code text, scope_code text)"
    )
    yield connection
    connection.close()


def know(
    connection: duckdb.DuckDBPyConnection,
    values: Mapping[str, float],
    scope: str = "every_school",
    indicator: str = "teachers_full_time",
    year: int = YEAR,
) -> None:
    """Subject → value."""
    connection.executemany(
        "insert into core.fct_indicator_value values (?, ?, ?, ?, ?, ?, 'complete', 'submission')",
        [[indicator, year, subject, scope, value, value] for subject, value in values.items()],
    )
