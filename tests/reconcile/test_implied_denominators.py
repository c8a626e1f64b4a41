"""Ratios imply a denominator that is not printed; where a reader would take another count for it, the memo asks."""

import re
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

import duckdb
from hypothesis import given
from hypothesis import strategies as st

from sources.declarations.city import load_city
from sources.system.settings import CITIES_ROOT, PROJECT_ROOT, Settings
from tests.support.sample import PACK
from warehouse.catalogue.catalogue import load_catalogue
from warehouse.figures.fact import SCHOOL_SCOPE, Reference
from warehouse.figures.rounding import rounded
from warehouse.reconcile.judging.derive import derive, grouped, terms_at
from warehouse.reconcile.judging.implied_denominators import implied_denominators, implied_hints
from warehouse.reconcile.judging.relations import Interval
from warehouse.reconcile.reconcile import reconcile_file

CATALOGUE = load_catalogue(PACK)
QINZHOU, THREE_SCHOOLS = (
    load_city(CITIES_ROOT / "450700"),
    load_city(PROJECT_ROOT / "tests" / "cities" / "three_schools"),
)
YEAR, EVERYTHING = 2031, "everything"
AREAS = {
    "campus_area_per_student": "campus_area",
    "floor_area_per_student": "floor_area",
    "paper_books_per_student": "paper_books",
}


def exactly(value: int | Decimal) -> Interval:
    return Interval(Decimal(value), Decimal(value))


def as_printed(value: Decimal, decimals: int = 2) -> Interval:
    """What a number that is rounded half up may stand for."""
    half = Decimal("0.5").scaleb(-decimals)
    return Interval(rounded(value, decimals) - half, rounded(value, decimals) + half)


def ratios(per_student: Mapping[str, int], students: int, scope: str = EVERYTHING) -> dict[Reference, Interval]:
    """Each area, and the ratio that is printed of it, at a place that does not print its students."""
    spans = {}
    for ratio, area in AREAS.items():
        spans[of(area, scope)] = exactly(per_student[ratio] * students)
        spans[of(ratio, scope)] = as_printed(Decimal(per_student[ratio]))
    return spans


def of(indicator: str, scope: str = EVERYTHING, subject: str = THREE_SCHOOLS.code) -> Reference:
    return Reference(indicator, YEAR, subject, scope)


def hints(spans: Mapping[Reference, Interval], roster: Mapping = {}) -> list[tuple[Reference, str]]:
    return list(implied_hints(spans, THREE_SCHOOLS, CATALOGUE, roster))


PER_STUDENT = st.fixed_dictionaries({ratio: st.integers(5, 90) for ratio in AREAS})


@given(PER_STUDENT, st.integers(500, 60_000))
def test_ratios_of_one_place_put_the_denominator_where_it_is(per_student: Mapping[str, int], students: int):
    (found, _) = next(implied_denominators(ratios(per_student, students), THREE_SCHOOLS, CATALOGUE, {}))
    assert found.measures == ("students_formal",)
    assert found.span.low <= students <= found.span.high
    assert {fact.indicator for fact in found.ratios} == set(AREAS)
    assert per_student[found.ratios[0].indicator] == max(per_student.values()), "the narrowest span stands first"


@given(PER_STUDENT, st.integers(500, 60_000), st.sampled_from(sorted(AREAS)))
def test_a_ratio_that_disagrees_with_the_others_is_left_out(per_student: Mapping[str, int], students: int, wrong: str):
    spans = ratios(per_student, students) | {of(wrong): as_printed(Decimal(per_student[wrong]) * 2)}
    (found, _) = next(implied_denominators(spans, THREE_SCHOOLS, CATALOGUE, {}))
    assert {fact.indicator for fact in found.ratios} == AREAS.keys() - {wrong}
    assert found.span.low <= students <= found.span.high


