"""The report's tables come out of the workbooks as printed; a changed cell moves what depends on it, and only that."""

from decimal import Decimal

import polars as pl
import pytest

from tests.conftest import NURSING_SCHOOL, cell_of, edit, run_all, select
from tests.support.conditions import unconditioned
from tests.support.sample import PACK
from warehouse.catalogue.catalogue import load_catalogue
from warehouse.figures.printed_table import table_of
from warehouse.release.data.summary_csv import write_table
from warehouse.store.sql import query

TABLE_1_2_1 = """
1 北部湾职业技术学校 公办 市直 416 7210 20
2 钦州市卫生学校 公办 市直 143 2591 7
3 钦州市文武学校 民办 市直 14 161 3
4 广西钦州英华国际职业技术学校 民办 市直 17 0 2
5 钦州市广演职业学校 民办 市直 60 50 5
6 钦州市合浦师范学校 公办 市直 0 0 0
7 灵山县职业技术学校 公办 县直 201 6683 11
8 广西正久职业学校 民办 县直 109 2341 10
9 浦北县第一职业技术学校 公办 县直 270 6139 16
10 钦州市技工学校 公办 市级 49 617 16
11 广西钦州商贸学校 公办 区直 177 4181 20
12 广西钦州农业学校 公办 区直 208 5232 22
"""
TOTAL = (1664, 35205, 132)

# as printed, but for the ratio of 2022: 28475 / 23561 = 1.2086, which is 1.21 and not the printed 1.20
TABLE_1_2_2 = [
    ("普通高中", "学校数", "39", "40", "1↑"),
    ("普通高中", "在校生数", "78805", "82297", "3492↑"),
    ("普通高中", "招生数", "28475", "28782", "307↑"),
    ("中职学校", "学校数", "11", "12", "1↑"),
    ("中职学校", "全日制在校生数", "36360", "35205", "1155↓"),
    ("中职学校", "全日制招生数", "15621", "15638", "17↑"),
    ("中职学校", "户籍地送生数", "23561", "22768", "793↓"),
    ("普职招生比", "", "1.21:1", "1.26:1", None),
]
TABLE_2_4 = [
    ("毕业学生数（人）", "8128", "10888"),
    ("直接就业人数（人）", "1851", "4004"),
    ("直接就业率（%）", "22.77", "36.77"),
    ("升学人数（人）", "6082", "5921"),
    ("毕业晋升率（%）", "74.83", "54.38"),
]


def test_table_1_2_1_is_the_printed_one(published):
    rows = published.execute(
        "select row_number, school_name, ownership, affiliation, teachers_full_time, students_full_time, majors"
        " from report.table_1_2_1 where report_year = 2023 order by row_number"
    ).fetchall()
    printed = [line.split() for line in TABLE_1_2_1.strip().splitlines()]
    assert [[str(value) for value in row] for row in rows[:-1]] == printed
    assert rows[-1][4:] == TOTAL


def test_table_1_2_2_is_the_printed_one(published):
    rows = published.execute(
        "select group_label, item_label, previous_display, current_display, change_display"
        " from report.table_1_2_2 where report_year = 2023 order by row_number"
    ).fetchall()
    assert rows == TABLE_1_2_2


def test_table_2_4_is_the_printed_one_but_for_changes_across_the_break_of_scope(published):
    rows = published.execute(
        "select item_label, previous_display, current_display, change_display, change_reason, comparability,"
        " previous_scope_label, scope_label from report.table_2_4 where report_year = 2023 order by row_number"
    ).fetchall()
    assert [row[:3] for row in rows] == TABLE_2_4
    scopes = ("scope_break", "不含技工学校、区直学校", "不含技工学校")
    assert {row[3:] for row in rows} == {
        (None, "两年统计口径不同", *scopes),
        (None, "本表不列变化", *scopes),
    }


def test_no_number_stands_without_its_condition(published):
    assert unconditioned(published) == []


@pytest.mark.parametrize(
    ("indicator", "scope", "printed"),
    [
        ("upper_secondary_students", "all", "117502"),
        ("students_ratio", "all", "2.34:1"),
        ("placed", "without_technician", "10098"),
        ("further_study_undergraduate_share", "without_technician", "3.83"),
        ("further_study_college_share", "without_technician", "96.17"),
        ("employed_primary_share", "without_technician", "6.67"),
        ("employed_secondary_share", "without_technician", "31.59"),
        ("employed_tertiary_share", "without_technician", "61.49"),
        ("self_employment_rate", "without_technician", "2.37"),
    ],
)
def test_figures_of_the_text_are_the_printed_ones(published, indicator, scope, printed):
    row = published.execute(
        "select display from core.fct_indicator_value where report_year = 2023 and subject_kind = 'region'"
        " and scope_code = ? and indicator_code = ?",
        [scope, indicator],
    ).fetchone()
    assert row == (printed,)


