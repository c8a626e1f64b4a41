"""All figures of the report: each an indicator, computed from cells, the same in SQL and in plain Python."""

from decimal import Decimal
from math import floor

import openpyxl
import pytest

from sources.archive.archive import archived_path
from sources.declarations.city import City
from sources.system.settings import Settings
from tests.conftest import BUREAU, NURSING_SCHOOL, edit, run_all, select
from tests.end_to_end.second_computation import compute, read_book

KEY = "report_year, subject_code, scope_code, indicator_code"
CONTRADICTIONS = {
    "F008": "4",  # private schools: the report's own list has four
    "F011": "4",  # demonstration schools: the report's own list has four
    "F071": "1.21:1",  # 28475 / 23561 = 1.2086
    "F094": "16.99",  # 528046.3 over the base of the other per-student figures
    "F157": "34",  # 2 first, 16 second and 16 third prizes
    "F217": "116",  # 132 majors less the technician school's 16
    "F287": "约1.494亿元",  # ten times what the allocation for each student allows
    "F289": "4",
    "F295": "16.99",
}


def test_every_printed_figure_is_an_indicator_with_a_verdict(published):
    assert published.execute("select count(*) from report.figure").fetchone() == (297,)
    unexplained = (
        "select count(*) from report.figure where indicator_code is null or verdict is null or displayed is null"
    )
    assert published.execute(unexplained).fetchone() == (0,)


def test_consistent_figures_are_reproduced_to_the_printed_digit_and_the_others_stand_corrected(published):
    rows = published.execute("select figure_id, displayed, printed, verdict from report.figure").fetchall()
    assert {figure: displayed for figure, displayed, _, verdict in rows if verdict != "consistent"} == CONTRADICTIONS
    assert [row for row in rows if row[3] == "consistent" and row[1] != row[2]] == []
    reasons = dict(published.execute("select figure_id, reason from report.figure where reason is not null").fetchall())
    assert reasons.keys() == CONTRADICTIONS.keys()


def second_values(settings: Settings, city: City) -> dict:
    ids = select(settings, "select submission_id from registry.submission where is_current").get_column("submission_id")
    return compute([read_book(archived_path(i, settings.archive).read_bytes(), city) for i in ids], city)


def assert_both_computations_agree(settings: Settings, city: City) -> dict:
    second = {
        key: None if value is None else Decimal(floor(value * 10**12)).scaleb(-12)
        for key, value in second_values(settings, city).items()
    }
    first = {row[:4]: row[4] for row in select(settings, f"select {KEY}, value from core.fct_indicator_value").rows()}
    assert {key: (value, second.get(key)) for key, value in first.items() if value != second.get(key)} == {}
    assert {key for key, value in second.items() if value is not None} <= set(first)
    return first


@pytest.fixture(scope="module")
def before(city_run: Settings, city: City) -> dict:
    """Every value of the sample city as it is, after both computations have agreed on it."""
    return assert_both_computations_agree(city_run, city)


def test_sql_and_plain_python_agree_on_every_value_to_the_last_digit(before):
    assert len(before) > 7000


FORMS = ("学生情况", "教职工情况", "教师培训", "办学条件", "学生发展", "毕业去向", "实习情况", "经费情况")


@pytest.mark.deep
def test_a_school_scaled_by_two_adds_its_own_value_once_more_to_every_sum(fresh_copy, city, before):
    def double(book: openpyxl.Workbook) -> None:
        for title in FORMS:
            for row in book[title].iter_rows(min_row=6):
                if isinstance(row[4].value, int | float):
                    row[4].value *= 2

    edit(fresh_copy, city, NURSING_SCHOOL, 2023, double)
    assert run_all(fresh_copy, city).accepted == 1
    after = assert_both_computations_agree(fresh_copy, city)
    for indicator in ("students_full_time", "teachers_full_time", "graduates", "campus_area", "trained_total"):
        own = before[2023, NURSING_SCHOOL, "school", indicator]
        assert after[2023, NURSING_SCHOOL, "school", indicator] == 2 * own
        assert after[2023, BUREAU, "all", indicator] == before[2023, BUREAU, "all", indicator] + own
    for rate in ("employment_rate", "students_per_teacher", "campus_area_per_student"):
        key = (2023, NURSING_SCHOOL, "school", rate)
        assert after[key] == before[key]
        assert after[2023, BUREAU, "all", rate] != before[2023, BUREAU, "all", rate]


