"""Whose a printed number is: another place's, a part's, a plan or a mean is not the city's, and accuses nobody."""

from pathlib import Path

import duckdb
import pytest

from sources.declarations.city import City, load_city
from sources.system.settings import CITIES_ROOT
from warehouse.catalogue.catalogue import load_catalogue
from warehouse.reconcile.reading.names import load_names
from warehouse.reconcile.reading.printed_figure import PrintedFigure
from warehouse.reconcile.reading.read_report import read_report
from warehouse.reconcile.reconcile import reconcile_file

CITIES = Path(__file__).parents[1] / "cities"
HUAILING = load_city(CITIES / "huailing_city")
THREE_SCHOOLS = load_city(CITIES / "three_schools")
WANGHAI = load_city(CITIES / "wanghai_district")
ZECHUAN = load_city(CITIES / "zechuan_province")
QINZHOU = load_city(CITIES_ROOT / "450700")


def read(text: str, folder: Path, city: City = HUAILING, year: int = 2024) -> list[PrintedFigure]:
    path = folder / "report.txt"
    path.write_text(text, encoding="utf-8")
    return read_report(path, city, year, load_names(load_catalogue(city.pack))).figures


def judged(text: str, folder: Path, connection: duckdb.DuckDBPyConnection | None = None, city: City = QINZHOU) -> list:
    path = folder / "report.txt"
    path.write_text(text, encoding="utf-8")
    result = reconcile_file(connection, city, load_catalogue(city.pack), path, 2023)
    return [row for row in result.frame.iter_rows(named=True) if row["figure_id"].startswith("T")]


# --- sentences -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sentence", "named"),
    [
        ("合肥市中等职业学校专任教师5120人。", "合肥市"),
        ("东湖区中等职业学校在校生900人。", "东湖区"),  # a district of the city's own
        ("南陵坡县有中等职业学校2所，专任教师66人。", "南陵坡县"),
        ("2024年，安徽中等职业学校专任教师3.2万人。", "安徽"),
        ("全国中等职业学校专任教师73万人。", "全国"),
        ("锡林郭勒盟中等职业学校专任教师800人。", "锡林郭勒盟"),
        ("湘西自治州中等职业学校专任教师800人。", "湘西自治州"),
        ("科尔沁左翼中旗中等职业学校专任教师80人。", "科尔沁左翼中旗"),
        ("内蒙古通辽市中等职业学校专任教师800人。", "内蒙古通辽市"),
        ("合肥市第九职业学校专任教师88人。", "合肥市"),
    ],
)
def test_what_is_said_of_another_place_is_not_the_citys(sentence, named, tmp_path):
    figures = read(sentence, tmp_path)
    assert [f.codes for f in figures] == [None] * len(figures)
    assert {f.other for f in figures} == {f"说的是{named}，不是淮岭市"}


def test_a_place_holds_until_the_city_is_named_again(tmp_path):
    (there, here) = read("合肥市中等职业学校专任教师5120人，我市专任教师940人。", tmp_path)
    assert (there.codes, here.other) == (None, "")
    assert here.codes
    assert here.codes.indicator == "teachers_full_time"


def test_a_comparison_with_another_place_is_not_the_citys_and_the_citys_own_is_read(tmp_path):
    (here, there) = read("全市专任教师940人，多于合肥市的900人。", tmp_path)
    assert here.codes
    assert there.other == "说的是合肥市，不是淮岭市"


def test_the_city_is_known_after_its_name_in_the_next_clause_of_a_comparison(tmp_path):
    (nation, city) = read("全国中等职业学校毕业生去向落实率为94.4%，全市为92.7%。", tmp_path)
    assert nation.other
    assert city.codes
    assert city.codes.indicator == "placement_rate"


def test_the_sentence_after_one_of_another_place_may_be_of_it_still(tmp_path):
    (_, next_one) = read("合肥市中等职业学校专任教师5120人。在校生90000人。", tmp_path)
    assert next_one.perhaps_other == "说的是合肥市，不是淮岭市"


