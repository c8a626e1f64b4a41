"""Another page in the clerk's browser can launch nothing: not at `nianbao ui`, not behind the nginx of docs/deploy.

Real Chromium, real servers. That the attacks are real is shown on a server that refuses nothing.
"""

import json
import os
import shutil
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from sources.declarations.city import load_city
from sources.system.settings import PROJECT_ROOT, Settings
from tests.browser.conftest import CHROMIUM, OFFLINE, free_port
from tests.browser.hostile_page import QUESTION, hostile_page
from tests.browser.launchpad import NOTHING_CHOSEN, choose_partition
from tests.support.confirmed import BY, confirm_each
from warehouse.intake.released import MANIFEST, releases_folder
from warehouse.release.manifest import read_manifest

pytestmark = pytest.mark.browser

# Chromium asks for a page's picture when it likes, also while the attacks go on; a page that names one is not asked
NO_ICON = '<link rel="icon" href="data:,">'
HARMLESS = {"refused", "not told", "nothing", "403", "421"}
RUN_SECONDS = 300
RUNS = "{ runsOrError(limit: 1000) { ... on Runs { results { runId jobName status } } } }"


@dataclass
class Reached:
    """A server that refuses nothing, and what has reached it: method, path without query, Host, Origin."""

    port: int = 0
    requests: list[tuple[str, str, str, str]] = field(default_factory=list)


@contextmanager
def serving(answer: Callable[[str], str]) -> Iterator[Reached]:
    """Answers each path with HTML."""
    reached = Reached()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            headers = self.headers
            self.rfile.read(int(headers.get("Content-Length", 0)))
            path = self.path.partition("?")[0]
            reached.requests.append((self.command, path, headers.get("Host", ""), headers.get("Origin", "")))
            data = answer(path).encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_POST = do_OPTIONS = do_GET  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    reached.port = server.server_port
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield reached
    finally:
        server.shutdown()
        server.server_close()


def attacked(page: Page, target: str) -> dict[str, str]:
    """What came of each attack from a page of another host on this machine."""
    with serving(lambda _: hostile_page(target)) as elsewhere:
        page.goto(f"http://evil.example:{elsewhere.port}/")
        expect(page).to_have_title("done", timeout=90_000)
        return page.evaluate("outcomes")


def attacked_by_rebinding(page: Page, target: str) -> dict[str, str]:
    """The same from a page whose name was first that of its own server, and then that of the target."""
    page.route(f"{target}/start", lambda route: route.fulfill(body=hostile_page(target), content_type="text/html"))
    page.goto(f"{target}/start")
    expect(page).to_have_title("done", timeout=90_000)
    return page.evaluate("outcomes")


def runs(address: str) -> list[dict[str, str]]:
    body = json.dumps({"query": RUNS}).encode()
    request = urllib.request.Request(f"{address}/graphql", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)["data"]["runsOrError"]["results"]


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    opened = browser.new_page()
    yield opened
    opened.close()


def test_the_attacks_are_real(page: Page):
    with serving(lambda _: "{}") as careless:
        attacked(page, f"http://127.0.0.1:{careless.port}")
    methods = {(method, path) for method, path, _, _ in careless.requests}
    assert {("GET", "/graphql"), ("POST", "/graphql"), ("GET", "/runs")} <= methods
    assert sum(method == "POST" for method, _, _, _ in careless.requests) >= 5


def test_no_other_page_launches_anything(page: Page, ui: str):
    before = runs(ui)
    outcomes = attacked(page, ui)
    assert len(outcomes) == 12
    assert set(outcomes.values()) <= HARMLESS, outcomes
    assert "chrome-error:" in {frame.url[:13] for frame in page.frames}  # the frame that was to show our page
    assert runs(ui) == before


def test_a_name_that_points_to_this_machine_is_not_ours(page: Page, ui: str):
    before = runs(ui)
    port = ui.rsplit(":", 1)[1]
    outcomes = attacked_by_rebinding(page, f"http://rebound.example:{port}")
    assert set(outcomes.values()) <= HARMLESS, outcomes
    assert runs(ui) == before


def test_a_link_from_elsewhere_opens_the_page_and_a_link_that_is_a_mutation_does_not(page: Page, ui: str):
    before = runs(ui)
    with serving(lambda _: f"<a href='{ui}/runs'>open</a> <a href='{ui}/graphql?query=mutation'>launch</a>") as mail:
        page.goto(f"http://evil.example:{mail.port}/")
        page.get_by_text("launch").click()
        expect(page.get_by_text("/graphql 只接受 POST")).to_be_visible()
        page.goto(f"http://evil.example:{mail.port}/")
        page.get_by_text("open").click()
        expect(page.get_by_text("Runs").first).to_be_visible(timeout=30_000)
    assert runs(ui) == before


