"""A file that is asked about is held: nothing of it is loaded until a person says that it may be taken."""

from dataclasses import replace
from datetime import date

import pytest

from sources.archive.version_decisions import version_decisions
from sources.audit.closed_years import FROZEN, is_closed_for
from sources.declarations.deadlines import Calendar, ReportYear
from tests.conftest import NURSING_SCHOOL, edit, ingest, select
from warehouse.intake.decisions import decide_version
from warehouse.intake.version import Status
from warehouse.store.connection import open_working

LATE = date(2024, 2, 1)


@pytest.fixture
def frozen_city(city):
    years = {
        year: dates.model_copy(update={"freezes": date(year + 1, 1, 31)}) for year, dates in city.calendar.years.items()
    }
    return city.model_copy(update={"calendar": city.calendar.model_copy(update={"years": years})})


@pytest.fixture
def resent(fresh_copy, frozen_city):
    """Last year's workbook, saved once more and sent again after the year was frozen."""
    late = replace(fresh_copy, fixed_today=LATE)
    edit(late, frozen_city, NURSING_SCHOOL, 2022, lambda book: None)
    ingest(late, frozen_city)
    return late


def test_last_years_workbook_sent_again_rewrites_nothing(resent):
    ((status, held_for, reason, is_current),) = versions(resent, "held_for is not null")
    assert (status, held_for, is_current) == ("held", "held.year_frozen", False)
    assert reason == "2022 年度已于 2023-01-31 冻结，这份文件在冻结后收到，没有采用，等教育局确认。"
    assert len(versions(resent, "is_current")) == 25
    held = select(resent, "select submission_id from registry.submission where status = 'held'").item()
    assert select(resent, f"select count(*) from registry.cell where submission_id = '{held}'").item() == 0


@pytest.mark.parametrize(
    ("decline", "then"), [(False, ("accepted", None, True)), (True, ("declined", "held.year_frozen", False))]
)
def test_a_person_settles_it_with_name_and_reason(resent, frozen_city, decline, then: tuple[Status, str | None, bool]):
    held = select(resent, "select submission_id from registry.submission where status = 'held'").item()
    with open_working(resent) as connection:
        (noted,) = decide_version(connection, resent, held[:8], decline, "学校来函", "张处长")
    assert [(each.submission_id, each.by, each.reason) for each in version_decisions(resent.archive)] == [
        (held, noted.by, noted.reason)
    ]
    ingest(resent, frozen_city)
    ((status, held_for, _, is_current),) = versions(resent, f"submission_id = '{held}'")
    assert (status, held_for, is_current) == then


DAYS = ReportYear(
    as_of=date(2023, 9, 1),
    school_year_from=date(2022, 9, 1),
    school_year_to=date(2023, 8, 31),
    opens=date(2023, 10, 8),
    due=date(2023, 11, 30),
    freezes=date(2024, 1, 31),
)
CALENDAR = Calendar(timezone="Asia/Shanghai", nightly="0 3 * * *", yearly="0 6 8 10 *", years={2023: DAYS})
EARLY, IN_TIME = date(2023, 10, 7), date(2023, 10, 8)


@pytest.mark.parametrize(
    ("came", "is_closed"),
    [
        ([EARLY], False),
        ([IN_TIME], False),
        ([date(2024, 1, 31), LATE], False),
        ([LATE], True),
        ([EARLY, LATE], True),
    ],
)
def test_a_year_is_closed_for_what_came_only_after_it_was_frozen(came: list[date], is_closed: bool):
    assert is_closed_for(CALENDAR, 2023, came) == is_closed


def test_what_a_changed_calendar_opens_is_held_no_longer(resent, frozen_city, city):
    ingest(resent, frozen_city)
    assert [each[:2] for each in versions(resent, "held_for is not null")] == [("held", FROZEN)]
    ingest(resent, city)
    assert [each[:2] for each in versions(resent, "held_for is not null")] == []


@pytest.mark.parametrize(("version", "why"), [("zz", "没有"), ("0" * 64, "没有"), ("", "不止一份")])
def test_a_decision_names_one_file(resent, version, why):
    with open_working(resent) as connection, pytest.raises(LookupError, match=why):
        decide_version(connection, resent, version, False, "r", "b")


def versions(settings, where: str) -> list[tuple]:
    columns = "status, held_for, decision_reason, is_current"
    return select(settings, f"select {columns} from registry.submission where {where}").rows()
