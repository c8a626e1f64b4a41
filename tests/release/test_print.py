"""The report as print: official style, contents that are right at first opening, nothing that Word, WPS and LibreOffice
show differently, and a PDF that a screen reader can read. In the sample city and in another."""

import re
import shutil
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from io import BytesIO
from itertools import pairwise, takewhile
from pathlib import Path

import docx
import pdfplumber
import pdfua
import pikepdf
import pypdfium2
import pytest
from docx.document import Document
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls, qn
from docx.styles.style import BaseStyle
from docx.table import Table
from lxml import etree
from openxml_audit import OpenXmlValidator

from sources.declarations.city import load_city
from sources.system.settings import PROJECT_ROOT, Settings
from tests.end_to_end.test_another_city import CITY_DIR
from tests.release.conftest import RELEASED_ON, YEAR, render, template_with
from tests.support.confirmed import confirm_and_release, confirm_each
from tests.support.word import opened
from warehouse.catalogue.catalogue import load_catalogue
from warehouse.figures.year_figures import load_figures
from warehouse.release.documents import page_numbers
from warehouse.release.documents.page_numbers import PageNumbers, asks_elsewhere, numbers_in
from warehouse.release.documents.pdf import pages_of, with_pages, write_pdf
from warehouse.release.documents.wordml import numbered
from warehouse.release.documents.write_documents import FOR_AUTHORS, write_documents
from warehouse.release.verify import verify
from warehouse.store.connection import open_published

WORLDS = ["sample", "another"]
EMU_PER_MM = 36000
MARK_SIZE, NOTE_SIZE = 16 * 0.6, 9 * 0.6
"""Points of the raised numbers in the text and before the footnotes."""
TEMPLATES = sorted(
    path for folder in ("warehouse", "sources") for path in (PROJECT_ROOT / folder).rglob("documents/**/*report.docx")
)


@dataclass(frozen=True)
class Print:
    """Report and draft for authors as Word files, and the report as PDF."""

    word: bytes
    for_authors: bytes
    pdf: bytes

    @property
    def document(self) -> Document:
        return docx.Document(BytesIO(self.word))


def printed(settings: Settings, city_dir: Path, folder: Path) -> Print:
    city = load_city(city_dir)
    with open_published(settings) as connection:
        year = connection.execute("select max(report_year) from core.fct_indicator_value").fetchone()[0]
        figures = load_figures(connection, load_catalogue(city.pack), year, city.code)
        made = write_documents(figures, folder, RELEASED_ON, f"{year}.1", for_authors=True)
    word, pdf = (next(path for path in made.paths if path.suffix == suffix) for suffix in (".docx", ".pdf"))
    assert made.for_authors is not None
    assert made.for_authors.name.endswith(FOR_AUTHORS)
    return Print(word.read_bytes(), made.for_authors.read_bytes(), pdf.read_bytes())


@pytest.fixture(scope="session")
def sample(city_run: Settings, tmp_path_factory: pytest.TempPathFactory) -> Print:
    return printed(city_run, city_run.city_dir, tmp_path_factory.mktemp("print"))


@pytest.fixture(scope="session")
def another(three_schools: Settings, tmp_path_factory: pytest.TempPathFactory) -> Print:
    return printed(three_schools, CITY_DIR, tmp_path_factory.mktemp("print_of_another"))


@pytest.fixture(params=WORLDS)
def report(request: pytest.FixtureRequest) -> Print:
    found = request.getfixturevalue(request.param)
    assert isinstance(found, Print)
    return found


# Contents


def entries(word: bytes) -> list[tuple[str, str]]:
    """(text, page) of each line of the contents."""
    lines = [p for p in docx.Document(BytesIO(word)).paragraphs if p.style.name.startswith("toc ")]
    return [(text, page) for text, _, page in (line.text.partition("\t") for line in lines)]


def outline(pdf: bytes) -> list[tuple[str, int]]:
    with pypdfium2.PdfDocument(pdf) as opened_pdf:
        found = [(entry.get_title(), entry.get_dest()) for entry in opened_pdf.get_toc() if entry.level < 2]
        return [(re.sub(r"\s+", " ", title), place.get_index()) for title, place in found if place]


