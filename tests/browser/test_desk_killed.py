"""The desk is killed in the middle of uploads: what it had acknowledged is there afterwards, and is judged."""

import os
import signal
import sqlite3
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from sources.declarations.city import City
from sources.submission.file_names import workbook_file_name
from sources.system.fingerprint import sha256_of, sha256_of_file
from sources.system.settings import Settings
from tests.browser.conftest import copied
from tests.browser.test_desk import YEAR, running_desk, school_of
from tests.browser.visitor import Visitor

pytestmark = pytest.mark.deep
UPLOADS, AT_ONCE, KILLED_AFTER = 30, 4, 12
PATIENCE_SECONDS = 300


def test_no_acknowledged_file_is_lost_when_everything_is_killed(
    city_run: Settings, city: City, tmp_path_factory: pytest.TempPathFactory
) -> None:
    settings = copied(city_run, tmp_path_factory.mktemp("killed"))
    name = workbook_file_name(city.respondent_by_code[school_of(city)], YEAR)
    workbook = (settings.inbox / name).read_bytes()
    acknowledged: dict[str, str] = {}
    enough = threading.Event()
    with running_desk(settings) as desk:
        clerk = Visitor(desk.address, "school_clerk", desk.passwords["school_clerk"])
        at = f"/school/{school_of(city)}/{YEAR}"
        token = clerk.token_of(at)

        def send(number: int) -> None:
            data = workbook + b"\0" * number  # another content each, as a zip still a workbook
            if (answer := clerk.upload(f"{at}/upload", data, token)).status == 302:
                acknowledged[answer.leads_to] = sha256_of(data)
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
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        with sqlite3.connect(settings.home / "desk" / "desk.sqlite3") as database:
            states = dict(database.execute("select state, count(*) from desk_upload group by state").fetchall())
        if set(states) == {"judged"}:
            assert states["judged"] >= at_least
            return
        time.sleep(0.5)
    raise AssertionError(f"not judged: {states}")
