"""Opens database files, and nobody else does: one writer at a time, any number of readers of the published copy."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

import duckdb
from filelock import BaseFileLock, FileLock, Timeout

from sources.system.access import OWNERS_FILE, prepare_home
from sources.system.aloud import Say, say_aloud
from sources.system.faults import ToldError, fault_of
from sources.system.seal import close_seal, open_seal
from sources.system.settings import Settings
from sources.system.whole_file import copy_file, whole_file
from warehouse.store.sql import quoted
from warehouse.store.turn import (
    SOMEBODY,
    holder_noted,
    holder_told,
    in_turn,
    note_holder,
)

RUN_WRITES = "另一个运行正在写入数据库"
LOOK_AT_IT = "它在工作就不用管；它没有反应了，就结束那个进程"
PROGRAM_HOLDS = "另一个程序打开了工作数据库，请先关闭它"
CLOSE_IT = "请关闭那个程序（看数据，打开 published 里的那一份就行）"
HELD_BY_ANOTHER = "Could not set lock"
"""DuckDB's words when another process has the file open."""
BLOCK_BYTES = 16384
"""Of a new file; an older file keeps its own."""
STORAGE = "v1.3.0"
"""The oldest DuckDB that reads a new file; texts take a third of the room that they take for older ones, and it opens
in a third of the time. An older file keeps its own."""
NEW_FILE = f" (block_size {BLOCK_BYTES}, storage_version '{STORAGE}')"
"""After a statement that attaches a file which is not there yet."""
SHORT_FILE = 48_000_000
"""Bytes of a file with tables so short that one thread does all the work: more would only wait for one another."""


class OtherVersionError(ToldError):
    """The published database was made by another version of nianbao."""


class WarehouseBrokenError(ToldError, duckdb.DatabaseError):
    """The working database cannot be read."""


@contextmanager
def working_lock(settings: Settings, wait_seconds: float | None = None, say: Say = say_aloud) -> Iterator[bool]:
    """Holds the right to write; waits for another holder, and says so. The kernel frees it when a process dies.

    A thread that holds it may take it again. Yields True when it was taken now: then no other process is at work, and
    whatever lies about was left by a dead one.

    Raises WarehouseBusyError after `wait_seconds`; without them, after as many as the installation has patience for.
    """
    path, note = settings.working_database.with_suffix(".lock"), settings.working_database.with_suffix(".holder")
    prepare_home(settings.home)
    lock = FileLock(path, mode=OWNERS_FILE, is_singleton=True)
    is_held_already = lock.is_locked
    limit = settings.wait_seconds if wait_seconds is None else wait_seconds
    in_turn(partial(_taken, lock), lambda: str(holder_noted(note) or SOMEBODY), LOOK_AT_IT, RUN_WRITES, limit, say)
    try:
        if not is_held_already:
            note_holder(note)
        yield not is_held_already
    finally:
        if not is_held_already:
            _seal_working(settings)
        lock.release()


def _taken(lock: BaseFileLock) -> BaseFileLock | None:
    """The lock, taken; None while another process has it."""
    try:
        lock.acquire(timeout=0)
    except Timeout:  # the caller says who has it, and waits
        return None
    return lock


def _seal_working(settings: Settings) -> None:
    """Seals the working database as it now is; not while a killed process's log has more of it.

    Where that fails there is no seal: a full disk has its own sentence.
    """
    if not _log(settings).exists():
        with suppress(OSError):  # without a seal nobody is accused
            close_seal(settings.working_database)


def _log(settings: Settings) -> Path:
    """Where DuckDB keeps what is not in the working database's file yet."""
    return settings.working_database.with_name(f"{settings.working_database.name}.wal")


@contextmanager
def open_working(
    settings: Settings, wait_seconds: float | None = None, say: Say = say_aloud
) -> Iterator[duckdb.DuckDBPyConnection]:
    """The working database, read-write, under the lock; checkpointed and closed at the end.

    It is waited for as the lock is. Raises WarehouseBusyError when another program has it open for too long,
    WarehouseBrokenError when it cannot be opened.
    """
    with working_lock(settings, wait_seconds, say):
        open_seal(settings.working_database)
        connection = _opened_in_turn(settings, settings.wait_seconds if wait_seconds is None else wait_seconds, say)
        try:
            yield connection
            connection.execute("checkpoint")
        finally:
            connection.close()


