"""A file of the archive for one process to write: what is drawn or counted from it is drawn and counted once."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sources.system.access import OWNERS_FILE


@contextmanager
def alone_with(file: Path) -> Iterator[None]:
    """Makes the file, the service's alone, if it is not there, and holds it; whoever else asks waits."""
    file.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT, OWNERS_FILE)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
