"""Where a school stands is told by today and by what has come since the last run, not by that run alone."""

from dataclasses import replace
from datetime import UTC, timedelta

import pytest

from sources.declarations.year_states import YearState
from sources.system.settings import Settings
from tests.conftest import NURSING_SCHOOL


@pytest.mark.parametrize(("is_past_due", "told"), [(False, "等学校报送"), (True, "已经逾期：请催")])
def test_who_has_sent_nothing_is_late_from_the_day_on(desk: Settings, is_past_due: bool, told: str) -> None:
    from orchestration.desk.installed import register_entry
    from orchestration.desk.next_step import standing

    entry = register_entry(NURSING_SCHOOL, 2023)
    assert entry is not None
    for left in (None, replace(entry, state=YearState.UNSENT, is_overdue=False)):
        now = standing(left, is_past_due, is_sent_since=False)
        assert (now.is_overdue, now.step.bureau) == (is_past_due, told)
        sent = standing(left, is_past_due, is_sent_since=True)
        assert (sent.state, sent.is_overdue) == (YearState.RECEIVED, False)


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
    assert not is_sent_since(None, entry)
