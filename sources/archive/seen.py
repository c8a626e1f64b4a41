"""What lay in the inbox when it was last received. Ten thousand untouched files need not be read again.

As in Git's index, a file is untouched while its size, times and inode are what they were. When the file with these
notes is missing, every file of the inbox is read, and nobody knows what lay there before.
"""

import json
import stat
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from sources.system.fingerprint import sha256_of
from sources.system.whole_file import whole_file

FRESH_NANOSECONDS = 2_000_000_000
"""A file that changed so lately may change again without its times showing it."""
Mark = tuple[int, int, int, int]
"""Size, times of modification and of change in nanoseconds, inode."""
Seen = Mapping[str, tuple[Mark, str]]
"""`key_of` a file → its mark when it was read, and the id of its content."""
Gone = Mapping[str, int]
"""The id of a content that lay there once and lies there no more → when it had been modified last, in nanoseconds."""


def key_of(path: Path) -> str:
    """Stands for a path, and does not say how its sender named the file."""
    return sha256_of(str(path).encode("utf-8", "surrogateescape"))


def mark_of(path: Path) -> Mark | None:
    """What an ordinary file looks like from outside. None for anything else, and for a file that has just changed."""
    try:
        found = path.lstat()
    except OSError:  # what cannot be looked at has no notes; who reads it says why it cannot be read
        return None
    is_fresh = time.time_ns() - max(found.st_mtime_ns, found.st_ctime_ns) < FRESH_NANOSECONDS
    if is_fresh or not stat.S_ISREG(found.st_mode):
        return None
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino


def id_of(path: Path, seen: Seen) -> str | None:
    """The id of an untouched file's content, without reading it; None when it has to be read."""
    mark, submission_id = seen.get(key_of(path), (None, None))
    return submission_id if mark is not None and mark == mark_of(path) else None


def read_seen(file: Path) -> Seen:
    """The notes. Empty when there are none, or when the file cannot be read as notes."""
    with suppress(OSError, ValueError, TypeError, KeyError):  # without notes, files are read again
        noted = json.loads(file.read_bytes())["lying"]
        return {path: ((size, modified, changed, inode), id_) for path, (size, modified, changed, inode, id_) in noted}
    return {}


def read_gone(file: Path) -> Gone:
    """What lay there once. Empty when there are no notes: then nothing is known to have been put there again."""
    with suppress(OSError, ValueError, TypeError, KeyError):  # no notes, or broken ones: the next look writes them anew
        return dict(json.loads(file.read_bytes())["gone"])
    return {}


def write_seen(file: Path, seen: Seen, gone: Gone) -> None:
    notes = {"lying": [(path, (*mark, id_)) for path, (mark, id_) in seen.items()], "gone": [*gone.items()]}
    with whole_file(file) as partial:
        partial.write_text(json.dumps(notes, ensure_ascii=True))
