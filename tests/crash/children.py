"""Runs in processes of their own, to be killed at any moment or at a chosen one.

The processes are forked from a server that has everything imported, so that a killed run costs what the run costs.
"""

import multiprocessing
import os
import re
import resource
import signal
import sys
import time
from collections.abc import Callable
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import Any

import duckdb

from sources.declarations.city import load_city
from sources.system.settings import Settings
from tests.conftest import YEARS, ingest, run_all
from tests.support.sample import PACK
from warehouse.run.publish import publish
from warehouse.run.rebuild import rebuilding, recover
from warehouse.store.connection import open_working, working_lock

Work = Callable[[Settings], None]
KILLED = -signal.SIGKILL


def forkserver() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    return context


def run(settings: Settings) -> None:
    """A whole run, as Dagster does it: under one lock, after clearing away what the dead have left."""
    with working_lock(settings) as taken_now:
        assert taken_now
        recover(settings, PACK)
        run_all(settings, load_city(settings.city_dir), YEARS)


def take_in(settings: Settings) -> None:
    with working_lock(settings):
        recover(settings, PACK)
        ingest(settings, load_city(settings.city_dir), YEARS)


def publish_only(settings: Settings) -> None:
    with working_lock(settings):
        recover(settings, PACK)
        publish(settings)


def die_while_rebuilding(settings: Settings) -> None:
    with rebuilding(settings, PACK), open_working(settings) as connection:
        connection.execute("create table half (built int)")
        os.kill(os.getpid(), signal.SIGKILL)


def hold_open(settings: Settings) -> None:
    """Has the working database open, as somebody's database browser might, until it is killed."""
    connection = duckdb.connect(str(settings.working_database))
    opened(settings).touch()
    while True:
        time.sleep(60)
        connection.execute("select 1")


def hold_lock(settings: Settings) -> None:
    """Is at work, for as long as it is let."""
    with working_lock(settings):
        opened(settings).touch()
        time.sleep(600)


def opened(settings: Settings) -> Path:
    return settings.home / "opened"


def wait_for(path: Path, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not path.exists():
        assert time.monotonic() < deadline, f"no {path.name} after {seconds} s"
        time.sleep(0.05)


def start(work: Callable[..., None], settings: Settings, *arguments: Any) -> multiprocessing.process.BaseProcess:
    process = forkserver().Process(target=work, args=(settings, *arguments))
    process.start()
    return process


def finish(work: Callable[..., None], settings: Settings, *arguments: Any) -> int | None:
    """Runs the work to its end; returns the exit code, negative for a signal."""
    process = start(work, settings, *arguments)
    process.join()
    return process.exitcode


# --- Stopping at a chosen moment -------------------------------------------------------------------------------------

FOLDERS = ("archive", "working", "published")
WRITES = ("os.rename", "os.remove", "os.chmod", "os.truncate", "shutil.copyfile")
FIRST_WORD = re.compile(r"\s*(?:/\*.*?\*/\s*)?(\w+)", re.DOTALL)
KEPT = ("begin", "commit", "checkpoint", "create", "insert", "update", "delete", "alter", "drop", "comment")


def counted(settings: Settings, work: Work, log: Path) -> None:
    """Does the work and writes down every moment at which it was about to change something."""
    moments: list[str] = []
    _before_every_write(settings, moments.append)
    work(settings)
    log.write_text("\n".join(moments), encoding="utf-8")


def killed_before(settings: Settings, work: Work, nth: int) -> None:
    """Does the work and dies, as of a power failure, when it is about to change something for the nth time (from 0)."""
    left = nth

    def count(_: str) -> None:
        nonlocal left
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        left -= 1

    _before_every_write(settings, count)
    work(settings)


def _before_every_write(settings: Settings, tell: Callable[[str], None]) -> None:
    """Tells of every change to a file of the installation, and every statement that writes, just before it happens."""

    def hook(event: str, arguments: tuple) -> None:
        opened = event == "open" and isinstance(arguments[1], str) and set(arguments[1]) & set("wax+")
        if opened or event in WRITES:
            folder = next((name for name in FOLDERS if f"{settings.home}/{name}" in str(arguments[0])), None)
            if folder:
                tell(f"{event} {folder}")

    sys.addaudithook(hook)
    fsync, connect = os.fsync, duckdb.connect

    def counted_fsync(descriptor: int) -> None:
        tell("fsync")
        fsync(descriptor)

    os.fsync = counted_fsync
    duckdb.connect = lambda *given, **named: _Connection(connect(*given, **named), tell)


class _Connection:
    """A DuckDB connection (or cursor) that tells of every statement that writes, and of its own end."""

    def __init__(self, inner: Any, tell: Callable[[str], None]) -> None:
        self._inner, self._tell = inner, tell

    def execute(self, sql: str, *arguments: Any) -> Any:
        first = FIRST_WORD.match(sql)
        if first and first[1].lower() in KEPT:
            self._tell(f"sql {first[1].lower()}")
        return self._inner.execute(sql, *arguments)

    def cursor(self) -> "_Connection":
        return _Connection(self._inner.cursor(), self._tell)

    def close(self) -> None:
        self._tell("close")
        self._inner.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


# --- A full disk -----------------------------------------------------------------------------------------------------


def with_files_up_to(settings: Settings, work: Work, limit: int) -> None:
    """Does the work where no file may grow beyond the limit in bytes: writes fail as they do on a full disk."""
    let_no_file_grow_beyond(limit)
    work(settings)


def let_no_file_grow_beyond(limit: int) -> None:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
