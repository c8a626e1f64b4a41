"""The report draft: every number bound, every word tested against its number, nothing said that is not known."""

import os
import re
import shutil
import subprocess
import sys
import zipfile
from dataclasses import replace
from decimal import Decimal
from io import BytesIO

import docx
import duckdb
import pytest

from sources.declarations.city import City, load_city
from sources.system.settings import PROJECT_ROOT
from tests.conftest import BUREAU, NURSING_SCHOOL, cell_of, edit, run_all
from tests.end_to_end.test_another_city import CITY_DIR
from tests.release.conftest import RELEASED_ON, TEMPLATE, VERSION, YEAR, body, footnotes, render, template_with, texts
from tests.support.sample import PACK
from tests.support.word import opened
from warehouse.catalogue.catalogue import load_catalogue
from warehouse.figures.fact import Footnote
from warehouse.figures.lineage import Lineage
from warehouse.figures.regions import KnownRegion, whole_of
from warehouse.figures.year_figures import load_figures
from warehouse.release.documents import paper_charts as charts
from warehouse.release.documents.marks import ALLOWED
from warehouse.release.documents.paper_charts import CHARTS, draw
from warehouse.release.documents.printed_again import text_from
from warehouse.release.documents.template_check import literal_digits
from warehouse.release.documents.vocabulary import Vocabulary
from warehouse.store.connection import open_published

NUMBER = re.compile(r"\d+(?:\.\d+)?")


@pytest.fixture(scope="session")
def draft(made) -> bytes:
    return made.path(".docx").read_bytes()


# Numbers


def test_every_digit_of_the_document_belongs_to_a_printed_number_a_year_or_a_name(made, draft, database):
    known = {number for printed in made.documents.printed for number in NUMBER.findall(printed.text)}
    known |= {str(year) for year in range(YEAR - 3, YEAR + 2)}
    names = database.execute(
        "select school_name, authority, remark from core.dim_school where report_year = ?", [YEAR]
    ).fetchall()
    known |= {number for row in names for text in row if text for number in NUMBER.findall(text)}
    document = docx.Document(BytesIO(draft))
    tables = {paragraph for table in document.tables for paragraph in table._tbl.iter("{*}p")}
    ordinals = {str(number) for number in range(1, 40)}
    stray = []
    for paragraph in document.element.body.iter("{*}p"):
        style = paragraph.style or ""
        text = ALLOWED.sub("", "".join(t.text or "" for t in paragraph.iter("{*}t")))
        text = re.sub(r"^[\d.]+ |\d+$" if style.startswith("toc") else r"等 \d+ 项|^2024年3月1日$", "", text)
        allowed = known | (ordinals if paragraph in tables else set()) | {"1"}
        stray += [(number, text) for number in NUMBER.findall(text) if number not in allowed]
    stray += [(number, "脚注") for text in notes_of(draft) for number in NUMBER.findall(text) if number not in known]
    assert stray == []


def notes_of(draft: bytes) -> list[str]:
    notes = re.findall(r"<w:footnote [^>]*>(.*?)</w:footnote>", footnotes(draft), re.DOTALL)
    return [text for note in notes if (text := "".join(re.findall(r"<w:t[^>]*>([^<]+)</w:t>", note)))]


def test_trace_resolves_every_number_and_gives_the_text_that_is_printed(made, database):
    lineage = Lineage(database, load_catalogue(PACK))
    traces = {printed.reference: lineage.trace(printed.reference) for printed in made.documents.printed}
    wrong = [p for p in made.documents.printed if text_from(traces[p.reference], p, made.figures) != p.text]
    assert wrong == []
    assert sum(len(NUMBER.findall(printed.text)) for printed in made.documents.printed) > 500


def test_every_figure_of_the_region_that_has_a_value_is_in_the_document(made):
    figures = made.figures
    printed = {p.reference for p in made.documents.printed}
    known = {code for code in figures.changes if figures.of_region(code)}
    assert {code for code in known if figures.changes[code].current not in printed} == set()


