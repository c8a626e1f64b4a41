"""A disk that fills up in the middle of a run: what is published stays, the cause is told, the next run ends right."""

import os
import re
import shutil
import subprocess
from dataclasses import replace

import pytest

from sources.system.faults import told
from sources.system.settings import Settings
from tests.bench.faults import small_disk
from tests.conftest import NURSING_SCHOOL, cell_of, deep, edit
from tests.crash import children
from tests.crash.installation import content, debris
from tests.end_to_end.test_command_line import NIANBAO
from tests.support.confirmed import confirm_each
from warehouse.catalogue.catalogue import load_catalogue
from warehouse.release.make_release import release
from warehouse.release.verify import damaged_files
from warehouse.store.connection import open_working


@pytest.fixture
def corrected(fresh_copy: Settings, city) -> Settings:
    """An installation with one new workbook in the inbox."""
    edit(fresh_copy, city, NURSING_SCHOOL, 2023, lambda book: set_students(book, 2598))
    return fresh_copy


def set_students(book, value: object) -> None:
    cell_of(book, "学生情况", "全日制在校生数").value = value


@pytest.mark.parametrize("limit", [50_000, 0.4, *deep(1_000, 0.1, 0.3, 0.6, 0.8)])
def test_an_intake_on_a_full_disk_fails_leaves_everything_whole_and_is_made_up_for(corrected, limit):
    """The limit, in bytes or as a share of the database, decides what cannot be written: the content, the database…"""
    published = corrected.published_database.read_bytes()
    if isinstance(limit, float):
        limit = int(limit * corrected.working_database.stat().st_size)
    assert children.finish(children.with_files_up_to, corrected, children.take_in, limit) == 1
    assert corrected.published_database.read_bytes() == published
    assert children.finish(children.take_in, corrected) == 0
    with open_working(corrected) as connection:
        standing = connection.execute("select count(*) from registry.submission where status = 'accepted'").fetchone()
    assert standing == (25,)
    assert debris(corrected) == []


def test_a_publication_on_a_full_disk_leaves_the_old_copy(fresh_copy):
    published = fresh_copy.published_database.read_bytes()
    limit = len(published) // 2
    assert children.finish(children.with_files_up_to, fresh_copy, children.publish_only, limit) == 1
    assert fresh_copy.published_database.read_bytes() == published
    assert debris(fresh_copy) == []


@pytest.mark.deep
@pytest.mark.parametrize("limit", [2_000, 6_000_000])
def test_the_command_line_tells_in_chinese_that_the_disk_is_full(corrected, limit):
    """Before the first step, and in one."""
    published = corrected.published_database.read_bytes()
    done = subprocess.run(
        [NIANBAO, "run", "--year", "2023"],
        env=os.environ | {"NIANBAO_HOME": str(corrected.home), "NIANBAO_CITY": str(corrected.city_dir)},
        capture_output=True,
        text=True,
        preexec_fn=lambda: children.let_no_file_grow_beyond(limit),
    )
    assert done.returncode == 1
    assert re.search("磁盘空间不足|磁盘已满", done.stdout + done.stderr)  # SQLite calls a file too large an I/O error
    assert "Traceback" not in done.stderr
    assert corrected.published_database.read_bytes() == published


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ("[Errno 28] No space left on device: 'x'", "磁盘空间不足"),
        ('IO Error: Could not write file "x": File too large', "磁盘空间不足"),
        ("database or disk is full", "磁盘空间不足"),
        ("[Errno 13] Permission denied: 'x'", "没有读写的权限"),
        ("Out of Memory Error: failed to allocate", "内存不足"),
    ],
)
def test_the_machines_faults_are_told_with_what_to_do(message, words):
    error = RuntimeError("a step failed")
    error.__cause__ = OSError(message)
    assert str(told(error)).startswith(words)
    assert message in str(told(error))


def test_a_lack_of_memory_is_told_also_where_the_error_says_nothing():
    assert str(told(MemoryError())).startswith("内存不足")


def test_a_mistake_in_the_program_is_no_fault_of_the_machine():
    assert told(KeyError("x")) is None


@pytest.mark.parametrize("work", [children.publish_only, *deep(children.run)])
def test_a_file_system_that_is_really_full(corrected, tmp_path, work):
    """One with room for everything but a second copy of the database."""
    small = tmp_path / "small"
    small.mkdir()
    taken = sum(path.stat().st_size for path in corrected.home.rglob("*") if path.is_file())
    room = taken + corrected.working_database.stat().st_size // 2 + 3_000_000
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={room}", "tmpfs", small], capture_output=True)
    if mounted.returncode:
        pytest.skip(f"no file system may be mounted here: {mounted.stderr.decode().strip()}")
    try:
        settings = replace(corrected, home=small / "home")
        shutil.copytree(corrected.home, settings.home)
        published = content(settings.published_database)
        assert children.finish(work, settings) == 1
        assert content(settings.published_database) == published
        subprocess.run(["mount", "-o", f"remount,size={room + 200_000_000}", small], check=True)
        assert children.finish(work, settings) == 0
        assert content(settings.published_database) == content(settings.working_database)
        assert debris(settings) == []
    finally:
        subprocess.run(["umount", small], check=True)


@pytest.mark.deep
def test_a_disk_that_fills_up_while_a_release_is_made_leaves_no_half_of_it(fresh_copy, city):
    """At the first of its parts and at the last; then there is room again, and it is made."""
    confirm_each(fresh_copy, city, 2023)
    releases = fresh_copy.home / "releases"
    published = content(fresh_copy.published_database)
    try:
        with small_disk(releases) as fill:
            for title in ("文档", "网站"):
                with pytest.raises(Exception) as full:  # noqa: PT011 - whichever library writes at that moment
                    release(fresh_copy, city, load_catalogue(city.pack), 2023, lambda at, t=title: at == t and fill())
                assert str(told(full.value)).startswith("磁盘空间不足"), (title, full.value)
                (releases / "filler").unlink()
                assert list(releases.iterdir()) == []
                assert content(fresh_copy.published_database) == published
            made = release(fresh_copy, city, load_catalogue(city.pack), 2023)
            assert made.manifest.version == "2023.1"
            assert damaged_files(made.folder, made.manifest) == ()
    except OSError as error:
        if "mount" not in str(error):
            raise
        pytest.skip(f"no file system may be mounted here: {error}")
