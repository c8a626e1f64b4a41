"""Who writes a small workbook: programs that install here write it themselves, the others are imitated part by part."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from io import BytesIO
from pathlib import Path
from random import Random
from typing import Any, Literal

import openpyxl
import xlsxwriter

from tests.corpus import changes
from tests.corpus.changes import Change, Parts, packed, parts_of
from tests.corpus.small_books import small_book
from tests.hostile.books import SHOWN_AS, Book, Failed, Formula, Percent, Shown, write_book

KEPT = Path(__file__).parent / "files"
DAY, MOMENT = "yyyy-mm-dd", "yyyy-mm-dd hh:mm"


@dataclass(frozen=True)
class Writer:
    """A program, how we come by its files (`written` live, `kept` in files/, `imitated`), and a file of a seed."""

    name: str
    how: Literal["written", "kept", "imitated"]
    write: Callable[[int], bytes]


def by_openpyxl(book: Book) -> bytes:
    """openpyxl stores no results of formulas: it writes none of them, but the results."""
    workbook = openpyxl.Workbook()
    workbook.remove(workbook.worksheets[0])
    for sheet in book.sheets:
        worksheet = workbook.create_sheet(sheet.title)
        for (row, column), value in sheet.cells.items():
            cell = worksheet.cell(row + 1, column + 1)
            plain = value.result if isinstance(value, Formula) else value
            if isinstance(plain, Percent):
                cell.value, cell.number_format = plain.number, "0.00%"
            elif isinstance(plain, Shown):
                cell.value, cell.number_format = plain.number, plain.code
            elif isinstance(plain, Failed):
                cell.value, cell.data_type = plain.code, "e"
            else:
                cell.value = plain
                if isinstance(plain, str):
                    cell.data_type = "s"
                if isinstance(plain, date):
                    cell.number_format = MOMENT if isinstance(plain, datetime) else DAY
        for merged in sheet.merged:
            worksheet.merge_cells(merged)
    buffer = BytesIO()
    workbook.save(buffer)
    return buffer.getvalue()


def by_xlsxwriter(book: Book, options: Mapping[str, Any] | None = None) -> bytes:
    buffer = BytesIO()
    workbook = xlsxwriter.Workbook(buffer, {"in_memory": True, **(options or {})})
    day, moment, percent = (workbook.add_format({"num_format": each}) for each in (DAY, MOMENT, "0.00%"))
    own = {code: workbook.add_format({"num_format": code}) for code in SHOWN_AS}
    for sheet in book.sheets:
        worksheet = workbook.add_worksheet(sheet.title)
        for (row, column), value in sheet.cells.items():
            if isinstance(value, Formula):
                worksheet.write_formula(row, column, f"={value.text}", None, value.result)
            elif isinstance(value, Failed):
                worksheet.write_formula(row, column, "=NA()" if value.code == "#N/A" else "=1/0", None, value.code)
            elif isinstance(value, Percent):
                worksheet.write_number(row, column, value.number, percent)
            elif isinstance(value, Shown):
                worksheet.write_number(row, column, value.number, own[value.code])
            elif isinstance(value, datetime):
                worksheet.write_datetime(row, column, value, moment)
            elif isinstance(value, date):
                worksheet.write_datetime(row, column, datetime(value.year, value.month, value.day), day)
            elif isinstance(value, bool):
                worksheet.write_boolean(row, column, value)
            elif isinstance(value, str):
                worksheet.write_string(row, column, value)
            else:
                worksheet.write_number(row, column, value)
        for merged in sheet.merged:
            worksheet.merge_range(merged, "")
    workbook.close()
    return buffer.getvalue()


def plainly(book: Book) -> bytes:
    """Our own writer of the hostile tests; a day loses its time, a truth its formula."""
    for sheet in book.sheets:
        for at, value in sheet.cells.items():
            if isinstance(value, datetime):
                sheet.cells[at] = value.date()
            elif isinstance(value, Formula) and isinstance(value.result, bool):
                sheet.cells[at] = value.result
    return write_book(book)


def on_parts(
    base: Callable[[Book], bytes], *imitated: Change, pack: Callable[[Parts], bytes] = packed
) -> Callable[[int], bytes]:
    """A file as a program writes it that does not install here: the parts of another, changed to its ways."""

    def write(seed: int) -> bytes:
        parts = parts_of(base(small_book(seed)))
        for change in imitated:
            parts = change(parts, Random(seed))
        return pack(parts)

    return write


def live(base: Callable[[Book], bytes]) -> Callable[[int], bytes]:
    return lambda seed: base(small_book(seed))


@cache
def kept(name: str) -> list[Path]:
    return sorted(KEPT.glob(f"{name}-*.xlsx"))


def from_files(name: str) -> Callable[[int], bytes]:
    return lambda seed: kept(name)[seed % len(kept(name))].read_bytes()


WRITERS = (
    Writer("openpyxl", "written", live(by_openpyxl)),
    Writer("XlsxWriter", "written", live(by_xlsxwriter)),
    Writer(
        "XlsxWriter, 1904, zip64",
        "written",
        live(lambda book: by_xlsxwriter(book, {"use_zip64": True, "date_1904": True})),
    ),
    Writer("our own", "written", live(plainly)),
    *(
        Writer(name, "kept", from_files(file))
        for name, file in (
            ("LibreOffice", "libreoffice"),
            ("Gnumeric", "gnumeric"),
            ("SheetJS", "sheetjs"),
            ("SheetJS, dates as cells", "sheetjs_dates"),
            ("ExcelJS", "exceljs"),
            ("xlsx-populate", "populate"),
            ("excelize", "excelize"),
            ("PyExcelerate", "pyexcelerate"),
            ("Apache POI", "poi"),
            ("Apache POI, streamed", "poi_streamed"),
        )
    ),
    Writer("Excel", "imitated", on_parts(by_xlsxwriter, changes.with_alternate_content, changes.with_extensions)),
    Writer(
        "Excel, strict", "imitated", on_parts(by_xlsxwriter, changes.days_as_cells, changes.xml_of_all(changes.strict))
    ),
    Writer("WPS", "imitated", on_parts(by_openpyxl, changes.as_wps)),
    Writer("Google Sheets", "imitated", on_parts(by_openpyxl, changes.without("docprops"), changes.numbers_as_java)),
    Writer(
        "Numbers",
        "imitated",
        on_parts(by_openpyxl, changes.without("docprops", "theme"), changes.in_sheets(changes.blank_between)),
    ),
    Writer(
        "EPPlus",
        "imitated",
        on_parts(
            by_openpyxl,
            changes.with_targets("/xl/{}".format),
            changes.properties_of_net,
            changes.xml_of_all(changes.with_mark),
        ),
    ),
    Writer(
        "Open XML SDK",
        "imitated",
        on_parts(
            by_openpyxl, changes.prefixed, changes.with_targets("/xl/{}".format), changes.without("docprops", "theme")
        ),
    ),
    Writer(
        "OpenXLSX", "imitated", on_parts(by_openpyxl, changes.without("theme", "docprops/app"), pack=changes.stored)
    ),
)
