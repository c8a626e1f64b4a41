"""Comments as each program writes them: what a person wrote is read, nothing else, and a bad one harms no file."""

import subprocess
import zipfile
from collections.abc import Mapping
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from shutil import which
from time import process_time

import openpyxl
import pytest
from openpyxl.comments import Comment

from sources.declarations.city import load_city
from sources.read import comments, inspection
from sources.read.comments import LONGEST, MOST_BYTES
from sources.read.read_workbook import read_workbook
from sources.sample.pour import load_samples
from sources.submission.submission import Submission
from sources.system.settings import CITIES_ROOT
from sources.write.template import build_workbook
from tests.conftest import BUREAU, NURSING_SCHOOL

CITY = load_city(CITIES_ROOT / "450700")
SHEET, LABEL, VALUE, HINT = "学生情况", "B6", "E6", "F6"
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
NOTE = f"{OFFICE}/comments"
THREAD = "http://schemas.microsoft.com/office/2017/10/relationships/threadedComment"
LEARN_MORE = "https://go.microsoft.com/fwlink/?linkid=870924"
PLACEHOLDERS = (
    f"[Threaded comment]\n\nYour version of Excel allows you to read this threaded comment; however, any edits to it"
    f" will get removed if the file is opened in a newer version of Excel. Learn more: {LEARN_MORE}\n\nComment:\n"
    "    暂按学籍数\nReply:\n    待核",
    f"[线程批注]\n\n你的Excel版本可读取此线程批注; 但如果在更新版本的Excel中打开文件，则对批注所作的任何改动"
    f"都将被删除。了解详细信息: {LEARN_MORE}\n\n注释:\n    暂按学籍数\n答复:\n    待核",
)


@lru_cache
def poured(code: str = NURSING_SCHOOL) -> bytes:
    return build_workbook(CITY, CITY.respondent_by_code[code], 2023, load_samples(CITIES_ROOT / "450700", 2023)[code])


def by_openpyxl(sheet: str, **of_cell: str) -> bytes:
    """The sample with notes on cells of a sheet, as openpyxl writes them."""
    book = openpyxl.load_workbook(BytesIO(poured()))
    for cell, text in of_cell.items():
        book[sheet][cell].comment = Comment(text, "张三")
    buffer = BytesIO()
    book.save(buffer)
    return buffer.getvalue()


@lru_cache
def number_of(sheet: str) -> int:
    return openpyxl.load_workbook(BytesIO(poured()), read_only=True).sheetnames.index(sheet) + 1


def with_parts(parts: Mapping[str, str], *relations: tuple[str, str], sheet: str = SHEET) -> bytes:
    """The sample with further parts, to which relations (type, target) lead from the sheet."""
    number = number_of(sheet)
    lines = "".join(
        f'<Relationship Id="rId{at}" Type="{kind}" Target="{target}"/>'
        for at, (kind, target) in enumerate(relations, 901)
    )
    namespace = "http://schemas.openxmlformats.org/package/2006/relationships"
    buffer = BytesIO()
    buffer.write(poured())
    with zipfile.ZipFile(buffer, "a", zipfile.ZIP_DEFLATED) as book:
        name = f"xl/worksheets/_rels/sheet{number}.xml.rels"
        if relations:
            book.writestr(name, f'<Relationships xmlns="{namespace}">{lines}</Relationships>')
        for part, xml in parts.items():
            book.writestr(part.format(number=number), xml)
    return buffer.getvalue()


def notes(*listed: str, author: str = "张三") -> str:
    return (
        f'<comments xmlns="{MAIN}"><authors><author>{author}</author></authors>'
        f"<commentList>{''.join(listed)}</commentList></comments>"
    )


def note(cell: str, inside: str) -> str:
    return f'<comment ref="{cell}" authorId="0" shapeId="0"><text>{inside}</text></comment>'


def commented(**of_cell: str) -> bytes:
    """The sample with notes on cells of the sheet."""
    listed = (note(cell, f'<t xml:space="preserve">{text}</t>') for cell, text in of_cell.items())
    return with_parts({"xl/comments1.xml": notes(*listed)}, (NOTE, "../comments1.xml"))


