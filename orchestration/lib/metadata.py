"""Frames and findings as Dagster metadata: row counts, columns, previews, failing rows."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from typing import Any

import dagster as dg
import duckdb
import polars as pl

from sources.submission.finding import FINDING_HEADINGS, Finding
from sources.system.plain_text import as_markdown
from warehouse.run.build import FAILING_ROWS

PREVIEW_ROWS = 15
OWN_ADDRESS = re.compile(r"/(?!/)[\w.~%/?=&-]*", re.ASCII)
"""Of a page or a file that the same server answers for, with everything else in it encoded."""


@dataclass(frozen=True, slots=True)
class Link:
    """A text that leads to another page of ours. Raises ValueError for an address that is not of this server."""

    text: str
    address: str

    def __post_init__(self) -> None:
        if not OWN_ADDRESS.fullmatch(self.address):
            raise ValueError(f"no address of this page: {self.address!r}")

    @property
    def markdown(self) -> str:
        return f"[{as_markdown(self.text)}]({self.address})"


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


def markdown_lines(lines: Iterable[object]) -> dg.MetadataValue:
    """A list of texts and links, one a line, escaped as in a table."""
    return dg.MetadataValue.md("\n".join(f"- {_cell(line)}" for line in lines))


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
    """Findings as the clerk reads them: first those that move printed figures, then the worst.

    When there are more than are shown, the last row says how many.
    """
    ordered = sorted(findings, key=lambda finding: finding.order)
    rows = [each.shown(*shown) for each in ordered[:limit]]
    if len(ordered) > limit:
        rows.append([f"……共 {len(ordered)} 个", *[""] * (len(shown) - 1)])
    return markdown_table([FINDING_HEADINGS[name] for name in shown], rows)


def _cell(value: object) -> str:
    if isinstance(value, Link):
        return value.markdown
    return "" if value is None else as_markdown(str(value))
