"""A good workbook is read alike in whatever way the standards allow to write it."""

from datetime import date
from io import BytesIO
from random import Random

import openpyxl
import pytest

from sources.read.cell_text import Texts, read_grids, texts_of, unclear_cells
from sources.read.inspection import Inspection, clean_copy, inspect
from sources.system.settings import Limits
from tests.conftest import NURSING_SCHOOL
from tests.corpus.changes import WAYS, Changed, packed, parts_of
from tests.corpus.readings import of_openpyxl
from tests.corpus.small_books import small_book
from tests.corpus.writers import by_openpyxl
from tests.hostile.books import sample_book, write_book


def saved_by_openpyxl() -> bytes:
    """The sample of a school with shared texts, styles, theme and properties."""
    buffer = BytesIO()
    openpyxl.load_workbook(BytesIO(write_book(sample_book(NURSING_SCHOOL)))).save(buffer)
    return buffer.getvalue()


GOOD = parts_of(saved_by_openpyxl())
DAY_ZERO = date(1899, 12, 30)


def read(inspection: Inspection) -> dict[str, Texts]:
    assert inspection.refusal is None, inspection.refusal
    grids = read_grids(inspection.book)
    texts = {title: texts_of(grids[title], stored) for title, stored in inspection.sheets.items()}
    assert unclear_cells(texts, inspection.sheets) == []
    return texts


@pytest.fixture(scope="module")
def as_it_was() -> dict[str, Texts]:
    return read(inspect(write_book(sample_book(NURSING_SCHOOL)), Limits()))


@pytest.mark.parametrize(
    "way", [way for way in WAYS if way.name != "no styles" and not way.refused], ids=lambda way: way.name
)
def test_a_good_workbook_is_read_however_it_is_written(way: Changed, as_it_was: dict[str, Texts]) -> None:
    data = way.pack(way.parts(GOOD, Random(7)))
    assert read(inspect(data, Limits())) == as_it_was


@pytest.mark.parametrize("way", [way for way in WAYS if not way.refused], ids=lambda way: way.name)
def test_an_editor_finds_every_cell_of_the_copy_that_is_marked(way: Changed) -> None:
    """Else the school would get its workbook back with empty sheets."""
    as_written = parts_of(by_openpyxl(small_book(3)))
    copy = of_openpyxl(clean_copy(way.pack(way.parts(as_written, Random(7))), Limits()))
    assert copy == (None if way.name == "no styles" else of_openpyxl(packed(as_written)))


def test_without_styles_a_date_is_the_number_that_a_person_sees(as_it_was: dict[str, Texts]) -> None:
    way = next(way for way in WAYS if way.name == "no styles")
    found = read(inspect(way.pack(way.parts(GOOD, Random(7))), Limits()))
    other = {at: text for at, text in found["封面"].items() if as_it_was["封面"][at] != text}
    days = {at: (date.fromisoformat(as_it_was["封面"][at]) - DAY_ZERO).days for at in other}
    assert other == {at: str(number) for at, number in days.items()}
    assert len(other) == 2, "this year's day and last year's beside it"
