"""The report's summary tables as people read them: title, headings, rows of text, notes."""

import csv
from dataclasses import dataclass
from pathlib import Path

import duckdb

from warehouse.connection import query
from warehouse.model import ReportTable

NOT_REPORTED = "…"
SYMBOL_NOTE = f"“{NOT_REPORTED}”为未报告或无法提供，不是零。"


@dataclass(frozen=True)
class PrintedTable:
    code: str
    title: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...]


def print_table(connection: duckdb.DuckDBPyConnection, table: ReportTable, report_year: int) -> PrintedTable:
    """The table of the report year, from the published database.

    Raises LookupError when the database has no row of it for that year.
    """
    frame = query(
        connection,
        f"select * from report.{table.model} where report_year = ? order by row_number",
        [report_year],
    )
    if frame.is_empty():
        raise LookupError(f"数据库中没有 {report_year} 年的表{table.code}。")
    (city,) = connection.execute("select name from reference.city").fetchone() or ("",)
    records = frame.to_dicts()
    first = records[0]
    texts = {
        "city": city,
        "year": report_year,
        "last_year": report_year - 1,
        "scope": first.get("scope_label"),
        "last_scope": first.get("previous_scope_label") or "无数据",
    }
    always = {
        "group_label",
        "item_label",
        "remark",
        "change_display",
        "authority",
        "ownership",
        "affiliation",
    }
    rows = tuple(
        tuple(
            _text(record[name], blank="" if name in always or record.get("is_total") else NOT_REPORTED)
            for name in table.columns
        )
        for record in records
    )
    return PrintedTable(
        code=table.code,
        title=f"表{table.code}  {table.title.format(**texts)}",
        headings=tuple(heading.format(**texts) for heading in table.columns.values()),
        rows=rows,
        notes=_notes(records, rows),
    )


def _text(value: object, blank: str) -> str:
    return blank if value is None else str(value)


def _notes(records: list[dict], rows: tuple[tuple[str, ...], ...]) -> tuple[str, ...]:
    """What a reader must know: breaks of scope, missing schools, symbols."""
    notes = []
    breaks = {(r["previous_scope_label"], r["scope_label"]) for r in records if r.get("comparability") == "scope_break"}
    notes += [f"两年统计口径不同（上年{last}，本年{this}），变化情况不能当作增减。" for last, this in sorted(breaks)]
    missing = {(r["n_reported"], r["n_expected"]) for r in records if r["n_reported"] < r["n_expected"]}
    notes += [f"部分数据不完整：应报 {expected} 个单位，已报 {reported} 个。" for reported, expected in sorted(missing)]
    if any(NOT_REPORTED in row for row in rows):
        notes.append(SYMBOL_NOTE)
    return tuple(notes)


def write_csv(table: PrintedTable, folder: Path) -> Path:
    """The table as CSV with a byte-order mark, which Chinese Excel needs; appears whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"表{table.code}.csv"
    partial = path.with_suffix(".partial")
    with partial.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerows([table.headings, *table.rows])
    partial.replace(path)
    return path
