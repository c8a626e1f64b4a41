"""report → published copy → summary tables: what leaves the run."""

from functools import partial
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb

from orchestration.lib.asset_keys import PUBLISHED, SUMMARY_TABLES
from orchestration.lib.dbt_graph import DbtGraph
from orchestration.lib.failures import tells_failures
from orchestration.lib.groups import RELEASE
from orchestration.lib.installation import Installation
from orchestration.lib.metadata import markdown_table
from orchestration.lib.one_by_one import all_made, all_made_spec
from orchestration.lib.partitions import by_report_year
from orchestration.lib.specs import about, spec
from sources.declarations.city import City
from sources.system.faults import OneByOne
from warehouse.catalogue.catalogue import load_catalogue
from warehouse.catalogue.report_table import ReportTable
from warehouse.figures.printed_table import print_table
from warehouse.figures.region_year import RegionYear, load_region_year
from warehouse.release.data.summary_csv import write_table
from warehouse.run.publish import publish
from warehouse.store.connection import open_published

SUMMARY_TABLES_SPEC = spec(
    SUMMARY_TABLES,
    RELEASE,
    {"csv"},
    "年度报告的汇总表：从发布的数据库按报告的行序列出，每个报告年度一个文件夹。",
    [PUBLISHED],
)


def build_published_assets(city: City, graph: DbtGraph) -> list[dg.AssetsDefinition]:
    years = by_report_year(city)
    published_spec = spec(
        PUBLISHED,
        RELEASE,
        {"duckdb"},
        "发布的数据库：整体替换的只读副本，供查询；下一次运行写入时也可以查询。",
        [dg.AssetKey(asset.key) for asset in graph.assets],
    )
    return [
        dg.multi_asset(name="published", specs=[published_spec], pool="warehouse", **years)(published),
        dg.multi_asset(
            name="summary_tables",
            specs=[SUMMARY_TABLES_SPEC],
            check_specs=[all_made_spec(SUMMARY_TABLES)],
            **years,
        )(summary_tables),
    ]


@tells_failures
def published(context: dg.AssetExecutionContext, held: dg.ResourceParam[Installation]) -> dg.MaterializeResult:
    path = publish(held.settings)
    context.log.info(f"已发布：{path}")
    return dg.MaterializeResult(metadata={"路径": dg.MetadataValue.path(path), "大小（字节）": path.stat().st_size})


@tells_failures
def summary_tables(context: dg.AssetExecutionContext, held: dg.ResourceParam[Installation]) -> dg.MaterializeResult:
    metadata: dict[str, Any] = {}
    tables = OneByOne()
    years = [int(key) for key in context.partition_keys]
    with open_published(held.settings) as connection:
        for year in years:
            of = load_region_year(connection, load_catalogue(held.city.pack), year)
            folder = held.settings.summary_tables / str(year)
            for table in of.catalogue.tables.values():
                write = partial(_write_table, connection, of, table, folder)
                metadata |= tables.do(f"{year}年{table.name}", write) or {}
            context.log.info(f"{year}年汇总表：{folder}")
    for line in tables.failed:
        context.log.warning(f"没有做成：{line}")
    return dg.MaterializeResult(
        metadata=metadata, check_results=[all_made(SUMMARY_TABLES, about(years), tables.failed)]
    )


def _write_table(
    connection: duckdb.DuckDBPyConnection, of: RegionYear, table: ReportTable, folder: Path
) -> dict[str, dg.MetadataValue | str]:
    """Writes a table of a year; returns what the UI shows: the table, its notes, or why there is none."""
    try:
        printed = print_table(connection, of, table)
    except LookupError as error:
        if type(error) is not LookupError:
            raise  # a key that is missing somewhere is a mistake of ours
        return {f"{of.report_year} {table.name}": str(error)}
    write_table(printed, folder)
    shown: dict[str, dg.MetadataValue | str] = {
        f"{of.report_year} {printed.title}": markdown_table(printed.headings, printed.texts)
    }
    if printed.notes:
        shown[f"{of.report_year} {table.name} 注"] = "\n".join(note.text for note in printed.notes)
    return shown
