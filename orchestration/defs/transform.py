"""raw → staging → intermediate → core → marts → quality → report: the dbt models as assets, their tests as checks."""

from collections.abc import Iterator, Mapping
from typing import Any

import dagster as dg
import polars as pl
from dagster_dbt import DagsterDbtTranslator, DagsterDbtTranslatorSettings, dbt_assets
from dagster_dbt.asset_utils import get_asset_check_key_for_test, get_subset_selection_for_context

from orchestration.defs.submissions import REFERENCE, REGISTRY
from orchestration.groups import OF_SCHEMA
from orchestration.metadata import FAILING_ROWS, frame_preview, table_metadata
from orchestration.partitions import by_report_year
from sources.model import City
from sources.settings import Settings
from warehouse.connection import open_working, query
from warehouse.freshness import record_build
from warehouse.transform import TESTED_SEPARATELY, NodeResult, build

PREVIEWED_SCHEMAS = ("marts", "quality", "report")
PASSED = ("pass", "success")


class Translator(DagsterDbtTranslator):
    """Asset keys are schema and name; the tables that intake writes as a whole are one asset each."""

    def __init__(self) -> None:
        # Tests of sources stay off: as checks they would silently drop the edge that makes dbt wait for the audit.
        super().__init__(
            DagsterDbtTranslatorSettings(enable_source_tests_as_checks=False, enable_duplicate_source_asset_keys=True)
        )

    def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> dg.AssetKey:
        schema, name = dbt_resource_props["schema"], dbt_resource_props["name"]
        if dbt_resource_props["resource_type"] == "source" and schema != "raw":
            return {"registry": REGISTRY, "reference": REFERENCE}[schema]
        return dg.AssetKey([schema, name])

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str | None:
        return OF_SCHEMA.get(dbt_resource_props["schema"])

    def get_description(self, dbt_resource_props: Mapping[str, Any]) -> str:
        return dbt_resource_props["description"]


def build_transform_assets(settings: Settings, city: City, manifest: Mapping[str, Any]) -> dg.AssetsDefinition:
    translator = Translator()

    @dbt_assets(
        manifest=manifest,
        dagster_dbt_translator=translator,
        name="transform",
        pool="warehouse",
        **by_report_year(city),
    )
    def transform(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
        selection: list[str] = []
        if context.is_subset:
            selection, _ = get_subset_selection_for_context(context, manifest, None, None, None, translator, None)
        outcome = build(settings, [*TESTED_SEPARATELY, *selection])
        built = [node for node in outcome.nodes if node.unique_id.startswith("model.") and node.status == "success"]
        failed = [n for n in outcome.nodes if n.unique_id.startswith("test.") and n.status not in (*PASSED, "skipped")]
        relations = {
            node.unique_id: (
                manifest["nodes"][node.unique_id]["schema"],
                manifest["nodes"][node.unique_id]["name"],
            )
            for node in built
        }
        with open_working(settings) as connection:
            tables = table_metadata(connection, list(relations.values()))
            previews = {
                (schema, name): query(connection, f'select * from {schema}."{name}" limit 15')
                for schema, name in relations.values()
                if schema in PREVIEWED_SCHEMAS
            }
            failing = {
                node.unique_id: query(connection, f"select * from ({node.compiled_sql}) limit {FAILING_ROWS}")
                for node in failed
                if node.compiled_sql and node.status in ("fail", "warn")
            }
            if outcome.success and not context.is_subset:
                record_build(connection, settings, city)
        for node in built:
            schema, name = relations[node.unique_id]
            metadata = {"秒": round(node.seconds, 3), **tables[f"{schema}.{name}"]}
            if (schema, name) in previews:
                metadata["预览"] = frame_preview(previews[schema, name])
            yield dg.MaterializeResult(dg.AssetKey([schema, name]), metadata=metadata)
        expected = context.selected_asset_check_keys
        for node in outcome.nodes:
            key = get_asset_check_key_for_test(manifest, translator, node.unique_id, None)
            if key is not None and key in expected and node.status != "skipped":
                yield _check_result(key, node, failing.get(node.unique_id))
        tests = sum(node.unique_id.startswith("test.") for node in outcome.nodes)
        context.log.info(f"数据模型 {len(built)} 个，检验 {tests} 项，未通过 {len(failed)} 项")
        if not outcome.success:
            raise dg.Failure(
                description="数据模型没有全部建成，已发布的数据保持不变。",
                metadata={"原因": dg.MetadataValue.text(outcome.error or "")},
                allow_retries=False,
            )

    return transform


def _check_result(key: dg.AssetCheckKey, node: NodeResult, failing: pl.DataFrame | None) -> dg.AssetCheckResult:
    metadata: dict[str, Any] = {"未通过的行数": node.failures or 0, "秒": round(node.seconds, 3)}
    if failing is not None:
        metadata["未通过的行"] = frame_preview(failing, FAILING_ROWS)
    if node.status == "error":
        metadata["原因"] = node.message or ""
    return dg.AssetCheckResult(
        asset_key=key.asset_key,
        check_name=key.name,
        passed=node.status in PASSED,
        severity=dg.AssetCheckSeverity.WARN if node.status == "warn" else dg.AssetCheckSeverity.ERROR,
        metadata=metadata,
    )
