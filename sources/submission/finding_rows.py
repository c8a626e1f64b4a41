"""Findings as the warehouse hands them back: rows of its registry. Who reads a register needs no frame."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sources.submission.cell import CellAddress
from sources.submission.explanation import GivenExplanation
from sources.submission.finding import Finding

FINDING_COLUMNS = (
    "finding_id",
    "submission_id",
    "file_name",
    "sheet",
    "cell",
    "column_name",
    "record_key",
    "value",
    "rule_id",
    "rule_version",
    "severity",
    "message",
    "fix",
    "suggestion",
    "cause_id",
)
"""Of texts, in the order of the registry's table."""
Row = Mapping[str, Any]


def findings_of(rows: Sequence[Row]) -> tuple[Finding, ...]:
    """The findings of rows of FINDING_COLUMNS; with their explanations (`explained_value`, `reason`, `author`), null
    where there is none, if the rows have them.

    What a cause has taken is with it, and nowhere else.
    """
    told = told_of(rows)
    below: dict[str, list[Row]] = {}
    for row, is_told in zip(rows, told, strict=True):
        if not is_told:
            below.setdefault(row["cause_id"], []).append(row)
    return tuple(_with_members(row, below) for row, is_told in zip(rows, told, strict=True) if is_told)


def told_of(rows: Sequence[Row]) -> list[bool]:
    """Of each row, whether its finding is told by itself: the others are told by their cause."""
    there = {row["finding_id"] for row in rows} - {None}
    return [row["cause_id"] not in there for row in rows]


def _with_members(row: Row, below: Mapping[str, list[Row]]) -> Finding:
    members = tuple(_with_members(each, below) for each in below.get(row["finding_id"] or "", ()))
    return replace(_finding_of(row), members=members)


def _finding_of(row: Row) -> Finding:
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
