"""Who may read what below an installation's home: readers what is published, the service all the rest.

`published/` and `releases/` have the rights that the umask gives them. Every other folder is the service's alone, and
the home itself can be passed through and not listed. Rights are taken away here and never given: who shall read what is
published is said by group and setgid of these two folders (docs/deploy.md).
"""

import os
import stat
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from sources.system.whereabouts import is_to_be_made, note_whereabouts

READABLE = frozenset({"published", "releases"})
"""What analysts may read, if the umask lets them."""
DROPPED_INTO = "inbox"
OWNERS_ALONE, OWNERS_FILE = 0o700, 0o600
PASSED_THROUGH = 0o711
"""A home: who knows the name of a folder that he may read gets there; nobody lists what lies beside it."""
NOT_FOR_OTHERS = 0o7770
"""An inbox that was there: a group that delivers may keep its access."""
MADE_BY_A_RUN = ("inbox", "archive", "working", "feedback", "dagster", "summary_tables")


def prepare_home(home: Path, folders: Sequence[str] = MADE_BY_A_RUN) -> None:
    """Makes the home with these folders, and takes from what lies in it the rights that others have.

    What belongs to another user stays as that user made it. An inbox that was there and has gone is not made anew: a
    share that is mounted later would lie over it.
    """
    home.mkdir(parents=True, exist_ok=True)
    narrow(home, PASSED_THROUGH | stat.S_ISGID)
    for name in folders:
        is_missing = is_to_be_made(home / name) if name == DROPPED_INTO else not (home / name).exists()
        if is_missing:
            (home / name).mkdir(mode=OWNERS_ALONE, exist_ok=True)
    note_whereabouts(home / DROPPED_INTO)
    for entry in os.scandir(home):
        if entry.name not in READABLE and not entry.is_symlink():
            _narrow_in_home(entry)


def _narrow_in_home(entry: os.DirEntry[str]) -> None:
    if entry.name != DROPPED_INTO:
        with suppress(FileNotFoundError):  # the journal of a database that another is writing, gone meanwhile
            narrow(Path(entry.path), OWNERS_ALONE)
        return
    with suppress(OSError):  # a share that does not answer: whoever looks into it says so
        narrow(Path(entry.path), NOT_FOR_OTHERS)


def private_folder(folder: Path) -> Path:
    """The folder, which nobody else may enter when it is made now; parents are made like it."""
    for each in (*reversed(folder.parents), folder):
        if not each.exists():
            each.mkdir(mode=OWNERS_ALONE, exist_ok=True)
    return folder


def narrow(path: Path, mode: int) -> None:
    """Takes away the rights that are not in `mode`; gives none. Leaves what is another user's."""
    found = path.stat()
    now = stat.S_IMODE(found.st_mode)
    if now & mode != now and found.st_uid == os.geteuid():
        path.chmod(now & mode)
