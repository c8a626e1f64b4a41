"""Spark's driver, run by the Python of `.venv/spark`: passes tasks to a cluster's workers, and their answers back.

It imports nothing of nianbao, for its Python has not what nianbao needs: work, items and answers are bytes to it. Each
task is a job of one partition, so what fails is one task, and Spark tries it on other executors before it says so.
"""

import os
import signal
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from pyspark import SparkConf, SparkContext

AT_ONCE = 256
"""Tasks that wait for an executor or run: more than are ever asked for ahead, of what is read and what is judged."""
WITHOUT_EXECUTORS, LOOKS = 120, 5
"""Seconds for which a cluster may have none before the driver gives up, and between two looks."""
SETTINGS = {
    "spark.app.name": "nianbao",
    "spark.master": os.environ.get("NIANBAO_SPARK_MASTER", "local[2]"),
    "spark.driver.memory": os.environ.get("NIANBAO_SPARK_MEMORY", "1g"),
    "spark.scheduler.mode": "FAIR",  # each work is a pool: what is judged now does not wait for what is read ahead
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
}
SHOWN = 2000
"""Letters of what Spark says of a task that failed."""


def main(descriptor: int) -> None:
    """Takes (number, name of the work, the work or None, items) from a pipe until it ends; the work comes once.

    Answers (number, answer or None, what went wrong), in any order.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the run; this ends when the run does
    pipe = Connection(descriptor)
    context = SparkContext(conf=SparkConf().setAll(list(SETTINGS.items())))
    ends = threading.Event()
    if not context.master.startswith("local"):
        threading.Thread(target=end_without_executors, args=(context, ends), daemon=True).start()
    one_at_a_time = threading.Lock()
    works: dict[str, Any] = {}

    def do(number: int, name: str, items: bytes) -> None:
        answer, trouble, work = None, "", works[name]
        try:
            context.setLocalProperty("spark.scheduler.pool", name)
            (answer,) = context.parallelize([items], 1).map(lambda each: on_worker(work.value, each)).collect()
        except Exception as error:  # noqa: BLE001 - told; the run does this task itself
            trouble = str(error)[:SHOWN]
        with one_at_a_time:
            pipe.send((number, answer, trouble))

    pool = ThreadPoolExecutor(AT_ONCE)
    while True:
        try:
            number, name, work, items = pipe.recv()
        except EOFError:  # the run has all that it asked for, or is gone
            break
        if work is not None:
            works[name] = context.broadcast(work)
        pool.submit(do, number, name, items)
    ends.set()
    pool.shutdown(wait=False, cancel_futures=True)
    context.stop()
    os._exit(0)  # threads may still wait for tasks that nobody wants any more


def on_worker(work: bytes, items: bytes) -> bytes:
    """Done on a worker, by nianbao's own Python. What it starts does not find PySpark: pandera would import it."""
    path, variable = sys.path[:], os.environ.pop("PYTHONPATH", None)
    of_spark = [each for each in path if Path(each).name.startswith(("pyspark", "py4j"))]
    sys.path[:] = [each for each in path if each not in of_spark]
    try:
        from sources.system.task import answer_to

        return answer_to(work, items)
    finally:
        sys.path[:] = path
        if variable is not None:
            os.environ["PYTHONPATH"] = variable


def end_without_executors(context: SparkContext, ends: threading.Event) -> None:
    """Ends this process when the cluster has had no executor for so long; Spark itself would wait for ever."""
    last = time.monotonic()
    while not ends.wait(LOOKS):
        if context._jsc.sc().getExecutorMemoryStatus().size() > 1:  # the driver counts too
            last = time.monotonic()
        elif time.monotonic() - last > WITHOUT_EXECUTORS:
            os.write(2, f"no executor for {WITHOUT_EXECUTORS} seconds\n".encode())
            os._exit(1)


if __name__ == "__main__":
    main(int(sys.argv[1]))
