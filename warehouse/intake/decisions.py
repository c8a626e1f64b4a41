"""The bureau's decisions: on explanations, and on which file is taken or counts."""

import duckdb

from sources.archive.archive import archived_decisions, note_decision
from sources.archive.version_decisions import Outcome, VersionDecision, note_version_decisions
from sources.submission.file_names import ID_LETTERS
from sources.system.settings import Settings
from warehouse.store.notes import get_state, set_state

DECISIONS_STATE = "decisions_applied"
LEAST_LETTERS = 6
"""Of a submission id, to name one."""


def decide(
    connection: duckdb.DuckDBPyConnection,
    settings: Settings,
    explanation_id: str,
    state: str,
    approver: str,
    reason: str = "",
) -> bool:
    """Notes in the archive that an explanation is approved or refused; False when there is no such explanation.

    The next run applies it. `connection` is only read, so the published database will do.
    """
    known = connection.execute(
        "select count(*) from registry.explanation where explanation_id = ?", [explanation_id]
    ).fetchone()
    if not known or not known[0]:
        return False
    decision = {"kind": "explanation", "explanation_id": explanation_id, "state": state, "approver": approver}
    note_decision(settings.archive, decision | {"reason": reason})
    return True


def decide_version(
    connection: duckdb.DuckDBPyConnection, settings: Settings, version: str, decline: bool, reason: str, by: str
) -> tuple[VersionDecision, ...]:
    """Notes in the archive that a file is taken or not, or that it counts; the next run applies it.

    `version` is a submission id or the first letters of one. A file that was held may be taken, or is declined; one
    that was audited without an error counts from now on. What the same respondent and year had waiting since before it
    came is declined with it: it could only be superseded. Returns what was noted, the wish itself first.

    Raises LookupError when no single file is meant, or when there is nothing to decide about it.
    """
    rows = connection.execute(
        "select submission_id, status, file_name, decision_reason, audit_version is not null from registry.submission"
        " where starts_with(submission_id, ?) order by submission_id",
        [version],
    ).fetchall()
    if len(rows) != 1 or len(version) < LEAST_LETTERS:
        told = "没有" if not rows else "不止一份"
        raise LookupError(f"编号以 {version} 开头的报送{told}；编号见 nianbao status，至少写前 {LEAST_LETTERS} 位。")
    ((submission_id, status, file_name, why, is_audited),) = rows
    outcome: Outcome = "declined" if decline else "counts" if is_audited else "confirmed"
    if status in ("received", "rejected"):
        raise LookupError(f"{file_name} 还不能采用：{why or '还没有审核'}。")
    if decline and status != "held":
        raise LookupError(f"{file_name} 不是待确认的报送；要以另一份为准，请用 --version 指明那一份。")
    decisions = [VersionDecision(submission_id, outcome, reason, by)]
    if not decline:
        instead = f"已采用后来的 {submission_id[:ID_LETTERS]}"
        before = _held_before(connection, submission_id)
        decisions += [VersionDecision(each, "declined", instead, by) for each in before]
    note_version_decisions(settings.archive, decisions)
    return tuple(decisions)


def _held_before(connection: duckdb.DuckDBPyConnection, submission_id: str) -> list[str]:
    """The files of the same respondent and year that came before a file and are still held."""
    rows = connection.execute(
        "select held.submission_id from registry.submission as held inner join registry.submission as taken"
        " on held.respondent_code = taken.respondent_code and held.report_year = taken.report_year"
        " where taken.submission_id = ? and held.status = 'held' and held.sequence < taken.sequence"
        " order by held.sequence",
        [submission_id],
    ).fetchall()
    return [each for (each,) in rows]


def apply_decisions(connection: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    """Sets what the bureau has decided, as the archive has it; the last decision counts."""
    decisions = archived_decisions(settings.archive)
    for decision in decisions:
        if decision.get("kind") == "explanation":
            connection.execute(
                "update registry.explanation set state = ?, approver = ? where explanation_id = ?",
                [decision["state"], decision["approver"], decision["explanation_id"]],
            )
    set_state(connection, DECISIONS_STATE, str(len(decisions)))


def undecided(connection: duckdb.DuckDBPyConnection, settings: Settings) -> int:
    """How many decisions on file have not been applied yet."""
    return len(archived_decisions(settings.archive)) - applied_decisions(connection)


def applied_decisions(connection: duckdb.DuckDBPyConnection) -> int:
    """How many decisions of the archive, from its first on, this database has applied."""
    return int(get_state(connection, DECISIONS_STATE) or 0)
