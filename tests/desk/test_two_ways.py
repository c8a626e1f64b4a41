"""What is done at the desk leaves archive, registry and warehouse as the command line leaves them: one series of acts,
once each way, on two copies of the sample city.

Runs are made here without Dagster; that the desk's buttons start the program itself, its own tests show.
"""

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from zipfile import ZipFile

import openpyxl
import pytest
from typer.testing import CliRunner

from orchestration.cli.main import app
from sources.archive.certificates import CERTIFICATES_FILE
from sources.archive.delivery import LOCK
from sources.declarations.city import City
from sources.submission.file_names import workbook_file_name
from sources.system.seal import SEAL
from sources.system.settings import Settings
from tests.conftest import NURSING_SCHOOL, cell_of, ingest, run_all
from tests.crash.installation import content
from tests.desk.serving import serving
from tests.desk.test_bureau import REASON, YEAR
from tests.desk.test_files import CERTIFYING, changed, follow, put
from warehouse.catalogue.catalogue import load_catalogue
from warehouse.release.foresee import foresee
from warehouse.release.gate import open_items
from warehouse.store.connection import open_published

pytestmark = pytest.mark.deep
SignedIn = Callable[..., SimpleNamespace]
WHY, CONFIRMED = "没有写明有几家单位。", "已与学校核实。"
NOTES, SAVED_AT = ".jsonl", "docProps/core.xml"
CLOCKS = {"received_at", "look", "decided_at", "confirmed_at", "noted_at", "at", "sent_at", "precedence"}
"""What a line of the archive says of the moment at which it was written."""


@dataclass(frozen=True)
class TwoWays:
    """The copy that the desk serves, and the one that commands are typed for."""

    at_desk: Settings
    by_command: Settings

    def types(self, *words: str) -> None:
        own = {"NIANBAO_HOME": str(self.by_command.home), "NIANBAO_CITY": str(self.by_command.city_dir)}
        done = CliRunner().invoke(app, words, env=own, catch_exceptions=False)
        assert done.exit_code in (0, 3), done.output


@pytest.fixture
def two_ways(desk: Settings, city_run: Settings, tmp_path: Path) -> Iterator[TwoWays]:
    ways = TwoWays(*(replace(desk, home=tmp_path / name / "home") for name in ("desk", "command")))
    for each in (ways.at_desk, ways.by_command):
        shutil.copytree(city_run.home, each.home, ignore=shutil.ignore_patterns("dbt"))
    with serving(ways.at_desk):
        yield ways


def explanations_in(settings: Settings) -> list[str]:
    with open_published(settings) as connection:
        found = connection.execute(
            "select explanation_id from registry.explanation where respondent_code = ? and reason = ? order by all",
            [NURSING_SCHOOL, REASON],
        ).fetchall()
    return [str(each) for (each,) in found]


def sent_at_desk(clerk: SimpleNamespace, data: bytes) -> bytes:
    """A school's day: a bad cell is mended on the page, warnings are explained, the file is certified."""
    from orchestration.desk.judged_upload import from_text

    where = cell_of(openpyxl.load_workbook(clerk.original), "教职工情况", "专任教师数").coordinate
    upload = put(clerk, changed(data, "教职工情况", "专任教师数", "约三千"))
    right = {"sheet": "教职工情况", "cell": where, "text": "416"}
    upload = follow(clerk.post(f"/file/{upload.pk}/correct", right))
    for asked in [each for each in from_text(upload.outcome).findings if each.is_unexplained]:
        said = {"finding": asked.finding_id, "reason": REASON, "author": "就业办"}
        upload = follow(clerk.post(f"/file/{upload.pk}/explain", said))
    assert clerk.post(f"/file/{upload.pk}/certify", CERTIFYING).status_code == 302
    return bytes(upload.path.read_bytes())


