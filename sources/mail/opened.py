"""A mail taken apart: who sent it, what hangs on it, whether a program wrote it, whether it tells of a bounce.

The bytes are taken apart in a process of their own; whatever they hold, only they are lost.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message
from email.utils import parsedate_to_datetime
from functools import partial
from html.parser import HTMLParser

from sources.mail.attached import Attachment, MailLimits, NotTaken, collect
from sources.mail.automatic import why_automatic
from sources.mail.bounce import Bounce, bounces_in, is_report
from sources.mail.header_text import address_in, header_text, ids_in, raw_header, raw_headers, read_bytes, shown
from sources.system.apart import Exceeded, each_apart
from sources.system.fingerprint import sha256_of
from sources.system.plain_text import legible, printable
from sources.system.settings import Limits

SHOWN_OF_A_BODY = 2_000
LONGEST_BODY = 200_000
MOST_CHECKS = 20


@dataclass(frozen=True, slots=True)
class OpenedMail:
    """What a mail says. `sender` is an address or empty; `automatic` says why nothing is answered, in Chinese.

    `identity` is the same for one mail that was delivered twice, and another for any other, whatever ids they claim.
    `answers` are the ids of mails to which it is an answer; `text` the beginning of its body, for people, without HTML;
    `checks` its fields Authentication-Results, from above to below.
    """

    identity: str
    message_id: str
    sender: str
    subject: str
    sent_at: str
    automatic: str
    answers: tuple[str, ...] = ()
    bounces: tuple[Bounce, ...] = ()
    attachments: tuple[Attachment, ...] = field(default=(), repr=False)
    not_taken: tuple[NotTaken, ...] = ()
    text: str = ""
    checks: tuple[str, ...] = ()


def open_apart(data: bytes, limits: Limits, of_mail: MailLimits) -> OpenedMail | Exceeded:
    """`open_mail` in a process of its own."""
    (opened,) = each_apart(partial(open_mail, limits=of_mail), [data], limits)
    return opened


def open_mail(data: bytes, limits: MailLimits) -> OpenedMail:
    """Takes a mail apart. Bytes that are no mail give one that says nothing; nothing is raised."""
    try:
        message = message_from_bytes(data)
        return _opened(message, data, limits)
    except Exception:  # noqa: BLE001 - a thousand parts within each other end the parser's stack; what else, nobody knows
        head = data.partition(b"\r\n\r\n")[0].partition(b"\n\n")[0]
        return open_head(head[:50_000], sha256_of(data))


def open_head(head: bytes, content: str = "") -> OpenedMail:
    """A mail of which the head alone is read, as it is too large or cannot be taken apart. It is never answered by
    what it holds; `content` tells it from others."""
    try:
        message = message_from_bytes(head.rstrip() + b"\r\n\r\n")
        return _opened(message, head + content.encode(), MailLimits(), is_whole=False)
    except Exception:  # noqa: BLE001 - as above
        return OpenedMail(sha256_of(head + content.encode())[:24], "", "", "", "", "读不出来")


def _opened(message: Message, data: bytes, limits: MailLimits, is_whole: bool = True) -> OpenedMail:
    sender = address_in(raw_header(message, "From")) or address_in(raw_header(message, "Sender"))
    ids = ids_in(raw_header(message, "Message-ID"))
    subject = header_text(message, "Subject")
    text = body_text(message) if is_whole else ""
    bounces = bounces_in(message, sender, text) if is_whole else ()
    if bounces and not is_report(message) and collect(message, limits, into_forwarded=False)[0]:
        bounces = ()  # somebody sends a workbook and writes of a bounce
    # what comes back with a bounce is our own
    attachments, not_taken = collect(message, limits) if is_whole and not bounces else ((), ())
    # Received lines differ between two deliveries of one mail, so they are left out where there is an id.
    parts = (
        [ids[0], sender, subject, text, *(sha256_of(each.data) for each in attachments)] if ids else [sha256_of(data)]
    )
    if not is_whole:
        parts = [sha256_of(data)]
    return OpenedMail(
        sha256_of("\0".join(parts))[:24],
        ids[0] if ids else "",
        sender,
        subject,
        _sent_at(message),
        why_automatic(message, sender) or ("是退信" if bounces else ""),
        tuple(
            dict.fromkeys(
                each
                for name in ("In-Reply-To", "References")
                for raw in raw_headers(message, name)
                for each in ids_in(raw)
            )
        ),
        bounces,
        attachments,
        not_taken,
        text[:SHOWN_OF_A_BODY],
        tuple(shown(each) for each in raw_headers(message, "Authentication-Results")[:MOST_CHECKS]),
    )


def _sent_at(message: Message) -> str:
    """When its sender says that it was sent, ISO 8601; empty where it does not say."""
    try:
        return parsedate_to_datetime(header_text(message, "Date")).isoformat()
    except Exception:  # noqa: BLE001 - it raises several on what is no date
        return ""


def body_text(message: Message) -> str:
    """The first body of a mail as plain text; of HTML alone its words."""
    for kind in ("text/plain", "text/html"):
        for part in _bodies(message, kind):
            payload = part.get_payload(decode=True)
            if isinstance(payload, bytes) and payload.strip():
                text = read_bytes(payload[:LONGEST_BODY], _charset(part))
                return legible(_words(text) if kind == "text/html" else text).strip()
    return ""


def _bodies(message: Message, kind: str) -> Iterator[Message]:
    for number, part in enumerate(message.walk()):
        if number > 100:
            return
        if (
            part.get_content_type() == kind
            and not part.is_multipart()
            and not raw_header(part, "Content-Disposition").lower().startswith(b"attachment")
        ):
            yield part


def _charset(part: Message) -> str:
    try:
        return printable(str(part.get_param("charset") or ""))
    except Exception:  # noqa: BLE001 - parameters that are none
        return ""


class _Words(HTMLParser):
    """The words of a page, without what is not shown."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.words: list[str] = []
        self.hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.hidden += tag in ("script", "style", "head")
        if tag in ("p", "div", "br", "tr", "li"):
            self.words.append("\n")

    def handle_endtag(self, tag: str) -> None:
        self.hidden -= tag in ("script", "style", "head") and self.hidden > 0

    def handle_data(self, data: str) -> None:
        if not self.hidden:
            self.words.append(data)


def _words(page: str) -> str:
    reader = _Words()
    reader.feed(page)
    return "".join(reader.words)
