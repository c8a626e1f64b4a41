"""The page hands out the marked workbooks of this installation, by their names in the list, and no other file."""

import json
from pathlib import Path
from typing import Any

import pytest

from orchestration.lib.addresses import marked_workbook
from orchestration.lib.metadata import Link
from orchestration.web.guard import Guard, local_origins
from orchestration.web.marked_workbooks import MarkedWorkbooks, listed_workbook
from tests.support.own_loop import in_own_loop

NAME = "2023/某校（一）_3f9a17c2_校验结果.xlsx"
OUTSIDE = ("../secret", "2023/../../secret", "/etc/passwd")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "feedback"
    (folder / "2023").mkdir(parents=True)
    (folder / NAME).write_bytes(b"marked")
    (folder / "2023" / "not listed.xlsx").write_bytes(b"secret")
    (tmp_path / "secret").write_bytes(b"secret")
    (folder / "2023" / "link.xlsx").symlink_to(tmp_path / "secret")
    (folder / "2023" / "folder.xlsx").mkdir()
    listed = [NAME, "2023/link.xlsx", "2023/folder.xlsx", "2023/gone.xlsx", *OUTSIDE]
    (folder / "index.json").write_text(json.dumps(dict.fromkeys(listed, "f")))
    return folder


def test_a_workbook_of_the_list_is_handed_out(folder: Path):
    assert listed_workbook(folder, NAME) == b"marked"


@pytest.mark.parametrize(
    "name",
    [
        *("", "index.json", "2023", "2023/not listed.xlsx", NAME.replace("/", "//"), "2023/gone.xlsx"),
        *("2023/link.xlsx", "2023/folder.xlsx", "..\\secret", "a\0b", *OUTSIDE),
    ],
)
def test_nothing_else_is_even_where_the_list_names_it(folder: Path, name: str):
    assert listed_workbook(folder, name) is None


def test_without_a_list_there_is_nothing(tmp_path: Path):
    assert listed_workbook(tmp_path, NAME) is None


def asked(folder: Path, path: str, headers: dict[str, str]) -> list[dict[str, Any]]:
    """What is answered, with the guard in front and Dagster's page behind."""
    sent: list[dict[str, Any]] = []

    async def page(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"page"})

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b""}

    given = [(name.encode(), value.encode()) for name, value in ({"host": "127.0.0.1:3000"} | headers).items()]
    scope = {"type": "http", "method": "GET", "path": path, "query_string": b"", "headers": given}
    in_own_loop(Guard(MarkedWorkbooks(page, folder), frozenset(local_origins(3000)))(scope, receive, send))
    return sent


def test_the_link_of_the_page_downloads_it_under_its_name(folder: Path):
    assert Link("退回件", marked_workbook(NAME)).address.isascii()
    start, body = asked(folder, f"/feedback/{NAME}", {})
    headers = dict(start["headers"])
    assert (start["status"], body["body"]) == (200, b"marked")
    assert headers[b"content-disposition"].startswith(b"attachment; filename*=UTF-8''%E6%9F%90")
    assert headers[b"x-content-type-options"] == b"nosniff"


def test_what_is_gone_is_told_and_the_page_answers_for_the_rest(folder: Path):
    start, body = asked(folder, "/feedback/2023/gone.xlsx", {})
    assert (start["status"], "报送情况" in body["body"].decode()) == (404, True)
    assert asked(folder, "/feedbacks", {})[1]["body"] == b"page"


def test_another_page_gets_no_workbook(folder: Path):
    start, _ = asked(folder, f"/feedback/{NAME}", {"origin": "http://evil.example"})
    assert start["status"] == 403
