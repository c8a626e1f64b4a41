"""`nianbao new-city`: a folder that passes check-city, with a home of its own, for a region of any level."""

import os

import pytest
from typer.testing import CliRunner

from orchestration.cli.main import app
from sources.declarations.city import load_city
from sources.system.settings import CITIES_ROOT, load_settings
from sources.write.new_city import level_of
from warehouse.catalogue.city_references import checked_city, city_problems
from warehouse.store.owner import Owner, owner_of


@pytest.fixture
def run(monkeypatch, tmp_path):
    monkeypatch.setattr(os, "environ", {"NIANBAO_TODAY": "2025-11-01", "PATH": os.environ["PATH"]})
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: CliRunner().invoke(app, list(arguments))


@pytest.mark.parametrize(
    ("code", "name", "level", "whole"),
    [
        ("341000", "黄山市", "city", "全市"),
        ("341004", "徽州区", "county", "全区"),
        ("110108", "海淀区", "county", "全区"),
        ("110000", "北京市", "province", "全市"),
        ("340000", "安徽省", "province", "全省"),
        ("640000", "宁夏回族自治区", "province", "全区"),
        ("422800", "恩施土家族苗族自治州", "city", "全州"),
        ("100000", "全国", "nation", "全国"),
        ("341000", "a、b #{x}", "city", "全市"),
    ],
)
def test_a_region_of_any_level_gets_a_folder_that_is_right_and_a_home_of_its_own(
    run, tmp_path, code, name, level, whole
):
    made = run("new-city", code, "--name", name)
    assert made.exit_code == 0, made.output
    for step in ("1. ", "2. ", "3. ", "check-city", "template --year 2025", "run --year 2025"):
        assert step in made.output
    folder = tmp_path / code
    assert city_problems(folder) == ()
    city = load_city(folder)
    assert (city.code, city.name, city.region_by_code[code].level) == (code, name, level)
    assert (list(city.calendar.years), city.scopes[0].label) == ([2025], whole)
    assert owner_of(folder / "data") == Owner(code, name)
    settings = load_settings()
    assert settings.city_dir == CITIES_ROOT / "450700"  # not in the folder yet
    os.chdir(folder)
    settings = load_settings()
    assert (settings.city_dir, settings.home) == (folder, folder / "data")
    assert checked_city(settings) == city


def test_its_examples_are_right_once_they_are_uncommented(run, tmp_path):
    assert run("new-city", "340000", "--name", "安徽省").exit_code == 0
    for path in (tmp_path / "340000").glob("*.yml"):
        path.write_text(path.read_text("utf-8").replace("#  - {", "  - {").replace("# former", "former"), "utf-8")
    assert city_problems(tmp_path / "340000") == ()
    city = load_city(tmp_path / "340000")
    assert (len(city.respondents), len(city.regions), city.former_codes) == (3, 2, ("340000",))


def test_it_names_the_pack_of_its_province_where_one_ships(run, tmp_path):
    run("new-city", "451200", "--name", "河池市")
    run("new-city", "341000", "--name", "黄山市")
    assert load_city(tmp_path / "451200").pack.code == "450000"
    assert load_city(tmp_path / "341000").pack.code == ""


def test_without_a_name_it_says_where_to_write_one(run):
    made = run("new-city", "341000")
    assert "打开 city.yml，把名称改成全称" in made.output
    assert "打开 city.yml" not in run("new-city", "341100", "--name", "滁州市").output


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["34100"], "应当是六位数字（GB/T 2260），如 451200；不能是“34100”"),
        (["３４１０００"], "应当是六位数字"),
        (["341000", "--name", " "], "--name：名称不能是空的"),
        (["341000", "--name", "黄山\n市"], "名称里有换行"),
        (["341000", "--name", "黄山/市"], "“黄山/市”里不能有 /：名称要用作文件名"),
        (["341000", "full"], "不能建在那里：请换一个文件夹"),
        (["341000", "full/file"], "不能建在那里：请换一个文件夹"),
    ],
)
def test_what_it_refuses_leaves_nothing_behind(run, tmp_path, arguments, told):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").write_text("mine")
    refused = run("new-city", *arguments)
    assert (refused.exit_code, told in refused.output.replace("\n", "")) == (2, True), refused.output
    assert sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*")) == ["full", "full/file"]


def test_an_empty_folder_will_do(run, tmp_path):
    (tmp_path / "empty").mkdir()
    assert run("new-city", "341000", "empty").exit_code == 0
    assert (tmp_path / "empty" / "city.yml").exists()


def test_levels_follow_from_codes():
    assert [level_of(code) for code in ("100000", "310000", "310115", "341000", "429004")] == [
        "nation",
        "province",
        "county",
        "city",
        "county",
    ]
