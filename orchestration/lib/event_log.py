"""Dagster's event log on SQLite, with its files kept open and events that belong together stored together.

Dagster's own storage opens a file anew for each of the thousand events of a run, several times, and waits for the disk
each time. Here a file stays open, and the disk is waited for when SQLite takes its log over into the file: after a
power failure the last events may be missing, never a part of one. What schools have sent is not kept here.

It builds on Dagster's storage below its public surface, hence on the version that is locked; its files are the same,
so either can go on with the other's.
"""

import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

import dagster as dg
import sqlalchemy as db
from dagster._core.storage.event_log import SqliteEventLogStorage
from dagster._core.storage.event_log.sqlite.sqlite_event_log import INDEX_SHARD_NAME
from dagster._serdes import ConfigurableClassData
from sqlalchemy.pool import StaticPool

OPEN_FILES = 8
"""Of the runs that were looked at last; each run has a file of its own."""
BUSY_SECONDS = 60


os.environ.setdefault("DAGSTER_EVENT_BATCH_SIZE", "1000")


class KeptOpenEventLogStorage(SqliteEventLogStorage):
    """Set in dagster.yaml."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._engines: OrderedDict[str, db.Engine] = OrderedDict()
        self._transaction: tuple[ExitStack, dict[str, db.Connection]] | None = None
        self._there: set[str] = set()
        super().__init__(base_dir, inst_data)
        self._db_lock = threading.RLock()  # type: ignore[assignment]

    @classmethod
    def from_config_value(  # type: ignore[override]
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, str]
    ) -> "KeptOpenEventLogStorage":
        """`base_dir` is Dagster's home; the files lie where its own storage has them."""
        return cls(str(Path(config_value["base_dir"], "history", "runs")), inst_data)

    def store_event(self, event: dg.EventLogEntry) -> None:
        with self._one_transaction():
            super().store_event(event)

    def store_event_batch(self, events: Sequence[dg.EventLogEntry]) -> None:
        with self._one_transaction():
            super().store_event_batch(events)

    def has_table(self, table_name: str) -> bool:
        return self._once_true(table_name, partial(super().has_table, table_name))

    def has_secondary_index(self, name: str) -> bool:
        return self._once_true(f"index {name}", partial(super().has_secondary_index, name))

    def _has_asset_key_col_on_connection(self, conn: db.Connection, column_name: str) -> bool:
        ask = partial(super()._has_asset_key_col_on_connection, conn, column_name)
        return self._once_true(f"column {column_name}", ask)

    def _once_true(self, what: str, ask: Callable[[], bool]) -> bool:
        """Whether something is there that never goes away again; asked until it is."""
        if what not in self._there and ask():
            self._there.add(what)
        return what in self._there

    def dispose(self) -> None:
        super().dispose()
        with self._db_lock:
            while self._engines:
                self._engines.popitem()[1].dispose()

    @contextmanager
    def _one_transaction(self) -> Iterator[None]:
        """All that is written within goes into each file in one transaction; other threads wait."""
        with self._db_lock:
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
    def _connect(self, shard: str) -> Iterator[db.Connection]:
        with self._db_lock:
            if self._transaction is None:
                with self._engine(shard).begin() as connection:
                    yield connection
                return
            ends, connections = self._transaction
            if shard not in connections:
                connections[shard] = ends.enter_context(self._engine(shard).begin())
            yield connections[shard]

    def _engine(self, shard: str) -> db.Engine:
        if shard not in self._engines:
            arguments = {"timeout": BUSY_SECONDS, "check_same_thread": False}
            engine = db.create_engine(self.conn_string_for_shard(shard), poolclass=StaticPool, connect_args=arguments)
            self._initdb(engine, for_index_shard=shard == INDEX_SHARD_NAME)
            with engine.connect() as connection:
                connection.execute(db.text("pragma synchronous = normal"))
            self._engines[shard] = engine
        self._engines.move_to_end(shard)
        while len(self._engines) > OPEN_FILES:
            self._engines.popitem(last=False)[1].dispose()
        return self._engines[shard]
