"""Declared tables come to be, grow with their declaration, and refuse a change of type."""

from dataclasses import replace

import duckdb
import pytest

from sources.declarations.contract import contract_named
from tests.support.sample import PACK
from warehouse.store.ddl import TableColumn, create_tables, raw_table

STAFF = raw_table(contract_named(PACK, "staff"))


def test_tables_carry_their_descriptions_as_comments(city_run, published):
    missing = published.execute(
        "select schema_name, table_name, column_name from duckdb_columns()"
        " where not internal and schema_name <> 'information_schema' and comment is null"
    ).fetchall()
    assert missing == []
    missing = published.execute("select schema_name, table_name from duckdb_tables() where comment is null").fetchall()
    assert missing == []


def test_a_new_column_is_added_and_rows_stay():
    connection = duckdb.connect()
    create_tables(connection, [STAFF])
    connection.execute("insert into raw.staff (submission_id, record, teachers_full_time) values ('a', 0, 7)")
    create_tables(connection, [replace(STAFF, columns=(*STAFF.columns, TableColumn("tutors", "bigint", "班主任数")))])
    assert connection.execute("select teachers_full_time, tutors from raw.staff").fetchall() == [(7, None)]


def test_a_changed_type_is_refused_with_what_to_do():
    connection = duckdb.connect()
    create_tables(connection, [STAFF])
    changed = tuple(replace(c, type="varchar") if c.name == "staff_total" else c for c in STAFF.columns)
    with pytest.raises(RuntimeError, match=r"staff_total 的类型由 bigint 改为 varchar"):
        create_tables(connection, [replace(STAFF, columns=changed)])
