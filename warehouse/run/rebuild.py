"""Sets aside a working database that is broken or half built, and builds it again from the archive.

A broken one is set aside, never deleted: the next intake finds an empty registry beside a filled archive, and takes
everything in again (`warehouse/intake/take_in.py`).
"""

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from sources.archive.archive import archived_decisions, archived_path, damaged, restore, seal_archive
from sources.archive.inbox import Inbox
from sources.archive.tokens import keep_tokens
from sources.declarations.city import City
from sources.declarations.pack import Pack
from sources.system.disk import refuse_without_room
from sources.system.faults import ToldError
from sources.system.seal import broken_seal, is_sealed, remove_seal, seal
from sources.system.settings import Settings
from sources.system.whole_file import copy_file, remove_partials
from warehouse.catalogue.reference import load_reference
from warehouse.intake.released import note_releases
from warehouse.intake.take_in import take_in
from warehouse.run.build import build
from warehouse.run.changed import inputs_fingerprint, record_build
from warehouse.run.publish import publish
from warehouse.run.space import needs_of_rebuild
from warehouse.store.connection import WarehouseBrokenError, explained, open_working, working_lock
from warehouse.store.ddl import all_tables, create_tables, misfits

BEFORE_REBUILD, OUTDATED = "before-rebuild", "outdated"
PUBLISHED = "published"


class ArchiveDamagedError(ToldError):
    """Files of the archive are missing or changed, so nothing can be built from it."""


@contextmanager
def rebuilding(settings: Settings, pack: Pack) -> Iterator[None]:
    """Holds the lock while the body builds the warehouse again from the archive alone, on an empty database.

    The old databases, the working and the published one, come back if the body raises, or is killed (then the next run
    brings them back).

    Raises ArchiveDamagedError, before anything is touched, when the archive is not whole; NoRoomError when there is not
    enough room.
    """
    if lost := damaged(settings.archive):
        names = "\n".join(map(str, lost))
        raise ArchiveDamagedError(f"存档缺少或损坏 {len(lost)} 个文件，没有重建。请先从备份恢复：\n{names}")
    refuse_without_room(needs_of_rebuild(settings))
    with working_lock(settings):
        recover(settings, pack)
        old = _set_aside(settings, BEFORE_REBUILD)
        _keep_published(settings, old)
        try:
            yield
        except BaseException:
            _bring_back(settings, old)
            raise
        _forget(old)


def recover(settings: Settings, pack: Pack) -> list[str]:
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
    if settings.working_database.exists() and (fault := _fault(settings, pack)):
        aside = _set_aside(settings, f"broken-{datetime.now():%Y%m%d-%H%M%S}")
        done.append(f"工作数据库不能再用，已移到 {aside}；本次运行从存档重建全部年度。原因：{fault}")
    _seal_what_is_not(settings)
    return done


def _seal_what_is_not(settings: Settings) -> None:
    """Seals archive and releases of an earlier version, so that from now on what a disk does to them is found."""
    seal_archive(settings.archive)
    for manifest in (settings.home / "releases").glob("[!.]*/manifest.json"):
        if not is_sealed(manifest):
            remove_partials(manifest.parent)
            with suppress(PermissionError):  # releases may be another user's
                seal(manifest)


def _fault(settings: Settings, pack: Pack) -> str | None:
    """The fault of the working database; None when all its received data can be read and fits the schema."""
    if broken := broken_seal(settings.working_database):
        return broken
    try:
        with open_working(settings) as connection:
            try:
                inputs_fingerprint(connection)
            except duckdb.Error as error:
                raise explained(error, settings.working_database) from error
            return "；".join(misfits(connection, all_tables(pack))) or None
    except WarehouseBrokenError as error:
        return str(error.__cause__)


def _set_aside(settings: Settings, name: str) -> Path:
    """Moves the working database, and the log that DuckDB keeps beside it, into a folder; returns the folder."""
    folder = settings.working_database.parent / name
    folder.mkdir(parents=True, exist_ok=True)
    for path in _files(settings):
        path.rename(folder / path.name)
    return folder


def _keep_published(settings: Settings, folder: Path) -> None:
    """Keeps the published database under a second name: publishing swaps the file, it never writes to it."""
    if settings.published_database.exists():
        kept = folder / PUBLISHED
        try:
            os.link(settings.published_database, kept)
        except OSError:  # another file system, or one without links
            copy_file(settings.published_database, kept)


def _bring_back(settings: Settings, folder: Path) -> None:
    """Undoes `_set_aside`; when something stops it halfway, it can run again."""
    published = folder / PUBLISHED
    if published.exists():
        remove_seal(settings.published_database)
        published.replace(settings.published_database)
        published.unlink(missing_ok=True)  # of two names of one file, `replace` leaves both
        seal(settings.published_database)
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
    versions: Sequence[str] = (),
) -> None:
    """Builds a warehouse in `again` from the receipts' files and the first decisions (so many) of the archive.

    `city` may be one that was kept: its names, code lists and rules hold, the models are today's.
    `versions` are the releases that its rows may name.

    Raises FileNotFoundError when the archive lacks a file, RuntimeError when the models are not built.
    """
    lacking = [
        receipt["submission_id"][:12]
        for receipt in receipts
        if not archived_path(receipt["submission_id"], settings.archive).exists()
    ]
    if lacking:
        raise FileNotFoundError(f"存档中缺少这一版所用的文件：{'、'.join(lacking[:5])}")
    restore(settings.archive, again.archive, receipts, archived_decisions(settings.archive)[:decisions])
    keep_tokens(settings.archive, again.archive)
    with open_working(again) as connection:
        create_tables(connection, all_tables(city.pack.today))
        load_reference(connection, again, city)
        take_in(connection, again, city, years, Inbox())
        note_releases(connection, versions)
    outcome = build(again, city.pack.today)
    if not outcome.success:
        raise RuntimeError(f"数据模型没有建成：{outcome.error}")
    with open_working(again) as connection:
        record_build(connection, again, city.model_copy(update={"pack": city.pack.today}))
    publish(again)
