"""Last year's lists are rows of a blank template: kept, struck, changed, added to, and never believed untouched."""

from collections.abc import Callable
from io import BytesIO

import openpyxl
import pytest
from openpyxl.worksheet.worksheet import Worksheet

from sources.check_workbook import check_workbook
from sources.declarations.changes import Merge, Rename
from sources.declarations.city import Respondent, load_city
from sources.declarations.headings import GONE, PROGRESS_SHEET, STILL_HEADING, STILL_THERE
from sources.read.read_workbook import read_workbook
from sources.sample.pour import load_samples
from sources.submission.submission import Submission
from sources.system.settings import CITIES_ROOT, Limits
from sources.write.sheet_values import SheetValues
from sources.write.template import build_workbook
from tests.conftest import BUREAU, NURSING_SCHOOL

CITY = load_city(CITIES_ROOT / "450700")
NAMES = ("钦州甲医院", "南宁乙药业有限公司", "丙物流有限公司")
PARTNERS = SheetValues(records=[{"enterprise_name": name, "location": "in_city", "shared_bases": 2} for name in NAMES])
MAJORS = SheetValues(
    records=[
        {"major_code": "720201", "major_name": "护理", "change_status": "continued", "major_intake": 300},
        {"major_code": "720301", "major_name": "药剂", "change_status": "withdrawn", "major_intake": 0},
    ]
)
LAST_YEAR = {"partners": PARTNERS, "majors": MAJORS}
Change = Callable[[Worksheet, int, int], None]
"""What a clerk does with a sheet: the sheet, the row of the headings, the position of 今年是否仍在."""


def filled_in(change: Change, sheet: str = "合作企业") -> Submission:
    """The school's template as it comes back after the clerk was at one sheet of it."""
    book = openpyxl.load_workbook(BytesIO(build_workbook(CITY, _school(), 2023, last_year=LAST_YEAR)))
    opened = book[sheet]
    head = next(row[0].row for row in opened.iter_rows() if row[0].value in ("企业名称", "专业代码"))
    still = next((cell.column for cell in opened[head] if cell.value == STILL_HEADING), 0)
    change(opened, head, still)
    saved = BytesIO()
    book.save(saved)
    return read_workbook(saved.getvalue(), "id", "f", CITY)


def _school() -> Respondent:
    return CITY.respondent_by_code[NURSING_SCHOOL]


def records_of(submission: Submission, sheet: str = "partners", column: str = "enterprise_name") -> list[str]:
    return [cell.raw_text for cell in submission.cells if (cell.sheet, cell.column_name) == (sheet, column)]


def told(submission: Submission) -> list[str]:
    return [
        finding.rule_id for finding in submission.findings if finding.rule_id.startswith(("record.", "sheet.stray"))
    ]


def answer(*answers: str | None) -> Change:
    def change(sheet: Worksheet, head: int, still: int) -> None:
        for row, each in enumerate(answers, head + 1):
            sheet.cell(row, still).value = each

    return change


def test_last_years_list_stands_there_and_its_numbers_do_not():
    submission = filled_in(answer())
    assert records_of(submission) == [*NAMES]
    assert set(records_of(submission, column="shared_bases")) == {""}
    assert set(records_of(submission, column="location")) == {"市内"}


def test_an_untouched_list_is_asked_about_and_rejected():
    submission = filled_in(answer())
    (finding,) = [each for each in submission.findings if each.rule_id == "record.unconfirmed"]
    assert finding.severity == "error"
    assert "3 行" in finding.message
    assert finding.address.cell in finding.message


def test_what_was_confirmed_is_taken_and_what_was_struck_is_not():
    submission = filled_in(answer(STILL_THERE, GONE, "是"))
    assert told(submission) == []
    assert records_of(submission) == [NAMES[0], NAMES[2]]


def test_a_number_of_this_year_or_a_changed_name_confirms_a_row():
    def change(sheet: Worksheet, head: int, still: int) -> None:
        sheet.cell(head + 1, 4).value = 3
        sheet.cell(head + 2, 1).value = "南宁乙医药股份有限公司"
        for position in range(1, 5):
            sheet.cell(head + 3, position).value = None
        sheet.cell(head + 4, 1).value = "丁酒店"

    submission = filled_in(change)
    assert told(submission) == []
    assert records_of(submission) == [NAMES[0], "南宁乙医药股份有限公司", "丁酒店"]


def test_struck_with_a_number_of_this_year_contradicts_itself():
    def change(sheet: Worksheet, head: int, still: int) -> None:
        answer(GONE, GONE, "好像在")(sheet, head, still)
        sheet.cell(head + 1, 4).value = 3

    submission = filled_in(change)
    assert sorted(told(submission)) == ["record.gone_but_changed", "record.still_unclear"]


def test_a_list_with_a_state_of_its_own_asks_for_that_and_drops_what_has_ended():
    submission = filled_in(lambda sheet, head, still: None, "专业目录")
    assert records_of(submission, "majors", "major_code") == ["720201"]
    assert records_of(submission, "majors", "change_status") == [""]
    assert told(submission) == ["record.unconfirmed"]  # the partners'
    data = build_workbook(CITY, _school(), 2023, last_year={"majors": MAJORS})
    blank = [
        each.address.sheet
        for each in check_workbook(data, "f.xlsx", CITY, Limits()).open_findings
        if each.rule_id == "value.blank" and each.address.column_name == "change_status"
    ]
    assert blank == ["专业目录"]


def test_a_poured_workbook_is_as_it_was():
    values = {"partners": PARTNERS}
    poured = build_workbook(CITY, _school(), 2023, values, LAST_YEAR)
    assert STILL_HEADING not in {
        cell.value for row in openpyxl.load_workbook(BytesIO(poured))["合作企业"] for cell in row
    }
    assert told(read_workbook(poured, "id", "f", CITY)) == []


def test_the_progress_sheet_counts_the_rows_without_an_answer():
    book = openpyxl.load_workbook(BytesIO(build_workbook(CITY, _school(), 2023, last_year=LAST_YEAR)))
    lines = {row[0].value: row[6].value for row in book[PROGRESS_SHEET].iter_rows(max_row=40)}
    text = lines["合作企业"]
    assert STILL_HEADING in (text if isinstance(text, str) else text.text)


@pytest.mark.parametrize("merged", [False, True])
def test_the_roster_follows_the_city(merged: bool):
    """A renamed school has its new name, one that merged is gone, a new one has a line."""
    roster = load_samples(CITIES_ROOT / "450700", 2022)[BUREAU]["roster"]
    first, second = (str(record["school_code"]) for record in roster.records[:2])
    changes = [Rename(kind="rename", code=first, name="新名字学校", since=2023)]
    changes += [Merge(kind="merge", code=second, into=first, since=2023)] if merged else []
    city = CITY.model_copy(update={"changes": tuple(changes)})
    data = build_workbook(city, city.respondent_by_code[BUREAU], 2023, last_year={"roster": roster})
    read = read_workbook(data, "id", "f", city)
    codes = records_of(read, "roster", "school_code")
    names = dict(zip(codes, records_of(read, "roster", "school_name"), strict=True))
    assert names[first] == "新名字学校"
    assert (second in codes) is not merged
    assert names["3645900004"] == "广西钦州英华国际职业技术学校"  # new in 2023
    assert set(records_of(read, "roster", "sequence")) == {""}
