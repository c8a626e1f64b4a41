"""A Spark cluster on this machine: a master and two workers, processes of their own as a bureau has machines."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from sources.system.interrupt import descendants
from sources.system.settings import Settings
from warehouse.run.cluster import Cluster
from warehouse.run.spark import spark_python

WORKERS = 2
LIGHT = " ".join(f"--conf spark.{who}.extraJavaOptions=-XX:TieredStopAtLevel=1" for who in ("driver", "executor"))
LIGHT += " --conf spark.task.maxFailures=2"
"""For PYSPARK_SUBMIT_ARGS: Java machines that start soon, and a task is tried twice, not four times."""
STARTS_WITHIN = 60
SMALL = {
    "SPARK_DAEMON_MEMORY": "256m",
    "SPARK_DAEMON_JAVA_OPTS": "-XX:TieredStopAtLevel=1",
    "SPARK_LOCAL_IP": "127.0.0.1",
}


@dataclass(frozen=True)
class Standalone:
    """`address` is what NIANBAO_SPARK_MASTER takes."""

    address: str
    master: subprocess.Popen[bytes]
    workers: tuple[subprocess.Popen[bytes], ...]

    def kill(self, number: int) -> None:
        """Ends a worker, its executors and what they have started, as a machine that fails."""
        worker = self.workers[number]
        for process in [worker.pid, *descendants(worker.pid)]:
            os.kill(process, signal.SIGKILL)
        worker.wait()


@contextmanager
def standalone(folder: Path) -> Iterator[Standalone]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = f"spark://127.0.0.1:{port}"
    log = folder / "master.log"
    master = start(log, "master.Master", "--host", "127.0.0.1", "--port", str(port), "--webui-port", "0")
    workers = tuple(
        start(
            folder / f"worker_{number}.log",
            "worker.Worker",
            *("--host", "127.0.0.1", "--webui-port", "0", "--cores", "1", "--memory", "1g"),
            *("--work-dir", str(folder / f"worker_{number}"), address),
        )
        for number in range(WORKERS)
    )
    try:
        wait_for(log, "Registering worker", WORKERS)
        yield Standalone(address, master, workers)
    finally:
        for process in (*workers, master):
            for each in descendants(process.pid):
                os.kill(each, signal.SIGKILL)
            process.kill()
            process.wait()


@contextmanager
def joined(there: Standalone, settings: Settings, **environment: str) -> Iterator[Cluster]:
    """The cluster as a run of an installation has it."""
    given = {"NIANBAO_SPARK_MASTER": there.address, "PYSPARK_SUBMIT_ARGS": f"{LIGHT} pyspark-shell"}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in (given | {"SPARK_LOCAL_IP": "127.0.0.1"} | environment).items():
            patch.setenv(name, value)
        cluster = Cluster(settings)
        try:
            yield cluster
        finally:
            cluster.end()


def start(log: Path, what: str, *arguments: str) -> subprocess.Popen[bytes]:
    """One of Spark's processes; the shell script becomes the Java machine."""
    (spark_class,) = spark_python().parents[1].glob("lib/python*/site-packages/pyspark/bin/spark-class")
    with log.open("wb") as said:
        return subprocess.Popen(
            [str(spark_class), f"org.apache.spark.deploy.{what}", *arguments],
            env=os.environ | SMALL,
            stdout=said,
            stderr=subprocess.STDOUT,
        )


def wait_for(log: Path, words: str, times: int) -> None:
    deadline = time.monotonic() + STARTS_WITHIN
    while log.read_text(errors="replace").count(words) < times:
        assert time.monotonic() < deadline, log.read_text(errors="replace")[-2000:]
        time.sleep(0.1)