def test_a_series_of_acts_leaves_the_same_by_desk_and_by_command(
    two_ways: TwoWays, city: City, signed_in: SignedIn
) -> None:
    # Long: each act, once each way.
    ways, at = two_ways, f"/year/{YEAR}"
    school, clerk, approver = signed_in("school_clerk"), signed_in("bureau_clerk"), signed_in("approver")
    name = workbook_file_name(city.respondent_by_code[NURSING_SCHOOL], YEAR)
    school.original = ways.at_desk.inbox / name
    sent = sent_at_desk(school, school.original.read_bytes())
    own_folder = ways.by_command.inbox / NURSING_SCHOOL
    own_folder.mkdir()
    (own_folder / name).write_bytes(sent)
    for each in (ways.at_desk, ways.by_command):
        run_all(each, city)

    refused = explanations_in(ways.at_desk)
    assert refused == explanations_in(ways.by_command)
    clerk.post(f"{at}/decide", {"id": refused, "verdict": "refused", "reason": WHY})
    by = ["--by", clerk.account.shown_name]
    for each in refused:
        ways.types("decide", each, "refused", *by, "--reason", WHY)

    clerk.post(f"{at}/letters", {"write": "1"})
    (batch,) = [path.name for path in ways.at_desk.outbox.iterdir() if path.is_dir()]
    clerk.post(f"{at}/letters", {"sent": batch})
    ways.types("mail-out", *by)

    listed = foresee(ways.at_desk, city, load_catalogue(city.pack), YEAR).listed
    item = next(each.item for each in open_items(listed) if not each.nobody)
    approver.post(f"{at}/confirm", {"item": item.id, "seen": item.seen, "reason": CONFIRMED})
    ways.types("confirm", str(YEAR), item.id, "--by", approver.account.shown_name, "--reason", CONFIRMED)

    for each in (ways.at_desk, ways.by_command):
        ingest(each, city)
    assert_same_archive(ways)
    for way in ("outbox", "inbox", "feedback"):
        same_files(ways.at_desk.home / way, ways.by_command.home / way)
    for database in ("working", "published"):
        one, other = (content(each.home / database / "nianbao.duckdb") for each in (ways.at_desk, ways.by_command))
        assert one.keys() == other.keys()
        assert [table for table in one if one[table] != other[table]] == []
        assert one["registry.submission"][0] > 0


def assert_same_archive(ways: TwoWays) -> None:
    """Every file byte for byte; of what grows line by line all but the moments. A certificate is given at the desk
    alone: at the terminal nobody stands by a file with a name."""
    one, other = ways.at_desk.archive, ways.by_command.archive
    only_at_desk = {f"{CERTIFICATES_FILE}{ending}" for ending in ("", SEAL, ".lock")} | {LOCK}
    assert (one / CERTIFICATES_FILE).exists()

    def is_left_out(path: Path) -> bool:
        return path.name in only_at_desk or path.name.endswith(NOTES + SEAL)

    same_files(one, other, is_left_out)


def same_files(one: Path, other: Path, is_left_out: Callable[[Path], bool] = lambda _: False) -> None:
    """Two folders hold the same files with the same content."""
    found = [
        {path.relative_to(root): path for path in root.rglob("*") if path.is_file() and not is_left_out(path)}
        for root in (one, other)
    ]
    assert found[0].keys() == found[1].keys()
    assert found[0]
    assert [str(name) for name, path in found[0].items() if said_by(path) != said_by(found[1][name])] == []


def said_by(file: Path) -> object:
    """A file's bytes; of one that grows line by line what it says, without the moments; of what is written to be sent
    all but the moment at which a marked workbook was saved, which it holds."""
    if file.name.endswith(NOTES):
        read: list[dict[str, Any]] = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
        return [{name: value for name, value in each.items() if name not in CLOCKS} for each in read]
    is_written = not {"archive", "inbox"} & set(file.parts)
    return parts_of(file.read_bytes()) if is_written and file.suffix in (".xlsx", ".zip") else file.read_bytes()


def parts_of(data: bytes) -> object:
    """Part → content of a zip, and of those within it."""
    with ZipFile(BytesIO(data)) as opened:
        read = {each: opened.read(each) for each in opened.namelist() if each != SAVED_AT}
    return {name: parts_of(each) if name.endswith(".xlsx") else each for name, each in read.items()}