def read(data: bytes) -> Submission:
    submission = read_workbook(data, "id", "file.xlsx", CITY)
    assert [finding.message for finding in submission.findings if finding.is_error] == []
    return submission


def said(data: bytes) -> list[tuple[str, str, str]]:
    """Of each comment: the value's cell, the cell on which it stands, the text."""
    return [(each.cell.cell, each.at, each.text) for each in read(data).comments]


def test_a_note_is_read_without_the_name_before_it():
    assert said(by_openpyxl(SHEET, E6="张三:\n暂按2591报送")) == [(VALUE, VALUE, "暂按2591报送")]
    assert said(commented(E6="暂估：\n120")) == [(VALUE, VALUE, "暂估：\n120")]


def test_a_note_in_the_row_of_a_form_is_about_its_value():
    found = said(commented(B6="待核", D6="单位是百人", F6="见附件3"))
    assert found == [(VALUE, LABEL, "待核"), (VALUE, "D6", "单位是百人"), (VALUE, HINT, "见附件3")]


def test_a_note_in_the_row_of_a_table_is_about_the_nearest_value():
    part = notes(*(note(cell, "<t>暂</t>") for cell in ("A6", "B6", "J6")))
    data = with_parts({"xl/comments1.xml": part}, (NOTE, "../comments1.xml"), sheet="满意度调查")
    assert [(cell, at) for cell, at, _ in said(data)] == [("B6", "A6"), ("B6", "B6"), ("C6", "J6")]


def test_a_note_on_what_is_no_value_is_not_read():
    assert said(commented(A1="暂估", E4="暂估", B60="暂估", Z99="暂估")) == []


@pytest.mark.parametrize("kind", [NOTE, "http://purl.oclc.org/ooxml/officeDocument/relationships/comments"])
@pytest.mark.parametrize(
    ("part", "target"),
    [
        ("xl/comments1.xml", "../comments1.xml"),
        ("xl/comments/comment1.xml", "/xl/comments/comment1.xml"),
        ("xl/Noten.xml", "..\\noten.xml"),
    ],
)
def test_a_part_of_any_name_is_found_by_its_relation(kind: str, part: str, target: str):
    assert said(with_parts({part: notes(note(VALUE, "<t>待核</t>"))}, (kind, target))) == [(VALUE, VALUE, "待核")]


def test_runs_are_put_together_and_readings_left_out():
    """As Excel and WPS write them: the name in bold, then the text; a phonetic reading beside it."""
    inside = (
        '<r><rPr><b/><sz val="9"/></rPr><t>张三:</t></r><r><t xml:space="preserve">\n暂按_x000D_</t></r>'
        '<r><t>2591</t></r><rPh sb="0" eb="1"><t>ザン</t></rPh>'
    )
    found = said(with_parts({"xl/comments1.xml": notes(note(VALUE, inside))}, (NOTE, "../comments1.xml")))
    assert found == [(VALUE, VALUE, "暂按\r2591")]


def thread(*texts: str, cell: str = VALUE) -> str:
    parents = ("", *[' parentId="{0}"'] * (len(texts) - 1))
    listed = "".join(
        f'<threadedComment ref="{cell}" dT="2023-11-20T01:02:03.00" personId="{{P}}" id="{{{n}}}"{parent}>'
        f"<text>{text}</text></threadedComment>"
        for n, (text, parent) in enumerate(zip(texts, parents, strict=True))
    )
    namespace = "http://schemas.microsoft.com/office/spreadsheetml/2018/threadedcomments"
    return f'<ThreadedComments xmlns="{namespace}">{listed}</ThreadedComments>'


@pytest.mark.parametrize("placeholder", PLACEHOLDERS)
def test_a_thread_stands_for_its_placeholder(placeholder: str):
    """As Excel 365 writes it: persons, the thread, and a note for programs that know none."""
    parts = {
        "xl/persons/person.xml": '<personList xmlns="http://schemas.microsoft.com/office/spreadsheetml/2018/'
        'threadedcomments"><person displayName="李四" id="{P}" userId="S::x" providerId="AD"/></personList>',
        "xl/threadedComments/threadedComment1.xml": thread("暂按 2591", "再核"),
        "xl/comments1.xml": notes(note(VALUE, f"<t>{placeholder}</t>"), author="tc={0}"),
    }
    relations = ((THREAD, "../threadedComments/threadedComment1.xml"), (NOTE, "../comments1.xml"))
    assert said(with_parts(parts, *relations)) == [(VALUE, VALUE, "暂按 2591\n再核")]
    alone = {"xl/comments1.xml": parts["xl/comments1.xml"]}
    assert said(with_parts(alone, (NOTE, "../comments1.xml"))) == [(VALUE, VALUE, "暂按学籍数\n待核")]


