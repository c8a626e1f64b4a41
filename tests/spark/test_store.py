"""Workers that do not mount the archive find its files in an S3 store, also in one that fails one request in twenty."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import pytest

from sources.archive.store import Store, StoreError
from sources.system.apart import each_apart
from sources.system.settings import Settings
from tests.intake.test_elsewhere import put_hostile, taken_in
from tests.spark.s3_server import FAILS_EACH, MOTO, Served, s3_that_fails_at_times
from tests.spark.standalone import LIGHT, Standalone, joined
from warehouse.run.cluster import DONE_HERE
from warehouse.run.spark import missing_for_spark

missing = missing_for_spark() or (
    "make .venv/s3.stamp .venv/s3-server.stamp" if not find_spec("s3fs") or not MOTO.exists() else None
)
pytestmark = [pytest.mark.spark, pytest.mark.skipif(missing is not None, reason=missing or "")]


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    """A server with an empty bucket, and the environment of its clients."""
    from s3fs import S3FileSystem

    S3FileSystem.clear_instance_cache()  # it remembers the server of the test before
    with s3_that_fails_at_times() as served:
        for name, value in served.credentials.items():
            monkeypatch.setenv(name, value)
        S3FileSystem().mkdir("nianbao")
        yield served


def test_the_end_is_the_same(s3: Served, of_two: Standalone, city_run: Settings, tmp_path: Path, caplog):
    here, there = (replace(city_run, home=tmp_path / name) for name in ("here", "there"))
    shutil.copytree(city_run.inbox, here.inbox)
    put_hostile(here.inbox, ("poison", "bzip2", "entities"))
    shutil.copytree(here.inbox, there.inbox)
    to_workers = " ".join(f"--conf spark.executorEnv.{name}={value}" for name, value in s3.credentials.items())
    submitted = f"{LIGHT} {to_workers} pyspark-shell"
    with joined(of_two, there, NIANBAO_SPARK_STORE="s3://nianbao/archive", PYSPARK_SUBMIT_ARGS=submitted) as cluster:
        found = taken_in(there, cluster.each_apart)
    assert found == taken_in(here, each_apart)
    files = len(list(there.inbox.iterdir()))
    assert s3.asked["PUT"] > files
    assert s3.asked["GET"] >= files, "each was fetched by a worker"
    assert s3.failed >= s3.asked.total() // FAILS_EACH > 2
    assert DONE_HERE not in caplog.text


def test_a_file_is_put_once_and_comes_back_as_it_was(s3: Served, tmp_path: Path):
    file = tmp_path / "archive" / "ab" / "abcd.xlsx"
    file.parent.mkdir(parents=True)
    file.write_bytes(b"content")
    store = Store("s3://nianbao/archive", tmp_path / "archive")
    for _ in range(3):
        store.put([file])
    assert store.get(file, tmp_path).read_bytes() == b"content"
    assert s3.asked["PUT"] == 2, "the bucket, and the file"


def test_a_store_of_no_known_kind_is_told_with_its_address(tmp_path: Path):
    (tmp_path / "a.xlsx").write_bytes(b"")
    with pytest.raises(StoreError, match="s4://nowhere/archive"):
        Store("s4://nowhere/archive", tmp_path).put([tmp_path / "a.xlsx"])
