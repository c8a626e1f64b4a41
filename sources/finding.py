"""A finding: what is wrong with a submission, where, and what to do. One shape for every stage."""

from collections.abc import Iterable
from typing import Any

import polars as pl

from sources.model import load_intake_rules

FINDING_SCHEMA: dict[str, type[pl.DataType]] = {
    "submission_id": pl.String,
    "rule_id": pl.String,
    "severity": pl.String,
    "file_name": pl.String,
    "sheet": pl.String,
    "cell": pl.String,
    "column_name": pl.String,
    "value": pl.String,
    "message": pl.String,
    "fix": pl.String,
}

Finding = dict[str, Any]


def intake_finding(
    rule_id: str,
    *,
    submission_id: str,
    file_name: str,
    sheet: str = "",
    cell: str | None = None,
    column_name: str | None = None,
    value: object = None,
    **texts: object,
) -> Finding:
    """A finding under one of the rules of rules/intake.yml; `texts` fill in its message."""
    rule = load_intake_rules()[rule_id]
    shown = "" if value is None else str(value)
    return {
        "submission_id": submission_id,
        "rule_id": rule_id,
        "severity": rule.severity,
        "file_name": file_name,
        "sheet": sheet,
        "cell": cell,
        "column_name": column_name,
        "value": None if value is None else shown,
        "message": rule.message.format(sheet=sheet, value=shown, **texts),
        "fix": rule.fix.format(sheet=sheet, value=shown, **texts),
    }


def findings_frame(findings: Iterable[Finding]) -> pl.DataFrame:
    """Findings as a frame with the fixed schema, empty or not."""
    return pl.DataFrame(list(findings), schema=FINDING_SCHEMA, orient="row")
