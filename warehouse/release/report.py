"""The report draft as a Word file, from a template that staff edit in Word or WPS.

The template holds the sentences, this module none. What a sentence asks for and there is not takes the sentence with
it; a digit that was typed instead of asked for stops the build.
"""

import io
import re
from collections.abc import Callable, Iterator
from copy import copy
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from docx.document import Document
from docx.oxml.ns import qn
from docx.shared import Emu
from docx.text.paragraph import Paragraph
from docxtpl import DocxTemplate
from jinja2 import Environment, StrictUndefined, TemplateError, Undefined
from lxml import etree

from warehouse.release import word
from warehouse.release.charts import Picture
from warehouse.release.figures import Printed
from warehouse.release.grid import Grid
from warehouse.release.tokens import MARK, NOTE_MARK, Block, Missing, Number, TokenError, Vocabulary

TEMPLATE = Path(__file__).parent / "templates" / "report.docx"
TOKEN = re.compile(r"\{[{%#].*?[}%#]\}")
EXPRESSION = re.compile(r"\{\{(?:p|r|tr|tc)?\s(.*?)\}\}|\{%(?:p|r|tr|tc)?\s*(?:el)?if\s(.*?)%\}")
QUOTES = str.maketrans("“”‘’", "\"\"''")
# digits that are no figures: numbers of tables, figures and articles, 1+X certificates, the unit m²
ALLOWED = re.compile(r"附?[表图]\s?\d+(?:\.\d+)?(?:-\d+)?|第\d+[条款章节届]|1\+X|[km]m?2")
SENTENCE = re.compile(r"[^。；！？]*[。；！？]?")
ENDS = "。；！？"
MISSING_LEAD = "本年度没有数据、因此正文没有写到的指标："
EMPTY_SECTION = "本年度没有可以刊印的数据。"
BODY_STYLE, HINT_STYLE, TITLE_STYLE, NOTE_STYLE, PICTURE_STYLE = "正文段落", "编写提示", "表题", "表注", "图题"
CHAPTERS = {"Heading 1": 1, "Heading 2": 2, "附录标题": 1}
PICTURE_SHARE = 0.94


@dataclass(frozen=True)
class Draft:
    """The Word file, every number in it in the order of its pages, and what its sentences asked for in vain."""

    data: bytes
    printed: tuple[Printed, ...]
    missing: tuple[str, ...]


def write_draft(
    vocabulary: Vocabulary,
    grids: Callable[[str], Grid | None],
    pictures: Callable[[str], Picture | None],
    released_on: date,
    template: Path = TEMPLATE,
) -> Draft:
    """Renders the template.

    Raises ValueError, naming the paragraph, for a digit outside a token and for a token that cannot be read.
    """
    engine = DocxTemplate(template)
    engine.init_docx()
    check_template(engine.docx, vocabulary)
    try:
        engine.render(vocabulary.names(), _environment(), autoescape=True)
    except TemplateError as error:
        lines = "".join(getattr(error, "docx_context", ())).split()
        raise ValueError(
            f"模板中的 {{% if %}} 与 {{% endif %}} 不配对（{error}）：{' … '.join(lines)[:200]}"
        ) from error
    document = engine.docx
    missing = _drop_sentences(document, vocabulary)
    notes = _mark_footnotes(document, vocabulary)
    _fill_sections(document)
    _expand_blocks(document, vocabulary, grids, pictures, missing)
    for paragraph in document.element.iter(qn("w:p")):
        _check_digits(_text(paragraph), vocabulary)
    printed: list[Printed] = []
    for text in document.element.iter(qn("w:t")):
        text.text = vocabulary.resolve(text.text or "", printed)
    _place_footnotes(document, [vocabulary.resolve(note, printed) for note in notes])
    word.edit_margins(document, lambda text: vocabulary.resolve(text, []))
    return Draft(_saved(document, vocabulary, released_on), tuple(printed), missing)


def _environment() -> Environment:
    return Environment(autoescape=True, undefined=StrictUndefined)


# Checking the template


def template_paragraphs(document: Document) -> Iterator[tuple[str, str]]:
    """(where, text) of every paragraph of a template: of the body, its tables, the headers and footers."""
    for number, paragraph in enumerate(document.element.body.iter(qn("w:p")), 1):
        yield f"第 {number} 段", _text(paragraph)
    for section in document.sections:
        for where, part in (("页眉", section.header), ("页脚", section.footer)):
            for paragraph in part._element.iter(qn("w:p")):
                yield where, _text(paragraph)


