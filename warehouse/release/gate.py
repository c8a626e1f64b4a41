"""The gate: a release goes out when each item of its list is settled, one by one; there is no way around it.

An item is settled by the confirmation of what is seen today, or by an approved explanation. What nobody may confirm is
declared in checklist.yml.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sources.archive.confirmations import Confirmation, archived_confirmations, note_confirmations, now
from sources.audit.personal_text import redacted
from sources.declarations.city import City
from sources.system.plain_text import legible
from sources.system.settings import Settings
from warehouse.catalogue.catalogue import Catalogue
from warehouse.release.checklist import Checklist, check_release, declared_points
from warehouse.release.item import Listed, ReleaseItem, Settled
from warehouse.release.moved import POINT as MOVED
from warehouse.store.connection import open_published

NO_REASONS = frozenset({"同上", "无", "略", "/", "-", "—", "、", "。", "ok", "确认", "已确认", "同意"})
"""What people write into a column that must not be empty."""


@dataclass(frozen=True, slots=True)
class Wish:
    """Somebody wants to confirm an item. `seen` is what they saw, where they say it; `line` where they wrote it."""

    item: str
    by: str
    reason: str
    seen: str | None = None
    line: str = ""


class CannotConfirmError(ValueError):
    """What was to be confirmed cannot be; nothing has been noted."""


def gate(checked: Checklist, confirmations: Iterable[Confirmation], report_year: int) -> tuple[Listed, ...]:
    """The list of a release of the year: each item of its checklist, settled or open, in the order of the points."""
    confirmed = {(each.item, each.seen): each for each in confirmations if each.report_year == report_year}
    return tuple(
        Listed(item, explained or _confirmed(item, confirmed), declared_points()[item.point].nobody)
        for item, explained in checked.items.items()
    )


def _confirmed(item: ReleaseItem, confirmed: Mapping[tuple[str, str], Confirmation]) -> Settled | None:
    """The last confirmation of the item as it is seen today."""
    found = confirmed.get((item.id, item.seen))
    if found is None or declared_points()[item.point].nobody:
        return None
    return Settled("confirmed", found.by, found.reason, found.confirmed_at)


def open_items(listed: Sequence[Listed]) -> tuple[Listed, ...]:
    """What still stops the release."""
    return tuple(each for each in listed if each.settled is None)


def what_to_do(listed: Listed, report_year: int) -> str:
    """What settles an open item: the command that confirms it, or why nobody may; '' of one that is settled."""
    if listed.settled:
        return ""
    return listed.nobody or f"nianbao confirm {report_year} {listed.item.id} --by 姓名 --reason 理由"


def confirm(
    settings: Settings, city: City, catalogue: Catalogue, wishes: Mapping[int, Sequence[Wish]]
) -> tuple[Confirmation, ...]:
    """Confirms items of the years' lists as they are today: all that are wished for, or none.

    Raises CannotConfirmError; FileNotFoundError when nothing has been published.
    """
    with open_published(settings) as connection:
        listed = {
            year: listed_now(settings, check_release(connection, settings, city, catalogue, year), year)
            for year in wishes
        }
    return note_wishes(settings, listed, wishes)


def note_wishes(
    settings: Settings, listed: Mapping[int, Sequence[Listed]], wishes: Mapping[int, Sequence[Wish]]
) -> tuple[Confirmation, ...]:
    """Notes in the archive what is wished for, of each report year: all of it, or nothing.

    Raises CannotConfirmError, with a line for each wish that is about no item of the year's list, about one that nobody
    may confirm, about something else than is seen today, or that gives no name or no reason.
    """
    by_id = {year: {each.item.id: each for each in of_year} for year, of_year in listed.items()}
    wished = [(year, wish) for year, of_year in wishes.items() for wish in of_year]
    if faults := [f"{wish.line}{fault}" for year, wish in wished if (fault := _fault(wish, by_id[year]))]:
        raise CannotConfirmError("\n".join(faults))
    moment = now()
    made = tuple(
        Confirmation(year, wish.item, by_id[year][wish.item].item.seen, wish.by.strip(), wish.reason.strip(), moment)
        for year, wish in wished
    )
    note_confirmations(settings.archive, made)
    return made


def _fault(wish: Wish, by_id: Mapping[str, Listed]) -> str:
    """Why it cannot be confirmed; '' when it can."""
    listed = by_id.get(wish.item)
    if listed is None:
        return f"{wish.item}：清单里没有这一项；现有的事项见 nianbao release --dry-run"
    if listed.nobody:
        return f"{wish.item}：这一项谁也不能确认。{listed.nobody}"
    if wish.seen is not None and _plain(wish.seen) != _plain(listed.item.seen):
        return f"{wish.item}：看到的已经变了，请重新看过再确认。现在是：{listed.item.seen}"
    if not wish.by.strip():
        return f"{wish.item}：没有写确认人"
    if wish.reason.strip().lower() in NO_REASONS | {""}:
        return f"{wish.item}：没有写理由；每一项都要有自己的理由"
    if legible(wish.by + wish.reason) != wish.by + wish.reason:
        return f"{wish.item}：确认人或理由里有看不见的字符"
    if kinds := redacted(wish.reason)[1]:
        return f"{wish.item}：理由里有{'、'.join(kinds)}，发布后人人看得到，请去掉"
    return ""


def _plain(text: str) -> str:
    """As a spreadsheet gives it back: an apostrophe before it, other spaces."""
    return "".join(text.removeprefix("'").split())


def confirmed_notes(listed: Sequence[Listed]) -> dict[str, tuple[str, ...]]:
    """Indicator → what the bureau confirmed of its figure, as its footnotes say it. The name stays in the manifest."""
    notes: dict[str, tuple[str, ...]] = {}
    for each in listed:
        if each.settled is not None and each.settled.how == "confirmed":
            what = each.item.seen if each.item.point == MOVED else "所填的数"
            text = f"教育局确认，{each.item.title}{what}：{each.settled.reason}"
            for code in each.item.indicators:
                notes[code] = (*notes.get(code, ()), text)
    return notes


def listed_now(settings: Settings, checked: Checklist, report_year: int) -> tuple[Listed, ...]:
    """The list with the confirmations that the archive has."""
    return gate(checked, archived_confirmations(settings.archive), report_year)
