"""The server by which mail goes out. Here alone smtplib is used; nothing of the network is raised for one mail.

Right before a mail's bytes go over, the caller is told (`begins`): what breaks off then has perhaps arrived.
"""

import smtplib
import socket
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from sources.archive.mailbox import PostedState
from sources.declarations.mailing import Mailing, OutgoingServer
from sources.mail.bounce import reason_of
from sources.mail.header_text import as_address, read_bytes
from sources.system.faults import ToldError
from sources.system.plain_text import printable

OK = range(200, 300)
LATER = range(400, 500)
CLOSING = 421


class PostError(ToldError):
    """The server does not answer, or does not let us in; the text says what to look at, in Chinese."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of a mail. `refused` are addresses that were not taken, with the reason; others may have been."""

    state: PostedState
    reason: str = ""
    refused: tuple[tuple[str, str], ...] = ()


class SmtpServer:
    """A connection that is made when it is needed, and made again after it has broken."""

    def __init__(self, mailing: Mailing, city_dir: Path) -> None:
        server = mailing.outgoing
        if server is None:
            raise PostError("mail.yml 没有写发信的服务器（servers 里 kind 为 smtp 的一项）。")
        self.server: OutgoingServer = server
        self.sender = mailing.address
        self.timeout = mailing.timeout_seconds
        self.password = server.password(city_dir)
        self.certificate = server.certificate(city_dir)
        self.smtp: smtplib.SMTP | None = None

    def __enter__(self) -> "SmtpServer":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.smtp:
            try:
                self.smtp.quit()
            except (smtplib.SMTPException, OSError):
                self.smtp.close()
        self.smtp = None

    def deliver(self, mail: bytes, to: Sequence[str], begins: Callable[[], None]) -> Delivery:
        """Hands one mail over. Raises PostError when there is no server to talk to."""
        wanted = {each: as_address(each) for each in to}
        refused = {each: "邮箱地址里有不能用的字符" for each, address in wanted.items() if not address}
        smtp = self._connected()
        has_begun = False
        try:
            options = [f"SIZE={len(mail)}"] if smtp.has_extn("size") else []
            if (answer := smtp.mail(self.sender, options))[0] not in OK:
                return self._not_taken(answer, smtp)
            taken = 0
            codes = []
            for each, address in wanted.items():
                if address:
                    code, said = smtp.rcpt(address)
                    codes.append(code)
                    taken += code in OK
                    if code not in OK:
                        refused[each] = _told(code, said)
            if not taken:
                self._reset(smtp)
                reason = "；".join(f"{address}：{why}" for address, why in refused.items())
                is_later = any(code in LATER for code in codes)
                return Delivery("later" if is_later else "refused", reason, tuple(refused.items()))
            begins()
            has_begun = True
            if (answer := smtp.data(mail))[0] not in OK:
                return self._not_taken(answer, smtp)
            return Delivery("sent", refused=tuple(refused.items()))
        except smtplib.SMTPDataError as error:  # it did not want the bytes: none has gone over
            return self._not_taken((error.smtp_code, error.smtp_error), smtp)
        except (smtplib.SMTPException, OSError) as error:
            self._dropped(smtp)
            why = f"和邮件服务器的连接断了（{_shown(error)}）"
            return Delivery("sending" if has_begun else "later", why, tuple(refused.items()))

    def _not_taken(self, answer: tuple[int, bytes | str], smtp: smtplib.SMTP) -> Delivery:
        code, said = answer
        if code == CLOSING or code < 0:
            self._dropped(smtp)
        else:
            self._reset(smtp)
        return Delivery("later" if code in LATER or code < 0 else "refused", _told(code, said))

    def _reset(self, smtp: smtplib.SMTP) -> None:
        try:
            smtp.rset()
        except (smtplib.SMTPException, OSError):
            self._dropped(smtp)

    def _dropped(self, smtp: smtplib.SMTP) -> None:
        smtp.close()
        self.smtp = None

    def _connected(self) -> smtplib.SMTP:
        if self.smtp is None:
            self.smtp = self._connect()
        return self.smtp

    def _connect(self) -> smtplib.SMTP:
        server, where = self.server, f"发信服务器 {self.server.host}:{self.server.port}"
        try:
            context = ssl.create_default_context(cafile=self.certificate)
            if server.security == "ssl":
                smtp: smtplib.SMTP = smtplib.SMTP_SSL(server.host, server.port, timeout=self.timeout, context=context)
            else:
                smtp = smtplib.SMTP(server.host, server.port, timeout=self.timeout)
            smtp.ehlo()
            if server.security == "starttls":
                smtp.starttls(context=context)
                smtp.ehlo()
            if server.user and self.password:
                _log_in(smtp, server.user, self.password)
        except smtplib.SMTPAuthenticationError:
            raise PostError(
                f"{where} 不认用户名或密码；很多邮箱要用“授权码”而不是登录密码，请在邮箱的设置里开通 SMTP 再取授权码。"
            ) from None
        except ssl.SSLCertVerificationError:
            raise PostError(f"{where} 的证书不可信；内网自己签发的，请在 mail.yml 写 ca_file。") from None
        except (smtplib.SMTPException, OSError, ssl.SSLError) as error:
            raise PostError(f"{where} 连不上（{_shown(error)}）；请核对 mail.yml 的 host、port、security。") from None
        return smtp


def _log_in(smtp: smtplib.SMTP, user: str, password: str) -> None:
    """Once: `SMTP.login` tries a wrong password by one way after another, after which some servers lock the mailbox."""
    offered = smtp.esmtp_features.get("auth", "").upper().split()
    if "PLAIN" not in offered and "LOGIN" not in offered:
        smtp.login(user, password)
        return
    smtp.user, smtp.password = user, password
    if "PLAIN" in offered:
        smtp.auth("PLAIN", smtp.auth_plain)
    else:
        smtp.auth("LOGIN", smtp.auth_login)


def _told(code: int, said: bytes | str) -> str:
    text = printable(" ".join((read_bytes(said) if isinstance(said, bytes) else said).split()))
    enhanced = text.split(" ")[0] if text[:2] in ("4.", "5.") else f"{code // 100}.0.0"
    return f"{reason_of(enhanced, text)}（{code} {text}）"


def _shown(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "没有回答"
    if isinstance(error, socket.gaierror):
        return "没有这个地址"
    return printable(str(error)) or type(error).__name__
