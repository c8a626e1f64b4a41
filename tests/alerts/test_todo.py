"""What waits today: most urgent first, one line a step however many schools, each with what settles it."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources.declarations.city import load_city
from sources.system.settings import PROJECT_ROOT
from warehouse.alerts.letters import Letter
from warehouse.alerts.todo import ORDER, OpenMark, Todo, TodoKind, Waiting, todo
from warehouse.intake.version import Version
from warehouse.intake.waiting import Asked, Unread

PROVINCE = load_city(PROJECT_ROOT / "tests" / "cities" / "small_province")
OPENS = PROVINCE.calendar.years[2031].opens
NOTHING = Waiting(PROVINCE, OPENS, Path("inbox"))
HELD = Asked(2031, "file", "0123456789abcdef", "f" * 64, "A1", "甲市职业学校", "", "", "x.xlsx", "令牌不符。", "", "")
EXPLAINED = Asked(
    2030, "explanation", "e1", "f" * 64, "A1", "甲市职业学校", "学生情况", "E6", "0", "没有学生。", "新办", "李"
)
STRANGE = Version(
    "f" * 64, "未识别_ffffffff.xlsx", None, None, None, "rejected", "有 1 个错误", OPENS, False, False, 1, 0
)


def letter(kind: str, name: str = "甲市职业学校", year: int = 2031) -> Letter:
    return Letter(kind, year, name, name, "甲市", None, "", "", None, "")


EVERYTHING = replace(
    NOTHING,
    today=date(2032, 9, 1),
    reasons_to_run=("收件夹有 1 个新文件",),
    unread=(Unread("e" * 64, "坏.xlsx", "打不开。"),),
    unidentified=(STRANGE,),
    asked=(EXPLAINED, HELD),
    letters=(letter("template"), letter("reminder"), letter("notice"), letter("marked")),
    open_items={2030: 0, 2031: 3},
    marks=(OpenMark(2031, "口径有变", "scopes.yml"),),
    undelivered=("甲市职业学校没有收到2031年度的模板：邮箱已满",),
    letters_in=("甲市职业学校来信“请问”，没有工作簿",),
)


def test_nothing_waits_when_nothing_does():
    assert todo(NOTHING) == ()


def test_everything_stands_once_in_the_order_of_urgency_with_what_settles_it():
    found = todo(EVERYTHING)
    assert [each.kind for each in found] == list(ORDER)
    assert all(each.command or each.link for each in found)
    assert {each.kind: each.command for each in found} == {
        "run": "nianbao run --year 2030 --year 2031",
        "unread": "nianbao quarantine",
        "unidentified": "nianbao findings",
        "held": "nianbao decide --version 01234567 --by 姓名 --reason 理由（不采用的加 --decline）",
        "undelivered": "nianbao mails",
        "letters_in": "nianbao mails",
        "marked": "nianbao mail-out",
        "notice": "nianbao mail-out",
        "reminder": "nianbao mail-out",
        "template": "nianbao mail-out",
        "explanations": "nianbao decide e1 approved --by 姓名（不认可的写 refused）",
        "confirm": "nianbao release 2031 --dry-run --to 确认清单.xlsx，填好后 nianbao confirm --from 确认清单.xlsx",
        "release": "nianbao release 2030",
        "marks": "nianbao new-year 2031",
        "new_year": "nianbao new-year 2032 --dry-run",
    }


def test_several_are_decided_by_a_list():
    (held,) = todo(replace(NOTHING, asked=(HELD, replace(HELD, id="f" * 16))))
    assert (held.count, held.command.split(" ")[1:3]) == (2, ["decide", "--to"])


def test_letters_that_were_written_are_only_to_be_sent_and_noted():
    (one,) = todo(replace(NOTHING, letters=(letter("marked"),), batch=Path("outbox/2031-10-01_1")))
    assert (one.command, one.link) == ("nianbao mail-out --sent --by 姓名", "outbox/2031-10-01_1")


def test_where_a_mailbox_is_declared_letters_are_sent_by_it():
    (one,) = todo(replace(NOTHING, letters=(letter("marked"),), can_send=True))
    assert one.command == "nianbao mail-out --send --by 姓名"


def test_a_file_that_cannot_be_read_is_told_once():
    (one,) = todo(
        replace(NOTHING, unread=(Unread(STRANGE.submission_id, "坏.xlsx", "打不开。"),), unidentified=(STRANGE,))
    )
    assert (one.kind, one.details) == ("unread", ("坏.xlsx：打不开。",))
    lying = Unread("e" * 64, "年报.xlsx", "打不开。", "甲学校")
    assert todo(replace(NOTHING, unread=(lying,)))[0].details == ("年报.xlsx（在甲学校的文件夹里）：打不开。",)


@pytest.mark.parametrize(("days", "waits"), [(-61, False), (-60, True), (0, True)])
def test_a_new_year_is_due_two_months_before_the_day_on_which_last_year_opened(days: int, waits: bool):
    today = date.fromordinal(OPENS.replace(year=OPENS.year + 1).toordinal() + days)
    kinds = [each.kind for each in todo(replace(NOTHING, today=today))]
    assert kinds == (["new_year"] if waits else [])


@given(
    st.lists(
        st.tuples(st.sampled_from(["marked", "notice", "reminder", "template"]), st.integers(2030, 2031)), max_size=400
    )
)
def test_the_list_is_as_long_for_a_province_as_for_a_school(letters: list[tuple[TodoKind, int]]):
    waiting = replace(
        NOTHING, letters=tuple(letter(kind, f"第{n}学校", year) for n, (kind, year) in enumerate(letters))
    )
    found: tuple[Todo, ...] = todo(waiting)
    assert len(found) == len(set(letters))
    assert sum(each.count for each in found) == len(letters)
    assert sum(len(each.details) for each in found) == len(letters)
