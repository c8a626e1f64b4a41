"""A draft that was edited in Word comes home: words become the narrative's new version, numbers stay marks, the rest is
told. Nothing that a person has written is lost in silence.
"""

import json
import os
import shutil
import subprocess
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from random import Random

import docx
import pytest
from docx.text.paragraph import Paragraph
from hypothesis import HealthCheck, example, given
from hypothesis import settings as effort
from hypothesis import strategies as st
from typer.testing import CliRunner

from orchestration.cli.main import app
from sources.declarations.city import City, load_city
from sources.system.settings import CITIES_ROOT, Settings
from tests.any_city.made_up import make_up, pour
from tests.conftest import run_all
from tests.end_to_end import test_province as province
from tests.release.conftest import YEAR
from tests.support.sample import PACK
from warehouse.catalogue.catalogue import load_catalogue
from warehouse.catalogue.edition import edition_of
from warehouse.release.coming_home.draft_diff import diff_of
from warehouse.release.coming_home.handed_out import HandedOut, NotHandedOutError, handed_out
from warehouse.release.coming_home.merge_home import BroughtHome, bring_home
from warehouse.release.coming_home.take_home import DraftComparison, NotOurDraftError, read_draft, read_returned
from warehouse.release.coming_home.word_items import WordDraft, WordItem
from warehouse.release.draft import write_draft
from warehouse.release.school_reports import write_school_reports
from warehouse.store.connection import open_published

SAMPLE = CITIES_ROOT / "450700"
SHARED = "学校之间有分工"
"""Of 办学定位, second paragraph: with {{职教中心数}}, which prints 3个."""
SCALE = "本年新列入名册的"
"""Of 发展规模, the one paragraph: with {{专业数}}."""
MADE = "毕业去向落实率为"
"""A sentence of 就业质量 that is made of numbers."""


@dataclass(frozen=True)
class Handed:
    """An installation whose draft was handed out."""

    settings: Settings
    city: City
    draft: Path

    @property
    def words(self) -> Path:
        return self.settings.city_dir / "narrative" / str(YEAR)

    def read(self, name: str) -> str:
        return (self.words / name).read_text("utf-8")

    def take(self, *paths: Path, is_tried: bool = False) -> BroughtHome:
        returned = [read_returned(path, self.city, YEAR, self.settings.home) for path in paths]
        return bring_home(returned, self.settings.city_dir, self.settings.today, is_tried)


def drawn_up(settings: Settings, city: City, year: int) -> Path:
    with open_published(settings) as connection:
        paths = write_draft(connection, settings, city, load_catalogue(city.pack), year).paths
    return next(path for path in paths if path.suffix == ".docx")


@pytest.fixture(scope="module")
def once(city_run: Settings, city: City, tmp_path_factory: pytest.TempPathFactory) -> Handed:
    """The sample city in a folder of its own, with a draft of its report."""
    folder = tmp_path_factory.mktemp("handed")
    shutil.copytree(SAMPLE, folder / "city")
    shutil.copytree(city_run.home, folder / "home")
    settings = replace(city_run, home=folder / "home", city_dir=folder / "city")
    return Handed(settings, city, drawn_up(settings, city, YEAR))


@pytest.fixture
def handed(once: Handed, tmp_path: Path) -> Handed:
    """The same with words that a test may change."""
    shutil.copytree(once.settings.city_dir, tmp_path / "city")
    return replace(once, settings=replace(once.settings, city_dir=tmp_path / "city"))


Edit = Callable[["docx.document.Document"], None]


def edited(draft: Path, path: Path, *edits: Edit) -> Path:
    """The draft as python-docx saves it after these edits, in the manner of Word: controls and their tags stay."""
    document = docx.Document(str(draft))
    for edit in edits:
        edit(document)
    document.save(str(path))
    return path


def place(document, words: str) -> Paragraph:
    own = (each for each in document.paragraphs if not each.style.name.startswith("toc"))
    return next(each for each in own if words in "".join(t.text or "" for t in each._p.iter("{*}t")))


def reword(at: str, old: str, new: str) -> Edit:
    def edit(document) -> None:
        text = next(each for each in place(document, at)._p.iter("{*}t") if old in (each.text or ""))
        text.text = text.text.replace(old, new)

    return edit


