"""A seal finds every bit that is turned, in the file or in the seal itself, and accuses nobody who only added."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as given_settings
from hypothesis import strategies as st

from sources.system.seal import broken_seal, close_seal, is_sealed, open_seal, seal, seal_of
from tests.keep.bits import flip

few = given_settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])


@few
@given(content=st.binary(min_size=1, max_size=200), place=st.floats(0, 1, exclude_max=True))
def test_a_turned_bit_of_the_file_or_of_its_seal_is_told_with_the_name(tmp_path: Path, content: bytes, place: float):
    path = tmp_path / "decisions.jsonl"
    path.write_bytes(content)
    seal(path)
    for turned in (path, seal_of(path)):
        before = turned.read_bytes()
        flip(turned, int(place * 8 * len(before)))
        assert turned.name in (broken_seal(path, grows=True) or "")
        turned.write_bytes(before)
    assert broken_seal(path) is None


def test_what_was_added_since_is_no_damage_and_what_was_taken_away_is(tmp_path: Path):
    path = tmp_path / "receipts.jsonl"
    path.write_bytes(b"one\n")
    seal(path)
    path.write_bytes(b"one\ntwo\n")
    assert broken_seal(path, grows=True) is None
    assert "大小不同" in (broken_seal(path) or "")
    path.write_bytes(b"on")
    assert "大小不同" in (broken_seal(path, grows=True) or "")


@pytest.mark.parametrize("rest", [None, ""])
def test_no_seal_and_what_a_power_failure_leaves_of_one_accuse_nobody(tmp_path: Path, rest: str | None):
    path = tmp_path / "a"
    path.write_text("x")
    if rest is not None:
        seal_of(path).write_text(rest)
    assert not is_sealed(path)
    assert broken_seal(path) is None


def test_a_file_that_is_written_has_no_seal_until_it_is_closed(tmp_path: Path):
    path = tmp_path / "nianbao.duckdb"
    path.write_text("before")
    seal(path)
    open_seal(path)
    assert not is_sealed(path)
    path.write_text("after!")
    close_seal(path)
    assert is_sealed(path)
    assert broken_seal(path) is None


def test_damage_that_came_before_the_writing_stays_to_be_seen(tmp_path: Path):
    path = tmp_path / "nianbao.duckdb"
    path.write_text("before")
    seal(path)
    flip(path, 3)
    open_seal(path)
    close_seal(path)
    assert "已不是写入时的内容" in (broken_seal(path) or "")