@pytest.mark.deep
def test_a_school_of_zeros_leaves_every_sum_and_rate_and_counts_as_a_school(fresh_copy, city, before):
    """The school with teachers but no students reports zeros everywhere: what it had is gone, nothing else moves."""
    school = "3645900004"

    def zero(book: openpyxl.Workbook) -> None:
        for title in FORMS:
            for row in book[title].iter_rows(min_row=6):
                if isinstance(row[4].value, int | float):
                    row[4].value = 0

    edit(fresh_copy, city, school, 2023, zero)
    assert run_all(fresh_copy, city).accepted == 1
    after = assert_both_computations_agree(fresh_copy, city)
    assert after[2023, BUREAU, "all", "schools"] == 12
    assert after[2023, BUREAU, "all", "employment_rate"] == before[2023, BUREAU, "all", "employment_rate"]
    assert after[2023, school, "school", "students_per_teacher"] is None
    lost = before[2023, school, "school", "teachers_full_time"]
    assert after[2023, BUREAU, "all", "teachers_full_time"] == before[2023, BUREAU, "all", "teachers_full_time"] - lost


@pytest.mark.deep
def test_a_school_taken_off_the_roster_is_out_of_every_figure_of_the_year(fresh_copy, city, before):
    def take_off(book: openpyxl.Workbook) -> None:
        sheet = book["学校名册"]
        (row,) = [cell.row for cell in sheet["A"] if cell.value == NURSING_SCHOOL]
        sheet.delete_rows(row)

    edit(fresh_copy, city, BUREAU, 2023, take_off)
    assert run_all(fresh_copy, city).accepted == 1
    after = assert_both_computations_agree(fresh_copy, city)
    assert after[2023, NURSING_SCHOOL, "school", "students_full_time"] is None
    for indicator in ("students_full_time", "graduates", "majors", "aid_national_grant_recipients"):
        own = before[2023, NURSING_SCHOOL, "school", indicator]
        assert after[2023, BUREAU, "all", indicator] == before[2023, BUREAU, "all", indicator] - own
    assert after[2023, BUREAU, "all", "schools"] == 11


@pytest.mark.parametrize("table", ["annex_1", "annex_2", "annex_3", "annex_4", "annex_5", "annex_6"])
def test_the_six_annex_tables_come_out_for_both_years(published, table):
    rows = published.execute(f"select report_year, count(*) from report.{table} group by all order by all").fetchall()
    assert [year for year, _ in rows] == [2022, 2023]
    assert rows[0][1] == rows[1][1] > 10


def test_a_printed_zero_is_a_stated_zero(published):
    values = published.execute(
        "select distinct current_display from report.annex_5 where report_year = 2023"
    ).fetchall()
    assert values == [("0",)]


def test_contest_tables_show_four_years(published):
    rows = published.execute(
        "select year, official_awards_regional, official_awards_regional_first, official_awards_regional_second,"
        " official_awards_regional_third from report.table_2_6_1 where report_year = 2023 order by row_number"
    ).fetchall()
    assert rows == [
        (2020, 193, 19, 69, 105),
        (2021, 336, 29, 109, 198),
        (2022, 189, 26, 60, 103),
        (2023, 142, 22, 55, 65),
    ]
    rows = published.execute(
        "select official_awards_national, official_awards_national_first, official_awards_national_second,"
        " official_awards_national_third from report.table_2_6_2 where report_year = 2023 order by row_number"
    ).fetchall()
    assert rows == [(4, 0, 4, 0), (4, 0, 4, 0), (11, 0, 2, 9), (7, 0, 5, 2)]


def test_every_school_and_the_city_get_a_verdict_on_every_standard(published):
    rows = published.execute(
        "select subject_kind, verdict, bound, value from core.fct_standard where report_year = 2023"
        " and scope_code = 'without_technician_and_regional' and indicator_code = 'campus_area_per_student'"
    ).fetchall()
    # the same bound in the edition of 2010 and in that of 2022
    assert [(kind, verdict, bound) for kind, verdict, bound, _ in rows] == [("region", "missed", Decimal(33))] * 2
    missing = published.execute(
        "select count(*) from core.dim_school where report_year = 2023 and category = 'vocational'"
        " and school_code not in (select subject_code from core.fct_standard"
        " where indicator_code = 'students_formal' and report_year = 2023)"
    ).fetchone()
    assert missing == (0,)


@pytest.mark.deep
def test_a_partner_named_by_two_schools_counts_once_in_the_city(fresh_copy, city):
    def name_another(book: openpyxl.Workbook) -> None:
        sheet = book["合作企业"]
        row = next(r for r in range(6, 400) if sheet.cell(r, 1).value is None)
        sheet.cell(row, 1, "浙江吉利汽车有限公司")

    edit(fresh_copy, city, NURSING_SCHOOL, 2023, name_another)
    assert run_all(fresh_copy, city).accepted == 1
    values = assert_both_computations_agree(fresh_copy, city)
    assert values[2023, BUREAU, "all", "partner_enterprises"] == 265
