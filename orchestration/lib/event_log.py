"""Dagster's event log on SQLite, with its files kept open and what belongs to one event stored together.

Dagster's own storage opens a file anew for each of the thousand events of a run, several times, and waits for the disk
each time; docs/decisions/0021-event-log.md has what that costs. Here a file stays open, and the disk is waited for when
SQLite takes its log over into the file: after a power failure the last events may be missing, never a part of one.
What schools have sent is not kept here.

Files and tables are Dagster's own, so either storage can continue the other's. They differ in how they open
connections, in that what Dagster puts together or asks anew for each event is put together or asked once, and in which
of a run's two files they watch for whoever looks at it live.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import dagster as dg
import sqlalchemy as db
from dagster._core.event_api import EventHandlerFn
from dagster._core.storage.event_log import SqliteEventLogStorage
from dagster._core.storage.event_log.schema import SqlEventLogStorageTable
from dagster._core.storage.event_log.sqlite.sqlite_event_log import INDEX_SHARD_NAME, SqliteEventLogStorageWatchdog
from dagster._serdes import ConfigurableClassData, deserialize_value
from sqlalchemy.pool import StaticPool
from watchdog.events import FileSystemEvent
from watchdog.observers import Observer

OPEN_FILES = 8
"""Of the runs that were looked at last; each run has a file of its own."""
BUSY_SECONDS = 60
LOOKS = (0, 0.02, 0.1, 0.3)
"""Seconds before each look at what somebody has written, until there is something."""

Connected = AbstractContextManager[db.Connection]
INSERT = SqlEventLogStorageTable.insert()


@dataclass(frozen=True, slots=True)
class _Insertion:
    """A row for INSERT, to be executed like a statement: a statement with its values takes longer to put together than
    to carry out."""

    row: Mapping[str, Any]

    def _execute_on_connection(self, connection: db.Connection, _parameters: object, options: Any) -> Any:
        return INSERT._execute_on_connection(connection, [self.row], options)


class _Watchdog(SqliteEventLogStorageWatchdog):
    """Tells of a run's events when they are written. Dagster's own looks at the file alone; of a file that stays open
    what is new stands in its log (-wal), and the file is written a thousand pages later, or never by this run."""

    def __init__(self, storage: SqliteEventLogStorage, run_id: str, callback: EventHandlerFn, cursor: str | None):
        super().__init__(storage, run_id, callback, cursor)
        self._patterns = [self._log_path, f"{self._log_path}-wal"]

    def on_modified(self, event: FileSystemEvent) -> None:
        """Looks until something new is seen: SQLite writes first, and shows what it has written a moment later."""
        seen = self._cursor
        for pause in LOOKS:
            time.sleep(pause)
            self._process_log()
            if self._cursor != seen:
                return


class KeptOpenEventLogStorage(SqliteEventLogStorage):
    """The event log of books.py; dagster.yaml names that module."""

    _obs: Any

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._engines: OrderedDict[str, db.Engine] = OrderedDict()
        self._transaction: tuple[ExitStack, dict[str, db.Connection]] | None = None
        self._turn = threading.RLock()
        self._tables: set[str] = set()
        self._indexes: set[str] = set()
        self._columns: set[str] = set()
        super().__init__(base_dir, inst_data)

    def run_connection(self, run_id: str | None = None) -> Connected:
        assert run_id is not None
        return self._connected(run_id)

    def index_connection(self) -> Connected:
        return self._connected(INDEX_SHARD_NAME)

    def store_event(self, event: dg.EventLogEntry) -> None:
        with self._one_transaction():
            super().store_event(event)

    def store_event_batch(self, events: Sequence[dg.EventLogEntry]) -> None:
        with self._one_transaction():
            super().store_event_batch(events)

    def prepare_insert_event(self, event: dg.EventLogEntry) -> _Insertion:
        return _Insertion(self._event_to_row(event))

    def has_table(self, table_name: str) -> bool:
        """Remembers a table once it exists, because Dagster asks before nearly every statement."""
        if table_name not in self._tables and super().has_table(table_name):
            self._tables.add(table_name)
        return table_name in self._tables

    def has_secondary_index(self, name: str) -> bool:
        """Remembers an index once it exists, because Dagster asks before nearly every statement."""
        if name not in self._indexes and super().has_secondary_index(name):
            self._indexes.add(name)
        return name in self._indexes

    def _has_asset_key_col_on_connection(self, conn: db.Connection, column_name: str) -> bool:
        """Remembers a column once it is there, because Dagster reads the whole schema for each event of an asset."""
        if column_name not in self._columns and super()._has_asset_key_col_on_connection(conn, column_name):
            self._columns.add(column_name)
        return column_name in self._columns

    def _get_latest_materialization_records(
        self, raw_asset_rows: Sequence[Mapping[str, Any]]
    ) -> Mapping[dg.AssetKey, dg.EventLogRecord | None]:
        """Takes what stands in the rows where all have it; Dagster looks for more among the events even then."""
        found: dict[dg.AssetKey, dg.EventLogRecord | None] = {}
        for row in raw_asset_rows:
            key = dg.AssetKey.from_db_string(row["asset_key"])
            record = row["last_materialization"] and deserialize_value(row["last_materialization"])
            if key is None or row["asset_details"] or not isinstance(record, dg.EventLogRecord):  # wiped, never made
                return super()._get_latest_materialization_records(raw_asset_rows)
            found[key] = record
        return found

    def watch(self, run_id: str, cursor: str | None, callback: EventHandlerFn) -> None:
        if not self._obs:
            self._obs = Observer()
            self._obs.start()
        watchdog = _Watchdog(self, run_id, callback, cursor)
        self._watchers[run_id][callback] = watchdog, self._obs.schedule(watchdog, self._base_dir, recursive=True)

    def dispose(self) -> None:
        super().dispose()
        with self._turn:
            while self._engines:
                self._engines.popitem()[1].dispose()

    @contextmanager
    def _one_transaction(self) -> Iterator[None]:
        """The body's writes make one transaction in each file; other threads wait."""
        with self._turn:
            if self._transaction is not None:
                yield
                return
            with ExitStack() as ends:
                self._transaction = ends, {}
                try:
                    yield
                finally:
                    self._transaction = None

    @contextmanager
    def _connected(self, file: str) -> Iterator[db.Connection]:
        with self._turn:
            if self._transaction is None:
                with self._engine(file).begin() as connection:
                    yield connection
                return
            ends, connections = self._transaction
            if file not in connections:
                connections[file] = ends.enter_context(self._engine(file).begin())
            yield connections[file]

    def _engine(self, file: str) -> db.Engine:
        if file not in self._engines:
            with super().run_connection(file):
                pass  # Dagster's own begins the file when there is none
            arguments = {"timeout": BUSY_SECONDS, "check_same_thread": False}
            engine = db.create_engine(self.conn_string_for_shard(file), poolclass=StaticPool, connect_args=arguments)
            with engine.connect() as connection:
                connection.execute(db.text("pragma synchronous = normal"))
            self._engines[file] = engine
        self._engines.move_to_end(file)
        while len(self._engines) > OPEN_FILES:
            self._engines.popitem(last=False)[1].dispose()
        return self._engines[file]