def retype(at: str, new: str, which: int = 0) -> Edit:
    """Types over the number in a control."""

    def edit(document) -> None:
        control = list(place(document, at)._p.iter("{*}sdt"))[which]
        next(control.iter("{*}t")).text = new

    return edit


def add_before(at: str, text: str) -> Edit:
    return lambda document: place(document, at).insert_paragraph_before(text, "正文段落") and None


def strike(at: str) -> Edit:
    def edit(document) -> None:
        paragraph = place(document, at)._p
        paragraph.getparent().remove(paragraph)

    return edit


def comment(at: str, text: str, author: str = "张三") -> Edit:
    return lambda document: document.add_comment(place(document, at).runs[:1], text=text, author=author) and None


def told(done: BroughtHome) -> str:
    return "\n".join(map(str, done.notes))


# What comes home


def test_a_draft_that_nobody_has_edited_changes_nothing(handed: Handed, tmp_path: Path):
    done = handed.take(handed.draft, edited(handed.draft, tmp_path / "saved.docx"))
    assert (done.written, done.notes, done.comments) == ((), (), ())
    assert not (handed.words / "earlier").exists()


def test_changed_words_are_the_sections_new_version_and_numbers_are_marks_again(handed: Handed, tmp_path: Path):
    before = handed.read("办学定位.md")
    done = handed.take(edited(handed.draft, tmp_path / "a.docx", reword(SHARED, "学校之间有分工", "各校分工明确")))
    assert handed.read("办学定位.md") == before.replace("学校之间有分工", "各校分工明确")
    (written,) = done.written
    assert written.told == ("开头“学校之间有分工”改为“各校分工明确”",)
    assert Path(written.earlier).read_text("utf-8") == before
    assert Path(written.earlier).parent == handed.words / "earlier"
    assert not done.notes


def test_a_number_typed_over_a_mark_is_told_and_the_mark_stays(handed: Handed, tmp_path: Path):
    before = handed.read("办学定位.md")
    done = handed.take(edited(handed.draft, tmp_path / "a.docx", retype(SHARED, "9")))
    assert handed.read("办学定位.md") == before
    (note,) = done.notes
    assert (note.kind, note.file, note.heading) == ("number", "a.docx", "办学定位")
    assert "{{职教中心数}} 印出“3个”，稿上改成“9个”" in note.text
    assert "改学校报送的那一格" in note.text


def test_words_and_a_number_in_one_paragraph_are_taken_apart(handed: Handed, tmp_path: Path):
    done = handed.take(
        edited(handed.draft, tmp_path / "a.docx", reword(SCALE, "比较稳", "一直稳"), retype(SCALE, "88"))
    )
    assert "招生一直稳" in handed.read("发展规模.md")
    assert "{{专业数}}" in handed.read("发展规模.md")
    assert "88" not in handed.read("发展规模.md")
    assert "“88个”" in told(done)


def test_a_made_sentence_that_was_edited_is_told_with_where_words_can_be_written(handed: Handed, tmp_path: Path):
    done = handed.take(
        edited(handed.draft, tmp_path / "a.docx", retype(MADE, "11111"), reword(MADE, "毕业去向落实率为", "落实率高达"))
    )
    assert not done.written
    assert {note.kind for note in done.notes} == {"number", "made"}
    assert "11111" in told(done)
    assert "“为”改为“高达”" in told(done)
    assert "写进 就业质量.md" in told(done)


def test_new_words_go_where_they_were_written_and_struck_ones_go(handed: Handed, tmp_path: Path):
    path = edited(handed.draft, tmp_path / "a.docx", add_before(SHARED, "我们先看需要。"), strike(SCALE))
    done = handed.take(path)
    first, new, last = handed.read("办学定位.md").strip().split("\n\n")
    assert (first[:4], new, last[:7]) == ("钦州靠海", "我们先看需要。", SHARED)
    assert handed.read("发展规模.md").strip() == ""
    assert "{{专业数}}（印出" in told(done)
    assert {each.told[0][:2] for each in done.written} == {"新写", "删去"}


def test_a_section_without_words_gets_a_file(handed: Handed, tmp_path: Path):
    done = handed.take(edited(handed.draft, tmp_path / "a.docx", add_before("创新创业", "大家都在找工作。")))
    assert handed.read("就业质量.md").endswith("大家都在找工作。\n")  # below the words that stand there
    at = "在校生满意度为"
    done = handed.take(edited(handed.draft, tmp_path / "b.docx", add_before(at, "**这**里#说。")))
    assert handed.read("在校体验.md") == "[[*]][[*]]这[[*]][[*]]里[[#]]说。\n"
    assert [each.earlier for each in done.written] == [""]


