"""A Word file comes back with a comment at each number that somebody has to look at, and with its text as it was."""

import os
import random
import shutil
import subprocess
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import docx
import pytest
from docx.opc.packuri import PackURI
from docx.opc.part import Part
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls
from typer.testing import CliRunner

from orchestration.cli.main import app
from sources.declarations.city import load_city
from sources.system.settings import PROJECT_ROOT, Settings
from tests.support.sample import PACK
from warehouse.catalogue.catalogue import load_catalogue
from warehouse.reconcile.answers import AUTHOR, EXTENDED, OF_EXTENDED, PARA_ID, marked_text
from warehouse.reconcile.commented_word import NOT_PLACED, commented_word
from warehouse.reconcile.reading.report_file import read_document
from warehouse.reconcile.reconcile import reconcile_file
from warehouse.reconcile.verdicts import Reconciliation

THREE_SCHOOLS = load_city(PROJECT_ROOT / "tests" / "cities" / "three_schools")
YEAR = 2031
SENTENCES = (
    "全市中职学校{schools}所，其中公办{public}所，民办{private}所。",
    "全市有中等职业学校 {schools} 所（公办 {public} 所、民办 {private} 所）。",
    "２０３１年，全市中职学校{schools}所，公办学校{public}所，民办学校{private}所。",
)
"""Manners of writing; a wrong number of private schools contradicts the other two."""


SCHOOLS = ("第一职业学校", "第二职业学校", "第三技工学校")


def in_runs(paragraph: Any, text: str, drawn: random.Random) -> None:
    """Writes a text as Word leaves it: in runs that begin anywhere, some bold."""
    while text:
        length = drawn.randint(1, 12)
        paragraph.add_run(text[:length]).bold = drawn.random() < 0.3
        text = text[length:]


def written(folder: Path, seed: int) -> Path:
    """A report of some paragraphs without an error, one with, and a table with a wrong total."""
    drawn = random.Random(seed)
    document = docx.Document()
    document.add_heading("1.2 学生规模", 2)
    for _ in range(drawn.randint(0, 3)):
        held, people = drawn.randint(2, 99), drawn.randint(100, 999)
        in_runs(document.add_paragraph(), f"全市组织教师培训{held}场，共{people}人次。", drawn)
    sentence = drawn.choice(SENTENCES).format(schools=3, public=2, private=2)
    in_runs(document.add_paragraph(), sentence, drawn)
    document.add_paragraph("表1.2-1 各校情况")
    table = document.add_table(5, 3, style="Table Grid")
    students = [drawn.randint(100, 3000) for _ in range(3)]
    rows = [("学校名称", "全日制在校生数（人）", "专任教师数（人）")]
    rows += [(name, str(count), str(20 + n)) for n, (name, count) in enumerate(zip(SCHOOLS, students, strict=True))]
    rows += [("合计", str(sum(students) + 10), "63")]
    for cells, row in zip(table.rows, rows, strict=True):
        for cell, text in zip(cells.cells, row, strict=True):
            in_runs(cell.paragraphs[0], text, drawn)
    path = folder / "report.docx"
    document.save(str(path))
    return path


def reconciled(path: Path) -> Reconciliation:
    return reconcile_file(None, THREE_SCHOOLS, load_catalogue(PACK), path, YEAR)


def comments(path: Path) -> list[tuple[str, str]]:
    """What each comment stands at, and what it says."""
    document = docx.Document(str(path))
    return [(marked_text(document.element.body, each.comment_id), each.text) for each in document.comments]


def commented(path: Path, result: Reconciliation) -> Path:
    target = path.with_name("commented.docx")
    target.write_bytes(commented_word(path, result))
    return target


def wanted(result: Reconciliation) -> Sequence[dict[str, Any]]:
    """The rows of which something has to be said."""
    return [
        row
        for row in result.frame.to_dicts()
        if row["is_suspected"] or row["broken_relations"] or row["verdict"] in ("differs", "truncated", "contradicts")
    ]


@pytest.mark.parametrize("seed", range(8))
def test_each_number_in_question_has_its_comment_and_the_text_is_as_it_was(seed: int, tmp_path: Path):
    path = written(tmp_path, seed)
    result = reconciled(path)
    target = commented(path, result)
    assert read_document(target) == read_document(path)
    told = comments(target)
    rows = wanted(result)
    assert len(rows) >= 4
    assert ["".join(at.split()).translate(HALF_WIDTH) for at, _ in told] == [row["printed"] for row in rows]
    for (_, said), row in zip(told, rows, strict=True):
        assert "请" in said
        assert (row["explanation"] or "") in said
    assert {each.author for each in docx.Document(str(target)).comments} == {AUTHOR}


HALF_WIDTH = {ord("０") + n: str(n) for n in range(10)}


def test_a_tracked_change_and_a_text_box_get_their_comment_where_they_stand(tmp_path: Path):
    document = docx.Document()
    for xml in (
        "<w:p><w:r><w:t>全市中职学校3所，其中公办2所，民办</w:t></w:r><w:del><w:r><w:delText>1</w:delText></w:r></w:del>"
        "<w:ins w:id='9' w:author='甲'><w:r><w:t>2所</w:t></w:r></w:ins><w:r><w:t>。</w:t></w:r></w:p>",
    ):
        document.element.body.insert(0, parse_xml(xml.replace("<w:p>", f"<w:p {nsdecls('w')}>", 1)))
    path = tmp_path / "report.docx"
    document.save(str(path))
    told = comments(commented(path, reconciled(path)))
    assert [at for at, _ in told] == ["3所", "2所", "2所"]


