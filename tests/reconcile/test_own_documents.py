"""What the city's own documents print besides figures is told by its kind."""

from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from sources.declarations.city import City, load_city
from sources.system.settings import Settings
from tests.support.sample import PACK
from tests.support.word import opened
from warehouse.catalogue.catalogue import load_catalogue
from warehouse.figures.year_figures import load_figures
from warehouse.reconcile.reading.names import load_names
from warehouse.reconcile.reading.numerals import numerals_in
from warehouse.reconcile.reading.read_report import ReportReading, read_report
from warehouse.reconcile.reconcile import reconcile_file
from warehouse.release.documents.write_documents import write_documents
from warehouse.store.connection import open_published

HUAILING = load_city(Path(__file__).parents[1] / "cities" / "huailing_city")


def read(text: str, folder: Path) -> ReportReading:
    path = folder / "report.txt"
    path.write_text(text, encoding="utf-8")
    return read_report(path, HUAILING, 2024, load_names(load_catalogue(HUAILING.pack)))


def bound(reading: ReportReading) -> list[tuple[str, int, str]]:
    return [(each.codes.indicator, each.codes.year, each.printed) for each in reading.figures if each.codes]


@pytest.mark.parametrize("said", ["11/12所学校", "0/4所学校"])
def test_how_many_schools_have_sent_is_no_figure_that_nobody_understood(said: str) -> None:
    (found,) = [numeral for _, numeral in numerals_in(f"注：数据完整度：{said}", "")]
    assert (found.printed, found.told) == (said.removesuffix("所学校"), "已报送与应报送的学校数")


def test_a_fraction_of_anything_else_stays_not_understood() -> None:
    assert all(numeral.told == "" for _, numeral in numerals_in("完成3/7批设备", ""))


def test_running_numbers_of_a_table_that_has_no_values_yet_are_told_as_such(tmp_path: Path) -> None:
    rows = ("序号\t指标\t单位\t2024年", "1\t专任教师数\t人\t…", "2\t专业数\t个\t…", "10\t毕业生数\t人\t…")
    numerals = [each for _, each in read("\n".join(("表1 情况", *rows, "", "以上。")), tmp_path).numerals]
    assert [(each.printed, each.told) for each in numerals if each.printed.isdigit()] == [
        (printed, "序号、编号或年份") for printed in ("1", "2", "10")
    ]


def test_values_that_begin_further_down_have_their_heading_and_the_rows_above_are_no_head(tmp_path: Path) -> None:
    rows = ("序号\t指标\t2023年\t2024年", "1\t专业数\t…\t…", "2\t毕业生数（人）\t2900\t3000")
    reading = read("\n".join(("表1 情况", *rows, "", "以上。")), tmp_path)
    assert bound(reading) == [("graduates", 2023, "2900"), ("graduates", 2024, "3000")]
    assert [each.told for _, each in reading.numerals if each.printed == "1"] == ["序号、编号或年份"]


HEAD = "序号\t指标\t单位\t2023年\t2024年\t备注"


@pytest.mark.parametrize("remark", ["数据不完整", "不可直接比较：两年统计口径不同", "专业数另见表3", ""])
def test_a_remark_does_not_name_the_row_that_it_stands_in(remark: str, tmp_path: Path) -> None:
    text = f"表1 情况\n{HEAD}\n1\t毕业生数\t人\t2900\t3000\t{remark}\n\n以上。"
    assert bound(read(text, tmp_path)) == [("graduates", 2023, "2900"), ("graduates", 2024, "3000")]


def test_a_remark_in_front_of_the_numbers_and_a_word_in_place_of_one_name_nothing(tmp_path: Path) -> None:
    rows = ("指标\t说明\t2023年\t2024年\t比上年增减", "毕业生数（人）\t数据不完整\t2900\t3000\t不可比")
    reading = read("\n".join(("表1 情况", *rows, "", "以上。")), tmp_path)
    assert bound(reading) == [("graduates", 2023, "2900"), ("graduates", 2024, "3000")]


