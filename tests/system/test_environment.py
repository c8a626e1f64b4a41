"""Environment variables: a misspelt name or a value that cannot be used is told, never ignored."""

from dataclasses import fields
from datetime import date

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
