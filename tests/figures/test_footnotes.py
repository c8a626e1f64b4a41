"""A footnote stands exactly where the cell that it explains counts: in that year, scope, row and definition.

The database says it by joins (`quality.footnote`), a trace by the cells that it finds behind a number: two ways to the
same answer. Cells of every sheet are explained, chosen blindly; in made-up cities by tests/any_city/test_release.py.
"""

from collections import defaultdict
from collections.abc import Iterator

import duckdb

from sources.declarations.city import load_city
from sources.system.settings import Settings
from tests.support.explained import explain
from warehouse.catalogue.catalogue import Catalogue, load_catalogue
from warehouse.figures.fact import Reference
from warehouse.figures.lineage import Lineage
from warehouse.figures.trace import Part, Term, Trace
from warehouse.store.connection import open_working

Cell = tuple[str, str, str]
"""Submission, title of the sheet, address."""


def one_in(number: int) -> str:
    """Cells chosen blindly."""
    return f"hash(submission_id, sheet, record, column_name) % {number} = 0"


def explained_cells(connection: duckdb.DuckDBPyConnection) -> dict[Cell, set[str]]:
    rows = connection.execute(
        "select submission_id, sheet, cell, explanation_id from registry.finding where explanation_id is not null"
    ).fetchall()
    found: dict[Cell, set[str]] = defaultdict(set)
    for submission_id, sheet, cell, explanation_id in rows:
        found[submission_id, sheet, cell].add(explanation_id)
    return found


def hidden_measures(connection: duckdb.DuckDBPyConnection) -> set[tuple[int, str, str]]:
    """Year, school and measure of what is not printed: of a hidden number nothing is said."""
    rows = connection.execute(
        "select report_year, subject_code, code from registry.hidden_value"
        " where kind = 'measure' and subject_kind = 'school'"
    )
    return {(year, school, measure) for year, school, measure in rows.fetchall()}


def parts_that_count(trace: Trace) -> Iterator[tuple[Term, Part]]:
    for term in trace.terms:
        yield from ((term, part) for part in term.parts if part.counts)
    for part in trace.parts:
        if part.status in ("ok", "not_applicable"):
            yield from parts_that_count(part)


def by_trace(connection: duckdb.DuckDBPyConnection, catalogue: Catalogue) -> dict[Reference, set[str]]:
    """Every value of a region that rests on an explained cell, with the explanations."""
    lineage, explained = Lineage(connection, catalogue), explained_cells(connection)
    hidden = hidden_measures(connection)
    rows = connection.execute(
        "select indicator_code, report_year, subject_code, scope_code from core.fct_indicator_value"
        " where subject_kind = 'region'"
    ).fetchall()
    found = {}
    for reference in (Reference(*row) for row in rows):
        cells = {
            (source.submission_id, source.sheet, source.cell)
            for term, part in parts_that_count(lineage.trace(reference))
            if (reference.year, part.subject_code, term.measure_code) not in hidden
            for source in part.sources
            if not source.is_status  # that a sheet has nothing is no value to explain
        }
        if of := {each for cell in cells & explained.keys() for each in explained[cell]}:
            found[reference] = of
    return found


def by_database(connection: duckdb.DuckDBPyConnection) -> dict[Reference, set[str]]:
    rows = connection.execute(
        "select indicator_code, report_year, ancestor_code, scope_code, explanation_id"
        " from quality.footnote inner join reference.region_path using (region_code)"
    ).fetchall()
    found: dict[Reference, set[str]] = defaultdict(set)
    for *names, explanation_id in rows:
        found[Reference(*names)].add(explanation_id)
    return dict(found)


def check(settings: Settings) -> dict[Reference, set[str]]:
    with open_working(settings) as connection:
        told, traced = by_database(connection), by_trace(connection, load_catalogue(load_city(settings.city_dir).pack))
        assert told == traced
    return told


def test_of_the_sample_city(fresh_copy):
    explain(fresh_copy, one_in(5))
    told = check(fresh_copy)
    catalogue = load_catalogue(load_city(fresh_copy.city_dir).pack)
    formulas = [formula for of in told for formula in catalogue.indicators[of.indicator].formulas]
    assert any(catalogue.measures[code].where for formula in formulas for _, code in formula.terms)
    assert any(catalogue.indicators[of.indicator].counts for of in told)
