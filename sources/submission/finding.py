"""A finding: what is wrong with a submission, where, and what to do. One shape for every stage."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

import polars as pl

from sources.declarations.rule import load_intake_rules, rule_version
from sources.declarations.strict_yaml import Declaration
from sources.submission.cell import CellAddress

FINDING_SCHEMA: dict[str, pl.DataType] = {
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
}
Finding = dict[str, Any]
SEVERITY_LABELS = {"error": "错误", "warning": "警告", "info": "提示"}
SHOWN_LETTERS = 80
"""Of a value in a message; the finding itself has it whole."""
ALIKE = ("submission_id", "file_name", "sheet", "rule_id", "column_name")
ALIKE_SHOWN = 50
"""Findings of one rule about one column of one sheet; what is beyond is counted, so that nothing drowns the others."""


def finding(
    place: CellAddress,
    rule_id: str,
    rule: Declaration,
    severity: str,
    message: str,
    fix: str,
    suggestion: str | None = None,
) -> Finding:
    return {
        **asdict(place),
        "rule_id": rule_id,
        "rule_version": rule_version(rule),
        "severity": severity,
        "message": message,
        "fix": fix,
        "suggestion": suggestion,
    }


def intake_finding(rule_id: str, place: CellAddress, **texts: object) -> Finding:
    """A finding under one of the rules of rules/intake.yml; the place and `texts` fill in its message."""
    rule = load_intake_rules()[rule_id]
    texts = {"sheet": place.sheet, "value": _shown(place.value or ""), **texts}
    return finding(place, rule_id, rule, rule.severity, rule.message.format(**texts), rule.fix.format(**texts))


class Findings:
    """Collects findings: of many alike (same submission, sheet, rule and column) the first few and how many more."""

    def __init__(self) -> None:
        self._kept: list[Finding] = []
        self._alike: Counter[tuple[str, ...]] = Counter()

    def add(self, finding: Finding) -> None:
        alike = tuple(finding[name] for name in ALIKE)
        self._alike[alike] += 1
        if self._alike[alike] <= ALIKE_SHOWN:
            self._kept.append(finding)

    def extend(self, findings: Iterable[Finding]) -> None:
        for each in findings:
            self.add(each)

    def all(self) -> list[Finding]:
        """What was kept, then a finding for each kind of which there are more."""
        return [
            *self._kept,
            *(
                intake_finding(
                    "finding.more",
                    CellAddress(submission_id, file_name, sheet, None, column, value=rule_id),
                    count=count - ALIKE_SHOWN,
                )
                for (submission_id, file_name, sheet, rule_id, column), count in self._alike.items()
                if count > ALIKE_SHOWN
            ),
        ]


def _shown(value: str) -> str:
    return value if len(value) <= SHOWN_LETTERS else f"{value[:SHOWN_LETTERS]}……（共 {len(value)} 个字）"


def findings_frame(findings: Iterable[Finding]) -> pl.DataFrame:
    """Findings as a frame with the fixed schema, empty or not."""
    return pl.DataFrame(list(findings), schema=FINDING_SCHEMA, orient="row")
