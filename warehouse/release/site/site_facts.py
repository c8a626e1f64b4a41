"""What the site shows beyond the figures: schools, scopes, who has sent what, and what was found."""

from dataclasses import dataclass
from typing import Any

import duckdb

from warehouse.catalogue.indicator import Chapter, Indicator, load_chapters, load_indicators
from warehouse.catalogue.report_table import ReportTable, load_report_tables
from warehouse.figures.fact import SCHOOL_SCOPE, Coverage, Fact, Reference
from warehouse.figures.table_texts import TableTexts, print_table, table_rows
from warehouse.figures.year_figures import Figures, load_figures
from warehouse.store.sql import query

YEARS_SHOWN = 4
Row = dict[str, Any]


@dataclass(frozen=True)
class SiteTable:
    """A table of the report as text, and where each of its cells comes from (None for words)."""

    declared: ReportTable
    printed: TableTexts
    references: tuple[tuple[Reference | None, ...], ...]


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
    choices: dict[str, str]
    """Topic → scope."""
    scopes: dict[str, Row]
    standards: tuple[Row, ...]
    calendar: Row
    register: tuple[Row, ...]
    submissions: tuple[Row, ...]
    findings: tuple[Row, ...]
    tables: tuple[SiteTable, ...]

    def scope_of(self, chapter: Chapter) -> str:
        return self.choices.get(chapter.topic, self.figures.whole_scope)

    def of_region(self, indicator: Indicator, scope: str) -> Fact | None:
        figures = self.figures
        return figures.facts.get(Reference(indicator.code, figures.report_year, figures.city_code, scope))

    def of_school(self, indicator: Indicator, school: str, report_year: int) -> Fact | None:
        return self.history.get(Reference(indicator.code, report_year, school, SCHOOL_SCOPE))

    def coverage_of(self, scope: str) -> Coverage | None:
        return self.figures.coverage.get((self.figures.report_year, scope))

    @property
    def chapters(self) -> tuple[Chapter, ...]:
        return load_chapters()


def load_site_facts(connection: duckdb.DuckDBPyConnection, timezone: str, report_year: int) -> SiteFacts:
    """Everything for one report year from the published database; times are in `timezone`.

    Raises LookupError when the database does not hold the year.
    """
    figures = load_figures(connection, report_year)
    years = tuple(
        year
        for (year,) in connection.execute(
            "select distinct report_year from core.dim_school where report_year <= ? order by report_year desc limit ?",
            [report_year, YEARS_SHOWN],
        ).fetchall()
    )
    choices = dict(
        connection.execute(
            "select topic, scope_code from core.dim_scope_choice where report_year = ? and region_code = ?",
            [report_year, figures.city_code],
        ).fetchall()
    )

    def rows(sql: str, *more: str) -> tuple[Row, ...]:
        return tuple(query(connection, sql, [report_year, *more]).to_dicts())

    return SiteFacts(
        figures=figures,
        timezone=timezone,
        years=years,
        schools=rows("select * from core.dim_school where report_year = ? order by sequence, school_code"),
        history=_history(connection, years),
        choices=choices,
        scopes={row["scope_code"]: row for row in query(connection, "select * from core.dim_scope").to_dicts()},
        standards=rows(
            "select standards.*, sources.source from core.fct_standard as standards"
            " inner join core.dim_indicator as indicators using (indicator_code)"
            " inner join (select distinct indicator_code, edition, bound, source from reference.standard) as sources"
            " using (indicator_code, edition, bound)"
            " where report_year = ? and (subject_kind = 'school' or subject_code = ?)"
            " order by edition, indicators.sequence, subject_code, scope_code",
            figures.city_code,
        ),
        calendar=next(iter(rows("select * from reference.report_year where report_year = ?")), {}),
        register=rows("select * from quality.register where report_year = ? order by respondent_kind, respondent_code"),
        submissions=rows(
            "select * from quality.submission where report_year = ? and submission_id is not null"
            " order by respondent_code, precedence desc, submission_id"
        ),
        findings=rows(
            "select findings.* from quality.finding as findings"
            " inner join quality.register as register"
            " on findings.report_year = register.report_year and findings.respondent_code = register.respondent_code"
            " and findings.submission_id in (register.current_submission_id, register.latest_submission_id)"
            " where findings.report_year = ? order by findings.severity, findings.rule_id,"
            " findings.respondent_code, findings.sheet, findings.cell, findings.submission_id, findings.message"
        ),
        tables=tuple(_tables(connection, figures, choices)),
    )


def _history(connection: duckdb.DuckDBPyConnection, years: tuple[int, ...]) -> dict[Reference, Fact]:
    rows = query(
        connection,
        "select indicator_code, report_year, subject_code, scope_code, definition, numerator, denominator, value,"
        " rounded_value, display, status, n_expected, n_reported from core.fct_indicator_value"
        " where subject_kind = 'school' and list_contains(?, report_year) order by all",
        [list(years)],
    )
    facts = (Fact(Reference(*row[:4]), *row[4:]) for row in rows.iter_rows())
    return {fact.reference: fact for fact in facts}


def _tables(connection: duckdb.DuckDBPyConnection, figures: Figures, choices: dict[str, str]) -> list[SiteTable]:
    found = []
    for table in load_report_tables().values():
        try:
            printed = print_table(connection, table, figures.report_year, figures.city_code)
        except LookupError:
            continue
        references = tuple(
            tuple(_reference(table, name, record, figures, choices) for name in table.columns)
            for record in table_rows(connection, table, figures.report_year, figures.city_code)
        )
        found.append(SiteTable(table, printed, references))
    return found


def _reference(
    table: ReportTable, column: str, record: Row, figures: Figures, choices: dict[str, str]
) -> Reference | None:
    """The number that a cell of a table prints; None when it prints words, or there is no value."""
    if record.get(column) is None:
        return None
    if table.layout == "comparison":
        change = figures.changes.get(record["indicator_code"])
        if change is None:
            return None
        return {
            "current_display": change.current,
            "denominator_display": change.current,
            "previous_display": change.previous,
            "change_display": change.reference,
        }.get(column)
    if column not in load_indicators():
        return None
    scope = choices.get(table.topic, figures.whole_scope)
    if table.layout == "years":
        return Reference(column, record["year"], figures.city_code, scope)
    if record["is_total"]:
        return Reference(column, figures.report_year, figures.city_code, scope)
    return Reference(column, figures.report_year, record["school_code"], SCHOOL_SCOPE)
