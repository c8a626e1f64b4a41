"""An installation made again on an empty machine from a backup, after every file of it was held against its hash."""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sources.archive.archive import archived_ids
from sources.declarations.city import load_city
from sources.system.access import prepare_home
from sources.system.faults import ToldError
from sources.system.fingerprint import sha256_of_file
from sources.system.seal import broken_seal, seal
from sources.system.settings import ENV_FILE, Settings
from sources.system.whole_file import copy_file
from warehouse.intake.released import releases_folder
from warehouse.keep.ailment import Ailment
from warehouse.keep.backup import (
    CITY,
    FORM,
    HOME,
    LIST,
    PART,
    BackupList,
    CopiedFile,
    examine_copy,
    files_below,
    told_of,
)
from warehouse.run.needed import note_unfinished
from warehouse.run.shape import plain_copy

SHOWN = 20
BESIDE = "city-from-backup"


class RestoreError(ToldError):
    """Nothing was restored."""


@dataclass(frozen=True, slots=True)
class Restored:
    """What was restored. `city_dir` is where the city's declarations lie now: the folder asked for, or one
    beside the data where that had others. `ailments` were in the installation when it was copied."""

    list: BackupList
    submissions: int
    years: tuple[int, ...]
    releases: tuple[str, ...]
    city_dir: Path
    ailments: tuple[Ailment, ...]


def restore_backup(settings: Settings, backup: Path) -> Restored:
    """Makes the installation again in `settings.home`, and the city in `settings.city_dir` unless something is there.

    Raises RestoreError, before anything is written, when the home has something in it, or the backup is not whole.
    """
    folder = _backup_in(backup)
    listed = read_list(folder)
    _refuse_not_whole(folder, listed)
    staged = _empty_place(settings)
    try:
        for each in listed.files:
            if each.path.startswith(f"{HOME}/"):
                _place(folder / each.path, staged / each.path.removeprefix(f"{HOME}/"))
        ailments = tuple(told_of(settings.home, staged, each) for each in examine_copy(staged))
        for entry in sorted(staged.iterdir()):
            entry.rename(settings.home / entry.name)
        staged.rmdir()
    except BaseException:
        shutil.rmtree(staged, ignore_errors=True)
        raise
    city_dir = _place_city(settings, folder, listed)
    prepare_home(settings.home)
    _begin_working(settings)
    years = _years_of(city_dir)
    if years:
        note_unfinished(settings, years)
    releases = sorted(path.name for path in releases_folder(settings).glob("[!.]*"))
    submissions = len(archived_ids(settings.archive))
    return Restored(listed, submissions, years, tuple(releases), city_dir, ailments)


def read_list(folder: Path) -> BackupList:
    """A backup's list. Raises RestoreError when it is not as it was written."""
    path = folder / LIST
    if broken := broken_seal(path):
        raise RestoreError(f"没有恢复：{broken}。请用另一份备份")
    try:
        read: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if read["form"] != FORM:
            raise RestoreError(f"没有恢复：{path} 是另一个版本的 nianbao 做的（{read['program']}），请用那个版本恢复")
        files = tuple(CopiedFile(**each) for each in read["files"])
        rest = {"files": files, "damaged": tuple(read["damaged"]), "withheld": tuple(read["withheld"])}
        return BackupList(**(read | rest))
    except (ValueError, TypeError, KeyError) as error:
        raise RestoreError(f"没有恢复：{path} 读不出来（{error}）。请用另一份备份") from error


def _backup_in(folder: Path) -> Path:
    """The folder itself when it is a backup, or the only backup in it."""
    if (folder / LIST).is_file():
        return folder
    found = sorted(path.parent for path in folder.glob(f"*/{LIST}") if not path.parent.name.endswith(PART))
    if len(found) == 1:
        return found[0]
    if found:
        raise RestoreError(f"{folder} 里有 {len(found)} 份备份，请写明哪一份：{'、'.join(path.name for path in found)}")
    raise RestoreError(f"{folder} 不是备份（没有 {LIST}），里面也没有备份；没有做完的备份叫 …{PART}，不能用")


def _refuse_not_whole(folder: Path, listed: BackupList) -> None:
    """Raises RestoreError that names each file that is missing, changed, or not on the list."""
    there = {each.path: each for each in files_below(folder)}
    wrong = []
    for each in listed.files:
        if each.path not in there:
            wrong.append(f"{each.path}：不见了")
        elif there[each.path] != each:
            wrong.append(f"{each.path}：已不是备份时的内容")
    wrong += [f"{path}：不在备份的清单里" for path in sorted(there.keys() - {each.path for each in listed.files})]
    if wrong:
        more = f"\n……共 {len(wrong)} 个" if len(wrong) > SHOWN else ""
        shown = "\n".join(wrong[:SHOWN])
        raise RestoreError(f"没有恢复，什么也没有写：备份 {folder} 不完整。\n{shown}{more}\n请用另一份备份")


def _empty_place(settings: Settings) -> Path:
    """The folder in the home in which everything is put together; what a killed restore has left there is removed."""
    staged = settings.home / f".restore{PART}"
    lying = [path.name for path in settings.home.iterdir() if path != staged] if settings.home.is_dir() else []
    if lying or (settings.home.exists() and not settings.home.is_dir()):
        raise RestoreError(
            f"没有恢复：{settings.home} 里已经有 {'、'.join(sorted(lying)[:SHOWN])}。"
            "请恢复到空的文件夹（NIANBAO_HOME），原来的不会被覆盖"
        )
    shutil.rmtree(staged, ignore_errors=True)
    staged.mkdir(parents=True, mode=0o700)
    return staged


def _place(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    copy_file(source, target)
    shutil.copystat(source, target)


def _place_city(settings: Settings, folder: Path, listed: BackupList) -> Path:
    """Puts the city's declarations where they are asked for; beside the data when others lie there."""
    wanted = {each.path.removeprefix(f"{CITY}/"): each for each in listed.files if each.path.startswith(f"{CITY}/")}
    there = settings.city_dir
    ours = [path for path in there.iterdir() if not settings.home.is_relative_to(path)] if there.is_dir() else []
    if ours:
        compared = wanted.keys() - {ENV_FILE}  # of which a backup has no passwords
        if all((there / name).is_file() and sha256_of_file(there / name) == wanted[name].sha256 for name in compared):
            return there
        there = settings.home / BESIDE
    for name in wanted:
        _place(folder / CITY / name, there / name)
    return there


def _begin_working(settings: Settings) -> None:
    """The working database is the published one, until the next run; without one it is built from the archive."""
    if settings.published_database.exists():
        plain_copy(settings, settings.published_database, settings.working_database)
        seal(settings.working_database)


def _years_of(city_dir: Path) -> tuple[int, ...]:
    """The report years that the city has declared: all are run again, for marked workbooks and summary tables."""
    try:
        return tuple(sorted(load_city(city_dir).calendar.years))
    except ToldError:  # the declarations had a mistake when they were copied; nianbao doctor tells it
        return ()
