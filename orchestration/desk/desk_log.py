"""The desk's log: every act with who, when, what it was about, before and after. It only ever grows.

Each entry has the digest of itself and of the one before; `first_broken` finds where somebody has changed, removed or
put in one since.
"""

from collections.abc import Sequence
from datetime import UTC

from django.db import connection, transaction
from django.utils import timezone

from orchestration.desk.log_acts import LOG_ACTS
from orchestration.desk.models import LogEntry
from sources.system.fingerprint import sha256_of
from sources.system.plain_text import legible

SHOWN = 2_000
NO_ACCOUNT = "（未登录）"


def log(account_name: str, act: str, about: str, before: str = "", after: str = "") -> LogEntry:
    """Appends an entry. One at a time: until the transaction ends nobody else appends, in no process.

    Raises KeyError for an act that LOG_ACTS does not name.
    """
    LOG_ACTS[act]
    with transaction.atomic():
        _hold_the_end()
        last = LogEntry.objects.order_by("-id").first()
        entry = LogEntry(
            at=timezone.now(),
            account_name=legible(account_name)[:150] or NO_ACCOUNT,
            act=act,
            about=legible(about)[:200],
            before=legible(before)[:SHOWN],
            after=legible(after)[:SHOWN],
        )
        entry.digest = digest_of(entry, last.digest if last else "")
        entry.save()
    return entry


def _hold_the_end() -> None:
    """Waits for whoever appends, and has the rest wait. On SQLite the transaction has begun so (IMMEDIATE); elsewhere
    two transactions would read the same last entry, and the chain would fork."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"lock table {LogEntry._meta.db_table} in share row exclusive mode")


def digest_of(entry: LogEntry, before: str) -> str:
    """What an entry's digest must be; `before` is that of the entry before it."""
    at = entry.at.astimezone(UTC).isoformat(timespec="microseconds")
    said = (before, at, entry.account_name, entry.act, entry.about, entry.before, entry.after)
    return sha256_of(repr(said))


def first_broken(among: Sequence[LogEntry] | None = None) -> LogEntry | None:
    """The first entry that is not as it was written, or before which one is missing; None when all are whole.

    `among`: only these, which follow one on the other, the oldest first. That the last ones were cut off shows only
    against a digest that was kept elsewhere: an export has it.
    """
    before = ""
    if among:
        earlier = LogEntry.objects.filter(pk__lt=among[0].pk).order_by("-id").first()
        before = earlier.digest if earlier else ""
    for entry in LogEntry.objects.order_by("id").iterator() if among is None else among:
        if entry.digest != digest_of(entry, before):
            return entry
        before = entry.digest
    return None
