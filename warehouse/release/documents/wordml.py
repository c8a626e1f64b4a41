"""Pieces of WordprocessingML that python-docx has no word for: footnotes, merged tables, contents, fixed bytes."""

from collections.abc import Callable, Iterator, Sequence
from copy import copy
from xml.sax.saxutils import escape, quoteattr

from docx.document import Document
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.opc.packuri import PackURI
from docx.opc.part import Part, XmlPart
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls, qn
from docx.text.paragraph import Paragraph
from lxml import etree

from sources.system.fixed_zip import with_fixed_times
from sources.system.plain_text import legible
from warehouse.figures.fact import Printed
from warehouse.figures.printed_table import FEW_COLUMNS, MergedCells, PrintedTable

FOOTNOTES_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.footnotes+xml"
SEPARATORS = (
    f"<w:footnotes {nsdecls('w')}>"
    '<w:footnote w:type="separator" w:id="-1"><w:p><w:r><w:separator/></w:r></w:p></w:footnote>'
    '<w:footnote w:type="continuationSeparator" w:id="0"><w:p><w:r><w:continuationSeparator/></w:r></w:p></w:footnote>'
    "</w:footnotes>"
)
ROWS_KEPT_TOGETHER = 24
FIRST_CONTROL = 700_000_000
"""Ids of content controls, apart from those that a template may have."""
LOOK = (
    '<w:tblLook w:val="0620" w:firstRow="1" w:lastRow="0" w:firstColumn="0" w:lastColumn="0" w:noHBand="1"'
    ' w:noVBand="1"/>'
)
HEAD_STYLE, CENTRE_STYLE, LEFT_STYLE, NUMBER_STYLE = "表头", "表格文字", "表格文字左", "数字"
BOOKMARK = "_Toc"
"""How the bookmarks of headings begin, in Word's own contents too."""


def style_id(document: Document, name: str) -> str:
    """The id of a style by the name that people see.

    Raises ValueError when the template has lost it.
    """
    found = next((style for style in document.styles if style.name == name), None)
    if found is None:
        raise ValueError(f"模板中没有样式“{name}”，请恢复它")
    return str(found.style_id)


def text_run(text: str, properties: str = "") -> str:
    given = f"<w:rPr>{properties}</w:rPr>" if properties else ""
    return f'<w:r>{given}<w:t xml:space="preserve">{escape(text)}</w:t></w:r>'


def copied_run(run: etree._Element, text: str) -> etree._Element:
    """A run that looks the same and says something else."""
    new = run.makeelement(run.tag, run.attrib)
    properties = run.find(qn("w:rPr"))
    if properties is not None:
        new.append(copy(properties))
    node = new.makeelement(qn("w:t"), {qn("xml:space"): "preserve"})
    node.text = text
    new.append(node)
    return new


def say_instead(paragraph: Paragraph, text: str) -> None:
    """Gives a paragraph of several runs one text, in the look of its first."""
    for run in paragraph.runs[1:]:
        run._r.getparent().remove(run._r)
    paragraph.runs[0].text = text


def set_text(
    node: etree._Element,
    parts: Sequence[str | Printed],
    title_of: Callable[[Printed], str],
    numbers: Iterator[int],
) -> None:
    """Puts text and numbers in the place of a run's text; the run is split around each number, which gets a content
    control of its own: its tag is the number's id, its title says to a person what it is."""
    run, after = node.getparent(), list(node.itersiblings())
    node.text = parts[0]
    node.set(qn("xml:space"), "preserve")
    at = run
    for part in parts[1:]:
        if not part:
            continue
        added = copied_run(run, part if isinstance(part, str) else part.text)
        if isinstance(part, Printed):
            added = _control(added, part.id, title_of(part), next(numbers))
        at.addnext(added)
        at = added
    if at is not run and after:
        rest = copied_run(run, "")
        rest.extend(after)
        at.addnext(rest)
    if at is not run and not node.text and len(run.findall("*")) == (1 if run.find(qn("w:rPr")) is None else 2):
        run.getparent().remove(run)


def _control(run: etree._Element, tag: str, title: str, number: int) -> etree._Element:
    control = parse_xml(
        f'<w:sdt {nsdecls("w")}><w:sdtPr><w:alias w:val={quoteattr(legible(title))}/><w:tag w:val="{tag}"/>'
        f'<w:id w:val="{FIRST_CONTROL + number}"/><w:text/></w:sdtPr><w:sdtContent/></w:sdt>'
    )
    control[-1].append(run)
    return control


def footnote_separator() -> etree._Element:
    """What stands between two footnotes at one place, so that 6 and 7 are not 67."""
    return parse_xml(text_run(",", '<w:vertAlign w:val="superscript"/>').replace("<w:r>", f"<w:r {nsdecls('w')}>", 1))


