"""Small groups as an attacker sees them: all that is printed is taken together, to work out what is hidden."""

from collections.abc import Iterable, Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.hiding.attacker import possible
from warehouse.catalogue.known_relation import KnownRelation
from warehouse.hiding.hide import WorkedOutError, audited, hide
from warehouse.hiding.printed_sums import MeasureCell, Number, PrintedAt, PrintedYear, Sensitive

GRADUATES, STUDY, COLLEGE, UNDERGRADUATE = "graduates", "study", "college", "undergraduate"
WHOLE = KnownRelation(((STUDY, 1.0), (GRADUATES, -1.0)), is_equal=False)
PARTS = KnownRelation(((COLLEGE, 1.0), (UNDERGRADUATE, 1.0), (STUDY, -1.0)), is_equal=True)


def printed(values: Mapping[tuple[str, str], float], *sums: Iterable[str]) -> PrintedYear:
    """A year in which every number of a school is printed, and each measure's sum over each of some sets of schools."""
    cells = {MeasureCell(*key): value for key, value in values.items()}
    numbers = [Number.of(cell) for cell in cells]
    for schools in sums:
        for measure in sorted({cell.measure for cell in cells}):
            numbers.append(Number((measure,), frozenset(s for s in schools if MeasureCell(measure, s) in cells)))
    places = {each: frozenset({PrintedAt("measure", each.measures[0], "school", "x", "x")}) for each in numbers}
    return PrintedYear(cells, places, (WHOLE, PARTS))


def of_few(year: PrintedYear, school: str, people: float) -> list[Sensitive]:
    measures = [m for m in (STUDY, COLLEGE, UNDERGRADUATE) if MeasureCell(m, school) in year.values]
    return [Sensitive(Number.of(MeasureCell(measure, school)), people, 0.0, people) for measure in measures]


THREE = {
    (GRADUATES, "a"): 3, (GRADUATES, "b"): 200, (GRADUATES, "c"): 300,
    (STUDY, "a"): 1, (STUDY, "b"): 120, (STUDY, "c"): 90,
}  # fmt: skip


def test_a_single_hidden_number_follows_from_the_total() -> None:
    year = printed(THREE, "abc")
    (found,) = audited(year, {Number.of(MeasureCell(STUDY, "a"))}, of_few(year, "a", 3))
    assert (found.low, found.high) == (1, 1)
    assert not found.is_safe
    told = str(WorkedOutError(found))
    assert told.startswith("a 的 study 只有 3 人，不能公开，却能由其他数推算到 1–1（至少要 0–3）。")
    assert told.endswith("请把这段文字发给维护人员。")


def test_one_number_more_is_hidden_and_the_total_stands() -> None:
    year = printed(THREE, "abc")
    found = {each.number: each for each in hide(year, of_few(year, "a", 3))}
    first = found[Number.of(MeasureCell(STUDY, "a"))]
    assert (first.low, first.high) == (0, 3)
    assert len(found) == 2
    assert all(number.is_cell and number.measures == (STUDY,) for number in found)


def test_the_partner_stands_in_the_same_sums() -> None:
    """The total without `b` is printed as well: with `b` the number would follow from it."""
    year = printed(THREE, "abc", "ac")
    assert {cell for each in hide(year, of_few(year, "a", 3)) for cell in each.number.cells} == {
        MeasureCell(STUDY, "a"),
        MeasureCell(STUDY, "c"),
    }


def test_where_no_school_helps_the_total_is_hidden() -> None:
    """Nobody of few: a total of nobody says it of each."""
    year = printed({(GRADUATES, "a"): 3, (STUDY, "a"): 0, (GRADUATES, "b"): 2, (STUDY, "b"): 0}, "ab")
    sensitive = [*of_few(year, "a", 3), *of_few(year, "b", 2)]
    found = {each.number: each for each in hide(year, sensitive)}
    assert Number((STUDY,), frozenset("ab")) in found
    assert Number((GRADUATES,), frozenset("ab")) not in found
    assert all(each.is_safe for each in found.values())


def test_a_whole_and_its_parts_are_hidden_together() -> None:
    values = THREE | {(COLLEGE, s): THREE[STUDY, s] - 1 for s in "abc"} | {(UNDERGRADUATE, s): 1 for s in "abc"}
    year = printed(values, "abc")
    found = hide(year, of_few(year, "a", 3))
    assert {MeasureCell(measure, "a") for measure in (STUDY, COLLEGE, UNDERGRADUATE)} <= {
        cell for each in found for cell in each.number.cells
    }
    assert all(each.is_safe for each in found)


def test_nothing_is_hidden_where_nothing_is_small() -> None:
    assert hide(printed(THREE, "abc"), []) == []


@pytest.mark.parametrize("share", [0.2, 0.5])
def test_a_mean_cannot_be_worked_out_more_closely_than_declared(share: float) -> None:
    income = {("income", s): value for s, value in {"a": 9300.0, "b": 520000.0, "c": 610000.0}.items()}
    year = printed(income, "abc", "ab")
    number = Number.of(MeasureCell("income", "a"))
    found = hide(year, [Sensitive(number, 3, 9300 * (1 - share), 9300 * (1 + share))])
    low, high = possible(year, {each.number for each in found}, number)
    assert low <= 9300 * (1 - share)
    assert high >= 9300 * (1 + share)


@st.composite
def years(draw: st.DrawFn) -> tuple[PrintedYear, list[Sensitive]]:
    """Cities with some tiny schools, whose sums are printed for several sets of schools."""
    schools = [f"s{number}" for number in range(draw(st.integers(1, 6)))]
    values: dict[tuple[str, str], float] = {}
    for school in schools:
        graduates = draw(st.sampled_from([1, 2, 4, 7, 60, 400]))
        study = draw(st.integers(0, graduates))
        college = draw(st.integers(0, study))
        values |= {(GRADUATES, school): graduates, (STUDY, school): study}
        if draw(st.booleans()):
            values |= {(COLLEGE, school): college, (UNDERGRADUATE, school): study - college}
    sums = draw(st.lists(st.sets(st.sampled_from(schools), min_size=1), max_size=3))
    year = printed(values, schools, *sums)
    small = [school for school in schools if values[GRADUATES, school] < 5]
    return year, [each for school in small for each in of_few(year, school, values[GRADUATES, school])]


@settings(max_examples=25)
@given(years())
def test_no_hidden_number_can_be_worked_out_again(made: tuple[PrintedYear, list[Sensitive]]) -> None:
    """An attacker of the tests' own, who knows nothing of how it was hidden, is left with what was declared."""
    year, sensitive = made
    found = hide(year, sensitive)
    hidden = {each.number for each in found}
    for each in found:
        low, high = possible(year, hidden, each.number)
        assert low == pytest.approx(each.low, abs=1e-4)
        assert high == pytest.approx(each.high, abs=1e-4)
        if each.needed:
            assert low <= each.needed.low + 1e-4
            assert high >= each.needed.high - 1e-4
