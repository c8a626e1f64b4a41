"""The declarations as tables of schema `reference`: the regions, the calendar, code lists and the catalogue."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from sources.declarations.changes import RenameRegion, begins, ends, parties_of
from sources.declarations.city import City, codelists_of
from sources.declarations.codelist import load_codelists
from sources.declarations.contract import contract_respondents, load_contracts
from sources.declarations.strict_csv import read_lines_as
from sources.system.fingerprint import fingerprint
from sources.system.settings import Settings
from warehouse.catalogue.catalogue import Catalogue, load_catalogue
from warehouse.catalogue.indicator import STANDARD_DEFINITION, Chapter, Indicator
from warehouse.catalogue.measure import measure_columns
from warehouse.catalogue.published_list import PublishedLine, published_paths
from warehouse.store.ddl import Table, all_tables, declared
from warehouse.store.notes import get_state, set_state
from warehouse.store.sql import insert, transaction

UNIT_FACTORS = (("元", "万元", 10_000), ("万元", "亿元", 10_000), ("元", "亿元", 100_000_000))
STATE = "reference_fingerprint"
FIRST_YEAR, LAST_YEAR = 0, 9999
"""From where and to where a period goes that is open."""

Row = dict[str, Any]
"""Column → value, of one reference table: the columns are declared in store/schemas/reference.yml."""


@dataclass(frozen=True, slots=True)
class Declarations:
    """Everything that the reference tables are made of."""

    settings: Settings
    city: City
    catalogue: Catalogue


def reference_fingerprint(settings: Settings, city: City) -> str:
    """Changes whenever one of the declarations behind the reference tables does."""
    numbers = load_catalogue(city.pack.today)
    catalogue = [
        *numbers.measures.values(),
        *numbers.chapters,
        *numbers.tables.values(),
        *numbers.standards,
        *numbers.editions,
    ]
    published = "".join(path.read_text("utf-8") for path in published_files(settings))
    tables = repr(list(declared("reference")))  # a table that is new is filled
    return fingerprint([city, *load_codelists(city.pack).values(), *catalogue], published + tables)


def load_reference(connection: duckdb.DuckDBPyConnection, settings: Settings, city: City) -> bool:
    """Rewrites the reference tables, in one transaction, if the declarations have changed; says whether."""
    current = reference_fingerprint(settings, city)
    if get_state(connection, STATE) == current:
        return False
    rows = _rows(Declarations(settings, city, load_catalogue(city.pack.today)))
    with transaction(connection):
        for table in all_tables(city.pack):
            if table.schema == "reference":
                connection.execute(f"delete from {table.qualified}")
                insert(connection, table.qualified, _frame(table, rows[table.name]))
        set_state(connection, STATE, current)
    return True


def _frame(table: Table, rows: Iterable[Row]) -> pl.DataFrame:
    """The rows in the order of the table's columns. Raises ValueError for a row that has others."""
    names = [column.name for column in table.columns]
    listed = list(rows)
    if odd := next((row for row in listed if set(row) != set(names)), None):
        raise ValueError(f"{table.qualified}: a row has {sorted(odd)}, the table {sorted(names)}")
    return pl.DataFrame(
        [tuple(row[name] for name in names) for row in listed], schema=names, orient="row", infer_schema_length=None
    )


def published_files(settings: Settings) -> list[Path]:
    """The city's own lists of printed figures, one a report year."""
    return published_paths(settings.city_dir)


def _rows(of: Declarations) -> dict[str, Iterable[Row]]:
    """The rows of each reference table, in order."""
    return {
        **_rows_of_the_regions(of.city),
        **_rows_of_the_city(of.city),
        **_rows_of_the_years(of.city),
        **_rows_of_the_sheets(of.city),
        **_rows_of_the_catalogue(of.catalogue),
        "indicator_term": [term for each in of.catalogue.indicators.values() for term in _terms(each, of.city)],
        "published_figure": [row for path in published_files(of.settings) for row in _figure_rows(path)],
        "unit_factor": [{"from_unit": small, "to_unit": large, "divisor": by} for small, large, by in UNIT_FACTORS],
    }


def _rows_of_the_regions(city: City) -> dict[str, Iterable[Row]]:
    return {
        "region": [
            {
                "code": region.code,
                "name": region.name,
                "level": region.level,
                "parent_code": region.parent,
                "depth": len(city.region_paths[region.code]) - 1,
                "sequence": position,
            }
            for position, region in enumerate(_latest(city).regions, 1)
        ],
        "region_path": [
            {
                "region_code": code,
                "ancestor_code": ancestor,
                "ancestor_level": city.region_by_code[ancestor].level,
                "ancestor_depth": depth,
            }
            for code, path in city.region_paths.items()
            for depth, ancestor in enumerate(reversed(path))
        ],
    }


def _latest(city: City) -> City:
    """The city as it is called in the last report year."""
    return city.in_year(max(city.calendar.years))


