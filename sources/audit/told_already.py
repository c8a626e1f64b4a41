"""A number is told once: what a file's own audit says of a cell, the comparison with other files does not say again."""

from collections.abc import Container, Iterable

from sources.audit.plausibility import LAST_YEAR, PEERS
from sources.submission.finding import Finding

OF_WRITING = ("value.", "privacy.", "sheet.")
"""The rules about how something is written, when they only warn."""
CellTold = tuple[str, str, str]
"""Submission, title of the sheet, address."""


def judges_number(rule_id: str, severity: str) -> bool:
    """Whether a finding under the rule says of a number that it cannot be, or hardly; not how it is written."""
    return severity == "error" or (severity == "warning" and not rule_id.startswith(OF_WRITING))


def cells_judged(findings: Iterable[Finding]) -> frozenset[CellTold]:
    """The cells of which the findings of files say that the number in them is hard to believe."""
    every = [one for finding in findings for one in finding.each]
    told = [one.address for one in every if judges_number(one.rule_id, one.severity)]
    return frozenset((at.submission_id, at.sheet, at.cell) for at in told if at.cell)


def not_told(findings: Iterable[Finding], judged: Container[CellTold]) -> list[Finding]:
    """The findings of a comparison, without the doubts about numbers of which the file itself says so already."""
    return [
        each
        for each in findings
        if each.rule_id not in (LAST_YEAR, PEERS)
        or (each.address.submission_id, each.address.sheet, each.address.cell) not in judged
    ]
