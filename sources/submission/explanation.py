"""Explanations of warnings: given in the marked workbook, kept as long as the value stays, never asked for twice.

An explanation answers one question: one rule (in one version) about one cell of one respondent. It holds while the
value stays within a tolerance of what was explained, until it expires or is refused; then the question is open again.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from sources.declarations.contract import load_contracts
from sources.declarations.headings import normalise_label
from sources.declarations.pack import Pack

DEFAULT_TOLERANCE = Decimal("0.05")
VALID_YEARS = 3
SEPARATOR = "#"
NUMBER = re.compile(r"[+-]?[0-9]{1,30}([.][0-9]{1,30})?")


@dataclass(frozen=True, slots=True)
class Question:
    """A warning's question: which rule, about which cell. It stays the same when the cell moves."""

    rule_id: str
    rule_version: str
    sheet: str
    column_name: str
    record_key: str

    @property
    def problem_id(self) -> str:
        return SEPARATOR.join((self.rule_id, self.rule_version, self.sheet, self.column_name, self.record_key))


@dataclass(frozen=True, slots=True)
class GivenExplanation:
    """One line that somebody filled in on the result sheet; `value` is what was asked about, as it stood there."""

    question: Question
    reason: str
    author: str
    value: str = ""


@dataclass(frozen=True, slots=True)
class Explanation:
    """An explanation on file."""

    question: Question
    value: str
    reason: str
    author: str
    report_year: int
    state: Literal["given", "approved", "refused"] = "given"
    approver: str | None = None
    tolerance: Decimal = DEFAULT_TOLERANCE

    @property
    def expires_after(self) -> int:
        """The last report year for which it holds."""
        return self.report_year + VALID_YEARS


def tolerance_of(pack: Pack, question: Question) -> Decimal:
    """How far a value may move before the audit asks again: a number a little, anything else not at all."""
    is_number = any(
        column.is_number
        for contract in load_contracts(pack)
        for column in contract.columns
        if (contract.title, column.name) == (question.sheet, question.column_name)
    )
    return DEFAULT_TOLERANCE if is_number else Decimal(0)


def holds(explanation: Explanation, question: Question, value: str | None, report_year: int) -> bool:
    """Whether the explanation still answers the question for this value and year."""
    return (
        explanation.state != "refused"
        and explanation.question == question
        and explanation.report_year <= report_year <= explanation.expires_after
        and within_tolerance(explanation.value, value or "", explanation.tolerance)
    )


def within_tolerance(explained: str, value: str, tolerance: Decimal) -> bool:
    """Whether a value is still the one that was explained: a number within the tolerance, other text unchanged."""
    before, now = _number(explained), _number(value)
    if before is None or now is None:
        return normalise_label(explained) == normalise_label(value)
    return abs(now - before) <= abs(before) * tolerance


def find_explanation(
    explanations: Iterable[Explanation], question: Question, value: str | None, report_year: int
) -> Explanation | None:
    """The explanation on file that holds for the question, value and year: an approved one first, then the newest."""
    matching = [e for e in explanations if holds(e, question, value, report_year)]
    return max(matching, key=lambda e: (e.state == "approved", e.report_year), default=None)


def _number(text: str) -> Decimal | None:
    plain = unicodedata.normalize("NFKC", text).strip().replace(",", "")
    return Decimal(plain) if NUMBER.fullmatch(plain) else None
