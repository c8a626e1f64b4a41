"""The same file sent once more: both sides are told that it is the same one, and which counts."""

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import openpyxl
import pytest

from orchestration.lib.correspondence import read_correspondence
from sources.archive.archive import archived_receipts
from sources.archive.seen import FRESH_NANOSECONDS
from sources.archive.sent import Sent, note_sent
from sources.declarations.city import City
from sources.submission.file_names import workbook_file_name
from sources.system.settings import Settings
from tests.conftest import NURSING_SCHOOL, cell_of, edit, ingest
from warehouse.alerts.letters import Letter, letters_of
from warehouse.alerts.troubles import Register, of_register
from warehouse.intake.register import latest_findings
from warehouse.intake.versions import latest_versions, other_versions
from warehouse.store.connection import open_working

YEAR, DAWN = 2023, datetime(2023, 10, 1, tzinfo=UTC)
PLACE = "学生情况", "全日制在校生数"


@pytest.fixture(autouse=True)
def _long_ago(monkeypatch):
    """Lets every file look as if it had been written long ago: the time of change cannot be set back."""
    monkeypatch.setattr("sources.archive.seen.FRESH_NANOSECONDS", -FRESH_NANOSECONDS)


@pytest.fixture
def school(empty: Settings, city_run: Settings, city: City) -> Path:
    """Where the school's file lies."""
    name = workbook_file_name(city.respondent_by_code[NURSING_SCHOOL], YEAR)
    empty.inbox.mkdir(parents=True)
    (empty.inbox / name).write_bytes((city_run.inbox / name).read_bytes())
    return empty.inbox / name


def say(text: str | int) -> Callable[[openpyxl.Workbook], None]:
    return lambda book: setattr(cell_of(book, *PLACE), "value", text)


def send_again(settings: Settings, city: City, path: Path, data: bytes) -> None:
    """The file is taken away, as somebody does who tidies up; later the school sends the bytes."""
    path.unlink(missing_ok=True)
    ingest(settings, city, (YEAR,))
    path.write_bytes(data)
    os.utime(path, (path.stat().st_atime, path.stat().st_mtime + 60))
    ingest(settings, city, (YEAR,))


def reasons(settings: Settings) -> dict[str, str]:
    """Status → why, of the school's files."""
    with open_working(settings) as connection:
        versions = (*latest_versions(connection), *other_versions(connection))
    return {each.status: each.reason or "" for each in versions}


def letter(settings: Settings, city: City) -> Letter | None:
    with open_working(settings) as connection:
        known = read_correspondence(connection, settings, city, [YEAR])
    letters = letters_of(known, [YEAR])
    return next((each for each in letters if each.respondent_code == NURSING_SCHOOL and each.kind == "marked"), None)


def told(settings: Settings, city: City) -> set[tuple[str, str]]:
    """(key, fingerprint) of each trouble of the school's files: what is told once."""
    with open_working(settings) as connection:
        latest, others = latest_versions(connection), other_versions(connection)
        register = Register(latest, latest_findings(connection, [YEAR]), others=others)
    seen = of_register(register, city, city.calendar.years[YEAR].opens, 7, DAWN)
    return {
        (each.key, each.fingerprint) for each in seen.troubles if each.respondent == NURSING_SCHOOL and not each.within
    }


def test_the_file_that_counts_is_sent_again(empty: Settings, city: City, school: Path):
    ingest(empty, city, (YEAR,))
    send_again(empty, city, school, school.read_bytes())
    assert len(archived_receipts(empty.archive)) == 2
    assert reasons(empty)["accepted"] == "没有错误；又收到一次，是同一份文件，仍以它为准"


@pytest.mark.deep
def test_a_superseded_file_is_sent_again_and_told_again(empty: Settings, city: City, school: Path):
    old = school.read_bytes()
    ingest(empty, city, (YEAR,))
    edit(empty, city, NURSING_SCHOOL, YEAR, say(2598))
    ingest(empty, city, (YEAR,))
    before = told(empty, city)
    send_again(empty, city, school, old)
    assert reasons(empty)["superseded"].startswith("又收到一次，但内容是已被取代的版本，没有采用；现以 ")
    assert {key.split(":")[0] for key, _ in told(empty, city) - before} == {"superseded"}
    again = told(empty, city)
    ingest(empty, city, (YEAR,))
    assert told(empty, city) == again


@pytest.mark.deep
def test_a_returned_file_is_sent_again_as_it_was_and_the_school_hears_so(empty: Settings, city: City, school: Path):
    edit(empty, city, NURSING_SCHOOL, YEAR, say("很多"))
    ingest(empty, city, (YEAR,))
    first = letter(empty, city)
    assert first is not None
    assert "同一份" not in first.body
    note_sent(empty.archive, [Sent("marked", YEAR, NURSING_SCHOOL, first.content, "b", "王", "2023-11-01")])
    assert letter(empty, city) is None
    before = told(empty, city)
    send_again(empty, city, school, school.read_bytes())
    second = letter(empty, city)
    assert second is not None
    assert "又收到一次，与以前收到的是同一份，一个字也没有改。" in second.body
    assert {key.split(":")[0] for key, _ in told(empty, city) - before} == {"rejected"}
