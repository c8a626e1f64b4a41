"""The split of a region's change adds up to the last digit, is fair, and gives nothing hidden away: made-up regions."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sources.system.settings import Settings
from tests.support.sample import PACK
from warehouse.run.compile import Model, build_order, load_manifest

LAST_DIGIT = Fraction(1, 10**11)
"""Twelve decimals, and how many of them may be cut off on the way."""
SCHEMAS = ("core", "reference")
TABLES = """
create table reference.indicator (code varchar, kind varchar, level varchar, scale bigint);
insert into reference.indicator values ('rate', 'ratio', 'school', 100), ('count', 'sum', 'school', 1);
create table core.brg_scope_school (report_year bigint, scope_code varchar, school_code varchar, region_code varchar);
create table core.brg_region_school (report_year bigint, region_code varchar, school_code varchar);
create table core.fct_indicator_value (
    report_year bigint, subject_kind varchar, subject_code varchar, scope_code varchar, indicator_code varchar,
    definition varchar, numerator decimal(24, 4), denominator decimal(24, 4), value decimal(38, 12), status varchar
);
"""


@dataclass(frozen=True)
class Reported:
    """What a school reports of a rate in a year: above and below the line."""

    numerator: int
    denominator: int


Region = Mapping[str, tuple[Reported | None, Reported | None]]
"""School → last year and this year; None where it is not in the scope."""
REPORTED = st.integers(0, 10**6).flatmap(
    lambda whole: st.builds(Reported, st.integers(0, whole) | st.integers(0, 10**7), st.just(whole))
)
REGIONS = st.dictionaries(
    st.sampled_from(["a", "b", "c", "d", "e", "f"]),
    st.tuples(st.none() | REPORTED, st.none() | REPORTED).filter(any),
    min_size=1,
).filter(lambda region: all(total(region, year).denominator for year in (0, 1)))


def total(region: Region, year: int) -> Reported:
    of_year = [schools[year] or Reported(0, 0) for schools in region.values()]
    return Reported(sum(each.numerator for each in of_year), sum(each.denominator for each in of_year))


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    home = Settings(home=tmp_path_factory.mktemp("none"), city_dir=tmp_path_factory.mktemp("nowhere"))
    (found,) = (
        each for each in build_order(load_manifest(home, PACK)) if each.unique_id == "model.nianbao.fct_change_split"
    )
    assert isinstance(found, Model)
    return found


@pytest.fixture(scope="module")
def tables() -> Iterator[duckdb.DuckDBPyConnection]:
    connection = duckdb.connect(config={"threads": 1})
    connection.execute("attach ':memory:' as nianbao; use nianbao")
    for schema in SCHEMAS:
        connection.execute(f"create schema {schema}")
    connection.execute(TABLES)
    yield connection
    connection.close()


def split(tables: duckdb.DuckDBPyConnection, model: Model, region: Region, hidden: tuple[str, int] | None = None):
    """The rows of the model for one region: indicator, school, part, rate_effect, size_effect, region_change."""
    facts, members = [], []
    for school, of_years in region.items():
        for year, reported in enumerate(of_years):
            if reported is not None:
                members.append((year, school))
                facts += facts_of(year, ("school", school, "school"), reported, is_hidden=(school, year) == hidden)
    for year in (0, 1):
        facts += facts_of(year, ("region", "r", "all"), total(region, year))
    tables.execute(f"delete from core.fct_indicator_value; insert into core.fct_indicator_value {listed(facts)}")
    of_scope, of_region = ([(y, "all", s, "r") for y, s in members], [(y, "r", s) for y, s in members])
    tables.execute(f"delete from core.brg_scope_school; insert into core.brg_scope_school {listed(of_scope)}")
    tables.execute(f"delete from core.brg_region_school; insert into core.brg_region_school {listed(of_region)}")
    columns = "indicator_code, school_code, part, rate_effect, size_effect, region_change"
    return tables.execute(f"select {columns} from ({model.sql}) order by all").fetchall()


def listed(rows: list[tuple]) -> str:
    """The rows as SQL."""
    cells = (("null" if cell is None else f"'{cell}'" for cell in row) for row in rows)
    return "values " + ", ".join(f"({', '.join(row)})" for row in cells)


def facts_of(year: int, subject: tuple[str, str, str], reported: Reported, is_hidden: bool = False) -> Iterator[tuple]:
    """A row for the rate and one for the count of what is above the line."""
    above, below = reported.numerator, reported.denominator
    rate = Decimal(above * 100 * 10**12 // below).scaleb(-12) if below else None
    told = (above, below, rate, "ok" if below else "not_applicable")
    nothing = (None, None, None, "suppressed")
    yield (year, *subject, "rate", "standard", *(nothing if is_hidden else told))
    yield (year, *subject, "count", "standard", *(nothing if is_hidden else (above, None, above, "ok")))


def fair(region: Region, school: str) -> Fraction:
    """Shapley's value by its definition: both orders of changing what is above and what is below, and the mean."""
    (n0, d0), (n1, d1) = ((total(region, year).numerator, total(region, year).denominator) for year in (0, 1))
    before, after = (each or Reported(0, 0) for each in region[school])
    more, wider = after.numerator - before.numerator, after.denominator - before.denominator
    above_first = Fraction(more, d0) - Fraction(wider * n1, d0 * d1)
    below_first = Fraction(more, d1) - Fraction(wider * n0, d0 * d1)
    return 100 * (above_first + below_first) / 2


