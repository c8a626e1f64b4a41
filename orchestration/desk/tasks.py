"""Commands of nianbao that somebody starts from a page: queued in the database, carried out one after the other.

Each is the program itself, as somebody at a terminal would call it, so that nothing here can end differently.
"""

import json
import logging
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from django.db import close_old_connections
from django.utils import timezone
from filelock import FileLock, Timeout

from orchestration.desk.desk_log import log
from orchestration.desk.installed import desk_folder
from orchestration.desk.models import Account, Task, TaskState
from sources.system.plain_text import legible

SECONDS_BETWEEN = 0.5
KEPT_LETTERS = 500_000
COMMANDS: Mapping[str, Sequence[str]] = {
    "run": ("run", "--year", "{year}"),
    "documents": ("documents", "--year", "{year}"),
    "release": ("release", "{year}"),
    "school_reports": ("documents", "--year", "{year}", "--schools"),
    "mail_out": ("mail-out", "--send", "--by={by}"),
    "mail_in": ("mail-in",),
    "new_year": ("new-year", "{year}"),
    "preview_held": ("preview", "--held={submission_id}", "--json"),
}
"""What may be asked for, as arguments of the program; what people read of each is in `log_acts`."""
OF_OTHER_PAGES = frozenset({"release", "new_year", "preview_held"})
"""Commands that are asked for where more is asked: at the gate, on the page of years, beside a held file."""
AS_DATA = frozenset({"preview_held"})
"""Commands that end with JSON, which their page shows as tables: nothing is to be read of them before."""
ENDED: Mapping[int, str] = {
    0: "做好了",
    1: "没有成功，已经发布的保持原样",
    2: "不能这样做，原因见下面",
    3: "做好了；有事要人办，见下面和“待决定”",
    4: "做好了；有文件没有读入，见下面",
    5: "做好了；有一部分没有做成，见下面",
}
"""Exit code of the program → what it means."""
DONE_CODES = (0, 3, 4, 5)
AFTER: Mapping[str, str] = {"release": "school_reports"}
"""Command → what is queued when it has been done: schools find their reports once the year is released."""


def foretold_in(task: Task) -> Mapping[str, Any] | None:
    """What a rehearsal of a held file has found, as `nianbao preview --json` says it; None for anything else."""
    if task.command not in AS_DATA or task.state != TaskState.DONE:
        return None
    try:
        found = json.loads(task.said[task.said.index("{") :])
    except ValueError:  # what it said is shown as it is
        return None
    return found if isinstance(found, dict) else None


def ask_for(
    command: str, report_year: int, account: Account, schools: Sequence[str] = (), submission_id: str = ""
) -> Task:
    """Queues a command, unless the same waits already; `schools`: the codes of those whom it is about alone."""
    about = {"schools": " ".join(schools), "submission_id": submission_id}
    wish = {"command": command, "report_year": report_year, **about}
    return Task.objects.filter(**wish, state=TaskState.WAITING).first() or Task.objects.create(**wish, account=account)


def carry_out_forever() -> None:
    """Carries out what is queued until the process is ended; one process of an installation does."""
    try:
        with FileLock(desk_folder() / "tasks.lock", timeout=0):
            cut_short = "报送台重新启动，这一次没有做完；请再开始一次"
            Task.objects.filter(state=TaskState.RUNNING).update(state=TaskState.FAILED, said=cut_short)
            while True:
                task = Task.objects.filter(state=TaskState.WAITING).order_by("asked_at").first()
                if task:
                    _carried_out(task)
                else:
                    close_old_connections()
                    time.sleep(SECONDS_BETWEEN)
    except Timeout:
        logging.getLogger(__name__).error("another process carries out what is asked for already")


def _carried_out(task: Task) -> None:
    """Carries out a task; one that cannot even be begun is told, and the next goes on."""
    try:
        carry_out(task)
    except OSError as error:
        logging.getLogger(__name__).exception("%s", task.command)
        Task.objects.filter(pk=task.pk).update(state=TaskState.FAILED, said=f"没有开始：{error.strerror}")


def carry_out(task: Task) -> None:
    """Runs the command and notes, as it goes on, what it says, and how it has ended."""
    program = Path(sys.executable).with_name("nianbao")
    task.state = TaskState.RUNNING
    task.save()
    about = {"year": task.report_year, "by": task.account.shown_name, "submission_id": task.submission_id}
    called = [
        str(program),
        *(each.format(**about) for each in COMMANDS[task.command]),
        *(f"--school={code}" for code in task.schools.split()),
    ]
    said = ""
    with subprocess.Popen(
        called, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    ) as made:
        assert made.stdout
        for line in made.stdout:
            said = (said + legible(line.rstrip("\n")) + "\n")[-KEPT_LETTERS:]
            if task.command not in AS_DATA:
                Task.objects.filter(pk=task.pk).update(said=said)
    code = made.returncode
    task.state = TaskState.DONE if code in DONE_CODES else TaskState.FAILED
    task.said, task.exit_code, task.ended_at = said, code, timezone.now()
    task.save()
    log(task.account.username, task.command, f"{task.report_year} {task.label}", after=f"返回码 {code}")
    if task.state == TaskState.DONE and task.command in AFTER:
        ask_for(AFTER[task.command], task.report_year, task.account)
