"""The bureau's digest: one mail a day of what came by mail, what did not arrive, who is late, what waits. Pure but for
the sending, which notes the day, so that a day has one."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sources.archive.mailbox import Mailbox, Posted, TakenMail
from sources.declarations.city import City
from sources.declarations.mailing import Mailing
from sources.system.plain_text import cut_short, plain
from sources.system.settings import Settings
from warehouse.alerts.notices import shown_day
from warehouse.alerts.todo import Todo
from warehouse.post.mail_troubles import MailTrouble
from warehouse.post.mime import ToPost, new_id
from warehouse.post.send_letters import post
from warehouse.post.smtp_server import Delivery, SmtpServer

PROGRAM = "nianbao"
LOOK_BACK = timedelta(days=7)
"""So far back goes a digest before which there was none for long."""
MOST_LINES, LINE_LENGTH = 40, 200
NOT_ARRIVED = ("undelivered", "refused", "uncertain")


@dataclass(frozen=True, slots=True)
class DigestFacts:
    """What a digest is made of. `late`: report year → names of those who have sent nothing that counts after the due
    date; `sent_since`: names of those who have sent something that no run has seen."""

    city: City
    today: date
    mails: Sequence[TakenMail]
    troubles: Sequence[MailTrouble]
    late: Mapping[int, Sequence[str]]
    sent_since: Sequence[str]
    todo: Sequence[Todo]


@dataclass(frozen=True, slots=True)
class DigestText:
    """A digest as it is sent and shown."""

    subject: str
    body: str


def new_mails(mailbox: Mailbox, posted: Sequence[Posted], now: datetime) -> list[TakenMail]:
    """The mails that were taken since the last digest that went out. `now` has its time zone."""
    sent = [datetime.fromisoformat(each.at) for each in posted if each.kind == "digest" and each.state == "sent"]
    since = max([now - LOOK_BACK, *sent])
    return [each for each in mailbox.mails.values() if datetime.fromisoformat(each.taken_at) > since]


def was_sent(posted: Sequence[Posted], today: date) -> bool:
    """Whether a day has had its digest, or perhaps has: one too few is seen at the desk, one too many teaches not to
    read. What the server put off (`later`) is tried again."""
    return any(each.kind == "digest" and each.content == today.isoformat() and each.state != "later" for each in posted)


def digest_of(facts: DigestFacts) -> DigestText | None:
    """The digest; None where there is nothing to tell."""
    parts = {
        f"来信 {len(facts.mails)} 封": [_mail_line(facts.city, each) for each in facts.mails],
        "没有送到的信": [each.text for each in facts.troubles if each.kind in NOT_ARRIVED],
        **{
            f"{year}年度逾期还没有报送的 {len(names)} 个单位": ["、".join(plain(each) for each in names)]
            for year, names in facts.late.items()
            if names
        },
        f"报送了、等下一次运行的 {len(facts.sent_since)} 个单位": ["、".join(map(plain, facts.sent_since))]
        if facts.sent_since
        else [],
        f"等着办的 {len(facts.todo)} 件": [line for each in facts.todo for line in _todo_lines(each)],
    }
    told = {heading: lines for heading, lines in parts.items() if lines}
    if not told:
        return None
    late = sum(map(len, facts.late.values()))
    counted = f"来信 {len(facts.mails)} 封，逾期 {late} 个单位，要办 {len(facts.todo)} 件"
    lines = [f"{shown_day(facts.today)}，{facts.city.name}年报：{counted}。"]
    for number, (heading, items) in enumerate(told.items(), 1):
        lines += ["", f"{number}. {heading}", *_shown(items)]
    return DigestText(f"【年报】{facts.today:%m月%d日}：{counted}", "\n".join(lines))


def _shown(items: Sequence[str]) -> Iterator[str]:
    yield from (f"· {each}" for each in items[:MOST_LINES])
    if len(items) > MOST_LINES:
        yield f"· ……共 {len(items)} 条，其余见 nianbao mails、nianbao todo"


def _mail_line(city: City, mail: TakenMail) -> str:
    known = city.respondent_by_code.get(mail.respondent_code or "")
    who = known.name if known else mail.sender or "（没有发件人）"
    came = [f"收了 {len(mail.files)} 个工作簿"] if mail.files else []
    bounced = [f"退信：{each.address} {each.reason}" for each in mail.bounces]
    said = [*came, *bounced, *([mail.suspect] if mail.suspect else []), *mail.remarks]
    what = "；".join(said) or (f"没有答复：{mail.automatic}" if mail.automatic else "没有工作簿")
    return cut_short(plain(f"{who}“{mail.subject}”：{what}"), LINE_LENGTH)


def _todo_lines(todo: Todo) -> Iterator[str]:
    yield cut_short(plain(f"{todo.title}{'：' if todo.details else ''}{'、'.join(todo.details)}"), LINE_LENGTH)
    yield f"　　{todo.command}"


def send_digest(settings: Settings, city: City, mailing: Mailing, digest: DigestText) -> Delivery:
    """Sends a day's digest and notes it. One process at a time may do so (`mail_lock`).

    Raises PostError, MailSecretError.
    """
    day = settings.today.isoformat()
    posted = Posted(new_id(mailing), "digest", None, None, day, "", PROGRAM, "sending")
    with SmtpServer(mailing, settings.city_dir) as server:
        return post(settings, city, mailing, server, ToPost(mailing.digest_to, digest.subject, digest.body), posted)
