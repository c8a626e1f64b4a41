"""Files that appear whole or not at all, whatever happens while they are being written."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sources.system.access import narrow
from sources.system.disk import full_disk

PARTIAL = ".partial"
COPIED_AT_ONCE = 1 << 26


@contextmanager
def whole_file(target: Path, mode: int = 0o644) -> Iterator[Path]:
    """Yields a path beside `target` to write to. At the end it is flushed and takes the target's place; after an error
    it is removed. It has the rights of `mode` that the umask leaves.

    A process that is killed leaves it behind; `remove_partials` clears it away.

    Raises FullDiskError, whatever the body raises for it, when the disk is full: once the file is removed, it is not.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f".{target.name}.{os.getpid()}{PARTIAL}")
    try:
        yield partial
        with partial.open("rb") as file:
            os.fsync(file.fileno())
        narrow(partial, mode)
        partial.replace(target)
        sync_folder(target.parent)
    except Exception as error:
        if full := full_disk(error, target.parent):
            raise full from error
        raise
    finally:
        partial.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Flushes a folder, so that the names in it survive a power failure."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def copy_file(source: Path, target: Path) -> None:
    """Copies a file's content; where the file system has copy-on-write, the blocks are shared and nothing is copied."""
    with source.open("rb") as read, target.open("wb") as written:
        try:
            while os.copy_file_range(read.fileno(), written.fileno(), COPIED_AT_ONCE):
                pass
        except (AttributeError, OSError):  # not on this system, or not between these two file systems
            read.seek(0)
            written.seek(0)
            shutil.copyfileobj(read, written, COPIED_AT_ONCE)


def remove_partials(folder: Path) -> None:
    """Removes what killed processes have left in a folder and below. Only the one writer of the folder may call it."""
    for path in folder.rglob(f"*{PARTIAL}*"):
        path.unlink(missing_ok=True)


def remove_dead_partials(folder: Path) -> None:
    """Removes the folders `.<name>.<process>.partial` whose process is no more; another may be at work beside us."""
    for path in folder.glob(f".*{PARTIAL}") if folder.is_dir() else ():
        process = path.name.removesuffix(PARTIAL).rpartition(".")[2]
        if process.isdigit() and not _is_alive(int(process)):
            shutil.rmtree(path, ignore_errors=True)


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:  # somebody else's
        return True
    return True
