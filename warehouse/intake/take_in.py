"""Inbox → archive → cells → audit → raw → comparison: what one run does with the files that came in.

Only accepted submissions reach `raw.*`, whole or not at all; a rejected one leaves its findings and nothing else.
Whatever stops a run half-way, the next one takes up what is not yet decided. The archive is the truth: what it
has and the registry has not is registered, be it one file after a crash or everything after a loss.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice
from pathlib import Path

import duckdb

from sources.archive.archive import archived_ids, archived_receipts
from sources.archive.inbox import Inbox, look_into
from sources.archive.receive import receive
from sources.archive.version_decisions import SettledHolds, settled_by, version_decisions
from sources.audit.audited import Audit
from sources.audit.judge import judge
from sources.declarations.city import City
from sources.declarations.declared import audit_version
from sources.handle import judge_apart, set_aside
from sources.submission.submission import Submission
from sources.system.apart import EachApart, Exceeded, each_apart
from sources.system.faults import told
from sources.system.settings import Limits, Settings
from warehouse.intake.accept import load_accepted
from warehouse.intake.decisions import apply_decisions
from warehouse.intake.explanations import explain_findings
from warehouse.intake.holds import asked, hold, settle
from warehouse.intake.judged_by import JudgedBy, load_judged_by, note_accepted
from warehouse.intake.lost import refuse_lost_versions, refuse_undeclared_edits
from warehouse.intake.read_pending import name_set_aside, read_pending, withdraw
from warehouse.intake.receipts import Pending, pending_submissions, record_receipts
from warehouse.intake.record_versions import record_identity, record_succession
from warehouse.intake.released import note_releases, released_versions
from warehouse.intake.stage_times import Intake, timed
from warehouse.intake.standing import audit_standing
from warehouse.intake.state_changes import record_states
from warehouse.intake.under_way import under_way
from warehouse.intake.who_sent import Provenance, load_provenance, senders_of
from warehouse.store.notes import get_state, record_clock, set_state
from warehouse.store.sql import transaction

REBUILDING_STATE = "rebuilding"
AT_ONCE = 500
"""Workbooks that are audited and loaded together: enough to make the audit of a sheet cheap, few enough for memory."""


@dataclass(frozen=True, slots=True)
class _Taking:
    """What one intake takes with: where to, for which years, the days of receipt by submission, what judges them, what
    is known of who sends, what people have settled about files that were held, how large a file may be, and who reads
    and judges."""

    connection: duckdb.DuckDBPyConnection
    archive: Path
    report_years: Sequence[int]
    received_on: Mapping[str, date]
    by: JudgedBy
    provenance: Provenance
    settled: SettledHolds
    limits: Limits
    each_apart: EachApart


def take_in(
    connection: duckdb.DuckDBPyConnection,
    settings: Settings,
    city: City,
    report_years: Sequence[int],
    inbox: Inbox | None = None,
    each_apart: EachApart = each_apart,
) -> Intake:
    """Receives, reads, audits and loads what is new for the report years.

    `inbox` stands in for what lies in the inbox folder, for a rehearsal with one file. `each_apart` reads and judges:
    processes of this machine, or a cluster.

    Raises PastChangedError when names of a past year were changed without a line in changes.yml, VersionsLostError when
    everything was taken in again and a file that was accepted is no longer.
    """
    # Long: what a run does with files, in the order in which it must be done.
    result = Intake()
    version = audit_version(city)
    refuse_undeclared_edits(settings.archive, city, version)
    calendar = sorted(city.calendar.years)
    with timed(result, "received"):
        lying = look_into(settings.inbox) if inbox is None else inbox
        if _is_lost(connection, settings):
            set_state(connection, REBUILDING_STATE, "yes")
        if get_state(connection, REBUILDING_STATE) == "yes":
            report_years = calendar
        senders = senders_of(settings.archive, city)
        receive(lying, settings.archive, settings.limits, settings.today, settings.seen_file, senders)
        receipts = archived_receipts(settings.archive)
        with transaction(connection):
            result.new = record_receipts(connection, receipts)
            record_clock(connection, settings.today)
        result.files, result.settling = len(lying.files), len(lying.settling)
    note_releases(connection, released_versions(settings))
    withdraw(connection, settings)
    decisions = version_decisions(settings.archive)
    settled = settled_by(decisions)
    settle(connection, settled, city.calendar)
    pending = pending_submissions(connection, report_years, version)
    received_on = {each.submission_id: each.received_on for each in pending}
    by = load_judged_by(settings.archive, city, version, received_on)
    provenance = load_provenance(settings.archive, (each for each in receipts if each.submission_id in received_on))
    take = _Taking(
        connection, settings.archive, report_years, received_on, by, provenance, settled, settings.limits, each_apart
    )
    _read_and_take(take, settings, pending, result)
    with timed(result, "loaded"), transaction(connection):
        name_set_aside(connection, settings)
        were_held = record_succession(connection, decisions)
    if get_state(connection, REBUILDING_STATE) == "yes":
        refuse_lost_versions(connection, settings)
    with timed(result, "compared"):
        audit_standing(connection, city, calendar, version)
        with transaction(connection):
            apply_decisions(connection, settings)
            result.unexplained = explain_findings(connection, calendar)
            record_states(connection, city, decisions, were_held)
            set_state(connection, REBUILDING_STATE, "no")
    return result


def _read_and_take(take: _Taking, settings: Settings, pending: Sequence[Pending], result: Intake) -> None:
    with under_way(settings) as notes:
        submissions = read_pending(settings, take.by, pending, notes, take.each_apart)
        while some := _next(result, submissions):
            notes.judging([each.submission_id for each in some])
            _take_all(take, some, result)
            notes.judging([])


def _next(result: Intake, submissions: Iterator[Submission]) -> list[Submission]:
    with timed(result, "parsed"):
        return list(islice(submissions, AT_ONCE))


def _take_all(take: _Taking, submissions: Sequence[Submission], result: Intake) -> None:
    """Takes submissions together; where that fails, one by one, and sets those aside that fail alone.

    Raises the error when the machine is at fault, and when all of several fail: then it is no file's fault.
    """
    error = _fault_in(take, submissions, result)
    if error is None:
        return
    failed = [(submissions[0], error)]
    if len(submissions) > 1:
        failed = [(each, fault) for each in submissions if (fault := _fault_in(take, [each], result))]
        if len(failed) == len(submissions):
            raise error
    for each, fault in failed:
        logging.getLogger(__name__).error("%s (%s)", each.file_name, each.submission_id, exc_info=fault)
        why = Exceeded("fault", type(fault).__name__).told(take.limits)
        _take_some(take, [set_aside(each.submission_id, each.file_name, why)], result)


def _fault_in(take: _Taking, submissions: Sequence[Submission], result: Intake) -> Exception | None:
    """Takes submissions; returns the error when that fails. Raises it when the machine is at fault."""
    try:
        _take_some(take, submissions, result)
    except Exception as error:
        if told(error):
            raise
        return error
    return None


def _take_some(take: _Taking, submissions: Sequence[Submission], result: Intake) -> None:
    """Judges and loads submissions that have been read, as far as they are of the report years; adds to the result."""
    with timed(result, "audited"):
        with transaction(take.connection):
            record_identity(take.connection, submissions)
        due = [each for each in submissions if each.report_year in (None, *take.report_years)]
        held = hold(take.connection, asked(due, take.by, take.provenance), take.settled)
        result.held += len(held)
        due = [each for each in due if each.submission_id not in held]
        if not due:
            return
        outcome = _judged(take, due)
        note_accepted(take.archive, take.by, (each for each in due if each.submission_id in outcome.accepted))
    with timed(result, "loaded"):
        rows = load_accepted(take.connection, take.by.today.pack, outcome, take.by.version_of)
    result.cells += outcome.cells.height
    result.findings += outcome.findings
    result.judged += tuple(each.submission_id for each in due)
    result.accepted += len(outcome.accepted)
    result.rejected += len(due) - len(outcome.accepted)
    result.rows = {name: result.rows.get(name, 0) + rows.get(name, 0) for name in result.rows | rows}


def _judged(take: _Taking, due: Sequence[Submission]) -> Audit:
    """Submissions judged: on this machine in this process, for many cost little more than one; else by the cluster."""
    if take.each_apart is each_apart:
        return judge(due, take.by.city_of, take.received_on)
    return judge_apart(due, take.by.today, take.received_on, take.by.kept_for, take.limits, take.each_apart)


def _is_lost(connection: duckdb.DuckDBPyConnection, settings: Settings) -> bool:
    """Whether the archive has files though nothing is registered: a database that was lost, to be built again."""
    known = connection.execute("select count(*) from registry.submission").fetchone()
    return known == (0,) and bool(archived_ids(settings.archive))
