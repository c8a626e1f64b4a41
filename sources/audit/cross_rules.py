"""Rules across sheets, years and respondents: SQL over the typed frames of an audit.

The SQL is Polars' own, in memory: a school can check its workbook with it, without a database.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import polars as pl

from sources.audit.places import CellOf, locate
from sources.declarations.contract import load_contracts
from sources.declarations.rule import CrossRule, load_cross_rules
from sources.submission.finding import Finding, finding
from sources.submission.frames import sheet_frame

LAST_YEAR = "_last_year"


def judge(rule: CrossRule, frames: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """The rule's result: submission_id, record, holds (true, false, null) and what the message shows.

    Frames are named like their contracts (last year's with LAST_YEAR); one that is not given is empty.
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


Failure = tuple[CrossRule, dict[str, Any]]
"""A rule, and a row of its result that does not hold."""


def cross_failures(level: str, frames: Mapping[str, pl.DataFrame]) -> list[Failure]:
    """Where the rules of a level ('submission' or 'city') do not hold."""
    return [
        (rule, row)
        for rule in load_cross_rules()
        if rule.level == level
        for row in judge(rule, frames).filter(~pl.col("holds")).iter_rows(named=True)
    ]


def cross_findings(failures: Iterable[Failure], file_names: Mapping[str, str], cell_of: CellOf) -> list[Finding]:
    """A finding for each failure, at the cell that the rule names."""
    contracts = {contract.name: contract for contract in load_contracts()}
    findings = []
    for rule, row in failures:
        submission_id = row["submission_id"]
        contract = contracts[rule.sheet]
        record = None if contract.shape == "form" else row["record"]
        place = locate(contract, submission_id, file_names[submission_id], record, rule.column, cell_of)
        findings.append(finding(place, rule.id, rule, rule.severity, rule.message.format(**row), rule.fix))
    return findings
