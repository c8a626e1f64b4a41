"""Inbox → archive → cells → audit → raw → comparison: what one run does with the files that came in.

Only accepted submissions reach `raw.*`, whole or not at all; a rejected one leaves its findings and nothing else.
Whatever stops a run half-way, the next one takes up what is not yet decided. The archive is the truth: what it
has and the registry has not is registered, be it one file after a crash or everything after a loss.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from functools import partial
from itertools import islice
from pathlib import Path

import duckdb

from sources.archive.archive import archived_ids, archived_path, archived_receipts
from sources.archive.inbox import Inbox, look_into
from sources.archive.receive import receive
from sources.audit.judge import judge
from sources.declarations.city import City
from sources.declarations.declared import audit_version
from sources.read.read_workbook import read_workbook
from sources.submission.submission import Submission
from sources.system.parallel import each
from sources.system.settings import Limits, Settings
from warehouse.intake.accept import load_accepted
from warehouse.intake.decisions import apply_decisions
from warehouse.intake.explanations import explain_findings
from warehouse.intake.receipts import Pending, pending_submissions, record_receipts
from warehouse.intake.stage_times import Intake, timed
from warehouse.intake.standing import audit_standing
from warehouse.intake.versions import current_versions, record_identity
from warehouse.store.notes import get_state, record_clock, set_state
from warehouse.store.sql import transaction

REBUILDING_STATE = "rebuilding"
AT_ONCE = 500
"""Workbooks that are audited and loaded together: enough to make the audit of a sheet cheap, few enough for memory."""


def take_in(
    connection: duckdb.DuckDBPyConnection,
    settings: Settings,
    city: City,
    report_years: Sequence[int],
    inbox: Inbox | None = None,
) -> Intake:
    """Receives, reads, audits and loads what is new for the report years.

    `inbox` stands in for what lies in the inbox folder, for a rehearsal with one file.
    """
    result = Intake()
    version = audit_version(city)
    calendar = sorted(city.calendar.years)
    with timed(result, "received"):
        lying = look_into(settings.inbox) if inbox is None else inbox
        if _is_lost(connection, settings):
            set_state(connection, REBUILDING_STATE, "yes")
        if get_state(connection, REBUILDING_STATE) == "yes":
            report_years = calendar
        receive(lying, settings.archive, settings.limits, settings.today, settings.seen_file)
        with transaction(connection):
            result.new = record_receipts(connection, archived_receipts(settings.archive))
            record_clock(connection, settings.today)
        result.files, result.settling = len(lying.files), len(lying.settling)
    pending = pending_submissions(connection, report_years, version)
    received_on = {each_one.submission_id: each_one.received_on for each_one in pending}
    read = partial(_read, archive=settings.archive, city=city, limits=settings.limits)
    submissions = each(read, pending)
    while some := _next(result, submissions):
        _take_some(connection, some, report_years, received_on, city, version, result)
    with timed(result, "compared"):
        audit_standing(connection, calendar, version)
        with transaction(connection):
            apply_decisions(connection, settings)
            result.unexplained = explain_findings(connection, calendar)
            set_state(connection, REBUILDING_STATE, "no")
    return result


def _read(pending: Pending, archive: Path, city: City, limits: Limits) -> Submission:
    data = archived_path(pending.submission_id, archive).read_bytes()
    return read_workbook(data, pending.submission_id, pending.file_name, city, limits)


def _next(result: Intake, submissions: Iterator[Submission]) -> list[Submission]:
    with timed(result, "parsed"):
        return list(islice(submissions, AT_ONCE))


def _take_some(
    connection: duckdb.DuckDBPyConnection,
    submissions: Sequence[Submission],
    report_years: Sequence[int],
    received_on: Mapping[str, date],
    city: City,
    version: str,
    result: Intake,
) -> None:
    """Judges and loads submissions that have been read, as far as they are of the report years; adds to the result."""
    with timed(result, "audited"):
        with transaction(connection):
            record_identity(connection, submissions)
        due = [each_one for each_one in submissions if each_one.report_year in (None, *report_years)]
        outcome = judge(due, city, received_on, current_versions(connection).keys())
    with timed(result, "loaded"):
        rows = load_accepted(connection, outcome, version) if due else {}
    result.cells += outcome.cells.height
    result.findings += outcome.findings
    result.judged += tuple(each_one.submission_id for each_one in due)
    result.accepted += len(outcome.accepted)
    result.rejected += len(due) - len(outcome.accepted)
    result.rows = {name: result.rows.get(name, 0) + rows.get(name, 0) for name in result.rows | rows}


def _is_lost(connection: duckdb.DuckDBPyConnection, settings: Settings) -> bool:
    """Whether the archive has files though nothing is registered: a database that was lost, to be built again."""
    known = connection.execute("select count(*) from registry.submission").fetchone()
    return known == (0,) and bool(archived_ids(settings.archive))
