"""What one region may see, as a database of its own: the analysts' tables with the rows of its subtree alone."""

from dataclasses import dataclass
from pathlib import Path

import duckdb

from sources.system.access import private_folder
from sources.system.settings import Settings
from sources.system.whole_file import whole_file
from warehouse.figures.regions import find_region
from warehouse.store.connection import open_published
from warehouse.store.ddl import PUBLIC_SCHEMAS
from warehouse.store.sql import quoted, transaction

OF_NOBODY = frozenset(
    f"core.dim_{each}"
    for each in ("definition", "indicator", "industry", "release", "scope", "scope_period", "table_row", "year")
)
"""Tables that say nothing of anybody: they go into every extract as they are."""
OWN = "region_code in (select region_code from published.reference.region_path where ancestor_code = $region)"
OWN_MAJORS = f"catalogue <> 'none' or major_code in (select major_code from published.core.fct_major where {OWN})"
PARTS = {"core.dim_major": OWN_MAJORS}
"""Tables without a region → which of their rows go out. Majors of the official catalogues are nobody's; what a school
calls one of its own goes where its rows go."""
OF_SMALL_GROUPS = (
    "select finding_id from published.quality.finding inner join published.registry.hidden_value as hidden"
    " on finding.report_year = hidden.report_year and finding.respondent_code = hidden.subject_code"
)
"""Findings quote cells: those about a school of which something is hidden would say what the figures do not."""
QUOTING = frozenset({"quality.finding", "quality.finding_effect"})


@dataclass(frozen=True)
class Extract:
    """`rows`: table → how many rows of it went into the file."""

    path: Path
    region_name: str
    rows: dict[str, int]


def write_extract(settings: Settings, region: str, target: Path | None = None) -> Extract:
    """Writes the region's part of the published database; without a target, to `extracts` in the installation's home.

    A table goes out if its rows say by `region_code` whose they are, or if it is declared to be of nobody; any other
    stays behind, so that a table added later cannot give anything away.

    Raises LookupError for an unknown region, FileNotFoundError when nothing has been published yet.
    """
    with open_published(settings) as connection:
        found = find_region(connection, region)
    path = target or private_folder(settings.home / "extracts") / f"nianbao-{found.code}.duckdb"
    with whole_file(path) as partial:
        connection = duckdb.connect(str(partial))
        try:
            connection.execute(f"attach {quoted(str(settings.published_database))} as published (read_only)")
            with transaction(connection):
                rows = {name: _copy(connection, name, found.code) for name in _tables(connection)}
            connection.execute("detach published")
        finally:
            connection.close()
    return Extract(path, found.name, rows)


def _tables(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """The tables that go out, as schema.table."""
    found = connection.execute(
        "select schema_name || '.' || table_name as name, max(column_name = 'region_code') as is_of_regions"
        " from duckdb_columns() where database_name = 'published' and list_contains(?, schema_name)"
        " group by all order by all",
        [list(PUBLIC_SCHEMAS)],
    ).fetchall()
    return [name for name, is_of_regions in found if is_of_regions or name in OF_NOBODY or name in PARTS]


def _copy(connection: duckdb.DuckDBPyConnection, name: str, region: str) -> int:
    """Copies the region's rows of a table with its comments; returns how many."""
    schema, table = name.split(".")
    mine = "true" if name in OF_NOBODY else PARTS.get(name, OWN).replace("$region", quoted(region))
    if name in QUOTING:
        mine += f" and finding_id not in ({OF_SMALL_GROUPS})"
    connection.execute(f"create schema if not exists {schema}")
    connection.execute(f'create table {schema}."{table}" as select * from published.{schema}."{table}" where {mine}')
    connection.execute("; ".join(_comments(connection, schema, table)))
    (count,) = connection.execute(f'select count(*) from {schema}."{table}"').fetchone() or (0,)
    return int(count)


def _comments(connection: duckdb.DuckDBPyConnection, schema: str, table: str) -> list[str]:
    """Statements that say of the copy what is said of the table."""
    which = "where database_name = 'published' and schema_name = ? and table_name = ? and comment is not null"
    of_table = connection.execute(f"select comment from duckdb_tables() {which}", [schema, table]).fetchall()
    of_columns = connection.execute(
        f"select column_name, comment from duckdb_columns() {which}", [schema, table]
    ).fetchall()
    return [f'comment on table {schema}."{table}" is {quoted(text)}' for (text,) in of_table] + [
        f'comment on column {schema}."{table}"."{column}" is {quoted(text)}' for column, text in of_columns
    ]
