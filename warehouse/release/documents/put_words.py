"""The city's own words in the drafted document: below what is said of the figures of their section; then the cases."""

import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from docx.document import Document
from docx.shared import Emu
from docx.text.paragraph import Paragraph as WordParagraph

from sources.declarations.problem import Problem
from warehouse.release.documents.own_words import JudgedSection, JudgedWords, judge, said_of
from warehouse.release.documents.vocabulary import Vocabulary
from warehouse.release.narrative.paragraphs import WrittenParagraph, WrittenSpan
from warehouse.release.narrative.read_narrative import Case, CasePicture, Narrative

SECTION_STYLE, CHAPTER_STYLE, UNNUMBERED_STYLE = "Heading 2", "Heading 1", "附录标题"
BODY_STYLE, HINT_STYLE, NOTE_STYLE, PICTURE_STYLE = "正文段落", "编写提示", "表注", "图题"
CASES_TITLE, ANNEX_TITLE = "典型案例", "附表"
GAP = "【此处"
"""How a hint begins that stands in every draft: something is missing, or wrong, right here."""
WRITERS = {"bureau": "教育局撰写", "school": "根据学校的材料撰写"}
PICTURE_SHARE = 0.8


def put_words(document: Document, vocabulary: Vocabulary, narrative: Narrative) -> None:
    """Puts words, gaps and cases into a rendered template; of a city that has not begun to write nothing.

    Raises ValueError when the template has no heading for a section that has words: they would be lost.
    """
    if not narrative.is_begun:
        return
    judged = judge(vocabulary, narrative)
    writer = _Writer(document, vocabulary)
    ends = _ends_of_sections(document)
    if homeless := [
        f"{narrative.written.shown}/{each.written.file}"
        for each in judged.sections
        if each.written.paragraphs and each.written.section.heading not in ends
    ]:
        raise ValueError(f"报告模板里没有这些节的标题，它们的文字没有地方印：{'、'.join(homeless)}")
    for each in judged.sections:
        if each.written.section.heading in ends:
            writer.section(each, ends[each.written.section.heading])
    writer.cases(judged)


def _ends_of_sections(document: Document) -> dict[str, WordParagraph | None]:
    """Heading of a section → the paragraph before which it ends; None where it is the last thing."""
    headings = [
        each for each in document.paragraphs if style_of(each) in (SECTION_STYLE, CHAPTER_STYLE, UNNUMBERED_STYLE)
    ]
    return {
        heading.text.strip(): following
        for heading, following in zip(headings, [*headings[1:], None], strict=True)
        if style_of(heading) == SECTION_STYLE
    }


def style_of(paragraph: WordParagraph) -> str:
    return (paragraph.style.name if paragraph.style is not None else "") or ""


class _Writer:
    """Writes paragraphs before a place of a document."""

    def __init__(self, document: Document, vocabulary: Vocabulary) -> None:
        self.document, self.vocabulary = document, vocabulary
        self.names: Mapping[str, Any] = vocabulary.names()

    def section(self, judged: JudgedSection, before: WordParagraph | None) -> None:
        self.paragraphs(judged.written.paragraphs, before)
        for hint in self.hints(judged):
            self.plain(hint, HINT_STYLE, before)

    def hints(self, judged: JudgedSection) -> Iterator[str]:
        """What a draft says where something is missing or wrong."""
        section = judged.written.section
        fewest, most = section.length
        asked = f"{WRITERS[section.writer]}，{fewest}—{most} 字。要写：{section.asks}"
        if judged.state == "missing":
            yield f"{GAP}缺：{section.heading}。{asked}】"
        if judged.state in ("short", "long"):
            way = "短" if judged.state == "short" else "长"
            yield f"{GAP}太{way}：{section.heading}写了 {judged.written.length} 字。{asked}】"
        yield from map(_told, judged.problems)

    def cases(self, judged: JudgedWords) -> None:
        cases = judged.narrative.cases
        if not cases:
            return
        unnumbered = [each for each in self.document.paragraphs if style_of(each) == UNNUMBERED_STYLE]
        before = next((each for each in unnumbered if each.text.strip() == ANNEX_TITLE), None)
        self.plain(CASES_TITLE, UNNUMBERED_STYLE, before)
        for number, case in enumerate(cases, 1):
            self.case(case, number, before)
        for problem in judged.problems:
            self.plain(_told(problem), HINT_STYLE, before)

    def case(self, case: Case, number: int, before: WordParagraph | None) -> None:
        title = self._placed("", BODY_STYLE, before)
        title.paragraph_format.keep_with_next = True
        title.add_run(f"案例{self.vocabulary.plain(str(number))}　").bold = True
        self.runs(title, case.title, is_bold=True)
        self.paragraphs(case.paragraphs, before)
        if case.picture:
            self.picture(case.picture, number, before)
        source = f"学校：{case.school}　来源：{case.source}"
        self.plain(source, NOTE_STYLE, before)

    def picture(self, picture: CasePicture, number: int, before: WordParagraph | None) -> None:
        section = self.document.sections[-1]
        width = (section.page_width or 0) - (section.left_margin or 0) - (section.right_margin or 0)
        holder = self._placed("", PICTURE_STYLE, before)
        holder.paragraph_format.keep_with_next = True
        shape = holder.add_run().add_picture(io.BytesIO(picture.data))
        if shape.width > (most := int(width * PICTURE_SHARE)):
            shape.height, shape.width = Emu(shape.height * most // shape.width), Emu(most)
        properties = shape._inline.docPr
        properties.set("name", f"case{number}")
        properties.set("descr", picture.alternative)
        caption = f"案例图{number}　{picture.caption}（{picture.licence}）"
        self.plain(caption, PICTURE_STYLE, before)

    def paragraphs(self, paragraphs: Sequence[WrittenParagraph], before: WordParagraph | None) -> None:
        for each in paragraphs:
            placed = self._placed("", BODY_STYLE, before)
            if each.number is not None:
                placed.add_run(self.vocabulary.plain(f"{each.number}. "))
            self.runs(placed, each.spans, is_bold=each.kind == "heading")

    def runs(self, paragraph: WordParagraph, spans: Sequence[WrittenSpan], is_bold: bool) -> None:
        for span in spans:
            run = paragraph.add_run(said_of(span, self.vocabulary, self.names))
            if is_bold or span.is_bold:
                run.bold = True
            if span.is_slanted:
                run.italic = True

    def plain(self, text: str, style: str, before: WordParagraph | None) -> None:
        self._placed(self.vocabulary.plain(text), style, before)

    def _placed(self, text: str, style: str, before: WordParagraph | None) -> WordParagraph:
        if before is None:
            return self.document.add_paragraph(text, style)
        return before.insert_paragraph_before(text, style)


def _told(problem: Problem) -> str:
    return f"{GAP}有问题：{problem}】"
