"""A report says the same whatever kind of file it is kept in, and whoever wrote it; one that cannot be read says why.

Reports are made up: headings, paragraphs of all lengths, tables that go over pages. They are written as Word file, as
Markdown and as web page by hand, as PDF by LibreOffice and by Typst, in several sizes and manners.
"""

import html
import random
import shutil
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import docx
import pdfplumber
import pytest
import typst
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls, qn
from docx.shared import Pt
from hypothesis import given, settings
from hypothesis import strategies as st

from sources.declarations.city import load_city
from sources.system.settings import CITIES_ROOT, Limits
from tests.conftest import deep
from tests.support.sample import PACK
from warehouse.catalogue.catalogue import load_catalogue
from warehouse.reconcile.reading import report_file
from warehouse.reconcile.reading.html_text import parts_of_html, parts_of_markdown
from warehouse.reconcile.reading.pdf_text import UnreadablePdfError, parts_of_pdf
from warehouse.reconcile.reading.report_file import Block, Caption, Paragraph, TextTable, read_document
from warehouse.reconcile.reconcile import reconcile_file
from warehouse.release.fonts import FONT_FOLDER

HANGING = 300
"""Seconds; only a guard against a hang."""


def _can_set_chinese() -> bool:
    """Whether an office is there, and a font of the system in which it sets Chinese."""
    if shutil.which("soffice") is None or shutil.which("fc-list") is None:
        return False
    return "Noto Serif CJK SC" in subprocess.run(["fc-list"], capture_output=True, text=True, check=True).stdout


needs_office = pytest.mark.skipif(not _can_set_chinese(), reason="LibreOffice 或中文字体没有安装，不能由它导出 PDF")
CLAUSES = (
    "全市有中等职业学校{}所",
    "其中公办学校{}所",
    "全日制在校生{}人，比上年增加{}人",
    "毕业生{}人，升学人数{}人，占比{}.{}%",
    "校园占地面积{}.{}平方米",
    "双师型教师{}人",
    "与{}家企业合作，接收实习学生{}人次（含岗位实习）",
)


@dataclass(frozen=True)
class MadeUp:
    """A report: headings, paragraphs and tables in order; and the looks of a file of it."""

    blocks: tuple[tuple[str, object], ...]
    points: int
    is_set_in: bool
    """Whether a paragraph's first line is set in by two letters, as is usual; else paragraphs stand apart."""
    repeats_heads: bool
    running: tuple[str, str]
    """Head and foot of the pages; the foot has the page's number."""

    def said(self) -> list[tuple[str, object]]:
        return [(kind, squeezed(content)) for kind, content in self.blocks]


def made_up(seed: int) -> MadeUp:
    drawn = random.Random(seed)

    def sentence() -> str:
        clauses = drawn.sample(CLAUSES, drawn.randint(1, 4))
        return "，".join(each.format(*(drawn.randint(1, 40_000) for _ in range(4))) for each in clauses) + "。"

    def table() -> tuple[tuple[str, ...], ...]:
        columns = drawn.randint(2, 5)
        head = tuple(f"{drawn.choice(['在校生', '专任教师', '实习学生', '占地面积'])}{n}（人）" for n in range(columns))
        rows = [
            (f"第{n}职业学校", *(str(drawn.randint(1, 9999)) for _ in range(columns - 1)))
            for n in range(1, drawn.choice([3, 9, 45]))
        ]
        return head, *rows

    blocks: list[tuple[str, object]] = []
    for chapter in range(1, drawn.randint(2, 4)):
        blocks.append(("caption", f"{chapter}.1 {drawn.choice(['学生规模', '办学条件', '校企合作'])}"))
        blocks += [
            ("paragraph", "".join(sentence() for _ in range(drawn.randint(1, 6)))) for _ in range(drawn.randint(1, 5))
        ]
        if drawn.random() < 0.7:
            blocks.append(("caption", f"表{chapter}.1-1 各校情况"))
            blocks.append(("table", table()))
            blocks.append(("paragraph", "表中数据由各校填报。" + sentence()))
    long = sum(len(str(content)) for _, content in blocks) > 4000  # a head on one page only could be the report's title
    head = drawn.choice(["", "某市中等职业教育质量年度报告（2031年度）"]) if long else ""
    return MadeUp(
        tuple(blocks),
        points=drawn.choice([11, 12, 14, 16]),
        is_set_in=drawn.random() < 0.7,
        repeats_heads=drawn.random() < 0.5,
        running=(head, drawn.choice(["", "— {} —", "第 {} 页"])),
    )


