"""Is an installation whole? Examines all of it and changes nothing."""

from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path

import duckdb

from sources.declarations.city import City
from sources.declarations.declared import audit_version
from sources.system.disk import NoRoomError, megabytes, refuse_without_room, room_at
from sources.system.faults import ToldError
from sources.system.settings import Settings
from sources.system.whole_file import PARTIAL
from warehouse.catalogue.city_references import checked_city
from warehouse.intake.lost import PastChangedError, refuse_undeclared_edits
from warehouse.intake.released import releases_folder
from warehouse.keep.ailment import Ailment, Examined
from warehouse.keep.backup import PART
from warehouse.keep.databases import examine_by_rebuilding, examine_databases, examine_history
from warehouse.keep.files import examine_archive, examine_ledger, examine_releases
from warehouse.release.manifest import commit
from warehouse.run.changed import declarations_fingerprint
from warehouse.run.rebuild import BEFORE_REBUILD, OUTDATED
from warehouse.run.space import needs_of_run
from warehouse.store.connection import working_lock
from warehouse.store.turn import WarehouseBusyError

CITY, SPACE, VERSIONS, ORPHANS = "城市的声明", "磁盘", "版本", "残留"
Progress = Callable[[str], None]
"""Is told what is being looked at."""


def examine(settings: Settings, is_thorough: bool, progress: Progress = lambda _: None) -> Iterator[Examined]:
    """Examines an installation part by part: what was found whole, what is wrong and what to do, what waits.

    `is_thorough`: builds the warehouse again from the archive and compares.
    """
    progress(CITY)
    city, found = _examine_city(settings)
    yield found
    progress("存档")
    yield (archive := examine_archive(settings.archive))
    progress("数据库")
    yield from examine_databases(settings, city.pack if city else None)
    yield examine_history(settings)
    progress("发布的版次")
    yield examine_releases(releases_folder(settings))
    yield examine_ledger(settings.home / "alerts.sqlite")
    yield _examine_space(settings)
    yield _examine_versions(settings, city)
    yield _examine_orphans(settings)
    if is_thorough and city and not archive.ailments and settings.published_database.exists():
        progress("从存档重建，逐表比对")
        yield examine_by_rebuilding(settings, city)


def _examine_city(settings: Settings) -> tuple[City | None, Examined]:
    """The city, and what is wrong in its folder; names of the past that were changed are wrong too."""
    try:
        city = checked_city(settings)
    except ToldError as error:
        remedy = "请改正；nianbao check-city 列出每一处"
        return None, Examined(CITY, "", (Ailment(CITY, str(error), remedy),))
    try:
        refuse_undeclared_edits(settings.archive, city, audit_version(city))
    except PastChangedError as error:
        return city, Examined(CITY, "", (Ailment(CITY, str(error), "照上面每一处所写的做，再运行一次"),))
    except (ToldError, TypeError, KeyError):  # the archive's damage is told of the archive
        pass
    return city, Examined(CITY, f"{city.code} {city.name}：{settings.city_dir}")


def _examine_space(settings: Settings) -> Examined:
    room = room_at(settings.home)
    seen = f"{room.disk} 还剩 {megabytes(room.free)}，共 {megabytes(room.total)}"
    try:
        refuse_without_room(needs_of_run(settings))
    except NoRoomError as error:
        return Examined(SPACE, "", (Ailment(SPACE, str(error), "腾出空间以前，运行会停在这里"),))
    return Examined(SPACE, f"{seen}，够一次运行")


def _examine_versions(settings: Settings, city: City | None) -> Examined:
    """The program's versions, and whether what is published was built with these declarations and models."""
    seen = f"nianbao {version('nianbao')}（{commit()[:12]}），DuckDB {duckdb.__version__}"
    if city is None or not settings.published_database.exists():
        return Examined(VERSIONS, seen)
    try:
        with duckdb.connect(str(settings.published_database), read_only=True) as connection:
            row = connection.execute("select value from registry.state where name = 'build_fingerprint'").fetchone()
    except duckdb.Error:  # told of the published database
        return Examined(VERSIONS, seen)
    if row and row[0] == declarations_fingerprint(settings, city):
        return Examined(VERSIONS, f"{seen}；发布的数据是用现在的声明和模型做的")
    other = "发布的数据是用另一个版本的程序、声明或模型做的；下一次 nianbao run 用现在的重新建好并发布"
    return Examined(VERSIONS, seen, (), (other,))


def _examine_orphans(settings: Settings) -> Examined:
    """What killed processes left, and databases that were set aside. Not while somebody is at work."""
    try:
        with working_lock(settings, wait_seconds=0):
            waits = [
                f"{path}：被杀死的进程留下的半个文件，下一次 nianbao run 清除" for path in _partials(settings.home)
            ]
            if (settings.working_database.parent / BEFORE_REBUILD).exists():
                waits.append("上一次重建没有完成，下一次 nianbao run 恢复重建之前的数据库")
    except (WarehouseBusyError, PermissionError):
        return Examined(ORPHANS, "没有检查", (), ("另一个运行正在写，没有检查残留",))
    waits += [
        f"{path}：移开的工作数据库（坏了，或是早先版本的结构），已从存档重建；确认不再需要后，请删去这个文件夹"
        for path in sorted(settings.working_database.parent.glob("broken-*"))
    ]
    waits += [f"{path}：没有做完的恢复，请删去" for path in sorted(settings.home.glob(f".*{PART}"))]
    return Examined(ORPHANS, "" if waits else "没有", (), tuple(waits))


def _partials(home: Path) -> list[Path]:
    working = home / "working"
    folders = [home / name for name in ("archive", "published", "feedback", "summary_tables", "releases", "documents")]
    found = [path for folder in folders if folder.is_dir() for path in folder.glob(f"**/.*{PARTIAL}")]
    found += list(working.glob(f".*{PARTIAL}")) if working.is_dir() else []
    return sorted([*found, *([working / OUTDATED] if (working / OUTDATED).exists() else [])])
