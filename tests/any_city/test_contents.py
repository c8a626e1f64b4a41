"""Whose numbers are in a file: two schools that exchanged contents, and last year's file sent again."""

from io import BytesIO
from pathlib import Path

import openpyxl
import pytest

from sources.declarations.headings import REASON_HEADING, RESULT_SHEET
from sources.submission.file_names import workbook_file_name
from sources.system.settings import Settings
from sources.write.template import build_workbook
from tests.any_city.worlds import CITY, FIRST, SECOND, books_of, pour
from tests.conftest import ingest, select
from warehouse.intake.feedback import write_feedback
from warehouse.store.connection import open_working

ONE, OTHER, LAZY = "3498000001", "3498000005", "3498000006"
TOLD = "select respondent_code, rule_id, message from registry.finding inner join registry.submission"


@pytest.mark.deep
def test_exchanged_contents_and_last_years_file_are_told_as_such(tmp_path: Path) -> None:
    settings, city = Settings(home=tmp_path / "home", city_dir=CITY.city_dir), CITY.city
    for year in (FIRST, SECOND):
        pour(CITY, year, settings.inbox)
    ingest(settings, city, (FIRST, SECOND))
    causes = f"{TOLD} using (submission_id) where rule_id like 'cause.%' order by respondent_code"
    assert select(settings, causes).is_empty()
    books, before = books_of(CITY, SECOND), books_of(CITY, FIRST)
    for school, contents in ((ONE, books[OTHER]), (OTHER, books[ONE]), (LAZY, before[LAZY])):
        respondent = city.respondent_by_code[school]
        data = build_workbook(city, respondent, SECOND, contents, before[school])
        books_added = 7 if school == LAZY else 0
        (settings.inbox / workbook_file_name(respondent, SECOND)).write_bytes(_saved_now(data, books_added))
    ingest(settings, city, (FIRST, SECOND))
    rejected = select(
        settings,
        "select message from registry.finding inner join registry.submission using (submission_id)"
        " where status = 'rejected'",
    ).rows()
    assert rejected == []
    told = {code: (rule, message) for code, rule, message in select(settings, causes).rows()}
    assert {code: rule for code, (rule, _) in told.items()} == {
        ONE: "cause.contents_of_another",
        OTHER: "cause.contents_of_another",
        LAZY: "cause.last_year_resent",
    }
    assert "内容与另一所学校上年相同：是否填错了模板" in told[ONE][1]
    assert city.in_year(FIRST).respondent_by_code[OTHER].name in told[ONE][1]
    assert "内容与本校上年报送除一格外全部相同" in told[LAZY][1]
    _one_explanation_answers_all(settings, ONE)


def _saved_now(data: bytes, books_added: int) -> bytes:
    """The file as a clerk saves it, after those of the year: the last one saved counts."""
    book = openpyxl.load_workbook(BytesIO(data))
    (row,) = [row for row in book["办学条件"].iter_rows() if row[1].value == "纸质图书"]
    row[4].value += books_added
    buffer = BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def _one_explanation_answers_all(settings: Settings, school: str) -> None:
    """The cause has one line on the result sheet; explained there, nothing that it takes is asked again."""
    found = (
        "select count(*), count(explanation_id) from registry.finding inner join registry.submission"
        f" using (submission_id) where is_current and respondent_code = '{school}' and report_year = {SECOND}"
        " and severity = 'warning'"
    )
    total, explained = select(settings, found).row(0)
    assert (total > 1, explained) == (True, 0)
    with open_working(settings) as connection:
        (mine,) = [
            each
            for each in write_feedback(connection, settings, [SECOND])
            if each.version.respondent_code == school and each.path
        ]
    assert "cause.contents_of_another" in [each.rule_id for each in mine.findings]
    assert mine.path is not None
    book = openpyxl.load_workbook(mine.path)
    results = book[RESULT_SHEET]
    heading = next(cell for row in results.iter_rows() for cell in row if cell.value == REASON_HEADING)
    for line in range(heading.row + 1, results.max_row + 1):
        if results.cell(line, 3).value == "封面":
            results.cell(line, heading.column).value = "两校今年合并办学，数字相互调整。"
    book.save(next(settings.inbox.glob(f"{SECOND}*{school}*")))
    ingest(settings, CITY.city, (FIRST, SECOND))
    taken = found + " and cause_id is not null"
    total, explained = select(settings, taken).row(0)
    assert total == explained > 0