@pytest.mark.deep
def test_a_run_alone_releases_nothing(page: Page, ui: str, shown_installation: Settings):
    """What the attacks asked for, asked by the page itself: it is launched, and wants the code."""
    page.goto(f"{ui}/runs")
    options = {"method": "POST", "headers": {"content-type": "application/json"}, "body": json.dumps(QUESTION)}
    told = page.evaluate("async (options) => (await fetch('/graphql', options)).json()", options)
    run_id = told["data"]["launchRun"]["run"]["runId"]
    deadline = time.monotonic() + RUN_SECONDS
    while (status := {run["runId"]: run["status"] for run in runs(ui)}[run_id]) not in ("SUCCESS", "FAILURE"):
        assert time.monotonic() < deadline, status
        time.sleep(1)
    assert status == "FAILURE"
    assert not releases_folder(shown_installation).exists() or not any(releases_folder(shown_installation).iterdir())
    page.goto(f"{ui}/runs/{run_id}")
    expect(page.get_by_text("确认码不是 2023.1 的").first).to_be_visible(timeout=30_000)


@pytest.mark.deep
def test_a_person_releases_from_the_page_with_the_code_of_the_terminal(
    page: Page, ui: str, shown_installation: Settings
):
    settings = shown_installation
    own = {"NIANBAO_HOME": str(settings.home), "NIANBAO_CITY": str(settings.city_dir)}
    command = [str(Path(sys.executable).with_name("nianbao")), "release", "2023", "--dry-run", "--json"]
    looked = subprocess.run(command, env=os.environ | own, capture_output=True, text=True, encoding="utf-8")
    assert looked.returncode == 3, looked.stderr  # its warnings are not explained: somebody has to confirm each
    confirm_each(settings, load_city(settings.city_dir), 2023)
    looked = subprocess.run(command, env=os.environ | own, capture_output=True, text=True, encoding="utf-8")
    assert looked.returncode == 0, looked.stderr
    typed = {"确认码": json.loads(looked.stdout)["code"]}
    page.set_viewport_size({"width": 1600, "height": 1000})
    page.goto(f"{ui}/locations/orchestration.definitions/jobs/make_release")
    page.get_by_role("button", name="Materialize").first.click(timeout=60_000)
    confirm, partitions = (
        page.get_by_role("button", name="Confirm"),
        page.get_by_text(NOTHING_CHOSEN),
    )
    expect(confirm.or_(partitions).first).to_be_visible(timeout=30_000)
    if confirm.is_visible():  # Dagster has seen no run that published: this installation was made without it
        confirm.click()
    choose_partition(page, "2023")
    page.keyboard.press("Escape")
    page.get_by_text("Config", exact=True).click()
    page.get_by_role("button", name="Add config").click()
    page.locator(".CodeMirror").last.click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(json.dumps({"ops": {"released": {"config": typed}}}, ensure_ascii=False))
    page.get_by_role("button", name="Save config").click()
    page.get_by_role("button", name="Launch 1 run").click()
    folder = releases_folder(settings) / "2023.1"
    deadline = time.monotonic() + RUN_SECONDS
    while not (folder / MANIFEST).exists():
        assert time.monotonic() < deadline, runs(ui)
        time.sleep(1)
    manifest = read_manifest(folder)
    assert manifest.signed_by == (BY,)
    assert {item["point"] for item in manifest.confirmed} == {"moved", "warnings"}


NGINX = shutil.which("nginx") or ("/usr/sbin/nginx" if Path("/usr/sbin/nginx").exists() else None)
AT_HOME = """
pid {folder}/pid; error_log {folder}/error.log; daemon off; worker_processes 1;
{user}
events {{}}
http {{
  access_log {folder}/access.log;
  {bodies}
  include {folder}/nianbao.conf;
}}
"""


