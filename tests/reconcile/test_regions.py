"""Numbers of the city's own districts: in sentences and in tables by district, held against the warehouse."""

from collections.abc import Mapping
from pathlib import Path

import duckdb
import pytest

from sources.declarations.city import City, load_city
from tests.reconcile.conftest import CITY, EAST, SOUTH, WEST, YEAR, know
from tests.reconcile.test_whose import read
from warehouse.catalogue.catalogue import load_catalogue
from warehouse.figures.fact import Reference
from warehouse.reconcile.judging.derive import derive
from warehouse.reconcile.reading.names import load_names
from warehouse.reconcile.reading.read_report import read_report
from warehouse.reconcile.reconcile import reconcile_file

CITIES = Path(__file__).parents[1] / "cities"
HUAILING = load_city(CITIES / "huailing_city")
ZECHUAN = load_city(CITIES / "zechuan_province")
TEACHERS = {CITY: 940, EAST: 420, WEST: 310, SOUTH: 210}


def judged(text: str, folder: Path, connection: duckdb.DuckDBPyConnection | None, city: City = HUAILING) -> list[dict]:
    path = folder / "report.txt"
    path.write_text(text, encoding="utf-8")
    result = reconcile_file(connection, city, load_catalogue(city.pack), path, YEAR)
    return [row for row in result.frame.iter_rows(named=True) if row["figure_id"].startswith("T")]


def table(rows: Mapping[str, int], title: str = "表1 分县区情况") -> str:
    lines = "\n".join(f"{name}\t{number}" for name, number in rows.items())
    return f"{title}\n县区\t专任教师数（人）\n{lines}\n\n以上。"


@pytest.mark.parametrize(
    ("sentence", "subject"),
    [
        ("东湖区专任教师{}人。", EAST),
        ("2024年，西岗区中等职业学校有专任教师{}人。", WEST),
        ("南陵坡县专任教师{}人。", SOUTH),
        ("东湖专任教师{}人。", EAST),  # without 区
        ("全市专任教师940人，其中东湖区{}人。", EAST),
    ],
)
def test_a_district_is_held_against_its_own_value(sentence, subject, warehouse, tmp_path):
    know(warehouse, TEACHERS)
    *_, right = judged(sentence.format(TEACHERS[subject]), tmp_path, warehouse)
    *_, wrong = judged(sentence.format(TEACHERS[subject] + 90), tmp_path, warehouse)
    assert (right["subject_code"], right["verdict"]) == (subject, "consistent")
    assert (wrong["is_suspected"], wrong["suggested"]) == (True, str(TEACHERS[subject]))


@pytest.mark.parametrize("place", ["东湖区、西岗区", "合肥市东湖区", "庐阳区"])
def test_two_districts_together_and_those_of_another_city_are_not_the_citys(place, warehouse, tmp_path):
    know(warehouse, TEACHERS)
    (row,) = judged(f"{place}专任教师66人。", tmp_path, warehouse)
    assert (row["verdict"], row["is_suspected"]) == ("other_kind", False)


def test_a_district_of_which_the_warehouse_knows_nothing_is_another_place(warehouse, tmp_path):
    know(warehouse, {CITY: 940, EAST: 420})
    (row,) = judged("西岗区专任教师66人。", tmp_path, warehouse)
    assert (row["verdict"], row["is_suspected"]) == ("other_kind", False)


def test_a_district_of_a_city_in_a_province_is_the_district(tmp_path):
    text, path = "临泽市泽东区专任教师66人。望川市专任教师88人。", tmp_path / "report.txt"
    path.write_text(text, encoding="utf-8")
    known, names = frozenset(ZECHUAN.region_by_code), load_names(load_catalogue(ZECHUAN.pack))
    figures = read_report(path, ZECHUAN, YEAR, names, regions=known).figures
    assert [figure.codes.subject for figure in figures if figure.codes] == ["960102", "960200"]
    assert [figure.subject for figure in figures] == ["泽东区", "望川市"]


def test_the_rows_of_a_table_by_district_are_judged_and_its_total(warehouse, tmp_path):
    know(warehouse, TEACHERS)
    rows = judged(table({"东湖区": 420, "西岗区": 301, "南陵坡县": 210, "合计": 940}), tmp_path, warehouse)
    assert [(row["subject_code"], row["is_suspected"]) for row in rows] == [
        (EAST, False), (WEST, True), (SOUTH, False), (CITY, False)
    ]  # fmt: skip
    assert rows[1]["suggested"] == "310"


def test_a_table_that_divides_the_city_otherwise_accuses_none_of_its_districts(warehouse, tmp_path):
    """The municipal schools apart, wherever they lie."""
    know(warehouse, TEACHERS)
    rows = judged(table({"市直": 500, "东湖区": 120, "西岗区": 180, "南陵坡县": 140, "合计": 940}), tmp_path, warehouse)
    assert [row["is_suspected"] for row in rows] == [False] * 5
    assert rows[1]["explanation"] == "可能按另一种划分统计（表中另有“市直”）；与东湖区的数对不上，也不据此判断"


