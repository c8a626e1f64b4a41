"""Sends the letters that wait, one by one: a failure of one stops no other, and each success is noted at once.

A batch that was interrupted goes on where it stopped. What broke off while it went over has perhaps arrived, so it is
not sent again by itself: it is told, and somebody decides (`again`), unless an answer or a bounce shows that it has.
"""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from sources.archive.mailbox import Mailbox, Posted, note_posted, read_mailbox, read_posted
from sources.archive.sent import Sent, archived_sent, ever_noted, note_sent
from sources.declarations.city import City
from sources.declarations.mailing import Mailing
from sources.system.fingerprint import sha256_of
from sources.system.settings import Settings
from warehouse.alerts.letters import Letter
from warehouse.post.mime import Enclosure, ToPost, as_mail, new_id
from warehouse.post.smtp_server import Delivery, PostError, SmtpServer

LetterKey = tuple[str, str | None, int | None, str]
Progress = Callable[[int, int, Letter, Delivery], None]


@dataclass(frozen=True, slots=True)
class SentLetters:
    """What became of the letters. `failed` and `uncertain` have the reason; `stopped` says why no more were tried."""

    batch: str
    sent: tuple[Letter, ...] = ()
    without_address: tuple[Letter, ...] = ()
    failed: tuple[tuple[Letter, str], ...] = ()
    uncertain: tuple[tuple[Letter, str], ...] = ()
    refused: tuple[tuple[Letter, str, str], ...] = ()
    """Of letters that others took: an address that the server did not take, and why."""
    waiting: tuple[Letter, ...] = ()
    stopped: str = ""


def send_letters(
    settings: Settings,
    city: City,
    mailing: Mailing,
    letters: Sequence[Letter],
    for_all: Mapping[int, Sequence[Path]],
    by: str,
    again: bool = False,
    tell: Progress | None = None,
) -> SentLetters:
    """Sends letters as mails of the bureau; `for_all` as in `write_batch`. `again`: also those of which nobody knows.

    One process at a time may do so (`mail_lock`). Raises MailSecretError, and PostError when there is no server at all;
    one that goes away later stops the batch, and what was sent is sent.
    """
    # Long: each letter is one of six cases, and is noted before the next is begun.
    catch_up(settings)
    posted = read_posted(settings.archive)
    batch = _new_batch(posted)
    broken = _broken_off(posted, read_mailbox(settings.archive))
    sent, failed, uncertain, refused = list[Letter](), list[tuple[Letter, str]](), list[tuple[Letter, str]](), []
    noted = {
        (each.kind, each.respondent_code, each.report_year, each.content) for each in archived_sent(settings.archive)
    }
    letters = [each for each in letters if _key(each) not in noted]
    to_send = [each for each in letters if each.to and each.to.mail]
    waiting: list[Letter] = []
    stopped = ""
    with SmtpServer(mailing, settings.city_dir) as server:
        for position, letter in enumerate(to_send):
            if not again and (why := broken.get(_key(letter))):
                uncertain.append((letter, why))
                continue
            if sent or failed:
                time.sleep(mailing.pause_seconds)
            try:
                delivery = _send(settings, city, mailing, server, letter, for_all, batch, by)
            except PostError as error:
                if not sent and not failed:
                    raise
                stopped, waiting = str(error), to_send[position:]
                break
            except OSError as error:  # its file cannot be read
                delivery = Delivery("later", f"附件读不出来：{error.strerror or error}")
            if tell:
                tell(position + 1, len(to_send), letter, delivery)
            if delivery.state == "sent":
                sent.append(letter)
                refused += [(letter, address, why) for address, why in delivery.refused]
            elif delivery.state == "sending":
                uncertain.append((letter, delivery.reason))
            else:
                failed.append((letter, delivery.reason))
    without = tuple(each for each in letters if not (each.to and each.to.mail))
    return SentLetters(
        batch, tuple(sent), without, tuple(failed), tuple(uncertain), tuple(refused), tuple(waiting), stopped
    )


