"""Judges what waits in quarantine, oldest first, as `nianbao check` judges a file.

The queue is the database's own table; its length is on the bureau's page. A file that was in hand when the process was
ended is taken up again.
"""

import logging
import time

from django.db import close_old_connections
from django.utils import timezone
from filelock import FileLock, Timeout

from orchestration.desk.installed import city_now, desk_folder, installed, published_now
from orchestration.desk.judged_upload import as_text, of_checked
from orchestration.desk.models import Upload, UploadState
from orchestration.desk.upload_files import content_of
from sources.archive.archive import archived_path, content_at
from sources.check import check_apart
from sources.checked import LastYearError, WorkbookFile
from sources.system.apart import warm

SECONDS_BETWEEN = 0.2
LAST_YEAR = """
    select submission_id, file_name from quality.submission
    where is_current and respondent_code = ? and report_year = ?
"""


def judge_forever() -> None:
    """Judges until the process is ended; one process of an installation does."""
    try:
        with FileLock(desk_folder() / "judging.lock", timeout=0):
            Upload.objects.filter(state=UploadState.JUDGING).update(state=UploadState.WAITING)
            warm("sources.check_workbook")
            while True:
                if not judge_next():
                    close_old_connections()
                    time.sleep(SECONDS_BETWEEN)
    except Timeout:
        logging.getLogger(__name__).error("another process judges what is uploaded already")


def judge_next() -> bool:
    """Judges the file that has waited longest; False when none waits."""
    upload = Upload.objects.filter(state=UploadState.WAITING).order_by("uploaded_at").first()
    if upload is None:
        return False
    if Upload.objects.filter(pk=upload.pk, state=UploadState.WAITING).update(state=UploadState.JUDGING):
        judge(upload)
    return True


def judge(upload: Upload) -> None:
    """Judges one file, also against last year's where the archive has it, and notes what was found."""
    city, limits, data = city_now(), installed().limits, content_of(upload)
    before = last_years_file(upload.respondent_code, upload.report_year)
    try:
        checked = check_apart(data, upload.file_name, city, limits, before)
    except LastYearError:  # the file is another's, or of another year: the page says so
        checked = check_apart(data, upload.file_name, city, limits)
    judged = of_checked(checked)
    upload.outcome, upload.judged_at, upload.state = as_text(judged), timezone.now(), UploadState.JUDGED
    upload.errors = sum(each.is_error for each in judged.findings)
    upload.open_warnings = sum(each.is_unexplained for each in judged.findings)
    upload.is_own = (judged.respondent_code, judged.report_year) == (upload.respondent_code, upload.report_year)
    upload.save()


def last_years_file(respondent_code: str, report_year: int) -> WorkbookFile | None:
    """The respondent's file of the year before that counts, from the archive; None where there is none."""
    with published_now() as connection:
        found = connection and connection.execute(LAST_YEAR, [respondent_code, report_year - 1]).fetchone()
    if not found:
        return None
    path = archived_path(found[0], installed().archive)
    return WorkbookFile(content_at(path), found[1]) if path.exists() else None
