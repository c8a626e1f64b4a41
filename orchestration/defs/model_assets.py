"""raw → staging → intermediate → core → marts → quality → report: the dbt models as assets, their tests as checks."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import dagster as dg
import duckdb
import polars as pl

from orchestration.lib.addresses import asset_page
from orchestration.lib.asset_keys import ANEW
from orchestration.lib.column_lineage import column_lineage
from orchestration.lib.dbt_graph import DbtGraph, ModelAsset, ModelCheck, needing
from orchestration.lib.failures import REASON, StepFailedError, tells_failures
from orchestration.lib.installation import Installation
from orchestration.lib.metadata import (
    PREVIEW_ROWS,
    Link,
    column_schema,
    frame_preview,
    markdown_table,
    row_counts,
)
from orchestration.lib.partitions import by_report_year
from orchestration.lib.specs import about, spec
from sources.declarations.city import City
from warehouse.catalogue.catalogue import Catalogue, load_catalogue
from warehouse.intake.feedback import write_feedback
from warehouse.run.build import FAILING_ROWS, Build, NodeResult, build
from warehouse.run.changed import record_build
from warehouse.store.connection import open_working
from warehouse.store.sql import query

Relation = tuple[str, str]
PREVIEWED_SCHEMAS = ("marts", "quality", "report")
NAMED_CHECKS, NAMED_TABLES = 3, 5
NOT_PASSED = (
    "{count} 项检验没有通过：{named}。没有发布，上一次发布的数据保持不变。"
    "请看没有通过的行，改正有关的报送或城市文件夹，再运行一次。"
)
NOT_BUILT = (
    "数据模型 {named} 没有建成：程序或数据库出错。{means}没有发布，上一次发布的数据保持不变；"
    "收到的文件照常审核，退回件照常做。请把“原因”发给维护人员。"
)


def build_model_assets(city: City, graph: DbtGraph) -> dg.AssetsDefinition:
    catalogue = load_catalogue(city.pack)
    return dg.multi_asset(
        name="transform",
        specs=[_model_spec(catalogue, asset) for asset in graph.assets],
        check_specs=list(map(_check_spec, graph.checks)),
        can_subset=True,
        pool="warehouse",
        **by_report_year(city),
    )(transform)


def _model_spec(catalogue: Catalogue, asset: ModelAsset) -> dg.AssetSpec:
    metadata = column_schema(asset.columns) | column_lineage(catalogue, asset.key)
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


@tells_failures
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

    outcome = build(held.settings, held.city.pack, selected, anew=ANEW in context.run.tags, finish=finish)
    for node in outcome.built:
        yield _model_result(relation_of[node.unique_id], node, shown)
    tested = [node for node in outcome.nodes if node.unique_id in check_of and node.status != "skipped"]
    for node in tested:
        yield _check_result(_key(check_of[node.unique_id]), node, [int(year) for year in context.partition_keys])
    failed = sum(node.status != "pass" for node in tested)
    kept = sum(node.was_kept for node in outcome.built)
    context.log.info(f"数据模型 {len(outcome.built)} 个（沿用 {kept} 个），检验 {len(tested)} 项，未通过 {failed} 项")
    if not outcome.success:
        _send_back(held, context.partition_keys)
        not_passed = [(check_of[node.unique_id], node) for node in tested if node.status != "pass"]
        raise _not_built(not_passed, outcome, dbt_graph)


def _not_built(not_passed: Sequence[tuple[ModelCheck, NodeResult]], outcome: Build, graph: DbtGraph) -> StepFailedError:
    """Says which checks have not passed, each with a link to its rows.

    Of an error of the database it says that it is ours, and which of the published tables need the model.
    """
    metadata = {REASON: dg.MetadataValue.text(outcome.error or "")}
    if not not_passed:
        ids = [node.unique_id for node in outcome.nodes if node.status == "error"]
        failed = [unique_id.split(".")[2] for unique_id in ids]
        return StepFailedError(NOT_BUILT.format(named="、".join(failed), means=_means(needing(graph, ids))), metadata)
    named = [f"{check.description.rstrip('。')}（{'.'.join(check.asset)}）" for check, _ in not_passed]
    more = f"等 {len(named)} 项" if len(named) > NAMED_CHECKS else ""
    rows = [
        (check.description, node.failures, Link("看没有通过的行", _check_page(check))) for check, node in not_passed
    ]
    return StepFailedError(
        NOT_PASSED.format(count=len(named), named="；".join(named[:NAMED_CHECKS]) + more),
        {"没有通过的检验": markdown_table(("要求", "不符合的行数", ""), rows[:FAILING_ROWS])} | metadata,
    )


def _means(tables: Sequence[str]) -> str:
    """Which published tables cannot be made without a model, in words."""
    if not tables:
        return ""
    more = f" 等 {len(tables)} 张" if len(tables) > NAMED_TABLES else ""
    return f"少了它做不出的表：{'、'.join(tables[:NAMED_TABLES])}{more}。"


def _check_page(check: ModelCheck) -> str:
    return asset_page(dg.AssetKey(check.asset), view="checks", checkDetail=check.name)


def _send_back(held: Installation, years: Sequence[str]) -> None:
    """Writes what goes back to the respondents, though what it does to figures is not known: it may be the cause."""
    with open_working(held.settings) as connection:
        write_feedback(connection, held.settings, [int(year) for year in years])


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
