"""Alerts: who is told of which trouble, once.

Troubles (warehouse/troubles.py) → what is due on each channel → messages → channels (warehouse/channels.py).
`alerts.sqlite` in the home folder remembers what each channel has accepted. It is no part of the warehouse: it
survives a rebuild, and several processes may use it at the same time.
"""

import os
import sqlite3
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import duckdb

from sources.archive.inbox import inbox_submission_ids
from sources.declarations.alerting import ALERTS_FILE, Alerting, Channel, Kind, Mail, load_alerting, missing_variables
from sources.declarations.city import City
from sources.system.settings import Settings
from warehouse.connection import WarehouseBusyError, open_working, working_lock
from warehouse.messages import Message, plain
from warehouse.registry import latest_findings, latest_versions
from warehouse.release.manifest import releases_folder, releases_of
from warehouse.troubles import (
    BUREAU,
    Observation,
    Register,
    Release,
    RunReport,
    Trouble,
    of_register,
    of_releases,
    of_run,
)

LEDGER_FILE = "alerts.sqlite"
LEASE = timedelta(minutes=10)
"""For how long a message that a process is about to send is left to it."""
BUDGET_SECONDS = 30
"""After this time no further message is begun; what is left goes out next time."""
LOCK_TIMEOUT_SECONDS = 10
ORDER: tuple[Kind, ...] = (
    "run",
    "check",
    "rejected",
    "overdue",
    "unidentified",
    "unexplained",
    "due_soon",
    "release",
)
GRAVE: tuple[Kind, ...] = ("run", "check", "rejected", "overdue")
LINE_LENGTH = 300

Send = Callable[[Channel, Message, float], str | None]


@dataclass(frozen=True)
class AlertOutcome:
    """What became of the alerts: messages accepted, messages refused by channel (with the reason), other problems."""

    path: Path
    enabled: bool = True
    sent: int = 0
    undelivered: tuple[tuple[str, int, str], ...] = ()
    problems: tuple[str, ...] = ()

    @property
    def summary(self) -> str:
        """One line in Chinese."""
        if not self.enabled:
            return f"提醒：未启用（{self.path}）"
        parts = [f"发出 {self.sent} 条"] if self.sent else []
        parts += [f"{count} 条未送达（{name}：{reason}）" for name, count, reason in self.undelivered]
        parts += self.problems
        return "提醒：" + ("，".join(parts) or "没有新情况")


@dataclass(frozen=True)
class Told:
    """What a channel was told of a trouble, as the ledger has it; `sent_at` is None until it accepted something."""

    key: str
    kind: Kind
    respondent: str | None
    title: str
    fingerprint: str
    sent_at: datetime | None
    claimed_until: datetime | None


@dataclass(frozen=True)
class Item:
    """One trouble as a part of a message."""

    trouble: Trouble
    state: Literal["new", "again", "recovered"]


def _send(channel: Channel, message: Message, timeout_seconds: float) -> str | None:
    from warehouse.channels import send  # apprise takes longer to import than most runs have anything to tell

    return send(channel, message, timeout_seconds)


def alert(
    settings: Settings,
    city: City,
    run: RunReport | None = None,
    now: datetime | None = None,
    send: Send = _send,
) -> AlertOutcome:
    """Tells people what is due: of the run, if one has ended, and of what register, calendar and releases say.

    Raises nothing: an alert must not fail what it tells of.
    """
    path = settings.city_dir / ALERTS_FILE
    try:
        alerting = load_alerting(settings.city_dir)
        if not alerting.enabled:
            return AlertOutcome(path, enabled=False)
        return _alert(settings, city, alerting, run, now or datetime.now(UTC), send)
    except Exception as error:
        return AlertOutcome(path, problems=(f"没有发出：{error}",))


def try_channels(settings: Settings, city: City, send: Send = _send) -> AlertOutcome:
    """Sends a test message to every channel, also while alerts are off. Raises ValueError when alerts.yml is wrong."""
    alerting = load_alerting(settings.city_dir)
    usable, problems = _usable(alerting, city)
    message = Message("【年报】测试消息", "收到这条消息，说明这个渠道配置正确。")
    results = [(channel, send(channel, message, alerting.timeout_seconds)) for channel in usable]
    return AlertOutcome(
        settings.city_dir / ALERTS_FILE,
        sent=sum(reason is None for _, reason in results),
        undelivered=tuple((channel.name, 1, reason) for channel, reason in results if reason is not None),
        problems=problems or (() if alerting.channels else ("没有配置任何渠道",)),
    )


