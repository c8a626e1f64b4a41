"""A server that speaks S3, and before it a proxy that lets one request in so many fail, as networks and servers do."""

import http.client
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

MOTO = Path(sys.prefix, "s3", "bin", "moto_server")
"""`make .venv/s3-server.stamp`"""
FAILS_EACH = 20
STARTS_WITHIN = 60
BUSY = 503


@dataclass
class Served:
    """What has been asked of the server: by method, and how often it failed."""

    address: str
    asked: Counter[str] = field(default_factory=Counter)
    failed: int = 0

    @property
    def credentials(self) -> dict[str, str]:
        """The environment of a client."""
        return {
            "AWS_ENDPOINT_URL": self.address,
            "AWS_ACCESS_KEY_ID": "nobody",
            "AWS_SECRET_ACCESS_KEY": "nothing",
            "AWS_DEFAULT_REGION": "us-east-1",
        }


@contextmanager
def s3_that_fails_at_times() -> Iterator[Served]:
    port = free_port()
    quiet = subprocess.DEVNULL
    server = subprocess.Popen([str(MOTO), "-H", "127.0.0.1", "-p", str(port)], stdout=quiet, stderr=quiet)
    proxy, served = proxy_before(port)
    threading.Thread(target=proxy.serve_forever, daemon=True).start()
    try:
        wait_until_it_listens(port)
        yield served
    finally:
        proxy.shutdown()
        server.kill()
        server.wait()


def proxy_before(port: int) -> tuple[ThreadingHTTPServer, Served]:
    """One failure in so many: by turns an answer that the server is busy, and none at all."""
    turn = threading.Lock()

    class Proxy(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def pass_on(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            with turn:
                served.asked[self.command] += 1
                fails = served.asked.total() % FAILS_EACH == 0
                served.failed += fails
            if fails and served.failed % 2:
                self.close_connection = True
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            if fails:
                self.answer(BUSY, [], b"")
                return
            to = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
            to.request(self.command, self.path, body, dict(self.headers))
            given = to.getresponse()
            self.answer(given.status, given.getheaders(), given.read())
            to.close()

        def answer(self, status: int, headers: list[tuple[str, str]], data: bytes) -> None:
            self.send_response(status)
            length = dict(headers).get("Content-Length", str(len(data)))
            kept = [
                each for each in headers if each[0].lower() not in ("content-length", "transfer-encoding", "connection")
            ]
            for name, value in [*kept, ("Content-Length", length if self.command == "HEAD" else str(len(data)))]:
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            """Says nothing."""

        do_GET = do_PUT = do_HEAD = do_POST = do_DELETE = pass_on  # noqa: N815 - the library's names

    server = ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
    served = Served(f"http://127.0.0.1:{server.server_address[1]}")
    return server, served


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until_it_listens(port: int) -> None:
    deadline = time.monotonic() + STARTS_WITHIN
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except OSError:
            assert time.monotonic() < deadline, "the server does not start"
            time.sleep(0.1)
