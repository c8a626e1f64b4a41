"""Manners of writing: words that mean one of several, tables in halves, by year and with units, levels, bounds."""

from pathlib import Path

import duckdb
import pytest

from sources.declarations.city import City, load_city
from sources.system.settings import CITIES_ROOT
from tests.support.sample import PACK
from warehouse.catalogue.catalogue import load_catalogue
from warehouse.figures.fact import CHANGE
from warehouse.reconcile.reading.names import load_names, words
from warehouse.reconcile.reading.printed_figure import PrintedFigure
from warehouse.reconcile.reading.read_report import read_report
from warehouse.reconcile.reconcile import reconcile_file

HUAILING = load_city(Path(__file__).parents[1] / "cities" / "huailing_city")
QINZHOU = load_city(CITIES_ROOT / "450700")


def read(text: str, folder: Path, city: City = HUAILING, year: int = 2024) -> list[PrintedFigure]:
    path = folder / "report.txt"
    path.write_text(text, encoding="utf-8")
    return read_report(path, city, year, load_names(load_catalogue(city.pack))).figures


def judged(text: str, folder: Path, connection: duckdb.DuckDBPyConnection | None) -> list[dict]:
    path = folder / "report.txt"
    path.write_text(text, encoding="utf-8")
    result = reconcile_file(connection, QINZHOU, load_catalogue(PACK), path, 2023)
    return [row for row in result.frame.iter_rows(named=True) if row["figure_id"].startswith("T")]


def bound(figures: list[PrintedFigure]) -> list[tuple[str, int, str, str]]:
    return [(f.codes.indicator, f.codes.year, str(f.value), f.unit) for f in figures if f.codes]


# --- words that mean one of several --------------------------------------------------------------------------------


def test_every_indicator_that_words_may_mean_is_one_of_the_catalogue():
    known = load_catalogue(PACK).indicators
    assert {code for codes in words().either.values() for code in codes} <= set(known)


@pytest.mark.parametrize(
    ("sentence", "found"),
    [
        ("全市在校生35205人。", "students_full_time"),
        ("全市中职学校在校学生达31072人。", "students_formal"),
        ("在校生规模3.52万人。", "students_full_time"),
        ("全市毕业生就业率为92.74%。", "placement_rate"),
        ("全市毕业生就业率为36.77%。", "employment_rate"),
        ("生均图书25.95册。", "paper_books_per_student"),
    ],
)
def test_words_that_mean_one_of_several_are_what_the_number_is_right_for(sentence, found, published, tmp_path):
    (row,) = judged(sentence, tmp_path, published)
    assert (row["verdict"], row["indicator_code"], row["is_suspected"]) == ("consistent", found, False)
    assert "也可能指" in row["explanation"]


def test_a_number_that_none_of_them_has_is_told_with_all_and_accuses_nobody(published, tmp_path):
    (row,) = judged("全市在校生33000人。", tmp_path, published)
    assert (row["verdict"], row["is_suspected"]) == ("not_matched", False)
    assert "35205" in row["explanation"]
    assert "31072" in row["explanation"]


def test_a_slip_in_a_number_of_one_of_them_is_found(published, tmp_path):
    (row,) = judged("全市在校生35025人。", tmp_path, published)
    assert (row["is_suspected"], row["suggested"], row["diagnosis"]) == (True, "35205", "swapped")


def test_a_change_after_such_words_is_read_like_them(published, tmp_path):
    rows = judged("全市在校生35205人，比上年减少1155人。", tmp_path, published)
    assert [(row["indicator_code"], row["kind"], row["verdict"]) for row in rows] == [
        ("students_full_time", "value", "consistent"),
        ("students_full_time", CHANGE, "consistent"),
    ]


def test_without_the_warehouse_such_a_number_stays_undecided(tmp_path):
    (row,) = judged("全市在校生35205人。", tmp_path, None)
    assert (row["verdict"], row["indicator_code"]) == ("not_matched", None)


