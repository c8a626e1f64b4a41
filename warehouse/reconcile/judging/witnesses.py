"""The warehouse says what a figure should be: recomputed from submissions, or a declared standard or target."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

import duckdb

from sources.declarations.city import City
from sources.declarations.codelist import load_codelists
from sources.declarations.origin import NOT_OF_THE_SCHOOL, ORIGIN_NOTE
from warehouse.catalogue.catalogue import Catalogue
from warehouse.catalogue.indicator import Indicator
from warehouse.catalogue.standard import Standard
from warehouse.figures.fact import CHANGE, SCHOOL_SCOPE, STANDARD, TARGET, Reference
from warehouse.figures.rounding import Verdict, rounded, trimmed_text, verdict
from warehouse.reconcile.judging.derive import Roster, members
from warehouse.reconcile.reading.printed_figure import Listing, PrintedFigure, multiplier
from warehouse.store.sql import query

NUMBER_DECIMALS = 4
"""Decimals of a value shown in another unit than its own."""


@dataclass(frozen=True)
class Recomputed:
    """The values that the warehouse knows, by fact; empty when it has not been built."""

    values: dict[Reference, Decimal]
    incomplete: frozenset[Reference]
    """Facts for which some school has not reported."""
    breaks: frozenset[Reference]
    """Changes between two scopes or two definitions."""
    roster: Roster
    standards: Sequence[Standard]

    def of(self, fact: Reference, city: City) -> Decimal | None:
        """The exact value in the indicator's own unit."""
        if fact.kind == STANDARD:
            bounds = [s.bound for s in self.standards if s.indicator == fact.indicator]
            return max(bounds, default=None)
        if fact.kind == TARGET:
            wanted = (t for t in city.targets if (t.indicator, t.report_year) == (fact.indicator, fact.year))
            return next((t.increase_at_least for t in wanted), None)
        return self.values.get(fact)


def recompute(
    connection: duckdb.DuckDBPyConnection | None, city: City, catalogue: Catalogue, years: Iterable[int]
) -> Recomputed:
    """The values of the years and of the year before each, with the roster; the roster of a year that has not been
    built is made of the respondents, whose names tell the category.

    A change is the difference of what is printed, so that a reader can check it on the page.
    """
    wanted = sorted({*years, *(year - 1 for year in years)})
    by_name = {year: _by_name(city, year) for year in wanted}
    if connection is None or not _is_built(connection):
        return Recomputed({}, frozenset(), frozenset(), by_name, catalogue.standards)
    facts = list(_facts(connection, wanted))
    changes = list(_changes(connection, wanted))
    printed = {fact.reference: fact.rounded for fact in facts}
    differences = {
        replace(of, kind=CHANGE): value - printed[before]
        for of, value in printed.items()
        if (before := replace(of, year=of.year - 1)) in printed
    }
    return Recomputed(
        values={
            **{fact.reference: fact.value for fact in facts},
            **differences,
            **{change.reference: change.value for change in changes},
        },
        incomplete=frozenset(fact.reference for fact in facts if fact.is_incomplete),
        breaks=frozenset(change.reference for change in changes if change.is_break),
        roster={**by_name, **_rosters(connection, wanted)},
        standards=catalogue.standards,
    )


@dataclass(frozen=True, slots=True)
class _RecomputedValue:
    reference: Reference
    value: Decimal
    rounded: Decimal
    is_incomplete: bool


@dataclass(frozen=True, slots=True)
class _RecomputedChange:
    reference: Reference
    value: Decimal
    is_break: bool
    """Whether scope or definition differ between the two years."""


def _facts(connection: duckdb.DuckDBPyConnection, years: Sequence[int]) -> Iterator[_RecomputedValue]:
    rows = query(
        connection,
        "select indicator_code, report_year, subject_code, scope_code, value, rounded_value, status = 'incomplete'"
        " from core.fct_indicator_value where list_contains(?, report_year) and value is not null",
        [years],
    )
    return (_RecomputedValue(Reference(*row[:4]), *row[4:]) for row in rows.iter_rows())


def _changes(connection: duckdb.DuckDBPyConnection, years: Sequence[int]) -> Iterator[_RecomputedChange]:
    rows = query(
        connection,
        # across a break there is no change, and a report may have printed the difference
        "select indicator_code, report_year, subject_code, scope_code,"
        " rounded_value - previous_rounded_value as difference, suffix(comparability, '_break')"
        " from core.fct_indicator_change where list_contains(?, report_year) and difference is not null"
        " and subject_kind = 'region'",
        [years],
    )
    return (_RecomputedChange(replace(Reference(*row[:4]), kind=CHANGE), *row[4:]) for row in rows.iter_rows())


def _rosters(connection: duckdb.DuckDBPyConnection, years: Sequence[int]) -> Roster:
    """Year → school → attribute → code, for the years that have been built."""
    rows = query(
        connection,
        "select report_year, school_code, category, ownership, affiliation from core.dim_school"
        " where list_contains(?, report_year)",
        [years],
    )
    rosters: dict[int, dict[str, dict[str, str]]] = defaultdict(dict)
    for year, code, category, ownership, affiliation in rows.iter_rows():
        attributes = {"category": category, "ownership": ownership, "affiliation": affiliation}
        rosters[year][code] = {name: value for name, value in attributes.items() if value is not None}
    return rosters


