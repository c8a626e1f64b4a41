"""How a respondent's year came to its state: told by files and decisions, and shown alike everywhere."""

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources.archive.quarantine import Quarantine, note_quarantine
from sources.archive.version_decisions import VersionDecision, note_version_decisions
from sources.declarations.deadlines import ReportYear
from sources.declarations.year_states import Event, YearState, after_all
from sources.sample.pour import pour_samples
from tests.conftest import NURSING_SCHOOL, cell_of, edit, run_all, select
from warehouse.intake.feedback import write_feedback
from warehouse.intake.register import published_register, submission_overview
from warehouse.intake.state_changes import RegisteredFile, happenings
from warehouse.intake.versions import latest_versions
from warehouse.store.connection import open_published, open_working

MORNING = datetime(2023, 11, 20, 8)
DATES = ReportYear(
    as_of=date(2023, 9, 1),
    school_year_from=date(2022, 9, 1),
    school_year_to=date(2023, 8, 31),
    opens=date(2023, 10, 8),
    due=date(2023, 11, 30),
    freezes=date(2024, 1, 31),
)
FILE = RegisteredFile("a", MORNING, MORNING, MORNING.date(), "accepted", None, True, True, False, None, 0, 0, 0)
REFUSED = replace(FILE, submission_id="b", status="rejected", reason="有 1 个错误", is_current=False)
HELD = replace(FILE, submission_id="c", status="held", is_current=False, is_audited=False, held_for="held.x")
ASIDE = replace(FILE, submission_id="d", status="rejected", is_current=False, is_quarantined=True)
SUPERSEDED = replace(FILE, submission_id="e", status="superseded", is_current=False)


def decided(outcome, submission_id: str = "c") -> VersionDecision:
    return VersionDecision(submission_id, outcome, "学校来函", "张处长", "2023-11-21T00:00:00+00:00")


def state_of(*files: RegisteredFile, decisions=(), were_held=frozenset()) -> YearState:
    told = happenings(files, decisions, DATES, NURSING_SCHOOL, were_held)
    return after_all(each.event for each in told).state


@pytest.mark.parametrize(
    ("files", "decisions", "state"),
    [
        ([replace(FILE, status="received", is_audited=False)], [], "received"),
        ([HELD], [], "held"),
        ([HELD, FILE], [], "accepted"),
        ([replace(HELD, status="declined")], [decided("declined")], "unsent"),
        ([FILE, replace(HELD, status="declined")], [decided("declined")], "accepted"),
        ([replace(FILE, submission_id="c")], [decided("confirmed")], "accepted"),
        ([FILE, REFUSED], [], "returned"),
        ([REFUSED, FILE], [], "accepted"),
        ([SUPERSEDED, FILE], [], "accepted"),
        ([replace(FILE, is_current=True, submission_id="c"), SUPERSEDED], [decided("counts")], "accepted"),
        ([replace(FILE, warnings=3)], [], "explained"),
        ([replace(FILE, warnings=3, unexplained=1)], [], "accepted"),
        ([replace(FILE, warnings=3, unexplained=1, refused=1)], [], "accepted"),
        ([replace(FILE, received_on=date(2024, 3, 1), submission_id="c")], [decided("confirmed")], "revised"),
        ([FILE, ASIDE], [], "quarantined"),
    ],
)
def test_files_and_decisions_tell_the_state(files, decisions, state):
    assert state_of(*files, decisions=decisions) == state


def test_each_change_says_when_who_and_why():
    told = happenings([replace(FILE, submission_id="c")], [decided("confirmed")], DATES, NURSING_SCHOOL)
    noon = datetime(2023, 11, 21)
    assert [(each.event, each.at, each.actor, each.reason) for each in told] == [
        (Event.CAME, MORNING, NURSING_SCHOOL, "收到文件"),
        (Event.ASKED, MORNING, "nianbao", "有疑问"),
        (Event.CONFIRMED, noon, "张处长", "学校来函"),
        (Event.AUDITED, noon, "nianbao", "开始审核"),
        (Event.TAKEN, noon, "nianbao", "没有错误"),
    ]


