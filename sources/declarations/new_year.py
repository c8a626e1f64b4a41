"""A new report year of a city: its dates as last year's suggest them, what the clerk says has changed, what is open.

Nothing is written here. What is said in words stands in files of the city's folder: a line in calendar.yml, lines in
changes.yml, respondents.yml and targets.yml, and in undecided.yml whatever nobody has decided yet.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from sources.declarations.changes import CHANGES_FILE, Change, Close, Merge, in_words
from sources.declarations.city import City, Respondent, Target
from sources.declarations.deadlines import ReportYear
from sources.declarations.strict_yaml import Declaration
from sources.declarations.undecided import UNDECIDED_FILE, About, Undecided
from sources.declarations.yaml_lines import Entry, flow

PROPOSED = "照上年推算，还没有核对"
DATES: dict[str, str] = {
    "as_of": "时点数截至",
    "school_year_from": "学年从",
    "school_year_to": "学年到",
    "opens": "开始收报送",
    "due": "截止",
    "freezes": "冻结",
}
WORKDAYS_ONLY = ("opens", "due", "freezes")
"""The dates on which somebody has to do something."""
WEEKDAYS = "一二三四五六日"
FIXED_HOLIDAYS = {"元旦": ((1, 1), (1, 1)), "劳动节": ((5, 1), (5, 5)), "国庆节": ((10, 1), (10, 7))}
"""Name → first and last day; the State Council settles each year's in the November before."""
SPRING_FESTIVALS = {
    2024: (2, 10), 2025: (1, 29), 2026: (2, 17), 2027: (2, 6), 2028: (1, 26), 2029: (2, 13), 2030: (2, 3),
    2031: (1, 23), 2032: (2, 11), 2033: (1, 31), 2034: (2, 19), 2035: (2, 8), 2036: (1, 28), 2037: (2, 15),
    2038: (2, 4), 2039: (1, 24),
}  # fmt: skip
"""The first day of the lunar year (GB/T 33661)."""
DAYS_OF_SPRING_FESTIVAL = range(-1, 7)


@dataclass(frozen=True, slots=True)
class Answers:
    """What the clerk has filled into the form of a new year; a part that nobody has signed is not in it."""

    dates: ReportYear | None = None
    changes: tuple[Change, ...] | None = None
    """None: the list of schools was not gone through."""
    new: tuple[Respondent, ...] = ()
    targets: tuple[Target, ...] = ()
    settled: frozenset[About] = frozenset()


@dataclass(frozen=True, slots=True)
class YearPlan:
    """What a new year writes: the line of the calendar, and the entries of each other file, in the order of writing."""

    report_year: int
    dates: ReportYear
    is_proposed: bool
    entries: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """File → its new entries, as `yaml_lines.flow` writes them."""
    told: tuple[str, ...] = ()
    """The changes, in words."""
    undecided: tuple[Undecided, ...] = ()


def proposed_dates(city: City, report_year: int) -> ReportYear:
    """The dates of a year as the last one before it has them: the same days, as many years later."""
    last = max(year for year in city.calendar.years if year < report_year)
    shift = report_year - last
    before = city.calendar.years[last]
    return before.model_copy(
        update={
            name: _later(day, shift)
            for name in type(before).model_fields
            if isinstance(day := getattr(before, name), date)
        }
    )


def _later(day: date, years: int) -> date:
    if day.year >= 2099:
        return day
    try:
        return day.replace(year=day.year + years)
    except ValueError:  # 29 February
        return day.replace(year=day.year + years, day=28)


def day_off(day: date) -> str:
    """Why nobody works on a day, as far as it can be known now: 周六, 国庆节; empty for a day like any other."""
    for name, (first, last) in FIXED_HOLIDAYS.items():
        if first <= (day.month, day.day) <= last:
            return f"{name}假期"
    festival = SPRING_FESTIVALS.get(day.year)
    if festival and (day - date(day.year, *festival)).days in DAYS_OF_SPRING_FESTIVAL:
        return "春节假期"
    return f"周{WEEKDAYS[day.weekday()]}" if day.weekday() >= 5 else ""


