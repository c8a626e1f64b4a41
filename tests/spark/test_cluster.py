"""The workers of a cluster read and judge files as processes of one machine do: the same end, value by value."""

import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from sources.archive.quarantine import quarantine_decisions
from sources.sample.poured import poured
from sources.system.apart import each_apart
from sources.system.fingerprint import sha256_of
from sources.system.settings import CITIES_ROOT, Limits, Settings
from tests.conftest import TODAY, select
from tests.hostile.test_quarantine import SLOW, SLOW_ID, WIDE
from tests.intake.test_elsewhere import put_hostile, taken_in
from tests.spark.standalone import WORKERS, Standalone, joined, standalone
from warehouse.run.cluster import DONE_HERE, Cluster, ClusterError
from warehouse.run.spark import missing_for_spark

missing = missing_for_spark()
pytestmark = [pytest.mark.spark, pytest.mark.skipif(missing is not None, reason=missing or "")]
HOSTILE = ("poison", "bzip2", "merges", "entities", "one_huge_merge", "row_huge", "bad_targets")
"""Refused, rejected and accepted kinds that are made at once."""


@pytest.fixture(scope="module")
def cluster(of_two: Standalone, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    home = tmp_path_factory.mktemp("cluster")
    with joined(of_two, Settings(home, CITIES_ROOT / "450700")) as cluster:
        yield cluster


@pytest.fixture
def sample(city_run: Settings, tmp_path: Path) -> Settings:
    """The workbooks of the sample city, of two years, in the inbox of an empty installation."""
    return with_inbox(city_run, city_run.inbox, tmp_path / "here")


@pytest.fixture
def other_city(tmp_path: Path) -> Settings:
    """A made-up city with planted faults, hostile files, and one that takes more time than it may."""
    made = poured(12, cache=tmp_path / "poured", processes=1)
    settings = Settings(tmp_path / "none", made.city_dir, WIDE, TODAY)
    settings = with_inbox(settings, made.inbox, tmp_path / "here")
    put_hostile(settings.inbox, HOSTILE)
    (settings.inbox / "2023_一百万行.xlsx").write_bytes(SLOW)
    return settings


def with_inbox(settings: Settings, inbox: Path, home: Path) -> Settings:
    shutil.copytree(inbox, home / "inbox")
    return replace(settings, home=home)


def elsewhere(settings: Settings, folder: Path) -> Settings:
    """The same inbox in another installation."""
    return with_inbox(settings, settings.inbox, folder / "elsewhere")


def statuses(settings: Settings) -> dict[str, int]:
    found = select(settings, "select status, count(*) from registry.submission group by all")
    return dict(found.iter_rows())


def test_the_sample_city_is_read_and_judged_as_on_one_machine(sample, cluster, tmp_path, caplog):
    there = elsewhere(sample, tmp_path)
    assert taken_in(there, cluster.each_apart) == taken_in(sample, each_apart)
    assert DONE_HERE not in caplog.text
    assert statuses(there) == {"accepted": 25}


def test_another_city_is_too_with_what_is_refused_rejected_and_exceeds_its_limits(
    other_city, cluster, tmp_path, caplog
):
    there = elsewhere(other_city, tmp_path)
    assert taken_in(there, cluster.each_apart) == taken_in(other_city, each_apart)
    assert DONE_HERE not in caplog.text
    assert statuses(there)["rejected"] > len(HOSTILE) / 2
    aside = {each.submission_id for each in quarantine_decisions(there.archive)}
    assert aside == {SLOW_ID}, "what exceeds its limits on a worker is set aside, and nothing else"


HANGING = 120
"""Seconds; only a guard against a hang."""


@dataclass(frozen=True)
class Slowly:
    """Work that takes a moment longer, and notes in a folder where each item is begun, and what has ended."""

    work: Callable[[Any], Any]
    notes: Path

    def __call__(self, item: Any) -> Any:
        name = sha256_of(repr(item).encode())
        with (self.notes / f"{name}.begun").open("a") as begun:
            begun.write(f"{Path.cwd()}\n")
        time.sleep(0.3)
        done = self.work(item)
        (self.notes / f"{name}.ended").touch()
        return done


def first_busy(notes: Path) -> int:
    """Waits for a worker that has begun with something that has not ended; one may have done its share already."""
    begun = time.monotonic()
    while time.monotonic() - begun < HANGING:
        for number in range(WORKERS):
            mine = (path for path in notes.glob("*.begun") if f"worker_{number}" in path.read_text())
            if any(not path.with_suffix(".ended").exists() for path in mine):
                return number
    raise AssertionError("no worker has anything in hand")


def test_a_worker_that_is_killed_while_it_reads_loses_nothing(sample, tmp_path):
    there, notes = elsewhere(sample, tmp_path), tmp_path / "notes"
    notes.mkdir()
    killer: list[Thread] = []
    with standalone(tmp_path) as of_two, joined(of_two, there) as cluster:

        def with_a_kill(work, *arguments, **named):
            if any(
                worker.poll() is not None for worker in of_two.workers
            ):  # files are read, then judged: one kill in all
                return cluster.each_apart(work, *arguments, **named)
            # Killed from beside: the first outcome may come as late as the last, when a worker has started late.
            killer.append(Thread(target=lambda: of_two.kill(first_busy(notes))))
            killer[0].start()
            return cluster.each_apart(Slowly(work, notes), *arguments, **named)

        found = taken_in(there, with_a_kill)
        killer[0].join(HANGING)
        assert any(worker.poll() is not None for worker in of_two.workers)
    assert found == taken_in(sample, each_apart)
    again = [path for path in notes.glob("*.begun") if len(path.read_text().splitlines()) == 2]
    assert again, "what the dead worker had in hand was done by the other"


def test_what_no_worker_can_do_is_done_here_and_told_as_here(cluster, tmp_path, caplog):
    (tmp_path / "here").write_text("only here")
    outcomes = cluster.each_apart(read_where_it_is, [tmp_path / "here", tmp_path / "gone"], Limits())
    assert next(outcomes) == "only here"
    assert DONE_HERE in caplog.text
    with pytest.raises(FileNotFoundError, match="gone"):
        next(outcomes)


def test_a_cluster_that_is_not_there_is_told_with_its_address_and_its_log(of_two, tmp_path):
    nowhere = Settings(tmp_path, CITIES_ROOT / "450700")
    with (
        joined(of_two, nowhere, NIANBAO_SPARK_MASTER="spork://nowhere") as cluster,
        pytest.raises(ClusterError, match=rf"spork://nowhere.*{cluster.log}"),
    ):
        list(cluster.each_apart(abs, [-1], Limits()))
    assert "SparkException" in cluster.log.read_text()


def read_where_it_is(path: Path) -> str:
    """Fails on every worker of the cluster, as a file that only one machine has."""
    if "worker_" in str(Path.cwd()):
        raise OSError("no such folder on this machine")
    return path.read_text()
