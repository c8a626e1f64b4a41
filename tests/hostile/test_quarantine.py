"""A file on which its process dies is set aside: told, never read again unasked, and every other school goes on."""

import json
import os
import shutil
import signal
from collections.abc import Callable
from dataclasses import replace

import polars as pl
import pytest

from sources.archive.archive import receipts_of
from sources.archive.quarantine import PROGRAM, Quarantine, note_quarantine, set_aside_now
from sources.check import check_apart, mark_checked
from sources.declarations.city import City
from sources.handle import SET_ASIDE
from sources.system.fingerprint import sha256_of
from sources.system.settings import Limits, Settings
from tests.conftest import ingest, select, sent_as
from tests.crash.children import KILLED, finish
from tests.crash.children import take_in as take_in_a_process
from tests.end_to_end.test_command_line import nianbao
from tests.hostile.bombs import million_rows
from warehouse.intake import read_pending, take_in
from warehouse.intake.feedback import write_feedback
from warehouse.intake.under_way import UnderWay
from warehouse.store.connection import open_working

WIDE = Limits(seconds=2, rows=2_000_000, cells=10_000_000, expanded_bytes=500_000_000, area=50_000_000)
"""They let a million rows through to a reader that has two seconds; a good file takes a tenth of one."""
SLOW = million_rows()
SLOW_ID = sha256_of(SLOW)


@pytest.fixture
def inbox(empty: Settings, city_run: Settings) -> Settings:
    """Two good workbooks of 2023 in the inbox of an empty installation."""
    empty.inbox.mkdir(parents=True)
    for path in sorted(city_run.inbox.glob("2023*"))[:2]:
        shutil.copy(path, empty.inbox)
    return empty


@pytest.fixture
def hostile(inbox: Settings) -> Settings:
    """The same, and between them one that takes more than it may."""
    (inbox.inbox / "2023_一百万行.xlsx").write_bytes(SLOW)
    return replace(inbox, limits=WIDE)


