"""The audit finds every planted fault, names its cell, and keeps quiet about everything else."""

from dataclasses import replace

import pytest

from sources.audit.audited import Audit
from sources.audit.judge import audit
from sources.declarations.city import load_city
from sources.declarations.contract import load_contracts
from sources.read.read_workbook import read_workbook
from sources.sample.pour import load_samples
from sources.system.settings import CITIES_ROOT
from sources.write.sheet_values import SheetValues
from sources.write.template import build_workbook
from tests.conftest import BUREAU, NURSING_SCHOOL
from tests.support.sample import PACK

CITY = load_city(CITIES_ROOT / "450700")


def audited(respondent: str = NURSING_SCHOOL, year: int = 2023, **sheets: SheetValues) -> Audit:
    """The audit of a respondent's sample workbook with some sheets replaced."""
    values = load_samples(CITIES_ROOT / "450700", year)[respondent] | sheets
    data = build_workbook(CITY, CITY.respondent_by_code[respondent], year, values)
    return audit([read_workbook(data, "id", "file.xlsx", CITY)], CITY)


def form(sheet: str, **changes) -> dict[str, SheetValues]:
    sample = load_samples(CITIES_ROOT / "450700", 2023)[NURSING_SCHOOL][sheet]
    return {sheet: SheetValues(records=[{**sample.records[0], **changes}])}


def found(outcome: Audit) -> list[tuple[str, str, str]]:
    return [(f.rule_id, f.address.sheet, f.address.cell) for f in outcome.findings]


def rules(outcome: Audit) -> list[str]:
    return [finding.rule_id for finding in outcome.findings]


def test_the_sample_city_has_no_error():
    for year in (2022, 2023):
        for respondent in load_samples(CITIES_ROOT / "450700", year):
            outcome = audited(respondent, year)
            assert not any(finding.is_error for finding in outcome.findings)
            assert outcome.accepted == {"id"}


@pytest.mark.parametrize(
    ("sheet", "column", "value", "rule", "cell"),
    [
        ("students", "students_full_time", "约2591人", "value.not_integer", "E6"),
        ("students", "students_full_time", "二千五百", "value.not_integer", "E6"),
        ("students", "students_full_time", "2591.5", "value.not_integer", "E6"),
        ("students", "students_full_time", None, "value.blank", "E6"),
        ("students", "intake_full_time", -1, "value.too_small", "E10"),
        ("staff", "teachers_full_time", "无", "value.not_integer", "E8"),
        ("profile", "enrolment_status", "照常", "value.not_in_codelist", "E8"),
        ("profile", "authority", "局" * 300, "value.too_long", "E6"),
        ("profile", "honours", None, "value.blank_warning", "E7"),
    ],
)
def test_a_value_of_the_wrong_kind_is_found_at_its_cell(sheet, column, value, rule, cell):
    outcome = audited(**form(sheet, **{column: value}))
    title = next(c.title for c in load_contracts(PACK) if c.name == sheet)
    assert (rule, title, cell) in found(outcome)


@pytest.mark.parametrize("text", ["2591", " 2591 ", "２５９１", "2,591", "2，591", "2591人", "2,591 人"])
def test_numbers_typed_as_text_are_read_as_numbers(text):
    outcome = audited(**form("students", students_full_time=text))
    assert outcome.accepted == {"id"}
    assert outcome.tables["students"].item(0, "students_full_time") == 2591


def test_one_bad_cell_gives_one_finding():
    outcome = audited(**form("students", students_full_time="abc"))
    assert [finding.address.sheet for finding in outcome.findings].count("学生情况") == 1


