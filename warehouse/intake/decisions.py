"""The bureau's decisions on explanations."""

import duckdb

from sources.archive.archive import archived_decisions, note_decision
from sources.system.settings import Settings
from warehouse.store.notes import get_state, set_state

DECISIONS_STATE = "decisions_applied"


def decide(
    connection: duckdb.DuckDBPyConnection, settings: Settings, explanation_id: str, state: str, approver: str
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
    note_decision(settings.archive, decision)
    return True


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