@pytest.mark.parametrize(
    "sentence",
    [
        "淮岭市专任教师940人。",
        "淮岭专任教师940人。",
        "全市各县区共有专任教师940人。",
        "2024年，城市发展，全市专任教师940人。",
        "各校区、园区共有专任教师940人。",
    ],
)
def test_the_citys_own_names_and_words_that_only_end_like_a_place_are_no_other_place(sentence, tmp_path):
    (figure,) = read(sentence, tmp_path)
    assert (figure.other, figure.perhaps_other) == ("", "")


def test_all_of_a_district_is_the_whole_where_a_district_reports(tmp_path):
    (ours, above) = read("全区专任教师940人，全市专任教师5120人。", tmp_path, WANGHAI)
    assert ours.other == ""
    assert above.other.startswith("说的是全市，不是")


@pytest.mark.parametrize(
    ("sentence", "told"),
    [
        ("全市计划招生16000人。", "是计划、目标或预计的数"),
        ("预计全市招生16000人。", "是计划、目标或预计的数"),
        ("力争全市专任教师达到1000人。", "是计划、目标或预计的数"),
        ("到2030年，全市专任教师达到1000人。", "说的是2030年，还没有到"),
        ("2019—2024年，全市毕业生30000人。", "是几年合计的数"),
        ("近三年全市毕业生30000人。", "是几年合计的数"),
        ("“十四五”期间，全市毕业生30000人。", "是几年合计的数"),
        ("全市中等职业学校校均专任教师85人。", "是平均数"),
        ("平均每所学校有专任教师85人。", "是平均数"),
        ("专任教师最多的学校有专任教师185人。", "是各校或各班中最大、最小的数"),
        ("按标准测算，全市需专任教师1000人。", "是应有、还缺或测算的数"),
        ("全市职业院校（含高职）专任教师2500人。", "连高职也算在内，不只是中等职业学校"),
        ("民办学校专任教师85人。", "只是民办学校的数，不是全部学校的"),
        ("技工学校在校生617人。", "只是技工学校的数，不是全部学校的"),
        (
            "全市专任教师940人，增长2.5%。",
            "是比上年增减的百分比，报告没有印出与它对应的两个数，不能核对",
        ),
    ],
)
def test_plans_means_sums_of_years_extremes_and_parts_are_of_another_kind(sentence, told, tmp_path):
    figure = read(sentence, tmp_path)[-1]
    assert (figure.codes, figure.other) == (None, told)


def test_the_year_before_is_left_after_the_one_number_that_is_of_it(tmp_path):
    (now, before, other) = read("全市毕业生900人，上年为800人，专任教师940人。", tmp_path)
    assert [each.year - now.year for each in (now, before, other)] == [0, -1, 0]


@pytest.mark.parametrize(
    "sentence",
    [
        "专任教师没有达到1200人标准的学校有两所。",
        "招生完成比例低于90%的学校有两所。",
    ],
)
def test_a_threshold_may_be_another_number_and_accuses_nobody(sentence, tmp_path):
    figure = read(sentence, tmp_path)[0]
    assert (figure.other or figure.perhaps_other) == "是标准或界限的数"


def test_part_of_a_sentence_about_a_class_of_schools_is_of_all_again_when_schools_are_named_anew(tmp_path):
    (private, in_them, demonstration) = read("全市有民办学校3所，在校生250人；国家级重点中等职业学校2所。", tmp_path)
    assert private.codes
    assert private.codes.indicator == "schools_private"
    assert in_them.perhaps_other == "只是民办学校的数，不是全部学校的"
    assert (demonstration.other, demonstration.perhaps_other) == ("", "")


def test_a_total_after_the_classes_of_schools_is_of_all(tmp_path):
    figures = read("全市公办学校8所，民办学校3所，合计11所，专任教师940人。", tmp_path)
    assert [(figure.other, figure.perhaps_other) for figure in figures] == [("", "")] * 4


