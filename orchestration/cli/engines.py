"""The same models on Apache Spark, and whether both engines have computed the same."""

from enum import StrEnum
from typing import TYPE_CHECKING

import typer

from orchestration.cli.console import (
    ACTION_NEEDED,
    RUN_FAILED,
    AsJson,
    Panel,
    app,
    console,
    fail,
    installation,
    notices,
    print_json,
    say_more,
)
from orchestration.lib.terminal import Terminal
from sources.declarations.pack import Pack
from sources.system.settings import Settings

if TYPE_CHECKING:
    from warehouse.run.compare_targets import Comparison


SHOWN_DIFFERENCES = 50


class Engine(StrEnum):
    """Where the models are built."""

    duckdb = "duckdb"
    spark = "spark"


def build_models_on_spark(settings: Settings, pack: Pack, out: Terminal) -> None:
    """Builds and tests the models on Spark; exits with a message when that fails."""
    from warehouse.run.spark import build_on_spark, spark_warehouse

    with out.status("在 Spark 上建模……"):
        outcome = build_on_spark(settings, pack)
    if outcome.failed:
        notices.print("\n".join(outcome.failed), highlight=False)
        notices.print("在 Spark 上建模失败，上一次的结果保持不变。", style="red")
        raise typer.Exit(RUN_FAILED)
    out.print(f"Spark     数据模型 {outcome.models} 个，检验 {outcome.tests} 项，未通过 0 项")
    out.print(f"数据表    {spark_warehouse(settings)}（Parquet）", soft_wrap=True)
    out.print("与 DuckDB 的结果逐值比较：nianbao compare-targets")


def refuse_without_spark() -> None:
    from warehouse.run.spark import missing_for_spark

    if missing := missing_for_spark():
        fail(missing)


@app.command(name="compare-targets", rich_help_panel=Panel.DEVELOP)
def compare_targets(as_json: AsJson = False) -> None:
    """逐值比较 DuckDB 与 Spark 建出的数据表；先在 DuckDB 上补建没有建好的。有不同时返回码为 3。"""
    from warehouse.run.compare_targets import compare_with_spark
    from warehouse.run.spark import spark_built_from

    settings, city = installation()
    if spark_built_from(settings) is None:
        fail("还没有在 Spark 上建模。请先运行 nianbao run --target spark。")
    comparison = compare_with_spark(settings, city.pack)
    if comparison is None:
        fail("Spark 上的数据表不是由现有的填报数据建出的。请再运行一次 nianbao run --target spark。")
    if as_json:
        print_json(
            {"tables": comparison.tables, "values": comparison.values, "different": comparison.differing}
            | {"differences": [vars(each) for each in comparison.differences]}
        )
    else:
        print_comparison(comparison)
    if comparison.differing:
        raise typer.Exit(ACTION_NEEDED)


def print_comparison(comparison: "Comparison") -> None:
    for each in comparison.differences[:SHOWN_DIFFERENCES]:
        place = "  ".join(filter(None, (each.table, each.column, each.row)))
        console.print(f"{place}：DuckDB {each.duckdb}，Spark {each.spark}", highlight=False)
    say_more(len(comparison.differences) - SHOWN_DIFFERENCES)
    console.print(
        f"DuckDB 与 Spark 比较 {comparison.tables} 张表，{comparison.values} 个值，{comparison.differing} 个不同"
    )
