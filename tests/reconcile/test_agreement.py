"""Python and SQL say the same of a printed number: consistent, truncated or differs."""

from collections.abc import Iterator
from decimal import Decimal

import duckdb
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sources.system.settings import Settings
from tests.support.sample import PACK
from warehouse.catalogue.catalogue import load_catalogue
from warehouse.figures.fact import VALUE
from warehouse.figures.rounding import rounded, truncated
from warehouse.reconcile.judging.witnesses import compare, unit_factor
from warehouse.reconcile.reading.printed_figure import PrintedFigure, number_in
from warehouse.run.compile import load_manifest
from warehouse.store.sql import insert

YEAR, REGION = 2023, "450700"
AMOUNT = "mean_monthly_income"


def figure(printed: str, unit: str = "") -> PrintedFigure:
    return PrintedFigure("", "", YEAR, REGION, "", "", unit, printed, number_in(printed))


def test_the_published_figures_get_the_same_verdict_from_both(published: duckdb.DuckDBPyConnection):
    rows = published.execute(
        "select printed, unit, indicator_code, exact_value, printed_value, verdict from report.figure"
        " where report_year = ? and exact_value is not null",
        [YEAR],
    ).fetchall()
    assert len(rows) > 280
    for printed, unit, code, exact, value, verdict in rows:
        one = PrintedFigure("", "", YEAR, REGION, "", "", unit, printed, value)
        assert unit_factor(one, load_catalogue(PACK).indicators[code]) >= 1
        assert compare(one, exact) == verdict, printed


@st.composite
def prints(draw: st.DrawFn) -> tuple[Decimal, str, bool]:
    """An exact value (12 decimals), how it may be printed, and whether in 万 of its unit."""
    exact = draw(st.decimals(-(10**9), 10**9, places=draw(st.integers(0, 12))))
    in_ten_thousands = draw(st.booleans())
    shown = exact / 10_000 if in_ten_thousands else exact
    decimals = draw(st.integers(0, 4))
    right = draw(st.sampled_from([rounded, truncated]))(shown, decimals)
    value = right + Decimal(draw(st.sampled_from([0, 0, 0, 0, 1, -1, 10]))).scaleb(-decimals)
    if draw(st.integers(0, 9)) == 0:
        value = -value
    mark = draw(st.sampled_from(["", "", "", "多", "余", "以上"]))
    return exact, f"{abs(value):f}{mark}{'↓' if value < 0 else ''}", in_ten_thousands


@pytest.fixture(scope="module")
def compiled(city_run: Settings) -> dict[str, str]:
    """The SQL of the two models that judge printed figures."""
    nodes = load_manifest(city_run, PACK)["nodes"].values()
    return {
        node["alias"]: node["compiled_code"]
        for node in nodes
        if (node["resource_type"], node["alias"]) in {("model", "figure"), ("model", "dim_published_figure")}
    }


@pytest.fixture(scope="module")
def database(city_run: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(city_run.working_database)) as connection:
        yield connection


@settings(max_examples=15, deadline=None)
@given(st.lists(prints(), min_size=20, max_size=80))
def test_whatever_is_printed_gets_the_same_verdict_from_both(
    database: duckdb.DuckDBPyConnection, compiled: dict[str, str], cases: list[tuple[Decimal, str, bool]]
):
    """The models' own SQL judges the figures in place of the city's, in a transaction that is given up."""
    unit = load_catalogue(PACK).indicators[AMOUNT].unit
    figures = [figure(printed, f"万{unit}" if large else unit) for _, printed, large in cases]
    named = pl.DataFrame({"figure_id": [f"{n:03}" for n in range(len(cases))]}).with_columns(
        indicator_code=pl.lit(AMOUNT), subject_code=pl.lit(REGION), scope_code=pl.lit("all")
    )
    exact = pl.Decimal(38, 12)
    listed = named.with_columns(
        report_year=pl.lit(YEAR),
        figure_year=pl.int_range(pl.len()),
        kind=pl.lit(VALUE),
        printed=pl.Series([f.printed for f in figures]),
        printed_value=pl.Series([f.value for f in figures], dtype=exact),
        unit=pl.Series([f.unit for f in figures]),
    )
    values = named.drop("figure_id").with_columns(
        report_year=pl.int_range(pl.len()), status=pl.lit("ok"), value=pl.Series([v for v, *_ in cases], dtype=exact)
    )
    database.begin()
    try:
        for table in ("reference.published_figure", "core.fct_indicator_value", "core.dim_published_figure"):
            database.execute(f"delete from {table}")
        insert(database, "reference.published_figure", listed)
        insert(database, "core.fct_indicator_value", values)
        database.execute(f"insert into core.dim_published_figure by name {compiled['dim_published_figure']}")
        verdicts = database.execute(
            f"select exact_value, verdict from ({compiled['figure']}) as judged order by figure_id"
        ).fetchall()
    finally:
        database.rollback()
    for one, (computed, verdict) in zip(figures, verdicts, strict=True):
        assert compare(one, computed) == verdict, (one.printed, computed)
