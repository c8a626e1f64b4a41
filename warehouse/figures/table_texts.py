"""The report's summary tables as people read them: title, headings, rows of text, notes."""

from dataclasses import dataclass
from typing import Any

import duckdb

from warehouse.catalogue.report_table import ReportTable
from warehouse.figures.regions import find_region
from warehouse.figures.table_notes import NOT_REPORTED, footnotes, notes_of
from warehouse.store.sql import query

MAY_BE_BLANK = {"group_label", "item_label", "remark", "change_display", "methods", "denominator_display"}


@dataclass(frozen=True)
class TableTexts:
    name: str
    title: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...]


def table_rows(
    connection: duckdb.DuckDBPyConnection, table: ReportTable, report_year: int, region: str
) -> list[dict[str, Any]]:
    """The table's rows of a region for the report year, in print order."""
    return query(
        connection,
        f"select * from report.{table.model} where report_year = ? and region_code = ? order by row_number",
        [report_year, region],
    ).to_dicts()


def print_table(
    connection: duckdb.DuckDBPyConnection, table: ReportTable, report_year: int, region_code: str | None = None
) -> TableTexts:
    """The table of the report year, from the published database; of the installation's own region, or of another.

    Raises LookupError when the database has no such region, or no row of the table for it and the year.
    """
    region = find_region(connection, region_code)
    records = table_rows(connection, table, report_year, region.code)
    if not records:
        raise LookupError(f"{region.name}：数据库中没有 {report_year} 年的{table.name}。")
    first = records[0]
    texts = {
        "city": region.name,
        "year": report_year,
        "last_year": report_year - 1,
        "first_year": first.get("year"),
        "scope": first.get("scope_label"),
        "last_scope": first.get("previous_scope_label") or "无数据",
    }
    rows = tuple(tuple(_text(record, name) for name in table.columns) for record in records)
    indicators = [record["indicator_code"] for record in records if record.get("indicator_code")]
    return TableTexts(
        name=table.name,
        title=f"{table.name}  {table.title.format(**texts)}",
        headings=tuple(heading.format(**texts) for heading in table.columns.values()),
        rows=rows,
        notes=(*notes_of(records, rows), *footnotes(connection, report_year, region.code, indicators)),
    )


def _text(record: dict[str, Any], name: str) -> str:
    value = record[name]
    if value is None:
        return "" if name in MAY_BE_BLANK or record.get("is_total") else NOT_REPORTED
    return str(value)
