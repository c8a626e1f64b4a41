"""A comment that doubts a value, or names another, is told to the bureau with its cell; no other is."""

import shutil
from dataclasses import replace
from datetime import date
from io import BytesIO

import openpyxl
import pytest
from openpyxl.comments import Comment

from orchestration.defs.feedback_assets import _metadata as feedback_page
from sources.audit.audited import Audit
from sources.audit.commented import COMMENTED, DOUBT
from sources.audit.judge import judge
from sources.audit.suppression import SUPPRESSED
from sources.declarations.city import City
from sources.declarations.headings import normalise_label
from sources.read.comments import LONGEST
from sources.read.read_workbook import read_workbook
from sources.submission.cell import Cell, CellComment
from sources.submission.finding import Finding
from sources.submission.notes_of_ours import KEPT_LABEL, NOTE_AUTHOR, note_text, of_person
from sources.submission.submission import Submission
from sources.system.plain_text import ILLEGIBLE
from sources.system.settings import Settings
from sources.write.marked_workbook import mark_workbook
from tests.conftest import NURSING_SCHOOL, edit, ingest, run_all, select
from tests.read.test_comments import CITY, SHEET, VALUE, commented, poured
from tests.support.hostile_texts import HOSTILE
from warehouse.intake.feedback import Feedback
from warehouse.intake.register import published_findings
from warehouse.intake.version import Version
from warehouse.release.site.site_facts import FINDINGS
from warehouse.store.connection import open_published
from warehouse.store.sql import query


@pytest.mark.parametrize(
    "text",
    ["暂", "暂按上年", "待核", "待 核", "估计数", "预估", "约2千", "约两百人", "大约", "不确定", "请核", "未核实", "？",
     "是多少?", "２５９１", "少三百人", "2023级", "应为学籍数",
     "见附件1", "与学籍系统有出入，可能不对", "初步统计", "待\u200b核"],
)  # fmt: skip
def test_a_doubt_or_a_digit_is_one(text: str):
    assert DOUBT.search(normalise_label(text))


@pytest.mark.parametrize(
    "text", ["", "已核对", "评估情况", "签约企业", "按约定", "节约用水", "学籍系统导出", "招待费", "含非全日制", "无误"]
)
def test_other_words_are_none(text: str):
    assert not DOUBT.search(normalise_label(text))


def read(data: bytes) -> Submission:
    return read_workbook(data, "id", "file.xlsx", CITY)


def audited(submission: Submission) -> Audit:
    return judge([submission], lambda _: CITY, {"id": date(2023, 11, 1)})


def told(data: bytes) -> list[Finding]:
    return [finding for finding in audited(read(data)).findings if finding.rule_id == COMMENTED]


SUBMISSION = read(poured())


FULL_TIME = next(cell for cell in SUBMISSION.cells if cell.column_name == "students_full_time")


def commented_in(submission: Submission, cell: Cell, text: str) -> list[Finding]:
    outcome = audited(replace(submission, comments=(CellComment(cell, cell.cell, text),)))
    return [finding for finding in outcome.findings if finding.rule_id == COMMENTED]


def test_the_bureau_sees_the_cell_its_value_and_the_comment():
    for found in (told(commented(E6="张三:\n暂按学籍数")), told(commented(B6="暂按学籍数"))):
        (finding,) = found
        at = finding.address
        assert (at.sheet, at.cell, at.column_name, finding.value) == (SHEET, VALUE, "students_full_time", "2591")
        assert finding.severity == "info"
        assert "“全日制在校生数”填的是“2591”" in finding.message
        assert "批注写着：“暂按学籍数”" in finding.message
        assert "请确认这是最终数" in finding.fix


def test_it_holds_no_file_and_changes_no_other_verdict():
    clean, with_comment = audited(read(poured())), audited(read(commented(E6="暂", E7="数据待核")))
    assert with_comment.accepted == clean.accepted == {"id"}
    others = [finding for finding in with_comment.findings if finding.rule_id != COMMENTED]
    assert others == list(clean.findings)


def test_a_blank_cell_is_still_missed():
    """A comment is no answer."""
    blank = replace(SUBMISSION, cells=tuple(c._replace(raw_text="") if c == FULL_TIME else c for c in SUBMISSION.cells))
    comment = CellComment(FULL_TIME._replace(raw_text=""), VALUE, "约2600人，待核")
    missed = {(each.rule_id, each.address.cell) for each in audited(blank).findings}
    found = audited(replace(blank, comments=(comment,))).findings
    assert ("value.blank", VALUE) in missed
    assert {(each.rule_id, each.address.cell) for each in found} == missed | {(COMMENTED, VALUE)}
    assert "填的是“”，这一格的批注写着：“约2600人，待核”" in str(found)


def test_personal_data_in_a_comment_is_shown_nowhere():
    outcome = audited(read(commented(E6="暂估，问138 1234 5678，a.b@example.com")))
    assert "1234" not in str(outcome.findings)
    assert "example.com" not in str(outcome.findings)
    assert "电话号码已隐去" in str(outcome.findings)
    assert [submission.comments for submission in outcome.submissions] == [()]
    assert told(commented(E6="有事请找张老师，13812345678")) == [], "a telephone number is no doubt"


