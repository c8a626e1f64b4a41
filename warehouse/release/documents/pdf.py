"""The PDF, typeset from the finished Word file: what staff change in the template reaches both.

Paragraph styles decide what a paragraph is; fonts come from a package, so that the pages are the same everywhere.
"""

import io
import tempfile
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

import docx
import pypdfium2
import typst
from docx.document import Document
from docx.oxml.ns import qn
from docx.table import Table
from docx.text.paragraph import Paragraph
from lxml import etree

from sources.system.kept_parts import NOTHING_KEPT, KeptParts
from sources.system.plain_text import as_typst
from warehouse.release.documents.wordml import HEAD_STYLE, LEFT_STYLE, numbered, read_footnotes
from warehouse.release.fonts import FONT_FOLDER, FONT_PACKAGE

LAYOUT = Path(__file__).parent / "templates" / "report.typ"
STANDARD: Literal["ua-1"] = "ua-1"
"""PDF/UA-1: typst refuses a page that a screen reader could not read, such as a picture without its description."""
IN_CONTENTS = 2
EMU_PER_POINT = 12700
CALLS = {
    "Heading 1": "chapter",
    "Heading 2": "section",
    "Heading 3": "subsection",
    "附录标题": "unnumbered",
    "表题": "table-title",
    "表注": "table-note",
    "图题": "picture-title",
    "目录标题": "contents-title",
    "封面标题": "cover-title",
    "封面年度": "cover-year",
    "封面落款": "cover-imprint",
}


def write_pdf(draft: bytes, released_on: date, kept: KeptParts = NOTHING_KEPT) -> bytes:
    """A Word file as PDF; the same file gives the same bytes, as they were set before where they are `kept`.

    Raises typst.TypstError when a page cannot be set.
    """
    document = docx.Document(io.BytesIO(draft))
    return set_pages(lambda folder: _source(document, folder, released_on), LAYOUT, released_on, kept)


def pages_of(pdf: bytes) -> list[str]:
    """What stands at the foot of the pages on which the chapters and sections begin, in their order."""
    with pypdfium2.PdfDocument(pdf) as opened:
        entries = [entry for entry in opened.get_toc() if entry.level < IN_CONTENTS]
        places = [entry.get_dest() for entry in entries]
        return [opened.get_page_label(place.get_index()) if place else "" for place in places]


def with_pages(draft: bytes, released_on: date, kept: KeptParts = NOTHING_KEPT) -> bytes:
    """A Word file with page numbers in its contents: those of the same file as PDF, which has the same measures."""
    return numbered(draft, pages_of(write_pdf(draft, released_on, kept)))


