"""Scopes from the sentence, the same words twice, numbers in words, ranges: read as a reader reads them."""

from dataclasses import astuple
from decimal import Decimal
from pathlib import Path

import pytest

from sources.declarations.city import City, load_city
from sources.system.settings import CITIES_ROOT
from tests.support.sample import PACK
from warehouse.catalogue.catalogue import load_catalogue
from warehouse.reconcile.reading import prose
from warehouse.reconcile.reading.chinese_numbers import SpokenNumber, spoken_number
from warehouse.reconcile.reading.names import load_names
from warehouse.reconcile.reading.printed_figure import PrintedFigure
from warehouse.reconcile.reading.read_report import read_report
from warehouse.reconcile.reading.wording import Context
from warehouse.reconcile.reconcile import reconcile_file

CITIES = Path(__file__).parents[1] / "cities"
HUAILING = load_city(CITIES / "huailing_city")
THREE_SCHOOLS = load_city(CITIES / "three_schools")
QINZHOU = load_city(CITIES_ROOT / "450700")


def read(text: str, folder: Path, city: City = HUAILING, year: int = 2024, **more) -> list[PrintedFigure]:
    path = folder / "report.txt"
    path.write_text(text, encoding="utf-8")
    return read_report(path, city, year, load_names(load_catalogue(city.pack)), **more).figures


def judged(text: str, folder: Path, connection) -> list[dict]:
    path = folder / "report.txt"
    path.write_text(text, encoding="utf-8")
    result = reconcile_file(connection, QINZHOU, load_catalogue(PACK), path, 2023)
    return [row for row in result.frame.iter_rows(named=True) if row["figure_id"].startswith("T")]


# --- scope ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sentence", "scope", "is_stated"),
    [
        ("全市专任教师940人。", "every_school", False),  # 全市 is no scope's name here
        ("全市所有中等职业学校共有专任教师940人。", "every_school", True),
        ("全部职业学校（含技工学校）专任教师940人。", "every_school", True),
        ("不含技工学校，全市专任教师900人。", "no_technician", True),
        ("除技工学校外，全市专任教师900人。", "no_technician", True),
        ("全市11所中等职业学校专任教师940人。", "every_school", True),
        ("全市9所中等职业学校专任教师900人。", "no_technician", True),
        ("全市7所中等职业学校专任教师900人。", "every_school", False),  # no scope has seven
    ],
)
def test_a_sentence_names_its_scope_in_many_ways(sentence, scope, is_stated, tmp_path):
    figure = read(sentence, tmp_path, school_counts={11: "every_school", 9: "no_technician"})[-1]
    assert figure.codes
    assert (figure.codes.indicator, figure.codes.scope, figure.has_scope) == ("teachers_full_time", scope, is_stated)


def test_a_number_that_holds_in_one_scope_only_is_told_and_not_accused(published, tmp_path):
    (row,) = judged("钦州市中等职业学校专任教师1615人。", tmp_path, published)
    assert (row["verdict"], row["is_suspected"], row["scope_code"]) == ("consistent", False, "without_technician")
    assert "只在“不含技工学校”口径下成立，按“全市”口径应为 1664" in row["explanation"]


@pytest.mark.parametrize(
    "sentence",
    [
        "全市专任教师1615人。",
        "所有中等职业学校专任教师1615人。",
        "12所中等职业学校共有专任教师1615人。",
        "包括技工学校（含技工学校），钦州市专任教师1615人。",
    ],
)
def test_a_number_of_another_scope_than_its_sentence_names_is_accused(sentence, published, tmp_path):
    row = judged(sentence, tmp_path, published)[-1]
    assert (row["is_suspected"], row["suggested"], row["diagnosis"]) == (True, "1664", "other_scope")


def test_what_a_sentence_names_in_words_holds_for_that_sentence_only(tmp_path):
    text = "全市9所中等职业学校专任教师900人。全市专任教师940人。"
    figures = read(text, tmp_path, school_counts={11: "every_school", 9: "no_technician"})
    assert [figure.codes.scope for figure in figures if figure.codes] == [
        "every_school",  # 9 schools themselves
        "no_technician",
        "every_school",
    ]


@pytest.mark.parametrize("sentence", ["全市专任教师近1700人。", "全市专任教师1700人左右。", "全市专任教师超过1600人。"])
def test_a_round_number_that_is_said_to_be_rough_accuses_nobody(sentence, published, tmp_path):
    (row,) = judged(sentence, tmp_path, published)
    assert (row["verdict"], row["is_suspected"]) == ("other_kind", False)


def test_a_number_that_is_right_in_every_scope_needs_no_remark(published, tmp_path):
    (row,) = judged("钦州市中等职业学校毕业生10888人。", tmp_path, published)
    assert (row["verdict"], row["explanation"]) == ("consistent", None)


# --- the same twice ------------------------------------------------------------------------------------------------


def test_the_same_words_twice_in_a_paragraph_are_both_shown(published, tmp_path):
    rows = judged("全市毕业生10888人，就业情况良好。2023年，全市毕业生10880人。", tmp_path, published)
    assert [row["indicator_code"] for row in rows] == ["graduates", "graduates"]
    assert [row["is_suspected"] for row in rows] == [False, True]


def test_words_that_differ_mean_one_fact_only_once(tmp_path):
    figures = read("全市有讲师120人，实习指导讲师50人。", tmp_path)
    assert sum(figure.codes is not None for figure in figures) == 1


