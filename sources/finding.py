"""A finding: what is wrong with a submission, where, and what to do. One shape for every stage."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

import polars as pl

from sources.model import load_intake_rules

FINDING_SCHEMA: dict[str, type[pl.DataType]] = {
    "submission_id": pl.String,
    "file_name": pl.String,
    "sheet": pl.String,
    "cell": pl.String,
    "column_name": pl.String,
    "value": pl.String,
    "rule_id": pl.String,
    "severity": pl.String,
    "message": pl.String,
    "fix": pl.String,
}

Finding = dict[str, Any]


@dataclass(frozen=True)
class Place:
    """Where a finding is: the file, and as far as it goes the sheet (its title), the cell and what it holds."""

    submission_id: str
    file_name: str
    sheet: str = ""
    cell: str | None = None
    column_name: str | None = None
    value: str | None = None


def finding(place: Place, rule_id: str, severity: str, message: str, fix: str) -> Finding:
    return {**asdict(place), "rule_id": rule_id, "severity": severity, "message": message, "fix": fix}


def intake_finding(rule_id: str, place: Place, **texts: object) -> Finding:
    """A finding under one of the rules of rules/intake.yml; the place and `texts` fill in its message."""
    rule = load_intake_rules()[rule_id]
    texts = {"sheet": place.sheet, "value": place.value or "", **texts}
    return finding(place, rule_id, rule.severity, rule.message.format(**texts), rule.fix.format(**texts))


def findings_frame(findings: Iterable[Finding]) -> pl.DataFrame:
    """Findings as a frame with the fixed schema, empty or not."""
    return pl.DataFrame(list(findings), schema=FINDING_SCHEMA, orient="row")
