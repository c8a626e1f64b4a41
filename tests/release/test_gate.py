"""A release goes out when each item of its list is settled, one by one: by whoever saw what there is to see."""

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from orchestration.cli.main import app
from sources.archive.confirmations import Confirmation, archived_confirmations
from sources.declarations.pack import NEUTRAL_PACK
from sources.system.settings import Settings
from tests.support.sample import PACK
from warehouse.catalogue.catalogue import load_catalogue
from warehouse.catalogue.movement import Movement
from warehouse.release.checklist import Checklist, declared_points
from warehouse.release.gate import CannotConfirmError, Wish, confirmed_notes, gate, note_wishes, open_items
from warehouse.release.item import Listed, ReleaseItem, Settled, listed_of
from warehouse.release.list_file import read_list, write_list

YEAR = 2023
MOVED = ReleaseItem(
    "moved.majors", "moved", "专业数（个）", "上年 9，本年 2（减少 7 个，即 77.8%）", "限度", ("majors",)
)
WARNED = ReleaseItem("warnings.0a", "warnings", "甲校（学生情况 E6）", "填的是“0”：没有学生")
STALE = ReleaseItem("tests.0b", "tests", "有未处理的内容", "收件夹有 1 个新文件")
EXPLAINED = ReleaseItem("warnings.0c", "warnings", "乙校（学生情况 E6）", "填的是“0”：没有学生")
APPROVED = Settled("explained", "李科长", "张三：新办学校")


def listing(*items: ReleaseItem, confirmations: tuple[Confirmation, ...] = ()) -> tuple[Listed, ...]:
    settled = {item: APPROVED if item is EXPLAINED else None for item in items}
    return gate(Checklist((), settled, (), ()), confirmations, YEAR)


def confirmation(item: ReleaseItem, seen: str = "", year: int = YEAR) -> Confirmation:
    return Confirmation(year, item.id, seen or item.seen, "王科长", "撤销七个专业", "2024-03-09T08:00:00+00:00")


def test_an_item_is_open_until_it_is_confirmed_by_itself():
    assert open_items(listing(MOVED, WARNED, confirmations=(confirmation(MOVED),))) == (Listed(WARNED),)


def test_a_confirmation_is_of_what_was_seen_and_of_its_year():
    for other in (confirmation(MOVED, seen="上年 9，本年 3"), confirmation(MOVED, year=YEAR - 1)):
        assert open_items(listing(MOVED, confirmations=(other,))) == (Listed(MOVED),)


def test_what_nobody_may_confirm_stays_open_whatever_the_archive_says():
    (still,) = open_items(listing(STALE, confirmations=(confirmation(STALE),)))
    assert "nianbao run" in still.nobody


def test_an_approved_explanation_settles_its_warning_and_its_reason_is_shown():
    (listed,) = listing(EXPLAINED)
    assert listed.settled == APPROVED
    assert listed_of(listed.row) == listed


def test_the_points_that_nobody_may_confirm_are_declared():
    never = {name for name, point in declared_points().items() if point.nobody}
    assert never == {"unreadable", "archive", "tests", "reconciliation", "narrative"}