@pytest.mark.parametrize(
    ("name", "unit", "indicator"),
    [
        ("编写教材数", "本", "textbooks"),
        ("生均教学科研仪器设备值", "元/人", "equipment_value_per_student"),
        ("专任教师赴国外指导和培训时间", "人日", "teacher_days_abroad"),
        ("生师比", ":1", "students_per_teacher"),
        ("毕业生数", "（人）", "graduates"),
    ],
)
def test_a_column_of_units_holds_any_unit(name: str, unit: str, indicator: str, tmp_path: Path) -> None:
    text = f"表1 情况\n{HEAD}\n1\t专任教师数\t人\t920\t940\t\n2\t{name}\t{unit}\t7\t8\t\n\n以上。"
    assert [each for each in bound(read(text, tmp_path)) if each[2] in "78"] == [
        (indicator, 2023, "7"),
        (indicator, 2024, "8"),
    ]


def test_a_number_in_another_unit_than_its_indicators_is_not_taken_for_it(tmp_path: Path) -> None:
    text = f"表1 情况\n{HEAD}\n1\t专任教师数\t人\t920\t940\t\n2\t编写教材数\t元/人\t7\t8\t\n\n以上。"
    assert {code for code, *_ in bound(read(text, tmp_path))} == {"teachers_full_time"}


def test_units_that_have_a_column_are_also_employers(tmp_path: Path) -> None:
    (school,) = [each for each in HUAILING.respondents if each.kind == "school"][:1]
    text = f"表1 情况\n序号\t单位\t专任教师数（人）\n1\t{school.name}\t40\n\n以上。"
    assert [(each.codes.subject, each.printed) for each in read(text, tmp_path).figures if each.codes] == [
        (school.code, "40")
    ]


def test_a_heading_with_a_unit_of_its_own_does_not_take_the_rows(tmp_path: Path) -> None:
    text = "表2 满意度\n序号\t指标\t单位\t2024年\t调查人次\t备注\n1\t在校生满意度\t%\t91.5\t2640\t数据不完整\n\n以上。"
    rate, asked = read(text, tmp_path).figures
    assert (rate.codes and rate.codes.indicator, rate.unit, rate.other) == ("satisfaction_students", "%", "")
    assert (asked.codes, asked.unit, asked.other) == (None, "人次", "是调查的人次，不是指标的数")


def numerals_of(text: str, folder: Path) -> list[tuple[str, str]]:
    return [(each.printed, each.told) for _, each in read(text, folder).numerals]


@pytest.mark.parametrize(
    "said",
    [
        "应报 12 所学校，已报 10 所。",
        "2024年度应报送的学校12所，已报送10所。",
        "生师比的数据不完整：应报12所学校，已报10所。",
        "应报的学校12所，未报送的学校10所。",
    ],
)
def test_how_many_schools_were_to_send_is_no_number_of_schools(said: str, tmp_path: Path) -> None:
    told = [each for each in numerals_of(said, tmp_path) if each[0] in ("12", "10")]
    assert told == [("12", "已报送与应报送的学校数"), ("10", "已报送与应报送的学校数")]
    assert read(said, tmp_path).figures == []


def test_the_schools_of_which_some_have_sent_are_a_figure_as_before(tmp_path: Path) -> None:
    reading = read("2024年，全市中职学校11所，已报送9所。", tmp_path)
    assert bound(reading) == [("schools", 2024, "11所")]
    assert ("9", "已报送与应报送的学校数") in numerals_of("2024年，全市中职学校11所，已报送9所。", tmp_path)


def test_the_share_of_students_in_schools_that_have_sent_is_told(tmp_path: Path) -> None:
    assert numerals_of("数据完整度：9/11所学校、87.5%的在校生。", tmp_path) == [
        ("9/11", "已报送与应报送的学校数"),
        ("87.5%", "已报送的学校占在校生的比例"),
    ]


def test_how_many_are_listed_is_told_and_awards_are_not_taken_for_that(tmp_path: Path) -> None:
    assert numerals_of("注：不含民办学校（生师比、专业数等32项）。", tmp_path) == [("32项", "所列各项的数目")]
    assert ("12项", "所列各项的数目") not in numerals_of("获奖（一等奖、二等奖等12项）。", tmp_path)


