"""What people decide about a file: that it may be taken, that it may not, that it is the version that counts.

Kept among the decisions, so in the archive; of one file the last line on whether it may be taken holds.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from sources.archive.archive import archived_decisions, note_decisions

KIND = "version"
Outcome = Literal["confirmed", "declined", "counts"]


@dataclass(frozen=True, slots=True)
class VersionDecision:
    """A decision about one file. `decided_at`: ISO 8601, UTC.

    confirmed: it was held, and is taken as any other; declined: it was held, and is not taken; counts: it is the
    version of its respondent and year that counts, whatever came before the decision.
    """

    submission_id: str
    outcome: Outcome
    reason: str
    by: str
    decided_at: str = ""


@dataclass(frozen=True, slots=True)
class SettledHolds:
    """The held files that were settled: may be taken, or may not (decision by submission id)."""

    confirmed: dict[str, VersionDecision]
    declined: dict[str, VersionDecision]

    def __contains__(self, submission_id: str) -> bool:
        return submission_id in self.confirmed or submission_id in self.declined


def note_version_decisions(archive: Path, decisions: Sequence[VersionDecision]) -> None:
    """Appends decisions, with the time: all or none."""
    note_decisions(archive, [version_line(each) for each in decisions])


def version_line(decision: VersionDecision) -> dict[str, Any]:
    """A decision as a line of the archive, without the time."""
    return {"kind": KIND} | asdict(decision)


def version_decisions(archive: Path) -> list[VersionDecision]:
    """Every decision, in the order in which they were made."""
    lines = (line for line in archived_decisions(archive) if line.get("kind") == KIND)
    return [VersionDecision(**{name: value for name, value in line.items() if name != "kind"}) for line in lines]


def settled_by(decisions: Iterable[VersionDecision]) -> SettledHolds:
    """What the decisions say of held files; who lets a file count lets it be taken."""
    last = {decision.submission_id: decision for decision in decisions}
    return SettledHolds(
        {key: each for key, each in last.items() if each.outcome != "declined"},
        {key: each for key, each in last.items() if each.outcome == "declined"},
    )
