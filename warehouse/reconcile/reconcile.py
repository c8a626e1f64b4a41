"""The reconciliation of printed figures: one row a figure, in the order of the print."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import astuple, replace
from decimal import Decimal
from pathlib import Path

import duckdb
import polars as pl

from sources.audit.slips import OF_DIGITS
from sources.declarations.city import City
from warehouse.catalogue.catalogue import Catalogue
from warehouse.figures.fact import CHANGE, SCHOOL_SCOPE, VALUE, Reference
from warehouse.reconcile.answers import answers_in
from warehouse.reconcile.judging.causes import Surroundings, taken_from_elsewhere
from warehouse.reconcile.judging.corrections import Print, Verdicts, judge
from warehouse.reconcile.judging.derive import derive
from warehouse.reconcile.judging.hints import magnitude_hints, overlap_hints
from warehouse.reconcile.judging.implied_denominators import implied_hints
from warehouse.reconcile.judging.misprints import slip
from warehouse.reconcile.judging.prints import prints_of
from warehouse.reconcile.judging.relations import Interval, Relation, not_negative
from warehouse.reconcile.judging.smallest_corrections import knots
from warehouse.reconcile.judging.table_scopes import scopes_of_tables
from warehouse.reconcile.judging.table_sums import broken_sums
from warehouse.reconcile.judging.witnesses import (
    Recomputed,
    compare,
    counted,
    origin_note,
    recompute,
    regions_with_values,
    school_counts,
    usual_scopes,
)
from warehouse.reconcile.memo import memo
from warehouse.reconcile.reading.figure_list import read_list
from warehouse.reconcile.reading.names import Names, UnderstoodFigure, load_names, meaning
from warehouse.reconcile.reading.printed_figure import Listing, PrintedFigure
from warehouse.reconcile.reading.prose import UNSURE
from warehouse.reconcile.reading.read_report import ReportReading, read_report
from warehouse.reconcile.reading.report_file import KINDS
from warehouse.reconcile.verdicts import (
    SCHEMA,
    Reconciled,
    Reconciliation,
    in_printed_unit,
    is_doubtful,
    verdict_of,
    with_numerals,
    with_table_sum,
)
from warehouse.store.ddl import create_tables, declared
from warehouse.store.sql import insert, transaction

SLIPS_TELL = 1_000
"""From here on a number that is another one but for one digit is that one."""
TELLING_DIGITS = 3
"""A number of fewer digits may be right for something else by chance."""


def reconcile(
    connection: duckdb.DuckDBPyConnection | None,
    city: City,
    catalogue: Catalogue,
    figures: Sequence[PrintedFigure],
    published: Sequence[Path] = (),
    listings: Sequence[Listing] = (),
) -> pl.DataFrame:
    """Matches, recomputes and compares every figure; as many rows as figures, in their order (columns: SCHEMA).

    `connection` is a built warehouse, or None to compare the printed figures only with each other. `published` are
    the city's own lists of earlier prints, whose names help to match; `listings` what the report's tables list school
    by school. Nothing is written.
    """
    names = load_names(catalogue, tuple(published))
    read = [_understood(position, figure, names, city) for position, figure in enumerate(figures)]
    meant = [fact for one in read for fact in (*([one.fact] if one.fact else []), *one.figure.readings)]
    recomputed = recompute(connection, city, catalogue, {fact.year for fact in meant})
    read = _in_scopes_of_tables(read, city, catalogue, recomputed)
    read = _in_regions_of_tables(read, city, catalogue, recomputed)
    read = _in_fitting_readings(read, city, catalogue, recomputed)
    listed = counted(listings, city, catalogue)
    done = _judged(read, city, catalogue, recomputed, listed)
    doubtful = {one.position for one in read if is_doubtful(one, done)}
    if doubtful:
        read = [replace(one, fact=None, is_doubtful=True) if one.position in doubtful else one for one in read]
        done = _judged(read, city, catalogue, recomputed, listed)
    verdicts = [verdict_of(one, done) for one in read]
    accused = {one.position for one, verdict in zip(read, verdicts, strict=True) if verdict.is_suspected}
    sums = broken_sums(read, accused)
    verdicts = [with_table_sum(each, sums.get(one.position)) for one, each in zip(read, verdicts, strict=True)]
    return pl.DataFrame([astuple(verdict) for verdict in verdicts], schema=SCHEMA, orient="row")


def _understood(position: int, figure: PrintedFigure, names: Names, city: City) -> UnderstoodFigure:
    found = meaning(figure, names, city)
    return UnderstoodFigure(position, figure, found, found.fact if figure.value is not None else None)


def _judged(
    figures: Sequence[UnderstoodFigure],
    city: City,
    catalogue: Catalogue,
    recomputed: Recomputed,
    listed: Mapping[Reference, Decimal],
) -> Reconciled:
    first = {fact: one.value for fact, (one, *_) in prints_of(figures, catalogue).items()}
    before = Surroundings(figures, {**first, **recomputed.values}, city, catalogue, recomputed.values)
    borrowed = {one.position for one in figures if taken_from_elsewhere(one, before)}
    prints = prints_of(figures, catalogue, borrowed)
    own = {fact: value for fact in prints if (value := recomputed.of(fact, city)) is not None}
    witnesses = {fact: value for fact, value in listed.items() if fact in prints} | own
    relations = [*derive(prints, city, catalogue, recomputed.roster), *_below_zero(prints)]
    verdicts = judge(prints, relations, witnesses, recomputed.incomplete)
    broken: dict[Reference, list[Relation]] = defaultdict(list)
    for relation in verdicts.broken:
        for fact in relation.facts:
            broken[fact].append(relation)
    tied = knots(verdicts.open, relations, _taken_spans(verdicts))
    return Reconciled(
        city=city,
        catalogue=catalogue,
        recomputed=recomputed,
        listed=listed,
        verdicts=verdicts,
        alone=judge(prints, relations, {}) if witnesses and verdicts.open else verdicts,
        around=Surroundings(
            figures, {**verdicts.taken, **recomputed.values, **witnesses}, city, catalogue, recomputed.values
        ),
        knot_of={fact: knot for knot in tied for fact in knot.facts},
        broken_by_fact=broken,
        hints=dict(
            [
                *magnitude_hints({fact: span.middle for fact, span in verdicts.printed.items()}, city, catalogue),
                *overlap_hints(relations, verdicts.printed, verdicts.taken, catalogue),
                *implied_hints(verdicts.printed, city, catalogue, recomputed.roster),
            ]
        ),
    )


def _below_zero(prints: Mapping[Reference, Sequence[Print]]) -> Iterator[Relation]:
    """What the values that are printed below zero break."""
    for fact, of_fact in prints.items():
        if fact.kind == VALUE and any(each.value < 0 for each in of_fact):
            yield not_negative(fact)


def _taken_spans(verdicts: Verdicts) -> dict[Reference, Interval]:
    """What each fact is taken to be: as it is printed, or as it was put right."""
    return {
        fact: printed if printed.low <= (value := verdicts.taken[fact]) <= printed.high else Interval(value, value)
        for fact, printed in verdicts.printed.items()
    }


def _in_scopes_of_tables(
    figures: Sequence[UnderstoodFigure], city: City, catalogue: Catalogue, recomputed: Recomputed
) -> list[UnderstoodFigure]:
    """The figures, those of a table that states no scope in the one in which it is right as a whole."""

    def is_right(figure: PrintedFigure, fact: Reference) -> bool:
        return _is_right(figure, fact, city, catalogue, recomputed)

    scopes = scopes_of_tables(figures, [scope.code for scope in city.scopes], is_right)

    def placed(one: UnderstoodFigure) -> UnderstoodFigure:
        figure, fact = one.figure, one.fact
        scope = scopes.get(figure.cell.table) if figure.cell else None
        if fact is None or scope is None or fact.scope == SCHOOL_SCOPE:
            return one
        fitting = replace(fact, scope=scope)
        only_there = recomputed.of(fact, city) is not None and is_right(figure, fitting) and not is_right(figure, fact)
        return replace(one, fact=fitting, asked_scope=fact.scope if only_there else "")

    return [placed(one) for one in figures]


def _is_right(figure: PrintedFigure, fact: Reference, city: City, catalogue: Catalogue, recomputed: Recomputed) -> bool:
    exact = in_printed_unit(figure, fact, recomputed.of(fact, city), catalogue)
    return exact is not None and compare(figure, exact) == "consistent"


def _in_regions_of_tables(
    figures: Sequence[UnderstoodFigure], city: City, catalogue: Catalogue, recomputed: Recomputed
) -> list[UnderstoodFigure]:
    """The figures, those of a table that may divide the city otherwise judged where most of its numbers say that it
    does not."""
    cells: dict[int, list[bool]] = defaultdict(list)
    for one in figures:
        if (table := _table_of_region(one, city)) is not None and one.fact is not None:
            cells[table].append(_is_right(one.figure, one.fact, city, catalogue, recomputed))
    as_declared = {table for table, right in cells.items() if sum(right) * 2 > len(right)}
    return [
        replace(one, figure=replace(one.figure, perhaps_other=""))
        if _table_of_region(one, city) in as_declared
        else one
        for one in figures
    ]


def _table_of_region(one: UnderstoodFigure, city: City) -> int | None:
    """The table of a cell that may be a region's; None of all others."""
    is_of_region = one.fact is not None and one.fact.subject != city.code and one.fact.subject in city.region_by_code
    return one.figure.cell.table if is_of_region and one.figure.perhaps_other and one.figure.cell else None