def test_another_cell_of_a_school_makes_other_numbers(made, fresh_copy, city):
    before = body(made.path(".docx").read_bytes())
    assert "全日制在校生35205人，比上年减少1155人" in before

    def one_more(book):
        cell_of(book, "学生情况", "全日制在校生数").value += 1

    edit(fresh_copy, city, NURSING_SCHOOL, YEAR, one_more)
    run_all(fresh_copy, city)
    with open_published(fresh_copy) as connection:
        after = body(render(load_figures(connection, load_catalogue(PACK), YEAR)).data)
    assert "全日制在校生35206人，比上年减少1154人" in after


# Words


def test_direction_words_agree_with_the_change_in_the_database(made, draft):
    changes = {
        p.text: made.figures.changes[p.reference.indicator].value
        for p in made.documents.printed
        if p.part == "change" and p.text[-1] not in "↑↓平"
    }
    said = re.findall(r"比上年(增加|减少|上升|下降)([\d.]+)", body(draft))
    assert len(said) >= len(changes) > 10
    for word, number in said:
        assert (word in ("增加", "上升")) == (changes[number] > 0)


def test_what_is_called_highest_is_highest_in_the_database(draft, database):
    name, number = re.search(r"全日制在校生相比，(\w+)最多，为(\d+)人", body(draft)).groups()
    best = database.execute(
        "select school_name, value from core.fct_indicator_value inner join core.dim_school"
        " on subject_code = school_code and dim_school.report_year = fct_indicator_value.report_year"
        " where indicator_code = 'students_full_time' and fct_indicator_value.report_year = ? order by value desc",
        [YEAR],
    ).fetchone()
    assert (name, Decimal(number)) == best


def test_across_a_break_of_scope_no_growth_is_printed_and_a_footnote_says_why(made, draft):
    assert made.figures.changes["further_study_rate"].comparability == "scope_break"
    assert "毕业晋升率为54.38%，上年为74.83%（不可直接比较）" in body(draft)
    assert "20.45" not in "".join(text for text in texts(draft) if "毕业晋升率为" in text)
    assert any("两年的统计口径不同，不能当作增减：2022年为不含技工学校、区直学校" in note for note in notes_of(draft))


def test_standards_are_named_with_their_bound(draft):
    assert "生均校园面积30.87平方米，低于33平方米的标准" in body(draft)
    assert "生均教学仪器设备值5798.13元，达到不低于2500元的标准" in body(draft)
    assert "生师比为25.26:1，高于20:1的标准" in body(draft)


def test_incomplete_figures_have_a_footnote_with_how_many_schools(draft):
    assert any(note.strip() == "生师比的数据不完整：应报12所学校，已报9所。" for note in notes_of(draft))


def test_an_approved_explanation_becomes_a_footnote_of_every_figure_it_speaks_of(made):
    text = "钦州市卫生学校（学生情况，2591）：含 12 名休学学生"
    draft = render(replace(made.figures, footnotes=(Footnote("students_full_time", "all", text),)))
    assert f"全日制在校生人数，据{text}" in {note.strip() for note in notes_of(draft.data)}
    assert [p.reference.indicator for p in draft.printed if p.text == text] == ["students_full_time"]


# The Word file


def test_footnotes_tables_and_charts_are_words_own(made, draft):
    document = opened(draft)
    references = [int(r.get(r.keys()[0])) for r in document.element.body.iter("{*}footnoteReference")]
    assert references == list(range(1, len(notes_of(draft)) + 1))
    assert len(document.tables) == len(load_catalogue(PACK).tables)
    described = [picture.get("descr") for picture in document.element.body.iter("{*}docPr")]
    assert len(described) == 8
    assert all("钦州市" in text for text in described)
    first = document.tables[0]
    assert first.cell(0, 6).text == first.cell(0, 8).text == "办学规模"
    assert [cell.text for cell in first.rows[-1].cells] == ["合计"] * 6 + ["1664", "35205", "132", ""]
    assert all(row._tr.trPr.find("{*}tblHeader") is not None for row in first.rows[:2])


