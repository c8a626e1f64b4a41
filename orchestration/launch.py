"""One way to start a run, for the command line and others: every stretch of years is a run that the UI shows too."""

import os
import shutil
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from sources.declarations.city import City
from sources.system import garbage
from sources.system.faults import ToldError
from sources.system.settings import PROJECT_ROOT, Settings

if TYPE_CHECKING:
    from dagster import AssetKey, DagsterInstance


EVENTS_IN_BATCHES = {"DAGSTER_EVENT_BATCH_SIZE": "1000"}
"""For the environment of a process in which runs go on: a step's events are stored together (docs/decisions/0021)."""


class RunFailedError(ToldError):
    """A run that failed; the message says what stands."""


def prepare_dagster_home(settings: Settings) -> Path:
    settings.dagster_home.mkdir(parents=True, exist_ok=True)
    settings.inbox.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(PROJECT_ROOT / "orchestration" / "dagster.yaml", settings.dagster_home / "dagster.yaml")
    return settings.dagster_home


def open_instance(settings: Settings) -> "DagsterInstance":
    """Dagster's books of this installation; begins them when there are none."""
    os.environ |= {"DAGSTER_HOME": str(prepare_dagster_home(settings)), **EVENTS_IN_BATCHES}
    from dagster import DagsterInstance

    return DagsterInstance.get()


def execute(
    settings: Settings,
    city: City,
    years: Sequence[int],
    out: Console,
    only: Sequence["AssetKey"] | None = None,
    anew: bool = False,
) -> str:
    """One Dagster run for each stretch of consecutive years, recorded where the UI finds it; returns the alert summary.

    `only` names the assets to make; None makes all. `anew` builds also the models that would come out the same.

    Raises RunFailedError when one of them fails.
    """
    with out.status("启动……"):
        from orchestration.definitions import build_definitions
        from orchestration.lib.asset_keys import ANEW, JOB
        from orchestration.lib.observe import alert, run_report
        from orchestration.lib.partitions import range_tags
        from orchestration.lib.what_stands import what_stands

        definitions = build_definitions(settings)
        job = definitions.resolve_job_def(JOB)
    told, done = "", []
    with open_instance(settings) as instance:
        garbage.freeze()  # all of Dagster's modules and definitions: they stay, and need not be searched for garbage
        for stretch in _stretches(years):
            result = job.execute_in_process(
                instance=instance,
                asset_selection=only,
                tags=range_tags(str(stretch[0]), str(stretch[-1])) | ({ANEW: "yes"} if anew else {}),
                run_config={"loggers": {"progress": {"config": {"to_stderr": out.stderr}}}},
                raise_on_error=False,
            )
            done.append(result.run_id)
            told = alert(settings, city, run_report(instance, result.run_id, definitions)).summary
            if not result.success:
                raise RunFailedError(f"运行失败，{what_stands(instance, done)}。详情：make ui，打开 Runs。\n{told}")
    return told


def _stretches(years: Sequence[int]) -> list[list[int]]:
    stretches = [[years[0]]]
    for before, after in pairwise(years):
        if after == before + 1:
            stretches[-1].append(after)
        else:
            stretches.append([after])
    return stretches
