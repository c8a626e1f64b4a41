"""Rehearses what files would change, one after the other, each in a process of its own that is gone afterwards.

A rehearsal builds the models on a copy of what is published: it takes seconds and some hundred megabytes, so a school
has one at a time, and each file one for a state of the published database.
"""

import logging
import pickle
import subprocess
import sys
import time

from django.db import close_old_connections, transaction
from django.utils import timezone
from filelock import FileLock, Timeout
from pydantic import ValidationError

from orchestration.desk.installed import desk_folder, installed
from orchestration.desk.models import TaskState, Upload, UploadPreview
from orchestration.desk.own_preview import FAILED, OwnPreview, ToRehearse, from_text
from orchestration.web.watch import files_of
from sources.system.faults import ToldError
from sources.system.fingerprint import sha256_of

SECONDS_BETWEEN, LONGEST_SECONDS = 0.3, 600
WORK = "from orchestration.desk.own_preview import work; work()"
OPEN = (TaskState.WAITING, TaskState.RUNNING)
NOTHING_PUBLISHED = "还没有运行过，没有可以比较的数字"
FAULT = "程序出错，没有算成。请告诉教育局"


class AnotherIsRehearsedError(ToldError):
    """The school has another file that is being rehearsed."""


def warehouse_state() -> str:
    """Changes whenever a run publishes, or the city's files do; '' while nothing is published."""
    path = installed().published_database
    if not path.exists():
        return ""
    seen = path.stat()
    return sha256_of(repr((seen.st_mtime_ns, seen.st_size, files_of(installed().city_dir))))


def ask_for_preview(upload: Upload) -> UploadPreview:
    """Queues a rehearsal of the file, unless there is one of it as things stand. Raises AnotherIsRehearsedError."""
    state = warehouse_state()
    with transaction.atomic():
        there = preview_of(upload)
        if there and (there.state in OPEN or (there.state == TaskState.DONE and there.warehouse == state)):
            return there
        of_school = UploadPreview.objects.filter(upload__respondent_code=upload.respondent_code, state__in=OPEN)
        if of_school.exists():
            raise AnotherIsRehearsedError("本单位还有一份文件正在计算，一次只能算一份。请等它算完再来")
        made, _ = UploadPreview.objects.update_or_create(
            upload=upload,
            defaults={
                "state": TaskState.WAITING,
                "warehouse": state,
                "asked_at": timezone.now(),
                "outcome": "",
                "said": "",
            },
        )
    return made


def preview_of(upload: Upload) -> UploadPreview | None:
    """The last rehearsal that somebody has asked for."""
    return UploadPreview.objects.filter(upload=upload).first()


def outcome_of_preview(found: UploadPreview) -> OwnPreview | None:
    """What was found; None where another version of the program has written that."""
    try:
        return from_text(found.outcome) if found.outcome else None
    except ValidationError:  # asked for again, it is written by this version
        return None


def preview_forever() -> None:
    """Rehearses until the process is ended; one process of an installation does."""
    try:
        with FileLock(desk_folder() / "previews.lock", timeout=0):
            UploadPreview.objects.filter(state=TaskState.RUNNING).update(state=TaskState.WAITING)
            while True:
                if not preview_next():
                    close_old_connections()
                    time.sleep(SECONDS_BETWEEN)
    except Timeout:
        logging.getLogger(__name__).error("another process rehearses already")


def preview_next() -> bool:
    """Rehearses the file that has waited longest; False when none waits."""
    asked = UploadPreview.objects.filter(state=TaskState.WAITING).order_by("asked_at").first()
    if asked is None:
        return False
    UploadPreview.objects.filter(pk=asked.pk).update(state=TaskState.RUNNING)
    state = warehouse_state()
    outcome, said = _rehearsed_apart(asked.upload) if state else ("", NOTHING_PUBLISHED)
    UploadPreview.objects.filter(pk=asked.pk).update(
        state=TaskState.FAILED if said else TaskState.DONE,
        outcome=outcome,
        said=said,
        warehouse=state,
        ended_at=timezone.now(),
    )
    return True


def _rehearsed_apart(upload: Upload) -> tuple[str, str]:
    """What the file would change, as text; else why nobody knows."""
    asked = ToRehearse(installed(), upload.path, upload.respondent_code, upload.report_year)
    try:
        done = subprocess.run(
            [sys.executable, "-c", WORK], input=pickle.dumps(asked), capture_output=True, timeout=LONGEST_SECONDS
        )
    except (OSError, subprocess.TimeoutExpired):
        logging.getLogger(__name__).exception("%s", upload.pk)
        return "", FAULT
    found = done.stdout.decode("utf-8", "replace")
    if done.returncode == 0:
        return found, ""
    logging.getLogger(__name__).error("%s: %s %s", upload.pk, done.returncode, done.stderr.decode("utf-8", "replace"))
    return "", found if done.returncode == FAILED and found else FAULT
