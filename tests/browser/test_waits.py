"""What people wait for is measured as whole commands, and in Chromium where it is a page.

Launches from Dagster's page wait for its sensors and take minutes: only `python -m tests.bench waits` makes them.
"""

import pytest
from playwright.sync_api import Browser

from tests.bench.waits import WAITS, measure_waits

pytestmark = [pytest.mark.browser, pytest.mark.deep]
WITHOUT_DAGSTER = {"status", "trace", "table", "check", "search"}


def test_one_round_measures_each_of_them_once(browser: Browser) -> None:
    made = measure_waits(browser, own=1, firsts=0)
    assert {what: len(seconds) for what, seconds in made.seconds.items()} == dict.fromkeys(WITHOUT_DAGSTER, 1)
    assert {wait.what for wait in WAITS if wait.measured(made)} == WITHOUT_DAGSTER
    assert made.others is not None
