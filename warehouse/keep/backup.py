"""A copy of what cannot be made again, consistent also while a run writes (docs/decisions/0050-kept-whole.md).

No lock is taken. What refers to something is copied before that to which it refers: releases, the published database,
decisions, receipts, contents; all of these only grow or are replaced as a whole, so the copy holds everything that
anything in it names. The history goes before the published database: what it lacks of that, the next publication notes.
The working database is not copied: the published one is a copy of it, the archive has the rest.
"""

import json
import os
import re
import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import duckdb

from sources.archive.archive import archived_ids, grows, notes_in
from sources.archive.inbox import content_of, look_into
from sources.declarations.mailing import secret_files
from sources.system.disk import Need, refuse_without_room, size_below
from sources.system.faults import ToldError
from sources.system.fingerprint import sha256_of, sha256_of_file
from sources.system.seal import SEAL, broken_seal, is_sealed, seal, seal_of
from sources.system.settings import ENV_FILE, Settings
from sources.system.whole_file import copy_file, sync_folder
from warehouse.intake.released import VERSION, releases_folder
from warehouse.keep.ailment import Ailment, ailments_in
from warehouse.keep.files import broken_history, broken_published, examine_archive, examine_releases
from warehouse.release.coming_home.handed_out import FOLDER as HANDED_OUT
from warehouse.release.manifest import commit
from warehouse.store.owner import NOTE, owner_of

PART = ".part"
LIST = "backup.json"
HOME, CITY, INBOX = "home", "city", "home/inbox"
FORM = 1
LEDGER = "alerts.sqlite"
DESK, DESK_DATABASE, DESK_UPLOADS = "desk", "desk.sqlite3", "uploads"
"""What the desk keeps (orchestration/desk): accounts, log, notes, and files in quarantine. Its secret stays where it
is: in a restored installation everybody signs in anew."""
TRIES = 5
SECRET = re.compile(r"^\s*([A-Z][A-Z0-9_]*)\s*=.*$")
NOT_SECRET = re.compile(r"NIANBAO_(HOME|CITY|TODAY|THREADS|WEB_ORIGINS|MAX_[A-Z_]+)")
WITHHELD = "# {name} 没有备份（可能是密码或令牌）：恢复后请重新填写"


class BackupError(ToldError):
    """A backup cannot be made here."""


@dataclass(frozen=True, slots=True)
class CopiedFile:
    """One file of a backup: its path in it, bytes and sha256."""

    path: str
    size: int
    sha256: str


