"""The list of a marked workbook: what no finding has takes no room on paper."""

from io import BytesIO

import openpyxl
import pytest

from sources.declarations.headings import RESULT_SHEET
from sources.submission.cell import CellAddress
from sources.submission.finding import FINDING_HEADINGS, Finding
from sources.write.marked_workbook import HEADING_ROW, mark_workbook

AT = CellAddress("id", "f.xlsx", "学生情况", "E6", "students_full_time")


@pytest.mark.parametrize("suggestion", [None, "很可能多填了一位数字"])
def test_a_column_that_says_nothing_is_hidden(suggestion: str | None):
    told = Finding(AT, "25910", "a.b", "1", "warning", "多了。", "请核对。", suggestion)
    sheet = openpyxl.load_workbook(BytesIO(mark_workbook(None, [told], "某校")))[RESULT_SHEET]
    letter = {cell.value: cell.column_letter for cell in sheet[HEADING_ROW]}
    hidden = {heading for heading, column in letter.items() if sheet.column_dimensions[column].hidden}
    untold = {FINDING_HEADINGS["effect"]} | ({FINDING_HEADINGS["suggestion"]} if suggestion is None else set())
    assert hidden & set(FINDING_HEADINGS.values()) == untold
