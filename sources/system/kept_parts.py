"""Parts of documents that are slow to make, kept by the hash of all that they are made of: none is made twice."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from sources.system.access import OWNERS_FILE, private_folder
from sources.system.fingerprint import sha256_of
from sources.system.whole_file import whole_file

HASH_LETTERS = 64
MOST = 200
"""So many are kept, those that were used last."""


@dataclass(frozen=True)
class KeptParts:
    """Where parts are kept; without a folder, none is.

    A part is kept behind its own hash: what a disk has changed is made again. They are derived and nobody's record, so
    a release is verified without them.
    """

    folder: Path | None = None

    def part(self, made_of: tuple[bytes | str, ...], make: Callable[[], bytes]) -> bytes:
        """The part, kept or made now. `made_of` is everything that decides about it, the program's own versions too."""
        if self.folder is None:
            return make()
        key = sha256_of(*(sha256_of(each) for each in made_of))
        path = self.folder / key
        if (found := _whole(path)) is None:
            found = make()
            with suppress(OSError):  # a full disk must not keep a document from being made
                private_folder(self.folder)
                with whole_file(path, OWNERS_FILE) as partial:
                    partial.write_bytes(sha256_of(found).encode() + found)
                self._forget_the_oldest()
        return found

    def _forget_the_oldest(self) -> None:
        assert self.folder is not None
        kept = sorted(self.folder.iterdir(), key=lambda path: path.stat().st_mtime)
        for path in kept[:-MOST]:
            path.unlink(missing_ok=True)


NOTHING_KEPT = KeptParts()


def _whole(path: Path) -> bytes | None:
    """What is kept at a path, noted as used; None when there is nothing, or not what was written."""
    try:
        kept = path.read_bytes()
        path.touch()
    except OSError:  # it has not been made yet, or cannot be read: it is made again
        return None
    data = kept[HASH_LETTERS:]
    return data if kept[:HASH_LETTERS] == sha256_of(data).encode() else None