def _new_batch(posted: Sequence[Posted]) -> str:
    """The second, and a number where a batch was begun in the same one: what is taken back is of one batch."""
    used = {each.batch for each in posted}
    name = second = f"{datetime.now(UTC):%Y%m%dT%H%M%S}"
    number = 1
    while name in used:
        number += 1
        name = f"{second}_{number}"
    return name


def _send(
    settings: Settings,
    city: City,
    mailing: Mailing,
    server: SmtpServer,
    letter: Letter,
    for_all: Mapping[int, Sequence[Path]],
    batch: str,
    by: str,
) -> Delivery:
    assert letter.to is not None
    files = [letter.file] if letter.file else []
    files += for_all.get(letter.report_year, ()) if letter.kind == "template" else ()
    enclosures = [Enclosure(each.name, each.read_bytes()) for each in files]
    to_post = ToPost(letter.to.mail, letter.subject, letter.body, enclosures)
    posted = Posted(
        new_id(mailing), letter.kind, letter.respondent_code, letter.report_year, letter.content, batch, by, "sending"
    )
    return post(settings, city, mailing, server, to_post, posted)


def post(
    settings: Settings, city: City, mailing: Mailing, server: SmtpServer, mail: ToPost, posted: Posted
) -> Delivery:
    """Hands one mail over; notes that it is under way before, and after it what became of it."""
    now = datetime.now(ZoneInfo(city.calendar.timezone))
    data = as_mail(mailing, mail, posted.message_id, now)
    posted = replace(posted, enclosed=tuple(sha256_of(each.data) for each in mail.enclosures))
    delivery = server.deliver(data, mail.to, lambda: note_posted(settings.archive, posted))
    if delivery.state != "sending":
        done = replace(posted, state=delivery.state, reason=delivery.reason, refused=delivery.refused)
        note_posted(settings.archive, done)
        _note_letters(settings, [done])
    return delivery


def catch_up(settings: Settings) -> None:
    """Notes as sent what was posted before a crash kept that from being noted, and what has been heard of since."""
    noted = ever_noted(settings.archive)
    heard = heard_of(read_mailbox(settings.archive))
    posted = [
        replace(each, state="sent") if each.state == "sending" and each.message_id in heard else each
        for each in read_posted(settings.archive)
    ]
    _note_letters(settings, [each for each in posted if _of_sent(each) not in noted])


def _of_sent(posted: Posted) -> tuple[str, str, int | None, str | None]:
    return posted.batch, posted.kind, posted.report_year, posted.respondent_code


def _note_letters(settings: Settings, posted: Iterable[Posted]) -> None:
    letters = [
        Sent(each.kind, each.report_year, each.respondent_code, each.content, each.batch, each.by, _day(settings))
        for each in posted
        if each.state == "sent"
        and each.kind != "answer"
        and each.kind != "digest"
        and each.report_year is not None
        and each.respondent_code is not None
    ]
    note_sent(settings.archive, letters)


def _day(settings: Settings) -> str:
    return settings.today.isoformat()


def _key(letter: Letter) -> LetterKey:
    return letter.kind, letter.respondent_code, letter.report_year, letter.content


def _broken_off(posted: Sequence[Posted], mailbox: Mailbox) -> dict[LetterKey, str]:
    """Letters that broke off while they went over, and of which nothing has been heard since."""
    last = {(each.kind, each.respondent_code, each.report_year, each.content): each for each in posted}
    return {
        key: f"{each.at[:16].replace('T', ' ')}（UTC）发送时中断，不知道对方收到没有"
        for key, each in last.items()
        if each.state == "sending" and each.is_letter and each.message_id not in heard_of(mailbox)
    }


def heard_of(mailbox: Mailbox) -> frozenset[str]:
    """The ids of our mails that somebody has answered or that have come back: they did go out."""
    mails = mailbox.mails.values()
    return frozenset(
        [id_ for each in mails for id_ in each.answers] + [bounce.original for each in mails for bounce in each.bounces]
    )
