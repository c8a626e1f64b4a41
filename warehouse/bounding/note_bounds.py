"""Reads what is published of figures that lack schools, works out their bounds, and notes them in the registry.

Published numbers alone are read (`core`): what is hidden there, this year or the year before, is not known here either.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal
from fractions import Fraction
from functools import lru_cache

import duckdb

from sources.declarations.pack import Pack
from warehouse.bounding.bound_words import in_decimals, outward, told_bounds
from warehouse.bounding.made_from import FigureTerm, IncompleteFigure, incomplete_figures, rules_version
from warehouse.bounding.noted_bound import (
    VALUE_BOUND,
    VALUE_BOUND_SCHOOL,
    Place,
    SchoolNarrows,
    ValueBound,
    note_rows,
    noted_places,
)
from warehouse.bounding.region_bound import (
    FigureBound,
    Reported,
    count_bound,
    counted,
    narrowings,
    ratio_bound,
    sum_bound,
)
from warehouse.bounding.school_limits import Rules, SchoolNumbers, SchoolShadows, Shadows
from warehouse.catalogue.catalogue import Catalogue, load_catalogue
from warehouse.catalogue.declared_limits import declared_limits, declared_relations
from warehouse.catalogue.indicator import Formula, Indicator

KEPT_DECIMALS = 12
WITH_BOUNDS = ("sum", "distinct", "ratio_of_sums")
READ_TABLES = ("fct_indicator_value", "fct_measure", "brg_scope_school", "dim_school")


def note_bounds(connection: duckdb.DuckDBPyConnection, pack: Pack, anew: bool = False) -> bool:
    """Notes the bound of every figure of a region that lacks schools; returns whether any is another than before.

    A bound that is noted stands while all that it is made from is the same, unless `anew` is given.
    """
    if not _is_built(connection):
        return False
    noted = {} if anew else noted_places(connection)
    standing = set[Place]()
    bounds, schools = list[ValueBound](), list[SchoolNarrows]()
    for year in _years(connection):
        of_year = _Year(connection, load_catalogue(pack), year)
        figures = {(year, *figure.place): figure for figure in of_year.incomplete()}
        stand = {place for place, figure in figures.items() if noted.get(place) == figure.made_from}
        standing |= stand
        for bound, narrowing in of_year.bounds([figures[place] for place in figures if place not in stand]):
            bounds.append(bound)
            schools += narrowing
    is_other = [
        note_rows(connection, VALUE_BOUND, ValueBound, bounds, standing),
        note_rows(connection, VALUE_BOUND_SCHOOL, SchoolNarrows, schools, standing),
    ]
    return any(is_other)


@lru_cache(maxsize=4)
def _shadows_by(pack: Pack) -> SchoolShadows:
    """Kept for the next run of the process: most schools report what they reported before."""
    return SchoolShadows(Rules(declared_limits(pack), declared_relations(pack)))


def _is_built(connection: duckdb.DuckDBPyConnection) -> bool:
    found = connection.execute(
        "select count(*) from duckdb_tables() where schema_name = 'core' and list_contains(?, table_name)",
        [list(READ_TABLES)],
    ).fetchone()
    return found == (len(READ_TABLES),)


def _years(connection: duckdb.DuckDBPyConnection) -> list[int]:
    found = connection.execute(
        "select distinct report_year from core.fct_indicator_value"
        " where subject_kind = 'region' and status = 'incomplete' order by all"
    ).fetchall()
    return [year for (year,) in found]


@dataclass(frozen=True, slots=True)
class _Incomplete:
    """A published figure of a region that lacks schools."""

    region: str
    scope: str
    indicator: Indicator
    definition: str
    reported: Reported
    made_from: str


class _Year:
    """What is published of a year, and the bounds that follow."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, catalogue: Catalogue, report_year: int) -> None:
        self._connection, self._catalogue, self._year = connection, catalogue, report_year
        self._shadows = _shadows_by(catalogue.pack)
        self._known: dict[tuple[str, tuple[str, ...], tuple[str, ...]], Shadows | None] = {}
        self._definitions: dict[str, str] = {}

    def incomplete(self) -> list[IncompleteFigure]:
        """The figures that lack schools and may have a bound."""
        terms = list(self._terms())
        return incomplete_figures(self._connection, self._year, terms, rules_version(self._catalogue))

    def bounds(self, figures: Sequence[IncompleteFigure]) -> Iterator[tuple[ValueBound, list[SchoolNarrows]]]:
        if not figures:
            return
        wanted = {figure.indicator_code for figure in figures}
        measures = sorted({term.measure_code for term in self._terms() if term.indicator_code in wanted})
        self._missing, self._numbers = self._read_measures(measures)
        self._members = self._read_members(sorted(self._numbers))
        self._ownership = dict(
            self._connection.execute(
                "select school_code, ownership from core.dim_school where report_year = ?", [self._year]
            ).fetchall()
        )
        for figure in figures:
            each = self._read(figure)
            found = self._of_count(each) if each.indicator.counts else self._of_formula(each)
            if found is not None:
                yield found

    def _terms(self) -> Iterator[FigureTerm]:
        """The terms of every indicator that lacks schools somewhere and may have a bound."""
        found = self._connection.execute(
            "select distinct indicator_code, definition from core.fct_indicator_value where report_year = ?"
            " and subject_kind = 'region' and status = 'incomplete' and value is not null order by all",
            [self._year],
        ).fetchall()
        for code, definition in found:
            indicator = self._catalogue.indicators.get(code)
            if indicator is None or not (indicator.counts or self._has_bounds(indicator)):
                continue
            for _, measure in self._formula(indicator, definition).terms:
                yield FigureTerm(code, definition, measure)

    def _formula(self, indicator: Indicator, definition: str) -> Formula:
        """Of a count of schools, that of the ratio by which they count."""
        if indicator.counts is None:
            return indicator.formula(definition)
        return self._catalogue.indicators[indicator.counts.of].formula(self._definition(indicator.counts.of))

    def _read_measures(
        self, measures: Sequence[str]
    ) -> tuple[Mapping[str, frozenset[str]], Mapping[str, SchoolNumbers]]:
        """Measure, of these → the schools that have not reported it; such a school → what is known of it."""
        missing: defaultdict[str, set[str]] = defaultdict(set)
        for school, measure in self._connection.execute(
            "select subject_code, measure_code from core.fct_measure where subject_kind = 'school' and report_year = ?"
            " and value is null and status is distinct from 'suppressed' and list_contains(?, measure_code)",
            [self._year, list(measures)],
        ).fetchall():
            missing[measure].add(school)
        schools = sorted(set().union(*missing.values()))
        values: defaultdict[tuple[int, str], dict[str, Fraction]] = defaultdict(dict)
        for year, school, measure, value in self._connection.execute(
            "select report_year, subject_code, measure_code, value from core.fct_measure where subject_kind = 'school'"
            " and report_year in (?, ? - 1) and value is not null and subject_code in (select unnest(?))",
            [self._year, self._year, schools],
        ).fetchall():
            values[year, school][measure] = Fraction(value)
        changed, this, before = self._read_changed(), self._year, self._year - 1
        numbers = {
            school: SchoolNumbers(values[this, school], {} if school in changed else values[before, school])
            for school in schools
        }
        return {measure: frozenset(found) for measure, found in missing.items()}, numbers

    def _read_changed(self) -> set[str]:
        """Schools that are something else than the year before: another has merged into them, or they were split."""
        found = self._connection.execute(
            "select subject_code from reference.change where report_year = ? and kind in ('merge', 'split', 'found')",
            [self._year],
        ).fetchall()
        return {code for (code,) in found}

    def _read_members(self, schools: Sequence[str]) -> Mapping[tuple[str, str], tuple[str, ...]]:
        """Region and scope → those of the schools that are in it."""
        found = self._connection.execute(
            "select paths.ancestor_code, members.scope_code, list(members.school_code order by members.school_code)"
            " from core.brg_scope_school as members inner join reference.region_path as paths"
            " on members.region_code = paths.region_code where members.report_year = ?"
            " and members.school_code in (select unnest(?)) group by all",
            [self._year, list(schools)],
        ).fetchall()
        return {(region, scope): tuple(members) for region, scope, members in found}

    def _read(self, figure: IncompleteFigure) -> _Incomplete:
        indicator = self._catalogue.indicators[figure.indicator_code]
        reported = Reported(
            Fraction(_given(figure.value if indicator.kind == "sum" else figure.numerator)),
            Fraction(_given(figure.denominator)) if indicator.kind == "ratio" else Fraction(0),
            Fraction(indicator.scale),
        )
        return _Incomplete(
            figure.region_code, figure.scope_code, indicator, figure.definition, reported, figure.made_from
        )

    def _has_bounds(self, indicator: Indicator) -> bool:
        return self._catalogue.level(indicator) == "school" and self._catalogue.adds(indicator) in WITH_BOUNDS

    def _of_formula(self, each: _Incomplete) -> tuple[ValueBound, list[SchoolNarrows]] | None:
        formula = each.indicator.formula(each.definition)
        schools, shadows = list[str](), list[Shadows]()
        missing = [(code, self._missing.get(code, frozenset())) for _, code in formula.terms]
        for school in self._members.get((each.region, each.scope), ()):
            lacking = [code for code, by in missing if school in by]
            if not lacking:
                continue
            above = formula.numerator if formula.denominator else tuple(lacking)
            found = self._shadows_of(school, above, formula.denominator)
            if found is None:
                return None
            schools.append(school)
            shadows.append(found)
        possible, usual = [shadow.possible for shadow in shadows], [shadow.usual for shadow in shadows]
        if formula.denominator:
            bounds = ratio_bound(each.reported, possible), ratio_bound(each.reported, usual)
        else:
            once = self._catalogue.adds(each.indicator) == "distinct"
            bounds = sum_bound(each.reported, possible, once), sum_bound(each.reported, usual, once)
        narrowing = self._narrowing(each, schools, narrowings(each.reported, usual, bounds[1]), bounds[1])
        return _row(self._year, each, *bounds), narrowing

    def _shadows_of(self, school: str, above: tuple[str, ...], below: tuple[str, ...]) -> Shadows | None:
        key = (school, above, below)
        if key not in self._known:
            self._known[key] = self._shadows.of(self._numbers[school], above, below)
        return self._known[key]

    def _of_count(self, each: _Incomplete) -> tuple[ValueBound, list[SchoolNarrows]] | None:
        """Of a count of schools whose ratio is below a bound: who has none of it yet may count, or must."""
        count = each.indicator.counts
        assert count is not None
        of = self._catalogue.indicators[count.of]
        formula = self._formula(each.indicator, each.definition)
        schools, found = list[str](), list[Shadows]()
        missing = frozenset[str]().union(*(self._missing.get(code, ()) for _, code in formula.terms))
        for school in self._members.get((each.region, each.scope), ()):
            if count.ownership is not None and self._ownership.get(school) != count.ownership:
                continue
            if school in missing:
                shadows = self._shadows_of(school, formula.numerator, formula.denominator)
                if shadows is None:
                    return None
                schools.append(school)
                found.append(shadows)
        scale, below = Fraction(of.scale), Fraction(count.below)
        possible = [counted(shadow.possible, scale, below) for shadow in found]
        usual = [counted(shadow.usual, scale, below) for shadow in found]
        bounds = count_bound(each.reported.above, possible), count_bound(each.reported.above, usual)
        open_schools = [Fraction(int(school.may and not school.must)) for school in usual]
        return _row(self._year, each, *bounds), self._narrowing(each, schools, open_schools, bounds[1])

    def _definition(self, indicator: str) -> str:
        """The definition in use of an indicator in the year."""
        if indicator in self._definitions:
            return self._definitions[indicator]
        found = self._connection.execute(
            "select any_value(definition) from core.fct_indicator_value where report_year = ? and indicator_code = ?",
            [self._year, indicator],
        ).fetchone()
        assert found is not None
        return self._definitions.setdefault(indicator, str(found[0]))

    def _narrowing(
        self, each: _Incomplete, schools: list[str], narrows: list[Fraction], usual: FigureBound
    ) -> list[SchoolNarrows]:
        """The missing schools, whoever narrows the bound most first."""
        width = usual.width
        of_narrow = defaultdict[Fraction, list[str]](list)
        for school, narrow in zip(schools, narrows, strict=True):
            of_narrow[narrow].append(school)
        found = list[SchoolNarrows]()
        for narrow in sorted(of_narrow, reverse=True):
            shown = None if width is None else in_decimals(narrow, KEPT_DECIMALS, ROUND_FLOOR)
            percent = in_decimals(min(narrow / width, Fraction(1)) * 100, 1, ROUND_FLOOR) if width else None
            where = (self._year, each.region, each.scope, each.indicator.code)
            for school in sorted(of_narrow[narrow]):
                found.append(SchoolNarrows(*where, school, len(found) + 1, shown, percent))
        return found


def _row(report_year: int, each: _Incomplete, possible: FigureBound, usual: FigureBound) -> ValueBound:
    decimals = each.indicator.decimals
    shown, shown_usual = outward(possible, decimals), outward(usual, decimals)
    return ValueBound(
        report_year,
        each.region,
        each.scope,
        each.indicator.code,
        *outward(possible, KEPT_DECIMALS),
        *outward(usual, KEPT_DECIMALS),
        *shown,
        *shown_usual,
        told_bounds(each.indicator, shown, shown_usual),
        each.made_from,
    )


def _given(value: Decimal | None) -> Decimal:
    assert value is not None, "a published ratio has both of its numbers, a count the number of its schools"
    return value
