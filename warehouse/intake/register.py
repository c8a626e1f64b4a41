"""Who has sent what, and what was found in it."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any, Literal

import duckdb
import polars as pl

from sources.submission.finding import EXPLAINED_SCHEMA, FINDING_SCHEMA, Finding, findings_of
from warehouse.intake.version import Status
from warehouse.intake.versions import COUNTED, LATEST
from warehouse.store.ddl import table
from warehouse.store.sql import SUBTREE, query

FOUND = (
    ", ".join(f"finding.{name}" for name in FINDING_SCHEMA)
    + ", explanation.value as explained_value, explanation.reason, explanation.author"
    + " from registry.finding as finding"
    + " left join registry.explanation as explanation on finding.explanation_id = explanation.explanation_id"
)
"""FINDING_SCHEMA and EXPLAINED_SCHEMA of the registry's findings: what `findings_of` reads."""


@dataclass(frozen=True, slots=True)
class Overview:
    """What a respondent that is expected in a year has sent.

    `status` is that of the latest version ('expected' when there is none), `stands` whether some version is accepted
    and current; errors and warnings are those of the latest version.
    """

    report_year: int
    respondent_code: str
    respondent_name: str
    status: Status | Literal["expected"]
    stands: bool
    versions: int
    errors: int
    warnings: int


@dataclass(frozen=True, slots=True)
class RegisterEntry:
    """A respondent that is expected in a year, as the built database's quality.register has it.

    The fields are the columns of that table, in its order; `current_…` is the version that counts, `latest_…` the last
    that was sent. Points in time are in UTC.
    """

    report_year: int
    respondent_code: str
    respondent_name: str
    respondent_kind: str
    region_code: str
    state: Literal["expected", "overdue", "accepted", "rejected"]
    opens: date
    due: date
    freezes: date
    days_overdue: int
    is_frozen: bool
    versions: int
    versions_rejected: int
    first_received_at: datetime | None
    current_submission_id: str | None
    current_file_name: str | None
    current_received_at: datetime | None
    current_reason: str | None
    latest_submission_id: str | None
    latest_file_name: str | None
    latest_status: Status | None
    latest_reason: str | None
    errors: int
    warnings: int
    warnings_unexplained: int

    @property
    def has_to_act(self) -> bool:
        """Whether the respondent has to send something: it is late, or its latest version was rejected."""
        return self.state in ("overdue", "rejected") or self.latest_status == "rejected"


@dataclass(frozen=True, slots=True)
class RegisteredFinding:
    """A finding as registry.finding has it."""

    finding: Finding
    stage: str
    explanation_id: str | None

    @property
    def row(self) -> dict[str, str | None]:
        """As a row of registry.finding, in its order: for JSON."""
        own = self.finding.row | {"stage": self.stage, "explanation_id": self.explanation_id}
        return {column.name: own[column.name] for column in table("registry", "finding").columns}


@dataclass(frozen=True, slots=True)
class PublishedFinding:
    """A finding with whose it is, as the built database's quality.finding has it."""

    finding: Finding
    report_year: int | None
    respondent_code: str | None
    region_code: str | None
    submission_status: Status
    stage: str
    explanation_id: str | None
    explanation_state: str | None

    @property
    def row(self) -> dict[str, Any]:
        """As a row of quality.finding: for JSON."""
        found, given = self.finding.row, self.finding.explanation
        return {
            "submission_id": found["submission_id"],
            "report_year": self.report_year,
            "respondent_code": self.respondent_code,
            "region_code": self.region_code,
            "submission_status": self.submission_status,
            "stage": self.stage,
            **{name: found[name] for name in ("rule_id", "rule_version", "severity", "file_name", "sheet", "cell")},
            **{name: found[name] for name in ("column_name", "record_key", "value", "message", "suggestion", "fix")},
            "is_explained": self.explanation_id is not None,
            "explanation_id": self.explanation_id,
            "explanation_state": self.explanation_state,
            "explanation": given and given.reason,
            "explanation_author": given and given.author,
        }


