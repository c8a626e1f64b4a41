"""Characters that no XML, terminal or person can take are replaced and told at the door, wherever they stand."""

import unicodedata
from io import BytesIO

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sources.audit.judge import audit
from sources.declarations.headings import AUTHOR_HEADING, PROBLEM_HEADING, REASON_HEADING, RESULT_SHEET
from sources.handle import ToMark, _mark
from sources.read.read_workbook import read_workbook
from sources.system.plain_text import ILLEGIBLE, legible, shown_name
from sources.system.settings import Limits
from tests.conftest import NURSING_SCHOOL, deep
from tests.hostile.books import CITY, Sheet, item_cell, sample_book, write_book
from tests.hostile.dimensions import COVER, MAJORS, PROFILE

NOT_A_CHARACTER = {0xFFFE, 0xFFFF}


def must_go(letter: str) -> bool:
    """C0 and C1 but tab and line ends, surrogates, noncharacters, private use."""
    code = ord(letter)
    is_noncharacter = code & 0xFFFF in NOT_A_CHARACTER or 0xFDD0 <= code <= 0xFDEF
    return is_noncharacter or (unicodedata.category(letter) in ("Cc", "Cs", "Co") and letter not in "\t\n\r")


@given(st.characters(categories=None) | st.characters(categories=("Cc", "Cs", "Co", "Cn")))
@settings(max_examples=500)
def test_exactly_these_are_replaced(letter: str):
    turns = letter in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
    assert (legible(letter) != letter) == (must_go(letter) or turns)


@pytest.mark.parametrize(
    "letter", ["_x0007_", "\U0001fffe", "_xD800_", *deep("\x85", "_xFFFE_", "\ufdd0", "\ue000", "_x0000_", "\u202e")]
)
def test_wherever_it_stands_nothing_raises_and_nothing_of_it_is_left(letter: str):
    book = sample_book(NURSING_SCHOOL, titles=(COVER, MAJORS, PROFILE))
    book.sheet(PROFILE).cells[item_cell(book, PROFILE, "备注")] = f"备{letter}注"
    book.sheet(PROFILE).cells[5, 1] = f"主管{letter}单位"
    book.sheet(MAJORS).cells[4, 30] = f"自用{letter}列"
    book.sheet(MAJORS).cells[6, 1] = f"专业{letter}"
    book.sheet(COVER).cells[item_cell(book, COVER, "填报人")] = f"张{letter}三"
    book.sheets.append(Sheet(f"附{letter}表", {(0, 0): f"字{letter}"}))
    lines = [(PROBLEM_HEADING, REASON_HEADING, AUTHOR_HEADING), (f"x#1#{letter}#y#z", f"因{letter}", f"人{letter}")]
    book.sheets.append(
        Sheet(RESULT_SHEET, {(r, p): text for r, line in enumerate(lines) for p, text in enumerate(line)})
    )
    name, data = shown_name(f"名{letter}.xlsx"), write_book(book)

    reading = read_workbook(data, "id", name, CITY)
    findings = audit([reading], CITY).findings
    marked = openpyxl.load_workbook(BytesIO(_mark(ToMark(data, findings, name), Limits())))

    texts = [cell.raw_text for cell in reading.cells]
    texts += [text or "" for finding in findings for text in finding.row.values() if isinstance(text, str | None)]
    texts += [text for given in reading.explanations for text in (given.reason, given.author)]
    listed = [str(cell.value) for row in marked[RESULT_SHEET].iter_rows() for cell in row if cell.value]
    assert not any(ILLEGIBLE.search(text) for text in (*texts, *listed, name))
    told = {finding.rule_id for finding in findings}
    assert {"sheet.illegible", "sheet.unknown"} <= told or told == {"sheet.unclear"}, "replaced and told, or refused"


def test_a_title_that_xml_cannot_hold_is_told_as_such():
    book = sample_book(NURSING_SCHOOL, titles=(COVER,))
    book.sheets.append(Sheet("附\x07表", {(0, 0): "字"}))
    (finding,) = read_workbook(write_book(book), "id", "名.xlsx", CITY).findings
    assert finding.rule_id == "file.malformed"
