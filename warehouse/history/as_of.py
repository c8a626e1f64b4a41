"""What was known at a moment: asks the history, as an analyst does in SQL."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import date, datetime

import duckdb
import polars as pl

from sources.system.faults import ToldError
from sources.system.settings import Settings
from warehouse.store.sql import query, quoted


class NotKnownError(ToldError, LookupError):
    """The history has no such table or moment."""


@dataclass(frozen=True, slots=True)
class Publication:
    """One publication that changed what is public: known from when, made on which day, from how much of the archive.

    `received_until` is when the last file came that it knew of; `judged_by` names the declarations that held;
    `releases` are the versions that there were.
    """

    known_from: datetime
    day: date | None
    receipts: int
    received_until: datetime | None
    decisions: int
    declarations: str
    releases: list[str]

    @property
    def judged_by(self) -> str:
        """The fingerprint of city, contracts and rules, as the archive names what it keeps of them."""
        parts = self.declarations.split(" ")
        return parts[2] if len(parts) > 2 else ""


@contextmanager
def open_history(settings: Settings, time_zone: str) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection with the history attached under its name, read-only; days and times are those of the time zone.

    Raises FileNotFoundError when nothing has been published since histories are kept.
    """
    path = settings.history_database
    if not path.exists():
        raise FileNotFoundError(f"还没有历史：{path}。每次发布都记一笔，请先运行 nianbao run。")
    with closing(duckdb.connect()) as connection:
        connection.execute(f"set timezone = {quoted(time_zone)}")
        connection.execute(f"attach {quoted(str(path))} as history (read_only)")
        yield connection


def checked_moment(text: str) -> str:
    """A day or a moment as it is asked for. Raises NotKnownError for what is neither."""
    try:
        datetime.fromisoformat(text)
    except ValueError as error:
        raise NotKnownError(f"不是日期或时刻：{text}。例如 2024-03-15（到那天结束），或“2024-03-15 10:00”") from error
    return text


def publications(connection: duckdb.DuckDBPyConnection) -> list[Publication]:
    """Every publication that changed something, oldest first."""
    rows = connection.execute(
        "select known_from, day, receipts, received_until, decisions, declarations, releases from history.publication"
        " order by known_from"
    ).fetchall()
    return [Publication(*row) for row in rows]


def publication_at(connection: duckdb.DuckDBPyConnection, moment: str) -> Publication:
    """The publication that was the last one at a day's end, or at a moment.

    Raises NotKnownError when there was none.
    """
    until = connection.execute("select history.until(?)", [checked_moment(moment)]).fetchone()
    known = publications(connection)
    then = [each for each in known if until and each.known_from < until[0]]
    if not then:
        since = f"；历史从 {known[0].known_from:%Y-%m-%d %H:%M} 起" if known else ""
        raise NotKnownError(f"{moment} 时还没有发布过{since}")
    return then[-1]


def rows_as_of(connection: duckdb.DuckDBPyConnection, moment: str, name: str) -> pl.DataFrame:
    """A public table as it was at a moment: all of its rows. `name` is `schema.table`, or the table alone.

    Raises NotKnownError when no table, or more than one, has the name.
    """
    relations = [
        relation for (relation,) in connection.execute("select distinct relation from history.kept_column").fetchall()
    ]
    meant = [each for each in sorted(relations) if name in (each, each.partition(".")[2])]
    if len(meant) != 1:
        raise NotKnownError(f"没有这张公开的表：{name}。例如 core.fct_indicator_value；全部的表见 docs/analysts.md")
    return query(connection, f"from history.as_of({quoted(checked_moment(moment))}, {quoted(meant[0])})")
