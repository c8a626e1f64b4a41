"""What the site shows beyond the figures: schools, scopes, who has sent what, and what was found."""

from dataclasses import dataclass
from typing import Any

import duckdb

from warehouse.catalogue.indicator import Chapter, Indicator
from warehouse.figures.fact import SCHOOL_SCOPE, Coverage, Fact, Reference
from warehouse.figures.region_year import YEARS_SHOWN, read_facts
from warehouse.figures.year_figures import Figures
from warehouse.store.sql import query

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


SCHOOLS = "select * from core.dim_school where report_year = ? order by sequence, school_code"
CALENDAR = "select * from reference.report_year where report_year = ?"
REGISTER = "select * from quality.register where report_year = ? order by respondent_kind, respondent_code"
STANDARDS = (
    "select standards.*, sources.source from core.fct_standard as standards"
    " inner join core.dim_indicator as indicators using (indicator_code)"
    " inner join (select distinct indicator_code, edition, bound, source from reference.standard) as sources"
    " using (indicator_code, edition, bound)"
    " where report_year = ? and (subject_kind = 'school' or subject_code = ?)"
    " order by edition, indicators.sequence, subject_code, scope_code"
)
SUBMISSIONS = (
    "select * from quality.submission where report_year = ? and submission_id is not null"
    " order by respondent_code, precedence desc, submission_id"
)
FINDINGS = (
    "select findings.* from quality.finding as findings"
    " inner join quality.register as register"
    " on findings.report_year = register.report_year and findings.respondent_code = register.respondent_code"
    " and findings.submission_id in (register.current_submission_id, register.latest_submission_id)"
    " where findings.report_year = ? order by findings.severity, findings.rule_id,"
    " findings.respondent_code, findings.sheet, findings.cell, findings.submission_id, findings.message"
)


def load_site_facts(connection: duckdb.DuckDBPyConnection, figures: Figures, timezone: str) -> SiteFacts:
    """Everything for the report year of the figures, from the same published database; times are in `timezone`."""

    def rows(sql: str, *more: str) -> tuple[Row, ...]:
        return tuple(query(connection, sql, [figures.report_year, *more]).to_dicts())

    years = _years(connection, figures.report_year)
    return SiteFacts(
        figures=figures,
        timezone=timezone,
        years=years,
        schools=rows(SCHOOLS),
        history=read_facts(connection, "subject_kind = 'school' and list_contains(?, report_year)", [list(years)]),
        scopes={row["scope_code"]: row for row in query(connection, "select * from core.dim_scope").to_dicts()},
        standards=rows(STANDARDS, figures.city_code),
        calendar=next(iter(rows(CALENDAR)), {}),
        register=rows(REGISTER),
        submissions=rows(SUBMISSIONS),
        findings=rows(FINDINGS),
    )


def _years(connection: duckdb.DuckDBPyConnection, report_year: int) -> tuple[int, ...]:
    """The report year and those before it that the database holds, newest first."""
    rows = connection.execute(
        "select distinct report_year from core.dim_school where report_year <= ? order by report_year desc limit ?",
        [report_year, YEARS_SHOWN],
    ).fetchall()
    return tuple(year for (year,) in rows)
