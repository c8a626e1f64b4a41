"""`nianbao …` as its users call it: in a process of its own, on an installation of its own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from sources.system.settings import Settings

NIANBAO = str(Path(sys.executable).with_name("nianbao"))


def nianbao(settings: Settings, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"NIANBAO_HOME": str(settings.home), "NIANBAO_CITY": str(settings.city_dir)}
    return subprocess.run([NIANBAO, *arguments], env=environment, capture_output=True, text=True, timeout=300)


def test_a_newcomer_runs_two_years_and_then_has_nothing_to_do(empty):
    assert nianbao(empty, "sample", "--year", "2022", "--year", "2023").returncode == 0
    first = nianbao(empty, "run", "--year", "2023", "--year", "2022")
    assert first.returncode == 0, first.stdout + first.stderr
    for words in (
        "接收、读取、审核",
        "小结",
        "2022年度  已接收 12 / 应报 12",
        "2023年度  已接收 13 / 应报 13",
        "错误 0 个，待说明的警告 0 个，已说明 8 个",
        "提醒      未启用",
    ):
        assert words in first.stdout
    assert (empty.summary_tables / "2023" / "表1.2-2.csv").exists()

    written = {path: path.stat().st_mtime_ns for path in (empty.working_database, empty.published_database)}
    second = nianbao(empty, "run", "--year", "2023", "--year", "2022")
    assert second.returncode == 0
    assert "没有新内容" in second.stdout
    assert "▶" not in second.stdout
    assert written == {path: path.stat().st_mtime_ns for path in written}


def test_a_table_is_printed_in_chinese(city_run):
    printed = nianbao(city_run, "table", "1.2-2", "--year", "2023")
    assert printed.returncode == 0
    for words in ("表1.2-2", "办学情况分析", "变化情况", "1155↓", "1.26:1"):
        assert words in printed.stdout


def test_status_and_findings_say_who_has_sent_and_what_is_wrong(city_run):
    status = nianbao(city_run, "status", "--year", "2023")
    assert status.stdout.count("已接收") == 13
    findings = nianbao(city_run, "findings", "--year", "2023")
    assert "毕业去向" in findings.stdout
    assert "E11" in findings.stdout


def test_templates_carry_last_years_values(city_run, tmp_path):
    import openpyxl

    assert nianbao(city_run, "template", "--year", "2023", "--out", str(tmp_path)).returncode == 0
    assert len(list(tmp_path.glob("*.xlsx"))) == 13
    book = openpyxl.load_workbook(next(tmp_path.glob("*卫生学校*.xlsx")))
    assert book["学生情况"]["D6"].value == 2676
    assert book["学生情况"]["E6"].value is None


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("table", "9.9", "--year", "2023"), "没有表“9.9”"),
        (("table", "2.4", "--year", "2019"), "没有 2019 年"),
        (("run", "--year", "1999"), "没有 1999 年"),
    ],
)
def test_a_wrong_call_says_what_is_there(city_run, arguments, words):
    called = nianbao(city_run, *arguments)
    assert called.returncode == 2
    assert words in called.stderr


def test_before_the_first_run_there_is_nothing_to_show(empty):
    called = nianbao(empty, "status", "--year", "2023")
    assert called.returncode == 2
    assert "还没有发布的数据库" in called.stderr
