"""A release: checked, whole, never changed, made again byte for byte; and what a later one revises."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import duckdb
import openpyxl
import pytest
from frictionless import Package

from sources.system.fingerprint import sha256_of_file
from sources.system.settings import Settings
from tests.conftest import NURSING_SCHOOL, YEARS, cell_of, edit, run_all
from warehouse.catalogue.catalogue import load_catalogue
from warehouse.release.make_release import REVISIONS, ReleaseBlockedError, Released, release
from warehouse.release.manifest import MANIFEST, Override, releases_of
from warehouse.release.verify import damaged_files
from warehouse.store.connection import open_published

SIGNED = Override("王科长", "样例中的警告已电话核实", ())


@pytest.fixture(scope="module")
def first(city_run, city, tmp_path_factory) -> tuple[Settings, Released]:
    """The sample city, released once with a signature: its warnings are not explained."""
    settings = replace(city_run, home=tmp_path_factory.mktemp("released") / "home")
    shutil.copytree(city_run.home, settings.home)
    return settings, release(settings, city, load_catalogue(), 2023, SIGNED)


def test_the_checklist_blocks_until_somebody_signs(fresh_copy, city):
    with pytest.raises(ReleaseBlockedError) as blocked:
        release(fresh_copy, city, load_catalogue(), 2023)
    assert [point.name for point in blocked.value.points if not point.passed] == ["warnings"]
    assert not (fresh_copy.home / "releases").exists() or list((fresh_copy.home / "releases").iterdir()) == []


def test_a_missing_school_a_rejected_version_and_news_in_the_inbox_block(fresh_copy, city):
    def spoil(book: openpyxl.Workbook) -> None:
        cell_of(book, "学生情况", "全日制在校生数").value = "很多"

    edit(fresh_copy, city, NURSING_SCHOOL, 2023, spoil)
    with pytest.raises(ReleaseBlockedError, match="收件夹有 1 个新文件"):
        release(fresh_copy, city, load_catalogue(), 2023)
    run_all(fresh_copy, city)
    with pytest.raises(ReleaseBlockedError, match="被退回"):
        release(fresh_copy, city, load_catalogue(), 2023)


def test_a_release_is_numbered_whole_signed_and_read_only(first):
    settings, done = first
    manifest = done.manifest
    assert (manifest.version, manifest.previous) == ("2023.1", None)
    assert manifest.override == {"by": SIGNED.by, "reason": SIGNED.reason, "points": ["warnings"]}
    kinds = {Path(name).suffix for name in manifest.outputs}
    assert kinds >= {".xlsx", ".docx", ".pdf", ".csv", ".parquet", ".html", ".zip", ".json"}
    for name, digest in manifest.outputs.items():
        path = done.folder / name
        assert sha256_of_file(path) == digest
        assert path.stat().st_mode & 0o222 == 0
    assert len(manifest.current) == 13
    assert releases_of(settings, 2023) == [manifest]


def test_nothing_new_makes_no_new_version(first, city):
    settings, done = first
    again = release(settings, city, load_catalogue(), 2023, SIGNED)
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


def verified(settings: Settings, version: str, **environment: str) -> dict:
    called = subprocess.run(
        [str(Path(sys.executable).with_name("nianbao")), "verify", version, "--json"],
        env=os.environ | environment | {"NIANBAO_HOME": str(settings.home), "NIANBAO_CITY": str(settings.city_dir)},
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    assert called.returncode in (0, 3), called.stderr
    return json.loads(called.stdout)


def assert_equal(told: dict, done: Released) -> None:
    assert (told["differing"], told["missing"], told["added"], told["damaged"]) == ([], [], [], [])
    assert (told["is_equal"], told["compared"]) == (True, len(done.manifest.outputs))


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
    return release(settings, city, load_catalogue(), 2023, SIGNED)


def test_a_resubmission_makes_a_second_version_with_a_revision_table_and_the_first_stays(first, second):
    _, done = first
    assert (second.manifest.version, second.manifest.previous) == ("2023.2", "2023.1")
    lines = (second.folder / REVISIONS).read_text("utf-8-sig").splitlines()
    (own,) = [line.split(",") for line in lines if "钦州市卫生学校,全日制在校生人数" in line]
    assert own[4:7] == ["2591", "2591", "2600"]
    assert "漏报九名学生" in own[7]
    assert damaged_files(done.folder, done.manifest) == ()


def test_the_second_version_is_made_again_elsewhere_with_more_threads(first, second):
    settings, _ = first
    environment = {"TZ": "America/New_York", "LC_ALL": "C", "NIANBAO_THREADS": "2", "PYTHONUTF8": "1"}
    assert_equal(verified(settings, "2023.2", **environment), second)


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
