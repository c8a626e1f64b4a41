"""Ctrl-C and SIGTERM end a command within two seconds, at any moment, and leave no process behind.

Work is told first (KeyboardInterrupt), so that it cleans up. What does not listen, because it waits for a process of
ours or is within a library, loses its processes after a moment, and the whole process after another: whatever is killed
is taken up by the next run (docs/decisions/0011-crash-safety.md).
"""

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

PROCESSES_END_AFTER, ALL_ENDS_AFTER = 0.7, 1.4
"""Seconds from the signal on."""
INTERRUPTED = 130
"""The exit code, as shells have it for Ctrl-C."""
AGAIN_AFTER = 0.05
"""Seconds after which work is told once more, where the first time came to nobody."""
SAID = "已中断。已经写下的都是完整的；再运行一次会接着做完。"

_ending = threading.Event()
_is_working, _is_told = False, False
_errors = 2
"""Where the last words go."""


def listen() -> None:
    """From here on both signals end this process. To be called by its main thread, before anything takes long."""
    global _errors
    _errors = os.dup(
        2
    )  # Dagster leads 2 into a file of its own while a step runs, and what passes it on is ended first
    woken, wakes = os.pipe()
    os.set_blocking(wakes, False)
    threading.Thread(target=_end_in_time, args=(woken,), daemon=True, name="interrupt").start()
    sys.unraisablehook = _came_to_nobody
    signal.signal(signal.SIGINT, _interrupt)
    signal.signal(signal.SIGTERM, _interrupt)
    signal.set_wakeup_fd(wakes, warn_on_full_buffer=False)  # written at once, also while a library does not let us run


@contextmanager
def told_to_work() -> Iterator[None]:
    """While this lasts a signal raises KeyboardInterrupt first. Before and after there is nothing to clean up."""
    global _is_working
    _is_working = True
    try:
        yield
    finally:
        _is_working = False


def is_ending() -> bool:
    """Whether a signal has come: nothing new is to be begun."""
    return _ending.is_set()


def descendants(process: int) -> list[int]:
    """The processes that a process has started, and those that they have, as far as this system shows them."""
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(stat.read_text("ascii", "replace").rpartition(")")[2].split()[1])
        except (OSError, IndexError):  # it has ended meanwhile
            continue
        children.setdefault(parent, []).append(int(stat.parent.name))
    found = [process]
    for each in found:
        found += children.get(each, [])
    return found[1:]


def end_descendants() -> None:
    """Ends all processes that this one has started, and those that they have."""
    for each in descendants(os.getpid()):
        try:
            os.kill(each, signal.SIGKILL)
        except OSError:  # it has ended meanwhile, or is somebody else's
            continue


def _interrupt(number: int, frame: FrameType | None) -> None:
    global _is_told
    _ending.set()
    if not _is_working:
        _end_now()
    if not _is_told:  # a second one would disturb the cleaning up
        _is_told = True
        raise KeyboardInterrupt


def _came_to_nobody(unraisable: "sys.UnraisableHookArgs") -> None:
    """Tells work again when the signal came while an object was being taken down: Python drops what is raised there."""
    global _is_told
    if not isinstance(unraisable.exc_value, KeyboardInterrupt):
        sys.__unraisablehook__(unraisable)
        return
    _is_told = False
    again = threading.Timer(AGAIN_AFTER, os.kill, (os.getpid(), signal.SIGINT))
    again.daemon = True
    again.start()


def _end_in_time(woken: int) -> None:
    """Waits for a signal of the two, whoever handles it, and sees to it that the process ends."""
    while set(os.read(woken, 1)) & {signal.SIGINT, signal.SIGTERM} == set():
        pass
    _ending.set()
    time.sleep(PROCESSES_END_AFTER)
    end_descendants()
    time.sleep(ALL_ENDS_AFTER - PROCESSES_END_AFTER)
    _end_now()


def _end_now() -> None:
    end_descendants()
    try:
        os.write(_errors, f"{SAID}\n".encode())
    finally:
        os._exit(INTERRUPTED)
