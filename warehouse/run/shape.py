"""The tables for analysts as the published file has them: keys, closed lists and comments declared in the database.

dbt builds them plain, so that the models stay portable and a model can be replaced at any time. The published file is
never changed, so it can state what the build has tested. From a published file a working database is made again.
"""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Set
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path

import duckdb

from sources.system.seal import broken_seal
from sources.system.settings import Settings
from sources.system.whole_file import copy_file
from warehouse.store.connection import NEW_FILE, open_beside
from warehouse.store.sql import quoted, transaction

MOST_ROWS = 150_000
"""A larger table stays as dbt builds it, and a file that has one is copied: an index over it costs more than building
the models, and its key is tested by each build all the same (docs/decisions/0055)."""
OLD, LAST, WANTED = "old", "last", "wanted"
"""As what databases are attached: the working one, the published one, and one in memory that holds no rows."""
Name = tuple[str, str]
"""A relation: schema and name."""


@dataclass(frozen=True, slots=True)
class _ShapedColumn:
    """A column's plain type, and the values that it may have; none where any may stand there."""

    name: str
    plain: str
    allowed: tuple[str, ...]

    @property
    def type(self) -> str:
        return f"enum({', '.join(map(quoted, self.allowed))})" if self.allowed else self.plain


@dataclass(frozen=True, slots=True)
class _Reference:
    columns: tuple[str, ...]
    to: Name
    to_columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _KeyedTable:
    """A table for analysts with its key and with its foreign keys: DuckDB has none into another schema."""

    name: Name
    columns: tuple[_ShapedColumn, ...]
    key: tuple[str, ...]
    references: tuple[_Reference, ...]

    def parents(self, shapes: Collection[Name]) -> set[Name]:
        """The tables that this one refers to, which must be filled before."""
        return {each.to for each in self.references} & set(shapes)

    def ddl(self, shapes: Collection[Name]) -> str:
        """The table's definition, with the foreign keys to those of the tables."""
        parts = [f'"{column.name}" {column.type}' for column in self.columns]
        parts += [f"primary key ({_listed(self.key)})"] if self.key else []
        parts += [
            f"foreign key ({_listed(each.columns)}) references {_qualified(each.to)} ({_listed(each.to_columns)})"
            for each in self.references
            if each.to in shapes
        ]
        return f"create table {_qualified(self.name)} ({', '.join(parts)})"


def shaped_copy(settings: Settings, source: Path, target: Path) -> None:
    """Writes `target`, a copy of a working database in which tables for analysts have keys, closed lists and comments.

    Where all tables are small the file is written anew, without gaps. Otherwise it is copied, and of the tables for
    analysts those are replaced that are small.
    """
    with open_beside(settings, source, OLD) as connection:
        rows = _rows(connection)
        is_small = max(rows.values(), default=0) <= MOST_ROWS
        small = {name for name, count in rows.items() if count <= MOST_ROWS}
        shapes = {name: shape for name, shape in _shapes(connection).items() if name in small}
        if is_small:
            connection.execute("set threads = 1")  # more of them would wait for one another
            is_like_last = _is_like_last(connection, settings.published_database, shapes)
            _attach(connection, target, settings, NEW_FILE)
            others = rows.keys() - shapes.keys()
            with transaction(connection):
                if is_like_last:
                    connection.execute(f"copy from database {LAST} to {settings.working_database.stem} (schema)")
                else:
                    _make_others(connection, others)
                    _make(connection, shapes)
                    _comment(connection, others | shapes.keys() | _definitions(connection, OLD, "view").keys())
                for name in sorted(others):
                    connection.execute(f"insert into {_qualified(name)} from {OLD}.{_qualified(name)}")
                _fill(connection, shapes)
        else:
            copy_file(source, target)
            _attach(connection, target, settings)
            connection.execute("; ".join(f"drop table {_qualified(name)}" for name in shapes))
            connection.execute("checkpoint")  # the new ones take up their place
            with transaction(connection):
                _make(connection, shapes)
                _comment(connection, shapes)
                _fill(connection, shapes)
        connection.execute("checkpoint")


