"""Reading a report's own text and tables: which numbers are figures, and of what. The sentences are our own."""

from decimal import Decimal
from pathlib import Path

import docx
import pytest

from sources.declarations.city import City, load_city
from sources.system.settings import CITIES_ROOT
from tests.support.sample import PACK
from warehouse.catalogue.catalogue import load_catalogue
from warehouse.figures.fact import Reference
from warehouse.reconcile.reading.names import load_names
from warehouse.reconcile.reading.printed_figure import PrintedFigure
from warehouse.reconcile.reading.read_report import ReportReading, read_report

THREE_SCHOOLS = load_city(Path(__file__).parents[1] / "cities" / "three_schools")
QINZHOU = load_city(CITIES_ROOT / "450700")
REGION = THREE_SCHOOLS.code


def read(text: str, folder: Path, city: City = THREE_SCHOOLS, year: int = 2031) -> ReportReading:
    path = folder / "report.txt"
    path.write_text(text, encoding="utf-8")
    return read_report(path, city, year, load_names(load_catalogue(PACK)))


def meant(figures: list[PrintedFigure]) -> list[tuple[str, str, str]]:
    """(indicator, kind, value) of each figure; a figure that was not understood has no indicator."""
    return [(f.codes.indicator if f.codes else "", f.codes.kind if f.codes else "", str(f.value)) for f in figures]


def test_counts_are_told_apart_by_the_words_before_and_after_them(tmp_path):
    text = "2031年，全市共有中等职业学校3所，其中公办2所，民办1所；普通高中在校生960人，升学人数65人。"
    assert meant(read(text, tmp_path).figures) == [
        ("schools", "value", "3"),
        ("schools_public", "value", "2"),
        ("schools_private", "value", "1"),
        ("senior_high_students", "value", "960"),
        ("further_study", "value", "65"),
    ]


def test_a_change_is_that_of_the_number_before_it_and_a_fall_is_negative(tmp_path):
    text = "全市双师型教师40人，比上年增加6人；班主任30人，比上年减少2人。"
    assert meant(read(text, tmp_path).figures) == [
        ("teachers_double_qualified", "value", "40"),
        ("teachers_double_qualified", "change", "6"),
        ("form_teachers", "value", "30"),
        ("form_teachers", "change", "-2"),
    ]


def test_new_majors_are_a_number_of_majors_and_no_change(tmp_path):
    assert meant(read("全市中职学校新增专业2个，撤销专业1个。", tmp_path).figures) == [
        ("majors_new", "value", "2"),
        ("majors_withdrawn", "value", "1"),
    ]


def test_last_years_value_in_a_comparison_is_last_years(tmp_path):
    figures = read("直接就业率25.71%，比上年的24.24%上升1.47个百分点。", tmp_path).figures
    assert [f.codes for f in figures] == [
        Reference("employment_rate", 2031, REGION, "everything"),
        Reference("employment_rate", 2030, REGION, "everything"),
        Reference("employment_rate", 2031, REGION, "everything", "change"),
    ]


def test_a_share_without_a_name_is_the_share_of_the_number_before_it(tmp_path):
    figures = read("升学人数65人，占比61.90%；面向第一产业就业5人，占比20%。", tmp_path).figures
    assert [f.codes.indicator for f in figures if f.codes] == [
        "further_study",
        "further_study_rate",
        "employed_primary",
        "employed_primary_share",
    ]


def test_what_is_said_of_a_school_is_the_schools(tmp_path):
    text = "第一职业学校有专任教师11人；第二职业学校专任教师7人。全市专任教师21人。"
    assert [f.codes for f in read(text, tmp_path).figures] == [
        Reference("teachers_full_time", 2031, "S1", "school"),
        Reference("teachers_full_time", 2031, "S2", "school"),
        Reference("teachers_full_time", 2031, REGION, "everything"),
    ]


def test_a_scope_in_brackets_holds_for_the_numbers_of_its_sentences(tmp_path):
    text = "全市公办学校（不含民办学校）校园占地面积36000平方米，生均校园面积96平方米，要求≥33平方米。"
    assert [f.codes for f in read(text, tmp_path).figures] == [
        Reference("campus_area", 2031, REGION, "public_only"),
        Reference("campus_area_per_student", 2031, REGION, "public_only"),
        Reference("campus_area_per_student", 2031, REGION, "everything", "standard"),
    ]


def test_units_of_ten_thousand_and_full_width_digits_are_read(tmp_path):
    (recipients, amount) = read("落实免学费政策９００人次，补助资金81.5万元。", tmp_path).figures
    assert (recipients.codes.indicator, recipients.value) == ("aid_tuition_waiver_recipients", Decimal(900))
    assert (amount.codes.indicator, amount.unit, amount.value) == (
        "aid_tuition_waiver_amount",
        "万元",
        Decimal("81.5"),
    )


@pytest.mark.parametrize(
    "sentence",
    [
        "2031年5月12日举行第3届技能大赛。",
        "见教职成〔2031〕12号文件和图3、表4。",
        "推进“1+X”证书制度和“五育”融合。",
        "2030-2031学年度的计划。",
        "招生完成率低于90%的学校要整改。",
    ],
)
def test_dates_ordinals_document_numbers_and_bounds_are_no_figures(sentence, tmp_path):
    assert read(sentence, tmp_path).figures == []


def test_a_number_whose_words_mean_nothing_known_stays_a_figure_without_an_indicator(tmp_path):
    (figure,) = read("学校种了桂花树38个。", tmp_path).figures
    assert (figure.codes, figure.value) == (None, Decimal(38))
    assert "桂花树" in figure.context


