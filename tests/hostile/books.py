"""Workbooks as plain data, and a writer of its own: neither the program that makes the templates nor one that reads.

A book is a list of sheets, a sheet a mapping of cells; to change a workbook is to change a dictionary, and what
should be in it afterwards is known without reading it.
"""

import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import cache
from io import BytesIO
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import openpyxl

from sources.declarations.city import City, load_city
from sources.declarations.headings import PROGRESS_SHEET
from sources.read.sheet_xml import Position, address
from sources.sample.pour import load_samples
from sources.system.settings import CITIES_ROOT
from sources.write.template import build_workbook

CITY_DIR = CITIES_ROOT / "450700"
CITY: City = load_city(CITY_DIR)
EPOCH = date(1899, 12, 30)
NAMESPACE = "http://schemas.openxmlformats.org"
MAIN, OFFICE = f"{NAMESPACE}/spreadsheetml/2006/main", f"{NAMESPACE}/officeDocument/2006/relationships"
HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
GENERAL, DATE, PERCENT = 0, 1, 2
SHOWN_AS = ("#,##0.00", "0.0", '0"人"', "#,##0,", '"约"0', '0.00,"千"', ";;;", "0.0%", "0.00E+00", "000000")
"""Formats that a school's clerk meets; some show a number as another."""


@dataclass(frozen=True)
class Formula:
    """A formula with the result that was stored for it; None: it was never calculated."""

    text: str
    result: Any = None


@dataclass(frozen=True)
class Failed:
    """An error that a cell shows, as #REF!"""

    code: str


@dataclass(frozen=True)
class Percent:
    """A number that the cell shows as a percentage."""

    number: float


@dataclass(frozen=True)
class Shown:
    """A number that the cell shows in a format of its own, one of SHOWN_AS."""

    number: float
    code: str


@dataclass
class Sheet:
    title: str
    cells: dict[Position, Any] = field(default_factory=dict)
    merged: list[str] = field(default_factory=list)
    hidden_rows: set[int] = field(default_factory=set)
    state: str = "visible"


@dataclass
class Book:
    sheets: list[Sheet]

    def sheet(self, title: str) -> Sheet:
        return next(sheet for sheet in self.sheets if sheet.title == title)


@cache
def _sample(respondent: str, year: int) -> Book:
    values, before = load_samples(CITY_DIR, year)[respondent], load_samples(CITY_DIR, year - 1).get(respondent)
    opened = openpyxl.load_workbook(
        BytesIO(build_workbook(CITY, CITY.respondent_by_code[respondent], year, values, before))
    )
    return Book(
        [
            Sheet(
                sheet.title,
                {(c.row - 1, c.column - 1): c.value for row in sheet for c in row if c.value not in (None, "")},
                [str(merged) for merged in sheet.merged_cells.ranges],
                state=sheet.sheet_state,
            )
            for sheet in opened.worksheets
            if sheet.title != PROGRESS_SHEET  # formulas, which nothing reads
        ]
    )


def sample_book(respondent: str, year: int = 2023, titles: Sequence[str] = ()) -> Book:
    """A respondent's sample submission (or some of its sheets), last year's values beside it, to be changed at will."""
    sheets = [sheet for sheet in _sample(respondent, year).sheets if not titles or sheet.title in titles]
    return Book(
        [replace(s, cells=dict(s.cells), merged=list(s.merged), hidden_rows=set(s.hidden_rows)) for s in sheets]
    )


def item_cell(book: Book, title: str, label: str) -> Position:
    """This year's cell of an item of a form."""
    row = next(row for (row, position), value in book.sheet(title).cells.items() if position == 1 and value == label)
    return row, 4


def write_book(book: Book, extra: Mapping[str, str | bytes] | None = None) -> bytes:
    """The book as .xlsx bytes; `extra` parts are added to the archive, or replace its own."""
    parts: dict[str, str | bytes] = {
        "[Content_Types].xml": _content_types(book),
        "_rels/.rels": _relations([("officeDocument", "xl/workbook.xml")]),
        "xl/workbook.xml": _workbook(book),
        "xl/_rels/workbook.xml.rels": _relations(
            [("worksheet", f"worksheets/sheet{n}.xml") for n in range(1, len(book.sheets) + 1)]
            + [("styles", "styles.xml")]
        ),
        "xl/styles.xml": _styles(),
        **{f"xl/worksheets/sheet{n}.xml": sheet_xml(sheet) for n, sheet in enumerate(book.sheets, start=1)},
        **(extra or {}),
    }
    return archive(parts)


