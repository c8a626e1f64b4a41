"""The texts and tables of a PDF with a text layer: paragraphs put together from their lines, tables from their rules,
and of each the page and the line at which it begins.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

from warehouse.reconcile.reading.report_part import ReportPart
from warehouse.reconcile.reading.ruled_lines import open_tables

LEAST_LETTERS = 8
"""Pages with fewer, one with another, have no text layer."""
MARGIN = 0.12
"""The part of a page's height, at its top and foot, in which running heads and page numbers stand."""
PAGE_NUMBER = re.compile(r"[-—–·.\s]*(?:第\s*)?\d{1,4}(?:\s*页)?(?:\s*[/／共]\s*\d{1,4}\s*页?)?[-—–·.\s]*")
SAME_EDGE = 3.0
"""Within how many points columns on two pages begin at the same place."""
SET_IN = 1.6
"""From how many letters on a line is set in from the margin."""
APART = 1.25
"""From how many times the usual distance between two lines on they are two paragraphs."""
NARROW = 0.5
"""The width of a digit or Latin letter against that of a Chinese one, at the least."""
UNBROKEN = re.compile(r"^[（《“‘]*(?:[\w.,%％:/+-]+(?<![\u4e00-\u9fff])|.)[，。、；：！？）》”’%％]*", re.ASCII)
"""What cannot be parted at the beginning of a line: a number or a Chinese letter, with the marks around it."""
STARTS_ANEW = re.compile(
    r"^(?:\d{1,2}(?:\.\d+)+[\s　、.]|附?表格?\s*\d|图\s*\d|第[一二三四五六七八九十]+[章节]"
    r"|[一二三四五六七八九十]+、|（[一二三四五六七八九十]+）)"
)
"""A heading or a caption: it neither runs on nor goes on. Narrower than report_file's own: a broken line may begin with
any number."""
STOPS = ("。", "！", "？", "；")
BROKEN = (ValueError, KeyError, TypeError, IndexError, AttributeError, AssertionError, RecursionError, OverflowError)
"""What the library raises of a PDF that is broken or forged."""


class UnreadablePdfError(ValueError):
    """A PDF that cannot be read, with the reason and what to do, in Chinese."""


@dataclass(frozen=True, slots=True)
class _Line:
    """A line of a page's text. Lengths in points, from the left and the top."""

    text: str
    left: float
    right: float
    top: float
    size: float

    @property
    def first_width(self) -> float:
        """About how wide that is at its beginning which cannot be parted."""
        found = UNBROKEN.match(self.text)
        return sum(self.size * (NARROW if letter.isascii() else 1) for letter in (found.group() if found else ""))


@dataclass(frozen=True, slots=True)
class _Margins:
    """Of a file's text: its left and right edge, the usual distance between two lines, and whether paragraphs are
    set in."""

    left: float
    right: float
    pitch: float
    sets_in: bool


@dataclass(frozen=True, slots=True)
class _PageTable:
    """A table on a page; `edges`: where each of its columns begins, from the left, in points."""

    rows: list[list[str]]
    top: float
    edges: tuple[float, ...]

    def in_columns_of(self, other: "_PageTable") -> list[list[str]] | None:
        """Its rows in the columns of another, of which merged cells may hide some here; None when they are others."""
        at = [
            next((n for n, edge in enumerate(other.edges) if abs(edge - own) < SAME_EDGE), None) for own in self.edges
        ]
        if None in at or 0 not in at:
            return None
        rows = []
        for row in self.rows:
            cells = [""] * len(other.edges)
            for column, cell in zip(at, row, strict=True):
                cells[column or 0] = cell
            rows.append(cells)
        return rows


@dataclass(frozen=True, slots=True)
class _Page:
    number: int
    height: float
    lines: tuple[_Line, ...]
    tables: tuple[_PageTable, ...]


@dataclass(frozen=True, slots=True)
class _PagePart:
    """A part of a page; `line` is given of plain text only, that may run on, and `table` of a table."""

    page: int
    part: ReportPart
    line: _Line | None = None
    table: _PageTable | None = None