def plain_copy(settings: Settings, source: Path, target: Path) -> None:
    """Writes `target`, a working database, from a published one: its tables for analysts as dbt builds them."""
    copy_file(source, target)
    with open_beside(settings, source, OLD) as connection:
        keyed = connection.execute(
            "select schema_name, table_name from duckdb_constraints()"
            f" where database_name = '{OLD}' and constraint_type = 'PRIMARY KEY'"
        ).fetchall()
        shapes = {name: shape for name, shape in _shapes(connection).items() if name in keyed}
        _attach(connection, target, settings)
        for name in reversed(_filled_in_order(shapes)):
            connection.execute(f"drop table {_qualified(name)}")
        connection.execute("checkpoint")
        with transaction(connection):
            for name, shape in shapes.items():
                columns = ", ".join(f'cast("{each.name}" as {each.plain}) as "{each.name}"' for each in shape.columns)
                connection.execute(f"create table {_qualified(name)} as select {columns} from {OLD}.{_qualified(name)}")
            _comment(connection, shapes)
        connection.execute("checkpoint")


def _attach(connection: duckdb.DuckDBPyConnection, target: Path, settings: Settings, options: str = "") -> None:
    """Attaches the new file under the name that views have for their database, whatever the file is called."""
    name = settings.working_database.stem
    connection.execute(f"attach {quoted(str(target))} as {name}{options}; use {name}")


def _rows(connection: duckdb.DuckDBPyConnection) -> dict[Name, int]:
    """Each table of the old file with its number of rows."""
    tables = connection.execute(
        f"select schema_name, table_name from duckdb_tables() where database_name = '{OLD}' order by all"
    ).fetchall()
    counts = " union all ".join(f"select {n}, count(*) from {OLD}.{_qualified(name)}" for n, name in enumerate(tables))
    return {tables[n]: count for n, count in connection.execute(counts).fetchall()} if tables else {}


def _shapes(connection: duckdb.DuckDBPyConnection) -> dict[Name, _KeyedTable]:
    """The tables for analysts as the old file's `catalogue` schema declares them; none where it has no such schema."""
    if not connection.execute(
        f"select 1 from duckdb_tables() where database_name = '{OLD}' and schema_name = 'catalogue'"
    ).fetchone():
        return {}
    columns: dict[Name, list[_ShapedColumn]] = defaultdict(list)
    for schema, table, name, plain, allowed in connection.execute(
        f"select schema_name, table_name, column_name, type, allowed from {OLD}.catalogue.column"
        " order by schema_name, table_name, position"
    ).fetchall():
        columns[schema, table].append(_ShapedColumn(name, plain, tuple(allowed or ())))
    references: dict[Name, list[_Reference]] = defaultdict(list)
    for schema, table, own, to_schema, to_table, to_columns in connection.execute(
        "select schema_name, table_name, columns, to_schema, to_table, to_columns"
        f" from {OLD}.catalogue.foreign_key where to_schema = schema_name order by schema_name, table_name, position"
    ).fetchall():
        references[schema, table].append(_Reference(tuple(own), (to_schema, to_table), tuple(to_columns)))
    return {
        (schema, table): _KeyedTable(
            (schema, table), tuple(columns[schema, table]), tuple(key), tuple(references[schema, table])
        )
        for schema, table, key in connection.execute(
            f"select schema_name, table_name, key from {OLD}.catalogue.table order by position"
        ).fetchall()
    }


def _is_like_last(connection: duckdb.DuckDBPyConnection, published: Path, shapes: Mapping[Name, _KeyedTable]) -> bool:
    """Whether the file that is published, attached here as LAST, has the relations and comments that the new one gets.

    Then it lends them: to say every comment anew takes as long as to fill the tables. What the tables for analysts are
    to be is asked of an empty database in memory, because DuckDB words a definition in its own way.
    """
    if not published.exists() or broken_seal(published):
        return False
    connection.execute(f"attach ':memory:' as {WANTED}; use {WANTED}")
    _make(connection, shapes)
    connection.execute(f"attach {quoted(str(published))} as {LAST} (read_only)")
    wanted = _definitions(connection, OLD) | _definitions(connection, WANTED)
    return wanted == _definitions(connection, LAST) and _comments(connection, OLD) == _comments(connection, LAST)


