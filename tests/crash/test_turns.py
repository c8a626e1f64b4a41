"""Whoever waits for the working database is told within seconds for whom, and again when it goes on."""

import os
from dataclasses import replace
from functools import partial

import pytest

from sources.system.settings import Settings
from tests.crash import children
from warehouse.store import turn
from warehouse.store.connection import open_working, working_lock
from warehouse.store.turn import WarehouseBusyError, holder_noted, holder_told, in_turn, note_holder

SOON = 60
"""Seconds after which something counts as hanging."""


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turn, "TOLD_AFTER", 0.1)
    monkeypatch.setattr(turn, "ASKED_EVERY", 0.02)


@pytest.fixture
def begun(empty: Settings) -> Settings:
    """An installation that has a working database."""
    with open_working(empty):
        pass
    return empty


@pytest.mark.parametrize(
    ("holds", "opens", "words"),
    [
        (children.hold_lock, working_lock, "没有反应了，就结束那个进程"),
        (children.hold_open, open_working, "请关闭那个程序"),
    ],
)
def test_who_waits_is_told_for_whom_and_when_it_goes_on(begun: Settings, holds, opens, words):
    holder = children.start(holds, begun)
    children.wait_for(children.opened(begun))
    said: list[str] = []

    def say(sentence: str) -> None:
        said.append(sentence)
        holder.kill()  # as when the person has read it

    with opens(begun, SOON, say):
        pass
    first, last = said
    assert f"进程 {holder.pid}（" in first
    assert words in first
    assert last.startswith("工作数据库空出来了")
    holder.join()


@pytest.mark.parametrize(("holds", "opens"), [(children.hold_lock, working_lock), (children.hold_open, open_working)])
def test_nobody_waits_without_end(begun: Settings, holds, opens):
    """The last sentence names the process too; the wait is the installation's when no other is asked for."""
    holder = children.start(holds, begun)
    children.wait_for(children.opened(begun))
    with (
        pytest.raises(WarehouseBusyError, match=rf"：进程 {holder.pid}（.*没有做成"),
        opens(replace(begun, wait_seconds=0)),
    ):
        pass
    holder.kill()
    holder.join()


def test_a_short_wait_is_not_told_and_a_long_one_again_and_again(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(turn, "TOLD_AFTER", SOON)
    said: list[str] = []
    asked = iter([None, None, "it"])
    waiting = partial(in_turn, who=lambda: "某某", so="某法", busy="忙", limit=SOON, say=said.append)
    assert waiting(lambda: next(asked)) == "it"
    assert said == []
    monkeypatch.setattr(turn, "TOLD_AFTER", 0)
    monkeypatch.setattr(turn, "TOLD_EVERY", 0)
    again = iter([None, None, None, "it"])
    assert waiting(lambda: next(again)) == "it"
    assert [each[:3] for each in said] == ["工作数", "还在等", "还在等", "工作数"]


def test_the_note_says_who_since_when_and_nothing_that_was_typed_after_the_command(tmp_path, monkeypatch):
    monkeypatch.setattr("sys.argv", ["/opt/bin/nianbao", "decide", "--by", "王科长"])
    note_holder(tmp_path / "note")
    noted = holder_noted(tmp_path / "note")
    assert noted is not None
    assert (noted.process, noted.command) == (os.getpid(), "nianbao decide")
    assert "王科长" not in (tmp_path / "note").read_text("utf-8")


def test_a_note_of_a_process_that_is_no_more_or_of_none_accuses_nobody(tmp_path):
    dead = children.start(children.publish_only, Settings(tmp_path, tmp_path))
    dead.kill()
    dead.join()
    (tmp_path / "note").write_text(f"{dead.pid}\nnianbao run\n", "utf-8")
    (tmp_path / "half").write_text("12", "utf-8")
    assert [holder_noted(tmp_path / name) for name in ("note", "half", "none")] == [None, None, None]
    assert holder_told("Could not set lock on file") == "另一个进程"
