"""The archive is the truth: a working database that is lost, broken or out of date is made again from it."""

import shutil
from dataclasses import replace
from datetime import date
from pathlib import Path

import duckdb
import openpyxl
import pytest

from sources.archive.archive import archived_path, archived_receipts
from sources.archive.version_decisions import VersionDecision, note_version_decisions
from sources.submission.file_names import workbook_file_name
from sources.system.settings import Settings
from tests.conftest import NURSING_SCHOOL, cell_of, edit, ingest, select
from tests.crash import children
from tests.crash.installation import NOTED_BY_A_BUILD, OWN, Content, content
from tests.support.sample import PACK
from warehouse.run.rebuild import BEFORE_REBUILD, ArchiveDamagedError, rebuilding, recover
from warehouse.store.connection import WarehouseBrokenError, explained, open_working, working_lock
from warehouse.store.ddl import all_tables
from warehouse.store.turn import WarehouseBusyError

SPOILT_SCHOOL = "3645900003"


def taken_in(settings: Settings) -> Content:
    """What stands in the tables that intake writes, with the times of receipt."""
    held = content(settings.working_database, OWN)
    of_intake = (name for name in held if name.split(".")[0] in ("raw", "registry", "reference"))
    return {name: held[name] for name in of_intake if name not in NOTED_BY_A_BUILD}


def set_cell(sheet: str, label: str, value: object):
    def change(book: openpyxl.Workbook) -> None:
        cell_of(book, sheet, label).value = value

    return change


def recovered(settings: Settings) -> list[str]:
    with working_lock(settings):
        return recover(settings, PACK)


# --- The working database --------------------------------------------------------------------------------------------


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def cut(path: Path) -> None:
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 2)


