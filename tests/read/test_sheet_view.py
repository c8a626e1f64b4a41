"""A sheet is shown as in the workbook: labels, headings, values as they look, and which of them can be typed over."""

import openpyxl
import pytest

from sources.declarations.contract import contract_named
from sources.mend.corrected_workbook import Correction, CorrectionError, corrected
from sources.read.sheet_view import MOST_COLUMNS, MOST_ROWS, CellView, SheetView, view_sheets
from tests.mend.test_corrected_workbook import ITEM, STUDENTS, Book, changed, of_district, sample

ASKED = {
    "cover": ("B5", "E5", "E6", "E7", "E8", "E10", "F8"),
    "students": ("A6", "B3", "C3", "D6", "E5", "E6", "E7"),
    "majors": ("A5", "A6", "B6", "D7"),
}


def seen(book: Book) -> dict[str, SheetView]:
    return {each.title: each for each in view_sheets(book.data, book.city)}


def cells(view: SheetView) -> dict[str, CellView]:
    return {cell.at: cell for row in view.rows for cell in row.cells}


def test_a_form_is_seen_with_its_labels_units_and_values():
    students = cells(seen(sample())[STUDENTS])
    assert [students[at].text for at in ("A6", "B6", "C6", "E6")] == ["1", "全日制在校生数", "人", "2591"]
    assert students["E5"].text == "本年（2023年）"
    value = students[ITEM]
    assert (value.is_value, value.can_edit, value.label, value.unit) == (True, True, "全日制在校生数", "人")
    assert not students["B6"].is_value


@pytest.mark.parametrize("book", [sample(), of_district()], ids=["the sample", "another city"])
def test_every_value_that_is_read_is_shown_and_the_rows_are_whole(book: Book):
    views = {each.name: each for each in view_sheets(book.data, book.city) if each.name}
    for name in {cell.sheet for cell in book.reading.cells}:
        at = cells(views[name])
        for cell in (cell for cell in book.reading.cells if cell.sheet == name):
            assert at[cell.cell].is_value
            assert at[cell.cell].raw == cell.raw_text
        for row in views[name].rows:
            covered = sum(cell.width for cell in row.cells)
            assert covered <= max(sum(cell.width for cell in each.cells) for each in views[name].rows)
    assert all(not row.is_hidden and not view.is_hidden for view in views.values() for row in view.rows)


def test_what_can_be_edited_is_what_corrected_takes():
    book = sample()
    for view in view_sheets(book.data, book.city):
        for cell in [each for each in cells(view).values() if each.at in ASKED.get(view.name, ())]:
            try:
                corrected(book.data, [Correction(view.title, cell.at, cell.raw)], book.city)
            except CorrectionError:
                assert not cell.can_edit, (view.title, cell)
            else:
                assert cell.can_edit, (view.title, cell)


def test_the_templates_own_sheets_are_left_out_and_what_a_school_adds_is_shown():
    def add(book: openpyxl.Workbook) -> None:
        book.create_sheet("备注")["B2"] = "=1+1"
        book["教职工情况"].sheet_state = "hidden"

    views = seen(changed(add))
    assert not {"_nianbao", "_下拉列表", "填报进度"} & views.keys()
    assert views["备注"].name == ""
    assert views["教职工情况"].is_hidden


def test_numbers_are_seen_as_their_format_shows_them_and_read_as_they_are():
    def format_it(book: openpyxl.Workbook) -> None:
        book[STUDENTS][ITEM].number_format = "#,##0.0"
        book[STUDENTS].row_dimensions[7].hidden = True

    view = seen(changed(format_it))[STUDENTS]
    assert (cells(view)[ITEM].text, cells(view)[ITEM].raw) == ("2,591.0", "2591")
    assert [row.number for row in view.rows if row.is_hidden] == [7]


def test_a_merged_cell_takes_the_room_of_those_that_it_covers():
    view = seen(changed(lambda book: book[STUDENTS].merge_cells("B6:D7")))[STUDENTS]
    merged = cells(view)["B6"]
    assert (merged.width, merged.height) == (3, 2)
    assert not {"C6", "D6", "B7", "C7", "D7"} & cells(view).keys()


def test_a_huge_sheet_is_cut_and_says_so():
    def far(book: openpyxl.Workbook) -> None:
        book[STUDENTS].cell(MOST_ROWS + 5, MOST_COLUMNS + 2, "远")

    view = seen(changed(far))[STUDENTS]
    assert len(view.rows) == MOST_ROWS
    assert max(len(row.cells) for row in view.rows) <= MOST_COLUMNS
    assert view.note == f"第 {MOST_ROWS} 行以后的 5 行、第 {MOST_COLUMNS} 列以后的 2 列没有显示，请在 WPS 里看。"
    assert seen(sample())[STUDENTS].note == ""


def test_a_file_that_cannot_be_opened_shows_nothing():
    assert view_sheets(b"PK\x03\x04 broken", sample().city) == ()


def test_a_value_of_a_list_says_which():
    book = sample()
    majors = cells(seen(book)["专业目录"])
    named = {cell.label: cell.codelist for cell in majors.values() if cell.is_value}
    columns = {column.label: column.codelist or "" for column in contract_named(book.city.pack, "majors").columns}
    assert {label: columns[label] for label in named if label in columns} == {
        label: codelist for label, codelist in named.items() if label in columns
    }
    assert set(filter(None, named.values()))
