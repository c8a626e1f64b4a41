"""Alerts: who is told of which trouble, once.

Troubles (`troubles`) → what is due on each channel (`due`) → `messages` → `channels`.
`alerts.sqlite` in the home folder remembers what each channel has accepted. It is no part of the warehouse: it
survives a rebuild, and several processes may use it at the same time.
"""

import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sources.declarations.alerting import ALERTS_FILE, Alerting, Channel, Mail, load_alerting, missing_variables
from sources.declarations.city import City
from sources.system.settings import Settings
from warehouse.alerts.due import Item
from warehouse.alerts.ledger import claim, open_ledger, settle
from warehouse.alerts.messages import Message, compose
from warehouse.alerts.troubles import Observation

BUDGET_SECONDS = 30
"""No message is begun after this time; the rest goes out next time."""
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


def _tell(settings: Settings, city: City, alerting: Alerting, seen: Seen, now: datetime, send: Send) -> AlertOutcome:
    usable, problems = _usable(alerting, city)
    with open_ledger(settings) as ledger:
        claimed = claim(ledger, usable, seen.observations, city, alerting, now)
        results = _deliver(claimed, city, alerting, send)
        for channel, accepted, refused, _ in results:
            settle(ledger, channel.name, accepted, refused, now)
    return AlertOutcome(
        settings.city_dir / ALERTS_FILE,
        sent=sum(len(accepted) for _, accepted, _, _ in results),
        undelivered=tuple((channel.name, len(refused), reason) for channel, _, refused, reason in results if refused),
        problems=problems + seen.problems,
    )


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
) -> list[tuple[Channel, list[list[Item]], list[list[Item]], str]]:
    """Sends to all channels at once. Returns channel, accepted items, refused items and the reason."""

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