def footnote_reference(document: Document, number: int) -> etree._Element:
    style = style_id(document, "footnote reference")
    return parse_xml(
        f'<w:r {nsdecls("w")}><w:rPr><w:rStyle w:val="{style}"/></w:rPr><w:footnoteReference w:id="{number}"/></w:r>'
    )


def write_footnotes(
    document: Document,
    texts: Sequence[Sequence[str | Printed]],
    title_of: Callable[[Printed], str],
    numbers: Iterator[int],
) -> None:
    """Footnotes 1, 2, … of the document; the part is made when the template has none."""
    part = next(
        (rel.target_part for rel in document.part.rels.values() if rel.reltype == RELATIONSHIP_TYPE.FOOTNOTES), None
    )
    if part is None:
        package = document.part.package
        part = Part(PackURI("/word/footnotes.xml"), FOOTNOTES_TYPE, SEPARATORS.encode(), package)
        document.part.relate_to(part, RELATIONSHIP_TYPE.FOOTNOTES)
    root = etree.fromstring(part.blob)
    text_style, mark_style = style_id(document, "footnote text"), style_id(document, "footnote reference")
    for number, parts in enumerate(texts, 1):
        note = parse_xml(
            f'<w:footnote {nsdecls("w")} w:id="{number}"><w:p><w:pPr><w:pStyle w:val="{text_style}"/></w:pPr>'
            f'<w:r><w:rPr><w:rStyle w:val="{mark_style}"/></w:rPr><w:footnoteRef/></w:r>{text_run(" ")}'
            "</w:p></w:footnote>"
        )
        said = [" ", *(legible(part) if isinstance(part, str) else part for part in parts)]
        set_text(next(note.iter(qn("w:t"))), said, title_of, numbers)
        root.append(note)
    part._blob = etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=True)


def read_footnotes(document: Document) -> dict[int, str]:
    """Footnote number → text."""
    for rel in document.part.rels.values():
        if rel.reltype == RELATIONSHIP_TYPE.FOOTNOTES:
            notes = etree.fromstring(rel.target_part.blob).findall(qn("w:footnote"))
            return {
                int(note.get(qn("w:id"))): "".join(text.text or "" for text in note.iter(qn("w:t"))).strip()
                for note in notes
                if note.get(qn("w:type")) is None
            }
    return {}


def edit_margins(document: Document, edit: Callable[[str], str], added: str = "") -> None:
    """Changes the text of headers and footers, in whatever form the parts are held; `added` ends each header."""
    for rel in document.part.rels.values():
        if rel.reltype in (RELATIONSHIP_TYPE.HEADER, RELATIONSHIP_TYPE.FOOTER):
            part = rel.target_part
            root = part.element if isinstance(part, XmlPart) else etree.fromstring(part.blob)
            for text in root.iter(qn("w:t")):
                text.text = edit(text.text or "")
            texts = [text for text in root.iter(qn("w:t")) if text.text]
            if added and texts and rel.reltype == RELATIONSHIP_TYPE.HEADER:
                texts[-1].text = f"{texts[-1].text}　{added}"
            if not isinstance(part, XmlPart):
                part._blob = etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=True)