def squeezed(content: object) -> object:
    if isinstance(content, str):
        return "".join(content.split())
    assert isinstance(content, Sequence)
    return tuple(squeezed(each) for each in content)


def read(path: Path) -> list[tuple[str, object]]:
    """What is read of a file, without heads and feet of its pages."""
    of_text = [each for each in read_document(path) if not (isinstance(each, Caption) and "页眉" in each.told)]
    return [(kind_of(each), squeezed(each.rows if isinstance(each, TextTable) else each.text)) for each in of_text]


def kind_of(block: Block) -> str:
    return {Paragraph: "paragraph", Caption: "caption", TextTable: "table"}[type(block)]


# The writers


def as_word(report: MadeUp, folder: Path) -> Path:
    document = docx.Document()
    style = document.styles["Normal"]
    style.font.name, style.font.size = "Noto Serif CJK SC", Pt(report.points)
    style.element.rPr.rFonts.set(qn("w:eastAsia"), "Noto Serif CJK SC")
    head, foot = report.running
    document.sections[0].header.paragraphs[0].text = head
    if foot:
        before, after = foot.split("{}")
        paragraph = document.sections[0].footer.paragraphs[0]
        paragraph.add_run(before)
        paragraph._p.append(
            parse_xml(f'<w:fldSimple {nsdecls("w")} w:instr="PAGE"><w:r><w:t>1</w:t></w:r></w:fldSimple>')
        )
        paragraph.add_run(after)
    for kind, content in report.blocks:
        if kind == "table":
            rows = list(content)
            table = document.add_table(len(rows), len(rows[0]), style="Table Grid")
            for cells, row in zip(table.rows, rows, strict=True):
                for cell, text in zip(cells.cells, row, strict=True):
                    cell.text = text
            if report.repeats_heads:
                table.rows[0]._tr.get_or_add_trPr().append(parse_xml(f"<w:tblHeader {nsdecls('w')}/>"))
        else:
            paragraph = document.add_paragraph(str(content))
            if kind == "paragraph" and report.is_set_in:
                paragraph.paragraph_format.first_line_indent = Pt(2 * report.points)
    document.save(str(folder / "report.docx"))
    return folder / "report.docx"


def as_pdf_of_an_office(report: MadeUp, folder: Path, options: str = "") -> Path:
    converted = subprocess.run(
        [
            "soffice",
            f"-env:UserInstallation={(folder / 'office').as_uri()}",
            "--headless",
            *("--convert-to", f"pdf{options}"),
            *("--outdir", str(folder)),
            str(as_word(report, folder)),
        ],
        capture_output=True,
        timeout=HANGING,
    )
    assert converted.returncode == 0, converted.stderr
    return folder / "report.pdf"


def as_pdf_of_typst(report: MadeUp, folder: Path) -> Path:
    head, foot = (f'"{each}"' for each in report.running)
    lines = [
        f'#set page(paper: "a4", header: {head}, footer: context {foot}.replace("{{}}", counter(page).display()))',
        f'#set text(font: "Noto Sans CJK SC", size: {report.points}pt, lang: "zh")',
        f"#set par(justify: true, first-line-indent: (amount: {2 * report.is_set_in}em, all: true), spacing: 1.5em)",
    ]
    for kind, content in report.blocks:
        if kind == "table":
            rows = list(content)
            cells = [", ".join(f'"{text}"' for text in row) for row in rows]
            head_row = f"table.header(repeat: {str(report.repeats_heads).lower()}, {cells[0]})"
            lines.append(f"#table(columns: {len(rows[0])}, {head_row}, {', '.join(cells[1:])})")
        else:
            lines.append(f'#par[#"{content}"]' if kind == "paragraph" else f'#block[#"{content}"]')
    source = folder / "report.typ"
    source.write_text("\n\n".join(lines), encoding="utf-8")
    (folder / "report.pdf").write_bytes(typst.compile(str(source), font_paths=[str(FONT_FOLDER)]))
    return folder / "report.pdf"


