"""A city's own words in its report: numbers only as marks, gaps named, nothing unfinished released."""

import json
import shutil
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from io import BytesIO
from pathlib import Path

import docx
import pytest
from typer.testing import CliRunner

from orchestration.cli.main import app
from sources.archive.archive import declarations_file
from sources.declarations.city import City
from sources.system.settings import CITIES_ROOT, Settings
from tests.any_city.made_up import make_up, pour
from tests.conftest import run_all
from tests.release.conftest import RELEASED_ON, TEMPLATE, VERSION, YEAR, body, footnotes, template_with
from tests.support.confirmed import confirm_and_release, confirm_each
from tests.support.sample import PACK
from tests.support.word import opened
from warehouse.catalogue.catalogue import load_catalogue
from warehouse.catalogue.edition import edition_of
from warehouse.figures.fact import Change
from warehouse.figures.year_figures import Figures
from warehouse.release.checklist import check_release
from warehouse.release.documents.mark_list import NOTHING, mark_examples
from warehouse.release.documents.own_words import JudgedWords, judge
from warehouse.release.documents.put_words import GAP
from warehouse.release.documents.report_draft import ReportDraft, write_draft
from warehouse.release.documents.vocabulary import Vocabulary
from warehouse.release.gate import open_items
from warehouse.release.make_release import ReleaseBlockedError
from warehouse.release.narrative.read_narrative import Narrative, read_narrative
from warehouse.release.narrative.written_files import (
    KeptWordsError,
    WrittenFiles,
    WrittenFilesError,
    kept_files,
    written_files,
)
from warehouse.release.verify import verify
from warehouse.store.connection import open_published

SAMPLE = CITIES_ROOT / "450700"
EDITION = edition_of(PACK, YEAR)
REQUIRED = [section.heading for section in EDITION.sections if section.required]
LONG = "各校把这件事放在心上，做得踏实，也看得见成效。" * 5
PNG = (SAMPLE / "narrative" / "2023" / "cases" / "坭兴陶示意图.png").read_bytes()
HEAD = {
    "title": "一块泥",
    "school": "北部湾职业技术学校",
    "source": "学校提供",
    "picture": "陶.png",
    "caption": "学生拉坯",
    "alt": "三名学生围着转盘",
    "licence": "学校拍摄",
}


def case(**head: str | None) -> bytes:
    lines = [f"{key}: {value}" for key, value in (HEAD | head).items() if value is not None]
    return "\n".join(("---", *lines, "---", LONG)).encode()


def narrative(**sections: str | bytes) -> Narrative:
    """Of sections by their headings; every required one that is not given has words enough."""
    files = {f"{heading}.md": LONG for heading in REQUIRED} | {f"{name}.md": text for name, text in sections.items()}
    return of_files({name: text.encode() if isinstance(text, str) else text for name, text in files.items() if text})


def of_files(files: Mapping[str, bytes] | None) -> Narrative:
    return read_narrative(
        WrittenFiles(YEAR, "narrative/2023", files), EDITION, ["北部湾职业技术学校", "钦州市卫生学校"]
    )


def judged(figures: Figures, of: Narrative) -> JudgedWords:
    return judge(Vocabulary(figures, RELEASED_ON, VERSION), of)


def told(figures: Figures, of: Narrative) -> str:
    found = judged(figures, of)
    return "\n".join(map(str, (*(problem for each in found.sections for problem in each.problems), *found.problems)))


def drafted(figures: Figures, of: Narrative, template: Path = TEMPLATE) -> ReportDraft:
    vocabulary = Vocabulary(figures, RELEASED_ON, VERSION, frozenset())
    return write_draft(vocabulary, lambda _: None, lambda _: None, RELEASED_ON, template, narrative=of)


def with_charts(tmp_path: Path) -> Path:
    """The template without its charts, which this vocabulary does not know."""
    document = docx.Document(str(TEMPLATE))
    for paragraph in list(document.paragraphs):
        if "图(" in paragraph.text:
            paragraph._p.getparent().remove(paragraph._p)
    path = tmp_path / "plain.docx"
    document.save(str(path))
    return path


# What an editor is told


