"""The report draft as a Word file, from a template that staff edit in Word or WPS.

The template holds the sentences, this module none. What a sentence asks for and there is not takes the sentence with
it; a digit that was typed instead of asked for stops the build.
"""

import io
from collections.abc import Callable, Iterable
from copy import copy
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from itertools import count
from pathlib import Path
from typing import Literal

from docx.document import Document
from docx.oxml.ns import qn
from docx.shared import Emu
from docx.text.paragraph import Paragraph
from docxtpl import DocxTemplate
from jinja2 import TemplateError

from sources.declarations.pack import Pack
from sources.system.fixed_zip import with_fixed_times
from sources.system.settings import Limits
from warehouse.catalogue.edition import outline_changes
from warehouse.figures.fact import Printed
from warehouse.figures.printed_table import PrintedTable
from warehouse.release.documents import wordml as word
from warehouse.release.documents.data_sources import source_line
from warehouse.release.documents.marks import ALLOWED, MARK, Block
from warehouse.release.documents.outline import lay_out_by
from warehouse.release.documents.paper_charts import Picture
from warehouse.release.documents.put_words import GAP, put_words
from warehouse.release.documents.sentences import drop_sentences, mark_footnotes, pieces, place_footnotes
from warehouse.release.documents.template_check import (
    check_file,
    check_template,
    shortened,
    template_environment,
    text_of,
)
from warehouse.release.documents.vocabulary import Vocabulary
from warehouse.release.evidence.stated import Known, state
from warehouse.release.narrative.read_narrative import Narrative

TEMPLATES = Path(__file__).parent / "templates"
REPORT, SCHOOL_REPORT = "report.docx", "school_report.docx"
NEUTRAL_TEMPLATE = TEMPLATES / REPORT
MISSING_LEAD = "本年度没有数据、因此正文没有写到的指标："
EMPTY_SECTION = "本年度没有可以刊印的数据。"
BODY_STYLE, HINT_STYLE, TITLE_STYLE, NOTE_STYLE, PICTURE_STYLE = "正文段落", "编写提示", "表题", "表注", "图题"
CHAPTERS = {"Heading 1": 1, "Heading 2": 2, "附录标题": 1}
PICTURE_SHARE = 0.94
Empty = Literal["told", "dropped", "hinted"]
"""What becomes of a chapter or section that has nothing to say: it says so; it goes, and the numbers of the others
close up; or it goes unless a hint says what its author may write there."""


def template_of(pack: Pack, name: str = REPORT) -> Path:
    """The template of a report, the region's or a school's: the pack's own, else the neutral one."""
    folder = pack.layer("documents")
    own = folder / name if folder else None
    return own if own and own.exists() else TEMPLATES / name


@dataclass(frozen=True)
class ReportDraft:
    """The Word file, every number in it in the order of its pages, and what its sentences asked for in vain.

    `for_authors` is the same file with the hints of the template to whoever writes on in it.
    """

    data: bytes
    for_authors: bytes
    printed: tuple[Printed, ...]
    missing: tuple[str, ...]


