"""Inbox → archive → cells → audit → raw → comparison: what one run does with the files that came in.

Only accepted submissions reach `raw.*`, whole or not at all; a rejected one leaves its findings and nothing else.
Whatever stops a run half-way, the next one takes up what is not yet decided. The archive is the truth: what it
has and the registry has not is registered, be it one file after a crash or everything after a loss.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial
from itertools import islice
from pathlib import Path

import duckdb
import polars as pl

from sources.archive.archive import archived_ids, archived_path, archived_receipts
from sources.archive.inbox import Inbox, look_into
from sources.archive.receive import receive
from sources.audit.judge import Audit, audit
from sources.audit.suppression import suppress
from sources.declarations.city import City
from sources.declarations.codelist import load_codelists
from sources.declarations.contract import load_contracts
from sources.declarations.rule import load_cross_rules, load_intake_rules
from sources.read.read_workbook import read_workbook
from sources.submission.cell import CellAddress
from sources.submission.finding import findings_frame, intake_finding
from sources.submission.frames import SUBMISSION_SCHEMA
from sources.submission.submission import Submission, cells_frame, printed_last_year
from sources.system.fingerprint import fingerprint
from sources.system.parallel import each
from sources.system.settings import Limits, Settings
from warehouse.connection import insert, transaction
from warehouse.explanations import apply_decisions, explain_findings, record_explanations
from warehouse.registry import (
    IDENTITY,
    INTAKE_STAGE,
    current_versions,
    get_state,
    pending_submissions,
    record_clock,
    record_decisions,
    record_identity,
    record_receipts,
    set_state,
)
from warehouse.standing import audit_standing

REBUILDING_STATE = "rebuilding"
STAGES = ("received", "parsed", "audited", "loaded", "compared")
AT_ONCE = 500
"""Workbooks that are audited and loaded together: enough to make the audit of a sheet cheap, few enough for memory."""


@dataclass
class Intake:
    """What one run took in: counts for the summary, the ids that were judged, seconds by stage."""

    files: int = 0
    new: int = 0
    settling: int = 0
    cells: int = 0
    accepted: int = 0
    rejected: int = 0
    judged: tuple[str, ...] = ()
    unexplained: int = 0
    rows: dict[str, int] = field(default_factory=dict)
    findings: pl.DataFrame = field(default_factory=lambda: findings_frame([]))
    seconds: dict[str, float] = field(default_factory=lambda: dict.fromkeys(STAGES, 0.0))


def audit_version(city: City) -> str:
    """Changes whenever a contract, code list, rule or the city's declarations do."""
    rules = [*load_intake_rules().values(), *load_cross_rules()]
    return fingerprint([*load_contracts(), *load_codelists().values(), *rules, city])


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
    with _timed(result, "received"):
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
    received_on = dict(pending.select("submission_id", "received_on").iter_rows())
    read = partial(_read, archive=settings.archive, city=city, limits=settings.limits)
    readings = each(read, list(pending.select("submission_id", "file_name").iter_rows()))
    while some := _next(result, readings):
        _take_some(connection, some, report_years, received_on, city, version, result)
    with _timed(result, "compared"):
        audit_standing(connection, calendar, version)
        with transaction(connection):
            apply_decisions(connection, settings)
            result.unexplained = explain_findings(connection, calendar)
            set_state(connection, REBUILDING_STATE, "no")
    return result


def _read(submission: tuple[str, str], archive: Path, city: City, limits: Limits) -> Submission:
    submission_id, file_name = submission
    data = archived_path(submission_id, archive).read_bytes()
    return read_workbook(data, submission_id, file_name, city, limits)


def _next(result: Intake, readings: Iterator[Submission]) -> list[Submission]:
    with _timed(result, "parsed"):
        return list(islice(readings, AT_ONCE))


def _take_some(
    connection: duckdb.DuckDBPyConnection,
    readings: Sequence[Submission],
    report_years: Sequence[int],
    received_on: Mapping[str, date],
    city: City,
    version: str,
    result: Intake,
) -> None:
    """Audits and loads submissions that have been read, as far as they are of the report years; adds to the result."""
    with _timed(result, "audited"):
        submissions = _submissions(readings)
        with transaction(connection):
            record_identity(connection, submissions)
        due = submissions.filter(pl.col("report_year").is_null() | pl.col("report_year").is_in(list(report_years)))
        due_ids = set(due.get_column("submission_id"))
        readings = [reading for reading in readings if reading.submission_id in due_ids]
        cells = cells_frame(readings)
        structural = [finding for reading in readings for finding in reading.findings]
        outcome = audit(due.select(list(SUBMISSION_SCHEMA)), cells, structural, city, printed_last_year(readings))
        outcome = _refuse_late(outcome, readings, received_on, city, set(current_versions(connection)))
        outcome, cells, readings = suppress(outcome, cells, readings)
    with _timed(result, "loaded"):
        rows = _load(connection, due, cells, outcome, version, readings) if due.height else {}
    result.cells += cells.height
    result.findings = pl.concat([result.findings, outcome.findings])
    result.judged += tuple(due.get_column("submission_id"))
    result.accepted += len(outcome.accepted)
    result.rejected += due.height - len(outcome.accepted)
    result.rows = {name: result.rows.get(name, 0) + rows.get(name, 0) for name in result.rows | rows}


