"""What the comparison of DuckDB with Spark sees; Spark's part is played by Parquet files that DuckDB wrote."""

from pathlib import Path

import duckdb
import pytest

from sources.system.settings import Settings
from tests.support.sample import PACK
from warehouse.run.compare_targets import compare_targets, public_tables
from warehouse.run.spark import export_sources, missing_for_spark
from warehouse.store.connection import open_working

MANIFEST = """{"nodes": {
    "model.m": {"resource_type": "model", "unique_id": "model.m", "schema": "marts", "alias": "m"},
    "model.f": {"resource_type": "model", "unique_id": "model.f", "schema": "quality", "alias": "f"},
    "model.i": {"resource_type": "model", "unique_id": "model.i", "schema": "intermediate", "alias": "i"},
    "test.key": {"resource_type": "test", "attached_node": "model.m", "schema": "x", "name": "k",
        "test_metadata": {"name": "unique_combination", "kwargs": {"columns": ["school", "year"]}}}}}"""


@pytest.fixture
def sides(tmp_path: Path):
    """A table with a key and one without, equal on both sides; SQL on Spark's side is done before it is written."""
    connection = duckdb.connect()
    for catalogue in ("memory", "spark"):
        connection.execute(f"attach if not exists ':memory:' as {catalogue}; use {catalogue}")
        connection.execute("create schema marts; create schema quality")
        connection.execute("create table marts.m (school varchar, year bigint, rate decimal(38,12), note varchar)")
        connection.execute(
            "insert into marts.m values ('a', 2023, 1.5, null), ('b', 2023, null, 'x'), ('b', 2022, 7, '')"
        )
        connection.execute("create table quality.f (rule varchar, cell varchar)")
        connection.execute("insert into quality.f values ('r', 'A1'), ('r', 'A1'), ('s', null)")
    connection.execute("use memory")
    (tmp_path / "manifest.json").write_text(MANIFEST)

    def compare(*changes: str, written: tuple[str, ...] = ("marts.m", "quality.f")):
        for change in changes:
            connection.execute(f"use spark; {change}; use memory")
        for table in written:
            folder = tmp_path / table.replace(".", ".db/")
            folder.mkdir(parents=True, exist_ok=True)
            connection.execute(f"copy spark.{table} to '{folder}/part-0.parquet' (format parquet)")
        return compare_targets(connection, tmp_path / "manifest.json", tmp_path)

    return compare


def described(comparison) -> list[tuple[str, str, str, str, str]]:
    return [(d.table, d.column, d.row, d.duckdb, d.spark) for d in comparison.differences]


def test_equal_tables_are_counted_and_do_not_differ(sides):
    comparison = sides()
    assert (comparison.tables, comparison.values, comparison.differing) == (2, 3 * 4 + 3 * 2, 0)


def test_one_changed_value_is_one_difference_with_its_place(sides):
    comparison = sides("update marts.m set rate = rate + 0.000000000001 where school = 'a'")
    assert comparison.differing == 1
    assert described(comparison) == [("marts.m", "rate", "a、2023", "1.500000000000", "1.500000000001")]


@pytest.mark.parametrize(
    "change", ["note = '' where school = 'a'", "note = null where note = ''", "rate = 0 where rate is null"]
)
def test_null_is_neither_empty_nor_zero(sides, change):
    assert sides(f"update marts.m set {change}").differing == 1


def test_a_row_on_one_side_only_differs_in_all_its_values(sides):
    comparison = sides("delete from marts.m where year = 2022", "insert into marts.m values ('c', 2023, 1, 'y')")
    assert (comparison.values, comparison.differing) == (4 * 4 + 3 * 2, 2 * 4)
    assert described(comparison) == [("marts.m", "", "b、2022", "有", "没有"), ("marts.m", "", "c、2023", "没有", "有")]


def test_without_a_key_equal_rows_are_counted(sides):
    comparison = sides("insert into quality.f values ('r', 'A1')")
    assert comparison.differing == 2
    assert described(comparison)[0][2:] == ("r、A1、3", "没有", "有")


def test_another_type_is_a_difference_of_the_whole_column_even_of_equal_values(sides):
    comparison = sides("alter table marts.m alter year type integer")
    assert comparison.differing == 3
    assert described(comparison) == [("marts.m", "year", "", "BIGINT", "INTEGER")]


def test_a_column_that_spark_lacks_is_told(sides):
    assert described(sides("alter table marts.m drop note")) == [("marts.m", "note", "", "VARCHAR", "没有")]


def test_a_table_that_spark_has_not_written_is_an_error(sides):
    with pytest.raises(FileNotFoundError, match=r"marts\.m"):
        sides(written=())


def test_only_what_users_see_is_compared_by_the_key_that_is_tested():
    import json

    assert public_tables(json.loads(MANIFEST)) == {("marts", "m"): ("school", "year"), ("quality", "f"): ()}


def test_sources_go_to_parquet_with_their_types_and_the_same_bytes_each_time(fresh_copy: Settings):
    with open_working(fresh_copy) as connection:
        files = export_sources(connection, fresh_copy, PACK)
        first = {file: file.read_bytes() for file in files}
        # the same rows, stored in another order
        connection.execute("create table t as select * from raw.majors order by random(); delete from raw.majors")
        connection.execute("insert into raw.majors select * from t; drop table t")
        assert {file: file.read_bytes() for file in export_sources(connection, fresh_copy, PACK)} == first
        for file in files:
            table = f"{file.parent.name}.{file.stem}"
            assert connection.sql(f"from '{file}'").types == connection.sql(f"from {table}").types
            assert connection.sql(f"(from {table}) except all (from '{file}')").fetchall() == []


def test_without_java_spark_is_refused_with_what_to_install(monkeypatch):
    monkeypatch.setattr("warehouse.run.spark.spark_dbt", lambda: Path(__file__))
    monkeypatch.setenv("JAVA_HOME", "/nowhere")
    assert "openjdk-17" in (missing_for_spark() or "")
    monkeypatch.setattr("warehouse.run.spark.spark_dbt", lambda: Path("/nowhere/dbt"))
    assert "make .venv/spark.stamp" in (missing_for_spark() or "")
