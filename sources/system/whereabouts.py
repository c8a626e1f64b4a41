"""Whether the inbox is where it was: a network share that is not mounted is no inbox in which nothing lies.

Whoever prepares the home for writing notes in it where the inbox lies, and where its disk is mounted. An inbox that is
missing, cannot be listed, or whose disk is no longer mounted has gone. One that has never been there may be missing.
"""

import errno
import os
from pathlib import Path

from sources.system.disk import disk_of
from sources.system.faults import ToldError

GONE = (
    "收件夹不见了：{inbox}（{why}）。没有收件，也不会因此说哪个单位没有报送或逾期；已发布的数据保持不变。"
    "请把收件夹（网络文件夹、移动硬盘）接上，再运行一次；收件夹确实换了地方的，删去 {note}，再运行一次。"
)
NOTE = Path("working", "inbox.txt")
"""Beside the inbox: where it lay when the home was last written to, and below, where its disk was mounted."""
AWAY = frozenset({errno.EIO, errno.ESTALE, errno.ENOTCONN, errno.EHOSTDOWN, errno.EHOSTUNREACH, errno.ETIMEDOUT})
"""What the system says when a share does not answer, or a disk has been pulled out."""


class InboxGoneError(ToldError):
    """The inbox is not where it was: nobody knows what lies in it."""


def refuse_gone(inbox: Path) -> None:
    """Raises InboxGoneError when the inbox has gone."""
    if why := why_gone(inbox):
        raise InboxGoneError(GONE.format(inbox=inbox, why=why, note=_note(inbox)))


def why_gone(inbox: Path) -> str | None:
    """Why the inbox has gone, in words. None when it is there, or has never been."""
    lay_at, disk = _noted(inbox)
    is_known = lay_at == str(inbox)
    try:
        with os.scandir(inbox) as entries:
            next(entries, None)
    except FileNotFoundError:
        if inbox.is_symlink():
            return f"它指向的 {inbox.readlink()} 不在"
        return "没有这个文件夹" if is_known else None
    except OSError as error:
        return f"打不开：{error.strerror}"
    if is_known and disk_of(Path(disk)) != Path(disk):
        return f"{disk} 上的网络文件夹或移动硬盘没有接上"
    return None


def is_to_be_made(inbox: Path) -> bool:
    """Whether the inbox is missing because there has never been one; one that has gone comes back by itself."""
    return not inbox.exists() and not inbox.is_symlink() and _noted(inbox)[0] != str(inbox)


def note_whereabouts(inbox: Path) -> None:
    """Notes where the inbox of a home in which runs write lies, unless it has gone."""
    if not (inbox.exists() and _note(inbox).parent.is_dir()) or why_gone(inbox):
        return
    lies = str(inbox), str(disk_of(inbox.resolve()))
    if _noted(inbox) != lies:
        # half a note is no note: the next look makes it anew
        _note(inbox).write_text("\n".join(lies), encoding="utf-8", errors="surrogateescape")


def _noted(inbox: Path) -> tuple[str, str]:
    """Where the inbox lay when it was noted, and where its disk was mounted; blanks when it has never been there."""
    note = _note(inbox)
    if not note.exists():
        return "", ""
    lay_at, _, disk = note.read_text("utf-8", "surrogateescape").partition("\n")
    return lay_at, disk


def _note(inbox: Path) -> Path:
    return inbox.parent / NOTE
