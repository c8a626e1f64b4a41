"""The declarations as tables of schema `reference`: the city, its calendar, code lists and the catalogue."""

from typing import Any

import duckdb
import polars as pl

from sources.model import City, codelists_of, fingerprint, load_codelists
from warehouse.connection import insert, transaction
from warehouse.ddl import all_tables
from warehouse.model import (
    indicator_level,
    load_chapters,
    load_indicators,
    load_measures,
    load_report_tables,
)
from warehouse.registry import get_state, set_state

STATE = "reference_fingerprint"


def reference_fingerprint(city: City) -> str:
    """Changes whenever one of the declarations behind the reference tables does."""
    return fingerprint(
        [
            city,
            *load_codelists().values(),
            *load_measures().values(),
            *load_chapters(),
            *load_report_tables().values(),
        ]
    )


def load_reference(connection: duckdb.DuckDBPyConnection, city: City) -> bool:
    """Rewrites the reference tables, in one transaction, if the declarations have changed; says whether."""
    current = reference_fingerprint(city)
    if get_state(connection, STATE) == current:
        return False
    rows = _rows(city)
    with transaction(connection):
        for table in all_tables():
            if table.schema == "reference":
                connection.execute(f"delete from {table.qualified}")
                names = [column.name for column in table.columns]
                frame = pl.DataFrame(rows[table.name], schema=names, orient="row", infer_schema_length=None)
                insert(connection, table.qualified, frame)
        set_state(connection, STATE, current)
    return True


def _rows(city: City) -> dict[str, list[tuple[Any, ...]]]:
    """Rows of each reference table, in the order of its columns."""
    years = sorted(city.calendar.years.items())
    lists = [codelist for name, codelist in codelists_of(city).items() if name != "schools"]
    chapters = [(chapter, indicator) for chapter in load_chapters() for indicator in chapter.indicators]
    return {
        "city": [(city.code, city.name)],
        "respondent": [(r.code, r.name, r.kind, r.since, r.until, r.note) for r in city.respondents],
        "report_year": [
            (year, y.as_of, y.school_year_from, y.school_year_to, y.opens, y.due, y.freezes) for year, y in years
        ],
        "scope": [(s.code, s.label, s.description, position) for position, s in enumerate(city.scopes, 1)],
        "scope_exclusion": [
            (scope.code, attribute, value)
            for scope in city.scopes
            for attribute, values in scope.exclude.items()
            for value in values
        ],
        "codelist_entry": [
            (codelist.name, entry.code, entry.label, position)
            for codelist in lists
            for position, entry in enumerate(codelist.codes, 1)
        ],
        "measure": [(m.code, m.label, m.unit, m.sheet, m.level, m.since, m.until) for m in load_measures().values()],
        "indicator": [
            (
                i.code,
                i.label,
                chapter.chapter,
                chapter.topic,
                i.kind,
                indicator_level(i),
                i.unit,
                i.scale,
                i.decimals,
                i.display,
                i.definition,
                i.source,
                i.time_basis,
                i.direction,
                chapter.order * 1000 + position,
            )
            for position, (chapter, i) in enumerate(chapters)
        ],
        "indicator_term": [
            (indicator.code, role, measure)
            for indicator in load_indicators().values()
            for role, measure in indicator.terms
        ],
        "table_row": [
            (table.code, position, row.group, row.label, row.indicator, row.change)
            for table in load_report_tables().values()
            for position, row in enumerate(table.rows, 1)
        ],
    }
