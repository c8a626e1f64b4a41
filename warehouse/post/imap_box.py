"""A mailbox that is read by IMAP. Here alone imaplib is used.

Sizes are asked before anything is fetched; looking changes nothing there (PEEK), and nothing is ever deleted.
"""

import imaplib
import re
import ssl
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any

from sources.archive.mailbox import MailPlace
from sources.declarations.mailing import IncomingServer, Mailing
from sources.system.plain_text import printable
from warehouse.post.smtp_server import PostError

LOOK_BACK_DAYS = 30
"""How old a mail may be that is taken; what lies there from before the mailbox was declared is left alone."""
HEAD_BYTES = 65_536
WHO = '("name" "nianbao" "version" "1" "vendor" "nianbao")'
"""163.com and others let no program in that does not say what it is (RFC 2971)."""
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True, slots=True)
class FetchedMail:
    """The bytes of a mail; of one that is too large its head alone, and how large it is."""

    place: MailPlace
    data: bytes = field(repr=False)
    size: int
    is_whole: bool


class ImapBox:
    """A connection to the mailbox; `with` opens and ends it. Raises PostError, in Chinese, for whatever goes wrong."""

    def __init__(self, mailing: Mailing, city_dir: Path) -> None:
        server = mailing.incoming
        if server is None:
            raise PostError("mail.yml 没有写收信的服务器（servers 里 kind 为 imap 的一项）。")
        self.server: IncomingServer = server
        self.largest = mailing.largest_mb * 1_000_000
        self.timeout = mailing.timeout_seconds
        self.password = server.password(city_dir)
        self.certificate = server.certificate(city_dir)
        self.name = f"{server.user or ''}@{server.host}:{server.port}/{server.folder}"
        self.where = f"收信服务器 {server.host}:{server.port}"
        self.uid_validity = 0

    def __enter__(self) -> "ImapBox":
        try:
            self.imap = self._connect()
            self._log_in()
            self.uid_validity = self._select()
        except ssl.SSLCertVerificationError:
            raise PostError(f"{self.where} 的证书不可信；内网自己签发的，请在 mail.yml 写 ca_file。") from None
        except (imaplib.IMAP4.error, OSError, ssl.SSLError) as error:
            raise PostError(
                f"{self.where} 连不上（{_shown_error(error)}）；请核对 mail.yml 的 host、port、security、folder。"
            ) from None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.imap.logout()
        except (imaplib.IMAP4.error, OSError):
            self.imap.shutdown()

    def _connect(self) -> imaplib.IMAP4:
        server = self.server
        context = ssl.create_default_context(cafile=self.certificate)
        if server.security == "ssl":
            return imaplib.IMAP4_SSL(server.host, server.port, ssl_context=context, timeout=self.timeout)
        imap = imaplib.IMAP4(server.host, server.port, timeout=self.timeout)
        if server.security == "starttls":
            imap.starttls(context)
        return imap

    def _log_in(self) -> None:
        if self.server.user and self.password:
            try:
                self.imap.login(self.server.user, self.password)
            except imaplib.IMAP4.error:
                raise PostError(
                    f"{self.where} 不认用户名或密码；很多邮箱要用“授权码”而不是登录密码，"
                    "请在邮箱的设置里开通 IMAP 再取授权码。"
                ) from None
        if "ID" in self.imap.capabilities:
            self.imap.xatom("ID", WHO)

    def _select(self) -> int:
        code, said = self.imap.select(_quoted(self.server.folder))
        if code != "OK":
            raise PostError(f"{self.where} 没有文件夹 {self.server.folder}，或不让读（{_words(said)}）。")
        found = self.imap.response("UIDVALIDITY")[1]
        return int(found[0]) if found and found[0] else 0

    def places(self, today: date) -> list[MailPlace]:
        """Where each mail lies that is not older than LOOK_BACK_DAYS, oldest first."""
        since = min(today, date.today()) - timedelta(days=LOOK_BACK_DAYS)
        found = self._asked("search", None, "SINCE", f"{since.day}-{MONTHS[since.month - 1]}-{since.year}")
        uids = sorted(int(each) for line in found if isinstance(line, bytes) for each in line.split())
        return [MailPlace(self.name, self.uid_validity, uid) for uid in uids]

    def fetch(self, place: MailPlace) -> FetchedMail | None:
        """A mail, or its head; None when it is there no more."""
        head = _sizes(self._asked("fetch", str(place.uid), "(RFC822.SIZE)"))
        if head is None:
            return None
        is_whole = head <= self.largest
        # a server that said less than it has is cut off all the same
        part = f"(BODY.PEEK[]<0.{self.largest + 1}>)" if is_whole else f"(BODY.PEEK[HEADER]<0.{HEAD_BYTES}>)"
        data = next((each[1] for each in self._asked("fetch", str(place.uid), part) if isinstance(each, tuple)), None)
        if data is None:
            return None
        return FetchedMail(place, data, head, is_whole and len(data) <= self.largest)

    def mark_seen(self, place: MailPlace) -> None:
        """Shows people that the mail is dealt with, where that may be written; that is all it does."""
        with suppress(PostError):  # a mailbox that may only be read; what is done is noted by us
            self._asked("store", str(place.uid), "+FLAGS.SILENT", r"(\Seen)")

    def _asked(self, command: str, *arguments: Any) -> list[Any]:
        try:
            code, found = self.imap.uid(command, *arguments)
        except (imaplib.IMAP4.error, OSError) as error:
            raise PostError(f"{self.where} 的连接断了（{_shown_error(error)}）；下次接着收。") from None
        if code != "OK":
            raise PostError(f"{self.where} 不做 {command}（{_words(found)}）。")
        return found


def _sizes(found: list[Any]) -> int | None:
    lines: Iterator[bytes] = (each[0] if isinstance(each, tuple) else each for each in found if each)
    return next((int(size[1]) for line in lines if (size := re.search(rb"RFC822\.SIZE (\d+)", line))), None)


def _quoted(name: str) -> str:
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _words(found: list[Any]) -> str:
    return printable(" ".join(each.decode("utf-8", "replace") for each in found if isinstance(each, bytes)))


def _shown_error(error: Exception) -> str:
    return "没有回答" if isinstance(error, TimeoutError) else printable(str(error)) or type(error).__name__