def test_a_moved_sentence_takes_its_mark_along_and_a_copied_number_is_told_by_the_look_over(
    handed: Handed, tmp_path: Path
):
    def move(document) -> None:
        paragraph = place(document, SHARED)
        text = "".join(each.text or "" for each in paragraph._p.iter("{*}t"))
        place(document, "钦州靠海").insert_paragraph_before(text, "正文段落")
        paragraph._p.getparent().remove(paragraph._p)

    done = handed.take(edited(handed.draft, tmp_path / "a.docx", move))
    assert handed.read("办学定位.md").startswith(SHARED)
    assert "{{职教中心数}}" in handed.read("办学定位.md")
    assert not done.notes


def test_bold_words_and_marks_that_somebody_typed_are_taken_as_such(handed: Handed, tmp_path: Path):
    def bold(document) -> None:
        place(document, SCALE).add_run("要紧").bold = True
        place(document, SCALE).add_run("的是{{毕业生数}}和[[2012]]。")

    handed.take(edited(handed.draft, tmp_path / "a.docx", bold))
    assert handed.read("发展规模.md").strip().endswith("**要紧**的是{{毕业生数}}和[[2012]]。")


def test_what_has_no_place_in_the_narrative_is_told(handed: Handed, tmp_path: Path):
    def edit(document) -> None:
        document.tables[0].rows[1].cells[1].paragraphs[0].add_run("改")
        document.tables[0].add_row().cells[0].text = "新的一行"
        place(document, "附表").insert_paragraph_before("附表前面的话", "Heading 2")
        document.add_picture(str(handed.words / "cases" / "坭兴陶示意图.png"))

    done = handed.take(
        edited(handed.draft, tmp_path / "a.docx", edit, reword("案例1", "一块泥", "一团泥"), strike(MADE))
    )
    found = told(done)
    for wanted in ("表里的一行改了", "新的一行", "附表前面的话", "1 张图片", "案例的标题", "删去了 1 处生成的内容"):
        assert wanted in found
    assert not done.written


def test_tracked_changes_are_read_as_accepted_and_it_is_said(handed: Handed, tmp_path: Path):
    def track(document) -> None:
        run = place(document, SCALE).runs[0]._r
        insertion = run.makeelement(run.tag.replace("}r", "}ins"), {})
        run.addnext(insertion)
        added = docx.oxml.parse_xml(f'<w:r xmlns:w="{run.nsmap["w"]}"><w:t>有人插了一句。</w:t></w:r>')
        insertion.append(added)

    done = handed.take(edited(handed.draft, tmp_path / "a.docx", track))
    assert "有人插了一句。" in handed.read("发展规模.md")
    assert [note.kind for note in done.notes] == ["tracked"]


def test_comments_are_listed_kept_and_printed_again_in_the_next_draft(handed: Handed, tmp_path: Path):
    edits = (comment(SCALE, "这里要补数据"), comment(MADE, "和去年比呢", "李四"))
    path = edited(handed.draft, tmp_path / "a.docx", *edits)
    done = handed.take(path)
    assert {line for _, line in done.comments} == {
        f"发展规模：张三 在“{SCALE}是一所筹建中的民办学校，已有教师，还没有学生。县里的学校离家近、”处：这里要补数据",
        next(line for _, line in done.comments if "李四" in line),
    }
    assert handed.take(path).comments  # read again, and not kept twice
    assert handed.read("comments/发展规模.md").count("这里要补数据") == 1
    again = drawn_up(handed.settings, handed.city, YEAR)
    found = {(each.author, each.said) for each in read_draft(again).comments}
    assert found == {("张三", "这里要补数据"), ("李四", "和去年比呢")}
    assert handed.take(again).comments == ()


def test_trying_writes_nothing(handed: Handed, tmp_path: Path):
    edits = (reword(SCALE, "比较稳", "一直稳"), comment(SCALE, "好"))
    done = handed.take(edited(handed.draft, tmp_path / "a.docx", *edits), is_tried=True)
    assert done.written
    assert "比较稳" in handed.read("发展规模.md")
    assert not (handed.words / "comments").exists()


# Two editors


