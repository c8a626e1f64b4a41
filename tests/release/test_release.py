"""A release: checked, whole, never changed, made again byte for byte; and what a later one revises."""

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import duckdb
import openpyxl
import pytest
from frictionless import Package

from orchestration.lib.what_waits import read_waiting
from sources.system.fingerprint import sha256_of_file
from sources.system.settings import Settings
from tests.conftest import NURSING_SCHOOL, YEARS, cell_of, edit, run_all
from tests.support.confirmed import BY, confirm_and_release
from tests.support.sample import PACK
from warehouse.catalogue.catalogue import load_catalogue
from warehouse.intake.released import MANIFEST
from warehouse.release.foresee import foresee
from warehouse.release.make_release import REVISIONS, ReleaseBlockedError, Released, release
from warehouse.release.manifest import releases_of
from warehouse.release.verify import damaged_files
from warehouse.store.connection import open_published


@pytest.fixture(scope="module")
def first(city_run, city, tmp_path_factory) -> tuple[Settings, Released]:
    """The sample city, released once: its warnings are not explained, and each is confirmed."""
    settings = replace(city_run, home=tmp_path_factory.mktemp("released") / "home")
    shutil.copytree(city_run.home, settings.home)
    return settings, confirm_and_release(settings, city, 2023)


def test_the_list_blocks_until_each_item_is_confirmed(fresh_copy, city):
    with pytest.raises(ReleaseBlockedError) as blocked:
        release(fresh_copy, city, load_catalogue(PACK), 2023)
    assert [point.name for point in blocked.value.foreseen.points if not point.passed] == ["moved", "warnings"]
    assert not (fresh_copy.home / "releases").exists() or list((fresh_copy.home / "releases").iterdir()) == []


def test_a_missing_school_a_rejected_version_and_news_in_the_inbox_block(fresh_copy, city):
    def spoil(book: openpyxl.Workbook) -> None:
        cell_of(book, "学生情况", "全日制在校生数").value = "很多"

    edit(fresh_copy, city, NURSING_SCHOOL, 2023, spoil)
    with pytest.raises(ReleaseBlockedError, match="收件夹有 1 个新文件"):
        release(fresh_copy, city, load_catalogue(PACK), 2023)
    run_all(fresh_copy, city)
    with pytest.raises(ReleaseBlockedError, match="被退回"):
        release(fresh_copy, city, load_catalogue(PACK), 2023)


def test_what_is_released_waits_for_nobody_when_only_the_city_or_the_program_is_another(first, city):
    """A year is opened: the city is another, and nothing of an earlier year is to be released again for it."""
    settings, _ = first
    other = city.model_copy(update={"targets": ()})
    assert foresee(settings, other, load_catalogue(PACK), 2023).is_new
    assert 2023 not in read_waiting(settings, other).open_items
    assert 2022 in read_waiting(settings, other).open_items


def test_a_release_is_numbered_whole_confirmed_and_read_only(first):
    settings, done = first
    manifest = done.manifest
    assert (manifest.version, manifest.previous) == ("2023.1", None)
    assert manifest.override is None
    assert {item["point"] for item in manifest.confirmed} == {"moved", "warnings"}
    assert all(item["settled"]["by"] == BY and item["title"] in item["settled"]["reason"] for item in manifest.items)
    kinds = {Path(name).suffix for name in manifest.outputs}
    assert kinds >= {".xlsx", ".docx", ".pdf", ".csv", ".parquet", ".html", ".zip", ".json"}
    for name, digest in manifest.outputs.items():
        path = done.folder / name
        assert sha256_of_file(path) == digest
        assert path.stat().st_mode & 0o222 == 0
    assert len(manifest.current) == 13
    assert releases_of(settings, 2023) == [manifest]


def test_what_was_confirmed_is_a_footnote_of_its_figure_in_table_report_and_site(first):
    _, done = first
    note = "教育局确认，教职工额定编制数（人）上年 822，本年 1002（增加 180 人，即 21.9%）：已核实"
    (draft,), (tables,) = done.folder.glob("*.docx"), done.folder.glob("*汇总表.xlsx")
    for path, part in ((draft, "word/footnotes.xml"), (tables, "xl/sharedStrings.xml")):
        with zipfile.ZipFile(path) as parts:
            assert note in re.sub("<[^>]+>", "", parts.read(part).decode()), path.name
    assert note in (done.folder / "site" / "chapters" / "teachers.html").read_text("utf-8")
    assert not any(BY in path.read_text("utf-8") for path in done.folder.rglob("*.html"))


def test_nothing_new_makes_no_new_version(first, city):
    settings, done = first
    again = release(settings, city, load_catalogue(PACK), 2023)
    assert not again.is_new
    assert again.manifest.version == done.manifest.version


