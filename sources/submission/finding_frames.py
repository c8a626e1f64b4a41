"""Findings as frames, and back: how they pass between audit and warehouse. Who reads a file needs no frame."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

import polars as pl

from sources.submission.cell import CellAddress
from sources.submission.explanation import GivenExplanation
from sources.submission.finding import Finding

FINDING_SCHEMA: dict[str, pl.DataType] = {
    "finding_id": pl.String(),
    "submission_id": pl.String(),
    "file_name": pl.String(),
    "sheet": pl.String(),
    "cell": pl.String(),
    "column_name": pl.String(),
    "record_key": pl.String(),
    "value": pl.String(),
    "rule_id": pl.String(),
    "rule_version": pl.String(),
    "severity": pl.String(),
    "message": pl.String(),
    "fix": pl.String(),
    "suggestion": pl.String(),
    "cause_id": pl.String(),
}
SUGGESTED_SCHEMA: dict[str, pl.DataType] = {
    "finding_id": pl.String(),
    "submission_id": pl.String(),
    "column_name": pl.String(),
    "amount": pl.Decimal(24, 4),
    "words": pl.String(),
}
"""The cells of a finding's own record that its likeliest suggestion would change, and what would stand there."""
EXPLAINED_SCHEMA: dict[str, pl.DataType] = {
    "explained_value": pl.String(),
    "reason": pl.String(),
    "author": pl.String(),
}
"""What a frame of findings has besides when their explanations are known; all null where there is none."""


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


def findings_of(frame: pl.DataFrame) -> tuple[Finding, ...]:
    """The findings of a frame of FINDING_SCHEMA; with their explanations where it has EXPLAINED_SCHEMA too.

    What a cause has taken is with it, and nowhere else.
    """
    told = frame.filter(is_told(frame))
    below: dict[str, list[dict[str, Any]]] = {}
    for row in frame.filter(~is_told(frame)).iter_rows(named=True):
        below.setdefault(row["cause_id"], []).append(row)
    return tuple(_with_members(row, below) for row in told.iter_rows(named=True))


def is_told(frame: pl.DataFrame) -> pl.Series:
    """Of each finding of a frame, whether it is told by itself: the others are told by their cause."""
    return frame.get_column("cause_id").is_null() | ~frame.get_column("cause_id").is_in(
        frame.get_column("finding_id").drop_nulls().to_list()
    )


def _with_members(row: Mapping[str, Any], below: Mapping[str, list[dict[str, Any]]]) -> Finding:
    members = tuple(_with_members(each, below) for each in below.get(row["finding_id"] or "", ()))
    return replace(_finding_of(row), members=members)


def _finding_of(row: Mapping[str, Any]) -> Finding:
    address = CellAddress(
        submission_id=row["submission_id"],
        file_name=row["file_name"],
        sheet=row["sheet"] or "",
        cell=row["cell"],
        column_name=row["column_name"],
        record_key=row["record_key"] or "",
    )
    plain = Finding(
        address=address,
        value=row["value"],
        rule_id=row["rule_id"],
        rule_version=row["rule_version"],
        severity=row["severity"],
        message=row["message"],
        fix=row["fix"],
        suggestion=row["suggestion"],
    )
    if row.get("reason") is None:
        return plain
    given = GivenExplanation(plain.question, row["reason"], row["author"], row["explained_value"] or "")
    return replace(plain, explanation=given)
