"""A file that lies untouched is not read again; whatever happens to it, it is."""

import os
import time
from pathlib import Path

import pytest

from sources.archive import inbox as inbox_module
from sources.archive.archive import archived_receipts
from sources.archive.inbox import inbox_submission_ids, look_into
from sources.archive.receive import receive
from sources.archive.seen import FRESH_NANOSECONDS, id_of, key_of, mark_of, read_seen


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path, Path]:
    inbox, archive, seen_file = tmp_path / "inbox", tmp_path / "archive", tmp_path / "working" / "seen.json"
    inbox.mkdir()
    for name in ("一.xlsx", "二.xlsx"):
        (inbox / name).write_bytes(f"content of {name}".encode())
    return inbox, archive, seen_file


@pytest.fixture(autouse=True)
def _long_ago(monkeypatch):
    """Lets every file look as if it had been written long ago: the time of change cannot be set back."""
    now = time.time_ns
    monkeypatch.setattr("sources.archive.seen.time.time_ns", lambda: now() + FRESH_NANOSECONDS)


@pytest.fixture
def read(monkeypatch) -> list[str]:
    """Names of the files whose content is read."""
    names: list[str] = []
    content_of = inbox_module.content_of
    for module in ("inbox", "receive"):
        monkeypatch.setattr(
            f"sources.archive.{module}.content_of",
            lambda path, *rest: names.append(path.name) or content_of(path, *rest),
        )
    return names


def take(inbox: Path, archive: Path, seen_file: Path) -> list[str]:
    return [receipt.file_name for receipt in receive(look_into(inbox), archive, seen_file=seen_file)]


def test_untouched_files_are_not_read_again(folders, read):
    inbox, _archive, seen_file = folders
    assert sorted(take(*folders)) == ["一.xlsx", "二.xlsx"]
    ids = dict(inbox_submission_ids(inbox))
    read.clear()
    assert take(*folders) == []
    assert dict(inbox_submission_ids(inbox, seen_file=seen_file)) == ids
    assert read == []


@pytest.mark.parametrize("change", ["content", "same size and time", "replaced", "renamed"])
def test_a_touched_file_is_read_and_the_others_are_not(folders, read, change):
    inbox, archive, seen_file = folders
    take(*folders)
    path, before = inbox / "一.xlsx", (inbox / "一.xlsx").stat()
    name = "三.xlsx" if change == "renamed" else path.name
    if change == "content":
        path.write_bytes(b"something else")
    elif change == "same size and time":
        path.write_bytes(path.read_bytes().replace(b"content", b"CONTENT"))
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    elif change == "replaced":
        other = inbox / "三.xlsx"
        other.write_bytes(path.read_bytes())
        os.utime(other, ns=(before.st_atime_ns, before.st_mtime_ns))
        other.replace(path)
    else:
        path.rename(inbox / name)
    read.clear()
    take(*folders)
    assert read == [name]
    assert {receipt.file_name for receipt in archived_receipts(archive)} == {"一.xlsx", "二.xlsx", name}
    assert set(read_seen(seen_file)) == {key_of(inbox / name), key_of(inbox / "二.xlsx")}
    assert name not in seen_file.read_text(), "how a sender named a file is in the archive alone"


def test_what_is_no_longer_archived_is_read_again(folders, read):
    _inbox, archive, _seen_file = folders
    take(*folders)
    lost = next(archive.glob("??/*.xlsx"))
    lost.unlink()
    read.clear()
    take(*folders)
    assert len(read) == 1
    assert lost.exists()


def test_a_file_that_changed_a_moment_ago_is_not_taken_for_untouched(folders, monkeypatch):
    inbox, _, seen_file = folders
    monkeypatch.undo()
    take(*folders)
    assert read_seen(seen_file) == {}
    assert mark_of(inbox / "一.xlsx") is None


def test_what_cannot_be_read_is_tried_again(folders, monkeypatch):
    inbox, _archive, seen_file = folders
    opened = inbox_module._opened
    broken = inbox / "一.xlsx"

    def fails(path: Path, folder: Path | None):
        if path == broken:
            raise OSError("Input/output error")
        return opened(path, folder)

    with monkeypatch.context() as patch:
        patch.setattr(inbox_module, "_opened", fails)
        take(*folders)
    assert id_of(broken, read_seen(seen_file)) is None
    assert take(*folders) == ["一.xlsx"]


@pytest.mark.parametrize("content", [b"", b"{", b'{"a": 1}', b"[[1, 2]]", b"\xff"])
def test_a_broken_note_is_no_note(folders, content):
    _inbox, _archive, seen_file = folders
    seen_file.parent.mkdir()
    seen_file.write_bytes(content)
    assert sorted(take(*folders)) == ["一.xlsx", "二.xlsx"]


def come_back(inbox: Path, away: Path, seconds: int) -> None:
    """Puts a file there again that was written some seconds after the one that lay there."""
    modified = away.stat().st_mtime_ns + seconds * 1_000_000_000
    (inbox / away.name).write_bytes(away.read_bytes())
    os.utime(inbox / away.name, ns=(modified, modified))


def receipts_of_first(archive: Path) -> int:
    return [each.file_name for each in archived_receipts(archive)].count("一.xlsx")


@pytest.mark.parametrize(("seconds", "receipts"), [(60, 2), (0, 1)], ids=["written anew", "moved back"])
def test_what_was_taken_away_and_is_put_there_again_has_come_again(folders, tmp_path, seconds, receipts):
    inbox, archive, _seen_file = folders
    take(*folders)
    away = (inbox / "一.xlsx").rename(tmp_path / "一.xlsx")
    take(*folders)
    come_back(inbox, away, seconds)
    take(*folders)
    take(*folders)
    assert receipts_of_first(archive) == receipts


def test_it_has_come_again_once_though_it_was_written_a_moment_ago(folders, tmp_path, monkeypatch):
    inbox, archive, _seen_file = folders
    take(*folders)
    away = (inbox / "一.xlsx").rename(tmp_path / "一.xlsx")
    take(*folders)
    come_back(inbox, away, 60)
    monkeypatch.undo()
    for _ in range(3):
        take(*folders)
    assert receipts_of_first(archive) == 2


def test_an_inbox_that_was_away_for_a_while_has_sent_nothing(folders, tmp_path):
    inbox, archive, seen_file = folders
    take(*folders)
    inbox.rename(tmp_path / "unplugged")
    inbox.mkdir()
    take(*folders)
    assert read_seen(seen_file) == {}
    inbox.rmdir()
    (tmp_path / "unplugged").rename(inbox)
    take(*folders)
    assert len(archived_receipts(archive)) == 2


def test_a_file_that_is_moved_within_the_inbox_was_not_sent_again(folders):
    inbox, archive, _seen_file = folders
    take(*folders)
    (inbox / "已看").mkdir()
    come_back(inbox / "已看", inbox / "一.xlsx", 60)
    (inbox / "一.xlsx").unlink()
    take(*folders)
    assert receipts_of_first(archive) == 1