def _is_built(connection: duckdb.DuckDBPyConnection) -> bool:
    found = connection.execute(
        "select count(*) from duckdb_tables() where schema_name = 'core' and table_name = 'fct_indicator_value'"
    ).fetchone()
    return found is not None and found[0] > 0


def _by_name(city: City, year: int) -> dict[str, dict[str, str]]:
    usual, *others = load_codelists(city.pack)["school_category"].codes
    return {
        r.code: {"category": next((c.code for c in others if c.label in r.name), usual.code)}
        for r in city.respondents_in(year)
        if r.kind == SCHOOL_SCOPE
    }


def unit_factor(figure: PrintedFigure, indicator: Indicator) -> Decimal:
    """Printed unit ÷ the indicator's own: 万元 for 元 is 10000."""
    return Decimal(multiplier(figure.unit)) / multiplier(indicator.unit) if figure.unit else Decimal(1)


def compare(figure: PrintedFigure, exact: Decimal) -> Verdict:
    """Compares the printed number with the exact value in the printed unit."""
    assert figure.value is not None
    return verdict(exact, figure.value, figure.decimals, figure.is_lower_bound)


def displayed(figure: PrintedFigure, exact: Decimal, indicator: Indicator) -> str:
    """The value as the report should print it, in the printed unit."""
    decimals = indicator.decimals if unit_factor(figure, indicator) == 1 else NUMBER_DECIMALS
    number = abs(rounded(exact, decimals))
    if indicator.display == "to_one":
        return f"{number}:1"
    text = trimmed_text(number)
    is_change = any(fact_kind in figure.printed for fact_kind in "↑↓")
    return f"{text}{'↓' if exact < 0 else '↑'}" if is_change else text if exact >= 0 else f"-{text}"


def usual_scopes(connection: duckdb.DuckDBPyConnection | None, city: City) -> dict[tuple[int, str], str]:
    """(Report year, topic) → the scope that the bureau chose for it that year; none when nothing has been built."""
    if connection is None or not _is_built(connection):
        return {}
    rows = connection.execute(
        "select report_year, topic, scope_code from core.dim_scope_choice where region_code = ?", [city.code]
    )
    return {(year, topic): scope for year, topic, scope in rows.fetchall()}


def school_counts(connection: duckdb.DuckDBPyConnection | None, city: City, year: int) -> dict[int, str]:
    """Each number of schools → the scope that has so many, where only one has; none when nothing has been built."""
    if connection is None or not _is_built(connection):
        return {}
    rows = connection.execute(
        "select scope_code, value from core.fct_indicator_value"
        " where indicator_code = 'schools' and report_year = ? and subject_code = ? and value is not null",
        [year, city.code],
    ).fetchall()
    counts = Counter(int(value) for _, value in rows)
    return {int(value): scope for scope, value in rows if counts[int(value)] == 1}


def regions_with_values(connection: duckdb.DuckDBPyConnection | None, city: City) -> frozenset[str]:
    """The regions below the city of which the warehouse has values; all that are declared when nothing has been built,
    as their numbers still bind each other."""
    declared = frozenset(city.region_by_code) - {city.code}
    if connection is None or not _is_built(connection):
        return declared
    rows = connection.execute("select distinct subject_code from core.fct_indicator_value where value is not null")
    return declared & {code for (code,) in rows.fetchall()}


def origin_note(connection: duckdb.DuckDBPyConnection | None, year: int) -> str:
    """What must be said of the recomputed values of a year; "" when all were submitted, or nothing has been built."""
    if connection is None or not _is_built(connection):
        return ""
    rows = connection.execute(
        "select distinct origin from core.fct_indicator_value where report_year = ? and value is not null", [year]
    ).fetchall()
    return ORIGIN_NOTE if any(origin in NOT_OF_THE_SCHOOL for (origin,) in rows) else ""


def counted(listings: Iterable[Listing], city: City, catalogue: Catalogue) -> dict[Reference, Decimal]:
    """Counts the schools that the report itself lists, by attribute and by honour, in each scope that it can decide."""
    found: dict[Reference, Decimal] = {}
    categories = load_codelists(city.pack)["school_category"]
    kinds = {code.code: categories.kinds_of(code.code) for code in categories.codes}
    for listing in listings:
        for scope in city.scopes:
            inside = members(city, scope, listing.attributes)
            if inside is None:
                continue
            for measure, indicator in catalogue.sums.items():
                declared = catalogue.measures[measure]
                condition = re.fullmatch(r"(\w+) = '(\w+)'", declared.where or "")
                if not declared.count or declared.sheet not in ("roster", "honours_list"):
                    continue
                if condition is None:
                    chosen = inside if declared.where is None else frozenset()
                elif condition[1] == "honour":
                    chosen = frozenset(s for s in inside if condition[2] in listing.honours.get(s, ()))
                else:
                    known = {s: listing.attributes[s].get(condition[1]) for s in inside}
                    if None in known.values():
                        continue
                    chosen = frozenset(s for s in inside if known[s] in kinds.get(condition[2], (condition[2],)))
                found[Reference(indicator, listing.year, city.code, scope.code)] = Decimal(len(chosen))
    return found
