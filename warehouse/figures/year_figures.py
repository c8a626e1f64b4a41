"""What documents and site may print: every figure of one report year, its tables, and of whom they speak.

A printed number is bound to a `Reference`: `nianbao trace` leads from it to the cells of the submitted workbooks.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from types import MappingProxyType

import duckdb

from sources.system.faults import OneByOne
from warehouse.catalogue.catalogue import Catalogue
from warehouse.figures.conformity import EditionShare, EditionVerdict, shares_of_region, verdicts_of_schools
from warehouse.figures.fact import SCHOOL_SCOPE, Bound, Fact, Reference, School
from warehouse.figures.printed_table import PrintedTable, print_tables
from warehouse.figures.region_year import RegionYear, load_region_year, read_facts
from warehouse.figures.regions import SUBTREE
from warehouse.store.sql import period


@dataclass(frozen=True)
class Figures(RegionYear):
    """Everything about one report year that a document may say; `facts` are of the schools as well."""

    bureau_name: str
    school_year: tuple[int, int]
    whole_scope: str
    schools: tuple[School, ...]
    scopes: dict[str, str]
    members: dict[str, frozenset[str]]
    bounds: dict[Reference, tuple[Bound, ...]]
    """The standards of the editions that speak of the subject."""
    edition_verdicts: tuple[EditionVerdict, ...]
    edition_shares: tuple[EditionShare, ...]
    targets: dict[str, Decimal]
    factors: dict[tuple[str, str], int]
    tables: dict[str, PrintedTable]
    whole: "Figures | None" = field(default=None, kw_only=True)
    """Of a school: the figures of the region in which it lies, to be held beside its own."""

    @property
    def city_code(self) -> str:
        return self.region.code

    @property
    def city_name(self) -> str:
        return self.region.name

    def of_region(self, code: str) -> Fact | None:
        """The region's value in the scope that the bureau chose; None when there is none to print."""
        change = self.changes.get(code)
        return self._usable(change.current) if change else None

    def of_region_last_year(self, code: str) -> Fact | None:
        change = self.changes.get(code)
        return self._usable(change.previous) if change and change.previous else None

    def scope_of(self, code: str) -> str:
        """The scope in which the indicator is printed."""
        change = self.changes.get(code)
        return change.current.scope if change else self.whole_scope

    def of_schools(self, code: str) -> dict[str, Fact]:
        """School name → value, of the schools in the indicator's scope that have one, in the order of the roster."""
        scope = self.scope_of(code)
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
        counts = self.catalogue.indicators[reference.indicator].counts
        bound = self.latest_bound(reference)
        return counts.below if counts else bound.bound if bound else None


def load_figures(
    connection: duckdb.DuckDBPyConnection,
    catalogue: Catalogue,
    report_year: int,
    region_code: str | None = None,
    confirmed: Mapping[str, tuple[str, ...]] = MappingProxyType({}),
    one_by_one: OneByOne | None = None,
) -> Figures:
    """The figures of a report year from the published database; of the installation's own region, or of another.

    `confirmed`: indicator → what somebody confirmed of its figure before a release, for its footnotes. With
    `one_by_one` a table that fails is noted there, and is not among the figures.

    Raises LookupError when the database does not hold the year or the region, CatalogueChangedError when it was built
    with other indicators than today's.
    """
    # Long: one line for each thing that a document may speak of.
    of = load_region_year(connection, catalogue, report_year, region_code, confirmed)
    school_year = connection.execute(
        "select year(school_year_from), year(school_year_to) from reference.report_year where report_year = ?",
        [report_year],
    ).fetchone()
    facts = of.facts | _school_facts(connection, report_year, of.region.code)
    if school_year is None or not any(reference.year == report_year for reference in facts):
        raise LookupError(f"数据库中没有 {report_year} 年的数据。")
    scopes = dict(
        connection.execute(
            "select scope_code, coalesce(called.label, dim_scope.label) from core.dim_scope"
            f"{period('scope', 'called', 'scope_code', '$1')} order by sequence, scope_code",
            [report_year],
        ).fetchall()
    )
    return Figures(
        catalogue=catalogue,
        report_year=report_year,
        region=of.region,
        facts=facts,
        changes=of.changes,
        choices=of.choices,
        coverage=of.coverage,
        footnotes=of.footnotes,
        told=of.told,
        origin_note=of.origin_note,
        bureau_name=_bureau(connection, report_year, of.region.code) or of.region.name,
        school_year=(school_year[0], school_year[1]),
        whole_scope=next((code for code in scopes if code != SCHOOL_SCOPE), SCHOOL_SCOPE),
        schools=tuple(_schools(connection, report_year, of.region.code)),
        scopes=scopes,
        members=_members(connection, report_year, of.region.code),
        bounds=_bounds(connection, report_year, of.region.code),
        edition_verdicts=verdicts_of_schools(connection, report_year, of.region.code),
        edition_shares=shares_of_region(connection, report_year, of.region.code),
        targets=_targets(connection, report_year),
        factors=_factors(connection),
        tables=print_tables(connection, of, one_by_one),
    )


