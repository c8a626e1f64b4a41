"""After runs that did not finish, readers see either the database published before or one of those runs' own."""

from collections.abc import Sequence

import dagster as dg

from orchestration.lib.progress import STEP_LABELS
from sources.system.settings import Settings

NOTHING = "还没有发布过数据"
UNCHANGED = "已发布的数据保持不变"
REPLACED = "新的数据已经发布"


def what_stands(settings: Settings, instance: dg.DagsterInstance, run_ids: Sequence[str]) -> str:
    """A clause that says what readers see now, after runs of which the last one failed.

    The file says it, and not the steps that were noted: a run may die between the swap and its note.
    """
    published = settings.published_database
    if not published.exists():
        return NOTHING
    records = (instance.get_run_record_by_id(run_id) for run_id in run_ids)
    began = [record.start_time for record in records if record and record.start_time]
    if not began or published.stat().st_mtime < min(began):
        return UNCHANGED
    failed = [label for run_id in run_ids for label in _failed_steps(instance, run_id)]
    return f"{REPLACED}，没有完成的是：{'、'.join(failed) or '其后的步骤'}"


def _failed_steps(instance: dg.DagsterInstance, run_id: str) -> list[str]:
    entries = instance.all_logs(run_id, of_type=dg.DagsterEventType.STEP_FAILURE)
    keys = (entry.dagster_event.step_key for entry in entries if entry.dagster_event)
    return [STEP_LABELS.get(key or "", key or "") for key in keys]
