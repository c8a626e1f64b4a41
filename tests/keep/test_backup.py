"""A backup is the installation; on an empty machine it becomes that again; what is not whole is refused."""

import json
import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from orchestration.cli.main import app
from sources.archive.archive import note_decision
from sources.system.settings import Settings
from tests.crash.installation import content
from tests.keep.bits import flip
from warehouse.keep.ailment import ailments_in
from warehouse.keep.backup import LIST, PART, Backup, BackupError, back_up
from warehouse.keep.doctor import examine
from warehouse.keep.restore import RestoreError, read_list, restore_backup
from warehouse.run.needed import unfinished_years


@pytest.fixture(scope="module")
def made(city_run: Settings, tmp_path_factory: pytest.TempPathFactory) -> Backup:
    return back_up(city_run, tmp_path_factory.mktemp("backups") / "first")


@pytest.fixture
def copy(made: Backup, tmp_path: Path) -> Path:
    """The backup, to spoil."""
    return shutil.copytree(made.folder, tmp_path / "copy")


@pytest.fixture
def elsewhere(city_run: Settings, tmp_path: Path) -> Settings:
    """An empty machine."""
    return replace(city_run, home=tmp_path / "new" / "home", city_dir=tmp_path / "new" / "city")


def test_what_is_restored_is_the_installation_and_whole(city_run: Settings, made: Backup, elsewhere: Settings):
    assert made.ailments == ()
    done = restore_backup(elsewhere, made.folder)
    assert done.city_dir == elsewhere.city_dir
    assert done.submissions == 25
    for name in ("published", "working"):
        assert content(elsewhere.home / name / "nianbao.duckdb") == content(city_run.published_database)
    assert ailments_in(examine(elsewhere, is_thorough=False)) == []
    assert unfinished_years(elsewhere) == {2022, 2023}


def test_a_folder_that_has_something_is_left_alone(made: Backup, empty: Settings):
    empty.home.mkdir()
    (empty.home / "notes.txt").write_text("mine")
    with pytest.raises(RestoreError, match=r"已经有 notes\.txt"):
        restore_backup(empty, made.folder)
    assert [path.name for path in empty.home.iterdir()] == ["notes.txt"]


def test_what_a_killed_restore_left_is_no_hindrance(made: Backup, empty: Settings):
    (empty.home / f".restore{PART}" / "archive").mkdir(parents=True)
    restore_backup(empty, made.folder)
    assert not (empty.home / f".restore{PART}").exists()


def test_every_file_of_a_backup_is_checked_before_anything_is_written(copy: Path, empty: Settings):
    changed, gone, new = (*sorted(copy.glob("home/archive/??/*.xlsx"))[:2], copy / "home" / "new.txt")
    flip(changed, 1_000)
    gone.unlink()
    new.write_text("x")
    with pytest.raises(RestoreError) as refused:
        restore_backup(empty, copy)
    for path, what in ((changed, "已不是备份时的内容"), (gone, "不见了"), (new, "不在备份的清单里")):
        assert f"{path.relative_to(copy)}：{what}" in str(refused.value)
    assert not empty.home.exists()


def test_the_list_itself_is_sealed(copy: Path, empty: Settings):
    flip(copy / LIST, 4_000)
    with pytest.raises(RestoreError, match=LIST):
        restore_backup(empty, copy)


def test_what_is_broken_is_copied_as_it_is_and_told(fresh_copy: Settings, tmp_path: Path, empty: Settings):
    broken = next(fresh_copy.archive.glob("??/*.xlsx"))
    flip(broken, 99)
    made = back_up(fresh_copy, tmp_path / "backup")
    assert [str(broken) in each.what for each in made.ailments] == [True]
    assert list(read_list(made.folder).damaged) == [each.what for each in made.ailments]
    restored = restore_backup(replace(empty, home=tmp_path / "again"), made.folder)
    assert [str(tmp_path / "again") in each.what for each in restored.ailments] == [True]


def test_a_half_written_line_and_a_file_nobody_has_received_are_in_it_right(
    fresh_copy: Settings, tmp_path: Path, empty
):
    note_decision(fresh_copy.archive, {"kind": "演练"})
    with (fresh_copy.archive / "decisions.jsonl").open("ab") as file:
        file.write(b'{"kind": "ha')
    (fresh_copy.inbox / "新到.xlsx").write_bytes(b"just dropped")
    (fresh_copy.inbox / "link.xlsx").symlink_to("/etc/passwd")
    made = back_up(fresh_copy, tmp_path / "backup")
    home = made.folder / "home"
    assert (home / "archive" / "decisions.jsonl").read_text("utf-8").endswith("}\n")
    assert [path.name for path in (home / "inbox").iterdir()] == ["新到.xlsx"]
    assert made.ailments == ()


