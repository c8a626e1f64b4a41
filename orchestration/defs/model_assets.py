"""raw → staging → intermediate → core → marts → quality → report: the dbt models as assets, their tests as checks."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import dagster as dg
import duckdb
import polars as pl

from orchestration.lib.asset_keys import ANEW
from orchestration.lib.column_lineage import column_lineage
from orchestration.lib.dbt_graph import DbtGraph, ModelAsset, ModelCheck
from orchestration.lib.installation import Installation
from orchestration.lib.metadata import PREVIEW_ROWS, column_schema, frame_preview, row_counts
from orchestration.lib.partitions import by_report_year
from orchestration.lib.specs import about, spec
from sources.declarations.city import City
from warehouse.catalogue.catalogue import load_catalogue
from warehouse.run.build import Build, NodeResult, build
from warehouse.run.changed import record_build
from warehouse.store.sql import query

Relation = tuple[str, str]
PREVIEWED_SCHEMAS = ("marts", "quality", "report")


def build_model_assets(city: City, graph: DbtGraph) -> dg.AssetsDefinition:
    return dg.multi_asset(
        name="transform",
        specs=list(map(_model_spec, graph.assets)),
        check_specs=list(map(_check_spec, graph.checks)),
        can_subset=True,
        pool="warehouse",
        **by_report_year(city),
    )(transform)


def _model_spec(asset: ModelAsset) -> dg.AssetSpec:
    metadata = column_schema(asset.columns) | column_lineage(load_catalogue(), asset.key)
    deps = [dg.AssetKey(dep) for dep in asset.deps]
    shown = spec(dg.AssetKey(asset.key), asset.group, {"dbt", "duckdb"}, asset.description, deps, metadata)
    return shown.merge_attributes(tags=dict.fromkeys(asset.tags, ""))


def _check_spec(check: ModelCheck) -> dg.AssetCheckSpec:
    return dg.AssetCheckSpec(
        check.name,
        asset=dg.AssetKey(check.asset),
        additional_deps=[dg.AssetKey(dep) for dep in check.deps],
        blocking=check.blocking,
        description=check.description,
    )


def transform(
    context: dg.AssetExecutionContext, held: dg.ResourceParam[Installation], dbt_graph: dg.ResourceParam[DbtGraph]
) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
    selected = _selected(context, dbt_graph)
    relation_of = {asset.unique_id: asset.key for asset in dbt_graph.assets}
    check_of = {check.unique_id: check for check in dbt_graph.checks}
    shown = ModelsShown()

    def finish(connection: duckdb.DuckDBPyConnection, outcome: Build) -> None:
        shown.look_at(connection, [relation_of[node.unique_id] for node in outcome.built])
        if selected is None:
            record_build(connection, held.settings, held.city)

    outcome = build(held.settings, selected, anew=ANEW in context.run.tags, finish=finish)
    for node in outcome.built:
        yield _model_result(relation_of[node.unique_id], node, shown)
    tested = [node for node in outcome.nodes if node.unique_id in check_of and node.status != "skipped"]
    for node in tested:
        yield _check_result(_key(check_of[node.unique_id]), node, [int(year) for year in context.partition_keys])
    failed = sum(node.status != "pass" for node in tested)
    kept = sum(node.was_kept for node in outcome.built)
    context.log.info(f"数据模型 {len(outcome.built)} 个（沿用 {kept} 个），检验 {len(tested)} 项，未通过 {failed} 项")
    if not outcome.success:
        raise dg.Failure(
            description="数据模型没有全部建成，上一次建成的保持不变。",
            metadata={"原因": dg.MetadataValue.text(outcome.error or "")},
            allow_retries=False,
        )


@dataclass(slots=True)
class ModelsShown:
    """What the UI shows of the models, read before they are swapped in."""

    counts: dict[str, int] = field(default_factory=dict)
    previews: dict[Relation, pl.DataFrame] = field(default_factory=dict)

    def look_at(self, connection: duckdb.DuckDBPyConnection, relations: Sequence[Relation]) -> None:
        self.counts |= row_counts(connection, relations)
        for schema, name in relations:
            if schema in PREVIEWED_SCHEMAS:
                preview = query(connection, f'select * from {schema}."{name}" limit {PREVIEW_ROWS}')
                self.previews[schema, name] = preview


def _selected(context: dg.AssetExecutionContext, graph: DbtGraph) -> set[str] | None:
    """dbt's ids of the models and tests that the run is about; None: all."""
    if not context.is_subset:
        return None
    assets = {each.unique_id for each in graph.assets if dg.AssetKey(each.key) in context.selected_asset_keys}
    return assets | {each.unique_id for each in graph.checks if _key(each) in context.selected_asset_check_keys}


def _model_result(relation: Relation, node: NodeResult, shown: ModelsShown) -> dg.MaterializeResult:
    rows = shown.counts[".".join(relation)]
    metadata: dict[str, Any] = {"秒": round(node.seconds, 3), "dagster/row_count": rows}
    if node.was_kept:
        metadata["沿用"] = "读入的内容没有变化，沿用上次建成的。"
    if relation in shown.previews:
        metadata["预览"] = frame_preview(shown.previews[relation])
    return dg.MaterializeResult(dg.AssetKey(relation), metadata=metadata)


def _key(check: ModelCheck) -> dg.AssetCheckKey:
    return dg.AssetCheckKey(dg.AssetKey(check.asset), check.name)


def _check_result(key: dg.AssetCheckKey, node: NodeResult, years: Sequence[int]) -> dg.AssetCheckResult:
    metadata: dict[str, Any] = {"年度": about(years), "未通过的行数": node.failures or 0, "秒": round(node.seconds, 3)}
    if node.failing is not None:
        metadata["未通过的行"] = frame_preview(node.failing, node.failing.height)
    if node.status == "error":
        metadata["原因"] = node.message or ""
    return dg.AssetCheckResult(
        asset_key=key.asset_key,
        check_name=key.name,
        passed=node.status == "pass",
        severity=dg.AssetCheckSeverity.ERROR,
        description=f"{about(years)}：{_said(node)}",
        metadata=metadata,
    )


def _said(test: NodeResult) -> str:
    if test.status == "pass":
        return "通过。"
    return "没有检验成。" if test.status == "error" else f"{test.failures} 行没有通过。"
