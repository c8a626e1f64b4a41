"""Writes the `catalogue` schema: what each table for analysts is for, what a row of it is, and what it answers."""

from collections.abc import Sequence
from typing import Any

import duckdb
import polars as pl

from warehouse.catalogue.public_tables import PublicTable
from warehouse.store.ddl import create_tables, declared
from warehouse.store.sql import insert

SCHEMA = "catalogue"


def record_catalogue(connection: duckdb.DuckDBPyConnection, tables: Sequence[PublicTable]) -> None:
    """Writes the schema anew; to be called outside a transaction."""
    connection.execute(f"drop schema if exists {SCHEMA} cascade")
    create_tables(connection, declared(SCHEMA))
    for name, rows in (("table", _tables(tables)), ("column", _columns(tables)), ("foreign_key", _keys(tables))):
        if rows:
            insert(connection, f'{SCHEMA}."{name}"', pl.DataFrame(rows, infer_schema_length=None))


def _tables(tables: Sequence[PublicTable]) -> list[dict[str, Any]]:
    return [
        {
            "schema_name": table.schema,
            "table_name": table.name,
            "position": position,
            "purpose": table.description,
            "grain": table.grain,
            "key": list(table.key),
            "question": table.question,
            "example": table.example,
        }
        for position, table in enumerate(tables, 1)
    ]


def _columns(tables: Sequence[PublicTable]) -> list[dict[str, Any]]:
    return [
        {
            "schema_name": table.schema,
            "table_name": table.name,
            "column_name": column.name,
            "position": position,
            "type": column.type,
            "unit": column.unit or None,
            "allowed": list(column.allowed) or None,
            "status_column": column.status_column or None,
            "description": column.description,
        }
        for table in tables
        for position, column in enumerate(table.columns, 1)
    ]


def _keys(tables: Sequence[PublicTable]) -> list[dict[str, Any]]:
    return [
        {
            "schema_name": table.schema,
            "table_name": table.name,
            "position": position,
            "columns": list(key.columns),
            "to_schema": key.schema,
            "to_table": key.table,
            "to_columns": list(key.to_columns),
        }
        for table in tables
        for position, key in enumerate(table.foreign_keys, 1)
    ]
