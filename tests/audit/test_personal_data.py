"""Personal data in free text is found, told and redacted; numbers that are something else are left alone."""

from collections.abc import Iterable
from datetime import date
from io import BytesIO

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources.audit.audited import Audit
from sources.audit.check_characters import credit_check_character
from sources.audit.judge import judge
from sources.audit.personal_data import NAME_REDACTED
from sources.audit.personal_text import WEIGHTS, redacted
from sources.declarations.city import City
from sources.read.read_workbook import read_workbook
from sources.sample.pour import load_samples
from sources.system.settings import CITIES_ROOT, Limits
from sources.write.template import build_workbook
from tests.conftest import NURSING_SCHOOL

DIGIT = st.sampled_from("0123456789")


@st.composite
def identity_numbers(draw: st.DrawFn) -> str:
    born = draw(st.dates(date(1930, 1, 1), date(2015, 12, 31)))
    first = (
        f"{draw(st.sampled_from(['110101', '450702', '340102', '650104']))}{born:%Y%m%d}{draw(st.integers(0, 999)):03}"
    )
    total = sum(int(digit) * weight for digit, weight in zip(first, WEIGHTS, strict=True))
    return first + "10X98765432"[total % 11]


@st.composite
def cards(draw: st.DrawFn) -> str:
    first = "62" + "".join(draw(st.lists(DIGIT, min_size=16, max_size=16)))
    doubled = [int(digit) * (2 - place % 2) for place, digit in enumerate(reversed(first))]
    return first + str(-sum(value // 10 + value % 10 for value in doubled) % 10)


@st.composite
def credit_codes(draw: st.DrawFn) -> str:
    first = (
        draw(st.sampled_from(["91", "12", "51"])) + "450700" + "".join(draw(st.lists(DIGIT, min_size=9, max_size=9)))
    )
    return f"{first}{credit_check_character(first)}"


PHONES = st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True) | st.from_regex(
    r"0[1-9][0-9]{2}-[1-9][0-9]{6,7}", fullmatch=True
)
MAILS = st.from_regex(r"[a-z]{1,9}\.?[a-z0-9]{1,9}@[a-z]{2,9}\.(com|edu\.cn)", fullmatch=True)
PERSONAL = {"身份证号": identity_numbers(), "银行卡号": cards(), "电话号码": PHONES, "电子邮箱": MAILS}
FULL_WIDTH = str.maketrans("0123456789@.-", "０１２３４５６７８９＠．－")


@pytest.mark.parametrize("kind", PERSONAL)
@given(data=st.data())
def test_each_kind_is_redacted_wherever_it_stands_in_a_text(kind, data):
    number = data.draw(PERSONAL[kind])
    before, after = data.draw(
        st.sampled_from([("", ""), ("联系人张老师", "，有事打电话"), ("（", "）"), ("号码：", "。")])
    )
    number = data.draw(st.sampled_from([number, number.translate(FULL_WIDTH)]))
    text, kinds = redacted(f"{before}{number}{after}")
    assert number not in text
    assert kind in kinds
    assert (text.startswith(before), text.endswith(after)) == (True, True)


@given(st.from_regex(r"1[3-9][0-9] [0-9]{4} [0-9]{4}", fullmatch=True))
def test_a_number_in_groups_is_redacted(number):
    assert redacted(f"手机{number}")[0] == "手机［电话号码已隐去］"


@given(credit_codes())
def test_a_credit_code_is_nobodys_identity_number(code):
    assert "身份证号" not in redacted(f"信用代码{code}")[1]


@pytest.mark.parametrize(
    "text",
    [
        *("", "2018年停止招生", "共 12345678 元", "证书编号 202345678901", "生均 10995.4712 元", "第 3 届"),
        *("面积 13800138000.5", "A13800138000B", "专业代码 720201", "2023-11-30", "12,345,678", "@所有人"),
    ],
)
def test_other_numbers_and_words_stay(text):
    assert redacted(text) == (text, ())


@given(st.text(max_size=300))
def test_redacting_what_is_redacted_changes_nothing(text):
    once, _ = redacted(text)
    assert redacted(once) == (once, ())


def judged(city: City, cells: Iterable[tuple[str, str, object]]) -> Audit:
    """The audit of the nursing school's workbook, with some cells (sheet, label, what somebody typed) filled in."""
    school = city.respondent_by_code[NURSING_SCHOOL]
    values = load_samples(CITIES_ROOT / "450700", 2023)[NURSING_SCHOOL]
    book = openpyxl.load_workbook(BytesIO(build_workbook(city, school, 2023, values)))
    for sheet, label, typed in cells:
        row = next(row for row in book[sheet].iter_rows() if row[1].value == label)
        row[4].value = typed
    book.save(data := BytesIO())
    submission = read_workbook(data.getvalue(), "a" * 64, "张三.xlsx", city, Limits())
    return judge([submission], lambda submission_id: city, {"a" * 64: date(2023, 11, 1)})


def test_nothing_that_is_loaded_has_what_a_school_typed(city):
    """The sender is told; cells, tables, findings and explanations do not have it."""
    outcome = judged(city, [("学校概况", "备注", "联系人张三 13800138000"), ("封面", "填报人", "李四")])
    (told,) = [finding for finding in outcome.findings if finding.rule_id == "privacy.personal_data"]
    assert (told.address.sheet, told.severity) == ("学校概况", "warning")
    assert told.message == "这一格里有电话号码，报告和数据库里都不会公开，已隐去：联系人张三 ［电话号码已隐去］"
    tables = [table.rows() for table in outcome.tables.values()]
    loaded = repr([outcome.cells.rows(), tables, outcome.findings, outcome.submissions])
    assert "13800138000" not in loaded
    assert "李四" not in loaded
    assert NAME_REDACTED in loaded


def test_a_finding_about_another_cell_does_not_repeat_it_either(city):
    """Too long a text is a finding of its own, with the text in its value."""
    typed = "张三 13800138000 " + "备注" * 150
    outcome = judged(city, [("学校概况", "备注", typed)])
    assert {"value.too_long", "privacy.personal_data"} <= {finding.rule_id for finding in outcome.findings}
    assert "13800138000" not in repr(outcome.findings)


def test_a_number_that_looks_like_a_telephone_is_a_number_where_numbers_stand(city):
    """A school that typed yuan for ten thousand yuan must see what it typed."""
    outcome = judged(city, [("学生情况", "全日制在校生数", "13800138000.5")])
    outcome_whole = judged(city, [("学生情况", "全日制在校生数", 13800138000)])
    assert "13800138000" in repr(outcome.findings)
    assert "13800138000" in repr(outcome_whole.findings)
    assert not [finding for finding in outcome_whole.findings if finding.rule_id == "privacy.personal_data"]


def test_a_name_that_is_any_word_changes_no_other_message(city):
    """Somebody typed 学 where the name belongs."""
    cells = [("学生情况", "全日制在校生数", "25a1")]
    before, after = judged(city, cells), judged(city, [*cells, ("封面", "填报人", "学")])
    assert {finding.message for finding in before.findings} <= {finding.message for finding in after.findings}
    assert not [finding for finding in after.findings if NAME_REDACTED in finding.message]


@pytest.mark.parametrize("text", ["2023年报 张三 13812345678.xlsx", "Call 13812345678.", "0777-2825678.doc"])
def test_a_number_before_a_full_stop_is_a_telephone_and_before_a_decimal_point_it_is_not(text):
    assert redacted(text)[1] == ("电话号码",)
    assert redacted("13812345678.50 元") == ("13812345678.50 元", ())
