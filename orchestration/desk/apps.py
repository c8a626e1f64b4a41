"""The desk as Django knows it."""

from collections.abc import Mapping

from django.apps import AppConfig
from django.contrib.auth.signals import user_logged_in, user_login_failed
from django.db.backends.signals import connection_created
from django.http import HttpRequest


class DeskConfig(AppConfig):
    """The one application of the desk."""

    name = "orchestration.desk"
    label = "desk"
    verbose_name = "报送台"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        connection_created.connect(_wait_for_the_disk)
        user_login_failed.connect(_noted_failure)
        user_logged_in.connect(_noted_place)


def _noted_failure(credentials: Mapping[str, object], **_: object) -> None:
    """Logs that a sign-in failed. A name that nobody has is not written down: it may be a password, typed too early."""
    from orchestration.desk.desk_log import log
    from orchestration.desk.models import Account

    name = str(credentials.get("username") or "")
    known = Account.objects.filter(username=name).exists()
    log("", "sign_in_refused", name if known else "没有这个登录名")


def _noted_place(request: HttpRequest, **_: object) -> None:
    from orchestration.desk.signed_in_places import note_place

    note_place(request)


def _wait_for_the_disk(connection: object, **_: object) -> None:
    """SQLite acknowledges what is on the disk, and readers do not wait for a writer."""
    if getattr(connection, "vendor", "") == "sqlite":
        with connection.cursor() as cursor:  # type: ignore[attr-defined]
            cursor.execute("pragma journal_mode = wal")
            cursor.execute("pragma synchronous = full")
