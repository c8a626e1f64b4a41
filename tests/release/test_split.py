"""However a release is split over processes, and whatever of it was made before, it is the same byte by byte."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from sources.declarations.city import City
from sources.system.hands import Hands
from sources.system.settings import Settings
from tests.any_city.worlds import DISTRICT, FIRST
from tests.any_city.worlds import pour as pour_world
from tests.conftest import NURSING_SCHOOL, cell_of, edit, run_all
from tests.release.reader import RELEASED_ON, VERSION
from tests.support.confirmed import confirm_and_release
from tests.support.sample import PACK
from tests.support.verified import CONSISTENT, told_by_its_own_program
from warehouse.catalogue.catalogue import load_catalogue
from warehouse.figures.year_figures import load_figures
from warehouse.release.make_release import outputs_in
from warehouse.release.site.write_site import write_site
from warehouse.store.connection import open_published

pytestmark = pytest.mark.deep


def copy_of(settings: Settings, home: Path) -> Settings:
    shutil.copytree(settings.home, home)
    return replace(settings, home=home)


def test_a_release_split_over_processes_is_the_one_made_in_one(tmp_path: Path):
    """A district of another province; nothing is kept from one to the next."""
    one = Settings(home=tmp_path / "1", city_dir=DISTRICT.city_dir)
    pour_world(DISTRICT, FIRST, one.inbox)
    run_all(one, DISTRICT.city, (FIRST,))
    homes = [one, *(copy_of(one, tmp_path / str(processes)) for processes in (2, 3))]
    done = [confirm_and_release(home, DISTRICT.city, FIRST, processes) for processes, home in enumerate(homes, 1)]
    assert told_by_its_own_program(done[-1].folder)[0] == CONSISTENT
    made = [each.manifest.outputs for each in done]
    assert len(made[0]) > 200
    assert made[1] == made[0]
    assert made[2] == made[0]


def test_after_a_change_of_one_cell_the_release_is_the_one_made_from_nothing(
    fresh_copy: Settings, city: City, tmp_path
):
    """What did not change is not drawn again: counted in the parts that are kept."""
    confirm_and_release(fresh_copy, city, 2023)
    before = set(fresh_copy.kept_parts.iterdir())
    edit(fresh_copy, city, NURSING_SCHOOL, 2023, lambda book: add_one(book, "教职工情况", "专任教师数"))
    run_all(fresh_copy, city)
    anew = copy_of(fresh_copy, tmp_path / "anew")
    shutil.rmtree(anew.kept_parts)

    changed = confirm_and_release(fresh_copy, city, 2023, processes=2)
    from_nothing = confirm_and_release(anew, city, 2023)
    assert (changed.manifest.version, changed.is_new) == ("2023.2", True)
    assert changed.manifest.outputs == from_nothing.manifest.outputs
    drawn, all_parts = set(fresh_copy.kept_parts.iterdir()) - before, set(anew.kept_parts.iterdir())
    assert 0 < len(drawn) < len(all_parts) == len(before)


def add_one(book, sheet: str, label: str) -> None:
    cell = cell_of(book, sheet, label)
    cell.value = int(cell.value) + 1


def test_while_another_database_is_published_pages_are_of_the_one_that_was_opened(
    fresh_copy: Settings, city: City, tmp_path: Path
):
    """The processes beside this one look into what is published then, and decline."""

    def site(folder: str, processes: int) -> dict[str, str]:
        hands = Hands(processes)
        write_site(connection, figures, city, tmp_path / folder, RELEASED_ON, VERSION, hands=hands)
        hands.leave()
        return outputs_in(tmp_path / folder)

    with open_published(fresh_copy) as connection:
        figures = load_figures(connection, load_catalogue(PACK), 2023)
        before = site("before", 1)
        edit(fresh_copy, city, NURSING_SCHOOL, 2023, lambda book: add_one(book, "教职工情况", "专任教师数"))
        run_all(fresh_copy, city)
        assert site("meanwhile", 2) == before
