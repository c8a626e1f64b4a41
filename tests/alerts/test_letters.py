"""Letters: which wait, what they say, and a batch of them as a folder a district, a zip and a list."""

import csv
import zipfile
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources.archive.sent import Sent, archived_sent
from sources.declarations.city import City, load_city
from sources.declarations.contacts import Contact
from sources.submission.cell import CellAddress
from sources.submission.effect import Effect, MovedFigure
from sources.submission.finding import Finding
from sources.system.settings import PROJECT_ROOT, Settings
from warehouse.alerts.letters import SHOWN, Correspondence, Letter, RefusedExplanation, Template, letters_of
from warehouse.alerts.mail_out import (
    HEADINGS,
    LIST,
    BatchError,
    note_batch,
    same_as_waiting,
    take_back,
    waiting_batch,
    write_batch,
)
from warehouse.intake.version import Status, Version

PROVINCE = load_city(PROJECT_ROOT / "tests" / "cities" / "small_province")
YEAR = 2030
DATES = PROVINCE.calendar.years[YEAR]
SCHOOL = next(each for each in PROVINCE.respondents_in(YEAR) if each.kind == "school")
ID = "ab" * 32
MOVED = Effect("this", True, True, (MovedFigure("在校生", "人", YEAR, "", "100", "90", Decimal("0.1")),), 1, "全省")


def version(status: Status, stands: bool = False, received_on: date = DATES.opens) -> Version:
    return Version(
        ID, "2030_甲校.xlsx", SCHOOL.code, SCHOOL.name, YEAR, status, None, received_on, stands, stands, 1, 0
    )


def finding(
    rule: str = "students.sum", cell: str = "E6", effect: Effect | None = None, words: str = "合计不符"
) -> Finding:
    place = CellAddress(ID, "2030_甲校.xlsx", "学生情况", cell, "students")
    return Finding(place, "1", rule, "1", "error", f"{words}。", "请改正。", effect=effect)


def known(*findings: Finding, of: Version | None = None, today: date = DATES.opens, **more: object) -> Correspondence:
    facts = Correspondence(PROVINCE, today, 7, [of] if of else [], {ID: findings})
    return replace(facts, **more)


def to_school(facts: Correspondence) -> Letter | None:
    return next((each for each in letters_of(facts, [YEAR]) if each.respondent_code == SCHOOL.code), None)


def sent(letter: Letter, on: date) -> Sent:
    return Sent(letter.kind, letter.report_year, letter.respondent_code, letter.content, "b", "王", on.isoformat())


def test_a_template_is_sent_once_and_again_when_it_is_another(tmp_path: Path):
    template = Template(tmp_path / "模板.xlsx", "one")
    facts = known(templates={(SCHOOL.code, YEAR): template})
    letter = to_school(facts)
    assert letter is not None
    assert (letter.kind, letter.file, letter.content) == ("template", template.path, "one")
    assert f"最迟在{DATES.due.year}年{DATES.due.month}月{DATES.due.day}日当天" in letter.body
    gone = [sent(letter, DATES.opens)]
    assert to_school(replace(facts, sent=gone)) is None
    changed = to_school(replace(facts, sent=gone, templates={(SCHOOL.code, YEAR): Template(template.path, "two")}))
    assert changed is not None
    assert "模板有更新" in changed.body


def test_a_rejected_file_says_what_is_wrong_by_effect_and_until_when_to_whom(tmp_path: Path):
    bureau = next(each for each in PROVINCE.respondents_in(YEAR) if each.kind == "bureau")
    contacts = {
        SCHOOL.code: Contact(respondent=SCHOOL.code, name="陆老师", mail=("lu@x.cn",)),
        bureau.code: Contact(respondent=bureau.code, name="王科长", mail=("wang@x.cn",)),
    }
    plain, grave = finding("a", "E6"), finding("b", "E9", MOVED, "多填一个零")
    facts = known(grave, plain, of=version("rejected"), contacts=contacts, marked={ID: tmp_path / "甲校_校验结果.xlsx"})
    letter = to_school(facts)
    assert letter is not None
    assert letter.body.split("\n") == [
        f"{SCHOOL.name} 陆老师：",
        "2030年10月1日收到的2030_甲校.xlsx有 2 个错误，没有接收。目前没有有效的版本，贵单位的数还没有计入。",
        "影响全省数字的 1 个：",
        "1. 【错误】学生情况 E9：多填一个零。影响：按建议改正：在校生 100 → 90 人。请改正。",
        "其他的 1 个：",
        "1. 【错误】学生情况 E6：合计不符。请改正。",
        "问题标在附件的单元格上，第一张表“校验结果”列出全部，点单元格可以跳过去。",
        f"改正全部错误后，请最迟在2030年11月30日当天把整个工作簿发给{bureau.name}（王科长，wang@x.cn）。",
        "附件：甲校_校验结果.xlsx",
        f"{bureau.name}（王科长，wang@x.cn）  2030年10月1日",
    ]
    assert letter.subject == f"【年报】2030年度报送已退回，请改正后重报：{SCHOOL.name}"


