"""Files appear whole or not at all; a copy is the same whatever the file system can do."""

import errno
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from sources.system.whole_file import copy_file, remove_partials, whole_file


def no_such_call(*_: object) -> int:
    raise OSError(errno.EXDEV, "Invalid cross-device link")


def breaks_off(source: int, target: int, count: int) -> int:
    """Copies the first bytes, then can no more."""
    if os.lseek(source, 0, os.SEEK_CUR) > 0:
        raise OSError(errno.EIO, "Input/output error")
    return os.write(target, os.read(source, 3))


@pytest.mark.parametrize("how", [None, no_such_call, breaks_off])
def test_a_copy_has_the_same_content_with_and_without_the_help_of_the_file_system(tmp_path, monkeypatch, how):
    if how:
        monkeypatch.setattr(os, "copy_file_range", how)
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(b"0123456789" * 1000)
    target.write_bytes(b"something longer that was there before" * 1000)
    copy_file(source, target)
    assert target.read_bytes() == source.read_bytes()


def used_bytes(folder: Path) -> int:
    os.sync()
    found = os.statvfs(folder)
    return (found.f_blocks - found.f_bfree) * found.f_frsize


@pytest.mark.parametrize("kind", ["btrfs", "xfs"])
def test_where_the_file_system_shares_blocks_a_copy_takes_no_room(tmp_path, kind):
    image, mounted = tmp_path / "image", tmp_path / "mounted"
    if shutil.which(f"mkfs.{kind}") is None:
        pytest.skip(f"no mkfs.{kind} on this machine")
    with image.open("wb") as file:
        file.truncate(400_000_000)
    subprocess.run([f"mkfs.{kind}", "-q", image], check=True, capture_output=True)
    mounted.mkdir()
    mounting = subprocess.run(["mount", "-o", "loop", image, mounted], capture_output=True)
    if mounting.returncode:
        pytest.skip(f"no file system may be mounted here: {mounting.stderr.decode().strip()}")
    try:
        source, target = mounted / "source", mounted / "target"
        source.write_bytes(os.urandom(20_000_000))
        before = used_bytes(mounted)
        copy_file(source, target)
        assert target.read_bytes() == source.read_bytes()
        assert used_bytes(mounted) - before < 1_000_000
    finally:
        subprocess.run(["umount", mounted], check=True)


def test_nothing_is_left_of_a_file_that_failed(tmp_path):
    target = tmp_path / "target"
    target.write_text("old")

    def write_half() -> None:
        with whole_file(target) as partial:
            partial.write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        write_half()
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_what_killed_processes_have_left_is_cleared_away_with_its_log(tmp_path: Path):
    for name in (".a.1.partial", "folder/.a.2.partial", "folder/.a.2.partial.wal", "a", "folder/a.wal"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    remove_partials(tmp_path)
    assert sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()) == [
        "a",
        "folder/a.wal",
    ]