def archive(parts: Mapping[str, str | bytes]) -> bytes:
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as zipped:
        for name, content in parts.items():
            zipped.writestr(name, content)
    return buffer.getvalue()


def sheet_xml(sheet: Sheet) -> str:
    rows: dict[int, list[str]] = {row: [] for row in sheet.hidden_rows}
    for (row, position), value in sorted(sheet.cells.items()):
        rows.setdefault(row, []).append(_cell(address(row, position), value))
    data = "".join(
        f'<row r="{row + 1}"{" hidden=" + quoteattr("1") if row in sheet.hidden_rows else ""}>{"".join(cells)}</row>'
        for row, cells in sorted(rows.items())
    )
    merged = "".join(f"<mergeCell ref={quoteattr(ref)}/>" for ref in sheet.merged)
    return worksheet_xml(data, f"<mergeCells>{merged}</mergeCells>" if merged else "")


def worksheet_xml(rows: str, after: str = "") -> str:
    return f'{HEAD}<worksheet xmlns="{MAIN}"><sheetData>{rows}</sheetData>{after}</worksheet>'


def _cell(at: str, value: Any) -> str:
    if isinstance(value, Formula):
        stored = "" if value.result is None else f"<v>{escape(str(value.result))}</v>"
        kind = ' t="str"' if isinstance(value.result, str) else ""
        return f'<c r="{at}"{kind}><f>{escape(value.text)}</f>{stored}</c>'
    if isinstance(value, Failed):
        return f'<c r="{at}" t="e"><v>{value.code}</v></c>'
    if isinstance(value, Percent):
        return f'<c r="{at}" s="{PERCENT}"><v>{value.number!r}</v></c>'
    if isinstance(value, Shown):
        return f'<c r="{at}" s="{PERCENT + 1 + SHOWN_AS.index(value.code)}"><v>{value.number!r}</v></c>'
    if isinstance(value, bool):
        return f'<c r="{at}" t="b"><v>{int(value)}</v></c>'
    if isinstance(value, date):
        day = value.date() if isinstance(value, datetime) else value
        return f'<c r="{at}" s="{DATE}"><v>{(day - EPOCH).days}</v></c>'
    if isinstance(value, str):
        return f'<c r="{at}" t="inlineStr"><is><t xml:space="preserve">{escape(value)}</t></is></c>'
    return f'<c r="{at}"><v>{value!r}</v></c>'


def _workbook(book: Book) -> str:
    sheets = "".join(
        f"<sheet name={quoteattr(sheet.title)} sheetId={quoteattr(str(n))}"
        f' state={quoteattr(sheet.state)} r:id="rId{n}"/>'
        for n, sheet in enumerate(book.sheets, start=1)
    )
    return f'{HEAD}<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets>{sheets}</sheets></workbook>'


def _relations(targets: Sequence[tuple[str, str]]) -> str:
    relations = "".join(
        f'<Relationship Id="rId{n}" Type="{OFFICE}/{kind}" Target="{target}"/>'
        for n, (kind, target) in enumerate(targets, start=1)
    )
    return f'{HEAD}<Relationships xmlns="{NAMESPACE}/package/2006/relationships">{relations}</Relationships>'


def _content_types(book: Book) -> str:
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    sheets = "".join(
        f'<Override PartName="/xl/worksheets/sheet{n}.xml" ContentType="{kind}.worksheet+xml"/>'
        for n in range(1, len(book.sheets) + 1)
    )
    return (
        f'{HEAD}<Types xmlns="{NAMESPACE}/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{kind}.sheet.main+xml"/>'
        f'<Override PartName="/xl/styles.xml" ContentType="{kind}.styles+xml"/>{sheets}</Types>'
    )


def _styles() -> str:
    own = dict(enumerate(SHOWN_AS, start=164))
    codes = "".join(f"<numFmt numFmtId={quoteattr(str(n))} formatCode={quoteattr(code)}/>" for n, code in own.items())
    formats = "".join(
        f'<xf numFmtId="{number}" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
        for number in (0, 14, 9, *own)
    )
    return (
        f'{HEAD}<styleSheet xmlns="{MAIN}"><numFmts count="{len(own)}">{codes}</numFmts>'
        '<fonts count="1"><font><sz val="11"/><name val="宋体"/></font></fonts>'
        '<fills count="2"><fill><patternFill patternType="none"/></fill>'
        '<fill><patternFill patternType="gray125"/></fill></fills>'
        '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
        '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
        f'<cellXfs count="{3 + len(own)}">{formats}</cellXfs>'
        '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
    )
