"""Who has sent what, and what was found in it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import date, datetime
from typing import Any, Literal

import duckdb

from sources.declarations.year_states import YearState
from sources.submission.finding import Finding
from sources.submission.finding_rows import FINDING_COLUMNS, findings_of, told_of
from sources.system.called import names_by_code, the_one_called
from warehouse.intake.version import Status
from warehouse.intake.versions import COUNTED, LATEST, STATED
from warehouse.store.ddl import table
from warehouse.store.sql import SUBTREE, period, records

FOUND = (
    ", ".join(f"finding.{name}" for name in FINDING_COLUMNS)
    + ", explanation.value as explained_value, explanation.reason, explanation.author"
    + " from registry.finding as finding"
    + " left join registry.explanation as explanation on finding.explanation_id = explanation.explanation_id"
)
"""The registry's findings with their explanations: what `findings_of` reads."""


@dataclass(frozen=True, slots=True)
class Overview:
    """What a respondent that is expected in a year has sent.

    `state` is that of its year; `status` is that of the latest version ('expected' when there is none), `stands`
    whether some version counts; errors and warnings are those of the version that counts, or of the latest where none
    does.
    """

    report_year: int
    respondent_code: str
    respondent_name: str
    state: YearState
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
    state: YearState
    state_since: datetime | None
    state_reason: str | None
    is_overdue: bool
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
    latest_errors: int

    @property
    def asks_to_act(self) -> bool:
        """Whether somebody has to do something before the year can go on: nothing counts in time, a file is returned,
        held or not read."""
        waits = (YearState.RETURNED, YearState.HELD, YearState.QUARANTINED)
        return self.is_overdue or self.state in waits or self.latest_status in ("rejected", "held")


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
    of_version: Literal["counts", "latest", "earlier"]
    stage: str
    explanation_id: str | None
    explanation_state: str | None

    @property
    def row(self) -> dict[str, Any]:
        """As a row of quality.finding, with its effect: for JSON."""
        found, given = self.finding.row, self.finding.explanation
        return {
            "finding_id": found["finding_id"],
            "submission_id": found["submission_id"],
            "report_year": self.report_year,
            "respondent_code": self.respondent_code,
            "region_code": self.region_code,
            "submission_status": self.submission_status,
            "of_version": self.of_version,
            "stage": self.stage,
            **{name: found[name] for name in ("rule_id", "rule_version", "severity", "file_name", "sheet", "cell")},
            **{name: found[name] for name in ("column_name", "record_key", "value", "message", "suggestion", "fix")},
            "is_explained": self.explanation_id is not None,
            "explanation_id": self.explanation_id,
            "explanation_state": self.explanation_state,
            "explanation": given and given.reason,
            "explanation_author": given and given.author,
            "effect": self.finding.effect and asdict(self.finding.effect),
            "cells": [f"{each.address.sheet} {each.address.cell}" for each in self.finding.each if each.address.cell],
        }


def submission_overview(connection: duckdb.DuckDBPyConnection, report_years: Sequence[int]) -> list[Overview]:
    """Who has sent what: one for each respondent that is expected in each of the years."""
    # Long: one query, a thought a part.
    found = records(
        connection,
        f"""
        with
            {LATEST},
            {COUNTED},

            versions as (
                select
                    respondent_code,
                    report_year,
                    count(*) as versions,
                    bool_or(is_current) as stands,
                    any_value(submission_id) filter (is_current) as submission_id
                from registry.submission
                group by respondent_code, report_year
            ),

            stated as ({STATED})

        select
            calendar.report_year,
            respondent.code as respondent_code,
            called.name as respondent_name,
            coalesce(stated.state, 'unsent') as state,
            coalesce(latest.status, 'expected') as status,
            coalesce(versions.stands, false) as stands,
            cast(coalesce(versions.versions, 0) as bigint) as versions,
            coalesce(problems.errors, 0) as errors,
            coalesce(problems.warnings, 0) as warnings
        from reference.report_year as calendar
        inner join reference.respondent as respondent
            on coalesce(respondent.since, calendar.report_year) <= calendar.report_year
            and coalesce(respondent.until, calendar.report_year) >= calendar.report_year
        {period("respondent", "called", "respondent.code", "calendar.report_year")}
        left join latest on respondent.code = latest.respondent_code and calendar.report_year = latest.report_year
        left join versions
            on respondent.code = versions.respondent_code and calendar.report_year = versions.report_year
        left join problems
            on coalesce(versions.submission_id, latest.submission_id) = problems.submission_id
        left join stated on respondent.code = stated.respondent_code and calendar.report_year = stated.report_year
        left join reference.region as region on respondent.region_code = region.code
        where list_contains(?, calendar.report_year)
        order by calendar.report_year, region.sequence, respondent.code
        """,
        [list(report_years)],
    )
    return [Overview(**row | {"state": YearState(row["state"])}) for row in found]


