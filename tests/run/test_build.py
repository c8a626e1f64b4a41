"""All models stand or none of them; what dbt would refuse is refused here as well."""

from dataclasses import replace

import pytest

from sources.system.settings import Settings
from tests.conftest import select, snapshot
from tests.support.sample import PACK
from warehouse.run import build as transform
from warehouse.run.build import build
from warehouse.run.compile import Model, ModelTest, build_order, load_manifest

BUILT = ("intermediate", "core", "marts", "quality", "report")


def changed(monkeypatch: pytest.MonkeyPatch, name: str, **changes: object) -> None:
    """Lets a model or test of this name be something else."""
    monkeypatch.setattr(
        transform,
        "build_order",
        lambda manifest: [
            replace(node, **changes) if node.unique_id.split(".")[2] == name else node for node in build_order(manifest)
        ],
    )


def status_of(settings: Settings) -> dict[str, str]:
    return {node.unique_id.split(".")[2]: node.status for node in build(settings, PACK, anew=True).nodes}


def test_every_model_comes_after_its_parents_and_every_test_after_what_it_reads(city_run):
    nodes = build_order(load_manifest(city_run, PACK))
    position = {node.unique_id: number for number, node in enumerate(nodes)}
    for node in nodes:
        assert all(position[parent] < position[node.unique_id] for parent in node.parents & position.keys())
    assert {type(node) for node in nodes} == {Model, ModelTest}


def test_a_column_of_another_type_than_its_contract_stops_the_build(fresh_copy, monkeypatch):
    changed(monkeypatch, "dim_scope", columns={"scope_code": "varchar", "sequence": "varchar"})
    before = snapshot(fresh_copy, BUILT)
    outcome = build(fresh_copy, PACK, anew=True)
    assert not outcome.success
    assert "core.dim_scope 的列与声明不同：sequence 应为 varchar，实为 bigint" in (outcome.error or "")
    assert snapshot(fresh_copy, BUILT) == before


def test_an_error_in_one_model_leaves_all_as_they_were(fresh_copy, monkeypatch):
    changed(monkeypatch, "rpt_annex_6", sql="select 1 // 0 as x, error('broken') as y")
    before = snapshot(fresh_copy, BUILT)
    status = status_of(fresh_copy)
    assert status["rpt_annex_6"] == "error"
    assert "skipped" in status.values()
    assert snapshot(fresh_copy, BUILT) == before


def test_what_reads_a_model_whose_test_fails_is_skipped_and_nothing_is_kept(fresh_copy, monkeypatch):
    changed(monkeypatch, "dim_indicator_key", sql="select 'doubled' as indicator_code")
    before = snapshot(fresh_copy, BUILT)
    outcome = build(fresh_copy, PACK, anew=True)
    (failed,) = [node for node in outcome.nodes if node.status == "fail"]
    assert failed.failing is not None
    assert failed.failing.rows() == [("doubled",)]
    status = {node.unique_id.split(".")[2]: node.status for node in outcome.nodes}
    assert (status["dim_scope"], status["fct_indicator_value"], status["mart_scale"]) == (
        "success",
        "skipped",
        "skipped",
    )
    assert snapshot(fresh_copy, BUILT) == before


def test_a_test_with_a_setting_that_is_not_honoured_is_refused(city_run):
    manifest = load_manifest(city_run, PACK)
    key, node = next(item for item in manifest["nodes"].items() if item[1]["resource_type"] == "test")
    lenient = node | {"config": node["config"] | {"severity": "WARN"}}
    with pytest.raises(ValueError, match="severity"):
        build_order({"nodes": manifest["nodes"] | {key: lenient}})


def test_what_is_no_model_any_more_is_taken_away(fresh_copy):
    from warehouse.store.connection import open_working

    with open_working(fresh_copy) as connection:
        connection.execute("create table marts.of_last_year as select 1 as x")
    assert build(fresh_copy, PACK).success
    assert select(fresh_copy, "select count(*) from duckdb_tables() where table_name = 'of_last_year'").item() == 0
