"""What the city's own documents print besides figures is told by its kind."""

import pytest

from warehouse.reconcile.reading.numerals import numerals_in


@pytest.mark.parametrize("said", ["11/12所学校", "0/4所学校"])
def test_how_many_schools_have_sent_is_no_figure_that_nobody_understood(said: str) -> None:
    (found,) = [numeral for _, numeral in numerals_in(f"注：数据完整度：{said}", "")]
    assert (found.printed, found.told) == (said.removesuffix("所学校"), "已报送与应报送的学校数")


def test_a_fraction_of_anything_else_stays_not_understood() -> None:
    assert all(numeral.told == "" for _, numeral in numerals_in("完成3/7批设备", ""))
