"""What the published database says of a region in a report year: its values, changes, scopes and footnotes.

Enough for a table; the schools one by one are read by `year_figures`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import duckdb

from sources.declarations.origin import NOT_OF_THE_SCHOOL, ORIGIN_NOTE
from warehouse.catalogue.catalogue import Catalogue, check_built_with
from warehouse.figures.fact import Change, Coverage, Fact, Footnote, Reference, School
from warehouse.figures.regions import SUBTREE, KnownRegion, find_region

YEARS_SHOWN = 4
FACT_COLUMNS = (
    "indicator_code, report_year, subject_code, scope_code, definition, numerator, denominator, value,"
    " rounded_value, display, status, n_expected, n_reported, origin"
)


@dataclass(frozen=True, slots=True)
class ToldChange:
    """What a declaration changed in the report year, in words: a renaming, a merger, a new label.

    `counts`: whether schools began or ended by it. `scopes` are those that hold one of the schools, this year or last;
    `subjects` the codes of all that it is about.
    """

    told: str
    counts: bool
    scopes: frozenset[str]
    subjects: frozenset[str]


@dataclass(frozen=True)
class RegionYear:
    """`facts` are of the years that tables show; `changes` by indicator, `choices` by topic: which scope is printed.

    `school` is the one of which all of it is, where that is not the region.
    """

    catalogue: Catalogue
    report_year: int
    region: KnownRegion
    facts: dict[Reference, Fact]
    changes: dict[str, Change]
    choices: dict[str, str]
    coverage: dict[tuple[int, str], Coverage]
    footnotes: tuple[Footnote, ...]
    told: tuple[ToldChange, ...]
    origin_note: str
    """What a page must say that names the region's schools: '' where all that stands beside them is theirs."""
    school: School | None = field(default=None, kw_only=True)

    @property
    def subject(self) -> str:
        """The code of whom its numbers speak: the region, or the school."""
        return self.school.code if self.school else self.region.code

    @property
    def subject_name(self) -> str:
        return self.school.name if self.school else self.region.name

    def begun_or_ended(self, scope: str) -> tuple[str, ...]:
        """Which schools of a scope began or ended in the year, in words; renaming and the like are not among them."""
        return tuple(each.told for each in self.told if each.counts and scope in each.scopes)

    def explained(self, number: Reference) -> tuple[str, ...]:
        """What has been explained about the cells that count in a number of the region in the report year."""
        if (number.year, number.subject) != (self.report_year, self.subject):
            return ()
        of = (number.indicator, number.scope)
        return tuple(footnote.text for footnote in self.footnotes if (footnote.indicator, footnote.scope) == of)


def load_region_year(
    connection: duckdb.DuckDBPyConnection,
    catalogue: Catalogue,
    report_year: int,
    region_code: str | None = None,
    confirmed: Mapping[str, tuple[str, ...]] = MappingProxyType({}),
) -> RegionYear:
    """Of the installation's own region, or of another; what the database does not hold is empty.

    `confirmed`: indicator → what somebody confirmed of its figure before a release: footnotes too.

    Raises LookupError when the database has no such region, CatalogueChangedError when it was built with other
    indicators than today's.
    """
    check_built_with(connection, catalogue)
    region = find_region(connection, region_code, report_year)
    changes = changes_of(connection, report_year, "region", region.code)
    told = [(code, change.current.scope) for code, change in changes.items() if code in confirmed]
    confirmed_footnotes = tuple(Footnote(code, scope, text) for code, scope in told for text in confirmed[code])
    return RegionYear(
        catalogue=catalogue,
        report_year=report_year,
        region=region,
        facts=read_facts(
            connection,
            "report_year between ? and ? and (subject_kind = 'region' and subject_code = ?"
            f" or subject_kind = 'school' and status = 'suppressed' and region_code in {SUBTREE})",
            [report_year - YEARS_SHOWN + 1, report_year, region.code, region.code],
        ),
        changes=changes,
        choices=_choices(connection, report_year, region.code),
        coverage=_coverage(connection, region.code),
        footnotes=(*_footnotes(connection, report_year, region.code), *confirmed_footnotes),
        told=told_changes(connection, report_year, region.code),
        origin_note=_origin_note(connection, report_year, region.code),
    )


