"""A finding: what is wrong with a submission, where, and what to do. One shape for every stage."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from sources.declarations.headings import VALUE_HEADING
from sources.declarations.rule import Severity, load_intake_rules, rule_version
from sources.declarations.strict_yaml import Declaration
from sources.submission.cell import CellAddress
from sources.submission.explanation import GivenExplanation, Question
from sources.system.plain_text import legible

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
EXPLAINED_SCHEMA: dict[str, pl.DataType] = {
    "explained_value": pl.String(),
    "reason": pl.String(),
    "author": pl.String(),
}
"""What a frame of findings has besides when their explanations are known; all null where there is none."""
FINDING_HEADINGS = {
    "severity": "级别",
    "file_name": "文件",
    "place": "位置",
    "sheet": "工作表",
    "cell": "单元格",
    "value": VALUE_HEADING,
    "message": "问题",
    "suggestion": "可能的原因",
    "fix": "处理办法",
    "rule_id": "规则",
}
"""What can be shown of a finding → its heading, wherever findings are listed."""
SEVERITY_LABELS = {"error": "错误", "warning": "警告", "info": "提示"}
"""Worst first."""
SEVERITIES = tuple(SEVERITY_LABELS)
SHOWN_LETTERS = 80
"""Of a value in a message; the finding itself has it whole."""
ALIKE_SHOWN = 50
"""Findings of one rule about one column of one sheet; what is beyond is counted, so that nothing drowns the others."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong, where, and what to do.

    `value` is what stands there, whole. `suggestion` says what has probably gone wrong, `explanation` what the
    respondent says of a warning; each is None when there is none.
    """

    address: CellAddress
    value: str | None
    rule_id: str
    rule_version: str
    severity: Severity
    message: str
    fix: str
    suggestion: str | None = None
    explanation: GivenExplanation | None = None

    @property
    def is_error(self) -> bool:
        return self.severity == "error"

    @property
    def is_unexplained(self) -> bool:
        """Whether the finding is a warning that nobody has explained."""
        return self.severity == "warning" and self.explanation is None

    @property
    def says_unreadable(self) -> bool:
        """Whether the finding says that the file cannot be opened."""
        return self.is_error and self.rule_id.startswith("file.")

    @property
    def rank(self) -> int:
        """The finding's place in an order with the worst first."""
        return SEVERITIES.index(self.severity)

    @property
    def question(self) -> Question:
        """The question that the respondent is to explain."""
        at = self.address
        return Question(self.rule_id, self.rule_version, at.sheet, at.column_name or "", at.record_key)

    @property
    def row(self) -> dict[str, str | None]:
        """As a row of FINDING_SCHEMA: for a frame, and for JSON."""
        at = self.address
        return {
            "submission_id": at.submission_id,
            "file_name": at.file_name,
            "sheet": at.sheet,
            "cell": at.cell,
            "column_name": at.column_name,
            "record_key": at.record_key,
            "value": self.value,
            "rule_id": self.rule_id,
            "rule_version": self.rule_version,
            "severity": self.severity,
            "message": self.message,
            "fix": self.fix,
            "suggestion": self.suggestion,
        }

    def shown(self, *names: str) -> list[str]:
        """The texts that people read under these FINDING_HEADINGS."""
        texts = self.row | {
            "severity": SEVERITY_LABELS[self.severity],
            "place": f"{self.address.sheet} {self.address.cell or ''}".strip(),
        }
        return [texts[name] or "" for name in names]


def finding(
    place: CellAddress,
    value: str | None,
    rule_id: str,
    rule: Declaration,
    severity: Severity,
    message: str,
    fix: str,
    suggestion: str | None = None,
) -> Finding:
    """A finding under a rule in its version of today."""
    shown = None if value is None else legible(value)
    return Finding(place, shown, rule_id, rule_version(rule), severity, legible(message), fix, suggestion)


def intake_finding(rule_id: str, place: CellAddress, value: str | None = None, **texts: object) -> Finding:
    """A finding under one of the rules of rules/intake.yml; place, value and `texts` fill in its message."""
    rule = load_intake_rules()[rule_id]
    texts = {"sheet": place.sheet, "value": _shown(value or ""), **texts}
    return finding(place, value, rule_id, rule, rule.severity, rule.message.format(**texts), rule.fix.format(**texts))


@dataclass(frozen=True, slots=True)
class _Kind:
    """What findings share when they are told together."""

    submission_id: str
    file_name: str
    sheet: str
    rule_id: str
    column_name: str | None


class Findings:
    """Collects findings: keeps the first few of one submission, sheet, rule and column, and counts the rest."""

    def __init__(self) -> None:
        self._kept: list[Finding] = []
        self._alike: Counter[_Kind] = Counter()

    def add(self, finding: Finding) -> None:
        at = finding.address
        alike = _Kind(at.submission_id, at.file_name, at.sheet, finding.rule_id, at.column_name)
        self._alike[alike] += 1
        if self._alike[alike] <= ALIKE_SHOWN:
            self._kept.append(finding)

    def extend(self, findings: Iterable[Finding]) -> None:
        for each in findings:
            self.add(each)

    def all(self) -> tuple[Finding, ...]:
        """The findings that were kept, then one for each kind that had more."""
        return (
            *self._kept,
            *(
                intake_finding(
                    "finding.more",
                    CellAddress(kind.submission_id, kind.file_name, kind.sheet, None, kind.column_name),
                    value=kind.rule_id,
                    count=count - ALIKE_SHOWN,
                )
                for kind, count in self._alike.items()
                if count > ALIKE_SHOWN
            ),
        )


def _shown(value: str) -> str:
    return value if len(value) <= SHOWN_LETTERS else f"{value[:SHOWN_LETTERS]}……（共 {len(value)} 个字）"


def findings_frame(findings: Iterable[Finding]) -> pl.DataFrame:
    """Findings as a frame of FINDING_SCHEMA, empty or not."""
    return pl.DataFrame([finding.row for finding in findings], schema=FINDING_SCHEMA, orient="row")


def findings_of(frame: pl.DataFrame) -> tuple[Finding, ...]:
    """The findings of a frame of FINDING_SCHEMA; with their explanations where it has EXPLAINED_SCHEMA too."""
    return tuple(_finding_of(row) for row in frame.iter_rows(named=True))


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
