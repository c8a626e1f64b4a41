"""A file that is put into the inbox and received in the same moment: what the next look into the inbox makes of it."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from sources.archive import archive
from sources.archive.archive import Receipt, archived_path, archived_receipts
from sources.archive.arrival import Senders
from sources.archive.delivery import deliver
from sources.archive.inbox import look_into
from sources.archive.receive import receive
from sources.system.whereabouts import InboxGoneError

SCHOOL, NAME, DAY = "3634000001", "2026_黄山市第一职业学校.xlsx", date(2026, 11, 30)
NEXT_DAY = date(2026, 12, 1)


def send(home: Path, data: bytes, day: date = DAY, school: str = SCHOOL) -> Receipt:
    (home / "inbox").mkdir(parents=True, exist_ok=True)
    return deliver(data, school, NAME, home / "inbox", home / "archive", day)


def look(home: Path, day: date = NEXT_DAY) -> list[Receipt]:
    """What a run does with the inbox: it finds what lies there, in the folders of whom it knows."""
    lying = look_into(home / "inbox", now=2e10)  # nothing is still being written
    return receive(lying, home / "archive", None, day, home / "seen.json", Senders({SCHOOL: SCHOOL}))


def test_it_is_received_when_it_is_sent_and_not_when_somebody_looks(tmp_path: Path) -> None:
    sent = send(tmp_path, b"one")
    look(tmp_path)
    assert archived_receipts(tmp_path / "archive") == [sent]
    assert (sent.received_on, sent.channel, sent.sender) == ("2026-11-30", "folder", SCHOOL)
    assert archived_path(sent.submission_id, tmp_path / "archive").read_bytes() == b"one"
    assert (tmp_path / "inbox" / SCHOOL / NAME).read_bytes() == b"one"


def test_what_lay_in_the_folder_by_hand_gives_the_same_receipt(tmp_path: Path) -> None:
    sent = send(tmp_path / "desk", b"one", NEXT_DAY)
    folder = tmp_path / "hand" / "inbox" / SCHOOL
    folder.mkdir(parents=True)
    (folder / NAME).write_bytes(b"one")
    (found,) = look(tmp_path / "hand")
    at = {"received_at": "", "look": ""}
    assert replace(sent, **at) == replace(found, **at)


def test_sending_the_same_twice_is_sending_it_once(tmp_path: Path) -> None:
    assert send(tmp_path, b"one") == send(tmp_path, b"one", NEXT_DAY)
    assert len(archived_receipts(tmp_path / "archive")) == 1


@given(sent=st.lists(st.tuples(st.sampled_from([b"one", b"two", b"three"]), st.booleans()), min_size=1, max_size=8))
@hypothesis_settings(max_examples=60)
def test_the_last_that_was_sent_is_the_last_receipt_whenever_somebody_looks(
    sent: list[tuple[bytes, bool]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    home = tmp_path_factory.mktemp("sent")
    for data, is_looked_at in sent:
        last = send(home, data)
        if is_looked_at:
            look(home)
    look(home)
    receipts = archived_receipts(home / "archive")
    assert receipts[-1] == last
    changes = [data for position, (data, _) in enumerate(sent) if position == 0 or sent[position - 1][0] != data]
    assert len(receipts) == len(changes)


def test_many_at_once_are_all_received(tmp_path: Path) -> None:
    schools = [f"36340000{number:02}" for number in range(24)]
    with ThreadPoolExecutor(8) as pool:
        sent = list(pool.map(lambda school: send(tmp_path, school.encode(), school=school), schools))
    assert {each.sender for each in archived_receipts(tmp_path / "archive")} == set(schools)
    assert len({each.received_at for each in sent}) == len(schools)


def test_nothing_is_received_where_the_inbox_has_gone(tmp_path: Path) -> None:
    from sources.system.access import prepare_home

    prepare_home(tmp_path / "home")
    (tmp_path / "home" / "inbox").rmdir()
    again = partial(deliver, b"one", SCHOOL, NAME, tmp_path / "home" / "inbox", tmp_path / "home" / "archive", DAY)
    with pytest.raises(InboxGoneError):
        again()
    assert archived_receipts(tmp_path / "home" / "archive") == []


def test_what_was_received_before_is_read_once_for_its_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A desk of ten thousand schools cannot read each receipt whenever one more file comes."""
    schools = [f"36340000{number:02}" for number in range(24)]
    for school in schools:
        send(tmp_path, school.encode(), school=school)
    read: list[Path] = []
    monkeypatch.setattr(archive, "json_lines", lambda path, at=archive.json_lines: read.append(path) or at(path))
    last = send(tmp_path, b"one more", school=schools[0])
    assert len({path for path in read if path.name.endswith(archive.RECEIPTS_SUFFIX)}) <= 4
    assert archived_receipts(tmp_path / "archive")[-1] == last
