"""How a run is started, and what it says of itself when it fails: what readers see now, and nothing else."""

import subprocess
import sys

import dagster as dg
import pytest
from rich.console import Console

from orchestration.launch import RunFailedError, execute, open_instance
from orchestration.lib.what_stands import REPLACED, UNCHANGED, what_stands
from sources.declarations.city import City
from sources.system.settings import Settings
from tests.conftest import YEARS

QUIET = Console(quiet=True)


@pytest.fixture(autouse=True)
def _home_of_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """`open_instance` says where the books are; that is taken back after the test."""
    monkeypatch.setenv("DAGSTER_HOME", "")


def run_failing_in(settings: Settings, city: City, monkeypatch: pytest.MonkeyPatch, what: str) -> str:
    """Runs with one function replaced by one that fails; returns what is said of it."""

    def fail(*_: object, **__: object) -> None:
        raise OSError("磁盘已满")

    monkeypatch.setattr(f"orchestration.defs.{what}", fail)
    with pytest.raises(RunFailedError) as failed:
        execute(settings, city, YEARS, QUIET)
    return str(failed.value)


def test_a_run_that_fails_before_it_publishes_says_that_what_is_published_stays(fresh_copy, city, monkeypatch):
    before = fresh_copy.published_database.stat().st_ino
    said = run_failing_in(fresh_copy, city, monkeypatch, "intake_assets.take_in")
    assert UNCHANGED in said
    assert fresh_copy.published_database.stat().st_ino == before


def test_a_run_that_fails_after_it_has_published_does_not_say_that_nothing_has_changed(fresh_copy, city, monkeypatch):
    said = run_failing_in(fresh_copy, city, monkeypatch, "published_assets.print_table")
    assert REPLACED in said
    assert UNCHANGED not in said


def test_what_an_earlier_run_has_published_counts_too(tmp_path):
    """Years with a gap are several runs: the first may have published before the second fails."""

    @dg.asset
    def published() -> None: ...

    @dg.asset
    def other() -> None: ...

    with open_instance(Settings(home=tmp_path, city_dir=tmp_path)) as instance:
        first, second = (dg.materialize([asset], instance=instance).run_id for asset in (published, other))
        assert what_stands(instance, [second]) == UNCHANGED
        assert what_stands(instance, [first, second]) == REPLACED


def test_the_command_line_imports_neither_dagster_nor_duckdb_before_a_command_needs_it():
    program = "import sys, orchestration.cli.main; print(*sorted({'dagster', 'dbt', 'duckdb'} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
