"""Everything that people wait for is measured in one go: in Chromium, a few minutes."""

import pytest

from tests.bench.waits import WAITS, measure_waits
from tests.browser.conftest import CHROMIUM

pytestmark = [pytest.mark.browser, pytest.mark.deep]


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine (Debian package `chromium`)")
def test_one_round_measures_each_of_them_once() -> None:
    made = measure_waits(own=1, firsts=1)
    assert {wait.what: len(made.seconds[wait.what]) for wait in WAITS} == {wait.what: 1 for wait in WAITS}
    assert all(wait.measured(made) for wait in WAITS)
    assert made.others is not None
