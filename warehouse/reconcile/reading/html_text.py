"""The texts and tables of a web page, or of a text in Markdown, in order; merged cells say the same in each place."""

from collections.abc import Iterator
from typing import Any

from warehouse.reconcile.reading.report_part import ReportPart

UNSEEN = {"script", "style", "template", "noscript", "head", "title", "del", "s"}
INLINE = {
    "a", "abbr", "b", "bdi", "bdo", "cite", "code", "em", "font", "i", "ins", "kbd", "label", "mark", "q", "small",
    "span", "strong", "sub", "sup", "time", "u", "var",
}  # fmt: skip
MOST_SPANNED = 1_000
"""Columns or rows that a merged cell may go over."""
Element = Any
"""An element of lxml."""


def parts_of_markdown(text: str) -> list[ReportPart]:
    """What a reader of the page that Markdown makes of the text would read."""
    from markdown_it import MarkdownIt

    return parts_of_html(MarkdownIt("gfm-like", {"linkify": False, "html": False}).render(text))


def parts_of_html(text: str) -> list[ReportPart]:
    """The paragraphs and tables of a page as they are shown; nothing of it is fetched or run."""
    from lxml import etree, html

    if not text.strip():
        return []
    parser = html.HTMLParser(encoding="utf-8", no_network=True, huge_tree=False)
    try:
        page = html.document_fromstring(text.encode("utf-8"), parser=parser)
    except etree.ParserError:  # nothing but comments
        return []
    return [part for part in _parts(page) if part.content]


def _parts(element: Element) -> Iterator[ReportPart]:
    """The parts of a block: what stands in one line is one, and each block or table within it one of its own."""
    line = element.text or ""
    for child in element:
        if _is_unseen(child):
            line += child.tail or ""
            continue
        if child.tag in INLINE and next(child.iter("table"), None) is None:
            line += _shown(child) + (child.tail or "")
            continue
        yield from _told(line)
        yield from [ReportPart(_rows(child))] if child.tag == "table" else _parts(child)
        line = child.tail or ""
    yield from _told(line)


def _is_unseen(element: Element) -> bool:
    return not isinstance(element.tag, str) or element.tag in UNSEEN  # a comment has a function for a tag


def _told(line: str) -> Iterator[ReportPart]:
    if text := " ".join(line.split()):
        yield ReportPart(text)


def _shown(element: Element) -> str:
    """The text of an element as it is shown, without what is struck out or hidden."""
    pieces = [element.text or ""]
    for child in element:
        pieces += ["" if _is_unseen(child) else _shown(child), child.tail or ""]
    return "".join(pieces)


def _rows(table: Element) -> list[list[str]]:
    """The cells of a table by row; a merged one stands in each place that it covers."""
    rows: list[list[str]] = []
    below: dict[int, tuple[int, str]] = {}  # column → how many rows more a cell from above covers, and what it says
    for row in table.iter("tr"):
        if next(row.iterancestors("table")) is not table:
            continue  # of a table within
        cells: list[str] = []
        for cell in row.iterchildren("td", "th"):
            _cover(cells, below)
            text = " ".join(_shown(cell).split())
            columns, down = (_span(cell.get(name)) for name in ("colspan", "rowspan"))
            for _ in range(columns):
                if down > 1:
                    below[len(cells)] = (down - 1, text)
                cells.append(text)
        _cover(cells, below)
        rows.append(cells)
    return rows


def _cover(cells: list[str], below: dict[int, tuple[int, str]]) -> None:
    """Puts what reaches down from the rows above in its place."""
    while (column := len(cells)) in below:
        left, text = below.pop(column)
        if left > 1:
            below[column] = (left - 1, text)
        cells.append(text)


def _span(written: str | None) -> int:
    return min(int(written), MOST_SPANNED) if written and written.isascii() and written.isdecimal() else 1