def _rows_of_the_years(city: City) -> dict[str, Iterable[Row]]:
    """How everything is called in each period, and what has changed."""

    def respondents(of_year: City) -> Iterator[Row]:
        for each in of_year.respondents:
            codes = {"stated_code": of_year.stated_code(each), "region_code": of_year.region_of(each)}
            yield _fields(each, "code", "name") | codes

    return {
        "respondent_period": _periods(city, respondents),
        "region_period": _periods(city, lambda of_year: (_fields(each, "code", "name") for each in of_year.regions)),
        "scope_period": _periods(
            city, lambda of_year: (_fields(each, "code", "label", "description") for each in of_year.scopes)
        ),
        "change": list(_change_rows(city)),
    }


def _periods(city: City, called: Callable[[City], Iterable[Row]]) -> list[Row]:
    """What is called in a year, by `code`, with the years from which and to which it holds; each period one row."""
    starts = [FIRST_YEAR, *sorted({change.since for change in city.changes})]
    periods: dict[str, list[Row]] = {}
    for start in starts:
        for row in called(city.in_year(start)):
            of_code = periods.setdefault(row["code"], [])
            if not of_code or of_code[-1] != row | _fields_between(of_code[-1]):
                if of_code:
                    of_code[-1]["to_year"] = start - 1
                of_code.append(row | {"from_year": start, "to_year": LAST_YEAR})
    return [row for of_code in periods.values() for row in of_code]


def _fields_between(row: Row) -> Row:
    return {name: row[name] for name in ("from_year", "to_year")}


def _change_rows(city: City) -> Iterator[Row]:
    """A row for each party of a change: the school that was merged, and the one that it went into."""
    for report_year in sorted(city.calendar.years):
        of_year = city.in_year(report_year)
        for sequence, (change, told) in enumerate(city.changes_told(report_year), 1):
            for code in parties_of(change):
                respondent = of_year.respondent_by_code.get(code) if not isinstance(change, RenameRegion) else None
                region = of_year.region_of(respondent) if respondent else code
                yield {
                    "report_year": report_year,
                    "sequence": sequence,
                    "kind": change.kind,
                    "subject_code": code,
                    "region_code": region if region in city.region_by_code else city.code,
                    "changes_count": bool(begins(change)) or ends(change) is not None,
                    "told": told,
                }


def _rows_of_the_city(city: City) -> dict[str, Iterable[Row]]:
    """Respondents, the calendar, scopes and targets. The names of a declaration's fields are the columns'."""
    latest = _latest(city)
    return {
        "respondent": [
            _fields(each, "code", "name", "kind", "since", "until", "note", "founded", "exempt")
            | {"region_code": latest.region_of(each)}
            for each in latest.respondents
        ],
        "report_year": [
            {"report_year": year, **_fields(each, *(set(type(each).model_fields) - {"templates_carry_tokens"}))}
            for year, each in sorted(city.calendar.years.items())
        ],
        "scope": [
            _fields(scope, "code", "label", "description") | {"sequence": position}
            for position, scope in enumerate(latest.scopes, 1)
        ],
        "scope_exclusion": [
            {"scope_code": scope.code, "attribute": attribute, "value": value}
            for scope in city.scopes
            for attribute, values in city.leaves_out(scope).items()
            for value in values
        ],
        "target": [
            _fields(each, "report_year", "increase_at_least", "source") | {"indicator_code": each.indicator}
            for each in city.targets
        ],
    }


def _rows_of_the_sheets(city: City) -> dict[str, Iterable[Row]]:
    """Code lists and sheets."""
    lists = [codelist for name, codelist in codelists_of(_latest(city)).items() if name != "schools"]
    filled_in_by = contract_respondents(city.pack)
    return {
        "codelist_entry": [
            {"codelist": codelist.name, "code": entry.code, "label": entry.label, "sequence": position}
            for codelist in lists
            for position, entry in enumerate(codelist.codes, 1)
        ],
        "sheet": [
            _fields(contract, "name", "title") | {"filled_in_by": filled_in_by[contract.name]}
            for contract in load_contracts(city.pack)
        ],
    }


def _rows_of_the_catalogue(catalogue: Catalogue) -> dict[str, Iterable[Row]]:
    """Measures, indicators, standards and the rows of the report's tables."""
    of_measure = ("code", "label", "unit", "sheet", "level", "time_basis", "adds", "since", "until")
    return {
        "measure": [
            _fields(each, *of_measure) | {"filled_in_by": each.filled_in_by, "is_count": each.count}
            for each in catalogue.measures.values()
        ],
        "measure_column": [
            {
                "measure_code": measure.code,
                "sheet": measure.sheet,
                "column_name": column,
                "takes_all_rows": measure.where is None,
            }
            for measure in catalogue.measures.values()
            for column in measure_columns(catalogue.pack, measure)
        ],
        "indicator": [
            _indicator_row(catalogue, chapter, indicator, position)
            for chapter in catalogue.chapters
            for position, indicator in enumerate(chapter.indicators, 1)
        ],
        "indicator_definition": _definitions(catalogue),
        "standard": _standards(catalogue),
        **_rows_of_the_editions(catalogue),
        "table_row": _table_rows(catalogue),
    }