def test_the_matrix_is_complete(published):
    """Every indicator has a row for every subject for which it has a meaning, in every year; and no other."""
    schools = published.execute("select count(*) from core.dim_school").fetchone()[0]
    scopes = published.execute(
        "select count(distinct (report_year, scope_code)) from core.brg_scope_school"
    ).fetchone()[0]
    levels = dict(published.execute("select level, count(*) from core.dim_indicator group by level").fetchall())
    series = 2 * 8 * 4  # the contest awards of 2020 and 2021, in every scope
    expected = levels["school"] * (schools + scopes) + levels["region"] * scopes + series
    assert published.execute("select count(*) from core.fct_indicator_value").fetchone() == (expected,)


def test_a_school_without_students_counts_as_a_school_and_has_no_ratio(published):
    rows = published.execute(
        "select indicator_code, value, status from core.fct_indicator_value where report_year = 2023"
        " and subject_code = '3645900004' and indicator_code in ('schools', 'employment_rate') order by 1"
    ).fetchall()
    assert rows == [("employment_rate", None, "not_applicable"), ("schools", Decimal(1), "ok")]


def test_a_scope_that_lacks_a_school_is_incomplete(published):
    row = published.execute(
        "select value, status, n_expected, n_reported from core.fct_indicator_value where report_year = 2023"
        " and scope_code = 'all' and indicator_code = 'graduates'"
    ).fetchone()
    assert row == (Decimal(10888), "incomplete", 12, 11)


def figures(settings) -> pl.DataFrame:
    return select(
        settings,
        "select report_year, subject_code, scope_code, indicator_code, value"
        " from core.fct_indicator_value order by all",
    )


def test_one_changed_cell_moves_exactly_the_figures_that_depend_on_it(fresh_copy, city):
    before = figures(fresh_copy)

    def seven_more(book):
        cell = cell_of(book, "学生情况", "全日制在校生数")
        cell.value += 7

    edit(fresh_copy, city, NURSING_SCHOOL, 2023, seven_more)
    assert run_all(fresh_copy, city).accepted == 1
    key = ["report_year", "subject_code", "scope_code", "indicator_code"]
    both = before.join(figures(fresh_copy), on=key, how="full", suffix="_after", coalesce=True)
    moved = both.filter(pl.col("value").ne_missing(pl.col("value_after")))
    scopes = {"all", "without_technician", "without_technician_and_regional", "without_regional"}
    assert set(moved.select(key).rows()) == {
        (2023, NURSING_SCHOOL, "school", "students_full_time"),
        *((2023, "450700", scope, "students_full_time") for scope in scopes),
        *((2023, "450700", scope, "upper_secondary_students") for scope in scopes),
        *((2023, "450700", scope, "students_ratio") for scope in scopes),
    }
    counts = moved.filter(pl.col("indicator_code") != "students_ratio")
    assert set((counts["value_after"] - counts["value"]).to_list()) == {Decimal(7)}
    ratio = moved.filter((pl.col("indicator_code") == "students_ratio") & (pl.col("scope_code") == "all"))
    assert ratio["value_after"].item() == (Decimal(82297) / Decimal(35212)).quantize(Decimal("1e-12"), "ROUND_DOWN")
    total = select(
        fresh_copy, "select students_full_time from report.table_1_2_1 where is_total and report_year = 2023"
    )
    assert total.item() == 35212


def test_printed_tables_carry_title_headings_and_notes(published):
    printed = table_of(published, load_catalogue(PACK), "2.4", 2023)
    assert printed.title == "表2.4  钦州市2023年中等职业学校就业升学总体情况"
    assert printed.headings == (
        "项目",
        "2022年（不含技工学校、区直学校）",
        "2023年（不含技工学校）",
        "与2022年比较增长（下降）",
        "备注",
    )
    assert {row[-1] for row in printed.texts} == {"不可直接比较：两年统计口径不同"}
    scope, coverage = printed.notes
    assert "口径不同" in scope.text
    assert coverage.text == "数据完整度：11/11 所学校、100.0% 的在校生。"


def test_a_year_without_data_says_so(published):
    with pytest.raises(LookupError, match=r"没有 2019 年的表2\.4"):
        table_of(published, load_catalogue(PACK), "2.4", 2019)


def test_csv_opens_in_chinese_excel(published, tmp_path):
    path = write_table(table_of(published, load_catalogue(PACK), "1.2-2", 2023), tmp_path)
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    assert path.read_text("utf-8-sig").splitlines()[1] == "普通高中,学校数,39,40,1↑"


def test_marts_have_one_row_a_school_and_one_a_scope(published):
    def counted(mart: str, kind: str, code: str) -> int:
        rows = f"select count(*) from marts.{mart} where subject_kind = '{kind}' and indicator_code = '{code}'"
        return int(query(published, rows).item())

    assert counted("scale", "school", "students_full_time") == 23
    assert counted("outcomes", "region", "further_study_rate") == 8
