"""Work on files that nobody vouches for, in processes of their own: what spins, eats or crashes loses only itself.

A worker does one file after the other, so that a city's files cost one start; it is started while the run imports
what it needs (`warm`), and kept for the next work. A worker that dies is replaced, and the file on which it died gets
an `Exceeded` for its result. Threads may ask at the same time.
"""

import atexit
import logging
import os
import pickle
import select
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import LifoQueue
from tempfile import TemporaryDirectory, TemporaryFile
from threading import Lock
from typing import IO, Any, Generic, Literal, Protocol, TypeVar

from sources.system.interrupt import is_ending
from sources.system.parallel import FEW
from sources.system.settings import Limits
from sources.system.worker import LENGTH, LOG_BYTES, OUT_OF_MEMORY, send

WAITS = 10
"""Times the seconds of work that a file may take by the clock: a busy machine is no fault of a file."""
TRIES = 2
"""A worker that somebody else killed (an operator; the kernel, for want of memory) need not be its file's fault."""
AHEAD = 256
"""Results that may wait for whoever uses them."""
ONE_THREAD = {"POLARS_MAX_THREADS": "1", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "2"}
"""A worker is one of several, and each thread takes memory of its own."""
SERVE = "import sys; sys.path[:] = {path!r}; from sources.system.worker import serve; serve({folder!r})"

Item = TypeVar("Item")
Result = TypeVar("Result")
What = Literal["time", "memory", "output", "killed", "crash", "fault"]


@dataclass(frozen=True, slots=True)
class Exceeded:
    """Why there is no result for a file.

    `what`: a limit; "killed" twice by somebody else; "crash" of a library; "fault", an error of ours. `found` is the
    signal or the error's name.
    """

    what: What
    found: str = ""

    @property
    def is_of_the_file(self) -> bool:
        """Whether the same would happen again; a fault of ours may be mended by the next version."""
        return self.what != "fault"

    def told(self, limits: Limits) -> str:
        """What was exceeded, in Chinese, to be put into a finding."""
        return {
            "time": f"处理它用的时间超过 {limits.seconds} 秒",
            "memory": f"处理它用的内存超过 {limits.memory_bytes / 1e6:.0f} MB",
            "output": f"读出的内容超过 {limits.result_bytes / 1e6:.0f} MB",
            "killed": "处理它的进程两次被系统终止（多半是内存不足）",
            "crash": f"处理它的进程意外终止（{self.found}）",
            "fault": f"程序处理它时出错（{self.found}）",
        }[self.what]


@dataclass(frozen=True, slots=True)
class Watch(Generic[Item]):
    """Who is told which item a worker has in hand, before it begins and after it has ended."""

    began: Callable[[Item], None]
    ended: Callable[[Item], None]


class EachApart(Protocol):
    """Who does work on items where nothing that they hold can reach this process, and yields the outcomes in order:
    processes of this machine (`each_apart`), or tasks of a cluster (warehouse/run/cluster.py)."""

    def __call__(
        self,
        work: Callable[[Item], Result],
        items: Sequence[Item],
        limits: Limits,
        watch: Watch[Item] | None = None,
        one_at_a_time: bool = False,
    ) -> Iterator[Result | Exceeded]: ...


def each_apart(
    work: Callable[[Item], Result],
    items: Sequence[Item],
    limits: Limits,
    watch: Watch[Item] | None = None,
    one_at_a_time: bool = False,
) -> Iterator[Result | Exceeded]:
    """Yields for each item, in order, the result or what its process died of. Work goes on while the caller uses them.

    Few items are done by one process, many by one for each processor. Raises OSError or
    ToldError where a worker met one: that is the machine's fault, or that of a declaration, and no file's.
    """
    if not items:
        return
    crew = _Crew(len(os.sched_getaffinity(0)) if len(items) >= FEW and not one_at_a_time else 1, work, limits, watch)
    waiting: deque[Future[Result | Exceeded]] = deque()
    pool = ThreadPoolExecutor(crew.count)
    try:
        for item in items:
            waiting.append(pool.submit(crew.do, item))
            if len(waiting) >= AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)
        crew.leave()


def warm(module: str) -> None:
    """Starts a worker, unless one is waiting, and lets it import what it will need. Returns at once."""
    with _guard:
        is_there = bool(_idle)
    if not is_there:
        worker = _Worker()
        worker.tell(pickle.dumps(("import", module)))
        _keep(worker)


