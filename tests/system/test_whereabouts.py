"""An inbox that has gone is none in which nothing lies; one that answers slowly is told of."""

import errno
import os
import subprocess
import threading
from pathlib import Path

import pytest

from sources.archive import inbox as looking
from sources.archive.archive import archived_ids
from sources.archive.inbox import content_of, look_into
from sources.archive.receive import receive
from sources.system import whereabouts
from sources.system.access import prepare_home
from sources.system.aloud import told_when_slow
from sources.system.settings import Limits
from sources.system.whereabouts import InboxGoneError, note_whereabouts, why_gone


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    """One that has been there before, with two files."""
    folder = tmp_path / "home" / "inbox"
    prepare_home(folder.parent)
    for name in ("甲.xlsx", "乙.xlsx"):
        (folder / name).write_bytes(name.encode())
    return folder


def test_an_inbox_that_has_never_been_there_may_be_missing_and_is_made(tmp_path):
    assert look_into(tmp_path / "inbox").files == ()
    prepare_home(tmp_path)
    assert (tmp_path / "inbox").is_dir()


def test_one_that_was_there_has_gone_and_is_not_made_anew(inbox):
    away = inbox.rename(inbox.with_name("away"))
    with pytest.raises(InboxGoneError, match="没有这个文件夹"):
        look_into(inbox)
    prepare_home(inbox.parent)
    assert not inbox.exists()
    away.rename(inbox)
    assert len(look_into(inbox).files) == 2


def test_an_empty_inbox_on_the_same_disk_is_just_empty(inbox):
    for path in inbox.iterdir():
        path.unlink()
    assert look_into(inbox).files == ()


def test_an_installation_that_was_copied_elsewhere_has_an_inbox_of_its_own(inbox):
    moved = inbox.parent.rename(inbox.parent.with_name("elsewhere"))
    (moved / "inbox").rename(moved / "away")
    assert look_into(moved / "inbox").files == ()
    prepare_home(moved)
    assert (moved / "inbox").is_dir()


def test_a_link_to_a_share_that_is_not_there(tmp_path):
    (tmp_path / "inbox").symlink_to(tmp_path / "share")
    prepare_home(tmp_path)
    assert "share 不在" in (why_gone(tmp_path / "inbox") or "")


def test_the_folder_below_a_share_that_is_no_longer_mounted_is_no_inbox(inbox, monkeypatch):
    """As it looks from within: the folder is there and empty, on the disk of the folder around it."""
    monkeypatch.setattr(whereabouts, "disk_of", lambda folder: inbox if inbox in (folder, *folder.parents) else folder)
    note_whereabouts(inbox)
    assert why_gone(inbox) is None
    monkeypatch.setattr(whereabouts, "disk_of", lambda folder: Path("/"))
    with pytest.raises(InboxGoneError, match="没有接上"):
        look_into(inbox)


def test_a_real_share_that_is_taken_away_and_comes_back(inbox):
    mount = ["mount", "-t", "tmpfs", "tmpfs", inbox]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("no file system may be mounted here")
    try:
        note_whereabouts(inbox)
        assert look_into(inbox).files == ()
        subprocess.run(["umount", inbox], check=True)
        with pytest.raises(InboxGoneError, match="没有接上"):
            look_into(inbox)
        subprocess.run(mount, check=True)
        assert look_into(inbox).files == ()
    finally:
        subprocess.run(["umount", inbox], capture_output=True)


def test_a_share_that_answers_with_errors_has_gone(inbox, monkeypatch):
    def stale(folder: Path) -> None:
        raise OSError(errno.ESTALE, os.strerror(errno.ESTALE))

    monkeypatch.setattr(os, "scandir", stale)
    with pytest.raises(InboxGoneError, match="打不开：Stale file handle"):
        look_into(inbox)


def test_files_are_not_said_to_be_unreadable_because_the_share_has_gone(inbox, monkeypatch):
    """While one file alone that cannot be read is told as that one's trouble."""
    path = look_into(inbox).files[0]

    def broken(path: Path, folder: Path | None) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(looking, "_opened", broken)
    assert "读取出错".encode() in (content_of(path, Limits(), inbox) or b"")
    inbox.rename(inbox.with_name("away"))
    with pytest.raises(InboxGoneError):
        content_of(path, Limits(), inbox)


def test_an_inbox_that_goes_between_the_look_and_the_reading_is_told(inbox):
    """Else every file would count as taken out by its sender."""
    archive, lying = inbox.parent / "archive", look_into(inbox)
    away = inbox.rename(inbox.with_name("away"))
    with pytest.raises(InboxGoneError):
        receive(lying, archive)
    assert archived_ids(archive) == set()
    away.rename(inbox)
    assert len(receive(look_into(inbox), archive)) == 2


def test_who_waits_for_a_slow_inbox_is_told(inbox, monkeypatch, capsys):
    """It answers when somebody has been told that it does not."""
    answers, scandir = threading.Event(), os.scandir
    said: list[str] = []

    def say(sentence: str) -> None:
        said.append(sentence)
        answers.set()

    def slow(folder: Path) -> object:
        assert answers.wait(60)
        return scandir(folder)

    monkeypatch.setattr(os, "scandir", slow)
    monkeypatch.setattr(looking, "TOLD_EVERY", 0.02)
    monkeypatch.setattr(looking, "told_when_slow", lambda sentence, every: told_when_slow(sentence, every, say))
    assert len(look_into(inbox).files) == 2
    assert "答得很慢，已经等了" in said[0]


def test_who_need_not_wait_is_told_nothing():
    said: list[str] = []
    with told_when_slow(str, 60, said.append):
        pass
    assert said == []
