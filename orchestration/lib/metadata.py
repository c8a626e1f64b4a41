"""Frames and findings as Dagster metadata: row counts, columns, previews, failing rows."""

from collections.abc import Iterable, Sequence
from dataclasses import fields
from typing import Any

import dagster as dg
import duckdb
import polars as pl

from sources.submission.finding import FINDING_HEADINGS, Finding
from sources.system.plain_text import as_markdown
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

    It is no metadata of each materialisation: written twice for each asset and year, it filled most of the event log.
    """
    described = [dg.TableColumn(name, type_name or "?", description) for name, type_name, description in columns]
    return {"dagster/column_schema": dg.TableSchema(described)}


def markdown_table(headings: Sequence[str], rows: Sequence[Sequence[object]]) -> dg.MetadataValue:
    """Every table becomes Markdown here, escaped: else the page would follow links and fetch pictures in a cell."""
    lines = ["| " + " | ".join(headings) + " |", "|" + "---|" * len(headings)]
    lines += ["| " + " | ".join(_cell(value) for value in row) + " |" for row in rows]
    return dg.MetadataValue.md("\n".join(lines))


def frame_preview(frame: pl.DataFrame, limit: int = PREVIEW_ROWS) -> dg.MetadataValue:
    return markdown_table(frame.columns, frame.head(limit).rows())


def records_table(kind: type[Any], records: Sequence[Any]) -> dg.MetadataValue:
    """Objects of a dataclass, one a row, under the names of its fields."""
    names = [field.name for field in fields(kind)]
    return markdown_table(names, [[getattr(record, name) for name in names] for record in records])


SHOWN_OF_FINDING = ("severity", "file_name", "sheet", "cell", "value", "message", "suggestion", "fix", "rule_id")


def findings_table(
    findings: Iterable[Finding], shown: Sequence[str] = SHOWN_OF_FINDING, limit: int = FAILING_ROWS
) -> dg.MetadataValue:
    """Findings as the clerk reads them, worst first."""
    worst_first = sorted(findings, key=lambda finding: finding.rank)[:limit]
    return markdown_table([FINDING_HEADINGS[name] for name in shown], [each.shown(*shown) for each in worst_first])


def _cell(value: object) -> str:
    return "" if value is None else as_markdown(str(value))
