"""What the database says of bounds: of incomplete figures, from published numbers, the same wherever it is read."""

import json
from collections.abc import Iterator, Sequence
from decimal import Decimal

import duckdb
import pytest
from typer.testing import CliRunner

from orchestration.cli.main import app
from sources.declarations.city import City
from sources.sample.pour import pour_samples
from sources.system.settings import Settings
from tests.conftest import run_all, select
from tests.support.sample import PACK
from warehouse.bounding import note_bounds as module
from warehouse.bounding.note_bounds import note_bounds
from warehouse.figures.bounds import bounded_figures, schools_to_call, value_with_bound
from warehouse.store.connection import open_published
from warehouse.store.ddl import all_tables

CITY, SCHOOLS = "450700", ("s1", "s2", "s3")
YEAR = 2023
ABSENT = ("3645900001", "3645900005")


@pytest.fixture
def small_core() -> Iterator[duckdb.DuckDBPyConnection]:
    """Three schools, of which the third has not sent who was placed; the city's rate lacks it."""
    with duckdb.connect() as connection:
        for schema in ("core", "reference", "registry"):
            connection.execute(f"create schema {schema}")
        for name in ("value_bound", "value_bound_school"):
            (table,) = [each for each in all_tables(PACK) if (each.schema, each.name) == ("registry", name)]
            columns = ", ".join(f"{column.name} {column.type}" for column in table.columns)
            connection.execute(f"create table registry.{name} ({columns})")
        connection.execute("create table reference.change (report_year int, subject_code text, kind text)")
        put(connection, "reference.region_path", [(CITY, CITY)], "region_code, ancestor_code")
        members = [(YEAR, "all", school, CITY) for school in SCHOOLS]
        put(connection, "core.brg_scope_school", members, "report_year, scope_code, school_code, region_code")
        owners = [(YEAR, school, "public") for school in SCHOOLS]
        put(connection, "core.dim_school", owners, "report_year, school_code, ownership")
        measured = [
            (YEAR, "s1", "placed", 90, "ok"), (YEAR, "s1", "graduates", 100, "ok"),
            (YEAR, "s2", "placed", 80, "ok"), (YEAR, "s2", "graduates", 100, "ok"),
            (YEAR, "s3", "placed", None, "missing"), (YEAR, "s3", "graduates", 50, "ok"),
            (YEAR - 1, "s3", "placed", 40, "ok"), (YEAR - 1, "s3", "graduates", 50, "ok"),
        ]  # fmt: skip
        columns = "subject_kind, report_year, subject_code, measure_code, value, status"
        put(connection, "core.fct_measure", [("school", *row) for row in measured], columns)
        columns = "report_year, subject_kind, subject_code, scope_code, indicator_code, definition"
        figure = (YEAR, "region", CITY, "all", "placement_rate", "standard", 170, 200, 85, "incomplete")
        put(connection, "core.fct_indicator_value", [figure], f"{columns}, numerator, denominator, value, status")
        yield connection


def put(connection: duckdb.DuckDBPyConnection, table: str, rows: Sequence[tuple], columns: str) -> None:
    literal = {str: repr, type(None): lambda _: "null"}
    values = ", ".join(f"({', '.join(literal.get(type(value), str)(value) for value in row)})" for row in rows)
    connection.execute(f"create table {table} as select * from (values {values}) as rows({columns})")


def noted(connection: duckdb.DuckDBPyConnection) -> list[tuple]:
    ends = "rounded_low, rounded_high, rounded_usual_low, rounded_usual_high"
    return connection.execute(f"select {ends} from registry.value_bound").fetchall()


def test_a_figure_that_lacks_a_school_is_bounded_by_all_that_is_known_of_it(
    small_core: duckdb.DuckDBPyConnection,
) -> None:
    assert note_bounds(small_core, PACK)
    # of 50 graduates nobody or everybody is placed; usually at least half as many as the 40 of last year
    assert noted(small_core) == [tuple(map(Decimal, ("68.0000", "88.0000", "76.0000", "88.0000")))]
    assert not note_bounds(small_core, PACK), "a second look finds the same"
    told = small_core.execute("select told from registry.value_bound").fetchone()
    assert told == ("缺报学校按通常变化使其在 76.00–88.00% 之间，最多在 68.00–88.00% 之间",)
    schools = small_core.execute("select school_code, call_order, narrows_percent from registry.value_bound_school")
    assert schools.fetchall() == [("s3", 1, Decimal("100.0"))]


def test_what_is_hidden_is_not_known_to_a_bound(small_core: duckdb.DuckDBPyConnection) -> None:
    hidden = "update core.fct_measure set value = null, status = 'suppressed'"
    small_core.execute(f"{hidden} where subject_code = 's3' and status = 'ok'")
    note_bounds(small_core, PACK)
    # neither the 50 of this year nor the 40 of last year: as of a school of which nothing is known
    assert noted(small_core)[0][:2] == (Decimal("0.0800"), Decimal("99.9900"))
    small_core.execute("update core.fct_indicator_value set value = null, numerator = null, status = 'suppressed'")
    assert note_bounds(small_core, PACK)
    assert noted(small_core) == [], "a hidden figure has no bound"


