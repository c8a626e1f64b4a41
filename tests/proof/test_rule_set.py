"""No two rules contradict each other, none can never fail, and those that others imply are known by name."""

import pytest
import z3

from sources.declarations.agreement import cross_rules
from sources.declarations.city import City
from sources.declarations.contract import contracts_for
from tests.proof.symbolic_book import SymbolicBook

YEAR = 2024
"""The first year that has every sheet."""
KINDS = ("school", "bureau")
NOT_TRANSLATED = {
    "cross.major_code_and_name_agree": "texts against the official catalogue; no other rule judges them",
    "cross.enterprise_code_once": "texts of two rows against each other; no other rule judges them",
}
"""Rules of one workbook that the translation leaves out → why. Rules of level `city` compare workbooks: they reject
none, so they can contradict none."""
REDUNDANT = {
    "outcomes.destinations_within_graduates": (
        {"outcomes.destinations_within_placed", "outcomes.placed_within_graduates"},
        "says what is wrong where 去向落实 is not available, and names the two numbers that a school has at hand",
    ),
}
"""Rules that can fail in no workbook that the others let pass → by which they are implied, and why they stay."""


class Proof:
    """A symbolic book in a solver. Each thing that may be assumed has a name; an answer says of which it needs."""

    def __init__(self, city: City, kind: str) -> None:
        self.book = SymbolicBook(city, kind, YEAR)
        self.solver = z3.Solver()
        self.solver.set("core.minimize", True)
        self.solver.add(*self.book.limits())
        self.solver.add(*(z3.Implies(z3.Bool("whole"), each) for each in self.book.whole()))
        for rule in self.book.rules.values():
            for what, told in (("holds", rule.holds), ("is kept", rule.is_kept), ("is broken", rule.is_broken)):
                self.solver.add(z3.Implies(z3.Bool(f"{rule.id} {what}"), told))

    def can_be(self, *assumed: str) -> bool:
        """Whether there is such a workbook."""
        outcome = self.solver.check([z3.Bool(name) for name in assumed])
        assert outcome != z3.unknown
        return outcome == z3.sat

    def because_of(self) -> set[str]:
        """The assumptions that cannot be together, after `can_be` was false."""
        return {str(each) for each in self.solver.unsat_core()}

    def others(self, rule_id: str) -> list[str]:
        """The other rules that reject hold."""
        rules = self.book.rules.values()
        return [f"{each.id} holds" for each in rules if each.id != rule_id and each.severity == "error"]


@pytest.fixture(scope="module", params=KINDS)
def proof(request: pytest.FixtureRequest, city: City) -> Proof:
    return Proof(city, request.param)


def test_every_rule_of_one_workbook_is_translated(proof, city):
    kind = "school" if "students" in proof.book.rows else "bureau"
    contracts = contracts_for(city.pack, kind, YEAR)
    asked = {f"{contract.name}.{rule.id}" for contract in contracts for rule in contract.rules_in(YEAR)}
    asked |= {
        rule.id
        for rule in cross_rules(city.pack)
        if rule.level == "submission" and rule.sheet in proof.book.rows and rule.is_valid_in(YEAR)
    }
    assert set(proof.book.rules) == asked - set(NOT_TRANSLATED)
    assert set(proof.book.not_translated) == asked & set(NOT_TRANSLATED)


def test_every_template_can_be_filled_without_an_error_or_a_warning(proof):
    assert proof.can_be("whole", *(f"{name} holds" for name in proof.book.rules)), proof.because_of()


def test_every_rule_can_hold_of_something_beside_all_that_reject(proof):
    cannot = {
        name: proof.because_of()
        for name in proof.book.rules
        if not proof.can_be("whole", f"{name} is kept", *proof.others(name))
    }
    assert cannot == {}


def test_every_rule_can_fail(proof):
    assert [name for name in proof.book.rules if not proof.can_be("whole", f"{name} is broken")] == []


def test_rules_that_others_imply_are_known(proof):
    found = {}
    for name in proof.book.rules:
        if not proof.can_be("whole", f"{name} is broken", *proof.others(name)):
            assumed = proof.because_of() - {"whole", f"{name} is broken"}
            found[name] = {each.removesuffix(" holds") for each in assumed}
    assert found == {name: by for name, (by, _) in REDUNDANT.items() if name in proof.book.rules}


def test_a_contradiction_and_a_needless_rule_would_be_found(city):
    """The proof is not blind: two rules that exclude each other, and one that says another's again."""
    proof = Proof(city, "school")
    (total,) = [row.cells["students_full_time"] for row in proof.book.rows["students"]]
    proof.solver.add(z3.Implies(z3.Bool("nobody"), total.number < 0))
    assert not proof.can_be("whole", "nobody")
    assert not proof.can_be("whole", "students.sex_adds_up is broken", "students.sex_adds_up holds")
    assert proof.because_of() == {"students.sex_adds_up is broken", "students.sex_adds_up holds"}
