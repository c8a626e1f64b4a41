"""Real servers that take messages as DingTalk, WeCom, Feishu, a webhook and a mail server do."""

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

TOKEN, SECRET = "tok-4711", "SEC0815"
HOUR_SECONDS = 3600


@dataclass(frozen=True)
class Received:
    path: str
    query: dict[str, str]
    payload: dict[str, Any]
    headers: dict[str, str]

    @property
    def text(self) -> str:
        """The text that people read, whatever field the platform puts it in."""
        payload = self.payload
        for outer, inner in (("text", "content"), ("markdown", "content"), ("content", "text")):
            if isinstance(payload.get(outer), dict) and inner in payload[outer]:
                return payload[outer][inner]
        return f"{payload['title']}\n{payload['message']}"


Answer = Callable[[Received], tuple[int, Any]]
"""HTTP status and what is answered: JSON, or bytes as they are."""


@dataclass
class Sink:
    """An HTTP server that keeps what it receives; a test may replace `answer` at any time."""

    url: str
    answer: Answer
    received: list[Received] = field(default_factory=list)
    accepted: list[str] = field(default_factory=list)
    """The texts of the messages that were answered with success."""

    def take(self, received: Received) -> tuple[int, Any]:
        self.received.append(received)
        status, answer = self.answer(received)
        code = answer.get("errcode", answer.get("code", 0)) if isinstance(answer, dict) else 0
        if status == 200 and code == 0:
            self.accepted.append(received.text)
        return status, answer


@contextmanager
def serve(answer: Answer) -> Iterator[Sink]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            parts = urlsplit(self.path)
            query = {name: values[0] for name, values in parse_qs(parts.query).items()}
            received = Received(parts.path, query, json.loads(body), dict(self.headers))
            status, answered = sink.take(received)
            data = answered if isinstance(answered, bytes) else json.dumps(answered).encode()
            self.send_response(status)
            if status in (301, 302, 307):
                self.send_header("Location", data.decode())
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    sink = Sink(f"http://127.0.0.1:{server.server_port}", answer)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield sink
    finally:
        server.shutdown()
        server.server_close()


def signed(key: str, text: str) -> str:
    return base64.b64encode(hmac.new(key.encode(), text.encode(), hashlib.sha256).digest()).decode()


def dingtalk(received: Received) -> tuple[int, Any]:
    """Checks path, token, time and signature as DingTalk documents it; answers HTTP 200 either way."""
    query = received.query
    if received.path != "/robot/send" or query.get("access_token") != TOKEN:
        return 200, {"errcode": 300005, "errmsg": "token is not exist"}
    stamp = query.get("timestamp", "0")
    if abs(time.time() - int(stamp) / 1000) > HOUR_SECONDS or query.get("sign") != signed(SECRET, f"{stamp}\n{SECRET}"):
        return 200, {"errcode": 310000, "errmsg": "sign not match"}
    return 200, {"errcode": 0, "errmsg": "ok"}


def wecom(received: Received) -> tuple[int, Any]:
    if received.path != "/cgi-bin/webhook/send" or received.query.get("key") != TOKEN:
        return 200, {"errcode": 93000, "errmsg": "invalid webhook url"}
    if len(received.text.encode()) > 4096:
        return 200, {"errcode": 40058, "errmsg": "markdown.content exceed max length 4096"}
    return 200, {"errcode": 0, "errmsg": "ok"}


def feishu(received: Received) -> tuple[int, Any]:
    if received.path != f"/open-apis/bot/v2/hook/{TOKEN}":
        return 200, {"code": 19001, "data": {}, "msg": "param invalid: incoming webhook access token invalid"}
    stamp = received.payload.get("timestamp", "0")
    late = abs(time.time() - int(stamp)) > HOUR_SECONDS
    if late or received.payload.get("sign") != signed(f"{stamp}\n{SECRET}", ""):
        return 200, {"code": 19021, "data": {}, "msg": "sign match fail or timestamp is not within one hour"}
    return 200, {"StatusCode": 0, "StatusMessage": "success", "code": 0, "data": {}, "msg": "success"}


def webhook(received: Received) -> tuple[int, Any]:
    return 200, {}


ROBOTS: dict[str, Answer] = {"dingtalk": dingtalk, "wecom": wecom, "feishu": feishu}


@dataclass
class Mailbox:
    """A mail server; it keeps each message as (recipient, subject, text), and as it came (`raw`). It refuses the
    addresses in `refused`, those in `later` for now, and hangs up on those in `hang_up` once it has the message."""

    port: int = 0
    refused: set[str] = field(default_factory=set)
    later: set[str] = field(default_factory=set)
    hang_up: set[str] = field(default_factory=set)
    raw: list[bytes] = field(default_factory=list)
    logins: list[tuple[str, str]] = field(default_factory=list)
    letters: list[tuple[str, str, str]] = field(default_factory=list)

    async def handle_RCPT(self, server, session, envelope, address, options) -> str:  # noqa: N802
        if address in self.refused:
            return "550 no such mailbox"
        if address in self.later:
            return "450 4.2.0 greylisted, try again"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope) -> str:  # noqa: N802
        self.raw.append(envelope.content)
        if self.hang_up & set(envelope.rcpt_tos):
            server.transport.close()
            return "250 OK"
        letter = message_from_bytes(envelope.content, policy=policy.default)
        text = letter.get_body(("plain",)).get_content().replace("\r\n", "\n")
        self.letters += [(address, letter["Subject"], text) for address in envelope.rcpt_tos]
        return "250 OK"

    def authenticate(self, server, session, envelope, mechanism, data) -> AuthResult:
        login = (data.login.decode(), data.password.decode())
        self.logins.append(login)
        return AuthResult(success=login == (TOKEN, SECRET), handled=False)


class _AnyPort(Controller):
    """A controller that takes a free port."""

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@contextmanager
def mail_server(login: bool = False) -> Iterator[Mailbox]:
    mailbox = Mailbox()
    arguments = {"authenticator": mailbox.authenticate, "auth_required": True, "auth_require_tls": False}
    controller = _AnyPort(mailbox, hostname="127.0.0.1", port=0, **(arguments if login else {}))
    controller.start()
    mailbox.port = controller.port
    try:
        yield mailbox
    finally:
        controller.stop()
