"""What documents may print: every figure of one report year, and the record of each number that was printed.

A printed number is bound to a `Reference`: `nianbao trace` leads from it to the cells of the submitted workbooks.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

import duckdb

from warehouse.catalogue.indicator import load_indicators
from warehouse.figures.fact import SCHOOL_SCOPE, Bound, Change, Coverage, Fact, Reference, School
from warehouse.figures.regions import SUBTREE, find_region
from warehouse.store.sql import query

YEARS_SHOWN = 4


@dataclass(frozen=True)
class Figures:
    """Everything about one report year that a document may say."""

    report_year: int
    city_code: str
    city_name: str
    bureau_name: str
    school_year: tuple[int, int]
    whole_scope: str
    schools: tuple[School, ...]
    facts: dict[Reference, Fact]
    changes: dict[str, Change]
    scopes: dict[str, str]
    members: dict[str, frozenset[str]]
    bounds: dict[Reference, tuple[Bound, ...]]
    coverage: dict[tuple[int, str], Coverage]
    explanations: dict[str, tuple[str, ...]]
    targets: dict[str, Decimal]
    factors: dict[tuple[str, str], int]

    def of_region(self, code: str) -> Fact | None:
        """The region's value in the scope that the bureau chose; None when there is none to print."""
        change = self.changes.get(code)
        return self._usable(change.current) if change else None

    def of_region_last_year(self, code: str) -> Fact | None:
        change = self.changes.get(code)
        return self._usable(change.previous) if change and change.previous else None

    def of_schools(self, code: str) -> dict[str, Fact]:
        """School name → value, of the schools in the indicator's scope that have one, in the order of the roster."""
        change = self.changes.get(code)
        scope = change.current.scope if change else self.whole_scope
        found = {
            school.name: self._usable(Reference(code, self.report_year, school.code, SCHOOL_SCOPE))
            for school in self.schools
            if school.code in self.members.get(scope, frozenset())
        }
        return {name: fact for name, fact in found.items() if fact}

    def _usable(self, reference: Reference) -> Fact | None:
        fact = self.facts.get(reference)
        return fact if fact and fact.is_usable else None

    def latest_bound(self, reference: Reference) -> Bound | None:
        """The newest edition of the standard for a figure."""
        return max(self.bounds.get(reference, ()), key=lambda bound: bound.edition[-4:], default=None)

    def bound_of(self, reference: Reference) -> Decimal | None:
        """The bound of the newest standard; of a count of schools, the one below which it counts them."""
        counts = load_indicators()[reference.indicator].counts
        bound = self.latest_bound(reference)
        return counts.below if counts else bound.bound if bound else None


def load_figures(connection: duckdb.DuckDBPyConnection, report_year: int, region_code: str | None = None) -> Figures:
    """The figures of a report year from the published database; of the installation's own region, or of another.

    Raises LookupError when the database does not hold the year or the region.
    """
    region = find_region(connection, region_code)
    year = connection.execute(
        "select year(school_year_from), year(school_year_to) from reference.report_year where report_year = ?",
        [report_year],
    ).fetchone()
    facts = _facts(connection, report_year, region.code)
    if year is None or not facts:
        raise LookupError(f"数据库中没有 {report_year} 年的数据。")
    bureau = connection.execute(
        "select name from reference.respondent where kind = 'bureau' and region_code = ?"
        " and coalesce(since, ?) <= ? and coalesce(until, ?) >= ? order by code limit 1",
        [region.code, *[report_year] * 4],
    ).fetchone()
    schools = connection.execute(
        "select school_code, school_name, dim_region.region_name"
        " from core.dim_school inner join core.dim_region using (region_code)"
        f" where report_year = ? and region_code in {SUBTREE}"
        " order by dim_region.sequence, dim_school.sequence, school_code",
        [report_year, region.code],
    ).fetchall()
    scopes = connection.execute("select scope_code, label from core.dim_scope order by sequence, scope_code").fetchall()
    return Figures(
        report_year=report_year,
        city_code=region.code,
        city_name=region.name,
        bureau_name=bureau[0] if bureau else region.name,
        school_year=(year[0], year[1]),
        whole_scope=next((code for code, _ in scopes if code != SCHOOL_SCOPE), SCHOOL_SCOPE),
        schools=tuple(_told_apart(schools)),
        facts=facts,
        changes=_changes(connection, report_year, region.code),
        scopes=dict(scopes),
        members=_members(connection, report_year, region.code),
        bounds=_bounds(connection, report_year, region.code),
        coverage={
            (of_year, scope): Coverage(*row)
            for of_year, scope, *row in connection.execute(
                "select report_year, scope_code, schools_expected, schools_reported, students_percent"
                " from core.fct_coverage where region_code = ? order by all",
                [region.code],
            ).fetchall()
        },
        explanations=_explanations(connection, report_year, region.code),
        targets=dict(
            connection.execute(
                "select indicator_code, increase_at_least from reference.target where report_year = ? order by all",
                [report_year + 1],
            ).fetchall()
        ),
        factors={
            (source, target): divisor
            for source, target, divisor in connection.execute("select * from reference.unit_factor").fetchall()
        },
    )