def test_what_stands_in_a_footnote_is_told_at_the_beginning(tmp_path: Path):
    path = written(tmp_path, 1)
    result = reconciled(path)
    elsewhere = Reconciliation(
        result.source, YEAR, result.frame, "", result.owner, blocks=tuple(10_000 for _ in result.blocks)
    )
    ((_, said),) = comments(commented(path, elsewhere))
    assert said.startswith(NOT_PLACED)
    assert all(row["figure_id"] in said for row in wanted(result))


def test_a_report_without_anything_to_say_has_no_comment(tmp_path: Path):
    document = docx.Document()
    document.add_paragraph("全市中职学校3所，其中公办2所，民办1所。")
    path = tmp_path / "report.docx"
    document.save(str(path))
    assert comments(commented(path, reconciled(path))) == []


@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice 没有安装，不能由它打开")
def test_an_office_opens_it_with_its_comments(tmp_path: Path):
    path = written(tmp_path, 2)
    target = commented(path, reconciled(path))
    command = ["soffice", f"-env:UserInstallation={(tmp_path / 'office').as_uri()}", "--headless"]
    command += ["--convert-to", "docx:MS Word 2007 XML", "--outdir", str(tmp_path / "saved"), str(target)]
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    saved = docx.Document(str(tmp_path / "saved" / "commented.docx"))
    assert sorted(each.text for each in saved.comments) == sorted(said for _, said in comments(target))


def answered(path: Path, number: int, reply: str, is_done: bool) -> None:
    """Answers one of the comments as Word writes it: a comment of its own, and an entry that ties both together."""
    document = docx.Document(str(path))
    for each in document.comments:
        for paragraph in each._comment_elm.iter("{*}p"):
            paragraph.set(PARA_ID, f"{each.comment_id + 1:08X}")
    own = f"{number + 1:08X}"
    entries = f'<w15:commentEx w15:paraId="{own}" w15:done="{int(is_done)}"/>'
    if reply:
        added = document.add_comment(document.paragraphs[-1].add_run(""), text=reply, author="张三")
        added.paragraphs[-1]._p.set(PARA_ID, f"{added.comment_id + 1:08X}")
        entries += f'<w15:commentEx w15:paraId="{added.comment_id + 1:08X}" w15:paraIdParent="{own}" w15:done="0"/>'
    xml = f'<w15:commentsEx xmlns:w15="{EXTENDED.strip("{}")}">{entries}</w15:commentsEx>'
    kind = "application/vnd.openxmlformats-officedocument.wordprocessingml.commentsExtended+xml"
    part = Part(PackURI("/word/commentsExtended.xml"), kind, xml.encode(), document.part.package)
    document.part.relate_to(part, f"http://schemas.microsoft.com/office/2011/relationships{OF_EXTENDED}")
    document.save(str(path))


@pytest.mark.parametrize(("reply", "is_done"), [("以年鉴为准，不改。", False), ("", True), ("已核对。", True)])
def test_what_its_author_answers_is_read_again_and_stays(reply: str, is_done: bool, tmp_path: Path):
    path = written(tmp_path, 3)
    target = commented(path, reconciled(path))
    before = comments(target)
    answered(target, next(iter(docx.Document(str(target)).comments)).comment_id, reply, is_done)
    again = reconciled(target)
    (told,) = [each for each in again.answers if each.replies or each.is_done]
    assert (told.at, told.said) == before[0]
    assert told.replies == ((("张三", reply),) if reply else ())
    assert told.is_done == is_done
    assert "对上次批注的答复（1 条" in again.memo
    assert (reply or "没有写") in again.memo
    assert ("已标为解决" in again.memo) == is_done
    returned = tmp_path / "returned.docx"
    returned.write_bytes(commented_word(target, again))
    said = [text for _, text in comments(returned) if text != reply]
    assert sorted(said) == sorted([before[0][1], *(text for _, text in before)]), "what was answered stays"


def test_comments_of_others_stay(tmp_path: Path):
    path = written(tmp_path, 4)
    document = docx.Document(str(path))
    document.add_comment(document.paragraphs[0].runs, text="标题用黑体。", author="李四")
    document.save(str(path))
    result = reconciled(path)
    assert result.answers == ()
    told = docx.Document(str(commented(path, result))).comments
    assert ("李四", "标题用黑体。") in [(each.author, each.text) for each in told]


def test_done_again_it_says_each_thing_once(tmp_path: Path):
    path = written(tmp_path, 5)
    once = commented(path, reconciled(path))
    twice = tmp_path / "twice.docx"
    twice.write_bytes(commented_word(once, reconciled(once)))
    assert comments(twice) == comments(once)


def test_where_comments_cannot_be_written_the_memo_is_and_says_so(
    fresh_copy: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """The part in which Word keeps answers is broken: the report itself can be read."""
    path = written(tmp_path, 6)
    target = commented(path, reconciled(path))
    answered(target, 0, "", is_done=False)
    broken = tmp_path / "broken.docx"
    with zipfile.ZipFile(target) as source, zipfile.ZipFile(broken, "w") as into:
        for name in source.namelist():
            into.writestr(name, b"<broken" if name.endswith("commentsExtended.xml") else source.read(name))
    monkeypatch.setitem(os.environ, "NIANBAO_HOME", str(fresh_copy.home))
    monkeypatch.setitem(os.environ, "NIANBAO_CITY", str(fresh_copy.city_dir))
    done = CliRunner().invoke(app, ["reconcile", "--published", str(broken), "--year", "2023"])
    assert done.exit_code in (0, 3), done.output
    assert "批注稿没有写成" in done.output
    assert (fresh_copy.home / "reconciliation" / "2023" / "broken.md").exists()