def latest_findings(connection: duckdb.DuckDBPyConnection, report_years: Sequence[int]) -> tuple[Finding, ...]:
    """Findings of each respondent's latest version of the years, and of files that nobody can be asked about."""
    return findings_of(
        records(
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
    found = records(
        connection,
        f"select {FOUND} where finding.submission_id in (select unnest(?))"
        " order by finding.submission_id, finding.severity, finding.sheet, finding.cell, finding.rule_id",
        [list(submission_ids)],
    )
    return by_submission(findings_of(found))


def by_submission(findings: Iterable[Finding]) -> dict[str, tuple[Finding, ...]]:
    """The findings by submission id, in their order."""
    found: dict[str, list[Finding]] = {}
    for finding in findings:
        found.setdefault(finding.address.submission_id, []).append(finding)
    return {submission_id: tuple(of_file) for submission_id, of_file in found.items()}


def registered_findings(connection: duckdb.DuckDBPyConnection, submission_id: str) -> tuple[RegisteredFinding, ...]:
    """The findings of one submission, with what the registry keeps beside them."""
    found = records(
        connection,
        f"select finding.stage, finding.explanation_id, {FOUND} where finding.submission_id = ?"
        " order by finding.severity, finding.sheet, finding.cell",
        [submission_id],
    )
    beside = (row for row, is_told in zip(found, told_of(found), strict=True) if is_told)
    return tuple(
        RegisteredFinding(finding, row["stage"], row["explanation_id"])
        for finding, row in zip(findings_of(found), beside, strict=True)
    )


def published_register(
    connection: duckdb.DuckDBPyConnection, report_year: int, region: str | None = None, respondent: str | None = None
) -> list[RegisterEntry]:
    """The register of a year from a built database: of everybody, of a region and all that lies in it, of one."""
    names = ", ".join(field.name for field in fields(RegisterEntry))
    found = records(
        connection,
        f"select {names} from quality.register where report_year = ? and (? is null or region_code in {SUBTREE})"
        " and (? is null or respondent_code = ?) order by respondent_kind desc, position",
        [report_year, region, region, respondent, respondent],
    )
    return [RegisterEntry(**row | {"state": YearState(row["state"])}) for row in found]


def find_respondent(connection: duckdb.DuckDBPyConnection, word: str) -> str:
    """The respondent of that code or name, of any year of a built database.

    Raises LookupError when there is none of the kind, or several may be meant; with the nearest.
    """
    rows = connection.execute(
        "select respondent_code, respondent_name from quality.register order by report_year desc, respondent_code"
    ).fetchall()
    rows += connection.execute(
        "select code, stated_code from reference.respondent_period where code <> stated_code order by all"
    ).fetchall()
    return the_one_called("填报单位", word, names_by_code(rows))


def published_findings(
    connection: duckdb.DuckDBPyConnection, report_year: int, respondent: str | None, region: str | None
) -> list[PublishedFinding]:
    """Findings about the versions of a year that count, and the newer ones that do not, from a built database.

    `region` is its own code; without one everybody's. Who has sent a file without a readable cover is not known, nor is
    the region then: such findings are there when no region is given.
    """
    found = records(
        connection,
        "select finding.*, explanation as reason, explanation_author as author,"
        " cast(null as varchar) as explained_value"
        " from quality.finding as finding"
        f" where (? is null or region_code in {SUBTREE}) and coalesce(respondent_code = ?, true)"
        " and (report_year = ? or report_year is null)"
        " and of_version <> 'earlier' order by severity, file_name, sheet, cell",
        [region, region, respondent, report_year],
    )
    return _published(found)


def _published(found: Sequence[Mapping[str, Any]]) -> list[PublishedFinding]:
    own = [field.name for field in fields(PublishedFinding)][1:]
    rows = (row for row, is_told in zip(found, told_of(found), strict=True) if is_told)
    return [
        PublishedFinding(finding, **{name: row[name] for name in own})
        for finding, row in zip(findings_of(found), rows, strict=True)
    ]
