"""What is read of a Word file: the final state of tracked changes, text boxes, content controls, notes."""

from pathlib import Path

import docx
import pytest
from docx.opc.packuri import PackURI
from docx.opc.part import Part
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls

from sources.declarations.pack import NEUTRAL_PACK
from warehouse.reconcile.reading.report_file import Caption, Paragraph, TextTable, read_document
from warehouse.release.documents.report_draft import template_of

WPS = (
    'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"'
    ' xmlns:wps="http://schemas.microsoft.com/office/word/2010/wordprocessingShape"'
    ' xmlns:v="urn:schemas-microsoft-com:vml"'
)


def text_of(xml: str, folder: Path) -> list[str]:
    """The paragraphs that are read of a body with this content."""
    document = docx.Document()
    body = document.element.body
    for element in parse_xml(f"<w:body {nsdecls('w')} {WPS}>{xml}</w:body>"):
        body.insert(len(body) - 1, element)
    document.save(str(folder / "report.docx"))
    return [block.text for block in read_document(folder / "report.docx") if isinstance(block, Paragraph)]


@pytest.mark.parametrize(
    ("xml", "texts"),
    [
        (
            "<w:p><w:r><w:t>专任教师</w:t></w:r><w:del><w:r><w:delText>920</w:delText></w:r></w:del>"
            "<w:ins><w:r><w:t>940</w:t></w:r></w:ins><w:r><w:t>人。</w:t></w:r></w:p>",
            ["专任教师940人。"],
        ),
        (
            "<w:p><w:moveFrom><w:r><w:t>毕业生1人。</w:t></w:r></w:moveFrom>"
            "<w:moveTo><w:r><w:t>毕业生2人。</w:t></w:r></w:moveTo></w:p>",
            ["毕业生2人。"],
        ),
        ("<w:sdt><w:sdtContent><w:p><w:r><w:t>学校11所。</w:t></w:r></w:p></w:sdtContent></w:sdt>", ["学校11所。"]),
        (
            "<w:p><w:r><w:t>正文。</w:t><mc:AlternateContent><mc:Choice Requires='wps'><wps:txbx><w:txbxContent>"
            "<w:p><w:r><w:t>框中3000人。</w:t></w:r></w:p></w:txbxContent></wps:txbx></mc:Choice><mc:Fallback>"
            "<v:textbox><w:txbxContent><w:p><w:r><w:t>框中3000人。</w:t></w:r></w:p></w:txbxContent></v:textbox>"
            "</mc:Fallback></mc:AlternateContent></w:r></w:p>",
            ["正文。", "框中3000人。"],
        ),
    ],
    ids=["insertion and deletion", "move", "content control", "text box once"],
)
def test_a_word_file_is_read_in_its_final_state_with_all_its_text(xml, texts, tmp_path):
    assert text_of(xml, tmp_path) == texts


def test_a_footnote_is_read_after_the_text(tmp_path):
    document = docx.Document()
    document.add_paragraph("正文。")
    text = "<w:p><w:r><w:t>注：12人。</w:t></w:r></w:p>"
    note = f"<w:footnotes {nsdecls('w')}><w:footnote w:id='1'>{text}</w:footnote></w:footnotes>"
    kind = "application/vnd.openxmlformats-officedocument.wordprocessingml.footnotes+xml"
    part = Part(PackURI("/word/footnotes.xml"), kind, note.encode(), document.part.package)
    document.part.relate_to(part, "http://schemas.openxmlformats.org/officeDocument/2006/relationships/footnotes")
    document.save(str(tmp_path / "report.docx"))
    read = [block.text for block in read_document(tmp_path / "report.docx") if isinstance(block, Paragraph)]
    assert read == ["正文。", "注：12人。"]


def test_a_cell_has_its_inserted_number(tmp_path):
    document = docx.Document()
    table = document.add_table(1, 2)
    table.cell(0, 0).text = "专任教师数（人）"
    inserted = parse_xml(f"<w:ins {nsdecls('w')}><w:r><w:t>940</w:t></w:r></w:ins>")
    table.cell(0, 1).paragraphs[0]._p.append(inserted)
    document.save(str(tmp_path / "report.docx"))
    (block,) = read_document(tmp_path / "report.docx")
    assert isinstance(block, TextTable)
    assert block.rows == (("专任教师数（人）", "940"),)


