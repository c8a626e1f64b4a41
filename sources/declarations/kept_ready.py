"""What the packs that ship declare, read once for a version of the project and kept beside Python's own bytecode.

Reading and checking the declarations takes half of what a short command needs; what comes of it is the same until a
file of the project changes. It is kept and trusted as Python keeps and trusts its bytecode: in `__pycache__`, by time
and size of the files that it is made of, and not where Python may not write any.
"""

import os
import pickle
import sys
from collections.abc import Callable, Iterator
from functools import cache, wraps
from pathlib import Path
from typing import TypeVar, cast

import pydantic

from sources.declarations.pack import REGIONS, Pack
from sources.system.disk import FullDiskError
from sources.system.fingerprint import sha256_of
from sources.system.settings import PROJECT_ROOT, SOURCES_ROOT
from sources.system.whole_file import whole_file

FOLDER = Path(__file__).parent / "__pycache__"
MADE_OF = (SOURCES_ROOT, PROJECT_ROOT / "warehouse")
NOT_MADE_OF = {"__pycache__", "data"}
Declared = TypeVar("Declared")


def kept_ready(load: Callable[[Pack], Declared]) -> Callable[[Pack], Declared]:
    """Makes a loader of declarations take what it returned before, while no file of the project has changed.

    Only of the packs that ship: what is kept in an archive, or lies with a city, is read each time. What is kept and
    cannot be used (of another version, cut short) is made anew.
    """

    @wraps(load)
    def loaded(pack: Pack) -> Declared:
        if pack.kept or (pack.folder and pack.folder.parent != REGIONS):
            return load(pack)
        name = f"{load.__name__}-{pack.code or 'neutral'}{'-trial' if pack.on_trial else ''}"
        path, stand = FOLDER / f"{name}.pickle", stand_of(MADE_OF)
        if (kept := _kept(path)) and kept[0] == stand:
            return cast(Declared, kept[1])
        declared = load(pack)
        if not sys.dont_write_bytecode:
            _keep(path, pickle.dumps((stand, declared), pickle.HIGHEST_PROTOCOL))
        return declared

    return loaded


def _kept(path: Path) -> tuple[str, object] | None:
    try:
        stand, declared = pickle.loads(path.read_bytes())  # our own file  # nosec B301
    except FileNotFoundError:  # the first time
        return None
    except Exception:  # noqa: BLE001 - cut short, or of classes that are no more: pickle raises what it likes
        return None
    return stand, declared


def _keep(path: Path, data: bytes) -> None:
    try:
        with whole_file(path) as partial:
            partial.write_bytes(data)
    except (OSError, FullDiskError):  # a folder that is not ours, a full disk: only time is lost
        return


@cache
def stand_of(folders: tuple[Path, ...]) -> str:
    """A fingerprint of time and size of every file in the folders, and of what reads them; looked at once a process.

    Modules that a process has imported stay as they were too.
    """
    files = (f"{path} {time} {size}" for folder in folders for path, time, size in _files(str(folder)))
    return sha256_of(sys.version, pydantic.VERSION, *sorted(files))


def _files(folder: str) -> Iterator[tuple[str, int, int]]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir():
                if entry.name not in NOT_MADE_OF:
                    yield from _files(entry.path)
            else:
                found = entry.stat()
                yield entry.path, found.st_mtime_ns, found.st_size
