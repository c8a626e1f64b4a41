"""An installation on the eve of a run, to be put back as it was after every crash; and what a release holds."""

import os
import shutil
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import duckdb

from sources.system.settings import Settings
from warehouse.bounding.noted_bound import BOUNDS

Content = dict[str, tuple[int, int | None]]
OWN = ("decided_at",)
CLOCKS = (
    *OWN,
    "received_at",
    "received_on",
    "look",
    "precedence",
    "first_received_at",
    "current_received_at",
    "changed_at",
    "state_since",
)
"""Columns that tell when a run was (OWN), or also when files came."""


@dataclass(frozen=True)
class Installation:
    """`settings.home` is what crashes; `saved` holds its states by name."""

    settings: Settings
    saved: Path

    def save(self, name: str) -> None:
        shutil.copytree(self.settings.home, self.saved / name)

    def restore(self, name: str) -> None:
        shutil.rmtree(self.settings.home, ignore_errors=True)
        shutil.copytree(self.saved / name, self.settings.home, copy_function=_linked_or_copied)


def _linked_or_copied(source: str, target: str) -> None:
    """Files that are never written again, only replaced, need no copy."""
    (shutil.copy2 if Path(source).stat().st_mode & 0o222 else os.link)(source, target)


NOTED_BY_A_BUILD = {"registry.hidden_value", *BOUNDS}
"""Tables that intake makes and a build fills."""


def content(database: Path, left_out: tuple[str, ...] = CLOCKS) -> Content:
    """What a database file holds; see `content_seen_by`."""
    with closing(duckdb.connect(str(database), read_only=True)) as connection:
        return content_seen_by(connection, left_out)


def content_seen_by(connection: duckdb.DuckDBPyConnection, left_out: tuple[str, ...] = CLOCKS) -> Content:
    """Table → its number of rows and a sum over them: reads every value, whatever the order of rows, as text: what is
    a text in the working database is of a closed list in the published one."""
    tables = connection.execute(
        "select format('{}.{}', schema_name, table_name), list(column_name) from duckdb_columns()"
        " where not internal and not list_contains(?, column_name) and table_name <> 'state' group by all",
        [list(left_out)],
    ).fetchall()
    return {name: _sum(connection, name, sorted(columns)) for name, columns in tables}


def _sum(connection: duckdb.DuckDBPyConnection, table: str, columns: list[str]) -> tuple[int, int | None]:
    listed = ", ".join(f'cast("{column}" as varchar) as "{column}"' for column in columns)
    row = connection.execute(
        f"select count(*), sum(cast(hash(each) as hugeint)) from (select {listed} from {table}) as each"
    ).fetchone()
    assert row is not None
    return row


def debris(settings: Settings) -> list[Path]:
    """Files that only a killed process leaves."""
    return [path for path in settings.home.rglob("*") if path.suffix in (".partial", ".wal")]
