"""Dagster's books of the installation: its history, events and schedules, as dagster.yaml names them.

They lie in DAGSTER_HOME where that is given, else in the installation's own folder: so `dagster dev`, typed at the
project's root, shows the same runs as `nianbao ui`.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dagster import DagsterInstance, Enum, EnumValue, Field
from dagster._core.storage.event_log import EventLogStorage
from dagster._core.storage.local_compute_log_manager import LocalComputeLogManager
from dagster._core.storage.sqlite_storage import DagsterSqliteStorage
from dagster._serdes import ConfigurableClassData

from orchestration.lib.event_log import KeptOpenEventLogStorage
from sources.system.settings import load_settings

KEPT_OPEN, DAGSTERS_OWN = "kept_open", "dagster"
EVENT_LOGS = Enum("EventLog", [EnumValue(KEPT_OPEN), EnumValue(DAGSTERS_OWN)])


def books_folder() -> Path:
    """Where the books lie."""
    given = os.environ.get("DAGSTER_HOME")
    return Path(given) if given else load_settings().dagster_home


STATEMENT_MILLISECONDS, CONNECTED_SECONDS, CONNECTIONS = 600_000, 3_600, 20
"""For PostgreSQL: how long a statement may take, a connection is kept, and how many there may be beside it."""


def keep_connected(instance: DagsterInstance) -> None:
    """Has the process of a run keep its connection to a server; by itself Dagster makes one for every statement."""
    instance.optimize_for_webserver(STATEMENT_MILLISECONDS, CONNECTED_SECONDS, CONNECTIONS)


class InstallationBooks(DagsterSqliteStorage):
    """Dagster's own SQLite files; `event_log` says which storage writes events: `kept_open` (ours) or `dagster`."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None, event_log: str = KEPT_OPEN):
        super().__init__(base_dir, inst_data)
        self._kept_open = KeptOpenEventLogStorage(events_folder(base_dir)) if event_log == KEPT_OPEN else None

    @property
    def event_log_storage(self) -> EventLogStorage:
        return self._kept_open or super().event_log_storage

    def register_instance(self, instance: DagsterInstance) -> None:
        super().register_instance(instance)
        if self._kept_open and not self._kept_open.has_instance:
            self._kept_open.register_instance(instance)

    @classmethod
    def config_type(cls) -> dict[str, Field]:
        return {"event_log": Field(EVENT_LOGS, default_value=KEPT_OPEN, description="谁写事件记录")}

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> "InstallationBooks":
        folder = books_folder()
        folder.mkdir(parents=True, exist_ok=True)
        return cls(str(folder), inst_data, config_value["event_log"])


def events_folder(base_dir: str) -> str:
    """The folder of the events in the books, one file a run."""
    return str(Path(base_dir, "history", "runs"))


class InstallationOutput(LocalComputeLogManager):
    """What runs print, kept beside the books."""

    @classmethod
    def config_type(cls) -> dict[str, Field]:
        return {}

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> "InstallationOutput":
        return cls(str(books_folder() / "storage"), inst_data=inst_data)