def as_markdown(report: MadeUp, folder: Path) -> Path:
    lines = []
    for kind, content in report.blocks:
        if kind == "table":
            head, *rows = content
            lines += [
                "\n".join(
                    [
                        "| " + " | ".join(head) + " |",
                        "|" + "---|" * len(head),
                        *("| " + " | ".join(row) + " |" for row in rows),
                    ]
                )
            ]
        else:
            lines.append(f"## {content}" if kind == "caption" else str(content))
    (folder / "report.md").write_text("\n\n".join(lines), encoding="utf-8")
    return folder / "report.md"


def as_web_page(report: MadeUp, folder: Path) -> Path:
    """In the encoding that many of these pages still have."""
    parts = ["<!doctype html><title>报告 2031</title><style>p { margin: 1em }</style><script>var a = 99</script><body>"]
    for kind, content in report.blocks:
        if kind == "table":
            cells = ["".join(f"<td><span>{html.escape(text)}</span></td>" for text in row) for row in content]
            parts.append(f"<table><tbody>{''.join(f'<tr>{row}</tr>' for row in cells)}</tbody></table>")
        else:
            tag = "h2" if kind == "caption" else "p"
            parts.append(f"<{tag}>{html.escape(str(content))}<!-- 12345 --></{tag}>")
    (folder / "report.html").write_text("\n".join(parts), encoding="gb18030")
    return folder / "report.html"


WRITERS: tuple[Callable[[MadeUp, Path], Path], ...] = (as_word, as_pdf_of_typst, as_markdown, as_web_page)


@pytest.mark.parametrize("write", WRITERS)
@pytest.mark.parametrize("seed", [1, 2])
def test_a_report_reads_the_same_from_every_kind_of_file(write, seed: int, tmp_path: Path):
    report = made_up(seed)
    assert read(write(report, tmp_path)) == report.said()


@needs_office
def test_a_pdf_of_an_office_reads_as_the_word_file_that_it_was_made_of(tmp_path: Path):
    report = made_up(3)
    assert read(as_pdf_of_an_office(report, tmp_path)) == report.said()


@needs_office
@pytest.mark.parametrize("write", [as_pdf_of_an_office, as_pdf_of_typst])
@pytest.mark.parametrize("seed", deep(*range(10, 22)))
def test_pdfs_in_all_sizes_and_manners_read_as_they_were_written(write, seed: int, tmp_path: Path):
    report = made_up(seed)
    assert read(write(report, tmp_path)) == report.said()


def typeset(markup: str, folder: Path) -> Path:
    source = folder / "report.typ"
    source.write_text(markup, encoding="utf-8")
    (folder / "report.pdf").write_bytes(typst.compile(str(source), font_paths=[str(FONT_FOLDER)]))
    return folder / "report.pdf"


def test_a_scanned_pdf_is_refused_with_what_to_do(tmp_path: Path):
    path = typeset("#rect(width: 100%, height: 50%)\n#pagebreak()\n#rect(width: 100%, height: 50%)", tmp_path)
    with pytest.raises(ValueError, match=r"扫描件.*重新导出 PDF") as refused:
        read_document(path)
    assert str(path) in str(refused.value)


@needs_office
def test_a_pdf_with_a_password_is_refused_with_what_to_do(tmp_path: Path):
    locked = '{"EncryptFile":{"type":"boolean","value":"true"},"DocumentOpenPassword":{"type":"string","value":"x"}}'
    path = as_pdf_of_an_office(made_up(1), tmp_path, f":writer_pdf_Export:{locked}")
    with pytest.raises(ValueError, match="加了密码"):
        read_document(path)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return as_pdf_of_typst(made_up(1), tmp_path_factory.mktemp("whole")).read_bytes()


@settings(max_examples=20, deadline=None)
@given(st.data())
def test_a_broken_pdf_is_refused_or_read_and_never_raises_anything_else(
    whole: bytes, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
):
    at = data.draw(st.integers(0, len(whole)))
    broken = data.draw(st.sampled_from([whole[:at], whole[:at] + b"\xff" * 40 + whole[at + 40 :], whole[at:]]))
    path = tmp_path_factory.mktemp("broken") / "report.pdf"
    path.write_bytes(broken)
    with suppress(UnreadablePdfError):
        assert all(part.place.startswith("第") for part in parts_of_pdf(path))


