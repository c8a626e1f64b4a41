"""`nianbao mail-out`, `todo`, `decide --from`: what they print and return for a clerk and for a program."""

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import openpyxl
import pytest
from typer.testing import CliRunner, Result

from orchestration.cli.main import app
from orchestration.lib.correspondence import for_all
from orchestration.lib.what_waits import read_waiting
from sources.archive.sent import archived_sent
from sources.declarations.city import load_city
from sources.declarations.undecided import UNDECIDED_FILE
from sources.system.settings import Settings
from warehouse.alerts.todo import todo

DONE, CANNOT, SOMEBODY_HAS_TO_ACT = 0, 2, 3


def nianbao(settings: Settings, monkeypatch: pytest.MonkeyPatch, *words: str) -> Result:
    for name, value in {"NIANBAO_HOME": settings.home, "NIANBAO_CITY": settings.city_dir}.items():
        monkeypatch.setitem(os.environ, name, str(value))
    return CliRunner().invoke(app, list(words))


def test_a_batch_is_written_noted_and_taken_back(empty: Settings, monkeypatch: pytest.MonkeyPatch):
    waiting = json.loads(nianbao(empty, monkeypatch, "todo", "--json").output)
    assert {each["command"] for each in waiting if each["kind"] == "reminder"} == {"nianbao mail-out"}
    first = nianbao(empty, monkeypatch, "mail-out")
    assert first.exit_code == DONE, first.output
    assert "催报 25 封" in first.output
    assert "没有邮箱" in first.output
    assert "与上一批相同，没有再写" in nianbao(empty, monkeypatch, "mail-out").output
    waiting = json.loads(nianbao(empty, monkeypatch, "todo", "--json").output)
    assert "nianbao mail-out --sent --by 姓名" in {each["command"] for each in waiting}
    assert "25 封信记为已发出（王科长）" in nianbao(empty, monkeypatch, "mail-out", "--sent", "--by", "王科长").output
    assert "没有要发给各单位的" in nianbao(empty, monkeypatch, "mail-out").output
    (batch,) = {each.batch for each in archived_sent(empty.archive)}
    back = nianbao(empty, monkeypatch, "mail-out", "--not-sent", "--batch", batch, "--by", "王", "--to", "卫生学校")
    assert "2 封信没有发出，下次再写" in back.output
    again = json.loads(nianbao(empty, monkeypatch, "mail-out", "--by", "王", "--json").output)
    assert {each["respondent_name"] for each in again["letters"]} == {"钦州市卫生学校"}
    assert len(archived_sent(empty.archive)) == 25


def test_letters_and_rules_of_the_year_go_to_everybody_and_no_other_workbook(empty: Settings):
    for name in (
        "templates/2023/通知.docx",
        "templates/2023/某校.xlsx",
        "new_year/2023/规则.html",
        "new_year/2023/x.json",
    ):
        (empty.home / name).parent.mkdir(parents=True, exist_ok=True)
        (empty.home / name).write_text("x")
    assert [path.name for path in for_all(empty, [2023])[2023]] == ["规则.html", "通知.docx"]


def test_what_of_a_new_year_is_undecided_waits(empty: Settings, tmp_path: Path):
    folder = tmp_path / "city"
    shutil.copytree(empty.city_dir, folder)
    (folder / UNDECIDED_FILE).write_text("undecided:\n  - {report_year: 2023, about: dates, what: 日期还没有核对}\n")
    settings = replace(empty, city_dir=folder)
    (one,) = (each for each in todo(read_waiting(settings, load_city(folder))) if each.kind == "marks")
    assert (one.details, one.link) == (("2023 年 日期：日期还没有核对",), str(folder / UNDECIDED_FILE))


@pytest.mark.parametrize(
    "words",
    [
        ("mail-out", "--sent"),
        ("mail-out", "--not-sent", "--by", "王"),
        ("mail-out", "--batch", "x"),
        ("mail-out", "--sent", "--by", "王"),
        ("decide",),
        ("decide", "--from", "/no/such/file.xlsx"),
        ("decide", "x", "approved", "--to", "list.xlsx"),
    ],
)
def test_what_cannot_be_done_is_told(words: tuple[str, ...], empty: Settings, monkeypatch: pytest.MonkeyPatch):
    done = nianbao(empty, monkeypatch, *words)
    assert done.exit_code == CANNOT, done.output
    assert archived_sent(empty.archive) == []


def test_decisions_in_a_file_that_a_school_sent_are_not_the_bureaus(
    city_run: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    sent = next(city_run.inbox.glob("2023*3645900002*"))
    done = nianbao(city_run, monkeypatch, "decide", "--from", str(sent), "--by", "王")
    assert done.exit_code == CANNOT
    assert "是学校报送来的文件" in done.output
    book = openpyxl.Workbook()
    book.active.append(["编号", "认定", "认定人", "理由"])
    book.active.append(["nosuch", "认可", "", ""])
    book.active.append(["other", "", "", ""])
    book.save(tmp_path / "list.xlsx")
    done = nianbao(city_run, monkeypatch, "decide", "--from", str(tmp_path / "list.xlsx"), "--by", "王")
    assert done.exit_code == SOMEBODY_HAS_TO_ACT
    assert "第 2 行 nosuch：没有这个编号" in done.output
    assert "记入存档 0 条，下次运行时生效，没有采用 1 行，没有填写 1 行。" in done.output


def test_who_had_sent_is_shown_in_words(city_run, monkeypatch):
    """Without a table: the register, and not its thirty columns of codes, times and hashes."""
    told = nianbao(city_run, monkeypatch, "as-of", "2099-01-01", "--year", "2023")
    assert told.exit_code == 0, told.output
    assert "报送登记簿，2099-01-01 时所知" in told.output
    assert "已接收" in told.output
    assert "accepted" not in told.output
