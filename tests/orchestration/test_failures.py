"""What the page says of a run that fails: a Chinese sentence with what to do, first and without a traceback."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.execution.plan.objects import StepFailureData

from orchestration import definitions
from orchestration.defs.refused_jobs import STEPS_OF, build_refused_jobs
from orchestration.lib.addresses import asset_page
from orchestration.lib.asset_keys import DOCUMENTS_JOB, FAILURE_TAG, JOB, RELEASE_JOB, SCHOOL_REPORTS_JOB
from orchestration.lib.failures import tells_failures
from orchestration.lib.installation import HELD, INSTALLATION, Installation
from orchestration.lib.metadata import Link, markdown_table
from orchestration.lib.recovery import held_by_run
from sources.declarations.city import City
from sources.system.faults import ToldError
from sources.system.settings import Settings
from warehouse.store.connection import open_working


def failed_run(work, held: dg.ResourceDefinition | Installation) -> tuple[dg.DagsterRun, StepFailureData]:
    """A run of one asset that does this work, as Dagster's books have it afterwards."""
    asset = dg.multi_asset(name="one", specs=[dg.AssetSpec("one")])(tells_failures(work))
    resources = {HELD: held}
    with dg.DagsterInstance.ephemeral() as instance:
        result = dg.materialize([asset], instance=instance, resources=resources, raise_on_error=False)
        assert not result.success
        run = instance.get_run_by_id(result.run_id)
        assert run is not None
        return run, result.failure_data_for_node("one")


def raising(error: Exception):
    def work(context: dg.AssetExecutionContext, held: dg.ResourceParam[Installation]) -> dg.MaterializeResult:
        raise error

    return work


def stacks(failure: StepFailureData) -> list[list[str]]:
    shown, found = failure.error, []
    while shown:
        found.append(list(shown.stack))
        shown = shown.cause or shown.context
    return found


def test_an_error_for_people_is_told_as_it_is_and_in_the_list_of_runs(city: City, empty: Settings):
    run, failure = failed_run(raising(ToldError("请先关闭它：x\nIO Error")), Installation(empty, city))
    assert failure.error.message == "请先关闭它：x\n"
    assert stacks(failure) == [[]]
    assert failure.user_failure_data.metadata["原因"].value == "IO Error"
    assert run.tags[FAILURE_TAG] == "请先关闭它：x"


def test_a_mistake_of_the_program_says_so_and_keeps_its_traceback_below(city: City, empty: Settings):
    _, failure = failed_run(raising(KeyError("x")), Installation(empty, city))
    assert failure.error.message.startswith("程序出错（KeyError：'x'）")
    first, below = stacks(failure)[:2]
    assert first == []
    assert any("test_failures.py" in line for line in below)


HOLD = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('held', flush=True); sys.stdin.read()"


def test_a_database_that_another_program_has_open_is_told_by_the_first_step(city: City, empty: Settings):
    with open_working(empty):
        pass
    command = [sys.executable, "-c", HOLD, str(empty.working_database)]
    other = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert other.stdout is not None
    other.stdout.readline()
    installation = dg.ResourceDefinition.hardcoded_resource(Installation(replace(empty, wait_seconds=0), city))
    asset = dg.multi_asset(name="one", specs=[dg.AssetSpec("one")])(tells_failures(raising(AssertionError("written"))))
    resources = {INSTALLATION: installation, HELD: held_by_run(steps=1)}
    with dg.DagsterInstance.ephemeral() as instance:
        result = dg.materialize([asset], instance=instance, resources=resources, raise_on_error=False)
    other.communicate()
    failure = result.failure_data_for_node("one")
    assert failure.error.message.startswith(f"另一个程序打开了工作数据库，请先关闭它：进程 {other.pid}（python")
    assert f"），{empty.working_database}。" in failure.error.message
    assert stacks(failure) == [[]]


@pytest.mark.parametrize("name", [JOB, DOCUMENTS_JOB, SCHOOL_REPORTS_JOB, RELEASE_JOB])
def test_while_a_declaration_is_wrong_every_job_says_which(name: str):
    job = build_refused_jobs("城市/scopes.yml：没有这个文件").resolve_job_def(name)
    assert "scopes" in (job.description or "")
    result = job.execute_in_process(raise_on_error=False)
    first = STEPS_OF[name][0]
    failure = result.failure_data_for_node(first)
    assert failure.error.message.startswith("城市/scopes.yml：没有这个文件。")
    assert "Reload" in failure.error.message
    assert stacks(failure) == [[]]
    assert [event.step_key for event in result.all_events if event.is_step_failure] == [first]


def test_dagster_loads_a_city_with_a_wrong_declaration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("NIANBAO_CITY", str(tmp_path / "nothing"))
    monkeypatch.setenv("NIANBAO_HOME", str(tmp_path / "home"))
    loaded = definitions.defs().resolve_job_def(JOB)
    assert (loaded.description or "").startswith("不能运行：")


def test_a_link_leads_to_a_page_of_ours_and_nowhere_else():
    address = asset_page(dg.AssetKey(["raw", "学生)"]), view="checks")
    cell = Link("看[这里](http://evil.example)", address)
    table = str(markdown_table(["打开"], [[cell]]).value)
    assert "(/assets/raw/%E5%AD%A6%E7%94%9F%29?view=checks)" in table
    assert "](http" not in table
    for foreign in ("http://evil.example", "//evil.example", "/a)[b](//evil.example", "javascript:x", "/a b", "/?a\n"):
        with pytest.raises(ValueError, match="no address"):
            Link("x", foreign)
