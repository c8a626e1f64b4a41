"""The published file declares keys, closed lists and comments; its rows are those of the working database."""

from contextlib import closing
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from sources.system.settings import Settings
from tests.crash.installation import content
from warehouse.catalogue.catalogue import load_catalogue
from warehouse.catalogue.public_tables import PublicTable, public_tables
from warehouse.run.shape import plain_copy, shaped_copy
from warehouse.store.ddl import PUBLIC_SCHEMAS

AT_MOST = 12_500_000
"""Bytes of the sample city's published file, as promised (0055)."""
RELATIONS = (
    "select schema_name, table_name, sql, comment from duckdb_tables() where not internal"
    " union all select schema_name, view_name, sql, comment from duckdb_views() where not internal order by all"
)
COLUMNS = (
    "select schema_name, table_name, column_index, column_name, data_type, comment from duckdb_columns()"
    " where not internal order by all"
)


@pytest.fixture(scope="module")
def tables(city) -> tuple[PublicTable, ...]:
    return public_tables(load_catalogue(city.pack))


def at(folder: Path) -> Path:
    """A file in a folder of its own: views know their database by its file's name."""
    folder.mkdir()
    return folder / "nianbao.duckdb"


def opened(path: Path) -> "closing[duckdb.DuckDBPyConnection]":
    return closing(duckdb.connect(str(path), read_only=True))


def constraints(connection: duckdb.DuckDBPyConnection, kind: str) -> dict[tuple[str, str], set[tuple[str, ...]]]:
    found: dict[tuple[str, str], set[tuple[str, ...]]] = {}
    for schema, table, columns in connection.execute(
        "select schema_name, table_name, constraint_column_names from duckdb_constraints() where constraint_type = ?",
        [kind],
    ).fetchall():
        found.setdefault((schema, table), set()).add(tuple(columns))
    return found


def test_every_public_table_has_its_declared_primary_key(published, tables):
    keys = constraints(published, "PRIMARY KEY")
    assert {(table.schema, table.name): {table.key} for table in tables} == {
        name: key for name, key in keys.items() if name[0] in PUBLIC_SCHEMAS
    }
    assert [table.qualified for table in tables if not table.key or not table.grain] == []
    there = published.execute(
        "select schema_name, table_name from duckdb_tables() where list_contains(?, schema_name)",
        [list(PUBLIC_SCHEMAS)],
    ).fetchall()
    assert {(table.schema, table.name) for table in tables} == set(there)


def test_foreign_keys_are_declared_within_a_schema_and_hold_across_schemas(published, tables):
    declared = constraints(published, "FOREIGN KEY")
    for table in tables:
        within = {key.columns for key in table.foreign_keys if key.schema == table.schema}
        assert within <= declared.get((table.schema, table.name), set()), table.qualified
        for key in table.foreign_keys:
            own, to = ", ".join(key.columns), ", ".join(key.to_columns)
            lost = f"select {own} from {table.qualified} except select {to} from {key.schema}.{key.table}"
            rows = published.execute(lost).fetchall()
            assert not [row for row in rows if None not in row], (table.qualified, key.told)
    assert declared[("core", "fct_indicator_value")] >= {("indicator_code",), ("scope_code",), ("region_code",)}
    assert ("report_year", "school_code") in declared[("core", "brg_scope_school")]


def test_closed_lists_are_enumerated_types(published, tables):
    types = {
        (schema, table, column): data_type
        for schema, table, _, column, data_type, _ in published.execute(COLUMNS).fetchall()
    }
    for table in tables:
        for column in table.columns:
            made = types[table.schema, table.name, column.name]
            listed = ", ".join(f"'{value}'" for value in column.allowed)
            assert (made == f"ENUM({listed})") if column.allowed else not made.startswith("ENUM"), column
    assert types["core", "dim_school", "ownership"] == "ENUM('private', 'public')"
    assert "'suppressed'" in types["core", "fct_indicator_value", "status"]
    with pytest.raises(duckdb.ConversionException):
        published.execute("select cast('good' as enum('missing', 'ok'))").fetchall()


def test_every_table_view_and_column_has_a_comment(published):
    assert [row[:2] for row in published.execute(RELATIONS).fetchall() if not row[3]] == []
    assert [row[:4] for row in published.execute(COLUMNS).fetchall() if not row[5]] == []


