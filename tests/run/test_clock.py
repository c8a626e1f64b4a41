"""A clock that jumps: it is told, nobody is said to be late by it alone, and what came later still counts."""

import errno
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from orchestration.defs.schedules import yearly
from orchestration.lib.installation import Installation
from orchestration.lib.observe import observe
from sources.archive import archive as noting
from sources.archive.archive import archived_decisions, archived_receipts, note_decision
from sources.archive.inbox import look_into
from sources.archive.receive import receive
from sources.declarations.alerting import load_alerting
from sources.declarations.city import City
from sources.system.settings import Settings
from warehouse.run.clock import LONGEST, doubt_of_day, doubt_of_today
from warehouse.run.needed import reasons_to_run

NOW = datetime.now(UTC)
A_YEAR = timedelta(days=366)
DAY = date(2026, 11, 29)


@pytest.mark.parametrize(
    ("days", "is_ahead"),
    [(366, True), (LONGEST + 1, True), (LONGEST, None), (1, None), (0, None), (-1, None), (-2, False), (-366, False)],
)
def test_a_jump_is_doubted_and_a_time_zone_or_a_pause_is_not(days: int, is_ahead: bool | None):
    doubt = doubt_of_day(DAY, DAY + timedelta(days=days))
    assert (doubt.is_ahead if doubt else None) is is_ahead
    assert doubt is None or str(DAY) in doubt.told


def test_a_first_run_has_nothing_to_be_held_against(empty: Settings):
    assert doubt_of_day(None, DAY) is None
    assert doubt_of_today(empty) is None


@pytest.mark.parametrize("jump", [A_YEAR, -A_YEAR])
def test_what_comes_after_a_jump_comes_later_and_so_do_decisions(empty: Settings, monkeypatch, jump: timedelta):
    """Forward, and back again; or back, and forward again."""
    empty.inbox.mkdir(parents=True)
    noted: list[str] = []
    for number, now in enumerate((NOW, NOW + jump, NOW + timedelta(minutes=1))):
        monkeypatch.setattr(noting, "utc_now", lambda now=now: now)
        (empty.inbox / f"{number}.xlsx").write_bytes(str(number).encode())
        receive(look_into(empty.inbox), empty.archive)
        note_decision(empty.archive, {"kind": "演练"})
        receipt = max(archived_receipts(empty.archive), key=lambda each: each.received_at)
        assert receipt.file_name == f"{number}.xlsx"
        noted += [receipt.look, receipt.received_at, archived_decisions(empty.archive)[-1]["decided_at"]]
    assert [datetime.fromisoformat(each) for each in noted] == sorted(map(datetime.fromisoformat, noted))


def test_while_the_day_is_in_doubt_nothing_begins_by_itself_and_nobody_is_said_to_be_late(
    city_run: Settings, city: City
):
    """A person who runs has been told of the day, so a run is asked for; then all goes on."""
    ahead = replace(city_run, fixed_today=city_run.today + A_YEAR)
    seen = observe(ahead, city, None, load_alerting(ahead.city_dir), datetime.now(UTC))
    (trouble,) = (each for observed in seen.observations for each in observed.troubles if each.kind != "release")
    assert (trouble.key, trouble.kind) == ("run:clock", "run")
    assert "距上一次运行" in yearly(Installation(ahead, city)).skip_message
    assert yearly(Installation(city_run, city)).tags
    assert "这台机器的日期和上一次运行的接不上" in reasons_to_run(ahead, city, [2023])


def test_a_clock_that_was_ahead_is_told_when_it_is_put_back_and_what_followed_from_it_is_judged_anew(
    city_run: Settings, city: City
):
    back = replace(city_run, fixed_today=city_run.today - A_YEAR)
    doubt = doubt_of_today(back)
    assert doubt is not None
    assert "收件的先后次序不受影响" in doubt.told
    assert "这台机器的日期和上一次运行的接不上" in reasons_to_run(back, city, [2023])
    assert yearly(Installation(back, city)).tags


def test_a_year_without_a_run_is_no_jump_while_the_sensors_look(fresh_copy: Settings, city: City):
    """A bureau that collects once a year: from one autumn to the next there is nothing to run."""
    for days in (100, 400, 700):
        later = replace(fresh_copy, fixed_today=fresh_copy.today + timedelta(days=days))
        assert doubt_of_today(later) is None
        assert yearly(Installation(later, city)).tags
    jumped = replace(fresh_copy, fixed_today=fresh_copy.today + timedelta(days=700) + A_YEAR)
    assert "距上一次运行" in yearly(Installation(jumped, city)).skip_message


def test_a_disk_that_takes_no_note_keeps_no_sensor_from_looking(fresh_copy: Settings, city: City, monkeypatch):
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    settings = replace(fresh_copy, fixed_today=fresh_copy.today + timedelta(days=1))
    monkeypatch.setattr("sources.system.whole_file.os.fsync", full)
    assert yearly(Installation(settings, city)).tags
