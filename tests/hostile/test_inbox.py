"""What people really drop into an inbox, taken in by a real run: no file stops it, and each gets its answer.

One run of the whole pipeline on the sample city with everything below in its inbox; the tests look at what came out.
"""

import csv
import os
import shutil
import stat
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from zipfile import ZipFile

import openpyxl
import pytest

from sources.archive.archive import archived_path, content_at
from sources.archive.inbox import content_of, inbox_submission_ids, look_into
from sources.archive.receive import receive
from sources.declarations.city import City
from sources.read.inspection import inspect
from sources.system.settings import Limits, Settings
from tests.conftest import NURSING_SCHOOL, cell_of, ingest, run_all, select, sent_as
from tests.hostile.bombs import zip64
from tests.hostile.books import archive, sample_book, write_book
from tests.hostile.corpus import FORMULAS_AS_TEXT, password
from tests.support.sample import PACK
from warehouse.catalogue.catalogue import load_catalogue
from warehouse.figures.printed_table import table_of
from warehouse.intake.feedback import write_feedback
from warehouse.intake.stage_times import Intake
from warehouse.release.data.summary_csv import write_table
from warehouse.run.needed import reasons_to_run
from warehouse.store.connection import open_published, open_working

FORMULA = FORMULAS_AS_TEXT[0]
FORMULA_NAME = '=HYPERLINK("x","点我").xlsx'
LONG_NAME = "某某" * 40 + ".xlsx"
AN_HOUR_AGO = time.time() - 3_600


@dataclass(frozen=True)
class Run:
    settings: Settings
    result: Intake
    expected: dict[str, str]
    """File name, as it is shown → the rule that refuses it."""


def resaved(path: Path, students: int, saved: datetime, method: str | None = None) -> bytes:
    """A workbook as a clerk leaves it: a number changed, saved at a certain time."""
    book = openpyxl.load_workbook(path)
    cell_of(book, "学生情况", "全日制在校生数").value = students
    if method:
        cell = book["满意度调查"]["D6"]
        cell.value, cell.data_type = method, "s"
    buffer = BytesIO()
    book.save(buffer)
    return with_time(buffer.getvalue(), saved)


def with_time(data: bytes, saved: datetime) -> bytes:
    """openpyxl writes the present time; this is the time that the test needs."""
    with ZipFile(BytesIO(data)) as zipped:
        parts = {name: zipped.read(name) for name in zipped.namelist()}
    book = openpyxl.load_workbook(BytesIO(data))
    now = book.properties.modified.isoformat().encode()
    parts["docProps/core.xml"] = parts["docProps/core.xml"].replace(now, saved.isoformat().encode())
    return archive(parts)


