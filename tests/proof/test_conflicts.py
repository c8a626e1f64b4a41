"""What is told of a row that no single number mends is what the solver finds: the smallest set of rules, no other."""

from collections.abc import Sequence
from itertools import combinations

import pytest
import sqlglot
import z3
from hypothesis import given, settings
from hypothesis import strategies as st

from sources.audit.conflict import NOT_AN_INTERVAL, conflict_of, unmendable
from sources.declarations.contract import Column, contract_named
from sources.declarations.rule import RowRule
from tests.proof.three_valued import NEVER, Value, condition
from tests.support.sample import PACK

OUTCOMES, STAFF = contract_named(PACK, "outcomes"), contract_named(PACK, "staff")
NUMBERS = st.one_of(st.none(), st.integers(0, 12))


def smallest_by_solver(rules: Sequence[RowRule], row: dict, column: Column) -> set[frozenset[str]]:
    """Every smallest set of rules that no number in the column satisfies together; none when one does."""
    number = z3.Int("number")
    limits = [number >= int(column.ge)] if column.ge is not None else []

    def cell(each: sqlglot.exp.Column) -> Value:
        if each.name == column.name:
            return Value(number, NEVER)
        return Value(z3.IntVal(row[each.name] or 0), z3.BoolVal(row[each.name] is None))

    told = {}
    for rule in rules:
        of = condition(sqlglot.parse_one(rule.expr, dialect="duckdb"), cell, lambda *_: 0)
        told[rule.id] = z3.Or(of.is_null, of.holds)
    for size in range(len(told) + 1):
        sets = [frozenset(names) for names in combinations(told, size)]
        if found := {names for names in sets if _cannot_be([*limits, *(told[name] for name in names)])}:
            return found
    return set()


def _cannot_be(conditions: Sequence[z3.BoolRef]) -> bool:
    return z3.Solver().check(*conditions) == z3.unsat


@pytest.mark.parametrize("contract", [OUTCOMES, STAFF], ids=lambda contract: contract.name)
@settings(max_examples=25)
@given(data=st.data())
def test_the_smallest_set_is_the_solvers(contract, data):
    columns = [column for column in contract.columns if column.type == "integer"]
    in_rules = {name for rule in contract.rules for name in rule.columns}
    column = data.draw(st.sampled_from([each for each in columns if each.name in in_rules]))
    row = {each.name: data.draw(NUMBERS) for each in columns}
    rules = [
        rule
        for rule in contract.rules
        if rule.severity == "error" and column.name in rule.columns and not NOT_AN_INTERVAL.search(rule.expr)
    ]
    found = conflict_of(contract, rules, row, column)
    smallest = smallest_by_solver(rules, row, column)
    assert (found is None) == (smallest == set())
    if found:
        assert len(found.rules) <= 2
        assert frozenset(rule.id for rule in found.rules) in smallest


def test_a_total_that_two_rules_pull_apart_is_told_with_both():
    rules = [rule for rule in OUTCOMES.rules if rule.severity == "error"]
    row = {"further_study": 30, "further_study_undergraduate": 10, "further_study_college": 45, "placed": 50}
    row |= {"employed": 20, "graduates": 100}
    conflict = conflict_of(OUTCOMES, rules, row, OUTCOMES.column("further_study"))
    assert {rule.id for rule in conflict.rules} == {"further_study_adds_up", "destinations_within_placed"}
    assert conflict.text(OUTCOMES).startswith("只改“升学人数”改不好：其余各数不变时，")


def test_a_rejected_row_is_told_why_no_single_number_mends_it():
    """No slip explains it, and each number of the broken rule stands in another one."""
    row = {"graduates": 100, "placed": 100, "further_study": 60, "employed": 70}
    row |= {"further_study_undergraduate": 60, "further_study_college": 0}
    row |= {"employed_primary": 0, "employed_secondary": 0, "employed_tertiary": 70}
    rules = [rule for rule in OUTCOMES.rules if rule.severity == "error"]
    within = next(rule for rule in rules if rule.id == "destinations_within_placed")
    conflict = unmendable(OUTCOMES, within, rules, row)
    assert {rule.id for rule in conflict.rules} == {"destinations_within_placed", "placed_within_graduates"}
    assert "“升学人数 + 直接就业人数 <= 毕业去向落实人数”" in conflict.text(OUTCOMES)


def test_nothing_is_told_where_one_number_mends_the_row():
    rules = [rule for rule in OUTCOMES.rules if rule.severity == "error"]
    row = {"further_study": 30, "further_study_undergraduate": 10, "further_study_college": 21}
    adds_up = next(rule for rule in rules if rule.id == "further_study_adds_up")
    assert unmendable(OUTCOMES, adds_up, rules, row) is None
