"""Rules across sheets, years and respondents: SQL over the typed frames of an audit.

The SQL is Polars' own, in memory: a school can check its workbook with it, without a database.
"""

from collections.abc import Mapping

import polars as pl

from sources.finding import Finding, finding, locate
from sources.frames import CellOf, sheet_frame
from sources.model import CrossRule, load_contracts, load_cross_rules

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


def cross_findings(
    level: str, frames: Mapping[str, pl.DataFrame], file_names: Mapping[str, str], cell_of: CellOf
) -> list[Finding]:
    """Findings of all rules of a level ('submission' or 'city'), each at the cell that the rule names."""
    contracts = {contract.name: contract for contract in load_contracts()}
    findings = []
    for rule in load_cross_rules():
        if rule.level != level:
            continue
        failed = judge(rule, frames).filter(~pl.col("holds"))
        for row in failed.iter_rows(named=True):
            submission_id = row["submission_id"]
            contract = contracts[rule.sheet]
            record = None if contract.shape == "form" else row["record"]
            place = locate(contract, submission_id, file_names[submission_id], record, rule.column, cell_of)
            findings.append(finding(place, rule.id, rule, rule.severity, rule.message.format(**row), rule.fix))
    return findings