def set_pages(
    lines: Callable[[Path], Iterable[str]], layout: Path, released_on: date, kept: KeptParts = NOTHING_KEPT
) -> bytes:
    """The PDF of typst markup that imports the layout by its name; `lines` may put pictures into the folder it gets.

    Raises typst.TypstError when a page cannot be set.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source = folder / "main.typ"
        (folder / layout.name).write_bytes(layout.read_bytes())
        source.write_text("\n".join(lines(folder)), encoding="utf-8")
        stamp = datetime(released_on.year, released_on.month, released_on.day, tzinfo=UTC)

        def typeset() -> bytes:
            pdf = typst.compile(
                source,
                root=folder,
                font_paths=[FONT_FOLDER],
                ignore_system_fonts=True,
                format="pdf",
                timestamp=stamp,
                pdf_standards=STANDARD,
            )
            assert isinstance(pdf, bytes)
            return pdf

        files = [part for path in sorted(folder.iterdir()) for part in (path.name, path.read_bytes())]
        return kept.part((*files, stamp.isoformat(), version("typst"), STANDARD, version(FONT_PACKAGE)), typeset)


def _source(document: Document, folder: Path, released_on: date) -> Iterator[str]:
    """The document as typst markup, one paragraph or table at a time."""
    properties = document.core_properties
    header = "".join(p.text for p in document.sections[-1].header.paragraphs).strip()
    day = f"datetime(year: {released_on.year}, month: {released_on.month}, day: {released_on.day})"
    yield f'#import "{LAYOUT.name}": *'
    said = next((text for p in document.paragraphs if (text := p.text.strip())), "年度报告")
    title = properties.title or said  # PDF/UA asks for one, and a person's own Word file may have none
    yield f"#set document(title: {as_typst(title)}, author: {as_typst(properties.author)}, date: {day})"
    yield "#show: front"
    notes = read_footnotes(document)
    has_contents = False
    for item in document.iter_inner_content():
        if isinstance(item, Table):
            yield _table(item)
            continue
        style = (item.style.name if item.style is not None else "") or ""
        if _is_on_a_new_page(item):
            yield "#pagebreak(weak: true)"
        if style.startswith("toc "):
            if not has_contents:
                yield "#contents()"
            has_contents = True
        else:
            content = _content(item, notes)
            yield from _pictures(item, document, folder)
            if content:
                plain = "kept" if item.paragraph_format.keep_with_next else "par"
                yield f"#{CALLS.get(style, plain)}[{content}]"
        if item._p.find(f"{qn('w:pPr')}/{qn('w:sectPr')}") is not None:
            yield f"#show: body.with(header: {as_typst(header)})"


def _is_on_a_new_page(paragraph: Paragraph) -> bool:
    own = paragraph.paragraph_format.page_break_before
    style = paragraph.style
    return bool(style is not None and style.paragraph_format.page_break_before if own is None else own)


def _content(paragraph: Paragraph, notes: dict[int, str]) -> str:
    """Runs with their emphasis and footnotes; strings stand in quotes, so that nothing in them is markup."""
    parts = []
    for run in paragraph._p.iter(qn("w:r")):
        reference = run.find(qn("w:footnoteReference"))
        if reference is not None:
            parts.append(f"#sym.wj#footnote[#{as_typst(notes[int(reference.get(qn('w:id')))])}]")
            continue
        text = "".join(node.text or "" for node in run.findall(qn("w:t")))
        if not text:
            continue
        properties = run.find(qn("w:rPr"))
        emphasis = [] if properties is None else [tag for tag in ("b", "i") if _is_on(properties.find(qn(f"w:{tag}")))]
        body = f"#{as_typst(text)}"
        for tag in emphasis:
            body = f"#{'strong' if tag == 'b' else 'emph'}[{body}]"
        if properties is not None and properties.find(qn("w:vertAlign")) is not None:
            body = f"#super[{body}]"
        parts.append(body)
    return "".join(f"{part};" if part.startswith('#"') else part for part in parts)


def _is_on(switch: etree._Element | None) -> bool:
    return switch is not None and switch.get(qn("w:val")) not in ("0", "false")


def _pictures(paragraph: Paragraph, document: Document, folder: Path) -> Iterator[str]:
    for number, inline in enumerate(paragraph._p.iter(qn("wp:inline"))):
        blip = next(inline.iter(qn("a:blip")))
        part = document.part.related_parts[blip.get(qn("r:embed"))]
        name = f"{Path(str(part.partname)).stem}-{number}{Path(str(part.partname)).suffix}"
        (folder / name).write_bytes(part.blob)
        width = int(inline.find(qn("wp:extent")).get("cx")) / EMU_PER_POINT
        described = inline.find(qn("wp:docPr")).get("descr")
        yield f"#picture({as_typst(name)}, {width:.1f}pt, {as_typst(described)})"


def _table(table: Table) -> str:
    """A Word table with its merged cells; rows marked as heads are repeated on every page."""
    rows = table._tbl.tr_lst
    columns = [column.w or 1 for column in table._tbl.tblGrid.gridCol_lst]
    tall = _heights(rows)
    heads: list[str] = []
    lines: list[str] = []
    for number, row in enumerate(rows):
        cells, column = [], 0
        for cell in row.tc_lst:
            span = cell.grid_span
            if cell.vMerge != "continue":
                cells.append(_cell(cell, span, tall.get((number, column), 1)))
            column += span
        is_head = row.trPr is not None and row.trPr.find(qn("w:tblHeader")) is not None
        (heads if is_head else lines).append(", ".join(cells))
    widths = ", ".join(f"{int(width)}fr" for width in columns)
    head = f"table.header({', '.join(heads)}), " if heads else ""
    is_whole = str(next(table._tbl.iter(qn("w:keepNext")), None) is not None).lower()
    return f"#report-table(({widths},), {is_whole}, {head}{', '.join(filter(None, lines))})"


def _heights(rows: list[Any]) -> dict[tuple[int, int], int]:
    """(row, column) of a cell merged downwards → how many rows it takes."""
    tall: dict[tuple[int, int], int] = {}
    begun: dict[int, tuple[int, int]] = {}
    for number, row in enumerate(rows):
        column = 0
        for cell in row.tc_lst:
            if cell.vMerge == "restart":
                begun[column] = (number, column)
            elif cell.vMerge == "continue" and column in begun:
                tall[begun[column]] = number - begun[column][0] + 1
            column += cell.grid_span
    return tall


def _cell(cell: etree._Element, span: int, height: int) -> str:
    paragraphs = cell.p_lst
    text = "\n".join("".join(node.text or "" for node in p.iter(qn("w:t"))) for p in paragraphs)
    style = paragraphs[0].style or ""
    placed = {HEAD_STYLE: "head", LEFT_STYLE: "left"}
    kind = next((kind for name, kind in placed.items() if name == style), "centre")
    return f"cell-{kind}({as_typst(text)}, {span}, {height})"