def literal_digits(document: Document) -> list[str]:
    """A message for every paragraph that has a digit outside a token."""
    found = []
    for where, text in template_paragraphs(document):
        digits = re.findall(r"\d[\d.,]*", ALLOWED.sub("", TOKEN.sub("", text)))
        if digits:
            found.append(
                f"模板{where}“{_short(text)}”中有直接写出的数字 {digits[0]}；请改用取数的词，如 {{{{ 值(…) }}}}"
            )
    return found


def check_template(document: Document, vocabulary: Vocabulary) -> None:
    """Raises ValueError for literal digits, and for tokens that are not understood, each with its paragraph."""
    problems = literal_digits(document)
    environment, names = _environment(), vocabulary.names()
    for where, text in template_paragraphs(document):
        for found in EXPRESSION.finditer(text):
            expression = (found.group(1) or found.group(2)).translate(QUOTES).strip()
            try:
                result = environment.compile_expression(expression, undefined_to_none=False)(**names)
                if isinstance(result, Undefined) or callable(result):
                    raise TokenError(f"没有名为“{expression}”的词")
            except (TemplateError, TokenError, TypeError) as error:
                problems.append(f"模板{where}“{_short(text)}”中的 {found.group()} 不能识别：{error}")
    if problems:
        raise ValueError("\n".join(problems))


def _short(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:40]}…"


def _text(paragraph: etree._Element) -> str:
    return "".join(text.text or "" for text in paragraph.iter(qn("w:t")))


# Sentences without figures, footnotes


def _drop_sentences(document: Document, vocabulary: Vocabulary) -> tuple[str, ...]:
    """Takes out sentences that lack a figure, and paragraphs that had nothing else; returns what was lacking."""
    missing: dict[str, None] = {}
    for paragraph in list(document.element.body.iter(qn("w:p"))):
        text = _text(paragraph)
        lacking = [p.label for p in _pieces(text, vocabulary) if isinstance(p, Missing)]
        if not lacking:
            continue
        missing |= dict.fromkeys(lacking)
        sentences = [(sentence, _is_kept(sentence, vocabulary)) for sentence in SENTENCE.findall(text)]
        if any(is_kept and sentence.strip() for sentence, is_kept in sentences):
            _edit(paragraph, [is_kept for sentence, is_kept in sentences for _ in sentence])
        elif len(paragraph.getparent().findall(qn("w:p"))) > 1:
            paragraph.getparent().remove(paragraph)
        else:  # the only paragraph of a table's cell, which must have one
            _edit(paragraph, [False] * len(text))
    return tuple(missing)


def _is_kept(sentence: str, vocabulary: Vocabulary) -> bool:
    return not any(isinstance(piece, Missing) for piece in _pieces(sentence, vocabulary))


def _edit(paragraph: etree._Element, kept: list[bool]) -> None:
    """Removes characters of a paragraph whatever runs they stand in; a trailing semicolon becomes a full stop."""
    position = 0
    nodes = list(paragraph.iter(qn("w:t")))
    for node in nodes:
        old = node.text or ""
        node.text = "".join(c for index, c in enumerate(old, position) if kept[index])
        position += len(old)
    last = next((node for node in reversed(nodes) if (node.text or "").strip()), None)
    if last is not None and last.text.rstrip().endswith("；"):
        last.text = last.text.rstrip()[:-1] + "。"


def _pieces(text: str, vocabulary: Vocabulary) -> list:
    return [vocabulary.pieces[int(index)] for index in MARK.findall(text)]


def _mark_footnotes(document: Document, vocabulary: Vocabulary) -> list[str]:
    """Puts a mark at the end of the sentence that first needs a footnote; returns the footnotes with their marks."""
    notes: list[str] = []
    for paragraph in document.element.body.iter(qn("w:p")):
        text = _text(paragraph)
        remarks = [
            remark for piece in _pieces(text, vocabulary) if isinstance(piece, Number) for remark in piece.remarks
        ]
        if not remarks:
            continue
        first = next(
            index
            for index, sentence in enumerate(SENTENCE.findall(text))
            if any(isinstance(piece, Number) and piece.remarks for piece in _pieces(sentence, vocabulary))
        )
        end = sum(map(len, SENTENCE.findall(text)[: first + 1]))
        end -= text[end - 1] in ENDS
        marks = ""
        for note in vocabulary.footnotes(remarks):
            notes.append(note)
            marks += f"\ue002{len(notes)}\ue003"
        _insert(paragraph, end, marks)
    return notes


