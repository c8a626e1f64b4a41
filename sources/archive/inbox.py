"""What lies in the inbox: which files are looked at, which are still being written."""

import os
import stat
import time
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from sources.archive.seen import id_of, read_seen
from sources.archive.stand_in import ZIP_SIGNATURE, stand_in
from sources.system.aloud import told_when_slow
from sources.system.fingerprint import sha256_of
from sources.system.plain_text import printable, shown_name
from sources.system.settings import Limits
from sources.system.whereabouts import AWAY, refuse_gone

IGNORED_PREFIXES = (".", "~$", "~")
IGNORED_SUFFIXES = (".tmp", ".part", ".partial", ".crdownload")
IGNORED_NAMES = ("thumbs.db", "desktop.ini")
SETTLING_SECONDS = 60
TOLD_EVERY = 15.0
SLOW = "收件夹 {inbox} 答得很慢，已经等了 {waited}，还在等。它在网络上的，请看看网络；不想等，按 Ctrl-C。"
NO_LINK = getattr(os, "O_NOFOLLOW", 0)  # Windows has none
BINARY = getattr(os, "O_BINARY", 0)  # only Windows has it
NO_WAITING = getattr(os, "O_NONBLOCK", 0)  # for a pipe's other end


@dataclass(frozen=True)
class Inbox:
    """What lies in the inbox: `files` to receive, and `settling` files still being written.

    `folder`: below it, no folder on the way to a file may be a link either. None where a person names a file.
    """

    files: tuple[Path, ...] = ()
    settling: tuple[Path, ...] = ()
    folder: Path | None = None


def look_into(inbox: Path, now: float | None = None) -> Inbox:
    """Sorts what lies in the inbox and its folders, oldest first. Links are not followed, ever.

    Raises InboxGoneError when the inbox has gone.
    """
    files, settling = [], []
    moment = time.time() if now is None else now
    with told_when_slow(lambda waited: SLOW.format(inbox=inbox, waited=waited), TOLD_EVERY):
        refuse_gone(inbox)
        for _, _, path in sorted(_lying_there(inbox)):
            if _is_settling(path, moment, inbox):
                settling.append(path)
            else:
                files.append(path)
    return Inbox(tuple(files), tuple(settling), inbox)


def _lying_there(inbox: Path) -> list[tuple[int, str, Path]]:
    """As `_lying_in`; raises InboxGoneError when the inbox goes meanwhile."""
    try:
        return list(_lying_in(inbox))
    except OSError:
        refuse_gone(inbox)
        raise


def _lying_in(inbox: Path) -> Iterator[tuple[int, str, Path]]:
    """Time of change, name and path of each file to look at. A file that goes away meanwhile is left out."""
    folders = [inbox] if inbox.is_dir() else []
    while folders:
        folder = folders.pop()
        try:
            entries = list(os.scandir(folder))
        except OSError:
            yield 0, folder.name, folder
            continue
        for entry in entries:
            if _is_ignored(entry.name.lower()):
                continue
            if entry.is_dir(follow_symlinks=False):
                folders.append(Path(entry.path))
            elif entry.is_symlink() or entry.is_file(follow_symlinks=False):
                with suppress(FileNotFoundError):  # taken away since the folder was listed
                    yield entry.stat(follow_symlinks=False).st_mtime_ns, entry.name, Path(entry.path)


def _is_ignored(name: str) -> bool:
    """Whether a program made the file for itself: hidden, temporary, half loaded."""
    is_hidden = name.startswith(IGNORED_PREFIXES) and not name.startswith("..")
    return is_hidden or name.endswith(IGNORED_SUFFIXES) or name in IGNORED_NAMES


def _is_settling(path: Path, moment: float, inbox: Path) -> bool:
    """Whether a file changed a moment ago and is not whole yet."""
    try:
        with _opened(path, inbox) as file:
            return moment - os.fstat(file.fileno()).st_mtime < SETTLING_SECONDS and not _is_whole(file)
    except OSError:
        return False


def _is_whole(file: BinaryIO) -> bool:
    """Whether a file is a whole zip archive, or no zip archive. An empty file is neither yet."""
    head = file.read(len(ZIP_SIGNATURE))
    try:
        return zipfile.is_zipfile(file) if ZIP_SIGNATURE.startswith(head) else True
    except Exception:  # noqa: BLE001 - a forged directory raises what it likes; the inspection will tell
        return True


class NoFileError(OSError):
    """What lies there is no ordinary file: a pipe, a device, a folder."""


def _opened(path: Path, folder: Path | None) -> BinaryIO:
    """Opens a file for reading, and waits for nobody.

    Raises OSError when it, or a folder between it and `folder`, is a link by now, NoFileError when it is no ordinary
    file by now.
    """
    flags = os.O_RDONLY | NO_LINK | NO_WAITING | BINARY
    if folder is None or os.open not in os.supports_dir_fd:
        descriptor = os.open(path, flags)
    else:
        *folders, name = path.relative_to(folder).parts
        at = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            for each in folders:
                above, at = at, os.open(each, os.O_RDONLY | os.O_DIRECTORY | NO_LINK, dir_fd=at)
                os.close(above)
            descriptor = os.open(name, flags, dir_fd=at)
        finally:
            os.close(at)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise NoFileError(f"{path.name} is no ordinary file")
        return os.fdopen(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


def content_of(path: Path, limits: Limits, folder: Path | None = None) -> bytes | None:
    """A file's bytes. A link, a file that is too large or one that cannot be read gives a stand-in that says so.

    `folder` is the inbox in which it was seen (Inbox.folder).

    None when the file is no longer there. Raises InboxGoneError when the whole inbox is not.
    """
    name = shown_name(path.name)
    try:
        if path.is_symlink():
            return stand_in("file.link", name, printable(str(path.readlink())))
        with _opened(path, folder) as file:
            data = file.read(limits.file_bytes + 1)
            size = os.fstat(file.fileno()).st_size
        return data if len(data) <= limits.file_bytes else stand_in("file.too_large", name, f"{size / 1e6:.1f} MB")
    except FileNotFoundError:  # taken away since the folder was listed
        return None
    except NoFileError:
        return stand_in("file.unreadable", name, "不是普通文件（管道、设备或文件夹）")
    except OSError as error:
        if folder is not None and error.errno in AWAY:
            refuse_gone(folder)  # then it is no fault of this file
        return stand_in("file.unreadable", name, "没有读取权限" if isinstance(error, PermissionError) else "读取出错")


def inbox_submission_ids(
    inbox: Path, limits: Limits | None = None, seen_file: Path | None = None
) -> Iterator[tuple[str, str]]:
    """(file name, submission id) of everything to receive, without touching anything."""
    seen = read_seen(seen_file) if seen_file else {}
    for path in look_into(inbox).files:
        if submission_id := id_of(path, seen):
            yield shown_name(path.name), submission_id
        elif (data := content_of(path, limits or Limits(), inbox)) is not None:
            yield shown_name(path.name), sha256_of(data)
