"""Inbox → archive → cells → audit → raw → comparison: what one run does with the files that came in.

Only accepted submissions reach `raw.*`, each within one transaction; a rejected one leaves its findings and
nothing else.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import duckdb
import polars as pl

from sources.archive import archived_path, receive
from sources.audit import Audit, audit
from sources.frames import SUBMISSION_SCHEMA
from sources.model import City, fingerprint, load_codelists, load_contracts, load_cross_rules, load_intake_rules
from sources.settings import Settings
from sources.workbook import Reading, cells_frame, read_workbook
from warehouse.connection import insert, transaction
from warehouse.registry import (
    INTAKE_STAGE,
    pending_submissions,
    record_decisions,
    record_identity,
    record_receipts,
)
from warehouse.standing import audit_standing


@dataclass
class Intake:
    """What one run took in: counts for the summary, `findings` of the submissions judged, seconds by stage."""

    files: int = 0
    new: int = 0
    cells: int = 0
    accepted: int = 0
    rejected: int = 0
    rows: dict[str, int] = field(default_factory=dict)
    findings: pl.DataFrame = field(default_factory=pl.DataFrame)
    seconds: dict[str, float] = field(default_factory=dict)


def audit_version(city: City) -> str:
    """Changes whenever a contract, code list, rule or the city's declarations do."""
    rules = [*load_intake_rules().values(), *load_cross_rules()]
    return fingerprint([*load_contracts(), *load_codelists().values(), *rules, city])


def take_in(
    connection: duckdb.DuckDBPyConnection, settings: Settings, city: City, report_years: Sequence[int]
) -> Intake:
    """Receives, reads, audits and loads what is new for the report years."""
    result = Intake()
    version = audit_version(city)
    with _timed(result, "received"), transaction(connection):
        receipts = list(receive(settings.inbox, settings.archive))
        result.files = len(receipts)
        result.new = record_receipts(connection, receipts)
    with _timed(result, "parsed"):
        pending = pending_submissions(connection, report_years, version)
        readings = [
            read_workbook(archived_path(submission_id, settings.archive).read_bytes(), submission_id, name, city)
            for submission_id, name in pending.iter_rows()
        ]
        submissions = _submissions(readings)
        if readings:
            with transaction(connection):
                record_identity(connection, submissions)
        due = submissions.filter(pl.col("report_year").is_null() | pl.col("report_year").is_in(list(report_years)))
        due_ids = set(due.get_column("submission_id"))
        readings = [reading for reading in readings if reading.submission_id in due_ids]
        cells = cells_frame(readings)
        result.cells = cells.height
    with _timed(result, "audited"):
        structural = [finding for reading in readings for finding in reading.findings]
        outcome = audit(due.select(list(SUBMISSION_SCHEMA)), cells, structural, city)
        result.findings = outcome.findings
        result.accepted = len(outcome.accepted)
        result.rejected = due.height - result.accepted
    with _timed(result, "loaded"):
        if due.height:
            result.rows = _load(connection, due, cells, outcome, version)
    with _timed(result, "compared"):
        audit_standing(connection, report_years, version)
    return result


def _submissions(readings: Sequence[Reading]) -> pl.DataFrame:
    rows = [
        (
            reading.submission_id,
            reading.file_name,
            reading.respondent.code if reading.respondent else None,
            reading.respondent.kind if reading.respondent else None,
            reading.report_year,
            reading.template_version,
        )
        for reading in readings
    ]
    return pl.DataFrame(rows, schema=SUBMISSION_SCHEMA | {"template_version": pl.String}, orient="row")


def _load(
    connection: duckdb.DuckDBPyConnection,
    submissions: pl.DataFrame,
    cells: pl.DataFrame,
    outcome: Audit,
    version: str,
) -> dict[str, int]:
    """Writes findings, decisions and the accepted rows in one transaction; returns rows by sheet."""
    accepted = list(outcome.accepted)
    is_accepted = pl.col("submission_id").is_in(accepted)
    decisions = submissions.with_columns(
        status=pl.when(is_accepted).then(pl.lit("accepted")).otherwise(pl.lit("rejected"))
    )
    ids = submissions.get_column("submission_id").to_list()
    rows: dict[str, int] = {}
    with transaction(connection):
        for table in ("finding", "sheet_status"):
            connection.execute(f"delete from registry.{table} where list_contains(?, submission_id)", [ids])
        insert(connection, "registry.finding", outcome.findings.with_columns(stage=pl.lit(INTAKE_STAGE)))
        insert(connection, "registry.sheet_status", outcome.sheet_status)
        insert(connection, "registry.cell", cells.filter(is_accepted))
        for name, typed in outcome.tables.items():
            loaded = typed.filter(is_accepted)
            insert(connection, f'raw."{name}"', loaded)
            rows[name] = loaded.height
        record_decisions(connection, decisions, version)
    return rows


@contextmanager
def _timed(result: Intake, stage: str) -> Iterator[None]:
    start = time.perf_counter()
    yield
    result.seconds[stage] = time.perf_counter() - start
