"""report → published copy → summary tables: what leaves the run."""

from typing import Any

import dagster as dg

from orchestration.lib.asset_keys import PUBLISHED, SUMMARY_TABLES
from orchestration.lib.dbt_graph import DbtGraph
from orchestration.lib.groups import RELEASE
from orchestration.lib.metadata import markdown_table
from orchestration.lib.partitions import by_report_year
from sources.declarations.city import City
from sources.system.settings import Settings
from warehouse.catalogue.report_table import load_report_tables
from warehouse.figures.table_texts import print_table
from warehouse.release.data.summary_csv import write_csv
from warehouse.run.publish import publish
from warehouse.store.connection import open_published


def build_release_assets(settings: Settings, city: City, graph: DbtGraph) -> list[dg.AssetsDefinition]:
    models = [dg.AssetKey(asset.key) for asset in graph.assets]

    @dg.asset(
        key=PUBLISHED,
        deps=models,
        group_name=RELEASE,
        kinds={"duckdb"},
        pool="warehouse",
        **by_report_year(city),
        description="发布的数据库：整体替换的只读副本，供查询；下一次运行写入时也可以查询。",
    )
    def published(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        path = publish(settings)
        context.log.info(f"已发布：{path}")
        return dg.MaterializeResult(metadata={"路径": dg.MetadataValue.path(path), "大小（字节）": path.stat().st_size})

    @dg.asset(
        key=SUMMARY_TABLES,
        deps=[PUBLISHED],
        group_name=RELEASE,
        kinds={"csv"},
        **by_report_year(city),
        description="年度报告的汇总表：从发布的数据库按报告的行序列出，每个报告年度一个文件夹。",
    )
    def summary_tables(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        metadata: dict[str, Any] = {}
        with open_published(settings) as connection:
            for year in context.partition_keys:
                for table in load_report_tables().values():
                    try:
                        printed = print_table(connection, table, int(year))
                    except LookupError as error:
                        metadata[f"{year} {table.name}"] = str(error)
                        continue
                    write_csv(printed, settings.summary_tables / year)
                    metadata[f"{year} {printed.title}"] = markdown_table(printed.headings, printed.rows)
                    if printed.notes:
                        metadata[f"{year} {table.name} 注"] = "\n".join(printed.notes)
                context.log.info(f"{year}年汇总表：{settings.summary_tables / year}")
        return dg.MaterializeResult(metadata=metadata)

    return [published, summary_tables]
