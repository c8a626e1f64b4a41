"""For each rule a workbook that keeps it and one that breaks it, found by the solver, judged by the audit itself."""

from datetime import date

import pytest

from sources.declarations.city import City
from sources.declarations.deadlines import ReportYear
from sources.system.settings import CITIES_ROOT
from tests.conftest import BUREAU, NURSING_SCHOOL
from tests.proof.symbolic_book import SymbolicBook
from tests.proof.test_rule_set import YEAR
from tests.proof.witness import Witness, Witnesses, findings_of

FEW = (
    "students.sex_adds_up",
    "satisfaction.score_needs_respondents",
    "cross.apprentices_within_students",
    "cross.award_events_within_entries",
)
"""One of a form, with blanks that count, with a sum, with a number of different texts."""


@pytest.fixture(scope="module")
def open_city(city: City) -> City:
    """The sample city with the year open."""
    days = {"opens": date(2024, 10, 8), "due": date(2024, 11, 30), "as_of": date(2024, 9, 1)}
    year = city.calendar.years[2023].model_copy(update=days)
    assert isinstance(year, ReportYear)
    calendar = city.calendar.model_copy(update={"years": {**city.calendar.years, YEAR: year}})
    return city.model_copy(update={"calendar": calendar})


def check(city: City, witnesses: list[Witness]) -> None:
    """Asserts that the audit says of each workbook what the solver says."""
    for witness, findings in zip(witnesses, findings_of(city, witnesses), strict=True):
        found = {finding.rule_id for finding in findings}
        errors = {finding.rule_id for finding in findings if finding.is_error}
        assert (witness.rule.id in found) == witness.breaks, (witness.name, found)
        assert errors <= {witness.rule.id}, (witness.name, errors)


def test_a_few_rules_are_kept_and_broken_in_real_workbooks(open_city):
    book = SymbolicBook(open_city, "school", YEAR)
    of_school = Witnesses(open_city, book, NURSING_SCHOOL, 2023, CITIES_ROOT / "450700")
    check(open_city, [of_school.of(book.rules[name], breaks) for name in FEW for breaks in (False, True)])


@pytest.mark.deep
@pytest.mark.parametrize(("kind", "respondent"), [("school", NURSING_SCHOOL), ("bureau", BUREAU)])
def test_every_rule_is_kept_and_broken_in_a_real_workbook(open_city, kind, respondent):
    book = SymbolicBook(open_city, kind, YEAR)
    of_respondent = Witnesses(open_city, book, respondent, 2023, CITIES_ROOT / "450700")
    check(open_city, [of_respondent.of(rule, breaks) for rule in book.rules.values() for breaks in (False, True)])
