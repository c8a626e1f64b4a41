"""Which requests reach Dagster's web server: those of its own page, and of programs on purpose.

Dagster has no login and takes everybody for its user. The browser of a clerk carries out what any page asks of it: an
image's address is a GET, a form is a POST, a script opens a WebSocket, and a name that somebody else owns may point to
this machine (DNS rebinding). What tells them apart is what a browser says of itself and no page can change: the host
it asks for, the origin of the page, and Sec-Fetch-Site.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

READING = ("GET", "HEAD")
GRAPHQL = "/graphql"
POLICY = "frame-ancestors 'none'; form-action 'self'; connect-src 'self'; img-src 'self' data: blob:"
"""Beside Dagster's own policy, and both hold: no page frames this one; a picture is fetched from nowhere else."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request does not reach the page, for whoever looks at the answer or the log."""

    reason: str


@dataclass(frozen=True, slots=True)
class Guard:
    """An ASGI application before another; `origins` are those under which the page is opened (http://localhost:3000).

    Everything else gets 403 and a sentence. Headers of the answers keep others from framing the page.
    """

    app: ASGIApp
    origins: frozenset[str]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
        elif refused := refusal(scope, self.origins):
            await _answer(refused, scope, receive, _with_headers(send))
        else:
            await self.app(scope, receive, _with_headers(send))


def local_origins(port: int) -> list[str]:
    """The origins of a page that this machine serves to itself."""
    return [f"http://{host}:{port}" for host in ("127.0.0.1", "localhost")]


def refusal(scope: Scope, origins: Iterable[str]) -> Refusal | None:
    """Why a request is not let through; None when it is."""
    headers = Headers(scope=scope)
    own = frozenset(origins)
    if (host := _only(headers, "host")) not in {urlsplit(each).netloc for each in own}:
        return Refusal(
            f"这里不以“{_shown(host)}”为网址。请从 {min(own)} 打开；由代理转来的，把网址写入 NIANBAO_WEB_ORIGINS"
        )
    origin = _only(headers, "origin")
    if headers.getlist("origin") and origin not in own:
        return Refusal(f"别的网页（{_shown(origin)}）不能使用这里")
    if scope["type"] == "websocket":
        return None if origin else Refusal("WebSocket 只供本页面使用")
    method, path = scope["method"], scope["path"]
    if not _is_of_the_page(headers, method):
        return Refusal("别的网页不能使用这里")
    if method in READING:
        return Refusal("/graphql 只接受 POST") if path == GRAPHQL else None
    if any(_origin_of(referer) not in own for referer in headers.getlist("referer")):
        return Refusal("别的网页不能使用这里")
    if (_only(headers, "content-type") or "").split(";")[0].strip().lower() != "application/json":
        return Refusal("只接受 Content-Type: application/json")
    return None


def _is_of_the_page(headers: Headers, method: str) -> bool:
    """What the browser says of who asks. Programs say nothing; a person may follow a link from another page to here."""
    site = headers.get("sec-fetch-site", "same-origin")
    is_followed = (headers.get("sec-fetch-mode"), headers.get("sec-fetch-dest")) == ("navigate", "document")
    return site == "same-origin" or (method in READING and (site == "none" or is_followed))


def _only(headers: Headers, name: str) -> str | None:
    """The value of a header that stands exactly once, in small letters."""
    values = headers.getlist(name)
    return values[0].strip().lower() if len(values) == 1 else None


def _origin_of(address: str) -> str:
    """The beginning of an address; of one that is none, nothing."""
    found = re.match(r"https?://[^/?#]*", address.lower())
    return found.group() if found else ""


def _shown(value: str | None) -> str:
    return re.sub(r"[^\w.:/\[\]-]", "�", value or "")[:100]


async def _answer(refused: Refusal, scope: Scope, receive: Receive, send: Send) -> None:
    """403 and the reason; for a WebSocket a closing before it is opened, which servers make a 403 of."""
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008, "reason": ""})
        return
    await PlainTextResponse(f"{refused.reason}。\n", 403)(scope, receive, send)


def _with_headers(send: Send) -> Send:
    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers.append("content-security-policy", POLICY)
            headers["x-frame-options"] = "DENY"
            headers["x-content-type-options"] = "nosniff"
            headers["referrer-policy"] = "same-origin"
            headers["cross-origin-resource-policy"] = "same-origin"
        await send(message)

    return send_with_headers
