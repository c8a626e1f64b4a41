"""What the page says of a run that fails and of a rejected workbook: on an installation that nobody else shows."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from sources.declarations.city import City
from sources.system.settings import Settings
from tests.browser.conftest import copied, running_ui
from tests.browser.hostile_page import OF, QUESTION
from tests.browser.pictures import take
from tests.conftest import NURSING_SCHOOL, cell_of, edit

pytestmark = [pytest.mark.browser, pytest.mark.deep]

RUN_MILLISECONDS = 180_000
HOLD = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('held', flush=True); sys.stdin.read()"


@pytest.fixture(scope="module")
def installation(city_run: Settings, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return copied(city_run, tmp_path_factory.mktemp("failing"))


@pytest.fixture(scope="module")
def address(browser: Browser, installation: Settings) -> Iterator[str]:
    with running_ui(installation) as running:
        yield running


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    opened = browser.new_page(viewport={"width": 1600, "height": 900}, base_url=address, locale="zh-CN")
    yield opened
    opened.close()


def launch(page: Page, job: str) -> str:
    """Launches a job for 2023 as the page does; the run's id."""
    question = {"query": QUESTION["query"], "variables": {"of": OF | {"runConfigData": {}}}}
    question["variables"]["of"]["selector"] = OF["selector"] | {"jobName": job}
    options = {"method": "POST", "headers": {"content-type": "application/json"}, "body": json.dumps(question)}
    told = page.evaluate("async (options) => (await fetch('/graphql', options)).json()", options)
    return told["data"]["launchRun"]["run"]["runId"]


def test_a_run_that_fails_says_in_chinese_why_and_what_to_do(page: Page, screenshots, installation: Settings):
    held = [sys.executable, "-c", HOLD, str(installation.working_database)]
    other = subprocess.Popen(held, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert other.stdout is not None
    other.stdout.readline()
    page.goto("/runs")
    run_id = launch(page, "annual_report")
    page.goto(f"/runs/{run_id}")
    expect(page.get_by_text("Failure", exact=True).first).to_be_visible(timeout=RUN_MILLISECONDS)
    other.communicate()
    page.reload()  # the log of a run that has ended stands at its end
    take(page, "ui_failed.png", screenshots)
    expect(page.get_by_text("Stack Trace")).to_have_count(0)


def test_the_list_of_runs_shows_in_which_one_a_workbook_was_rejected(
    page: Page, screenshots, installation: Settings, city: City
):
    """Last, because the installation is not the same afterwards."""
    place = "学生情况", "全日制在校生数"
    edit(installation, city, NURSING_SCHOOL, 2023, lambda b: cell_of(b, *place).__setattr__("value", "x"))
    own = {"NIANBAO_HOME": str(installation.home), "NIANBAO_CITY": str(installation.city_dir)}
    command = [str(Path(sys.executable).with_name("nianbao")), "run", "--year", "2023"]
    subprocess.run(command, env=os.environ | own, check=True, capture_output=True)
    page.goto("/runs")
    expect(page.get_by_text("退回 1 份").first).to_be_visible(timeout=30_000)
    expect(page.get_by_text("退回")).to_have_count(1)  # the runs before were clean, and do not say so
    page.screenshot(path=screenshots / "runs.png")


STOP = "mutation ($run: String!) { terminateRun(runId: $run) { __typename } }"
STATE = "query ($run: ID!) { runOrError(runId: $run) { ... on Run { status } } }"


def ask(page: Page, query: str, run_id: str) -> dict:
    """Asks Dagster's page, as itself, about a run."""
    body = json.dumps({"query": query, "variables": {"run": run_id}})
    options = {"method": "POST", "headers": {"content-type": "application/json"}, "body": body}
    return page.evaluate("async (options) => (await fetch('/graphql', options)).json()", options)["data"]


def commands_of_runs() -> list[str]:
    """The command lines of processes that a fork server has started, each the server's own."""
    told = subprocess.run(["ps", "-ww", "-eo", "ppid=,pid=,args="], capture_output=True, text=True, check=True).stdout
    processes = {pid: (ppid, args) for ppid, pid, args in (line.split(None, 2) for line in told.splitlines())}
    servers = {pid for pid, (_, args) in processes.items() if "multiprocessing.forkserver" in args}
    return [args for ppid, args in processes.values() if ppid in servers]


def test_a_run_starts_with_modules_imported_and_can_be_stopped_from_the_page(page: Page):
    """Dagster's code server would start it with none; what is stopped there ends, and the next one runs."""
    page.goto("/runs")
    run_id = launch(page, "annual_report")
    page.goto(f"/runs/{run_id}")
    expect(page).to_have_title(re.compile("STARTED"), timeout=RUN_MILLISECONDS)
    assert any("dagster._grpc.impl" in each for each in commands_of_runs())
    assert ask(page, STOP, run_id)["terminateRun"]["__typename"] == "TerminateRunSuccess"
    expect(page).to_have_title(re.compile("CANCELED"), timeout=RUN_MILLISECONDS)
    next_id = launch(page, "annual_report")
    page.goto(f"/runs/{next_id}")
    expect(page).to_have_title(re.compile("SUCCESS"), timeout=RUN_MILLISECONDS)
    assert ask(page, STATE, run_id)["runOrError"]["status"] == "CANCELED"
