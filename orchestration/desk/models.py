"""What the desk itself keeps: accounts, files in quarantine, notes between school and bureau, runs, and the log.

Nothing here counts for a figure. A file counts once it lies in the inbox, which certifying does; what is decided stands
in the archive.
"""

import uuid
from pathlib import Path
from typing import ClassVar

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils import timezone

from orchestration.desk.installed import desk_folder
from orchestration.desk.log_acts import COMMAND_LABELS, LOG_ACTS
from orchestration.desk.roles import ROLE_LABELS, AccountHolder, Role

UPLOADS = "uploads"


class Account(AbstractUser):
    """Somebody who may sign in: in one role, of one respondent or region where the role is of one."""

    role = models.CharField("角色", max_length=20, choices=[(each.value, label) for each, label in ROLE_LABELS.items()])
    respondent_code = models.CharField("单位（学校的账号）", max_length=40, blank=True)
    region_code = models.CharField("地区（区县的账号）", max_length=12, blank=True)
    office_subject = models.CharField(max_length=600, blank=True)
    """Who the account is for the office's single sign-on, since the first time: issuer and subject."""

    class Meta:
        verbose_name = "账号"
        verbose_name_plural = "账号"

    @property
    def holder(self) -> AccountHolder:
        return AccountHolder(Role(self.role), self.respondent_code, self.region_code)

    @property
    def role_label(self) -> str:
        return ROLE_LABELS[Role(self.role)]

    @property
    def shown_name(self) -> str:
        """The person's name, or the name one signs in with."""
        return self.last_name + self.first_name or self.username


class UploadState(models.TextChoices):
    """What becomes of a file in quarantine."""

    WAITING = "waiting", "等待检查"
    JUDGING = "judging", "正在检查"
    JUDGED = "judged", "已检查"
    SENT = "sent", "已报送"
    INFECTED = "infected", "查出病毒"
    UNSCANNED = "unscanned", "查不了毒"


UNOPENED = (UploadState.INFECTED, UploadState.UNSCANNED)
"""States of a file that nothing of ours opens and nobody fetches."""


class Upload(models.Model):
    """A file in quarantine: as it came, or as it was corrected from another. It is judged and nothing more until
    somebody certifies it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="uploads")
    respondent_code = models.CharField(max_length=40, db_index=True)
    report_year = models.IntegerField()
    file_name = models.CharField(max_length=200)
    """As the sender called it, to be shown and never to be a path."""
    sha256 = models.CharField(max_length=64)
    size_bytes = models.BigIntegerField()
    corrected_from = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="corrections")
    state = models.CharField(
        max_length=10, choices=UploadState.choices, default=UploadState.WAITING.value, db_index=True
    )
    uploaded_at = models.DateTimeField(default=timezone.now)
    held_up = models.CharField(max_length=500, blank=True)
    """Why the file still waits, in Chinese, where the virus scanner did not look at it."""
    judged_at = models.DateTimeField(null=True)
    outcome = models.TextField(blank=True)
    """What was found, as `judged_upload` writes and reads it."""
    errors = models.IntegerField(default=0)
    open_warnings = models.IntegerField(default=0)
    is_own = models.BooleanField(default=False)
    """Whether the file says that it is of this respondent and year."""
    certificate_number = models.CharField(max_length=40, blank=True)
    sent_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar = ["-uploaded_at"]

    @property
    def path(self) -> Path:
        """Where the content lies, under a name of ours."""
        return desk_folder() / UPLOADS / f"{self.id}.xlsx"

    @property
    def is_unopened(self) -> bool:
        return self.state in UNOPENED

    @property
    def can_be_certified(self) -> bool:
        return self.state == UploadState.JUDGED and self.is_own and self.errors == 0


class Note(models.Model):
    """A message between a respondent and the bureau, about a year."""

    respondent_code = models.CharField(max_length=40, db_index=True)
    report_year = models.IntegerField()
    account = models.ForeignKey(Account, on_delete=models.PROTECT)
    text = models.TextField(max_length=2000)
    written_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering: ClassVar = ["written_at"]


class TaskState(models.TextChoices):
    """How a command that the desk has started stands."""

    WAITING = "waiting", "排队"
    RUNNING = "running", "进行中"
    DONE = "done", "完成"
    FAILED = "failed", "没有完成"


class Task(models.Model):
    """A command of nianbao that somebody has asked for, carried out one after the other."""

    command = models.CharField(max_length=20)
    report_year = models.IntegerField()
    schools = models.TextField(blank=True)
    """The codes of those whom it is about, one a word; '': all."""
    submission_id = models.CharField(max_length=64, blank=True)
    """The file that it is about, if it is about one; its first letters do."""
    account = models.ForeignKey(Account, on_delete=models.PROTECT)
    state = models.CharField(max_length=10, choices=TaskState.choices, default=TaskState.WAITING.value)
    asked_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True)
    exit_code = models.IntegerField(null=True)
    said = models.TextField(blank=True)

    class Meta:
        ordering: ClassVar = ["-asked_at"]

    @property
    def label(self) -> str:
        return COMMAND_LABELS[self.command]


class UploadPreview(models.Model):
    """What a file would change, asked for before it is certified; `warehouse`: the state of the data it was held
    against (`warehouse_state`)."""

    upload = models.OneToOneField(Upload, on_delete=models.CASCADE, primary_key=True, related_name="preview")
    state = models.CharField(max_length=10, choices=TaskState.choices, default=TaskState.WAITING.value)
    warehouse = models.CharField(max_length=64, blank=True)
    asked_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True)
    outcome = models.TextField(blank=True)
    """As `own_preview` writes and reads it."""
    said = models.TextField(blank=True)
    """Why it could not be found out."""

    class Meta:
        ordering: ClassVar = ["-asked_at"]


class LogEntry(models.Model):
    """One act: who, when, what it was about, how that stood before and after. Each entry carries the digest of the one
    before it, so that none can be changed or taken out unseen."""

    at = models.DateTimeField()
    account_name = models.CharField(max_length=150)
    act = models.CharField(max_length=40)
    about = models.CharField(max_length=200)
    before = models.TextField(blank=True)
    after = models.TextField(blank=True)
    digest = models.CharField(max_length=64)

    class Meta:
        ordering: ClassVar = ["id"]

    @property
    def act_label(self) -> str:
        return LOG_ACTS.get(self.act, self.act)
