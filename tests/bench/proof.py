"""How long it takes to prove the rule set, and what is proven: `python -m tests.bench proof`."""

import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from sources.declarations.city import load_city
from sources.system.settings import CITIES_ROOT
from tests.bench.suite import Timed, timed
from tests.proof.symbolic_book import SymbolicBook
from tests.proof.test_rule_set import KINDS, NOT_TRANSLATED, REDUNDANT, YEAR

PYTEST = (sys.executable, "-m", "pytest", "-m", "deep or not deep", "tests/proof")
BY_SOLVER = "tests/proof/test_rule_set"
AIM_SECONDS = 60
PROVEN = {
    (BY_SOLVER, "every_template_can_be_filled"): "a whole workbook that every rule lets pass: no two rules contradict",
    (BY_SOLVER, "every_rule_can_hold"): "each rule holds of something, beside all that reject",
    (BY_SOLVER, "every_rule_can_fail"): "each rule fails in some whole workbook",
    (BY_SOLVER, "rules_that_others_imply"): "each rule fails where the others let pass, but for those named below",
    (BY_SOLVER, "a_contradiction_and_a_needless_rule"): "a contradiction and a needless rule, planted, are found",
    (BY_SOLVER, "every_rule_of_one_workbook"): "every rule of a workbook is translated, but for those named below",
    ("tests/proof/test_witnesses", "every_rule_is_kept_and_broken"): "for each rule a workbook that keeps it and one"
    " that breaks it and no other: found, written, read and audited",
    ("tests/proof/test_conflicts", ""): "the smallest set that cannot hold together: the audit's is the solver's",
}
"""The tests of a file by how they begin → what they prove. What is in none of them is in the whole time only."""


@dataclass(frozen=True, slots=True)
class Extent:
    """What the proof is about: the workbook of a kind of respondent."""

    kind: str
    errors: int
    warnings: int
    cells: int


def measure_proof() -> list[str]:
    """The section for docs/benchmark.md. Raises CalledProcessError when something is not proven."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([*PYTEST, f"--junitxml={folder}/proof.xml"], check=True)
        return section(list(timed(Path(folder, "proof.xml").read_text(encoding="utf-8"))), extents(), date.today())


def extents() -> list[Extent]:
    """What is in the solver, by kind of respondent."""
    city = load_city(CITIES_ROOT / "450700")
    books = {kind: SymbolicBook(city, kind, YEAR) for kind in KINDS}
    rejects = {kind: [rule.severity == "error" for rule in book.rules.values()] for kind, book in books.items()}
    return [
        Extent(kind, sum(rejects[kind]), len(rejects[kind]) - sum(rejects[kind]), sum(1 for _ in book.cells))
        for kind, book in books.items()
    ]


def section(tests: Sequence[Timed], about: Sequence[Extent], measured_on: date) -> list[str]:
    """What is proven and the seconds that it took, as Markdown."""
    solver = sum(test.seconds for test in tests if test.file == BY_SOLVER)
    verdict = "met" if solver <= AIM_SECONDS else "**not met**"
    return [
        "## The proof of the rules\n",
        f"The rules of {YEAR}, the sample city's pack, on {measured_on.isoformat()}, as wall seconds of the tests in"
        f" tests/proof; how: [0038](decisions/0038-the-life-of-a-rule.md).\n",
        "| workbook of a | rules that reject | rules that warn | cells in the solver |",
        "| --- | ---: | ---: | ---: |",
        *(f"| {each.kind} | {each.errors} | {each.warnings} | {each.cells:,} |" for each in about),
        "",
        "| proven | s |",
        "| --- | ---: |",
        *(f"| {told} | {_seconds(tests, *which):.1f} |" for which, told in PROVEN.items()),
        f"| z3 alone, school and bureau (aim: {AIM_SECONDS} s, {verdict}) | {solver:.1f} |",
        f"| all of tests/proof | {sum(test.seconds for test in tests):.1f} |",
        "",
        "| a rule that others imply | by | why it stays |",
        "| --- | --- | --- |",
        *(f"| `{name}` | {_codes(by)} | {why} |" for name, (by, why) in REDUNDANT.items()),
        "",
        "| not translated | why |",
        "| --- | --- |",
        *(f"| `{name}` | {why} |" for name, why in NOT_TRANSLATED.items()),
        "",
    ]


def _seconds(tests: Sequence[Timed], file: str, begins: str) -> float:
    return sum(test.seconds for test in tests if test.file == file and test.name.startswith(f"test_{begins}"))


def _codes(names: set[str]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(names))
