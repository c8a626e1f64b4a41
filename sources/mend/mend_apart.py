"""A file mended in a process of its own, as it is read in one: whatever it holds, only that process is lost."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from sources.declarations.city import City
from sources.mend.corrected_workbook import Correction, CorrectionError, corrected
from sources.mend.explained_workbook import explained
from sources.submission.explanation import GivenExplanation
from sources.submission.finding import Finding
from sources.system.apart import Exceeded, each_apart
from sources.system.settings import Limits


@dataclass(frozen=True, slots=True)
class ToMend:
    """A file, what is to be typed into it, what was found in it, and what is said of that."""

    data: bytes
    saved_at: datetime | None = None
    corrections: tuple[Correction, ...] = ()
    findings: tuple[Finding, ...] = ()
    answers: tuple[GivenExplanation, ...] = ()
    outcomes: tuple[str, str] | None = None


def corrected_apart(
    data: bytes, corrections: Sequence[Correction], city: City, saved_at: datetime, limits: Limits
) -> bytes:
    """`corrected`, apart. Raises ToldError, also for a file that exceeds the limits."""
    return _apart(ToMend(data, saved_at, tuple(corrections)), city, limits)


def explained_apart(
    data: bytes,
    findings: Sequence[Finding],
    answers: Sequence[GivenExplanation],
    city: City,
    outcomes: tuple[str, str],
    limits: Limits,
) -> bytes:
    """`explained`, apart. Raises ToldError, also for a file that exceeds the limits."""
    return _apart(ToMend(data, None, (), tuple(findings), tuple(answers), outcomes), city, limits)


def _apart(file: ToMend, city: City, limits: Limits) -> bytes:
    (made,) = each_apart(partial(_mended, city=city, limits=limits), [file], limits)
    if isinstance(made, Exceeded):
        raise CorrectionError(f"这份文件在页面里改不了：{made.told(limits)}。请在 WPS 里改好，再上传。")
    return made


def _mended(file: ToMend, city: City, limits: Limits) -> bytes:
    if file.corrections:
        return corrected(file.data, file.corrections, city, file.saved_at, limits)
    return explained(file.data, file.findings, file.answers, city, file.outcomes, limits)
