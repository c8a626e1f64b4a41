"""One root, one message: what has the same cause is told once, with its cells; each cell is marked all the same."""

from dataclasses import replace
from decimal import Decimal
from io import BytesIO

import openpyxl
import polars as pl
import pytest

from sources.audit.contents import NUMBERS_SCHEMA, content_findings
from sources.audit.roots import told_by_cause
from sources.check import mark_checked
from sources.check_workbook import check_workbook
from sources.declarations.headings import RESULT_SHEET
from sources.submission.cell import CellAddress
from sources.submission.finding import Finding, SuggestedCell
from sources.submission.finding_frames import findings_frame
from sources.submission.finding_rows import findings_of
from sources.submission.frames import CELL_SCHEMA
from sources.system.settings import Limits
from tests.conftest import NURSING_SCHOOL
from tests.hostile.books import CITY, sample_book, write_book
from tests.support.sample import PACK

ABROAD = "国际合作"


def doubt(cell: str, typed: str, meant: str, column: str = "special_funds", key: str = "") -> Finding:
    """A warning about a number of 经费情况, with what would be right."""
    at = CellAddress("f", "表.xlsx", "经费情况", cell, column, key)
    suggested = (SuggestedCell(column, Decimal(meant)),)
    return Finding(at, typed, "plausible.last_year", "v", "warning", f"{typed} 不像", "请核对。", suggested=suggested)


def cells_of(*rows: tuple[str, str, str]) -> pl.DataFrame:
    """Cells of 经费情况: address, column, text."""
    cells = [("f", "funds", 0, column, cell, text) for cell, column, text in rows]
    return pl.DataFrame(cells, schema=CELL_SCHEMA, orient="row")


def test_thirteen_blank_cells_are_one_finding_and_thirteen_marks():
    book = sample_book(NURSING_SCHOOL, 2023)
    sheet = book.sheet(ABROAD)
    numbers = sorted(at for at, value in sheet.cells.items() if at[1] == 4 and value == 0)
    for at in numbers[1:14]:
        del sheet.cells[at]
    assert len(numbers) == 14
    data = write_book(book)
    checked = check_workbook(data, "表.xlsx", CITY, Limits())
    (blank,) = [each for each in checked.findings if each.address.sheet == ABROAD]
    assert blank.rule_id == "cause.cells_blank"
    assert blank.message == "本表有 13 格空着：E7—E19。"
    assert len(blank.each) == 13
    marked = openpyxl.load_workbook(BytesIO(mark_checked(data, checked, Limits())))
    notes = {cell.coordinate for row in marked[ABROAD].iter_rows() for cell in row if cell.comment}
    assert notes == {f"E{row}" for row in range(7, 20)}
    lines = [row for row in marked[RESULT_SHEET].iter_rows(min_row=6, values_only=True) if row[2] == ABROAD]
    assert len(lines) == 1


def test_the_same_words_in_cells_that_ask_for_numbers_are_one_cause():
    book = sample_book(NURSING_SCHOOL, 2023)
    sheet = book.sheet(ABROAD)
    for at in [at for at, value in sheet.cells.items() if at[1] == 4 and value == 0][:5]:
        sheet.cells[at] = "不详"
    checked = check_workbook(write_book(book), "表.xlsx", CITY, Limits())
    (words,) = [each for each in checked.findings if each.address.sheet == ABROAD]
    assert words.message == "本表有 5 格都填了“不详”，应当填数：E6—E10。"
    assert words.is_error


def test_what_is_a_tenth_of_a_thousandth_in_three_cells_is_a_wrong_unit():
    found = [doubt(f"E{row}", f"{row}0000", str(row), column) for row, column in ((6, "a"), (7, "b"), (8, "c"))]
    (cause,) = told_by_cause(PACK, found, cells_of())
    assert cause.rule_id == "cause.unit"
    assert "3 格都恰为应填数的 10000 倍" in cause.message
    assert "E6—E8" in cause.message
    assert cause.members == tuple(found)


def test_two_cells_in_another_unit_are_two_findings():
    found = [doubt("E6", "60000", "6", "a"), doubt("E7", "70000", "7", "b")]
    assert told_by_cause(PACK, found, cells_of()) == tuple(found)


def test_a_column_of_a_table_is_one_cause_and_another_column_another():
    found = [
        doubt(f"{letter}{row}", f"{row}00", str(row), letter, key=str(row)) for letter in "CD" for row in (6, 7, 8)
    ]
    causes = told_by_cause(PACK, found, cells_of())
    assert [cause.message.partition("：")[2] for cause in causes] == ["C6—C8。", "D6—D8。"]


@pytest.mark.parametrize(("step", "direction"), [(1, "上"), (-1, "下")])
def test_numbers_that_all_stand_a_row_off_are_one_cause(step, direction):
    """What is suggested for each is what stands in the next row."""
    cells = [(f"E{row}", "special_funds", str(row * 37)) for row in range(5, 12)]
    found = [doubt(f"E{row}", str(row * 37), str((row + step) * 37), f"c{row}") for row in range(6, 11)]
    (cause,) = told_by_cause(PACK, found, cells_of(*cells))
    assert cause.rule_id == "cause.shifted"
    assert f"应当{direction}移一行：E6—E10" in cause.message


def test_a_cause_is_as_grave_as_the_worst_that_it_takes():
    found = [doubt(f"E{row}", f"{row}0000", str(row), f"c{row}") for row in (6, 7, 8)]
    found[1] = replace(found[1], severity="error")
    (cause,) = told_by_cause(PACK, found, cells_of())
    assert cause.is_error


def test_a_cause_comes_back_from_its_rows_with_what_it_takes():
    found = [doubt(f"E{row}", f"{row}0000", str(row), f"c{row}") for row in (6, 7, 8)]
    causes = told_by_cause(PACK, found, cells_of())
    frame = findings_frame(causes)
    assert frame.height == 4
    (cause,) = findings_of(frame.to_dicts())
    assert [member.finding_id for member in cause.members] == [each.finding_id for each in found]


@pytest.mark.parametrize(("city_of_b", "found"), [("甲市", ["sent-a", "sent-b"]), ("乙市", [])])
def test_contents_are_held_against_schools_of_the_same_city(city_of_b: str, found: list[str]):
    """Files are mixed up within a city; all against all of a nation would be a hundred million pairs."""
    own = {"A": [1000 + 37 * n for n in range(25)], "B": [90 + 11 * n for n in range(25)]}

    def frame(sent: dict[str, tuple[str, list[int]]]) -> pl.DataFrame:
        rows = [
            (submission_id, code, "学生情况", 0, f"n{at}", f"E{at}", float(number))
            for submission_id, (code, numbers) in sent.items()
            for at, number in enumerate(numbers)
        ]
        return pl.DataFrame(rows, schema=NUMBERS_SCHEMA, orient="row")

    last = frame({"last-a": ("A", own["A"]), "last-b": ("B", own["B"])})
    this = frame({"sent-a": ("A", own["B"]), "sent-b": ("B", own["A"])})
    files, names = {"sent-a": "a.xlsx", "sent-b": "b.xlsx"}, {"A": "甲校", "B": "乙校"}
    told = content_findings(this, last, files, names, {"A": "甲市", "B": city_of_b})
    assert [each.address.submission_id for each in told] == found
