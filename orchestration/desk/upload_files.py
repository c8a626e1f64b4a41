"""Files in quarantine: kept as they came under a name of ours, corrected and explained into new ones, never changed.

What is kept is on the disk before anybody is told that it was.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from django.utils import timezone

from orchestration.desk.for_whom import PageSubject
from orchestration.desk.installed import installed
from orchestration.desk.judged_upload import JudgedUpload
from orchestration.desk.models import Account, Upload
from sources.archive.closings import YearClosing, closing_of
from sources.check import UNSENT_OUTCOMES, read_apart
from sources.checked import WorkbookFile
from sources.declarations.city import City
from sources.handle import ToMark, mark_apart
from sources.mend.corrected_workbook import Correction
from sources.mend.mended_apart import corrected_apart, explained_apart, viewed_apart
from sources.read.sheet_view import SheetView
from sources.submission.explanation import GivenExplanation
from sources.submission.submission import Submission
from sources.system.apart import Exceeded
from sources.system.faults import ToldError
from sources.system.fingerprint import sha256_of
from sources.system.plain_text import shown_name
from sources.system.whole_file import whole_file

MOST, WITHIN = 40, timedelta(minutes=10)
"""Files of one account within a time; beyond that something is wrong with whoever sends."""


class ClosedYearError(ToldError):
    """The bureau has closed the year for schools."""


class TooManyError(ToldError):
    """An account has put more files here than a person does."""


def closing_for(subject: PageSubject) -> YearClosing | None:
    """Who has closed the year for this respondent; the bureau's own workbook is never closed out."""
    return closing_of(installed().archive, subject.report_year) if subject.respondent.kind == "school" else None


def refuse_closed(subject: PageSubject) -> None:
    """Raises ClosedYearError where the year is closed for the respondent."""
    if closing := closing_for(subject):
        raise ClosedYearError(
            f"{subject.report_year} 年度已经关闭，学校不能再传、再报送：{closing.reason}。"
            f"还要补报、改正的，请联系教育局经办人{closing.by}，或者在本单位的页面留言"
        )


def keep(
    account: Account,
    subject: PageSubject,
    file_name: str,
    chunks: Iterable[bytes],
    corrected_from: Upload | None = None,
) -> Upload:
    """Keeps a file and puts it into the queue of those to be judged.

    Raises ClosedYearError, TooManyError, FullDiskError; then nothing is kept.
    """
    refuse_closed(subject)
    if Upload.objects.filter(account=account, uploaded_at__gt=timezone.now() - WITHIN).count() >= MOST:
        raise TooManyError(f"{WITHIN.seconds // 60} 分钟里最多传 {MOST} 个文件。请等一会儿再传；仍然不行的请告诉教育局")
    data = b"".join(chunks)
    upload = Upload(
        account=account,
        respondent_code=subject.respondent.code,
        report_year=subject.report_year,
        file_name=shown_name(file_name)[:200],
        sha256=sha256_of(data),
        size_bytes=len(data),
        corrected_from=corrected_from,
    )
    with whole_file(upload.path, mode=0o600) as partial:
        partial.write_bytes(data)
    upload.save(force_insert=True)
    return upload


def content_of(upload: Upload) -> bytes:
    """The file as it was kept. Raises ToldError when it is another: the disk's fault, or somebody's who was there."""
    if upload.is_unopened:
        raise ToldError(f"文件 {upload.file_name}：{upload.get_state_display()}，没有打开，也不能下载")
    try:
        data = upload.path.read_bytes()
    except FileNotFoundError:
        raise ToldError(f"文件 {upload.file_name} 不在了。请再传一次，并告诉教育局") from None
    if sha256_of(data) != upload.sha256:
        raise ToldError(f"文件 {upload.file_name} 已不是收到时的内容。请再传一次，并告诉教育局")
    return data


def corrected_file(upload: Upload, city: City, correction: Correction) -> bytes:
    """The file with one cell typed anew, saved now. Raises ToldError where it cannot be."""
    now = datetime.now(UTC).replace(microsecond=0)
    return corrected_apart(content_of(upload), [correction], city, installed().limits, now)


def explained_file(upload: Upload, city: City, judged: JudgedUpload, answer: GivenExplanation) -> bytes:
    """The file with an explanation in its list of findings. Raises ToldError where it cannot be."""
    return explained_apart(content_of(upload), judged.findings, [answer], city, installed().limits, UNSENT_OUTCOMES)


def marked(upload: Upload, judged: JudgedUpload) -> bytes:
    """The workbook with its findings marked. Raises ToldError when it cannot be made."""
    data = content_of(upload) if judged.is_readable else None
    title = judged.respondent_name or upload.file_name
    (made,) = mark_apart([ToMark(data, judged.findings, title, UNSENT_OUTCOMES)], installed().limits)
    if isinstance(made, Exceeded):
        raise ToldError(f"{upload.file_name} 的退回件没有做成：{made.told(installed().limits)}")
    return made


def seen_sheets(upload: Upload, city: City) -> tuple[SheetView, ...]:
    """The sheets of the file as a person sees them; none where it cannot be looked at."""
    return viewed_apart(content_of(upload), city, installed().limits)


def read_upload(upload: Upload, city: City, file_name: str) -> Submission:
    """The file as the pipeline reads it, under the name that it was received by. Raises ToldError."""
    read = read_apart(WorkbookFile(content_of(upload), file_name), city, installed().limits)
    if isinstance(read, Exceeded):
        raise ToldError(f"{upload.file_name} 读不出来：{read.told(installed().limits)}")
    return read