def test_a_bound_and_a_unit_that_are_ratios_leave_no_bare_one(tmp_path: Path) -> None:
    rows = ("序号\t指标\t单位\t2024年", "1\t生师比\t:1\t25.26:1", "2\t普职招生比（:1）\t:1\t1.26")
    text = "\n".join(("表1 情况", *rows, "", "生师比为25.26:1，高于20:1。"))
    assert [each for each in numerals_of(text, tmp_path) if "1" in each[0][-2:] and each[1] != "序号、编号或年份"] == [
        ("表1", "图表或附件的编号"),
        (":1", "比例的单位"),
        (":1", "比例的单位"),
        (":1", "比例的单位"),
        ("20:1", "界限，不是统计出来的数"),
    ]


def test_a_number_after_a_colon_is_no_unit(tmp_path: Path) -> None:
    assert numerals_of("不知名之物：1", tmp_path) == [("1", "")]


IN_EMPLOYMENT = "1\t毕业生面向三次产业就业人数\t人\t1800\n2\t其中：面向第一产业\t人\t120\n3\t面向第二产业\t人\t480"


def test_a_row_of_a_part_that_the_reports_own_tables_have_is_an_indicator(tmp_path: Path) -> None:
    text = f"表1 情况\n序号\t指标\t单位\t2024年\n{IN_EMPLOYMENT}\n\n以上。"
    found = [(code, printed) for code, _, printed in bound(read(text, tmp_path))]
    assert found == [("employed", "1800"), ("employed_primary", "120"), ("employed_secondary", "480")]


@pytest.mark.parametrize("above", ["专业数", "专任教师数"])
def test_the_same_words_below_another_row_are_a_part_that_nobody_knows(above: str, tmp_path: Path) -> None:
    rows = ("序号\t指标\t2024年", f"1\t{above}\t1800", "2\t其中：面向第一产业\t120")
    _, part = read("\n".join(("表1 情况", *rows, "", "以上。")), tmp_path).figures
    assert (part.codes, part.other) == (None, "只是“其中：面向第一产业”的数，不是全部学校的")


# --- the documents that nianbao writes itself ------------------------------------------------------------------------

YEAR = 2023
MISPRINTS = (
    ("其中：面向第一产业", "267", "276"),
    ("课外育人满意度", "76.09", "79.06"),
    ("生师比", "25.26:1", "22.56:1"),
    ("编写教材数", "30", "40"),
    ("毕业生就业人数", "4004", "4040"),
    ("年生均财政拨款水平", "4628.71", "4268.71"),
)
"""Rows with a remark, with units that have a column, with 其中: its name, the number, the misprint."""


@pytest.fixture(scope="module")
def own_word(city_run: Settings, city: City, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Word file of the sample city's year."""
    with open_published(city_run) as connection:
        figures = load_figures(connection, load_catalogue(PACK), YEAR, city.code)
    written = write_documents(figures, tmp_path_factory.mktemp("own"), date(2024, 3, 1), "2023.1")
    return next(path for path in written.paths if path.suffix == ".docx")


def judged(path: Path, connection: duckdb.DuckDBPyConnection, city: City) -> list[dict[str, Any]]:
    return list(reconcile_file(connection, city, load_catalogue(PACK), path, YEAR).frame.iter_rows(named=True))


def test_a_city_without_a_misprint_is_not_accused_and_nearly_all_that_it_prints_is_understood(
    own_word: Path, published: duckdb.DuckDBPyConnection, city: City
) -> None:
    rows = judged(own_word, published, city)
    assert [row["context"] for row in rows if row["is_suspected"]] == []
    in_tables = [row for row in rows if row["section"].startswith("表")]
    assert [row["context"] for row in in_tables if row["verdict"] == "not_matched"] == []


def test_misprints_in_its_tables_are_told_each_and_nothing_else(
    own_word: Path, published: duckdb.DuckDBPyConnection, city: City, tmp_path: Path
) -> None:
    document = opened(own_word)
    rows = [row.cells for table in document.tables for row in table.rows]
    for name, printed, misprint in MISPRINTS:
        (cell,) = [
            each for row in rows if name in [other.text for other in row] for each in row if each.text == printed
        ]
        cell.paragraphs[0].runs[0].text = misprint
        for run in cell.paragraphs[0].runs[1:]:
            run.text = ""
    document.save(str(tmp_path / "misprints.docx"))
    found = judged(tmp_path / "misprints.docx", published, city)
    told = {
        (row["context"].split("/")[0].split("｜")[0], row["printed"]) for row in found if row["verdict"] == "differs"
    }
    assert told == {(name, misprint) for name, _, misprint in MISPRINTS}