# --- numbers in words, and no numbers ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("十二", SpokenNumber(Decimal(12))),
        ("一千六百六十四", SpokenNumber(Decimal(1664))),
        ("三万五千二百零五", SpokenNumber(Decimal(35205))),
        ("三万", SpokenNumber(Decimal(3), "万")),
        ("三万五千", SpokenNumber(Decimal(35), "千")),
        ("一亿", SpokenNumber(Decimal(1), "亿")),
        ("一千六百", SpokenNumber(Decimal(1600), "", True)),
        ("两千", SpokenNumber(Decimal(2000), "", True)),
        ("三万五千二百一十", SpokenNumber(Decimal(35210), "", True)),
        ("百", None),
        ("千万", None),
        ("万", None),
        ("第三", None),
    ],
)
def test_numbers_in_words_are_as_exact_as_they_are_said(text, number):
    assert spoken_number(text) == number


def test_numbers_in_words_are_read_in_sentences(tmp_path):
    text = "全市中等职业学校十一所，其中民办三所，专任教师九百四十名，毕业生一万两千人。"
    assert [(f.codes.indicator, f.value, f.unit) for f in read(text, tmp_path) if f.codes] == [
        ("schools", Decimal(11), "所"),
        ("schools_private", Decimal(3), "所"),
        ("teachers_full_time", Decimal(940), "名"),
        ("graduates", Decimal(12), "千人"),
    ]


@pytest.mark.parametrize(
    "text",
    ["一名教师。", "这一个学校。", "第三届大赛。", "十几名教师。", "数十名教师。", "唯一一所学校。", "百千万人才。"],
)
def test_articles_ordinals_and_manners_of_speaking_are_no_numbers(text, tmp_path):
    assert read(text, tmp_path) == []


def test_small_numbers_of_whatever_do_not_come_between_other_words(tmp_path):
    (speech, number) = read("全市面向三个产业就业的毕业生就业人数4004人。", tmp_path)
    assert speech.other.startswith("用汉字写的小数目")
    assert number.value == Decimal(4004)


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("各校在校生在120至3300人之间。", "120至3300人"),
        ("各校专业数为3—18个。", "3—18个"),
        ("班额30~55人。", "30~55人"),
        ("满意度在85%-95%之间。", "85%-95%"),
        ("近七成毕业生升学。", "近七成"),
        ("四分之一的教师为双师型。", "四分之一"),
        ("毕业生过半升学。", "过半"),
        ("招生数翻了一番，翻一番。", "翻一番"),
    ],
)
def test_ranges_and_rough_shares_are_listed_and_decide_nothing(text, printed, tmp_path):
    (figure,) = [each for each in read(text, tmp_path) if each.printed == printed]
    assert (figure.codes, figure.value) == (None, None)
    assert figure.other


def test_a_span_of_years_is_no_range(tmp_path):
    (figure,) = read("2021—2024年全市毕业生30000人。", tmp_path)
    assert (figure.printed, figure.other) == ("30000人", "是几年合计的数")


# --- narrower than the name ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "sentence",
    [
        "全市青年专任教师300人。",
        "全市新招聘专任教师85人。",
        "受访毕业生1200人。",
        "全市普通高中专任教师5200人，毕业生26000人。",
        "幼儿园专任教师3000人。",
        "专任教师增加24人。",
    ],
)
def test_what_is_narrower_or_other_than_an_indicators_name_accuses_nobody(sentence, published, tmp_path):
    assert [row["printed"] for row in judged(sentence, tmp_path, published) if row["is_suspected"]] == []


def test_a_slip_in_such_a_number_is_found_all_the_same(published, tmp_path):
    (row,) = judged("全市在编在岗专任教师1646人。", tmp_path, published)
    assert (row["is_suspected"], row["suggested"]) == (True, "1664")


def test_a_place_in_the_heading_holds_for_its_section(tmp_path):
    figures = read("1 东湖区\n专任教师300人。\n2 全市概况\n专任教师940人。", tmp_path)
    assert [bool(figure.codes) for figure in figures] == [False, True]


def test_a_sentence_of_very_many_numbers_is_read_with_as_much_work_for_each(tmp_path, monkeypatch):
    """Counted in the characters that are looked at: a program writes such a sentence, and nobody may wait for ever."""
    looked_at: list[int] = []
    indicator_in = prose.indicator_in

    def counted(context: Context, *rest):
        looked_at.append(sum(len(part) for part in astuple(context)))
        return indicator_in(context, *rest)

    monkeypatch.setattr(prose, "indicator_in", counted)
    figures = read("全市" + "，".join(f"专任教师{number}人" for number in range(1000, 1800)) + "。", tmp_path)
    assert len(figures) == len(looked_at) == 800
    assert max(looked_at) <= 3 * prose.LOOKS_AROUND


def test_a_table_that_states_no_scope_is_in_the_one_that_the_bureau_chose_for_its_year(tmp_path):
    """A column of last year is in last year's choice; what the table itself states goes before both."""
    city = THREE_SCHOOLS
    first, other = (scope.code for scope in city.scopes[:2])
    catalogue = load_catalogue(city.pack)
    topic = next(c.topic for c in catalogue.chapters for i in c.indicators if i.code == "teachers_full_time")
    path = tmp_path / "report.md"
    path.write_text("| 指标 | 2030年 | 2031年 |\n|---|---|---|\n| 专任教师数（人） | 100 | 120 |\n", encoding="utf-8")

    def scopes(usual: dict[tuple[int, str], str]) -> dict[str, str]:
        figures = read_report(path, city, 2031, load_names(catalogue), usual).figures
        return {figure.printed: figure.codes.scope for figure in figures if figure.codes}

    assert scopes({}) == {"100": first, "120": first}
    assert scopes({(2031, topic): other}) == {"100": first, "120": other}
    assert scopes({(2030, topic): other}) == {"100": other, "120": first}
