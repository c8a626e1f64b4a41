"""Files that are not read any more: which, why, and who said so. Kept among the decisions, so in the archive.

The program sets a file aside when its process died on it; people set aside and take back. The last line counts.
"""

from dataclasses import asdict, dataclass
from pathlib import Path

from sources.archive.archive import archived_decisions, note_decision

KIND = "quarantine"
PROGRAM = "nianbao"
"""Who sets aside when nobody does."""


@dataclass(frozen=True, slots=True)
class Quarantine:
    """A decision about one content: set aside, or (not `is_set_aside`) taken back. `decided_at`: ISO 8601, UTC."""

    submission_id: str
    is_set_aside: bool
    reason: str
    by: str
    decided_at: str = ""


def note_quarantine(archive: Path, decision: Quarantine) -> None:
    """Appends a decision, with the time."""
    note_decision(archive, {"kind": KIND} | asdict(decision))


def quarantine_decisions(archive: Path) -> list[Quarantine]:
    """Every decision, in the order in which they were made."""
    lines = ({**line} for line in archived_decisions(archive) if line.get("kind") == KIND)
    return [Quarantine(**{name: value for name, value in line.items() if name != "kind"}) for line in lines]


def set_aside_now(archive: Path) -> dict[str, Quarantine]:
    """Submission id → why it is set aside today."""
    last = {decision.submission_id: decision for decision in quarantine_decisions(archive)}
    return {submission_id: decision for submission_id, decision in last.items() if decision.is_set_aside}