def _insert(paragraph: etree._Element, position: int, text: str) -> None:
    for node in paragraph.iter(qn("w:t")):
        length = len(node.text or "")
        if position <= length:
            node.text = (node.text or "")[:position] + text + (node.text or "")[position:]
            return
        position -= length


def _place_footnotes(document: Document, notes: list[str]) -> None:
    """Marks become references: the run is split around each."""
    for node in list(document.element.body.iter(qn("w:t"))):
        pieces = NOTE_MARK.split(node.text or "")
        if len(pieces) == 1:
            continue
        run = node.getparent()
        node.text = pieces[0]
        node.set(qn("xml:space"), "preserve")
        at = run
        for index, (number, text) in enumerate(zip(pieces[1::2], pieces[2::2], strict=True)):
            added = [word.footnote_reference(document, int(number))]
            if index and not pieces[2 * index]:
                added.insert(0, word.footnote_separator())
            if text:
                added.append(_copied_run(run, text))
            for element in added:
                at.addnext(element)
                at = element
    word.write_footnotes(document, notes)


def _copied_run(run: etree._Element, text: str) -> etree._Element:
    new = run.makeelement(run.tag, run.attrib)
    properties = run.find(qn("w:rPr"))
    if properties is not None:
        new.append(copy(properties))
    node = new.makeelement(qn("w:t"), {qn("xml:space"): "preserve"})
    node.text = text
    new.append(node)
    return new


# Sections, tables, charts


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


def _style(paragraph: Paragraph) -> str:
    return (paragraph.style.name if paragraph.style is not None else "") or ""


def _expand_blocks(
    document: Document,
    vocabulary: Vocabulary,
    grids: Callable[[str], Grid | None],
    pictures: Callable[[str], Picture | None],
    missing: tuple[str, ...],
) -> None:
    section = document.sections[-1]
    width = (section.page_width or 0) - (section.left_margin or 0) - (section.right_margin or 0)
    drawn = 0
    for paragraph in list(document.paragraphs):
        blocks = [piece for piece in _pieces(_text(paragraph._p), vocabulary) if isinstance(piece, Block)]
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


def _put_table(before: Paragraph, vocabulary: Vocabulary, document: Document, grid: Grid, width: int) -> None:
    before.insert_paragraph_before(vocabulary.plain(grid.title), TITLE_STYLE)
    marks = [[vocabulary.cell(cell) for cell in row] for row in grid.rows]
    heads = [[vocabulary.plain(text) for text in line] for line in grid.head]
    before._p.addprevious(word.table(document, grid, heads, marks, width))
    for number, note in enumerate(grid.notes):
        before.insert_paragraph_before(("注：" if number == 0 else "　　") + vocabulary.note(note), NOTE_STYLE)


def _put_picture(before: Paragraph, vocabulary: Vocabulary, picture: Picture, number: int, width: int) -> None:
    holder = before.insert_paragraph_before("", PICTURE_STYLE)
    holder.paragraph_format.keep_with_next = True
    shape = holder.add_run().add_picture(io.BytesIO(picture.png), width=Emu(min(width, picture.width)))
    properties = shape._inline.docPr
    properties.set("name", f"chart{number}")
    properties.set("descr", picture.description)
    before.insert_paragraph_before(
        f"{vocabulary.plain(f'图{number}')}　{vocabulary.plain(picture.title)}", PICTURE_STYLE
    )


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
        bookmark = f"_Toc{len(entries) + 1:06d}"
        word.set_bookmark(paragraph._p, len(entries) + 1, bookmark)
        entries.append((CHAPTERS[style], number + _text(paragraph._p), bookmark))
    for element in word.contents(document, entries):
        before._p.addprevious(element)


# The end


def _check_digits(text: str, vocabulary: Vocabulary) -> None:
    digits = vocabulary.unmarked_digits(text, ALLOWED)
    if digits:
        raise ValueError(f"“{_short(MARK.sub('…', text))}”中的数字 {digits[0]} 没有来历")


def _saved(document: Document, vocabulary: Vocabulary, released_on: date) -> bytes:
    figures = vocabulary.figures
    properties = document.core_properties
    properties.title = f"{figures.city_name}中等职业教育质量年度报告（{figures.report_year}年度）"
    properties.author = properties.last_modified_by = figures.bureau_name
    properties.subject = f"版本 {vocabulary.version}"
    properties.comments, properties.revision = "", 1
    properties.created = properties.modified = datetime(released_on.year, released_on.month, released_on.day)
    target = io.BytesIO()
    document.save(target)
    return word.with_fixed_times(target.getvalue())