def test_two_editors_sections_merge_and_what_both_changed_is_left_to_people(handed: Handed, tmp_path: Path):
    before = handed.read("就业质量.md")
    one = edited(
        handed.draft, tmp_path / "甲.docx", reword(SCALE, "比较稳", "一直稳"), reword("摸底", "开始摸底", "就摸底")
    )
    two = edited(
        handed.draft, tmp_path / "乙.docx", reword(SHARED, "分工", "合作"), reword("摸底", "开始摸底", "先摸底")
    )
    done = handed.take(one, two)
    assert "一直稳" in handed.read("发展规模.md")
    assert "学校之间有合作" in handed.read("办学定位.md")
    assert handed.read("就业质量.md") == before
    (note,) = done.notes
    assert (note.kind, note.heading) == ("conflict", "就业质量")
    assert "“开始”改为“就”" in note.text
    assert "“开始”改为“先”" in note.text
    kept = {path.name: path.read_text("utf-8") for path in (handed.words / "unmerged").iterdir()}
    assert kept["就业质量（甲）.md"] == before.replace("开始摸底", "就摸底")
    assert kept["就业质量（乙）.md"] == before.replace("开始摸底", "先摸底")


def test_the_second_editor_who_comes_later_overwrites_nobody(handed: Handed, tmp_path: Path):
    one = edited(handed.draft, tmp_path / "甲.docx", reword(SCALE, "比较稳", "一直稳"))
    two = edited(handed.draft, tmp_path / "乙.docx", reword(SCALE, "比较稳", "不太稳"))
    handed.take(one)
    assert handed.take(one).same
    done = handed.take(two)
    assert "一直稳" in handed.read("发展规模.md")
    assert "草稿发出以后" in told(done)
    assert "“比较”改为“不太”" in told(done)


# Through LibreOffice

MACRO = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE script:module PUBLIC "-//OpenOffice.org//DTD OfficeDocument 1.0//EN" "module.dtd">
<script:module xmlns:script="http://openoffice.org/2000/script" script:name="Module1" script:language="StarBasic">
Sub Edit(source, target)
  Dim hidden(0) As New com.sun.star.beans.PropertyValue
  hidden(0).Name = "Hidden" : hidden(0).Value = True
  doc = StarDesktop.loadComponentFromURL(ConvertToUrl(source), "_blank", 0, hidden())
  Dim old, neu
  old = Array({old})
  neu = Array({new})
  For i = 0 To UBound(old)
    search = doc.createReplaceDescriptor()
    search.SearchString = old(i) : search.ReplaceString = neu(i)
    doc.replaceAll(search)
  Next
  find = doc.createSearchDescriptor()
  find.SearchString = "{before}"
  found = doc.findFirst(find)
  If Not IsNull(found) Then
    cursor = found.Text.createTextCursorByRange(found.End)
    cursor.goRight(1, False)
    cursor.goRight(1, True)
    cursor.setString("{typed}")
  End If
  find.SearchString = "{at}"
  found = doc.findFirst(find)
  note = doc.createInstance("com.sun.star.text.textfield.Annotation")
  note.Author = "王五" : note.Content = "{said}"
  found.Text.insertTextContent(found.End, note, False)
  Dim kind(0) As New com.sun.star.beans.PropertyValue
  kind(0).Name = "FilterName" : kind(0).Value = "MS Word 2007 XML"
  doc.storeToURL(ConvertToUrl(target), kind())
  doc.close(True)
End Sub
</script:module>
"""
LIBRARY = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE library:library PUBLIC "-//OpenOffice.org//DTD OfficeDocument 1.0//EN" "library.dtd">
<library:library xmlns:library="http://openoffice.org/2000/library" library:name="Standard" library:readonly="false"
 library:passwordprotected="false"><library:element library:name="Module1"/></library:library>
"""


