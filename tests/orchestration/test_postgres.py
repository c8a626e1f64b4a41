"""A team's installation, as docs/deploy.md sets it up: history in PostgreSQL, several runs at once, one that writes."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import dagster as dg
import pytest
import yaml

from orchestration.benchmark.stages import BUILT
from orchestration.defs.schedules import OTHER_WAITS
from orchestration.lib.asset_keys import AUDITED, DOCUMENTS_JOB, JOB, REASON_TAG
from sources.system.settings import PROJECT_ROOT, Settings
from tests.any_city.worlds import CITY, FIRST, SECOND, YEARS, pour
from tests.browser.conftest import free_port
from tests.browser.hostile_page import LAUNCH
from tests.crash.installation import content
from tests.orchestration.postgres_server import Server, programs_of_postgres, running_server
from warehouse.store.connection import working_lock

pytestmark = pytest.mark.deep

BIN, DEPLOY = Path(sys.executable).parent, PROJECT_ROOT / "docs" / "deploy"
LOCATION = "nianbao"
SOON = 300
"""Seconds after which something counts as hanging."""
BOTH = [word for year in YEARS for word in ("--year", str(year))]
SENT_AS = "zhang-san-private.xlsx"
"""How a sender named a file: nobody's matter but the archive's."""
TICKS = """{
  scheduleOrError(scheduleSelector: {repositoryName: "__repository__", repositoryLocationName: "nianbao",
                                     scheduleName: "nightly"}) {
    ... on Schedule { scheduleState { id ticks { skipReason } } } }
  sensorOrError(sensorSelector: {repositoryName: "__repository__", repositoryLocationName: "nianbao",
                                 sensorName: "inbox"}) {
    ... on Sensor { sensorState { ticks { skipReason } } } }
}"""


@dataclass(frozen=True)
class Team:
    """The installation, what its processes find in their environment, its page, and Dagster's books."""

    settings: Settings
    environment: dict[str, str]
    page: str
    books: dg.DagsterInstance

    def launches(self, job: str, year: int) -> str:
        """Launches a job for a year as the page does; the run's id."""
        of = {
            "selector": {"repositoryLocationName": LOCATION, "repositoryName": "__repository__", "jobName": job},
            "runConfigData": {},
            "executionMetadata": {"tags": [{"key": "dagster/partition", "value": str(year)}]},
        }
        return str(self.asks(LAUNCH, of=of)["launchRun"]["run"]["runId"])

    def asks(self, query: str, **variables: object) -> dict[str, Any]:
        """What the page is told."""
        body = json.dumps({"query": query, "variables": variables}).encode()
        asked = urllib.request.Request(f"{self.page}/graphql", body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(asked, timeout=SOON) as answer:
            return dict(json.load(answer)["data"])

    def types(self, *words: str) -> "subprocess.Popen[str]":
        """A command that somebody types on the server."""
        return subprocess.Popen(
            [BIN / "nianbao", *words],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def automatic(self) -> list[str]:
        """Runs that nobody has launched."""
        return [run.run_id for run in self.books.get_runs() if REASON_TAG in run.tags]

    def said(self, run_id: str) -> str:
        """What a run's page says so far."""
        return "\n".join(entry.user_message for entry in self.books.all_logs(run_id))

    def skipped(self) -> set[str]:
        """Why schedule and sensor have launched nothing."""
        told = self.asks(TICKS)
        of_night, of_inbox = told["scheduleOrError"]["scheduleState"], told["sensorOrError"]["sensorState"]
        return {tick["skipReason"] for tick in (*of_night["ticks"], *of_inbox["ticks"]) if tick["skipReason"]}

    def needs_no_more_nights(self) -> None:
        """Stops the schedule, as a click on its switch does."""
        told = self.asks(TICKS)["scheduleOrError"]["scheduleState"]
        self.asks("mutation($id: String!) { stopRunningSchedule(id: $id) { __typename } }", id=told["id"])

    def status(self, run_id: str) -> dg.DagsterRunStatus:
        run = self.books.get_run_by_id(run_id)
        assert run is not None
        return run.status

    def all_ended(self) -> bool:
        return all(run.is_finished for run in self.books.get_runs())

    def submissions_taken(self, run_id: str) -> int:
        """How many submissions a run has judged."""
        audited = next(each for each in self._made(run_id) if each.asset_key == AUDITED)  # the same for each year
        return sum(int(str(audited.metadata[name].value)) for name in ("接收", "退回"))

    def models_built(self, run_id: str) -> list[str]:
        """The models that a run has built anew, those left out that came of the same as before."""
        made = [each for each in self._made(run_id) if each.asset_key.path[0] in BUILT]
        return [each.asset_key.to_user_string() for each in made if "沿用" not in each.metadata]

    def _made(self, run_id: str) -> list[dg.AssetMaterialization]:
        kind = dg.DagsterEventType.ASSET_MATERIALIZATION
        records = self.books.get_records_for_run(run_id, of_type=kind).records
        return [each.asset_materialization for each in records if each.asset_materialization]


def until(holds: Callable[[], object], what: str) -> None:
    """Waits. Raises AssertionError where it takes so long that something hangs."""
    deadline = time.monotonic() + SOON
    while not holds():
        assert time.monotonic() < deadline, what
        time.sleep(0.2)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    if (programs := programs_of_postgres()) is None:
        pytest.skip("no PostgreSQL server on this machine (Debian package `postgresql`; tests/system_packages.sh)")
    if find_spec("dagster_postgres") is None:
        pytest.skip("dagster-postgres is not installed (make .venv/postgres.stamp)")
    with running_server(programs) as running:
        yield running


@pytest.fixture(scope="module")
def city_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The city, whose nights come every minute."""
    folder = shutil.copytree(CITY.city_dir, tmp_path_factory.mktemp("team") / "city")
    calendar = yaml.safe_load((folder / "calendar.yml").read_text("utf-8")) | {"nightly": "* * * * *"}
    (folder / "calendar.yml").write_text(yaml.safe_dump(calendar, allow_unicode=True), "utf-8")
    return folder


@pytest.fixture(scope="module")
def sent(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The workbooks of both years, in the order in which their schools sent them."""
    folder = tmp_path_factory.mktemp("sent")
    for year in YEARS:
        pour(CITY, year, folder)
    next(folder.glob(f"{SECOND}_*_3498000002*.xlsx")).rename(folder / SENT_AS)
    return folder


@pytest.fixture(scope="module")
def alone(city_dir: Path, sent: Path, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The same city on one person's machine, with Dagster's history in SQLite."""
    settings = Settings(home=tmp_path_factory.mktemp("alone") / "home", city_dir=city_dir)
    shutil.copytree(sent, settings.inbox)
    own = {"NIANBAO_HOME": str(settings.home), "NIANBAO_CITY": str(city_dir)}
    done = subprocess.run([BIN / "nianbao", "run", *BOTH], env=os.environ | own, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return settings


@pytest.fixture(scope="module")
def team(server: Server, city_dir: Path, sent: Path) -> Iterator[Team]:
    """The files of docs/deploy in their places, the code and the page started; no daemon yet."""
    with TemporaryDirectory(prefix="nianbao-team-") as name, ExitStack() as until_the_end:
        folder = Path(name)
        settings = Settings(home=folder / "data", city_dir=city_dir, shared_books=folder / "dagster")
        shutil.copytree(sent, settings.inbox)
        settings.dagster_home.mkdir()
        shutil.copy(DEPLOY / "dagster.yaml", settings.dagster_home)
        socket, port = folder / "code.sock", free_port()
        workspace = (DEPLOY / "workspace.yaml").read_text().replace("/run/nianbao/code.sock", str(socket))
        (settings.dagster_home / "workspace.yaml").write_text(workspace)
        environment = os.environ | _declared(settings, server.url)
        code = ("--module-name", "orchestration.definitions", "--location-name", LOCATION)
        workspace_of = ("--workspace", str(settings.dagster_home / "workspace.yaml"))
        for words in (
            ("dagster", "code-server", "start", "--socket", str(socket), *code),
            ("nianbao", "web", "--port", str(port), *workspace_of),
        ):
            until_the_end.enter_context(service(environment, folder, *words))
            if words[0] == "dagster":
                until(socket.exists, "the code is not served")
        patch = until_the_end.enter_context(pytest.MonkeyPatch.context())
        patch.setenv("DAGSTER_PG_URL", server.url)
        books = until_the_end.enter_context(dg.DagsterInstance.from_config(str(settings.dagster_home)))
        made = Team(settings, environment, f"http://127.0.0.1:{port}", books)
        until(lambda: _is_loaded(made), "the page does not show the code")
        yield made


def _declared(settings: Settings, url: str) -> dict[str, str]:
    """docs/deploy/nianbao.env with the paths, the address and the password of here."""
    lines = (DEPLOY / "nianbao.env").read_text("utf-8").splitlines()
    declared = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    here = {
        "NIANBAO_HOME": str(settings.home),
        "NIANBAO_CITY": str(settings.city_dir),
        "DAGSTER_HOME": str(settings.dagster_home),
        "NIANBAO_DAGSTER_HOME": str(settings.dagster_home),
        "DAGSTER_PG_URL": url,
    }
    assert here.keys() <= declared.keys()
    return declared | here


def _is_loaded(team: Team) -> bool:
    try:
        told = team.asks("{ repositoriesOrError { ... on RepositoryConnection { nodes { name } } } }")
    except OSError:  # the page is not there yet
        return False
    return bool(told["repositoriesOrError"].get("nodes"))


@contextmanager
def service(environment: dict[str, str], folder: Path, *words: str) -> Iterator[None]:
    """A service of docs/deploy, with the runs that are its children."""
    log = (folder / f"{words[0]}-{words[1]}.log").open("w")
    command = [str(BIN / words[0]), *words[1:]]
    process = subprocess.Popen(
        command, cwd=PROJECT_ROOT, env=environment, stdout=log, stderr=log, start_new_session=True
    )
    try:
        yield
        assert process.poll() is None, Path(log.name).read_text()
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
        log.close()


@pytest.fixture(scope="module")
def daemon(team: Team) -> Callable[[], Any]:
    workspace = str(team.settings.dagster_home / "workspace.yaml")
    return lambda: service(
        team.environment, team.settings.home.parent, "dagster-daemon", "run", "--workspace", workspace
    )


def test_who_works_at_once_publishes_what_one_alone_publishes(team: Team, daemon, alone: Settings, server: Server):
    """Two years are launched at the same time, beside the night, the inbox and a command, while somebody writes."""
    first, second = (team.launches(JOB, year) for year in YEARS)
    with daemon():
        with working_lock(team.settings):
            typed = team.types("run", *BOTH)
            until(
                lambda: "工作数据库正在使用中：进程" in team.said(first) + team.said(second), "nobody says why he waits"
            )
            until(team.automatic, "the night launches nothing")
            until(lambda: OTHER_WAITS in team.skipped(), "what waits already is launched once more")
            assert not team.settings.published_database.exists()
        team.needs_no_more_nights()
        told, _ = typed.communicate(timeout=SOON)
        assert typed.returncode == 0, told
        assert "工作数据库正在使用中：进程" in told
        assert "现在接着做" in told
        until(team.all_ended, "a run does not end")

        runs = [run.run_id for run in team.books.get_runs()]
        assert {first, second, *team.automatic()} < set(runs), "the command is in the same books"
        assert {each: team.status(each).value for each in runs} == dict.fromkeys(runs, "SUCCESS")
        assert content(team.settings.published_database) == content(alone.published_database)
        idle = [each for each in runs if not team.submissions_taken(each)]
        assert idle, "of runs of the same years, one finds nothing to take in"
        assert {each: team.models_built(each) for each in idle} == {each: [] for each in idle}
        assert sum(map(team.submissions_taken, runs)) == len(list(team.settings.inbox.iterdir()))

        with working_lock(team.settings):  # somebody writes, and whoever reads waits for nobody
            draft = team.launches(DOCUMENTS_JOB, FIRST)
            until(lambda: team.status(draft) is dg.DagsterRunStatus.SUCCESS, "a draft waits for whoever writes")
    again, _ = team.types("run", *BOTH).communicate(timeout=SOON)
    assert "没有新内容" in again
    assert SENT_AS not in server.dump(), "the history tells how a sender named a file"


def test_a_folder_that_says_nothing_of_the_books_is_told(team: Team, tmp_path: Path):
    wrong = Team(team.settings, team.environment | {"NIANBAO_DAGSTER_HOME": str(tmp_path)}, team.page, team.books)
    told, _ = (typed := wrong.types("run", *BOTH, "--force")).communicate(timeout=SOON)
    assert typed.returncode == 1
    assert f"没有 {tmp_path}/dagster.yaml" in told.replace("\n", "")
    assert list(tmp_path.iterdir()) == []
