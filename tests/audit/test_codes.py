"""Codes and names: the check character of a credit code, majors by their catalogue, who signs, and when."""

from datetime import date

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from sources.audit.audited import Audit
from sources.audit.check_characters import (
    CREDIT_LETTERS,
    check_character_told,
    credit_check_character,
)
from sources.audit.judge import audit
from sources.declarations.city import load_city
from sources.read.read_workbook import read_workbook
from sources.sample.pour import load_samples
from sources.system.settings import CITIES_ROOT
from sources.write.template import build_workbook
from sources.write.template_sheet import SheetValues
from tests.conftest import NURSING_SCHOOL

CITY = load_city(CITIES_ROOT / "450700")
FIRST = st.text(st.sampled_from(CREDIT_LETTERS), min_size=17, max_size=17)
SIGNED = {"filled_by": "张三", "reviewed_by": "李四", "filled_on": date(2023, 11, 20)}


def audited(received: date | None = None, **sheets: list[dict[str, object]]) -> Audit:
    """The audit of a school's sample workbook with the records of some sheets replaced."""
    values = load_samples(CITIES_ROOT / "450700", 2023)[NURSING_SCHOOL]
    values |= {name: SheetValues(records=records) for name, records in sheets.items()}
    data = build_workbook(CITY, CITY.respondent_by_code[NURSING_SCHOOL], 2023, values)
    submission = read_workbook(data, "id", "file.xlsx", CITY)
    return audit([submission], CITY, {"id": received} if received else {})


def told(outcome: Audit, rule: str) -> list[str]:
    return [finding.message for finding in outcome.findings if finding.rule_id == rule]


@given(FIRST, st.integers(0, 16), st.sampled_from(CREDIT_LETTERS))
def test_one_wrong_character_of_a_credit_code_shows(first: str, place: int, letter: str):
    assume(first[place] != letter)
    right = credit_check_character(first)
    wrong = credit_check_character(first[:place] + letter + first[place + 1 :])
    assert right != wrong


def test_real_codes_hold_and_a_slip_says_what_it_would_be():
    """The example of GB 32100-2015, annex: 91350100M000100Y43."""
    assert credit_check_character("91350100M000100Y43") == "3"
    assert check_character_told("91350100M000100Y47") == "按前 17 位，末位应为“3”"
    assert "不用的字母" in check_character_told("9135O100M000100Y43")


@pytest.mark.parametrize(
    ("code", "is_told"),
    [
        ("91350100M000100Y43", False),
        ("91450700MA5KXXXXXX", True),
        ("91350100M000100Y34", True),
        (None, False),
    ],
)
def test_a_partner_whose_code_cannot_be_is_told_at_its_cell(code, is_told):
    partner = {"enterprise_name": "某某有限公司", "credit_code": code, "location": None, "shared_bases": 0}
    assert bool(told(audited(partners=[partner]), "value.check_character")) is is_told


def offered(*majors: tuple[str, str]) -> list[dict[str, object]]:
    return [{"major_code": code, "major_name": name, "change_status": "continued"} for code, name in majors]


@pytest.mark.parametrize(
    ("majors", "words"),
    [
        ([("720201", "护理"), ("720301", "药剂")], None),
        ([("720201", "护理（助产方向）")], None),
        ([("990001", "护理")], None),
        ([("614444", "没有听说过的专业")], None),
        ([("720301", "护理"), ("720201", "药剂")], "与“药剂”一行的代码互换了"),
        ([("720310", "药剂")], "“药剂”的代码是 720301"),
        ([("720201", "药剂学")], "720201 在专业目录（2021年）中是“护理”，不是“药剂学”"),
        ([("100100", "护理")], "100100 是 2010 年目录的代码（护理），“护理”的代码是 720201"),
    ],
)
def test_code_and_name_of_a_major_agree(majors, words):
    messages = told(audited(majors=offered(*majors)), "cross.major_code_and_name_agree")
    assert bool(messages) is (words is not None)
    assert words is None or words in messages[0]


@pytest.mark.parametrize("missing", ["filled_by", "reviewed_by", "filled_on"])
def test_a_cover_that_nobody_signed_is_told_once(missing):
    assert not told(audited(cover=[SIGNED]), "cover.signed")
    assert len(told(audited(cover=[{**SIGNED, missing: None}]), "cover.signed")) == 1
    assert len(told(audited(cover=[dict.fromkeys(SIGNED)]), "cover.signed")) == 1


@pytest.mark.parametrize(
    ("filled_on", "received", "is_told"),
    [
        (date(2023, 10, 8), date(2023, 11, 30), False),
        (date(2023, 11, 30), date(2023, 11, 30), False),
        (date(2023, 11, 30), None, False),
        (date(2023, 10, 7), date(2023, 11, 30), True),
        (date(2022, 11, 20), None, True),
        (date(2023, 12, 1), date(2023, 11, 30), True),
        (date(2022, 9, 1), date(2022, 9, 2), False),  # of a year that has not opened nobody can say
    ],
)
def test_the_day_of_filling_in_lies_in_the_window(filled_on, received, is_told):
    outcome = audited(received, cover=[{**SIGNED, "filled_on": filled_on}])
    assert bool(told(outcome, "cover.filled_on_outside")) is is_told