def edited_in_office(
    draft: Path, folder: Path, replaced: dict[str, str], at: str, said: str, before: str = "", typed: str = ""
) -> Path:
    """The draft as LibreOffice saves it after these replacements and one comment, made in the open document; behind the
    words `before` a digit in a control is typed over."""
    office, source, target = folder / "office", folder / "draft.docx", folder / "returned.docx"
    shutil.copyfile(draft, source)
    subprocess.run(
        ["soffice", f"-env:UserInstallation={office.as_uri()}", "--headless", "--terminate_after_init"],
        capture_output=True,
        timeout=300,
    )
    basic = office / "user" / "basic" / "Standard"
    basic.mkdir(parents=True, exist_ok=True)
    listed = {
        name: ", ".join(f'"{each}"' for each in words)
        for name, words in (("old", replaced), ("new", replaced.values()))
    }
    macro = MACRO
    for name, value in (listed | {"at": at, "said": said, "before": before or "没有这句", "typed": typed}).items():
        macro = macro.replace(f"{{{name}}}", value)
    (basic / "Module1.xba").write_text(macro, encoding="utf-8")
    (basic / "script.xlb").write_text(LIBRARY, encoding="utf-8")
    call = f'macro:///Standard.Module1.Edit("{source}","{target}")'
    command = ["soffice", f"-env:UserInstallation={office.as_uri()}", "--headless", "--norestore", call]
    for _ in range(3):  # it may die by itself on a machine under load; what it saves is tried here, not that it lives
        ended = subprocess.run(command, capture_output=True, timeout=300)
        if ended.returncode == 0 and target.exists():
            return target
        target.unlink(missing_ok=True)
    raise AssertionError(f"LibreOffice: {ended.returncode} {ended.stderr[-300:]!r}")


@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice 没有安装，不能由它改")
def test_a_draft_edited_in_libreoffice_comes_home(handed: Handed, tmp_path: Path):
    replaced = {
        "学校之间有分工": "各校分工明确",
        "毕业去向落实率为": "落实率高达",
        "先去企业看岗位": "先去车间看岗位",
    }
    path = edited_in_office(handed.draft, tmp_path, replaced, "招生比较稳", "哪几所学校？", "，全市有职教中心", "9")
    assert not [item for item in read_draft(path).items for span in item.numbers if span.tag]  # it drops the tags
    before = handed.read("办学定位.md"), handed.read("就业质量.md")
    done = handed.take(path)
    assert handed.read("办学定位.md") == before[0].replace("学校之间有分工", "各校分工明确")
    assert handed.read("就业质量.md") == before[1].replace("先去企业看岗位", "先去车间看岗位")
    assert {(note.kind, note.heading) for note in done.notes} == {("number", "办学定位"), ("made", "就业质量")}
    assert "印出“3个”，稿上改成“9个”" in told(done)
    assert [line for _, line in done.comments if "王五" in line and "哪几所学校？" in line]


@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice 没有安装，不能由它存")
def test_what_libreoffice_does_to_a_draft_by_itself_is_no_change(handed: Handed, tmp_path: Path):
    path = edited_in_office(handed.draft, tmp_path, {"没有这句话": "也没有"}, "招生比较稳", "好")
    assert diff_of(handed.draft, path) == ()
    done = handed.take(path)
    assert (done.written, done.notes) == ((), ())


# What changed between two drafts


def test_a_diff_tells_words_and_numbers_apart(handed: Handed, tmp_path: Path):
    path = edited(
        handed.draft,
        tmp_path / "a.docx",
        reword(SCALE, "比较稳", "一直稳"),
        retype(MADE, "11111"),
        add_before(SHARED, "多了一段。"),
    )
    found = {each.heading: (each.numbers, each.words) for each in diff_of(handed.draft, path)}
    assert found["发展规模"] == ((), ("“…校离家近、专业对路，招生”之后“比较”改为“一直”",))
    ((number,), words) = found["就业质量"]
    assert number.endswith("→ 11111")
    assert f"·钦州市·{YEAR}年·" in number
    assert words == ()
    assert found["办学定位"] == ((), ("新增一段：“多了一段。”",))


# Files that are not ours


