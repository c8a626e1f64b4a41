"""How each respondent's report year came to its state: replayed from files, verdicts, decisions and explanations.

The archive has them all, so a registry that was lost gets the same changes. A change has the time of its cause: when
the file came, when somebody decided. A verdict follows from its file, so it has the file's.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass
from datetime import UTC, date, datetime

import duckdb
import polars as pl

from sources.archive.version_decisions import VersionDecision
from sources.declarations.city import City
from sources.declarations.deadlines import ReportYear
from sources.declarations.year_states import TRANSITIONS, Event, Year
from sources.handle import SET_ASIDE
from warehouse.store.sql import insert, query

PROGRAM, BUREAU = "nianbao", "教育局"


@dataclass(frozen=True, slots=True)
class Happening:
    """An event of a respondent's year: when, about which file, whose doing, why."""

    event: Event
    at: datetime
    submission_id: str
    actor: str
    reason: str


@dataclass(frozen=True, slots=True)
class RegisteredFile:
    """A version as the registry has it, with what its state needs. `came_at` puts the versions in order, `refused` are
    the explanations in it that the bureau refused. Times are in UTC."""

    submission_id: str
    came_at: datetime
    received_at: datetime
    received_on: date
    status: str
    reason: str | None
    is_current: bool
    is_audited: bool
    is_quarantined: bool
    held_for: str | None
    warnings: int
    unexplained: int
    refused: int


CHANGE_SCHEMA: dict[str, pl.DataType] = {
    "report_year": pl.Int64(),
    "respondent_code": pl.String(),
    "step": pl.Int64(),
    "state": pl.String(),
    "event": pl.String(),
    "changed_at": pl.Datetime("us"),
    "submission_id": pl.String(),
    "actor": pl.String(),
    "reason": pl.String(),
}


def record_states(
    connection: duckdb.DuckDBPyConnection, city: City, decisions: Sequence[VersionDecision], were_held: Set[str]
) -> None:
    """Writes registry.state_change anew: every respondent's year of which a file came.

    `were_held`: the files that had no error and did not count when they came, for a question.
    """
    files: dict[tuple[int, str], list[RegisteredFile]] = defaultdict(list)
    for row in query(connection, FILES).iter_rows(named=True):
        files[row.pop("report_year"), row.pop("respondent_code")].append(RegisteredFile(**row))
    rows = [
        (year, respondent, *change)
        for (year, respondent), of_year in files.items()
        if (dates := city.calendar.years.get(year)) is not None
        for change in _changes(happenings(of_year, decisions, dates, respondent, were_held))
    ]
    connection.execute("delete from registry.state_change")
    insert(connection, "registry.state_change", pl.DataFrame(rows, schema=CHANGE_SCHEMA, orient="row"))


FILES = f"""
    with
        warned as (
            select
                submission_id,
                cast(count(*) filter (where severity = 'warning' and cause_id is null) as bigint) as warnings,
                cast(
                    count(*) filter (where severity = 'warning' and cause_id is null and explanation_id is null)
                    as bigint
                ) as unexplained,
                bool_or(rule_id = '{SET_ASIDE}') as is_quarantined
            from registry.finding
            group by submission_id
        ),

        refused as (
            select submission_id, cast(count(*) as bigint) as refused
            from registry.explanation
            where state = 'refused'
            group by submission_id
        ),

        came as (select submission_id, received_on from registry.receipt where receipt = 1)

    select
        submission.report_year,
        submission.respondent_code,
        submission.submission_id,
        submission.precedence as came_at,
        submission.received_at at time zone 'UTC' as received_at,
        came.received_on,
        submission.status,
        submission.decision_reason as reason,
        submission.is_current,
        submission.audit_version is not null and submission.status <> 'received' as is_audited,
        coalesce(warned.is_quarantined, false) as is_quarantined,
        submission.held_for,
        coalesce(warned.warnings, 0) as warnings,
        coalesce(warned.unexplained, 0) as unexplained,
        coalesce(refused.refused, 0) as refused
    from registry.submission as submission
    inner join came on submission.submission_id = came.submission_id
    left join warned on submission.submission_id = warned.submission_id
    left join refused on submission.submission_id = refused.submission_id
    where submission.respondent_code is not null and submission.report_year is not null
    order by submission.precedence, submission.is_current, submission.submission_id
"""
"""Every version that says whose it is; of what came together, the one that counts is last, whatever lay first."""


