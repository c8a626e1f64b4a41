"""Majors and industries by school: their parts are the numbers that the catalogue makes of the same sheets."""

import duckdb
import pytest

MEASURES = (
    "majors",
    "majors_new",
    "majors_withdrawn",
    "majors_state_controlled",
    "majors_demonstration",
    "majors_agricultural",
    "majors_apprenticeship",
    "apprentices",
)


@pytest.mark.parametrize("measure", MEASURES)
def test_the_majors_of_a_school_add_up_to_its_measure(published: duckdb.DuckDBPyConnection, measure: str) -> None:
    """Where a school has sent the sheet; of whom nothing came nothing is said."""
    compared = published.execute(
        f"select measures.report_year, measures.subject_code, coalesce(sum(parts.{measure}), 0), measures.value"
        " from core.fct_measure as measures left join core.fct_major as parts"
        " on measures.report_year = parts.report_year and measures.subject_code = parts.school_code"
        " where subject_kind = 'school' and measure_code = ? and value is not null group by all",
        [measure],
    ).fetchall()
    assert len(compared) > 5
    assert [row for row in compared if row[2] != row[3]] == []


def test_the_industries_are_those_of_the_indicators_and_schools_add_up_to_the_region(
    published: duckdb.DuckDBPyConnection,
) -> None:
    sums = published.execute(
        "select regions.industry_code, regions.scope_code, regions.employed, sum(schools.employed)"
        " from core.fct_industry as regions inner join core.brg_scope_school as members"
        " on regions.report_year = members.report_year and regions.scope_code = members.scope_code"
        " inner join core.fct_industry as schools on members.report_year = schools.report_year"
        " and members.school_code = schools.subject_code and regions.industry_code = schools.industry_code"
        " where regions.subject_kind = 'region' and regions.status = 'ok' group by all"
    ).fetchall()
    assert {row[0] for row in sums} == {"primary", "secondary", "tertiary"}
    assert [row for row in sums if row[2] != row[3]] == []


def test_a_major_that_no_catalogue_has_is_named_as_schools_name_it(published: duckdb.DuckDBPyConnection) -> None:
    named = published.execute(
        "select count(*), bool_and(majors.major_name = facts.major_name) from core.dim_major as majors"
        " inner join core.fct_major as facts using (major_code) where catalogue = 'none'"
    ).fetchone()
    assert named is not None
    assert named[0] > 0
    assert named[1]
