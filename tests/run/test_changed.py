"""Models that would be built from the same again are kept; what is kept is what building them again would make."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import openpyxl
import pytest

from sources.declarations.city import City
from sources.system.settings import Settings
from tests.conftest import NURSING_SCHOOL, cell_of, edit, ingest, select, snapshot
from tests.support.sample import PACK
from warehouse.run import build as transform
from warehouse.run.build import build
from warehouse.run.compile import Model, build_order, load_manifest
from warehouse.store.connection import open_working

BUILT = ("intermediate", "core", "marts", "quality", "report")
Change = Callable[[Settings, City], Settings]


def with_students(value: object) -> Change:
    """The nursing school sends its workbook with another number of students."""

    def change(book: openpyxl.Workbook) -> None:
        cell_of(book, "学生情况", "全日制在校生数").value = value

    def send(settings: Settings, city: City) -> Settings:
        edit(settings, city, NURSING_SCHOOL, 2023, change)
        ingest(settings, city)
        return settings

    return send


def with_an_unknown_file(settings: Settings, city: City) -> Settings:
    (settings.inbox / "通知.xlsx").write_bytes(b"no workbook at all")
    ingest(settings, city)
    return settings


def on_another_day(settings: Settings, city: City) -> Settings:
    later = replace(settings, fixed_today=date(2024, 6, 1))
    ingest(later, city)
    return later


def with_nothing_new(settings: Settings, city: City) -> Settings:
    ingest(settings, city)
    return settings


def rebuilt(settings: Settings, **arguments: object) -> set[str]:
    """`schema.name` of the models that a build makes."""
    nodes = {node.unique_id: node for node in build_order(load_manifest(settings, PACK))}
    outcome = build(settings, PACK, **arguments)  # type: ignore[arg-type]
    assert outcome.success, outcome.error
    made = [nodes[node.unique_id] for node in outcome.built if not node.was_kept]
    return {f"{model.schema}.{model.name}" for model in made}


def all_models(settings: Settings) -> set[str]:
    nodes = build_order(load_manifest(settings, PACK))
    return {f"{node.schema}.{node.name}" for node in nodes if isinstance(node, Model)}


@pytest.mark.parametrize(
    ("change", "schemas"),
    [
        (with_nothing_new, set()),
        (on_another_day, {"quality"}),
        # what is explained is looked up again, whichever file came in
        (with_an_unknown_file, {"intermediate", "quality"}),
        (with_students("25a1"), {"intermediate", "quality"}),
        (with_students(2598), {"staging", *BUILT}),
    ],
    ids=["nothing new", "another day", "an unknown file", "a refused workbook", "a changed figure"],
)
def test_only_what_reads_a_change_is_built_and_all_is_as_if_it_had_been_built_anew(fresh_copy, city, change, schemas):
    settings = change(fresh_copy, city)
    assert {name.partition(".")[0] for name in rebuilt(settings)} == schemas
    kept = snapshot(settings, BUILT)
    assert rebuilt(settings, anew=True) == all_models(settings)
    assert snapshot(settings, BUILT) == kept


def test_tests_are_run_on_models_that_are_kept(fresh_copy):
    with open_working(fresh_copy) as connection:
        connection.execute("insert into core.dim_scope select * from core.dim_scope limit 1")
    outcome = build(fresh_copy, PACK)
    assert not outcome.success
    assert "dim_scope" in (outcome.error or "")


def test_a_model_whose_table_is_gone_is_built(fresh_copy):
    with open_working(fresh_copy) as connection:
        connection.execute("drop table marts.scale")
    assert rebuilt(fresh_copy) == {"marts.scale"}


def test_nothing_is_kept_of_another_version_of_the_project(fresh_copy, monkeypatch):
    monkeypatch.setattr(transform, "project_fingerprint", lambda pack: "another")
    assert rebuilt(fresh_copy) == all_models(fresh_copy)
    assert rebuilt(fresh_copy) == set()


def test_nothing_is_kept_after_a_part_was_built_from_something_newer(fresh_copy, city):
    with_students(2598)(fresh_copy, city)
    order = build_order(load_manifest(fresh_copy, PACK))
    part = next(node.unique_id for node in order if node.unique_id.endswith(".mart_scale"))
    assert rebuilt(fresh_copy, selected={part}) == {"marts.scale"}
    assert rebuilt(fresh_copy) == all_models(fresh_copy)
    assert select(
        fresh_copy, "select sum(value) from core.fct_measure where measure_code = 'students_full_time'"
    ).item()