def with_bytes(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def without_key(document) -> None:
    document.core_properties.keywords = ""


def of_another_year(document) -> None:
    document.core_properties.title = document.core_properties.title.replace(str(YEAR), "2031")


def of_elsewhere(document) -> None:
    document.core_properties.keywords = f"nianbao {'a' * 64}"


STRANGE: dict[str, tuple[Callable[[Handed, Path], Path], str]] = {
    "no zip": (lambda handed, path: with_bytes(path, b"PK\x03\x04 broken"), "不能作为 .docx 文档打开"),
    "none": (lambda handed, path: path, "没有这个文件"),
    "nothing": (lambda handed, path: with_bytes(path, b""), "不能作为 .docx 文档打开"),
    "another document": (lambda handed, path: docx.Document().save(str(path)) or path, "不是 nianbao 生成的年报"),
    "a report without a key": (lambda handed, path: edited(handed.draft, path, without_key), "“关键词”里没有"),
    "another year's": (lambda handed, path: edited(handed.draft, path, of_another_year), "2031 年度"),
    "another installation's": (lambda handed, path: edited(handed.draft, path, of_elsewhere), "没有留着这份草稿"),
    "too large": (lambda handed, path: with_bytes(path, handed.draft.read_bytes() + b"0" * 25_000_000), "太大"),
}


@pytest.mark.parametrize("what", STRANGE)
def test_a_file_that_is_no_draft_of_ours_is_refused_with_a_sentence(what: str, handed: Handed, tmp_path: Path):
    make, why = STRANGE[what]
    path = make(handed, tmp_path / "来.docx")
    with pytest.raises((NotOurDraftError, NotHandedOutError), match=why):
        handed.take(path)


def test_one_that_unfolds_beyond_measure_is_refused(handed: Handed, tmp_path: Path):
    path = tmp_path / "来.docx"
    with zipfile.ZipFile(handed.draft) as source, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            data = source.read(name)
            target.writestr(name, data.replace(b"<w:body>", b"<w:body>" + b"<w:p/>" * 9_000_000, 1))
    with pytest.raises(NotOurDraftError, match="文件过大"):
        handed.take(path)


# None is lost

STRANGE_WORDS = "鑫犇森淼焱垚骉羴"
SIGNS_OF = "麤龘"


@cache
def _handed_of(home: Path) -> HandedOut:
    (name, *_) = sorted(path.name for path in (home / "handed_out").iterdir())
    return handed_out(name.partition(".")[0], home)


def _plain(item: WordItem, text: str, keeps_tags: bool) -> WordItem:
    """An item with another text; what stands in controls before the change stays in them."""
    same = 0
    while same < min(len(text), len(item.text)) and text[same] == item.text[same]:
        same += 1
    numbers = tuple(span for span in item.numbers if span.end <= same) if keeps_tags else ()
    return replace(item, text=text, numbers=numbers, bold=(), slanted=())


def _edit_at_random(handed: HandedOut, random: Random, count: int, who: int = 0) -> tuple[WordDraft, list[str]]:
    """A draft after some edits, each with a word or a number that stands nowhere else."""
    items: list[WordItem | None] = list(handed.items)
    own = [each.item for each in handed.own if each.item is not None]
    keeps_tags = random.random() < 0.5
    signs, added = [], dict[int, list[WordItem]]()
    places = random.sample(range(len(items)), count // 2) + random.sample(own, min(count, len(own)))
    for number, at in enumerate(dict.fromkeys(places)):
        item, word = items[at], SIGNS_OF[who] + STRANGE_WORDS[number % 8] * (3 + number // 8) + SIGNS_OF[who]
        assert item is not None
        numerals = list(item.numbers)
        what = random.choice(["word", "number", "insert", "replace", "word"])
        if item.is_heading:
            what = "insert"
        if what == "number" and numerals:
            span, typed = random.choice(numerals), str(777_000 + 1_000 * who + number)
            text = item.text[: span.start] + typed + item.text[span.end :]
            items[at] = _plain(item, text, keeps_tags)
            signs.append(typed)
        elif what == "insert":
            added.setdefault(at, []).append(WordItem("text", f"{word}这样写。", "正文段落"))
            signs.append(word)
        elif what == "replace":
            items[at] = replace(_plain(item, f"全都换成{word}。", keeps_tags), kind=item.kind)
            signs.append(word)
        else:
            cut = random.randrange(len(item.text) + 1)
            items[at] = _plain(item, item.text[:cut] + word + item.text[cut:], keeps_tags)
            signs.append(word)
    final = [each for at, item in enumerate(items) for each in ([item] if item else []) + added.get(at, [])]
    return WordDraft(handed.title, "", tuple(final)), signs


@effort(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10**6), count=st.integers(1, 8))
@example(seed=1, count=8)
def test_no_edit_is_lost(once: Handed, seed: int, count: int):
    handed = _handed_of(once.settings.home)
    draft, signs = _edit_at_random(handed, Random(seed), count)
    returned = DraftComparison(handed, "a.docx", draft).returned()
    home = "\n".join(change.after for change in returned.changes)
    said = home + "\n".join(map(str, returned.notes)) + "\n".join(each for c in returned.changes for each in c.told)
    assert [sign for sign in signs if sign not in said] == []
    marks = [piece for each in handed.own for piece in each.pieces if piece.kind == "mark"]
    for change in returned.changes:
        for piece in (piece for piece in marks if piece.source in change.before):
            kept = change.after.count(piece.source) >= change.before.count(piece.source)
            assert kept or piece.source in said.replace(home, ""), (change, piece)


# A gap, a region, more at random


def test_words_written_over_a_gap_or_behind_it_are_the_sections_first(handed: Handed, tmp_path: Path):
    for name in ("应对措施.md", "项目推进.md"):
        (handed.words / name).unlink()
    draft = drawn_up(handed.settings, handed.city, YEAR)

    def fill(document) -> None:
        behind, over = place(document, "【此处缺：应对措施"), place(document, "【此处缺：项目推进")
        behind.add_run("先把教师配齐。")
        over.clear()
        over.add_run("项目都按期开工。")

    done = handed.take(edited(draft, tmp_path / "a.docx", fill))
    assert handed.read("应对措施.md") == "先把教师配齐。\n"
    assert handed.read("项目推进.md") == "项目都按期开工。\n"
    assert not done.notes


def test_a_file_that_cannot_be_read_is_written_over_by_nobody(handed: Handed, tmp_path: Path):
    path = edited(handed.draft, tmp_path / "a.docx", reword(SCALE, "比较稳", "一直稳"))
    (handed.words / "发展规模.md").write_bytes("甲乙".encode("gbk"))
    done = handed.take(path)
    assert (handed.words / "发展规模.md").read_bytes() == "甲乙".encode("gbk")
    assert [note.kind for note in done.notes] == ["conflict"]


def test_a_region_within_has_its_words_taken_to_its_own_folder(small_province: Settings, tmp_path: Path):
    shutil.copytree(small_province.city_dir, tmp_path / "city")
    shutil.copytree(small_province.home, tmp_path / "home")
    settings = replace(small_province, home=tmp_path / "home", city_dir=tmp_path / "city")
    city, year = load_city(settings.city_dir), province.YEARS[-1]
    code = next(each.code for each in city.in_year(year).regions if each.code != city.code)
    with open_published(settings) as connection:
        paths = write_draft(connection, settings, city, load_catalogue(city.pack), year, code).paths
    draft = next(path for path in paths if path.suffix == ".docx" and "编写提示" not in path.name)
    items = read_draft(draft).items
    under = next(at for at, item in enumerate(items) if item.style == "Heading 2" and items[at + 1].style == "正文段落")
    path = edited(draft, tmp_path / "a.docx", add_before(items[under + 1].text[:25], "我们这里这样做。"))
    done = bring_home([read_returned(path, city, year, settings.home)], settings.city_dir, settings.today)
    assert done.written, told(done)
    (written,) = done.written
    assert f"regions/{code}/" in written.file
    assert Path(written.file).read_text("utf-8") == "我们这里这样做。\n"


@effort(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10**6), count=st.integers(1, 6))
def test_of_two_editors_no_edit_is_lost(once: Handed, tmp_path_factory, seed: int, count: int):
    handed, folder = _handed_of(once.settings.home), tmp_path_factory.mktemp("two")
    shutil.copytree(once.settings.city_dir / "narrative", folder / "narrative")
    drafts = [_edit_at_random(handed, Random(seed + at), count, at) for at in range(2)]
    returned = [DraftComparison(handed, f"{at}.docx", draft).returned() for at, (draft, _) in enumerate(drafts)]
    done = bring_home(returned, folder, once.settings.today)
    said = "\n".join(map(str, done.notes)) + "\n".join(line for each in done.written for line in each.told)
    home = "\n".join(path.read_text("utf-8") for path in (folder / "narrative" / str(YEAR)).rglob("*.md"))
    assert [sign for _, signs in drafts for sign in signs if sign not in said + home] == []


@effort(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10**6))
def test_what_is_struck_or_moved_is_told_or_comes_home(once: Handed, seed: int):
    handed, random = _handed_of(once.settings.home), Random(seed)
    items = list(handed.items)
    struck = random.sample(range(len(items)), 3)
    own = [each for each in handed.own if each.item is not None]
    moved = random.choice(own)
    assert moved.item is not None
    kept = [item for at, item in enumerate(items) if at not in struck and at != moved.item]
    target = random.choice(own).item
    assert target is not None
    place = next((at for at, item in enumerate(kept) if item is items[target]), len(kept) - 1)
    kept.insert(place, items[moved.item])
    returned = DraftComparison(handed, "a.docx", WordDraft(handed.title, "", tuple(kept))).returned()
    said = "\n".join(map(str, returned.notes)) + "\n".join(each for c in returned.changes for each in c.told)
    for at in struck:
        if at != moved.item and not items[at].text.startswith("【此处"):
            assert items[at].text[:20] in said, items[at].text
    home = "\n".join(change.after for change in returned.changes)
    unchanged = set(handed.files) - {change.name for change in returned.changes}
    left = home + "\n".join(handed.files[name] for name in unchanged)
    for piece in (piece for piece in moved.pieces if piece.kind == "mark" and moved.item not in struck):
        assert piece.source in left or piece.source in said


