"""Hands a marked workbook to the browser, from a link of the page: those of this installation, and no other file.

What may be had is what the feedback folder's own list names, by exactly that name: a path is never put together from
what was asked for. The guard stands before it, as before Dagster's page.
"""

import json
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from orchestration.lib.addresses import MARKED_WORKBOOKS
from warehouse.intake.feedback import INDEX

EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
GONE = "没有这份退回件：问题已经改正，或又报了新的一版。请回到“报送情况”页，点那里的链接。\n"


@dataclass(frozen=True, slots=True)
class MarkedWorkbooks:
    """An ASGI application before another: answers for /feedback/…, and leaves all else to the other."""

    app: ASGIApp
    folder: Path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(MARKED_WORKBOOKS):
            await self.app(scope, receive, send)
            return
        name = scope["path"].removeprefix(MARKED_WORKBOOKS)
        data = await run_in_threadpool(listed_workbook, self.folder, name)
        await _answer(name, data)(scope, receive, send)


def listed_workbook(folder: Path, name: str) -> bytes | None:
    """The workbook's bytes; None when the folder's list does not name it, or it is not a file of its own there."""
    try:
        if name not in json.loads((folder / INDEX).read_bytes()):
            return None
        path, home = folder / name, folder.resolve()
        if path.resolve(strict=True) != home / name or not (home / name).is_relative_to(home):
            return None
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
            return file.read() if stat.S_ISREG(os.fstat(file.fileno()).st_mode) else None
    except (OSError, ValueError):
        return None  # the answer says that there is none; nobody is told of more


def _answer(name: str, data: bytes | None) -> Response:
    if data is None:
        return PlainTextResponse(GONE, 404)
    called = quote(name.rsplit("/", 1)[-1])
    headers = {"content-disposition": f"attachment; filename*=UTF-8''{called}", "cache-control": "no-store"}
    return Response(data, media_type=EXCEL, headers=headers)