@settings(max_examples=40)
@given(REGIONS)
def test_the_parts_add_up_exactly_and_each_is_fair(tables, model, region):
    rows = split(tables, model, region)
    rates = [row for row in rows if row[0] == "rate"]
    counts = {row[1]: row[2] for row in rows if row[0] == "count"}
    if rates:
        assert sum(row[2] for row in rates) == rates[0][5]
    for _, school, part, rate_effect, size_effect, _ in rates:
        assert abs(Fraction(part) - fair(region, school)) < LAST_DIGIT * len(region)
        assert rate_effect + size_effect == part
    absent = region.keys() - {row[1] for row in rates}
    assert all(abs(fair(region, school)) < LAST_DIGIT * len(region) for school in absent), "left out: who has nothing"
    for school, (before, after) in region.items():
        own = (after or Reported(0, 0)).numerator - (before or Reported(0, 0)).numerator
        assert counts.get(school, 0) == own


@settings(max_examples=10)
@given(REGIONS, st.data())
def test_where_one_school_is_hidden_nothing_is_split(tables, model, region, data):
    school = data.draw(st.sampled_from(sorted(region)))
    year = data.draw(st.sampled_from([year for year in (0, 1) if region[school][year] is not None]))
    assert split(tables, model, region, hidden=(school, year)) == []


def test_a_school_that_keeps_its_place_makes_nothing_of_the_change_and_a_smaller_one_shifts_the_mean(tables, model):
    region = {
        "same": (Reported(50, 100), Reported(50, 100)),
        "better": (Reported(50, 100), Reported(70, 100)),
        "smaller": (Reported(90, 100), Reported(45, 50)),
    }
    parts = {row[1]: row for row in split(tables, model, region) if row[0] == "rate"}
    assert parts["same"][2] == 0
    assert abs(parts["better"][4]) < LAST_DIGIT < parts["better"][3], "its own ratio, and nothing of its size"
    assert parts["smaller"][3] == 0
    assert parts["smaller"][4] < 0, "the best is smaller, its ratio the same"


def test_what_is_no_sum_of_schools_is_not_split(tables, model):
    split(tables, model, {"a": (Reported(3, 5), Reported(4, 5))})
    tables.execute("update core.fct_indicator_value set numerator = numerator - 1 where subject_kind = 'region'")
    assert tables.execute(f"select count(*) from ({model.sql})").fetchone() == (0,)
