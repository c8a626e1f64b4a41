"""Builds the same models on Apache Spark: writes the inputs as Parquet; dbt builds Parquet tables from them.

`<home>/spark/<schema>/<table>.parquet` is what goes in (raw, registry, reference), `<home>/spark/warehouse/` what comes
out: a folder a schema, a folder of Parquet files a table. It is swapped in whole once every model is built and every
test has passed. dbt and Spark run in a process of their own, which takes the Java machine away with it.
"""

import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from sources.declarations.pack import Pack
from sources.system.access import private_folder
from sources.system.faults import ToldError
from sources.system.settings import Settings
from sources.system.whole_file import whole_file
from warehouse.run.changed import fingerprint_for_spark
from warehouse.run.compile import dbt_arguments, project_of
from warehouse.store.connection import open_working, working_lock
from warehouse.store.ddl import Table, all_tables
from warehouse.store.sql import quoted

BUILT_FROM = "built_from.txt"
FAILED = ("error", "fail")


class SparkMissingError(ToldError):
    """PySpark, dbt's adapter or Java is not installed."""


@dataclass(frozen=True)
class SparkBuild:
    """The outcome of a build on Spark: the number of models and tests, and the errors, one a line."""

    models: int
    tests: int
    failed: tuple[str, ...]


def spark_folder(settings: Settings) -> Path:
    return settings.home / "spark"


def spark_warehouse(settings: Settings) -> Path:
    """The tables that Spark built last: `<schema>.db/<table>/*.parquet`."""
    return spark_folder(settings) / "warehouse"


def spark_manifest(settings: Settings) -> Path:
    """dbt's manifest of the last build on Spark."""
    return spark_folder(settings) / "dbt" / "manifest.json"


def spark_dbt() -> Path:
    """dbt with its Spark adapter, in an environment of its own within this one (`make .venv/spark.stamp`)."""
    return Path(sys.prefix, "spark", "bin", "dbt")


def spark_python() -> Path:
    """The Python of that environment."""
    return spark_dbt().with_name("python")


def missing_for_spark() -> str | None:
    """A sentence in Chinese that names what is missing and how to install it; None when Spark can run here."""
    if not spark_dbt().exists():
        return "在 Spark 上建模要先安装 PySpark（约 430 MB）：make .venv/spark.stamp"
    java = Path(os.environ["JAVA_HOME"], "bin", "java") if os.environ.get("JAVA_HOME") else "java"
    if not shutil.which(java):
        return "在 Spark 上建模要先安装 Java 17：apt-get install openjdk-17-jre-headless，或设置 JAVA_HOME"
    return None


def export_sources(connection: duckdb.DuckDBPyConnection, settings: Settings, pack: Pack) -> list[Path]:
    """Writes every table of raw, registry and reference as Parquet, types kept; returns the files.

    The rows are in the order of the table's key, so that the same rows give the same bytes. DuckDB streams them.
    """
    return [_export(connection, table, spark_folder(settings)) for table in all_tables(pack)]


def _export(connection: duckdb.DuckDBPyConnection, table: Table, folder: Path) -> Path:
    target = folder / table.schema / f"{table.name}.parquet"
    columns = ", ".join(f'"{column.name}"' for column in table.columns)
    order = ", ".join(table.key) or "all"
    with whole_file(target) as partial:
        connection.execute(
            f"copy (select {columns} from {table.qualified} order by {order}) to {quoted(str(partial))}"
            " (format parquet, compression zstd)"
        )
    return target


def spark_built_from(settings: Settings) -> str | None:
    """The fingerprint of what Spark's tables were built from; None when there are none."""
    note = spark_warehouse(settings) / BUILT_FROM
    return note.read_text(encoding="utf-8") if note.exists() else None


def build_on_spark(
    settings: Settings, pack: Pack, arguments: Sequence[str] = ("--exclude-resource-type", "unit_test")
) -> SparkBuild:
    """Exports what intake wrote, builds and tests all models on Spark, and swaps their tables in if nothing failed.

    Raises SparkMissingError when something is not installed.
    """
    if missing := missing_for_spark():
        raise SparkMissingError(missing)
    building = spark_folder(settings) / "building"
    with working_lock(settings):
        with open_working(settings) as connection:
            private_folder(spark_folder(settings))
            export_sources(connection, settings, pack)
            inputs = fingerprint_for_spark(connection)
        shutil.rmtree(building, ignore_errors=True)
        building.mkdir(parents=True)
        with project_of(pack) as project:
            outcome = _dbt_build(settings, project, building, arguments)
        if not outcome.failed:
            (building / BUILT_FROM).write_text(inputs, encoding="utf-8")
            _swap_in(building, spark_warehouse(settings))
    return outcome


def _swap_in(built: Path, target: Path) -> None:
    """Replaces a folder by another; a reader finds the old one or the new one, or for an instant none."""
    outdated = target.with_name(f"{target.name}.outdated")
    shutil.rmtree(outdated, ignore_errors=True)
    if target.exists():
        target.rename(outdated)
    built.rename(target)
    shutil.rmtree(outdated, ignore_errors=True)


def _dbt_build(settings: Settings, project: Path, warehouse: Path, arguments: Sequence[str]) -> SparkBuild:
    """One `dbt build --target spark` in a process of its own."""
    target = spark_manifest(settings).parent
    results_file = target / "run_results.json"
    results_file.unlink(missing_ok=True)
    environment = os.environ | {
        "NIANBAO_SPARK_SOURCES": str(spark_folder(settings)),
        "NIANBAO_SPARK_WAREHOUSE": str(warehouse),
        "DO_NOT_TRACK": "1",
    }
    process = subprocess.run(
        [str(spark_dbt()), *dbt_arguments(["build", "--target", "spark", *arguments], target, project)],
        env=environment,
        cwd=spark_folder(settings),
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    results = json.loads(results_file.read_bytes())["results"] if results_file.exists() else []
    failed = [f"{each['unique_id']}: {each['message']}" for each in results if each["status"] in FAILED]
    kinds = Counter(each["unique_id"].partition(".")[0] for each in results)
    return SparkBuild(kinds["model"], kinds["test"], tuple(failed or [process.stdout] if process.returncode else []))