def _make_others(connection: duckdb.DuckDBPyConnection, names: Set[Name]) -> None:
    """Makes the other tables, still empty, and the views of the old file with their keys."""
    tables, views = _definitions(connection, OLD, "table"), _definitions(connection, OLD, "view")
    for schema in sorted({schema for schema, _ in (*names, *views)}):
        connection.execute(f"create schema if not exists {schema}")
    for name in sorted(names):
        connection.execute(tables[name])
    for name in _in_order({view: _named_by(view, sql, views) for view, sql in views.items()}):
        connection.execute(views[name])


def _definitions(connection: duckdb.DuckDBPyConnection, database: str, *kinds: str) -> dict[Name, str]:
    """The tables and views of a database, or those of the kinds, each with the statement that makes it."""
    return {
        (schema, name): sql
        for kind in kinds or ("table", "view")
        for schema, name, sql in connection.execute(
            f"select schema_name, {kind}_name, sql from duckdb_{kind}s() where database_name = $1 order by all",
            [database],
        ).fetchall()
    }


def _named_by(view: Name, sql: str, views: Collection[Name]) -> set[Name]:
    """The other views that a view's SQL names."""
    named = set(re.findall(r"(?=\b(\w+\.\w+))", sql.replace('"', "")))
    return {other for other in views if other != view and ".".join(other) in named}


def _filled_in_order(shapes: Mapping[Name, _KeyedTable]) -> list[Name]:
    return _in_order({name: shape.parents(shapes) for name, shape in shapes.items()})


def _in_order(parents: Mapping[Name, Set[Name]]) -> list[Name]:
    """The relations, each after its parents."""
    return list(TopologicalSorter({name: sorted(before) for name, before in parents.items()}).static_order())


def _make(connection: duckdb.DuckDBPyConnection, shapes: Mapping[Name, _KeyedTable]) -> None:
    """Makes the tables for analysts, still empty, each after those that it refers to."""
    for schema in sorted({schema for schema, _ in shapes}):
        connection.execute(f"create schema if not exists {schema}")
    for name in _filled_in_order(shapes):
        connection.execute(shapes[name].ddl(shapes))


def _fill(connection: duckdb.DuckDBPyConnection, shapes: Mapping[Name, _KeyedTable]) -> None:
    """Fills the tables for analysts, each after those that it refers to."""
    for name in _filled_in_order(shapes):
        columns = _listed(column.name for column in shapes[name].columns)
        connection.execute(f"insert into {_qualified(name)} select {columns} from {OLD}.{_qualified(name)}")


def _comment(connection: duckdb.DuckDBPyConnection, names: Collection[Name]) -> None:
    """Gives relations and their columns the comments that they have in the old file."""
    if statements := [
        f"comment on {kind} {at} is {quoted(said)}"
        for (kind, name, at), said in _comments(connection, OLD).items()
        if name in names
    ]:
        connection.execute("; ".join(statements))


def _comments(connection: duckdb.DuckDBPyConnection, database: str) -> dict[tuple[str, Name, str], str]:
    """What is said of a database's relations and columns: by kind, relation, and how statements call them."""
    found = connection.execute(
        "select schema_name, table_name, 'table', null, comment from duckdb_tables() where database_name = $1"
        " union all select schema_name, view_name, 'view', null, comment from duckdb_views() where database_name = $1"
        " union all select schema_name, table_name, 'column', column_name, comment from duckdb_columns()"
        " where database_name = $1",
        [database],
    ).fetchall()
    return {
        (kind, (schema, name), _qualified((schema, name)) + (f'."{column}"' if column else "")): comment
        for schema, name, kind, column, comment in found
        if comment is not None
    }


def _qualified(name: Name) -> str:
    return f'{name[0]}."{name[1]}"'


def _listed(columns: Iterable[str]) -> str:
    return ", ".join(f'"{column}"' for column in columns)
