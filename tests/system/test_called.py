"""Names as people write them find the one thing that is meant, or say which there are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources.system.called import called, nearest_called, spelled, the_one_called

SCHOOLS = {
    "A1": ["长江市第一职业技术学校"],
    "A2": ["长江市卫生学校", "长江卫生职业学校"],
    "A3": ["长江市第一中等专业学校"],
}


@pytest.mark.parametrize(
    ("word", "codes"),
    [
        ("A2", ("A2",)),
        ("ａ２", ("A2",)),
        (" 长江市 卫生学校 ", ("A2",)),
        ("长江卫生职业学校", ("A2",)),  # its former name
        ("卫生", ("A2",)),
        ("卫校", ("A2",)),
        ("一职校", ("A1",)),
        ("第一", ("A1", "A3")),
        ("师范", ()),
        ("校", ()),
        ("", ()),
    ],
)
def test_a_name_a_part_and_an_abbreviation(word, codes):
    assert called(word, SCHOOLS) == codes


def test_the_whole_name_goes_before_a_part():
    assert called("毕业生数", {"a": ["毕业生数"], "b": ["参加调查的毕业生数"]}) == ("a",)
    assert called("在校生数", {"a": ["全日制在校生人数"]}) == ("a",)


def test_several_or_none_are_told_with_their_codes():
    with pytest.raises(
        LookupError, match=r"“第一”可以指 2 个学校：长江市第一职业技术学校（A1）、长江市第一中等专业学校（A3）"
    ):
        the_one_called("学校", "第一", SCHOOLS)
    with pytest.raises(LookupError, match=r"没有学校“师范”；有：长江市第一职业技术学校（A1）"):
        the_one_called("学校", "师范", SCHOOLS)
    many = SCHOOLS | {f"B{number}": [f"第{number}小学"] for number in range(20)}
    with pytest.raises(LookupError, match=r"没有学校“长江市为生学校”；最接近的：长江市卫生学校（A2）"):
        the_one_called("学校", "长江市为生学校", many)


@given(
    st.dictionaries(st.text(min_size=1, max_size=6), st.lists(st.text(max_size=8), max_size=3), max_size=6), st.text()
)
def test_whatever_is_typed_only_known_codes_come_back(known, word):
    assert set(called(word, known)) <= known.keys()
    assert set(nearest_called(word, known)) <= known.keys()


@given(st.text(max_size=12))
def test_spelling_is_done_once(text):
    assert spelled(spelled(text)) == spelled(text) or spelled(text).endswith("数")