# --- sentences -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["专任教师数940，毕业生数3000。", "专任教师数：940；毕业生数：3000。"])
def test_a_number_without_a_unit_is_read_behind_a_name(text, tmp_path):
    assert bound(read(text, tmp_path)) == [
        ("teachers_full_time", 2024, "940", ""),
        ("graduates", 2024, "3000", ""),
    ]


def test_what_a_year_is_compared_with_is_not_the_year(tmp_path):
    figures = read("全市专任教师比2023年增加20人，达到940人。", tmp_path)
    assert {figure.year for figure in figures} == {2024}


def test_what_was_reached_is_this_years_and_of_the_same(tmp_path):
    assert bound(read("毕业生由上年2900人增长到3000人。", tmp_path)) == [
        ("graduates", 2023, "2900", "人"),
        ("graduates", 2024, "3000", "人"),
    ]


def test_a_plan_ends_where_the_sentence_says_what_is(tmp_path):
    (plan, done) = read("全市计划招生5000人，实际招生4900人。", tmp_path)
    assert plan.other == "是计划、目标或预计的数"
    assert (done.other, bound([done])[0][0]) == ("", "intake_full_time")


@pytest.mark.parametrize("sentence", ["每班48人。", "班均学生48人。", "全市专任教师中，女教师500人。"])
def test_means_of_other_things_and_part_of_the_teachers_accuse_nobody(sentence, published, tmp_path):
    (row,) = judged(sentence, tmp_path, published)
    assert (row["verdict"], row["is_suspected"]) in (("other_kind", False), ("not_matched", False))


def test_schools_are_no_majors(tmp_path):
    figures = read("全市示范学校4所，示范专业24个。", tmp_path)
    labels = load_catalogue(HUAILING.pack).indicators
    assert all("校" in labels[f.codes.indicator].label for f in figures if f.codes and f.unit == "所")


def test_two_places_side_by_side_are_told_together(tmp_path):
    figures = read("合肥市、芜湖市和蚌埠市专任教师分别为5000人、3000人、2000人。", tmp_path)
    assert {figure.other for figure in figures} == {"说的是合肥市、芜湖市和蚌埠市，不是淮岭市"}


def test_a_number_from_one_unit_to_another_is_no_range(tmp_path):
    figures = read("直接就业率提高14个百分点至36.77%。", tmp_path)
    assert [figure.printed for figure in figures] == ["14个百分点", "36.77%"]


def test_awards_of_the_nation_are_not_those_of_the_province(published, tmp_path):
    rows = judged("获国赛奖7项，其中二等奖5项、三等奖2项。", tmp_path, published)
    assert [row["indicator_code"] for row in rows if "regional" in (row["indicator_code"] or "")] == []


@pytest.mark.parametrize(
    ("sentence", "named"),
    [
        ("合肥毕业生5000人。", "合肥"),
        ("芜湖中职学校专任教师500人。", "芜湖"),
        ("昆明专任教师5000人。", "昆明"),
        ("东湖专任教师500人。", "东湖"),  # 东湖区, one of the city's own
    ],
)
def test_a_place_without_its_ending_is_a_place(sentence, named, tmp_path):
    (figure,) = read(sentence, tmp_path)
    assert (figure.codes, figure.other) == (None, f"说的是{named}，不是淮岭市")


def test_what_is_said_of_this_school_or_of_each_in_turn_accuses_nobody(published, tmp_path):
    text = "该校现有专任教师120人。学校毕业生500人。全市各校专任教师分别为416人、201人和1646人。"
    assert [row["printed"] for row in judged(text, tmp_path, published) if row["is_suspected"]] == []


def test_numbers_of_years_in_turn_are_of_these_years(tmp_path):
    figures = read("2023年和2024年，全市毕业生分别为2900人、3000人。", tmp_path)
    assert [(code, year, value) for code, year, value, _ in bound(figures)] == [
        ("graduates", 2023, "2900"),
        ("graduates", 2024, "3000"),
    ]