def test_what_was_sent_is_sent_again_only_when_it_is_another():
    facts = known(finding(), of=version("rejected"))
    letter = to_school(facts)
    assert letter is not None
    gone = replace(facts, sent=[sent(letter, DATES.opens)])
    assert to_school(gone) is None
    other = replace(gone, findings={ID: [finding(), finding("b", "E9")]})
    assert to_school(other) is not None


def test_a_letter_is_never_too_long_and_says_how_many_there_are():
    letter = to_school(known(*[finding(f"r{n}", f"E{n}") for n in range(300)], of=version("rejected")))
    assert letter is not None
    assert len(letter.body.split("\n")) < SHOWN + 10
    assert "……共 300 个。" in letter.body


def test_a_refused_explanation_is_told_with_its_reason_while_it_is_asked():
    asked = replace(finding(), severity="warning")
    refusal = RefusedExplanation(asked.question, "新办学校", "与招生计划不符")
    facts = known(asked, of=version("accepted", True), refusals={(SCHOOL.code, YEAR): [refusal]})
    letter = to_school(facts)
    assert letter is not None
    assert "· 学生情况：“新办学校”，理由：与招生计划不符" in letter.body
    mended = to_school(replace(facts, findings={ID: ()}))
    assert mended is None


@pytest.mark.parametrize(
    ("days", "status", "last", "waits"),
    [
        (-30, None, None, False),
        (-7, None, None, True),
        (1, None, None, True),
        (1, "rejected", 3, False),
        (1, "rejected", 7, True),
        (1, "held", None, False),
        (1, "received", None, False),
    ],
)
def test_a_reminder_waits_when_the_date_is_near_or_past_and_no_letter_went_lately(
    days: int, status: Status | None, last: int | None, waits: bool
):
    today = date.fromordinal(DATES.due.toordinal() + days)
    facts = known(finding(), of=version(status) if status else None, today=today)
    first = to_school(facts)
    before = []
    if last is not None:
        assert first is not None
        before = [sent(first, date.fromordinal(today.toordinal() - last))]
    letter = to_school(replace(facts, sent=before))
    assert (letter is not None and letter.kind == "reminder") == waits
    if letter and waits and days > 0:
        assert f"已逾期 {days} 天" in letter.subject


ASTRAY = replace(version("held"), report_year=YEAR - 1, file_name="2029_甲校.xlsx", reason="该年度已冻结，没有采用。")


@pytest.mark.parametrize(
    ("astray", "told"),
    [
        (ASTRAY, "2030年10月1日收到贵单位发来的2029_甲校.xlsx：该年度已冻结，没有采用。"),
        (
            replace(ASTRAY, respondent_code="other", sender_code=SCHOOL.code, status="declined", reason="不采用：误投"),
            "2030年10月1日收到贵单位发来的2029_甲校.xlsx：不采用：误投",
        ),
        (
            replace(ASTRAY, respondent_code=None, report_year=None, sender_code=SCHOOL.code, status="rejected"),
            "2030年10月1日收到贵单位发来的2029_甲校.xlsx：打不开。请改正。",
        ),
        (replace(ASTRAY, received_on=date.fromordinal(DATES.opens.toordinal() - 1)), None),
        (replace(ASTRAY, respondent_code="other"), None),
    ],
    ids=["another year", "another's name", "unreadable", "before the year", "another school's"],
)
def test_who_has_sent_something_else_is_not_told_that_nothing_came(astray: Version, told: str | None):
    letter = to_school(known(finding(words="打不开"), today=DATES.due, astray=[astray]))
    assert letter is not None
    nothing = f"{YEAR}年度的数据，我们还没有收到贵单位的。"
    assert letter.body.split("\n")[1:-3] == ([told, f"除此以外，{nothing}"] if told else [nothing])


