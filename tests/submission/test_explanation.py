"""The life of an explanation: never asked twice for an unchanged value, asked again when the value has moved.

A state machine lets a school and its bureau do whatever they like over the years, in any order; after every step
the question must be open or answered as people would expect.
"""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from sources.declarations.contract import load_contracts
from sources.declarations.headings import AUTHOR_HEADING, PROBLEM_HEADING, REASON_HEADING, VALUE_HEADING
from sources.declarations.rule import rule_version
from sources.read.result_sheet import read_explanations
from sources.submission.explanation import (
    DEFAULT_TOLERANCE,
    VALID_YEARS,
    Explanation,
    Question,
    find_explanation,
    holds,
    tolerance_of,
    within_tolerance,
)
from tests.support.sample import PACK

QUESTION = Question("outcomes.industries_add_up", "v1", "毕业去向", "employed", "")
FAR = 2
"""Twice as much is beyond any tolerance; a fortieth more is within."""


class Life(RuleBasedStateMachine):
    """One warning about one cell of one school."""

    def __init__(self) -> None:
        super().__init__()
        self.value, self.year, self.version = 200, 2023, 1
        self.on_file: list[Explanation] = []
        self.answered: dict[tuple[int, int], int] = {}
        """(rule version, value) → the last year for which that very value has been explained and not refused."""

    @property
    def question(self) -> Question:
        return replace(QUESTION, rule_version=f"v{self.version}")

    @property
    def answer(self) -> Explanation | None:
        return find_explanation(self.on_file, self.question, str(self.value), self.year)

    @rule()
    def the_school_explains(self) -> None:
        self.on_file.append(Explanation(self.question, str(self.value), "已核实", "李老师", self.year))
        self.answered[self.version, self.value] = self.year + VALID_YEARS

    @rule(state=st.sampled_from(["approved", "refused"]))
    @precondition(lambda self: self.answer is not None)
    def the_bureau_decides(self, state: str) -> None:
        decided = self.answer
        self.on_file = [replace(e, state=state) if e is decided else e for e in self.on_file]
        if state == "refused":
            standing = [e for e in self.on_file if e.state != "refused"]
            self.answered = {}
            for e in sorted(standing, key=lambda e: e.report_year):
                self.answered[int(e.question.rule_version[1:]), int(e.value)] = e.report_year + VALID_YEARS

    @rule(value=st.integers(100, 400))
    def the_value_moves(self, value: int) -> None:
        self.value = value

    @rule()
    def the_value_moves_far_from_everything_explained(self) -> None:
        self.value = FAR * max([self.value, *(int(e.value) for e in self.on_file)])

    @rule()
    def the_value_moves_a_little_from_what_was_explained(self) -> None:
        if self.answer is not None:
            before = self.answer
            self.value = int(before.value) + int(before.value) // 40
            assert self.answer is not None

    @rule()
    @precondition(lambda self: self.year < 2035)
    def a_year_goes_by(self) -> None:
        self.year += 1

    @rule()
    def the_rule_changes(self) -> None:
        self.version += 1
        assert self.answer is None

    @invariant()
    def an_unchanged_value_is_never_asked_about_twice(self) -> None:
        if self.year <= self.answered.get((self.version, self.value), 0):
            assert self.answer is not None

    @invariant()
    def an_answer_is_about_this_rule_this_value_and_these_years_and_is_not_refused(self) -> None:
        if self.answer is not None:
            assert self.answer.question == self.question
            assert self.answer.state != "refused"
            assert abs(int(self.answer.value) - self.value) <= int(self.answer.value) * DEFAULT_TOLERANCE
            assert self.answer.report_year <= self.year <= self.answer.report_year + VALID_YEARS

    @invariant()
    def a_value_far_from_everything_explained_is_asked_about(self) -> None:
        explained = [int(e.value) for e in self.on_file]
        if all(self.value >= FAR * value or FAR * self.value <= value for value in explained):
            assert self.answer is None


TestLife = Life.TestCase
TestLife.settings = hypothesis_settings(max_examples=60, stateful_step_count=30, deadline=None)


def explanation(value: str, year: int = 2023, **more) -> Explanation:
    return Explanation(QUESTION, value, "已核实", "李老师", year, **more)


