"""Where alerts go: the declaration in a city's alerts.yml. Without the file, alerts are off.

The file holds names of environment variables, never a secret; what it holds is not repeated in error messages, in
case somebody put one there.
"""

from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import ConfigDict, Field, model_validator

from sources.declarations.strict_yaml import Declaration, read_document

ALERTS_FILE = "alerts.yml"
Kind = Literal[
    "rejected",
    "held",
    "superseded",
    "unexplained",
    "due_soon",
    "overdue",
    "check",
    "run",
    "unidentified",
    "brief",
    "release",
    "channel",
]
"""What a message is about; docs/alerts.zh.md says it in Chinese."""
VariableName = Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]*$")]
HttpUrl = Annotated[str, Field(pattern=r"^https?://[^\s?#]+$")]
ROBOT_HOSTS = {
    "dingtalk": "https://oapi.dingtalk.com",
    "wecom": "https://qyapi.weixin.qq.com",
    "feishu": "https://open.feishu.cn",
}

SATURDAY = 5
THIS_MACHINE = ("127.0.0.1", "::1", "localhost")


class _Channel(Declaration):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    name: str = Field(description="渠道的名称，运行小结里用它；不能重复", examples=["钉钉“年报工作”群"])
    only: tuple[Kind, ...] = Field(
        (),
        description="只要哪几类提醒（见[提醒](../../alerts.zh.md#发什么)）；不写就是全部",
        examples=[["run", "check"]],
    )
    respondents: tuple[str, ...] = Field(
        (), description="只要这些单位的提醒（标识码）；和 regions 都不写就是全部", examples=[["3634000001"]]
    )
    regions: tuple[str, ...] = Field((), description="再加上这些地区里的单位（地区代码）", examples=[["341000"]])


class _WebChannel(_Channel):
    """A channel that is sent to by HTTP: the token, and names of schools, go over the network."""

    security: Literal["https", "insecure"] = Field(
        "https",
        description="加密方式；`insecure` 允许 http 地址（不加密，令牌和内容会被旁人看到），只用于内网",
        examples=["insecure"],
    )

    def refused(self, address: str) -> str | None:
        """Why nothing is sent to the address, in Chinese: neither https, nor this machine, nor said to be fine."""
        url = urlsplit(address)
        if url.scheme == "https" or self.security == "insecure" or url.hostname in THIS_MACHINE:
            return None
        return "是 http 地址，不加密；请用 https，或在内网里写 security: insecure"


class Robot(_WebChannel):
    """A group's robot. `token_env` holds the access token (DingTalk), the key (WeCom), the hook's id (Feishu)."""

    kind: Literal["dingtalk", "wecom", "feishu"] = Field(
        description="`dingtalk` 钉钉群机器人，`wecom` 企业微信群机器人，`feishu` 飞书群机器人", examples=["dingtalk"]
    )
    token_env: VariableName = Field(
        description="哪个环境变量里是令牌：钉钉 Webhook 地址中 access_token= 后面的部分，"
        "企业微信 key= 后面的，飞书 /hook/ 后面的",
        examples=["NIANBAO_DINGTALK_TOKEN"],
    )
    secret_env: VariableName | None = Field(
        None, description="哪个环境变量里是加签（签名校验）的密钥；企业微信没有", examples=["NIANBAO_DINGTALK_SECRET"]
    )
    base_url: HttpUrl | None = Field(
        None, description="须经代理，或平台在自己的网里时，它的地址", examples=["https://proxy.example.cn"]
    )

    @model_validator(mode="after")
    def _consistent(self) -> "Robot":
        if self.kind == "wecom" and self.secret_env:
            raise ValueError("企业微信机器人没有签名，不能写 secret_env")
        if why := self.refused(self.address):
            raise ValueError(f"base_url {why}")
        return self

    @property
    def address(self) -> str:
        return (self.base_url or ROBOT_HOSTS[self.kind]).rstrip("/")

    @property
    def variables(self) -> tuple[str, ...]:
        return (self.token_env, *([self.secret_env] if self.secret_env else []))


