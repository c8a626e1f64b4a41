"""After runs that did not finish, readers see either the database published before or one of those runs' own."""

from collections.abc import Iterable

import dagster as dg

from orchestration.lib.asset_keys import PUBLISHED

UNCHANGED = "已发布的数据保持不变"
REPLACED = "新的数据已经发布，但其后的步骤（例如汇总表）没有完成"


def what_stands(instance: dg.DagsterInstance, run_ids: Iterable[str]) -> str:
    """A clause that says what readers see now, after runs of which the last one failed."""
    return REPLACED if any(_has_published(instance, run_id) for run_id in run_ids) else UNCHANGED


def _has_published(instance: dg.DagsterInstance, run_id: str) -> bool:
    made = instance.all_logs(run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION)
    return any(entry.asset_materialization.asset_key == PUBLISHED for entry in made if entry.asset_materialization)