def _opened_in_turn(settings: Settings, limit: float, say: Say) -> duckdb.DuckDBPyConnection:
    """The working database, opened as soon as no other program has it open."""
    path, refused = settings.working_database, ""

    def opened() -> duckdb.DuckDBPyConnection | None:
        nonlocal refused
        try:
            return _connected(settings, path)
        except duckdb.Error as error:
            if HELD_BY_ANOTHER not in (refused := str(error)):
                raise explained(error, path) from error
            return None

    return in_turn(opened, lambda: f"{holder_told(refused)}，{path}", CLOSE_IT, PROGRAM_HOLDS, limit, say)


def settle(settings: Settings) -> None:
    """Brings everything into the working database's file, also what a killed process left in DuckDB's log."""
    if _log(settings).exists() or not settings.working_database.exists():
        with open_working(settings):
            pass


@contextmanager
def rewrite_working(settings: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    """A copy of the working database to write to, in as many transactions as one likes, under the lock.

    It takes the place of the old one at the end; if the body raises, or the process dies, nothing has changed.
    """
    with working_lock(settings), whole_file(settings.working_database) as partial:
        settle(settings)
        open_seal(settings.working_database)
        copy_file(settings.working_database, partial)
        name = settings.working_database.stem
        connection = _with_threads(settings, duckdb.connect(), partial)
        try:
            connection.execute(f"attach {quoted(str(partial))} as {name}; use {name}")
            yield connection
            connection.execute("checkpoint")
        finally:
            connection.close()


def explained(error: duckdb.Error, path: Path) -> Exception:
    """Our own error when the file is broken; the same error when the machine is at fault."""
    text = str(error)
    if fault_of(text):
        return error
    return WarehouseBrokenError(f"工作数据库打不开：{path}。请运行 nianbao run，它会从存档重建。\n{text}")


def _connected(settings: Settings, path: Path, read_only: bool = False) -> duckdb.DuckDBPyConnection:
    # a city's tables are short: with DuckDB's own block size, most of the file would be empty (docs/decisions/0053)
    new: dict[str, str | bool | int | float | list[str]] = {
        "default_block_size": BLOCK_BYTES,
        "storage_compatibility_version": STORAGE,
    }
    of_file = {} if path.exists() else new
    return _with_threads(settings, duckdb.connect(str(path), read_only=read_only, config=of_file), path)


def _with_threads(settings: Settings, connection: duckdb.DuckDBPyConnection, path: Path) -> duckdb.DuckDBPyConnection:
    """The connection, with as many threads as the settings say; else with one where the file is short."""
    is_short = path.exists() and path.stat().st_size < SHORT_FILE
    threads = settings.threads if settings.threads is not None else 1 if is_short else None
    if threads is not None:
        connection.execute(f"set threads = {threads}")
    return connection


@contextmanager
def open_beside(settings: Settings, database: Path, name: str) -> Iterator[duckdb.DuckDBPyConnection]:
    """A database file attached read-only under a name, to make another file from it."""
    connection = _with_threads(settings, duckdb.connect(), database)
    try:
        connection.execute(f"attach {quoted(str(database))} as {name} (read_only)")
        yield connection
    finally:
        connection.close()


def open_again(path: Path) -> duckdb.DuckDBPyConnection:
    """A file that is published, for a process that helps another; what it opens may have been swapped since."""
    return duckdb.connect(str(path), read_only=True, config={"threads": 1})


def path_of(connection: duckdb.DuckDBPyConnection) -> Path:
    """The file that a connection has open."""
    found = connection.execute(
        "select path from duckdb_databases() where database_name = current_database()"
    ).fetchone()
    return Path((found and found[0]) or "")


@contextmanager
def open_published(settings: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    """The published copy, read-only; safe at any time, also while a run writes.

    Raises FileNotFoundError when nothing has been published yet, OtherVersionError when it lacks a table or a column
    that is asked for: all that asks is ours, so another version has made it.
    """
    path = settings.published_database
    if not path.exists():
        raise FileNotFoundError(f"还没有发布的数据库：{path}。请先运行 nianbao run。")
    connection = _connected(settings, path, read_only=True)
    try:
        yield connection
    except (duckdb.CatalogException, duckdb.BinderException) as error:
        raise OtherVersionError(
            f"发布的数据库是另一个版本的程序做的，与现在的程序不合：{path}。"
            "请先运行 nianbao run，它会用现在的程序重新建好并发布。"
        ) from error
    finally:
        connection.close()
