"""Small groups in the sample city: one school's group becomes small, and its numbers disappear from everything."""

from pathlib import Path

import duckdb
import pytest
from typer.testing import CliRunner

from orchestration.cli.main import app
from sources.declarations.city import City
from sources.system.settings import Settings
from tests.conftest import select
from tests.hiding.outsider import nothing_follows
from tests.support.sample import PACK
from warehouse.hiding.hidden_values import hidden_values
from warehouse.hiding.settle import settle
from warehouse.release.data.data_package import write_bundle
from warehouse.release.data.extract import write_extract
from warehouse.release.site.site_facts import FINDINGS
from warehouse.run.build import build
from warehouse.run.publish import publish
from warehouse.store.connection import open_published, open_working
from warehouse.store.sql import query

SMALL = "3645900005"
OF_THREE = {
    "graduates": 3, "placed": 3, "further_study": 2, "further_study_undergraduate": 0, "further_study_college": 2,
    "employed": 1, "employed_primary": 0, "employed_secondary": 1, "employed_tertiary": 0, "self_employed": 0,
    "stayed_local": 1, "monthly_income": 3100, "income_respondents": 3,
}  # fmt: skip
HIDDEN_RATE = "further_study_rate"


def make_small(settings: Settings) -> None:
    """Three young people left one school of the sample city this year."""
    values = ", ".join(f"{column} = {value}" for column, value in OF_THREE.items())
    others = "update raw.outcomes set monthly_income = 3205.5, income_respondents = 120 where report_year = 2023"
    with open_working(settings) as connection:
        connection.execute(others)
        connection.execute(f"update raw.outcomes set {values} where respondent_code = '{SMALL}' and report_year = 2023")
    outcome = build(settings, PACK)
    assert outcome.success, outcome.error


@pytest.mark.deep
def test_a_group_of_three_is_in_no_table_and_does_not_follow(fresh_copy: Settings, city: City, tmp_path: Path) -> None:
    make_small(fresh_copy)
    small = fresh_copy
    rate = (
        f"select value, display, numerator, status from core.fct_indicator_value where subject_code = '{SMALL}'"
        f" and report_year = 2023 and indicator_code = '{HIDDEN_RATE}'"
    )
    assert select(small, rate).rows() == [(None, None, None, "suppressed")]
    measures = "select measure_code from core.fct_measure where subject_code = '{}' and status = 'suppressed'"
    gone = set(select(small, measures.format(SMALL)).to_series())
    assert {"further_study", "employed_secondary", "income_total", "monthly_income", "stayed_local"} <= gone
    assert "graduates" not in gone
    assert "income_respondents" not in gone
    regions = select(small, "select * from registry.hidden_value where subject_kind = 'region' and scope_code = 'all'")
    assert regions.is_empty()
    others = select(small, "select distinct subject_code from registry.hidden_value where reason = 'follows'")
    assert not others.is_empty()
    wider = (
        "select count(*) from registry.hidden_value where reason = 'few' and (low > needed_low or high < needed_high)"
    )
    assert select(small, wider).item() == 0
    split = (
        "select count(*), count(*) filter (hidden.code is not null) from core.fct_change_split as parts"
        " left join (core.brg_scope_school as members inner join registry.hidden_value as hidden"
        " on hidden.kind = 'indicator' and hidden.subject_code = members.school_code"
        " and hidden.report_year = members.report_year)"
        " on parts.scope_code = members.scope_code and parts.indicator_code = hidden.code"
        " and members.report_year between parts.report_year - 1 and parts.report_year"
    )
    ((rows_of_splits, rows_of_hidden),) = select(small, split).rows()
    assert (rows_of_splits > 0, rows_of_hidden) == (True, 0), "what holds one hidden number is not split over schools"
    industries = (
        f"select count(employed) from core.fct_industry where subject_code = '{SMALL}' and status = 'suppressed'"
    )
    assert select(small, industries).item() == 0
    with open_working(small) as connection:
        assert not settle(connection, PACK), "a second look finds the same"
    publish(fresh_copy)
    with open_published(fresh_copy) as connection:
        write_bundle(connection, city, 2023, tmp_path / "data", fresh_copy.today, "2023.1")
        listed = hidden_values(connection, 2023)
        quoted = {row["respondent_code"] for row in query(connection, FINDINGS, [2023]).to_dicts()}
    rows = select(small, "select count(*) from registry.hidden_value where report_year = 2023").item()
    answers = select(small, "select count(*) from intermediate.int_suppressed where report_year = 2023").item()
    assert len(listed) == rows + answers
    assert all(each.label and each.subject for each in listed)
    few = [each for each in listed if each.needed_low is not None and each.needed_high is not None]
    assert few, "what rests on few people has an interval that must stay possible"
    assert all(each.low is not None and each.needed_low is not None and each.low <= each.needed_low for each in few)
    hidden = set(select(small, "select subject_code from registry.hidden_value where report_year = 2023").to_series())
    told = select(small, "select respondent_code from quality.finding where report_year = 2023").to_series()
    assert hidden & set(told), "something is found of a school that hides numbers"
    assert not hidden & quoted, "and the site does not quote it"
    assert nothing_follows(fresh_copy, tmp_path / "data", city.pack, 2023) > 5
    done = write_extract(fresh_copy, city.code, tmp_path / "extract.duckdb")
    with duckdb.connect(str(done.path), read_only=True) as extract:
        schemas = extract.execute("select distinct schema_name from duckdb_tables()").fetchall()
        assert {schema for (schema,) in schemas} == {"core", "marts", "report", "quality"}
        shown = (
            f"select count(*) from core.fct_measure where subject_code = '{SMALL}' and measure_code = 'further_study'"
        )
        assert extract.execute(f"{shown} and report_year = 2023 and value is not null").fetchone() == (0,)
        told = f"select count(*) from quality.finding where respondent_code = '{SMALL}' and report_year = 2023"
        assert extract.execute(told).fetchone() == (0,)


def test_the_sample_hides_nothing(city_run: Settings) -> None:
    """Every figure of the published report rests on enough people."""
    assert select(city_run, "select * from registry.hidden_value").is_empty()


def test_a_city_that_hides_nothing_says_so(city_run: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NIANBAO_HOME", str(city_run.home))
    monkeypatch.setenv("NIANBAO_CITY", str(city_run.city_dir))
    told = CliRunner().invoke(app, ["hidden", "--year", "2023"])
    assert (told.exit_code, "2023年度没有不公开的数" in told.output) == (0, True)
    assert CliRunner().invoke(app, ["hidden", "--year", "2023", "--json"]).output.strip() == "[]"
