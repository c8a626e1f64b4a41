"""Work of ours that processes beside this one take a share of: whoever does a piece, it comes out the same.

Not for files that nobody vouches for: those are handled `apart`, within limits.
"""

import os
import pickle
import signal
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import lru_cache
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Generic, TypeVar

PORTIONS = 24
Given = TypeVar("Given")
Result = TypeVar("Result")


class DeclinedError(Exception):
    """A process beside this one cannot do a piece of work; then it is done here."""


class Shared(Generic[Given]):
    """What all pieces of a work need: here the thing itself, in a process beside this one read once from a file."""

    def __init__(self, value: Given, path: Path) -> None:
        self.value, self.path = value, path

    def __reduce__(self) -> tuple[Any, ...]:
        return _taken_over, (self.path,)


@lru_cache(maxsize=4)
def _taken_over(path: Path) -> "Shared[Any]":
    return Shared(pickle.loads(path.read_bytes()), path)  # our own file  # nosec B301


class Hands:
    """So many processes for one work, this one included; with one, all is done here.

    A process that dies, of a kill or for want of memory, loses nothing: what it had in hand is done here.
    """

    def __init__(self, processes: int = 1) -> None:
        self._pool: ProcessPoolExecutor | None = None
        if processes > 1:
            self._pool = ProcessPoolExecutor(processes - 1, get_context("spawn"), initializer=_leave_signals)
        self._count = 0
        self._folder = TemporaryDirectory(prefix="nianbao-hands-", ignore_cleanup_errors=True)

    def leave(self) -> None:
        """Lets the others go; what they still have in hand is of no more use."""
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)
        self._folder.cleanup()

    def shared(self, value: Given) -> Shared[Given]:
        """A value that every process may read."""
        self._count += 1
        path = Path(self._folder.name, f"{self._count}.pickle")
        if self._pool:
            path.write_bytes(pickle.dumps(value, pickle.HIGHEST_PROTOCOL))
        return Shared(value, path)

    def begin(self, work: Callable[..., Result], *given: Any) -> Callable[[], Result]:
        """Has a piece of work begun, and returns what waits for its result. With one process it is done at once."""
        if self._pool is None:
            done = work(*given)
            return lambda: done
        try:
            begun = self._pool.submit(work, *given)
        except BrokenProcessPool:
            self._pool = None
            return self.begin(work, *given)

        def result() -> Result:
            if begun.cancel():  # nobody has begun it
                return work(*given)
            try:
                return begun.result()
            except (DeclinedError, BrokenProcessPool):
                return work(*given)

        return result

    def share(self, work: Callable[[Given], Result], pieces: Sequence[Given]) -> list[Result]:
        """The result of each piece, in their order. The others take from the front, this process from the end."""
        results = [self.begin(work, piece) for piece in pieces]
        return [result() for result in reversed(results)][::-1]


def in_portions(pieces: Sequence[Given]) -> list[Sequence[Given]]:
    """Enough of them that nobody waits long for the last, and not so many that handing them out costs."""
    size = max(1, -(-len(pieces) // PORTIONS))
    return [pieces[start : start + size] for start in range(0, len(pieces), size)]


def processors() -> int:
    """How many processes are worth having."""
    return len(os.sched_getaffinity(0))


def _leave_signals() -> None:
    """Ctrl-C is for the process that has begun the work; the others end when it does."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
