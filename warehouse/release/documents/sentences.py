"""Sentences of the template: dropped where their numbers are missing, marked where they are explained."""

from collections.abc import Callable, Iterator

from docx.document import Document
from docx.oxml.ns import qn
from lxml import etree

from warehouse.figures.fact import Printed
from warehouse.release.documents import wordml as word
from warehouse.release.documents.marks import MARK, NOTE_MARK, SENTENCE, BoundNumber, Missing, Piece
from warehouse.release.documents.template_check import text_of
from warehouse.release.documents.vocabulary import Vocabulary

ENDS = "。；！？"


def drop_sentences(document: Document, vocabulary: Vocabulary) -> tuple[str, ...]:
    """Takes out sentences that lack a number, and paragraphs that had nothing else; returns the lacking figures."""
    missing: dict[str, None] = {}
    for paragraph in list(document.element.body.iter(qn("w:p"))):
        text = text_of(paragraph)
        lacking = [p.label for p in pieces(text, vocabulary) if isinstance(p, Missing)]
        if not lacking:
            continue
        missing |= dict.fromkeys(filter(None, lacking))
        sentences = [(sentence, _is_kept(sentence, vocabulary)) for sentence in SENTENCE.findall(text)]
        if any(is_kept and sentence.strip() for sentence, is_kept in sentences):
            _edit(paragraph, [is_kept for sentence, is_kept in sentences for _ in sentence])
        elif len(paragraph.getparent().findall(qn("w:p"))) > 1:
            paragraph.getparent().remove(paragraph)
        else:  # the only paragraph of a table's cell, which must have one
            _edit(paragraph, [False] * len(text))
    return tuple(missing)


def _is_kept(sentence: str, vocabulary: Vocabulary) -> bool:
    return not any(isinstance(piece, Missing) for piece in pieces(sentence, vocabulary))


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


def pieces(text: str, vocabulary: Vocabulary) -> list[Piece]:
    return [vocabulary.pieces[int(index)] for index in MARK.findall(text)]


def mark_footnotes(document: Document, vocabulary: Vocabulary) -> list[str]:
    """Puts a mark at the end of the sentence that first needs a footnote; returns the footnotes with their marks."""
    notes: list[str] = []
    for paragraph in document.element.body.iter(qn("w:p")):
        text = text_of(paragraph)
        remarks = [
            remark for piece in pieces(text, vocabulary) if isinstance(piece, BoundNumber) for remark in piece.remarks
        ]
        if not remarks:
            continue
        first = next(
            index
            for index, sentence in enumerate(SENTENCE.findall(text))
            if any(isinstance(piece, BoundNumber) and piece.remarks for piece in pieces(sentence, vocabulary))
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


def place_footnotes(
    document: Document,
    notes: list[list[str | Printed]],
    title_of: Callable[[Printed], str],
    numbers: Iterator[int],
) -> None:
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
                added.append(word.copied_run(run, text))
            for element in added:
                at.addnext(element)
                at = element
    word.write_footnotes(document, notes, title_of, numbers)
