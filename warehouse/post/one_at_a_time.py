"""One process at a time sends or takes mails of an installation; what two would note at once is sent twice."""

from collections.abc import Iterator
from contextlib import contextmanager

from filelock import FileLock, Timeout

from sources.system.faults import ToldError
from sources.system.settings import Settings

LOCK = "mail.lock"


class MailBusyError(ToldError):
    """Another process sends or takes mails."""


@contextmanager
def mail_lock(settings: Settings) -> Iterator[None]:
    """Raises MailBusyError at once when another process has it; a process that is killed leaves it free."""
    folder = settings.home / "working"
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(folder / LOCK, timeout=0):
            yield
    except Timeout:
        raise MailBusyError("另一个进程正在收发邮件，请等它结束再运行。") from None
