"""Chat robots (DingTalk, WeCom, Feishu): their signatures, and what their answers mean."""

import json
import logging
import os
import time
from collections.abc import Callable, Mapping
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlencode
from urllib.request import HTTPRedirectHandler, Request, build_opener

from apprise.decorators import notify

from sources.declarations.alerting import Robot
from sources.system.fingerprint import signature_of
from sources.system.plain_text import plain

ROBOT_SCHEME = "nianbaorobot"
PLATFORMS = {"dingtalk": "钉钉", "wecom": "企业微信", "feishu": "飞书"}
ANSWER_BYTES = 65_536
# What the platforms document; any other code is told with the platform's own words.
MEANINGS = {
    ("dingtalk", 310000): "安全设置不符，请核对加签密钥、关键词和 IP 白名单",
    ("dingtalk", 130101): "发送过快，每分钟最多 20 条",
    ("dingtalk", 300005): "access_token 不对",
    ("dingtalk", 400101): "access_token 不对",
    ("dingtalk", 400102): "机器人已停用",
    ("wecom", 93000): "Webhook 的 key 不对",
    ("wecom", 45009): "发送过快，每分钟最多 20 条",
    ("feishu", 19001): "Webhook 地址不对",
    ("feishu", 19021): "签名不对，或本机时钟偏差超过一小时",
    ("feishu", 19022): "IP 白名单不包括本机",
    ("feishu", 19024): "关键词不符",
    ("feishu", 11232): "发送过快",
    ("feishu", 9499): "请求格式不对",
}


Call = tuple[str, dict[str, Any]]
"""URL and JSON."""


def dingtalk_request(address: str, token: str, secret: str | None, text: str, moment: float) -> Call:
    """URL and JSON. The signature goes into the URL: HMAC-SHA256 of time (ms) and secret, with the secret as key."""
    query = {"access_token": token}
    if secret:
        timestamp = str(round(moment * 1000))
        query |= {"timestamp": timestamp, "sign": signature_of(f"{timestamp}\n{secret}", key=secret)}
    return f"{address}/robot/send?{urlencode(query)}", {"msgtype": "text", "text": {"content": text}}


def wecom_request(address: str, token: str, secret: str | None, text: str, moment: float) -> Call:
    """URL and JSON. Markdown, because it takes twice as much as text (4096 bytes)."""
    url = f"{address}/cgi-bin/webhook/send?{urlencode({'key': token})}"
    return url, {"msgtype": "markdown", "markdown": {"content": text}}


def feishu_request(address: str, token: str, secret: str | None, text: str, moment: float) -> Call:
    """URL and JSON. The signature goes into the JSON: HMAC-SHA256 of nothing, with time (s) and secret as key."""
    payload: dict[str, Any] = {"msg_type": "text", "content": {"text": text}}
    if secret:
        timestamp = str(int(moment))
        payload |= {"timestamp": timestamp, "sign": signature_of("", key=f"{timestamp}\n{secret}")}
    return f"{address}/open-apis/bot/v2/hook/{quote(token, safe='')}", payload


REQUESTS: dict[str, Callable[[str, str, str | None, str, float], Call]] = {
    "dingtalk": dingtalk_request,
    "wecom": wecom_request,
    "feishu": feishu_request,
}


def refusal(kind: str, answer: Mapping[str, Any]) -> str | None:
    """Why the robot refused, told from the code in its answer; None when it accepted."""
    code = next((answer[name] for name in ("errcode", "code", "StatusCode") if name in answer), None)
    if code == 0:
        return None
    if code is None:
        return f"{PLATFORMS[kind]}的回答中没有结果代码"
    words = next((answer[name] for name in ("errmsg", "msg", "StatusMessage") if answer.get(name)), "")
    meaning = MEANINGS.get((kind, code))
    told = f"{meaning}（{words}）" if meaning and words else meaning or words or "没有说明"
    return f"{PLATFORMS[kind]}拒收，错误码 {plain(str(code))}：{plain(str(told))[:300]}"


@notify(on=ROBOT_SCHEME, name="群机器人")  # type: ignore[untyped-decorator]
def _robot(body: str, title: str, notify_type: str, *_: Any, meta: Mapping[str, Any], **__: Any) -> bool:
    """Sends to a robot. apprise keeps what is logged here as the reason of a failure."""
    channel: Robot = meta["robot"]
    secret = os.environ[channel.secret_env].strip() if channel.secret_env else None
    token = os.environ[channel.token_env].strip()
    url, payload = REQUESTS[channel.kind](channel.address, token, secret, f"{title}\n{body}", time.time())
    reason = _post(channel.kind, url, payload, meta["timeout"])
    if reason:
        logging.getLogger("apprise").warning("%s", reason)
    return reason is None


class _NoRedirects(HTTPRedirectHandler):
    """A redirected message would carry its token elsewhere."""

    def redirect_request(self, *_: Any) -> None:
        return None


def _post(kind: str, url: str, payload: Mapping[str, Any], timeout_seconds: float) -> str | None:
    """POSTs JSON and reads the robot's answer; returns None when accepted, else the reason, without the URL."""
    platform = PLATFORMS[kind]
    data = json.dumps(payload, ensure_ascii=False).encode()
    request = Request(url, data, {"Content-Type": "application/json; charset=utf-8", "User-Agent": "nianbao"})
    try:
        with build_opener(_NoRedirects).open(request, timeout=timeout_seconds) as response:
            answer = json.loads(response.read(ANSWER_BYTES))
    except HTTPError as error:
        error.close()
        return f"{platform}回答 HTTP {error.code}"
    except TimeoutError:
        return f"{platform}在 {timeout_seconds:g} 秒内没有回答"
    except URLError as error:
        if isinstance(error.reason, TimeoutError):
            return f"{platform}在 {timeout_seconds:g} 秒内没有回答"
        return f"连不上{platform}：{plain(str(error.reason))}"
    except (OSError, HTTPException) as error:
        return f"与{platform}的连接中断：{plain(str(error))}"
    except ValueError:
        return f"{platform}的回答不是 JSON，中间可能有别的服务器"
    return refusal(kind, answer) if isinstance(answer, dict) else f"{platform}的回答不是 JSON 对象"
