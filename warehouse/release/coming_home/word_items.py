"""A Word file as a list of what stands in it, one after the other: paragraphs, rows of tables, footnotes; its comments.

Read in its final state, in a process of its own: nobody vouches for a file that was sent.
"""

import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from sources.read.inspection import check_archive
from sources.read.sheet_xml import RefusedError
from sources.submission.cell import CellAddress
from sources.submission.finding import intake_finding
from sources.system.plain_text import legible
from sources.system.settings import Limits
from warehouse.reconcile.answers import AUTHOR, marked_text
from warehouse.reconcile.reading.office_copies import control_of, drop_copies, value_of
from warehouse.reconcile.reading.word_text import WRAPPERS, blocks_of, letters_of, notes_of, paragraphs_of_boxes

TITLE = re.compile(r"(?P<subject>.+)中等职业教育质量年度报告（(?P<year>\d{4})年度）")
KEY = re.compile(r"nianbao[\s:,;]*(?P<key>[0-9a-f]{64})")
"""What a draft's keywords say: under which name it was kept when it was handed out."""
SECTION, CHAPTER, UNNUMBERED = "Heading 2", "Heading 1", "附录标题"
HEADINGS = (SECTION, CHAPTER, UNNUMBERED)
BETWEEN_CELLS = "｜"
TRACKED = ("ins", "del", "moveFrom", "moveTo")
PROGRAM = "/docProps/app.xml"
Element = Any
"""An element of lxml."""
ItemKind = Literal["text", "row", "note"]


@dataclass(frozen=True, slots=True)
class LetterSpan:
    """Letters of an item's text, the last one excluded: a number with tag and title of its control, or what is bold."""

    start: int
    end: int
    tag: str = ""
    title: str = ""


@dataclass(frozen=True, slots=True)
class WordItem:
    """A paragraph, a row of a table, or a footnote. `style` is the paragraph's, as people see it."""

    kind: ItemKind
    text: str
    style: str = ""
    numbers: tuple[LetterSpan, ...] = ()
    bold: tuple[LetterSpan, ...] = ()
    slanted: tuple[LetterSpan, ...] = ()

    @property
    def is_heading(self) -> bool:
        return self.style in HEADINGS


@dataclass(frozen=True, slots=True)
class WordComment:
    """A person's comment: at which words, in which item of the file."""

    author: str
    said: str
    at: str
    item: int


@dataclass(frozen=True, slots=True)
class WordDraft:
    """A draft as it was read; `key` is '' for one that was not handed out."""

    title: str
    key: str
    items: tuple[WordItem, ...]
    comments: tuple[WordComment, ...] = ()
    is_tracked: bool = False
    pictures: int = 0
    is_of_office: bool = False
    """Written by LibreOffice."""

    @property
    def subject(self) -> str:
        found = TITLE.fullmatch(self.title)
        return found["subject"] if found else ""

    @property
    def report_year(self) -> int | None:
        found = TITLE.fullmatch(self.title)
        return int(found["year"]) if found else None


def draft_in(path: Path, limits: Limits) -> WordDraft | str:
    """What stands in a Word file, or why it is not read, in Chinese. To be called in a process of its own."""
    import docx
    from docx.opc.exceptions import PackageNotFoundError

    try:
        if path.stat().st_size > limits.file_bytes:
            return f"有 {path.stat().st_size:,} 字节，太大（最多 {limits.file_bytes:,}）；图片请压缩后再存"
        check_archive(path.read_bytes(), limits)
        document = docx.Document(str(path))
        draft = draft_of(document)
    except RefusedError as refused:
        said = intake_finding(refused.refusal[0], CellAddress("", path.name), refused.refusal[1]).message
        return f"不能作为 .docx 文档打开（{said}）"
    except (PackageNotFoundError, zipfile.BadZipFile, KeyError, ValueError, SyntaxError, AttributeError) as error:
        return f"不能作为 .docx 文档打开（{error}）"
    if not draft.subject and not draft.key:
        return "不是 nianbao 生成的年报：文档属性里的标题不是“……中等职业教育质量年度报告（……年度）”。请在生成的草稿上改"
    return draft


def draft_of(document: Any) -> WordDraft:
    """What stands in an opened document."""
    drop_copies(document.element.body)
    items: list[WordItem] = []
    places: dict[int, int] = {}
    for block in blocks_of(document.element.body):
        if block.tag.endswith("}tbl"):
            for row in _within(block, "tr"):
                _note_comments(row, len(items), places)
                items.append(_row(row))
            continue
        for paragraph in (block, *paragraphs_of_boxes(block)):
            if _is_of_contents(paragraph, document):
                continue
            _note_comments(paragraph, len(items), places)
            item = _item("text", [_letters(paragraph)], _style(paragraph, document))
            if item.text:
                items.append(item)
    items += [WordItem("note", legible(" ".join(text.split()))) for text in notes_of(document)]
    properties = document.core_properties
    key = KEY.search(properties.keywords or "")
    tracked = (each for name in TRACKED for each in document.element.body.iter(f"{{*}}{name}"))
    return WordDraft(
        (properties.title or "").strip(),
        key["key"] if key else "",
        tuple(items),
        tuple(_comments(document, places, len(items))),
        any(True for each in tracked if not str(each.getparent().tag).endswith("}rPr")),
        sum(1 for _ in document.element.body.iter("{*}blip")),
        any(b"LibreOffice" in part.blob for part in document.part.package.parts if part.partname == PROGRAM),
    )