def _is_lost(connection: duckdb.DuckDBPyConnection, settings: Settings) -> bool:
    """Whether the archive has files though nothing is registered: a database that was lost, to be built again."""
    known = connection.execute("select count(*) from registry.submission").fetchone()
    return known == (0,) and bool(archived_ids(settings.archive))


def _refuse_late(
    outcome: Audit,
    readings: Sequence[Submission],
    received_on: Mapping[str, date],
    city: City,
    stands: set[tuple[str, int]],
) -> Audit:
    """Refuses resubmissions that came for a frozen year without a reason.

    What counts is the day of receipt, and whether another version stood (`stands`, respondent and year) or had
    come before; so the verdict is the same whenever it is reached.
    """
    findings = []
    for reading in readings:
        if reading.respondent is None or reading.report_year is None:
            continue
        key = (reading.respondent.code, reading.report_year)
        freezes = city.calendar.years[reading.report_year].freezes
        if key in stands and received_on[reading.submission_id] > freezes and not reading.revision_reason:
            cells = {column: cell for _, _, _, column, cell, _ in reading.cells}
            place = CellAddress(reading.submission_id, reading.file_name, "封面", cells.get("revision_reason"))
            place = replace(place, column_name="revision_reason", value=str(reading.report_year))
            findings.append(intake_finding("cover.year_frozen", place, expected=freezes.isoformat()))
        elif reading.submission_id in outcome.accepted:
            stands.add(key)
    refused = {finding["submission_id"] for finding in findings}
    everything = pl.concat([outcome.findings, findings_frame(findings)])
    return replace(outcome, findings=everything, accepted=outcome.accepted - refused)


def _submissions(readings: Sequence[Submission]) -> pl.DataFrame:
    rows = [
        (
            reading.submission_id,
            reading.file_name,
            reading.respondent.code if reading.respondent else None,
            reading.respondent.kind if reading.respondent else None,
            reading.report_year,
            reading.template_version,
            reading.saved_at,
            reading.revision_reason,
        )
        for reading in readings
    ]
    more: dict[str, pl.DataType] = {
        name: pl.Datetime("us") if name == "saved_at" else pl.String() for name in IDENTITY[2:]
    }
    return pl.DataFrame(rows, schema=SUBMISSION_SCHEMA | more, orient="row")


def _load(
    connection: duckdb.DuckDBPyConnection,
    submissions: pl.DataFrame,
    cells: pl.DataFrame,
    outcome: Audit,
    version: str,
    readings: Sequence[Submission],
) -> dict[str, int]:
    """Writes findings, explanations, decisions and accepted rows in one transaction; returns rows by sheet."""
    accepted = list(outcome.accepted)
    is_accepted = pl.col("submission_id").is_in(accepted)
    errors = outcome.findings.filter(pl.col("severity") == "error").group_by("submission_id").len("errors")
    decisions = submissions.join(errors, on="submission_id", how="left").with_columns(
        pl.col("errors").fill_null(0),
        status=pl.when(is_accepted).then(pl.lit("accepted")).otherwise(pl.lit("rejected")),
    )
    ids = submissions.get_column("submission_id").to_list()
    rows: dict[str, int] = {}
    with transaction(connection):
        for table in ("finding", "sheet_status"):
            connection.execute(f"delete from registry.{table} where submission_id in (select unnest(?))", [ids])
        insert(connection, "registry.finding", outcome.findings.with_columns(stage=pl.lit(INTAKE_STAGE)))
        insert(connection, "registry.sheet_status", outcome.sheet_status)
        insert(connection, "registry.cell", cells.filter(is_accepted))
        for name, typed in outcome.tables.items():
            loaded = typed.filter(is_accepted)
            insert(connection, f'raw."{name}"', loaded)
            rows[name] = loaded.height
        record_explanations(connection, readings)
        record_decisions(connection, decisions, version)
    return rows


@contextmanager
def _timed(result: Intake, stage: str) -> Iterator[None]:
    start = time.perf_counter()
    yield
    result.seconds[stage] = result.seconds.get(stage, 0.0) + time.perf_counter() - start
