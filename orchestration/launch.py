"""One way to start a run, for the command line and others: every stretch of years is a run that the UI shows too."""

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from orchestration.lib.terminal import Terminal
from sources.declarations.city import City
from sources.system import garbage
from sources.system.access import prepare_home
from sources.system.apart import EachApart, each_apart, warm
from sources.system.faults import ToldError
from sources.system.interrupt import is_ending
from sources.system.settings import PROJECT_ROOT, Settings
from warehouse.run.space import refuse_without_means

if TYPE_CHECKING:
    from dagster import AssetKey, DagsterInstance


EVENTS_IN_BATCHES = {"DAGSTER_EVENT_BATCH_SIZE": "1000"}
"""For the environment of a process in which runs go on: a step's events are stored together (docs/decisions/0021)."""


@dataclass(frozen=True, slots=True)
class Finished:
    """How runs have ended: what the alerts did, and a line for each workbook or table that could not be made."""

    alerts: str
    unmade: tuple[str, ...] = ()


class RunFailedError(ToldError):
    """A run that failed; the message says what stands."""


def prepare_dagster_home(settings: Settings) -> Path:
    """Where Dagster's books are; the installation's own are made ready, those of a team are as the bureau set them up.

    Raises ToldError when a team's folder does not say where they are.
    """
    prepare_home(settings.home)
    declared = settings.dagster_home / "dagster.yaml"
    if settings.shared_books is None:
        shutil.copyfile(PROJECT_ROOT / "orchestration" / "dagster.yaml", declared)
    elif not declared.is_file():
        raise ToldError(
            f"没有 {declared}：NIANBAO_DAGSTER_HOME 应当是里面有 dagster.yaml 的文件夹（docs/deploy/dagster.yaml）；"
            "不合用运行记录的，请取消这个设置"
        )
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
    out: Terminal,
    only: Sequence["AssetKey"] | None = None,
    anew: bool = False,
    each_apart: EachApart = each_apart,
) -> Finished:
    """One Dagster run for each stretch of consecutive years, recorded where the UI finds it.

    `only` names the assets to make; None makes all. `anew` builds also the models that would come out the same.
    `each_apart` reads and judges files.

    Raises RunFailedError when one of them fails, ToldError before anything is begun, when there is not
    enough room or memory.
    """
    # Long: how a run is started, told and judged, in this order.
    refuse_without_means(settings)
    warm("sources.handle")  # reads the first file when the imports below are done
    with out.status("启动……"):
        from orchestration.definitions import build_definitions
        from orchestration.lib.asset_keys import ANEW, JOB
        from orchestration.lib.observe import alert, run_report
        from orchestration.lib.one_by_one import unmade_in
        from orchestration.lib.partitions import range_tags
        from orchestration.lib.what_stands import what_stands

        definitions = build_definitions(settings, each_apart)
        job = definitions.resolve_job_def(JOB)
    told, done, unmade = "", [], list[str]()
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
            unmade += [line for each in result.get_asset_check_evaluations() for line in unmade_in(each)]
            if is_ending():
                raise RunFailedError(f"这次运行被中断，{what_stands(settings, instance, done)}。")
            told = alert(settings, city, run_report(instance, result.run_id, definitions)).summary
            if not result.success:
                raise RunFailedError(
                    f"运行失败，{what_stands(settings, instance, done)}。详情：make ui，打开 Runs。\n{told}"
                )
    return Finished(told, tuple(unmade))


def _stretches(years: Sequence[int]) -> list[list[int]]:
    stretches = [[years[0]]]
    for before, after in pairwise(years):
        if after == before + 1:
            stretches[-1].append(after)
        else:
            stretches.append([after])
    return stretches
