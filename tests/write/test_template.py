"""A template is what its contract says, and what is poured into it is read back unchanged."""

from decimal import Decimal
from io import BytesIO

import openpyxl
from hypothesis import given, settings
from hypothesis import strategies as st

from sources.declarations.city import load_city
from sources.declarations.codelist import load_codelists
from sources.declarations.contract import contracts_for, template_version
from sources.declarations.headings import META_SHEET
from sources.read.read_workbook import read_workbook
from sources.sample.pour import load_samples
from sources.system.settings import CITIES_ROOT
from sources.write.template import build_workbook, workbook_file_name
from sources.write.template_sheet import SheetValues
from tests.conftest import BUREAU, NURSING_SCHOOL, cell_of

CITY = load_city(CITIES_ROOT / "450700")
SCHOOL = CITY.respondent_by_code[NURSING_SCHOOL]


def opened(**arguments) -> openpyxl.Workbook:
    return openpyxl.load_workbook(BytesIO(build_workbook(CITY, SCHOOL, 2023, **arguments)))


def test_the_same_arguments_give_the_same_bytes():
    assert build_workbook(CITY, SCHOOL, 2023) == build_workbook(CITY, SCHOOL, 2023)


def test_sheets_stand_in_contract_order_and_the_structure_is_locked():
    book = opened()
    titles = [contract.title for contract in contracts_for("school", 2023)]
    assert book.sheetnames[: len(titles)] == titles
    assert titles[:4] == ["封面", "学校概况", "专业建设", "专业目录"]
    assert book.security.lockStructure
    assert all(book[name].protection.sheet for name in book.sheetnames)
    assert cell_of(book, "学生情况", "全日制在校生数").protection.locked is False


def test_the_template_knows_its_version_and_whom_it_is_for():
    book = opened()
    meta = {row[0].value: row[1].value for row in book[META_SHEET].iter_rows()}
    assert meta["template_version"] == template_version("school", 2023)
    assert meta["respondent_code"] == NURSING_SCHOOL
    assert book[META_SHEET].sheet_state == "veryHidden"


def test_units_hints_and_drop_downs_come_from_the_contract():
    sheet = opened()["学校概况"]
    by_cell = {str(rule.sqref): rule for rule in sheet.data_validations.dataValidation}
    status = cell_of(opened(), "学校概况", "招生状态").coordinate
    assert by_cell[status].type == "list"
    assert by_cell[status].prompt == "从下拉列表选择。"
    students = opened()["学生情况"]
    assert [cell.value for cell in students[5]][:5] == ["序号", "项目", "单位", "上年（2022年）", "本年（2023年）"]
    assert students["C6"].value == "人"


def test_last_year_stands_beside_this_year_and_is_not_read():
    last_year = {"students": SheetValues(records=[{"students_full_time": 2676}])}
    book = opened(last_year=last_year)
    cell = cell_of(book, "学生情况", "全日制在校生数")
    assert book["学生情况"].cell(cell.row, 4).value == 2676
    data = build_workbook(CITY, SCHOOL, 2023, last_year=last_year)
    assert {
        cell.raw_text for cell in read_workbook(data, "id", "f", CITY).cells if cell.column_name.startswith("students")
    } == {""}


def test_fixed_rows_are_written_for_the_respondent():
    data = build_workbook(CITY, CITY.respondent_by_code[BUREAU], 2023)
    topics = [c.raw_text for c in read_workbook(data, "id", "f", CITY).cells if c.column_name == "topic"]
    assert topics == [code.label for code in load_codelists()["topics"].codes]


def test_every_sample_workbook_reads_back_to_what_was_poured_in():
    for year in (2022, 2023):
        for code, submission in load_samples(CITIES_ROOT / "450700", year).items():
            respondent = CITY.respondent_by_code[code]
            data = build_workbook(CITY, respondent, year, submission)
            reading = read_workbook(data, "id", workbook_file_name(respondent, year), CITY)
            assert reading.findings == ()
            assert (reading.respondent, reading.report_year) == (respondent, year)
            read = {(cell.sheet, cell.column_name): cell.raw_text for cell in reading.cells if cell.raw_text}
            for sheet, values in submission.items():
                for name, value in (values.records[0] if len(values.records) == 1 else {}).items():
                    if isinstance(value, int | Decimal):
                        assert Decimal(read[sheet, name]) == value


@settings(max_examples=30, deadline=None)
@given(
    students=st.integers(min_value=0, max_value=10**12),
    honours=st.text(alphabet="国家级重点示范校=+-@ab1、，", min_size=1, max_size=30).filter(lambda text: text.strip()),
)
def test_values_survive_the_round_trip_through_a_real_workbook(students, honours):
    values = {
        "students": SheetValues(records=[{"students_full_time": students}]),
        "profile": SheetValues(records=[{"honours": honours}]),
    }
    reading = read_workbook(build_workbook(CITY, SCHOOL, 2023, values), "id", "f", CITY)
    read = {cell.column_name: cell.raw_text for cell in reading.cells}
    assert read["students_full_time"] == str(students)
    assert read["honours"] == honours.strip()
