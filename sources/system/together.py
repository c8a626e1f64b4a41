"""Files of one folder that change together: all of them or none, also when the process is killed in the middle.

What stood before is noted in the folder until the last one has taken its place. Whoever opens the folder next finds the
note and puts everything back (`recover`); while somebody is at it, it waits.
"""

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from sources.system.whole_file import whole_file

UNFINISHED = ".unfinished.json"


def replace_together(folder: Path, texts: Mapping[str, str | None]) -> None:
    """File name → its new text, None for one that goes. After an error, or a kill and `recover`, all are as before."""
    with _alone_in(folder):
        before = {name: read_if_there(folder / name) for name in texts}
        with whole_file(folder / UNFINISHED) as partial:
            partial.write_text(json.dumps(before, ensure_ascii=False), encoding="utf-8")
        try:
            for name, text in texts.items():
                put(folder / name, text)
        except Exception:
            _put_back(folder)
            raise
        (folder / UNFINISHED).unlink()


def recover(folder: Path) -> None:
    """Puts back what a killed process has left half done; does nothing otherwise."""
    if not (folder / UNFINISHED).exists():
        return
    with _alone_in(folder):
        if (folder / UNFINISHED).exists():
            _put_back(folder)


def put(path: Path, text: str | None) -> None:
    """Writes a file whole, or takes it away."""
    if text is None:
        path.unlink(missing_ok=True)
        return
    with whole_file(path) as partial:
        partial.write_text(text, encoding="utf-8", newline="")


def read_if_there(path: Path) -> str | None:
    """The text with its line ends as they are."""
    return path.read_bytes().decode("utf-8") if path.exists() else None


def _put_back(folder: Path) -> None:
    before: dict[str, str | None] = json.loads((folder / UNFINISHED).read_text("utf-8"))
    for name, text in before.items():
        if read_if_there(folder / name) != text:
            put(folder / name, text)
    (folder / UNFINISHED).unlink()


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
