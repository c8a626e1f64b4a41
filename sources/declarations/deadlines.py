"""The calendar of report years: what their figures refer to, when submissions open, are due and freeze."""

from datetime import date

from sources.declarations.strict_yaml import Declaration


class ReportYear(Declaration):
    """One year of the calendar: what its figures refer to, and when submissions open, are due, freeze."""

    as_of: date
    school_year_from: date
    school_year_to: date
    opens: date
    due: date
    freezes: date


class Calendar(Declaration):
    timezone: str
    nightly: str
    yearly: str
    years: dict[int, ReportYear]


def open_years(calendar: Calendar, today: date) -> list[int]:
    """Report years that take submissions today; the latest year when none does."""
    years = sorted(calendar.years)
    return [y for y in years if calendar.years[y].opens <= today <= calendar.years[y].freezes] or years[-1:]