TYPED = {
    "a figure of this year": ("在校生有35205人。", "第 1 行：直接写了数字“35205”；它等于 {{全日制在校生人数}}"),
    "a figure of last year": ("在校生从36360人变来。", "{{全日制在校生人数|上年}}"),
    "its change": ("在校生差了1155人。", "{{全日制在校生人数|较上年}}"),
    "this year": ("甲。\n\n到2023年。", "第 3 行：直接写了数字“2023”；它等于 {{年}}"),
    "a number that is no figure": (
        "文号是９９９８８。",
        "数字要用取数的词来写；不是指标的数字（文号、日期等）写成 [[９９９８８]]",
    ),
    "in Chinese, with its unit": ("全市有十二所学校。", "直接写了数字“十二”"),
    "a share in Chinese": ("超过百分之三十。", "直接写了数字“百分之三十”"),
    "a figure declared to be none": ("在校生有[[35205]]人。", "是指标的数，请写成 {{全日制在校生人数}}"),
    "growth beside last year": ("在校生比上年有所增长。", "“比上年有所增长”是打上去的增减"),
    "growth before a number": ("在校生增加到{{全日制在校生人数}}。", "增加到"),
    "a name that is nearly right": ("{{去向落实率}}。", "是不是：毕业去向落实人数、毕业去向落实率"),
    "a name that is far from right": ("{{全日制在笑生人数}}。", "是不是：全日制在校生人数"),
    "a school that is none": ("{{专任教师数|学校:钦州卫生学校}}。", "是不是“钦州市卫生学校”"),
    "a scope that is none": ("{{专任教师数|口径:市属}}。", "没有口径“市属”"),
    "a year that is none": ("{{毕业生数|年:1999}}。", "没有“1999”年的数；可以写：2020、2021、2022、2023"),
    "a unit that is none": ("{{毕业生数|单位:公斤}}。", "没有规定怎样把人换算成公斤"),
    "a table": ('{{表("1.2-1")}}', "只能用在模板里"),
    "a word that is none": ('{{价("毕业生数")}}', "没有“价”这个词"),
    "too much in brackets": ('{{完整度("毕业生数")}}', "多写或少写了东西"),
    "a list that is none": ('{{列举各类("归属", "schools_{code}")}}', "没有代码表“归属”"),
    "somebody's telephone": ("电话[[13807770001]]。", "电话号码"),
    "a picture in a section": ("![图](a.png)", "不能放链接和图片"),
}


@pytest.mark.parametrize("what", TYPED)
def test_what_an_editor_has_to_put_right_is_told_with_file_line_and_what_to_write(what: str, made):
    text, wanted = TYPED[what]
    found = told(made.figures, narrative(发展规模=text))
    assert found.startswith("narrative/2023/发展规模.md 第 ")
    assert wanted in found


RIGHT = (
    "到[[2012]]年，按第3条和表1.2-1，五育并举，一是抓紧，十个支部带头。",
    "[[增加]]{{专业数}}，规模扩大，教师提高本领。",
    "在校生{{全日制在校生人数}}{{全日制在校生人数|较上年}}；卫校{{专任教师数|学校：钦州市卫生学校}}。",
    "下一年计划增加{{双师型教师数|目标}}。",
    "那年有{{全日制在校生人数|年:2022}}。",
    "市属学校{{ 值(“全日制在校生人数”) }}，{{免学费资助金额｜单位:万元}}，{{全日制在校生人数|口径:市属学校}}。",
)


@pytest.mark.parametrize("text", RIGHT)
def test_words_that_are_in_order_are_not_accused(text: str, made):
    assert told(made.figures, narrative(发展规模=LONG + text)) == ""


def test_a_section_is_missing_too_short_or_too_long(made):
    short, missing, long = REQUIRED[:3]
    found = judged(made.figures, narrative(**{short: "太短。", missing: "", long: LONG * 20}))
    assert {each.written.section.heading: each.state for each in found.unfinished} == {
        short: "short",
        missing: "missing",
        long: "long",
    }


def test_a_sentence_without_its_figure_is_told_to_the_editor(made):
    figures = replace(made.figures, changes={k: v for k, v in made.figures.changes.items() if k != "majors"})
    (section,) = (e for e in judged(figures, narrative(发展规模=f"{LONG}专业有{{{{专业数}}}}。")).sections if e.unsaid)
    assert section.unsaid == ("“专业有。”不印：这一年没有专业数",)
    assert section.state == "written"


def test_a_city_that_has_not_begun_owes_nothing(made):
    found = judged(made.figures, of_files(None))
    assert (found.unfinished, found.problems) == ((), ())
    assert len(judged(made.figures, of_files({})).unfinished) == len(REQUIRED)


