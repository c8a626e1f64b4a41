"""The archive is the truth: a working database that is lost, broken or out of date is made again from it."""

from pathlib import Path

import pytest

from sources.settings import Settings
from tests.conftest import NURSING_SCHOOL, cell_of, edit, ingest
from tests.crash.installation import OWN, Content, content
from warehouse.connection import working_lock
from warehouse.rebuild import recover


def taken_in(settings: Settings) -> Content:
    """What stands in the tables that intake writes, and the times of receipt."""
    held = content(settings.working_database, OWN)
    return {name: rows for name, rows in held.items() if name.split(".")[0] in ("raw", "registry", "reference")}


def lose(path: Path) -> None:
    path.unlink()


def empty(path: Path) -> None:
    path.write_bytes(b"")


def cut(path: Path) -> None:
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 2)


def scribble(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 4)
        file.write(b"\0" * (path.stat().st_size // 2))


@pytest.mark.parametrize("damage", [lose, empty, cut, scribble])
def test_a_lost_or_broken_database_is_made_again_for_all_years_whatever_year_is_run(fresh_copy, city, damage):
    edit(fresh_copy, city, NURSING_SCHOOL, 2023, lambda book: set_students(book, 2598))
    edit(fresh_copy, city, "3645900003", 2023, lambda book: set_students(book, "25a1"))
    ingest(fresh_copy, city)
    before = taken_in(fresh_copy)
    damage(fresh_copy.working_database)
    with working_lock(fresh_copy):
        told = recover(fresh_copy)
    assert len(list(fresh_copy.working_database.parent.glob("broken-*"))) == (damage is not lose)
    assert [("存档重建全部年度" in text) for text in told] == [True] * (damage is not lose)
    assert ingest(fresh_copy, city, (2023,)).accepted == 26
    assert taken_in(fresh_copy) == before


def set_students(book, value: object) -> None:
    cell_of(book, "学生情况", "全日制在校生数").value = value