def test_a_comment_in_a_suppressed_row_tells_nothing():
    """Of an answer of four people: the comment stands on the cell beside it, which is not hidden itself."""
    score = next(cell for cell in SUBMISSION.cells if cell.column_name == "score" and cell.raw_text)
    of_row = {cell.column_name: cell for cell in SUBMISSION.cells if (cell.sheet, cell.record) == score[1:3]}
    few = of_row["respondents"]
    cells = tuple(cell._replace(raw_text="4") if cell == few else cell for cell in SUBMISSION.cells)
    (finding,) = commented_in(replace(SUBMISSION, cells=cells), of_row["method"], "暂按33.37分")
    assert "33.37" not in str(finding)
    assert finding.value == SUPPRESSED


def test_a_hostile_comment_is_text():
    comments = tuple(CellComment(FULL_TIME, VALUE, f"{text} 暂") for text in HOSTILE if len(text) < LONGEST)
    found = [each for each in audited(replace(SUBMISSION, comments=comments)).findings if each.rule_id == COMMENTED]
    assert len(found) == len({" ".join(each.text.split()) for each in comments})
    for finding in found:
        assert len(finding.message) < 400
        assert not ILLEGIBLE.search(finding.message)
        assert len(finding.message.splitlines()) == 1


def marked(data: bytes, *findings: Finding) -> bytes:
    return mark_workbook(data, findings or audited(read(data)).findings, "某校")


def test_our_own_marks_are_no_comments():
    clean = marked(poured())
    assert any(cell.comment for row in openpyxl.load_workbook(BytesIO(clean))["封面"] for cell in row)
    assert read(clean).comments == ()


def test_a_comment_survives_the_marked_workbook_and_its_return():
    """The school's words are kept below ours, and told again."""
    data = marked(commented(E6="暂按学籍数", B9="待核"))
    assert [(each.cell.cell, each.text) for each in read(data).comments] == [(VALUE, "暂按学籍数"), ("E9", "待核")]
    text = openpyxl.load_workbook(BytesIO(data))[SHEET][VALUE].comment.text
    assert text.count(KEPT_LABEL) == text.count("处理办法：") == 1


NOTE = "【警告】“全日制在校生数”多 3 人。\n处理办法：请核对。\n规则：students.a_b"


@pytest.mark.parametrize(
    ("text", "author", "left"),
    [
        (NOTE, NOTE_AUTHOR, ""),
        (NOTE, " ", ""),
        (f"{NOTE}\n————\n【提示】x\n规则：value.a", "", ""),
        (f"{NOTE}\n学校：已改为 2600", NOTE_AUTHOR, "学校：已改为 2600"),
        (f"暂估\n{NOTE}", NOTE_AUTHOR, "暂估"),
        (NOTE.partition("规则")[0], NOTE_AUTHOR, ""),
        ("【提示】暂估", "张三", "【提示】暂估"),
        (note_text([NOTE], "张三", "暂估"), NOTE_AUTHOR, "暂估"),
        (note_text([NOTE], NOTE_AUTHOR, note_text([NOTE, NOTE], "张三", "暂估")), NOTE_AUTHOR, "暂估"),
    ],
)
def test_what_a_person_wrote_is_told_from_our_notes(text: str, author: str, left: str):
    assert of_person(text, author) == left


def test_the_bureaus_page_lists_them(empty: Settings):
    """Of a school of which nothing else is asked, too, and as text."""
    version = Version("id", "f.xlsx", "c", "某校", 2023, "accepted", None, date(2023, 11, 1), False, False, 0, 0)
    findings = tuple(commented_in(SUBMISSION, FULL_TIME, "暂按 [x](http://a) <b>"))
    page = feedback_page(empty, [Feedback(version, findings, None)])
    assert "暂按 \\[x\\]" in str(page["单元格旁的批注"].value)
    assert "单元格旁的批注" not in feedback_page(empty, [Feedback(version, (), None)])


def kept_findings(settings: Settings) -> list[tuple]:
    return select(settings, "select * from registry.finding order by all").rows()


@pytest.mark.deep
def test_what_is_taken_in_again_from_the_archive_says_the_same(empty: Settings):
    empty.inbox.mkdir(parents=True)
    (empty.inbox / "a.xlsx").write_bytes(commented(E6="暂按学籍数"))
    ingest(empty, CITY, (2023,))
    found = kept_findings(empty)
    assert COMMENTED in str(found)
    shutil.rmtree(empty.working_database.parent)
    ingest(empty, CITY, (2023,))
    assert kept_findings(empty) == found


@pytest.mark.deep
def test_it_is_among_the_findings_moves_no_figure_and_is_on_no_site(fresh_copy: Settings, city: City):
    def note(book: openpyxl.Workbook) -> None:
        book[SHEET][VALUE].comment = Comment("暂按学籍数", "张三")

    edit(fresh_copy, city, NURSING_SCHOOL, 2023, note)
    run_all(fresh_copy, city)
    with open_published(fresh_copy) as connection:
        (found,) = (
            each.finding
            for each in published_findings(connection, 2023, NURSING_SCHOOL, None)
            if each.finding.rule_id == COMMENTED
        )
        effects = query(connection, "select * from quality.finding_effect where finding_id = ?", [found.finding_id])
        on_site = query(connection, FINDINGS, [2023])
    assert found.address.cell == VALUE
    assert effects.is_empty()
    assert not on_site.is_empty()
    assert COMMENTED not in on_site.get_column("rule_id")
