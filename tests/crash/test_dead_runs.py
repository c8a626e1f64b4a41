"""What Dagster's books say of a run whose process was killed, and that nobody waits for it."""

import os
import signal
import subprocess
from collections.abc import Iterator

import dagster as dg
import pytest

from orchestration.definitions import build_definitions
from orchestration.lib.asset_keys import JOB, REFERENCE
from orchestration.lib.installation import Installation
from orchestration.lib.recovery import close_dead_runs, give_sign_of_life
from sources.declarations.city import load_city
from sources.system.settings import Settings
from tests.crash.installation import content
from tests.end_to_end.test_command_line import NIANBAO


@pytest.fixture
def killed(fresh_copy: Settings) -> Settings:
    """An installation whose `nianbao run` was killed while it was taking files in."""
    process = subprocess.Popen(
        [NIANBAO, "run", "--year", "2023", "--force"],
        env=environment_of(fresh_copy),
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    for line in process.stdout:
        if "接收、读取" in line:
            break
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    return fresh_copy


def environment_of(settings: Settings) -> dict[str, str]:
    return os.environ | {"NIANBAO_HOME": str(settings.home), "NIANBAO_CITY": str(settings.city_dir)}


@pytest.fixture
def definitions(killed: Settings) -> dg.Definitions:
    return build_definitions(killed)


@pytest.fixture
def instance(killed: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[dg.DagsterInstance]:
    monkeypatch.setenv("DAGSTER_HOME", str(killed.dagster_home))
    with dg.DagsterInstance.get() as opened:
        yield opened


def places_taken(instance: dg.DagsterInstance) -> set[str]:
    return instance.event_log_storage.get_concurrency_run_ids()


def started(instance: dg.DagsterInstance, job: dg.JobDefinition) -> str:
    """A run that has its place in the pool, as Dagster's books have it."""
    run_id = instance.create_run_for_job(job, tags={"dagster/partition": "2023"}).run_id
    event = dg.DagsterEvent(event_type_value="PIPELINE_START", job_name=job.name)
    instance.report_dagster_event(event, run_id)
    instance.event_log_storage.claim_concurrency_slot("warehouse", run_id, "intake")
    return run_id


def test_nobody_waits_for_a_run_that_was_killed(killed, definitions, instance, monkeypatch):
    job = definitions.resolve_job_def(JOB)
    (dead,) = [run.run_id for run in instance.get_runs()]
    assert instance.get_run_by_id(dead).status == dg.DagsterRunStatus.STARTED
    assert places_taken(instance) == {dead}

    # The sensor closes its books when nothing else runs.
    sensor = next(each for each in definitions.sensors or [] if each.name == "dead_runs")
    served = {"installation": Installation(killed, load_city(killed.city_dir))}
    context = dg.build_sensor_context(instance=instance, resources=served)
    assert "1 个意外终止的运行" in sensor(context).skip_message
    assert instance.get_run_by_id(dead).status == dg.DagsterRunStatus.FAILURE
    assert places_taken(instance) == set()
    assert "没有意外终止的运行" in sensor(context).skip_message

    # A run that lives is left alone, also while it waits for its turn; so is one that has only just begun.
    living = started(instance, job)
    assert close_dead_runs(instance, killed) == []
    sign = give_sign_of_life(killed, living)
    monkeypatch.setattr("orchestration.lib.recovery.UNSIGNED_SECONDS", 0)
    assert close_dead_runs(instance, killed) == []
    assert places_taken(instance) == {living}

    # The next run closes the books of the dead itself, and takes their place: at once, also of one that could not note
    # its end, because the disk was full.
    monkeypatch.setattr("orchestration.lib.recovery.UNSIGNED_SECONDS", 900)
    sign.close()
    next_run = job.execute_in_process(
        instance=instance, tags={"dagster/partition": "2023"}, asset_selection=[REFERENCE]
    )
    assert next_run.success
    assert instance.get_run_by_id(living).status == dg.DagsterRunStatus.FAILURE
    assert places_taken(instance) == set()


@pytest.mark.deep
def test_after_a_killed_run_two_at_once_end_right_and_then_there_is_nothing_left_to_do(killed, city_run):
    environment = environment_of(killed)
    runs = [
        subprocess.Popen([NIANBAO, "run", "--year", "2023"], env=environment, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    told = [run.communicate()[0] for run in runs]
    assert [run.returncode for run in runs] == [0, 0]
    assert all("上一次运行没有完成" in each for each in told)
    assert content(killed.published_database) == content(city_run.published_database)
    again = subprocess.run([NIANBAO, "run", "--year", "2023"], env=environment, capture_output=True, text=True)
    assert "没有新内容" in again.stdout
