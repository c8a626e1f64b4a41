"""dbt as its own book says: typed in dbt_project, on the installation's working database, beside `nianbao run`."""

import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from sources.system.settings import DBT_PROJECT, Settings
from tests.conftest import select, snapshot
from tests.support.sample import PACK
from warehouse.run.build import build
from warehouse.run.publish import NotBuiltError, publish
from warehouse.store.connection import open_working, working_lock
from warehouse.store.ddl import PUBLIC_SCHEMAS

DBT = Path(sys.executable).with_name("dbt")


@pytest.fixture
def installation(fresh_copy: Settings, tmp_path: Path) -> Settings:
    """A clone after `make run`: the dbt project, and warehouse/data beside it."""
    clone = tmp_path / "clone"
    shutil.copytree(DBT_PROJECT, clone / "dbt_project", ignore=shutil.ignore_patterns("target", "logs"))
    (clone / "warehouse").mkdir()
    return replace(fresh_copy, home=fresh_copy.home.rename(clone / "warehouse" / "data"))


def dbt(project: Path, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """A command typed in the folder of the project, with none of nianbao's environment variables but those given."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("NIANBAO_")}
    return subprocess.run(
        [str(DBT), *command], cwd=project, env=kept | environment, capture_output=True, text=True, check=False
    )


def project_of(installation: Settings) -> Path:
    return installation.home.parents[1] / "dbt_project"


@pytest.mark.deep
def test_dbts_commands_work_as_typed_and_the_run_after_them_builds_all_anew(installation):
    schemas = ("staging", "intermediate", *PUBLIC_SCHEMAS)
    before = snapshot(installation, schemas)
    with open_working(installation) as connection:
        connection.execute("delete from marts.international")  # what a trial may have left behind

    def typed(*command: str) -> str:
        outcome = dbt(project_of(installation), *command)
        assert outcome.returncode == 0, outcome.stdout
        return outcome.stdout

    chapter = typed("build", "--select", "marts.chapter_5+")
    assert "marts.international" in chapter
    assert "international_key" in chapter
    assert snapshot(installation, schemas) == before
    assert "PASS=" in typed("test", "--select", "marts.chapter_5+")
    assert "3645900004" in typed("show", "--select", "mart_outcomes", "--limit", "2000", "--output", "json")
    typed("docs", "generate")
    assert (project_of(installation) / "target" / "catalog.json").exists()

    with pytest.raises(NotBuiltError):
        publish(installation)  # nobody knows any more what it was built from
    outcome = build(installation, PACK)
    assert outcome.success
    assert not any(node.was_kept for node in outcome.nodes)
    assert snapshot(installation, schemas) == before
    publish(installation)


@pytest.mark.deep
def test_dbt_says_that_a_run_holds_the_database_and_changes_nothing(installation):
    with working_lock(installation):
        outcome = dbt(project_of(installation), "build", "--select", "mart_international")
    assert outcome.returncode != 0
    assert "nianbao 正在运行，占用着工作数据库" in outcome.stdout
    noted = select(installation, "select value from registry.state where name = 'built_from'")
    assert noted.item() != ""


@pytest.mark.deep
def test_nianbao_home_moves_the_database_and_one_that_is_not_there_yet_is_told(installation, tmp_path):
    outcome = dbt(project_of(installation), "show", "--select", "mart_outcomes", NIANBAO_HOME=str(tmp_path / "moved"))
    assert outcome.returncode != 0
    assert f"还没有数据库：{tmp_path / 'moved' / 'working' / 'nianbao.duckdb'}。请先运行 make run" in outcome.stdout