@contextmanager
def nginx(folder: Path, behind: int, site: Path) -> Iterator[int]:
    """The nginx of docs/deploy before a port of this machine; only its paths and ports are others. Its port."""
    if NGINX is None:
        pytest.skip("no nginx on this machine (Debian package `nginx-light`)")
    port = free_port()
    pair = ("-keyout", str(folder / "key"), "-out", str(folder / "crt"))
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=nianbao", *pair],
        check=True,
        capture_output=True,
    )
    text = (PROJECT_ROOT / "docs" / "deploy" / "nginx.conf").read_text(encoding="utf-8")
    for there, here in {
        "listen 443": f"listen 127.0.0.1:{port}",
        "http://127.0.0.1:3000": f"http://127.0.0.1:{behind}",
        "/etc/ssl/report.nianbao.": f"{folder}/",
        "/etc/ssl/nianbao.": f"{folder}/",
        "/etc/nginx/nianbao.htpasswd": f"{folder}/htpasswd",
        "/srv/nianbao/data/releases/2023.1": str(site),
    }.items():
        assert there in text
        text = text.replace(there, here)
    (folder / "nianbao.conf").write_text(text, encoding="utf-8")
    (folder / "htpasswd").write_text("clerk:{PLAIN}secret\n")
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    bodies = " ".join(f"{kind}_temp_path {folder}/{kind};" for kind in kinds)
    main = AT_HOME.format(folder=folder, bodies=bodies, user="user root;" if Path(folder).owner() == "root" else "")
    (folder / "nginx.conf").write_text(main)
    process = subprocess.Popen([NGINX, "-c", str(folder / "nginx.conf"), "-e", str(folder / "error.log")])
    try:
        deadline = time.monotonic() + 20
        while not (folder / "pid").exists():
            assert process.poll() is None, (folder / "error.log").read_text()
            assert time.monotonic() < deadline
            time.sleep(0.1)
        yield port
    finally:
        process.terminate()
        process.wait(20)


@contextmanager
def clerk_at(port: int, browser: Browser) -> Iterator[Page]:
    """A browser for which every name of .example is nginx, as on the network; the clerk has logged in."""
    kind = browser.browser_type
    rules = [f"--host-resolver-rules=MAP *.example:443 127.0.0.1:{port}, MAP *.example 127.0.0.1"]
    arguments = [each for each in OFFLINE if not each.startswith("--host-resolver-rules")]
    launched = kind.launch(executable_path=CHROMIUM, args=[*arguments, *rules])
    login = {"username": "clerk", "password": "secret"}
    context = launched.new_context(
        ignore_https_errors=True, http_credentials=login, viewport={"width": 1600, "height": 900}
    )
    yield context.new_page()
    launched.close()


def test_no_other_page_gets_past_nginx(tmp_path: Path, browser: Browser):
    with (
        serving(lambda _: NO_ICON + "the page") as behind,
        nginx(tmp_path, behind.port, tmp_path) as port,
        clerk_at(port, browser) as page,
    ):
        page.goto("https://nianbao.example/runs")
        expect(page.get_by_text("the page")).to_be_visible()
        assert [request[:3] for request in behind.requests if request[1] == "/runs"] == [
            ("GET", "/runs", "nianbao.example")
        ]
        behind.requests.clear()
        outcomes = attacked(page, "https://nianbao.example")
        assert len(outcomes) == 12
        assert set(outcomes.values()) <= HARMLESS, outcomes
        outcomes = attacked_by_rebinding(page, "https://rebound.example")
        assert set(outcomes.values()) <= HARMLESS, outcomes
        assert behind.requests == []


def test_the_page_works_behind_nginx_and_the_site_has_a_name_of_its_own(
    tmp_path: Path, browser: Browser, ui: str, shown_installation: Settings
):
    site = tmp_path / "2023.1" / "site"
    site.mkdir(parents=True)
    (site / "index.html").write_text("<a href='../all.zip'>the report</a>", encoding="utf-8")
    (site.parent / "all.zip").write_bytes(b"all")
    (site.parent / "manifest.json").write_text("{}")
    with nginx(tmp_path, int(ui.rsplit(":", 1)[1]), site.parent) as port, clerk_at(port, browser) as page:
        page.goto("https://nianbao.example/asset-groups")
        expect(page.get_by_text("g1_intake").first).to_be_visible(timeout=30_000)
        sockets = page.evaluate(
            "() => new Promise(done => { const made = new WebSocket('wss://nianbao.example/graphql', 'graphql-ws');"
            " made.onopen = () => done('opened'); made.onerror = () => done('refused'); })"
        )
        assert sockets == "opened"
        page.goto("https://report.nianbao.example/")
        expect(page.get_by_text("the report")).to_be_visible()
        statuses = "Promise.all(['/all.zip', '/manifest.json'].map(async path => (await fetch(path)).status))"
        assert page.evaluate(statuses) == [200, 404]
        assert page.evaluate("fetch('https://nianbao.example/server_info').catch(() => 'refused')") == "refused"
