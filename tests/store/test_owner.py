"""A home belongs to one city: the note says which, the data where there is none, and another's is refused untouched."""

import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from orchestration.cli.main import app
from orchestration.definitions import build_definitions
from sources.declarations.city import load_city
from sources.system.settings import CITIES_ROOT, DBT_PROJECT, Settings
from warehouse.catalogue.city_references import checked_city
from warehouse.store.owner import ForeignHomeError, Owner, note_owner, owner_of

SAMPLE = CITIES_ROOT / "450700"
THREE_SCHOOLS = Path(__file__).parents[1] / "cities" / "three_schools"
QINZHOU = Owner("450700", "钦州市")


def contents(folder: Path) -> dict[str, tuple[int, int]]:
    return {str(path): (path.stat().st_size, path.stat().st_mtime_ns) for path in folder.rglob("*")}


def test_a_new_home_is_noted_and_refuses_another_city(empty, monkeypatch):
    checked_city(empty)
    assert owner_of(empty.home) == QINZHOU
    before = contents(empty.home)
    with pytest.raises(ForeignHomeError) as refused:
        checked_city(replace(empty, city_dir=THREE_SCHOOLS))
    for part in (str(empty.home), "属于 450700 钦州市", "不能用于 999900 三校市", "什么也没有写", "NIANBAO_HOME"):
        assert part in str(refused.value)

    monkeypatch.setenv("NIANBAO_CITY", str(THREE_SCHOOLS))
    monkeypatch.setenv("NIANBAO_HOME", str(empty.home))
    for command in (
        ["run", "--year", "2030"],
        ["template", "--year", "2030"],
        ["rebuild"],
        ["status", "--year", "2030"],
    ):
        outcome = CliRunner().invoke(app, command)
        assert (outcome.exit_code, "不能用于 999900 三校市" in outcome.output) == (2, True)
    assert contents(empty.home) == before


def test_dagster_refuses_another_citys_home(empty):
    checked_city(empty)
    before = contents(empty.home)
    with pytest.raises(ForeignHomeError):
        build_definitions(replace(empty, city_dir=THREE_SCHOOLS))
    assert contents(empty.home) == before


@pytest.mark.parametrize("lost", [(), ("published",), ("published", "working")])
def test_a_home_without_a_note_is_known_by_its_data(fresh_copy, lost):
    releases = fresh_copy.home / "releases" / "2023.1"
    releases.mkdir(parents=True)
    (releases / "manifest.json").write_text('{"city_code": "450700"}')
    for folder in lost:
        shutil.rmtree(fresh_copy.home / folder)
    owner = owner_of(fresh_copy.home)
    assert owner is not None
    assert owner.code == "450700"
    with pytest.raises(ForeignHomeError):
        checked_city(replace(fresh_copy, city_dir=THREE_SCHOOLS))
    checked_city(fresh_copy)
    assert owner_of(fresh_copy.home) == QINZHOU


@pytest.mark.deep
def test_dbt_by_hand_refuses_another_citys_home(fresh_copy):
    dbt = Path(sys.executable).with_name("dbt")
    environment = {"PATH": str(dbt.parent), "NIANBAO_HOME": str(fresh_copy.home), "NIANBAO_CITY": str(THREE_SCHOOLS)}
    command = [str(dbt), "show", "--select", "mart_outcomes", "--target-path", str(fresh_copy.home / "target")]
    outcome = subprocess.run(command, cwd=DBT_PROJECT, env=environment, capture_output=True, text=True, check=False)
    assert outcome.returncode != 0
    assert "不能用于 999900 三校市" in outcome.stdout


def test_a_city_keeps_its_home_when_its_folder_moves_its_name_changes_and_its_code_changes_as_declared(tmp_path):
    home, folder = tmp_path / "home", tmp_path / "moved"
    checked_city(Settings(home, SAMPLE))
    shutil.copytree(SAMPLE, folder, ignore=shutil.ignore_patterns("published", "samples"))
    place = folder / "city.yml"

    def written(text: str) -> Settings:
        load_city.cache_clear()
        place.write_text(text, "utf-8")
        respondents = folder / "respondents.yml"
        respondents.write_text(respondents.read_text("utf-8").replace('"450700"', '"450703"'), "utf-8")
        return Settings(home, folder)

    checked_city(written('code: "450700"\nname: 钦江市\n'))
    assert owner_of(home) == Owner("450700", "钦江市")
    with pytest.raises(ForeignHomeError, match=r'former_codes: \["450700"\]'):
        checked_city(written('code: "450703"\nname: 钦江市\n'))
    checked_city(written('code: "450703"\nname: 钦江市\nformer_codes: ["450700"]\n'))
    assert owner_of(home) == Owner("450703", "钦江市")


def test_of_two_cities_that_take_a_new_home_at_once_one_is_refused(empty, city, monkeypatch):
    first_looked = Path.exists

    def meanwhile(path: Path) -> bool:
        """Lets the other city note itself just before this one does."""
        if path.name == "city.txt":
            monkeypatch.setattr(Path, "exists", first_looked)
            path.write_text("999900 三校市\n", "utf-8")
            return False
        return first_looked(path)

    empty.home.mkdir()
    monkeypatch.setattr(Path, "exists", meanwhile)
    with pytest.raises(ForeignHomeError):
        note_owner(empty, city)
    assert owner_of(empty.home) == Owner("999900", "三校市")
    assert [path.name for path in empty.home.iterdir()] == ["city.txt"]