def parts_of_pdf(path: Path) -> list[ReportPart]:
    """The parts of a PDF in reading order. Raises UnreadablePdfError."""
    pages = _read_pages(path)
    texts = [line.text for page in pages for line in page.lines]
    texts += [cell for page in pages for table in page.tables for row in table.rows for cell in row]
    if sum(map(len, texts)) < LEAST_LETTERS * len(pages):
        raise UnreadablePdfError(
            "是扫描件：页面是图片，没有文字，读不出数字。请用 Word 或 WPS 重新导出 PDF，或直接给 .docx"
        )
    running = _running(pages)
    parts = [part for page in pages for part in _parts_of_page(page, running)]
    return _tables_joined(_paragraphs_joined(parts, _margins(parts)))


def _read_pages(path: Path) -> list[_Page]:
    import pdfplumber
    from pdfminer.pdfdocument import PDFPasswordIncorrect
    from pdfminer.pdfexceptions import PDFException
    from pdfplumber.utils.exceptions import PdfminerException

    try:
        with pdfplumber.open(path) as pdf:
            return [_page(page) for page in pdf.pages]
    except (PdfminerException, PDFException, *BROKEN) as error:
        if any(isinstance(each, PDFPasswordIncorrect) for each in (error, *error.args)):
            raise UnreadablePdfError("加了密码，打不开。请去掉密码再核对") from error
        raise UnreadablePdfError("不能作为 PDF 打开：文件坏了，或不是 PDF。请重新导出") from error


def _page(page: Any) -> _Page:
    """A page's tables, and its lines outside of them."""
    found = page.find_tables()
    tables = tuple(
        _PageTable(
            [[_in_a_line(cell or "") for cell in row] for row in table.extract()],
            float(table.bbox[1]),
            tuple(min(float(cell[0]) for cell in column.cells if cell) for column in table.columns),
        )
        for table in found
    )
    without_columns = open_tables(page, [table.bbox for table in found])
    tables += tuple(_PageTable(each.rows, each.box[1], each.edges) for each in without_columns)
    rest = page
    for box in (*(table.bbox for table in found), *(each.box for each in without_columns)):
        rest = rest.outside_bbox(box, strict=False)
    lines = tuple(
        _Line(
            text=line["text"].strip(),
            left=float(line["x0"]),
            right=float(line["x1"]),
            top=float(line["top"]),
            size=float(line["bottom"]) - float(line["top"]),
        )
        for line in rest.extract_text_lines(return_chars=False)
        if line["text"].strip()
    )
    page.close()  # what it has kept in memory
    return _Page(page.page_number, float(page.height), lines, tables)


def _in_a_line(cell: str) -> str:
    """A cell's text with its broken lines joined, as Chinese is read; two numbers stay two."""
    return re.sub(r"(?<=\d)\s+(?=\d)", " ", re.sub(r"(?<!\d)\n|\n(?!\d)", "", cell)).strip()