@given(PER_STUDENT, st.integers(500, 60_000), st.integers(-10_000, 10_000))
def test_it_is_asked_about_where_the_printed_count_is_another_and_not_where_it_is_the_same(
    per_student: Mapping[str, int], students: int, more: int
):
    spans = ratios(per_student, students) | {of("students_full_time"): exactly(students + more)}
    (found, _) = next(implied_denominators(spans, THREE_SCHOOLS, CATALOGUE, {}))
    told = hints(spans)
    if found.span.low <= students + more <= found.span.high:
        assert told == []
    else:
        ((fact, said),) = told
        assert fact == found.ratios[0]
        assert f"约为 {found.span.middle:.0f}" in said
        assert f"{students + more}：请写明以什么数为分母" in said


def test_nothing_is_asked_where_the_denominator_itself_or_no_count_is_printed():
    per_student = dict.fromkeys(AREAS, 30)
    assert hints(ratios(per_student, 1000)) == []
    printed = {of("students_formal"): exactly(1000), of("students_full_time"): exactly(800)}
    assert hints(ratios(per_student, 1000) | printed) == []


def test_a_count_of_the_city_that_only_its_schools_print_is_their_sum():
    schools = sorted(each.code for each in THREE_SCHOOLS.respondents_in(YEAR) if each.kind == "school")
    roster = {YEAR: {code: {"category": "secondary_vocational"} for code in schools}}
    of_schools = {of("students_full_time", SCHOOL_SCOPE, code): exactly(100 * n) for n, code in enumerate(schools, 1)}
    summed = sum(100 * n for n in range(1, len(schools) + 1))
    spans = ratios(dict.fromkeys(AREAS, 30), 2 * summed) | of_schools
    terms = terms_at((YEAR, THREE_SCHOOLS.code, EVERYTHING), grouped(spans), THREE_SCHOOLS, CATALOGUE, roster)
    assert terms["students_full_time"] == tuple(of_schools)
    ((_, said),) = hints(spans, roster)
    assert f"{len(schools)} 所学校所列之和）为 {summed}：" in said
    del spans[next(iter(of_schools))]
    assert hints(spans, roster) == [], "one school is not printed: nobody knows the sum"


def test_a_ratio_is_held_against_the_sum_of_the_schools_that_are_printed():
    schools = sorted(each.code for each in THREE_SCHOOLS.respondents_in(YEAR) if each.kind == "school")
    roster = {YEAR: {code: {"category": "secondary_vocational"} for code in schools}}
    spans = {of("teachers_full_time", SCHOOL_SCOPE, code): exactly(40) for code in schools}
    spans |= {of("teachers_double_qualified"): exactly(60), of("double_qualified_share"): as_printed(Decimal(50))}
    (relation,) = [each for each in derive(spans, THREE_SCHOOLS, CATALOGUE, roster) if each.kind == "ratio"]
    assert relation.holds(spans)
    assert not relation.holds(spans | {of("double_qualified_share"): as_printed(Decimal(51))})


def test_the_yardstick_divides_by_more_students_than_its_table_lists(
    published: duckdb.DuckDBPyConnection, city_run: Settings, tmp_path: Path
):
    """Three sentences of section 1.3 divide by some 31,070 students; table 1.2-1 lists 25,175 in the same nine schools.

    The figures are the report's, typed anew as a list.
    """
    (listed,) = (CITIES_ROOT / "450700" / "published").glob("*2023*.csv")
    result = reconcile_file(published, QINZHOU, CATALOGUE, listed, 2023)
    told = [row for row in result.frame.to_dicts() if "以什么数为分母" in (row["explanation"] or "")]
    assert {row["figure_id"] for row in told} == {"F099"}
    (said,) = {row["explanation"] for row in told}
    implied, printed = re.findall(r"为 (\d+)", said)
    assert abs(int(implied) - 31_070) <= 5
    assert printed == "25175"
    assert not any(row["is_suspected"] for row in told), "a question, no accusation"
