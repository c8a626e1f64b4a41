"""report → published copy → summary tables: what leaves the run."""

from collections.abc import Iterable
from typing import Any

import dagster as dg
import duckdb

from orchestration.lib.asset_keys import PUBLISHED, SUMMARY_TABLES
from orchestration.lib.dbt_graph import DbtGraph
from orchestration.lib.groups import RELEASE
from orchestration.lib.installation import Installation
from orchestration.lib.metadata import markdown_table
from orchestration.lib.partitions import by_report_year
from orchestration.lib.specs import spec
from sources.declarations.city import City
from sources.system.settings import Settings
from warehouse.catalogue.catalogue import load_catalogue
from warehouse.figures.printed_table import print_table
from warehouse.figures.region_year import load_region_year
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
        dg.multi_asset(name="summary_tables", specs=[SUMMARY_TABLES_SPEC], **years)(summary_tables),
    ]


def published(context: dg.AssetExecutionContext, held: dg.ResourceParam[Installation]) -> dg.MaterializeResult:
    path = publish(held.settings)
    context.log.info(f"已发布：{path}")
    return dg.MaterializeResult(metadata={"路径": dg.MetadataValue.path(path), "大小（字节）": path.stat().st_size})


def summary_tables(context: dg.AssetExecutionContext, held: dg.ResourceParam[Installation]) -> dg.MaterializeResult:
    metadata: dict[str, Any] = {}
    with open_published(held.settings) as connection:
        for year in map(int, context.partition_keys):
            metadata |= dict(_write_tables(connection, held.settings, year))
            context.log.info(f"{year}年汇总表：{held.settings.summary_tables / str(year)}")
    return dg.MaterializeResult(metadata=metadata)


def _write_tables(
    connection: duckdb.DuckDBPyConnection, settings: Settings, year: int
) -> Iterable[tuple[str, dg.MetadataValue | str]]:
    """Writes every table of a year; yields what the UI shows: each table, its notes, or why there is none."""
    of = load_region_year(connection, load_catalogue(), year)
    for table in of.catalogue.tables.values():
        try:
            printed = print_table(connection, of, table)
        except LookupError as error:
            yield f"{year} {table.name}", str(error)
            continue
        write_table(printed, settings.summary_tables / str(year))
        yield f"{year} {printed.title}", markdown_table(printed.headings, printed.texts)
        if printed.notes:
            yield f"{year} {table.name} 注", "\n".join(note.text for note in printed.notes)
