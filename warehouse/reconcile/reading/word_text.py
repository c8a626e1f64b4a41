"""The text of a Word file as it stands when all tracked changes are accepted: with insertions, without deletions; with
text boxes, content controls, footnotes and endnotes.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

DELETED = {"del", "moveFrom", "Fallback", "pPr", "rPr", "txbxContent", "tbl", "instrText"}
"""What is not of a paragraph's own text: deletions, the second copy of a drawing, text boxes, codes of fields."""
BREAKS = {"br": "\n", "cr": "\n", "tab": "\t", "noBreakHyphen": "-"}
WRAPPERS = {"sdt", "sdtContent", "ins", "moveTo", "customXml", "smartTag"}
NOTES = ("/footnotes", "/endnotes")
Element = Any
"""An element of lxml."""


def _name(element: Element) -> str:
    return str(element.tag).rpartition("}")[2]


def blocks_of(body: Element) -> Iterator[Element]:
    """The paragraphs and tables of a body in order, those in content controls too."""
    for child in body:
        if _name(child) in ("p", "tbl"):
            yield child
        elif _name(child) in WRAPPERS:
            yield from blocks_of(child)


def text_of(element: Element) -> str:
    """The text of a paragraph in its final state."""
    return "".join(_pieces(element)).strip()


def _pieces(element: Element) -> Iterator[str]:
    for child in element:
        name = _name(child)
        if name in DELETED:
            continue
        if name == "t":
            yield child.text or ""
        elif name in BREAKS:
            yield BREAKS[name]
        else:
            yield from _pieces(child)


@dataclass(frozen=True, slots=True)
class WordLetter:
    """A letter of a paragraph's text: the run that it stands in, and where in the run's text."""

    text: str
    run: Element
    offset: int


def letters_of(paragraph: Element) -> list[WordLetter]:
    """The letters of a paragraph's text in its final state, those that `text_of` has, with white space at both ends."""
    texts = ((run, "".join(_pieces(run))) for run in _runs(paragraph))
    return [WordLetter(letter, run, offset) for run, text in texts for offset, letter in enumerate(text)]


def _runs(element: Element) -> Iterator[Element]:
    for child in element:
        name = _name(child)
        if name == "r":
            yield child
        elif name not in DELETED:
            yield from _runs(child)


def text_of_paragraphs(element: Element) -> str:
    """The text of a cell: its paragraphs, a line each."""
    return "\n".join(text_of(each) for each in blocks_of(element) if _name(each) == "p").strip()


def paragraphs_of_boxes(paragraph: Element) -> Iterator[Element]:
    """The paragraphs in the text boxes of a paragraph, each drawing once."""
    for box in paragraph.iter("{*}txbxContent"):
        if not any(_name(above) == "Fallback" for above in box.iterancestors()):
            yield from (each for each in blocks_of(box) if _name(each) == "p")


def notes_of(document: Any) -> list[str]:
    """The footnotes and endnotes, a paragraph each."""
    from lxml import etree

    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    parts = [each.target_part for each in document.part.rels.values() if each.reltype.endswith(NOTES)]
    notes = (note for part in parts for note in etree.fromstring(part.blob, parser))
    texts = (text_of(paragraph) for note in notes for paragraph in blocks_of(note))
    return [text for text in texts if text]
