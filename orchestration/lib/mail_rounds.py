"""Mail in and out, as the command line, the desk and Dagster do it: everything read that it takes, under one lock."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from orchestration.lib.correspondence import for_all, read_correspondence
from sources.archive.mailbox import Mailbox, Posted, note_settled, read_mailbox, read_posted
from sources.archive.sent import archived_sent
from sources.declarations.city import City
from sources.declarations.contacts import Contact, load_contacts
from sources.declarations.mailing import MAIL_FILE, Mailing, load_mailing
from sources.system.faults import OneByOne, ToldError
from sources.system.settings import Settings
from warehouse.alerts.letters import Letter, letters_of
from warehouse.figures.effects import with_effects
from warehouse.intake.feedback import Feedback, write_feedback
from warehouse.post.answer_mails import Answered, answer_mails
from warehouse.post.imap_box import ImapBox
from warehouse.post.mail_troubles import MailTrouble, mail_troubles
from warehouse.post.one_at_a_time import mail_lock
from warehouse.post.send_letters import Progress, SentLetters, catch_up, send_letters
from warehouse.post.take_mails import AT_ONCE, TakenMails, take_mails
from warehouse.store.connection import open_published


class NoMailError(ToldError):
    """The city declares no mailbox."""


@dataclass(frozen=True, slots=True)
class WaitingLetters:
    """The letters that wait, and what could not be made: marked workbooks, and letters themselves, each with why."""

    letters: tuple[Letter, ...]
    without_workbook: tuple[str, ...]
    unwritten: OneByOne


@dataclass(frozen=True, slots=True)
class MailRound:
    """What a look at the mailbox has done."""

    taken: TakenMails
    answered: Answered


@dataclass(frozen=True, slots=True)
class MailState:
    """Everything that is noted about mails, and what of it somebody has to look at."""

    mailbox: Mailbox
    posted: Sequence[Posted]
    troubles: Sequence[MailTrouble]
    contacts: Mapping[str, Contact]


def waiting_letters(settings: Settings, city: City) -> WaitingLetters:
    """Writes the marked workbooks as they are now, and the letters. Raises DeclarationError."""
    years = sorted(city.calendar.years)
    everybody: list[Feedback] = []
    if settings.published_database.exists():
        with open_published(settings) as connection:
            everybody = write_feedback(connection, settings, years, partial(with_effects, connection))
            known = read_correspondence(connection, settings, city, years, everybody)
    else:
        known = read_correspondence(None, settings, city, years)
    unwritten = OneByOne()
    letters = letters_of(known, years, unwritten)
    troubled = [each for each in everybody if each.trouble]
    failed = [f"{each.version.respondent_name or each.version.file_name}：{each.trouble}" for each in troubled]
    return WaitingLetters(letters, tuple(failed), unwritten)


def mailing_of(settings: Settings) -> Mailing:
    """The city's mailbox. Raises NoMailError, DeclarationError."""
    if (mailing := load_mailing(settings.city_dir)) is None:
        raise NoMailError(f"没有声明邮箱：请在 {settings.city_dir / MAIL_FILE} 写明，见 docs/mail.zh.md。")
    return mailing


def send_round(
    settings: Settings,
    city: City,
    by: str,
    again: bool = False,
    tell: Progress | None = None,
    only: Collection[str] = (),
) -> tuple[SentLetters, WaitingLetters]:
    """Sends the letters that wait as mails; `only`: those to these respondents' codes.

    Raises NoMailError, MailBusyError, PostError, MailSecretError, DeclarationError.
    """
    mailing = mailing_of(settings)
    with mail_lock(settings):
        catch_up(settings)
        waiting = waiting_letters(settings, city)
        if only:
            chosen = tuple(each for each in waiting.letters if each.respondent_code in only)
            waiting = replace(waiting, letters=chosen)
        years = sorted(city.calendar.years)
        sent = send_letters(settings, city, mailing, waiting.letters, for_all(settings, years), by, again, tell)
    return sent, waiting


def take_round(settings: Settings, city: City, at_most: int = AT_ONCE) -> MailRound:
    """Takes mails that have come into the inbox, and answers them. Raises as `send_round`, and InboxGoneError."""
    mailing = mailing_of(settings)
    contacts = load_contacts(settings.city_dir, city)
    with mail_lock(settings):
        with ImapBox(mailing, settings.city_dir) as box:
            taken = take_mails(settings, city, mailing, contacts, box, at_most)
        answered = answer_mails(settings, city, mailing, contacts)
    return MailRound(taken, answered)


def read_mails(settings: Settings, city: City) -> MailState:
    """What is noted about mails, and what waits for somebody. Raises DeclarationError."""
    contacts = load_contacts(settings.city_dir, city)
    mailbox, posted = read_mailbox(settings.archive), read_posted(settings.archive)
    troubles = mail_troubles(city, contacts, mailbox, posted, archived_sent(settings.archive))
    return MailState(mailbox, posted, troubles, contacts)


def settle_mails(settings: Settings, which: Sequence[str], by: str) -> tuple[str, ...]:
    """Notes that somebody has dealt with mails, named by the beginning of their ids; returns the ids.

    Raises LookupError, in Chinese, for one that there is not.
    """
    known = read_mailbox(settings.archive).mails
    found: list[str] = []
    for each in which:
        fits = [identity for identity in known if each and identity.startswith(each.lower())]
        if len(fits) != 1:
            raise LookupError(f"没有编号是 {each} 的来信，或不止一封；编号见 nianbao mails")
        found += fits
    with mail_lock(settings):
        note_settled(settings.archive, found, by)
    return tuple(found)
