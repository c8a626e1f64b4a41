"""Warnings about things that are no cell of the form are explained like any other: once, and then never again."""

from pathlib import Path

import openpyxl
from openpyxl.worksheet.worksheet import Worksheet

from sources.declarations.headings import REASON_HEADING, RESULT_SHEET
from sources.system.settings import Settings
from tests.conftest import NURSING_SCHOOL, ingest, select
from tests.hostile.books import CITY, Book, sample_book, write_book
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
        "select value from registry.finding inner join registry.submission using (submission_id)"
        f" where rule_id = '{RULE}' and submission.file_name = '{file_name}' and explanation_id is null order by value",
    )
    return found.get_column("value").to_list()


def marked(settings: Settings) -> Path:
    with open_working(settings) as connection:
        return next(each.path for each in write_feedback(connection, settings, [2023]) if each.path)


def column_of(sheet: Worksheet, heading: str) -> int:
    return next(cell.column for row in sheet.iter_rows() for cell in row if cell.value == heading)


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