def test_the_catalogue_says_what_each_table_is_for_and_its_question_is_answered(published, tables):
    rows = published.execute(
        "select schema_name, table_name, purpose, grain, key, question, example from catalogue.table order by position"
    ).fetchall()
    assert [row[:2] for row in rows] == [(table.schema, table.name) for table in tables]
    for schema, table, purpose, grain, key, question, example in rows:
        assert all((purpose, grain, key, question)), table
        assert f"{schema}.{table}" in example
        published.execute(example).fetchall()
    assert published.execute("select count(*) from catalogue.column").fetchone() == (
        sum(len(table.columns) for table in tables),
    )
    newest = published.execute(next(row[6] for row in rows if row[:2] == ("marts", "scale"))).fetchall()
    assert {row[0] for row in newest} == {2023}


def test_the_file_is_small_and_has_no_gaps(city_run, published):
    assert city_run.published_database.stat().st_size <= AT_MOST
    blocks, free = published.execute("select total_blocks, free_blocks from pragma_database_size()").fetchone()
    assert free / blocks < 0.05


def test_publishing_twice_gives_the_same_rows_and_a_working_database_comes_back_as_it_was(city_run, tmp_path):
    working = city_run.working_database
    once, twice, again = (at(tmp_path / name) for name in ("once", "twice", "again"))
    shaped_copy(city_run, working, once)
    shaped_copy(city_run, working, twice)
    assert content(once, ()) == content(twice, ()) == content(working, ())
    plain_copy(city_run, once, again)
    assert content(again, ()) == content(working, ())
    with opened(again) as made, opened(working) as was:
        for sql in (RELATIONS, COLUMNS):
            assert made.execute(sql).fetchall() == was.execute(sql).fetchall()


def test_the_published_file_lends_its_definitions_while_they_are_the_same_and_only_then(city_run, tmp_path):
    working, fresh = city_run.working_database, replace(city_run, home=tmp_path / "none")
    lent, made = (at(tmp_path / name) for name in ("lent", "made"))
    shaped_copy(city_run, working, lent)
    shaped_copy(fresh, working, made)
    for sql in (RELATIONS, COLUMNS):
        with opened(lent) as one, opened(made) as two, opened(city_run.published_database) as last:
            assert one.execute(sql).fetchall() == two.execute(sql).fetchall() == last.execute(sql).fetchall()
    for number, change in enumerate(
        (
            "comment on column core.dim_school.school_code is 'another'",
            "create view staging.another as select 1 as one",
            "update catalogue.column set allowed = list_append(allowed, 'another')"
            " where (table_name, column_name) = ('dim_school', 'ownership')",
        )
    ):
        changed, other = at(tmp_path / f"changed{number}"), at(tmp_path / f"other{number}")
        changed.write_bytes(working.read_bytes())
        with closing(duckdb.connect(str(changed))) as connection:
            connection.execute(change)
        shaped_copy(city_run, changed, other)
        with opened(other) as connection:
            assert "'another'" in str([connection.execute(sql).fetchall() for sql in (RELATIONS, COLUMNS)]), change


@pytest.mark.deep
def test_a_file_with_a_large_table_is_copied_and_only_its_small_tables_are_replaced(city_run, tmp_path, monkeypatch):
    monkeypatch.setattr("warehouse.run.shape.MOST_ROWS", 300)
    target, again = at(tmp_path / "large"), at(tmp_path / "again")
    shaped_copy(city_run, city_run.working_database, target)
    assert content(target, ()) == content(city_run.working_database, ())
    with opened(target) as connection:
        keys = constraints(connection, "PRIMARY KEY")
        assert ("core", "dim_school") in keys
        assert ("core", "fct_indicator_value") not in keys
        assert ("quality", "register") in keys
    plain_copy(city_run, target, again)
    assert content(again, ()) == content(city_run.working_database, ())
    with opened(again) as made, opened(city_run.working_database) as was:
        assert made.execute(RELATIONS).fetchall() == was.execute(RELATIONS).fetchall()


@pytest.mark.deep
def test_what_an_earlier_version_published_becomes_a_working_database_as_it_is(city_run: Settings, tmp_path: Path):
    """It has no catalogue and no keys."""
    old, again, target = (at(tmp_path / name) for name in ("old", "again", "target"))
    old.write_bytes(city_run.working_database.read_bytes())
    with closing(duckdb.connect(str(old))) as connection:
        connection.execute("drop schema catalogue cascade")
    plain_copy(city_run, old, again)
    assert content(again, ()) == content(old, ())
    shaped_copy(city_run, old, target)
    assert content(target, ()) == content(old, ())
