"""At each publication, the rows of every public table that came or went are noted in the history.

The history (`published/history.duckdb`) holds each table once for each shape (columns and types) that it has had:
`kept."core.fct_measure.1"`, every row with the moments from which and until which it was known. What did not change is
not written again, so a city's year is small. It is read through macros named like the tables, and `as_of`.

Known at a moment is what counted in the last publication at or before it. A file of the history is swapped in whole.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb

from sources.system.fingerprint import sha256_of
from sources.system.seal import broken_seal, is_sealed, remove_seal, seal, seal_of
from sources.system.settings import Settings
from sources.system.whole_file import copy_file, whole_file
from warehouse.history.revision import note_revisions
from warehouse.store.connection import NEW_FILE, open_beside
from warehouse.store.ddl import PUBLIC_SCHEMAS
from warehouse.store.sql import quoted, transaction

SET_ASIDE = "history-broken-"
WHEN_JUDGED = "decided_at"
"""When a machine gave its verdict. A rebuild gives it again: a row that differs in nothing else is the same."""
TABLES = """
    create schema history.kept;
    create table history.publication (known_from timestamptz primary key, day date, receipts bigint,
        received_until timestamptz, decisions bigint, declarations varchar, releases varchar[], content varchar);
    comment on table history.publication is '改变了公开内容的每次发布：从什么时候起，那时收了多少份、作了多少决定';
    create table history.kept_column (relation varchar, shape bigint, position bigint, name varchar, type varchar,
        primary key (relation, shape, position));
    comment on table history.kept_column is '每一张表先后有过的列：relation 的第 shape 种，存在 kept 模式的同名表里';
    create table history.kept_sum (relation varchar primary key, shape bigint, total varchar);
    comment on table history.kept_sum is '每一张表现在的形状，和所有行的校验和';
    create macro history.until(moment) as
        case when length(cast(moment as varchar)) = 10 then cast(cast(moment as date) + 1 as timestamptz)
        else cast(moment as timestamptz) + interval 1 microsecond end;
    create macro history.as_of(moment, name) as table
        from query('from history.' || name || '(''' || cast(moment as varchar) || ''')');
"""


@dataclass(frozen=True, slots=True)
class Shape:
    """The columns of a public table, in order, with the types as which the history keeps them."""

    columns: tuple[tuple[str, str], ...]

    @property
    def casts(self) -> str:
        return ", ".join(f'cast("{name}" as {kind}) as "{name}"' for name, kind in self.columns)

    @property
    def compared(self) -> "Shape":
        """The columns by which a row is the same as before."""
        return Shape(tuple(column for column in self.columns if column[0] != WHEN_JUDGED))


@dataclass(frozen=True, slots=True)
class KeptTable:
    """How the history has a table: `relation` is `schema.name`, `number` that of its newest shape, `total` a sum over
    the rows that are known now."""

    relation: str
    number: int
    shape: Shape
    total: str | None


def note_publication(settings: Settings) -> None:
    """Takes what is published now into the history, unless it is there already: then nothing is read but notes.

    What was published first and noted late, because the process died in between, has the time of its file. A damaged
    published file is passed over; a damaged history is set aside, and a new one is begun.
    """
    source, target = settings.published_database, settings.history_database
    if not source.exists() or broken_seal(source):
        return
    _set_aside_broken(target)
    with open_beside(settings, source, "published") as connection:
        content, last = _content(connection), None
        if target.exists():
            connection.execute(f"attach {quoted(str(target))} as history (read_only)")
            last = connection.execute(
                "select known_from, content from history.publication order by known_from desc limit 1"
            ).fetchone()
            connection.execute("detach history")
        if last and last[1] == content:
            if not is_sealed(target):  # whoever wrote it died before
                seal(target)
            return
        moment = datetime.fromtimestamp(source.stat().st_mtime, UTC)
        if last:
            moment = max(moment, last[0] + timedelta(microseconds=1))
        with whole_file(target, mode=0o444) as partial:
            if target.exists():
                copy_file(target, partial)
            connection.execute(f"attach {quoted(str(partial))} as history{'' if last else NEW_FILE}")
            _take_up(connection, moment, content, is_new=last is None)
            connection.execute("checkpoint history")
            connection.execute("detach history")
            remove_seal(target)
        seal(target)


def _set_aside_broken(target: Path) -> None:
    if broken_seal(target):
        now = datetime.now(UTC)
        if target.exists():
            target.rename(target.with_name(f"{SET_ASIDE}{now:%Y%m%d-%H%M%S}.duckdb"))
        seal_of(target).unlink(missing_ok=True)


def _content(connection: duckdb.DuckDBPyConnection) -> str:
    """A fingerprint of all on which the public tables depend, without reading them: inputs, models, columns."""
    notes = dict(connection.execute("select name, value from published.registry.state").fetchall())
    made_from = [notes.get("built_from", ""), notes.get("build_fingerprint", ""), notes.get("models_built_from", "")]
    return sha256_of(
        repr([*made_from, sorted((name, each.columns) for name, each in published_shapes(connection).items())])
    )


def published_shapes(connection: duckdb.DuckDBPyConnection) -> dict[str, Shape]:
    """Relation (`schema.name`) → its shape, of every public table and view that is published."""
    rows = connection.execute(
        "select schema_name || '.' || table_name, column_name,"
        " case when data_type like 'ENUM%' then 'VARCHAR' else data_type end from duckdb_columns()"
        " where database_name = 'published' and list_contains(?, schema_name)"
        " order by schema_name, table_name, column_index",
        [list(PUBLIC_SCHEMAS)],
    ).fetchall()
    found: dict[str, list[tuple[str, str]]] = {}
    for relation, column, kind in rows:
        found.setdefault(relation, []).append((column, kind))
    return {relation: Shape(tuple(columns)) for relation, columns in found.items()}


def _kept(connection: duckdb.DuckDBPyConnection) -> dict[str, KeptTable]:
    """Relation → how the history has it, in its newest shape."""
    rows = connection.execute(
        "select relation, shape, list((name, type) order by position) from history.kept_column group by all"
        " order by relation, shape"
    ).fetchall()
    totals = {(name, shape): total for name, shape, total in connection.execute("from history.kept_sum").fetchall()}
    return {
        relation: KeptTable(relation, number, Shape(tuple(map(tuple, columns))), totals.get((relation, number)))
        for relation, number, columns in rows
    }


def _take_up(connection: duckdb.DuckDBPyConnection, moment: datetime, content: str, is_new: bool) -> None:
    """Writes all that the publication changes, in one transaction."""
    if is_new:
        connection.execute(TABLES)
    at = f"timestamptz {quoted(moment.isoformat())}"
    statements = [*_changes(connection, at), _noted(connection, at, content)]
    columns = {
        relation: [name for name, _ in shape.columns] for relation, shape in published_shapes(connection).items()
    }
    with transaction(connection):
        connection.execute("; ".join(statements))
        note_revisions(connection, at, columns)


def _changes(connection: duckdb.DuckDBPyConnection, at: str) -> Iterator[str]:
    """The statements that bring the history from what it has to what is published."""
    kept = _kept(connection)
    published = published_shapes(connection)
    for relation, shape in published.items():
        before = kept.get(relation)
        total = _total(connection, relation, shape)
        if before is None or before.shape != shape:
            after = KeptTable(relation, before.number + 1 if before else 1, shape, total)
            yield from _closed(before, at) if before else ()
            yield from _begun(after, at)
            yield _macro(after.number, relation)
        elif before.total != total:
            after = KeptTable(relation, before.number, shape, total)
            yield from _moved(after, at)
        else:
            continue
        yield f"insert or replace into history.kept_sum values ({quoted(relation)}, {after.number}, {quoted(total)})"
    for relation, before in kept.items():
        if relation not in published and before.total is not None:
            yield from _closed(before, at)
            yield f"delete from history.kept_sum where relation = {quoted(relation)}"


def _total(connection: duckdb.DuckDBPyConnection, relation: str, shape: Shape) -> str:
    """A sum over all rows of a published table, whatever their order."""
    row = connection.execute(
        f"select coalesce(cast(sum(cast(hash(each) as hugeint)) as varchar), '')"
        f" from (select {shape.compared.casts} from {_source(relation)}) as each"
    ).fetchone()
    return row[0] if row else ""


def _begun(table: KeptTable, at: str) -> Iterator[str]:
    """A table in a new shape: all of its rows are known from now on."""
    schema = relation_parts(table.relation)[0]
    yield f"create schema if not exists history.{schema}"
    yield (
        f"create table {_store(table.relation, table.number)} as select {table.shape.casts}, {at} as known_from,"
        f" cast(null as timestamptz) as known_to from {_source(table.relation)}"
    )
    listed = ", ".join(
        f"({quoted(table.relation)}, {table.number}, {position}, {quoted(name)}, {quoted(kind)})"
        for position, (name, kind) in enumerate(table.shape.columns)
    )
    yield f"insert into history.kept_column values {listed}"


def _closed(table: KeptTable, at: str) -> Iterator[str]:
    yield f"update {_store(table.relation, table.number)} set known_to = {at} where known_to is null"


def _moved(table: KeptTable, at: str) -> Iterator[str]:
    """Rows that went are known until now, rows that came are known from now on; the others are left alone."""
    store = _store(table.relation, table.number)
    is_same = " and ".join(
        f'was."{name}" is not distinct from now."{name}"' for name, _ in table.shape.compared.columns
    )
    now = f"(select {table.shape.casts} from {_source(table.relation)}) as now"
    yield (
        f"update {store} as was set known_to = {at}"
        f" where was.known_to is null and not exists (select 1 from {now} where {is_same})"
    )
    yield (
        f"insert into {store} select now.*, {at}, null from {now}"
        f" where not exists (select 1 from {store} as was where was.known_to is null and {is_same})"
    )


def _macro(shapes: int, relation: str) -> str:
    """The macro by which a table is read as of a moment, over all of its shapes: a column that it had at another time
    only is null."""
    parts = (
        f"select * exclude (known_from, known_to) from {_store(relation, number)}"
        f" where known_from < history.until(moment) and coalesce(known_to >= history.until(moment), true)"
        for number in range(1, shapes + 1)
    )
    schema, name = relation_parts(relation)
    return f'create or replace macro history.{schema}."{name}"(moment) as table {" union all by name ".join(parts)}'


def _noted(connection: duckdb.DuckDBPyConnection, at: str, content: str) -> str:
    """The statement that notes the publication, with what a rebuild of it needs."""
    notes = dict(connection.execute("select name, value from published.registry.state").fetchall())
    day, decisions = notes.get("today"), notes.get("decisions_applied", "0")
    has_releases = connection.execute(
        "select 1 from duckdb_tables() where database_name = 'published' and schema_name = 'registry'"
        " and table_name = 'release'"
    ).fetchone()
    releases = "(select list(version order by version) from published.registry.release)" if has_releases else "null"
    return (
        f"insert into history.publication select {at}, {f'date {quoted(day)}' if day else 'null'}, count(*),"
        f" max(received_at), {int(decisions)}, {quoted(notes.get('build_fingerprint', ''))},"
        f" coalesce({releases}, []), {quoted(content)} from published.registry.receipt"
    )


def relation_parts(relation: str) -> tuple[str, str]:
    """Schema and name of `schema.name`."""
    schema, _, name = relation.partition(".")
    return schema, name


def _source(relation: str) -> str:
    schema, name = relation_parts(relation)
    return f'published.{schema}."{name}"'


def _store(relation: str, number: int) -> str:
    return f'history.kept."{relation}.{number}"'