@dataclass(frozen=True)
class BackupList:
    """backup.json: what a backup holds, of which installation, made when and by which program.

    `damaged` tells what was broken already when it was copied, `withheld` variables and files that are left out.
    """

    form: int
    made_at: str
    city_code: str
    city_name: str
    home: str
    program: str
    commit: str
    duckdb: str
    files: tuple[CopiedFile, ...]
    damaged: tuple[str, ...]
    withheld: tuple[str, ...]

    @property
    def bytes(self) -> int:
        return sum(each.size for each in self.files)


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup that was made: where, what it holds, the seconds that it took, and what was found broken."""

    folder: Path
    list: BackupList
    seconds: float
    ailments: tuple[Ailment, ...]


def back_up(settings: Settings, target: Path) -> Backup:
    """Copies an installation into `target`, or into a folder of its own in it where `target` is there already.

    It appears whole or not at all. What is damaged is copied as it is, and told.

    Raises BackupError when there is nothing to copy, or no place for it, NoRoomError when the disk is too full.
    """
    # Long: the order of the copies is what makes them one state.
    began, moment = time.monotonic(), datetime.now(UTC)
    owner = owner_of(settings.home)
    if not settings.home.is_dir() or owner is None:
        raise BackupError(f"{settings.home} 里还没有数据，没有什么可备份")
    folder = target.absolute()
    if folder.exists():
        folder = folder / f"nianbao-{owner.code}-{moment:%Y%m%d-%H%M%S}"
    if folder.is_relative_to(settings.home.absolute()) or folder.is_relative_to(settings.city_dir.absolute()):
        raise BackupError(f"备份不能放在数据文件夹或城市文件夹里：{folder}。请放到另一块磁盘或另一台机器")
    if folder.exists():
        raise BackupError(f"{folder} 已经有了，没有改动；请过一秒再备份")
    refuse_without_room([_need_of(settings, folder)])
    part = folder.with_name(folder.name + PART)
    shutil.rmtree(part, ignore_errors=True)
    home, archive = part / HOME, part / HOME / "archive"
    try:
        home.mkdir(parents=True, mode=0o700)
        part.chmod(0o700)
        _copy_releases(releases_folder(settings), home / "releases")
        _copy_published(settings.history_database, home / "published" / settings.history_database.name)
        _copy_published(settings.published_database, home / "published" / settings.published_database.name)
        _copy_archive(settings.archive, archive)
        _copy_unreceived(settings, archive, part / INBOX)
        _copy_ledger(settings.home / LEDGER, home / LEDGER)
        _copy_ledger(settings.home / DESK / DESK_DATABASE, home / DESK / DESK_DATABASE)
        for each in sorted((settings.home / DESK / DESK_UPLOADS).glob("[!.]*")):
            _copy_if_there(each, home / DESK / DESK_UPLOADS / each.name)
        _copy_if_there(settings.home / NOTE, home / NOTE)
        for each in sorted((settings.home / HANDED_OUT).glob("*")):
            _copy_if_there(each, home / HANDED_OUT / each.name)
        withheld = _copy_city(settings.city_dir, part / CITY)
        ailments = tuple(told_of(settings.home, home, each) for each in examine_copy(home))
        listed = BackupList(
            form=FORM,
            made_at=moment.isoformat(timespec="seconds"),
            city_code=owner.code,
            city_name=owner.name,
            home=str(settings.home),
            program=version("nianbao"),
            commit=commit(),
            duckdb=duckdb.__version__,
            files=tuple(files_below(part)),
            damaged=tuple(each.what for each in ailments),
            withheld=withheld,
        )
        (part / LIST).write_text(json.dumps(asdict(listed), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        seal(part / LIST)
        os.sync()  # all of it at once: a file each would take minutes on a slow disk
        part.rename(folder)
        sync_folder(folder.parent)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise
    return Backup(folder, listed, time.monotonic() - began, ailments)


def examine_copy(home: Path) -> Iterator[Ailment]:
    """What is wrong with archive, releases, published database and history below a folder."""
    yield from ailments_in([examine_archive(home / "archive"), examine_releases(home / "releases")])
    yield from broken_published(home / "published" / "nianbao.duckdb")
    yield from broken_history(home / "published" / "history.duckdb")


def told_of(home: Path, copy: Path, ailment: Ailment) -> Ailment:
    """A ailment that was found in a copy, told of the place from which, or to which, it was copied."""
    return replace(ailment, what=ailment.what.replace(str(copy), str(home)))


def files_below(folder: Path) -> Iterator[CopiedFile]:
    """Every file below a folder, by path, but a backup's own list."""
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and name not in (LIST, LIST + SEAL):
            yield CopiedFile(name, path.stat().st_size, sha256_of_file(path))


def _need_of(settings: Settings, folder: Path) -> Need:
    kept = (settings.archive, releases_folder(settings), settings.published_database.parent, settings.city_dir)
    return Need(folder, sum(map(size_below, kept)), "备份")


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    copy_file(source, target)
    shutil.copystat(source, target)


def _copy_if_there(source: Path, target: Path) -> None:
    """Copies a file that may be gone, or go away meanwhile."""
    if source.is_file():
        with suppress(FileNotFoundError):  # a school may take it out of the inbox
            _copy(source, target)


