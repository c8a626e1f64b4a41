"""Connections are as the settings say; a database of another version is told, with what to do."""

from dataclasses import replace

import duckdb
import pytest

from sources.system.settings import load_settings
from warehouse.store import connection as connection_module
from warehouse.store.connection import OtherVersionError, open_published, open_working, rewrite_working


@pytest.mark.parametrize("opened", [open_working, open_published, rewrite_working])
def test_a_database_is_opened_with_as_many_threads_as_the_settings_say(fresh_copy, opened):
    with opened(replace(fresh_copy, threads=3)) as connection:
        assert connection.execute("select current_setting('threads')").fetchone() == (3,)


def test_short_tables_are_one_threads_work(fresh_copy, monkeypatch):
    with open_published(fresh_copy) as connection:
        assert connection.execute("select current_setting('threads')").fetchone() == (1,)
    monkeypatch.setattr(connection_module, "SHORT_FILE", 1000)
    with open_published(fresh_copy) as connection:
        (threads,) = connection.execute("select current_setting('threads')").fetchone()
    with duckdb.connect() as own:
        assert own.execute("select current_setting('threads')").fetchone() == (threads,)


def test_threads_come_from_the_environment(monkeypatch):
    monkeypatch.setenv("NIANBAO_THREADS", "3")
    assert load_settings().threads == 3
    monkeypatch.setenv("NIANBAO_THREADS", "")
    assert load_settings().threads is None


@pytest.mark.parametrize("asked", ["select of_version from quality.finding", "select code from reference.region"])
def test_a_database_that_another_version_published_is_told(empty, asked):
    empty.published_database.parent.mkdir(parents=True)
    with duckdb.connect(str(empty.published_database)) as made_by_another:
        made_by_another.execute("create schema quality; create table quality.finding (finding_id varchar)")
    with (
        pytest.raises(OtherVersionError, match=r"另一个版本的程序做的.*请先运行 nianbao run"),
        open_published(empty) as it,
    ):
        it.execute(asked)
