"""The workbook for reuse keeps the UK Analysis Function's rules, says what print says, and other programs read it."""

import io
import os
import re
import subprocess
from dataclasses import replace
from pathlib import Path

import openpyxl
import pytest
from openpyxl.utils import range_boundaries

from sources.declarations.publication import UNDECLARED, PublicationTerms
from tests.release.conftest import RELEASED_ON, VERSION
from tests.release.test_pdf import tool
from tests.support.hostile_texts import HOSTILE
from warehouse.figures.printed_table import TableCell
from warehouse.release.documents.reuse_workbook import (
    CONTENTS,
    COVER,
    INDICATORS,
    MARKS,
    MISSING,
    NOTES,
    write_reuse_workbook,
)
from warehouse.release.documents.write_documents import REUSE
from warehouse.release.imprint import imprint_of


@pytest.fixture(scope="module")
def path(made) -> Path:
    return next(path for path in made.documents.paths if path.name.endswith(REUSE))


@pytest.fixture(scope="module")
def book(path) -> openpyxl.Workbook:
    return openpyxl.load_workbook(path)


def written(figures, publication: PublicationTerms) -> openpyxl.Workbook:
    imprint = imprint_of(figures, publication, RELEASED_ON, VERSION)
    return openpyxl.load_workbook(io.BytesIO(write_reuse_workbook(figures, imprint)))


def rows_of(sheet) -> list[tuple]:
    """The headings and rows of the sheet's one table."""
    (table,) = sheet.tables.values()
    first, top, last, bottom = range_boundaries(table.ref)
    return list(sheet.iter_rows(top, bottom, first, last, values_only=True))


def test_cover_contents_and_notes_come_first_and_the_contents_name_every_sheet(book, made):
    assert book.sheetnames[:3] == [COVER, CONTENTS, NOTES]
    assert book.sheetnames[3:] == [*(table.name for table in made.figures.tables.values()), INDICATORS]
    assert [row[0] for row in rows_of(book[CONTENTS])[1:]] == book.sheetnames[2:]
    assert [cell.hyperlink.location for cell in book[CONTENTS]["A"][4:]] == [f"'{n}'!A1" for n in book.sheetnames[2:]]
    assert book.active.title == COVER
    assert (book.properties.language, book.properties.creator) == ("zh-CN", made.figures.bureau_name)
    assert book.properties.title.startswith("钦州市")


def test_a_sheet_is_one_named_table_with_unique_headings_nothing_merged_and_no_cell_empty(book):
    names = []
    for sheet in book.worksheets[1:]:
        assert not sheet.merged_cells.ranges, sheet.title
        (table,) = sheet.tables.values()
        names.append(table.name)
        head, *body = rows_of(sheet)
        assert len({str(heading).casefold() for heading in head}) == len(head), sheet.title
        assert [column.name for column in table.tableColumns] == list(head)
        assert body
        assert all(value not in (None, "") for row in body for value in row), sheet.title
        assert sheet.freeze_panes == f"B{range_boundaries(table.ref)[1] + 1}"
        assert sheet.max_row == range_boundaries(table.ref)[3]
        assert sheet["A1"].value.startswith(sheet.title)
    assert len(set(names)) == len(names)
    assert all(re.fullmatch("[a-z][a-z0-9_]*", name) for name in names)


def test_every_mark_is_explained_and_what_is_no_number_among_numbers_is_a_mark(book):
    explained = {row[1] for row in rows_of(book[NOTES])}
    assert set(MARKS) <= explained
    used = {
        value
        for sheet in book.worksheets[3:]
        for row in rows_of(sheet)[1:]
        for value in row
        if isinstance(value, str) and value.startswith("[")
    }
    assert used
    assert used <= explained
    for row in rows_of(book[INDICATORS])[1:]:
        assert all(isinstance(value, int | float) or value in MARKS for value in row[3:6]), row


def test_it_says_what_print_says_with_units_and_without_arrows(book, made):
    for table in made.figures.tables.values():
        head, *body = rows_of(book[table.name])
        printed = [[float(cell.value) for cell in row if cell.value is not None] for row in table.rows]
        assert [[value for value in row if isinstance(value, int | float)] for row in body] == printed, table.name
        assert "单位" in head or any("（" in heading for heading in head), table.name
    fall = next(row for row in rows_of(book["表1.2-2"]) if row[-1] == -1155)
    assert fall[2:] == ("人", 36360, 35205, -1155)


def test_the_cover_says_how_to_cite_and_what_is_not_declared_is_not_made_up(made, book):
    cover = [row[0] for row in book[COVER].iter_rows(values_only=True)]
    assert cover[cover.index("数据的使用许可") + 1] == cover[cover.index("联系方式") + 1] == UNDECLARED
    declared = PublicationTerms(licence="注明出处即可使用", contact="职教科", address="https://example.org/n/")
    cover = [row[0] for row in written(made.figures, declared)[COVER].iter_rows(values_only=True)]
    assert cover[cover.index("数据的使用许可") + 1] == "注明出处即可使用"
    cited = cover[cover.index("引用格式") + 1]
    assert f"[DS/OL]. 版本 {VERSION}. 2024-03-01. https://example.org/n/{VERSION}/" in cited


def test_hostile_texts_stay_texts_in_headings_cells_and_notes(made):
    table = next(iter(made.figures.tables.values()))
    rows = tuple((TableCell(text[:9000]), *table.rows[0][1:]) for text in HOSTILE)
    hostile = replace(table, rows=rows, headings=(HOSTILE[0][:200], *table.headings[1:]), total_rows=frozenset())
    sheet = written(replace(made.figures, tables={"1": hostile}), PublicationTerms())[table.name]
    assert {cell.data_type for row in sheet.iter_rows() for cell in row if cell.value is not None} <= {"s", "n"}
    assert len(rows_of(sheet)) == len(HOSTILE) + 1


@pytest.mark.deep
def test_an_office_suite_opens_it_and_saves_it_without_loss(path, book, tmp_path):
    subprocess.run(
        [tool("soffice"), "--headless", "--convert-to", "xlsx", "--outdir", str(tmp_path), str(path)],
        env=os.environ | {"HOME": str(tmp_path)},
        check=True,
        capture_output=True,
    )
    (saved,) = tmp_path.glob("*.xlsx")
    again = openpyxl.load_workbook(saved)
    assert again.sheetnames == book.sheetnames
    for sheet in book.worksheets[1:]:
        assert rows_of(again[sheet.title]) == rows_of(sheet), sheet.title
        assert {t.name for t in again[sheet.title].tables.values()} == {t.name for t in sheet.tables.values()}
    assert MISSING in {value for row in rows_of(again[INDICATORS]) for value in row}
