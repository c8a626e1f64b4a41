"""Mails into the inbox: each is taken once, and none is lost, whenever the process is killed.

First a mail is noted with its files and who sent it, then the files are put into the inbox, then it is noted that all
is there. A mail of which the last note is missing is taken again, to the same folder and with the same outcome.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial

from sources.archive.arrival import MAIL_FOLDER, UNKNOWN_SENDER
from sources.archive.inbox import IGNORED_NAMES, IGNORED_PREFIXES, IGNORED_SUFFIXES
from sources.archive.mailbox import (
    Mailbox,
    MailedFile,
    MailPlace,
    TakenMail,
    Undelivered,
    note_done,
    note_mail,
    read_mailbox,
    read_posted,
)
from sources.check import check_apart
from sources.declarations.city import City
from sources.declarations.contacts import Contact
from sources.declarations.mailing import Mailing
from sources.mail.attached import Attachment, MailLimits
from sources.mail.authentication import why_suspect
from sources.mail.opened import OpenedMail, open_apart, open_head
from sources.submission.file_names import as_file_name
from sources.system.apart import Exceeded
from sources.system.faults import OneByOne
from sources.system.fingerprint import sha256_of
from sources.system.plain_text import shown_name
from sources.system.settings import Settings
from sources.system.virus_scan import NotScannableError, ScanFailedError, virus_in
from sources.system.whereabouts import refuse_gone
from sources.system.whole_file import whole_file
from warehouse.post.imap_box import FetchedMail, ImapBox
from warehouse.post.smtp_server import PostError

AT_ONCE = 500
"""Mails that one look takes where nobody says otherwise; the next look goes on."""
SHOWN_OF_A_TEXT = 500
UNCHANGED = "《{name}》是我们发出的那一份，没有改过，没有收；请填好、保存以后再发。"
NOT_TAKEN = "《{name}》没有收。"
INFECTED = (
    "《{name}》里查出病毒“{found}”，没有打开，没有收。请先给填表的电脑查毒，再在干净的电脑上下载模板重新填一份发来。"
)
UNSCANNED = "《{name}》查毒程序查不了，没有打开，没有收。请在 WPS 里去掉图片和附件，另存为新的工作簿（.xlsx）再发。"
LONGEST_SUFFIX = 5


@dataclass(frozen=True, slots=True)
class TakenMails:
    """What one look at the mailbox has taken. `failed`: mails that could not be taken and are tried again."""

    mails: tuple[TakenMail, ...] = ()
    failed: tuple[str, ...] = ()
    stopped: str = ""


def take_mails(
    settings: Settings,
    city: City,
    mailing: Mailing,
    contacts: Mapping[str, Contact],
    box: ImapBox,
    at_most: int = AT_ONCE,
) -> TakenMails:
    """Takes the mails of an open mailbox that were not taken yet; a mail that fails stops no other.

    One process at a time may do so (`mail_lock`). Raises InboxGoneError when the inbox has gone.
    """
    refuse_gone(settings.inbox)
    taker = _Taker(settings, city, mailing, _by_address(contacts), read_mailbox(settings.archive))
    new = [each for each in box.places(settings.today) if each not in taker.done][:at_most]
    one_by_one = OneByOne()
    taken: list[TakenMail] = []
    stopped = ""
    for place in new:
        try:
            if mail := one_by_one.do(f"第 {place.uid} 封来信", partial(taker.take, box, place)):
                taken.append(mail)
        except (PostError, ScanFailedError) as error:  # the next look begins with the same mail
            stopped = str(error)
            break
    return TakenMails(tuple(taken), tuple(one_by_one.failed), stopped)


def _by_address(contacts: Mapping[str, Contact]) -> dict[str, tuple[str, ...]]:
    """Address → the respondents whose it is."""
    found: dict[str, list[str]] = {}
    for code, contact in contacts.items():
        for address in contact.mail:
            found.setdefault(address.strip().lower(), []).append(code)
    return {address: tuple(codes) for address, codes in found.items()}


class _Taker:
    """What is known while mails are taken; what it notes it knows at once."""

    def __init__(
        self,
        settings: Settings,
        city: City,
        mailing: Mailing,
        by_address: Mapping[str, Sequence[str]],
        mailbox: Mailbox,
    ) -> None:
        self.settings, self.city, self.mailing = settings, city, mailing
        self.by_address = by_address
        self.done = mailbox.done
        self.mails = dict(mailbox.mails)
        self.whole = set(mailbox.whole)
        posted = read_posted(settings.archive)
        self.own = {each.message_id for each in posted}
        self.enclosed = {content for each in posted for content in each.enclosed}

    def take(self, box: ImapBox, place: MailPlace) -> TakenMail | None:
        """Takes one mail; None when it is another delivery of one that was taken, or has gone."""
        fetched = box.fetch(place)
        if fetched is None:
            return None
        opened, remarks = self._open(fetched)
        if suspect := why_suspect(opened.checks, self.mailing.authserv_id):
            opened = as_suspect(opened)
        known = self.mails.get(opened.identity)
        if known and opened.identity in self.whole:
            note_done(self.settings.archive, place, opened.identity)
            box.mark_seen(place)
            return None
        mail = known or self._noted(opened, place, remarks, suspect)
        data = {sha256_of(each.data): each.data for each in opened.attachments}
        for file in mail.files:
            self._put(mail.folder, file, data[file.submission_id])
        note_done(self.settings.archive, place, mail.identity)
        self.whole.add(mail.identity)
        if (mail.files or mail.automatic) and not mail.suspect:
            box.mark_seen(place)  # what a person has to read stays unread
        return mail

    def _open(self, fetched: FetchedMail) -> tuple[OpenedMail, tuple[str, ...]]:
        """The mail taken apart, and what is to be told of it as a whole."""
        if not fetched.is_whole:
            told = (
                f"邮件有 {fetched.size / 1e6:.0f} MB，超过 {self.mailing.largest_mb} MB，没有下载；请只附上工作簿再发。"
            )
            return open_head(fetched.data, str(fetched.size)), (told,)
        limits = MailLimits(self.mailing.attachments, self.settings.limits.file_bytes)
        opened = open_apart(fetched.data, self.settings.limits, limits)
        if isinstance(opened, Exceeded):
            told = f"邮件读不出来（{opened.told(self.settings.limits)}）；请新写一封，只附上工作簿再发。"
            head = fetched.data[:50_000].partition(b"\r\n\r\n")[0]
            return open_head(head, sha256_of(fetched.data)), (told,)
        return opened, tuple(each.words for each in opened.not_taken)

    def _noted(self, opened: OpenedMail, place: MailPlace, remarks: tuple[str, ...], suspect: str) -> TakenMail:
        is_ours = opened.message_id in self.own or opened.sender.lower() == self.mailing.address.lower()
        codes = self.by_address.get(opened.sender.lower(), ())
        unchanged = [each for each in opened.attachments if sha256_of(each.data) in self.enclosed and not is_ours]
        remarks += tuple(UNCHANGED.format(name=each.name) for each in unchanged)
        attachments = [each for each in opened.attachments if each not in unchanged and not is_ours]
        if suspect:
            remarks = (*(NOT_TAKEN.format(name=each.name) for each in attachments), *remarks)
            attachments = []
        unopened = {each: words for each in attachments if (words := self._why_unopened(each))}
        remarks += tuple(unopened.values())
        attachments = [each for each in attachments if each not in unopened]
        files = tuple(self._files(attachments, codes))
        mail = TakenMail(
            opened.identity,
            place,
            opened.message_id,
            opened.sender,
            codes[0] if codes else None,
            opened.subject,
            opened.sent_at,
            datetime.now(UTC).isoformat(),
            self.settings.today.isoformat(),
            f"{self.settings.today:%m%d}_{opened.identity[:12]}",
            "是本邮箱自己发的信" if is_ours else opened.automatic,
            files,
            remarks,
            tuple(
                Undelivered(each.address, each.reason, each.said, each.original, each.is_final)
                for each in opened.bounces
            ),
            opened.answers,
            opened.text[:SHOWN_OF_A_TEXT],
            suspect,
        )
        note_mail(self.settings.archive, mail)
        self.mails[mail.identity] = mail
        return mail

    def _why_unopened(self, attachment: Attachment) -> str:
        """Why an attachment is not opened, in words for its sender; '' where the scanner has nothing against it.

        Raises ScanFailedError.
        """
        try:
            found = virus_in(attachment.data, self.settings.scanner)
        except NotScannableError:
            return UNSCANNED.format(name=attachment.name)
        return INFECTED.format(name=attachment.name, found=found) if found else ""

    def _files(self, attachments: Sequence[Attachment], codes: Sequence[str]) -> list[MailedFile]:
        """Each content once, under a name that no other has and that the inbox passes over for no reason."""
        found: dict[str, MailedFile] = {}
        names: set[str] = set()
        for each in attachments:
            if (submission_id := sha256_of(each.data)) in found:
                continue
            name = safe_name(each.name)
            stem, dot, suffix = name.rpartition(".")
            number = 1
            while name.casefold() in names:
                number += 1
                name = f"{stem}（{number}）{dot}{suffix}"
            names.add(name.casefold())
            found[submission_id] = MailedFile(name, submission_id, self._sender(each, codes))
        return list(found.values())

    def _sender(self, attachment: Attachment, codes: Sequence[str]) -> str | None:
        """Who sends a file from an address: of an address that several share, the one whose file it is."""
        if not codes:
            return UNKNOWN_SENDER if self.by_address else None
        if len(codes) == 1:
            return codes[0]
        checked = check_apart(attachment.data, safe_name(attachment.name), self.city, self.settings.limits)
        whose = checked.submission.respondent
        return whose.code if whose and whose.code in codes else codes[0]

    def _put(self, folder: str, file: MailedFile, data: bytes) -> None:
        target = self.settings.inbox / MAIL_FOLDER / folder / file.name
        if not target.exists():
            with whole_file(target, mode=0o640) as partial:
                partial.write_bytes(data)


def as_suspect(opened: OpenedMail) -> OpenedMail:
    """A mail that is perhaps another's: it settles nothing of ours, and is not the same as the one that it imitates."""
    identity = sha256_of(f"{opened.identity} suspect")[: len(opened.identity)]
    return replace(opened, identity=identity, bounces=(), answers=())


def safe_name(name: str) -> str:
    """A name of an attachment as a file's name in the inbox: no path, nothing hidden, nothing that is passed over, and
    short enough for a number and its suffix."""
    stem, dot, suffix = shown_name(name).strip(" .").rpartition(".")
    if not dot or len(suffix) > LONGEST_SUFFIX:
        stem, suffix = f"{stem}{dot}{suffix}", "xlsx"
    safe = f"{as_file_name(stem).strip(' .')}.{as_file_name(suffix)}"
    lower = safe.lower()
    is_passed_over = lower.startswith(IGNORED_PREFIXES) or lower.endswith(IGNORED_SUFFIXES) or lower in IGNORED_NAMES
    return f"附件_{as_file_name(stem).lstrip('.~$') or '无名'}.xlsx" if is_passed_over else safe
