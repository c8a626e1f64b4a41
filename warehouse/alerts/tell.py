"""Alerts: who is told of which trouble, once.

Troubles (`troubles`) → what is due on each channel (`due`) → `messages` → `channels`.
`alerts.sqlite` in the home folder remembers what each channel has accepted. It is no part of the warehouse: it
survives a rebuild, and several processes may use it at the same time.
"""

import logging
import os
import sqlite3
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from sources.declarations.alerting import ALERTS_FILE, Alerting, Channel, Mail, load_alerting, missing_variables
from sources.declarations.city import City
from sources.system.faults import told
from sources.system.settings import Settings
from warehouse.alerts.due import Item
from warehouse.alerts.ledger import claim, open_ledger, settle
from warehouse.alerts.messages import Message, compose
from warehouse.alerts.troubles import Observation, of_channels

BUDGET_SECONDS = 30
"""No message is begun after this time; the rest goes out next time."""
Send = Callable[[Channel, Message, float], str | None]
Delivery = tuple[Channel, list[list[Item]], list[list[Item]], str]
"""A channel, the items of messages that it accepted and of those that it refused, and why."""


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


def send_by_channel(channel: Channel, message: Message, timeout_seconds: float) -> str | None:
    from warehouse.alerts.channels import send  # apprise takes longer to import than most runs have anything to tell

    return send(channel, message, timeout_seconds)


@dataclass(frozen=True)
class Seen:
    """What was seen, and what could not be read (in Chinese)."""

    observations: Sequence[Observation] = ()
    problems: tuple[str, ...] = ()


Look = Callable[[Alerting, datetime], Seen]


def tell(
    settings: Settings, city: City, look: Look, now: datetime | None = None, send: Send = send_by_channel
) -> AlertOutcome:
    """Tells people what is due. Calls `look` to see what there is, but only while alerts are on.

    Raises nothing: an alert must not fail what it tells of.
    """
    path = settings.city_dir / ALERTS_FILE
    try:
        alerting = load_alerting(settings.city_dir)
        if not alerting.enabled:
            return AlertOutcome(path, enabled=False)
        at = now or datetime.now(UTC)
        return _tell(settings, city, alerting, look(alerting, at), at, send)
    except Exception as error:  # noqa: BLE001 - told in the outcome
        return AlertOutcome(path, problems=(f"没有发出：{error}",))


def try_channels(settings: Settings, city: City, send: Send = send_by_channel) -> AlertOutcome:
    """Sends a test message to every channel, also while alerts are off. Raises ValueError when alerts.yml is wrong."""
    message = Message("【年报】测试消息", "收到这条消息，说明这个渠道配置正确。")
    return _send_once(settings, city, message, lambda _: True, send)


def send_brief(settings: Settings, city: City, message: Message, send: Send = send_by_channel) -> AlertOutcome:
    """Sends the leader's brief to every channel that takes briefs, and none that is for single schools, at once and
    whether it was sent before or not. Raises ValueError when alerts.yml is wrong."""

    def takes_briefs(channel: Channel) -> bool:
        return not (channel.respondents or channel.regions) and (not channel.only or "brief" in channel.only)

    return _send_once(settings, city, message, takes_briefs, send)


def _send_once(
    settings: Settings, city: City, message: Message, is_for: Callable[[Channel], bool], send: Send
) -> AlertOutcome:
    alerting = load_alerting(settings.city_dir)
    usable, problems = _usable(alerting, city)
    meant = [channel for channel in usable if is_for(channel)]

    def tried(channel: Channel) -> str | None:
        try:
            return send(channel, message, alerting.timeout_seconds)
        except Exception as error:  # noqa: BLE001 - this channel's trouble alone
            return _fault_of(channel, error)

    results = [(channel, tried(channel)) for channel in meant]
    nobody = "没有配置任何渠道" if not alerting.channels else "没有渠道要这类消息" if not meant else ""
    return AlertOutcome(
        settings.city_dir / ALERTS_FILE,
        sent=sum(reason is None for _, reason in results),
        undelivered=tuple((channel.name, 1, reason) for channel, reason in results if reason is not None),
        problems=problems or ((nobody,) if nobody else ()),
    )