class Mail(_Channel):
    """E-mail through one SMTP server."""

    kind: Literal["mail"] = Field(description="电子邮件", examples=["mail"])
    host: str = Field(description="发信服务器", examples=["smtp.example.cn"])
    port: int = Field(description="端口", examples=[465])
    security: Literal["ssl", "starttls", "insecure"] = Field(
        "ssl", description="加密方式；`insecure` 不加密，只用于内网", examples=["ssl"]
    )
    sender: str = Field(description="发件人", examples=["年报系统 <nianbao@example.cn>"])
    to: tuple[str, ...] = Field(min_length=1, description="收件人", examples=[["zhiban@example.cn"]])
    user_env: VariableName | None = Field(None, description="哪个环境变量里是用户名", examples=["NIANBAO_MAIL_USER"])
    password_env: VariableName | None = Field(
        None, description="哪个环境变量里是密码", examples=["NIANBAO_MAIL_PASSWORD"]
    )

    @property
    def variables(self) -> tuple[str, ...]:
        return tuple(name for name in (self.user_env, self.password_env) if name)


class Webhook(_WebChannel):
    """A JSON object (title, message, type) sent with POST to an address, which may itself be a secret."""

    kind: Literal["webhook"] = Field(description="别的系统：以 POST 收到 JSON", examples=["webhook"])
    url_env: VariableName = Field(description="哪个环境变量里是整个地址", examples=["NIANBAO_WEBHOOK_URL"])

    @property
    def variables(self) -> tuple[str, ...]:
        return (self.url_env,)


Channel = Robot | Mail | Webhook


class Holiday(Declaration):
    """Days off in a row: as the State Council's notice of the year has them, adjusted weekends and all."""

    name: str = Field(description="叫什么", examples=["春节"])
    first: date = Field(description="从哪一天起", examples=["2025-01-28"])
    last: date = Field(description="到哪一天止（含）", examples=["2025-02-04"])

    @model_validator(mode="after")
    def _consistent(self) -> "Holiday":
        if self.last < self.first:
            raise ValueError("last 早于 first")
        return self


class Alerting(Declaration):
    """What is sent, how often and where to."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    enabled: bool = Field(False, description="是否发送；打开时至少要有一个渠道", examples=[True])
    due_soon_days: int = Field(7, ge=0, description="截止日期前几天起提醒还没有报送的单位", examples=[7])
    repeat_hours: float = Field(6, gt=0, description="问题没有解决时，隔几小时再提醒", examples=[6])
    due_soon_repeat_hours: float = Field(24, gt=0, description="截止日期前的提醒隔几小时重复", examples=[24])
    daytime: tuple[int, int] = Field(
        (8, 20), description="只在这几点之间提醒，其余时间免打扰；[0, 24] 是全天", examples=[[8, 20]]
    )
    quiet_weekends: bool = Field(False, description="周末是否免打扰（调休上班的日子写在 workdays）", examples=[True])
    holidays: tuple[Holiday, ...] = Field(
        (), description="节假日，免打扰；每年照国务院办公厅的通知写，系统不会推算", examples=[[]]
    )
    workdays: tuple[date, ...] = Field((), description="调休上班的周末，不算免打扰", examples=[["2025-01-26"]])
    quiet_holds: Literal["reminders", "all"] = Field(
        "reminders",
        description="免打扰时什么留到以后：`reminders` 到期和再次提醒；`all` 全部，除了运行失败、检验未通过、渠道不通",
        examples=["all"],
    )
    group_above: int = Field(
        15, ge=1, description="一次涉及的单位超过这个数，合成一条（机器人每分钟最多 20 条）", examples=[15]
    )
    timeout_seconds: float = Field(10, gt=0, le=60, description="一个渠道最多等几秒", examples=[10])
    channels: tuple[Annotated[Channel, Field(discriminator="kind")], ...] = Field(
        (), description="渠道，每个一项；`kind` 说是哪一种"
    )

    @model_validator(mode="after")
    def _consistent(self) -> "Alerting":
        names = [channel.name for channel in self.channels]
        if len(set(names)) < len(names):
            raise ValueError("channels：名称（name）不能重复")
        if self.enabled and not names:
            raise ValueError("enabled 为 true，但没有任何渠道（channels）")
        first, last = self.daytime
        if not 0 <= first < last <= 24:
            raise ValueError("daytime 应当是从 0 到 24 的两个钟点，先小后大")
        return self

    def is_quiet(self, moment: datetime) -> bool:
        """Whether people are to be left alone; `moment` is in the city's time."""
        first, last = self.daytime
        day = moment.date()
        if day in self.workdays:
            is_off = False
        else:
            is_off = any(each.first <= day <= each.last for each in self.holidays)
            is_off = is_off or (self.quiet_weekends and day.weekday() >= SATURDAY)
        return is_off or not first <= moment.hour < last

    def lacks_holidays_of(self, day: date) -> bool:
        """Whether holidays are declared, but none of the day's year: then they have been forgotten."""
        return bool(self.holidays) and not any(day.year in (each.first.year, each.last.year) for each in self.holidays)


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
