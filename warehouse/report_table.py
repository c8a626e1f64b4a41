"""The report's summary tables as people read them: title, headings, rows of text, notes."""

import csv
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from sources.system.plain_text import as_text
from warehouse.connection import query
from warehouse.model import ReportTable
from warehouse.regions import SUBTREE, find_region

NOT_REPORTED = "…"
NAMED_ROWS = 6
SYMBOL_NOTE = f"“{NOT_REPORTED}”为未报告或无法提供，不是零。"
MAY_BE_BLANK = {"group_label", "item_label", "remark", "change_display", "methods", "denominator_display"}


@dataclass(frozen=True)
class PrintedTable:
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
) -> PrintedTable:
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
    return PrintedTable(
        name=table.name,
        title=f"{table.name}  {table.title.format(**texts)}",
        headings=tuple(heading.format(**texts) for heading in table.columns.values()),
        rows=rows,
        notes=(*_notes(records, rows), *_footnotes(connection, report_year, region.code, indicators)),
    )


def _text(record: dict[str, Any], name: str) -> str:
    value = record[name]
    if value is None:
        return "" if name in MAY_BE_BLANK or record.get("is_total") else NOT_REPORTED
    return str(value)


def _notes(records: list[dict[str, Any]], rows: tuple[tuple[str, ...], ...]) -> tuple[str, ...]:
    """What a reader must know: scopes, breaks between the years, missing schools, symbols."""
    labels = [_label(record) for record in records]
    notes = []
    scopes = _grouped(labels, [record.get("scope_label") for record in records])
    if len(scopes) > 1:
        usual = max(scopes, key=lambda scope: len(scopes[scope]))
        others = [f"{scope}{_meaning(of, records)}" for scope, of in scopes.items() if scope != usual]
        notes.append(f"统计口径为{usual}；以下为{'；'.join(others)}。")
    breaks = _grouped(
        labels,
        [
            (r["previous_scope_label"], r["scope_label"]) if r.get("comparability") == "scope_break" else None
            for r in records
        ],
    )
    for (last, this), of in breaks.items():
        notes.append(f"两年统计口径不同{_meaning(of, records)}：上年{last}，本年{this}，变化情况不能当作增减。")
    if any(record.get("comparability") == "definition_break" for record in records):
        notes.append("两年的指标定义不同，变化情况不能当作增减。")
    for coverage, of in _grouped(labels, [record["coverage"] for record in records]).items():
        notes.append(f"数据完整度{_meaning(of, records)}：{coverage}。")
    incomplete = [(r["n_reported"], r["n_expected"]) if r.get("status") == "incomplete" else None for r in records]
    for (reported, expected), of in _grouped(labels, incomplete).items():
        notes.append(f"不完整{_meaning(of, records)}：应报 {expected} 所学校，已报 {reported} 所。")
    if any(NOT_REPORTED in row for row in rows):
        notes.append(SYMBOL_NOTE)
    return tuple(notes)


def _footnotes(
    connection: duckdb.DuckDBPyConnection, report_year: int, region: str, indicators: list[str]
) -> list[str]:
    """What schools have explained about the values behind the table, as far as the bureau has approved it."""
    found = query(
        connection,
        "select distinct respondent_name, sheet, value, reason from quality.footnote"
        f" where report_year = ? and region_code in {SUBTREE} and list_contains(?, indicator_code) order by all",
        [report_year, region, indicators],
    )
    return [f"{name}（{sheet}，{value}）：{reason}" for name, sheet, value, reason in found.iter_rows()]


def _meaning(labels: list[str], records: list[dict[str, Any]]) -> str:
    """Which rows a note is about; nothing when it is about all of them."""
    if len(labels) == len(records):
        return ""
    shown = "、".join(labels[:NAMED_ROWS])
    return f"（{shown}{f'等 {len(labels)} 项' if len(labels) > NAMED_ROWS else ''}）"


def _label(record: dict[str, Any]) -> str:
    for name in ("item_label", "group_label", "school_name", "year"):
        if record.get(name):
            return str(record[name]).removeprefix("其中：")
    return ""


def _grouped(labels: list[str], values: list[Any]) -> dict[Any, list[str]]:
    """Value → the labels that have it, in order; None is left out."""
    groups: dict[Any, list[str]] = defaultdict(list)
    for label, value in zip(labels, values, strict=True):
        if value is not None:
            groups[value].append(label)
    return groups


def write_csv(table: PrintedTable, folder: Path) -> Path:
    """The table as CSV with a byte-order mark, which Chinese Excel needs; appears whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{table.name}.csv"
    partial = path.with_suffix(".partial")
    with partial.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerows([[as_text(text) for text in row] for row in (table.headings, *table.rows)])
    partial.replace(path)
    return path
