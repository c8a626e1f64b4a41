"""How a run is started, and what it says of itself when it fails: what readers see now, and nothing else."""

import json
import shutil
import subprocess
import sys

import dagster as dg
import pytest

from orchestration.defs import published_assets
from orchestration.launch import RunFailedError, execute, open_instance
from orchestration.lib.terminal import Terminal
from orchestration.lib.what_stands import NOTHING, REPLACED, UNCHANGED, what_stands
from sources.declarations.city import City
from sources.system.settings import Settings
from tests.conftest import YEARS, deep
from warehouse.intake import feedback

QUIET = Terminal(quiet=True)
NURSING = "钦州市卫生学校"


@pytest.fixture(autouse=True)
def _home_of_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """`open_instance` says where the books are; that is taken back after the test."""
    monkeypatch.setenv("DAGSTER_HOME", "")


MACHINE = "No space left on device"


def run_failing_in(settings: Settings, city: City, monkeypatch: pytest.MonkeyPatch, what: str) -> str:
    """Runs with one function replaced by one that fails; returns what is said of it."""

    def fail(*_: object, **__: object) -> None:
        raise OSError(28, MACHINE)

    monkeypatch.setattr(f"orchestration.defs.{what}", fail)
    with pytest.raises(RunFailedError) as failed:
        execute(settings, city, YEARS, QUIET)
    return str(failed.value)


@pytest.mark.parametrize("what", ["intake_assets.take_in", *deep("published_assets.publish")])
def test_a_run_that_fails_before_it_publishes_says_that_what_is_published_stays(fresh_copy, city, monkeypatch, what):
    before = fresh_copy.published_database.stat().st_ino
    said = run_failing_in(fresh_copy, city, monkeypatch, what)
    assert UNCHANGED in said
    assert fresh_copy.published_database.stat().st_ino == before


@pytest.mark.parametrize(
    ("what", "label"),
    [
        pytest.param("published_assets.print_table", "输出汇总表", marks=pytest.mark.deep),
        pytest.param("feedback_assets.write_feedback", "准备退回件", marks=pytest.mark.deep),
    ],
)
def test_a_run_that_published_says_so_and_what_has_failed(fresh_copy, city, monkeypatch, what, label):
    said = run_failing_in(fresh_copy, city, monkeypatch, what)
    assert REPLACED in said
    assert UNCHANGED not in said
    assert label in said


@pytest.mark.deep
def test_a_run_that_fails_between_the_swap_and_the_end_of_its_step_says_what_the_file_says(
    fresh_copy, city, monkeypatch
):
    publish = published_assets.publish

    def publish_and_fail(settings: Settings) -> None:
        publish(settings)
        raise OSError(28, MACHINE)

    monkeypatch.setattr(published_assets, "publish", publish_and_fail)
    with pytest.raises(RunFailedError, match=REPLACED):
        execute(fresh_copy, city, YEARS, QUIET)


def test_a_run_that_fails_where_nothing_was_ever_published_says_so(empty, city, monkeypatch):
    assert NOTHING in run_failing_in(empty, city, monkeypatch, "intake_assets.take_in")


def test_one_table_and_one_workbook_that_fail_are_told_and_stop_nothing_else(fresh_copy, city, monkeypatch):
    print_table, write = published_assets.print_table, feedback._write
    shutil.rmtree(fresh_copy.summary_tables, ignore_errors=True)
    shutil.rmtree(fresh_copy.feedback, ignore_errors=True)

    def print_all_but_one(connection, of, table):
        if table.code == "1.2-2":
            raise ValueError("a fault of ours")
        return print_table(connection, of, table)

    def write_all_but_one(path, data):
        if NURSING in path.name:
            raise ValueError("a fault of ours")
        write(path, data)

    monkeypatch.setattr(published_assets, "print_table", print_all_but_one)
    monkeypatch.setattr(feedback, "_write", write_all_but_one)
    done = execute(fresh_copy, city, [2023], QUIET)
    told = "\n".join(done.unmade)
    assert len(done.unmade) == 2
    assert "表1.2-2" in told
    assert f"{NURSING} 的退回件" in told
    assert "ValueError" in told
    assert (fresh_copy.summary_tables / "2023" / "附表3.csv").exists()
    written = [path.name for path in fresh_copy.feedback.glob("2023/*")]
    assert written
    assert not any(NURSING in name for name in written)

    noted = json.loads((fresh_copy.feedback / feedback.INDEX).read_text())
    assert not any(NURSING in name for name in noted), "the next run tries again"


def test_what_an_earlier_run_has_published_counts_too(tmp_path):
    """Years with a gap are several runs: the first may have published before the second fails."""
    settings = Settings(home=tmp_path, city_dir=tmp_path)

    @dg.asset
    def published() -> None:
        settings.published_database.parent.mkdir()
        settings.published_database.touch()

    @dg.asset
    def other() -> None: ...

    with open_instance(settings) as instance:
        before = dg.materialize([other], instance=instance).run_id
        first, second = (dg.materialize([asset], instance=instance).run_id for asset in (published, other))
        assert what_stands(settings, instance, [second]) == UNCHANGED
        assert REPLACED in what_stands(settings, instance, [first, second])
        assert REPLACED in what_stands(settings, instance, [before]), "somebody has published since it began"


@pytest.mark.parametrize(
    ("imported", "without"),
    [
        ("orchestration.cli.main", {"dagster", "dbt", "duckdb"}),
        (
            "orchestration.definitions",
            {"altair", "docxtpl", "highspy", "sqlglot", "typst"}
            | {"orchestration.lib.what_waits", "warehouse.post", "warehouse.release.documents"},
        ),
        ("sources.handle, sources.write.marked_workbook", {"pandera", "polars"}),
    ],
    ids=["a command", "a run", "the worker that reads files and marks them"],
)
def test_it_imports_only_what_it_needs(imported: str, without: set[str]):
    program = f"import sys, {imported}; print(*sorted({without!r} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
