"""A finding: what is wrong with a submission, where, and what to do. One shape for every stage."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from sources.declarations.headings import VALUE_HEADING
from sources.declarations.rule import Severity, load_intake_rules, rule_version
from sources.declarations.strict_yaml import Declaration
from sources.submission.cell import CellAddress
from sources.submission.effect import Effect
from sources.submission.explanation import GivenExplanation, Question
from sources.system.fingerprint import sha256_of
from sources.system.plain_text import legible, with_unseen_named

FINDING_HEADINGS = {
    "severity": "级别",
    "file_name": "文件",
    "place": "位置",
    "sheet": "工作表",
    "cell": "单元格",
    "value": VALUE_HEADING,
    "message": "问题",
    "effect": "对数字的影响",
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
class SuggestedCell:
    """What a cell of the finding's own record would hold if the suggestion were right, in the column's type."""

    column_name: str
    value: int | Decimal | str


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong, where, and what to do.

    `value` is what stands there, whole. `suggestion` says what has probably gone wrong, `suggested` which cells the
    likeliest of these would change; `explanation` is what the respondent says of a warning. Each is None, or empty,
    when there is none.
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
    suggested: tuple[SuggestedCell, ...] = ()
    effect: Effect | None = None
    """What it does to printed figures, when that is known; of a finding on which none depends, None."""
    members: tuple["Finding", ...] = ()
    """Of a cause: what was found in each of its cells. It is told for them all."""

    @property
    def finding_id(self) -> str:
        """The same for two checks that find the same; another where anything that is told of the place differs."""
        at = self.address
        told = (at.submission_id, self.rule_id, at.sheet, at.cell, at.column_name, at.record_key)
        return sha256_of(repr((*told, self.value, self.severity, self.message, self.suggestion)))[:16]

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
    def each(self) -> tuple["Finding", ...]:
        """The findings to mark, a cell each: itself, or what it is the cause of."""
        return tuple(one for member in self.members for one in member.each) or (self,)

    @property
    def moves_figures(self) -> bool:
        """Whether it is open and mending it moves a figure as it is printed."""
        return self.explanation is None and self.effect is not None and self.effect.moves

    @property
    def order(self) -> tuple[object, ...]:
        """The finding's place in a list: what moves figures first, the most of all; then the worst; then the explained.

        Within these by place.
        """
        share, figures = self.effect.weight if self.effect and self.moves_figures else (Decimal(0), 0)
        at = self.address
        place = (at.file_name, at.sheet, at.record_key, at.cell or "", self.rule_id)
        return (self.explanation is not None, not self.moves_figures, -share, -figures, self.rank, *place)

    @property
    def question(self) -> Question:
        """The question that the respondent is to explain."""
        at = self.address
        return Question(self.rule_id, self.rule_version, at.sheet, at.column_name or "", at.record_key)

    @property
    def row(self) -> dict[str, str | None]:
        """As a row of FINDING_COLUMNS: for a frame, and for JSON."""
        at = self.address
        return {
            "finding_id": self.finding_id,
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
            "cause_id": None,
        }

    @property
    def rows(self) -> Iterator[dict[str, str | None]]:
        """Itself, then what it is the cause of: rows of FINDING_COLUMNS."""
        yield self.row
        for member in self.members:
            own, *below = member.rows
            yield own | {"cause_id": self.finding_id}
            yield from below

    def shown(self, *names: str) -> list[str]:
        """The texts that people read under these FINDING_HEADINGS."""
        texts = self.row | {
            "severity": SEVERITY_LABELS[self.severity],
            "place": f"{self.address.sheet} {self.address.cell or ''}".strip(),
            "effect": self.effect.text if self.effect else None,
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
    suggested: tuple[SuggestedCell, ...] = (),
) -> Finding:
    """A finding under a rule in its version of today."""
    shown = None if value is None else legible(value)
    version = rule_version(rule)
    return Finding(place, shown, rule_id, version, severity, legible(message), fix, suggestion, suggested=suggested)


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


def few_alike(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings, of many alike the first and how many more there are."""
    kept = Findings()
    kept.extend(findings)
    return kept.all()


def _shown(value: str) -> str:
    cut = value if len(value) <= SHOWN_LETTERS else f"{value[:SHOWN_LETTERS]}……（共 {len(value)} 个字）"
    return with_unseen_named(cut)
