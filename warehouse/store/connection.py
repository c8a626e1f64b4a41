"""Opens database files, and nobody else does: one writer at a time, any number of readers of the published copy."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
from filelock import FileLock, Timeout

from sources.system.faults import ToldError, fault_of
from sources.system.settings import Settings
from sources.system.whole_file import copy_file, whole_file
from warehouse.store.sql import quoted

LOCK_TIMEOUT_SECONDS = 1800


class WarehouseBusyError(ToldError):
    """Another run, or another program, holds the working database for longer than a run takes."""


class WarehouseBrokenError(ToldError, duckdb.DatabaseError):
    """The working database cannot be read."""


@contextmanager
def working_lock(settings: Settings, timeout_seconds: float = LOCK_TIMEOUT_SECONDS) -> Iterator[bool]:
    """Holds the right to write; waits for another holder. The kernel frees it when a process dies.

    A thread that holds it may take it again. Yields True when it was taken now: then no other process is at work, and
    whatever lies about was left by a dead one.

    Raises WarehouseBusyError after `timeout_seconds`.
    """
    path = settings.working_database.with_suffix(".lock")
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path, is_singleton=True, poll_interval=0.2)
    is_held_already = lock.is_locked
    try:
        lock.acquire(timeout=timeout_seconds)
    except Timeout:
        raise WarehouseBusyError(f"另一个运行正在写入数据库，等待超过 {timeout_seconds:.0f} 秒：{path}") from None
    try:
        yield not is_held_already
    finally:
        lock.release()


@contextmanager
def open_working(settings: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    """The working database, read-write, under the lock; checkpointed and closed at the end.

    Raises WarehouseBusyError when another program has it open, WarehouseBrokenError when it cannot be opened.
    """
    with working_lock(settings):
        try:
            connection = _connected(settings, settings.working_database)
        except duckdb.Error as error:
            raise explained(error, settings.working_database) from error
        try:
            yield connection
            connection.execute("checkpoint")
        finally:
            connection.close()


def settle(settings: Settings) -> None:
    """Brings everything into the working database's file, also what a killed process left in DuckDB's log."""
    log = settings.working_database.with_name(f"{settings.working_database.name}.wal")
    if log.exists() or not settings.working_database.exists():
        with open_working(settings):
            pass


@contextmanager
def rewrite_working(settings: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    """A copy of the working database to write to, in as many transactions as one likes, under the lock.

    It takes the place of the old one at the end; if the body raises, or the process dies, nothing has changed.
    """
    with working_lock(settings), whole_file(settings.working_database) as partial:
        settle(settings)
        copy_file(settings.working_database, partial)
        name = settings.working_database.stem
        connection = _with_threads(settings, duckdb.connect())
        try:
            connection.execute(f"attach {quoted(str(partial))} as {name}; use {name}")
            yield connection
            connection.execute("checkpoint")
        finally:
            connection.close()


def explained(error: duckdb.Error, path: Path) -> Exception:
    """Our own error when somebody holds the file or it is broken; the same error when the machine is at fault."""
    text = str(error)
    if "Could not set lock" in text:
        return WarehouseBusyError(f"另一个程序打开了工作数据库，请先关闭它：{path}\n{text}")
    if fault_of(text):
        return error
    return WarehouseBrokenError(f"工作数据库打不开：{path}。请运行 nianbao run，它会从存档重建。\n{text}")


def _connected(settings: Settings, path: Path, read_only: bool = False) -> duckdb.DuckDBPyConnection:
    return _with_threads(settings, duckdb.connect(str(path), read_only=read_only))


def _with_threads(settings: Settings, connection: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    if settings.threads is not None:
        connection.execute(f"set threads = {settings.threads}")
    return connection


@contextmanager
def open_published(settings: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    """The published copy, read-only; safe at any time, also while a run writes.

    Raises FileNotFoundError when nothing has been published yet.
    """
    path = settings.published_database
    if not path.exists():
        raise FileNotFoundError(f"还没有发布的数据库：{path}。请先运行 nianbao run。")
    connection = _connected(settings, path, read_only=True)
    try:
        yield connection
    finally:
        connection.close()