def test_each_line_of_the_contents_has_its_page_and_the_pdf_has_the_same(report):
    found = entries(report.word)
    assert len(found) > 30
    assert found[0] == ("前言", "1")
    numbers = [int(page) for _, page in found]
    assert numbers == sorted(numbers)
    titles = outline(report.pdf)
    assert [title for title, _ in titles] == [text for text, _ in found]
    first = titles[0][1]
    assert [index - first + 1 for _, index in titles] == numbers


def test_the_draft_for_authors_has_the_pages_of_its_own_layout(report):
    found = entries(report.for_authors)
    assert [text for text, _ in found] == [text for text, _ in entries(report.word)]
    assert [page for _, page in found] == pages_of(write_pdf(report.for_authors, RELEASED_ON))


def test_nothing_asks_to_update_fields_and_a_click_leads_to_the_heading(report):
    package = zipfile.ZipFile(BytesIO(report.word))
    text = package.read("word/document.xml").decode()
    assert "w:dirty" not in text
    assert "updateFields" not in package.read("word/settings.xml").decode()
    asked = re.findall(r'w:anchor="(_Toc\d+)"', text)
    assert len(asked) == len(entries(report.word))
    assert asked == re.findall(r'<w:bookmarkStart [^>]*w:name="(_Toc\d+)"', text)
    assert re.search(r'TOC \\o "1-2" \\h \\z \\u', text)


def test_the_same_report_has_the_same_bytes(report):
    assert with_pages(report.word, RELEASED_ON) == report.word


def test_a_heading_that_cannot_be_placed_leaves_contents_that_word_fills(made, tmp_path):
    draft = render(made.figures, template_with(tmp_path, "{{ 目录() }}", "# 概况", "全市概况。", "# "))
    word = with_pages(draft.data, RELEASED_ON)
    assert b'w:dirty="true"' in zipfile.ZipFile(BytesIO(word)).read("word/document.xml")
    assert {page for _, page in entries(word)} == {""}


OFFICE = shutil.which("soffice")


@pytest.mark.deep
@pytest.mark.skipif(OFFICE is None, reason="LibreOffice is not installed")
def test_where_libreoffice_is_installed_each_heading_is_on_the_page_that_the_contents_name(report):
    numbers = PageNumbers(OFFICE).of(report.word, report.pdf)
    word = numbered(report.word, numbers)
    assert numbers_in(word) == tuple(numbers)
    assert PageNumbers(OFFICE).of(word, report.pdf) == numbers, "the numbers move nothing"
    beside = [abs(int(page) - int(named)) for page, (_, named) in zip(numbers, entries(report.word), strict=True)]
    assert max(beside) <= 1, "the PDF has other pages"


@pytest.mark.parametrize("program", ["/nowhere/soffice", "/bin/false", "/bin/true"])
def test_an_office_that_fails_leaves_the_numbers_of_the_pdf(report, program):
    assert PageNumbers(program).of(report.word, report.pdf) == pages_of(report.pdf)


def test_a_release_that_is_made_again_takes_the_numbers_that_it_has(report):
    given = tuple(str(number) for number in range(1, len(entries(report.word)) + 1))
    word = numbered(report.word, PageNumbers("/nowhere/soffice", given).of(report.word, report.pdf))
    assert numbers_in(word) == given
    assert [page for _, page in entries(word)] == list(given)
    assert numbered(word, pages_of(report.pdf)) == report.word


@pytest.mark.deep
def test_a_release_is_made_again_on_a_machine_that_lays_it_out_otherwise(fresh_copy, city, monkeypatch):
    here = replace(fresh_copy, office="/here/soffice")
    monkeypatch.setattr(page_numbers, "_laid_out", lambda _office, word, _kept: ["7"] * len(entries(word)))
    confirm_each(here, city, YEAR)
    released = confirm_and_release(here, city, YEAR)
    (path,) = released.folder.glob("*.docx")
    assert set(numbers_in(path.read_bytes()) or ()) == {"7"}
    monkeypatch.undo()
    found = verify(replace(here, office=None), city, load_catalogue(city.pack), released.manifest.version)
    assert found.is_equal, found


