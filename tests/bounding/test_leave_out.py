"""Whoever is left out, the true value lies within the hard bound, and nearly always within the usual one."""

from pathlib import Path

import duckdb
import pytest

from sources.declarations.contract import load_contracts
from sources.declarations.pack import NEUTRAL_PACK
from sources.system.settings import Settings
from tests.any_city.worlds import DISTRICT, FIRST, SECOND, YEARS, pour
from tests.bounding.leave_out import LeftOut, left_out, numbers_of
from tests.conftest import run_all
from tests.support.sample import PACK
from warehouse.catalogue.declared_limits import declared_limits, declared_relations
from warehouse.catalogue.measure import load_measures
from warehouse.store.connection import open_published

SOME = ("students_per_teacher", "placement_rate", "satisfaction_students", "campus_area", "graduates", "courses_online")
LEAST_USUAL = 0.95


def check(found: list[LeftOut]) -> None:
    tried = sum(each.tried for each in found)
    assert tried > 0
    assert [each.indicator for each in found if each.in_possible < each.tried] == [], "a hard bound excluded the truth"
    assert sum(each.in_usual for each in found) >= LEAST_USUAL * tried


def test_a_few_figures_with_one_or_two_schools_left_out(published: duckdb.DuckDBPyConnection) -> None:
    found = left_out(PACK, numbers_of(published, 2023), numbers_of(published, 2022), SOME, at_most=2)
    assert {each.kind for each in found} == {"ratio", "sum"}
    check(found)


@pytest.mark.deep
def test_every_set_of_the_samples_schools_is_left_out(published: duckdb.DuckDBPyConnection) -> None:
    found = left_out(PACK, numbers_of(published, 2023), numbers_of(published, 2022))
    assert max(each.tried for each in found) == 2**12 - 2, "all but nobody and everybody"
    check(found)


@pytest.mark.deep
def test_every_set_of_schools_of_a_district_of_another_province_is_left_out(tmp_path: Path) -> None:
    """In its second year: a school is founded, one is renamed, one merges into another, one closes."""
    settings = Settings(home=tmp_path / "home", city_dir=DISTRICT.city_dir)
    for year in YEARS:
        pour(DISTRICT, year, settings.inbox)
    assert run_all(settings, DISTRICT.city, YEARS).rejected == 0
    with open_published(settings) as connection:
        this_year, last_year = (numbers_of(connection, year) for year in (SECOND, FIRST))
        found = left_out(DISTRICT.city.pack, this_year, last_year)
    assert set(this_year) != set(last_year)
    assert max(each.tried for each in found) > 2**5
    check(found)


def test_every_number_of_a_form_has_limits_and_published_rules_are_understood() -> None:
    declared = declared_limits(NEUTRAL_PACK)
    forms = {contract.name for contract in load_contracts(NEUTRAL_PACK) if contract.shape == "form"}
    numbers = [
        each
        for each in load_measures(NEUTRAL_PACK).values()
        if each.level == "school" and each.sheet in forms and each.adds == "sum"
    ]
    assert [each.code for each in numbers if each.code not in declared] == []
    bare = [
        each.code
        for each in numbers
        if declared[each.code].possible.high is None and not declared[each.code].product_of
    ]
    assert bare == []
    bound = {name for rule in declared_relations(NEUTRAL_PACK) for name, _ in rule.factors}
    assert {"placed", "graduates", "students_formal", "trained_school", "digital_spaces"} <= bound


def test_a_mean_is_bounded_by_what_it_is_the_mean_of() -> None:
    declared = declared_limits(NEUTRAL_PACK)
    assert declared["satisfaction_parents_points"].product_of == "satisfaction_parents_respondents"
    assert declared["satisfaction_parents_points"].factor == (0, 100)
    assert declared["income_total"].product_of == "income_respondents"
    assert declared["schools"].possible.high == 1, "a school stands on the roster once"
    assert declared["majors"].possible.high is None, "nobody says how many majors a school may have"