@pytest.fixture(scope="module")
def run(city_run: Settings, city: City, tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("hostile")
    settings = replace(city_run, home=folder / "home")
    shutil.copytree(city_run.home, settings.home, ignore=shutil.ignore_patterns("dbt"))
    inbox = settings.inbox
    original = next(inbox.glob(f"2023*{NURSING_SCHOOL}*"))
    good = original.read_bytes()
    expected: dict[str, str] = {}

    def refused(rule_id: str, name: str, data: bytes, shown: str | None = None) -> None:
        (inbox / name).parent.mkdir(exist_ok=True)
        (inbox / name).write_bytes(data)
        os.utime(inbox / name, (AN_HOUR_AGO, AN_HOUR_AGO))
        expected[shown or Path(name).name] = rule_id

    def linked(name: str, target: Path) -> None:
        (inbox / name).symlink_to(target)
        expected[name] = "file.link"

    # Two files for one school at once: the later one in time comes first in the alphabet.
    (inbox / "复件1.xlsx").write_bytes(resaved(original, 2_600, datetime(2023, 12, 2), method=FORMULA))
    (inbox / "复件2.xlsx").write_bytes(resaved(original, 2_700, datetime(2023, 12, 1)))
    linked("链接.xlsx", shutil.copyfile(original, folder / "别处.xlsx"))
    linked("断了的链接.xlsx", folder / "没有.xlsx")
    linked("文件夹的链接", folder)
    refused("file.not_a_workbook", FORMULA_NAME, b"1")
    refused("file.not_a_workbook", LONG_NAME, b"2")
    refused("file.not_a_workbook", "换\n行\x07\u202e.xlsx", b"3", "换�行��.xlsx")
    refused("file.not_a_workbook", "..\\..\\上级.xlsx", b"4", "上级.xlsx")
    refused("file.not_a_workbook", "子文件夹/里面.xlsx", b"5")
    refused("file.damaged", "没传完.xlsx", good[: len(good) // 2])
    refused("file.encrypted", "加密.xlsx", password())
    refused("file.empty", "空.xlsx", b"")
    refused("file.link", "快捷方式.lnk", b"L\0\0\0\x01\x14\x02\0" + b"\0" * 50)
    refused("file.too_large", "五千兆.xlsx", b"PK")
    os.truncate(inbox / "五千兆.xlsx", 5_000_000_000)
    os.utime(inbox / "五千兆.xlsx", (AN_HOUR_AGO, AN_HOUR_AGO))
    # Not yet, and never: a file still being written, an owner file of Excel, a pipe that nobody writes into.
    (inbox / "正在传.xlsx").write_bytes(good[: len(good) // 2])
    (inbox / "正要传.xlsx").write_bytes(b"")
    (inbox / "~$工作簿.xlsx").write_bytes(b"6")
    os.mkfifo(inbox / "管道.xlsx")
    return Run(settings, run_all(settings, city), expected)


def test_every_file_gets_its_own_answer_and_none_stops_the_run(run):
    found = select(run.settings, "select submission_id, rule_id from registry.finding where severity = 'error'")
    names = sent_as(run.settings)
    assert {names[submission_id]: rule_id for submission_id, rule_id in found.rows()} == run.expected
    assert run.result.rejected == len(run.expected)
    assert run.result.accepted == 2


def test_links_are_told_of_and_never_followed(run):
    told = select(run.settings, "select submission_id, message from registry.finding where rule_id = 'file.link'")
    names = sent_as(run.settings)
    links = {names[submission_id] for submission_id, message in told.iter_rows() if "指向别处的链接" in message}
    assert links >= {"链接.xlsx", "断了的链接.xlsx", "文件夹的链接"}
    copies = [path for path in run.settings.archive.rglob("*.xlsx") if path.stat().st_size > 10_000]
    assert len(copies) == 25 + 2 + 1, "25 samples, two resaved, half a file: nothing from behind a link"


def test_of_two_files_for_one_school_the_one_saved_last_counts(run):
    versions = select(
        run.settings,
        "select submission_id, status, is_current from registry.submission"
        f" where respondent_code = '{NURSING_SCHOOL}' and report_year = 2023",
    )
    names = sent_as(run.settings)
    standing = sorted((names[submission_id], *rest) for submission_id, *rest in versions.rows())
    assert standing[1:] == [("复件1.xlsx", "accepted", True), ("复件2.xlsx", "superseded", False)]


def test_a_file_still_being_written_is_left_for_later(run):
    assert run.result.settling == 2
    later = look_into(run.settings.inbox, now=time.time() + 3_600)
    assert {path.name for path in later.files} >= {"正在传.xlsx", "正要传.xlsx"}
    assert later.settling == ()


def test_nothing_of_it_is_news_the_next_night(run, city):
    known = set(select(run.settings, "select submission_id from registry.submission").get_column("submission_id"))
    assert {submission_id for _, submission_id in inbox_submission_ids(run.settings.inbox)} <= known
    assert reasons_to_run(run.settings, city, [2022, 2023]) == []
    again = ingest(run.settings, city)
    assert (again.new, again.rejected, again.accepted) == (0, 0, 0)


def test_a_file_too_large_is_not_copied_into_the_archive(run):
    assert max(path.stat().st_size for path in run.settings.archive.rglob("*.xlsx")) < 1_000_000


def test_every_refused_file_has_a_workbook_to_send_back_whatever_its_name(run):
    with open_working(run.settings) as connection:
        feedback = write_feedback(connection, run.settings, [2022, 2023])
    names = sent_as(run.settings)
    of_name = {names[each.version.submission_id]: each.path for each in feedback}
    of_name = {name: path for name, path in of_name.items() if name in run.expected}
    assert set(of_name) == set(run.expected)
    for name, path in of_name.items():
        assert path.parent.parent == run.settings.feedback
        sheet = openpyxl.load_workbook(path)["校验结果"]
        assert sheet["A1"].data_type == "s", name
        assert name[:20].strip("=") in f"{sheet['A1'].value} {sheet['A2'].value}", "it says which file it is about"
        assert sheet["F6"].value, name


def test_text_like_a_formula_reaches_every_output_as_text(run, tmp_path):
    loaded = select(run.settings, "select distinct raw_text from registry.cell where raw_text like '=%'")
    assert loaded.get_column("raw_text").to_list() == [FORMULA]
    with open_published(run.settings) as connection:
        path = write_table(table_of(connection, load_catalogue(PACK), "annex-2", 2023), tmp_path)
    with path.open(encoding="utf-8-sig", newline="") as file:
        cells = [cell for row in csv.reader(file) for cell in row]
    assert any(f"'{FORMULA}" in cell for cell in cells)
    assert not any(cell.startswith(("=", "@", "+")) for cell in cells)
    names = sent_as(run.settings)
    with open_working(run.settings) as connection:
        marked = next(
            f.path
            for f in write_feedback(connection, run.settings, [2023])
            if names[f.version.submission_id] == "复件1.xlsx"
        )
    assert openpyxl.load_workbook(marked)["满意度调查"]["D6"].data_type == "s"
    assert openpyxl.load_workbook(marked)["满意度调查"]["D6"].value == FORMULA


def test_the_clean_sample_has_no_error_and_hardly_a_warning(city_run):
    """One false alarm a workbook would be one too many: clerks stop reading."""
    counts = dict(select(city_run, "select severity, count(*) from registry.finding group by severity").rows())
    warnings = counts.get("warning", 0)
    print("\nsample city, 25 workbooks:", counts or "nothing found")
    assert counts.get("error", 0) == 0
    assert warnings < 25


@pytest.fixture
def locked_inbox() -> Iterator[Path]:
    """An inbox with a file and a folder that may not be read, as somebody who may not read everything."""
    with TemporaryDirectory() as name:
        inbox = Path(name)
        inbox.chmod(0o755)
        (inbox / "锁住.xlsx").write_bytes(b"PK")
        (inbox / "锁住").mkdir()
        for path in inbox.iterdir():
            path.chmod(0)
        user = os.geteuid()
        os.seteuid(user or 65_534)
        yield inbox
        os.seteuid(user)


def test_what_may_not_be_read_is_told_of(locked_inbox):
    files = look_into(locked_inbox).files
    assert {path.name for path in files} == {"锁住", "锁住.xlsx"}
    assert all("没有读取权限" in content_of(path, Limits()).decode() for path in files)


def test_a_file_that_goes_away_meanwhile_is_left_out(tmp_path):
    path = tmp_path / "在.xlsx"
    path.write_bytes(write_book(sample_book(NURSING_SCHOOL)))
    inbox = look_into(tmp_path)
    path.unlink()
    assert receive(inbox, tmp_path / "archive") == []


@pytest.mark.parametrize("kind", ["pipe", "folder", "link", "device"])
def test_what_takes_a_files_place_between_look_and_opening_is_told_and_never_waited_for(kind, tmp_path):
    path = tmp_path / "inbox" / "换.xlsx"
    path.parent.mkdir()
    path.write_bytes(b"PK")
    os.utime(path, (AN_HOUR_AGO, AN_HOUR_AGO))
    lying = look_into(path.parent)
    path.unlink()
    if kind == "device" and os.geteuid():
        pytest.skip("only root makes devices")
    {
        "pipe": lambda: os.mkfifo(path),
        "folder": path.mkdir,
        "link": lambda: path.symlink_to("/etc/passwd"),
        "device": lambda: os.mknod(path, stat.S_IFCHR | 0o600, os.makedev(1, 5)),  # /dev/zero, which has no end
    }[kind]()
    assert lying.files == (path,)
    (receipt,) = receive(lying, tmp_path / "archive")
    told = content_at(archived_path(receipt.submission_id, tmp_path / "archive")).decode()
    assert ("链接" if kind == "link" else "不是普通文件") in told or "file.link" in told


def test_a_file_whose_zip64_records_are_forged_is_whole_and_told_of(tmp_path):
    """Asked whether it is a zip archive, zipfile raises: the file is no less there for that."""
    path = tmp_path / "伪.xlsx"
    path.write_bytes(zip64(write_book(sample_book(NURSING_SCHOOL)), disk=7))
    assert look_into(tmp_path).files == (path,)
    assert inspect(path.read_bytes(), Limits()).refusal == ("file.damaged", "")


def test_a_folder_that_becomes_a_link_leads_nowhere(tmp_path):
    folder, elsewhere = tmp_path / "inbox" / "学校", tmp_path / "别处"
    for each, data in ((folder, b"PK"), (elsewhere, b"secret")):
        each.mkdir(parents=True)
        (each / "表.xlsx").write_bytes(data)
        os.utime(each / "表.xlsx", (AN_HOUR_AGO, AN_HOUR_AGO))
    lying = look_into(folder.parent)
    shutil.rmtree(folder)
    folder.symlink_to(elsewhere)
    receive(lying, tmp_path / "archive")
    kept = b"".join(path.read_bytes() for path in (tmp_path / "archive").rglob("*.xlsx"))
    assert b"secret" not in kept
    assert "读取出错".encode() in kept
