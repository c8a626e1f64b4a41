"""Contract → workbook: schools fill it in, and the sample's submissions are poured into it.

The reader (`read_workbook.py`) finds everything by heading, never by position,
so the constants below are words, not coordinates.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from io import BytesIO
from typing import Any

import xlsxwriter

from sources.declarations.city import City, Respondent, codelists_of
from sources.declarations.codelist import CodeList
from sources.declarations.contract import contracts_for, template_version
from sources.declarations.headings import (
    AUTHOR_HEADING,
    CODELIST_SHEET,
    META_SHEET,
    PROBLEM_HEADING,
    REASON_HEADING,
    RESULT_SHEET,
)
from sources.submission.explanation import GivenExplanation
from sources.write.template_sheet import Record, SheetValues, SheetWriter, cell_formats


def workbook_file_name(respondent: Respondent, report_year: int) -> str:
    return f"{report_year}_{respondent.name}_{respondent.code}.xlsx"


def build_workbook(
    city: City,
    respondent: Respondent,
    report_year: int,
    values: Mapping[str, SheetValues] | None = None,
    last_year: Mapping[str, SheetValues] | None = None,
    explanations: Sequence[GivenExplanation] = (),
) -> bytes:
    """One respondent's workbook for the report year, as .xlsx bytes.

    `values` (by contract name) fills the input cells, `last_year` the grey cells beside them; `explanations` go on
    a result sheet, as on a marked workbook that comes back. The same arguments give the same bytes.
    """
    # Long: a workbook is written in one go, sheet after sheet; the steps share the book, its formats and lists.
    buffer = BytesIO()
    book = _LockedWorkbook(buffer, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    version = template_version(respondent.kind, report_year)
    book.set_properties({"title": f"{report_year}年度 {respondent.name}", "created": datetime(report_year, 1, 1)})
    book.set_custom_property("template_version", version)
    formats = cell_formats(book)
    codelists = codelists_of(city, report_year, city.region_of(respondent))
    contracts = contracts_for(respondent.kind, report_year)
    ranges: dict[str, str] = {}
    for contract in contracts:
        sheet = book.add_worksheet(contract.title)
        content = (values or {}).get(contract.name, SheetValues(status=""))
        if contract.name == "cover":
            identity: Record = {
                "stated_code": respondent.code,
                "stated_name": respondent.name,
                "stated_year": report_year,
            }
            content = SheetValues(records=[{**identity, **(content.records[0] if content.records else {})}])
        previous = (last_year or {}).get(contract.name, SheetValues())
        writer = SheetWriter(sheet, formats, codelists, ranges, report_year)
        (writer.write_form if contract.shape == "form" else writer.write_records)(contract, content, previous)
    if explanations:
        _write_explanations(book, formats, explanations)
    _write_codelists(book, codelists, ranges)
    _write_meta(
        book,
        {
            "template_version": version,
            "city_code": city.code,
            "respondent_code": respondent.code,
            "report_year": str(report_year),
        },
    )
    book.close()
    return buffer.getvalue()


def _write_explanations(
    book: xlsxwriter.Workbook, formats: dict[str, Any], explanations: Sequence[GivenExplanation]
) -> None:
    sheet = book.add_worksheet(RESULT_SHEET)
    sheet.set_column(0, 3, 40)
    for position, heading in enumerate((PROBLEM_HEADING, REASON_HEADING, AUTHOR_HEADING)):
        sheet.write_string(0, position, heading, formats["heading"])
    for row, given in enumerate(explanations, 1):
        for position, text in enumerate((given.question.problem_id, given.reason, given.author)):
            sheet.write_string(row, position, text, formats["text"])


class _LockedWorkbook(xlsxwriter.Workbook):  # type: ignore[misc]  # the library has no types
    """xlsxwriter protects sheets only; this also locks the list of sheets (no delete, no rename)."""

    def _write_workbook_pr(self) -> None:
        super()._write_workbook_pr()
        self._xml_empty_tag("workbookProtection", [("lockStructure", 1)])


def _write_codelists(book: xlsxwriter.Workbook, codelists: Mapping[str, CodeList], ranges: Mapping[str, str]) -> None:
    sheet = book.add_worksheet(CODELIST_SHEET)
    for position, name in enumerate(ranges):
        labels = [codelists[name].title, *(entry.label for entry in codelists[name].codes)]
        sheet.write_column(0, position, labels)
    sheet.protect()
    sheet.hide()


def _write_meta(book: xlsxwriter.Workbook, meta: Mapping[str, str]) -> None:
    sheet = book.add_worksheet(META_SHEET)
    for row, (key, value) in enumerate(meta.items()):
        sheet.write_string(row, 0, key)
        sheet.write_string(row, 1, value)
    sheet.protect()
    sheet.very_hidden()
