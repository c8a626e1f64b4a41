"""What a command costs: wall and CPU seconds, and memory, of it and all its children."""

import os
import re
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

SAMPLE_SECONDS = 0.05
TICK = os.sysconf("SC_CLK_TCK")
IDLE = slice(3, 5)
"""Of the kernel's times of a processor: at rest, and waiting for a disk."""
MEMORY = re.compile(r"(VmRSS|VmHWM):\s+(\d+)")


@dataclass(frozen=True)
class Cost:
    """`cpu` is user and system time. `memory` is the largest sum of the resident memory of all processes at one time,
    looked at every SAMPLE_SECONDS (what they share counts once each); `largest` is the largest high-water mark that the
    kernel keeps of a single process. Both in bytes. The kernel's figure for a process that has ended is of no use: it
    has in it how large the process was that started it. `others` is how many cores other work kept busy meanwhile."""

    wall: float
    cpu: float
    memory: int
    largest: int
    others: float | None = None


@dataclass(frozen=True)
class Moment:
    """A process tree at a time (seconds since the epoch): CPU seconds used so far, resident bytes."""

    at: float
    cpu: float
    memory: int


class CommandFailedError(Exception):
    """A measured command did not end as it should; its output is the message."""


def measured(
    command: Sequence[str], environment: Mapping[str, str], expected: Sequence[int] = (0,), cwd: Path | None = None
) -> tuple[Cost, str, list[Moment]]:
    """Runs a command as a process of its own; returns its cost, its standard output, and how the cost grew.

    Raises CommandFailedError for an exit code that is not expected.
    """
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        start, busy = time.perf_counter(), busy_seconds()
        process = subprocess.Popen(command, env=dict(environment), stdout=output, stderr=errors, cwd=cwd)
        watch = _Watch(process.pid)
        watch.start()
        _, status, usage = os.wait4(process.pid, 0)
        wall, busy_then = time.perf_counter() - start, busy_seconds()
        watch.end()
        process.returncode = os.waitstatus_to_exitcode(status)
        text, more = (_text(file) for file in (output, errors))
    if process.returncode not in expected:
        raise CommandFailedError(f"{' '.join(command)} → {process.returncode}\n{text}\n{more}")
    memory = max([watch.largest, *(moment.memory for moment in watch.moments)])
    # the kernel's sum lacks the workers of a server that the command leaves to end by itself
    cpu = max([usage.ru_utime + usage.ru_stime, *(moment.cpu for moment in watch.moments[-1:])])
    others = None if busy is None or busy_then is None else max(busy_then - busy - cpu, 0) / wall
    return Cost(wall, cpu, memory, watch.largest, others), text, watch.moments


def busy_seconds() -> float | None:
    """CPU seconds that all processes of the machine have used since it started, with what its host took away; None
    where the system does not tell."""
    with suppress(OSError):  # a system without /proc: that nothing is known is what is returned
        ticks = [int(each) for each in Path("/proc/stat").read_text().split("\n")[0].split()[1:9]]
        return (sum(ticks) - sum(ticks[IDLE])) / TICK
    return None


def moment_now(pid: int) -> Moment:
    """How a process and its descendants stand now."""
    used = [_used(each) for each in _tree(pid)]
    return Moment(time.time(), sum(cpu for cpu, _, _ in used), sum(memory for _, memory, _ in used))


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode("utf-8", "replace")


class _Watch(threading.Thread):
    """Looks at a process and its descendants, every so often."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.pid = pid
        self.moments: list[Moment] = []
        self.largest = 0
        self.over = threading.Event()

    def run(self) -> None:
        while not self.over.wait(SAMPLE_SECONDS):
            used = [_used(pid) for pid in _tree(self.pid)]
            self.largest = max([self.largest, *(highest for _, _, highest in used)])
            # a child that ends between two looks is missing in one of them
            cpu = max([sum(cpu for cpu, _, _ in used), *(moment.cpu for moment in self.moments[-1:])])
            self.moments.append(Moment(time.time(), cpu, sum(memory for _, memory, _ in used)))

    def end(self) -> None:
        self.over.set()
        self.join()


def _tree(pid: int) -> list[int]:
    found = [pid]
    for each in found:
        with suppress(OSError):  # a process that has ended meanwhile has no children
            for task in Path(f"/proc/{each}/task").iterdir():
                found += map(int, (task / "children").read_text().split())
    return found


def _used(pid: int) -> tuple[float, int, int]:
    """CPU seconds (with ended children), resident bytes now and at most; all zero for a process that has ended."""
    with suppress(OSError):  # it has ended meanwhile
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        memory = dict(MEMORY.findall(Path(f"/proc/{pid}/status").read_text()))
        now, highest = (int(memory.get(name, 0)) * 1024 for name in ("VmRSS", "VmHWM"))
        return sum(map(int, fields[11:15])) / TICK, now, highest
    return 0.0, 0, 0