def days_off(dates: ReportYear) -> dict[str, str]:
    """Which of the dates on which somebody has to do something fall on a day off, and why."""
    return {name: told for name in WORKDAYS_ONLY if (told := day_off(getattr(dates, name)))}


def plan_year(city: City, report_year: int, answers: Answers = Answers(), known: ReportYear | None = None) -> YearPlan:
    """What is to be written for a year, by what is known of it. `city` is without it; `known`: dates that it has."""
    dates = answers.dates or known or proposed_dates(city, report_year)
    carry = known is None or known.templates_carry_tokens  # all templates of a new year are made anew
    dates = dates.model_copy(update={"templates_carry_tokens": carry})
    changes = answers.changes or ()
    undecided = tuple(
        each for each in _open_points(city, report_year, dates, changes) if each.about not in answers.settled
    )
    entries = {
        "respondents.yml": tuple(flow(_entry(each)) for each in answers.new),
        "targets.yml": tuple(flow(_entry(each)) for each in answers.targets),
        UNDECIDED_FILE: tuple(flow(_entry(each)) for each in undecided),
        CHANGES_FILE: tuple(flow(_entry(each)) for each in changes),
    }
    parts = {"respondents": (*city.respondents, *_unknown(city, answers.new)), "changes": (*city.changes, *changes)}
    after = City.model_construct(**{**dict(city), **parts})  # not a copy, which would keep what was looked up
    told = tuple(in_words(each, after) for each in changes)
    return YearPlan(report_year, dates, answers.dates is None, entries, told, undecided)


def _unknown(city: City, new: Sequence[Respondent]) -> list[Respondent]:
    return [each for each in new if each.code not in city.respondent_by_code]


def _open_points(city: City, report_year: int, dates: ReportYear, changes: Sequence[Change]) -> list[Undecided]:
    """What a person has to decide before the templates go out."""
    off = [f"{DATES[name]} {getattr(dates, name)} 是{told}" for name, told in days_off(dates).items()]
    respondents = len(city.respondents_in(report_year))
    found = [
        _open(report_year, "dates", "日期照上年推算，还没有核对" + (f"；{'，'.join(off)}" if off else "")),
        _open(report_year, "respondents", f"{respondents} 个填报单位照上年，还没有核对谁更名、并入、停办、新设"),
    ]
    ending = {each.code for each in changes if isinstance(each, Merge | Close)} | {
        each.code for each in city.respondents if each.until == report_year - 1
    }
    for scope in city.scopes:
        if gone := [code for code in scope.exclude.get("school_code", ()) if code in ending]:
            told = f"口径“{scope.label}”按标识码不算的学校 {'、'.join(gone)} 今年不再填报，要不要换一个口径"
            found.append(_open(report_year, "scopes", told))
    if city.targets and not any(each.report_year == report_year + 1 for each in city.targets):
        found.append(
            _open(report_year, "targets", f"{report_year + 1} 年的目标还没有写（{report_year} 年度报告里宣布）")
        )
    return found


def _open(report_year: int, about: About, what: str) -> Undecided:
    return Undecided(report_year=report_year, about=about, what=what)


def calendar_entry(dates: ReportYear) -> str:
    """A year as calendar.yml has it."""
    return flow(_entry(dates))


def _entry(declaration: Declaration) -> dict[str, Entry]:
    """What is said, in the order in which people write it: what kind, of whom, what, from when, remarks."""
    said = {
        name: value
        for name in type(declaration).model_fields
        if (value := getattr(declaration, name)) not in (None, "", ())
        and value is not False
        and not isinstance(value, dict)
    }
    order = (
        "kind",
        *(name for name in said if name not in ("kind", "since", "until", "note")),
        "since",
        "until",
        "note",
    )
    if isinstance(declaration, Respondent):
        order = ("code", "name", "kind", *order)
    return {name: said[name] for name in dict.fromkeys(order) if name in said}