def _table_rows(catalogue: Catalogue) -> list[Row]:
    return [
        {
            "table_code": table.code,
            "row_number": position,
            "group_label": row.group,
            "item_label": row.label,
            "indicator_code": row.indicator,
            "shows_change": row.change,
            "since": row.since,
            "until": row.until,
        }
        for table in catalogue.tables.values()
        for position, row in enumerate(table.rows, 1)
    ]


def _definitions(catalogue: Catalogue) -> list[Row]:
    """Each indicator under each of its definitions, in words, with what a ratio divides by."""
    return [
        {
            "indicator_code": each.code,
            "definition": definition,
            "text": each.formula(definition).definition,
            "base": catalogue.base(each, definition),
        }
        for each in catalogue.indicators.values()
        for definition in (STANDARD_DEFINITION, *each.alternatives)
    ]


def _standards(catalogue: Catalogue) -> list[Row]:
    """Each standard for each kind of school that is held against it."""
    own = ("edition", "comparison", "bound", "founded_since", "clause", "source", "published", "since", "until")
    return [
        _fields(each, *own)
        | {"indicator_code": each.indicator, "category": category}
        | {"is_key": each.key, "is_verified": each.verified}
        for each in catalogue.standards
        for category in each.kinds(catalogue.pack)
    ]


def _rows_of_the_editions(catalogue: Catalogue) -> dict[str, Iterable[Row]]:
    """The editions of the requirements, whom they leave out, of whom they are not whole, and who is to meet them."""
    categories = load_codelists(catalogue.pack)["school_category"]
    return {
        "edition": [
            _fields(each, "code", "label", "published", "key_verified") | {"sequence": position}
            for position, each in enumerate(sorted(catalogue.editions, key=lambda each: each.code[-4:]), 1)
        ],
        "edition_exclusion": [
            _fields(exclusion, "reason", "founded_since", "source")
            | {"edition": each.code, "category": category, "told": exclusion.in_words}
            | {"is_verified": exclusion.verified, "exempt": exclusion.exempt}
            for each in catalogue.editions
            for exclusion in each.exclusions
            for category in (categories.kinds_of(exclusion.category) if exclusion.category else ("",))
        ],
        "edition_not_whole": [
            {"edition": each.code, "category": category} for each in catalogue.editions for category in each.not_whole
        ],
        "edition_target": [
            _fields(target, "share", "source")
            | {"edition": each.code, "by_year": target.by, "is_verified": target.verified}
            for each in catalogue.editions
            for target in each.targets
        ],
    }


def _indicator_row(catalogue: Catalogue, chapter: Chapter, indicator: Indicator, position: int) -> Row:
    described = ("code", "label", "kind", "unit", "scale", "decimals", "display", "definition", "source")
    return _fields(indicator, *described, "time_basis", "direction") | {
        "chapter": chapter.chapter,
        "topic": chapter.topic,
        "level": catalogue.level(indicator),
        "counted_indicator": indicator.counts.of if indicator.counts else None,
        "counted_below": indicator.counts.below if indicator.counts else None,
        "counted_ownership": indicator.counts.ownership if indicator.counts else None,
        "sequence": chapter.order * 1000 + position,
    }


def _terms(indicator: Indicator, city: City) -> Iterator[Row]:
    """The indicator's terms: under the standard definition until the city's own choice begins.

    Raises KeyError when the city chooses a definition that the indicator does not have.
    """
    if indicator.counts:
        return
    choice = next((choice for choice in city.definitions if choice.indicator == indicator.code), None)
    if choice is None or choice.since is not None:
        until = choice.since - 1 if choice and choice.since else None
        yield from _terms_of(indicator, STANDARD_DEFINITION, None, until)
    if choice:
        yield from _terms_of(indicator, choice.alternative, choice.since, None)


def _terms_of(indicator: Indicator, definition: str, since: int | None, until: int | None) -> Iterator[Row]:
    for role, measure in indicator.formula(definition).terms:
        yield {
            "indicator_code": indicator.code,
            "definition": definition,
            "role": role,
            "measure_code": measure,
            "since": since,
            "until": until,
        }


def _figure_rows(path: Path) -> Iterator[Row]:
    """A list of printed figures (`published/<report year>.csv`)."""
    for _, line in read_lines_as(path, PublishedLine):
        yield _fields(line, "figure_id", "section", "label", "kind", "printed", "printed_value", "unit") | {
            "reason": line.reason or None,
            "report_year": int(path.stem),
            "figure_year": line.year,
            "subject_code": line.subject,
            "indicator_code": line.indicator,
            "scope_code": line.scope,
        }


def _fields(declaration: object, *names: str) -> Row:
    """What a declaration holds under some of its names."""
    return {name: getattr(declaration, name) for name in names}
