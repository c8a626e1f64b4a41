"""Decides what a channel is to be told now, from what it was told before. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sources.declarations.alerting import Alerting, Channel, Kind
from sources.declarations.city import City
from warehouse.alerts.troubles import CHANNEL, Trouble


@dataclass(frozen=True)
class Told:
    """What the ledger says that a channel was told of a trouble; `sent_at` is None until it accepted a message."""

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


def due(
    troubles: Sequence[Trouble],
    cleared: Mapping[str, str],
    told: Mapping[str, Told],
    now: datetime,
    alerting: Alerting,
    is_quiet: bool = False,
) -> list[Item]:
    """What one channel is to be told now, given what it was told before.

    A new or changed trouble is told at once, the same trouble again after some hours, and its end once, with what ended
    it (`cleared`: key → that); what lies within another trouble is told with that alone. What another process is about
    to send is left to it; at quiet times what can wait waits.
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
            ended = tuple(filter(None, [cleared[before.key]]))
            items.append(Item(Trouble(before.key, before.kind, before.respondent, before.title, ended), "recovered"))
    keys = {item.trouble.key for item in items}
    whole = (item for item in items if not item.trouble.within or item.trouble.within in keys)
    return [item for item in whole if not (is_quiet and _can_wait(item, alerting))]


ONCE = frozenset(("release", "rejected", "held", "superseded", "unidentified"))
"""Kinds that are of one file: told once. Whoever has nothing accepted is reminded by the calendar."""
CALENDAR = frozenset(("due_soon", "overdue"))
OF_A_MOMENT = frozenset(("run", "check", "channel"))
"""Kinds that are seen once only, when a run ends or a message is sent."""


def _can_wait(item: Item, alerting: Alerting) -> bool:
    """Whether an item is left to the next time that is not quiet; whoever looks then sees it again."""
    if item.trouble.kind in OF_A_MOMENT:
        return False
    return alerting.quiet_holds == "all" or item.state == "again" or item.trouble.kind in CALENDAR


def _is_due_again(kind: Kind, sent_at: datetime, now: datetime, alerting: Alerting) -> bool:
    if kind in ONCE:
        return False
    hours = alerting.due_soon_repeat_hours if kind == "due_soon" else alerting.repeat_hours
    return now - sent_at >= timedelta(hours=hours)


def _is_claimed(told: Told | None, now: datetime) -> bool:
    return told is not None and told.claimed_until is not None and told.claimed_until > now


def wants(channel: Channel, trouble: Trouble, city: City) -> bool:
    """Whether the channel is to be told of such troubles; that it is down itself it cannot be told."""
    if trouble.key == f"{CHANNEL}{channel.name}":
        return False
    respondent = city.in_year(max(city.calendar.years)).respondent_by_code.get(trouble.respondent or "")
    lies_in = city.region_paths[city.region_of(respondent)] if respondent else ()
    is_concerned = (
        not (channel.respondents or channel.regions)
        or trouble.respondent in channel.respondents
        or any(region in lies_in for region in channel.regions)
    )
    return is_concerned and (not channel.only or trouble.kind in channel.only)
