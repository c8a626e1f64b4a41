"""Pending files → submissions, each read in a process of its own; what must not be read again is set aside."""

from collections.abc import Iterator, Sequence
from itertools import chain

import duckdb

from sources.archive.archive import archived_acceptances, archived_path
from sources.archive.quarantine import PROGRAM, Quarantine, note_quarantine, quarantine_decisions, set_aside_now
from sources.handle import SET_ASIDE, ToRead, read_apart, set_aside
from sources.submission.submission import Submission
from sources.system.apart import EachApart, Exceeded, Watch, each_apart
from sources.system.settings import Settings
from warehouse.intake.judged_by import JudgedBy
from warehouse.intake.receipts import NAME_OF_UNIDENTIFIED, Pending
from warehouse.intake.under_way import UnderWay
from warehouse.store.sql import query, transaction

DEATHS = 2
DIED_TWICE = f"在处理它时，运行 {DEATHS} 次意外中断"


def withdraw(connection: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    """Makes pending again what has been set aside, or taken back, since it was judged; its cells and rows go."""
    aside = set_aside_now(settings.archive)
    told = query(connection, f"select distinct submission_id from registry.finding where rule_id = '{SET_ASIDE}'")
    judged = query(connection, "select submission_id from registry.submission where status <> 'received'")
    says_so = set(told.get_column("submission_id"))
    by_quarantine = _by_quarantine(settings)
    changed = [
        submission_id
        for submission_id in judged.get_column("submission_id")
        if (submission_id in aside and submission_id not in says_so)
        or (submission_id in says_so and submission_id in by_quarantine and submission_id not in aside)
    ]
    if not changed:
        return
    tables = query(connection, "select table_name from duckdb_tables() where schema_name = 'raw'")
    raw = (f'raw."{name}"' for name in tables.get_column("table_name"))
    with transaction(connection):
        of_file = ("registry.cell", "registry.finding", "registry.suggested_cell", "registry.sheet_status")
        for table in chain(raw, of_file):
            connection.execute(f"delete from {table} where submission_id in (select unnest(?))", [changed])
        connection.execute(
            f"""
            update registry.submission
            set status = 'received', is_current = false, respondent_code = null, report_year = null,
                file_name = {NAME_OF_UNIDENTIFIED}
            where submission_id in (select unnest(?))
            """,
            [changed],
        )


def read_pending(
    settings: Settings, by: JudgedBy, pending: Sequence[Pending], notes: UnderWay, each_apart: EachApart = each_apart
) -> Iterator[Submission]:
    """The submissions, in order. A file is set aside, in the archive, when its process exceeds the limits or dies, or
    when two runs have died with it in hand."""
    aside = {submission_id: decision.reason for submission_id, decision in set_aside_now(settings.archive).items()}
    for each in pending:
        if each.submission_id not in aside and notes.deaths[each.submission_id] >= DEATHS:
            aside[each.submission_id] = _set_aside(settings, each.submission_id, DIED_TWICE)
    to_read = [
        ToRead(
            each.submission_id,
            each.file_name,
            archived_path(each.submission_id, settings.archive),
            notes.is_suspect(each.submission_id),
            by.kept_for(each.submission_id),
        )
        for each in pending
        if each.submission_id not in aside
    ]
    watch: Watch[ToRead] = Watch(
        began=lambda file: notes.began(file.submission_id), ended=lambda file: notes.ended(file.submission_id)
    )
    outcomes = read_apart(to_read, by.today, settings.limits, watch, each_apart)
    for each in pending:
        if each.submission_id in aside:
            yield set_aside(each.submission_id, each.file_name, aside[each.submission_id])
            continue
        outcome = next(outcomes)
        if isinstance(outcome, Exceeded):
            why = outcome.told(settings.limits)
            if outcome.is_of_the_file:
                _set_aside(settings, each.submission_id, why)
            outcome = set_aside(each.submission_id, each.file_name, why)
        yield outcome


def name_set_aside(connection: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    """Says whose a file is that was accepted once and is set aside now: it is not read, so its cover cannot tell."""
    accepted = archived_acceptances(settings.archive)
    for submission_id in set_aside_now(settings.archive):
        if (known := accepted.get(submission_id)) is not None:
            connection.execute(
                "update registry.submission set respondent_code = ?, report_year = ?"
                " where submission_id = ? and respondent_code is null",
                [known.respondent_code, known.report_year, submission_id],
            )


def _set_aside(settings: Settings, submission_id: str, why: str) -> str:
    note_quarantine(settings.archive, Quarantine(submission_id, True, why, PROGRAM))
    return why


def _by_quarantine(settings: Settings) -> set[str]:
    """Everything that was ever set aside; what only a fault of ours stopped never was."""
    return {decision.submission_id for decision in quarantine_decisions(settings.archive)}
