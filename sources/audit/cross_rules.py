"""Rules across sheets, years and respondents: SQL over the typed frames of an audit.

The SQL is Polars' own, in memory: a school can check its workbook with it, without a database.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import polars as pl

from sources.audit.expected_schools import OTHER_FRAMES, other_frame
from sources.audit.official_lists import OFFICIAL_LISTS, official_list
from sources.audit.places import CellOf, Place, Places
from sources.audit.slips import Anchor, likely_slip
from sources.declarations.agreement import RESPONDENTS, cross_rules
from sources.declarations.codelist import load_codelists
from sources.declarations.contract import Contract, load_contracts
from sources.declarations.pack import Pack
from sources.declarations.rule import CrossRule, Needs
from sources.submission.finding import Finding, SuggestedCell, finding
from sources.submission.frames import sheet_frame

LAST_YEAR = "_last_year"


def judge(pack: Pack, rule: CrossRule, frames: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """The rule's result: submission_id, record, holds (true, false, null) and what the message shows.

    Frames are named like their contracts (last year's with LAST_YEAR), or like OTHER_FRAMES; RESPONDENTS says who the
    respondents are; a frame that is missing counts as empty. OFFICIAL_LISTS are at hand.
    """
    everything = {contract.name: frames.get(contract.name) for contract in load_contracts(pack)}
    everything |= {name + LAST_YEAR: frames.get(name + LAST_YEAR) for name in list(everything)}
    contracts = {contract.name: contract for contract in load_contracts(pack)}
    complete = {
        name: _with_all_columns(contracts[name.removesuffix(LAST_YEAR)], frame)
        for name, frame in everything.items()
        if name in rule.sql
    }
    name, columns = RESPONDENTS
    complete[name] = frames.get(name, pl.DataFrame(schema=dict.fromkeys(columns, pl.String)))
    complete |= {name: frames.get(name, other_frame(name)) for name in OTHER_FRAMES if name in rule.sql}
    complete |= {name: official_list(pack, name) for name in OFFICIAL_LISTS if name in rule.sql}
    return pl.SQLContext(complete).execute(rule.sql, eager=True)


def _with_all_columns(contract: Contract, frame: pl.DataFrame | None) -> pl.DataFrame:
    """The frame with every column that the sheet has in any year: a rule may name one that its year did not ask for."""
    empty = sheet_frame(contract)
    if frame is None:
        return empty
    absent = {name: of for name, of in empty.schema.items() if name not in frame.columns}
    return frame.with_columns(pl.lit(None, of).alias(name) for name, of in absent.items()) if absent else frame


@dataclass(frozen=True, slots=True)
class Failure:
    """A thing for which a rule does not hold; `shown` are the values that the rule's message shows, by name."""

    rule: CrossRule
    submission_id: str
    record: int
    shown: Mapping[str, Any]
    touched: tuple["Failure", ...] = ()
    """Sums that do not add up for want of the school that this failure finds absent: they are told with it."""


ABSENT_KEY = "absent_key"
"""Column of a result: the key of the record that should be there, under the last one of the sheet."""


def cross_failures(
    pack: Pack, level: str, frames: Mapping[str, pl.DataFrame], needs: Needs | None = None
) -> list[Failure]:
    """Where the rules of a level ('submission' or 'city') do not hold; with `needs`, only those that need that."""
    rules = (rule for rule in cross_rules(pack) if rule.level == level and needs in (None, rule.needs))
    return [failure for rule in rules for failure in rule_failures(pack, rule, _of_its_years(rule, frames))]


def _of_its_years(rule: CrossRule, frames: Mapping[str, pl.DataFrame]) -> Mapping[str, pl.DataFrame]:
    """The frames; those that the rule asks, without the submissions of years in which it is not in force."""
    if rule.since is None and rule.until is None:
        return frames
    since, until = rule.since or 0, rule.until or 9999
    return {
        name: frame
        if name not in rule.sql or name.endswith(LAST_YEAR) or "report_year" not in frame.columns
        else frame.filter(pl.col("report_year").is_between(since, until))
        for name, frame in frames.items()
    }


def rule_failures(pack: Pack, rule: CrossRule, frames: Mapping[str, pl.DataFrame]) -> list[Failure]:
    """Where one rule does not hold."""
    failing = judge(pack, rule, frames).filter(~pl.col("holds"))
    return [Failure(rule, row["submission_id"], row["record"], row) for row in failing.iter_rows(named=True)]


def cross_findings(
    pack: Pack, failures: Iterable[Failure], file_names: Mapping[str, str], cell_of: CellOf
) -> list[Finding]:
    """A finding for each failure, at the cell that the rule names; `file_names` by submission id."""
    findings = []
    for failure in failures:
        rule, at = failure.rule, _place(pack, failure, file_names, cell_of)
        message = rule.message.format(**_in_words(pack, failure))
        if failure.touched:
            cells = "、".join(_named(pack, each, file_names, cell_of) for each in failure.touched)
            message += f"教育局的 {len(failure.touched)} 个合计数因此与各校之和不一致：{cells}。"
        words, suggested = _likely(pack, failure)
        findings.append(finding(at.address, at.text, rule.id, rule, rule.severity, message, rule.fix, words, suggested))
    return findings


def _likely(pack: Pack, failure: Failure) -> tuple[str | None, tuple[SuggestedCell, ...]]:
    """The likely slip in a number that is held against a sum, in words and as the cell that it would change."""
    contract = next(contract for contract in load_contracts(pack) if contract.name == failure.rule.sheet)
    for total, name in failure.rule.adds_up.items():
        summed, number = failure.shown[total], failure.shown[name]
        if not summed or not number or failure.touched:
            continue
        anchor = Anchor("各校之和", float(summed), 0.05, is_told=True)
        if slip := likely_slip(contract.column(name), Decimal(number), (anchor,)):
            return slip.words, (SuggestedCell(name, slip.meant),)
    return None, ()


def _place(pack: Pack, failure: Failure, file_names: Mapping[str, str], cell_of: CellOf) -> Place:
    """The cell that the failure is about; of a record that is not there, the cell under the sheet's last one."""
    contract = next(contract for contract in load_contracts(pack) if contract.name == failure.rule.sheet)
    record = None if contract.shape == "form" else failure.record
    at = Places(contract, file_names, cell_of).at(failure.submission_id, record, failure.rule.column)
    absent = failure.shown.get(ABSENT_KEY)
    if absent is None:
        return at
    below = re.fullmatch(r"([A-Z]+)([0-9]+)", at.address.cell or "")
    cell = f"{below[1]}{int(below[2]) + 1}" if below else None
    return Place(replace(at.address, cell=cell, record_key=absent), None)


def _named(pack: Pack, failure: Failure, file_names: Mapping[str, str], cell_of: CellOf) -> str:
    at = _place(pack, failure, file_names, cell_of).address
    return f"“{at.sheet}”{at.cell or ''}"


def _in_words(pack: Pack, failure: Failure) -> dict[str, Any]:
    """What the rule's message shows, codes by their labels."""
    lists = load_codelists(pack)
    labels = {name: lists[codelist].label_of for name, codelist in failure.rule.codes.items()}
    return {name: labels.get(name, {}).get(value, value) for name, value in failure.shown.items()}