def test_a_class_of_schools_with_its_scope_is_that_scope(tmp_path):
    (figure,) = read("公办学校（不含民办学校）专任教师18人。", tmp_path, THREE_SCHOOLS, 2031)
    assert figure.codes
    assert (figure.codes.scope, figure.other) == ("public_only", "")


def test_last_year_in_words_is_last_year(tmp_path):
    (figure,) = read("去年，全市专任教师920人。", tmp_path)
    assert figure.codes
    assert figure.codes.year == 2023


def test_what_a_number_was_before_it_changed_is_not_this_years(tmp_path):
    figure = read("全市专任教师由920人增至940人。", tmp_path)[0]
    assert figure.perhaps_other == "是变化以前的数"


def test_a_contest_named_after_a_place_is_no_place(tmp_path):
    (figure,) = read("参加安徽职业院校技能大赛的专任教师12人。", tmp_path)
    assert figure.other == ""


# --- tables --------------------------------------------------------------------------------------------------------


def by_rows(first: str, *rows: str) -> str:
    return "\n".join(("表1 分类情况", f"{first}\t专任教师数（人）\t全日制在校生数（人）", *rows, "", "以上。"))


@pytest.mark.parametrize(
    ("first", "rows"),
    [
        ("县区", ("东湖区\t300\t4000", "西岗区\t400\t5000", "南陵坡县\t240\t3000")),
        ("地区", ("合肥市\t300\t4000", "芜湖市\t400\t5000")),
        ("学校", ("甲校\t300\t4000", "乙校\t400\t5000")),
        ("学校性质", ("公办\t300\t4000", "民办\t400\t5000")),
        ("类别", ("第一类\t300\t4000", "第二类\t400\t5000")),
    ],
)
def test_rows_by_place_school_or_class_are_parts(first, rows, tmp_path):
    figures = read(by_rows(first, *rows), tmp_path)
    assert [f.codes for f in figures] == [None] * len(rows) * 2
    assert all(f.other for f in figures)


def test_the_total_of_known_parts_is_the_citys_and_of_strange_ones_only_if_it_fits(tmp_path):
    districts = ("东湖区\t300\t4000", "西岗区\t300\t3000", "南陵坡县\t100\t2000")
    ours = read(by_rows("县区", *districts, "合计\t700\t9000"), tmp_path)[-2:]
    strange = read(by_rows("学校", "甲校\t300\t4000", "乙校\t400\t5000", "合计\t700\t9000"), tmp_path)[-2:]
    named = read(by_rows("学校", "甲校\t300\t4000", "乙校\t400\t5000", "全市\t700\t9000"), tmp_path)[-2:]
    assert [(bool(f.codes), bool(f.perhaps_other)) for f in ours] == [(True, False)] * 2
    assert [(bool(f.codes), bool(f.perhaps_other)) for f in strange] == [(True, True)] * 2
    assert [(bool(f.codes), bool(f.perhaps_other)) for f in named] == [(True, False)] * 2


def test_columns_by_place_are_parts_as_rows_are(tmp_path):
    text = "表1 分县区情况\n项目\t东湖区\t西岗区\t合计\n专任教师数（人）\t300\t400\t700\n\n以上。"
    (one, two, total) = read(text, tmp_path)
    assert (one.codes, two.codes) == (None, None)
    assert total.codes
    assert total.codes.indicator == "teachers_full_time"


def test_a_table_about_another_place_is_not_the_citys(tmp_path):
    figures = read("表1 合肥市中职学校情况\n项目\t2024年\n专任教师数（人）\t5120\n\n以上。", tmp_path)
    assert [(f.codes, f.other) for f in figures] == [(None, "说的是合肥市，不是淮岭市")]