@pytest.mark.parametrize("code", ["INCLUDEPICTURE http://example.org/a.png", "DDEAUTO excel", "INCLUDETEXT C:/a.docx"])
def test_a_file_that_would_fetch_something_is_not_laid_out(report, code):
    assert not asks_elsewhere(report.word)
    document = report.document
    field = parse_xml(f"<w:fldSimple {nsdecls('w')} w:instr='{code}'/>")
    document.paragraphs[0]._p.append(field)
    buffer = BytesIO()
    document.save(buffer)
    assert asks_elsewhere(buffer.getvalue())
    document.paragraphs[0]._p.remove(field)
    document.part.relate_to("http://example.org/a.png", RELATIONSHIP_TYPE.IMAGE, is_external=True)
    buffer = BytesIO()
    document.save(buffer)
    assert asks_elsewhere(buffer.getvalue())


# Official style (GB/T 9704-2012)


STYLES = {
    "封面标题": ("方正小标宋简体", 22),
    "附录标题": ("黑体", 16),
    "Heading 1": ("黑体", 16),
    "Heading 2": ("楷体", 16),
    "Heading 3": ("仿宋", 16),
    "正文段落": ("仿宋", 16),
    "表题": ("黑体", 12),
    "图题": ("黑体", 12),
    "表格文字": ("宋体", 9),
    "Footer": ("宋体", 14),
}
"""二号 is 22 points, 三号 16, 四号 14, 小四 12, 小五 9."""


def of_style(style: BaseStyle | None, path: str, attribute: str) -> str | None:
    """What a style says, or the nearest one on which it is based."""
    while style is not None:
        found = style.element.find(path, style.element.nsmap)
        if found is not None and found.get(qn(attribute)) is not None:
            return str(found.get(qn(attribute)))
        style = getattr(style, "base_style", None)
    return None


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: str(path.relative_to(PROJECT_ROOT).parent / path.name))
def test_every_template_has_the_fonts_sizes_and_measures_of_official_documents(template):
    document = docx.Document(str(template))
    found = {
        name: (
            of_style(document.styles[name], "w:rPr/w:rFonts", "w:eastAsia"),
            int(of_style(document.styles[name], "w:rPr/w:sz", "w:val") or 0) / 2,
        )
        for name in STYLES
    }
    assert found == STYLES
    for section in document.sections:
        margins = (section.top_margin, section.bottom_margin, section.left_margin, section.right_margin)
        assert [round(margin / EMU_PER_MM) for margin in margins] == [37, 35, 28, 26]
        assert (round(section.page_width / EMU_PER_MM), round(section.page_height / EMU_PER_MM)) == (210, 297)
    assert 28 <= int(of_style(document.styles["正文段落"], "w:pPr/w:spacing", "w:line") or 0) / 20 <= 29


def test_a_font_that_a_machine_has_not_has_another_name_to_go_by(report):
    fonts = etree.fromstring(zipfile.ZipFile(BytesIO(report.word)).read("word/fontTable.xml"))
    others = {font.get(qn("w:name")): font.find(qn("w:altName")) for font in fonts}
    assert {font for font, _ in STYLES.values()} <= others.keys()
    assert all(others[font] is not None for font, _ in STYLES.values())


def test_styles_say_how_paragraphs_look_and_nothing_else_does(report):
    body = report.document.element.body
    of_paragraphs = {child.tag for each in body.iter(qn("w:pPr")) for child in each}
    of_runs = {child.tag for each in body.iter(qn("w:rPr")) for child in each}
    assert of_paragraphs <= {qn(f"w:{tag}") for tag in ("pStyle", "keepNext", "pageBreakBefore", "sectPr")}
    assert of_runs <= {qn(f"w:{tag}") for tag in ("rStyle", "b", "i", "vertAlign")}


# Tables and pictures


def text_width(document: Document) -> int:
    section = document.sections[-1]
    return section.page_width - section.left_margin - section.right_margin


def test_heads_of_tables_come_again_rows_stay_whole_and_no_table_leaves_the_page(report):
    document = opened(report.word)
    assert len(document.tables) > 10
    for table in document.tables:
        assert table.rows[0]._tr.trPr.find(qn("w:tblHeader")) is not None
        assert all(row._tr.trPr.find(qn("w:cantSplit")) is not None for row in table.rows)
        assert sum(column.w for column in table._tbl.tblGrid.gridCol_lst) <= text_width(document)


