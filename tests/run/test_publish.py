"""What is published is whole, read-only, and can be queried while the next run writes."""

import multiprocessing

import duckdb
import pytest

from sources.system.settings import Settings
from tests.conftest import NURSING_SCHOOL, cell_of, edit, ingest
from warehouse.run.publish import NotBuiltError, publish
from warehouse.store.connection import open_working, working_lock
from warehouse.store.turn import WarehouseBusyError


def test_the_published_copy_cannot_be_written(city_run):
    connection = duckdb.connect(str(city_run.published_database), read_only=True)
    with pytest.raises(duckdb.InvalidInputException, match="read-only"):
        connection.execute("delete from registry.submission")
    assert city_run.published_database.stat().st_mode & 0o222 == 0


def test_what_the_models_were_not_built_from_is_not_published(fresh_copy, city):
    """Another run may have taken in a version since, or somebody has launched the step alone."""
    before = fresh_copy.published_database.read_bytes()
    edit(
        fresh_copy, city, NURSING_SCHOOL, 2023, lambda book: cell_of(book, "封面", "填报人").__setattr__("value", "甲")
    )
    ingest(fresh_copy, city)
    with pytest.raises(NotBuiltError, match="nianbao run"):
        publish(fresh_copy)
    assert fresh_copy.published_database.read_bytes() == before


def test_the_published_copy_can_be_queried_while_a_run_writes(fresh_copy):
    with open_working(fresh_copy) as writer:
        writer.execute("begin")
        writer.execute("delete from registry.submission")
        reader = duckdb.connect(str(fresh_copy.published_database), read_only=True)
        assert reader.execute("select count(*) from report.table_1_2_1").fetchone() == (25,)
        writer.execute("rollback")


def test_views_resolve_in_the_published_copy(published):
    assert published.execute("select count(*) from staging.stg_students").fetchone() == (23,)


def test_a_copy_that_fails_leaves_the_old_one_and_no_debris(fresh_copy, monkeypatch):
    before = fresh_copy.published_database.read_bytes()

    def fail(settings, source, target):
        target.write_bytes(b"half")
        raise OSError("disk full")

    monkeypatch.setattr("warehouse.run.publish.shaped_copy", fail)
    with pytest.raises(OSError, match="disk full"):
        publish(fresh_copy)
    assert fresh_copy.published_database.read_bytes() == before
    beside = {path.name for path in fresh_copy.published_database.parent.iterdir()}
    assert beside == {f"{name}.duckdb{seal}" for name in ("nianbao", "history") for seal in ("", ".sha256")}


def test_rows_still_in_the_write_ahead_log_are_published(fresh_copy):
    connection = duckdb.connect(str(fresh_copy.working_database), config={"checkpoint_threshold": "1GB"})
    connection.execute("pragma disable_checkpoint_on_shutdown")
    connection.execute("insert into registry.state values ('late', 'row')")
    connection.close()
    assert fresh_copy.working_database.with_name("nianbao.duckdb.wal").exists()
    publish(fresh_copy)
    reader = duckdb.connect(str(fresh_copy.published_database), read_only=True)
    assert reader.execute("select value from registry.state where name = 'late'").fetchone() == ("row",)


def _hold(
    settings: Settings, held: "multiprocessing.synchronize.Event", done: "multiprocessing.synchronize.Event"
) -> None:
    with working_lock(settings):
        held.set()
        done.wait(120)


def test_two_writers_take_turns(fresh_copy):
    context = multiprocessing.get_context("spawn")
    held, done = context.Event(), context.Event()
    other = context.Process(target=_hold, args=(fresh_copy, held, done))
    other.start()
    assert held.wait(120)
    with pytest.raises(WarehouseBusyError, match="另一个运行"), working_lock(fresh_copy, wait_seconds=0.5):
        pass
    done.set()
    with working_lock(fresh_copy, wait_seconds=120):
        pass
    other.join()


def test_a_writer_that_was_killed_does_not_block_the_next(fresh_copy):
    context = multiprocessing.get_context("spawn")
    held, done = context.Event(), context.Event()
    other = context.Process(target=_hold, args=(fresh_copy, held, done))
    other.start()
    assert held.wait(120)
    other.kill()
    other.join()
    with working_lock(fresh_copy, wait_seconds=60):
        pass
