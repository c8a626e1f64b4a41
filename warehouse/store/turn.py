"""Waits for the working database, and says for whom: nobody waits without a word, or without end.

Whoever holds the lock notes its process beside it. Of another program's process DuckDB tells.
"""

import os
import re
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from sources.system.access import OWNERS_FILE
from sources.system.aloud import Say, span
from sources.system.faults import ToldError

Got = TypeVar("Got")
TOLD_AFTER, TOLD_EVERY, ASKED_EVERY = 2.0, 300.0, 0.2
"""Seconds; most holders are done within two."""
WAITS = "工作数据库正在使用中：{who}。{so}。等它用完就接着做，最多等 {limit}；不想等，按 Ctrl-C。"
STILL_WAITS = "还在等：{who}。已经等了 {waited}，最多等 {limit}。"
GOES_ON = "工作数据库空出来了，等了 {waited}，现在接着做。"
SOMEBODY = "另一个进程"
HELD_BY = re.compile(r"held in (?P<program>.+?) \(PID (?P<process>\d+)\)")
"""DuckDB's words of another program's process."""


class WarehouseBusyError(ToldError):
    """Another run, or another program, holds the working database for longer than anybody waits."""


@dataclass(frozen=True, slots=True)
class Holder:
    """A process that holds the lock: its number, the command as it was typed, up to the subcommand, and since when."""

    process: int
    command: str
    since: datetime

    def __str__(self) -> str:
        return f"进程 {self.process}（{self.command}，{self.since:%m-%d %H:%M} 起）"


def note_holder(note: Path) -> None:
    """Notes that this process holds the lock. Without room for a note there is none: nobody is named then."""
    with suppress(OSError):  # a full disk must not keep a lock from being taken
        note.unlink(missing_ok=True)
        note.touch(OWNERS_FILE)
        note.write_text(f"{os.getpid()}\n{_typed(sys.argv)}\n", encoding="utf-8")


def holder_noted(note: Path) -> Holder | None:
    """Who holds the lock, from the note beside it. None when nobody has noted it, or who did is no more."""
    with suppress(OSError, ValueError):  # no note, half a note, or nobody of that number: the holder is not named
        process, command = note.read_text("utf-8").splitlines()
        os.kill(int(process), 0)
        return Holder(int(process), command, datetime.fromtimestamp(note.stat().st_mtime))
    return None


def holder_told(error: str) -> str:
    """The process that has a database open, from DuckDB's error."""
    found = HELD_BY.search(error)
    return f"进程 {found['process']}（{Path(found['program']).name}）" if found else SOMEBODY


def in_turn(take: Callable[[], Got | None], who: Callable[[], str], so: str, busy: str, limit: float, say: Say) -> Got:
    """What `take` gives, as soon as it gives something.

    While it does not, `say` is told who holds it and what to do (`so`), again from time to time, and when it goes on.

    Raises WarehouseBusyError, with `busy` and who holds it, after `limit` seconds.
    """
    began, next_word, word = time.monotonic(), TOLD_AFTER, WAITS
    while (got := take()) is None:
        waited = time.monotonic() - began
        if waited >= limit:
            raise WarehouseBusyError(f"{busy}：{who()}。等了 {span(waited)}，没有做成；{so}，再运行一次。")
        if waited >= next_word:
            say(word.format(who=who(), so=so, waited=span(waited), limit=span(limit)))
            next_word, word = waited + TOLD_EVERY, STILL_WAITS
        time.sleep(ASKED_EVERY)
    if word != WAITS:
        say(GOES_ON.format(waited=span(time.monotonic() - began)))
    return got


def _typed(arguments: list[str]) -> str:
    """A command up to its subcommand: what follows may be names."""
    program = Path(arguments[0])
    name = program.parent.name if program.name == "__main__.py" else program.name
    return " ".join([name, *(each for each in arguments[1:2] if not each.startswith("-"))])
