"""The desk as Django knows it."""

from django.apps import AppConfig
from django.db.backends.signals import connection_created


class DeskConfig(AppConfig):
    """The one application of the desk."""

    name = "orchestration.desk"
    label = "desk"
    verbose_name = "报送台"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        connection_created.connect(_wait_for_the_disk)


def _wait_for_the_disk(connection: object, **_: object) -> None:
    """SQLite acknowledges what is on the disk, and readers do not wait for a writer."""
    if getattr(connection, "vendor", "") == "sqlite":
        with connection.cursor() as cursor:  # type: ignore[attr-defined]
            cursor.execute("pragma journal_mode = wal")
            cursor.execute("pragma synchronous = full")