@pytest.mark.parametrize(
    "page",
    [
        "<table>" + "<tr><td colspan=999999999 rowspan=999999999>1" * 20,
        "<div>" * 200_000 + "1",
        "<!DOCTYPE html [<!ENTITY a 'b'>]><p>&a;&a;",
        "<p>" + "1" * 1_000_000,
    ],
    ids=["spans", "depth", "entities", "length"],
)
def test_a_page_that_would_take_too_much_is_read_or_refused_within_limits(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(report_file, "Limits", lambda: Limits(seconds=5, memory_bytes=400_000_000))
    path = tmp_path / "report.html"
    path.write_text(page, encoding="utf-8")
    begun = time.monotonic()
    with suppress(ValueError):
        read_document(path)
    assert time.monotonic() - begun < HANGING


@given(st.text())
def test_any_text_is_a_page_and_a_text_in_markdown(text: str):
    for parts in (parts_of_html(text), parts_of_markdown(text)):
        assert all(part.content for part in parts)


def test_a_table_goes_on_in_its_columns_where_merged_cells_hide_one_on_the_next_page(tmp_path: Path):
    """A row whose first cell goes over two columns, alone on the next page, does not show where the second begins."""
    path = typeset(
        '#set text(font: "Noto Sans CJK SC")\n#set page(height: 5.2cm, margin: 1.5cm)\n各校填报的数据如下，逐项核对。\n'
        "#table(columns: (3cm, 3cm, 3cm), [类别], [项目], [2031年], [普通高中], [在校生数], [78805],"
        " table.cell(colspan: 2)[普职招生比], [1.20], table.cell(colspan: 2)[普职在校比], [2.34])",
        tmp_path,
    )
    (table,) = [block for block in read_document(path) if isinstance(block, TextTable)]
    assert [tuple(map(squeezed, row)) for row in table.rows] == [
        ("类别", "项目", "2031年"),
        ("普通高中", "在校生数", "78805"),
        ("普职招生比", "", "1.20"),
        ("普职在校比", "", "2.34"),
    ]
    with pdfplumber.open(path) as pdf:
        assert [squeezed(page.extract_text())[-4:] for page in pdf.pages] == ["8805", "2.34"]


def test_merged_cells_of_a_page_say_the_same_in_each_place_that_they_cover():
    (table,) = parts_of_html(
        "<table><tr><th rowspan=2>学校<th colspan=2>学生<tr><th>男<th>女"
        "<tr><td>一校<td>1<td>2<tr><td rowspan=2>二校<td>3<td>4<tr><td>5<td>6</table>"
    )
    assert table.content == [
        ["学校", "学生", "学生"],
        ["学校", "男", "女"],
        ["一校", "1", "2"],
        ["二校", "3", "4"],
        ["二校", "5", "6"],
    ]


def test_what_a_page_does_not_show_is_not_read():
    parts = parts_of_html(
        "<title>1</title><p>在校<b>生</b>2人<del>3人</del><!--4--><script>5</script>。<style>6</style>"
    )
    assert [part.content for part in parts] == ["在校生2人。"]


def test_the_memo_of_a_pdf_names_page_and_line_of_each_number(tmp_path: Path):
    path = typeset(
        '#set text(font: "Noto Sans CJK SC")\n1.2 学生规模\n#pagebreak()\n'
        "全市有中等职业学校12所，其中公办学校8所，民办学校3所。这一段的数字取自各校的报送，逐项核对。",
        tmp_path,
    )
    result = reconcile_file(None, load_city(CITIES_ROOT / "450700"), load_catalogue(PACK), path, 2023)
    rows = [row for row in result.frame.to_dicts() if row["indicator_code"]]
    assert [(row["printed"], row["place"]) for row in rows] == [
        ("12所", "第2页第1行"),
        ("8所", "第2页第1行"),
        ("3所", "第2页第1行"),
    ]
    assert "第2页第1行" in result.memo
