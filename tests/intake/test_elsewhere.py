"""What is read and judged as tasks that travel as bytes ends as what this process and its workers read and judge."""

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sources.archive.archive import DECLARATIONS
from sources.archive.store import Store
from sources.declarations.city import load_city
from sources.handle import FromStore, ToJudge, ToRead, files_of
from sources.sample.poured import SENT_AT
from sources.system.apart import EachApart, Exceeded, each_apart
from sources.system.settings import Limits, Settings
from sources.system.task import answer_to, outcomes_in, packed_items, packed_work
from tests.conftest import YEARS
from tests.crash.installation import CLOCKS, NOTED_BY_A_BUILD, Content, content
from tests.hostile.kinds import KINDS
from tests.system.test_apart import deed
from warehouse.catalogue.reference import load_reference
from warehouse.intake.take_in import take_in
from warehouse.store.connection import open_working
from warehouse.store.ddl import all_tables, create_tables


def as_tasks(work: Callable[[Any], Any], items: Sequence[Any], limits: Limits, *_, **__) -> Iterator[Any]:
    """A cluster without a cluster: tasks of three items, bytes on the way there and back."""
    packed = packed_work(work, limits)
    for at in range(0, len(items), 3):
        yield from outcomes_in(answer_to(packed, packed_items(items[at : at + 3])))


def taken_in(settings: Settings, each: EachApart) -> Content:
    """What intake has written, but for the clock's times: every value, finding, refusal and entry of the registry."""
    city = load_city(settings.city_dir)
    with open_working(settings) as connection:
        create_tables(connection, all_tables(city.pack))
        load_reference(connection, settings, city)
        take_in(connection, settings, city, YEARS, each_apart=each)
    held = content(settings.working_database, CLOCKS)
    return {name: sums for name, sums in held.items() if name not in NOTED_BY_A_BUILD}


def put_hostile(inbox: Path, names: Sequence[str]) -> None:
    """Hostile files of these kinds, sent long ago: one that is broken may still be on its way."""
    for kind in (each for kinds in KINDS.values() for each in kinds if each.name in names):
        path = inbox / f"2023_{kind.name}.xlsx"
        path.write_bytes(kind.build())
        os.utime(path, (SENT_AT, SENT_AT))


@pytest.fixture
def homes(city_run: Settings, tmp_path: Path) -> tuple[Settings, Settings]:
    """Two installations with the same inbox: the sample city's workbooks, and some that are refused or rejected."""
    here, there = (replace(city_run, home=tmp_path / name) for name in ("here", "there"))
    shutil.copytree(city_run.inbox, here.inbox)
    put_hostile(here.inbox, ("poison", "bzip2", "entities"))
    shutil.copytree(here.inbox, there.inbox)
    return here, there


def test_values_findings_and_refusals_are_the_same(homes):
    here, there = homes
    assert taken_in(there, as_tasks) == taken_in(here, each_apart)


def never_judging(work: Callable[[Any], Any], items: Sequence[Any], *arguments, **named) -> Iterator[Any]:
    if isinstance(items[0], ToJudge):
        return iter([Exceeded("killed")] * len(items))
    return as_tasks(work, items, *arguments, **named)


def test_what_cannot_be_judged_elsewhere_is_judged_here(homes):
    here, there = homes
    assert taken_in(there, never_judging) == taken_in(here, each_apart)


def test_a_machine_without_the_archive_fetches_what_it_needs_from_a_store(tmp_path):
    archive = tmp_path / "archive"
    workbook, declarations = archive / "ab" / "abcd.xlsx", archive / DECLARATIONS / "1234.json.gz"
    for file in (workbook, declarations):
        file.parent.mkdir(parents=True)
        file.write_text(file.name)
    items = [
        ToRead("abcd", "甲.xlsx", workbook, kept=declarations),
        ToRead("abcd", "乙.xlsx", workbook),
        ToJudge((), {}, {"abcd": declarations}),
    ]
    store = Store("memory://archive", archive)
    assert files_of(items) == [workbook, declarations]
    store.put(files_of(items))
    shutil.rmtree(archive)
    with FromStore(store)(items) as (first, second, to_judge):
        assert (first.path.read_text(), first.kept.read_text()) == ("abcd.xlsx", "1234.json.gz")
        assert (second.path, second.kept) == (first.path, None)
        assert to_judge.kept == {"abcd": first.kept}, "declarations are read once"
    assert not first.path.exists(), "what a school sent does not stay"
    assert first.kept.exists()


@pytest.mark.parametrize(("what", "told"), [("eat", "memory"), ("die", "killed"), ("fail", "fault")])
def test_what_exceeds_its_limits_in_a_task_is_told_and_the_others_go_on(what: str, told: str):
    before, outcome, after = as_tasks(deed, ["before", what, "after"], Limits(seconds=1, memory_bytes=500_000_000))
    assert (before, after) == ("before", "after")
    assert isinstance(outcome, Exceeded)
    assert outcome.what == told
