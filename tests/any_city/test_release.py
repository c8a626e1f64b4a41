"""A year is always releasable: documents, site, reconciliation and release of cities that nobody has thought of."""

import re
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from sources.declarations.pack import NEUTRAL_PACK
from sources.system.settings import Settings
from tests.any_city.made_up import MadeUpCity, make_up, pour
from tests.conftest import deep, long, run_all
from tests.figures.test_footnotes import check, one_in
from tests.support.confirmed import confirm_and_release
from tests.support.explained import explain
from tests.support.verified import CONSISTENT, told_by_its_own_program
from warehouse.catalogue.catalogue import load_catalogue
from warehouse.reconcile.reconcile import reconcile_file
from warehouse.store.connection import open_published

SEEDS = [7, *deep(2, 10), *long(11)]
NO_NUMBER = re.compile(r"(?<![A-Za-z_.\-])(nan|NaN|None|null|inf|Infinity|[-−]0(?:\.0+)?)(?![A-Za-z_0-9.])")
"""What a reader must never see where a number should stand."""
TAG = re.compile(r"<(script|style)\b.*?</\1>|<[^>]+>", re.DOTALL)


@dataclass(frozen=True)
class Ran:
    """A made-up city after the run of all its years."""

    made: MadeUpCity
    settings: Settings


@pytest.fixture(scope="module")
def ran(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """The city of a seed: its run costs most, and serves all that is asked of it, one test after the other."""
    folder = tmp_path_factory.mktemp(f"city{request.param}")
    made = make_up(request.param, folder / "city")
    settings = Settings(home=folder / "home", city_dir=made.folder)
    pour(made, settings)
    taken = run_all(settings, made.city, made.years)
    assert taken.rejected == 0, taken.findings
    return Ran(made, settings)


@pytest.mark.parametrize("ran", SEEDS, indirect=True)
def test_any_year_of_any_city_is_released_and_says_no_nonsense(ran: Ran) -> None:
    made, settings = ran.made, ran.settings
    for year in made.years:
        done = confirm_and_release(settings, made.city, year)
        for path in sorted(done.folder.rglob("*")):
            shown = text_of(path)
            found = NO_NUMBER.search(shown)
            assert not found, f"{path.name}: …{shown[max(0, found.start() - 60) : found.end() + 30]}…"
        assert told_by_its_own_program(done.folder)[0] == CONSISTENT, told_by_its_own_program(done.folder)
        (draft,) = done.folder.glob("*.docx")
        with open_published(settings) as connection:
            assert reconcile_file(connection, made.city, load_catalogue(NEUTRAL_PACK), draft, year).frame.height > 0
            reconcile_file(None, made.city, load_catalogue(NEUTRAL_PACK), draft, year)


@pytest.mark.parametrize("ran", deep(7, 10), indirect=True)
def test_a_footnote_stands_where_its_cell_counts(ran: Ran) -> None:
    explain(ran.settings, one_in(3))
    assert check(ran.settings)


def text_of(path: Path) -> str:
    """What a reader sees of a file of a release; nothing for files that only machines read."""
    if path.suffix == ".html" and path.name != "数据模型.html":
        return TAG.sub(" ", path.read_text(encoding="utf-8"))
    if path.suffix in (".docx", ".xlsx"):
        with zipfile.ZipFile(path) as parts:
            names = [n for n in parts.namelist() if n.endswith(("document.xml", "footnotes.xml", "sharedStrings.xml"))]
            return "\n".join(TAG.sub(" ", parts.read(name).decode()) for name in names)
    return ""