@pytest.mark.parametrize(
    "text",
    [
        "表1 情况\n项目\t2024年\n专任教师数（人）\t940\n毕业生数（人）\t3000\n\n以上。",
        "表1 情况\n项目\t单位\t2024年\n专任教师数\t人\t940\n毕业生数\t人\t3000\n\n以上。",
        "表1 情况\n\t2024年\n专任教师数（人）\t940\n毕业生数（人）\t3000\n\n以上。",
        "专任教师数（人）\t940\n毕业生数（人）\t3000\n\n以上。",
    ],
)
def test_tables_of_two_columns_are_read_like_those_of_three(text, tmp_path):
    assert [(f.codes.indicator, str(f.value)) for f in read(text, tmp_path) if f.codes] == [
        ("teachers_full_time", "940"),
        ("graduates", "3000"),
    ]


def test_a_scope_in_the_title_holds_for_the_table(tmp_path):
    text = "表1 情况（不含民办学校）\n项目\t2031年\n专任教师数（人）\t14\n\n以上。"
    (figure,) = read(text, tmp_path, THREE_SCHOOLS, 2031)
    assert figure.codes
    assert figure.codes.scope == "public_only"


def test_a_total_that_is_not_the_sum_of_its_rows_is_told_by_the_table_alone(tmp_path):
    rows = judged(by_rows("学校", "丁校\t31\t400", "戊校\t42\t500", "己校\t53\t600", "合计\t126\t1510"), tmp_path)
    assert [(row["printed"], row["suggested"]) for row in rows if row["is_suspected"]] == [("1510", "1500")]
    assert "400 + 500 + 600" in rows[-1]["explanation"]


def test_a_total_without_anything_that_shows_that_rows_make_it_up_accuses_nobody(tmp_path):
    """Neither column adds up, and no slip explains it: the rows may be some of many."""
    rows = judged(by_rows("学校", "丁校\t31\t400", "戊校\t42\t500", "合计\t900\t7777"), tmp_path)
    assert [row["printed"] for row in rows if row["is_suspected"]] == []
    assert [row["printed"] for row in rows if row["broken_relations"]] == ["900", "7777"]


@pytest.mark.parametrize(
    ("city", "year", "rows", "after"),
    [
        (HUAILING, 2024, "东湖区\t31\t400\n西岗区\t42\t500\n合计\t73\t777", "全市全日制在校生777人。"),  # said again
        (HUAILING, 2024, "丁校\t31\t4000\n戊校\t42\t500\n合计\t73\t900", ""),  # 400 with a zero too many
        (THREE_SCHOOLS, 2031, "丁校\t31\t430\n戊校\t42\t500\n合计\t73\t840", ""),  # 340 turned round
    ],
)
def test_a_total_is_not_accused_where_a_row_may_be_what_is_wrong(city, year, rows, after, tmp_path):
    path = tmp_path / "report.txt"
    path.write_text(by_rows("学校", *rows.split("\n")).replace("以上。", after or "以上。"), encoding="utf-8")
    frame = reconcile_file(None, city, load_catalogue(city.pack), path, year).frame
    assert frame.filter(frame["is_suspected"]).is_empty()
    assert len(frame.filter(frame["broken_relations"].str.contains("与合计不符"))) == 1


@pytest.mark.parametrize("heading", ["生师比", "毕业率", "满意度", "平均年龄（岁）"])
def test_shares_and_means_are_not_added_up(heading, tmp_path):
    text = f"表1 各校情况\n学校\t{heading}\t专任教师数（人）\n丁校\t31\t10\n戊校\t42\t20\n合计\t36\t30\n\n以上。"
    assert [row["printed"] for row in judged(text, tmp_path) if row["broken_relations"]] == []


def test_columns_by_place_are_known_where_the_corner_is_empty(tmp_path):
    text = "表1 情况\n\t东湖区\t西岗区\t全市\n专任教师数（人）\t300\t400\t700\n\n以上。"
    figures = read(text, tmp_path)
    assert [bool(figure.codes) for figure in figures] == [False, False, True]
    assert [figure.cell.role for figure in figures if figure.cell] == ["part", "part", "total"]


