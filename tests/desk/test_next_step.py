"""Where a school stands is told by today and by what has come since the last run, not by that run alone."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import pytest

from sources.declarations.year_states import YearState
from sources.system.settings import Settings
from tests.conftest import NURSING_SCHOOL
from warehouse.intake.register import RegisterEntry

SignedIn = Callable[..., SimpleNamespace]


@pytest.mark.parametrize(("is_past_due", "told"), [(False, "等学校报送"), (True, "已经逾期：请催")])
def test_who_has_sent_nothing_is_late_from_the_day_on(desk: Settings, is_past_due: bool, told: str) -> None:
    from orchestration.desk.installed import register_entry
    from orchestration.desk.models import Upload
    from orchestration.desk.next_step import standing

    entry = register_entry(NURSING_SCHOOL, 2023)
    assert entry is not None
    for left in (None, replace(entry, state=YearState.UNSENT, is_overdue=False)):
        now = standing(left, None, is_past_due)
        assert (now.is_overdue, now.step.bureau) == (is_past_due, told)
        at = datetime.now(UTC)
        sent = standing(left, Upload(sha256="new", sent_at=at, certificate_number="2023-1-0001"), is_past_due)
        assert (sent.state, sent.is_overdue, sent.since) == (YearState.RECEIVED, False, at)


@pytest.mark.parametrize(
    ("of_entry", "minutes", "expected"),
    [("current", 5, False), ("latest", 5, False), ("neither", 5, True), ("neither", -5, False)],
)
def test_a_file_waits_for_a_run_until_one_has_seen_it_or_what_came_later(
    desk: Settings, of_entry: str, minutes: int, expected: bool
) -> None:
    """`minutes`: how long after what the register knows the file was sent."""
    from orchestration.desk.installed import register_entry
    from orchestration.desk.models import Upload
    from orchestration.desk.next_step import is_sent_since

    entry = register_entry(NURSING_SCHOOL, 2023)
    assert entry is not None
    assert entry.state_since is not None
    entry = replace(entry, current_submission_id="current", latest_submission_id="latest")
    at = entry.state_since.replace(tzinfo=UTC) + timedelta(minutes=minutes)
    upload = Upload(sha256=of_entry, sent_at=at, certificate_number="2023-1-0001")
    assert is_sent_since(upload, entry) is expected
    assert is_sent_since(upload, None)


def test_the_day_since_when_it_stands_so_is_that_of_the_city(desk: Settings, signed_in: SignedIn) -> None:
    """A run at night, by the clock of the city: in UTC it is the day before."""
    from orchestration.desk import bureau_views
    from orchestration.desk.bureau_views import published_register

    def at_night(*asked: Any, **named: Any) -> list[RegisterEntry]:
        found = published_register(*asked, **named)
        return [replace(each, state_since=datetime(2023, 11, 19, 18, 30)) for each in found]

    with patch.object(bureau_views, "published_register", at_night):
        page = signed_in("bureau_clerk").get("/year/2023").content.decode()
    assert "11月20日" in page
    assert "11月19日" not in page
