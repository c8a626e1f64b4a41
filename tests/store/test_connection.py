"""Connections are as the settings say."""

from dataclasses import replace

import pytest

from sources.system.settings import load_settings
from warehouse.store.connection import open_published, open_working, rewrite_working


@pytest.mark.parametrize("opened", [open_working, open_published, rewrite_working])
def test_a_database_is_opened_with_as_many_threads_as_the_settings_say(fresh_copy, opened):
    with opened(replace(fresh_copy, threads=3)) as connection:
        assert connection.execute("select current_setting('threads')").fetchone() == (3,)


def test_threads_come_from_the_environment(monkeypatch):
    monkeypatch.setenv("NIANBAO_THREADS", "3")
    assert load_settings().threads == 3
    monkeypatch.setenv("NIANBAO_THREADS", "")
    assert load_settings().threads is None
