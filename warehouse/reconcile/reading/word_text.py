"""The text of a Word file as it stands when all tracked changes are accepted: with insertions, without deletions; with
text boxes, content controls, footnotes and endnotes, heads and feet of pages, and the data of charts.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from warehouse.reconcile.reading.number_formats import shown_number

DELETED = {"del", "moveFrom", "Fallback", "pPr", "rPr", "txbxContent", "tbl", "instrText"}
"""What is not of a paragraph's own text: deletions, the second copy of a drawing, text boxes, codes of fields."""
BREAKS = {"br": "\n", "cr": "\n", "tab": "\t", "noBreakHyphen": "-"}
WRAPPERS = {"sdt", "sdtContent", "ins", "moveTo", "customXml", "smartTag"}
NOTES, RUNNING, CHART = ("/footnotes", "/endnotes"), ("/header", "/footer"), ("/chart",)
MOST_POINTS = 10_000
"""A chart with more has no reader; one that says so may be made to fill the memory."""
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


def text_without_page(paragraph: Element) -> str:
    """The text of a paragraph; of a line of the contents without the page that it names."""
    text = text_of(paragraph)
    if any("PAGEREF" in (code.text or "") for code in paragraph.iter("{*}instrText")):
        return text.rpartition("\t")[0] or text
    return text


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
    texts = (text_of(each) for part in _parts(document, NOTES) for note in part for each in blocks_of(note))
    return [text for text in texts if text]


def running_of(document: Any) -> list[str]:
    """What heads and feet of pages say, each once."""
    texts = (text_of(each) for part in _parts(document, RUNNING) for each in blocks_of(part) if _name(each) == "p")
    return list(dict.fromkeys(filter(None, texts)))


@dataclass(frozen=True, slots=True)
class WordChart:
    """A chart's title, and its data as a table: a row for each series below one with the categories."""

    title: str
    rows: list[list[str]]


def charts_of(document: Any) -> list[WordChart]:
    """The charts that have data, by what is stored of it in the file."""
    return [chart for part in _parts(document, CHART) if len((chart := _chart(part)).rows) > 1]


def _chart(part: Element) -> WordChart:
    title = "".join(text.text or "" for text in part.iterfind("{*}chart/{*}title//{*}t"))
    series = part.findall(".//{*}ser")
    heads: list[str] = []
    rows = []
    for each in series:
        categories = _points(each.find("{*}cat"))
        heads = heads if len(heads) >= len(categories) else categories
        name = "".join(text.text or "" for text in each.iterfind("{*}tx//{*}v"))
        rows.append([name or title, *_points(each.find("{*}val"))])
    width = max(map(len, rows), default=0)
    filled = [[*row, *[""] * (width - len(row))] for row in rows]
    return WordChart(title, [["", *heads, *[""] * (width - 1 - len(heads))], *filled])


def _points(values: Element | None) -> list[str]:
    """The stored points of a series or of its categories, at their places."""
    if values is None:
        return []
    form = values.find(".//{*}formatCode")
    points = ((point.get("idx", ""), point.findtext("{*}v") or "") for point in values.iter("{*}pt"))
    found = {int(at): text for at, text in points if at.isdecimal()}
    if max(found, default=0) > MOST_POINTS:
        return []
    shown = (found.get(index, "") for index in range(max(found, default=-1) + 1))
    is_number = values.find("{*}numRef") is not None or values.find("{*}numLit") is not None
    code = (form.text or "") if form is not None else ""
    return [shown_number(text, code) if is_number and text else text for text in shown]


def _parts(document: Any, kinds: tuple[str, ...]) -> list[Element]:
    """The roots of the document's parts of some kinds."""
    from lxml import etree

    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    parts = [each.target_part for each in document.part.rels.values() if each.reltype.endswith(kinds)]
    return [etree.fromstring(part.blob, parser) for part in parts]
