"""The sample city, read, judged and built on a Spark cluster by the command line, beside it on one machine."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from sources.system.settings import CITIES_ROOT, Settings
from tests.spark.standalone import LIGHT, Standalone
from tests.support.sample import PACK
from warehouse.run.compare_targets import compare_with_spark
from warehouse.run.spark import build_on_spark, missing_for_spark, spark_manifest, spark_warehouse
from warehouse.store.connection import open_working
from warehouse.store.ddl import PUBLIC_SCHEMAS

missing = missing_for_spark()
pytestmark = [pytest.mark.spark, pytest.mark.skipif(missing is not None, reason=missing or "")]

NIANBAO = str(Path(sys.executable).with_name("nianbao"))
YEARS = ("--year", "2022", "--year", "2023")
# A city is so small that compiling a plan to machine code takes longer than interpreting it.
INTERPRETED = (
    f"--conf spark.sql.codegen.wholeStage=false --conf spark.sql.codegen.factoryMode=NO_CODEGEN {LIGHT} pyspark-shell"
)


@pytest.fixture(scope="module", autouse=True)
def _interpreted(of_two: Standalone) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NIANBAO_SPARK_MASTER", of_two.address)
        patch.setenv("SPARK_LOCAL_IP", "127.0.0.1")
        patch.setenv("PYSPARK_SUBMIT_ARGS", INTERPRETED)
        yield


@pytest.fixture(scope="module")
def spark_city(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The sample city after `nianbao run --target spark`; its models do not exist on DuckDB yet."""
    settings = Settings(home=tmp_path_factory.mktemp("spark"), city_dir=CITIES_ROOT / "450700")
    nianbao(settings, "sample", *YEARS)
    run = nianbao(settings, "run", "--target", "spark", *YEARS)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "审核 25 份：接收 25，退回 0" in run.stdout
    return settings


def nianbao(settings: Settings, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"NIANBAO_HOME": str(settings.home), "NIANBAO_CITY": str(settings.city_dir)}
    return subprocess.run([NIANBAO, *arguments], env=environment, capture_output=True, text=True)


def test_every_value_of_every_public_table_is_the_same_on_both_engines(spark_city, capsys):
    compared = nianbao(spark_city, "compare-targets")
    with capsys.disabled():
        print(f"\n{compared.stdout.strip()}")
    assert compared.returncode == 0, compared.stdout + compared.stderr
    report = json.loads(nianbao(spark_city, "compare-targets", "--json").stdout)
    models = json.loads(spark_manifest(spark_city).read_bytes())["nodes"].values()
    public = [node for node in models if node["schema"] in PUBLIC_SCHEMAS]
    models = [node for node in public if node["resource_type"] == "model"]
    of_bounds = [node["alias"] for node in models if "value_bound" in node["alias"]]  # Python's, not the models'
    assert len(of_bounds) == 2
    assert report["tables"] == len(models) - len(of_bounds)
    assert report["values"] > 100_000
    assert report["different"] == 0


def test_one_changed_value_is_one_difference_and_asks_for_action(spark_city):
    where = "report_year = 2023 and scope_code = 'all' and indicator_code = 'students_full_time'"
    change = "update marts.scale set value = value {} 1 where " + where
    with open_working(spark_city) as connection:
        connection.execute(change.format("+"))
    compared = nianbao(spark_city, "compare-targets")
    with open_working(spark_city) as connection:
        connection.execute(change.format("-"))
    assert compared.returncode == 3
    assert "1 个不同" in compared.stdout
    assert "marts.scale  value  2023、450700、all、students_full_time" in compared.stdout


def test_tables_of_spark_that_are_older_than_the_data_are_not_compared(spark_city):
    with open_working(spark_city) as connection:
        connection.execute("update reference.region set name = name || '（改）'")
    assert compare_with_spark(spark_city, PACK) is None
    with open_working(spark_city) as connection:
        connection.execute("update reference.region set name = replace(name, '（改）', '')")


def test_a_model_that_fails_on_spark_leaves_the_last_tables_standing(spark_city):
    before = sorted(spark_warehouse(spark_city).rglob("*.parquet"))
    outcome = build_on_spark(
        spark_city, PACK, ("--select", "dim_scope", "dim_school")
    )  # built on a staging that is not there
    assert any("dim_school" in line for line in outcome.failed)
    assert sorted(spark_warehouse(spark_city).rglob("*.parquet")) == before


def test_times_and_amounts_keep_their_types_on_the_way_through_spark(spark_city):
    def types(table: str) -> dict[str, str]:
        files = spark_warehouse(spark_city) / table / "*.parquet"
        return dict(duckdb.sql(f"select column_name, column_type from (describe from '{files}')").fetchall())

    assert types("quality.db/submission")["received_at"] == "TIMESTAMP WITH TIME ZONE"
    assert types("quality.db/submission")["saved_at"] == "TIMESTAMP"
    assert types("core.db/fct_indicator_value")["value"] == "DECIMAL(38,12)"
