"""Sets aside a working database that is broken or half built, and builds it again from the archive.

A broken one is set aside, never deleted: the next intake finds an empty registry beside a filled archive, and takes
everything in again (`warehouse/intake/take_in.py`).
"""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from sources.archive.archive import archived_decisions, archived_path, damaged, restore
from sources.archive.inbox import Inbox
from sources.declarations.city import City
from sources.system.faults import ToldError
from sources.system.settings import Settings
from sources.system.whole_file import remove_partials
from warehouse.catalogue.reference import load_reference
from warehouse.intake.take_in import take_in
from warehouse.run.build import build
from warehouse.run.changed import inputs_fingerprint, record_build
from warehouse.run.publish import publish
from warehouse.store.connection import WarehouseBrokenError, explained, open_working, working_lock
from warehouse.store.ddl import create_tables, misfits

BEFORE_REBUILD, OUTDATED = "before-rebuild", "outdated"


class ArchiveDamagedError(ToldError):
    """Files of the archive are missing or changed, so nothing can be built from it."""


@contextmanager
def rebuilding(settings: Settings) -> Iterator[None]:
    """Holds the lock while the body builds the warehouse again from the archive alone, on an empty database.

    The old database comes back if the body raises, or is killed (then the next run brings it back).

    Raises ArchiveDamagedError, before anything is touched, when the archive is not whole.
    """
    if lost := damaged(settings.archive):
        names = "\n".join(map(str, lost))
        raise ArchiveDamagedError(f"存档缺少或损坏 {len(lost)} 个文件，没有重建。请先从备份恢复：\n{names}")
    with working_lock(settings):
        recover(settings)
        old = _set_aside(settings, BEFORE_REBUILD)
        try:
            yield
        except BaseException:
            _bring_back(settings, old)
            raise
        _forget(old)


def recover(settings: Settings) -> list[str]:
    """Removes what killed runs left, and sets a broken working database aside. The caller has just taken the lock.

    Returns sentences in Chinese about those steps that people should know of.
    """
    databases = (settings.working_database.parent, settings.published_database.parent)
    for folder in (*databases, settings.archive, settings.feedback, settings.summary_tables):
        remove_partials(folder)
    done = []
    shutil.rmtree(settings.working_database.parent / OUTDATED, ignore_errors=True)
    old = settings.working_database.parent / BEFORE_REBUILD
    if old.exists():
        _bring_back(settings, old)
        done.append("上一次重建没有完成，已恢复重建之前的工作数据库。")
    if settings.working_database.exists() and (fault := _fault(settings)):
        aside = _set_aside(settings, f"broken-{datetime.now():%Y%m%d-%H%M%S}")
        done.append(f"工作数据库不能再用，已移到 {aside}；本次运行从存档重建全部年度。原因：{fault}")
    return done


def _fault(settings: Settings) -> str | None:
    """The fault of the working database; None when all its received data can be read and fits the schema."""
    try:
        with open_working(settings) as connection:
            try:
                inputs_fingerprint(connection)
            except duckdb.Error as error:
                raise explained(error, settings.working_database) from error
            return "；".join(misfits(connection)) or None
    except WarehouseBrokenError as error:
        return str(error.__cause__)


def _set_aside(settings: Settings, name: str) -> Path:
    """Moves the working database, and the log that DuckDB keeps beside it, into a folder; returns the folder."""
    folder = settings.working_database.parent / name
    folder.mkdir(parents=True, exist_ok=True)
    for path in _files(settings):
        path.rename(folder / path.name)
    return folder


def _bring_back(settings: Settings, folder: Path) -> None:
    """Undoes `_set_aside`; when something stops it halfway, it can run again."""
    if (folder / settings.working_database.name).exists():
        for path in _files(settings):
            path.unlink()
        for path in folder.iterdir():
            path.rename(settings.working_database.parent / path.name)
    folder.rmdir()


def _forget(folder: Path) -> None:
    """Removes a folder in such a way that `_bring_back` never finds half of it."""
    shutil.rmtree(folder.rename(folder.with_name(OUTDATED)))


def _files(settings: Settings) -> list[Path]:
    """The working database's files, the log first: a log without its file would be taken for another file's."""
    return sorted(settings.working_database.parent.glob(f"{settings.working_database.name}*"), reverse=True)


def rebuilt_from_archive(
    settings: Settings,
    again: Settings,
    city: City,
    receipts: Sequence[dict[str, Any]],
    decisions: int,
    years: Sequence[int],
) -> None:
    """Builds a warehouse in `again` from the receipts' files and the first decisions (so many) of the archive.

    Raises FileNotFoundError when the archive lacks a file, RuntimeError when the models are not built.
    """
    lacking = [
        receipt["file_name"]
        for receipt in receipts
        if not archived_path(receipt["submission_id"], settings.archive).exists()
    ]
    if lacking:
        raise FileNotFoundError(f"存档中缺少这一版所用的文件：{'、'.join(lacking[:5])}")
    restore(settings.archive, again.archive, receipts, archived_decisions(settings.archive)[:decisions])
    with open_working(again) as connection:
        create_tables(connection)
        load_reference(connection, again, city)
        take_in(connection, again, city, years, Inbox())
    outcome = build(again)
    if not outcome.success:
        raise RuntimeError(f"数据模型没有建成：{outcome.error}")
    with open_working(again) as connection:
        record_build(connection, again, city)
    publish(again)