def test_a_year_in_brackets_is_said_of_what_stands_in_them(tmp_path):
    figures = read("毕业生3000人（上年2900人），升学1500人（2023年1400人）。", tmp_path)
    assert [(code, year, value) for code, year, value, _ in bound(figures)] == [
        ("graduates", 2024, "3000"),
        ("graduates", 2023, "2900"),
        ("further_study", 2024, "1500"),
        ("further_study", 2023, "1400"),
    ]


def test_a_sentence_that_only_says_the_scope_holds_for_what_follows(published, tmp_path):
    rows = judged("以下数据均不含技工学校。全市专任教师1615人，专业116个。", tmp_path, published)
    assert [(row["verdict"], row["scope_code"]) for row in rows] == [("consistent", "without_technician")] * 2


def test_full_width_digits_with_full_width_commas_are_one_number(tmp_path):
    assert bound(read("毕业生１０，８８８人。", tmp_path)) == [("graduates", 2024, "10888", "人")]


def test_a_number_in_brackets_behind_a_name_is_read(tmp_path):
    (teachers, *_) = bound(read("专任教师（940人）、毕业生（3000人）。", tmp_path))
    assert teachers == ("teachers_full_time", 2024, "940", "人")


def test_a_share_of_a_number_that_was_not_read_is_of_nothing_else(published, tmp_path):
    text = "全市毕业生升学5921人。县级学校15163人，占43%；其他外出务工30人，占5%。"
    assert [row["printed"] for row in judged(text, tmp_path, published) if row["is_suspected"]] == []


# --- tables --------------------------------------------------------------------------------------------------------


def test_two_halves_side_by_side_are_one_table(tmp_path):
    rows = ("项目\t数量\t项目\t数量", "学校数（所）\t11\t专任教师数（人）\t940", "毕业生数（人）\t3000\t\t")
    text = "\n".join(("表1 情况", *rows, "", "以上。"))
    assert [(code, value) for code, _, value, _ in bound(read(text, tmp_path))] == [
        ("schools", "11"),
        ("graduates", "3000"),
        ("teachers_full_time", "940"),
    ]


def test_the_total_of_halves_is_that_of_all_rows(tmp_path):
    text = (
        "表1 分县区情况\n县区\t专任教师数（人）\t县区\t专任教师数（人）\n东湖区\t300\t西岗区\t405\n"
        "南陵坡县\t235\t合计\t904\n\n以上。"
    )
    rows = judged_of(text, tmp_path)
    assert [(row["printed"], row["suggested"]) for row in rows if row["is_suspected"]] == [("904", "940")]


def judged_of(text: str, folder: Path) -> list[dict]:
    path = folder / "report.txt"
    path.write_text(text, encoding="utf-8")
    result = reconcile_file(None, HUAILING, load_catalogue(HUAILING.pack), path, 2024)
    return list(result.frame.iter_rows(named=True))


def test_rows_by_year_are_years(tmp_path):
    text = "表1 情况\n年度\t专任教师数（人）\t毕业生数（人）\n2023年\t920\t2900\n2024年\t940\t3000\n\n以上。"
    assert [(code, year, value) for code, year, value, _ in bound(read(text, tmp_path))] == [
        ("teachers_full_time", 2023, "920"),
        ("graduates", 2023, "2900"),
        ("teachers_full_time", 2024, "940"),
        ("graduates", 2024, "3000"),
    ]


def test_a_column_of_units_is_no_name_and_one_of_rates_is_no_change(tmp_path):
    text = "表1 情况\n项目\t单位\t2023年\t2024年\t增减数\t增减率\n招生数\t人\t4000\t4900\t900\t22.5%\n\n以上。"
    figures = read(text, tmp_path)
    assert [(code, year, value, unit) for code, year, value, unit in bound(figures)] == [
        ("intake_full_time", 2023, "4000", "人"),
        ("intake_full_time", 2024, "4900", "人"),
        ("intake_full_time", 2024, "900", "人"),
    ]
    assert figures[-1].other.startswith("是比上年增减的百分比")


