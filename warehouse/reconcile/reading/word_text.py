"""The text of a Word file as it stands when all tracked changes are accepted: with insertions, without deletions; with
text boxes, content controls, footnotes and endnotes, heads and feet of pages, and the data of charts.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from warehouse.reconcile.reading.number_formats import shown_number
from warehouse.reconcile.reading.office_copies import value_of

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


def is_of_contents(paragraph: Element, styles: "HeadingNumbers") -> bool:
    """Whether it is a line of the contents: it names a heading, and is none."""
    codes = (code.text or "" for code in paragraph.iter("{*}instrText"))
    return any("PAGEREF" in code for code in codes) or styles.name_of(paragraph).lower().startswith("toc ")


class HeadingNumbers:
    """The numbers that a Word file gives its headings by their style, so that their text does not have them: 1.2."""

    def __init__(self, document: Any) -> None:
        self._styles = {style.get(_w(style, "styleId")): style for style in document.styles.element.iter("{*}style")}
        numbering = next((part for part in _parts(document, ("/numbering",))), None)
        self._decimal = set(_decimal_levels(numbering)) if numbering is not None else set[tuple[str, int]]()
        self._counted: list[int] = []

    def name_of(self, paragraph: Element) -> str:
        """The name of its style, as Word has it."""
        return next((_value(style, "name") for style in self._chain(paragraph)), "")

    def of(self, paragraph: Element) -> str:
        """The number of a paragraph, '' of one that is no numbered heading; to be asked of all in their order."""
        properties = [paragraph.find("{*}pPr"), *(style.find("{*}pPr") for style in self._chain(paragraph))]
        given = [each for each in properties if each is not None]
        if not any(each.find("{*}outlineLvl") is not None for each in given):
            return ""
        numbered = next((found for each in given if (found := each.find("{*}numPr")) is not None), None)
        if numbered is None:
            return ""
        level = _level(_value(numbered, "ilvl"))
        if level is None or (_value(numbered, "numId"), level) not in self._decimal:
            return ""
        counted = [*self._counted[:level], *[1] * (level - len(self._counted))]
        self._counted = [*counted, (self._counted[level] if level < len(self._counted) else 0) + 1]
        return ".".join(map(str, self._counted))

    def _chain(self, paragraph: Element) -> Iterator[Element]:
        """Its style, and those on which that is based."""
        own = paragraph.find("{*}pPr")
        name, seen = (_value(own, "pStyle") if own is not None else ""), set[str]()
        while name in self._styles and name not in seen:
            seen.add(name)
            yield self._styles[name]
            name = _value(self._styles[name], "basedOn")


def _decimal_levels(numbering: Element) -> Iterator[tuple[str, int]]:
    """(list, level) whose numbers are 1, 2, 3."""
    kinds = {
        each.get(_w(each, "abstractNumId")): [
            number
            for level in each.iter("{*}lvl")
            if _value(level, "numFmt") == "decimal"
            and (number := _level(level.get(_w(level, "ilvl")) or "")) is not None
        ]
        for each in numbering.iter("{*}abstractNum")
    }
    for each in numbering.iter("{*}num"):
        for level in kinds.get(_value(each, "abstractNumId"), ()):
            yield each.get(_w(each, "numId")) or "", level


def _level(text: str) -> int | None:
    """A list's level, the first where none is said; None for one that Word does not have."""
    return 0 if not text else int(text) if text.isascii() and text.isdecimal() and len(text) == 1 else None


def _value(element: Element, name: str) -> str:
    """What a child says of the element; '' where it says nothing."""
    return value_of(element.find(f"{{*}}{name}"))


def _w(element: Element, name: str) -> str:
    """An attribute's name in the element's own namespace."""
    return f"{str(element.tag).rpartition('}')[0]}}}{name}"


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
