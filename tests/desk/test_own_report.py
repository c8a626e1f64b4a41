"""A school fetches its own report at the desk once its year is released, and nobody else's."""

import os
import shutil
from collections.abc import Iterator
from datetime import date
from io import BytesIO
from unittest.mock import patch

import docx
import pytest

from sources.declarations.city import City
from sources.system.settings import Settings
from tests.conftest import NURSING_SCHOOL
from tests.desk.test_files import SignedIn
from warehouse.catalogue.catalogue import load_catalogue
from warehouse.intake.released import releases_folder
from warehouse.release.manifest import Manifest, write_manifest
from warehouse.release.school_reports import write_school_reports
from warehouse.store.connection import open_published

YEAR = 2023
AT = f"/school/{NURSING_SCHOOL}/{YEAR}/report"


@pytest.fixture(scope="module")
def reported(desk: Settings, city: City) -> Iterator[Settings]:
    """The desk's city with the report of the accounts' school, and a release of the year before it."""
    folder = releases_folder(desk) / f"{YEAR}.1"
    folder.mkdir(parents=True)
    empty = Manifest(
        f"{YEAR}.1",
        YEAR,
        city.code,
        str(date(2024, 1, 2)),
        str(date(2024, 1, 2)),
        [YEAR],
        [],
        0,
        {},
        "",
        "",
        "",
        [],
        None,
        {},
    )
    os.utime(write_manifest(empty, folder), (0, 0))
    with open_published(desk) as connection:
        write_school_reports(connection, desk, city, load_catalogue(city.pack), YEAR, NURSING_SCHOOL)
    yield desk
    shutil.rmtree(folder)
    shutil.rmtree(desk.home / "documents")


def test_a_school_downloads_its_own_report(reported: Settings, city: City, signed_in: SignedIn) -> None:
    clerk = signed_in("school_clerk")
    assert AT in clerk.get(f"/school/{NURSING_SCHOOL}/{YEAR}").content.decode()
    page = clerk.get(AT).content.decode()
    assert page.count(f"{AT}/") == 3
    pdf, word, _ = (clerk.get(f"{AT}/{position}") for position in range(3))
    assert pdf.content.startswith(b"%PDF")
    assert city.respondent_by_code[NURSING_SCHOOL].name in docx.Document(BytesIO(word.content)).core_properties.title
    assert "attachment" in word.headers["Content-Disposition"]
    assert clerk.get(f"{AT}/3").status_code == 404


def test_a_report_that_is_older_than_the_release_is_not_shown(
    reported: Settings, city: City, signed_in: SignedIn
) -> None:
    manifest = releases_folder(reported) / f"{YEAR}.1" / "manifest.json"
    os.utime(manifest)
    assert "还没有做好" in signed_in("school_clerk").get(AT).content.decode()
    os.utime(manifest, (0, 0))


def test_another_school_and_a_year_without_a_release_have_none(
    reported: Settings, second_school: str, signed_in: SignedIn
) -> None:
    stranger = signed_in("school_clerk", respondent=second_school)
    assert [stranger.get(address).status_code for address in (AT, f"{AT}/0")] == [404, 404]
    assert "还没有做好" in stranger.get(AT.replace(NURSING_SCHOOL, second_school)).content.decode()
    assert signed_in("school_clerk").get(AT.replace(str(YEAR), "2022")).status_code == 404


@pytest.mark.parametrize(("said", "follows"), [(("--help",), True), (("release", "1999"), False)])
def test_reports_are_made_after_a_release_and_after_none_that_failed(
    said: tuple[str, ...], follows: bool, signed_in: SignedIn
) -> None:
    from orchestration.desk.models import Task
    from orchestration.desk.tasks import COMMANDS, ask_for, carry_out

    with patch.dict(COMMANDS, release=said):
        carry_out(ask_for("release", YEAR, signed_in("approver").account))
    assert Task.objects.filter(command="school_reports", report_year=YEAR).exists() is follows