def _tell(settings: Settings, city: City, alerting: Alerting, seen: Seen, now: datetime, send: Send) -> AlertOutcome:
    usable, problems = _usable(alerting, city)
    if alerting.lacks_holidays_of(now.astimezone(ZoneInfo(city.calendar.timezone)).date()):
        problems += (f"{ALERTS_FILE} 没有今年的节假日（holidays）",)
    with open_ledger(settings) as ledger:
        results = _round(ledger, usable, seen.observations, city, alerting, now, send)
        down = {channel.name: reason for channel, _, refused, reason in results if refused}
        up = {channel.name for channel, accepted, refused, _ in results if accepted and not refused}
        if down or up:
            others = [channel for channel in usable if channel.name not in down]
            results += _round(ledger, others, [of_channels(down, up, now)], city, alerting, now, send)
    return AlertOutcome(
        settings.city_dir / ALERTS_FILE,
        sent=sum(len(accepted) for _, accepted, _, _ in results),
        undelivered=tuple((channel.name, len(refused), reason) for channel, _, refused, reason in results if refused),
        problems=problems + seen.problems,
    )


def _round(
    ledger: sqlite3.Connection,
    channels: Sequence[Channel],
    observations: Sequence[Observation],
    city: City,
    alerting: Alerting,
    now: datetime,
    send: Send,
) -> list[Delivery]:
    """Claims, sends and settles what the channels are to be told of what was seen."""
    results = _deliver(claim(ledger, channels, observations, city, alerting, now), city, alerting, send)
    for channel, accepted, refused, _ in results:
        settle(ledger, channel.name, accepted, refused, now)
    return results


def _usable(alerting: Alerting, city: City) -> tuple[list[Channel], tuple[str, ...]]:
    """The channels that have their secrets, one for each address; and what is missing or unknown of the others."""
    usable: list[Channel] = []
    problems = []
    for channel in alerting.channels:
        if unknown := [region for region in channel.regions if region not in city.region_by_code]:
            problems.append(f"渠道“{channel.name}”：没有地区 {'、'.join(unknown)}")
        if missing := missing_variables(channel, os.environ):
            problems.append(f"{channel.name}缺少环境变量 {'、'.join(missing)}")
        elif isinstance(channel, Mail) and len(channel.to) > 1:
            # When one address is refused, the others must not be told again and again.
            usable += [channel.model_copy(update={"name": f"{channel.name} {to}", "to": (to,)}) for to in channel.to]
        else:
            usable.append(channel)
    return usable, tuple(problems)


def _deliver(
    claimed: Sequence[tuple[Channel, list[Item]]], city: City, alerting: Alerting, send: Send
) -> list[Delivery]:
    """Sends to all channels at once. Neither a message that fails nor a channel whose messages do stops any other."""

    def one(channel: Channel, items: list[Item]) -> Delivery:
        try:
            messages = compose(items, city, alerting.group_above)
        except Exception as error:  # noqa: BLE001 - this channel's trouble alone
            return channel, [], [items], _fault_of(channel, error)
        deadline = time.monotonic() + BUDGET_SECONDS
        sent: list[list[Item]] = []
        not_made: list[tuple[list[Item], str]] = []
        for position, (message, part) in enumerate(messages):
            late = time.monotonic() > deadline
            try:
                reason = "时间不够，留待下次" if late else send(channel, message, alerting.timeout_seconds)
            except Exception as error:  # noqa: BLE001 - this message's trouble alone
                not_made.append((part, _fault_of(channel, error)))
                continue
            if reason is not None:
                unsent = [each for _, each in messages[position:]]
                return channel, sent, [*(each for each, _ in not_made), *unsent], reason
            sent.append(part)
        return channel, sent, [each for each, _ in not_made], next((reason for _, reason in not_made), "")

    with ThreadPoolExecutor(max_workers=max(1, len(claimed))) as pool:
        return list(pool.map(lambda each: one(*each), claimed))


def _fault_of(channel: Channel, error: Exception) -> str:
    """What is told of an error of ours; the traceback goes to the log."""
    logging.getLogger(__name__).error("%s", channel.name, exc_info=error)
    return told(error) or f"程序出错（{type(error).__name__}），详情见日志；请告诉维护人员"
