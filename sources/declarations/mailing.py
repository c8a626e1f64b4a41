"""The bureau's mailbox: the declaration in a city's mail.yml. Without the file, no mail is sent and none is read.

As in alerts.yml the file names where a secret is and never holds it; what it holds is not repeated in error messages.
"""

import os
from pathlib import Path
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, model_validator

from sources.declarations.alerting import VariableName
from sources.declarations.contacts import Address
from sources.declarations.problem import DeclarationError
from sources.declarations.strict_yaml import Declaration, read_document
from sources.system.faults import ToldError

MAIL_FILE = "mail.yml"


class MailSecretError(ToldError):
    """The password or the certificate that mail.yml names is not there; the text says which, in Chinese."""


class _Server(Declaration):
    """A server of the bureau's, and how one logs in there."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    host: str = Field(description="服务器", examples=["mail.example.cn"])
    port: int = Field(description="端口", ge=1, le=65535, examples=[465])
    security: Literal["ssl", "starttls", "insecure"] = Field(
        "ssl", description="加密方式；`insecure` 不加密，只用于内网", examples=["ssl"]
    )
    user: str | None = Field(None, description="用户名，多半就是邮箱；不写就不登录", examples=["nianbao@example.cn"])
    password_env: VariableName | None = Field(
        None, description="哪个环境变量里是密码（有的邮箱叫“授权码”）", examples=["NIANBAO_MAIL_PASSWORD"]
    )
    password_file: Path | None = Field(
        None,
        description="哪个文件里是密码，只有运行程序的用户能读；相对于城市文件夹。环境变量没有设置时用它",
        examples=["/etc/nianbao/mail.secret"],
    )
    ca_file: Path | None = Field(
        None, description="内网自己签发的证书（PEM）；相对于城市文件夹。不写就用系统信任的", examples=["ca.pem"]
    )

    @model_validator(mode="after")
    def _consistent(self) -> "_Server":
        if bool(self.user) != bool(self.password_env or self.password_file):
            raise ValueError("user 和密码（password_env 或 password_file）要么都写，要么都不写")
        return self

    def password(self, city_dir: Path) -> str | None:
        """The password, from where the declaration says; None where nobody logs in. Raises MailSecretError."""
        found = self._secret(city_dir)
        if found and not (found.isascii() and found.isprintable()):
            raise MailSecretError(f"{MAIL_FILE}：密码里有英文、数字和符号以外的字符，请核对（多半是授权码抄错了）。")
        return found

    def _secret(self, city_dir: Path) -> str | None:
        if self.password_env and (found := os.environ.get(self.password_env, "").strip()):
            return found
        if self.password_file is None:
            if self.password_env:
                raise MailSecretError(f"{MAIL_FILE}：没有设置环境变量 {self.password_env}（邮箱的密码或授权码）。")
            return None
        file = city_dir / self.password_file
        try:
            if file.stat().st_mode & 0o077:
                raise MailSecretError(f"{MAIL_FILE}：密码文件 {file} 别人也能读；请运行 chmod 600 {file}")
            found = file.read_text("utf-8-sig").strip()
        except (OSError, UnicodeDecodeError):
            raise MailSecretError(f"{MAIL_FILE}：密码文件 {file} 读不出来，请检查路径和权限。") from None
        if not found:
            raise MailSecretError(f"{MAIL_FILE}：密码文件 {file} 是空的。")
        return found

    def certificate(self, city_dir: Path) -> str | None:
        """The file with the certificate that is trusted; None: those of the system. Raises MailSecretError."""
        if self.ca_file is None:
            return None
        file = city_dir / self.ca_file
        if not file.is_file():
            raise MailSecretError(f"{MAIL_FILE}：没有证书文件 {file}（ca_file）。")
        return str(file)


class OutgoingServer(_Server):
    """By which mail goes out."""

    kind: Literal["smtp"] = Field(description="发信服务器", examples=["smtp"])


class IncomingServer(_Server):
    """In which mail is read."""

    kind: Literal["imap"] = Field(description="收信服务器", examples=["imap"])
    folder: str = Field(
        "INBOX", description="读哪个文件夹；只写英文名，中文名的照服务器的写法", pattern=r"^[ -~]+$", examples=["INBOX"]
    )


class Mailing(Declaration):
    """The bureau's mailbox: from which address it writes, by which server, where it reads, and within which limits."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    address: Address = Field(description="年报的邮箱：由它发出，也请学校发到这里", examples=["nianbao@example.cn"])
    name: str = Field("", description="发件人的名称", examples=["河池市教育局年报"])
    servers: tuple[Annotated[OutgoingServer | IncomingServer, Field(discriminator="kind")], ...] = Field(
        (), description="服务器：发信的（`smtp`）和收信的（`imap`）各至多一项；没有写的就不发，或者不收"
    )
    authserv_id: str | None = Field(
        None,
        description="收信服务器在 Authentication-Results 里写的自己的名字；写了，它查出可能是冒充的来信就不收、不答复，"
        "等教育局看。不写就不看",
        pattern=r"^[ -~]+$",
        examples=["mx.example.cn"],
    )
    answers: bool = Field(True, description="收到报送后是否自动答复（要有发信的服务器）", examples=[True])
    answers_a_day: Annotated[int, Field(ge=1, le=200)] = Field(
        10, description="一天里最多自动答复同一个邮箱几封", examples=[10]
    )
    digest_to: tuple[Address, ...] = Field(
        (),
        description="每日汇总发给谁（教育局的人）：来信、没有送到的信、逾期的单位、等着办的事；不写就不发",
        examples=[["wang@example.cn"]],
    )
    digest_hour: Annotated[int, Field(ge=0, le=23)] = Field(
        17, description="每日汇总几点以后发（城市的时区）；一天至多一封，没有事不发", examples=[17]
    )
    largest_mb: Annotated[int, Field(ge=1, le=200)] = Field(
        40, description="最大的来信，多少 MB；再大的不下载，只答复", examples=[40]
    )
    attachments: Annotated[int, Field(ge=1, le=500)] = Field(
        20, description="一封信里最多收几个工作簿（压缩包里的也算）", examples=[20]
    )
    pause_seconds: Annotated[float, Field(ge=0, le=600)] = Field(
        0, description="两封信之间隔几秒；邮箱限制发信频率时用", examples=[2]
    )
    timeout_seconds: Annotated[float, Field(gt=0, le=600)] = Field(60, description="最多等服务器几秒", examples=[60])

    @model_validator(mode="after")
    def _one_of_a_kind(self) -> "Mailing":
        kinds = [each.kind for each in self.servers]
        if len(set(kinds)) < len(kinds):
            raise ValueError("servers：发信的和收信的服务器各至多一项")
        return self

    @property
    def outgoing(self) -> OutgoingServer | None:
        return next((each for each in self.servers if isinstance(each, OutgoingServer)), None)

    @property
    def incoming(self) -> IncomingServer | None:
        return next((each for each in self.servers if isinstance(each, IncomingServer)), None)

    @property
    def domain(self) -> str:
        """Of the bureau's address; the ids of its mails end so."""
        return self.address.rpartition("@")[2]


def load_mailing(city_dir: Path) -> Mailing | None:
    """The city's mail.yml; None where there is none.

    Raises DeclarationError, in Chinese, without what the file holds.
    """
    path = city_dir / MAIL_FILE
    return read_document(path, "zh").parsed(Mailing) if path.exists() else None


def secret_files(city_dir: Path) -> frozenset[Path]:
    """The files of the city's folder that mail.yml says to hold a password; none where it cannot be read."""
    try:
        mailing = load_mailing(city_dir)
    except DeclarationError:
        return frozenset()
    servers = mailing.servers if mailing else ()
    return frozenset(city_dir / each.password_file for each in servers if each.password_file)
