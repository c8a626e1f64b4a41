"""Judges what waits in quarantine, oldest first, as `nianbao check` judges a file.

The queue is the database's own table; its length is on the bureau's page. A file that was in hand when the process was
ended is taken up again.
"""

import logging
import os
import time
from concurrent.futures import ThreadPoolExecutor
from threading import Event

from django.db import close_old_connections
from django.utils import timezone
from filelock import FileLock, Timeout
from pydantic import ValidationError

from orchestration.desk.desk_log import log
from orchestration.desk.installed import city_now, desk_folder, installed, register_entry
from orchestration.desk.judged_upload import JudgedUpload, as_text, from_text, of_checked
from orchestration.desk.models import Upload, UploadState
from orchestration.desk.upload_files import content_of
from sources.archive.archive import archived_path, content_at
from sources.check import check_apart
from sources.checked import UNSENT, Checked, LastYearError, WorkbookFile
from sources.handle import set_aside
from sources.system.apart import Exceeded, keep_idle, warm
from sources.system.virus_scan import NotScannableError, ScanFailedError, virus_in

SECONDS_BETWEEN = 0.2
SECONDS_AFTER_FAILED_SCAN = 5.0
INFECTED = "查出病毒“{found}”，没有打开"
UNSCANNED = "没有查成毒，没有打开（{why}）"


def judge_forever() -> None:
    """Judges until the process is ended; one process of an installation does, with a file for each processor.

    What goes wrong with one file is told its sender; without its database the process ends, and the desk with it.
    """
    try:
        with FileLock(desk_folder() / "judging.lock", timeout=0):
            Upload.objects.filter(state=UploadState.JUDGING).update(state=UploadState.WAITING)
            count = len(os.sched_getaffinity(0))
            keep_idle(count)
            warm("sources.check_workbook")
            is_ended = Event()
            with ThreadPoolExecutor(count) as pool:
                for ended in [pool.submit(_judge_as_they_come, is_ended) for _ in range(count)]:
                    ended.result()
    except Timeout:
        logging.getLogger(__name__).error("another process judges what is uploaded already")


def _judge_as_they_come(is_ended: Event) -> None:
    """Judges one after the other; when this ends, by an error of the database, all end."""
    try:
        while not is_ended.is_set():
            try:
                is_done = judge_next()
            except ScanFailedError as error:  # nothing is opened unseen: all wait until it answers again
                logging.getLogger(__name__).error("%s", error)
                is_ended.wait(SECONDS_AFTER_FAILED_SCAN)
                continue
            if not is_done:
                close_old_connections()
                time.sleep(SECONDS_BETWEEN)
    finally:
        is_ended.set()


def judge_next() -> bool:
    """Judges the file that has waited longest; False when none waits. Raises ScanFailedError: the file waits on."""
    upload = Upload.objects.filter(state=UploadState.WAITING).order_by("uploaded_at").first()
    if upload is None:
        return False
    if Upload.objects.filter(pk=upload.pk, state=UploadState.WAITING).update(state=UploadState.JUDGING):
        try:
            state, judged = _scanned_and_judged(upload)
        except ScanFailedError as error:
            Upload.objects.filter(pk=upload.pk).update(state=UploadState.WAITING, held_up=str(error)[:500])
            raise
        except Exception as error:  # whatever it is, this file alone is lost, and its sender is told
            logging.getLogger(__name__).exception("%s", upload.pk)
            reason = Exceeded("fault", type(error).__name__).told(installed().limits)
            submission = set_aside(UNSENT, upload.file_name, reason)
            state, judged = UploadState.JUDGED, of_checked(Checked(submission, submission.findings))
        _note(upload, judged, state)
    return True


def _scanned_and_judged(upload: Upload) -> tuple[UploadState, JudgedUpload]:
    """What is found in a file; where it is a virus, nothing opens it. Raises ScanFailedError."""
    try:
        found = virus_in(content_of(upload), installed().scanner)
    except NotScannableError as error:
        submission = set_aside(UNSENT, upload.file_name, UNSCANNED.format(why=error))
        return UploadState.UNSCANNED, of_checked(Checked(submission, submission.findings))
    if not found:
        return UploadState.JUDGED, judged_now(upload)
    about = f"{upload.respondent_code} {upload.report_year} {upload.file_name}"
    log(upload.account.username, "virus", about, after=f"{found} {upload.sha256}")
    submission = set_aside(UNSENT, upload.file_name, INFECTED.format(found=found))
    return UploadState.INFECTED, of_checked(Checked(submission, submission.findings))


def judged_now(upload: Upload) -> JudgedUpload:
    """What is found in a file, also against last year's where the archive has it."""
    city, limits, data = city_now(), installed().limits, content_of(upload)
    before = last_years_file(upload.respondent_code, upload.report_year)
    try:
        checked = check_apart(data, upload.file_name, city, limits, before)
    except LastYearError:  # the file is another's, or of another year: the page says so
        checked = check_apart(data, upload.file_name, city, limits)
    return of_checked(checked)


def _note(upload: Upload, judged: JudgedUpload, state: UploadState) -> None:
    upload.outcome, upload.judged_at, upload.state = as_text(judged), timezone.now(), state
    upload.held_up = ""
    upload.errors = sum(each.is_error for each in judged.findings)
    upload.open_warnings = sum(each.is_unexplained for each in judged.findings)
    upload.is_own = (judged.respondent_code, judged.report_year) == (upload.respondent_code, upload.report_year)
    upload.save()


def last_years_file(respondent_code: str, report_year: int) -> WorkbookFile | None:
    """The respondent's file of the year before that counts, from the archive; None where there is none."""
    entry = register_entry(respondent_code, report_year - 1)
    if entry is None or entry.current_submission_id is None:
        return None
    path = archived_path(entry.current_submission_id, installed().archive)
    return WorkbookFile(content_at(path), entry.current_file_name or path.name) if path.exists() else None


def outcome_of(upload: Upload) -> JudgedUpload:
    """What was found in a judged file; where another version of the program has written that, it is found again."""
    try:
        return from_text(upload.outcome)
    except ValidationError:
        judged = judged_now(upload)
        Upload.objects.filter(pk=upload.pk).update(outcome=as_text(judged))
        return judged
