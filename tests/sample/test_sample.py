"""The sample city is the city of the report: published where published, apportioned to the last unit elsewhere."""

import csv
import shutil
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources.declarations.city import load_city
from sources.declarations.contract import load_contracts
from sources.declarations.problem import DeclarationError
from sources.sample.pour import load_explanations, load_samples, scope_members
from sources.sample.sample_lines import PROVENANCE
from sources.sample.spread import apportion, spread_totals
from sources.system.settings import CITIES_ROOT
from tests.support.sample import PACK

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
        if path.stem in {contract.name for contract in load_contracts(PACK)}:
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
    sizes = {scope.code: len(scope_members(CITY, scope, roster)) for scope in CITY.scopes}
    assert sizes == {
        "all": 12,
        "without_technician": 11,
        "without_technician_and_regional": 9,
        "without_regional": 10,
    }


def read_all(city_dir: Path) -> None:
    load_samples(city_dir, 2023)
    load_explanations(city_dir, 2023)
    spread_totals(CITY, city_dir)


@pytest.mark.parametrize(
    ("file", "old", "new", "told"),
    [
        ("2023/students.csv", ",item,", ",itme,", "第 1 行：没有“itme”这一列；是不是“item”？"),
        ("2023/students.csv", "students_full_time,", "students_fulltime,", "是不是“students_full_time”？"),
        (
            "2023/students.csv",
            "3645900001,",
            "3645900001x,",
            "第 2 行：“respondent”不能是“3645900001x”；是不是“3645900001”？",
        ),
        (
            "2023/students.csv",
            ",published,",
            ",publishd,",
            "第 2 行：“provenance”不能是“publishd”；是不是“published”？",
        ),
        ("2023/students.csv", ",7210,", ",72l0,", "第 2 行：“value”应当是整数，不能是“72l0”"),
        ("2023/courses.csv", ",planned,", ",planed,", "第 2 行：“row”不能是“planed”；是不是“planned”？"),
        (
            "2023/roster.csv",
            ",vocational,",
            ",vocatonal,",
            "第 2 行：“category”不能是“vocatonal”；是不是“vocational”？",
        ),
        (
            "2023/sheet_status.csv",
            ",unavailable,",
            ",unavailible,",
            "第 2 行：“status”不能是“unavailible”；是不是“unavailable”？",
        ),
        ("2023/explanations.csv", ",outcomes,", ",outcome,", "第 2 行：“sheet”不能是“outcome”；是不是“outcomes”？"),
        ("totals.csv", ",spread,", ",spraed,", "第 2 行：“how”不能是“spraed”；是不是“spread”？"),
    ],
)
def test_a_misspelt_word_of_a_sample_is_told_with_file_line_and_the_nearest(tmp_path, file, old, new, told):
    copied = tmp_path / "city"
    shutil.copytree(CITY_DIR, copied)
    path = copied / "samples" / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(DeclarationError) as raised:
        read_all(copied)
    assert f"samples/{file} " in str(raised.value)
    assert told in str(raised.value)
