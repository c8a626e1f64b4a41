"""The sample city is the city of the report: published where published, apportioned to the last unit elsewhere."""

import csv

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources.model import load_city, load_contracts
from sources.sample import PROVENANCE, apportion, load_samples, scope_members, spread_totals
from sources.settings import CITIES_ROOT

CITY_DIR = CITIES_ROOT / "450700"
CITY = load_city(CITY_DIR)


def total(year: int, sheet: str, item: str) -> int:
    samples = load_samples(CITY_DIR, year).values()
    return sum(record.get(item) or 0 for s in samples if sheet in s for record in s[sheet].records)


@given(total=st.integers(0, 10**7), weights=st.lists(st.integers(0, 10**5), min_size=1, max_size=30).filter(any))
def test_apportioned_parts_add_up_exactly_and_stay_within_their_share(total, weights):
    parts = apportion(total, weights)
    assert sum(parts) == total
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part - total * weight / sum(weights)) < 1


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=20), st.data())
def test_no_part_exceeds_its_weight(weights, data):
    whole = sum(weights)
    parts = apportion(data.draw(st.integers(0, whole)), weights)
    assert all(part <= weight for part, weight in zip(parts, weights, strict=True))


def test_a_total_without_weights_is_refused():
    with pytest.raises(ValueError, match="cannot spread 5"):
        apportion(5, [0, 0])


def test_the_files_hold_what_the_totals_give():
    for path, text in spread_totals(CITY, CITY_DIR).items():
        assert path.read_text(encoding="utf-8") == text, f"{path.name}: run `nianbao spread`"


@pytest.mark.parametrize(
    ("year", "sheet", "item", "printed"),
    [
        (2023, "students", "students_full_time", 35205),
        (2023, "students", "intake_full_time", 15638),
        (2022, "students", "students_full_time", 36360),
        (2022, "students", "intake_full_time", 15621),
        (2023, "staff", "teachers_full_time", 1664),
        (2023, "outcomes", "graduates", 10888),
        (2023, "outcomes", "placed", 10098),
        (2023, "outcomes", "further_study", 5921),
        (2023, "outcomes", "employed", 4004),
        (2023, "outcomes", "self_employed", 95),
        (2022, "outcomes", "graduates", 8128),
        (2022, "outcomes", "employed", 1851),
        (2022, "outcomes", "further_study", 6082),
    ],
)
def test_the_schools_add_up_to_what_the_report_prints(year, sheet, item, printed):
    assert total(year, sheet, item) == printed


def test_every_row_says_where_it_comes_from():
    for path in CITY_DIR.glob("samples/20*/*.csv"):
        if path.stem in {contract.name for contract in load_contracts()}:
            rows = list(csv.DictReader(path.open(encoding="utf-8")))
            assert {row["provenance"] for row in rows} <= set(PROVENANCE), path
            assert all(row["source"] for row in rows), path


def test_majors_are_as_many_as_the_report_counts():
    majors = {
        code: sum(record["change_status"] != "withdrawn" for record in submission["majors"].records)
        for code, submission in load_samples(CITY_DIR, 2023).items()
        if "majors" in submission
    }
    assert sorted(majors.values()) == [0, 2, 3, 5, 7, 10, 11, 16, 16, 20, 20, 22]


def test_scopes_are_the_sets_of_schools_that_the_report_names():
    roster = load_samples(CITY_DIR, 2023)["450700"]["roster"].records
    sizes = {scope.code: len(scope_members(scope, roster)) for scope in CITY.scopes}
    assert sizes == {"all": 12, "without_technician": 11, "without_technician_and_regional": 9}
