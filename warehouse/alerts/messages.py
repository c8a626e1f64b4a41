"""Composes messages for people, as plain text that is safe to show anywhere."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from sources.declarations.alerting import Kind
from sources.declarations.city import City
from sources.system.plain_text import plain
from warehouse.alerts.due import Item
from warehouse.alerts.troubles import BUREAU

ORDER: tuple[Kind, ...] = (
    "run",
    "check",
    "channel",
    "rejected",
    "held",
    "overdue",
    "unidentified",
    "superseded",
    "unexplained",
    "brief",
    "due_soon",
    "release",
)
GRAVE: tuple[Kind, ...] = ("run", "check", "channel", "rejected", "overdue")
LATENESS: dict[Kind, str] = {"overdue": "（已逾期）", "due_soon": "（即将到期）"}
LINE_LENGTH = 300


@dataclass(frozen=True)
class Message:
    """What is sent: one line as the title, a body of lines, and how serious it is."""

    title: str
    body: str
    severity: Literal["failure", "warning", "success", "info"] = "info"


def compose(items: Sequence[Item], city: City, group_above: int) -> list[tuple[Message, list[Item]]]:
    """One message a respondent and one for the bureau; with more respondents than `group_above`, one for all of them.

    Bureau first, then by name; within a message the worst first.
    """
    ordered = sorted(items, key=lambda item: (item.state == "recovered", ORDER.index(item.trouble.kind)))
    of: dict[str | None, list[Item]] = {}
    for item in ordered:
        of.setdefault(item.trouble.respondent, []).append(item)
    messages = [(_digest(_name(city, BUREAU), mine), mine)] if (mine := of.pop(BUREAU, [])) else []
    names = {code: _name(city, code) for code in of}
    codes = sorted(of, key=lambda code: names[code])
    if len(codes) > group_above:
        blocks = [
            f"■ {plain(names[code])}\n" + "\n".join(_headline(item) for item in of_one_root(of[code])) for code in codes
        ]
        everything = [item for code in codes for item in of[code]]
        title = f"【年报】{plain(_name(city, BUREAU))}：{len(codes)} 个单位有新情况"
        return [*messages, (Message(title, "\n".join(blocks), _severity(everything)), everything)]
    return [*messages, *((_digest(names[code], of[code]), of[code]) for code in codes)]


def _name(city: City, code: str | None) -> str:
    """The newest name: a message is for people of today."""
    latest = city.in_year(max(city.calendar.years))
    respondent = latest.respondent_by_code.get(code or "")
    return respondent.name if respondent else code or latest.name


def of_one_root(items: Sequence[Item]) -> list[Item]:
    """The items as people read them: that a returned year is late, too, and which file it was, is said with the return.

    Both are noted as told; only the words are one.
    """
    returned = {_of_year(item): item for item in items if item.trouble.key.startswith("rejected:")}
    late = {
        place: item
        for item in items
        if item.trouble.key.startswith("unsent:") and (place := _of_year(item)) in returned
    }
    shown = []
    for item in items:
        of_calendar = late.get(_of_year(item))
        if item is of_calendar or item.trouble.within:
            continue
        if of_calendar and item is returned.get(_of_year(item)):
            late_by = () if item.state == "recovered" else of_calendar.trouble.lines
            title = item.trouble.title + LATENESS[of_calendar.trouble.kind]
            item = replace(item, trouble=replace(item.trouble, title=title, lines=(*late_by, *item.trouble.lines)))
        shown.append(item)
    return shown


def _of_year(item: Item) -> tuple[bool, str]:
    """Whether it has ended, and the year and respondent that the key names behind its first colon."""
    return item.state == "recovered", item.trouble.key.partition(":")[2]


def _digest(name: str, items: Sequence[Item]) -> Message:
    items = of_one_root(items)
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