def _told_apart(schools: Sequence[tuple[str, str, str]]) -> Iterator[School]:
    """Schools from their codes, names and regions' names; two of the same name are called by their region as well."""
    names = Counter(name for _, name, _ in schools)
    in_region = Counter((name, region) for _, name, region in schools)
    for code, name, region in schools:
        if names[name] > 1:
            name = f"{name}（{region if in_region[name, region] == 1 else code}）"
        yield School(code, name)


OF_REGION = f"(subject_code = ? or (subject_kind = 'school' and region_code in {SUBTREE}))"
"""What is of a region itself or of one of its schools; takes the region's code twice."""


def _facts(connection: duckdb.DuckDBPyConnection, report_year: int, region: str) -> dict[Reference, Fact]:
    """Of schools for the year, of the region for the years that tables show."""
    rows = query(
        connection,
        "select indicator_code, report_year, subject_code, scope_code, definition, numerator, denominator, value,"
        " rounded_value, display, status, n_expected, n_reported from core.fct_indicator_value"
        f" where {OF_REGION}"
        " and (report_year = ? or (subject_kind = 'region' and report_year between ? and ?)) order by all",
        [region, region, report_year, report_year - YEARS_SHOWN + 1, report_year],
    )
    facts = (Fact(Reference(*row[:4]), *row[4:]) for row in rows.iter_rows())
    return {fact.reference: fact for fact in facts}


def _changes(connection: duckdb.DuckDBPyConnection, report_year: int, region: str) -> dict[str, Change]:
    rows = query(
        connection,
        "select indicator_code, subject_code, scope_code, previous_scope_code, change_value, change_unit,"
        " change_display, comparability from core.fct_indicator_change"
        " where report_year = ? and region_code = ? order by all",
        [report_year, region],
    )
    return {
        code: Change(
            Reference(code, report_year, subject, scope),
            Reference(code, report_year - 1, subject, previous) if previous else None,
            value,
            unit,
            display,
            comparability,
        )
        for code, subject, scope, previous, value, unit, display, comparability in rows.iter_rows()
    }


def _members(connection: duckdb.DuckDBPyConnection, report_year: int, region: str) -> dict[str, frozenset[str]]:
    rows = connection.execute(
        "select scope_code, list(school_code) from core.brg_scope_school"
        f" where report_year = ? and region_code in {SUBTREE} group by scope_code",
        [report_year, region],
    ).fetchall()
    return {scope: frozenset(schools) for scope, schools in rows}


def _bounds(connection: duckdb.DuckDBPyConnection, report_year: int, region: str) -> dict[Reference, tuple[Bound, ...]]:
    rows = connection.execute(
        "select indicator_code, subject_code, scope_code, edition, comparison, bound, verdict from core.fct_standard"
        f" where report_year = ? and {OF_REGION} order by all",
        [report_year, region, region],
    ).fetchall()
    found: dict[Reference, tuple[Bound, ...]] = {}
    for code, subject, scope, *bound in rows:
        reference = Reference(code, report_year, subject, scope)
        found[reference] = (*found.get(reference, ()), Bound(reference, *bound))
    return found


def _explanations(connection: duckdb.DuckDBPyConnection, report_year: int, region: str) -> dict[str, tuple[str, ...]]:
    """Indicator → what schools explained about the values behind it, as far as the bureau has approved it."""
    rows = connection.execute(
        "select distinct indicator_code, respondent_name, sheet, value, reason from quality.footnote"
        f" where report_year = ? and region_code in {SUBTREE} order by all",
        [report_year, region],
    ).fetchall()
    found: dict[str, tuple[str, ...]] = {}
    for code, name, sheet, value, reason in rows:
        found[code] = (*found.get(code, ()), f"{name}（{sheet}，{value}）：{reason}")
    return found