@pytest.mark.parametrize(
    ("sheet", "changes", "rule"),
    [
        ("students", {"students_full_time_male": 1000, "students_full_time_female": 1590}, "students.sex_adds_up"),
        ("students", {"students_formal": 2590}, "students.formal_covers_full_time"),
        ("students", {"intake_full_time": 2592}, "students.intake_within_students"),
        ("staff", {"staff_total": 142}, "staff.teachers_within_staff"),
        ("outcomes", {"placed": 816}, "outcomes.placed_within_graduates"),
        ("outcomes", {"further_study": 600, "further_study_college": 583}, "outcomes.destinations_within_graduates"),
        ("outcomes", {"placed": 742}, "outcomes.destinations_within_placed"),
        ("outcomes", {"further_study_college": 427}, "outcomes.further_study_adds_up"),
        ("outcomes", {"employed_primary": 22}, "outcomes.industries_within_employed"),
        ("outcomes", {"employed_primary": 19}, "outcomes.industries_add_up"),
        ("outcomes", {"self_employed": 900}, "outcomes.self_employed_within_graduates"),
    ],
)
def test_a_broken_identity_is_found(sheet, changes, rule):
    assert rule in rules(audited(**form(sheet, **changes)))


def test_an_identity_with_a_missing_input_is_neither_held_nor_broken():
    outcome = audited(**form("students", students_full_time_male=1, students_full_time_female=None))
    assert "students.sex_adds_up" not in rules(outcome)


def test_the_message_says_what_stands_there_and_the_fix_what_to_do():
    outcome = audited(**form("students", students_full_time_male=1000, students_full_time_female=1590))
    finding = next(f for f in outcome.findings if f.rule_id == "students.sex_adds_up")
    assert finding.message == "男生 1000 人与女生 1590 人之和应等于全日制在校生数 2591 人。"
    assert finding.fix
    assert (finding.address.sheet, finding.address.cell, finding.value) == ("学生情况", "E6", "2591")


def test_a_major_listed_twice_is_found_in_both_rows():
    sample = load_samples(CITIES_ROOT / "450700", 2023)[NURSING_SCHOOL]["majors"]
    outcome = audited(majors=SheetValues(records=[*sample.records, sample.records[0]]))
    assert [cell for rule, _, cell in found(outcome) if rule == "record.duplicate"] == ["A6", "A13"]
    assert outcome.accepted == frozenset()


def test_a_major_of_two_directions_is_not_a_duplicate():
    sample = load_samples(CITIES_ROOT / "450700", 2023)[NURSING_SCHOOL]["majors"]
    other = {**sample.records[0], "direction": "老年护理方向"}
    assert audited(majors=SheetValues(records=[*sample.records, other])).accepted == {"id"}


@pytest.mark.parametrize(
    ("sheet", "values", "rule"),
    [
        ("staff", SheetValues(status="filled"), "sheet.empty"),
        ("majors", SheetValues(status="filled"), "sheet.empty"),
        ("staff", SheetValues(status="none"), "sheet.none_needs_records"),
        ("staff", SheetValues(status="unavailable", records=[{"teachers_full_time": 3}]), "sheet.not_empty"),
        ("staff", SheetValues(status="没有", records=[{"teachers_full_time": 3}]), "sheet.status_invalid"),
    ],
)
def test_an_empty_sheet_must_say_why_it_is_empty(sheet, values, rule):
    assert rule in rules(audited(**{sheet: values}))


@pytest.mark.parametrize(("sheet", "status"), [("majors", "none"), ("majors", "unavailable"), ("staff", "unavailable")])
def test_a_sheet_that_says_why_it_is_empty_is_accepted(sheet, status):
    outcome = audited(**{sheet: SheetValues(status=status)})
    assert outcome.accepted == {"id"}
    assert (sheet, status) in outcome.sheet_status.select("sheet", "status").rows()


def test_a_fixed_row_that_was_deleted_is_found():
    sample = load_samples(CITIES_ROOT / "450700", 2023)[BUREAU]
    data = build_workbook(CITY, CITY.respondent_by_code[BUREAU], 2023, sample)
    reading = read_workbook(data, "id", "file.xlsx", CITY)
    kept = tuple(cell for cell in reading.cells if (cell.sheet, cell.record) != ("scope_choice", 7))
    assert "record.row_missing" in rules(audit([replace(reading, cells=kept)], CITY))


def test_every_finding_has_an_address_or_names_its_sheet():
    outcome = audited(
        **form("students", students_full_time="abc", intake_full_time=None),
        staff=SheetValues(status="filled"),
    )
    assert all(finding.address.cell or finding.address.sheet for finding in outcome.findings)
    assert all(finding.message and finding.fix for finding in outcome.findings)
