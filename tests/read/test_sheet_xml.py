"""Blank cells are left out before reading, and nothing else is."""

import zipfile
from io import BytesIO

import pytest

from sources.read.inspection import inspect
from sources.read.sheet_xml import RefusedError, SharedTexts, Spent, read_sheet, without_blanks
from sources.system.settings import Limits
from sources.write.template import build_workbook
from tests.conftest import NURSING_SCHOOL


def sheet(*rows: str) -> bytes:
    return f'<worksheet xmlns="m"><sheetData>{"".join(rows)}</sheetData></worksheet>'.encode()


def read(xml: bytes):
    return read_sheet(xml, "表", SharedTexts(), Limits(), Spent())


def test_a_sheet_of_the_template_reads_the_same_without_its_blank_cells(city):
    book = zipfile.ZipFile(BytesIO(build_workbook(city, city.respondent_by_code[NURSING_SCHOOL], 2023)))
    parts = [book.read(name) for name in book.namelist() if name.startswith("xl/worksheets/sheet")]
    strings = SharedTexts(["文字"] * 10_000)
    dropped = 0
    for part in parts:
        less, count = without_blanks(part)
        dropped += count
        assert read_sheet(less, "表", strings, Limits(), Spent()) == read_sheet(part, "表", strings, Limits(), Spent())
    assert dropped > 1_000


@pytest.mark.parametrize(
    "row",
    [
        '<row r="1"><c r="A1"><v>7</v></c></row>',
        '<row r="1"><c r="A1" s="3"><f>1+1</f></c></row>',
        '<row r="1"><c r="A1" t="inlineStr"><is><t>x</t></is></c></row>',
        '<row r="1" hidden="1"><c r="A1"><v>7</v></c></row>',
    ],
)
def test_what_holds_something_stays(row):
    assert without_blanks(sheet(row)) == (sheet(row), 0)


@pytest.mark.parametrize(
    "rows",
    [
        ('<row r="1"><c r="A1" s="1"/><c><v>7</v></c></row>',),
        ('<row r="5"><c r="A5" s="1"/></row>', '<row><c r="A6"><v>7</v></c></row>'),
        ('<row r="1"><!-- <c r="A1" s="1"/> --><c r="B1"><v>7</v></c></row>',),
    ],
    ids=["a cell without an address", "a row without a number", "a comment"],
)
def test_where_a_blank_could_be_something_else_all_is_left_as_it_is(rows):
    assert without_blanks(sheet(*rows)) == (sheet(*rows), 0)


def test_a_blank_cell_with_an_address_that_is_none_is_still_seen():
    with pytest.raises(RefusedError, match=r"file\.malformed"):
        read(without_blanks(sheet('<row r="1"><c r="A0" s="1"/></row>'))[0])


def test_blank_cells_count_towards_the_limit():
    buffer = BytesIO()
    rows = "".join(f'<row r="{n}"><c r="A{n}" s="1"/></row>' for n in range(1, 101))
    with zipfile.ZipFile(buffer, "w") as book:
        book.writestr(
            "xl/workbook.xml", '<workbook xmlns:r="r"><sheets><sheet name="表" r:id="a"/></sheets></workbook>'
        )
        book.writestr("xl/_rels/workbook.xml.rels", '<R><Relationship Id="a" Target="worksheets/sheet1.xml"/></R>')
        book.writestr("xl/worksheets/sheet1.xml", sheet(rows))
    assert inspect(buffer.getvalue(), Limits()).refusal is None
    assert inspect(buffer.getvalue(), Limits(cells=150)).refusal == ("file.too_large", "超过 150 个单元格")
