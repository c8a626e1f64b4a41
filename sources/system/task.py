"""A task of a cluster: work and items as bytes, done on another machine by the same functions within the same limits.

What carries them there is none of ours (warehouse/run/cluster.py has Spark); a worker calls `answer_to`.
"""

import pickle
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from sources.system.apart import Exceeded, each_apart
from sources.system.settings import Limits

Prepare = Callable[[Sequence[Any]], AbstractContextManager[Sequence[Any]]]
"""Items as they are elsewhere → as they are on this machine, for as long as they are worked on; within no limits."""


def packed_work(work: Callable[[Any], Any], limits: Limits, prepare: Prepare = nullcontext) -> bytes:
    return pickle.dumps((work, limits, prepare), pickle.HIGHEST_PROTOCOL)


def packed_items(items: Sequence[Any]) -> bytes:
    return pickle.dumps(tuple(items), pickle.HIGHEST_PROTOCOL)


def answer_to(work: bytes, items: bytes) -> bytes:
    """Does the work on each item in a process of its own, and packs the outcomes.

    Raises what `each_apart` or preparing raises: then this machine is at fault, and another may try.
    """
    function, limits, prepare = pickle.loads(work)  # of the run itself  # nosec B301
    with prepare(pickle.loads(items)) as prepared:  # of the run itself  # nosec B301
        return pickle.dumps(list(each_apart(function, prepared, limits)), pickle.HIGHEST_PROTOCOL)


def outcomes_in(answer: bytes) -> list[Any | Exceeded]:
    """The outcomes for the items of a task, in their order."""
    found: list[Any | Exceeded] = pickle.loads(answer)  # of the run's worker  # nosec B301
    return found