def test_a_region_that_lacks_nobody_has_no_bound(small_core: duckdb.DuckDBPyConnection) -> None:
    small_core.execute("update core.fct_indicator_value set status = 'ok'")
    assert not note_bounds(small_core, PACK)
    assert noted(small_core) == []


def test_a_school_that_another_merged_into_has_no_last_year(small_core: duckdb.DuckDBPyConnection) -> None:
    small_core.execute(f"insert into reference.change values ({YEAR}, 's3', 'merge')")
    note_bounds(small_core, PACK)
    assert noted(small_core) == [tuple(map(Decimal, ("68.0000", "88.0000", "68.0000", "88.0000")))]


OTHER = "450800"


@pytest.fixture
def two_regions(small_core: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """Another city beside the first, of which the same school is missing, with figures of its own."""
    copied = "select * replace ('{}' as {}) from {}"
    for table, column in (("core.fct_indicator_value", "subject_code"), ("reference.region_path", "ancestor_code")):
        small_core.execute(f"insert into {table} {copied.format(OTHER, column, table)}")
    return small_core


CHANGES = {
    "nothing": ("select 1", set()),
    "a figure of one region": (
        f"update core.fct_indicator_value set numerator = 171 where subject_code = '{OTHER}'",
        {OTHER},
    ),
    "what a missing school has reported": (
        "update core.fct_measure set value = 51 where subject_code = 's3' and value = 50",
        {CITY, OTHER},
    ),
    "what a school has reported that lacks nothing": (
        "update core.fct_measure set value = 91 where subject_code = 's1' and measure_code = 'placed'",
        set(),
    ),
    "another school is missing": (
        "update core.fct_measure set value = null, status = 'missing' where subject_code = 's2' and"
        " measure_code = 'placed'",
        {CITY, OTHER},
    ),
    "a school leaves a region": (f"delete from reference.region_path where ancestor_code = '{OTHER}'", {OTHER}),
    "a merger": (f"insert into reference.change values ({YEAR}, 's3', 'merge')", {CITY, OTHER}),
    "a figure is complete": (
        f"update core.fct_indicator_value set status = 'ok' where subject_code = '{OTHER}'",
        set(),
    ),
}


@pytest.mark.parametrize(("change", "worked_out"), CHANGES.values(), ids=CHANGES)
def test_only_bounds_that_are_made_from_something_else_are_worked_out_and_all_is_as_if_all_were(
    two_regions: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch, change: str, worked_out: set[str]
) -> None:
    assert note_bounds(two_regions, PACK)
    two_regions.execute(change)
    regions, work = [], module._Year._of_formula
    monkeypatch.setattr(module._Year, "_of_formula", lambda year, each: regions.append(each.region) or work(year, each))
    note_bounds(two_regions, PACK)
    assert set(regions) == worked_out
    everything = [f"select * from registry.{name}" for name in ("value_bound", "value_bound_school")]
    kept = [two_regions.execute(each).fetchall() for each in everything]
    assert not note_bounds(two_regions, PACK, anew=True), "all of them worked out again are what stood"
    two_regions.execute("delete from registry.value_bound; delete from registry.value_bound_school")
    note_bounds(two_regions, PACK)
    assert [two_regions.execute(each).fetchall() for each in everything] == kept, "in the same order"


def test_the_sentence_has_the_unit_once() -> None:
    assert value_with_bound("54.38", "%", 11, 12, "…") == "54.38%（11/12 所；…）"
    assert value_with_bound("12.20:1", ":1", 11, 12, "…") == "12.20:1（11/12 所；…）"
    assert value_with_bound("35205", "人", 11, 12, "…") == "35205 人（11/12 所；…）"


@pytest.mark.deep
def test_a_city_with_two_missing_schools_says_the_same_everywhere(empty: Settings, city: City) -> None:
    whole = pour_samples(city, empty.city_dir, YEAR, empty.inbox)
    assert whole
    for path in empty.inbox.iterdir():
        if any(code in path.name for code in ABSENT):
            path.unlink()
    run_all(empty, city, (YEAR,))
    with open_published(empty) as connection:
        figures = {each.indicator_code: each for each in bounded_figures(connection, CITY, YEAR)}
        schools = schools_to_call(connection, CITY, YEAR)
    placed = figures["placement_rate"]
    assert placed.n_expected - placed.n_reported >= len(ABSENT)
    assert placed.low <= placed.usual_low <= Decimal(placed.display) <= (placed.usual_high or 0) <= (placed.high or 0)
    assert set(ABSENT) <= {each.school_code for each in schools[:4]}, "who has sent nothing is called first"
    noted_rows = select(empty, "select count(*) from registry.value_bound").item()
    assert noted_rows == select(empty, "select count(*) from core.fct_value_bound").item() > 0
    where = {"NIANBAO_HOME": str(empty.home), "NIANBAO_CITY": str(empty.city_dir)}
    called = CliRunner().invoke(app, ["status", "--year", str(YEAR), "--json"], env=where)
    told = {each["indicator_code"]: each["told"] for each in json.loads(called.stdout)["bounds"]}
    assert told == {code: each.told for code, each in figures.items()}
