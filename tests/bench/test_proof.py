"""What the section on the proof says is what pytest has measured, of the rules that there are."""

import re
from datetime import date

from sources.system.settings import PROJECT_ROOT
from tests.bench.proof import PROVEN, Extent, extents, section
from tests.bench.suite import timed
from tests.proof.test_rule_set import NOT_TRANSLATED, REDUNDANT

JUNIT = """<testsuites><testsuite name="pytest">
<testcase classname="tests.proof.test_rule_set" name="test_every_rule_can_fail[school]" time="2.0" />
<testcase classname="tests.proof.test_rule_set" name="test_every_rule_can_fail[bureau]" time="1.5" />
<testcase classname="tests.proof.test_rule_set" name="test_every_rule_can_hold_of_something[school]" time="60.0" />
<testcase classname="tests.proof.test_conflicts" name="test_c" time="9.0" />
</testsuite></testsuites>"""
KEPT = PROJECT_ROOT / "docs" / "benchmark" / "proof.md"


def test_each_thing_that_is_proven_has_its_seconds() -> None:
    lines = section(list(timed(JUNIT)), [Extent("school", 7, 2, 1234)], date(2026, 11, 29))
    seconds = {line.rsplit("|", 2)[0]: line.rsplit("|", 2)[1].strip() for line in lines if line.startswith("| ")}
    assert seconds["| each rule fails in some whole workbook "] == "3.5"
    assert seconds["| z3 alone, school and bureau (aim: 60 s, **not met**) "] == "63.5"
    assert seconds["| all of tests/proof "] == "72.5"
    assert "| school | 7 | 2 | 1,234 |" in lines


def test_what_is_said_to_be_proven_is_what_tests_are_named() -> None:
    for file, begins in PROVEN:
        text = (PROJECT_ROOT / f"{file}.py").read_text(encoding="utf-8")
        assert re.search(rf"^def test_{begins}", text, re.MULTILINE), (file, begins)


def test_the_kept_section_is_of_the_rules_that_there_are() -> None:
    kept = KEPT.read_text(encoding="utf-8")
    for each in extents():
        assert f"| {each.kind} | {each.errors} | {each.warnings} | {each.cells:,} |" in kept, (
            "stale: python -m tests.bench proof"
        )
    assert all(f"| `{name}` |" in kept for name in (*REDUNDANT, *NOT_TRANSLATED))
