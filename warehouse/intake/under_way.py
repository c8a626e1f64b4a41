"""Which files a run has in hand, written down before it begins with them: a run that is killed cannot say it later.

A file that was in hand when a run died is read and judged by itself in the next one; on which two runs died, it is
set aside. A run that ends by itself, whatever the outcome, leaves no notes.
"""

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sources.system.access import OWNERS_FILE
from sources.system.settings import Settings

BEGAN, ENDED, JUDGING, DIED = "+", "-", "judging", "died"


@dataclass
class UnderWay:
    """The notes of a run, and what the notes of dead ones say; `deaths`: submission id → runs that died on it."""

    path: Path
    deaths: Counter[str] = field(default_factory=Counter)
    judged: frozenset[str] = frozenset()
    """Were being judged, together, when the last run died."""

    def began(self, submission_id: str) -> None:
        self._note(BEGAN, submission_id)

    def ended(self, submission_id: str) -> None:
        self._note(ENDED, submission_id)

    def judging(self, submission_ids: Sequence[str]) -> None:
        """These are being judged and loaded; none when that is over."""
        self._note(JUDGING, *submission_ids)

    def is_suspect(self, submission_id: str) -> bool:
        return submission_id in self.deaths or submission_id in self.judged

    def _note(self, *words: str) -> None:
        """Appends a line in one write. It need not reach the disk: a process that is killed has handed it over."""
        descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, OWNERS_FILE)
        try:
            os.write(descriptor, (" ".join(words) + "\n").encode())
        finally:
            os.close(descriptor)


@contextmanager
def under_way(settings: Settings) -> Iterator[UnderWay]:
    """The notes of this run, with what those of dead ones say. The caller holds the lock."""
    path = settings.working_database.with_name("under_way.txt")
    found = _of_the_dead(path)
    path.unlink(missing_ok=True)
    for submission_id, count in found.deaths.items():
        found._note(DIED, submission_id, str(count))
    try:
        yield found
    finally:
        path.unlink(missing_ok=True)


def _of_the_dead(path: Path) -> UnderWay:
    lines = path.read_text("utf-8", errors="replace").splitlines() if path.exists() else []
    deaths: Counter[str] = Counter()
    in_hand: set[str] = set()
    judged: frozenset[str] = frozenset()
    for what, *words in (line.split() for line in lines if line.strip()):
        if what == DIED and len(words) == 2 and words[1].isdecimal():
            deaths[words[0]] += int(words[1])
        elif what == JUDGING:
            judged = frozenset(words)
        elif what == BEGAN:
            in_hand |= set(words)
        elif what == ENDED:
            in_hand -= set(words)
    return UnderWay(path, deaths + Counter(in_hand), judged)
