"""Working database → published copy: whole or not at all, and without disturbing readers."""

import os
import shutil
from pathlib import Path

import duckdb

from sources.settings import Settings
from warehouse.connection import working_lock


def publish(settings: Settings) -> Path:
    """Swaps in a read-only copy of the working database and returns its path.

    The copy is written beside its destination, flushed and opened once before the swap; a reader that has the
    old copy open keeps it until it closes.

    Raises RuntimeError when the working database was not closed cleanly (then the copy would lack rows).
    """
    source, target = settings.working_database, settings.published_database
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f".{target.name}.{os.getpid()}.partial")
    try:
        with working_lock(settings):
            if source.with_name(source.name + ".wal").exists():
                duckdb.connect(str(source)).close()
            if source.with_name(source.name + ".wal").exists():
                raise RuntimeError(f"{source} has an unwritten log: another process has it open")
            shutil.copyfile(source, partial)
        with partial.open("rb") as file:
            os.fsync(file.fileno())
        duckdb.connect(str(partial), read_only=True).close()
        partial.chmod(0o444)
        partial.replace(target)
        _sync_folder(target.parent)
    finally:
        partial.unlink(missing_ok=True)
    return target


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