@pytest.fixture
def files_read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files that are handed to a reader, as they are."""
    read: list[str] = []
    read_apart = read_pending.read_apart

    def noted(files, *arguments):
        read.extend(receipts_of(file.path.parents[1], file.submission_id)[0].file_name for file in files)
        return read_apart(files, *arguments)

    monkeypatch.setattr(read_pending, "read_apart", noted)
    return read


def verdicts(settings: Settings) -> dict[str, str]:
    found = select(settings, "select submission_id, status from registry.submission")
    return by_name(settings, found)


def told_of(settings: Settings, rule_id: str = SET_ASIDE) -> dict[str, str]:
    found = select(settings, f"select submission_id, message from registry.finding where rule_id = '{rule_id}'")
    return by_name(settings, found)


def by_name(settings: Settings, found: pl.DataFrame) -> dict[str, str]:
    """Rows of a submission and something of it, by the name under which the file was sent."""
    names = sent_as(settings)
    return {names[submission_id]: value for submission_id, value in found.iter_rows()}


def test_it_is_rejected_with_what_it_exceeded_and_the_others_are_accepted(hostile, city, files_read):
    ingest(hostile, city)
    assert sorted(verdicts(hostile).values()) == ["accepted", "accepted", "rejected"]
    assert "超过" in told_of(hostile)["2023_一百万行.xlsx"]
    (aside,) = set_aside_now(hostile.archive).values()
    assert (aside.submission_id, aside.by) == (SLOW_ID, PROGRAM)
    with open_working(hostile) as connection:
        everybody = write_feedback(connection, hostile, [2023])
    names = sent_as(hostile)
    written = {names[each.version.submission_id]: each.path for each in everybody}
    assert written["2023_一百万行.xlsx"].exists(), "the list of its one finding goes back"

    (hostile.inbox / "2023_一百万行.xlsx").rename(hostile.inbox / "改了名.xlsx")
    hostile.working_database.unlink()
    before = len(files_read)
    ingest(hostile, city)
    assert len(files_read) == before + 2, "not even a rebuild reads it, under whatever name"
    assert verdicts(hostile)["2023_一百万行.xlsx"] == "rejected"


def test_taken_back_it_is_read_again_and_judged_by_what_it_holds(hostile, city, files_read):
    ingest(hostile, city)
    note_quarantine(hostile.archive, Quarantine(SLOW_ID, False, "已核对", "王"))
    before = len(files_read)
    ingest(replace(hostile, limits=Limits()), city)
    assert files_read[before:] == ["2023_一百万行.xlsx"]
    assert told_of(hostile) == {}
    assert "2023_一百万行.xlsx" in told_of(hostile, "file.cell_too_far_out")


def test_an_accepted_file_that_somebody_sets_aside_counts_no_longer_until_it_is_taken_back(inbox, city):
    ingest(inbox, city)
    before = select(inbox, "select * from registry.cell order by all"), verdicts(inbox)
    submission_id = select(inbox, "select submission_id from registry.submission").item(0, 0)
    file_name = sent_as(inbox)[submission_id]
    note_quarantine(inbox.archive, Quarantine(submission_id, True, "不是学校报送的", "王"))
    ingest(inbox, city)
    assert verdicts(inbox)[file_name] == "rejected"
    assert "不是学校报送的" in told_of(inbox)[file_name]
    of_file = f"where submission_id = '{submission_id}'"
    assert select(inbox, f"select count(*) from registry.cell {of_file}").item() == 0
    assert select(inbox, f"select count(*) from registry.submission {of_file} and is_current").item() == 0
    note_quarantine(inbox.archive, Quarantine(submission_id, False, "已核对", "王"))
    ingest(inbox, city)
    after = select(inbox, "select * from registry.cell order by all"), verdicts(inbox)
    assert after[0].equals(before[0])
    assert after[1] == before[1]


def die_on_the_first(settings: Settings) -> None:
    """Takes in, and is killed from outside when the first file has been in hand."""
    UnderWay.ended = lambda self, submission_id: os.kill(os.getpid(), signal.SIGKILL)
    take_in_a_process(settings)


def die_while_judging(settings: Settings) -> None:
    take_in.judge = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
    take_in_a_process(settings)


def test_a_file_on_which_two_runs_died_is_set_aside_by_the_third(inbox, city):
    assert finish(die_on_the_first, inbox) == KILLED
    assert finish(die_on_the_first, inbox) == KILLED
    assert set_aside_now(inbox.archive) == {}
    ingest(inbox, city)
    assert sorted(verdicts(inbox).values()) == ["accepted", "rejected"]
    assert read_pending.DIED_TWICE in "".join(told_of(inbox).values())


@pytest.mark.parametrize("die", [die_on_the_first, die_while_judging])
def test_a_file_on_which_one_run_died_is_read_by_itself_and_accepted(die: Callable[[Settings], None], inbox, city):
    assert finish(die, inbox) == KILLED
    ingest(inbox, city)
    assert set(verdicts(inbox).values()) == {"accepted"}
    assert not inbox.working_database.with_name("under_way.txt").exists()


def failing_on(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    judge = take_in.judge

    def fail(submissions, *arguments):
        if any(each.file_name in names and not each.findings for each in submissions):
            raise ValueError("a fault of ours")
        return judge(submissions, *arguments)

    monkeypatch.setattr(take_in, "judge", fail)


def test_a_file_that_stops_the_audit_stops_only_itself_and_is_read_again_by_other_rules(inbox, city, monkeypatch):
    first, second = sorted(path.name for path in inbox.inbox.iterdir())
    failing_on(monkeypatch, first)
    ingest(inbox, city)
    assert verdicts(inbox) == {first: "rejected", second: "accepted"}
    assert "ValueError" in told_of(inbox)[first]
    assert set_aside_now(inbox.archive) == {}, "a fault of ours may be mended"


def test_when_every_file_stops_the_audit_the_run_fails_and_no_file_is_blamed(inbox, city, monkeypatch):
    failing_on(monkeypatch, *(path.name for path in inbox.inbox.iterdir()))
    with pytest.raises(ValueError, match="a fault of ours"):
        ingest(inbox, city)
    assert set(verdicts(inbox).values()) == {"received"}


def test_a_school_that_checks_such_a_file_itself_is_told_the_same(city: City):
    checked = check_apart(SLOW, "一百万行.xlsx", city, WIDE)
    assert [finding.rule_id for finding in checked.findings] == [SET_ASIDE]
    assert mark_checked(SLOW, checked, WIDE).startswith(b"PK")


def test_the_bureau_lists_sets_aside_and_takes_back(inbox, city):
    ingest(inbox, city)
    file = sorted(inbox.inbox.iterdir())[0]
    submission_id = sha256_of(file.read_bytes())
    assert nianbao(inbox, "quarantine", str(file)).returncode == 2, "who and why is not said"
    assert nianbao(inbox, "quarantine", "ffff", "--by", "王", "--reason", "x").returncode == 2
    assert "不再读取" in nianbao(inbox, "quarantine", str(file), "--by", "王", "--reason", "冒名").stdout
    (row,) = json.loads(nianbao(inbox, "quarantine", "--json").stdout)
    assert (row["submission_id"], row["by"], row["reason"]) == (submission_id, "王", "冒名")
    assert "已取回" in nianbao(inbox, "quarantine", submission_id[:8], "--back", "--by", "王", "--reason", "y").stdout
    assert json.loads(nianbao(inbox, "quarantine", "--json").stdout) == []
