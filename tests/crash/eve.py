"""The sample city on the eve of a run, and that run killed at a moment drawn by lot: for tests and bench."""

import random
import shutil
import time
from dataclasses import replace
from pathlib import Path

import openpyxl

from sources.declarations.city import City
from sources.sample.pour import load_explanations, load_samples
from sources.submission.file_names import workbook_file_name
from sources.system.settings import Settings
from sources.write.template import build_workbook
from tests.conftest import NURSING_SCHOOL, cell_of, edit
from tests.crash import children
from tests.crash.installation import Content, Installation, content, debris
from warehouse.intake.decisions import decide
from warehouse.intake.explanations import explanations_on_file
from warehouse.store.connection import open_working

SPOILT_SCHOOL = "3645900003"


def on_the_eve(city_run: Settings, city: City, folder: Path) -> Installation:
    """The sample city on the eve of a run, saved as `eve`.

    A version with an explanation has been taken in, but is not published; the explanation has been approved since.
    A corrected and a spoilt workbook lie in the inbox.
    """
    installation = Installation(replace(city_run, home=folder / "home"), folder / "saved")
    settings = installation.settings
    shutil.copytree(city_run.home, settings.home)
    explain(settings, city, 2023)
    assert children.finish(children.take_in, settings) == 0
    with open_working(settings) as connection:
        given = explanations_on_file(connection, 2023)[0].filed.explanation_id
        assert decide(connection, settings, given, "approved", "王科长")
    edit(settings, city, NURSING_SCHOOL, 2023, lambda book: set_students(book, 2598))
    edit(settings, city, SPOILT_SCHOOL, 2023, lambda book: set_students(book, "25a1"))
    installation.save("eve")
    return installation


def explain(settings: Settings, city: City, year: int) -> None:
    """Replaces a school's workbook by one that explains its warnings."""
    code, given = next(iter(load_explanations(settings.city_dir, year).items()))
    respondent = city.respondent_by_code[code]
    values = load_samples(settings.city_dir, year)[code]
    path = settings.inbox / workbook_file_name(respondent, year)
    path.write_bytes(build_workbook(city, respondent, year, values, None, given))


def set_students(book: openpyxl.Workbook, value: object) -> None:
    cell_of(book, "学生情况", "全日制在校生数").value = value


def run_undisturbed(eve: Installation) -> tuple[Content, float]:
    """What the run publishes if nothing happens, and its seconds."""
    eve.restore("eve")
    started = time.monotonic()
    assert children.finish(children.run, eve.settings) == 0
    return content(eve.settings.published_database), time.monotonic() - started


def moment_of(kill: int, seconds: float) -> float:
    """When the nth kill comes, in seconds from the start of a run that takes so many."""
    return random.Random(f"kill {kill}").uniform(0, seconds)


def killed_at(eve: Installation, moment: float, old: Content, new: Content) -> str:
    """Kills the run after so many seconds; returns what was published then: `old` or `new`.

    Raises AssertionError when that is neither, or when the next run does not end right and leave nothing behind.
    """
    eve.restore("eve")
    process = children.start(children.run, eve.settings)
    process.join(moment)
    process.kill()
    process.join()
    stands = content(eve.settings.published_database)
    assert stands in (old, new), f"killed after {moment:.2f} s"
    assert children.finish(children.run, eve.settings) == 0, f"killed after {moment:.2f} s"
    assert content(eve.settings.published_database) == new, f"killed after {moment:.2f} s"
    assert debris(eve.settings) == [], f"killed after {moment:.2f} s"
    return "new" if stands == new else "old"