class _Crew(Generic[Item, Result]):
    """So many workers for one kind of work; whoever has an item for them takes the one that is free."""

    def __init__(self, count: int, work: Callable[[Item], Result], limits: Limits, watch: Watch[Item] | None) -> None:
        self.count, self.limits, self.watch = count, limits, watch
        self.prepared = pickle.dumps(("work", work, limits), pickle.HIGHEST_PROTOCOL)
        self.free: LifoQueue[_Worker] = LifoQueue()
        for _ in range(count):
            self.free.put(_idle_one() or _Worker())

    def do(self, item: Item) -> Result | Exceeded:
        """The result for an item, or why there is none; a worker that is of no more use is replaced."""
        worker = self.free.get()
        try:
            if self.watch:
                self.watch.began(item)
            for _ in range(TRIES):
                outcome: Result | Exceeded = worker.do(self.prepared, item, self.limits)
                if not isinstance(outcome, Exceeded):
                    break
                worker.end()
                if is_ending():
                    raise KeyboardInterrupt
                worker = _Worker()
                if outcome.what != "killed":
                    break
            if self.watch:
                self.watch.ended(item)
            return outcome
        finally:
            self.free.put(worker)

    def leave(self) -> None:
        """Keeps one worker for the next work, and lets the others go."""
        for _ in range(self.count):
            _keep(self.free.get())


class _Worker:
    """A worker process as seen from here."""

    def __init__(self) -> None:
        self.folder = TemporaryDirectory(prefix="nianbao-worker-", ignore_cleanup_errors=True)
        self.log: IO[bytes] = TemporaryFile()  # noqa: SIM115 - as long as the process; `end` closes it
        self.logged = 0
        self.prepared = b""
        self.process = subprocess.Popen(
            [sys.executable, "-c", self._serve()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.log,
            env=os.environ | ONE_THREAD | {"TMPDIR": self.folder.name},
        )

    def _serve(self) -> str:
        return SERVE.format(path=[each or str(Path.cwd()) for each in sys.path], folder=self.folder.name)

    def tell(self, message: bytes) -> None:
        """Sends a message. One that the worker is too dead to take is lost; what waits for an answer notices."""
        try:
            send(self.process.stdin, message)
        except BrokenPipeError:  # noticed by whoever waits for the answer
            return

    def do(self, prepared: bytes, item: Any, limits: Limits) -> Any:
        """The worker's result for an item, or Exceeded; then the worker is of no more use. Raises its OSError."""
        if prepared != self.prepared:
            self.tell(prepared)
            self.prepared = prepared
        self.tell(pickle.dumps(("do", item), pickle.HIGHEST_PROTOCOL))
        deadline = time.monotonic() + limits.seconds * WAITS
        length = self._read(LENGTH, deadline)
        answer = self._read(int.from_bytes(length, "big"), deadline) if length else None
        self._pass_on_log()
        if answer is None:
            return self._cause(is_late=time.monotonic() >= deadline)
        what, found = pickle.loads(answer)  # of our worker  # nosec B301
        if what == "raise":
            raise found
        return found if what == "done" else Exceeded(what, found)

    def end(self) -> None:
        """Ends the process, whatever it does."""
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout, self.log):
            _close(pipe)
        self.folder.cleanup()

    def _read(self, length: int, deadline: float) -> bytes | None:
        """So many bytes of the answer; None when the worker ends before, or takes too long."""
        assert self.process.stdout is not None
        descriptor, parts, left = self.process.stdout.fileno(), [], length
        poll = select.poll()
        poll.register(descriptor, select.POLLIN | select.POLLHUP)
        while left:
            if not poll.poll(max(0, deadline - time.monotonic()) * 1000):
                return None
            part = os.read(descriptor, min(left, 1 << 20))
            if not part:
                return None
            parts.append(part)
            left -= len(part)
        return b"".join(parts)

    def _pass_on_log(self) -> None:
        """Hands on what the worker has said since; its file is read without moving the place at which it writes."""
        if said := os.pread(self.log.fileno(), LOG_BYTES, self.logged):
            self.logged += len(said)
            logging.getLogger(__name__).warning("%s", said.decode("utf-8", "replace").rstrip())

    def _cause(self, is_late: bool) -> Exceeded:
        """What a silent worker has died of, or is about to."""
        if is_late and self.process.poll() is None:
            return Exceeded("time")
        code = self.process.wait()
        if OUT_OF_MEMORY.encode() in os.pread(self.log.fileno(), LOG_BYTES, 0):
            return Exceeded("memory")
        if code in (-signal.SIGXCPU, -signal.SIGKILL):
            return Exceeded("time" if code == -signal.SIGXCPU else "killed")
        return Exceeded("crash", signal.Signals(-code).name if code < 0 else str(code))


_idle: list[_Worker] = []
"""Workers that wait for the next work."""
_most_idle = [1]
_guard = Lock()
"""Of both: several threads may have work done at the same time, each by a worker of its own."""


def keep_idle(count: int) -> None:
    """So many workers stay when their work is done (1, if nobody says so): for a process that serves many at once."""
    with _guard:
        _most_idle[0] = count


def _idle_one() -> _Worker | None:
    with _guard:
        return _idle.pop() if _idle else None


def _keep(worker: _Worker) -> None:
    with _guard:
        is_kept = len(_idle) < _most_idle[0] and worker.process.poll() is None
        if is_kept:
            _idle.append(worker)
    if not is_kept:
        worker.end()


@atexit.register
def _let_go() -> None:
    while worker := _idle_one():
        worker.end()


def _close(pipe: IO[bytes] | None) -> None:
    try:
        if pipe:
            pipe.close()
    except BrokenPipeError:  # what was left to be sent is not wanted any more
        return
