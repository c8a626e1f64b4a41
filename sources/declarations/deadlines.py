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
