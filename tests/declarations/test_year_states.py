"""The state of a respondent's year: what may happen in which state, and where it leads."""

from itertools import product

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from sources.declarations.year_states import (
    MARK_LABELS,
    MARKS,
    RESTING,
    STATES,
    TRANSITIONS,
    Event,
    ImpossibleEventError,
    Mark,
    Year,
    YearState,
    after_all,
)
from warehouse.catalogue.states_page import states_page


def test_every_state_mark_and_event_is_declared_and_drawn():
    assert set(STATES) == set(YearState)
    assert set(TRANSITIONS) == set(Event)
    assert set(MARKS) == set(MARK_LABELS) == set(Mark)
    page = states_page()
    assert all(f"| {declared.label} | `{state}` |" in page for state, declared in STATES.items())
    assert all(f"| {change.label} | `{event}` |" in page for event, change in TRANSITIONS.items())


def test_every_state_is_reached_and_left():
    reached, edge = {Year()}, {Year()}
    while edge:
        edge = {year.after(event) for year, event in product(edge, Event) if year.state in TRANSITIONS[event].before}
        edge -= reached
        reached |= edge
    assert {year.state for year in reached} == set(YearState)
    assert all(any(state in change.before for change in TRANSITIONS.values()) for state in YearState)


@pytest.mark.parametrize(
    ("events", "then"),
    [
        ("", "unsent"),
        ("came", "received"),
        ("came audited refused", "returned"),
        ("came audited taken all_explained doubted", "accepted"),
        ("came audited taken came asked declined", "accepted"),
        ("came audited refused came asked declined", "returned"),
        ("came asked declined", "unsent"),
        ("came asked confirmed audited taken_frozen", "revised"),
        ("came audited taken came audited refused", "returned"),
        ("came audited taken came audited taken chosen", "accepted"),
        ("came set_aside came audited taken", "accepted"),
    ],
)
def test_what_happened_leads_to(events, then):
    assert after_all(map(Event, events.split())).state == YearState(then)


@settings(max_examples=30, stateful_step_count=20)
class Walk(RuleBasedStateMachine):
    """Any events in any order: what is not declared cannot happen and changes nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.year = Year()
        self.rests = [YearState.UNSENT]

    @rule(event=st.sampled_from(Event))
    def happens(self, event: Event) -> None:
        change = TRANSITIONS[event]
        if self.year.state not in change.before:
            with pytest.raises(ImpossibleEventError):
                self.year.after(event)
            return
        self.year = self.year.after(event)
        assert self.year.state == (change.after or self.rests[-1])
        if self.year.state in RESTING:
            self.rests.append(self.year.state)

    @invariant()
    def rests_where_it_rested_last(self) -> None:
        assert self.year.rested == self.rests[-1]


test_any_walk = Walk.TestCase
