"""Lets one run at a time write and any number read, and closes the books of runs that died.

Dagster's books know nothing of a process that was killed: its run stays "started" for ever, blocks the queue, and
keeps its place in the pool, so that the next run waits for it without end. Every run therefore holds a lock on a
file of its own (a sign of life, which the kernel takes back), and whoever comes next closes the books of the dead.
"""

import fcntl
import time
import traceback
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import IO

import dagster as dg

from orchestration.lib.books import keep_connected
from orchestration.lib.failures import OURS
from orchestration.lib.installation import INSTALLATION, Installation
from orchestration.lib.what_stands import what_stands
from sources.system.disk import with_disks
from sources.system.faults import told
from sources.system.settings import Settings
from warehouse.run.needed import note_finished, note_unfinished
from warehouse.run.rebuild import recover
from warehouse.run.space import note_memory, refuse_without_means
from warehouse.store.connection import working_lock

UNSIGNED_SECONDS = 900
"""A run that never gave a sign of life counts as dead after so many seconds."""
SIGNS, UNSIGNED = "alive", ".new"
UNDER_WAY = dg.RunsFilter(
    statuses=[dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING]
)
DIED = "运行的进程已不在（断电、被终止或机器重启）。{}，下一次运行会接着做完。"


def held_by_run(steps: int) -> dg.ResourceDefinition:
    """The installation as the assets of a run share it: theirs to write, from the run's first step to its last.

    `steps` is how many steps a complete run has.
    """
    # Long: the order in which things are taken is what lets the next run find them.

    @dg.resource(
        required_resource_keys={INSTALLATION}, description="一次只有一个运行；先清理意外终止的运行留下的东西。"
    )
    def held(context: dg.InitResourceContext) -> Iterator[Installation]:
        assert context.run is not None
        assert context.instance is not None
        assert context.log is not None
        run, instance = context.run, context.instance
        keep_connected(instance)
        installation: Installation = getattr(context.resources, INSTALLATION)
        settings = installation.settings
        plan = instance.get_execution_plan_snapshot(run.execution_plan_snapshot_id or "")
        years = years_of(run) if len(plan.step_keys_to_execute) == steps else []
        with ExitStack() as until_the_end:
            try:
                give_sign_of_life(settings, run.run_id)
                taken_now = until_the_end.enter_context(working_lock(settings, say=context.log.info))
                close_dead_runs(instance, settings)
                for message in recover(settings, installation.city.pack) if taken_now else []:
                    context.log.warning(message)
                if years:
                    refuse_without_means(settings)
                note_unfinished(settings, years)
            except Exception as error:  # noqa: BLE001 - told by the first step
                if (trouble := told(error)) is None:
                    context.log.error(traceback.format_exc())
                    trouble = OURS.format(what=type(error).__name__)
                trouble = with_disks(trouble, settings.home)
                until_the_end.close()
                yield replace(installation, trouble=trouble)  # a step tells it legibly, a resource cannot
                return
            yield installation
            if instance.get_run_stats(run.run_id).steps_succeeded == steps:
                note_finished(settings, years)
                note_memory(settings)

    return held


@dg.resource(required_resource_keys={INSTALLATION}, description="只读已发布的数据：不用等正在写入的运行。")
def reading(context: dg.InitResourceContext) -> Installation:
    """The installation for runs that read what is published: they give a sign of life, and wait for nobody."""
    assert context.run is not None
    installation: Installation = getattr(context.resources, INSTALLATION)
    try:
        give_sign_of_life(installation.settings, context.run.run_id)
    except OSError as error:
        sentence = told(error) or OURS.format(what=type(error).__name__)
        return replace(installation, trouble=with_disks(sentence, installation.settings.home))
    return installation


def dead_runs(context: dg.SensorEvaluationContext, installation: dg.ResourceParam[Installation]) -> dg.SkipReason:
    closed = close_dead_runs(context.instance, installation.settings)
    return dg.SkipReason(f"已把 {len(closed)} 个意外终止的运行记为失败。" if closed else "没有意外终止的运行。")


def years_of(run: dg.DagsterRun) -> list[int]:
    """The report years that a run is about, from its tags."""
    single = run.tags.get("dagster/partition")
    first = run.tags.get("dagster/asset_partition_range_start", single)
    last = run.tags.get("dagster/asset_partition_range_end", single)
    return list(range(int(first), int(last) + 1)) if first and last else []


def close_dead_runs(instance: dg.DagsterInstance, settings: Settings) -> list[str]:
    """Marks runs in progress whose process is gone as failed, and frees their places in the pools.

    Returns their ids.
    """
    in_progress = {record.dagster_run.run_id: record for record in instance.get_run_records(filters=UNDER_WAY)}
    signs = settings.working_database.parent / SIGNS
    dead = [
        run_id
        for run_id, record in in_progress.items()
        if not _is_alive(signs / run_id, record.update_timestamp.timestamp())
    ]
    for run_id in dead:
        instance.report_run_failed(
            in_progress[run_id].dagster_run, DIED.format(what_stands(settings, instance, [run_id]))
        )
    for run_id in instance.event_log_storage.get_concurrency_run_ids() - (in_progress.keys() - dead):
        instance.event_log_storage.free_concurrency_slots_for_run(run_id)
    for path in signs.glob("*"):
        if path.suffix != UNSIGNED and not _is_held(path):
            path.unlink(missing_ok=True)
    return dead


def give_sign_of_life(settings: Settings, run_id: str) -> IO[str]:
    """Shows that a run is alive, until its process ends, however that happens. Returns what holds the sign.

    Not only until the run's last step: when its end cannot be noted, on a full disk, the next one need not wait for it.
    """
    path = settings.working_database.parent / SIGNS / run_id
    path.parent.mkdir(parents=True, exist_ok=True)
    unsigned = path.with_suffix(UNSIGNED)
    file = unsigned.open("w")
    fcntl.flock(file, fcntl.LOCK_EX)
    unsigned.rename(path)  # never to be seen without its lock
    _given.append(file)
    return file


_given: list[IO[str]] = []
"""The signs of this process."""


def _is_alive(sign: Path, last_seen: float) -> bool:
    return _is_held(sign) if sign.exists() else time.time() - last_seen < UNSIGNED_SECONDS


def _is_held(sign: Path) -> bool:
    try:
        with sign.open() as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            return False
    except BlockingIOError:
        return True
    except FileNotFoundError:
        return False