def test_pictures_stand_in_the_line_are_described_and_keep_within_the_page(report):
    document = report.document
    pictures = list(document.element.body.iter(qn("wp:inline")))
    for picture in pictures:
        assert len(picture.find(qn("wp:docPr")).get("descr")) > 20
        assert int(picture.find(qn("wp:extent")).get("cx")) <= text_width(document)


def test_what_tables_and_charts_show_has_a_number_a_title_and_its_source(report):
    document = opened(report.word)
    below = {each._p: after for each, after in pairwise(document.paragraphs)}
    items = list(document.iter_inner_content())
    for at, item in enumerate(items):
        if isinstance(item, Table):
            assert re.match(r"附?表\s?[\d.-]+ ", items[at - 1].text)
            assert items[at - 1].style.name == "表题"
            following = takewhile(
                lambda each: not isinstance(each, Table) and each.style.name == "表注", items[at + 1 :]
            )
            *_, last = following
            has_numbers = any(re.search(r"\d", cell.text) for row in item.rows[1:] for cell in row.cells[2:])
            assert re.fullmatch("数据来源：.*报送的“.*。", last.text) or not has_numbers
        elif item._p.find(f".//{qn('wp:inline')}") is not None and item.style.name == "图题":
            title = below[item._p]
            if not title.text.startswith("案例图"):
                assert re.match(r"图\d+　", title.text)
                assert re.fullmatch("数据来源：.*报送的“.*。", below[title._p].text)


# What every program shows alike

FORBIDDEN = {
    "wp:anchor": "floats",
    "w:framePr": "frames",
    "w:tblpPr": "tables that float",
    "w:txbxContent": "text boxes",
    "w:pict": "drawings of old versions",
    "w:object": "embedded objects",
    "mc:AlternateContent": "two forms of one thing",
    "w:altChunk": "other files within",
    "w:subDoc": "other files within",
    "w:embedRegular": "embedded fonts",
    "w:updateFields": "a question at opening",
    "w:eastAsianLayout": "two lines in one",
    "w:textDirection": "vertical text",
    "w:ins": "tracked changes",
    "w:del": "tracked changes",
    "w:fitText": "text that is squeezed",
    "w:snapToGrid": "grids, which each program counts in its own way",
}
PREFIXES = {
    "w": "http://schemas.openxmlformats.org/wordprocessingml/2006/main",
    "wp": "http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing",
    "mc": "http://schemas.openxmlformats.org/markup-compatibility/2006",
}


def parts(word: bytes) -> Iterator[etree._Element]:
    package = zipfile.ZipFile(BytesIO(word))
    for name in package.namelist():
        if name.endswith((".xml", ".rels")):
            yield etree.fromstring(package.read(name))


def test_nothing_is_used_that_word_wps_and_libreoffice_show_differently(report):
    found = {
        tag: why
        for tag, why in FORBIDDEN.items()
        for part in parts(report.word)
        if part.find(f".//{tag}", PREFIXES) is not None
    }
    assert found == {}
    names = zipfile.ZipFile(BytesIO(report.word)).namelist()
    assert [name for name in names if re.search(r"diagrams/|charts/|embeddings/|fonts/|vbaProject|activeX", name)] == []
    assert all(part.find(".//*[@TargetMode='External']") is None for part in parts(report.word))
    sections = list(report.document.element.body.iter(qn("w:sectPr")))
    assert all(grid.get(qn("w:type")) is None for each in sections for grid in each.iter(qn("w:docGrid")))


def test_a_content_control_holds_a_few_words_of_one_paragraph_and_no_other(report):
    controls = list(report.document.element.body.iter(qn("w:sdt")))
    assert len(controls) > 100
    for control in controls:
        assert control.getparent().tag in (qn("w:p"), qn("w:hyperlink"))
        assert {child.tag for child in control.find(qn("w:sdtContent"))} == {qn("w:r")}


