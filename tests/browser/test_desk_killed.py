"""The desk is killed in the middle of uploads: what it had acknowledged is there afterwards, and is judged."""

import os
import re
import signal
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import HTTPCookieProcessor, HTTPRedirectHandler, OpenerDirector, Request, build_opener

import pytest

from sources.declarations.city import City
from sources.submission.file_names import workbook_file_name
from sources.system.fingerprint import sha256_of, sha256_of_file
from sources.system.settings import Settings
from tests.browser.conftest import copied
from tests.browser.test_desk import YEAR, Desk, running_desk, school_of

pytestmark = pytest.mark.deep
UPLOADS, AT_ONCE, KILLED_AFTER = 30, 4, 12
PATIENCE_SECONDS = 300


class _Stay(HTTPRedirectHandler):
    """Tells where an answer leads, and does not go there."""

    def redirect_request(self, *_: object) -> None:
        return None


def opener_of(desk: Desk, role: str) -> OpenerDirector:
    """Somebody who is signed in, without a browser."""
    opener = build_opener(_Stay, HTTPCookieProcessor(CookieJar()))
    token = _token(opener, f"{desk.address}/sign-in")
    form = f"username={role}&password={desk.passwords[role]}&csrfmiddlewaretoken={token}".encode()
    with suppress(HTTPError):  # it leads on
        opener.open(Request(f"{desk.address}/sign-in", form, {"Referer": desk.address}))
    return opener


def _token(opener: OpenerDirector, address: str) -> str:
    page = opener.open(address).read().decode()
    return re.findall(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)[0]


def upload(desk: Desk, opener: OpenerDirector, token: str, school: str, data: bytes) -> str | None:
    """The address of the file as the desk has acknowledged it; None when there was no answer."""
    edge = uuid.uuid4().hex
    head = f'--{edge}\r\nContent-Disposition: form-data; name="csrfmiddlewaretoken"\r\n\r\n{token}\r\n'
    head += f'--{edge}\r\nContent-Disposition: form-data; name="workbook"; filename="a.xlsx"\r\n\r\n'
    body = head.encode() + data + f"\r\n--{edge}--\r\n".encode()
    kind = {"Content-Type": f"multipart/form-data; boundary={edge}", "Referer": desk.address}
    try:
        opener.open(Request(f"{desk.address}/school/{school}/{YEAR}/upload", body, kind), timeout=60)
    except URLError as answer:  # a redirect that is not followed, or a server that is gone
        return getattr(answer, "headers", {}).get("Location") if getattr(answer, "code", 0) == 302 else None
    except OSError:
        return None
    return None


def test_no_acknowledged_file_is_lost_when_everything_is_killed(
    city_run: Settings, city: City, tmp_path_factory: pytest.TempPathFactory
) -> None:
    settings = copied(city_run, tmp_path_factory.mktemp("killed"))
    name = workbook_file_name(city.respondent_by_code[school_of(city)], YEAR)
    workbook = (settings.inbox / name).read_bytes()
    acknowledged: dict[str, str] = {}
    enough = threading.Event()
    with running_desk(settings) as desk:
        opener = opener_of(desk, "school_clerk")
        token = _token(opener, f"{desk.address}/school/{school_of(city)}/{YEAR}")

        def send(number: int) -> None:
            data = workbook + b"\0" * number  # another content each, as a zip still a workbook
            if where := upload(desk, opener, token, school_of(city), data):
                acknowledged[where] = sha256_of(data)
            if len(acknowledged) >= KILLED_AFTER:
                enough.set()

        with ThreadPoolExecutor(AT_ONCE) as pool:
            sent = [pool.submit(send, number) for number in range(UPLOADS)]
            assert enough.wait(PATIENCE_SECONDS)
            _kill_all(settings)
            for each in sent:
                each.result()
    assert KILLED_AFTER <= len(acknowledged) < UPLOADS
    with running_desk(settings) as desk:
        folder = settings.home / "desk" / "uploads"
        for where, sha256 in acknowledged.items():
            assert sha256_of_file(folder / f"{where.split('/')[2]}.xlsx") == sha256
        _wait_until_judged(settings, len(acknowledged))


def _kill_all(settings: Settings) -> None:
    """kill -9 to every process that serves this home."""
    for entry in os.scandir("/proc"):
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                environment = Path(entry.path, "environ").read_bytes()
                if f"NIANBAO_HOME={settings.home}\0".encode() in environment:
                    os.kill(int(entry.name), signal.SIGKILL)
            except OSError:
                continue


def _wait_until_judged(settings: Settings, at_least: int) -> None:
    """Until the judge has looked at all that the database has; each file that was acknowledged is among it."""
    import sqlite3

    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        with sqlite3.connect(settings.home / "desk" / "desk.sqlite3") as database:
            states = dict(database.execute("select state, count(*) from desk_upload group by state").fetchall())
        if set(states) == {"judged"}:
            assert states["judged"] >= at_least
            return
        time.sleep(0.5)
    raise AssertionError(f"not judged: {states}")
