"""What lies in the inbox: which files are looked at, which are still being written."""

import os
import time
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from sources.archive.seen import id_of, read_seen
from sources.archive.stand_in import ZIP_SIGNATURE, stand_in
from sources.system.fingerprint import sha256_of
from sources.system.plain_text import printable, shown_name
from sources.system.settings import Limits

IGNORED_PREFIXES = (".", "~$", "~")
IGNORED_SUFFIXES = (".tmp", ".part", ".partial", ".crdownload")
IGNORED_NAMES = ("thumbs.db", "desktop.ini")
SETTLING_SECONDS = 60
NO_LINK = getattr(os, "O_NOFOLLOW", 0)  # Windows has none
BINARY = getattr(os, "O_BINARY", 0)  # only Windows has it


@dataclass(frozen=True)
class Inbox:
    """What lies in the inbox: `files` to receive, and `settling` files still being written."""

    files: tuple[Path, ...] = ()
    settling: tuple[Path, ...] = ()


def look_into(inbox: Path, now: float | None = None) -> Inbox:
    """Sorts what lies in the inbox and its folders, oldest first. Links are not followed, ever."""
    files, settling = [], []
    moment = time.time() if now is None else now
    for _, _, path in sorted(_lying_in(inbox)):
        if _is_settling(path, moment):
            settling.append(path)
        else:
            files.append(path)
    return Inbox(tuple(files), tuple(settling))


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


def _is_settling(path: Path, moment: float) -> bool:
    """Whether a file changed a moment ago and is not whole yet."""
    try:
        with _opened(path) as file:
            return moment - os.fstat(file.fileno()).st_mtime < SETTLING_SECONDS and not _is_whole(file)
    except OSError:
        return False


def _is_whole(file: BinaryIO) -> bool:
    """Whether a file is a whole zip archive, or no zip archive. An empty file is neither yet."""
    head = file.read(len(ZIP_SIGNATURE))
    return zipfile.is_zipfile(file) if ZIP_SIGNATURE.startswith(head) else True


def _opened(path: Path) -> BinaryIO:
    """Opens a file for reading. Raises OSError when it is a link by now."""
    return os.fdopen(os.open(path, os.O_RDONLY | NO_LINK | BINARY), "rb")


def content_of(path: Path, limits: Limits) -> bytes | None:
    """A file's bytes. A link, a file that is too large or one that cannot be read gives a stand-in that says so.

    None when the file is no longer there.
    """
    name = shown_name(path.name)
    try:
        if path.is_symlink():
            return stand_in("file.link", name, printable(str(path.readlink())))
        with _opened(path) as file:
            data = file.read(limits.file_bytes + 1)
            size = os.fstat(file.fileno()).st_size
        return data if len(data) <= limits.file_bytes else stand_in("file.too_large", name, f"{size / 1e6:.1f} MB")
    except FileNotFoundError:  # taken away since the folder was listed
        return None
    except OSError as error:
        return stand_in("file.unreadable", name, "没有读取权限" if isinstance(error, PermissionError) else "读取出错")


def inbox_submission_ids(
    inbox: Path, limits: Limits | None = None, seen_file: Path | None = None
) -> Iterator[tuple[str, str]]:
    """(file name, submission id) of everything to receive, without touching anything."""
    seen = read_seen(seen_file) if seen_file else {}
    for path in look_into(inbox).files:
        if submission_id := id_of(path, seen):
            yield shown_name(path.name), submission_id
        elif (data := content_of(path, limits or Limits())) is not None:
            yield shown_name(path.name), sha256_of(data)
