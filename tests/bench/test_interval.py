"""When a target is met, missed, or neither can be said."""

import random
from statistics import median

import pytest

from orchestration.benchmark.interval import MET, NOT_DECIDED, NOT_MET, interval_of


def test_seven_runs_reach_from_the_smallest_to_the_largest():
    found = interval_of([5.0, 1.0, 4.0, 2.0, 3.0, 7.0, 6.0])
    assert (found.median, found.low, found.high) == (4.0, 1.0, 7.0)
    assert found.confidence == pytest.approx(1 - 2 / 2**7)


def test_more_runs_leave_the_strays_out():
    found = interval_of([*range(1, 16), 900])
    assert (found.low, found.high) == (4, 13)
    assert found.confidence >= 0.95


def test_three_runs_say_how_unsure_they_are():
    assert interval_of([1.0, 2.0, 3.0]).confidence == 0.75


@pytest.mark.parametrize(
    ("runs", "at_most", "verdict"),
    [
        ([1.0, 2.0, 3.0], 3.0, MET),
        ([1.0, 2.0, 3.0], 2.9, NOT_DECIDED),
        ([1.0, 2.0, 3.0], 1.0, NOT_DECIDED),
        ([1.0, 2.0, 3.0], 0.9, NOT_MET),
        ([1.0], 2.0, NOT_DECIDED),
    ],
)
def test_a_target_is_met_or_missed_only_by_the_whole_interval(runs, at_most, verdict):
    assert interval_of(runs).verdict(at_most) == verdict


@pytest.mark.parametrize("draw", [lambda: random.random(), lambda: random.paretovariate(1.2)])
def test_the_true_median_lies_in_it_as_often_as_it_says(draw):
    random.seed(13)
    true = median(draw() for _ in range(20_001))
    found = [interval_of([draw() for _ in range(7)]) for _ in range(2_000)]
    held = sum(each.low <= true <= each.high for each in found) / len(found)
    assert held == pytest.approx(found[0].confidence, abs=0.01)
