"""Who should have sent, who has, which version counts; and how complete a figure is while somebody is missing."""

from dataclasses import replace
from datetime import date

import openpyxl
import pytest

from sources.declarations.headings import REASON_HEADING, RESULT_SHEET
from tests.conftest import NURSING_SCHOOL, YEARS, cell_of, edit, ingest, run_all, select
from tests.support.sample import PACK
from warehouse.catalogue.catalogue import load_catalogue
from warehouse.figures.printed_table import table_of
from warehouse.intake.decisions import decide
from warehouse.intake.explanations import explanations_on_file
from warehouse.intake.feedback import write_feedback
from warehouse.run.needed import reasons_to_run
from warehouse.store.connection import open_published, open_working

REGISTER = (
    "select state, versions, versions_rejected, latest_status, days_overdue, current_reason, latest_reason"
    f" from quality.register where report_year = 2023 and respondent_code = '{NURSING_SCHOOL}'"
)


def spoil(book: openpyxl.Workbook) -> None:
    cell_of(book, "学生情况", "全日制在校生数").value = "很多"


def remove_nursing_school(settings) -> None:
    for path in settings.inbox.glob(f"2023*{NURSING_SCHOOL}*"):
        path.unlink()


def notes_below(connection, code: str) -> str:
    return " ".join(note.text for note in table_of(connection, load_catalogue(PACK), code, 2023).notes)


def test_a_rejected_new_version_leaves_the_last_good_one_standing(fresh_copy, city):
    figures = "select figure_id, displayed from report.figure order by all"
    before = select(fresh_copy, figures).rows()
    edit(fresh_copy, city, NURSING_SCHOOL, 2023, spoil)
    run_all(fresh_copy, city)
    state, versions, rejected, latest, _, current_reason, latest_reason = select(fresh_copy, REGISTER).row(0)
    assert (state, versions, rejected, latest) == ("returned", 2, 1, "rejected")
    assert "没有错误" in current_reason
    assert "1 个错误" in latest_reason
    assert select(fresh_copy, figures).rows() == before


@pytest.mark.deep
def test_a_missing_school_is_expected_then_overdue_and_every_table_says_that_it_is_missing(city_run, empty, city):
    for path in city_run.inbox.iterdir():
        empty.inbox.mkdir(parents=True, exist_ok=True)
        (empty.inbox / path.name).write_bytes(path.read_bytes())
    remove_nursing_school(empty)
    before = replace(empty, fixed_today=date(2023, 11, 30))
    run_all(before, city)
    assert select(before, REGISTER).row(0)[:5] == ("unsent", 0, 0, None, 0)
    assert reasons_to_run(before, city, YEARS) == []
    after = replace(empty, fixed_today=date(2023, 12, 3))
    assert reasons_to_run(after, city, YEARS) == ["有 1 个单位逾期，没有有效的报送"]
    run_all(after, city)
    assert select(after, REGISTER).row(0)[:5] == ("unsent", 0, 0, None, 3)

    reported, expected, students, known = select(
        after,
        "select schools_reported, schools_expected, students_reported, students_expected from core.fct_coverage"
        " where report_year = 2023 and scope_code = 'all'",
    ).row(0)
    assert (reported, expected) == (11, 12)
    last_year = select(
        after,
        "select students_full_time from raw.students inner join registry.submission using (submission_id)"
        f" where submission.report_year = 2022 and submission.respondent_code = '{NURSING_SCHOOL}'",
    ).item()
    assert known - students == last_year
    percent = f"{round(100 * students / known, 1)}%"
    with open_published(after) as connection:
        for code in load_catalogue(PACK).tables:
            notes = notes_below(connection, code)
            assert "所学校" in notes, code
            if load_catalogue(PACK).tables[code].layout != "years":
                assert "11/12 所学校" in notes or "10/11 所学校" in notes or "8/9 所学校" in notes, code
        assert percent in notes_below(connection, "1.2-1")
    city_students = select(
        after,
        "select status, coverage from report.figure where indicator_code = 'students_full_time' and kind = 'value'"
        " and figure_year = 2023 and scope_code = 'all'",
    ).rows()
    assert city_students
    assert all(status == "incomplete" and "11/12" in coverage for status, coverage in city_students)


def test_an_approved_explanation_becomes_a_footnote_and_a_refused_one_is_asked_again(fresh_copy, city):
    reason = "一名毕业生的就业单位不愿提供行业。"
    with open_published(fresh_copy) as connection:
        (feedback,) = [
            each
            for each in write_feedback(connection, fresh_copy, [2023])
            if each.version.respondent_name == city.respondent_by_code[NURSING_SCHOOL].name
        ]
    book = openpyxl.load_workbook(feedback.path)
    results = book[RESULT_SHEET]
    heading = next(c for row in results.iter_rows() for c in row if c.value == REASON_HEADING)
    results.cell(heading.row + 1, heading.column).value = reason
    book.save(next(fresh_copy.inbox.glob(f"2023*{NURSING_SCHOOL}*")))
    run_all(fresh_copy, city)
    with open_published(fresh_copy) as connection:
        (on_file,) = explanations_on_file(connection, 2023)
        explanation_id = on_file.filed.explanation_id
        assert on_file.filed.explanation.state == "given"
        assert reason not in notes_below(connection, "2.4")
        assert decide(connection, fresh_copy, explanation_id, "approved", "王科长")
        assert not decide(connection, fresh_copy, "unknown", "approved", "王科长")
    assert reasons_to_run(fresh_copy, city, YEARS) == ["有 1 条决定尚未生效"]
    run_all(fresh_copy, city)
    with open_published(fresh_copy) as connection:
        assert reason in notes_below(connection, "2.4")
        decide(connection, fresh_copy, explanation_id, "refused", "王科长")
    run_all(fresh_copy, city)
    with open_published(fresh_copy) as connection:
        assert reason not in notes_below(connection, "2.4")
        rewritten = {each.version.respondent_name: each for each in write_feedback(connection, fresh_copy, [2023])}
    (asked,) = rewritten[feedback.version.respondent_name].open_findings
    assert asked.rule_id == "outcomes.industries_add_up"


@pytest.mark.deep
def test_feedback_of_a_version_that_no_longer_counts_is_taken_away(fresh_copy, city):
    edit(fresh_copy, city, NURSING_SCHOOL, 2023, spoil)
    ingest(fresh_copy, city)
    with open_working(fresh_copy) as connection:
        write_feedback(connection, fresh_copy, YEARS)
    (rejected,) = fresh_copy.feedback.glob("2023/钦州市卫生学校_*")
    edit(
        fresh_copy,
        city,
        NURSING_SCHOOL,
        2023,
        lambda book: setattr(cell_of(book, "学生情况", "全日制在校生数"), "value", 2592),
    )
    ingest(fresh_copy, city)
    with open_working(fresh_copy) as connection:
        write_feedback(connection, fresh_copy, YEARS)
    (accepted,) = fresh_copy.feedback.glob("2023/钦州市卫生学校_*")
    assert accepted != rejected