# The commands


def asked(handed: Handed, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> tuple[int, str]:
    for name, value in (("HOME", handed.settings.home), ("CITY", handed.settings.city_dir)):
        monkeypatch.setitem(os.environ, f"NIANBAO_{name}", str(value))
    done = CliRunner().invoke(app, list(arguments))
    return done.exit_code, done.stdout


def test_the_commands_take_drafts_home_and_compare_them(
    handed: Handed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    path = str(edited(handed.draft, tmp_path / "a.docx", reword(SCALE, "比较稳", "一直稳"), comment(SCALE, "好")))
    code, found = asked(handed, monkeypatch, "narrative", str(YEAR), "--take", path, "--dry-run")
    assert code == 3
    assert "会写：" in found
    code, found = asked(handed, monkeypatch, "narrative", str(YEAR), "--take", path, "--json")
    assert (code, len(json.loads(found)["written"])) == (3, 1)
    assert "一直稳" in handed.read("发展规模.md")
    assert asked(handed, monkeypatch, "documents", "--diff", str(handed.draft), str(handed.draft))[0] == 0
    code, found = asked(handed, monkeypatch, "documents", "--diff", str(handed.draft), path, "--json")
    assert (code, json.loads(found)[0]["heading"]) == (3, "发展规模")
    assert asked(handed, monkeypatch, "documents")[0] == 2
    assert asked(handed, monkeypatch, "narrative", str(YEAR), "--dry-run")[0] == 2


# A school's own report, and another city


def test_a_schools_own_words_come_home_to_the_schools_folder(handed: Handed, tmp_path: Path):
    with open_published(handed.settings) as connection:
        done = write_school_reports(
            connection, handed.settings, handed.city, load_catalogue(PACK), YEAR, "钦州市卫生学校"
        )
    (report,) = done.reports
    draft = next(path for path in report.paths if path.suffix == ".docx")
    items = read_draft(draft).items
    under = next(at for at, item in enumerate(items) if item.style == "Heading 2" and items[at + 1].style == "正文段落")
    path = edited(draft, tmp_path / "a.docx", add_before(items[under + 1].text[:8], "我校这样做。"))
    home = handed.take(path)
    (written,) = home.written
    assert f"schools/{report.school}/" in written.file
    assert Path(written.file).read_text("utf-8") == "我校这样做。\n"


def test_another_citys_draft_comes_home_with_its_marks(tmp_path: Path):
    made = make_up(7, tmp_path / "city")
    settings = Settings(home=tmp_path / "home", city_dir=made.folder)
    pour(made, settings)
    run_all(settings, made.city, made.years)
    year = made.years[-1]
    folder = made.folder / "narrative" / str(year)
    folder.mkdir(parents=True)
    section = next(each for each in edition_of(made.city.pack, year).sections if each.required)
    words = "{{年}}年{{市}}这样做。有专业{{专业数}}{{专业数|较上年}}。\n\n1. 先学\n\n2. 后做\n"
    (folder / f"{section.heading}.md").write_text(words, encoding="utf-8")
    draft = drawn_up(settings, made.city, year)
    path = edited(
        draft, tmp_path / "a.docx", reword("这样做。", "这样做", "一直这样做"), reword("2. 后做", "后做", "再做")
    )
    returned = read_returned(path, made.city, year, settings.home)
    done = bring_home([returned], settings.city_dir, settings.today)
    assert len(done.written) == 1
    assert (folder / f"{section.heading}.md").read_text("utf-8") == (
        words.replace("这样做", "一直这样做").replace("后做", "再做")
    )
