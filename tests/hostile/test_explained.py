"""Warnings about things that are no cell of the form are explained like any other: once, and then never again."""

from pathlib import Path

import openpyxl
import pytest
from openpyxl.worksheet.worksheet import Worksheet

from sources.declarations.headings import PROBLEM_HEADING, REASON_HEADING, RESULT_SHEET
from sources.system.settings import Settings
from tests.conftest import NURSING_SCHOOL, ingest, select, sent_as
from tests.hostile.books import CITY, Book, Sheet, sample_book, write_book
from warehouse.intake.explanations import MOST_WITHOUT_CELL
from warehouse.intake.feedback import write_feedback
from warehouse.store.connection import open_working

RULE = "sheet.heading_unknown"


def with_columns(*headings: str) -> Book:
    """The sample workbook with columns of the school's own in the table of majors."""
    book = sample_book(NURSING_SCHOOL)
    for position, heading in enumerate(headings, start=26):
        book.sheet("专业目录").cells[4, position] = heading
    return book


def asked_about(settings: Settings, file_name: str) -> list[str]:
    """The headings of a file that the school is still asked about."""
    found = select(
        settings,
        "select submission_id, value from registry.finding"
        f" where rule_id = '{RULE}' and explanation_id is null order by value",
    )
    names = sent_as(settings)
    return [value for submission_id, value in found.rows() if names[submission_id] == file_name]


def marked(settings: Settings) -> Path:
    with open_working(settings) as connection:
        return next(each.path for each in write_feedback(connection, settings, [2023]) if each.path)


def column_of(sheet: Worksheet, heading: str) -> int:
    return next(cell.column for row in sheet.iter_rows() for cell in row if cell.value == heading)


@pytest.mark.deep
def test_two_unknown_columns_are_explained_each_for_itself_and_a_third_is_asked_about(empty: Settings):
    empty.inbox.mkdir(parents=True)
    (empty.inbox / "一.xlsx").write_bytes(write_book(with_columns("备注", "附件")))
    ingest(empty, CITY)
    assert asked_about(empty, "一.xlsx") == ["备注", "附件"]

    book = openpyxl.load_workbook(marked(empty))
    results = book[RESULT_SHEET]
    for row in range(1, results.max_row + 1):
        if results.cell(row, column_of(results, "规则")).value == RULE:
            results.cell(row, column_of(results, REASON_HEADING)).value = "本校自用，不必读入。"
    book.save(empty.inbox / "二.xlsx")
    ingest(empty, CITY)
    assert asked_about(empty, "二.xlsx") == []

    (empty.inbox / "三.xlsx").write_bytes(write_book(with_columns("附件", "备注", "其他")))
    ingest(empty, CITY)
    assert asked_about(empty, "三.xlsx") == ["其他"]


def with_explained(*questions: str) -> bytes:
    """The sample workbook with a result sheet on which these questions are explained."""
    book = sample_book(NURSING_SCHOOL)
    lines = [(PROBLEM_HEADING, REASON_HEADING), *((question, "有原因") for question in questions)]
    cells = {(row, position): text for row, line in enumerate(lines) for position, text in enumerate(line)}
    book.sheets.append(Sheet(RESULT_SHEET, cells))
    return write_book(book)


def filed(settings: Settings, *questions: str) -> list[tuple[str, str]]:
    settings.inbox.mkdir(parents=True)
    (settings.inbox / "说明.xlsx").write_bytes(with_explained(*questions))
    ingest(settings, CITY)
    return select(settings, "select record_key, value from registry.explanation order by record_key").rows()


def test_only_explanations_of_what_is_in_the_file_are_kept(empty: Settings):
    of_nothing = [f"{RULE}#x#毕业去向#employed#{n}" for n in range(1000)]
    whole_form = "students.enrolment_dropped#x#学生情况#students_full_time#"
    assert filed(empty, *of_nothing, whole_form) == [("", "2591")]


def test_explanations_about_no_cell_are_kept_up_to_a_number_that_no_honest_file_has(empty: Settings):
    assert len(filed(empty, *(f"{RULE}#x#专业目录##{n}" for n in range(3 * MOST_WITHOUT_CELL)))) == MOST_WITHOUT_CELL


def test_the_same_explanation_in_two_versions_is_filed_once_under_the_earlier(empty: Settings):
    question = "students.enrolment_dropped#x#学生情况#students_full_time#"
    filed(empty, question, question)
    (empty.inbox / "再报.xlsx").write_bytes(with_explained(question, f"{RULE}#x#专业目录##别的"))
    ingest(empty, CITY)
    names = sent_as(empty)
    found = select(empty, "select record_key, submission_id from registry.explanation order by record_key")
    assert [(key, names[id_]) for key, id_ in found.rows()] == [("", "说明.xlsx"), ("别的", "再报.xlsx")]
