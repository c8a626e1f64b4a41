"""A school's file, handled in a process of its own: read, judged by itself, marked. Whatever it holds, only it is lost.

What a file makes its process exceed, or die of, becomes a finding (`file.set_aside`); the caller decides whether the
file is kept from being read again.
"""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from functools import lru_cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from sources.archive.archive import content_at
from sources.archive.store import Store
from sources.audit.personal_text import redacted
from sources.declarations.archived import kept_city
from sources.declarations.city import City
from sources.read.inspection import clean_copy
from sources.read.read_workbook import read_workbook
from sources.read.sheet_xml import RefusedError
from sources.submission.cell import CellAddress
from sources.submission.file_names import official_name
from sources.submission.finding import Finding, intake_finding
from sources.submission.submission import Submission
from sources.system.apart import EachApart, Exceeded, Watch, each_apart
from sources.system.faults import told
from sources.system.settings import Limits

if TYPE_CHECKING:
    from sources.audit.audited import Audit

SET_ASIDE = "file.set_aside"
SHOWN_VERSION = 40
"""Letters of what a file says of its template; ours have twelve."""
MANY_CELLS = 5_000
"""A file with more values is judged by itself first, where that may fail; a filled template has five hundred."""
JUDGED_TOGETHER = 20
"""Submissions that one task of a cluster judges: many are cheaper together, and a cluster has many hands."""


@dataclass(frozen=True, slots=True)
class ToRead:
    """A file to be read; `is_suspect`: it was in hand when a run died, so it is judged by itself too.

    `kept`: the archive's file with the declarations under which it was accepted, where they are not today's.
    """

    submission_id: str
    file_name: str
    path: Path
    is_suspect: bool = False
    kept: Path | None = None


@dataclass(frozen=True, slots=True)
class ToJudge:
    """Submissions to be judged by themselves; `kept`: the archive's files with the declarations under which they were
    accepted, where they are not today's (submission → file)."""

    submissions: tuple[Submission, ...]
    received_on: Mapping[str, date]
    kept: Mapping[str, Path]


@dataclass(frozen=True, slots=True)
class ToMark:
    """A file to be marked with its findings; `data` is None when it cannot be opened, then there is a list alone.
    A path is one of the archive.

    `outcomes` are the words for a file with and without errors; without them, those for one that was received.
    `asked` are the explanations that the bureau decides on in it (problem id → explanation's id). `token` is that of
    its respondent's template, where the file lacks it.
    """

    data: Path | bytes | None
    findings: tuple[Finding, ...]
    title: str
    outcomes: tuple[str, str] | None = None
    asked: Mapping[str, str] | None = None
    token: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class FromStore:
    """Fetches what items need of the archive, before they are done on a machine that does not mount it."""

    store: Store

    @contextmanager
    def __call__(self, items: Sequence[Any]) -> Iterator[list[Any]]:
        """The items with files of this machine. Workbooks go afterwards; declarations are of use to the next items."""
        with TemporaryDirectory(prefix="nianbao-files-") as folder:

            def here(file: Path) -> Path:
                return self.store.get(file, Path(folder) if file.suffix == ".xlsx" else Path(_declarations().name))

            yield [_with_files(item, here) for item in items]


@lru_cache
def _declarations() -> TemporaryDirectory[str]:
    return TemporaryDirectory(prefix="nianbao-declarations-")


def files_of(items: Sequence[Any]) -> list[Path]:
    """The archive's files that items need, each once."""
    found: dict[Path, None] = {}
    for item in items:
        _with_files(item, lambda file: found.setdefault(file) or file)
    return list(found)


def _with_files(item: Any, here: Callable[[Path], Path]) -> Any:
    """An item with another path for each of its files."""
    if isinstance(item, ToRead):
        return replace(item, path=here(item.path), kept=item.kept and here(item.kept))
    if isinstance(item, ToJudge):
        return replace(item, kept={submission_id: here(file) for submission_id, file in item.kept.items()})
    return item


