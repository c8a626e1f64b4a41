"""A template is what its contract says, and what is poured into it is read back unchanged."""

from datetime import date, datetime
from decimal import Decimal
from io import BytesIO

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sources.declarations.city import load_city
from sources.declarations.codelist import load_codelists
from sources.declarations.contract import contract_named, contracts_for, template_version
from sources.declarations.headings import META_SHEET, PROGRESS_SHEET
from sources.declarations.judgement import load_judgements
from sources.read.read_workbook import read_workbook
from sources.sample.pour import load_samples
from sources.submission.file_names import workbook_file_name
from sources.system.settings import CITIES_ROOT
from sources.write.layout import lines_of
from sources.write.sheet_values import SheetValues
from sources.write.template import build_workbook
from tests.any_city.worlds import PROVINCE
from tests.conftest import BUREAU, NURSING_SCHOOL, cell_of
from tests.support.sample import PACK

CITY = load_city(CITIES_ROOT / "450700")
SCHOOL = CITY.respondent_by_code[NURSING_SCHOOL]


def opened(**arguments) -> openpyxl.Workbook:
    return openpyxl.load_workbook(BytesIO(build_workbook(CITY, SCHOOL, 2023, **arguments)))


def test_the_same_arguments_give_the_same_bytes():
    assert build_workbook(CITY, SCHOOL, 2023) == build_workbook(CITY, SCHOOL, 2023)


def test_sheets_stand_in_contract_order_and_the_structure_is_locked():
    book = opened()
    titles = [contract.title for contract in contracts_for(PACK, "school", 2023)]
    assert [book.sheetnames[0], *book.sheetnames[2 : len(titles) + 1]] == titles
    assert book.sheetnames[1] == PROGRESS_SHEET
    assert titles[:4] == ["封面", "学校概况", "专业建设", "专业目录"]
    assert book.security.lockStructure
    assert all(book[name].protection.sheet for name in book.sheetnames)
    assert cell_of(book, "学生情况", "全日制在校生数").protection.locked is False


def test_the_template_knows_its_version_and_whom_it_is_for():
    book = opened()
    meta = {row[0].value: row[1].value for row in book[META_SHEET].iter_rows()}
    assert meta["template_version"] == template_version(PACK, "school", 2023)
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


def test_a_limit_warns_and_only_a_closed_list_refuses():
    """The truth can be typed, however odd it is."""
    for sheet in (sheet for sheet in opened().worksheets if sheet.sheet_state == "visible"):
        for rule in sheet.data_validations.dataValidation:
            assert rule.type is None or rule.errorStyle == ("warning" if rule.type != "list" else None), sheet.title


def test_the_limits_are_the_usual_ones_and_a_hint_has_unit_and_example():
    book = opened()
    by_cell = {str(rule.sqref): rule for rule in book["办学条件"].data_validations.dataValidation}
    area = by_cell[cell_of(book, "办学条件", "校园占地面积").coordinate]
    judgement = load_judgements(PACK)[contract_named(PACK, "conditions").column("campus_area").judged]
    low, high = judgement.usual.between
    assert (Decimal(area.formula1), Decimal(area.formula2)) == (low, high)
    assert area.error == f"请填数字（单位：平方米）。一般不小于 {low}，一般不大于 {high}。确实如此的，选“是”。"
    assert area.prompt.startswith("单位：平方米。例：40000（1 亩约为 666.67 平方米）。")
    funds = {str(rule.sqref): rule for rule in book["经费情况"].data_validations.dataValidation}
    assert "例：12.50（即 125000 元）" in funds[cell_of(book, "经费情况", "年财政专项拨款").coordinate].prompt


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
    assert topics == [code.label for code in load_codelists(PACK)["topics"].codes]


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


@pytest.mark.parametrize("kind", ["school", "bureau"])
@pytest.mark.parametrize("of", [CITY, PROVINCE.city], ids=["sample", "another province"])
def test_every_text_has_room_in_its_row(of, kind):
    """LibreOffice and WPS cut what is higher than the row; Excel shows half of the second line."""
    year = max(of.calendar.years)
    respondent = next(each for each in of.respondents_in(year) if each.kind == kind)
    before = {
        "major_clusters": SheetValues("reported", [{"cluster_name": "新能源汽车检测与维修技术及智能网联汽车技术应用"}])
    }
    book = openpyxl.load_workbook(BytesIO(build_workbook(of, respondent, year, last_year=before)))
    looked = 0
    for contract in contracts_for(of.pack, kind, year):
        sheet = book[contract.title]
        default = sheet.sheet_format.defaultRowHeight
        spans = [(each.min, each.max, each.width) for each in sheet.column_dimensions.values()]
        widths = {column: width for first, last, width in spans for column in range(first, last + 1)}
        for cell in (cell for row in sheet.iter_rows() for cell in row):
            if isinstance(cell.value, str) and cell.alignment.wrap_text and cell.coordinate not in sheet.merged_cells:
                looked += 1
                width = widths[cell.column] * 11 / cell.font.size
                height = sheet.row_dimensions[cell.row].height or default
                assert height >= 14 * lines_of(cell.value, int(width)), (contract.title, cell.coordinate, cell.value)
    assert looked > 50


def test_last_years_day_is_shown_as_a_day():
    """The grey cell showed 45250."""
    respondent = SCHOOL
    before = {"cover": SheetValues("", [{"filled_on": date(2023, 11, 20)}])}
    book = openpyxl.load_workbook(BytesIO(build_workbook(CITY, respondent, 2023, last_year=before)))
    (cell,) = [row[3] for row in book["封面"].iter_rows() if row[1].value == "填报日期"]
    assert cell.value == datetime(2023, 11, 20)
    assert cell.number_format == "yyyy-mm-dd"
