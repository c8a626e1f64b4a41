"""Satisfaction of fewer than five people: in no table, no cell, no finding, no explanation and no total."""

import openpyxl
import pytest

from sources.audit.suppression import SUPPRESSED
from sources.system.settings import Settings
from tests.conftest import NURSING_SCHOOL, deep, edit, run_all, select
from warehouse.store.connection import open_published

SCORE = "33.37"


def set_staff_satisfaction(respondents: int | str | None):
    def change(book: openpyxl.Workbook) -> None:
        sheet = book["满意度调查"]
        (row,) = [row for row in sheet.iter_rows() if any(cell.value == "教职工满意度" for cell in row)]
        label = next(cell for cell in row if cell.value == "教职工满意度")
        sheet.cell(label.row, label.column + 1).value = float(SCORE)
        sheet.cell(label.row, label.column + 2).value = respondents

    return change


def traces_of(settings: Settings, text: str) -> set[str]:
    """Columns of the published database in which the text stands."""
    with open_published(settings) as connection:
        columns = connection.execute(
            "select table_schema || '.\"' || table_name || '\"', column_name from information_schema.columns"
            " where table_schema not in ('information_schema') and data_type in ('VARCHAR', 'DECIMAL(38,2)',"
            " 'DECIMAL(24,4)', 'DECIMAL(38,12)', 'DECIMAL(18,2)')"
        ).fetchall()
        return {
            f"{table}.{column}"
            for table, column in columns
            if connection.execute(
                f"select count(*) from {table} where cast(\"{column}\" as varchar) like '%{text}%'"
            ).fetchone()[0]
        }


@pytest.mark.parametrize(("respondents", "is_suppressed"), [(4, True), pytest.param(5, False, marks=pytest.mark.deep)])
def test_fewer_than_five_answers_leave_no_trace(fresh_copy, city, respondents, is_suppressed):
    edit(fresh_copy, city, NURSING_SCHOOL, 2023, set_staff_satisfaction(respondents))
    assert run_all(fresh_copy, city).accepted == 1
    assert (traces_of(fresh_copy, SCORE) == set()) is is_suppressed
    status, value = select(
        fresh_copy,
        "select status, value from core.fct_indicator_value where report_year = 2023"
        f" and subject_code = '{NURSING_SCHOOL}' and indicator_code = 'satisfaction_staff'",
    ).row(0)
    assert (status == "suppressed", value is None) == (is_suppressed, is_suppressed)


def test_the_school_is_told_and_the_region_counts_the_school_as_not_reported(fresh_copy, city):
    region = (
        "select n_reported from core.fct_indicator_value where report_year = 2023 and subject_kind = 'region'"
        " and scope_code = 'all' and indicator_code = 'satisfaction_staff'"
    )
    before = select(fresh_copy, region).item()
    edit(fresh_copy, city, NURSING_SCHOOL, 2023, set_staff_satisfaction(4))
    run_all(fresh_copy, city)
    assert select(fresh_copy, region).item() == before - 1
    told = select(fresh_copy, "select severity, sheet from quality.finding where rule_id = 'privacy.suppressed'")
    assert told.rows() == [("info", "满意度调查")]
    hidden = select(fresh_copy, "select column_name, raw_text from registry.cell where is_suppressed order by all")
    assert hidden.rows() == [("respondents", SUPPRESSED), ("score", SUPPRESSED)]


@pytest.mark.parametrize("respondents", [*deep("3个人"), None])
def test_a_score_of_a_number_of_people_that_cannot_be_read_leaves_no_trace(fresh_copy, city, respondents):
    edit(fresh_copy, city, NURSING_SCHOOL, 2023, set_staff_satisfaction(respondents))
    assert run_all(fresh_copy, city).rejected == 1
    assert traces_of(fresh_copy, SCORE) == set()
