"""kill -9 at any moment, two runs at once, a reader across the swap, a new machine: the end state is the same.

What is published is the old release or the new one, whole, and the next run ends right. `make test-deep` kills a run at
5 times drawn by lot, an intake at 8 of the moments at which it changes something, a publication at each at which it
changes a file; `make test` at a few, and where two runs at once or a new machine are concerned up to the end of intake.
`python -m tests.bench kills` kills 200 times.
"""

import random
import shutil
import tarfile
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from sources.declarations.city import City
from sources.system.settings import Settings
from tests.conftest import deep, long
from tests.crash import children
from tests.crash.eve import killed_at, moment_of, on_the_eve, run_undisturbed
from tests.crash.installation import NOTED_BY_A_BUILD, OWN, Content, Installation, content, content_seen_by, debris


@pytest.fixture(scope="module")
def eve(city_run: Settings, city: City, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    return on_the_eve(city_run, city, tmp_path_factory.mktemp("crash"))


@pytest.fixture(scope="module")
def old(city_run: Settings) -> Content:
    return content(city_run.published_database)


@pytest.fixture(scope="module")
def undisturbed(eve: Installation, city_run: Settings, old: Content) -> tuple[Content, float]:
    """What the run publishes if nothing happens, and its seconds. Saves the state `built`: not yet published."""
    new, seconds = run_undisturbed(eve)
    assert new != old
    eve.settings.published_database.unlink()
    shutil.copyfile(city_run.published_database, eve.settings.published_database)
    eve.save("built")
    return new, seconds


@pytest.fixture(scope="module")
def new(undisturbed: tuple[Content, float]) -> Content:
    return undisturbed[0]


@pytest.mark.parametrize("kill", [0, *deep(1, 2), *long(3, 4)])
def test_after_a_kill_at_a_random_moment_the_next_run_ends_right(eve, old, undisturbed, kill):
    new, seconds = undisturbed
    killed_at(eve, moment_of(kill, seconds), old, new)


@pytest.fixture(scope="module")
def taken_in(eve: Installation) -> tuple[Content, list[str]]:
    """What the working database holds after an intake, and the moments at which intake changes something."""
    moments = moments_of(children.take_in, eve, "eve")
    return content(eve.settings.working_database), moments


def moments_of(work: children.Work, installation: Installation, state: str) -> list[str]:
    """Every moment at which the work is about to change something, in the order in which they come."""
    installation.restore(state)
    log = installation.saved / f"{work.__name__}.log"
    assert children.finish(children.counted, installation.settings, work, log) == 0
    return log.read_text().split("\n")


def first_of(moments: list[str], *important: str) -> list[int]:
    return [moments.index(each) for each in important]


@pytest.mark.parametrize("drawn", [0, *deep(8)])
def test_an_intake_killed_at_any_moment_is_taken_up_again(eve, old, taken_in, drawn):
    after, moments = taken_in
    by_lot = random.Random("moments of an intake").sample(range(len(moments)), min(drawn, len(moments)))
    for nth in sorted({*first_of(moments, "os.rename archive", "sql update"), *by_lot}):
        eve.restore("eve")
        assert children.finish(children.killed_before, eve.settings, children.take_in, nth) == children.KILLED
        assert content(eve.settings.published_database) == old, f"killed before {moments[nth]}"
        assert children.finish(children.take_in, eve.settings) == 0
        assert content(eve.settings.working_database) == after, f"killed before {moments[nth]}"
        assert debris(eve.settings) == []


@pytest.mark.deep
def test_a_publication_killed_at_any_moment_leaves_the_old_copy_or_the_new_one(eve, old, new):
    """At every moment at which it changes a file itself, and at 8 of the hundreds at which the new copy is filled."""
    moments = moments_of(children.publish_only, eve, "built")
    swap = moments.index("os.rename published")
    fills = [nth for nth, moment in enumerate(moments) if moment.startswith("sql")]
    by_lot = random.Random("moments of a publication").sample(fills, min(8, len(fills)))
    for nth in sorted({*range(len(moments))} - {*fills} | {*by_lot}):
        eve.restore("built")
        assert children.finish(children.killed_before, eve.settings, children.publish_only, nth) == children.KILLED
        assert content(eve.settings.published_database) == (new if nth > swap else old), f"killed before {moments[nth]}"
        assert children.finish(children.publish_only, eve.settings) == 0
        assert content(eve.settings.published_database) == new
        assert debris(eve.settings) == []


def test_a_reader_keeps_the_copy_it_has_open_and_the_next_one_sees_the_new(eve, old, new):
    eve.restore("built")
    reader = duckdb.connect(str(eve.settings.published_database), read_only=True)
    assert children.finish(children.publish_only, eve.settings) == 0
    assert content_seen_by(reader) == old
    reader.close()
    assert content(eve.settings.published_database) == new


@pytest.mark.parametrize("work", [children.take_in, *deep(children.run)])
def test_two_runs_at_once_take_turns(eve, undisturbed, taken_in, work):
    eve.restore("eve")
    runs = [children.start(work, eve.settings) for _ in range(2)]
    for run in runs:
        run.join()
    assert [run.exitcode for run in runs] == [0, 0]
    whole, without_models = undisturbed[0], taken_in[0]
    assert content(eve.settings.working_database) == (whole if work is children.run else without_models)
    assert debris(eve.settings) == []


@pytest.mark.parametrize("work", [children.take_in, *long(children.run)])
def test_a_new_machine_makes_the_same_warehouse_from_a_backup_of_the_archive_alone(eve, new, tmp_path: Path, work):
    """The same down to the times of receipt; only the times of the verdicts are of the new run."""
    eve.restore("built")
    with tarfile.open(tmp_path / "backup.tar", "w") as backup:
        backup.add(eve.settings.archive, "archive")
    restored = replace(eve.settings, home=tmp_path / "restored")
    restored.inbox.mkdir(parents=True)
    with tarfile.open(tmp_path / "backup.tar") as backup:
        backup.extractall(restored.home, filter="data")
    assert children.finish(work, restored) == 0
    before, after = (content(each.working_database, OWN) for each in (eve.settings, restored))
    compared = after.keys() - (NOTED_BY_A_BUILD if work is children.take_in else set())
    assert {name: before[name] for name in compared} == {name: after[name] for name in compared}
    assert (set(after) == set(before)) == (work is children.run)