def _alert(
    settings: Settings, city: City, alerting: Alerting, run: RunReport | None, now: datetime, send: Send
) -> AlertOutcome:
    usable, problems = _usable(alerting, city)
    observations = [of_run(run)] if run else []
    try:
        register = read_register(settings, city)
        observations.append(of_register(register, city, settings.today, alerting.due_soon_days, now))
    except (duckdb.Error, OSError, WarehouseBusyError) as error:
        problems += (f"报送登记读不出（{error}）",)
    try:
        observations.append(of_releases(read_releases(settings, city), now))
    except (OSError, ValueError, TypeError) as error:
        problems += (f"发布清单读不出（{error}）",)
    with _ledger(settings) as ledger:
        claimed = claim(ledger, usable, observations, city, alerting, now)
        results = _deliver(claimed, city, alerting, send)
        for channel, accepted, refused, _ in results:
            settle(ledger, channel.name, accepted, refused, now)
    return AlertOutcome(
        settings.city_dir / ALERTS_FILE,
        sent=sum(len(accepted) for _, accepted, _, _ in results),
        undelivered=tuple((channel.name, len(refused), reason) for channel, _, refused, reason in results if refused),
        problems=problems,
    )


def _usable(alerting: Alerting, city: City) -> tuple[list[Channel], tuple[str, ...]]:
    """The channels whose secrets are there, an address at a time; what is missing for others, and unknown regions."""
    usable: list[Channel] = []
    problems = []
    for channel in alerting.channels:
        if unknown := [region for region in channel.regions if region not in city.region_by_code]:
            problems.append(f"渠道“{channel.name}”：没有地区 {'、'.join(unknown)}")
        if missing := missing_variables(channel, os.environ):
            problems.append(f"{channel.name}缺少环境变量 {'、'.join(missing)}")
        elif isinstance(channel, Mail) and len(channel.to) > 1:
            # One address that is refused must not have the others told again and again.
            usable += [channel.model_copy(update={"name": f"{channel.name} {to}", "to": (to,)}) for to in channel.to]
        else:
            usable.append(channel)
    return usable, tuple(problems)


def read_register(settings: Settings, city: City) -> Register:
    """What the working database says now; empty before the first run.

    Raises WarehouseBusyError when a run holds it, duckdb.Error when it is not what it should be.
    """
    if not settings.working_database.exists():
        return Register()
    with working_lock(settings, LOCK_TIMEOUT_SECONDS), open_working(settings) as connection:
        versions = latest_versions(connection).to_dicts()
        findings = latest_findings(connection, list(city.calendar.years)).to_dicts()
    unidentified = any(row["respondent_code"] is None or row["report_year"] is None for row in versions)
    lying = (
        {
            submission_id
            for _, submission_id in inbox_submission_ids(settings.inbox, settings.limits, settings.seen_file)
        }
        if unidentified
        else set()
    )
    rejected = [row["submission_id"] for row in versions if row["status"] == "rejected"]
    return Register(versions, findings, frozenset(lying), _marked(settings.feedback, rejected))


def _marked(folder: Path, submission_ids: Collection[str]) -> dict[str, Path]:
    found = {path.stem.split("_")[-2]: path for path in folder.glob("*/*_*_校验结果.xlsx")}
    return {each: found[each[:8]] for each in submission_ids if each[:8] in found}


def read_releases(settings: Settings, city: City) -> list[Release]:
    """The latest release of each year. Raises OSError, ValueError or TypeError when a manifest is not readable."""
    latest = [released[-1] for year in city.calendar.years if (released := releases_of(settings, year))]
    return [
        Release(
            manifest.report_year,
            manifest.version,
            (
                f"{len(manifest.current)} 个单位的数据，发布日期 {manifest.released_on}。",
                *_override_lines(manifest.override),
                f"文件：{releases_folder(settings) / manifest.version}",
            ),
        )
        for manifest in latest
    ]


def _override_lines(override: Mapping[str, Any] | None) -> list[str]:
    if override is None:
        return []
    return [f"有 {len(override['points'])} 项发布条件没有满足，{override['by']}决定发布：{override['reason']}"]


# --- What is due: pure -----------------------------------------------------------------------------------------------


def due(
    troubles: Sequence[Trouble], cleared: Collection[str], told: Mapping[str, Told], now: datetime, alerting: Alerting
) -> list[Item]:
    """What one channel is to be told now, given what it was told before.

    A new trouble, or one that has changed, at once; the same again after some hours; that it is mended, once. What
    another process is about to send is left to it.
    """
    items = []
    for trouble in troubles:
        before = told.get(trouble.key)
        if before is None or before.sent_at is None:
            state: Literal["new", "again"] | None = "new"
        elif before.fingerprint != trouble.fingerprint:
            state = "new"
        else:
            state = "again" if _is_due_again(trouble.kind, before.sent_at, now, alerting) else None
        if state and not _is_claimed(before, now):
            items.append(Item(trouble, state))
    for before in told.values():
        if before.key in cleared and before.sent_at and not _is_claimed(before, now):
            items.append(Item(Trouble(before.key, before.kind, before.respondent, before.title), "recovered"))
    return items


def _is_due_again(kind: Kind, sent_at: datetime, now: datetime, alerting: Alerting) -> bool:
    if kind == "release":
        return False
    hours = alerting.due_soon_repeat_hours if kind == "due_soon" else alerting.repeat_hours
    return now - sent_at >= timedelta(hours=hours)


def _is_claimed(told: Told | None, now: datetime) -> bool:
    return told is not None and told.claimed_until is not None and told.claimed_until > now