def submission_overview(connection: duckdb.DuckDBPyConnection, report_years: Sequence[int]) -> list[Overview]:
    """Who has sent what: one for each respondent that is expected in each of the years."""
    found = query(
        connection,
        f"""
        with
            {LATEST},
            {COUNTED},

            versions as (
                select respondent_code, report_year, count(*) as versions, bool_or(is_current) as stands
                from registry.submission
                group by respondent_code, report_year
            )

        select
            calendar.report_year,
            respondent.code as respondent_code,
            respondent.name as respondent_name,
            coalesce(latest.status, 'expected') as status,
            coalesce(versions.stands, false) as stands,
            cast(coalesce(versions.versions, 0) as bigint) as versions,
            coalesce(problems.errors, 0) as errors,
            coalesce(problems.warnings, 0) as warnings
        from reference.report_year as calendar
        inner join reference.respondent as respondent
            on coalesce(respondent.since, calendar.report_year) <= calendar.report_year
            and coalesce(respondent.until, calendar.report_year) >= calendar.report_year
        left join latest
            on respondent.code = latest.respondent_code and calendar.report_year = latest.report_year
        left join versions
            on respondent.code = versions.respondent_code and calendar.report_year = versions.report_year
        left join problems on latest.submission_id = problems.submission_id
        where list_contains(?, calendar.report_year)
        order by calendar.report_year, respondent.code
        """,
        [list(report_years)],
    )
    return [Overview(**row) for row in found.iter_rows(named=True)]


def latest_findings(connection: duckdb.DuckDBPyConnection, report_years: Sequence[int]) -> tuple[Finding, ...]:
    """Findings of each respondent's latest version of the years, and of files that nobody can be asked about."""
    return findings_of(
        query(
            connection,
            f"""
            with {LATEST}

            select {FOUND}
            inner join registry.submission as submission on finding.submission_id = submission.submission_id
            left join latest on finding.submission_id = latest.submission_id
            where
                (latest.submission_id is not null and list_contains(?, latest.report_year))
                or submission.respondent_code is null
                or submission.report_year is null
            order by finding.severity, finding.file_name, finding.sheet, finding.cell
            """,
            [list(report_years)],
        )
    )


def submission_findings(
    connection: duckdb.DuckDBPyConnection, submission_ids: Sequence[str]
) -> dict[str, tuple[Finding, ...]]:
    """The findings of submissions, by submission id; of one without any, nothing."""
    found: dict[str, list[Finding]] = {}
    frame = query(
        connection,
        f"select {FOUND} where finding.submission_id in (select unnest(?))"
        " order by finding.submission_id, finding.severity, finding.sheet, finding.cell, finding.rule_id",
        [list(submission_ids)],
    )
    for finding in findings_of(frame):
        found.setdefault(finding.address.submission_id, []).append(finding)
    return {submission_id: tuple(findings) for submission_id, findings in found.items()}


def registered_findings(connection: duckdb.DuckDBPyConnection, submission_id: str) -> tuple[RegisteredFinding, ...]:
    """The findings of one submission, with what the registry keeps beside them."""
    found = query(
        connection,
        f"select finding.stage, finding.explanation_id, {FOUND} where finding.submission_id = ?"
        " order by finding.severity, finding.sheet, finding.cell",
        [submission_id],
    )
    beside = found.select("stage", "explanation_id").iter_rows(named=True)
    return tuple(RegisteredFinding(finding, **row) for finding, row in zip(findings_of(found), beside, strict=True))


def published_register(
    connection: duckdb.DuckDBPyConnection, report_year: int, region: str | None = None
) -> list[RegisterEntry]:
    """The register of a year from a built database: of everybody, or of a region and all that lies in it."""
    names = ", ".join(field.name for field in fields(RegisterEntry))
    found = query(
        connection,
        f"select {names} from quality.register where report_year = ? and (? is null or region_code in {SUBTREE})"
        " order by respondent_kind desc, respondent_code",
        [report_year, region, region],
    )
    return [RegisterEntry(**row) for row in found.iter_rows(named=True)]


def published_findings(
    connection: duckdb.DuckDBPyConnection, report_year: int, respondent: str | None, region: str | None
) -> list[PublishedFinding]:
    """Findings about the versions of a year that have not been superseded, from a built database.

    `region` is its own code; without one everybody's. Who has sent a file without a readable cover is not known, nor is
    the region then: such findings are there when no region is given.
    """
    found = query(
        connection,
        "select finding.*, explanation as reason, explanation_author as author,"
        " cast(null as varchar) as explained_value"
        " from quality.finding as finding"
        f" where (? is null or region_code in {SUBTREE}) and coalesce(respondent_code = ?, true)"
        " and (report_year = ? or report_year is null)"
        " and submission_status <> 'superseded' order by severity, file_name, sheet, cell",
        [region, region, respondent, report_year],
    )
    return _published(found)


def _published(found: pl.DataFrame) -> list[PublishedFinding]:
    own = [field.name for field in fields(PublishedFinding)][1:]
    findings = findings_of(found.select(*FINDING_SCHEMA, *EXPLAINED_SCHEMA))
    rows = found.select(own).iter_rows(named=True)
    return [PublishedFinding(finding, **row) for finding, row in zip(findings, rows, strict=True)]
