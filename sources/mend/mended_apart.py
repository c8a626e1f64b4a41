"""What this room does with a file that nobody vouches for, done in a process of its own: for a server that lives on.

Threads may ask at the same time. What the file exceeds, or its process dies of, is told as any other refusal.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import TypeVar

from sources.declarations.city import City
from sources.mend.corrected_workbook import Correction, CorrectionError, corrected
from sources.mend.explained_workbook import explained
from sources.read.sheet_view import SheetView, view_sheets
from sources.submission.explanation import GivenExplanation
from sources.submission.finding import Finding
from sources.system.apart import Exceeded, each_apart
from sources.system.faults import ToldError
from sources.system.settings import Limits

Result = TypeVar("Result")


def corrected_apart(
    data: bytes, corrections: Sequence[Correction], city: City, limits: Limits, saved_at: datetime | None = None
) -> bytes:
    """`corrected` apart. Raises CorrectionError."""
    return _apart(
        partial(_corrected, corrections=tuple(corrections), city=city, limits=limits, saved_at=saved_at), data, limits
    )


def explained_apart(
    data: bytes,
    findings: Sequence[Finding],
    answers: Sequence[GivenExplanation],
    city: City,
    limits: Limits,
    outcomes: tuple[str, str] | None = None,
) -> bytes:
    """`explained` apart. Raises CorrectionError, also for what is an ExplanationError there."""
    work = partial(
        _explained, findings=tuple(findings), answers=tuple(answers), city=city, limits=limits, outcomes=outcomes
    )
    return _apart(work, data, limits)


def viewed_apart(data: bytes, city: City, limits: Limits) -> tuple[SheetView, ...]:
    """`view_sheets` apart; nothing of a file that exceeds the limits."""
    try:
        return _apart(partial(view_sheets, city=city, limits=limits), data, limits)
    except CorrectionError:
        return ()


def _apart(work: Callable[[bytes], Result], data: bytes, limits: Limits) -> Result:
    try:
        (outcome,) = each_apart(work, [data], limits)
    except ToldError as error:  # what passes between processes is a ToldError, whatever it was there
        raise CorrectionError(str(error)) from None
    if isinstance(outcome, Exceeded):
        raise CorrectionError(f"这份文件不能在页面里改：{outcome.told(limits)}。请在 WPS 里改好，再报送。")
    return outcome


def _corrected(
    data: bytes, corrections: tuple[Correction, ...], city: City, limits: Limits, saved_at: datetime | None
) -> bytes:
    return corrected(data, corrections, city, saved_at, limits)


def _explained(
    data: bytes,
    findings: tuple[Finding, ...],
    answers: tuple[GivenExplanation, ...],
    city: City,
    limits: Limits,
    outcomes: tuple[str, str] | None,
) -> bytes:
    return explained(data, findings, answers, city, outcomes, limits)
