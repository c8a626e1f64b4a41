"""The school's door: what the pipeline would say of its workbook, told without a database, before it is sent.

The file is read, judged and marked in a process of its own; here is what passes between the two.
"""

from dataclasses import dataclass
from functools import partial

from sources.checked import UNSENT, Checked, LastYearError, WorkbookFile
from sources.declarations.city import City
from sources.handle import ToMark, mark_apart, set_aside
from sources.submission.submission import Submission
from sources.system.apart import Exceeded, each_apart
from sources.system.faults import ToldError
from sources.system.settings import Limits

UNSENT_OUTCOMES = ("还不能报送，请先改正错误", "可以报送")


@dataclass(frozen=True, slots=True)
class _Asked:
    """A file, and last year's if that is given."""

    file: WorkbookFile
    last_year: WorkbookFile | None = None


def check_apart(
    data: bytes, file_name: str, city: City, limits: Limits, last_year: WorkbookFile | None = None
) -> Checked:
    """`check_workbook` in a process of its own: what the file exceeds, or dies of, is a finding.

    Nothing is printed, written or kept but the process; a server's threads may ask at the same time (`keep_idle` says
    how many processes then stay for the next). Raises LastYearError when `last_year` is not the same respondent's file
    of the year before, or cannot be read.
    """
    work, file = partial(_check, city=city, limits=limits), WorkbookFile(data, file_name)
    if last_year is not None:
        try:
            (compared,) = each_apart(work, [_Asked(file, last_year)], limits)
        except ToldError as error:  # what passes between processes is a ToldError, whatever it was there
            raise LastYearError(str(error)) from None
        if not isinstance(compared, Exceeded):
            return compared
    (checked,) = each_apart(work, [_Asked(file)], limits)
    if isinstance(checked, Exceeded):
        submission = set_aside(UNSENT, file_name, checked.told(limits))
        return Checked(submission, submission.findings)
    if last_year is not None:  # by itself the file does no harm
        assert isinstance(compared, Exceeded)
        raise LastYearError(f"上年的文件 {last_year.name} 读不出来：{compared.told(limits)}。")
    return checked


def _check(asked: _Asked, city: City, limits: Limits) -> Checked:
    from sources.check_workbook import check_workbook

    return check_workbook(asked.file.data, asked.file.name, city, limits, asked.last_year)


def read_apart(file: WorkbookFile, city: City, limits: Limits) -> Submission | Exceeded:
    """A file as the pipeline reads it, unjudged, in a process of its own."""
    (read,) = each_apart(partial(_read, city=city, limits=limits), [file], limits)
    return read


def _read(file: WorkbookFile, city: City, limits: Limits) -> Submission:
    from sources.read.read_workbook import read_workbook

    return read_workbook(file.data, UNSENT, file.name, city, limits)


def mark_checked(data: bytes, checked: Checked, limits: Limits) -> bytes | Exceeded:
    """The workbook with what was found marked in it, in a process of its own; or why there is none."""
    respondent = checked.submission.respondent
    unreadable = any(finding.says_unreadable for finding in checked.findings)
    title = respondent.name if respondent else checked.submission.file_name
    (marked,) = mark_apart([ToMark(None if unreadable else data, checked.findings, title, UNSENT_OUTCOMES)], limits)
    return marked
