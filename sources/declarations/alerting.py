"""Where alerts go: the declaration in a city's alerts.yml. Without the file, alerts are off.

The file holds names of environment variables, never a secret; what it holds is not repeated in error messages, in
case somebody put one there.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, model_validator

from sources.declarations.strict_yaml import Declaration, read_document

ALERTS_FILE = "alerts.yml"
Kind = Literal["rejected", "unexplained", "due_soon", "overdue", "check", "run", "unidentified", "release"]
"""退回的报送, 没有说明的警告, 即将到期, 逾期, 检验未通过, 运行失败, 无法识别的文件, 发布."""
VariableName = Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]*$")]
HttpUrl = Annotated[str, Field(pattern=r"^https?://[^\s?#]+$")]
ROBOT_HOSTS = {
    "dingtalk": "https://oapi.dingtalk.com",
    "wecom": "https://qyapi.weixin.qq.com",
    "feishu": "https://open.feishu.cn",
}


class _Channel(Declaration):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    name: str
    """Chinese, as the run's summary calls it."""
    only: tuple[Kind, ...] = ()
    """The kinds that it is told of; empty means all."""
    respondents: tuple[str, ...] = ()
    """It is told of these respondents (codes)."""
    regions: tuple[str, ...] = ()
    """It is also told of every respondent in these regions. Without both lists it is told of everything."""


class Robot(_Channel):
    """A group's robot. `token_env` holds the access token (DingTalk), the key (WeCom), the hook's id (Feishu)."""

    kind: Literal["dingtalk", "wecom", "feishu"]
    token_env: VariableName
    secret_env: VariableName | None = None
    """The secret to sign with (加签, 签名校验); WeCom has none."""
    base_url: HttpUrl | None = None
    """Where the platform is reached, if not at its own address: a proxy of the network, a private installation."""

    @model_validator(mode="after")
    def _consistent(self) -> "Robot":
        if self.kind == "wecom" and self.secret_env:
            raise ValueError("企业微信机器人没有签名，不能写 secret_env")
        return self

    @property
    def address(self) -> str:
        return (self.base_url or ROBOT_HOSTS[self.kind]).rstrip("/")

    @property
    def variables(self) -> tuple[str, ...]:
        return (self.token_env, *([self.secret_env] if self.secret_env else []))


class Mail(_Channel):
    """E-mail through one SMTP server."""

    kind: Literal["mail"]
    host: str
    port: int
    security: Literal["ssl", "starttls", "insecure"] = "ssl"
    sender: str
    to: tuple[str, ...] = Field(min_length=1)
    user_env: VariableName | None = None
    password_env: VariableName | None = None

    @property
    def variables(self) -> tuple[str, ...]:
        return tuple(name for name in (self.user_env, self.password_env) if name)


class Webhook(_Channel):
    """A JSON object (title, message, type) sent with POST to an address, which may itself be a secret."""

    kind: Literal["webhook"]
    url_env: VariableName

    @property
    def variables(self) -> tuple[str, ...]:
        return (self.url_env,)


Channel = Robot | Mail | Webhook


class Alerting(Declaration):
    """What is sent, how often and where to."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    enabled: bool = False
    due_soon_days: int = Field(7, ge=0)
    """From how many days before the due date a school is reminded."""
    repeat_hours: float = Field(6, gt=0)
    """After how many hours a trouble that stands is told again."""
    due_soon_repeat_hours: float = Field(24, gt=0)
    """The same for the reminders before the due date."""
    daytime: tuple[int, int] = (8, 20)
    """Dates are told between these hours; what a run finds is told at any hour."""
    group_above: int = Field(15, ge=1)
    """When more respondents than this have news, one message tells of all: robots take 20 messages a minute."""
    timeout_seconds: float = Field(10, gt=0, le=60)
    channels: tuple[Annotated[Channel, Field(discriminator="kind")], ...] = ()

    @model_validator(mode="after")
    def _consistent(self) -> "Alerting":
        names = [channel.name for channel in self.channels]
        if len(set(names)) < len(names):
            raise ValueError("channels：名称（name）不能重复")
        if self.enabled and not names:
            raise ValueError("enabled 为 true，但没有任何渠道（channels）")
        return self


def load_alerting(city_dir: Path) -> Alerting:
    """The city's alerts.yml; alerts are off where there is none.

    Raises DeclarationError, in Chinese, without what the file holds.
    """
    path = city_dir / ALERTS_FILE
    if not path.exists():
        return Alerting()
    return read_document(path, "zh").parsed(Alerting)


def missing_variables(channel: Channel, environment: Mapping[str, str]) -> list[str]:
    """The environment variables that the channel needs and that are not set."""
    return [name for name in channel.variables if not environment.get(name, "").strip()]