def test_the_checksums_are_those_that_sha256sum_checks(first):
    _, done = first
    subprocess.run(["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=done.folder, check=True)


def test_the_data_package_is_valid_and_says_what_the_database_says(first):
    settings, done = first
    package = Package(str(done.folder / "data" / "datapackage.json"))
    report = package.validate()
    assert report.valid, report.flatten(["rowNumber", "fieldNumber", "type", "message"])[:5]
    with open_published(settings) as connection:
        rows = connection.execute("select count(*), sum(value) from core.fct_indicator_value").fetchone()
    values = done.folder / "data" / "core.fct_indicator_value"
    for source in (f"read_csv('{values}.csv', all_varchar = true)", f"read_parquet('{values}.parquet')"):
        found = duckdb.sql(f"select count(*), sum(cast(value as decimal(38, 12))) from {source}").fetchone()
        assert found == rows, source
    assert (done.folder / "data" / "core.dim_school.csv").read_bytes().startswith(b"\xef\xbb\xbf")


def verified(settings: Settings, version: str, *options: str, **environment: str) -> dict:
    called = subprocess.run(
        [str(Path(sys.executable).with_name("nianbao")), "verify", version, *options, "--json"],
        env=os.environ | environment | {"NIANBAO_HOME": str(settings.home), "NIANBAO_CITY": str(settings.city_dir)},
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    assert called.returncode in (0, 3), called.stderr
    return json.loads(called.stdout)


def assert_equal(told: dict, done: Released) -> None:
    assert (told["differing"], told["missing"], told["added"], told["damaged"]) == ([], [], [], [])
    assert (told["unnamed"], told["disagreeing"]) == ([], [])
    assert (told["is_equal"], told["compared"]) == (True, len(done.manifest.outputs))


def test_the_data_name_the_version_in_which_their_year_stands(first):
    _, done = first
    assert done.manifest.released == {"2023": "2023.1"}
    for name in ("marts.scale", "report.annex_2", "report.table_1_2_1"):
        rows = duckdb.sql(f"select distinct report_year, release from '{done.folder}/data/{name}.parquet' order by all")
        assert rows.fetchall() == [(2022, None), (2023, "2023.1")], name


@pytest.mark.deep
def test_made_again_from_the_archive_it_is_the_same_byte_for_byte(first):
    settings, done = first
    environment = {"TZ": "Asia/Shanghai", "LC_ALL": "C.UTF-8", "NIANBAO_THREADS": "1", "POLARS_MAX_THREADS": "1"}
    assert_equal(verified(settings, "2023.1", **environment), done)


@pytest.fixture(scope="module")
def second(first, city) -> Released:
    """The next version, after one school has corrected a number."""
    settings, _ = first

    def correct(book: openpyxl.Workbook) -> None:
        cell_of(book, "学生情况", "全日制在校生数").value = 2600
        cell_of(book, "封面", "修订原因").value = "漏报九名学生"

    edit(settings, city, NURSING_SCHOOL, 2023, correct)
    run_all(settings, city)
    return confirm_and_release(settings, city, 2023)


@pytest.mark.deep
def test_a_resubmission_makes_a_second_version_with_a_revision_table_and_the_first_stays(first, second):
    _, done = first
    assert (second.manifest.version, second.manifest.previous) == ("2023.2", "2023.1")
    lines = (second.folder / REVISIONS).read_text("utf-8-sig").splitlines()
    (own,) = [line.split(",") for line in lines if "钦州市卫生学校,全日制在校生人数" in line]
    assert own[4:7] == ["2591", "2591", "2600"]
    assert "漏报九名学生" in own[7]
    assert damaged_files(done.folder, done.manifest) == ()


@pytest.mark.deep
def test_the_second_version_is_made_again_elsewhere_with_more_threads(first, second):
    settings, _ = first
    environment = {"TZ": "America/New_York", "LC_ALL": "C", "NIANBAO_THREADS": "2", "PYTHONUTF8": "1"}
    assert_equal(verified(settings, "2023.2", **environment), second)


@pytest.mark.deep
def test_a_file_that_was_touched_after_the_release_is_found(second):
    victim = second.folder / "data" / "core.dim_scope.csv"
    before = victim.read_bytes()
    victim.chmod(0o644)
    victim.write_bytes(before + b"x")
    assert damaged_files(second.folder, second.manifest) == ("data/core.dim_scope.csv",)
    victim.unlink()
    assert damaged_files(second.folder, second.manifest) == ("data/core.dim_scope.csv",)
    victim.write_bytes(before)


def test_the_manifest_names_what_the_release_was_made_from(first):
    _, done = first
    stored = json.loads((done.folder / MANIFEST).read_text("utf-8"))
    assert {len(receipt["submission_id"]) for receipt in stored["receipts"]} == {64}
    assert len(stored["receipts"]) == 25
    assert stored["declarations"]
    assert len(stored["lock_file"]) == 64
    assert set(YEARS) <= set(stored["years"])


@pytest.mark.deep
def test_a_release_that_was_forged_whole_is_told(first, second):
    """Last, because it spoils the release: the points pass, nothing is listed, a file is slipped in, the hashes fit."""
    settings, _ = first
    noted = sha256_of_file(second.folder / MANIFEST)
    (second.folder / "site" / "more.html").write_text("更正")
    path = second.folder / MANIFEST
    stored = json.loads(path.read_text("utf-8"))
    stored["items"] = []
    stored["checklist"] = [point | {"passed": True} for point in stored["checklist"]]
    path.chmod(0o644)
    path.write_text(json.dumps(stored, ensure_ascii=False), encoding="utf-8")
    told = verified(settings, "2023.2", "--manifest", noted)
    assert told["unnamed"] == ["site/more.html"]
    assert any("警告都有说明" in sentence for sentence in told["disagreeing"])
    assert any("事项 moved.staff_quota：清单写 无" in sentence for sentence in told["disagreeing"])
    assert (told["is_equal"], told["is_anchored"]) == (False, False)
