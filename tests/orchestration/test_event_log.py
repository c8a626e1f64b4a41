"""The event log that keeps its files open stores what Dagster's own does, and either reads the other's files."""

from pathlib import Path

import dagster as dg
import pytest
import yaml
from dagster._check import CheckError
from dagster._core.storage.event_log import SqliteEventLogStorage

from orchestration.lib.event_log import KeptOpenEventLogStorage
from sources.system.settings import PROJECT_ROOT


@dg.asset(partitions_def=dg.StaticPartitionsDefinition(["2022", "2023"]))
def counted(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
    context.log.info("told")
    return dg.MaterializeResult(metadata={"n": 7})


@dg.asset_check(asset=counted)
def is_seven() -> dg.AssetCheckResult:
    return dg.AssetCheckResult(passed=True)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    shipped = yaml.safe_load((PROJECT_ROOT / "orchestration" / "dagster.yaml").read_text())
    (tmp_path / "dagster.yaml").write_text(yaml.dump(shipped))
    return tmp_path


def run(instance: dg.DagsterInstance) -> str:
    job = dg.Definitions(
        assets=[counted],
        asset_checks=[is_seven],
        jobs=[dg.define_asset_job("all_of_it", selection=dg.AssetSelection.all(include_sources=False))],
    ).resolve_job_def("all_of_it")
    result = job.execute_in_process(instance=instance, partition_key="2023")
    assert result.success
    return result.run_id


def told(instance: dg.DagsterInstance, run_id: str) -> list[tuple]:
    return [
        (entry.dagster_event_type, entry.step_key, entry.message if entry.dagster_event is None else None)
        for entry in instance.all_logs(run_id)
    ]


def test_the_shipped_configuration_uses_it_and_loses_nothing(home):
    with dg.DagsterInstance.get() as instance, dg.DagsterInstance.ephemeral() as in_memory:
        assert isinstance(
            instance.event_log_storage._storage
            if hasattr(instance.event_log_storage, "_storage")
            else instance.event_log_storage,
            KeptOpenEventLogStorage,
        )
        assert told(instance, run(instance)) == told(in_memory, run(in_memory))
        assert instance.get_materialized_partitions(counted.key) == {"2023"}
        record = instance.get_latest_materialization_event(counted.key)
        assert record is not None
        assert record.asset_materialization is not None
        assert record.asset_materialization.metadata["n"].value == 7


def test_dagsters_own_storage_reads_its_files_and_the_other_way_round(home):
    with dg.DagsterInstance.get() as instance:
        first = run(instance)
        here = told(instance, first)
    shipped = yaml.safe_load((home / "dagster.yaml").read_text())
    del shipped["event_log_storage"]
    (home / "dagster.yaml").write_text(yaml.dump(shipped))
    with dg.DagsterInstance.get() as instance:
        assert type(instance.event_log_storage) is SqliteEventLogStorage
        assert told(instance, first) == here
        second = run(instance)
        there = told(instance, second)
    (home / "dagster.yaml").write_text((PROJECT_ROOT / "orchestration" / "dagster.yaml").read_text())
    with dg.DagsterInstance.get() as instance:
        assert told(instance, second) == there


def test_events_that_belong_together_are_stored_whole_or_not_at_all(home):
    with dg.DagsterInstance.get() as instance:
        run_id = run(instance)
        before = told(instance, run_id)
        storage = KeptOpenEventLogStorage(str(home / "history" / "runs"))
        storage.register_instance(instance)
        entries = [entry for entry in instance.all_logs(run_id) if entry.dagster_event is None]
        with pytest.raises(CheckError):
            storage.store_event_batch([*entries, None])  # type: ignore[list-item]
        storage.dispose()
        assert told(instance, run_id) == before
