"""What the site shows beyond the figures: schools, scopes, who has sent what, and what was found."""

from dataclasses import dataclass
from typing import Any

import duckdb

from sources.audit.commented import COMMENTED
from warehouse.catalogue.indicator import Chapter, Indicator
from warehouse.figures.bounds import bounded_figures
from warehouse.figures.fact import SCHOOL_SCOPE, Coverage, Fact, Reference
from warehouse.figures.lineage import NOTHING_HIDDEN
from warehouse.figures.region_year import YEARS_SHOWN, read_facts
from warehouse.figures.regions import region_names
from warehouse.figures.year_figures import Figures
from warehouse.store.sql import period, query

Row = dict[str, Any]


@dataclass(frozen=True)
class SiteFacts:
    """All that the pages are made from. Rows are as in the database's tables of the same name."""

    figures: Figures
    timezone: str
    years: tuple[int, ...]
    """The report year and those before it, newest first."""
    schools: tuple[Row, ...]
    history: dict[Reference, Fact]
    """Values of schools, of all `years`."""
    scopes: dict[str, Row]
    standards: tuple[Row, ...]
    calendar: Row
    register: tuple[Row, ...]
    submissions: tuple[Row, ...]
    findings: tuple[Row, ...]
    published: tuple[Row, ...]
    """The city's list of figures of the year's printed report; none where there is no list."""
    told: tuple[Row, ...]
    """What was declared to change, in any year up to the report year: a row a change and party."""
    printed_scopes: dict[tuple[str, int], tuple[str, str]]
    """(indicator, year) → the scope in which the region's number was printed, and how it compares with last year's."""
    parts: tuple[tuple[str, str], ...]
    """Code and name of the regions that lie directly in the region, in their order."""
    districts: dict[Reference, Fact]
    """Values of those regions in the report year."""
    bounds: dict[str, str]
    """Indicator → what the region's number can still become; of those that lack schools."""

    def told_of(self, code: str) -> list[str]:
        """What changed for a school, the newest first."""
        return list(dict.fromkeys(row["told"] for row in reversed(self.told) if row["subject_code"] == code))

    def scope_of(self, chapter: Chapter) -> str:
        return self.figures.choices.get(chapter.topic, self.figures.whole_scope)

    def of_region(self, indicator: Indicator, scope: str) -> Fact | None:
        figures = self.figures
        return figures.facts.get(Reference(indicator.code, figures.report_year, figures.city_code, scope))

    def of_school(self, indicator: Indicator, school: str, report_year: int) -> Fact | None:
        return self.history.get(Reference(indicator.code, report_year, school, SCHOOL_SCOPE))

    def coverage_of(self, scope: str) -> Coverage | None:
        return self.figures.coverage.get((self.figures.report_year, scope))

    @property
    def chapters(self) -> tuple[Chapter, ...]:
        return self.figures.catalogue.chapters


SCHOOLS = (
    "select dim_school.*, called.stated_code from core.dim_school"
    f"{period('respondent', 'called', 'school_code', 'report_year')}"
    " where report_year = ? order by position"
)
SCOPES = (
    "select dim_scope.* replace (coalesce(called.label, dim_scope.label) as label,"
    " coalesce(called.description, dim_scope.description) as description)"
    f" from core.dim_scope{period('scope', 'called', 'scope_code', '$1')}"
)
CALENDAR = "select * from reference.report_year where report_year = ?"
REGISTER = "select * from quality.register where report_year = ? order by respondent_kind, position"
PUBLISHED = (
    "select figure_id, label, indicator_code, figure_year, subject_code, scope_code, kind from report.figure"
    " where report_year = ? order by figure_id"
)
TOLD = "select * from reference.change where report_year <= ? order by report_year, sequence, subject_code"
STANDARDS = (
    "select standards.*, sources.source, sources.clause from core.fct_standard as standards"
    " inner join core.dim_indicator as indicators using (indicator_code)"
    " inner join reference.standard as sources using (indicator_code, edition, category)"
    " where report_year = ? and (subject_kind = 'school' or subject_code = ?)"
    " order by edition, indicators.sequence, subject_code, scope_code"
)
SUBMISSIONS = (
    "select * from quality.submission where report_year = ? and submission_id is not null"
    " order by respondent_code, precedence desc, submission_id"
)
# what a school noted beside a cell is for the bureau (0047)
FINDINGS = (
    "select finding.* from quality.finding as finding"
    " inner join quality.register as register"
    " on finding.report_year = register.report_year and finding.respondent_code = register.respondent_code"
    " and finding.submission_id in (register.current_submission_id, register.latest_submission_id)"
    f" where finding.report_year = ? and finding.cause_id is null and finding.rule_id <> '{COMMENTED}'{NOTHING_HIDDEN}"
    " order by finding.severity, finding.rule_id,"
    " register.position, finding.sheet, finding.cell, finding.submission_id, finding.message"
)


def load_site_facts(connection: duckdb.DuckDBPyConnection, figures: Figures, timezone: str) -> SiteFacts:
    """Everything for the report year of the figures, from the same published database; times are in `timezone`."""

    def rows(sql: str, *more: str) -> tuple[Row, ...]:
        return tuple(query(connection, sql, [figures.report_year, *more]).to_dicts())

    years = _years(connection, figures.report_year)
    parts = _parts(connection, figures)
    return SiteFacts(
        figures=figures,
        timezone=timezone,
        years=years,
        schools=rows(SCHOOLS),
        history=read_facts(connection, "subject_kind = 'school' and list_contains(?, report_year)", [list(years)]),
        scopes={row["scope_code"]: row for row in rows(SCOPES)},
        standards=rows(STANDARDS, figures.city_code),
        calendar=next(iter(rows(CALENDAR)), {}),
        register=rows(REGISTER),
        submissions=rows(SUBMISSIONS),
        findings=rows(FINDINGS),
        published=rows(PUBLISHED),
        told=rows(TOLD),
        printed_scopes=_printed_scopes(connection, figures),
        parts=parts,
        districts=read_facts(
            connection,
            "subject_kind = 'region' and report_year = ? and list_contains(?, subject_code)",
            [figures.report_year, [code for code, _ in parts]],
        ),
        bounds={
            each.indicator_code: each.told
            for each in bounded_figures(connection, figures.city_code, figures.report_year)
        },
    )


def _years(connection: duckdb.DuckDBPyConnection, report_year: int) -> tuple[int, ...]:
    """The report year and those before it that the database holds, newest first."""
    rows = connection.execute(
        "select distinct report_year from core.dim_school where report_year <= ? order by report_year desc limit ?",
        [report_year, YEARS_SHOWN],
    ).fetchall()
    return tuple(year for (year,) in rows)


def _printed_scopes(connection: duckdb.DuckDBPyConnection, figures: Figures) -> dict[tuple[str, int], tuple[str, str]]:
    rows = connection.execute(
        "select indicator_code, report_year, scope_code, comparability from core.fct_indicator_change"
        " where subject_code = ? and report_year <= ?",
        [figures.city_code, figures.report_year],
    ).fetchall()
    return {(code, year): (scope, comparability) for code, year, scope, comparability in rows}


def _parts(connection: duckdb.DuckDBPyConnection, figures: Figures) -> tuple[tuple[str, str], ...]:
    known = region_names(connection, figures.report_year)
    codes = connection.execute(
        "select region_code from core.dim_region where parent_code = ? order by sequence, region_code",
        [figures.city_code],
    ).fetchall()
    return tuple((code, next(iter(known[code]))) for (code,) in codes)