def test_a_cell_with_its_unit_or_a_footnote_mark_is_a_number(tmp_path):
    text = "表1 情况\n项目\t2024年\n专任教师\t940人\n毕业生\t0.3万人\n学校数\t11①\n\n以上。"
    assert [(value, unit) for _, _, value, unit in bound(read(text, tmp_path))] == [
        ("940", "人"),
        ("0.3", "万人"),
        ("11", ""),
    ]


def test_rows_of_programmes_and_columns_of_what_is_counted_name_it_together(published, tmp_path):
    text = "表1 资助\n资助项目\t资助人次\t资助金额（万元）\n国家助学金\t9358\t992.45\n国家奖学金\t28\t16.8\n\n以上。"
    rows = judged(text, tmp_path, published)
    assert [row["verdict"] for row in rows] == ["consistent"] * 4


def test_words_that_mean_one_of_several_are_tried_in_tables_too(published, tmp_path):
    text = "表1 情况\n项目\t2023年\n在校生数（人）\t35205\n就业率（%）\t92.74\n升学率（%）\t54.38\n\n以上。"
    rows = judged(text, tmp_path, published)
    assert [(row["indicator_code"], row["verdict"]) for row in rows] == [
        ("students_full_time", "consistent"),
        ("placement_rate", "consistent"),
        ("further_study_rate", "consistent"),
    ]


def test_a_scope_in_brackets_with_a_number_is_of_that_number_only(published, tmp_path):
    rows = judged("全市中职学校专任教师1664人（不含技工学校1615人），专业132个。", tmp_path, published)
    assert [row["printed"] for row in rows if row["is_suspected"]] == []
    assert (rows[-1]["verdict"], rows[-1]["scope_code"]) == ("consistent", "all")


def test_a_short_number_of_ten_thousands_shows_no_slip(published, tmp_path):
    (row,) = judged("1.2万名学生参加技能证书考试。", tmp_path, published)
    assert row["is_suspected"] is False


def test_what_was_before_does_not_hide_what_was_reached(tmp_path):
    (before, reached) = read("专任教师由900人增加至940人。", tmp_path)
    assert before.perhaps_other == "是变化以前的数"
    assert bound([reached]) == [("teachers_full_time", 2024, "940", "人")]


@pytest.mark.parametrize("text", ["学校数11所。", "学校总数11所。", "学校：11所。"])
def test_a_number_of_schools_needs_no_more_than_the_word(text, tmp_path):
    assert [code for code, *_ in bound(read(text, tmp_path))] == ["schools"]


@pytest.mark.parametrize("heading", ["与上年比较", "2024年比2023年增加（人）", "比上年增减"])
def test_a_column_that_compares_two_years_is_one_of_changes(heading, tmp_path):
    text = f"表1 情况\n项目\t2024年\t2023年\t{heading}\n毕业生数\t3000\t2900\t100\n\n以上。"
    change = read(text, tmp_path)[-1]
    assert change.codes
    assert (change.codes.indicator, change.codes.kind, change.codes.year) == ("graduates", CHANGE, 2024)


def test_classes_of_schools_counted_apart_leave_the_scope_open(published, tmp_path):
    rows = judged("全市现有技工学校1所、中职学校11所，共计12所。", tmp_path, published)
    assert [row["printed"] for row in rows if row["is_suspected"]] == []


def test_only_the_last_bracket_of_a_rows_name_is_its_unit(tmp_path):
    (figure,) = read("表1 情况\n项目\t2024年\n学部（系部）数（个）\t58\n\n以上。", tmp_path)
    assert figure.codes
    assert (figure.codes.indicator, figure.unit) == ("departments", "个")
