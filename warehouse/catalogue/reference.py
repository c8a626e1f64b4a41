"""The declarations as tables of schema `reference`: the regions, the calendar, code lists and the catalogue."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from sources.declarations.city import City, codelists_of
from sources.declarations.codelist import load_codelists
from sources.declarations.contract import contract_respondents, load_contracts
from sources.declarations.strict_csv import read_lines_as
from sources.system.fingerprint import fingerprint
from sources.system.settings import Settings
from warehouse.catalogue.indicator import (
    STANDARD_DEFINITION,
    Indicator,
    indicator_level,
    load_chapters,
    load_indicators,
)
from warehouse.catalogue.measure import load_measures, measure_columns
from warehouse.catalogue.published_list import PublishedLine, published_paths
from warehouse.catalogue.report_table import load_report_tables
from warehouse.catalogue.standard import load_standards
from warehouse.store.ddl import Table, all_tables
from warehouse.store.notes import get_state, set_state
from warehouse.store.sql import insert, transaction

UNIT_FACTORS = (("元", "万元", 10_000), ("万元", "亿元", 10_000), ("元", "亿元", 100_000_000))
STATE = "reference_fingerprint"


def reference_fingerprint(settings: Settings, city: City) -> str:
    """Changes whenever one of the declarations behind the reference tables does."""
    catalogue = [*load_measures().values(), *load_chapters(), *load_report_tables().values(), *load_standards()]
    published = "".join(path.read_text("utf-8") for path in published_files(settings))
    return fingerprint([city, *load_codelists().values(), *catalogue], published)


def load_reference(connection: duckdb.DuckDBPyConnection, settings: Settings, city: City) -> bool:
    """Rewrites the reference tables, in one transaction, if the declarations have changed; says whether."""
    current = reference_fingerprint(settings, city)
    if get_state(connection, STATE) == current:
        return False
    rows = _rows(settings, city)
    with transaction(connection):
        for table in all_tables():
            if table.schema == "reference":
                connection.execute(f"delete from {table.qualified}")
                insert(connection, table.qualified, _frame(table, rows[table.name]))
        set_state(connection, STATE, current)
    return True


def _frame(table: Table, rows: list[tuple[Any, ...]]) -> pl.DataFrame:
    names = [column.name for column in table.columns]
    return pl.DataFrame(rows, schema=names, orient="row", infer_schema_length=None)


def published_files(settings: Settings) -> list[Path]:
    """The city's own lists of printed figures, one a report year."""
    return published_paths(settings.city_dir)


def _rows(settings: Settings, city: City) -> dict[str, list[tuple[Any, ...]]]:
    """Rows of each reference table, in the order of its columns."""
    years = sorted(city.calendar.years.items())
    lists = [codelist for name, codelist in codelists_of(city).items() if name != "schools"]
    folder = contract_respondents()
    return {
        "region": [
            (r.code, r.name, r.level, r.parent, len(city.region_paths[r.code]) - 1, position)
            for position, r in enumerate(city.regions, 1)
        ],
        "region_path": [
            (code, ancestor, city.region_by_code[ancestor].level, depth)
            for code, path in city.region_paths.items()
            for depth, ancestor in enumerate(reversed(path))
        ],
        "respondent": [(r.code, r.name, r.kind, city.region_of(r), r.since, r.until, r.note) for r in city.respondents],
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
        "sheet": [(contract.name, contract.title, folder[contract.name]) for contract in load_contracts()],
        "measure": [
            (m.code, m.label, m.unit, m.sheet, m.level, folder[m.sheet], m.count, m.time_basis, m.since, m.until)
            for m in load_measures().values()
        ],
        "measure_column": [
            (measure.code, measure.sheet, column, measure.where is None)
            for measure in load_measures().values()
            for column in measure_columns(measure)
        ],
        "indicator": list(_indicator_rows()),
        "indicator_term": [term for indicator in load_indicators().values() for term in _terms(indicator, city)],
        "standard": [
            (s.indicator, s.category, s.edition, s.comparison, s.bound, s.source, s.since, s.until)
            for s in load_standards()
        ],
        "target": [(t.report_year, t.indicator, t.increase_at_least, t.source) for t in city.targets],
        "published_figure": [row for path in published_files(settings) for row in _figure_rows(path)],
        "unit_factor": list(UNIT_FACTORS),
        "table_row": [
            (table.code, position, row.group, row.label, row.indicator, row.change)
            for table in load_report_tables().values()
            for position, row in enumerate(table.rows, 1)
        ],
    }


def _indicator_rows() -> Iterator[tuple[Any, ...]]:
    for chapter in load_chapters():
        for position, i in enumerate(chapter.indicators, 1):
            counts = (i.counts.of, i.counts.below, i.counts.ownership) if i.counts else (None, None, None)
            described = (i.unit, i.scale, i.decimals, i.display, i.definition, i.source, i.time_basis, i.direction)
            named = (i.code, i.label, chapter.chapter, chapter.topic, i.kind, indicator_level(i))
            yield (*named, *described, *counts, chapter.order * 1000 + position)


def _terms(indicator: Indicator, city: City) -> Iterator[tuple[Any, ...]]:
    """The indicator's terms: under the standard definition until the city's own choice begins.

    Raises KeyError when the city chooses a definition that the indicator does not have.
    """
    if indicator.counts:
        return
    choice = next((choice for choice in city.definitions if choice.indicator == indicator.code), None)
    if choice is None or choice.since is not None:
        until = choice.since - 1 if choice and choice.since else None
        for role, measure in indicator.formula(STANDARD_DEFINITION).terms:
            yield indicator.code, STANDARD_DEFINITION, role, measure, None, until
    if choice:
        for role, measure in indicator.formula(choice.alternative).terms:
            yield indicator.code, choice.alternative, role, measure, choice.since, None


def _figure_rows(path: Path) -> Iterator[tuple[Any, ...]]:
    """A list of printed figures (`published/<report year>.csv`)."""
    for _, line in read_lines_as(path, PublishedLine):
        named = (int(path.stem), line.figure_id, line.section, line.year, line.label, line.subject)
        yield (*named, line.indicator, line.kind, line.scope, line.printed, line.printed_value, line.unit)