def _copy_releases(source: Path, target: Path) -> None:
    """A release appears whole and is never changed."""
    for release in sorted(source.glob("*")) if source.is_dir() else ():
        if VERSION.fullmatch(release.name):
            shutil.copytree(release, target / release.name)


def _copy_published(source: Path, target: Path) -> None:
    """The file and its seal, of one and the same publication; it is swapped whole, so a copy of an open file is too."""
    for _ in range(TRIES):
        if not source.exists():
            return
        number = source.stat().st_ino
        was_sealed = is_sealed(source)
        _copy(source, target)
        _copy_if_there(seal_of(source), seal_of(target))
        if number == source.stat().st_ino and was_sealed == is_sealed(source):
            break
        seal_of(target).unlink(missing_ok=True)
    if not is_sealed(target):  # published this very moment, or by 0.1.0
        seal(target)


def _copy_archive(source: Path, target: Path) -> None:
    """Notes about decisions first, receipts next, then contents and declarations: each names only what comes after."""
    if not source.is_dir():
        return
    notes = [path for path in notes_in(source) if path.is_file()]
    for note in sorted(notes, key=lambda path: (path.parent != source, not grows(path))):
        if grows(note):
            _copy_note(note, target / note.relative_to(source))
    for path in sorted(source.rglob("*")):
        is_copied_above = grows(path.with_name(path.name.removesuffix(SEAL)))
        if path.is_file() and path.suffix in (".xlsx", ".gz", SEAL) and not is_copied_above:
            _copy(path, target / path.relative_to(source))


def _copy_note(source: Path, target: Path) -> None:
    """The whole lines that a file has now, sealed; what is broken keeps its seal, so that it stays broken."""
    is_broken = broken_seal(source, grows=True) is not None
    target.parent.mkdir(parents=True, exist_ok=True)
    data = source.read_bytes()
    target.write_bytes(data if is_broken else data[: data.rfind(b"\n") + 1])
    shutil.copystat(source, target)
    if is_broken:
        _copy_if_there(seal_of(source), seal_of(target))
    else:
        seal(target)


def _copy_unreceived(settings: Settings, archive: Path, target: Path) -> None:
    """Files of the inbox that the copied archive does not have: they came after it, or no run has seen them yet."""
    known = archived_ids(archive)
    for path in look_into(settings.inbox).files:
        data = None if path.is_symlink() else content_of(path, settings.limits, settings.inbox)
        if data is not None and sha256_of(data) not in known:
            _copy_if_there(path, target / path.relative_to(settings.inbox))


def _copy_ledger(source: Path, target: Path) -> None:
    """SQLite's own copy, whole while others write."""
    if source.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(source, timeout=30)) as read, closing(sqlite3.connect(target)) as written:
            read.backup(written)
        target.chmod(0o600)


def _copy_city(source: Path, target: Path) -> tuple[str, ...]:
    """The city's folder without its data, of nianbao.env only settings, no file with a password. Returns what of these
    is left out."""
    withheld: list[str] = []
    secrets = secret_files(source)
    ours = {"data", ".git", "__pycache__"}
    for path in sorted(source.rglob("*")):
        name = path.relative_to(source)
        if not path.is_file() or path.is_symlink() or ours & set(name.parts):
            continue
        if path in secrets:
            withheld.append(name.as_posix())
            continue
        _copy_if_there(path, target / name)
        if path.name == ENV_FILE:
            lines = path.read_text(encoding="utf-8-sig").splitlines()
            withheld += [found[1] for line in lines if (found := _secret(line))]
            kept = [WITHHELD.format(name=found[1]) if (found := _secret(line)) else line for line in lines]
            (target / name).write_text("\n".join(kept) + "\n", encoding="utf-8")
    return tuple(withheld)


def _secret(line: str) -> re.Match[str] | None:
    found = SECRET.match(line)
    return found if found and not NOT_SECRET.fullmatch(found[1]) else None