def test_no_mark_token_or_none_is_left(draft):
    package = zipfile.ZipFile(BytesIO(draft))
    for name in package.namelist():
        if name.endswith(".xml"):
            assert not re.search("[\ue000-\ue003]|{{|{%|None", package.read(name).decode()), name


def test_chapters_stand_in_the_order_of_the_template(draft):
    document = docx.Document(BytesIO(draft))
    chapters = [p.text for p in document.paragraphs if p.style.name == "Heading 1"]
    template = [p.text for p in docx.Document(str(TEMPLATE)).paragraphs if p.style.name == "Heading 1"]
    assert chapters == template
    assert chapters[0] == "基本情况"
    assert chapters[-1] == "面临的挑战和应对措施"


# The template


def test_the_template_has_no_digit_outside_a_token():
    assert literal_digits(docx.Document(str(TEMPLATE))) == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("全市有12所学校。", "中有直接写出的数字 12；请改用取数的词"),
        ("今年是2023年。", "直接写出的数字 2023"),
        ('在校生{{ 值("在校学生") }}。', "指标目录中没有“在校学生”"),
        ('在校生{{ 值("全日制在校生人数", "吨") }}。', "没有规定怎样把人换算成吨"),
        ("在校生{{ 人数 }}。", "没有名为“人数”的词"),
        ("在校生{{ 值（“全日制在校生人数”） }}。", "不能识别"),
        ('{{ 表("9.9") }}', "没有编号为“9.9”的表"),
        ('{{ 图("天气") }}', "没有名为“天气”的图"),
    ],
)
def test_a_slip_in_the_template_is_named_with_its_paragraph(made, tmp_path, text, message):
    with pytest.raises(ValueError, match=r"模板第 \d+ 段") as error:
        render(made.figures, template_with(tmp_path, "# 概况", text))
    assert message in str(error.value)
    assert text[:6] in str(error.value)


def test_an_if_without_an_end_is_an_error(made, tmp_path):
    with pytest.raises(ValueError, match="不配对"):
        render(made.figures, template_with(tmp_path, '{% if 有("专任教师数") %}专任教师。'))


@pytest.mark.parametrize(
    "token",
    [
        "值.__func__.__globals__.__builtins__.__import__('os').system('id')",
        "''.__class__.__mro__[1].__subclasses__()",
        "cycler.__init__.__globals__",
        "值.__self__.figures.__dict__.clear()",
    ],
)
def test_a_template_reaches_its_words_and_nothing_behind_them(made, tmp_path, token):
    with pytest.raises(ValueError, match="不能识别"):
        render(made.figures, template_with(tmp_path, "# 概况", f"专任教师{{{{ {token} }}}}。"))


def test_quotes_that_word_makes_round_do_no_harm_and_numbers_of_tables_may_be_written(made, tmp_path):
    template = template_with(tmp_path, "# 概况", "专任教师{{ 值(“专任教师数”) }}，见表1.2-1和附表6。")
    assert "专任教师1664人，见表1.2-1和附表6。" in texts(render(made.figures, template).data)


def test_a_sentence_whose_figure_is_missing_goes_and_its_neighbours_stay(made, tmp_path):
    template = template_with(
        tmp_path,
        "# 概况",
        '专任教师{{ 值("专任教师数") }}；教职工{{ 值("教职工总数") }}。',
        '教职工{{ 值("教职工总数") }}。',
        "# 其他",
        '教职工{{ 值("教职工总数") }}。',
    )
    draft = render(made.figures, template)
    assert texts(draft.data)[-4:-1] == ["概况", "专任教师1664人。", "其他"]
    assert texts(draft.data)[-1] == "本年度没有可以刊印的数据。"
    assert draft.missing == ("教职工总数",)


def test_a_target_that_nobody_has_set_is_not_told_as_a_figure_that_is_missing(made, tmp_path):
    text = '双师型教师{{ 值("双师型教师数") }}。计划新增教职工{{ 目标("教职工总数") }}以上。'
    template = template_with(tmp_path, "# 概况", text)
    draft = render(made.figures, template)
    assert "计划新增" not in body(draft.data)
    assert draft.missing == ()


