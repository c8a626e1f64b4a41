"""The dbt project keeps its own rules: layers, contracts, descriptions; and its unit tests pass."""

from pathlib import Path

import pytest
import yaml

from sources.system.settings import DBT_PROJECT, Settings
from tests.conftest import snapshot
from tests.support.sample import PACK
from warehouse.run.compile import is_step, load_manifest, run_dbt
from warehouse.store.ddl import PUBLIC_SCHEMAS

ALLOWED_PARENTS = {
    "staging": {"source", "staging"},
    "intermediate": {"source", "staging", "intermediate"},
    "core": {"source", "staging", "intermediate", "core"},
    "marts": {"core", "marts"},
    # a footnote stands where the explained cell counts: by scope, roster and measure; what a finding does is held
    # against what is printed
    "quality": {"source", "staging", "intermediate", "core", "quality"},
    "report": {"core", "marts"},
}
PUBLIC = set(PUBLIC_SCHEMAS)
PREFIXES = {
    "staging": {"stg"},
    "intermediate": {"int"},
    "core": {"dim", "fct", "brg"},
    "marts": {"mart"},
    "quality": {"fct", "brg"},
    "report": {"rpt"},
}
KEYS = ("name", "description", "config", "columns", "data_tests")
MODELS = DBT_PROJECT / "models"


@pytest.fixture(scope="module")
def manifest(city_run: Settings) -> dict:
    return load_manifest(city_run, PACK)


def models(manifest: dict) -> list[dict]:
    return [node for node in manifest["nodes"].values() if node["resource_type"] == "model"]


def test_every_layer_builds_on_the_layers_below_only(manifest):
    for model in models(manifest):
        for parent in model["depends_on"]["nodes"]:
            kind = "source" if parent.startswith("source.") else manifest["nodes"][parent]["schema"]
            assert kind in ALLOWED_PARENTS[model["schema"]], f"{model['name']} must not read {parent}"


def test_every_model_but_those_in_between_has_an_enforced_contract_a_grain_and_a_tested_key(manifest):
    keyed = {
        test["attached_node"]
        for test in manifest["nodes"].values()
        if test["resource_type"] == "test" and test["test_metadata"]["name"] in ("unique_combination", "no_row_twice")
    }
    for model in models(manifest):
        if model["schema"] != "intermediate":
            assert model["config"]["contract"]["enforced"], model["name"]
            assert "一行一" in model["description"] + model["config"]["meta"].get("grain", ""), model["name"]
            assert model["unique_id"] in keyed, model["name"]


def test_a_file_carries_the_prefix_of_its_layer_and_its_relation_the_public_name(manifest):
    for model in models(manifest):
        prefix, rest = model["name"].split("_", 1)
        assert prefix in PREFIXES[model["schema"]], model["name"]
        is_shortened = model["schema"] in ("marts", "quality", "report")
        assert model["alias"] == (rest if is_shortened else model["name"])


def test_each_folder_describes_its_models_in_one_file_in_the_order_of_their_names():
    for folder in {path.parent for path in MODELS.rglob("*.sql")}:
        described = yaml.safe_load((folder / "_models.yml").read_text("utf-8"))["models"]
        assert [model["name"] for model in described] == sorted(path.stem for path in folder.glob("*.sql")), folder
        for model in described:
            keys = [key for key in KEYS if key in model]
            assert list(model) == keys, model["name"]


def test_each_layer_says_what_lives_there_and_what_may_not():
    for layer in PREFIXES:
        text = (MODELS / layer / "README.md").read_text("utf-8")
        for heading in ("Lives here", "May not", "Grain"):
            assert f"**{heading}.**" in text, layer


def test_exposures_name_every_table_of_the_report_the_documents_and_the_site(manifest):
    exposures = {each["name"]: set(each["depends_on"]["nodes"]) for each in manifest["exposures"].values()}
    report = {model["unique_id"] for model in models(manifest) if model["schema"] == "report"}
    marts = {model["unique_id"] for model in models(manifest) if model["schema"] == "marts"}
    assert exposures.keys() == {"summary_tables", "documents", "site", "data_package"}
    assert exposures["summary_tables"] | {"model.nianbao.rpt_figure"} == report
    assert exposures["data_package"] >= report | marts


def test_no_public_column_is_floating_point(published):
    floating = published.execute(
        "select table_name, column_name from duckdb_columns() where not internal and data_type in ('DOUBLE', 'FLOAT')"
    ).fetchall()
    assert floating == []


def test_every_model_and_column_is_described_in_chinese(manifest):
    def chinese(text: str) -> bool:
        return any("一" <= letter <= "鿿" for letter in text)

    for model in models(manifest):
        assert chinese(model["description"]), model["name"]
        for column in model["columns"].values():
            assert chinese(column["description"]), f"{model['name']}.{column['name']}"


def test_every_column_of_a_built_table_is_declared(manifest, published):
    for model in models(manifest):
        if is_step(model):
            continue
        built = published.execute(
            "select column_name from duckdb_columns() where schema_name = ? and table_name = ?",
            [model["schema"], model["alias"]],
        ).fetchall()
        assert {name for (name,) in built} == set(model["columns"]), model["name"]


@pytest.mark.deep
def test_dbt_itself_builds_the_same_tables_and_its_tests_pass(fresh_copy, tmp_path: Path):
    """What runs every night is SQL that dbt has compiled once; `dbt build` would make of it exactly the same."""
    schemas = ("staging", "intermediate", *PUBLIC)
    built_here = snapshot(fresh_copy, schemas)
    results = run_dbt(["build"], fresh_copy.working_database, tmp_path).results
    models_and_tests = [result for result in results if result.node.resource_type != "exposure"]
    assert {str(result.status) for result in models_and_tests} == {"success", "pass"}
    assert snapshot(fresh_copy, schemas) == built_here
    unit_tests = {result.node.name for result in results if result.node.resource_type == "unit_test"}
    assert unit_tests >= {
        "a_zero_denominator_gives_no_value_but_a_reason",
        "values_are_rounded_half_up_once_and_shown_with_their_decimals",
        "a_change_of_a_rate_is_the_difference_of_what_is_printed_in_percentage_points",
        "there_is_no_change_across_a_break_of_scope",
    }