def table(
    document: Document, grid: PrintedTable, heads: Sequence[Sequence[str]], texts: Sequence[Sequence[str]], width: int
) -> etree._Element:
    """A grid as a Word table of a given width (in twips); `heads` and `texts` stand in place of its own."""
    widths = [of * width // sum(grid.widths) for of in grid.widths]
    head = {(span.first_row, span.first_column): span for span in grid.head_spans}
    body = {(span.first_row, span.first_column): span for span in grid.spans}
    styles = {name: style_id(document, name) for name in (HEAD_STYLE, CENTRE_STYLE, LEFT_STYLE)}
    is_kept = len(texts) <= ROWS_KEPT_TOGETHER and len(widths) <= FEW_COLUMNS
    rows = [
        _row([styles[HEAD_STYLE]] * len(widths), line, widths, index, head, is_kept, is_head=True)
        for index, line in enumerate(heads)
    ]
    rows += [
        _row(
            [
                styles[LEFT_STYLE if cell.is_left and index not in grid.total_rows else CENTRE_STYLE]
                for cell in grid.rows[index]
            ],
            line,
            widths,
            index,
            body,
            is_kept and index < len(texts) - 1,
        )
        for index, line in enumerate(texts)
    ]
    columns = "".join(f'<w:gridCol w:w="{of}"/>' for of in widths)
    return parse_xml(
        f'<w:tbl {nsdecls("w")}><w:tblPr><w:tblStyle w:val="{style_id(document, "报告表格")}"/>'
        f'<w:tblW w:w="{sum(widths)}" w:type="dxa"/><w:jc w:val="center"/><w:tblLayout w:type="fixed"/>'
        f"{LOOK}</w:tblPr><w:tblGrid>{columns}</w:tblGrid>{''.join(rows)}</w:tbl>"
    )


def _row(
    styles: Sequence[str],
    texts: Sequence[str],
    widths: Sequence[int],
    row: int,
    spans: dict[tuple[int, int], MergedCells],
    is_kept: bool,
    is_head: bool = False,
) -> str:
    covered = {
        (line, column): span
        for span in spans.values()
        for line in range(span.first_row, span.last_row + 1)
        for column in range(span.first_column, span.last_column + 1)
    }
    keep = "<w:keepNext/>" if is_kept else ""
    cells, column = [], 0
    while column < len(texts):
        span = covered.get((row, column), MergedCells(row, column, row, column))
        merge = ""
        if span.last_row > span.first_row:
            merge = '<w:vMerge w:val="restart"/>' if row == span.first_row else "<w:vMerge/>"
        count = span.last_column - span.first_column + 1
        text = texts[column] if row == span.first_row else ""
        grid_span = f'<w:gridSpan w:val="{count}"/>' if count > 1 else ""
        cells.append(
            f'<w:tc><w:tcPr><w:tcW w:w="{sum(widths[column : column + count])}" w:type="dxa"/>{grid_span}{merge}'
            f'<w:vAlign w:val="center"/></w:tcPr><w:p><w:pPr><w:pStyle w:val="{styles[column]}"/>{keep}</w:pPr>'
            f"{text_run(text) if text else ''}</w:p></w:tc>"
        )
        column += count
    return f"<w:tr><w:trPr><w:cantSplit/>{'<w:tblHeader/>' if is_head else ''}</w:trPr>{''.join(cells)}</w:tr>"


def contents(document: Document, entries: Sequence[tuple[int, str, str]]) -> list[etree._Element]:
    """A table of contents of (level, text, bookmark), marked stale: its page numbers are not known yet."""

    def field(instruction: str, result: str, is_stale: bool = False) -> tuple[str, str]:
        dirty = ' w:dirty="true"' if is_stale else ""
        return (
            f'<w:r><w:fldChar w:fldCharType="begin"{dirty}/></w:r>'
            f'<w:r><w:instrText xml:space="preserve"> {instruction} </w:instrText></w:r>'
            f'<w:r><w:fldChar w:fldCharType="separate"/></w:r>{result}',
            '<w:r><w:fldChar w:fldCharType="end"/></w:r>',
        )

    begin, end = field(r'TOC \o "1-2" \h \z \u', "", is_stale=True)
    paragraphs = []
    for index, (level, text, bookmark) in enumerate(entries):
        page = "".join(field(rf"PAGEREF {bookmark} \h", "<w:r><w:t></w:t></w:r>"))
        paragraphs.append(
            f'<w:p {nsdecls("w")}><w:pPr><w:pStyle w:val="{style_id(document, f"toc {level}")}"/></w:pPr>'
            f"{begin if index == 0 else ''}"
            f'<w:hyperlink w:anchor="{bookmark}" w:history="1">{text_run(text)}<w:r><w:tab/></w:r>{page}</w:hyperlink>'
            f"{end if index == len(entries) - 1 else ''}</w:p>"
        )
    return [parse_xml(paragraph) for paragraph in paragraphs]


def numbered(draft: bytes, pages: Sequence[str]) -> bytes:
    """A Word file with the page of each entry of its contents, which are stale no more; as it was where the pages are
    not those of its entries."""

    def edited(xml: bytes) -> bytes:
        root = etree.fromstring(xml)
        fields = [each for each in root.iter(qn("w:instrText")) if (each.text or "").startswith(f" PAGEREF {BOOKMARK}")]
        if len(fields) != len(pages):
            return xml
        for field, page in zip(fields, pages, strict=True):
            separator = field.getparent().getnext()
            separator.getnext().find(qn("w:t")).text = page
        for begin in root.iter(qn("w:fldChar")):
            begin.attrib.pop(qn("w:dirty"), None)
        written: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=True)
        return written

    return with_fixed_times(draft, {"word/document.xml": edited})


def set_number_style(document: Document) -> None:
    """The digits within content controls have the style for numbers, where the template has one: LibreOffice would set
    them in the Chinese font."""
    found = next((style.style_id for style in document.styles if style.name == NUMBER_STYLE), None)
    if found is None:
        return
    for run in document.element.body.iterfind(f".//{qn('w:sdt')}/{qn('w:sdtContent')}/{qn('w:r')}"):
        properties = run.get_or_add_rPr()
        if properties.find(qn("w:rStyle")) is None:
            properties.insert(0, parse_xml(f'<w:rStyle {nsdecls("w")} w:val="{found}"/>'))


def set_bookmark(paragraph: etree._Element, number: int, name: str) -> None:
    start = parse_xml(f'<w:bookmarkStart {nsdecls("w")} w:id="{number}" w:name="{name}"/>')
    end = parse_xml(f'<w:bookmarkEnd {nsdecls("w")} w:id="{number}"/>')
    properties = paragraph.find(qn("w:pPr"))
    paragraph.insert(0 if properties is None else 1, start)
    paragraph.append(end)