def test_one_paragraph_never_gives_a_fact_two_values(tmp_path):
    figures = read("全市有讲师12人，实习指导讲师5人。", tmp_path).figures
    understood = [f.codes for f in figures if f.codes]
    assert len(understood) == len(set(understood))


TABLES = """表1.2-1 2031年三校市学校情况
\t学校
\t性质
\t专任教师数
\t全日制在校生数

\t第一职业学校
\t公办
\t11
\t330

\t第二职业学校
\t民办
\t7
\t100

\t第三技工学校
\t公办
\t3
\t50

\t合  计
\t21
\t480

表1.2-2 两年办学情况
\t项目
\t2030年
（不含民办）
\t2031年
\t变化情况

\t普通高中
\t在校生数
\t950
\t960
\t10↑

\t
\t招生数
\t310
\t300
\t10↓

表2.6-1 2030—2031年三校市在自治区技能大赛中职组获奖情况
\t年份
\t获奖总数
\t一等奖

\t2030
\t5
\t1

\t2031
\t7
\t2
"""


def expected_cells() -> list[Reference]:
    region = ("senior_high_students", "senior_high_intake")
    schools = [
        Reference(i, 2031, s, "school")
        for s in ("S1", "S2", "S3")
        for i in ("teachers_full_time", "students_full_time")
    ]
    total = [Reference(i, 2031, REGION, "everything") for i in ("teachers_full_time", "students_full_time")]
    years = [
        fact
        for i in region
        for fact in (
            Reference(i, 2030, REGION, "public_only"),
            Reference(i, 2031, REGION, "everything"),
            Reference(i, 2031, REGION, "everything", "change"),
        )
    ]
    awards = [
        Reference(i, year, REGION, "everything")
        for year in (2030, 2031)
        for i in ("official_awards_regional", "official_awards_regional_first")
    ]
    return [*schools, *total, *years, *awards]


def test_cells_of_the_three_layouts_are_known_by_their_rows_and_headings(tmp_path):
    figures = read(TABLES, tmp_path).figures
    assert [f.codes for f in figures] == expected_cells()
    assert [f.section for f in figures] == ["表1.2-1"] * 8 + ["表1.2-2"] * 6 + ["表2.6-1"] * 4
    assert figures[13].value == -10


def test_the_same_tables_in_a_word_document_give_the_same_figures(tmp_path):
    document = docx.Document()
    document.add_heading("1.2 发展规模", 1)
    titles = [line for line in TABLES.splitlines() if line.startswith("表")]
    grids = {
        titles[0]: [
            ["学校", "性质", "专任教师数", "全日制在校生数"],
            ["第一职业学校", "公办", "11", "330"],
            ["第二职业学校", "民办", "7", "100"],
            ["第三技工学校", "公办", "3", "50"],
            ["合  计", "合  计", "21", "480"],
        ],
        titles[1]: [
            ["项目", "项目", "2030年\n（不含民办）", "2031年", "变化情况"],
            ["普通高中", "在校生数", "950", "960", "10↑"],
            ["普通高中", "招生数", "310", "300", "10↓"],
        ],
        titles[2]: [["年份", "获奖总数", "一等奖"], ["2030", "5", "1"], ["2031", "7", "2"]],
    }
    for title, rows in grids.items():
        document.add_paragraph(title)
        table = document.add_table(len(rows), len(rows[0]))
        for row, texts in zip(table.rows, rows, strict=True):
            for cell, text in zip(row.cells, texts, strict=True):
                cell.text = text
    document.add_paragraph("全市升学人数65人。")
    path = tmp_path / "report.docx"
    document.save(str(path))
    figures = read_report(path, THREE_SCHOOLS, 2031, load_names(load_catalogue(PACK))).figures
    assert [f.codes for f in figures] == [
        *expected_cells(),
        Reference("further_study", 2031, REGION, "everything"),
    ]


def test_a_table_that_names_every_school_says_what_they_are(tmp_path):
    (listing,) = read(TABLES, tmp_path).listings
    ownership = {school: attributes["ownership"] for school, attributes in listing.attributes.items()}
    assert ownership == {"S1": "public", "S2": "private", "S3": "public"}
    assert listing.attributes["S3"]["category"] == "technician"


def test_a_table_that_names_some_schools_only_is_no_listing(tmp_path):
    assert read(TABLES.replace("第三技工学校", "另一所学校"), tmp_path).listings == []


def test_short_forms_of_recognitions_are_understood(tmp_path):
    rows = "\n\n".join(
        f"\t{r.name}\n\t公办\n\t五星级学校、自治区级重点\n\t1" for r in QINZHOU.respondents_in(2023)[:-1]
    )
    (listing,) = read(f"表1 学校\n\t学校\n\t性质\n\t标志\n\t专业数\n\n{rows}\n", tmp_path, QINZHOU, 2023).listings
    assert listing.honours["3645900001"] == {"five_star", "regional_key"}
    assert listing.honours["G450700001"] == {"five_star", "regional_key_technician"}


@pytest.mark.parametrize(("name", "content"), [("a.txt", b"\xff\xfe\x00\xd8\x00"), ("a.docx", b"no archive")])
def test_what_cannot_be_read_is_refused_with_its_name(name, content, tmp_path):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(ValueError, match=name):
        read_report(path, THREE_SCHOOLS, 2031, load_names(load_catalogue(PACK)))


def test_a_report_in_the_older_encoding_is_read(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes("全市升学人数65人。".encode("gb18030"))
    assert meant(read_report(path, THREE_SCHOOLS, 2031, load_names(load_catalogue(PACK))).figures) == [
        ("further_study", "value", "65")
    ]
