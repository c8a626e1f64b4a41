"""The ways of docs/architecture.md lead through functions that exist, and their numbers are counted."""

import re
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest

from sources.system.settings import PROJECT_ROOT
from tests.lint.house import PACKAGES, PAGE

WAY = re.compile(
    r"^\*\*(An? \w+)\*\*[^:]*: (\d+) rooms, (\d+) changes[^\n]*\n\n```\n(.*?)^```$", re.MULTILINE | re.DOTALL
)


@dataclass(frozen=True, slots=True)
class Way:
    """A thing's way: the numbers that the page tells, and its stops as (room, functions)."""

    thing: str
    rooms: int
    changes: int
    stops: tuple[tuple[str, tuple[str, ...]], ...]


def ways() -> list[Way]:
    found = WAY.findall(PAGE.read_text(encoding="utf-8"))
    return [Way(thing, int(rooms), int(changes), _stops(text)) for thing, rooms, changes, text in found]


def _stops(text: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    lines = (line.split(maxsplit=1) for line in text.splitlines())
    return tuple((room, tuple(each.strip() for each in functions.split(","))) for room, functions in lines)


def modules_of(room: str, module: str) -> list[Path]:
    """The modules of that name in a room, wherever within it."""
    folders = [folder for package in PACKAGES for folder in (PROJECT_ROOT / package, PROJECT_ROOT / package / room)]
    return [path for folder in folders if folder.name == room for path in folder.rglob(f"{module}.py")]


def test_five_things_have_a_way():
    assert [way.thing for way in ways()] == ["A submission", "A finding", "An indicator", "A figure", "An alert"]


@pytest.mark.parametrize("way", ways(), ids=lambda way: way.thing)
def test_every_stop_is_a_function_of_its_room(way):
    for room, functions in way.stops:
        for function in functions:
            module, _, name = function.partition(".")
            texts = [path.read_text(encoding="utf-8") for path in modules_of(room, module)]
            assert any(re.search(rf"^(async )?(def|class) {name}\b", text, re.MULTILINE) for text in texts), (
                f"{way.thing}: {room} {function}"
            )


@pytest.mark.parametrize("way", ways(), ids=lambda way: way.thing)
def test_the_numbers_are_those_of_the_list(way):
    rooms = [room for room, _ in way.stops]
    changes = sum(before != after for before, after in pairwise(rooms))
    assert (len(set(rooms)), changes) == (way.rooms, way.changes)
