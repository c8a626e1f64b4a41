"""The dates of a report year: open, due soon, overdue, frozen, each with the day on which it begins."""

from datetime import date, timedelta

import pytest

from sources.declarations.deadlines import Calendar, ReportYear, open_years

DATES = ReportYear(
    as_of=date(2023, 9, 1),
    school_year_from=date(2022, 9, 1),
    school_year_to=date(2023, 8, 31),
    opens=date(2023, 10, 8),
    due=date(2023, 11, 30),
    freezes=date(2024, 1, 31),
)
DAY = timedelta(days=1)


@pytest.mark.parametrize(("day", "late"), [(DATES.due - DAY, False), (DATES.due, False), (DATES.due + DAY, True)])
def test_nobody_is_late_on_the_due_date_itself(day, late):
    assert DATES.is_overdue(day) is late


@pytest.mark.parametrize(("day", "soon"), [(-8, False), (-7, True), (0, True), (1, False)])
def test_due_soon_begins_so_many_days_before_and_ends_with_the_due_date(day, soon):
    assert DATES.is_due_soon(DATES.due + day * DAY, 7) is soon


@pytest.mark.parametrize(("day", "frozen"), [(DATES.freezes, False), (DATES.freezes + DAY, True)])
def test_a_year_is_frozen_from_the_day_after(day, frozen):
    assert DATES.is_frozen(day) is frozen
    assert DATES.is_open(day) is not frozen


def test_the_latest_year_is_taken_when_none_is_open():
    calendar = Calendar(timezone="Asia/Shanghai", nightly="", yearly="", years={2022: DATES, 2023: DATES})
    assert open_years(calendar, DATES.opens) == [2022, 2023]
    assert open_years(calendar, DATES.opens - DAY) == [2023]