WRONG = {
    "an item that is not on the list": (Wish("moved.x", "王", "核实过"), "清单里没有这一项"),
    "one that nobody may confirm": (Wish(STALE.id, "王", "核实过"), "谁也不能确认"),
    "something else than is seen today": (Wish(MOVED.id, "王", "核实过", "本年 3"), "看到的已经变了"),
    "no name": (Wish(MOVED.id, " ", "核实过"), "没有写确认人"),
    "no reason": (Wish(MOVED.id, "王", " "), "没有写理由"),
    "the reason above": (Wish(MOVED.id, "王", "同上"), "没有写理由"),
    "somebody's telephone": (Wish(MOVED.id, "王", "已问 13807770001"), "电话号码"),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_cannot_be_confirmed_is_told_and_nothing_is_noted(what: str, tmp_path: Path):
    wrong, sentence = WRONG[what]
    settings = Settings(home=tmp_path, city_dir=tmp_path)
    right = Wish(WARNED.id, "王科长", "学校停办一年", WARNED.seen)
    with pytest.raises(CannotConfirmError, match=sentence):
        note_wishes(settings, {YEAR: listing(MOVED, WARNED, STALE)}, {YEAR: [right, wrong]})
    assert archived_confirmations(settings.archive) == []
    note_wishes(settings, {YEAR: listing(MOVED, WARNED, STALE)}, {YEAR: [right]})
    assert [(each.item, each.seen, each.by) for each in archived_confirmations(settings.archive)] == [
        (WARNED.id, WARNED.seen, "王科长")
    ]


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
def test_a_list_comes_back_as_it_was_written_and_only_filled_lines_count(suffix: str, tmp_path: Path):
    path = tmp_path / f"list{suffix}"
    minus = ReleaseItem("moved.x", "moved", "=1+1", "-五")
    listed = listing(MOVED, WARNED, STALE, EXPLAINED, minus)
    assert write_list(listed, YEAR, path) == 3  # neither what nobody may confirm, nor what is settled
    assert read_list(path) == ({}, 3)
    if suffix == ".csv":
        filled = (
            path.read_text("utf-8-sig").replace("限度,,", "限度,王科长,撤销七个专业").replace("'-五,,,", "'-五,,李,对")
        )
        path.write_text(filled, "utf-8-sig")
    else:
        book = openpyxl.load_workbook(path)
        for row, (name, reason) in {2: ("王科长", "撤销七个专业"), 4: ("李", "对")}.items():
            book.active.cell(row, 6).value, book.active.cell(row, 7).value = name, reason
        book.save(path)
    wishes, unfilled = read_list(path)
    assert unfilled == 1
    made = note_wishes(Settings(home=tmp_path, city_dir=tmp_path), {YEAR: listed}, wishes)
    assert [(each.item, each.seen, each.by, each.reason) for each in made] == [
        (MOVED.id, MOVED.seen, "王科长", "撤销七个专业"),
        ("moved.x", "-五", "李", "对"),
    ]


def test_a_file_that_is_no_list_is_told(tmp_path: Path):
    for name in ("list.txt", "list.xlsx"):
        (tmp_path / name).write_text("x")
        with pytest.raises(CannotConfirmError, match=name):
            read_list(tmp_path / name)
    with pytest.raises(CannotConfirmError, match="只能写成"):
        write_list((), YEAR, tmp_path / "list.txt")


def test_a_footnote_says_why_and_names_no_person():
    notes = confirmed_notes(listing(MOVED, EXPLAINED, confirmations=(confirmation(MOVED),)))
    assert notes == {"majors": (f"教育局确认，{MOVED.title}{MOVED.seen}：撤销七个专业",)}


@pytest.mark.parametrize("pack", [PACK, NEUTRAL_PACK])
def test_every_figure_has_a_limit_with_a_reason(pack):
    for indicator in load_catalogue(pack).indicators.values():
        assert indicator.movement.step >= 0, indicator.code
        assert len(indicator.movement.reason) >= 8


@given(st.decimals("0.01", "1", places=2), st.decimals(0, 1000, places=1), st.decimals(0, 10**6, places=2))
def test_small_steps_and_small_shares_are_no_movement(share: Decimal, step: Decimal, previous: Decimal):
    limit = Movement(share=share, step=step, reason="一年内不会有这样的变化")
    allowed = max(step, share * previous)
    assert not limit.is_beyond(allowed, previous)
    assert not limit.is_beyond(-allowed, previous)
    assert limit.is_beyond(allowed + Decimal("0.01"), previous)


@pytest.fixture
def at_the_terminal(fresh_copy: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    monkeypatch.setenv("NIANBAO_HOME", str(fresh_copy.home))
    monkeypatch.setenv("NIANBAO_CITY", str(fresh_copy.city_dir))
    return fresh_copy


def typed(*words: str) -> Result:
    return CliRunner().invoke(app, list(words))


def test_a_clerk_sees_what_moved_by_how_much_and_how_to_confirm_it(at_the_terminal: Settings):
    shown = typed("release", "2023", "--dry-run")
    assert shown.exit_code == 3
    for text in (
        "moved.staff_quota  教职工额定编制数（人）",
        "上年 822，本年 1002（增加 180 人，即 21.9%）",
        "nianbao confirm 2023 moved.staff_quota --by 姓名 --reason 理由",
        "统计口径有变，不作增减的数字 5 个：毕业生数",
        "直接就业人数 4004 → 3169 人",
        "另有 1 个警告不影响印出的数字",
    ):
        assert text in shown.stdout, text
    done = typed("confirm", "2023", "moved.staff_quota", "--by", "王科长", "--reason", "新校区增编")
    assert (done.exit_code, "已确认 1 项" in done.stdout) == (0, True)
    refused = typed("release", "2023", "--json")
    told = json.loads(refused.stdout)
    settled = {item["id"]: item["settled"] for item in told["items"] if item["settled"]}
    assert (refused.exit_code, told["released"]) == (3, False)
    assert {key: (how["by"], how["reason"]) for key, how in settled.items()} == {
        "moved.staff_quota": ("王科长", "新校区增编")
    }
    assert typed("confirm", "2023", "moved.majors", "--by", "王科长", "--reason", "核实过").exit_code == 2
    assert typed("release", "2023", "--override", "急", "--by", "王科长").exit_code == 2
