"""Rules across sheets, years and respondents: SQL over the typed frames of an audit.

The SQL is Polars' own, in memory: a school can check its workbook with it, without a database.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from sources.audit.places import CellOf, Places
from sources.declarations.contract import load_contracts
from sources.declarations.rule import CrossRule, load_cross_rules
from sources.submission.finding import Finding, finding
from sources.submission.frames import sheet_frame

LAST_YEAR = "_last_year"


def judge(rule: CrossRule, frames: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """The rule's result: submission_id, record, holds (true, false, null) and what the message shows.

    Frames are named like their contracts (last year's with LAST_YEAR); a frame that is missing counts as empty.
    """
    everything = {contract.name: frames.get(contract.name) for contract in load_contracts()}
    everything |= {name + LAST_YEAR: frames.get(name + LAST_YEAR) for name in list(everything)}
    contracts = {contract.name: contract for contract in load_contracts()}
    complete = {
        name: sheet_frame(contracts[name.removesuffix(LAST_YEAR)]) if frame is None else frame
        for name, frame in everything.items()
        if name in rule.sql
    }
    return pl.SQLContext(complete).execute(rule.sql, eager=True)


@dataclass(frozen=True, slots=True)
class Failure:
    """A thing for which a rule does not hold; `shown` are the values that the rule's message shows, by name."""

    rule: CrossRule
    submission_id: str
    record: int
    shown: Mapping[str, Any]


def cross_failures(level: str, frames: Mapping[str, pl.DataFrame]) -> list[Failure]:
    """Where the rules of a level ('submission' or 'city') do not hold."""
    return [
        Failure(rule, row["submission_id"], row["record"], row)
        for rule in load_cross_rules()
        if rule.level == level
        for row in judge(rule, frames).filter(~pl.col("holds")).iter_rows(named=True)
    ]


def cross_findings(failures: Iterable[Failure], file_names: Mapping[str, str], cell_of: CellOf) -> list[Finding]:
    """A finding for each failure, at the cell that the rule names; `file_names` by submission id."""
    contracts = {contract.name: contract for contract in load_contracts()}
    findings = []
    for failure in failures:
        rule, contract = failure.rule, contracts[failure.rule.sheet]
        record = None if contract.shape == "form" else failure.record
        at = Places(contract, file_names, cell_of).at(failure.submission_id, record, rule.column)
        message = rule.message.format(**failure.shown)
        findings.append(finding(at.address, at.text, rule.id, rule, rule.severity, message, rule.fix))
    return findings