def told_changes(connection: duckdb.DuckDBPyConnection, report_year: int, region: str) -> tuple[ToldChange, ...]:
    """What changed in the year in the region and all that lies in it, in the order of the declarations."""
    rows = connection.execute(
        "select change.sequence, told, changes_count, list(distinct scope_code), list(distinct subject_code)"
        " from reference.change left join core.brg_scope_school as members"
        " on subject_code = members.school_code and members.report_year in (change.report_year - 1, change.report_year)"
        f" where change.report_year = ? and change.region_code in {SUBTREE}"
        " group by change.sequence, told, changes_count order by change.sequence",
        [report_year, region],
    ).fetchall()
    return tuple(
        ToldChange(told, counts, frozenset(filter(None, scopes)), frozenset(subjects))
        for _, told, counts, scopes, subjects in rows
    )


def _origin_note(connection: duckdb.DuckDBPyConnection, report_year: int, region: str) -> str:
    rows = connection.execute(
        "select distinct origin from core.fct_indicator_value where subject_kind = 'school' and value is not null"
        f" and report_year between ? and ? and region_code in {SUBTREE}",
        [report_year - YEARS_SHOWN + 1, report_year, region],
    ).fetchall()
    return ORIGIN_NOTE if any(origin in NOT_OF_THE_SCHOOL for (origin,) in rows) else ""


def read_facts(connection: duckdb.DuckDBPyConnection, condition: str, values: list[object]) -> dict[Reference, Fact]:
    """The values that a condition on `core.fct_indicator_value` selects."""
    rows = connection.execute(
        f"select {FACT_COLUMNS} from core.fct_indicator_value where {condition} order by all", values
    ).fetchall()
    facts = (Fact(Reference(*row[:4]), *row[4:]) for row in rows)
    return {fact.reference: fact for fact in facts}


def changes_of(
    connection: duckdb.DuckDBPyConnection, report_year: int, subject_kind: str, subject_code: str
) -> dict[str, Change]:
    """Indicator → its change since the year before, of a region or a school."""
    rows = connection.execute(
        "select indicator_code, subject_code, scope_code, previous_scope_code, change_value, change_unit,"
        " change_display, comparability from core.fct_indicator_change"
        " where report_year = ? and subject_kind = ? and subject_code = ? order by all",
        [report_year, subject_kind, subject_code],
    ).fetchall()
    return {
        code: Change(
            Reference(code, report_year, subject, scope),
            Reference(code, report_year - 1, subject, previous) if previous else None,
            value,
            unit,
            display,
            comparability,
        )
        for code, subject, scope, previous, value, unit, display, comparability in rows
    }


def _choices(connection: duckdb.DuckDBPyConnection, report_year: int, region: str) -> dict[str, str]:
    return dict(
        connection.execute(
            "select topic, scope_code from core.dim_scope_choice where report_year = ? and region_code = ?",
            [report_year, region],
        ).fetchall()
    )


def _coverage(connection: duckdb.DuckDBPyConnection, region: str) -> dict[tuple[int, str], Coverage]:
    rows = connection.execute(
        "select report_year, scope_code, schools_expected, schools_reported, students_percent, coverage"
        " from core.fct_coverage where region_code = ? order by all",
        [region],
    ).fetchall()
    return {(of_year, scope): Coverage(*row) for of_year, scope, *row in rows}


def _footnotes(connection: duckdb.DuckDBPyConnection, report_year: int, region: str) -> tuple[Footnote, ...]:
    rows = connection.execute(
        "select distinct respondent_name, sheet, value, reason, indicator_code, scope_code from quality.footnote"
        f" where report_year = ? and region_code in {SUBTREE} order by all",
        [report_year, region],
    ).fetchall()
    return tuple(
        Footnote(code, scope, f"{name}（{sheet}，{value}）：{reason}")
        for name, sheet, value, reason, code, scope in rows
    )
