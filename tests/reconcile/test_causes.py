"""Why a number is wrong that is neither a slip of the pen nor another number of the report."""

from pathlib import Path

import pytest

from tests.reconcile.conftest import CITY, EAST, YEAR, know
from tests.reconcile.test_regions import HUAILING, judged

SCHOOL = "3498000001"


def cause(text: str, folder: Path, warehouse) -> tuple[str, str]:
    (row,) = [row for row in judged(text, folder, warehouse) if row["is_suspected"]]
    return row["diagnosis"], row["suggested"]


def test_its_own_change_stands_in_place_of_a_value(warehouse, tmp_path):
    know(warehouse, {CITY: 940})
    know(warehouse, {CITY: 976}, year=YEAR - 1)
    assert cause("全市专任教师数36人。", tmp_path, warehouse) == ("own_change", "940")
    table = "表1 情况\n项目\t2024年\n专任教师数（人）\t-36\n\n以上。"
    assert cause(table, tmp_path, warehouse) == ("own_change", "940")


@pytest.mark.parametrize(("subject", "scope", "value"), [(SCHOOL, "school", 208), (EAST, "every_school", 420)])
def test_a_school_or_a_district_was_left_out_of_a_sum(subject, scope, value, warehouse, tmp_path):
    know(warehouse, {CITY: 1947})
    know(warehouse, {subject: value}, scope)
    assert cause(f"全市专任教师数{1947 - value}人。", tmp_path, warehouse) == ("changed_set", "1947")
    assert cause(f"全市专任教师数{1947 + value}人。", tmp_path, warehouse) == ("changed_set", "1947")


def test_a_share_was_worked_out_over_last_years_whole(warehouse, tmp_path):
    know(warehouse, {CITY: 92.5}, indicator="placement_rate")
    know(warehouse, {CITY: 2775}, indicator="placed")
    know(warehouse, {CITY: 3000}, indicator="graduates")
    know(warehouse, {CITY: 3600}, indicator="graduates", year=YEAR - 1)
    assert cause("全市毕业去向落实率为77.08%。", tmp_path, warehouse) == ("other_base", "92.5")


def test_a_rate_of_the_city_is_the_plain_mean_of_its_schools_rates(warehouse, tmp_path):
    know(warehouse, {CITY: 92.5}, indicator="placement_rate")
    schools = [r.code for r in HUAILING.respondents_in(YEAR) if r.kind == "school"]
    rates = dict(zip(schools[:3], (90.25, 81, 70), strict=True))
    know(warehouse, rates, "school", indicator="placement_rate")
    assert cause("全市毕业去向落实率为80.42%。", tmp_path, warehouse) == ("mean_of_means", "92.5")
    know(warehouse, {schools[3]: 10}, "school", indicator="placement_rate")
    assert cause("全市毕业去向落实率为80.42%。", tmp_path, warehouse)[0] != "mean_of_means"
