"""The ledger: notes what each channel was told, and what a process is about to tell it."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from sources.declarations.alerting import Alerting, Channel
from sources.declarations.city import City
from sources.system.access import OWNERS_FILE, prepare_home
from sources.system.settings import Settings
from warehouse.alerts.due import Item, Told, due, wants
from warehouse.alerts.troubles import Observation, Trouble

LEDGER_FILE = "alerts.sqlite"
LEASE = timedelta(minutes=10)
"""A process that is about to send a message has so long to do it."""


@contextmanager
def open_ledger(settings: Settings) -> Iterator[sqlite3.Connection]:
    """The ledger. `told`: what each channel was told; `judged`: when something was last learned about a key."""
    prepare_home(settings.home, ())
    file = settings.home / LEDGER_FILE
    file.touch(OWNERS_FILE)
    with closing(sqlite3.connect(file, timeout=30, isolation_level=None)) as ledger:
        create_ledger(ledger)
        yield ledger


def create_ledger(ledger: sqlite3.Connection) -> None:
    """The ledger's tables, where they are not there yet."""
    with _exclusively(ledger):
        ledger.execute(
            "create table if not exists told (channel text, key text, kind text, respondent text, title text,"
            " fingerprint text, sent_at text, claimed_until text, primary key (channel, key))"
        )
        ledger.execute("create table if not exists judged (key text primary key, at text)")


@contextmanager
def _exclusively(ledger: sqlite3.Connection) -> Iterator[None]:
    """A transaction that no other process can begin at the same time."""
    ledger.execute("begin immediate")
    try:
        yield
    except BaseException:
        ledger.execute("rollback")
        raise
    ledger.execute("commit")


def claim(
    ledger: sqlite3.Connection,
    usable: Sequence[Channel],
    observations: Sequence[Observation],
    city: City,
    alerting: Alerting,
    now: datetime,
) -> list[tuple[Channel, list[Item]]]:
    """What each channel is to be told now. Notes it, so that no other process tells it too."""
    with _exclusively(ledger):
        fresh = [_fresh(ledger, observation) for observation in observations]
        troubles = [trouble for each in fresh for trouble in each.troubles]
        cleared = {key: each.endings.get(key, "") for each in fresh for key in each.cleared}
        is_quiet = alerting.is_quiet(now.astimezone(ZoneInfo(city.calendar.timezone)))
        claimed = []
        for channel in usable:
            wanted = [trouble for trouble in troubles if wants(channel, trouble, city)]
            items = due(wanted, cleared, _told(ledger, channel.name), now, alerting, is_quiet)
            ledger.executemany(
                "insert into told (channel, key, kind, respondent, title, fingerprint, claimed_until)"
                " values (?, ?, ?, ?, ?, ?, ?)"
                " on conflict do update set claimed_until = excluded.claimed_until",
                [(*_row(channel.name, item.trouble), _text(now + LEASE)) for item in items],
            )
            claimed.append((channel, items))
        ledger.executemany(
            "delete from told where key = ? and sent_at is null and claimed_until is null", [(key,) for key in cleared]
        )
    return claimed


def settle(
    ledger: sqlite3.Connection,
    channel: str,
    accepted: Sequence[Sequence[Item]],
    refused: Sequence[Sequence[Item]],
    now: datetime,
) -> None:
    """Notes which messages the channel accepted. Those that it refused stay due."""
    told = [item for items in accepted for item in items]
    with _exclusively(ledger):
        ledger.executemany(
            "insert or replace into told (channel, key, kind, respondent, title, fingerprint, sent_at)"
            " values (?, ?, ?, ?, ?, ?, ?)",
            [(*_row(channel, item.trouble), _text(now)) for item in told if item.state != "recovered"],
        )
        ledger.executemany(
            "delete from told where channel = ? and key = ?",
            [(channel, item.trouble.key) for item in told if item.state == "recovered"],
        )
        ledger.executemany(
            "update told set claimed_until = null where channel = ? and key = ?",
            [(channel, item.trouble.key) for items in refused for item in items],
        )


def _fresh(ledger: sqlite3.Connection, observation: Observation) -> Observation:
    """The observation without keys of which newer things are known: runs and processes overtake each other."""
    keys = {*(trouble.key for trouble in observation.troubles), *observation.cleared}
    at = _text(observation.at)
    known = dict(ledger.execute("select key, at from judged"))
    latest = {key for key in keys if known.get(key, "") <= at}
    ledger.executemany("insert or replace into judged values (?, ?)", [(key, at) for key in latest])
    return replace(
        observation,
        troubles=tuple(trouble for trouble in observation.troubles if trouble.key in latest),
        cleared=observation.cleared & latest,
    )


def _told(ledger: sqlite3.Connection, channel: str) -> dict[str, Told]:
    rows = ledger.execute(
        "select key, kind, respondent, title, fingerprint, sent_at, claimed_until from told where channel = ?"
        " order by key",
        [channel],
    )
    return {
        key: Told(key, kind, respondent, title, fingerprint, _moment(sent_at), _moment(claimed_until))
        for key, kind, respondent, title, fingerprint, sent_at, claimed_until in rows
    }


def _row(channel: str, trouble: Trouble) -> tuple[str | None, ...]:
    return channel, trouble.key, trouble.kind, trouble.respondent, trouble.title, trouble.fingerprint


def _text(moment: datetime) -> str:
    """UTC in a form that sorts like time."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
