"""A series of changes, one built upon the other: after each, the tables are those of a build from nothing."""

import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import openpyxl
import pytest

from sources.declarations.city import load_city
from sources.sample.poured import poured
from sources.system.settings import Settings
from tests.conftest import TODAY, ingest, select, snapshot
from tests.support.sample import PACK
from warehouse.intake.decisions import decide_version
from warehouse.run import build as transform
from warehouse.run.build import build
from warehouse.run.compile import Model, build_order
from warehouse.store.connection import open_working

pytestmark = pytest.mark.deep

SCHOOL = re.compile("职业|学校")
COMPARED = ("intermediate", "core", "marts", "quality", "report", "registry", "reference")
Change = Callable[[Settings, pytest.MonkeyPatch], None]


@pytest.fixture
def made_up(tmp_path: Path) -> Settings:
    """A generated city of twelve schools, of which some are missing; nothing is built yet."""
    installation = poured(12, cache=tmp_path / "cache", processes=1)
    shutil.copytree(installation.city_dir, tmp_path / "city")
    shutil.copytree(installation.inbox, tmp_path / "home" / "inbox")
    return Settings(home=tmp_path / "home", city_dir=tmp_path / "city", fixed_today=TODAY)


@pytest.fixture
def sample(fresh_copy: Settings, tmp_path: Path) -> Settings:
    """The sample city after its run, its folder to change at will."""
    shutil.copytree(fresh_copy.city_dir, tmp_path / "city")
    return replace(fresh_copy, city_dir=tmp_path / "city")


def workbook_of(settings: Settings) -> Path:
    """The workbook of a school whose first version counts."""
    standing = select(
        settings,
        "select file_name from registry.submission where status = 'accepted' and report_year = 2023 order by all",
    )["file_name"].to_list()
    return next(path for name in standing if (path := settings.inbox / name).exists() and SCHOOL.search(name))


def one_teacher_more(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second version, with another figure."""
    path = workbook_of(settings)
    book = openpyxl.load_workbook(BytesIO(path.read_bytes()))
    cell = next(row[4] for row in book["教职工情况"].iter_rows() if row[1].value == "专任教师数")
    cell.value = (cell.value if isinstance(cell.value, int) else 25) + 1
    book.save(path)


def the_first_counts_again(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second version is withdrawn by a decision for the first."""
    with open_working(settings) as connection:
        (first,) = connection.execute(
            "select submission_id from registry.submission where status = 'superseded'"
            " order by received_at desc limit 1"
        ).fetchall()
        decide_version(connection, settings, *first, decline=False, reason="学校来电：第二份作废", by="王老师")


def a_refused_version(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    path = workbook_of(settings)
    book = openpyxl.load_workbook(BytesIO(path.read_bytes()))
    next(row[4] for row in book["教职工情况"].iter_rows() if row[1].value == "专任教师数").value = "25a1"
    book.save(path)


def another_scope(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """A changed declaration."""
    path = settings.city_dir / "scopes.yml"
    path.write_text(path.read_text(encoding="utf-8").replace("label: 全", "label: 今全"), encoding="utf-8")


def another_day(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is sent; who was due is overdue."""


def a_changed_model(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def changed(manifest):
        return [
            replace(node, sql=f"select * from ({node.sql}) as rows where report_year > 2022")
            if isinstance(node, Model) and (node.schema, node.name) == ("marts", "scale")
            else node
            for node in build_order(manifest)
        ]

    monkeypatch.setattr(transform, "build_order", changed)
    monkeypatch.setattr(transform, "project_fingerprint", lambda pack: "another")


SERIES: dict[str, Change] = {
    "one teacher more": one_teacher_more,
    "the first counts again": the_first_counts_again,
    "a refused version": a_refused_version,
    "another scope": another_scope,
    "another day": another_day,
    "a changed model": a_changed_model,
    "once more": one_teacher_more,
}


def everything(settings: Settings) -> dict[str, list[tuple]]:
    """All rows of all tables, but for the notes of runs; what is said of each relation and column; the views."""
    rows = {name: found for name, found in snapshot(settings, COMPARED).items() if name != "registry.state"}
    with open_working(settings) as connection:
        rows["comments"] = connection.execute(
            "select schema_name, table_name, column_name, comment from duckdb_columns() where not internal union all"
            " select schema_name, table_name, '', comment from duckdb_tables() union all"
            " select schema_name, view_name, '', comment from duckdb_views() where not internal order by all"
        ).fetchall()
        rows["views"] = connection.execute(
            "select schema_name, view_name, sql from duckdb_views() where not internal order by all"
        ).fetchall()
        rows["views hold"] = [
            connection.execute(f'select * from {schema}."{name}" order by all').fetchall()
            for schema, name, _ in rows["views"]
        ]
    return rows


@pytest.mark.parametrize("world", ["sample", "made_up"])
def test_after_each_change_all_is_as_if_everything_had_been_built_anew(
    world: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    settings = request.getfixturevalue(world)
    years = (2022, 2023) if world == "sample" else (2023,)
    ingest(settings, load_city(settings.city_dir), years)
    assert build(settings, PACK).success
    made, create = list[Model](), transform._create
    monkeypatch.setattr(transform, "_create", lambda connection, model: made.append(model) or create(connection, model))
    for number, (name, change) in enumerate(SERIES.items()):
        if name == "another day":
            settings = replace(settings, fixed_today=TODAY.replace(year=TODAY.year + 1))
        change(settings, monkeypatch)
        ingest(settings, load_city(settings.city_dir), years)
        made.clear()
        outcome = build(settings, PACK)
        assert outcome.success, (name, outcome.error)
        assert name == "a changed model" or not any(model.is_view for model in made), "no view is made again"
        anew = replace(settings, home=tmp_path / f"anew-{number}")
        shutil.copytree(settings.home, anew.home)
        assert build(anew, PACK, anew=True).success, name
        kept, whole = everything(settings), everything(anew)
        assert kept.keys() == whole.keys(), name
        assert [(name, table) for table in kept if kept[table] != whole[table]] == []
        shutil.rmtree(anew.home)