def test_the_page_that_a_line_of_the_contents_names_is_no_number(tmp_path):
    field = "<w:r><w:instrText> PAGEREF _Toc1 </w:instrText></w:r>"
    line = f"<w:p><w:r><w:t>1.1 概况</w:t></w:r><w:r><w:tab/></w:r>{field}<w:r><w:t>12</w:t></w:r></w:p>"
    assert text_of(f"{line}<w:p><w:r><w:t>教师12人。</w:t></w:r></w:p>", tmp_path) == ["教师12人。"]
    (heading, said) = read_document(tmp_path / "report.docx")
    assert isinstance(heading, Caption)
    assert said.section == "", "the heading itself stands elsewhere"


def sections_of(path: Path) -> dict[str, str]:
    """Sentence → the section that it is read in."""
    return {block.text: block.section for block in read_document(path) if isinstance(block, Paragraph)}


def test_a_sentence_stands_in_the_section_that_its_heading_numbers_by_style(tmp_path):
    """Word counts such headings; the contents name them in front, with their numbers typed."""
    document = docx.Document(str(template_of(NEUTRAL_PACK)))
    body = document.element.body
    for element in list(body):
        if not element.tag.endswith("}sectPr"):
            body.remove(element)
    for text, style in (
        ("1.1 办学定位\t2", "toc 2"),
        ("8.2 应对措施\t24", "toc 2"),
        ("前言", "附录标题"),
        ("前言里有教师10人。", "正文段落"),
        ("基本情况", "Heading 1"),
        ("办学定位", "Heading 2"),
        ("定位里有教师11人。", "正文段落"),
        ("发展规模", "Heading 2"),
        ("规模里有教师12人。", "正文段落"),
        ("人才培养", "Heading 1"),
        ("章里有教师20人。", "正文段落"),
        ("党建引领", "Heading 2"),
        ("引领里有教师21人。", "正文段落"),
    ):
        document.add_paragraph(text, style)
    document.save(str(tmp_path / "report.docx"))
    assert sections_of(tmp_path / "report.docx") == {
        "前言": "",
        "前言里有教师10人。": "",
        "定位里有教师11人。": "1.1",
        "规模里有教师12人。": "1.2",
        "章里有教师20人。": "2",
        "引领里有教师21人。": "2.1",
    }


def test_headings_whose_numbers_are_typed_keep_them(tmp_path):
    document = docx.Document()
    for text, style in (("3.2 办学条件", "Heading 2"), ("有教师32人。", "Normal")):
        document.add_paragraph(text, style)
    document.save(str(tmp_path / "report.docx"))
    assert sections_of(tmp_path / "report.docx") == {"有教师32人。": "3.2"}


@pytest.mark.parametrize("level", ["1000000000", "-1", "x", "९"])
def test_a_level_of_numbering_that_there_is_not_numbers_nothing_and_costs_nothing(level, tmp_path):
    document = docx.Document()
    numbering = document.part.numbering_part.element
    for xml in (
        f"<w:abstractNum {nsdecls('w')} w:abstractNumId='77'>"
        f"<w:lvl w:ilvl='{level}'><w:numFmt w:val='decimal'/></w:lvl></w:abstractNum>",
        f"<w:num {nsdecls('w')} w:numId='77'><w:abstractNumId w:val='77'/></w:num>",
    ):
        numbering.append(parse_xml(xml))
    heading = document.add_paragraph("概况", "Heading 1")
    numbered = f"<w:numPr {nsdecls('w')}><w:ilvl w:val='{level}'/><w:numId w:val='77'/></w:numPr>"
    heading._p.get_or_add_pPr().append(parse_xml(numbered))
    document.add_paragraph("有教师12人。")
    document.save(str(tmp_path / "report.docx"))
    assert sections_of(tmp_path / "report.docx")["有教师12人。"] == ""


def test_what_libreoffice_writes_twice_is_read_once(tmp_path):
    """A control of letters and digits, as LibreOffice 7.4 saves it: several controls, each with the whole text."""
    run = "<w:r><w:t>{}</w:t></w:r>"
    control = "<w:sdt><w:sdtPr><w:alias w:val='普职比'/></w:sdtPr><w:sdtContent>{}</w:sdtContent></w:sdt>"
    whole = control.format(run.format("2.34:1"))
    parts = "".join(control.format(run.format(part) + run.format("2.34:1")) for part in ("2.34", ":1"))
    xml = f"<w:p>{run.format('普职比为')}{{}}{run.format('。')}</w:p>"
    assert text_of(xml.format(f"{whole}{parts}{whole}"), tmp_path) == text_of(xml.format(whole), tmp_path)
