"""A rendered template by the outline of its year's edition: sections renamed, dropped, merged, new."""

from copy import deepcopy

from docx.document import Document
from docx.text.paragraph import Paragraph
from lxml import etree

from warehouse.catalogue.edition import OutlineChanges
from warehouse.release.documents.put_words import CHAPTER_STYLE, SECTION_STYLE, UNNUMBERED_STYLE, style_of
from warehouse.release.documents.wordml import say_instead


def lay_out_by(document: Document, changes: OutlineChanges) -> None:
    """Changes the document's sections; a template that lacks one of them is left as it is in that place."""
    for heading in _sections(document):
        said = heading.text.strip()
        if said in changes.dropped:
            for element in _elements_of(document, heading):
                element.getparent().remove(element)
        if said in changes.merged or said in changes.dropped:
            heading._p.getparent().remove(heading._p)
        elif said in changes.renamed:
            say_instead(heading, changes.renamed[said])
    for said, after in changes.new:
        before = next((each for each in _sections(document) if each.text.strip() == after), None)
        if before is not None:
            added = Paragraph(deepcopy(before._p), before._parent)
            say_instead(added, said)
            [before._p, *_elements_of(document, before)][-1].addnext(added._p)


def _sections(document: Document) -> list[Paragraph]:
    return [each for each in document.paragraphs if style_of(each) == SECTION_STYLE and each.text.strip()]


def _elements_of(document: Document, heading: Paragraph) -> list[etree._Element]:
    """What stands between a section's heading and the next heading."""
    stops = {
        each._p for each in document.paragraphs if style_of(each) in (SECTION_STYLE, CHAPTER_STYLE, UNNUMBERED_STYLE)
    }
    found = []
    for element in heading._p.itersiblings():
        if element in stops or element.tag.endswith("}sectPr"):
            break
        found.append(element)
    return found
