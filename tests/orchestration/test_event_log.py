"""The event log that keeps its files open stores what Dagster's own does, and either reads the other's files."""

from pathlib import Path

import dagster as dg
import pytest
import yaml
from dagster._check import CheckError
from dagster._core.storage.event_log import SqliteEventLogStorage

from orchestration.lib.books import DAGSTERS_OWN, KEPT_OPEN, events_folder
from orchestration.lib.event_log import KeptOpenEventLogStorage
from sources.system.settings import PROJECT_ROOT

FAILS = "fails"
CLASSES = {KEPT_OPEN: KeptOpenEventLogStorage, DAGSTERS_OWN: SqliteEventLogStorage}


@dg.asset(partitions_def=dg.StaticPartitionsDefinition(["2022", "2023"]))
def counted(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
    context.log.info("told")
    if FAILS in context.run.tags:
        raise dg.Failure
    return dg.MaterializeResult(metadata={"n": 7})


@dg.asset_check(asset=counted)
def is_seven() -> dg.AssetCheckResult:
    return dg.AssetCheckResult(passed=True)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    configure(tmp_path, None)
    return tmp_path


def configure(home: Path, event_log: str | None) -> None:
    """The shipped dagster.yaml, with another `event_log` if one is given."""
    shipped = yaml.safe_load((PROJECT_ROOT / "orchestration" / "dagster.yaml").read_text())
    if event_log:
        shipped["storage"]["custom"]["config"]["event_log"] = event_log
    (home / "dagster.yaml").write_text(yaml.dump(shipped))


def run(instance: dg.DagsterInstance, fails: bool = False) -> str:
    job = dg.Definitions(
        assets=[counted],
        asset_checks=[is_seven],
        jobs=[dg.define_asset_job("all_of_it", selection=dg.AssetSelection.all(include_sources=False))],
    ).resolve_job_def("all_of_it")
    tags = {FAILS: "yes"} if fails else {}
    result = job.execute_in_process(instance=instance, partition_key="2023", tags=tags, raise_on_error=False)
    assert result.success is not fails
    return result.run_id


def told(instance: dg.DagsterInstance, run_id: str) -> list[tuple]:
    return [
        (entry.dagster_event_type, entry.step_key, entry.message if entry.dagster_event is None else None)
        for entry in instance.all_logs(run_id)
    ]


def test_the_shipped_configuration_keeps_files_open(home):
    with dg.DagsterInstance.get() as instance:
        assert type(instance.event_log_storage) is KeptOpenEventLogStorage


@pytest.mark.parametrize("event_log", CLASSES)
def test_the_project_runs_with_either_and_nothing_is_lost(home, event_log):
    configure(home, event_log)
    with dg.DagsterInstance.get() as instance, dg.DagsterInstance.ephemeral() as in_memory:
        assert type(instance.event_log_storage) is CLASSES[event_log]
        assert told(instance, run(instance)) == told(in_memory, run(in_memory))
        assert instance.get_materialized_partitions(counted.key) == {"2023"}
        record = instance.get_latest_materialization_event(counted.key)
        assert record is not None
        assert record.asset_materialization is not None
        assert record.asset_materialization.metadata["n"].value == 7


def test_either_goes_on_with_the_files_of_the_other(home):
    runs: dict[str, list[tuple]] = {}
    for event_log in (KEPT_OPEN, DAGSTERS_OWN, KEPT_OPEN):
        configure(home, event_log)
        with dg.DagsterInstance.get() as instance:
            assert {run_id: told(instance, run_id) for run_id in runs} == runs
            run_id = run(instance)
            runs[run_id] = told(instance, run_id)


def test_both_know_the_same_of_an_asset_that_was_made_wiped_planned_and_made_again(home):
    with dg.DagsterInstance.get() as instance:
        both = [each(events_folder(str(home))) for each in CLASSES.values()]
        for storage in both:
            storage.register_instance(instance)
        was_made = []
        for happens in (run, lambda _: instance.wipe_assets([counted.key]), lambda _: run(instance, fails=True), run):
            happens(instance)
            ours, theirs = (storage.get_asset_records([counted.key]) for storage in both)
            assert ours == theirs
            was_made.append([each.asset_entry.last_materialization is not None for each in ours])
        assert was_made == [[True], [], [False], [True]]
        for storage in both:
            storage.dispose()


def test_another_name_of_a_storage_is_refused(home):
    configure(home, "kept_shut")
    with pytest.raises(dg.DagsterInvalidConfigError, match="kept_open"):
        dg.DagsterInstance.get().event_log_storage.get_all_asset_keys()  # type: ignore[attr-defined]


def test_events_that_belong_together_are_stored_whole_or_not_at_all(home):
    with dg.DagsterInstance.get() as instance:
        run_id = run(instance)
        before = told(instance, run_id)
        storage = KeptOpenEventLogStorage(events_folder(str(home)))
        storage.register_instance(instance)
        entries = [entry for entry in instance.all_logs(run_id) if entry.dagster_event is None]
        with pytest.raises(CheckError):
            storage.store_event_batch([*entries, None])  # type: ignore[list-item]
        storage.dispose()
        assert told(instance, run_id) == before