def test_such_a_table_is_judged_where_most_of_its_districts_are_as_declared(warehouse, tmp_path):
    know(warehouse, {**TEACHERS, CITY: 1000})
    rows = judged(table({"市直": 60, "东湖区": 420, "西岗区": 310, "南陵坡县": 120, "合计": 1000}), tmp_path, warehouse)
    assert [row["suggested"] for row in rows if row["is_suspected"]] == ["210"]


def test_from_print_alone_districts_add_up_to_the_city(tmp_path):
    text = "东湖区专任教师420人。西岗区专任教师301人。南陵坡县专任教师210人。全市专任教师940人。"
    rows = judged(text, tmp_path, None)
    told = "西岗区专任教师数 301 + 南陵坡县专任教师数 210 = 931，而专任教师数 940"
    assert any(told in (row["explanation"] or "") for row in rows)


def test_districts_are_not_all_of_a_region_with_a_school_of_its_own():
    """The province's first school lies in none of its two cities."""
    facts = [Reference("teachers_full_time", YEAR, code, "every_school") for code in ("960000", "960100", "960200")]
    schools = {YEAR: {r.code: {"category": "vocational"} for r in ZECHUAN.respondents if r.kind == "school"}}
    catalogue = load_catalogue(ZECHUAN.pack)
    (relation,) = derive(facts, ZECHUAN, catalogue, schools)
    below = {YEAR: {code: each for code, each in schools[YEAR].items() if code != "3696000001"}}
    (whole,) = derive(facts, ZECHUAN, catalogue, below)
    assert (relation.sides[1], whole.sides[1]) == ("<=", "=")  # type: ignore[index]


# --- schools of another year, a change's scope, names with a school in them -----------------------------------------


def test_a_table_of_all_schools_of_its_year_lacks_none(tmp_path):
    """A school that was founded later is not missing."""
    city = HUAILING.in_year(YEAR)
    there = [r.name for r in city.respondents_in(YEAR) if r.kind == "school"]
    assert len(there) < sum(r.kind == "school" for r in city.respondents)
    rows = "\n".join(f"{name}\t10" for name in there)
    for names, is_sure in ((rows, True), (rows.partition("\n")[2], False)):
        *_, total = read(f"表1 各校情况\n学校\t专任教师数（人）\n{names}\n合计\t110\n\n以上。", tmp_path, city, YEAR)
        assert (total.perhaps_other == "") == is_sure


def test_a_change_is_of_the_scope_of_its_value(warehouse, tmp_path):
    know(warehouse, {CITY: 940})
    know(warehouse, {CITY: 900}, "no_technician")
    warehouse.execute(
        "insert into core.fct_indicator_change values"
        f" ('teachers_full_time', {YEAR}, '{CITY}', 'every_school', 'region', 940, 952, 'comparable'),"
        f" ('teachers_full_time', {YEAR}, '{CITY}', 'no_technician', 'region', 900, 888, 'comparable')"
    )
    value, change = judged("全市专任教师940人，比上年增加12人。", tmp_path, warehouse)
    assert (value["is_suspected"], change["is_suspected"], change["diagnosis"]) == (False, True, "sign")
    value, change = judged("全市专任教师900人，比上年增加12人。", tmp_path, warehouse)
    assert (value["diagnosis"], change["verdict"]) == ("only_in_scope", "consistent")


def test_a_school_in_the_name_of_an_indicator_is_no_other_school(tmp_path):
    (figure,) = read("全市在国外开办学校的专业数41个。", tmp_path)
    assert figure.codes
    assert (figure.codes.indicator, figure.perhaps_other) == ("majors_abroad", "")


def test_the_total_of_some_districts_is_not_the_citys_and_has_to_be_their_sum(warehouse, tmp_path):
    know(warehouse, TEACHERS)
    for total, told in ((730, ""), (703, "表中各行之和为 730（420 + 310），与合计不符")):
        *_, row = judged(table({"东湖区": 420, "西岗区": 310, "合计": total}), tmp_path, warehouse)
        assert (row["is_suspected"], row["broken_relations"] or "") == (bool(told), told)


def test_a_row_that_is_wrong_by_the_warehouse_explains_its_total(warehouse, tmp_path):
    know(warehouse, TEACHERS)
    rows = judged(table({"东湖区": 420, "西岗区": 130, "合计": 730}), tmp_path, warehouse)
    assert [row["printed"] for row in rows if row["is_suspected"]] == ["130"]


def test_a_district_is_the_subject_of_what_it_counts_of_standards(warehouse, tmp_path):
    """课程标准 is counted, and is not the name of a standard of that place."""
    know(warehouse, {EAST: 18, CITY: 40}, indicator="exported_course_standards")
    (row,) = judged("东湖区开发并被国外采用的课程标准数为18个。", tmp_path, warehouse)
    assert (row["subject_code"], row["verdict"]) == (EAST, "consistent")