files = st.lists(
    st.builds(
        lambda kind, number, hour, on, was_held: (
            replace(kind, submission_id=str(number), came_at=MORNING + timedelta(hours=hour), received_on=on),
            was_held,
        ),
        st.sampled_from([FILE, REFUSED, HELD, ASIDE, SUPERSEDED, replace(HELD, status="declined")]),
        st.integers(0, 9),
        st.integers(0, 5),
        st.sampled_from([date(2023, 11, 20), date(2024, 3, 1)]),
        st.booleans(),
    ),
    min_size=1,
    max_size=5,
    unique_by=lambda each: each[0].submission_id,
)


@given(files, st.lists(st.tuples(st.integers(0, 9), st.sampled_from(["confirmed", "declined", "counts"])), max_size=3))
def test_whatever_came_and_was_decided_could_happen(came, choices):
    decisions = [decided(outcome, str(number)) for number, outcome in choices]
    were_held = {file.submission_id for file, was_held in came if was_held and file.status == "superseded"}
    assert state_of(*(file for file, _ in came), decisions=decisions, were_held=were_held) in YearState


@pytest.mark.deep
def test_a_year_goes_through_its_states_and_every_place_shows_the_same(city, empty):
    """From nothing sent to a revision of a frozen year and back to a file that is set aside."""
    years = {y: dates.model_copy(update={"freezes": date(y + 1, 1, 31)}) for y, dates in city.calendar.years.items()}
    city = city.model_copy(update={"calendar": city.calendar.model_copy(update={"years": years})})
    now, frozen = (replace(empty, fixed_today=day) for day in (date(2023, 11, 20), date(2024, 3, 1)))
    pour_samples(city, now.city_dir, 2023, now.inbox, with_explanations=True)
    path = next(now.inbox.glob(f"2023*{NURSING_SCHOOL}*"))
    good = path.read_bytes()
    path.unlink()
    assert shown(now, city) == {YearState.UNSENT}
    path.write_bytes(good)
    edit(now, city, NURSING_SCHOOL, 2023, lambda book: set_students(book, "很多"))
    assert shown(now, city) == {YearState.RETURNED}
    path.write_bytes(good)
    assert shown(now, city) <= {YearState.ACCEPTED, YearState.EXPLAINED}
    edit(now, city, NURSING_SCHOOL, 2023, lambda book: set_students(book, 2598))
    assert shown(frozen, city) == {YearState.HELD}
    ((held,),) = select(frozen, "select submission_id from registry.submission where status = 'held'").rows()
    note_version_decisions(frozen.archive, [VersionDecision(held, "confirmed", "学校来函", "张处长")])
    assert shown(frozen, city) == {YearState.REVISED}
    changes = "select * from registry.state_change order by all"
    before = select(frozen, changes).rows()
    frozen.working_database.unlink()
    assert shown(frozen, city) == {YearState.REVISED}
    assert select(frozen, changes).rows() == before, "replayed from the archive"
    note_quarantine(frozen.archive, Quarantine(held, True, "内容有误", "张处长"))
    assert shown(frozen, city) == {YearState.QUARANTINED}


def shown(settings, city) -> set[YearState]:
    """The state of the school's year after a run, as the register, the table of runs, alerts and feedback have it."""
    run_all(settings, city, (2023,))
    with open_published(settings) as connection:
        of_register = [e.state for e in published_register(connection, 2023) if e.respondent_code == NURSING_SCHOOL]
    with open_working(settings) as connection:
        of_run = [e.state for e in submission_overview(connection, [2023]) if e.respondent_code == NURSING_SCHOOL]
        told = [each for each in latest_versions(connection) if each.respondent_code == NURSING_SCHOOL]
        told += [e.version for e in write_feedback(connection, settings, [2023]) if e.version in told]
    return {YearState(state) for state in (*of_register, *of_run, *(each.state for each in told)) if state}


def set_students(book, value) -> None:
    cell_of(book, "学生情况", "全日制在校生数").value = value
