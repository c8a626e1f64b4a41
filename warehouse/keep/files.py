"""Are the files of an installation, or of a copy of one, still what was written? Reads files only, no database."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from sources.archive.archive import (
    DamagedContentError,
    archived_ids,
    archived_path,
    archived_receipts,
    content_at,
    damaged,
    grows,
    notes_in,
    stored_ids,
)
from sources.archive.receive import LOOK_UNDER_WAY
from sources.system.seal import SEAL, broken_seal, is_sealed
from sources.system.whole_file import PARTIAL
from warehouse.history.keep_history import SET_ASIDE
from warehouse.intake.released import MANIFEST
from warehouse.keep.ailment import Ailment, Examined
from warehouse.release.manifest import UnreadableManifestError, read_manifest
from warehouse.release.verify import damaged_files, unnamed_files

ARCHIVE, RELEASES, PUBLISHED, LEDGER = "存档", "发布的版次", "发布的数据库", "提醒的台账"
HISTORY = "历次发布的历史"
FROM_BACKUP = "请从备份恢复这个文件（备份里的同名文件），再运行一次 nianbao doctor"
UNSEALED = "{count} 个文件还没有校验文件（早先的版本不写），下一次 nianbao run 补上；在那以前只按内容核对"


def examine_archive(archive: Path) -> Examined:
    """Holds every content against its name, every other file against its seal, receipts against contents."""
    contents, notes = stored_ids(archive), notes_in(archive)
    ailments = [Ailment(ARCHIVE, _told_of(path, archive), FROM_BACKUP) for path in damaged(archive)]
    ailments += _without_receipt(archive)
    ailments += [
        Ailment(ARCHIVE, f"不认识的文件：{path}", "不是 nianbao 写的，请移出存档") for path in _unknown_in(archive)
    ]
    if not ailments:
        try:
            archived_receipts(archive)
        except (TypeError, KeyError) as error:
            ailments.append(Ailment(ARCHIVE, f"有的收件记录读不出来：{error}", FROM_BACKUP))
    unsealed = sum(not is_sealed(path) for path in notes)
    return Examined(
        ARCHIVE,
        f"文件 {len(contents)} 份，收件记录、决定和声明 {len(notes)} 个，逐个核对了 sha256",
        tuple(ailments),
        (UNSEALED.format(count=unsealed),) if unsealed else (),
    )


def _told_of(path: Path, archive: Path) -> str:
    """What is wrong with a damaged file of the archive."""
    if path.suffix == ".xlsx":
        return f"{path} 已不是收到时的内容" if path.exists() else f"{path} 不见了（收件记录还在）"
    return broken_seal(path, grows=grows(path)) or f"{path} 读不出来"


def _without_receipt(archive: Path) -> Iterator[Ailment]:
    """Contents that nobody has receipts of and that are damaged; those that are whole wait for their receipt."""
    for submission_id in sorted(stored_ids(archive) - archived_ids(archive)):
        try:
            content_at(archived_path(submission_id, archive))
        except DamagedContentError as error:
            yield Ailment(ARCHIVE, str(error), "这个文件没有收件记录，请移出存档")


def _unknown_in(archive: Path) -> list[Path]:
    known = {*notes_in(archive), *(archived_path(each, archive) for each in stored_ids(archive))}
    seals = {path.with_name(path.name + SEAL) for path in known}
    found = (
        {path for path in archive.rglob("*") if path.is_file() and PARTIAL not in path.name}
        if archive.exists()
        else set()
    )
    return sorted(path for path in found - known - seals if path.name != LOOK_UNDER_WAY)


def examine_releases(folder: Path) -> Examined:
    """Holds each release's files against its manifest, and the manifest against its seal."""
    releases = sorted(path for path in folder.glob("[!.]*") if path.is_dir()) if folder.is_dir() else []
    ailments = [ailment for release in releases for ailment in _ailments_of_release(release)]
    unsealed = sum((each / MANIFEST).exists() and not is_sealed(each / MANIFEST) for each in releases)
    names = "、".join(path.name for path in releases) or "还没有"
    waits = (UNSEALED.format(count=unsealed),) if unsealed else ()
    return Examined(RELEASES, f"{names}，每个文件核对了清单里的 sha256", tuple(ailments), waits)


def _ailments_of_release(release: Path) -> Iterator[Ailment]:
    remedy = f"请从备份恢复 releases/{release.name}；恢复后 nianbao verify {release.name} 可以从存档重新做出来比对"
    if broken := broken_seal(release / MANIFEST):
        yield Ailment(RELEASES, broken, remedy)
    if not (release / MANIFEST).exists():
        yield Ailment(RELEASES, f"{release} 没有清单（{MANIFEST}）", remedy)
        return
    try:
        manifest = read_manifest(release)
    except UnreadableManifestError as error:
        yield Ailment(RELEASES, str(error), remedy)
        return
    for path in damaged_files(release, manifest):
        yield Ailment(RELEASES, f"{release / path} 与清单不符，或不见了", remedy)
    for path in unnamed_files(release, manifest):
        yield Ailment(RELEASES, f"{release / path} 不在清单里", "不是发布时写的，请移走")


def broken_published(database: Path) -> list[Ailment]:
    """Whether the published database is the file that was published."""
    broken = broken_seal(database)
    return [Ailment(PUBLISHED, broken, "请运行 nianbao rebuild，从存档重新建好并发布")] if broken else []


def broken_history(history: Path) -> list[Ailment]:
    """Whether the history is the file that was written, and none was set aside because it was not."""
    broken = broken_seal(history)
    found = [Ailment(HISTORY, broken, FROM_BACKUP)] if broken else []
    again = "请从备份恢复 history.duckdb（它不能从存档重做），再移走这个文件；没有备份的，移走它，历史从那时重新记起"
    return found + [
        Ailment(HISTORY, f"{path}：损坏的历史，发布时移开了", again) for path in history.parent.glob(f"{SET_ASIDE}*")
    ]


def examine_ledger(file: Path) -> Examined:
    """SQLite's own check of the alerts' ledger."""
    if not file.exists():
        return Examined(LEDGER, "还没有")
    try:
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as ledger:
            said = ledger.execute("pragma integrity_check").fetchone()[0]
    except sqlite3.DatabaseError as error:
        said = str(error)
    if said == "ok":
        return Examined(LEDGER, "完好")
    return Examined(LEDGER, "", (Ailment(LEDGER, f"{file} 损坏：{said}", "请从备份恢复；或删去它，提醒会再发一次"),))
