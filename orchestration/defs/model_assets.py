"""raw → staging → intermediate → core → marts → quality → report: the dbt models as assets, their tests as checks."""

from collections.abc import Iterator
from typing import Any

import dagster as dg
import duckdb
import polars as pl

from orchestration.lib.asset_keys import ANEW
from orchestration.lib.dbt_graph import DbtGraph
from orchestration.lib.metadata import PREVIEW_ROWS, column_schema, frame_preview, row_counts
from orchestration.lib.partitions import by_report_year
from sources.declarations.city import City
from sources.system.settings import Settings
from warehouse.run.build import Build, NodeResult, build
from warehouse.run.changed import record_build
from warehouse.store.sql import query

PREVIEWED_SCHEMAS = ("marts", "quality", "report")


def build_transform_assets(settings: Settings, city: City, graph: DbtGraph) -> dg.AssetsDefinition:
    asset_of = {asset.unique_id: asset for asset in graph.assets}
    check_of = {check.unique_id: check for check in graph.checks}

    @dg.multi_asset(
        name="transform",
        specs=[
            dg.AssetSpec(
                asset.key,
                deps=[dg.AssetKey(dep) for dep in asset.deps],
                description=asset.description,
                group_name=asset.group,
                kinds={"dbt", "duckdb"},
                metadata=column_schema(asset.columns),
            )
            for asset in graph.assets
        ],
        check_specs=[
            dg.AssetCheckSpec(
                check.name,
                asset=dg.AssetKey(check.asset),
                additional_deps=[dg.AssetKey(dep) for dep in check.deps],
                blocking=check.blocking,
                description=check.description,
            )
            for check in graph.checks
        ],
        can_subset=True,
        pool="warehouse",
        **by_report_year(city),
    )
    def transform(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
        selected = None
        if context.is_subset:
            assets = {id_ for id_, asset in asset_of.items() if dg.AssetKey(asset.key) in context.selected_asset_keys}
            checks = {id_ for id_, check in check_of.items() if _key(check) in context.selected_asset_check_keys}
            selected = assets | checks
        counts: dict[str, int] = {}
        previews: dict[tuple[str, str], pl.DataFrame] = {}

        def look_at(connection: duckdb.DuckDBPyConnection, outcome: Build) -> None:
            relations = [asset_of[node.unique_id].key for node in outcome.built]
            counts.update(row_counts(connection, relations))
            for schema, name in relations:
                if schema in PREVIEWED_SCHEMAS:
                    previews[schema, name] = query(connection, f'select * from {schema}."{name}" limit {PREVIEW_ROWS}')
            if selected is None:
                record_build(connection, settings, city)

        outcome = build(settings, selected, anew=ANEW in context.run.tags, finish=look_at)
        for node in outcome.built:
            relation = asset_of[node.unique_id].key
            metadata: dict[str, Any] = {"秒": round(node.seconds, 3), "dagster/row_count": counts[".".join(relation)]}
            if node.was_kept:
                metadata["沿用"] = "读入的内容没有变化，沿用上次建成的。"
            if relation in previews:
                metadata["预览"] = frame_preview(previews[relation])
            yield dg.MaterializeResult(dg.AssetKey(relation), metadata=metadata)
        tested = [node for node in outcome.nodes if node.unique_id in check_of and node.status != "skipped"]
        for node in tested:
            yield _check_result(_key(check_of[node.unique_id]), node)
        failed = sum(node.status != "pass" for node in tested)
        kept = sum(node.was_kept for node in outcome.built)
        context.log.info(
            f"数据模型 {len(outcome.built)} 个（沿用 {kept} 个），检验 {len(tested)} 项，未通过 {failed} 项"
        )
        if not outcome.success:
            raise dg.Failure(
                description="数据模型没有全部建成，已发布的数据保持不变。",
                metadata={"原因": dg.MetadataValue.text(outcome.error or "")},
                allow_retries=False,
            )

    return transform


def _key(check: Any) -> dg.AssetCheckKey:
    return dg.AssetCheckKey(dg.AssetKey(check.asset), check.name)


def _check_result(key: dg.AssetCheckKey, node: NodeResult) -> dg.AssetCheckResult:
    metadata: dict[str, Any] = {"未通过的行数": node.failures or 0, "秒": round(node.seconds, 3)}
    if node.failing is not None:
        metadata["未通过的行"] = frame_preview(node.failing, node.failing.height)
    if node.status == "error":
        metadata["原因"] = node.message or ""
    return dg.AssetCheckResult(
        asset_key=key.asset_key,
        check_name=key.name,
        passed=node.status == "pass",
        severity=dg.AssetCheckSeverity.ERROR,
        metadata=metadata,
    )