def test_nobody_is_reminded_of_a_frozen_year_and_a_revision_of_it_is_answered():
    later = date.fromordinal(DATES.freezes.toordinal() + 5)
    assert letters_of(known(today=later), [YEAR]) == ()
    assert to_school(known(finding(), of=version("rejected"), today=later)) is None
    letter = to_school(known(finding(), of=version("rejected", True, later), today=later))
    assert letter is not None
    assert "请在封面写明“修订原因”" in letter.body


@given(st.text(max_size=40))
def test_whatever_a_school_typed_is_text_in_a_letter(typed: str):
    letter = to_school(known(finding(words=typed), of=version("rejected")))
    assert letter is not None
    assert all(mark not in letter.body for mark in ("://", "<", "[", "\r", "\x1b"))
    assert letter.body.count("\n") == 5


def installation(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path, city_dir=tmp_path, fixed_today=DATES.opens)


def some_letters(tmp_path: Path, city: City = PROVINCE) -> Sequence[Letter]:
    file = tmp_path / "模板.xlsx"
    file.write_bytes(b"book")
    template = Template(file, "one")
    contacts = {SCHOOL.code: Contact(respondent=SCHOOL.code, name="=陆", mail=("lu@x.cn", "b@x.cn"))}
    everybody = {(each.code, YEAR): template for each in city.respondents_in(YEAR)}
    return letters_of(replace(known(templates=everybody, contacts=contacts), city=city), [YEAR])


def test_a_batch_is_a_folder_a_district_a_zip_and_a_list(tmp_path: Path):
    settings = installation(tmp_path)
    letters = some_letters(tmp_path)
    rules = tmp_path / "规则.pdf"
    rules.write_bytes(b"rules")
    done = write_batch(settings, letters, {YEAR: [rules]})
    districts = {path.name for path in done.folder.iterdir() if path.is_dir()}
    assert districts == {*(each.district for each in letters), "公共附件"}
    raw = (done.folder / LIST).read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    head, *rows = csv.reader(raw.decode("utf-8-sig").splitlines(keepends=True))
    assert tuple(head) == HEADINGS
    assert [row[0] for row in rows] == [each.respondent_name for each in letters]
    own = next(row for row in rows if row[0] == SCHOOL.name)
    assert own[2:4] == ["'=陆", "lu@x.cn;b@x.cn"]
    assert own[6].endswith(";公共附件/规则.pdf")
    for row in rows:
        assert all((done.folder / name).is_file() for name in row[6].split(";"))
    with zipfile.ZipFile(done.archive) as packed:
        assert {LIST, "公共附件/规则.pdf"} <= set(packed.namelist())
        assert not any(name.startswith(".") for name in packed.namelist())
    assert len(done.without_address) == len(letters) - 1


def test_a_batch_waits_until_it_is_noted_as_sent_once(tmp_path: Path):
    settings = installation(tmp_path)
    letters = some_letters(tmp_path)
    with pytest.raises(BatchError, match="没有等着发出的批次"):
        note_batch(settings, None, "王")
    first = write_batch(settings, letters, {})
    assert same_as_waiting(settings, letters) == first.name
    second = write_batch(settings, letters[1:], {})
    assert waiting_batch(settings) == second.name  # the last one has all that waits
    name, noted = note_batch(settings, None, "王")
    assert (name, len(noted)) == (second.name, len(letters) - 1)
    assert archived_sent(settings.archive)[0].by == "王"
    assert waiting_batch(settings) is None
    with pytest.raises(BatchError, match="已经记为发出"):
        note_batch(settings, second.name, "王")
    back = take_back(settings, second.name, "王", [letters[1].respondent_code])
    assert [each.respondent_code for each in back] == [letters[1].respondent_code]
    assert len(archived_sent(settings.archive)) == len(letters) - 2
    with pytest.raises(BatchError, match="不用取消"):
        take_back(settings, first.name, "王")
    with pytest.raises(BatchError, match="没有批次"):
        note_batch(settings, "../2030", "王")


def test_a_batch_that_cannot_be_written_is_none(tmp_path: Path):
    settings = installation(tmp_path)
    letters = some_letters(tmp_path)
    (tmp_path / "模板.xlsx").unlink()
    with pytest.raises(FileNotFoundError):
        write_batch(settings, letters, {})
    assert list(settings.outbox.iterdir()) == []
