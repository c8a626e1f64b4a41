"""A plugin of dbt-duckdb (profiles.yml): dbt typed by hand takes the same lock as a run, or says why it cannot.

DuckDB's own lock is not enough: a run builds on a copy and swaps it in, so dbt would write to a file that is about to
be replaced, or the run would copy a file that is being written.
"""

from pathlib import Path
from typing import Any

from dbt.adapters.duckdb.plugins import BasePlugin
from dbt_common.exceptions import DbtRuntimeError
from filelock import FileLock, Timeout

_taken: dict[Path, FileLock] = {}
"""By database: held until dbt ends, or until `release`."""


class Plugin(BasePlugin):
    """dbt-duckdb requires this name: a module's plugin is its class `Plugin`."""

    def initialize(self, plugin_config: dict[str, Any]) -> None:
        """Takes the lock of the database in the profile, without waiting.

        Raises DbtRuntimeError, in Chinese, when a run holds it or when there is no database yet.
        """
        assert self.creds is not None, "dbt-duckdb gives each plugin the profile's credentials"
        database = Path(self.creds.path).resolve()
        if not database.parent.is_dir():
            raise DbtRuntimeError(
                f"还没有数据库：{database}。请先运行 make run，并在 dbt_project 目录里运行 dbt；"
                "数据在别处的，设置 NIANBAO_HOME。"
            )
        lock = FileLock(database.with_suffix(".lock"), thread_local=False)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            raise DbtRuntimeError(
                f"nianbao 正在运行，占用着工作数据库：{database}。什么也没有改；等它结束后再运行 dbt。"
            ) from None
        _taken[database] = lock


def release() -> None:
    """Gives up the locks that dbt has taken in this process."""
    while _taken:
        _taken.popitem()[1].release()