def happenings(
    files: Iterable[RegisteredFile],
    decisions: Iterable[VersionDecision],
    dates: ReportYear,
    respondent: str,
    were_held: Set[str] = frozenset(),
) -> list[Happening]:
    """What happened in a respondent's year, in order: file by file as they came, choices when they were made.

    `files` are in the order of coming.
    """
    of_year = list(files)
    known = {each.submission_id for each in of_year}
    decided = sorted((each for each in decisions if each.submission_id in known), key=lambda each: each.decided_at)
    settled = {each.submission_id: each for each in decided}
    told: list[tuple[datetime, list[Happening]]] = []
    for file in of_year:
        was_held = file.submission_id in were_held
        told.append((file.came_at, list(_of_file(file, settled.get(file.submission_id), dates, respondent, was_held))))
    for each in decided:
        if each.outcome == "counts" or (each.outcome == "confirmed" and each.submission_id in were_held):
            at = _utc(each.decided_at)
            event = Event.CHOSEN_FROZEN if dates.is_frozen(at.date()) else Event.CHOSEN
            told.append((at, [Happening(event, at, each.submission_id, each.by, each.reason)]))
    current = next((each for each in of_year if each.is_current), None)
    ordered = [happening for _, group in sorted(told, key=lambda each: each[0]) for happening in group]
    if current and current.warnings and current.unexplained <= current.refused and _is_at_rest(ordered):
        last = ordered[-1].at
        ordered.append(Happening(Event.ALL_EXPLAINED, last, current.submission_id, respondent, "警告都已说明"))
        if current.unexplained:
            why = f"有 {current.refused} 条说明不予认可"
            ordered.append(Happening(Event.DOUBTED, last, current.submission_id, BUREAU, why))
    return ordered


def _is_at_rest(ordered: Sequence[Happening]) -> bool:
    """Whether explaining is what comes next: the last thing that happened is that a version was taken."""
    return ordered[-1].event in (Event.TAKEN, Event.CHOSEN)


def _of_file(
    file: RegisteredFile, decision: VersionDecision | None, dates: ReportYear, respondent: str, was_held: bool
) -> Iterator[Happening]:
    """What happened to a file, until it was decided or waits."""
    at = file.received_at

    def at_receipt(event: Event, reason: str | None = None) -> Happening:
        actor = respondent if TRANSITIONS[event].actor == "respondent" else PROGRAM
        return Happening(event, at, file.submission_id, actor, reason or TRANSITIONS[event].label)

    yield at_receipt(Event.CAME)
    if file.is_quarantined:
        yield at_receipt(Event.SET_ASIDE, file.reason)
        return
    settled = _settled(file, decision, was_held)
    if settled or (not file.is_audited and file.status in ("held", "declined")):
        yield at_receipt(Event.ASKED, file.reason if file.status == "held" else None)
    if decision is not None and settled:
        at = _utc(decision.decided_at)
        yield Happening(settled, at, file.submission_id, decision.by, decision.reason)
    if not file.is_audited or file.status == "declined":
        return
    yield at_receipt(Event.AUDITED)
    if file.status == "rejected":
        yield at_receipt(Event.REFUSED, file.reason)
    elif file.status == "held" or was_held:
        yield at_receipt(Event.ASKED, file.reason if file.status == "held" else None)
    elif dates.is_frozen(file.received_on):
        yield at_receipt(Event.TAKEN_FROZEN)
    else:
        yield at_receipt(Event.TAKEN)


def _settled(file: RegisteredFile, decision: VersionDecision | None, was_held: bool) -> Event | None:
    """What was decided about a file that was held before its audit; None where nothing was."""
    if decision is None:
        return None
    if file.status == "declined":
        return Event.DECLINED if decision.outcome == "declined" else None
    return Event.CONFIRMED if decision.outcome == "confirmed" and file.status != "held" and not was_held else None


def _changes(ordered: Sequence[Happening]) -> Iterator[tuple[object, ...]]:
    """Rows of CHANGE_SCHEMA from `step` on."""
    year = Year()
    for step, each in enumerate(ordered, 1):
        year = year.after(each.event)
        yield step, year.state, each.event, each.at, each.submission_id, each.actor, each.reason


def _utc(moment: str) -> datetime:
    return datetime.fromisoformat(moment).astimezone(UTC).replace(tzinfo=None)
