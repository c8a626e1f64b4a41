"""The same work on many files: few are done in this process, many in one process for each processor."""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from typing import Any, TypeVar

FEW = 100
"""This process does so many before another has started and has imported what it needs."""
CHUNK = 8
WAITING = 32
"""A disk takes so many syncs at once for little more than the price of one."""
Item = TypeVar("Item")
Result = TypeVar("Result")


def each(work: Callable[[Item], Result], items: Sequence[Item]) -> Iterator[Result]:
    """Yields the result for each item, in order. Work goes on while the caller uses the results.

    Each process gets `work` once; items and results travel each time.
    """
    processors = len(os.sched_getaffinity(0))
    if len(items) < FEW or processors == 1:
        yield from map(work, items)
        return
    context = get_context("forkserver")  # a fork would copy other threads' locks
    with ProcessPoolExecutor(processors, context, _prepare, (work,)) as pool:
        yield from pool.map(_do, items, chunksize=CHUNK)


def while_waiting(work: Callable[[Item], Result], items: Sequence[Item]) -> Iterator[Result]:
    """The result for each item, in order, for work that mostly waits for the disk: many at once, when they are many."""
    if len(items) < FEW:
        yield from map(work, items)
        return
    with ThreadPoolExecutor(WAITING) as pool:
        yield from pool.map(work, items)


_prepared: list[Callable[[Any], Any]] = []


def _prepare(work: Callable[[Any], Any]) -> None:
    _prepared[:] = [work]


def _do(item: Any) -> Any:
    return _prepared[0](item)
