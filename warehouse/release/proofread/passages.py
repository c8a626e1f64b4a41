"""The text of a release's files as a reader comes to it, passage by passage, each with its place."""

import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TypeAlias
from zipfile import ZipFile

import openpyxl
from lxml import etree, html

from warehouse.release.proofread.pdf_words import pdf_pages

FOR_MACHINES = ("script", "style", "code", "kbd", "template")
"""Elements of a page whose content it does not say: a script, a style; what is marked as code is a name of ours."""
SAID = "//text() | //@alt | //@title | //@aria-label | //@placeholder"
"""What is left of a page."""
TEXTS, PLACED_TEXTS = etree.XPath(SAID, smart_strings=False), etree.XPath(SAID)
"""The texts alone; or with the places where they stand, which takes three times as long and few are asked for."""
WORDS = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
DRAWING = "{http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing}"
TITLES = "{http://purl.org/dc/elements/1.1/}"
PARTS_OF_WORD = {"document": "正文", "footnotes": "脚注", "header": "页眉", "footer": "页脚"}
CODE_OF_MARGIN = re.compile(r'&(?:"[^"]*"|K[0-9A-F]{6}|\d+|[A-Z])')
"""What a header of a workbook says of fonts, numbers of pages and sides."""
At: TypeAlias = "str | bytes"
"""Where a text stands, in words; or the page in which it stands, whose line is looked for when it is asked for."""
Placed = Iterator[tuple[At, str]]


@dataclass(frozen=True, slots=True)
class Passage:
    """A text that a reader reads; `file` from the release's folder."""

    file: str
    at: At
    text: str

    @property
    def place(self) -> str:
        """As a person finds it in the file."""
        return self.at if isinstance(self.at, str) else _place_in_page(self.at, self.text)


def read_files(folder: Path, exempt: frozenset[str]) -> list[Path]:
    """A folder's pages, Word files, PDFs and workbooks in their order, but the files and folders in `exempt`."""
    found = []
    for path in sorted(folder.rglob("*")):
        file = path.relative_to(folder)
        if path.suffix in READERS and not exempt & {file.as_posix(), *map(str, PurePosixPath(file).parents)}:
            found.append(path)
    return found


def passages(path: Path, folder: Path) -> Iterator[Passage]:
    """Every passage of one of a folder's files.

    Raises ValueError for a PDF that cannot be read.
    """
    file = path.relative_to(folder).as_posix()
    for at, text in READERS[path.suffix](path.read_bytes()):
        if text and not text.isspace():
            yield Passage(file, at, text)


def _of_page(data: bytes) -> Placed:
    yield from ((data, text) for text in dict.fromkeys(TEXTS(_without_machines(data))))


def _place_in_page(data: bytes, text: str) -> str:
    """The first line of a page on which a text stands."""
    found = next(each for each in PLACED_TEXTS(_without_machines(data)) if each == text)
    parent = found.getparent()
    return "" if parent is None else f"第 {parent.sourceline} 行"


def _without_machines(data: bytes) -> html.HtmlElement:
    """A page without what is for machines."""
    page = html.document_fromstring(data.decode())
    etree.strip_elements(page, *FOR_MACHINES, with_tail=False)
    return page


def _of_word(data: bytes) -> Placed:
    with ZipFile(io.BytesIO(data)) as parts:
        for name in sorted(parts.namelist()):
            stem = re.sub(r"\d*$", "", PurePosixPath(name).stem)
            if name.startswith("word/") and name.endswith(".xml") and stem in PARTS_OF_WORD:
                for number, paragraph in enumerate(etree.fromstring(parts.read(name)).iter(f"{WORDS}p"), 1):
                    place = f"{PARTS_OF_WORD[stem]}第 {number} 段"
                    yield place, "".join(each.text or "" for each in paragraph.iter(f"{WORDS}t"))
                    for picture in paragraph.iter(f"{DRAWING}docPr"):
                        yield f"{place}，图的说明", picture.get("descr", "")
        yield from _of_properties(parts)


def _of_properties(parts: ZipFile) -> Placed:
    """Title, subject and author, which readers and screen readers show."""
    if "docProps/core.xml" in parts.namelist():
        for each in etree.fromstring(parts.read("docProps/core.xml")).iter():
            if isinstance(each.tag, str) and each.tag.startswith(TITLES) and each.tag != f"{TITLES}language":
                yield "文件的属性", each.text or ""


def _of_workbook(data: bytes) -> Placed:
    book = openpyxl.load_workbook(io.BytesIO(data))
    for sheet in book:
        yield sheet.title, sheet.title
        for row in sheet.iter_rows():
            for cell in row:
                if isinstance(cell.value, str):
                    yield f"{sheet.title} {cell.coordinate}", cell.value
        for margin in (sheet.oddHeader, sheet.oddFooter):
            for side in (margin.left, margin.center, margin.right) if margin else ():
                yield f"{sheet.title} 页眉页脚", CODE_OF_MARGIN.sub("", (side and side.text) or "")
    with ZipFile(io.BytesIO(data)) as parts:
        yield from _of_properties(parts)


def _of_pdf(data: bytes) -> Placed:
    for number, text in enumerate(pdf_pages(data), 1):
        yield f"第 {number} 页", text


def _of_feed(data: bytes) -> Placed:
    for element in etree.fromstring(data).iter("{*}title", "{*}summary", "{*}name", "{*}subtitle", "{*}rights"):
        yield f"第 {element.sourceline} 行", element.text or ""


READERS: dict[str, Callable[[bytes], Placed]] = {
    ".html": _of_page,
    ".docx": _of_word,
    ".xlsx": _of_workbook,
    ".pdf": _of_pdf,
    ".xml": _of_feed,
}
"""How the files that people read are read; every other file is for machines."""
