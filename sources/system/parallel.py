"""The same work on many files that mostly waits for the disk: many at once. Work on what they hold is done `apart`."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

FEW = 100
"""So many are done one after the other before it is worth while to begin with more at once."""
WAITING = 32
"""A disk takes so many syncs at once for little more than the price of one."""
Item = TypeVar("Item")
Result = TypeVar("Result")


def while_waiting(work: Callable[[Item], Result], items: Sequence[Item]) -> Iterator[Result]:
    """The result for each item, in order, for work that mostly waits for the disk: many at once, when they are many."""
    if len(items) < FEW:
        yield from map(work, items)
        return
    with ThreadPoolExecutor(WAITING) as pool:
        yield from pool.map(work, items)
