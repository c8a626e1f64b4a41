"""dbt's models as assets and its tests as checks. dagster-dbt works them out once for each version of the project.

dagster-dbt knows how a manifest becomes a graph (which test belongs to which asset, what else it reads), but to import
it takes longer than to build all models of a city. So its answer is kept beside dbt's manifest.
"""

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import dagster as dg

from orchestration.lib.groups import OF_SCHEMA
from sources.declarations.pack import Pack
from sources.system.fingerprint import sha256_of_file
from sources.system.settings import Settings
from sources.system.whole_file import whole_file
from warehouse.run.compile import FINGERPRINT, kept_beside_the_project, load_manifest, prepare_manifest
from warehouse.store.ddl import PUBLIC_SCHEMAS

Key = tuple[str, ...]
DEMANDS = {
    "unique_combination": "{columns} 合起来不重复。",
    "no_row_twice": "没有两行的 {columns} 完全相同。",
    "accepted_values": "{column_name} 只取规定的值：{values}。",
    "relationships": "{column_name} 的每个值都在 {to} 的 {field} 中。",
    "refers_to": "{columns} 的每个值都在 {to} 的 {to_columns} 中。",
    "in_codelist": "{column_name} 只取代码表 {codelist} 中的代码。",
    "adds_up_to": "{group_by} 相同的各行，{part} 合起来等于 {total}。",
    "total_equals_parts": "{column_name} 的合计等于各项之和。",
    "holds": "每一行都满足：{condition}。",
}
"""By kind of test (dbt's own and tests/generic), filled in with its arguments."""


@dataclass(frozen=True)
class ModelAsset:
    """One model: its asset key, the keys that it depends on, and what the UI shows of it."""

    unique_id: str
    key: tuple[str, str]
    """Schema and name."""
    deps: tuple[Key, ...]
    description: str
    group: str
    columns: tuple[tuple[str, str | None, str], ...]
    """Name, type as far as it is declared, description."""
    tags: tuple[str, ...]
    """dbt's, such as the chapter of the report: `tag:chapter_5`."""


@dataclass(frozen=True)
class ModelCheck:
    """One test: a check of `asset`; `deps` are the other assets that it reads."""

    unique_id: str
    name: str
    asset: Key
    deps: tuple[Key, ...]
    blocking: bool
    description: str
    """What it demands, in Chinese."""


@dataclass(frozen=True)
class DbtGraph:
    assets: tuple[ModelAsset, ...]
    checks: tuple[ModelCheck, ...]


def needing(graph: DbtGraph, unique_ids: Collection[str]) -> list[str]:
    """The published tables that cannot be made without these models, themselves included: `schema.name`, in order."""
    lacking = {asset.key for asset in graph.assets if asset.unique_id in unique_ids}
    while more := {asset.key for asset in graph.assets if lacking.intersection(asset.deps)} - lacking:
        lacking |= more
    return sorted(".".join(key) for key in lacking if key[0] in PUBLIC_SCHEMAS)


def load_graph(settings: Settings, pack: Pack) -> DbtGraph:
    """The graph of the dbt project as it stands; compiles the project if it has changed."""
    manifest = prepare_manifest(settings, pack)
    code = sha256_of_file(Path(__file__))[:8]
    kept = kept_beside_the_project(settings, f"graph-{manifest.stem.removeprefix('compiled-')}-{code}.json")
    if not kept.exists():
        for outdated in kept.parent.glob(f"graph-{manifest.stem.removeprefix('compiled-')[:-FINGERPRINT]}*.json"):
            outdated.unlink(missing_ok=True)
        with whole_file(kept) as partial:
            partial.write_text(json.dumps(asdict(_graph(load_manifest(settings, pack))), ensure_ascii=False))
    stored = json.loads(kept.read_bytes())
    return DbtGraph(
        tuple(ModelAsset(**_with_keys(asset)) for asset in stored["assets"]),
        tuple(ModelCheck(**_with_keys(check)) for check in stored["checks"]),
    )


def _with_keys(stored: dict[str, Any]) -> dict[str, Any]:
    """Turns JSON's lists back into asset keys."""
    keys = {name: tuple(stored[name]) for name in ("key", "asset") if name in stored}
    return stored | keys | {"deps": tuple(tuple(key) for key in stored["deps"])}


def _graph(manifest: Mapping[str, Any]) -> DbtGraph:
    from dagster_dbt import DagsterDbtTranslatorSettings
    from dagster_dbt.asset_utils import DAGSTER_DBT_UNIQUE_ID_METADATA_KEY, build_dbt_specs

    specs, check_specs = build_dbt_specs(
        # Tests of sources stay off: as checks they would silently drop the edge that makes dbt wait for the audit.
        translator=_translator()(
            DagsterDbtTranslatorSettings(enable_source_tests_as_checks=False, enable_duplicate_source_asset_keys=True)
        ),
        manifest=manifest,
        select="fqn:*",
        exclude="",
        selector="",
        io_manager_key=None,
        project=None,
    )

    def node_of(spec: dg.AssetSpec | dg.AssetCheckSpec) -> Mapping[str, Any]:
        node: Mapping[str, Any] = manifest["nodes"][spec.metadata[DAGSTER_DBT_UNIQUE_ID_METADATA_KEY]]
        return node

    return DbtGraph(
        tuple(_model_asset(spec, node_of(spec)) for spec in specs),
        tuple(_model_check(spec, node_of(spec)) for spec in check_specs),
    )


def _translator() -> type:
    from dagster_dbt import DagsterDbtTranslator

    class Translator(DagsterDbtTranslator):
        """Asset keys are schema and name; the tables that intake writes as a whole are one asset each."""

        def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> dg.AssetKey:
            schema = dbt_resource_props["schema"]
            if dbt_resource_props["resource_type"] == "source":
                return dg.AssetKey([schema, dbt_resource_props["name"]] if schema == "raw" else schema)
            return dg.AssetKey([schema, dbt_resource_props.get("alias") or dbt_resource_props["name"]])

    return Translator


def _model_asset(spec: dg.AssetSpec, node: Mapping[str, Any]) -> ModelAsset:
    return ModelAsset(
        node["unique_id"],
        (spec.key.path[0], spec.key.path[1]),
        tuple(sorted(_key(dep.asset_key) for dep in spec.deps)),
        node["description"],
        OF_SCHEMA[spec.key.path[0]],
        tuple((column["name"], column["data_type"], column["description"]) for column in node["columns"].values()),
        tuple(node["tags"]),
    )


def _model_check(spec: dg.AssetCheckSpec, node: Mapping[str, Any]) -> ModelCheck:
    return ModelCheck(
        node["unique_id"],
        spec.name,
        _key(spec.asset_key),
        tuple(sorted(_key(dep.asset_key) for dep in spec.additional_deps)),
        spec.blocking,
        _demand(node),
    )


def _demand(test: Mapping[str, Any]) -> str:
    """What a test demands, in Chinese: its own description, or a sentence for its kind."""
    kind = test.get("test_metadata") or {"name": "", "kwargs": {}}
    given = {
        name: "、".join(map(str, value)) if isinstance(value, list) else value for name, value in kind["kwargs"].items()
    }
    given["to"] = ".".join(re.findall(r"'(.+?)'", given.get("to", "")))  # ref('a') and source('b', 'a')
    return test["description"] or DEMANDS.get(kind["name"], "").format_map(given)


def _key(key: dg.AssetKey) -> Key:
    return tuple(key.path)
