"""A plugin of dbt-duckdb (profiles.yml): dbt typed by hand takes the same lock as a run, or says why it cannot.

DuckDB's own lock is not enough: a run builds on a copy and swaps it in, so dbt would write to a file that is about to
be replaced, or the run would copy a file that is being written.
"""

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

from dbt.adapters.duckdb.plugins import BasePlugin
from dbt_common.exceptions import DbtRuntimeError
from filelock import FileLock, Timeout

from sources.declarations.city import load_city
from sources.system.access import OWNERS_FILE
from sources.system.faults import ToldError
from sources.system.settings import load_settings
from warehouse.store.owner import check_owner

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
        if "NIANBAO_CITY" in os.environ and "NIANBAO_WORKING_DATABASE" not in os.environ:  # typed by a person
            _check_owner(database)
        lock = FileLock(database.with_suffix(".lock"), thread_local=False, mode=OWNERS_FILE)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            raise DbtRuntimeError(
                f"nianbao 正在运行，占用着工作数据库：{database}。什么也没有改；等它结束后再运行 dbt。"
            ) from None
        _taken[database] = lock


def _check_owner(database: Path) -> None:
    """Raises DbtRuntimeError when the database is another city's than NIANBAO_CITY says."""
    try:
        settings = load_settings()
        check_owner(replace(settings, home=database.parents[1]), load_city(settings.city_dir))
    except ToldError as error:
        raise DbtRuntimeError(str(error)) from None


def release() -> None:
    """Gives up the locks that dbt has taken in this process."""
    while _taken:
        _taken.popitem()[1].release()
