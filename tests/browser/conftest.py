"""A real Chromium against a real `nianbao ui`; skipped, with the reason, where there is no browser."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from sources.declarations.city import City
from sources.system.settings import Settings
from tests.release.reader import build_site
from warehouse.store.connection import open_published

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
OFFLINE = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # names that somebody else owns and that point to this machine
    "--host-resolver-rules=MAP *.example 127.0.0.1",
]
NIANBAO = str(Path(sys.executable).with_name("nianbao"))
START_SECONDS = 120


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine (Debian package `chromium`)")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=OFFLINE)
        yield launched
        launched.close()


def copied(city_run: Settings, folder: Path) -> Settings:
    """A copy of the sample city."""
    settings = replace(city_run, home=folder / "home")
    shutil.copytree(city_run.home, settings.home, ignore=shutil.ignore_patterns("dbt"))
    return settings


@contextmanager
def running_ui(
    settings: Settings, program: str = NIANBAO, more: Mapping[str, str] = MappingProxyType({})
) -> Iterator[str]:
    """The address of a running `nianbao ui`; `more` is added to its environment."""
    port = free_port()
    own = {"NIANBAO_HOME": str(settings.home), "NIANBAO_CITY": str(settings.city_dir)}
    environment = os.environ | own | {"NIANBAO_WEB_ORIGINS": "https://nianbao.example", "NIANBAO_WAIT_SECONDS": "20"}
    command = [program, "ui", "--port", str(port)]
    log = (settings.home / "ui.log").open("w")
    process = subprocess.Popen(command, env=environment | more, stdout=log, stderr=log, start_new_session=True)
    try:
        _wait_for(f"http://127.0.0.1:{port}/server_info", process)
        yield f"http://127.0.0.1:{port}"
    finally:
        os.killpg(process.pid, signal.SIGINT)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)


@pytest.fixture(scope="session")
def shown_installation(city_run: Settings, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """What the UI shows; a test that leaves it otherwise than it was takes a copy of its own."""
    return copied(city_run, tmp_path_factory.mktemp("ui"))


@pytest.fixture(scope="session")
def ui(browser: Browser, shown_installation: Settings) -> Iterator[str]:
    with running_ui(shown_installation) as address:
        yield address


def _wait_for(address: str, process: subprocess.Popen) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        assert process.poll() is None, "the UI has stopped"
        try:
            urllib.request.urlopen(address, timeout=2)
            return
        except OSError:
            time.sleep(0.1)
    raise AssertionError(f"no UI at {address} after {START_SECONDS} s")


@pytest.fixture(scope="session")
def screenshots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where screenshots go: NIANBAO_SCREENSHOTS (the manual's pictures are made so), or a temporary folder."""
    folder = os.environ.get("NIANBAO_SCREENSHOTS")
    return Path(folder) if folder else tmp_path_factory.mktemp("screenshots")


@pytest.fixture(scope="session")
def site(browser: Browser, city_run: Settings, city: City, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of the sample city's site on the disk."""
    folder = tmp_path_factory.mktemp("release") / "site"
    with open_published(city_run) as connection:
        build_site(connection, city, folder)
    return folder.as_uri()


@pytest.fixture
def opened(browser: Browser) -> Iterator[Callable[[dict[str, int]], Page]]:
    """Opens a page of a size, without a network; at its end nothing was logged, nothing failed, nothing was asked of
    the outside."""
    contexts, troubles = [], []

    def open_page(viewport: dict[str, int]) -> Page:
        context = browser.new_context(viewport=viewport, locale="zh-CN", offline=True)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: troubles.append(f"console: {message.text}"))
        page.on("pageerror", lambda error: troubles.append(f"error: {error}"))
        page.on("requestfailed", lambda request: troubles.append(f"failed: {request.url}"))
        page.on(
            "request",
            lambda request: (
                None if request.url.startswith(("file://", "data:", "blob:")) else troubles.append(request.url)
            ),
        )
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert troubles == []
