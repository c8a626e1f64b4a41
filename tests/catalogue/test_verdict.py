"""The verdict on a city's folder is kept: one that has not changed is read, and not judged again."""

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sources.declarations.city import load_city
from sources.declarations.pack import NEUTRAL_PACK
from sources.declarations.problem import DeclarationError
from sources.system.settings import CITIES_ROOT, Settings
from warehouse.catalogue import city_references
from warehouse.catalogue.city_references import VERDICT, checked_city

_opened: list[str] | None = None


def _note(event: str, arguments: tuple[object, ...]) -> None:
    if event == "open" and _opened is not None:
        _opened.append(str(arguments[0]))


sys.addaudithook(_note)  # a hook stays for ever; it looks only while somebody counts


@contextmanager
def counted() -> Iterator[list[str]]:
    """The files that are opened meanwhile."""
    global _opened
    _opened = []
    try:
        yield _opened
    finally:
        _opened = None


@pytest.fixture
def settings(tmp_path) -> Settings:
    """The sample city's declarations, judged once, as a new process finds them."""
    shutil.copytree(CITIES_ROOT / "450700", tmp_path / "city", ignore=shutil.ignore_patterns("samples"))
    settings = Settings(tmp_path / "home", tmp_path / "city")
    checked_city(settings)
    load_city.cache_clear()
    return settings


def test_an_unchanged_folder_costs_reading_its_files_once_and_nothing_of_the_catalogue(settings, monkeypatch):
    def judged(*_: object) -> None:
        raise AssertionError("the folder was judged again")

    monkeypatch.setattr(city_references, "city_problems", judged)
    monkeypatch.setattr(city_references, "load_catalogue", judged)
    with counted() as opened:
        checked_city(settings)
    of_the_city = ["calendar.yml", "city.yml", "respondents.yml", "scopes.yml", "targets.yml"]
    of_the_home = [VERDICT, "city.txt", "city.txt"]  # read to compare owners, and to compare the note's text
    assert sorted(Path(path).name for path in opened) == sorted([*of_the_city, *of_the_home])


@pytest.mark.parametrize(
    "change",
    [
        lambda folder: (folder / "alerts.yml").write_text("enabeld: false\n"),
        lambda folder: (folder / "published" / "2024.csv").write_text("figure\n"),
        lambda folder: (folder / "definition.yml").touch(),
        lambda folder: (folder / "targets.yml").write_text("targets: 1\n"),
    ],
)
def test_a_changed_folder_is_judged_again(settings, change):
    change(settings.city_dir)
    with pytest.raises(DeclarationError):
        checked_city(settings)


@pytest.mark.parametrize("room", ["SOURCES_ROOT", "CATALOGUE_ROOT"])
def test_a_changed_program_judges_again(settings, monkeypatch, tmp_path, room):
    copy = tmp_path / "program"
    shutil.copytree(getattr(city_references, room), copy, ignore=shutil.ignore_patterns("cities", "__pycache__"))
    monkeypatch.setattr(city_references, room, copy)
    before = city_references._fingerprint(settings.city_dir, NEUTRAL_PACK)
    path = next(path for path in sorted(copy.rglob("*.yml")) if "codelists" in path.parts or "tables" in path.parts)
    path.write_text(path.read_text("utf-8") + "# \n", "utf-8")
    assert city_references._fingerprint(settings.city_dir, NEUTRAL_PACK) != before


def test_a_folder_with_mistakes_has_no_verdict(tmp_path):
    settings = Settings(tmp_path / "home", tmp_path / "city")
    settings.city_dir.mkdir()
    with pytest.raises(DeclarationError):
        checked_city(settings)
    assert not settings.home.exists()