def test_a_year_with_few_data_still_makes_a_document(database):
    draft = render(load_figures(database, load_catalogue(PACK), 2022))
    text = body(draft.data)
    assert "全日制在校生36360人。" in text
    assert "在校生满意度" in draft.missing
    assert not re.search(r"比上年|为。|[，；]。|None", text)


def test_a_chart_of_some_of_the_schools_says_of_how_many(database, monkeypatch):
    figures = load_figures(database, load_catalogue(PACK), YEAR)
    whole = draw("在校生", figures)
    monkeypatch.setattr(charts, "SCHOOLS_SHOWN", 5)
    part = draw("在校生", figures)
    assert whole is not None
    assert part is not None
    with_students = sum(bool(fact.rounded) for fact in figures.of_schools("students_full_time").values())
    assert part.title == f"{whole.title}（前5所，不为零的共{with_students}所）"
    assert part.description.count("；") == 4


def test_two_schools_of_one_name_stay_two(fresh_copy):
    with duckdb.connect(str(fresh_copy.working_database)) as connection:
        connection.execute(
            "update core.dim_school set school_name = '工业学校' where school_code in"
            " (select distinct school_code from core.dim_school where report_year = 2023 order by 1 limit 2)"
        )
        figures = load_figures(connection, load_catalogue(PACK), YEAR)
    named = [school.name for school in figures.schools if school.name.startswith("工业学校")]
    assert len(set(named)) == 2
    assert len(figures.of_schools("students_full_time")) == len(
        {school.code for school in figures.schools} & figures.members[figures.whole_scope]
    )


def test_a_region_may_have_a_number_in_its_name_and_is_called_by_what_it_is(database):
    region = KnownRegion(BUREAU, "第7师")
    figures = replace(load_figures(database, load_catalogue(PACK), YEAR), region=region, bureau_name="第7师教育局")
    assert "第7师各中等职业学校" in body(render(figures).data)
    for name, whole in (
        ("钦州市", "全市"),
        ("广西壮族自治区", "全区"),
        ("中国", "全国"),
        ("灵山县", "全县"),
        ("第7师", "全域"),
    ):
        assert whole_of(name) == whole


def test_a_year_without_data_is_an_error_and_so_is_another_city(database, city: City):
    with pytest.raises(LookupError, match="没有 2019 年的数据"):
        load_figures(database, load_catalogue(PACK), 2019, city.code)
    with pytest.raises(LookupError, match="没有地区“999900”；有：钦州市（450700）"):
        load_figures(database, load_catalogue(PACK), YEAR, load_city(CITY_DIR).code)


def test_the_page_for_staff_lists_every_word_and_chart_of_the_template(made):
    page = (PROJECT_ROOT / "docs" / "template.zh.md").read_text(encoding="utf-8")
    names = Vocabulary(made.figures, RELEASED_ON, VERSION).names()
    assert [name for name in [*names, *CHARTS] if name not in page] == []


DRAWN = """
import hashlib
import altair, polars
import vl_convert
from warehouse.release.fonts import FONT, use_shipped_font
use_shipped_font()
chart = altair.Chart(polars.DataFrame({"学校": ["护理学校"], "人数": [3]})).mark_bar().encode(x="学校", y="人数")
print(hashlib.sha256(vl_convert.vegalite_to_png(chart.configure(font=FONT).to_dict())).hexdigest())
"""


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("unshare"), reason="hides the machine's fonts as root only")
def test_a_chart_is_the_same_picture_whatever_fonts_the_machine_has() -> None:
    hidden = ["unshare", "-m", "sh", "-c", 'mount -t tmpfs none /usr/share/fonts && exec "$@"', "sh"]
    pictures = {
        subprocess.run([*before, sys.executable, "-c", DRAWN], check=True, capture_output=True, text=True).stdout
        for before in ([], hidden)
    }
    assert len(pictures) == 1