FILES = {
    "a name that is no section": ({"办学定为.md": b"a"}, "没有叫这个名称的一节，不会印出；是不是“办学定位.md”？"),
    "a Word file": ({"办学定位.docx": b"a"}, "不会印出"),
    "another encoding": ({"办学定位.md": "甲".encode("gbk")}, "不是 UTF-8"),
    "a case without a head": ({"cases/a.md": LONG.encode()}, "开头要有两行 ---"),
    "a case without words": (
        {"cases/a.md": case(picture=None, alt=None, caption=None, licence=None)[: -len(LONG.encode())]},
        "没有写案例的内容",
    ),
    "a school that is none": (
        {"cases/a.md": case(school="北部湾职业学校"), "cases/陶.png": PNG},
        "是不是“北部湾职业技术学校”",
    ),
    "a key that is none": ({"cases/a.md": case(titel="一"), "cases/陶.png": PNG}, "第 9 行"),
    "a picture that is not there": ({"cases/a.md": case(), "cases/淘.png": PNG}, "没有图片“陶.png”"),
    "one without licence": ({"cases/a.md": case(licence=None), "cases/陶.png": PNG}, "有图片，没有写“licence”"),
    "one without a word for the blind": ({"cases/a.md": case(alt=None), "cases/陶.png": PNG}, "有图片，没有写“alt”"),
    "one with a word that says nothing": ({"cases/a.md": case(alt="图片"), "cases/陶.png": PNG}, "“alt”太短"),
    "one too large": ({"cases/a.md": case(), "cases/陶.png": PNG + b"0" * 3_000_000}, "太大"),
    "one of another kind": ({"cases/a.md": case(picture="陶.gif"), "cases/陶.gif": b"GIF89a"}, "不是 png 或 jpg"),
    "one that is none": ({"cases/a.md": case(), "cases/陶.png": b"\xff\xd8\xff"}, "不是它的后缀所说的"),
    "one outside of the folder": ({"cases/a.md": case(picture="../../陶.png")}, "没有图片"),
    "one cut short": ({"cases/a.md": case(), "cases/陶.png": PNG[:-20]}, "不完整"),
    "one that tells where it was taken": (
        {"cases/a.md": case(picture="陶.jpg"), "cases/陶.jpg": b"\xff\xd8\xff\xe1\0\0Exif\0\0\xff\xd9"},
        "拍摄信息，可能有地点",
    ),
    "one that no case shows": ({"cases/陶.png": PNG}, "没有案例用到这个文件"),
    "a typed number in a title": (
        {"cases/a.md": case(title="35205人的课堂"), "cases/陶.png": PNG},
        "{{全日制在校生人数}}",
    ),
}


@pytest.mark.parametrize("what", FILES)
def test_what_is_wrong_with_a_file_is_told(what: str, made):
    files, wanted = FILES[what]
    found = judged(made.figures, of_files({f"{heading}.md": LONG.encode() for heading in REQUIRED} | files))
    every = [*found.problems, *(problem for each in found.sections for problem in each.problems)]
    assert [str(each) for each in every if wanted in str(each)]


def test_the_folder_of_an_editor_and_too_large_a_file(tmp_path: Path):
    folder = tmp_path / "narrative" / "2031"
    folder.mkdir(parents=True)
    (folder / "~$办学定位.md").write_bytes(b"a")
    assert written_files(tmp_path, 2031).files == {}
    assert not written_files(tmp_path, 2032).is_begun
    (folder / "办学定位.md").write_bytes(b"a" * 9_000_000)
    with pytest.raises(WrittenFilesError, match=r"办学定位\.md.*太大"):
        written_files(tmp_path, 2031)


# What is printed


def test_words_stand_below_the_figures_of_their_section_with_numbers_bound_and_noted(made, tmp_path: Path):
    text = "**我们**说：校园{{校园占地面积}}，[[2012]]年起。\n\n1. 甲\n2. 乙\n"
    draft = drafted(made.figures, narrative(条件改善=LONG + text), with_charts(tmp_path))
    paragraphs = [p.text for p in opened(draft.data).paragraphs]
    at = next(number for number, each in enumerate(paragraphs) if "我们说" in each)
    area = made.figures.of_region("campus_area")
    assert f"校园{area.display}平方米，2012年起。" in paragraphs[at]
    assert paragraphs[at + 1 : at + 4] == ["1. 甲", "2. 乙", "人才培养"]
    assert sum(printed.reference == area.reference for printed in draft.printed) > 1
    assert GAP not in body(draft.data)


def test_a_gap_and_a_fault_are_named_in_every_draft_where_they_are(made, tmp_path: Path):
    missing = REQUIRED[0]
    words = narrative(**{missing: "", "发展规模": LONG + "有35205人和{{去向落实率}}。"})
    draft = drafted(made.figures, words, with_charts(tmp_path))
    for data in (draft.data, draft.for_authors):
        text = body(data)
        assert f"【此处缺：{missing}。教育局撰写，80—1200 字。要写：" in text
        assert "有35205人和{{去向落实率}}。" in text
        assert "【此处有问题：narrative/2023/发展规模.md 第 1 行：直接写了数字“35205”" in text


