"""Declarations → tables: makes the tables that the database holds before dbt runs."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

import duckdb
from pydantic import ConfigDict, Field, model_validator

from sources.declarations.contract import Column, Contract, load_contracts
from sources.declarations.pack import Pack
from sources.declarations.strict_yaml import Declaration, Name, load
from sources.system.faults import ToldError
from sources.system.settings import PROJECT_ROOT
from warehouse.store.sql import quoted

PUBLIC_SCHEMAS = ("core", "marts", "report", "quality")
"""Analysts query these schemas; exports and extracts hold them. The other schemas are steps towards them."""
IDENTITY_COLUMNS = {
    "submission_id": ("varchar", "报送编号，即文件内容的 sha256"),
    "report_year": ("bigint", "报告年度"),
    "respondent_code": ("varchar", "填报单位标识码"),
    "record": ("bigint", "记录：表格为行号，表单为 0"),
}


SCHEMAS = PROJECT_ROOT / "warehouse" / "store" / "schemas"


class _DeclaredTable(Declaration):
    description: str
    key: tuple[Name, ...]
    columns: dict[Name, tuple[str, str]]
    """Column → its type and description."""

    @model_validator(mode="after")
    def _consistent(self) -> "_DeclaredTable":
        if unknown := [name for name in self.key if name not in self.columns]:
            raise ValueError(f"the key names no column: {', '.join(unknown)}")
        return self


class _DeclaredSchema(Declaration):
    """schemas/<schema>.yml."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=False)

    schema_name: Name = Field(alias="schema")
    description: str
    tables: dict[Name, _DeclaredTable]


class OtherTablesError(ToldError, RuntimeError):
    """The tables of a database contradict the declarations: another version has made them."""


@dataclass(frozen=True)
class TableColumn:
    name: str
    type: str
    description: str


@dataclass(frozen=True)
class Table:
    """One table that Python writes: `schema.name`, its columns and its key."""

    schema: str
    name: str
    description: str
    columns: tuple[TableColumn, ...]
    key: tuple[str, ...]

    @property
    def qualified(self) -> str:
        return f'{self.schema}."{self.name}"'


def sql_type(column: Column) -> str:
    """The SQL type of a contract's column: exact, never floating point."""
    if column.type == "integer":
        return "bigint"
    if column.type == "decimal":
        return f"decimal(18,{column.decimals})"
    return "date" if column.type == "date" else "varchar"


def raw_table(contract: Contract) -> Table:
    """`raw.<sheet>`: the accepted submissions' rows of one sheet, all versions."""
    identity = tuple(TableColumn(name, *rest) for name, rest in IDENTITY_COLUMNS.items())
    own = tuple(TableColumn(c.name, sql_type(c), f"{c.heading}。{c.hint}") for c in contract.columns)
    return Table("raw", contract.name, f"{contract.title}（填报数据）", identity + own, ("submission_id", "record"))


@lru_cache
def all_tables(pack: Pack) -> tuple[Table, ...]:
    """Every table that exists before dbt runs, in schemas registry, reference and raw."""
    return (
        *declared("registry"),
        *declared("reference"),
        *(raw_table(contract) for contract in load_contracts(pack)),
    )


def declared(schema: str) -> Iterator[Table]:
    for name, table in load(SCHEMAS / f"{schema}.yml", _DeclaredSchema).tables.items():
        columns = tuple(TableColumn(column, *rest) for column, rest in table.columns.items())
        yield Table(schema, name, table.description, columns, table.key)


def table(schema: str, name: str) -> Table:
    return next(each for each in declared(schema) if each.name == name)


def create_tables(connection: duckdb.DuckDBPyConnection, tables: Iterable[Table]) -> None:
    """Creates what is missing and adds new columns, with the descriptions as comments.

    Raises OtherTablesError when a column's type or a key has changed: then the warehouse must be rebuilt from the
    archive, which the next run does.
    """
    declared = list(tables)
    if found := misfits(connection, declared):
        raise OtherTablesError(
            f"数据库的表是另一个版本的程序建的：{'；'.join(found)}。请先运行 nianbao run，它会从存档重新建好并发布。"
        )
    described = _described(connection)
    statements = [f"create schema if not exists {schema}" for schema in sorted({table.schema for table in declared})]
    for new in declared:
        existing = described.get((new.schema, new.name), {})
        if not existing:
            columns = ", ".join(f'"{column.name}" {column.type}' for column in new.columns)
            key = f", primary key ({', '.join(new.key)})" if new.key else ""
            statements.append(f"create table {new.qualified} ({columns}{key})")
        for column in new.columns:
            if existing and column.name not in existing:
                statements.append(f'alter table {new.qualified} add column "{column.name}" {column.type}')
        statements += _comments(new, existing)
    connection.execute(f"begin; {'; '.join(statements)}; commit")


def misfits(connection: duckdb.DuckDBPyConnection, tables: Iterable[Table]) -> list[str]:
    """Says in Chinese where existing tables contradict the declarations so that only a rebuild can mend it."""
    described = _described(connection)
    keys = {
        (schema, name): tuple(columns)
        for schema, name, columns in connection.execute(
            "select schema_name, table_name, constraint_column_names from duckdb_constraints()"
            " where constraint_type = 'PRIMARY KEY'"
        ).fetchall()
    }
    found = []
    for declared in tables:
        existing = described.get((declared.schema, declared.name), {})
        found += [
            f"{declared.qualified}.{column.name} 的类型由 {existing[column.name][0]} 改为 {column.type}"
            for column in declared.columns
            if column.name in existing and existing[column.name][0] != canonical_type(column.type)
        ]
        if existing and keys.get((declared.schema, declared.name), ()) != declared.key:
            found.append(f"{declared.qualified} 的主键改为（{'、'.join(declared.key)}）")
    return found


def _described(connection: duckdb.DuckDBPyConnection) -> dict[tuple[str, str], dict[str, tuple[str, str | None]]]:
    """(schema, table) → column → (type, comment); the table's own comment is under ''."""
    rows = connection.execute(
        "select schema_name, table_name, column_name, lower(data_type), comment from duckdb_columns()"
        " union all select schema_name, table_name, '', '', comment from duckdb_tables()"
    ).fetchall()
    described: dict[tuple[str, str], dict[str, tuple[str, str | None]]] = {}
    for schema, name, column, data_type, comment in rows:
        described.setdefault((schema, name), {})[column] = data_type, comment
    return described


@lru_cache
def canonical_type(type_name: str) -> str:
    """The name under which DuckDB lists a type, in small letters."""
    row = duckdb.execute(f"select lower(typeof(cast(null as {type_name})))").fetchone()
    assert row is not None
    return str(row[0])


def _comments(new: Table, existing: Mapping[str, tuple[str, str | None]]) -> Iterator[str]:
    """The statements that bring a table's comments up to date."""
    if existing.get("", ("", None))[1] != new.description:
        yield f"comment on table {new.qualified} is {quoted(new.description)}"
    for column in new.columns:
        if existing.get(column.name, ("", None))[1] != column.description:
            yield f'comment on column {new.qualified}."{column.name}" is {quoted(column.description)}'