@given(st.text(max_size=30), st.integers(0, VALID_YEARS))
def test_the_same_value_is_answered_whatever_it_is_until_the_answer_expires(value, years):
    assert holds(explanation(value), QUESTION, value, 2023 + years)
    assert not holds(explanation(value), QUESTION, value, 2023 + VALID_YEARS + 1)
    assert not holds(explanation(value), QUESTION, value, 2022)


@given(st.integers(1, 10**9), st.integers(-100, 100))
def test_a_number_may_move_by_the_tolerance_and_no_further(value, permille):
    moved = value + Decimal(value) * permille / 1000
    assert within_tolerance(str(value), str(moved), DEFAULT_TOLERANCE) == (abs(permille) <= 50)


@pytest.mark.parametrize(
    ("explained", "now", "same"),
    [
        ("1000", "1050", True),
        ("1000", "1051", False),
        ("1,000", "1000", True),
        ("１０００", "1000", True),
        ("0", "0", True),
        ("0", "1", False),
        ("", "", True),
        ("", "0", False),
        ("无", " 无 ", True),
        ("无", "没有", False),
        ("9e999999", "-9e999999", False),
        ("NaN", "NaN", True),
    ],
)
def test_which_values_count_as_the_same(explained, now, same):
    assert within_tolerance(explained, now, DEFAULT_TOLERANCE) is same


def test_a_text_of_digits_has_no_tolerance():
    major = Question("majors.x", "v1", "专业目录", "major_code", "720201")
    assert tolerance_of(PACK, major) == 0
    assert tolerance_of(PACK, QUESTION) == DEFAULT_TOLERANCE
    held = replace(explanation("720201", tolerance=tolerance_of(PACK, major)), question=major)
    assert holds(held, major, "720201", 2024)
    assert not holds(held, major, "720301", 2024)


def test_an_approved_explanation_goes_before_one_that_waits():
    approved, newer = explanation("200", 2023, state="approved"), explanation("201", 2024)
    assert find_explanation([newer, approved], QUESTION, "200", 2024) is approved


def test_a_refused_explanation_opens_the_question_again_and_another_one_answers_it():
    refused = explanation("200", state="refused")
    assert find_explanation([refused], QUESTION, "200", 2023) is None
    assert find_explanation([refused, explanation("200")], QUESTION, "200", 2023) is not None


def test_a_rule_that_asks_something_else_has_another_version_and_one_that_says_it_better_has_not():
    asked = next(rule for contract in load_contracts(PACK) for rule in contract.rules if rule.severity == "warning")
    assert rule_version(asked) == rule_version(asked.model_copy(update={"message": "换一种说法", "fix": "同上"}))
    assert rule_version(asked) != rule_version(asked.model_copy(update={"expr": f"({asked.expr}) or false"}))
    assert rule_version(asked) != rule_version(asked.model_copy(update={"severity": "error"}))


HEADINGS = ["序号", VALUE_HEADING, REASON_HEADING, AUTHOR_HEADING, PROBLEM_HEADING]


def test_a_result_sheet_gives_the_explained_lines_with_what_they_explain():
    grid = [
        ["校验结果", "", "", "", ""],
        HEADINGS,
        [1, "300", "一名毕业生未填行业", "李老师", QUESTION.problem_id],
        [2, "备注", "", "", "sheet.heading_unknown#v1#学生情况##"],
        [3, "附件", "见附件", "", "sheet.heading_unknown#v1#学生情况##"],
    ]
    first, second = read_explanations(grid)
    assert (first.question, first.reason, first.author, first.value) == (
        QUESTION,
        "一名毕业生未填行业",
        "李老师",
        "300",
    )
    assert (second.question.column_name, second.value, second.reason) == ("", "附件", "见附件")


@given(st.lists(st.lists(st.one_of(st.sampled_from([*HEADINGS, "a#b#c#d#e"]), st.text(max_size=5), st.floats()))))
def test_any_result_sheet_can_be_read(rows):
    width = max(map(len, rows), default=0)
    grid = [[*row, *[""] * (width - len(row))] for row in rows]
    for line in read_explanations(grid):
        assert line.reason