def _in_fitting_readings(
    figures: Sequence[UnderstoodFigure], city: City, catalogue: Catalogue, recomputed: Recomputed
) -> list[UnderstoodFigure]:
    """The figures in the scopes and readings in which they are right; a change that follows its value is of its
    scope."""
    placed: list[UnderstoodFigure] = []
    for one in figures:
        last = placed[-1].fact if placed else None
        if last is not None and one.fact is not None and one.fact == replace(last, kind=CHANGE):
            placed.append(replace(one, figure=replace(one.figure, has_scope=True)))
        else:
            placed.append(_in_fitting_reading(one, city, catalogue, recomputed))
    return placed


def _in_fitting_reading(
    one: UnderstoodFigure, city: City, catalogue: Catalogue, recomputed: Recomputed
) -> UnderstoodFigure:
    """The figure in a scope and a reading in which its number is right, where its words do not decide."""
    figure, fact = one.figure, one.fact
    if fact is not None and (fitting := _fitting_scope(figure, fact, city, catalogue, recomputed)) is not None:
        known = recomputed.of(fact, city) is not None
        asked = fact.scope if known and fitting.scope != fact.scope else one.asked_scope
        return replace(one, fact=fitting, asked_scope=asked)
    if fact is not None or figure.value is None or figure.other:
        return one
    if len(str(abs(figure.value)).replace(".", "").strip("0")) < TELLING_DIGITS:
        return one
    tried = {reading: _fitting_scope(figure, reading, city, catalogue, recomputed) for reading in figure.readings}
    right = [fitting for fitting in tried.values() if fitting is not None]
    right = right or [reading for reading in tried if _is_slip(figure, reading, city, catalogue, recomputed)]
    if len(right) != 1:
        return one
    others = tuple(reading for reading in tried if reading.indicator != right[0].indicator)
    read = replace(one.meaning, fact=right[0], how="context", likeness=UNSURE)
    return replace(one, meaning=read, fact=right[0], other_readings=others)


