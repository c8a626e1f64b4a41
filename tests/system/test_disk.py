"""Room is asked for before anything is written, by disk; a full disk is named with how much it has."""

from pathlib import Path

import pytest

from sources.system import disk
from sources.system.disk import FullDiskError, Need, NoRoomError, Room, refuse_without_room, with_disks
from sources.system.faults import FULL, OF_A_DISK, told
from sources.system.settings import Settings
from sources.system.whole_file import remove_dead_partials, whole_file
from warehouse.run.space import BOOKS_OF_A_RUN, GROWTH, needs_of_rebuild, needs_of_run

DATA, BOOKS = Path("/data"), Path("/books")


def two_disks(folder: Path) -> Room:
    """Everything on one disk with 100 MB free, but for Dagster's books on one with 3."""
    return Room(BOOKS, 3_000_000, 9_000_000) if "dagster" in str(folder) else Room(DATA, 100_000_000, 200_000_000)


def test_what_goes_to_one_disk_is_added_up_and_each_disk_that_lacks_room_is_named():
    database, books = Need(Path("/data/working"), 60_000_000, "工作数据库"), Need(Path("/x/dagster"), 1, "运行记录")
    published = Need(Path("/data/published"), 50_000_000, "发布的数据库")
    refuse_without_room([database, books], two_disks)
    with pytest.raises(NoRoomError) as refused:
        refuse_without_room([database, published, books], two_disks)
    assert str(refused.value) == (
        "磁盘空间不够，没有开始：磁盘 /data 还剩 100.0 MB，这次约要 110.0 MB"
        "（工作数据库 60.0 MB、发布的数据库 50.0 MB；按上一次估计）。"
        "请腾出空间，再运行一次；什么都没有改动。"
    )
    with pytest.raises(NoRoomError, match=r"/books 还剩 3\.0 MB，这次约要 4\.0 MB"):
        refuse_without_room([Need(Path("/x/dagster"), BOOKS_OF_A_RUN, "运行记录")], two_disks)


def test_a_run_needs_as_much_as_the_last_one_left_and_what_has_come_since(city_run: Settings, fresh_copy: Settings):
    size = int(GROWTH * city_run.working_database.stat().st_size)
    before = {need.what: need.bytes for need in needs_of_run(city_run)}
    assert before["工作数据库"] == before["发布的数据库"] == size
    (fresh_copy.inbox / "新.xlsx").write_bytes(b"x" * 5_000)
    after = {need.what: need.bytes for need in needs_of_run(fresh_copy)}
    assert after["存档"] >= 5_000
    assert sum(need.bytes for need in needs_of_rebuild(city_run)) > sum(before.values())


def test_a_write_that_fails_names_its_disk_as_it_was_when_it_failed(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(disk, "room_at", lambda _: Room(DATA, 0, 9_000_000))
    with pytest.raises(FullDiskError) as failed, whole_file(tmp_path / "a.txt"):
        raise OSError(28, "No space left on device")
    assert str(told(failed.value)) == (
        f"{FULL}。磁盘 /data（放着 {tmp_path.name}）还剩 0.0 MB，共 9.0 MB。（[Errno 28] No space left on device）"
    )
    assert with_disks(str(failed.value), tmp_path) == str(failed.value)
    assert "磁盘 /data（放着" in with_disks(f"{OF_A_DISK}。（disk I/O error）", tmp_path)
    assert with_disks("内存不足", tmp_path) == "内存不足"
    assert list(tmp_path.iterdir()) == []


def test_the_folders_of_dead_processes_are_removed_and_those_of_living_ones_stay(tmp_path: Path):
    dead, living, other = (tmp_path / name for name in (".2023.4194999.partial", ".2023.1.partial", "2023"))
    for each in (dead, living, other):
        each.mkdir()
    remove_dead_partials(tmp_path)
    assert sorted(tmp_path.iterdir()) == sorted((living, other))