def test_a_footnote_stands_on_the_page_of_its_mark_or_begins_the_next_one(report):
    def pages_of_numbers(size: float) -> dict[str, int]:
        with pdfplumber.open(BytesIO(report.pdf)) as pdf:
            texts = [
                "".join(c["text"] if abs(c["size"] - size) < 0.1 else " " for c in page.chars) for page in pdf.pages
            ]
        return {number: page for page, text in enumerate(texts) for number in re.findall(r"\d+", text)}

    marks, notes = pages_of_numbers(MARK_SIZE), pages_of_numbers(NOTE_SIZE)
    assert marks.keys() == notes.keys()
    assert {notes[number] - page for number, page in marks.items()} <= {0, 1}


# Against the schema


def faults(word: bytes, folder: Path) -> list[str]:
    """What a validator says that follows the schemas of ISO 29500 and the rules of Microsoft's Open XML SDK."""
    path = folder / "checked.docx"
    path.write_bytes(word)
    return [f"{each.part_uri}: {each.description}" for each in OpenXmlValidator(max_errors=0).validate(path).errors]


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: str(path.relative_to(PROJECT_ROOT).parent / path.name))
def test_every_template_follows_the_schema(template, tmp_path):
    assert faults(template.read_bytes(), tmp_path) == []


def test_report_and_draft_follow_the_schema(report, tmp_path):
    assert faults(report.word, tmp_path) == []
    assert faults(report.for_authors, tmp_path) == []


def test_the_validator_sees_an_element_in_a_wrong_place(report, tmp_path):
    document = report.document
    properties = document.paragraphs[0]._p.pPr
    properties.insert(0, properties.makeelement(qn("w:jc"), {qn("w:val"): "center"}))
    buffer = BytesIO()
    document.save(buffer)
    assert faults(buffer.getvalue(), tmp_path) != []


# PDF/UA-1: what a program can see; docs/print.md lists what a person must look at


def test_the_pdf_says_that_it_is_ua_and_has_what_a_program_can_see_of_it(report, tmp_path):
    path = tmp_path / "report.pdf"
    path.write_bytes(report.pdf)
    assert list(pdfua.validate(path).findings) == []
    with pikepdf.open(path) as pdf:
        root = pdf.Root
        assert root.MarkInfo.Marked
        assert str(root.Lang).startswith("zh")
        assert root.ViewerPreferences.DisplayDocTitle
        with pdf.open_metadata() as metadata:
            assert metadata["pdfuaid:part"] == "1"
            assert "中等职业教育质量年度报告" in str(metadata["dc:title"])
        assert all(page.get("/Tabs") == "/S" for page in pdf.pages if "/Annots" in page)
        elements = list(structure(root.StructTreeRoot))
        kinds = [str(each.S) for each in elements]
        assert all(str(each.get("/Alt", "")) for each in elements if each.S == "/Figure")
        assert kinds.count("/Figure") == len(list(report.document.element.body.iter(qn("wp:inline"))))
        assert kinds.count("/Table") > 10
        assert all(scope_of(each) for each in elements if each.S == "/TH")
        levels = [int(kind[2]) for kind in kinds if re.fullmatch("/H[1-6]", kind)]
        assert levels[0] == 1
        assert all(after <= before + 1 for before, after in pairwise(levels))


def structure(node: pikepdf.Object) -> Iterator[pikepdf.Object]:
    """The elements of a structure tree, in their order."""
    children = node.get("/K")
    for child in children if isinstance(children, pikepdf.Array) else [children]:
        if isinstance(child, pikepdf.Dictionary) and "/S" in child:
            yield child
            yield from structure(child)


def scope_of(cell: pikepdf.Object) -> str | None:
    """Of which cells a head of a table speaks: its row's or its column's."""
    said = cell.get("/A")
    return next(
        (str(each.Scope) for each in (said if isinstance(said, pikepdf.Array) else [said]) if "/Scope" in each), None
    )


def test_a_picture_without_a_description_makes_no_pdf(made, tmp_path):
    draft = docx.Document(BytesIO(made.path(".docx").read_bytes()))
    next(draft.element.body.iter(qn("wp:docPr"))).set("descr", "")
    buffer = BytesIO()
    draft.save(buffer)
    with pytest.raises(Exception, match="alt"):
        write_pdf(buffer.getvalue(), date(2024, 3, 1))
