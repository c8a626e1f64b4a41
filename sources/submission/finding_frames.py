"""Findings as frames: how they pass from the audit to the warehouse. Who reads a file needs no frame."""

from collections.abc import Iterable
from decimal import Decimal

import polars as pl

from sources.submission.finding import Finding
from sources.submission.finding_rows import FINDING_COLUMNS

FINDING_SCHEMA: dict[str, pl.DataType] = dict.fromkeys(FINDING_COLUMNS, pl.String())
SUGGESTED_SCHEMA: dict[str, pl.DataType] = {
    "finding_id": pl.String(),
    "submission_id": pl.String(),
    "column_name": pl.String(),
    "amount": pl.Decimal(24, 4),
    "words": pl.String(),
}
"""The cells of a finding's own record that its likeliest suggestion would change, and what would stand there."""


def findings_frame(findings: Iterable[Finding]) -> pl.DataFrame:
    """Findings as a frame of FINDING_SCHEMA, empty or not; what a cause takes comes after it."""
    rows = [row for finding in findings for row in finding.rows]
    return pl.DataFrame(rows, schema=FINDING_SCHEMA, orient="row")


def suggested_frame(findings: Iterable[Finding]) -> pl.DataFrame:
    """What findings suggest, a row a cell: a frame of SUGGESTED_SCHEMA. A finding that is there twice counts once."""
    rows = [
        (
            each.finding_id,
            each.address.submission_id,
            cell.column_name,
            None if isinstance(cell.value, str) else Decimal(cell.value),
            cell.value if isinstance(cell.value, str) else None,
        )
        for each in dict.fromkeys(one for finding in findings for one in finding.each)
        for cell in each.suggested
    ]
    frame = pl.DataFrame(rows, schema=SUGGESTED_SCHEMA, orient="row")
    return frame.unique(["finding_id", "column_name"], keep="first", maintain_order=True)
