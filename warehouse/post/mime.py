"""A letter as a mail: plain text, its files, and a head in which nothing that somebody wrote can begin a new line."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from sources.declarations.mailing import Mailing
from sources.mail.automatic import OURS
from sources.system.plain_text import cut_short, legible, plain

LONGEST_SUBJECT = 150
WORKBOOK = ("application", "vnd.openxmlformats-officedocument.spreadsheetml.sheet")
KINDS = {
    ".xlsx": WORKBOOK,
    ".pdf": ("application", "pdf"),
    ".docx": ("application", "vnd.openxmlformats-officedocument.wordprocessingml.document"),
    ".html": ("text", "html"),
    ".csv": ("text", "csv"),
}
PREFIX = "nianbao."


@dataclass(frozen=True, slots=True)
class Enclosure:
    """A file that goes with a mail; its name is ours."""

    name: str
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class ToPost:
    """A mail before it is put into its form. `answers` are the ids of the mail that it answers, the last first of all;
    an answer to a person's mail says so to other programs."""

    to: Sequence[str]
    subject: str
    body: str
    enclosures: Sequence[Enclosure] = ()
    answers: Sequence[str] = ()


def new_id(mailing: Mailing) -> str:
    """An id that no other mail has, without its brackets."""
    return f"{PREFIX}{secrets.token_hex(12)}@{mailing.domain}"


def as_mail(mailing: Mailing, mail: ToPost, message_id: str, now: datetime) -> bytes:
    """The mail as it goes over the wire. `now` has its time zone."""
    message = EmailMessage(policy=SMTP)
    message["From"] = Address(plain(mailing.name), addr_spec=mailing.address)
    message["To"] = [Address(addr_spec=each) for each in mail.to]
    message["Subject"] = cut_short(plain(legible(mail.subject)), LONGEST_SUBJECT)
    message["Date"] = format_datetime(now)
    message["Message-ID"] = f"<{message_id}>"
    message["Auto-Submitted"] = "auto-replied" if mail.answers else "auto-generated"
    message["X-Auto-Response-Suppress"] = "All"
    message[OURS] = "1"
    if ids := [each for each in mail.answers if _is_id(each)]:
        message["In-Reply-To"] = f"<{ids[0]}>"
        message["References"] = " ".join(f"<{each}>" for each in reversed(ids[:10]))
    body = "\n".join(legible(line) for line in mail.body.split("\n"))
    message.set_content(body, charset="utf-8", cte="base64")
    for each in mail.enclosures:
        suffix = f".{each.name.rpartition('.')[2].lower()}"
        maintype, subtype = KINDS.get(suffix, ("application", "octet-stream"))
        message.add_attachment(each.data, maintype=maintype, subtype=subtype, filename=plain(each.name))
    return message.as_bytes()


def _is_id(text: str) -> bool:
    """Whether somebody's id can stand in our head as it is."""
    return text.isascii() and text.isprintable() and not set(text) & set("<> ") and 0 < len(text) <= 200
