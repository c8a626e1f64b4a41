"""The shape of the code is what docs/architecture.md says, and no name stands for two things."""

import re

import pytest

from tests.lint.house import INNER, PACKAGES, PAGE, arrows, drawing, floors, modules, page_with, repeated_names

HOUSE = modules()


def test_the_drawing_is_up_to_date() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page == page_with(drawing(), page), "python -m tests.lint.house"


@pytest.mark.parametrize("package", [None, *INNER])
def test_rooms_stand_in_no_circle(package: str | None) -> None:
    assert floors(arrows(HOUSE, package))


def test_no_module_and_no_class_has_the_name_of_another() -> None:
    assert repeated_names(HOUSE) == set()


def test_nothing_lies_flat_in_the_warehouse() -> None:
    flat = [name for name in HOUSE if name.startswith("warehouse.") and name.count(".") == 1]
    assert all(any(other.startswith(f"{name}.") for other in HOUSE) for name in flat)


@pytest.mark.parametrize("package", PACKAGES)
def test_every_room_says_what_lives_there_and_imports_nothing(package: str) -> None:
    rooms = [m for m in HOUSE.values() if m.path.name == "__init__.py" and m.name.startswith(package)]
    assert rooms
    assert [m.name for m in rooms if not m.docstring or m.imports] == []


def test_a_function_of_more_than_forty_lines_says_why() -> None:
    assert {m.name: m.long_without_reason for m in HOUSE.values() if m.long_without_reason} == {}


def test_the_catalogue_is_loaded_by_its_own_room_and_handed_to_the_others() -> None:
    loader = re.compile(r"\bload_(measures|chapters|indicators|requirements|report_tables)\b")
    found = {m.name for m in HOUSE.values() if loader.search(m.path.read_text("utf-8"))}
    assert {name for name in found if not name.startswith("warehouse.catalogue.")} == set()


def test_below_the_doors_only_the_catalogue_itself_asks_for_the_catalogue() -> None:
    asking = {m.name for m in HOUSE.values() if "load_catalogue" in m.path.read_text("utf-8")}
    below = {name for name in asking if not name.startswith("orchestration.")}
    # a city's check keeps its verdict and seldom needs a catalogue; `run` is not handed one yet, nor are bounds, and of
    # the project's models only those of another pack than the shipped one's need it
    own = {
        "bounding.note_bounds",
        "catalogue.catalogue",
        "catalogue.city_references",
        "catalogue.reference",
        "run.compile",
    }
    assert below == {f"warehouse.{name}" for name in own}
