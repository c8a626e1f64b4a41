"""What a later release of a year changes: first printed, now, and why."""

from collections.abc import Sequence
from pathlib import Path

import duckdb
import polars as pl

from sources.declarations.city import City
from sources.system.csv_file import write_csv
from warehouse.release.manifest import Manifest, counting
from warehouse.store.sql import period, query, quoted

VALUES = "data/core.fct_indicator_value.parquet"
HEADINGS = ("年度", "单位", "指标", "口径", "首次发布", "上一版", "本版", "原因")
SCOPE_CALLED = period("scope", "called", "scope_code", "$1")
KEY = ["report_year", "subject_code", "scope_code", "indicator_code"]


def revisions(
    connection: duckdb.DuckDBPyConnection,
    city: City,
    report_year: int,
    before: Sequence[tuple[Manifest, Path]],
) -> pl.DataFrame:
    """Every value of the year that was printed otherwise in an earlier release (with its folder): HEADINGS as columns.

    `before` are all earlier releases, oldest first; at least one.
    """
    (_, first_folder), (last_manifest, last_folder) = before[0], before[-1]
    now = _values(connection, "core.fct_indicator_value", report_year).rename({"display": "now"})
    first = _values(connection, _parquet(first_folder), report_year).rename({"display": "first"})
    last = _values(connection, _parquet(last_folder), report_year).rename({"display": "last"})
    joined = now.join(first, on=KEY, how="full", coalesce=True).join(last, on=KEY, how="full", coalesce=True)
    moved = joined.filter(pl.col("now").ne_missing(pl.col("first")) | pl.col("now").ne_missing(pl.col("last"))).sort(
        KEY
    )
    reason = _reason(connection, city.in_year(report_year), counting(connection, report_year), last_manifest)
    labels = dict(query(connection, "select indicator_code, label from core.dim_indicator").iter_rows())
    of_year = city.in_year(report_year)
    labelled = f"select scope_code, coalesce(called.label, dim_scope.label) from core.dim_scope{SCOPE_CALLED}"
    scopes = dict(query(connection, labelled, [report_year]).iter_rows())
    rows = [
        (
            str(year),
            _name(of_year, subject),
            labels.get(code, code),
            scopes.get(scope, scope),
            was or "…",
            lately or "…",
            shown or "…",
            reason,
        )
        for year, subject, scope, code, shown, was, lately in moved.select(*KEY, "now", "first", "last").iter_rows()
    ]
    return pl.DataFrame(rows, schema=dict.fromkeys(HEADINGS, pl.String), orient="row")


def write_revisions(table: pl.DataFrame, path: Path) -> Path:
    return write_csv([HEADINGS, *table.iter_rows()], path)


def _parquet(folder: Path) -> str:
    return f"read_parquet({quoted(str(folder / VALUES))})"


def _values(connection: duckdb.DuckDBPyConnection, relation: str, report_year: int) -> pl.DataFrame:
    return query(
        connection,
        f"select report_year, subject_code, scope_code, indicator_code, display from {relation} where report_year = ?",
        [report_year],
    )


def _name(city: City, code: str) -> str:
    if code in city.region_by_code:
        return city.region_by_code[code].name
    respondent = city.respondent_by_code.get(code)
    return respondent.name if respondent else code


def _reason(connection: duckdb.DuckDBPyConnection, city: City, current: dict[str, str], last: Manifest) -> str:
    """Whose version has changed since the last release, with the reason that they gave."""
    reasons = dict(
        query(
            connection, "select submission_id, revision_reason from registry.submission where revision_reason <> ''"
        ).iter_rows()
    )
    changed = [code for code in sorted({*current, *last.current}) if current.get(code) != last.current.get(code)]
    told = []
    for code in changed:
        why = reasons.get(current.get(code, ""))
        told.append(f"{_name(city, code)}重新报送" + (f"（{why}）" if why else ""))
    return "；".join(told) or "定义、口径或规则有变化"