def test_growth_follows_the_sign_and_over_a_break_of_scope_is_not_said(made, tmp_path: Path):
    words = narrative(发展规模=f"{LONG}我们的专业{{{{专业数}}}}{{{{专业数|较上年}}}}。")
    code, template = "majors", with_charts(tmp_path)
    change = made.figures.changes[code]
    last = replace(made.figures.facts[change.current], reference=replace(change.current, year=YEAR - 1))

    def said(**changed: object) -> tuple[str, str]:
        now: Change = replace(change, previous=last.reference, unit="个", **changed)
        facts = made.figures.facts | {last.reference: last}
        figures = replace(made.figures, changes=made.figures.changes | {code: now}, facts=facts)
        draft = drafted(figures, words, template)
        return next(p for p in body(draft.data).split("\n") if "我们的专业" in p), footnotes(draft.data)

    assert "比上年增加3个" in said(value=Decimal(3), comparability="comparable")[0]
    assert "比上年减少3个" in said(value=Decimal(-3), comparability="comparable")[0]
    assert "与上年持平" in said(value=Decimal(0), comparability="comparable")[0]
    text, notes = said(value=Decimal(3), comparability="scope_break")
    assert "增加" not in text
    assert "（不可直接比较）" in text
    assert "两年的统计口径不同" in notes


def test_a_case_is_printed_with_picture_caption_alternative_text_and_source(made, tmp_path: Path):
    files = {f"{heading}.md": LONG.encode() for heading in REQUIRED} | {"cases/a.md": case(), "cases/陶.png": PNG}
    draft = drafted(made.figures, of_files(files), with_charts(tmp_path))
    document = docx.Document(BytesIO(draft.data))
    texts = [paragraph.text for paragraph in document.paragraphs]
    at = texts.index("典型案例", texts.index("前言"))
    assert texts[at + 1] == "案例1　一块泥"
    assert texts[at + 4 : at + 6] == ["案例图1　学生拉坯（学校拍摄）", "学校：北部湾职业技术学校　来源：学校提供"]
    assert texts.index("附表", at) == at + 6
    assert [shape._inline.docPr.get("descr") for shape in document.inline_shapes] == ["三名学生围着转盘"]


def test_a_template_without_the_heading_of_a_section_that_has_words_is_refused(made, tmp_path: Path):
    with pytest.raises(ValueError, match=r"没有这些节的标题.*办学定位\.md"):
        drafted(made.figures, narrative(), template_with(tmp_path, "# 别的", "甲。"))


def test_the_editors_list_has_every_indicator_with_what_it_prints_this_year(made):
    vocabulary = Vocabulary(made.figures, RELEASED_ON, VERSION)
    examples = {each.mark: each for each in mark_examples(vocabulary, EDITION)}
    labels = {f"{{{{{each.label}}}}}" for each in made.figures.catalogue.indicators.values()}
    assert labels <= examples.keys()
    assert (examples["{{全日制在校生人数}}"].prints, examples["{{全日制在校生人数}}"].section) == (
        "35205人",
        "发展规模",
    )
    assert examples["{{全日制在校生人数|较上年}}"].prints == "，比上年减少1155人"
    assert examples["{{年}}"].prints == "2023"
    assert all(each.prints for each in examples.values())
    lacking = {each.mark for each in examples.values() if each.prints == NOTHING}
    assert all(f"“{mark}" not in told(made.figures, narrative(发展规模=LONG + mark)) for mark in sorted(lacking)[:3])
    assert {each.section for each in mark_examples(vocabulary, EDITION, "就业质量")} == {"就业质量"}


# What is released


def test_the_sample_city_has_its_own_words_for_both_years_with_every_number_a_mark(city_run: Settings, city: City):
    for year in (2022, 2023):
        with open_published(city_run) as connection:
            checked = check_release(connection, city_run, city, load_catalogue(PACK), year)
        (point,) = (point for point in checked.points if point.name == "narrative")
        assert point.passed
        assert "有本市自己写的文字" in point.detail


@pytest.fixture
def own_city(city_run: Settings, tmp_path: Path) -> Settings:
    """The sample city in a folder of its own, with the run that it has."""
    shutil.copytree(SAMPLE, tmp_path / "city")
    shutil.copytree(city_run.home, tmp_path / "home")
    return replace(city_run, home=tmp_path / "home", city_dir=tmp_path / "city")


