"""What reaches Dagster's web server: its own page and programs on purpose, nothing that another page asks for."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from orchestration.web.guard import Guard, local_origins, refusal
from tests.support.own_loop import in_own_loop

ORIGINS = frozenset([*local_origins(3000), "https://nianbao.example"])
JSON = {"content-type": "application/json"}
NAVIGATED = {"sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}


def request(method: str, path: str, headers: dict[str, str], kind: str = "http") -> dict[str, Any]:
    given = {"host": "127.0.0.1:3000"} | headers
    raw = [(name.encode(), value.encode("latin-1")) for name, value in given.items()]
    return {"type": kind, "method": method, "path": path, "query_string": b"", "headers": raw}


def socket(headers: dict[str, str]) -> dict[str, Any]:
    return request("GET", "/graphql", headers, "websocket")


LET_THROUGH = {
    "the page": request("GET", "/runs", {"sec-fetch-site": "none"} | NAVIGATED),
    "the page by its other name": request("GET", "/", {"host": "localhost:3000"}),
    "the page behind the proxy": request("GET", "/", {"host": "nianbao.example"}),
    "a link in a mail": request("GET", "/runs/1", {"sec-fetch-site": "cross-site"} | NAVIGATED),
    "a question of the page": request(
        "POST", "/graphql", JSON | {"origin": "http://127.0.0.1:3000", "sec-fetch-site": "same-origin"}
    ),
    "a question of the page behind the proxy": request(
        "POST", "/graphql", JSON | {"host": "nianbao.example", "origin": "https://nianbao.example"}
    ),
    "a program": request("POST", "/graphql", {"content-type": "application/json; charset=utf-8"}),
    "the page's socket": socket({"origin": "http://localhost:3000", "host": "localhost:3000"}),
}
EVIL = {"origin": "http://evil.example"}
REFUSED = {
    "a query by GET": request("GET", "/graphql", {"accept": "application/json"}),
    "GraphiQL, whose scripts come from elsewhere": request("GET", "/graphql", {"accept": "text/html"} | NAVIGATED),
    "a name that points here": request("GET", "/", {"host": "evil.example:3000"}),
    "a name that points here, with a question": request("POST", "/graphql", JSON | {"host": "evil.example:3000"}),
    "a name that begins like ours": request("GET", "/", {"host": "127.0.0.1:3000.evil.example"}),
    "another port's name": request("GET", "/", {"host": "127.0.0.1:4000"}),
    "no host": request("GET", "/", {"host": ""}),
    "another page's script": request("POST", "/graphql", JSON | EVIL),
    "another page's script that reads": request("GET", "/server_info", EVIL),
    "what may be asked": request("OPTIONS", "/graphql", EVIL),
    "a page without an origin": request("POST", "/graphql", JSON | {"origin": "null"}),
    "a page on another port": request(
        "POST", "/graphql", JSON | {"origin": "http://127.0.0.1:4000", "sec-fetch-site": "same-site"}
    ),
    "another page's form": request("POST", "/graphql", {"content-type": "text/plain"} | EVIL),
    "a form whose type is made to look like JSON": request(
        "POST", "/graphql", {"content-type": "text/plain; application/json"}
    ),
    "a form without an origin": request("POST", "/graphql", {"content-type": "application/x-www-form-urlencoded"}),
    "a question in the address": request("POST", "/graphql", {}),
    "an event that did not happen": request("POST", "/report_asset_materialization/published", {}),
    "a picture on another page": request(
        "GET", "/runs", {"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors", "sec-fetch-dest": "image"}
    ),
    "a frame on another page": request(
        "GET", "/", {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "iframe"}
    ),
    "a form that navigates": request("POST", "/graphql", JSON | {"sec-fetch-site": "cross-site"} | NAVIGATED),
    "a page that hides its origin": request("POST", "/graphql", JSON | {"referer": "http://evil.example/x"}),
    "another page's socket": socket(EVIL),
    "a socket of nobody": socket({}),
    "a socket of a name that points here": socket({"host": "evil.example:3000", "origin": "http://evil.example:3000"}),
}


@pytest.mark.parametrize("name", LET_THROUGH)
def test_the_page_and_programs_are_let_through(name: str):
    assert refusal(LET_THROUGH[name], ORIGINS) is None


@pytest.mark.parametrize("name", REFUSED)
def test_what_another_page_asks_for_is_refused(name: str):
    assert refusal(REFUSED[name], ORIGINS) is not None


@pytest.mark.parametrize("name", ["host", "origin", "content-type"])
def test_a_header_that_stands_twice_is_no_header_of_ours(name: str):
    scope = request("POST", "/graphql", JSON | {"origin": "http://127.0.0.1:3000"})
    twice = next(header for header in scope["headers"] if header[0] == name.encode())
    assert refusal(scope | {"headers": [*scope["headers"], twice]}, ORIGINS) is not None


@example("referer", "http://[")
@example("host", "[")
@given(st.sampled_from(["host", "origin", "referer"]), st.text(st.characters(max_codepoint=255), max_size=40))
def test_whatever_stands_in_a_header_is_told_legibly_and_never_raises(name: str, value: str):
    refused = refusal(request("POST", "/graphql", JSON | {name: value}), ORIGINS)
    assert refused is None or refused.reason.isprintable()


def answers(scope: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """What is sent back for a request, through a guard before an application that says yes to everything."""
    sent: list[dict[str, Any]] = []

    async def yes(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"yes"})

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b""}

    in_own_loop(Guard(yes, ORIGINS)(scope, receive, send))
    yield from sent


@pytest.mark.parametrize(("name", "status"), [("the page", 200), ("a query by GET", 403)])
def test_no_other_page_frames_an_answer(name: str, status: int):
    start, *_ = answers((LET_THROUGH | REFUSED)[name])
    headers = dict(start["headers"])
    assert start["status"] == status
    assert headers[b"x-frame-options"] == b"DENY"
    assert b"frame-ancestors 'none'" in headers[b"content-security-policy"]


def test_a_socket_is_closed_before_it_is_opened():
    assert [message["type"] for message in answers(REFUSED["another page's socket"])] == ["websocket.close"]
