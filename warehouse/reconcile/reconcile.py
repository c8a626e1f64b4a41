"""The reconciliation of printed figures: one row a figure, in the order of the print."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import duckdb
import polars as pl

from sources.declarations.city import City
from warehouse.figures.fact import Reference
from warehouse.reconcile.judging.causes import Surroundings, taken_from_elsewhere
from warehouse.reconcile.judging.corrections import judge
from warehouse.reconcile.judging.derive import derive
from warehouse.reconcile.judging.hints import magnitude_hints, overlap_hints
from warehouse.reconcile.judging.prints import prints_of
from warehouse.reconcile.judging.relations import Relation
from warehouse.reconcile.judging.witnesses import Recomputed, compare, counted, recompute, usual_scopes
from warehouse.reconcile.memo import memo
from warehouse.reconcile.reading.figure_list import read_list
from warehouse.reconcile.reading.names import Meaning, load_names, meaning
from warehouse.reconcile.reading.printed_figure import Listing, PrintedFigure
from warehouse.reconcile.reading.read_report import read_report
from warehouse.reconcile.verdicts import SCHEMA, Reconciled, Reconciliation, in_printed_unit, is_doubtful, verdict_row
from warehouse.store.ddl import create_tables, declared
from warehouse.store.sql import insert, transaction

REPORTS = (".txt", ".docx")


def reconcile(
    connection: duckdb.DuckDBPyConnection | None,
    city: City,
    figures: Sequence[PrintedFigure],
    published: Sequence[Path] = (),
    listings: Sequence[Listing] = (),
) -> pl.DataFrame:
    """Matches, recomputes and compares every figure; as many rows as figures, in their order (columns: SCHEMA).

    `connection` is a built warehouse, or None to compare the printed figures only with each other. `published` are
    the city's own lists of earlier prints, whose names help to match; `listings` what the report's tables list school
    by school. Nothing is written.
    """
    names = load_names(tuple(published))
    meanings = [meaning(figure, names, city) for figure in figures]
    facts = [m.fact if figure.value is not None else None for figure, m in zip(figures, meanings, strict=True)]
    years = {fact.year for fact in facts if fact}
    recomputed = recompute(connection, city, years)
    facts = [_in_fitting_scope(f, fact, city, recomputed) for f, fact in zip(figures, facts, strict=True)]
    listed = counted(listings, city)
    done = _judged(figures, meanings, facts, city, recomputed, listed)
    doubtful = {n for n in range(len(figures)) if is_doubtful(n, done)}
    if doubtful:
        kept = [None if n in doubtful else fact for n, fact in enumerate(facts)]
        done = replace(_judged(figures, meanings, kept, city, recomputed, listed), doubtful=doubtful)
    return pl.DataFrame([verdict_row(position, done) for position in range(len(figures))], schema=SCHEMA, orient="row")


def _judged(
    figures: Sequence[PrintedFigure], meanings: Sequence[Meaning], facts: Sequence[Reference | None], city: City,
    recomputed: Recomputed, listed: Mapping[Reference, Decimal],
) -> Reconciled:  # fmt: skip
    first = {fact: one.value for fact, (one, *_) in prints_of(figures, facts).items()}
    before = Surroundings(figures, facts, {**first, **recomputed.values}, city, recomputed.values)
    borrowed = {n for n in range(len(figures)) if taken_from_elsewhere(n, before)}
    prints = prints_of(figures, facts, borrowed)
    own = {fact: value for fact in prints if (value := recomputed.of(fact, city)) is not None}
    witnesses = {fact: value for fact, value in listed.items() if fact in prints} | own
    relations = derive(prints, city, recomputed.roster)
    verdicts = judge(prints, relations, witnesses, recomputed.incomplete)
    broken: dict[Reference, list[Relation]] = defaultdict(list)
    for relation in verdicts.broken:
        for fact in relation.facts:
            broken[fact].append(relation)
    return Reconciled(
        figures=figures,
        meanings=meanings,
        city=city,
        recomputed=recomputed,
        listed=listed,
        verdicts=verdicts,
        alone=judge(prints, relations, {}) if witnesses and verdicts.open else verdicts,
        around=Surroundings(
            figures, facts, {**verdicts.taken, **recomputed.values, **witnesses}, city, recomputed.values
        ),
        broken_by_fact=broken,
        hints=dict([*magnitude_hints(verdicts.taken, city), *overlap_hints(relations, verdicts.printed)]),
    )


def _in_fitting_scope(
    figure: PrintedFigure, fact: Reference | None, city: City, recomputed: Recomputed
) -> Reference | None:
    """The fact in a scope in which the number is right, where the report does not say which scope it means."""
    if fact is None or figure.has_scope:
        return fact
    for scope in (fact.scope, *(s.code for s in city.scopes)):
        exact = in_printed_unit(figure, fact, recomputed.of(replace(fact, scope=scope), city))
        if exact is not None and compare(figure, exact) == "consistent":
            return replace(fact, scope=scope)
    return fact


def reconcile_file(
    connection: duckdb.DuckDBPyConnection | None,
    city: City,
    path: Path,
    report_year: int,
    published: Sequence[Path] = (),
) -> Reconciliation:
    """Reconciles a list of printed figures (.csv) or a report's own text (.txt, .docx) of a report year.

    `connection` is the warehouse, or None to compare the printed figures with each other only; `published` are the
    city's own lists of printed figures, whose names help to match. Raises ValueError that names the file when it
    cannot be read.
    """
    figures, listings = _read(connection, city, path, report_year, tuple(published))
    frame = reconcile(connection, city, figures, published, listings)
    return Reconciliation(path.name, report_year, frame, memo(frame, city, path.name, report_year))


def _read(
    connection: duckdb.DuckDBPyConnection | None, city: City, path: Path, report_year: int, published: tuple[Path, ...]
) -> tuple[list[PrintedFigure], list[Listing]]:
    if path.suffix.lower() not in REPORTS:
        return read_list(path), []
    reading = read_report(path, city, report_year, load_names(published), usual_scopes(connection, city, report_year))
    return reading.figures, reading.listings


def save(connection: duckdb.DuckDBPyConnection, result: Reconciliation) -> None:
    """Writes the result into `reconciliation.figure` of the working database, in place of an earlier one of it."""
    create_tables(connection, declared("reconciliation"))
    with transaction(connection):
        connection.execute(
            "delete from reconciliation.figure where report_year = ? and source = ?",
            [result.report_year, result.source],
        )
        named = result.frame.with_columns(report_year=pl.lit(result.report_year), source=pl.lit(result.source))
        insert(connection, "reconciliation.figure", named)
