"""The calendar of report years: what their figures refer to, when submissions open, are due and freeze.

Whether a day is too late is decided here and nowhere else in Python; its SQL twin is `quality.register`.
"""

from datetime import date, timedelta

from sources.declarations.strict_yaml import Declaration


class ReportYear(Declaration):
    """One year of the calendar: what its figures refer to, and when submissions open, are due, freeze."""

    as_of: date
    school_year_from: date
    school_year_to: date
    opens: date
    due: date
    freezes: date

    def is_open(self, day: date) -> bool:
        """Whether submissions are taken on that day without a reason for coming late."""
        return self.opens <= day <= self.freezes

    def is_due_soon(self, day: date, days: int) -> bool:
        """Whether the due date is that day or at most so many days after it."""
        return self.due - timedelta(days=days) <= day <= self.due

    def is_overdue(self, day: date) -> bool:
        """Whether the due date has passed on that day; on the date itself nobody is late."""
        return day > self.due

    def is_frozen(self, day: date) -> bool:
        """Whether a resubmission received on that day needs a reason."""
        return day > self.freezes


class Calendar(Declaration):
    timezone: str
    nightly: str
    yearly: str
    years: dict[int, ReportYear]


def open_years(calendar: Calendar, today: date) -> list[int]:
    """Report years that take submissions today; the latest year when none does."""
    years = sorted(calendar.years)
    return [year for year in years if calendar.years[year].is_open(today)] or years[-1:]
