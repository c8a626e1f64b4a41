"""What a Dagster developer types at the project's root, as typed: dg, dagster; and it is the installation they see."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg
import pytest

from orchestration.launch import open_instance
from sources.system.settings import PROJECT_ROOT, Settings

BIN = Path(sys.executable).parent
START_SECONDS = 180
RUNS_AND_PLACES = """{
  runsOrError { ... on Runs { results { runId } } }
  workspaceOrError { ... on Workspace { locationEntries {
    name locationOrLoadError { __typename ... on PythonError { message } } } } }
}"""


def environment(settings: Settings) -> dict[str, str]:
    """A shell in which .venv is on the path, and nothing tells Dagster where its books are."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("DAGSTER_")}
    own = {"NIANBAO_HOME": str(settings.home), "NIANBAO_CITY": str(settings.city_dir)}
    return inherited | own | {"PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}


@pytest.mark.deep
@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("dg check defs", "All definitions loaded successfully"),
        ("dg list defs", "annual_report"),
        ("dagster definitions validate", "Validation successful"),
    ],
)
def test_the_definitions_load_as_typed_at_the_root(city_run: Settings, command: str, said: str):
    done = subprocess.run(command.split(), cwd=PROJECT_ROOT, env=environment(city_run), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert said in done.stdout + done.stderr


@pytest.mark.deep
def test_dagster_dev_as_typed_shows_the_installation_and_its_runs(fresh_copy: Settings, monkeypatch):
    noted = a_run_in_the_books(fresh_copy, monkeypatch)
    with dagster_dev(fresh_copy) as address:
        shown = loaded(address)
    assert {run["runId"] for run in shown["runsOrError"]["results"]} == {noted}
    (place,) = shown["workspaceOrError"]["locationEntries"]
    assert place["name"] == "orchestration.definitions"
    assert place["locationOrLoadError"] == {"__typename": "RepositoryLocation"}
    assert list(PROJECT_ROOT.glob(".tmp_dagster_home_*")) == []


def a_run_in_the_books(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> str:
    """As `nianbao run` notes one, in the installation's own folder; its id."""
    monkeypatch.setenv("DAGSTER_HOME", "")  # set by open_instance, and put back after the test
    with open_instance(settings) as instance:
        return instance.create_run_for_job(dg.GraphDefinition("noted").to_job()).run_id


@contextmanager
def dagster_dev(settings: Settings) -> Iterator[str]:
    """`dagster dev` at the root, on a port of its own; its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    process = subprocess.Popen(
        ["dagster", "dev", "-h", "127.0.0.1", "-p", port],
        cwd=PROJECT_ROOT,
        env=environment(settings),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)


def loaded(address: str) -> dict:
    """What the page asks first, as soon as the definitions are there."""
    deadline = time.monotonic() + START_SECONDS
    body = json.dumps({"query": RUNS_AND_PLACES}).encode()
    request = urllib.request.Request(f"{address}/graphql", body, {"Content-Type": "application/json"})
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                data = json.load(answer)["data"]
        except OSError:
            time.sleep(0.5)
            continue
        if all(entry["locationOrLoadError"] for entry in data["workspaceOrError"]["locationEntries"]):
            return data
        time.sleep(0.5)
    raise AssertionError(f"no definitions at {address} after {START_SECONDS} s")
