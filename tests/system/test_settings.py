"""Which folder somebody means by a city's name."""

import pytest

from sources.system.faults import ToldError
from sources.system.settings import CITIES_ROOT, NOT_IN_A_HOME, city_folder, load_settings


def test_a_code_is_a_city_that_ships():
    assert city_folder("450700") == CITIES_ROOT / "450700"


@pytest.mark.parametrize("name", [".", "./", "made", "./made"])
def test_a_path_is_a_path_from_where_one_stands(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    assert city_folder(name) == (tmp_path / name).resolve()


def test_a_citys_folder_where_one_stands_goes_before_one_that_ships(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "450700").mkdir()
    assert city_folder("450700") == CITIES_ROOT / "450700"
    (tmp_path / "450700" / "city.yml").touch()
    assert city_folder("450700") == tmp_path / "450700"


def test_a_home_may_have_an_odd_name(monkeypatch):
    monkeypatch.setenv("NIANBAO_HOME", "/somewhere/o'brien 中 ;x\"y@:z")
    assert load_settings().home.name == "o'brien 中 ;x\"y@:z"


@pytest.mark.parametrize("letter", [*NOT_IN_A_HOME, "\n", "\x1b"])
def test_a_home_that_databases_would_take_for_a_pattern_is_refused(letter, monkeypatch):
    monkeypatch.setenv("NIANBAO_HOME", f"/somewhere/a{letter}b")
    with pytest.raises(ToldError, match="NIANBAO_HOME 的路径中不能有") as told:
        load_settings()
    assert str(told.value).isprintable()
