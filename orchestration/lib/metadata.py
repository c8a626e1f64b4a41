"""Frames and findings as Dagster metadata: row counts, columns, previews, failing rows."""

from collections.abc import Iterable, Sequence
from typing import Any

import dagster as dg
import duckdb
import polars as pl

from sources.submission.finding import SEVERITY_LABELS
from warehouse.run.build import FAILING_ROWS

PREVIEW_ROWS = 15


def row_counts(connection: duckdb.DuckDBPyConnection, relations: Sequence[tuple[str, str]]) -> dict[str, int]:
    """`schema.name` → rows of each relation, in one query for all of them."""
    counts = " union all ".join(
        f"select '{schema}.{name}' as relation, count(*) as row_count from {schema}.\"{name}\""
        for schema, name in relations
    )
    return dict(connection.execute(counts).fetchall()) if relations else {}


def column_schema(columns: Iterable[tuple[str, str | None, str]]) -> dict[str, Any]:
    """Metadata of an asset's definition: its columns (name, type, description).

    Not of each materialisation: written twice for each asset and year, it was most of a run's event log.
    """
    described = [dg.TableColumn(name, type_name or "?", description) for name, type_name, description in columns]
    return {"dagster/column_schema": dg.TableSchema(described)}


def markdown_table(headings: Sequence[str], rows: Sequence[Sequence[object]]) -> dg.MetadataValue:
    lines = ["| " + " | ".join(headings) + " |", "|" + "---|" * len(headings)]
    lines += ["| " + " | ".join(_cell(value) for value in row) + " |" for row in rows]
    return dg.MetadataValue.md("\n".join(lines))


def frame_preview(frame: pl.DataFrame, limit: int = PREVIEW_ROWS) -> dg.MetadataValue:
    return markdown_table(frame.columns, frame.head(limit).rows())


FINDING_HEADINGS = {
    "severity": "级别",
    "file_name": "文件",
    "sheet": "工作表",
    "cell": "单元格",
    "value": "填写内容",
    "message": "问题",
    "suggestion": "可能的原因",
    "fix": "处理办法",
    "rule_id": "规则",
}


def findings_table(findings: pl.DataFrame) -> dg.MetadataValue:
    """Findings as the clerk reads them, worst first."""
    order = pl.col("severity").replace_strict({"error": 0, "warning": 1, "info": 2}, default=3)
    shown = findings.sort(order, maintain_order=True).head(FAILING_ROWS)
    rows = [
        [
            SEVERITY_LABELS.get(row["severity"], row["severity"]),
            *(row[name] for name in list(FINDING_HEADINGS)[1:]),
        ]
        for row in shown.iter_rows(named=True)
    ]
    return markdown_table(list(FINDING_HEADINGS.values()), rows)


def _cell(value: object) -> str:
    return "" if value is None else str(value).replace("|", "\\|").replace("\n", " ")