def blot(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 4)
        file.write(b"\0" * (path.stat().st_size // 2))


@pytest.mark.parametrize("damage", [emptied, cut, blot])
def test_a_broken_database_is_set_aside_whole_and_told_of(fresh_copy, damage):
    damage(fresh_copy.working_database)
    broken = fresh_copy.working_database.read_bytes()
    (told,) = recovered(fresh_copy)
    (aside,) = fresh_copy.working_database.parent.glob("broken-*")
    assert "从存档重建全部年度" in told
    assert str(aside) in told
    assert (aside / fresh_copy.working_database.name).read_bytes() == broken
    assert not fresh_copy.working_database.exists()


def test_a_sound_database_is_left_alone(fresh_copy):
    before = taken_in(fresh_copy)
    assert recovered(fresh_copy) == []
    assert taken_in(fresh_copy) == before


def test_after_an_upgrade_that_changes_a_column_the_next_run_builds_everything_anew(fresh_copy, city, monkeypatch):
    changed = tuple(
        replace(
            table,
            columns=tuple(
                replace(c, type="decimal(18,1)") if c.name == "teachers_full_time" else c for c in table.columns
            ),
        )
        for table in all_tables(PACK)
    )
    monkeypatch.setattr("warehouse.run.rebuild.all_tables", lambda pack: changed)
    monkeypatch.setattr("tests.conftest.all_tables", lambda pack: changed)
    (told,) = recovered(fresh_copy)
    assert 'raw."staff".teachers_full_time 的类型由 bigint 改为 decimal(18,1)' in told
    assert ingest(fresh_copy, city, (2023,)).accepted == 25
    total, kind = select(
        fresh_copy, "select sum(teachers_full_time), any_value(typeof(teachers_full_time)) from raw.staff"
    ).row(0)
    assert (total > 0, kind) == (True, "DECIMAL(18,1)")


def test_a_changed_key_asks_for_a_rebuild_too(fresh_copy, monkeypatch):
    changed = tuple(replace(t, key=("submission_id",)) if t.name == "receipt" else t for t in all_tables(PACK))
    monkeypatch.setattr("warehouse.run.rebuild.all_tables", lambda pack: changed)
    monkeypatch.setattr("tests.conftest.all_tables", lambda pack: changed)
    (told,) = recovered(fresh_copy)
    assert 'registry."receipt" 的主键改为（submission_id）' in told


def test_a_database_that_another_program_has_open_is_not_taken_for_broken(fresh_copy):
    holder = children.start(children.hold_open, fresh_copy)
    children.wait_for(children.opened(fresh_copy))
    with pytest.raises(WarehouseBusyError, match=f"另一个程序打开了工作数据库，请先关闭它：进程 {holder.pid}（"):
        recovered(replace(fresh_copy, wait_seconds=0))
    holder.kill()
    holder.join()
    assert recovered(fresh_copy) == []


def test_a_machine_at_fault_is_no_broken_database():
    full = duckdb.IOException('IO Error: Could not write file "x": No space left on device')
    assert explained(full, Path("x")) is full
    assert isinstance(explained(duckdb.IOException("IO Error: Corrupt database file"), Path("x")), WarehouseBrokenError)


# --- nianbao rebuild -------------------------------------------------------------------------------------------------


def test_a_rebuild_needs_nothing_but_the_archive_and_is_about_all_years(fresh_copy, city):
    edit(fresh_copy, city, NURSING_SCHOOL, 2023, set_cell("学生情况", "全日制在校生数", 2598))
    edit(fresh_copy, city, SPOILT_SCHOOL, 2023, set_cell("学生情况", "全日制在校生数", "25a1"))
    ingest(fresh_copy, city)
    before = taken_in(fresh_copy)
    for path in fresh_copy.inbox.iterdir():
        path.unlink()
    with rebuilding(fresh_copy, PACK):
        assert not fresh_copy.working_database.exists()
        assert ingest(fresh_copy, city, (2023,)).accepted == 26
    assert taken_in(fresh_copy) == before
    assert not (fresh_copy.working_database.parent / BEFORE_REBUILD).exists()


def test_a_rebuild_that_fails_leaves_the_old_database(fresh_copy):
    before = fresh_copy.working_database.read_bytes()
    with pytest.raises(duckdb.CatalogException), rebuilding(fresh_copy, PACK), open_working(fresh_copy) as connection:
        connection.execute("create table half (built int); select * from the_other_half")
    assert fresh_copy.working_database.read_bytes() == before


def test_a_rebuild_that_is_killed_is_undone_by_the_next_run_as_often_as_it_is(fresh_copy):
    before, files = taken_in(fresh_copy), sorted(path.name for path in fresh_copy.working_database.parent.iterdir())
    for _ in range(2):
        assert children.finish(children.die_while_rebuilding, fresh_copy) == children.KILLED
        assert (fresh_copy.working_database.parent / BEFORE_REBUILD).exists()
        (told,) = recovered(fresh_copy)
        assert "上一次重建没有完成" in told
        assert taken_in(fresh_copy) == before
        assert sorted(path.name for path in fresh_copy.working_database.parent.iterdir()) == files


def test_a_rebuild_waits_until_the_archive_is_whole(fresh_copy):
    first, second = archived_receipts(fresh_copy.archive)[:2]
    missing, changed = (archived_path(each.submission_id, fresh_copy.archive) for each in (first, second))
    missing.unlink()
    changed.chmod(0o644)
    changed.write_bytes(b"rotten")
    before = fresh_copy.working_database.read_bytes()
    with pytest.raises(ArchiveDamagedError, match="从备份恢复") as raised, rebuilding(fresh_copy, PACK):
        pass
    assert str(missing) in str(raised.value)
    assert str(changed) in str(raised.value)
    assert fresh_copy.working_database.read_bytes() == before


# --- Verdicts --------------------------------------------------------------------------------------------------------


def test_what_came_for_a_frozen_year_is_held_whenever_it_is_judged_until_somebody_decides(empty, city_run, city):
    frozen = {y: dates.model_copy(update={"freezes": date(y + 1, 1, 31)}) for y, dates in city.calendar.years.items()}
    city = city.model_copy(update={"calendar": city.calendar.model_copy(update={"years": frozen})})
    in_time, late, years_later = (
        replace(empty, fixed_today=day) for day in (date(2024, 1, 31), date(2024, 2, 1), date(2026, 1, 1))
    )
    empty.inbox.mkdir(parents=True)
    for code in (NURSING_SCHOOL, SPOILT_SCHOOL):
        name = workbook_file_name(city.respondent_by_code[code], 2023)
        shutil.copyfile(city_run.inbox / name, empty.inbox / name)
    assert ingest(in_time, city).accepted == 2
    edit(empty, city, NURSING_SCHOOL, 2023, set_cell("学生情况", "全日制在校生数", 2598))
    edit(empty, city, SPOILT_SCHOOL, 2023, set_cell("封面", "修订原因", "统计口径有误"))
    taken = ingest(late, city)
    assert (taken.accepted, taken.rejected, taken.held) == (0, 0, 2)
    held = select(empty, "select submission_id from registry.submission where held_for = 'held.year_frozen'")
    for submission_id, outcome in zip(held["submission_id"], ("confirmed", "declined"), strict=True):
        note_version_decisions(empty.archive, [VersionDecision(submission_id, outcome, "已与学校核实", "张处长")])
    assert ingest(late, city).accepted == 1
    before = taken_in(empty)
    statuses = select(empty, "select status, count(*) as n from registry.submission group by all order by all")
    assert statuses.rows() == [("accepted", 2), ("declined", 1), ("superseded", 1)]
    empty.working_database.unlink()
    assert ingest(years_later, city).held == 1
    assert taken_in(empty) == before


# --- The archive's own files -----------------------------------------------------------------------------------------


def test_a_line_that_a_crash_cut_off_is_left_out_and_written_over(fresh_copy, city):
    """Also where the cut goes through a Chinese character."""
    receipts = archived_receipts(fresh_copy.archive)
    path = archived_path(receipts[0].submission_id, fresh_copy.archive).with_suffix(".receipts.jsonl")
    with path.open("ab") as file:
        file.write('{"submission_id": "x", "file_name": "钦'.encode()[:-1])
    assert archived_receipts(fresh_copy.archive) == receipts
    (fresh_copy.inbox / "复件.xlsx").write_bytes(
        archived_path(receipts[0].submission_id, fresh_copy.archive).read_bytes()
    )
    ingest(fresh_copy, city)
    names = [each.file_name for each in archived_receipts(fresh_copy.archive) if each.submission_id == path.name[:64]]
    assert names == [receipts[0].file_name, "复件.xlsx"]


def test_what_killed_processes_left_is_cleared_away_but_not_what_people_put_in_the_inbox(fresh_copy):
    left = [
        fresh_copy.archive / "ab" / ".abc.xlsx.4711.partial",
        fresh_copy.published_database.with_name(".nianbao.duckdb.4711.partial"),
    ]
    uploading = fresh_copy.inbox / "报表.xlsx.partial"
    for path in (*left, uploading):
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"half")
    recovered(fresh_copy)
    assert [path.exists() for path in (*left, uploading)] == [False, False, True]