def test_passwords_are_left_out_and_named(city_run: Settings, tmp_path: Path):
    city_dir = shutil.copytree(city_run.city_dir, tmp_path / "city")
    (city_dir / "nianbao.env").write_text("NIANBAO_HOME=data\nNIANBAO_MAIL_PASSWORD=geheim\n", encoding="utf-8")
    (city_dir / "mail.yml").write_text(
        "address: a@b.cn\nservers:\n  - {kind: smtp, host: b.cn, port: 465, user: a, password_file: secret}\n", "utf-8"
    )
    (city_dir / "secret").write_text("geheim", "utf-8")
    made = back_up(replace(city_run, city_dir=city_dir), tmp_path / "backup")
    assert made.list.withheld == ("NIANBAO_MAIL_PASSWORD", "secret")
    assert not (made.folder / "city" / "secret").exists()
    assert "geheim" not in (made.folder / "city" / "nianbao.env").read_text("utf-8")
    assert "NIANBAO_HOME=data" in (made.folder / "city" / "nianbao.env").read_text("utf-8")


def test_other_declarations_are_not_overwritten(made: Backup, elsewhere: Settings):
    elsewhere.city_dir.mkdir(parents=True)
    (elsewhere.city_dir / "city.yml").write_text("code: other\n")
    done = restore_backup(elsewhere, made.folder)
    assert done.city_dir == elsewhere.home / "city-from-backup"
    assert (elsewhere.city_dir / "city.yml").read_text() == "code: other\n"


def test_a_folder_that_is_there_gets_a_backup_of_its_own_in_it(city_run: Settings, tmp_path: Path, empty: Settings):
    made = back_up(city_run, tmp_path)
    assert made.folder.parent == tmp_path
    assert made.folder.name.startswith("nianbao-450700-")
    assert sorted(json.loads((made.folder / LIST).read_text("utf-8"))["files"][0]) == ["path", "sha256", "size"]
    restore_backup(replace(empty, home=tmp_path / "h"), tmp_path)
    shutil.copytree(made.folder, tmp_path / "second")
    with pytest.raises(RestoreError, match="2 份备份"):
        restore_backup(replace(empty, home=tmp_path / "i"), tmp_path)


def test_a_backup_does_not_lie_in_what_it_copies(city_run: Settings, empty: Settings, tmp_path: Path):
    with pytest.raises(BackupError, match="另一块磁盘"):
        back_up(city_run, city_run.home / "backup")
    with pytest.raises(BackupError, match="没有什么可备份"):
        back_up(empty, tmp_path / "backup")


def test_what_the_desk_keeps_is_in_it_and_its_secret_is_not(fresh_copy: Settings, tmp_path: Path, elsewhere: Settings):
    desk = fresh_copy.home / "desk"
    (desk / "uploads").mkdir(parents=True)
    (desk / "uploads" / "a.xlsx").write_bytes(b"workbook")
    (desk / "secret.key").write_text("secret")
    with closing(sqlite3.connect(desk / "desk.sqlite3")) as database:
        database.executescript("create table log (told text); insert into log values ('certify')")
    made = back_up(fresh_copy, tmp_path / "backup")
    restore_backup(elsewhere, made.folder)
    assert (elsewhere.home / "desk" / "uploads" / "a.xlsx").read_bytes() == b"workbook"
    with closing(sqlite3.connect(elsewhere.home / "desk" / "desk.sqlite3")) as database:
        assert database.execute("select told from log").fetchall() == [("certify",)]
    assert not (elsewhere.home / "desk" / "secret.key").exists()


def test_a_desk_in_postgres_is_told_to_be_copied_by_its_own_program(city_run: Settings, tmp_path: Path):
    there = {"NIANBAO_HOME": str(city_run.home), "NIANBAO_DESK_DATABASE": "postgresql://u:geheim@127.0.0.1/desk"}
    for more, told in ((there, True), (there | {"NIANBAO_DESK_DATABASE": ""}, False)):
        said = CliRunner().invoke(app, ["backup", str(tmp_path / str(told))], env=more, catch_exceptions=False)
        assert (said.exit_code, "pg_dump" in said.output) == (0, told)
        assert "geheim" not in said.output