def _comments(document: Any, places: dict[int, int], count: int) -> Iterator[WordComment]:
    body = document.element.body
    for each in document.comments:
        said = legible(" ".join(each.text.split()))
        if said and each.author != AUTHOR:
            at = legible(" ".join(marked_text(body, each.comment_id).split()))
            place = min(places.get(each.comment_id, count - 1), count - 1)
            yield WordComment(legible(each.author or "").strip() or "没有署名", said, at, place)


def _note_comments(element: Element, item: int, places: dict[int, int]) -> None:
    for mark in element.iter("{*}commentRangeStart", "{*}commentReference"):
        number = next((value for name, value in mark.attrib.items() if str(name).endswith("}id")), "")
        if number.isdecimal():
            places.setdefault(int(number), item)


def _within(element: Element, name: str) -> Iterator[Element]:
    """The rows of a table or the cells of a row, those in content controls too."""
    for child in element:
        own = str(child.tag).rpartition("}")[2]
        if own == name:
            yield child
        elif own in WRAPPERS:
            yield from _within(child, name)


@dataclass(frozen=True, slots=True)
class _Letter:
    text: str
    is_bold: bool = False
    is_slanted: bool = False
    tag: str = ""
    title: str = ""


def _letters(paragraph: Element) -> list[_Letter]:
    """The letters of a paragraph; the comma between two footnotes is none."""
    looks: dict[Element, _Letter | None] = {}
    found = []
    for letter in letters_of(paragraph):
        if letter.run not in looks:
            looks[letter.run] = _look(letter.run)
        look = looks[letter.run]
        if look is not None:
            found.append(_Letter(letter.text, look.is_bold, look.is_slanted, look.tag, look.title))
    return found


def _look(run: Element) -> _Letter | None:
    raised = run.find("{*}rPr/{*}vertAlign")
    text = "".join(each.text or "" for each in run.iter("{*}t"))
    if raised is not None and value_of(raised) == "superscript" and text.strip(" ,，") == "":
        return None
    tag = title = ""
    for above in run.iterancestors("{*}sdt", "{*}p"):
        if str(above.tag).endswith("}p"):
            break
        tag, title = control_of(above)
        if tag or title:
            break
    return _Letter("", _is_on(run, "b"), _is_on(run, "i"), tag, title)


def _is_on(run: Element, name: str) -> bool:
    found = run.find(f"{{*}}rPr/{{*}}{name}")
    return found is not None and value_of(found) not in ("0", "false", "off")


def _item(kind: ItemKind, cells: list[list[_Letter]], style: str = "") -> WordItem:
    letters: list[_Letter] = []
    for number, cell in enumerate(cells):
        letters += [_Letter(BETWEEN_CELLS)] * bool(number) + _trimmed(cell)
    return WordItem(
        kind,
        "".join(letter.text for letter in letters),
        style,
        tuple(_stretches([(letter.tag, letter.title) for letter in letters])),
        tuple(_stretches([("bold", "") if letter.is_bold else ("", "") for letter in letters])),
        tuple(_stretches([("slanted", "") if letter.is_slanted else ("", "") for letter in letters])),
    )


def _trimmed(letters: list[_Letter]) -> list[_Letter]:
    """Letters without white space at the ends, each other white space but the end of a line one blank; legible."""
    found: list[_Letter] = []
    for letter in letters:
        text = letter.text if letter.text == "\n" else " " if letter.text.isspace() else legible(letter.text)
        if text.isspace() and (not found or found[-1].text.isspace()):
            continue
        found.append(_Letter(text, letter.is_bold, letter.is_slanted, letter.tag, letter.title))
    while found and found[-1].text.isspace():
        found.pop()
    return found


def _stretches(looks: list[tuple[str, str]]) -> Iterator[LetterSpan]:
    start = 0
    for at in range(1, len(looks) + 1):
        if at == len(looks) or looks[at] != looks[start]:
            if any(looks[start]):
                yield LetterSpan(start, at, *looks[start])
            start = at


def _row(row: Element) -> WordItem:
    cells = []
    for cell in _within(row, "tc"):
        paragraphs = [_letters(each) for each in blocks_of(cell) if each.tag.endswith("}p")]
        cells.append([letter for each in paragraphs for letter in each])
    return _item("row", cells)


def _style(paragraph: Element, document: Any) -> str:
    from docx.text.paragraph import Paragraph

    style = Paragraph(paragraph, document._body).style
    return (style.name if style is not None else "") or ""


def _is_of_contents(paragraph: Element, document: Any) -> bool:
    """Whether a paragraph is a line of the table of contents, which Word writes anew."""
    if _style(paragraph, document).casefold().startswith(("toc ", "contents ")):
        return True
    anchors = (value for link in paragraph.iter("{*}hyperlink") for value in link.attrib.values())
    return any(str(value).startswith("_Toc") for value in anchors)
