"""Disks: whether there is room for what is going to be written, and which of them is full when a write fails."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from sources.system.faults import FULL, OF_A_DISK, ToldError, fault_of

LITTLE = 32_000_000
"""A disk with less bytes free than that is told as full."""
NO_ROOM = "磁盘空间不够，没有开始：{lacks}。请腾出空间，再运行一次；什么都没有改动。"
LACKS = "磁盘 {disk} 还剩 {free}，这次约要 {needed}（{what}；按上一次估计）"
STATE = "磁盘 {disk}（放着 {what}）还剩 {free}，共 {total}"


class NoRoomError(ToldError):
    """There is not enough room for what is going to be written; nothing was begun."""


class FullDiskError(ToldError, OSError):
    """A write failed because a disk is full; the message says which."""


@dataclass(frozen=True, slots=True)
class Need:
    """So many bytes are going to be written below a folder, which need not be there yet; `what` is told to people."""

    folder: Path
    bytes: int
    what: str


@dataclass(frozen=True, slots=True)
class Room:
    """A disk as the system knows it: where it is mounted, its bytes free and in all."""

    disk: Path
    free: int
    total: int


def room_at(folder: Path) -> Room:
    """The disk on which a folder lies, or will."""
    there = _there(folder)
    usage = shutil.disk_usage(there)
    return Room(disk_of(there), usage.free, usage.total)


def disk_of(folder: Path) -> Path:
    """Where the disk is mounted on which a folder lies, or will."""
    disk = _there(folder).absolute()
    number = disk.stat().st_dev
    while disk.parent != disk and disk.parent.stat().st_dev == number:
        disk = disk.parent
    return disk


def _there(folder: Path) -> Path:
    return next(each for each in (folder, *folder.absolute().parents) if each.exists())


def refuse_without_room(needs: Iterable[Need], room: Callable[[Path], Room] = room_at) -> None:
    """Raises NoRoomError that names each disk with less room than what is going to be written on it."""
    needed: dict[Path, list[Need]] = {}
    rooms: dict[Path, Room] = {}
    for need in needs:
        found = room(need.folder)
        rooms[found.disk] = found
        needed.setdefault(found.disk, []).append(need)
    lacks = [
        LACKS.format(
            disk=disk,
            free=megabytes(rooms[disk].free),
            needed=megabytes(total),
            what="、".join(f"{each.what} {megabytes(each.bytes)}" for each in of_disk),
        )
        for disk, of_disk in needed.items()
        if (total := sum(each.bytes for each in of_disk)) > rooms[disk].free
    ]
    if lacks:
        raise NoRoomError(NO_ROOM.format(lacks="；".join(lacks)))


def full_disk(error: BaseException, folder: Path) -> FullDiskError | None:
    """The error of a write below a folder, with its disk as it is now. None when the error is of another kind."""
    if isinstance(error, FullDiskError) or fault_of(str(error)) != FULL:
        return None
    return FullDiskError(f"{FULL}。{state_of({folder: folder.name})}。（{str(error).splitlines()[0]}）")


def with_disks(sentence: str, home: Path) -> str:
    """A sentence on a full disk, with the disks that have little room: of an installation and of temporary files."""
    if not sentence.startswith((FULL, OF_A_DISK)) or "还剩" in sentence:
        return sentence
    folders = {each: each.name for each in (home, *sorted(home.iterdir()))} if home.is_dir() else {}
    return f"{sentence} {state_of(folders | {Path(tempfile.gettempdir()): '临时文件'})}。"


def state_of(folders: Mapping[Path, str]) -> str:
    """How full the disks of these folders are: of those that have little room, else of the fullest one."""
    lying: dict[Path, list[str]] = {}
    rooms: dict[Path, Room] = {}
    for folder, what in folders.items():
        found = room_at(folder)
        rooms[found.disk] = found
        lying.setdefault(found.disk, []).append(what)
    least = min(each.free for each in rooms.values())
    return "；".join(
        STATE.format(disk=disk, what="、".join(lying[disk]), free=megabytes(each.free), total=megabytes(each.total))
        for disk, each in rooms.items()
        if each.free < LITTLE or each.free == least
    )


def size_below(path: Path) -> int:
    """The bytes of a file, or of all files below a folder; 0 of what is not there."""
    if path.is_dir():
        return sum(size_below(Path(each.path)) for each in os.scandir(path) if not each.is_symlink())
    try:
        return path.stat().st_size
    except OSError:  # not there, or gone meanwhile
        return 0


def megabytes(count: int) -> str:
    return f"{count / 1e6:.1f} MB"
