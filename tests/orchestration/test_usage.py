"""A command that was typed wrongly is told in Chinese, in one line, and nothing is done."""

import subprocess
import sys
from pathlib import Path

import pytest

NIANBAO = Path(sys.executable).with_name("nianbao")


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("trase", "没有 trase 这个命令；是不是“trace”？用法见 nianbao --help"),
        ("trace", "缺少“指标的名称或代码"),
        ("release", "缺少“报告年度”"),
        ("run", "缺少 --year（报告年度，可以重复给出）"),
        ("trace x --yaer 2023", "没有 --yaer 这个选项；是不是“--year”？用法见 nianbao trace --help"),
        ("trace x --year abc", "--year（报告年度）的值不对：应当是整数。"),
        ("status --year", "--year 后面要写一个值。"),
        ("run --year 2023 --target spork", "可以写 duckdb、spark。"),
        ("table 1 2 3", "多写了“2 3”。"),
        ("reconcile --published /nope.csv --year 2023", "没有这个文件：/nope.csv。"),
    ],
)
def test_what_is_wrong_and_what_would_be_right(tmp_path, line, told):
    done = subprocess.run(
        [NIANBAO, *line.split()], capture_output=True, text=True, env={"NIANBAO_HOME": str(tmp_path)}, check=False
    )
    assert done.returncode == 2
    assert told in done.stderr
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""
    assert list(tmp_path.iterdir()) == []


def test_help_is_chinese(tmp_path):
    done = subprocess.run([NIANBAO, "trace", "--help"], capture_output=True, text=True, check=True)
    assert "选项" in done.stdout
    assert not {"Options", "Arguments", "[required]"} & set(done.stdout.split())
