"""Files that are held: nothing of them is loaded until a person says that they may be taken (`nianbao decide`).

Why a file is held is a finding of a rule `held.…`, which asks a question; each asker is a function of what was read and
of the receipt. To ask something more: declare its rule in sources/rules/intake.yml, and name its function in `asked`.
"""

from collections.abc import Iterable, Sequence

import duckdb
import polars as pl

from sources.archive.version_decisions import SettledHolds
from sources.audit.closed_years import FROZEN, closed_findings, is_closed_for
from sources.declarations.deadlines import Calendar
from sources.submission.finding import Finding
from sources.submission.finding_frames import findings_frame
from sources.submission.submission import Submission
from warehouse.intake.judged_by import JudgedBy
from warehouse.intake.versions import INTAKE_STAGE
from warehouse.intake.who_sent import Provenance, sender_findings
from warehouse.store.sql import insert, transaction

HELD = "held."
"""The rules that ask begin so."""


def asked(submissions: Sequence[Submission], by: JudgedBy, provenance: Provenance) -> list[Finding]:
    """Everything that is asked about files before they are taken. What was accepted once is asked about no more."""
    new = [each for each in submissions if each.submission_id not in by.accepted]
    calendars = {each.submission_id: by.city_of(each.submission_id).calendar for each in new}
    closed = closed_findings(new, provenance.days, calendars)
    return [*closed, *sender_findings(new, by.today, provenance)]


def hold(connection: duckdb.DuckDBPyConnection, questions: Sequence[Finding], settled: SettledHolds) -> frozenset[str]:
    """Holds the files that are asked about, but for those that may be taken; returns their ids.

    A file that may not be taken is declined, with who said so and why.
    """
    of_file: dict[str, list[Finding]] = {}
    for each in questions:
        if each.address.submission_id not in settled.confirmed:
            of_file.setdefault(each.address.submission_id, []).append(each)
    if not of_file:
        return frozenset()
    with transaction(connection):
        for table in ("finding", "suggested_cell", "sheet_status"):
            connection.execute(f"delete from registry.{table} where submission_id in (select unnest(?))", [[*of_file]])
        told = findings_frame([each for of in of_file.values() for each in of])
        insert(connection, "registry.finding", told.with_columns(stage=pl.lit(INTAKE_STAGE)))
        connection.executemany(
            "update registry.submission set status = 'held', is_current = false, audit_version = null,"
            " decided_at = null, held_for = ?, decision_reason = ? where submission_id = ?",
            [
                [" ".join(each.rule_id for each in of), "；".join(each.message for each in of), submission_id]
                for submission_id, of in of_file.items()
            ],
        )
        _decline(connection, settled)
    return frozenset(of_file)


def settle(connection: duckdb.DuckDBPyConnection, settled: SettledHolds, calendar: Calendar) -> None:
    """Does what people have decided since about held files: they wait for the audit again, or are declined. Those wait
    for the audit again, too, that were held for a closed year which by today's calendar was open: what else is asked of
    them is asked anew."""
    with transaction(connection):
        _wait_again(connection, "status in ('held', 'declined')", [*settled.confirmed])
        _wait_again(connection, "status = 'held'", _no_longer_closed(connection, calendar))
        _decline(connection, settled)


def _wait_again(connection: duckdb.DuckDBPyConnection, where: str, submission_ids: Sequence[str]) -> None:
    connection.execute(
        "update registry.submission set status = 'received', held_for = null, decision_reason = null"
        f" where {where} and audit_version is null and submission_id in (select unnest(?))",
        [[*submission_ids]],
    )
    connection.execute(
        "delete from registry.finding where starts_with(rule_id, ?) and submission_id in (select unnest(?))",
        [HELD, [*submission_ids]],
    )


def _no_longer_closed(connection: duckdb.DuckDBPyConnection, calendar: Calendar) -> list[str]:
    held = connection.execute(
        "select submission.submission_id, submission.report_year, list(receipt.received_on)"
        " from registry.submission as submission"
        " inner join registry.receipt as receipt on submission.submission_id = receipt.submission_id"
        " where submission.status = 'held' and submission.audit_version is null"
        " and list_has_any(string_split(submission.held_for, ' '), ?)"
        " group by submission.submission_id, submission.report_year order by submission.submission_id",
        [[FROZEN]],
    ).fetchall()
    return [key for key, year, days in held if year in calendar.years and not is_closed_for(calendar, year, days)]


def _decline(connection: duckdb.DuckDBPyConnection, settled: SettledHolds) -> None:
    _each(
        connection,
        "update registry.submission set status = 'declined', decision_reason = ?"
        " where status = 'held' and submission_id = ?",
        ([f"不采用：{each.reason}（{each.by}）", key] for key, each in settled.declined.items()),
    )


def _each(connection: duckdb.DuckDBPyConnection, sql: str, rows: Iterable[list[str]]) -> None:
    if parameters := list(rows):
        connection.executemany(sql, parameters)