def _bureau(connection: duckdb.DuckDBPyConnection, report_year: int, region: str) -> str | None:
    """The name of the bureau that reports on the region."""
    found = connection.execute(
        f"select called.name from reference.respondent{period('respondent', 'called', 'respondent.code', '$2')}"
        " where kind = 'bureau' and respondent.region_code = $1"
        " and coalesce(since, $2) <= $2 and coalesce(until, $2) >= $2 order by respondent.code limit 1",
        [region, report_year],
    ).fetchone()
    return found[0] if found else None


def _schools(connection: duckdb.DuckDBPyConnection, report_year: int, region: str) -> Iterator[School]:
    rows = connection.execute(
        "select school_code, school_name, dim_school.region_name"
        " from core.dim_school inner join core.dim_region using (region_code)"
        f" where report_year = ? and region_code in {SUBTREE}"
        " order by dim_school.position",
        [report_year, region],
    ).fetchall()
    return _told_apart(rows)


def _told_apart(schools: Sequence[tuple[str, str, str]]) -> Iterator[School]:
    """Schools from their codes, names and regions' names; two of the same name are called by their region as well."""
    names = Counter(name for _, name, _ in schools)
    in_region = Counter((name, region) for _, name, region in schools)
    for code, name, region in schools:
        if names[name] > 1:
            name = f"{name}（{region if in_region[name, region] == 1 else code}）"
        yield School(code, name)


def _school_facts(connection: duckdb.DuckDBPyConnection, report_year: int, region: str) -> dict[Reference, Fact]:
    condition = f"subject_kind = 'school' and region_code in {SUBTREE} and report_year = ?"
    return read_facts(connection, condition, [region, report_year])


def _members(connection: duckdb.DuckDBPyConnection, report_year: int, region: str) -> dict[str, frozenset[str]]:
    rows = connection.execute(
        "select scope_code, list(school_code) from core.brg_scope_school"
        f" where report_year = ? and region_code in {SUBTREE} group by scope_code",
        [report_year, region],
    ).fetchall()
    return {scope: frozenset(schools) for scope, schools in rows}


def _bounds(connection: duckdb.DuckDBPyConnection, report_year: int, region: str) -> dict[Reference, tuple[Bound, ...]]:
    rows = connection.execute(
        "select indicator_code, subject_code, scope_code, edition, comparison, bound, verdict, is_verified"
        " from core.fct_standard where report_year = ? and verdict <> 'excluded'"
        f" and (subject_code = ? or (subject_kind = 'school' and region_code in {SUBTREE})) order by all",
        [report_year, region, region],
    ).fetchall()
    found: dict[Reference, tuple[Bound, ...]] = {}
    for code, subject, scope, *bound in rows:
        reference = Reference(code, report_year, subject, scope)
        found[reference] = (*found.get(reference, ()), Bound(reference, *bound))
    return found


def _targets(connection: duckdb.DuckDBPyConnection, report_year: int) -> dict[str, Decimal]:
    """Indicator → by how much it is to grow in the year after."""
    return dict(
        connection.execute(
            "select indicator_code, increase_at_least from reference.target where report_year = ? order by all",
            [report_year + 1],
        ).fetchall()
    )


def _factors(connection: duckdb.DuckDBPyConnection) -> dict[tuple[str, str], int]:
    """(unit, larger unit) → how many of the one make the other."""
    rows = connection.execute("select * from reference.unit_factor").fetchall()
    return {(source, target): divisor for source, target, divisor in rows}