def write_draft(
    vocabulary: Vocabulary,
    grids: Callable[[str], PrintedTable | None],
    pictures: Callable[[str], Picture | None],
    released_on: date,
    template: Path,
    empty: Empty = "told",
    narrative: Narrative | None = None,
) -> ReportDraft:
    """Renders the template, and puts the city's own words below what it says.

    Raises ValueError, naming the paragraph, for a digit outside a token and for a token that cannot be read.
    """
    # Long: what becomes of the document, step by step.
    _look_at(template, template.stat().st_mtime_ns)
    engine = DocxTemplate(template)
    engine.init_docx()
    check_template(engine.docx, vocabulary)
    try:
        engine.render(vocabulary.names(), template_environment(), autoescape=True)
    except (TemplateError, SyntaxError, RecursionError) as error:
        lines = "".join(getattr(error, "docx_context", ())).split()
        raise ValueError(
            f"模板中有不能识别的写法，例如 {{% if %}} 与 {{% endif %}} 不配对（{error}）：{' … '.join(lines)[:200]}"
        ) from error
    document = engine.docx
    if narrative:
        if vocabulary.figures.school is None:  # a school's outline is declared whole
            lay_out_by(document, outline_changes(vocabulary.figures.catalogue.pack, narrative.written.report_year))
        put_words(document, vocabulary, narrative)
    missing = drop_sentences(document, vocabulary)
    notes = mark_footnotes(document, vocabulary)
    if empty == "told":
        _fill_sections(document)
    else:
        _drop_empty(document, vocabulary, keeps_hinted=empty == "hinted")
    _expand_blocks(document, vocabulary, grids, pictures, missing)
    for paragraph in document.element.iter(qn("w:p")):
        _check_digits(text_of(paragraph), vocabulary)
    printed: list[Printed] = []
    known, numbers = Known(vocabulary.figures), count()

    def title_of(number: Printed) -> str:
        return state(number, known).title

    for text in list(document.element.iter(qn("w:t"))):
        word.set_text(text, vocabulary.resolve(text.text or "", printed), title_of, numbers)
    place_footnotes(document, [vocabulary.resolve(note, printed) for note in notes], title_of, numbers)
    word.set_number_style(document)
    word.edit_margins(document, vocabulary.text, vocabulary.figures.origin_note)
    for_authors = _saved(document, vocabulary, released_on)
    _drop_hints(document)
    return ReportDraft(_saved(document, vocabulary, released_on), for_authors, tuple(printed), missing)


@lru_cache
def _look_at(template: Path, changed_ns: int) -> None:
    """Looks at a template's file, once for all reports that are made from it. Raises ValueError."""
    check_file(template, Limits())


def _drop_hints(document: Document) -> None:
    for paragraph in list(document.paragraphs):
        if _style(paragraph) == HINT_STYLE and not paragraph.text.startswith(GAP):
            paragraph._p.getparent().remove(paragraph._p)


def _fill_sections(document: Document) -> None:
    """A heading that has lost everything below it says so."""
    paragraphs = [p for p in document.paragraphs if p.style is None or p.style.name != HINT_STYLE]
    for this, following in zip(paragraphs, [*paragraphs[1:], None], strict=True):
        level = CHAPTERS.get(_style(this))
        if level is None:
            continue
        after = CHAPTERS.get(_style(following), 9) if following is not None else 0
        if following is None or after <= level:
            empty = Paragraph(copy(this._p), this._parent)
            for child in list(empty._p):
                empty._p.remove(child)
            empty.style = document.styles[BODY_STYLE]
            empty.add_run(EMPTY_SECTION)
            this._p.addnext(empty._p)


def _drop_empty(document: Document, vocabulary: Vocabulary, keeps_hinted: bool) -> None:
    """Takes out paragraphs that say nothing, and headings that have no text below them: charts are none, nor hints."""
    says_something, next_level = False, 0
    for paragraph in reversed(list(document.paragraphs)):
        level, text = CHAPTERS.get(_style(paragraph)), text_of(paragraph._p)
        if level is None and _style(paragraph) == BODY_STYLE:
            if text.strip():
                charts = [piece for piece in pieces(text, vocabulary) if isinstance(piece, Block)]
                says_something = says_something or not any(piece.kind == "chart" for piece in charts)
            else:
                paragraph._p.getparent().remove(paragraph._p)
        elif level is None:
            is_hint = _style(paragraph) == HINT_STYLE
            says_something = says_something or (is_hint and (keeps_hinted or text.startswith(GAP)))
        else:
            if says_something or next_level > level:
                says_something, next_level = False, level
            else:
                paragraph._p.getparent().remove(paragraph._p)


def _style(paragraph: Paragraph) -> str:
    return (paragraph.style.name if paragraph.style is not None else "") or ""


