"""The bureau's digest, as command line and Dagster make it: everything read that it tells, sent once a day at most."""

from datetime import datetime
from zoneinfo import ZoneInfo

from orchestration.lib.mail_rounds import NoMailError, mailing_of, read_mails
from orchestration.lib.what_waits import read_waiting
from sources.archive.archive import archived_receipts
from sources.archive.mailbox import read_posted
from sources.declarations.city import City
from sources.declarations.deadlines import open_years
from sources.declarations.mailing import MAIL_FILE
from sources.system.settings import Settings
from warehouse.alerts.todo import todo
from warehouse.intake.register import published_register
from warehouse.post.digest import DigestFacts, DigestText, digest_of, new_mails, send_digest, was_sent
from warehouse.post.one_at_a_time import mail_lock
from warehouse.post.smtp_server import Delivery
from warehouse.store.connection import open_published


def todays_digest(settings: Settings, city: City) -> DigestText | None:
    """What would be sent now; None where there is nothing to tell. Raises DeclarationError, InboxGoneError."""
    state = read_mails(settings, city)
    now = datetime.now(ZoneInfo(city.calendar.timezone))
    sent_since = _sent_since(settings)
    facts = DigestFacts(
        city,
        settings.today,
        new_mails(state.mailbox, state.posted, now),
        state.troubles,
        {year: _late(settings, city, year, sent_since) for year in open_years(city.calendar, settings.today)},
        [city.respondent_by_code[code].name for code in sorted(sent_since & city.respondent_by_code.keys())],
        todo(read_waiting(settings, city)),
    )
    return digest_of(facts)


def _sent_since(settings: Settings) -> frozenset[str]:
    """The codes of those of whom the archive has a file that no run has seen; it may be of any year."""
    seen: set[str] = set()
    if settings.published_database.exists():
        with open_published(settings) as connection:
            rows = connection.execute("select submission_id from registry.submission where status <> 'received'")
            seen = {submission_id for (submission_id,) in rows.fetchall()}
    receipts = archived_receipts(settings.archive)
    return frozenset(each.sender for each in receipts if each.sender and each.submission_id not in seen)


def _late(settings: Settings, city: City, report_year: int, sent_since: frozenset[str]) -> list[str]:
    """Who is expected, of whom nothing counts as of the last run, who has sent nothing since, and whose due date has
    passed."""
    if not city.calendar.years[report_year].is_overdue(settings.today):
        return []
    counts: set[str] = set()
    if settings.published_database.exists():
        with open_published(settings) as connection:
            register = published_register(connection, report_year)
        counts = {each.respondent_code for each in register if each.current_submission_id}
    return [each.name for each in city.respondents_in(report_year) if each.code not in counts | sent_since]


def digest_round(settings: Settings, city: City) -> Delivery | None:
    """Sends today's digest; None where it went out before, and where there is nothing to tell.

    Raises NoMailError where mail.yml names nobody who gets it; MailBusyError, PostError, MailSecretError.
    """
    mailing = mailing_of(settings)
    if not mailing.digest_to:
        raise NoMailError(f"没有声明每日汇总发给谁：请在 {MAIL_FILE} 写 digest_to，见 docs/mail.zh.md。")
    with mail_lock(settings):
        if was_sent(read_posted(settings.archive), settings.today):
            return None
        digest = todays_digest(settings, city)
        return send_digest(settings, city, mailing, digest) if digest else None


def is_digest_due(settings: Settings, city: City, now: datetime) -> bool:
    """Whether the day's digest is to go out by itself at `now`: its hour has come, and it has not gone out."""
    mailing = mailing_of(settings)
    if not mailing.digest_to or mailing.outgoing is None:
        return False
    is_late_enough = now.astimezone(ZoneInfo(city.calendar.timezone)).hour >= mailing.digest_hour
    return is_late_enough and not was_sent(read_posted(settings.archive), settings.today)