def test_the_total_of_rows_that_nobody_knows_is_the_citys_only_if_it_fits(tmp_path):
    figures = read(by_rows("专业大类", "农林牧渔大类\t12\t500", "装备制造大类\t20\t900", "合计\t32\t1400"), tmp_path)
    assert all(figure.other for figure in figures[:4])
    assert all(figure.perhaps_other for figure in figures[4:])


def test_targets_and_plans_in_a_heading_are_of_another_kind(tmp_path):
    text = "表1 情况\n指标\t目标值\t完成值\n专任教师数（人）\t1000\t940\n\n以上。"
    (target, reached) = read(text, tmp_path)
    assert (target.codes, target.other) == (None, "是计划、目标或预计的数")
    assert reached.codes
    assert reached.codes.indicator == "teachers_full_time"


@pytest.mark.parametrize("heading", ["数量", "数值", "人数", "2024年", "本年数"])
def test_a_heading_that_names_nothing_leaves_it_to_the_row(heading, tmp_path):
    (figure,) = read(f"表1 情况\n指标\t{heading}\n专任教师数（人）\t940\n\n以上。", tmp_path)
    assert figure.codes
    assert figure.codes.indicator == "teachers_full_time"


@pytest.mark.parametrize(("title", "year"), [("2023年中职情况", 2023), ("2022—2024年中职情况", 2024), ("情况", 2024)])
def test_the_year_of_a_title_holds_for_its_table(title, year, tmp_path):
    (figure,) = read(f"表1 {title}\n指标\t数量\n专任教师数（人）\t940\n\n以上。", tmp_path)
    assert figure.year == year


def test_the_sentence_after_one_of_another_year_may_be_of_it_still(tmp_path):
    figures = read("2023年，全市专任教师920人。毕业生3000人。2024年，招生4000人。毕业生3100人。", tmp_path)
    assert [figure.perhaps_other for figure in figures] == ["", "说的是2023年", "", ""]


# --- with the warehouse --------------------------------------------------------------------------------------------


def test_a_report_full_of_comparisons_and_plans_accuses_nobody(published, tmp_path):
    text = (
        "1 概况\n北海市有中等职业学校9所，专任教师1020人。灵山县中等职业学校在校生9024人，专任教师310人。"
        "广东省中等职业学校专任教师5万人。到2026年，全市专任教师达到1900人。全市计划招生17000人。"
        "校均专任教师139人。民办学校在校生2552人。区直学校专任教师385人。近两年全市毕业生22000人。"
    )
    rows = judged(text, tmp_path, published)
    assert [row["printed"] for row in rows if row["is_suspected"]] == []
    assert {row["verdict"] for row in rows} <= {"other_kind", "consistent", "not_matched"}


def test_a_right_table_by_county_accuses_nobody_and_a_wrong_total_is_accused(published, tmp_path):
    right = by_rows(
        "县区", "市直\t716\t14793", "灵山县\t310\t9024", "浦北县\t270\t6139", "区直\t368\t5249", "合计\t1664\t35205"
    )
    wrong = right.replace("1664", "1646")
    assert [row["printed"] for row in judged(right, tmp_path, published) if row["is_suspected"]] == []
    assert [row["printed"] for row in judged(wrong, tmp_path, published) if row["is_suspected"]] == ["1646"]


@pytest.mark.parametrize(
    ("city", "all_of_it", "is_own"),
    [
        (WANGHAI, "全区", True),  # a district
        (WANGHAI, "全市", False),
        (ZECHUAN, "全省", True),
        (HUAILING, "全市", True),
        (HUAILING, "全区", False),
        (HUAILING, "全省", False),
        (QINZHOU, "全区", False),  # the autonomous region
    ],
)
def test_what_all_of_an_installation_is_called_depends_on_what_it_is(city, all_of_it, is_own, tmp_path):
    figures = read(f"{all_of_it}中等职业学校专任教师数940人，比上年增加12人。", tmp_path, city)
    own = [figure.codes.indicator for figure in figures if figure.codes and not figure.perhaps_other]
    assert (own == ["teachers_full_time"] * 2) == is_own
