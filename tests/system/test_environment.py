"""Environment variables: a misspelt name or a value that cannot be used is told, never ignored."""

import os
from dataclasses import fields
from datetime import date
from pathlib import Path

import pytest

from sources.system.environment import Environment, check_names
from sources.system.faults import ToldError
from sources.system.settings import CITIES_ROOT, Limits, load_settings


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch):
    for name in Environment.model_fields:
        monkeypatch.delenv(f"NIANBAO_{name.upper()}", raising=False)


def test_settings_come_from_the_variables(monkeypatch, tmp_path):
    for name, value in {"HOME": str(tmp_path), "TODAY": "2023-11-01", "MAX_ROWS": "7"}.items():
        monkeypatch.setenv(f"NIANBAO_{name}", value)
    settings = load_settings()
    assert (settings.home, settings.today, settings.limits) == (tmp_path, date(2023, 11, 1), Limits(rows=7))
    assert settings.city_dir == CITIES_ROOT / "450700"


def test_every_limit_has_its_variable():
    assert {f"max_{limit.name}" for limit in fields(Limits)} == {n for n in Environment.model_fields if "max_" in n}


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("NIANBAO_HOEM", "/x", "没有环境变量 NIANBAO_HOEM；是不是 NIANBAO_HOME？"),
        ("NIANBAO_MAX_ROW", "7", "没有环境变量 NIANBAO_MAX_ROW；是不是 NIANBAO_MAX_ROWS？"),
        ("NIANBAO_TODAY", "2023-13-01", "环境变量 NIANBAO_TODAY 应当是日期，如 2024-09-01，不能是“2023-13-01”"),
        ("NIANBAO_MAX_ROWS", "many", "环境变量 NIANBAO_MAX_ROWS 应当是正整数，不能是“many”"),
    ],
)
def test_what_is_misspelt_is_told(monkeypatch, name, value, told):
    monkeypatch.setenv(name, value)
    with pytest.raises(ToldError) as error:
        load_settings()
    assert str(error.value) == told


def test_the_secrets_that_alerts_name_are_known():
    check_names({"NIANBAO_WECOM_KEY": "x", "NIANBAO_SPARK_HOST": "x", "HOME": "x"}, "token_env: NIANBAO_WECOM_KEY")
    with pytest.raises(ToldError, match="NIANBAO_WECOM_KEY"):
        check_names({"NIANBAO_WECOM_KEY": "x"}, "")


def test_who_stands_in_a_citys_folder_need_say_nothing(monkeypatch, tmp_path):
    folder = tmp_path / "city"
    (folder / "data" / "inbox").mkdir(parents=True)
    (folder / "nianbao.env").write_text("\ufeff# 设置\nNIANBAO_HOME=data\nNIANBAO_THREADS=3\n", "utf-8")
    for place in (folder, folder / "data" / "inbox"):
        monkeypatch.chdir(place)
        monkeypatch.setattr(os, "environ", {"NIANBAO_THREADS": "5"})
        settings = load_settings()
        assert (settings.city_dir, settings.home, settings.threads) == (folder, folder / "data", 5)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(os, "environ", {"NIANBAO_CITY": str(folder)})
    assert load_settings().home == folder / "data"
    monkeypatch.setattr(os, "environ", {"NIANBAO_CITY": str(folder), "NIANBAO_HOME": "/elsewhere"})
    assert load_settings().home == Path("/elsewhere")
    monkeypatch.setattr(os, "environ", {})
    assert load_settings().city_dir == CITIES_ROOT / "450700"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("NIANBAO_HOME=data\nNIANBAO_HOEM=x\n", "没有环境变量 NIANBAO_HOEM；是不是 NIANBAO_HOME？"),
        ("\nNIANBAO_HOME＝data\n", "nianbao.env 第 2 行：应当是 名字=值（英文等号），如 NIANBAO_HOME=data"),
        ("NIANBAO_CITY=450700\n", "不能再写 NIANBAO_CITY；请删去这一行"),
        ("# 数据\n".encode("gbk"), "nianbao.env：不是 UTF-8 编码"),
    ],
)
def test_what_is_wrong_in_a_citys_settings_is_told(monkeypatch, tmp_path, text, told):
    (tmp_path / "nianbao.env").write_bytes(text if isinstance(text, bytes) else text.encode())
    monkeypatch.setattr(os, "environ", {"NIANBAO_CITY": str(tmp_path)})
    with pytest.raises(ToldError) as error:
        load_settings()
    assert told in str(error.value)