@pytest.mark.parametrize(
    "part",
    [
        "<comments><commentList><comment ref='E6'><text><t>待核",
        "",
        "no xml at all",
        notes(note("E0", "<t>暂</t>"), note("", "<t>暂</t>"), note("A1:B2", "<t>暂</t>")),
        '<threadedComment ref="E6"/>',
    ],
)
def test_a_broken_part_harms_no_file(part: str):
    submission = read(with_parts({"xl/comments1.xml": part}, (NOTE, "../comments1.xml")))
    assert submission.comments == ()
    assert {finding.rule_id for finding in submission.findings} <= {"sheet.comments_unread"}
    assert len(submission.cells) == len(read(poured()).cells)


def test_a_relation_that_leads_nowhere_or_cannot_be_read_is_told():
    for data in (
        with_parts({}, (NOTE, "../comments1.xml")),
        with_parts({"xl/worksheets/_rels/sheet{number}.xml.rels": "<Relationships><"}),
    ):
        (finding,) = read(data).findings
        assert (finding.rule_id, finding.severity, finding.address.sheet) == ("sheet.comments_unread", "info", SHEET)


def test_a_long_comment_is_cut_and_too_many_are_not_read():
    (one,) = read(commented(E6="长" * 30_000)).comments
    assert len(one.text) == LONGEST
    many = notes(*(note(VALUE, "<t>暂</t>") for _ in range(MOST_BYTES // 60)))
    assert len(many) > MOST_BYTES
    submission = read(with_parts({"xl/comments1.xml": many}, (NOTE, "../comments1.xml")))
    assert submission.comments == ()
    (finding,) = submission.findings
    assert (finding.rule_id, "太多或太长" in finding.message) == ("sheet.comments_unread", True)


@pytest.mark.parametrize(
    "inside",
    [
        "<t>" + "【错误】" * 200_000 + "</t>",
        "<t>" + "规则：a" * 250_000 + "</t>",
        "<r/>" * 300_000,
        "<t>[</t>" * 200_000,
    ],
)
def test_a_comment_made_to_cost_much_costs_little(inside: str):
    data = with_parts({"xl/comments1.xml": notes(note(VALUE, inside))}, (NOTE, "../comments1.xml"))
    before = process_time()
    read(data)
    assert process_time() - before < 30, "a guard against what takes its square"


def test_a_file_without_comments_has_none_opened(monkeypatch: pytest.MonkeyPatch):
    opened = []
    monkeypatch.setattr(comments, "parse_xml", lambda *given: opened.append(given))
    monkeypatch.setattr(inspection, "read_comments", lambda *given: opened.append(given))
    for code in (NURSING_SCHOOL, BUREAU):
        assert read(poured(code)).comments == ()
    assert opened == []


@pytest.mark.deep
def test_what_libreoffice_writes_is_read(tmp_path: Path):
    """Out of its own format, so that nothing of the first program is left: the author is lost, the text is not."""
    if which("soffice") is None:
        pytest.skip("no LibreOffice on this machine (Debian package `libreoffice-calc`)")
    (tmp_path / "a.xlsx").write_bytes(by_openpyxl(SHEET, E6="李四:\n暂按2591报送\n第二行", B9="待核"))
    for kind in ("ods", "xlsx"):
        source = tmp_path / ("a.xlsx" if kind == "ods" else "a.ods")
        profile = f"-env:UserInstallation=file://{tmp_path}/profile"
        command = ["soffice", "--headless", profile, "--convert-to", kind, "--outdir", tmp_path, source]
        subprocess.run(command, check=True, capture_output=True)
    found = said((tmp_path / "a.xlsx").read_bytes())
    assert found == [(VALUE, VALUE, "李四:\n暂按2591报送\n第二行"), ("E9", "B9", "待核")]
