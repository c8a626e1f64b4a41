"""Workbooks are read by heading; what cannot be read is a finding, never a crash and never a guess."""

from datetime import date, datetime
from io import BytesIO

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl.utils import get_column_letter

from sources.declarations.city import load_city
from sources.read.cell_text import cell_text
from sources.read.read_workbook import read_workbook
from sources.read.sheet_xml import address
from sources.sample.pour import load_samples
from sources.submission.submission import Submission
from sources.system.settings import CITIES_ROOT
from sources.write.template import build_workbook
from tests.conftest import NURSING_SCHOOL, cell_of

CITY = load_city(CITIES_ROOT / "450700")
SAMPLE = load_samples(CITIES_ROOT / "450700", 2023)[NURSING_SCHOOL]


def read_after(change) -> Submission:
    book = openpyxl.load_workbook(BytesIO(build_workbook(CITY, CITY.respondent_by_code[NURSING_SCHOOL], 2023, SAMPLE)))
    change(book)
    buffer = BytesIO()
    book.save(buffer)
    return read_workbook(buffer.getvalue(), "id", "file.xlsx", CITY)


def texts(reading: Submission, sheet: str) -> dict[tuple[int, str], str]:
    return {(c.record, c.column_name): c.raw_text for c in reading.cells if c.sheet == sheet and c.raw_text}


def rules(reading: Submission) -> list[str]:
    return [finding.rule_id for finding in reading.findings]


UNCHANGED = read_after(lambda book: None)


@given(row=st.integers(0, 1_048_575), position=st.integers(0, 16_383))
def test_addresses_are_those_of_a_spreadsheet(row, position):
    assert address(row, position) == f"{get_column_letter(position + 1)}{row + 1}"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (7210.0, "7210"),
        (959092.47, "959092.47"),
        (0.1 + 0.2, "0.3"),
        (1e-7, "0.0000001"),
        (123456789012345.0, "123456789012345"),
        ("  公办 ", "公办"),
        (True, "TRUE"),
        (datetime(2023, 11, 30), "2023-11-30"),
        (date(2023, 11, 30), "2023-11-30"),
        ("", ""),
    ],
)
def test_a_cell_reads_as_a_person_reads_it(value, text):
    assert cell_text(value) == text


@given(st.integers(-(10**14), 10**14))
def test_whole_numbers_have_no_decimal_point(number):
    assert cell_text(float(number)) == str(number)


def test_moved_columns_are_found_by_heading():
    def move(book):
        sheet = book["专业目录"]
        sheet.move_range("A5:A30", cols=40)

    moved = read_after(move)
    assert texts(moved, "majors") == texts(UNCHANGED, "majors")
    assert moved.findings == ()


def test_rows_of_a_form_may_be_in_any_order_and_further_down():
    def shuffle(book):
        sheet = book["毕业去向"]
        rows = [[cell.value for cell in row] for row in sheet.iter_rows(min_row=6, max_row=15)]
        for number, row in enumerate(reversed(rows), start=20):
            for position, value in enumerate(row, start=1):
                sheet.cell(number, position, value)
        sheet.delete_rows(6, 10)

    assert texts(read_after(shuffle), "outcomes") == texts(UNCHANGED, "outcomes")


@pytest.mark.parametrize("heading", ["*专业 代码", " 专业代码 ", "专业\n代码", "＊专业代码："])
def test_stray_blanks_stars_and_colons_in_headings_do_not_matter(heading):
    def rename(book):
        book["专业目录"]["A5"] = heading

    reading = read_after(rename)
    assert texts(reading, "majors") == texts(UNCHANGED, "majors")
    assert reading.findings == ()


def test_an_unknown_heading_is_reported_with_its_cell():
    reading = read_after(lambda book: book["专业目录"].__setitem__("A5", "代码"))
    found = {finding.rule_id: finding for finding in reading.findings}
    assert found["sheet.heading_unknown"].address.cell == "A5"
    assert found["sheet.heading_missing"].address.column_name == "major_code"


def test_a_repeated_item_is_reported_not_chosen():
    def repeat(book):
        sheet = book["学生情况"]
        for position, value in enumerate([6, "全日制在校生数", "人", None, 9999], start=1):
            sheet.cell(11, position, value)

    reading = read_after(repeat)
    assert rules(reading) == ["sheet.heading_repeated"]
    assert reading.findings[0].address.cell == "B11"
    assert texts(reading, "students")[0, "students_full_time"] == "2591"


def test_a_missing_sheet_is_reported():
    reading = read_after(lambda book: book.remove(book["教职工情况"]))
    assert rules(reading) == ["sheet.missing"]
    assert "教职工情况" in reading.findings[0].message


def test_a_workbook_without_a_cover_cannot_be_attributed():
    reading = read_after(lambda book: book.remove(book["封面"]))
    assert rules(reading) == ["cover.missing"]
    assert reading.respondent is None


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        (b"", "file.empty"),
        (b"not a workbook", "file.not_a_workbook"),
        (b"PK\x03\x04 broken", "file.damaged"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "file.old_format"),
    ],
)
def test_a_file_that_is_no_workbook_is_a_finding(data, rule):
    assert rules(read_workbook(data, "id", "file.xlsx", CITY)) == [rule]


@given(st.binary(max_size=300))
def test_any_bytes_give_a_finding_and_no_crash(data):
    (rule,) = rules(read_workbook(data, "id", "file.xlsx", CITY))
    assert rule.startswith("file.")


@pytest.mark.parametrize(
    ("label", "value", "rule"),
    [
        ("单位标识码", "3645900003", "cover.respondent_mismatch"),
        ("单位标识码", "0000000000", "cover.respondent_unknown"),
        ("单位名称", "钦州市文武学校", "cover.name_mismatch"),
        ("报告年度", 2022, "cover.year_mismatch"),
        ("报告年度", 2035, "cover.year_not_open"),
        ("报告年度", "二〇二三", "cover.year_not_open"),
    ],
)
def test_the_cover_must_agree_with_the_template_it_came_from(label, value, rule):
    def change(book):
        cell_of(book, "封面", label).value = value

    reading = read_after(change)
    assert rule in rules(reading)
    finding = next(f for f in reading.findings if f.rule_id == rule)
    assert finding.address.cell.startswith("E")
    assert str(value) in finding.message


def test_a_workbook_without_template_information_is_read_with_a_warning():
    reading = read_after(lambda book: book.remove(book["_nianbao"]))
    assert rules(reading) == ["template.unknown"]
    assert texts(reading, "students") == texts(UNCHANGED, "students")
