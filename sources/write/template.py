"""Contract → workbook: schools fill it in, and the sample's submissions are poured into it.

The reader (`read_workbook.py`) finds everything by heading, never by position,
so the constants below are words, not coordinates.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from io import BytesIO
from typing import Any

from sources.declarations.city import City, Respondent, codelists_of
from sources.declarations.codelist import CodeList
from sources.declarations.contract import Contract, contracts_for, template_version
from sources.declarations.headings import (
    AUTHOR_HEADING,
    CODELIST_SHEET,
    META_SHEET,
    ORIGIN_HEADINGS,
    ORIGIN_SHEET,
    PROBLEM_HEADING,
    PROGRESS_SHEET,
    REASON_HEADING,
    RESULT_SHEET,
    TOKEN_PROPERTY,
)
from sources.declarations.origin import ORIGIN_NOTE, ORIGINS
from sources.submission.explanation import GivenExplanation
from sources.system.plain_book import PlainBook
from sources.write.layout import BookLayout, SheetLayout, sheet_layout
from sources.write.progress_sheet import ProgressSheet
from sources.write.rolled import RolledRows, rolled_rows
from sources.write.sheet_values import Record, SheetValues
from sources.write.template_sheet import MarkedValue, SheetWriter, cell_formats, list_cells, write_value


def build_workbook(
    city: City,
    respondent: Respondent,
    report_year: int,
    values: Mapping[str, SheetValues] | None = None,
    last_year: Mapping[str, SheetValues] | None = None,
    explanations: Sequence[GivenExplanation] = (),
    token: str | None = None,
    origins: Mapping[str, Sequence[Mapping[str, str]]] | None = None,
) -> bytes:
    """One respondent's workbook for the report year, as .xlsx bytes.

    `values` (by contract name) fills the input cells, `last_year` the grey cells beside them; `explanations` go on
    a result sheet, as on a marked workbook that comes back. Without `values` the workbook is a blank template, in which
    last year's lists stand as rows that can be edited (`rolled.py`). Name, code and district of the respondent are
    those of the year. `origins` (by contract name, a record like those of `values`: column → origin) says which values
    nobody submitted, on a sheet of its own. `token`: what shows whose template it is, written on the cover and in a
    property of the file. The same arguments give the same bytes.
    """
    # Long: a workbook is written in one go, sheet after sheet; the steps share the book, its formats and lists.
    buffer = BytesIO()
    of_year = city.in_year(report_year)
    respondent = of_year.respondent_by_code.get(respondent.code, respondent)  # a made-up one is as it is
    code = of_year.stated_code(respondent)
    book = _LockedWorkbook(buffer)
    version = template_version(city.pack, respondent.kind, report_year)
    book.set_properties({"title": f"{report_year}年度 {respondent.name}", "created": datetime(report_year, 1, 1)})
    book.set_custom_property("template_version", version)
    if token is not None:
        book.set_custom_property(TOKEN_PROPERTY, token)
    formats = cell_formats(book)
    codelists = codelists_of(city, report_year, of_year.region_of(respondent))
    ranges: dict[str, str] = {}
    layouts: list[SheetLayout] = []
    marked: list[MarkedValue] = []
    progress: Any = None
    for contract in contracts_for(city.pack, respondent.kind, report_year):
        sheet = book.add_worksheet(contract.title)
        content = (values or {}).get(contract.name, SheetValues(status=""))
        if contract.name == "cover":
            identity: Record = {
                "stated_code": code,
                "stated_name": respondent.name,
                "stated_year": report_year,
            }
            content = SheetValues(records=[{**identity, **(content.records[0] if content.records else {})}])
        previous = (last_year or {}).get(contract.name, SheetValues())
        rolled = RolledRows()
        if values is None:
            rolled = rolled_rows(contract, city, respondent, report_year, previous.records, codelists)
        if rolled.records:
            content, previous = SheetValues("", rolled.records), SheetValues(records=rolled.before)
        layout = _layout(contract, report_year, content, previous, codelists, len(rolled.records))
        layouts.append(layout)
        writer = SheetWriter(sheet, formats, codelists, ranges, city.pack, report_year)
        (writer.write_form if layout.is_form else writer.write_records)(contract, layout, content, previous)
        if contract.name == "cover" and token is not None:
            writer.write_token(layout, token)
        if origins is not None:
            marked += writer.marked_values(contract, layout, content, origins.get(contract.name, ()))
        progress = progress or book.add_worksheet(PROGRESS_SHEET)  # behind the cover, where it is seen
    lists = tuple((name, list_cells(letter, codelists[name])) for name, letter in ranges.items())
    whole = BookLayout(tuple(layouts), lists)
    ProgressSheet(progress, formats, city.pack, whole, report_year, codelists, last_year or {}).write()
    if explanations:
        _write_explanations(book, formats, explanations)
    _write_codelists(book, codelists, ranges)
    if marked:
        _write_origins(book, formats, marked)
    _write_meta(
        book,
        {
            "template_version": version,
            "city_code": city.code,
            "respondent_code": code,
            "report_year": str(report_year),
        },
    )
    book.close()
    return buffer.getvalue()


def _layout(
    contract: Contract,
    report_year: int,
    content: SheetValues,
    previous: SheetValues,
    codelists: Mapping[str, CodeList],
    rolled: int,
) -> SheetLayout:
    """Where one sheet has its cells; a table has room for more records than it will have."""
    if contract.rows is not None:
        rows = len(codelists[contract.rows].codes)
    else:
        rows = max(contract.max_rows, len(content.records))
    asks_by_itself = contract.rolled is not None and contract.rolled.asks is None
    return sheet_layout(contract, report_year, rows, bool(previous.records), rolled if asks_by_itself else 0)


def _write_explanations(book: PlainBook, formats: dict[str, Any], explanations: Sequence[GivenExplanation]) -> None:
    sheet = book.add_worksheet(RESULT_SHEET)
    sheet.set_column(0, 3, 40)
    for position, heading in enumerate((PROBLEM_HEADING, REASON_HEADING, AUTHOR_HEADING)):
        sheet.write_string(0, position, heading, formats["heading"])
    for row, given in enumerate(explanations, 1):
        for position, text in enumerate((given.question.problem_id, given.reason, given.author)):
            sheet.write_string(row, position, text, formats["text"])


def _write_origins(book: PlainBook, formats: dict[str, Any], marked: Sequence[MarkedValue]) -> None:
    """Each value that nobody submitted, with its place: the mark holds as long as that value stands there."""
    sheet = book.add_worksheet(ORIGIN_SHEET)
    sheet.set_column(0, 3, 20)
    sheet.write_string(0, 0, ORIGIN_NOTE, formats["summary"])
    for position, heading in enumerate(ORIGIN_HEADINGS):
        sheet.write_string(1, position, heading, formats["heading"])
    for row, value in enumerate(marked, 2):
        sheet.write_string(row, 0, value.title)
        sheet.write_string(row, 1, value.cell)
        write_value(sheet, row, 2, value.shown, formats["text"])
        sheet.write_string(row, 3, ORIGINS[value.origin])
    sheet.protect()


class _LockedWorkbook(PlainBook):
    """xlsxwriter protects sheets only; this also locks the list of sheets (no delete, no rename)."""

    def _write_workbook_pr(self) -> None:
        super()._write_workbook_pr()
        self._xml_empty_tag("workbookProtection", [("lockStructure", 1)])


def _write_codelists(book: PlainBook, codelists: Mapping[str, CodeList], ranges: Mapping[str, str]) -> None:
    sheet = book.add_worksheet(CODELIST_SHEET)
    for position, name in enumerate(ranges):
        labels = [codelists[name].title, *(entry.label for entry in codelists[name].codes)]
        sheet.write_column(0, position, labels)
    sheet.protect()
    sheet.hide()


def _write_meta(book: PlainBook, meta: Mapping[str, str]) -> None:
    sheet = book.add_worksheet(META_SHEET)
    for row, (key, value) in enumerate(meta.items()):
        sheet.write_string(row, 0, key)
        sheet.write_string(row, 1, value)
    sheet.protect()
    sheet.very_hidden()
