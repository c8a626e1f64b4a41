"""Which version counts: what came later, unless it is known to be older; and nobody's clock decides unseen."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warehouse.intake.succession import REPEATS, TOGETHER, Candidate, LetCount, VersionPlace, succession

MORNING = datetime(2023, 11, 20, 8)
HOUR = timedelta(hours=1)


def came(name: str, hour: int, saved: int | None = None, said: str | None = None, **more) -> Candidate:
    """A version that came so many hours after the morning, saved so many hours after it."""
    saved_at = None if saved is None else MORNING + saved * HOUR
    return Candidate(name, MORNING + hour * HOUR, saved_at=saved_at, said=said or name, **more)


def let(name: str, hour: int) -> LetCount:
    return LetCount(name, MORNING + hour * HOUR, "学校来函", "张处长")


def counting(places: tuple[VersionPlace, ...]) -> str | None:
    return next((place.submission_id for place in places if place.status == "accepted"), None)


def of(places: tuple[VersionPlace, ...], name: str) -> VersionPlace:
    return next(place for place in places if place.submission_id == name)


@pytest.mark.parametrize("saved", [None, -9, 3], ids=["never saved", "saved before the first", "saved after it"])
def test_what_was_received_later_counts_whenever_it_says_it_was_saved(saved):
    places = succession([came("first", 0, saved=-1), came("second", 5, saved)])
    assert counting(places) == "second"
    assert of(places, "first") == VersionPlace("first", "superseded", "没有错误，但已被取代；现以 second 为准")


@pytest.mark.parametrize(("saved", "told"), [(None, "没有可信的保存时间"), (-9, "保存得比 first 早"), (3, "")])
def test_where_the_saving_says_otherwise_it_is_told(saved, told):
    reason = of(succession([came("first", 0, saved=-1), came("second", 5, saved)]), "second").reason
    assert told in reason
    assert ("请告知教育局" in reason) is bool(told)


def test_the_same_bytes_again_are_known_to_be_older_and_both_sides_can_read_it():
    first = came("first", 0, came_again_at=MORNING + 9 * HOUR)
    places = succession([first, came("second", 5)])
    assert of(places, "first").reason == "又收到一次，但内容是已被取代的版本，没有采用；现以 second 为准"


def test_a_superseded_versions_words_in_another_file_are_held_unless_saved_later():
    first, second = came("first", 0, saved=-2), came("second", 5, saved=4)
    again = came("again", 8, said="first")
    places = succession([first, second, again])
    assert (counting(places), of(places, "again").held_for) == ("second", REPEATS)
    meant = replace(again, saved_at=MORNING + 7 * HOUR)
    assert counting(succession([first, second, meant])) == "again"


def test_of_what_came_together_the_last_saved_counts_and_without_that_nobody_knows():
    assert counting(succession([came("a", 0, saved=-1), came("b", 0, saved=-2)])) == "a"
    for unknown in ([came("a", 0, saved=-1), came("b", 0)], [came("a", 0, saved=-1), came("b", 0, saved=-1)]):
        places = succession([came("before", -9), *unknown])
        assert counting(places) == "before", "what counted goes on counting until somebody decides"
        assert {of(places, name).held_for for name in "ab"} == {TOGETHER}
        assert counting(succession([came("before", -9), *unknown], [let("b", 1)])) == "b"
        assert counting(succession([came("before", -9), *unknown, came("later", 2)])) == "later"


def test_what_says_the_same_is_not_asked_about():
    assert counting(succession([came("a", 0, said="x"), came("b", 0, said="x")])) == "b"


def test_a_decision_outdoes_what_came_before_it_and_not_what_comes_after():
    versions = [came("a", 0), came("b", 1), came("c", 9)]
    assert counting(succession(versions[:2], [let("a", 5)])) == "a"
    assert counting(succession(versions, [let("a", 5)])) == "c"
    assert counting(succession(versions, [let("a", 5), let("b", 10)])) == "b"


def test_what_a_person_does_not_take_never_counts():
    places = succession([came("a", 0), replace(came("b", 1), declined="不采用：错发（张处长）")])
    assert (counting(places), of(places, "b").status) == ("a", "declined")


def test_files_of_the_first_version_count_as_they_did_then():
    """The last saved counts, of two saved at one moment the first by its id; whatever came since is later."""
    old = [replace(came(name, hour), has_look=False) for name, hour in (("c", 3), ("a", 5), ("b", 5))]
    assert counting(succession(old)) == "a"
    assert counting(succession([*old, came("new", 6)])) == "new"


names = st.sampled_from("abcdefg")
candidates = st.lists(
    st.builds(
        lambda name, hour, saved, said, has_look: replace(came(name, hour, saved, said), has_look=has_look),
        names,
        st.integers(0, 3),
        st.none() | st.integers(-3, 3),
        st.sampled_from(["x", "y", "z"]),
        st.booleans(),
    ),
    unique_by=lambda each: each.submission_id,
)
choices = st.lists(st.builds(let, names, st.integers(0, 4)), max_size=2, unique_by=lambda each: each.at)


@given(candidates, choices, st.randoms())
def test_the_outcome_is_a_function_of_what_came_and_not_of_the_order_of_reading(versions, decided, random):
    shuffled = random.sample(versions, len(versions))
    places = succession(versions, decided)
    assert succession(shuffled, decided) == places
    assert {place.submission_id for place in places} == {each.submission_id for each in versions}
    assert sum(place.status == "accepted" for place in places) <= 1


@given(candidates, choices)
def test_nothing_that_comes_later_and_says_something_new_is_passed_over(versions, decided):
    places = succession([*versions, came("later", 9)], decided)
    assert counting(places) == "later"