def _is_slip(
    figure: PrintedFigure, reading: Reference, city: City, catalogue: Catalogue, recomputed: Recomputed
) -> bool:
    """Whether a slip of a digit turns what the reading should be into the printed number."""
    exact = in_printed_unit(figure, reading, recomputed.of(reading, city), catalogue)
    if exact is None or figure.value is None or figure.value < SLIPS_TELL * Decimal(1).scaleb(-figure.decimals):
        return False
    return slip(figure.value, exact, Decimal(1).scaleb(-figure.decimals)) in OF_DIGITS


def _fitting_scope(
    figure: PrintedFigure, fact: Reference, city: City, catalogue: Catalogue, recomputed: Recomputed
) -> Reference | None:
    """The fact in the scope in which the number is right, of those that the report may mean; its own goes first.

    The cells of a table are of one scope.
    """
    is_free = figure.codes is None or (not figure.has_scope and figure.cell is None)
    for scope in (fact.scope, *(s.code for s in city.scopes if is_free)):
        placed = replace(fact, scope=scope)
        exact = in_printed_unit(figure, placed, recomputed.of(placed, city), catalogue)
        if exact is not None and compare(figure, exact) == "consistent":
            return placed
    return None


def reconcile_file(
    connection: duckdb.DuckDBPyConnection | None,
    city: City,
    catalogue: Catalogue,
    path: Path,
    report_year: int,
    published: Sequence[Path] = (),
    school: str = "",
) -> Reconciliation:
    """Reconciles a list of printed figures (.csv) or a report's own text (report_file.KINDS) of a report year.

    Schools, regions and scopes are looked for by their names of that year.

    `connection` is the warehouse, or None to compare the printed figures with each other only; `published` are the
    city's own lists of printed figures, whose names help to match. `school` is the code of the school whose own report
    it is: what nobody is named for is the school's. Raises ValueError that names the file when it
    cannot be read.
    """
    city = city.in_year(report_year)
    reading = _read(connection, city, catalogue, path, report_year, tuple(published), school)
    judged = reconcile(connection, city, catalogue, reading.figures, published, reading.listings)
    frame = with_numerals(judged, reading.numerals)
    note = origin_note(connection, report_year)
    answers = answers_in(path) if path.suffix.lower() == ".docx" else ()
    owner = city.respondent_by_code[school].name if school else city.name
    told = memo(frame, owner, path.name, report_year, note, answers)
    return Reconciliation(
        path.name, report_year, frame, told, owner, note, tuple(reading.blocks), tuple(reading.text), answers
    )


def _read(
    connection: duckdb.DuckDBPyConnection | None,
    city: City,
    catalogue: Catalogue,
    path: Path,
    report_year: int,
    published: tuple[Path, ...],
    school: str,
) -> ReportReading:
    if path.suffix.lower() not in KINDS:
        return ReportReading(read_list(path), [], [], [], [])
    names, usual = load_names(catalogue, published), usual_scopes(connection, city)
    counts = school_counts(connection, city, report_year)
    return read_report(path, city, report_year, names, usual, counts, school, regions_with_values(connection, city))


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
