"""Numbers in Chinese words, as a list of printed figures may hold them."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warehouse.reconcile.reading.chinese_numbers import number_in_words
from warehouse.reconcile.reading.figure_list import read_list

DIGITS = "零一二三四五六七八九"


def in_words(number: int) -> str:
    """1 to 9999 as a report writes them."""
    text = ""
    for place, unit in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit = number // place % 10
        text += DIGITS[digit] + unit if digit else "零" if text and number % place else ""
    text = text.replace("零零", "零")
    return text.removeprefix("一") if 10 <= number < 20 else text


@pytest.mark.parametrize(
    ("text", "number"),
    [("五", 5), ("十二", 12), ("两", 2), ("一百二十", 120), ("两百五十", 250), ("一千零一十", 1010), ("〇", 0)],
)
def test_whole_numbers_are_read(text: str, number: int):
    assert number_in_words(text) == number


@pytest.mark.parametrize("text", ["三分之一", "五所", "几十", "六成", "近六", "1.2万", "百百", "", "半", "一" * 40])
def test_nothing_else_is_a_number(text: str):
    assert number_in_words(text) is None


@given(st.integers(1, 9999))
def test_every_count_that_is_written_out_is_read_back(number: int):
    assert number_in_words(in_words(number)) == number


@given(st.text("零〇一二两三四五六七八九十百千万亿点负半几分之0123456789.所人", max_size=12) | st.text(max_size=8))
def test_whatever_stands_there_it_is_a_number_or_none(text: str):
    found = number_in_words(text)
    assert found is None or (found == found.to_integral_value() and 0 <= found < 10**8)


def test_a_list_may_print_a_count_in_words(tmp_path):
    path = tmp_path / "list.csv"
    path.write_text(
        "figure_id,section,year,subject,indicator,value,unit,as_printed,scope,note\n"
        "P1,1,2023,全市,中等职业学校数,,所,十二所,,\nP2,1,2023,全市,双师型教师占比,,%,三分之一,,\n",
        "utf-8",
    )
    assert [figure.value for figure in read_list(path)] == [Decimal(12), None]
