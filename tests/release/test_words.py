"""Words that say what a number does are chosen by the number."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warehouse.release.documents import words

NUMBERS = st.decimals(-(10**9), 10**9, places=4)
UNITS = st.sampled_from(["人", "所", "平方米", "元/人", "百分点", ":1"])
RISING, FALLING = {"增加", "上升"}, {"减少", "下降"}


@given(NUMBERS, UNITS)
def test_the_word_for_a_change_has_its_sign(change, unit):
    word = words.direction(change, unit)
    assert (word in RISING) == (change > 0)
    assert (word in FALLING) == (change < 0)
    assert (word == "持平") == (change == 0)


@given(NUMBERS.filter(bool))
def test_rates_rise_and_fall_and_counts_grow_and_shrink(change):
    assert words.direction(change, "百分点") in {"上升", "下降"}
    assert words.direction(change, "人") in {"增加", "减少"}


@given(st.dictionaries(st.text(min_size=1, max_size=4), NUMBERS, max_size=8))
def test_highest_and_lowest_name_exactly_those_that_are(values):
    if len(set(values.values())) < 2:
        for choose in (words.highest, words.lowest):
            with pytest.raises(ValueError, match="两个以上"):
                choose(values)
        return
    assert set(words.highest(values)) == {
        key for key in values if all(values[key] >= other for other in values.values())
    }
    assert set(words.lowest(values)) == {
        key for key in values if all(values[key] <= other for other in values.values())
    }


@given(NUMBERS, NUMBERS)
def test_a_standard_is_met_or_missed_on_the_unrounded_value(value, bound):
    at_least, _ = words.against_standard(value, bound, "at_least")
    at_most, _ = words.against_standard(value, bound, "at_most")
    assert (at_least == "低于") == (value < bound)
    assert (at_most == "高于") == (value > bound)


def test_a_value_that_rounds_to_the_bound_and_is_below_it_is_below_it():
    assert words.against_standard(Decimal("32.996"), Decimal(33), "at_least") == ("低于", "的标准")


@pytest.mark.parametrize(
    ("unit", "word"), [("人", "人"), ("元/人", "元"), ("%", "%"), (":1", ""), ("百分点", "个百分点"), ("个/生", "个")]
)
def test_units_as_they_stand_in_a_sentence(unit, word):
    assert words.unit_word(unit) == word
