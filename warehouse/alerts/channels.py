"""Sends messages through apprise, with one scheme of our own for the robots of DingTalk, WeCom and Feishu.

apprise has plugins for these robots, but a robot answers HTTP 200 also when it refuses a message, and those of
DingTalk and WeCom do not read the answer; that of Feishu does not sign, and none can be sent through a proxy's
address. So the request and the reading of the answer are here, and apprise does the rest.
"""

import os
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

from apprise import Apprise, AppriseAsset, NotifyFormat, NotifyType

from sources.declarations.alerting import Channel, Mail, Robot, Webhook
from sources.system.plain_text import plain
from warehouse.alerts.messages import Message
from warehouse.alerts.robots import ROBOT_SCHEME

LIMIT_BYTES = {"dingtalk": 18_000, "wecom": 4_096, "feishu": 18_000, "mail": 200_000, "webhook": 200_000}
"""What the platforms take, less room for the rest of the request where the limit is on all of it."""
MORE = "……内容过长，其余见 nianbao findings 和 nianbao status"


def cut(text: str, limit_bytes: int) -> str:
    """The text if it fits. Else as many whole lines as fit, and a line that says where the rest is."""
    if len(text.encode()) <= limit_bytes:
        return text
    room = limit_bytes - len(MORE.encode()) - 1
    kept = text.encode()[:room].decode(errors="ignore")
    return kept.rpartition("\n")[0] + "\n" + MORE if "\n" in kept else kept + "\n" + MORE


def send(channel: Channel, message: Message, timeout_seconds: float) -> str | None:
    """Sends the message; returns None when it was accepted, else why not, in Chinese. Raises nothing of the network.

    Secrets come from the environment variables that the channel names.
    """
    asset = AppriseAsset(
        app_id="nianbao", app_desc="年报", service_timeout=3 * timeout_seconds, http_redirects=False, async_mode=False
    )
    try:
        service = Apprise.instantiate(_service(channel, timeout_seconds), asset=asset, suppress_exceptions=False)
    except (TypeError, ValueError) as error:
        return f"渠道配置不对：{plain(str(error))}"
    router = Apprise(asset=asset)
    if service is None or not router.add(service):
        return "渠道配置不对"
    title = plain(message.title)
    body = cut("\n".join(map(plain, message.body.split("\n"))), LIMIT_BYTES[channel.kind] - len(title.encode()) - 1)
    with router.notify(body, title, NotifyType(message.severity), body_format=NotifyFormat.TEXT) as result:
        if result:
            return None
        said = [entry.message for entry in result.logs()]
    if isinstance(channel, Robot) and said:
        return said[0]
    where = f"邮件服务器 {channel.host}:{channel.port} " if isinstance(channel, Mail) else "接收方"
    return f"{where}没有接受，或在 {timeout_seconds:g} 秒内没有回答" + (f"（{said[0]}）" if said else "")


def _service(channel: Channel, timeout_seconds: float) -> dict[str, Any]:
    """The channel as apprise takes it."""
    timeouts = {"cto": timeout_seconds, "rto": timeout_seconds}
    match channel:
        case Robot():
            return {"schema": ROBOT_SCHEME, "robot": channel, "timeout": timeout_seconds}
        case Mail():
            return timeouts | {
                "schema": "mailto" if channel.security == "insecure" else "mailtos",
                "host": channel.host,
                "smtp_host": channel.host,
                "port": channel.port,
                "secure_mode": channel.security,
                "user": _quoted_variable(channel.user_env),
                "password": _quoted_variable(channel.password_env),
                "from_addr": channel.sender,
                "targets": list(channel.to),
                "format": "text",
            }
        case Webhook():
            address = urlsplit(os.environ[channel.url_env].strip())
            if address.scheme not in ("http", "https") or not address.hostname:
                raise ValueError(f"环境变量 {channel.url_env} 的内容不是 http 或 https 地址")
            if why := channel.refused(address.geturl()):
                raise ValueError(f"环境变量 {channel.url_env} 的内容{why}")
            return timeouts | {
                "schema": "json" if address.scheme == "http" else "jsons",
                "host": address.hostname,
                "port": address.port,
                "user": address.username,
                "password": address.password,
                "fullpath": address.path or "/",
                "params": parse_qs(address.query, keep_blank_values=True),
                "format": "text",
            }


def _quoted_variable(name: str | None) -> str | None:
    """The variable's value, quoted, because apprise unquotes."""
    return quote(os.environ[name], safe="") if name else None