def test_words_that_are_not_ready_refuse_the_release_and_those_of_then_make_it_again(own_city: Settings, city: City):
    folder = own_city.city_dir / "narrative" / str(YEAR)
    written = (folder / "办学定位.md").read_text(encoding="utf-8")
    (folder / "办学定位.md").write_text(f"{written}\n到2012年。\n", encoding="utf-8")
    (folder / "应对措施.md").unlink()
    confirm_each(own_city, city, YEAR)
    with pytest.raises(ReleaseBlockedError) as caught:
        confirm_and_release(own_city, city, YEAR)
    still = {each.item.title: each for each in open_items(caught.value.foreseen.listed)}
    assert still.keys() == {"办学定位", "应对措施"}
    assert "直接写了数字“2012”" in still["办学定位"].item.seen
    assert still["应对措施"].item.seen == "缺（必写）"
    assert all("narrative" in each.nobody for each in still.values())

    shutil.copy(SAMPLE / "narrative" / str(YEAR) / "应对措施.md", folder)
    (folder / "办学定位.md").write_text(f"{written}\n我们从[[2012]]年做起。\n", encoding="utf-8")
    first = confirm_and_release(own_city, city, YEAR)
    (report,) = first.folder.glob("*.docx")
    assert "我们从2012年做起。" in body(report.read_bytes())
    assert not confirm_and_release(own_city, city, YEAR).is_new

    (folder / "办学定位.md").write_text(written, encoding="utf-8")
    found = verify(own_city, city, load_catalogue(PACK), first.manifest.version)
    assert found.is_equal, found
    second = confirm_and_release(own_city, city, YEAR)
    assert second.is_new
    assert second.manifest.narrative != first.manifest.narrative
    kept = kept_files(own_city.archive, YEAR, "", first.manifest.narrative)
    assert "[[2012]]" in kept.files["办学定位.md"].decode()
    declarations_file(own_city.archive, second.manifest.narrative).unlink()
    with pytest.raises(KeptWordsError, match="请从备份恢复"):
        kept_files(own_city.archive, YEAR, "", second.manifest.narrative)


def test_a_city_that_has_written_nothing_is_told_in_one_line_and_may_release(own_city: Settings, city: City):
    shutil.rmtree(own_city.city_dir / "narrative")
    with open_published(own_city) as connection:
        checked = check_release(connection, own_city, city, load_catalogue(PACK), YEAR)
    (point,) = (point for point in checked.points if point.name == "narrative")
    assert point.passed
    assert "没有本市自己写的文字" in point.detail
    assert not [item for item in checked.items if item.point == "narrative"]


def test_the_command_lists_sections_and_marks(own_city: Settings, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("NIANBAO_HOME", str(own_city.home))
    monkeypatch.setenv("NIANBAO_CITY", str(own_city.city_dir))

    def asked(*arguments: str) -> tuple[int, dict | list]:
        done = CliRunner().invoke(app, ["narrative", str(YEAR), *arguments, "--json"])
        return done.exit_code, json.loads(done.stdout)

    code, found = asked()
    assert (code, found["begun"], found["cases"], len(found["sections"])) == (0, True, 2, len(EDITION.sections))
    assert "未核实" in found["edition"]
    (own_city.city_dir / "narrative" / str(YEAR) / "党建引领.md").write_text("有8个。", encoding="utf-8")
    code, found = asked()
    assert code == 3
    (section,) = (each for each in found["sections"] if each["problems"])
    assert (section["heading"], section["state"]) == ("党建引领", "有问题")
    code, marks = asked("--marks", "--of", "毕业去向落实率")
    assert (code, marks[0]["mark"]) == (0, "{{毕业去向落实率}}")


# Another city


def test_another_city_and_year_writes_by_the_newest_edition(tmp_path: Path):
    made = make_up(7, tmp_path / "city")
    settings = Settings(home=tmp_path / "home", city_dir=made.folder)
    pour(made, settings)
    run_all(settings, made.city, made.years)
    year = made.years[-1]
    folder = made.folder / "narrative" / str(year)
    folder.mkdir(parents=True)
    edition = edition_of(made.city.pack, year)
    for section in edition.sections:
        if section.required:
            words = f"{LONG}{{{{年}}}}年{{{{市}}}}这样做。有专业{{{{专业数}}}}{{{{专业数|较上年}}}}。"
            (folder / f"{section.heading}.md").write_text(words, encoding="utf-8")
    done = confirm_and_release(settings, made.city, year)
    (report,) = done.folder.glob("*.docx")
    assert f"{year}年{made.city.in_year(year).name}这样做。" in body(report.read_bytes())
    assert verify(settings, made.city, load_catalogue(made.city.pack), done.manifest.version).is_equal
