"""What one run took in: counts, findings, and seconds by stage."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from sources.submission.finding import Finding

STAGES = ("received", "parsed", "audited", "loaded", "compared")


@dataclass
class Intake:
    """What one run took in: counts for the summary, the ids that were judged, seconds by stage."""

    files: int = 0
    new: int = 0
    settling: int = 0
    cells: int = 0
    accepted: int = 0
    rejected: int = 0
    held: int = 0
    judged: tuple[str, ...] = ()
    unexplained: int = 0
    rows: dict[str, int] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    seconds: dict[str, float] = field(default_factory=lambda: dict.fromkeys(STAGES, 0.0))


@contextmanager
def timed(result: Intake, stage: str) -> Iterator[None]:
    start = time.perf_counter()
    yield
    result.seconds[stage] = result.seconds.get(stage, 0.0) + time.perf_counter() - start
