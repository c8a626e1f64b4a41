"""Every rule has fired and has kept quiet: each record's own fixtures, run through the engine that judges."""

from decimal import Decimal

import pandera.polars as pa
import polars as pl
import pytest

from sources.audit.cross_rules import judge
from sources.audit.expected_schools import OTHER_FRAMES, other_frame
from sources.audit.sheet_schema import sheet_schema
from sources.declarations.agreement import RESPONDENTS, cross_rules
from sources.declarations.contract import Contract, load_contracts
from sources.declarations.rule import CrossRule, RowRule
from sources.submission.frames import sheet_frame
from tests.support.sample import PACK

ROW_RULES = [(contract, rule) for contract in load_contracts(PACK) for rule in contract.rules]
CONTRACTS = {contract.name: contract for contract in load_contracts(PACK)}


def typed(contract: Contract, row: dict) -> dict:
    """A fixture's row with the column's types: decimals exact, everything else as it stands."""
    columns = {column.name: column for column in contract.columns}
    return {
        name: Decimal(str(value))
        if value is not None and name in columns and columns[name].type == "decimal"
        else value
        for name, value in row.items()
    }


def row_rule_fails(contract: Contract, rule: RowRule, row: dict) -> bool:
    """Whether the contract's pandera schema reports this rule for a sheet with this one row."""
    names = ["submission_id", "record", *(column.name for column in contract.columns)]
    frame = sheet_frame(contract, [{"submission_id": "s", "record": 1, **typed(contract, row)}]).select(names)
    first_asked = max(2023, *(column.since or 0 for column in contract.columns if column.name in rule.columns))
    sheet = sheet_schema(PACK, contract.name, first_asked)
    try:
        sheet.schema.validate(frame, lazy=True)
    except pa.errors.SchemaErrors as errors:
        failed = errors.failure_cases.get_column("check").to_list()
        return f"{contract.name}.{rule.id}" in {c.rule_id for name, c in sheet.frame_checks.items() if name in failed}
    return False


def row_rule_is_verifiable(contract: Contract, rule: RowRule, row: dict) -> bool:
    frame = sheet_frame(contract, [typed(contract, row)])
    return frame.select(holds=pl.sql_expr(rule.expr)).item() is not None


@pytest.mark.parametrize(("contract", "rule"), ROW_RULES, ids=[f"{c.name}.{r.id}" for c, r in ROW_RULES])
def test_a_rule_of_one_sheet_fires_and_keeps_quiet(contract, rule):
    assert not row_rule_fails(contract, rule, rule.fixtures.passing)
    assert row_rule_fails(contract, rule, rule.fixtures.failing)
    assert not row_rule_fails(contract, rule, rule.fixtures.not_applicable)
    message = rule.message.format(
        **{column.name: rule.fixtures.failing.get(column.name) for column in contract.columns}
    )
    assert "None" not in message


def judged(rule: CrossRule, fixture: dict[str, list[dict]]) -> list[bool | None]:
    frames = {}
    for name, rows in fixture.items():
        if name == RESPONDENTS[0]:
            frames[name] = pl.DataFrame(rows)
            continue
        if name in OTHER_FRAMES:
            frames[name] = other_frame(name, rows)
            continue
        contract = CONTRACTS[name.removesuffix("_last_year")]
        plain = [
            {"submission_id": "s", "respondent_code": "a", "record": n, **typed(contract, row)}
            for n, row in enumerate(rows)
        ]
        frames[name] = sheet_frame(contract, plain)
    result = judge(PACK, rule, frames)
    assert {"submission_id", "record", "holds"} <= set(result.columns)
    for row in result.filter(~pl.col("holds")).iter_rows(named=True):
        assert "None" not in rule.message.format(**row)
    return result.get_column("holds").to_list()


@pytest.mark.parametrize("rule", cross_rules(PACK), ids=lambda rule: rule.id)
def test_a_rule_across_sheets_fires_and_keeps_quiet(rule):
    passing = judged(rule, rule.fixtures.passing)
    assert passing
    assert all(holds is True for holds in passing)
    assert False in judged(rule, rule.fixtures.failing)
    assert all(holds is None for holds in judged(rule, rule.fixtures.not_applicable))


@pytest.mark.parametrize("rule", cross_rules(PACK), ids=lambda rule: rule.id)
def test_a_rule_across_sheets_points_at_a_cell_that_exists(rule):
    assert rule.column in {column.name for column in CONTRACTS[rule.sheet].columns}


def test_rules_have_unique_ids():
    ids = [f"{contract.name}.{rule.id}" for contract, rule in ROW_RULES] + [rule.id for rule in cross_rules(PACK)]
    assert len(ids) == len(set(ids))


# Rules that treat a blank as an answer say so with `is null` or coalesce, or by a condition that comes first.
STRICT = [(c, r) for c, r in ROW_RULES if not any(word in r.expr for word in ("is null", "coalesce", "<> '"))]


@pytest.mark.parametrize(("contract", "rule"), STRICT, ids=[f"{c.name}.{r.id}" for c, r in STRICT])
def test_a_rule_with_a_missing_input_is_not_verifiable(contract, rule):
    """NULL is neither true nor false."""
    assert not row_rule_is_verifiable(contract, rule, rule.fixtures.not_applicable)
