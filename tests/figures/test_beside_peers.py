"""What a school's numbers become: beside last year, standard and peers, as its report prints them."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from statistics import median

import duckdb
import pytest

from sources.declarations.city import City
from tests.conftest import NURSING_SCHOOL
from warehouse.catalogue.catalogue import Catalogue, load_catalogue
from warehouse.figures.beside_peers import (
    FEWEST_PEERS,
    SchoolFigure,
    load_school_beside_peers,
    school_beside_peers,
)
from warehouse.figures.fact import SCHOOL_SCOPE, Fact, Reference
from warehouse.figures.school_figures import figures_of_school, find_school
from warehouse.figures.year_figures import Figures, load_figures

YEAR = 2023


@pytest.fixture
def region(published: duckdb.DuckDBPyConnection, city: City) -> Figures:
    return load_figures(published, load_catalogue(city.pack), YEAR)


@pytest.fixture
def rows(published: duckdb.DuckDBPyConnection, region: Figures) -> dict[str, SchoolFigure]:
    found = school_beside_peers(region, figures_of_school(published, region, find_school(region, NURSING_SCHOOL)))
    return {each.reference.indicator: each for each in found}


def test_each_number_is_what_the_published_database_prints(rows, published):
    shown = dict(
        published.execute(
            "select indicator_code, display from core.fct_indicator_value"
            " where report_year = ? and subject_code = ? and scope_code = 'school'",
            [YEAR, NURSING_SCHOOL],
        ).fetchall()
    )
    last = dict(
        published.execute(
            "select indicator_code, display from core.fct_indicator_value"
            " where report_year = ? and subject_code = ? and scope_code = 'school' and status in ('ok', 'incomplete')",
            [YEAR - 1, NURSING_SCHOOL],
        ).fetchall()
    )
    assert rows
    assert {code: each.value for code, each in rows.items()} == {code: shown[code] for code in rows}
    assert {code: each.last_year for code, each in rows.items()} == {code: last.get(code, "") for code in rows}
    assert any(each.last_year and each.change for each in rows.values())


def test_the_place_is_that_of_the_question_that_analysts_ask(rows, published):
    places = published.execute(
        """
        select indicator_code, place from (
            select facts.indicator_code, facts.subject_code,
                rank() over (
                    partition by facts.indicator_code
                    order by case when indicators.direction = 'lower' then facts.rounded_value
                        else -facts.rounded_value end
                ) as place
            from core.fct_indicator_value as facts
            inner join core.dim_indicator as indicators using (indicator_code)
            where facts.report_year = ? and facts.subject_kind = 'school' and facts.value is not null
                and indicators.kind = 'ratio' and indicators.direction <> 'neutral'
        ) where subject_code = ?
        """,
        [YEAR, NURSING_SCHOOL],
    ).fetchall()
    asked = dict(places)
    compared = {code: each.place for code, each in rows.items() if each.place is not None and code in asked}
    assert len(compared) > 10
    # the question ranks all schools; where the bureau chose a scope without some of them, the place can only be better
    assert all(place <= asked[code] for code, place in compared.items())
    assert any(place == asked[code] for code, place in compared.items())


def test_the_middle_is_that_of_the_schools_in_the_scope(rows, region):
    for code, each in rows.items():
        values = [fact.rounded for fact in region.of_schools(code).values() if fact.rounded is not None]
        assert each.of in (0, len(values))
        if each.peers_median and each.unit:
            assert abs(Decimal(each.peers_median) - median(values)) <= Decimal("0.5")


def test_standards_are_those_of_the_newest_edition(rows, published):
    verdicts = published.execute(
        "select indicator_code, verdict, edition from core.fct_standard"
        " where report_year = ? and subject_code = ? and verdict <> 'excluded'"
        " qualify row_number() over (partition by indicator_code order by right(edition, 4) desc) = 1",
        [YEAR, NURSING_SCHOOL],
    ).fetchall()
    held = {code: verdict for code, verdict, _ in verdicts if code in rows}
    assert held
    assert {code: rows[code].is_met for code in held} == {
        code: {"met": True, "missed": False}.get(verdict) for code, verdict in held.items()
    }
    assert all(rows[code].standard for code in held)


def test_what_a_leader_reads_first_comes_first(rows):
    order = [each.is_main for each in rows.values()]
    assert order == sorted(order, reverse=True)
    assert rows["students_full_time"].is_main


def test_few_peers_have_no_middle_and_nobody_has_a_place(published, region):
    few = replace(region, schools=region.schools[: FEWEST_PEERS - 1])
    found = school_beside_peers(few, figures_of_school(published, region, find_school(region, NURSING_SCHOOL)))
    assert found
    assert all((each.peers_median, each.place, each.of) == ("", None, 0) for each in found)


def test_a_value_that_rests_on_few_people_is_nobodys_and_counts_for_no_place(published, region, rows):
    code = next(code for code, each in rows.items() if each.place is not None)
    others = [fact for fact in region.of_schools(code).values() if fact.reference.subject != NURSING_SCHOOL]
    hidden = {others[0].reference: suppressed(others[0])}
    facts = region.facts | hidden
    own = figures_of_school(published, region, find_school(region, NURSING_SCHOOL))
    after = named(school_beside_peers(replace(region, facts=facts), own), code)
    assert after.of == rows[code].of - 1
    mine = Reference(code, YEAR, NURSING_SCHOOL, SCHOOL_SCOPE)
    gone = replace(own, facts=own.facts | {mine: suppressed(own.facts[mine])})
    assert code not in [each.reference.indicator for each in school_beside_peers(region, gone)]


def test_another_school_of_the_installation_and_one_that_is_none(published, city):
    catalogue: Catalogue = load_catalogue(city.pack)
    other = published.execute(
        "select school_code from core.dim_school where report_year = ? and has_reported and school_code <> ? limit 1",
        [YEAR, NURSING_SCHOOL],
    ).fetchone()
    assert other
    assert load_school_beside_peers(published, catalogue, YEAR, other[0])
    with pytest.raises(LookupError):
        load_school_beside_peers(published, catalogue, YEAR, "nobody")


def suppressed(fact: Fact) -> Fact:
    return replace(fact, value=None, rounded=None, display="※", status="suppressed")


def named(found: Sequence[SchoolFigure], code: str) -> SchoolFigure:
    return next(each for each in found if each.reference.indicator == code)