def read_apart(
    files: Sequence[ToRead],
    city: City,
    limits: Limits,
    watch: Watch[ToRead] | None = None,
    each: EachApart = each_apart,
) -> Iterator[Submission | Exceeded]:
    """Reads files, each in a process of its own, in order.

    Raises OSError when the archive cannot be read, DamagedContentError (one of them) when a file in it has changed.
    """
    work = partial(_read, city=city, limits=limits)
    return each(work, files, limits, watch, one_at_a_time=any(file.is_suspect for file in files))


def judge_apart(
    submissions: Sequence[Submission],
    city: City,
    received_on: Mapping[str, date],
    kept_for: Callable[[str], Path | None],
    limits: Limits,
    each: EachApart,
) -> "Audit":
    """What `judge` says of submissions (at least one), judged in groups; `kept_for` is as `ToRead.kept`.

    A group on which its process dies is judged here: an error that comes of it is raised here too.
    """
    from sources.audit.judge import together

    groups = [
        ToJudge(
            some := tuple(submissions[at : at + JUDGED_TOGETHER]),
            {each.submission_id: day for each in some if (day := received_on.get(each.submission_id))},
            {each.submission_id: file for each in some if (file := kept_for(each.submission_id))},
        )
        for at in range(0, len(submissions), JUDGED_TOGETHER)
    ]
    outcomes = zip(groups, each(partial(_judge, city=city), groups, limits), strict=True)
    return together([_judge(group, city) if isinstance(outcome, Exceeded) else outcome for group, outcome in outcomes])


def set_aside(submission_id: str, file_name: str, why: str) -> Submission:
    """The submission of a file that is not read, with the finding that says why."""
    finding = intake_finding(SET_ASIDE, CellAddress(submission_id, file_name), why)
    return Submission(submission_id, file_name, findings=(finding,))


def as_kept(submission: Submission, city: City) -> Submission:
    """The submission without what its sender wrote around the cells: the file's name becomes the template's, telephone
    numbers and the like go from what the file says of itself."""
    name = official_name(submission, city)
    return replace(
        submission,
        file_name=name,
        revision_reason=submission.revision_reason and redacted(submission.revision_reason)[0],
        template_version=submission.template_version and redacted(submission.template_version)[0][:SHOWN_VERSION],
        findings=tuple(replace(each, address=replace(each.address, file_name=name)) for each in submission.findings),
    )


def mark_apart(files: Sequence[ToMark], limits: Limits) -> Iterator[bytes | Exceeded]:
    """The marked workbooks, in order; of a file that cannot be marked within the limits, the list of findings alone.

    Where not even that can be written, which is a fault of ours, what it was; the others go on.
    """
    for file, marked in zip(files, each_apart(partial(_mark, limits=limits), files, limits), strict=True):
        if isinstance(marked, Exceeded):
            from sources.write.marked_workbook import mark_workbook  # openpyxl: not needed while nothing is wrong

            try:
                marked = mark_workbook(None, file.findings, file.title, file.outcomes, file.asked)
            except Exception as error:
                if told(error):
                    raise
                logging.getLogger(__name__).exception("%s", file.title)
                marked = Exceeded("fault", type(error).__name__)
        yield marked


def _read(file: ToRead, city: City, limits: Limits) -> Submission:
    city = kept_city(file.kept, city.pack) if file.kept else city
    submission = read_workbook(content_at(file.path), file.submission_id, file.file_name, city, limits)
    submission = as_kept(submission, city)
    if file.is_suspect or len(submission.cells) > MANY_CELLS:
        from sources.audit.judge import audit  # pandera: half of what a worker would import, and hardly ever needed

        audit([submission], city)
    return submission


def _judge(group: ToJudge, city: City) -> "Audit":
    from sources.audit.judge import judge

    def city_of(submission_id: str) -> City:
        file = group.kept.get(submission_id)
        return kept_city(file, city.pack) if file else city

    return judge(group.submissions, city_of, group.received_on)


def _mark(file: ToMark, limits: Limits) -> bytes:
    from sources.write.marked_workbook import mark_workbook

    data = content_at(file.data) if isinstance(file.data, Path) else file.data
    try:
        copy = data and clean_copy(data, limits)
    except RefusedError:  # its finding says so
        copy = None
    return mark_workbook(copy, file.findings, file.title, file.outcomes, file.asked, file.token)
