"""The sample city is the city of the report: published where published, apportioned to the last unit elsewhere."""

import csv
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources.declarations.city import load_city
from sources.declarations.contract import load_contracts
from sources.sample.pour import PROVENANCE, load_samples, scope_members
from sources.sample.spread import apportion, spread_totals
from sources.system.settings import CITIES_ROOT

CITY_DIR = CITIES_ROOT / "450700"
CITY = load_city(CITY_DIR)


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


def printed_figures() -> dict[str, dict[str, str]]:
    with (CITY_DIR / "published" / "2023.csv").open(encoding="utf-8") as file:
        return {line["figure_id"]: line for line in csv.DictReader(file)}


def sample_lines(year: int) -> list[dict[str, str]]:
    paths = (CITY_DIR / "samples" / str(year)).glob("*.csv")
    lines = [line for path in paths for line in csv.DictReader(path.open(encoding="utf-8"))]
    return [line for line in lines if "item" in line]


def test_what_is_marked_published_for_a_school_is_what_the_report_prints_for_it():
    figures, checked = printed_figures(), 0
    for line in sample_lines(2023):
        figure = figures.get(line["source"])
        if line["provenance"] == "published" and figure and figure["unit"] not in ("万元", "亿元"):
            assert Decimal(line["value"]) == Decimal(figure["printed_value"]), line
            assert figure["subject"] in (line["respondent"], "450700"), line
            checked += 1
    assert checked > 50


@pytest.mark.parametrize(
    "total",
    [line for line in csv.DictReader((CITY_DIR / "samples" / "totals.csv").open()) if line["how"] == "spread"],
    ids=lambda line: "-".join(filter(None, (line["year"], line["item"], line["row"]))),
)
def test_an_apportioned_total_adds_up_exactly(total):
    lines = [
        line
        for line in sample_lines(int(total["year"]))
        if (line["row"], line["item"]) == (total["row"], total["item"])
    ]
    parts = [Decimal(line["value"]) for line in lines if line["source"] == total["source"]]
    assert sum(parts) == Decimal(total["total"])


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
    assert sizes == {
        "all": 12,
        "without_technician": 11,
        "without_technician_and_regional": 9,
        "without_regional": 10,
    }
