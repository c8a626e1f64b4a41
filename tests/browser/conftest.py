"""A real Chromium against a real `nianbao ui`; skipped, with the reason, where there is no browser."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from sources.system.settings import Settings

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
OFFLINE = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
START_SECONDS = 120


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine (Debian package `chromium`)")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=OFFLINE)
        yield launched
        launched.close()


@pytest.fixture(scope="session")
def shown_installation(city_run: Settings, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """What the UI shows: a copy of the sample city."""
    settings = replace(city_run, home=tmp_path_factory.mktemp("ui") / "home")
    shutil.copytree(city_run.home, settings.home, ignore=shutil.ignore_patterns("dbt"))
    return settings


@pytest.fixture(scope="session")
def ui(browser: Browser, shown_installation: Settings) -> Iterator[str]:
    """The address of a running UI on an installation of its own."""
    settings = shown_installation
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = os.environ | {"NIANBAO_HOME": str(settings.home), "NIANBAO_CITY": str(settings.city_dir)}
    command = [str(Path(sys.executable).with_name("nianbao")), "ui", "--port", str(port)]
    log = (settings.home / "ui.log").open("w")
    process = subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True)
    try:
        _wait_for(f"http://127.0.0.1:{port}/server_info", process)
        yield f"http://127.0.0.1:{port}"
    finally:
        os.killpg(process.pid, signal.SIGINT)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)


def _wait_for(address: str, process: subprocess.Popen) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        assert process.poll() is None, "the UI has stopped"
        try:
            urllib.request.urlopen(address, timeout=2)
            return
        except OSError:
            time.sleep(0.5)
    raise AssertionError(f"no UI at {address} after {START_SECONDS} s")


@pytest.fixture(scope="session")
def screenshots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where screenshots go: NIANBAO_SCREENSHOTS (the manual's pictures are made so), or a temporary folder."""
    folder = os.environ.get("NIANBAO_SCREENSHOTS")
    return Path(folder) if folder else tmp_path_factory.mktemp("screenshots")