def _expand_blocks(
    document: Document,
    vocabulary: Vocabulary,
    grids: Callable[[str], PrintedTable | None],
    pictures: Callable[[str], Picture | None],
    missing: tuple[str, ...],
) -> None:
    section = document.sections[-1]
    width = (section.page_width or 0) - (section.left_margin or 0) - (section.right_margin or 0)
    drawn = 0
    for paragraph in list(document.paragraphs):
        blocks = [piece for piece in pieces(text_of(paragraph._p), vocabulary) if isinstance(piece, Block)]
        for block in blocks:
            if block.kind == "table" and (grid := grids(block.name)):
                _put_table(paragraph, vocabulary, document, grid, int(Emu(width).twips))
            if block.kind == "chart" and (picture := pictures(block.name)):
                drawn += 1
                _put_picture(paragraph, vocabulary, picture, drawn, int(width * PICTURE_SHARE))
            if block.kind == "contents":
                _put_contents(paragraph, vocabulary, document)
            if block.kind == "missing" and missing:
                labels = "、".join(vocabulary.plain(label) for label in missing)
                paragraph.insert_paragraph_before(f"{MISSING_LEAD}{labels}。", BODY_STYLE)
        if blocks:
            paragraph._p.getparent().remove(paragraph._p)


def _put_table(before: Paragraph, vocabulary: Vocabulary, document: Document, grid: PrintedTable, width: int) -> None:
    before.insert_paragraph_before(vocabulary.plain(grid.title), TITLE_STYLE)
    marks = [[vocabulary.cell(cell) for cell in row] for row in grid.laid_out]
    heads = [[vocabulary.plain(text) for text in line] for line in grid.head]
    before._p.addprevious(word.table(document, grid, heads, marks, width))
    for number, note in enumerate(grid.notes):
        before.insert_paragraph_before(("注：" if number == 0 else "　　") + vocabulary.note(note), NOTE_STYLE)
    codes = [cell.reference.indicator for row in grid.rows for cell in row if cell.reference]
    _put_source(before, vocabulary, codes or [row.indicator for row in grid.declared.rows])


def _put_picture(before: Paragraph, vocabulary: Vocabulary, picture: Picture, number: int, width: int) -> None:
    holder = before.insert_paragraph_before("", PICTURE_STYLE)
    holder.paragraph_format.keep_with_next = True
    shape = holder.add_run().add_picture(io.BytesIO(picture.png), width=Emu(min(width, picture.width)))
    properties = shape._inline.docPr
    properties.set("name", f"chart{number}")
    properties.set("descr", picture.description)
    title = f"{vocabulary.plain(f'图{number}')}　{vocabulary.plain(picture.title)}"
    before.insert_paragraph_before(title, PICTURE_STYLE).paragraph_format.keep_with_next = True
    _put_source(before, vocabulary, picture.indicators)


def _put_source(before: Paragraph, vocabulary: Vocabulary, indicators: Iterable[str]) -> None:
    if said := source_line(indicators, vocabulary.figures):
        before.insert_paragraph_before(vocabulary.plain(said), NOTE_STYLE)


def _put_contents(before: Paragraph, vocabulary: Vocabulary, document: Document) -> None:
    entries: list[tuple[int, str, str]] = []
    chapter = section = 0
    for paragraph in document.paragraphs:
        style = _style(paragraph)
        if style not in CHAPTERS:
            continue
        number = ""
        if style == "Heading 1":
            chapter, section = chapter + 1, 0
            number = vocabulary.plain(f"{chapter} ")
        elif style == "Heading 2":
            section += 1
            number = vocabulary.plain(f"{chapter}.{section} ")
        bookmark = f"{word.BOOKMARK}{len(entries) + 1:06d}"
        word.set_bookmark(paragraph._p, len(entries) + 1, bookmark)
        entries.append((CHAPTERS[style], number + text_of(paragraph._p), bookmark))
    for element in word.contents(document, entries):
        before._p.addprevious(element)


def _check_digits(text: str, vocabulary: Vocabulary) -> None:
    digits = vocabulary.unmarked_digits(text, ALLOWED)
    if digits:
        raise ValueError(f"“{shortened(MARK.sub('…', text))}”中的数字 {digits[0]} 没有来历")


def _saved(document: Document, vocabulary: Vocabulary, released_on: date) -> bytes:
    figures = vocabulary.figures
    properties = document.core_properties
    properties.title = f"{figures.subject_name}中等职业教育质量年度报告（{figures.report_year}年度）"
    properties.author = properties.last_modified_by = figures.bureau_name
    properties.subject = f"版本 {vocabulary.version}"
    properties.comments, properties.revision = "", 1
    properties.created = properties.modified = datetime(released_on.year, released_on.month, released_on.day)
    target = io.BytesIO()
    document.save(target)
    return with_fixed_times(target.getvalue())
