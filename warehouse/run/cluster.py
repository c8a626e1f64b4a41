"""Reading and judging as tasks of a Spark cluster: the same functions on the same files, on other machines.

A task is a few items; it is done on a worker by nianbao's own Python, each item in a process within limits
(sources/system/task.py). Spark's driver is a process of `.venv/spark` (spark_driver.py), which passes bytes. A worker
that dies gives its tasks to the others. A task that failed wherever Spark tried it is done here: what it dies of is
told as on one machine.
"""

import logging
import os
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from multiprocessing import Pipe
from pathlib import Path
from typing import TypeVar

from sources.archive.store import Store
from sources.handle import FromStore, files_of
from sources.system.access import private_folder
from sources.system.apart import EachApart, Exceeded, Watch, each_apart
from sources.system.faults import ToldError
from sources.system.fingerprint import sha256_of
from sources.system.settings import Limits, Settings
from sources.system.task import outcomes_in, packed_items, packed_work
from warehouse.run.spark import spark_folder, spark_python

Item = TypeVar("Item")
Result = TypeVar("Result")
AHEAD = 64
"""Tasks that are asked for before the first of them is waited for."""
LARGEST, SHARES = 32, 16
"""Items of a task: no more than so many, and fewer where that gives each of so many hands a task."""
ENDS_WITHIN = 10
"""Seconds that Spark has to take leave of its cluster."""


DONE_HERE = "集群没有做成一个任务，改由本机做"
"""In the log."""


class ClusterError(ToldError):
    """Spark's driver has ended before it had answered."""


@contextmanager
def spark_cluster(settings: Settings) -> Iterator[EachApart]:
    """A cluster that does work on items while this lasts: that of NIANBAO_SPARK_MASTER. It starts while others work.

    The caller has seen that nothing is missing for Spark.
    """
    cluster = Cluster(settings)
    try:
        yield cluster.each_apart
    finally:
        cluster.end()


class Cluster:
    """A Spark application as seen from here."""

    def __init__(self, settings: Settings) -> None:
        address = os.environ.get("NIANBAO_SPARK_STORE")
        self.store = Store(address, settings.archive) if address else None
        self.log = spark_folder(settings) / "cluster.log"
        private_folder(self.log.parent)
        self.pipe, theirs = Pipe()
        self.asked = 0
        self.known: set[str] = set()
        self.answers: dict[int, tuple[bytes | None, str]] = {}
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [str(spark_python()), str(Path(__file__).with_name("spark_driver.py")), str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                pass_fds=[theirs.fileno()],
                env=os.environ | {"PYSPARK_PYTHON": sys.executable, "PYSPARK_DRIVER_PYTHON": str(spark_python())},
            )
        theirs.close()

    def each_apart(
        self,
        work: Callable[[Item], Result],
        items: Sequence[Item],
        limits: Limits,
        watch: Watch[Item] | None = None,
        one_at_a_time: bool = False,
    ) -> Iterator[Result | Exceeded]:
        """As `apart.each_apart`. `watch` is told nothing, and all go on at once: no item can end this process."""
        size = max(1, min(LARGEST, len(items) // SHARES))
        if self.store:
            self.store.put(files_of(items))
        packed = packed_work(work, limits, FromStore(self.store)) if self.store else packed_work(work, limits)
        waiting: deque[tuple[int, Sequence[Item]]] = deque()
        for at in range(0, len(items), size):
            some = items[at : at + size]
            waiting.append((self._ask(packed, packed_items(some)), some))
            if len(waiting) >= AHEAD:
                yield from self._outcomes(work, limits, *waiting.popleft())
        while waiting:
            yield from self._outcomes(work, limits, *waiting.popleft())

    def end(self) -> None:
        """Lets the cluster go; at once if nothing was asked: then it may still be starting."""
        self.pipe.close()
        try:
            self.process.wait(ENDS_WITHIN if self.asked else 0)
        except subprocess.TimeoutExpired:
            self.process.kill()  # its Java machine ends with it
            self.process.wait()

    def _ask(self, work: bytes, items: bytes) -> int:
        """Asks for a task; returns its number."""
        self.asked += 1
        name = sha256_of(work)
        try:
            self.pipe.send((self.asked, name, None if name in self.known else work, items))
        except OSError as error:
            raise self._gone() from error
        self.known.add(name)
        return self.asked

    def _outcomes(
        self, work: Callable[[Item], Result], limits: Limits, number: int, items: Sequence[Item]
    ) -> Iterator[Result | Exceeded]:
        while number not in self.answers:
            try:
                answered, *answer = self.pipe.recv()
            except (EOFError, OSError) as error:
                raise self._gone() from error
            self.answers[answered] = (answer[0], answer[1])
        found, trouble = self.answers.pop(number)
        if found is not None:
            yield from outcomes_in(found)
            return
        logging.getLogger(__name__).warning("%s：%s", DONE_HERE, trouble)
        yield from each_apart(work, items, limits)

    def _gone(self) -> ClusterError:
        return ClusterError(
            f"Spark 集群（{os.environ.get('NIANBAO_SPARK_MASTER', 'local[2]')}）连不上或中断了。已经写下的都是完整的；"
            f"请看 {self.log}，检查集群后再运行一次，或不加 --target spark 在本机运行"
        )