def wants(channel: Channel, trouble: Trouble, city: City) -> bool:
    """Whether the channel is to be told of such troubles."""
    respondent = city.respondent_by_code.get(trouble.respondent or "")
    lies_in = city.region_paths[city.region_of(respondent)] if respondent else ()
    is_concerned = (
        not (channel.respondents or channel.regions)
        or trouble.respondent in channel.respondents
        or any(region in lies_in for region in channel.regions)
    )
    return is_concerned and (not channel.only or trouble.kind in channel.only)


# --- What was told: the ledger ---------------------------------------------------------------------------------------


@contextmanager
def _ledger(settings: Settings) -> Iterator[sqlite3.Connection]:
    """The ledger. `told`: what each channel was told; `judged`: when something was last learned about a key."""
    settings.home.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(settings.home / LEDGER_FILE, timeout=30, isolation_level=None)) as ledger:
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
    """What each channel is to be told now; noted, so that no other process tells it too."""
    with _exclusively(ledger):
        fresh = [_fresh(ledger, observation) for observation in observations]
        troubles = [trouble for each in fresh for trouble in each.troubles]
        cleared = {key for each in fresh for key in each.cleared}
        claimed = []
        for channel in usable:
            wanted = [trouble for trouble in troubles if wants(channel, trouble, city)]
            items = due(wanted, cleared, _told(ledger, channel.name), now, alerting)
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
    """Notes what the channel accepted, message by message; what it refused is due as before."""
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
    """The observation without what somebody has learned about later: runs and processes overtake each other."""
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


# --- Messages --------------------------------------------------------------------------------------------------------


def compose(items: Sequence[Item], city: City, group_above: int) -> list[tuple[Message, list[Item]]]:
    """One message a respondent and one for the bureau; with more respondents than `group_above`, one for all of them.

    Bureau first, then by name; within a message the worst first.
    """
    ordered = sorted(items, key=lambda item: (item.state == "recovered", ORDER.index(item.trouble.kind)))
    of: dict[str | None, list[Item]] = {}
    for item in ordered:
        of.setdefault(item.trouble.respondent, []).append(item)
    messages = [(_digest(city.name, mine), mine)] if (mine := of.pop(BUREAU, [])) else []
    names = {code: _name(city, code) for code in of}
    codes = sorted(of, key=lambda code: names[code])
    if len(codes) > group_above:
        blocks = [f"■ {plain(names[code])}\n" + "\n".join(_headline(item) for item in of[code]) for code in codes]
        everything = [item for code in codes for item in of[code]]
        title = f"【年报】{plain(city.name)}：{len(codes)} 个单位有新情况"
        return [*messages, (Message(title, "\n".join(blocks), _severity(everything)), everything)]
    return [*messages, *((_digest(names[code], of[code]), of[code]) for code in codes)]


def _name(city: City, code: str | None) -> str:
    respondent = city.respondent_by_code.get(code or "")
    return respondent.name if respondent else code or city.name


def _digest(name: str, items: Sequence[Item]) -> Message:
    counts = {
        "新情况": sum(item.state == "new" for item in items),
        "再次提醒": sum(item.state == "again" for item in items),
        "已恢复": sum(item.state == "recovered" for item in items),
    }
    title = "，".join(f"{label} {count} 项" for label, count in counts.items() if count)
    lines = [
        line
        for item in items
        for line in (_headline(item), *(f"　{plain(text)[:LINE_LENGTH]}" for text in item.trouble.lines))
    ]
    return Message(f"【年报】{plain(name)}：{title}", "\n".join(lines), _severity(items))


def _headline(item: Item) -> str:
    mark = {"new": "● ", "again": "● （再次提醒）", "recovered": "○ 已恢复："}[item.state]
    return mark + plain(item.trouble.title)[:LINE_LENGTH]


def _severity(items: Sequence[Item]) -> Literal["failure", "warning", "success", "info"]:
    open_kinds = {item.trouble.kind for item in items if item.state != "recovered"}
    if not open_kinds:
        return "success"
    if open_kinds & set(GRAVE):
        return "failure"
    return "info" if open_kinds == {"release"} else "warning"


def _deliver(
    claimed: Sequence[tuple[Channel, list[Item]]], city: City, alerting: Alerting, send: Send
) -> list[tuple[Channel, list[list[Item]], list[list[Item]], str]]:
    """Channel, items of the messages accepted and refused, why refused. Channels do not wait for each other."""

    def one(channel: Channel, items: list[Item]) -> tuple[Channel, list[list[Item]], list[list[Item]], str]:
        messages = compose(items, city, alerting.group_above)
        deadline = time.monotonic() + BUDGET_SECONDS
        for position, (message, _) in enumerate(messages):
            late = time.monotonic() > deadline
            reason = "时间不够，留待下次" if late else send(channel, message, alerting.timeout_seconds)
            if reason is not None:
                parts = [part for _, part in messages]
                return channel, parts[:position], parts[position:], reason
        return channel, [part for _, part in messages], [], ""

    with ThreadPoolExecutor(max_workers=max(1, len(claimed))) as pool:
        return list(pool.map(lambda each: one(*each), claimed))