def _running(pages: Sequence[_Page]) -> frozenset[tuple[int, float]]:
    """Page and top of page numbers, and of the lines that stand on the edge of most pages, but for their numbers."""
    edges = [
        (page.number, line)
        for page in pages
        for line in page.lines
        if (line.top < page.height * MARGIN or line.top > page.height * (1 - MARGIN))
        and not STARTS_ANEW.match(line.text)  # 1.1 概况 and 2.1 概况 at the top of two pages
    ]
    seen = Counter((re.sub(r"\d+", "", line.text), round(line.top)) for _, line in edges)
    often = max(2, len(pages) // 2)
    return frozenset(
        (number, line.top)
        for number, line in edges
        if PAGE_NUMBER.fullmatch(line.text) or seen[re.sub(r"\d+", "", line.text), round(line.top)] >= often
    )


def _parts_of_page(page: _Page, running: frozenset[tuple[int, float]]) -> Iterator[_PagePart]:
    standing: list[_Line | _PageTable] = sorted([*page.lines, *page.tables], key=lambda each: each.top)
    for number, each in enumerate(standing, 1):
        if isinstance(each, _PageTable):
            yield _PagePart(page.number, ReportPart(each.rows, f"第{page.number}页"), table=each)
            continue
        part = ReportPart(each.text, f"第{page.number}页第{number}行", (page.number, each.top) in running)
        is_plain = not part.is_running and STARTS_ANEW.match(each.text) is None
        yield _PagePart(page.number, part, each if is_plain else None)


def _margins(parts: Sequence[_PagePart]) -> _Margins:
    lines = [(each.page, each.line) for each in parts if each.line is not None]
    steps = Counter(
        round(line.top - before.top)
        for (page_before, before), (page, line) in pairwise(lines)
        if page == page_before and line.top > before.top
    )
    left = min((line.left for _, line in lines), default=0.0)
    set_in = [line for _, line in lines if SET_IN * line.size < line.left - left < 2 * SET_IN * line.size]
    return _Margins(
        left,
        max((line.right for _, line in lines), default=0.0),
        float(min((step for step, count in steps.items() if count * 4 >= max(steps.values())), default=0)),
        len(set_in) > 1,
    )


def _paragraphs_joined(parts: Iterable[_PagePart], margins: _Margins) -> list[_PagePart]:
    """The lines of each paragraph put together, over the end of a page too."""
    joined: list[_PagePart] = []
    last: _PagePart | None = None
    begun = -1  # where the paragraph of the last line stands
    for each in parts:
        if each.part.is_running:
            joined.append(each)
            continue
        if last is not None and _continues(last, each, margins):
            text, more = joined[begun].part.content, each.part.content
            assert isinstance(text, str)
            assert isinstance(more, str)
            joined[begun] = replace(joined[begun], part=replace(joined[begun].part, content=_with(text, more)))
        else:
            joined.append(each)
            begun = len(joined) - 1
        last = each
    return joined


def _continues(before: _PagePart, each: _PagePart, margins: _Margins) -> bool:
    """Whether a line continues the one before: what it begins with had no room there, it is not set in, nor apart."""
    if before.line is None or each.line is None or each.line.left > margins.left + SET_IN * each.line.size:
        return False
    step = each.line.top - before.line.top
    if before.page == each.page and margins.pitch and step > APART * margins.pitch + 1:
        return False
    if before.page != each.page and not margins.sets_in and before.line.text.endswith(STOPS):
        return False  # nothing else tells; a sentence has ended in any case
    # a mark may hang over the margin, by a letter
    return before.line.right + each.line.first_width > margins.right - each.line.size


def _with(line: str, more: str) -> str:
    """Two lines as one: Chinese needs no space between them, two Latin words do; a number goes on."""
    is_latin = re.search(r"[A-Za-z]$", line) is not None and re.match(r"[A-Za-z]", more) is not None
    return f"{line} {more}" if is_latin else line + more


def _tables_joined(parts: Sequence[_PagePart]) -> list[ReportPart]:
    """Tables that go on at the top of the next page, without the head that stands there again."""
    joined: list[ReportPart] = []
    last: _PagePart | None = None  # the part before, but for heads and feet of pages; of a table, its beginning
    at = -1
    for each in parts:
        rest = _rest_of(last, each) if last is not None else None
        if rest is not None:
            rows = joined[at].content
            assert not isinstance(rows, str)
            joined[at] = replace(joined[at], content=_rows_joined(rows, rest[1:] if rest[0] == rows[0] else rest))
            continue
        joined.append(each.part)
        if not each.part.is_running:
            last, at = each, len(joined) - 1
    return joined


def _rest_of(table: _PagePart, each: _PagePart) -> list[list[str]] | None:
    """The rows of a table on another page that goes on in the same columns, in these; None when it does not."""
    if table.table is None or each.table is None or table.page == each.page or not each.table.rows:
        return None
    return each.table.in_columns_of(table.table)


def _rows_joined(rows: Sequence[list[str]], more: Sequence[list[str]]) -> list[list[str]]:
    """The rows of both; a row that the end of the page has parted, so that no number stands in its rest, is one."""
    if not more or re.search(r"\d", "".join(more[0])) or not any(more[0]):
        return [*rows, *more]
    return [*rows[:-1], [start + rest for start, rest in zip(rows[-1], more[0], strict=True)], *more[1:]]
