"""What the code server of `nianbao ui` loads: the definitions, and where its runs come from.

Dagster's code server starts each run as a process by `spawn`, which imports anew what the last one imported: half of
what a run waits for at its start (docs/decisions/0088). Here it comes from Python's own fork server, which imports
modules once and does nothing else. Only modules are shared: a run reads the city's declarations itself, as ever.
"""

import multiprocessing.forkserver
import multiprocessing.popen_forkserver
import sys
from multiprocessing.context import SpawnProcess

import dagster as dg

from orchestration import definitions

IMPORTED = ("dagster", "dagster._grpc.impl", "orchestration.lib.books")
"""Two thirds of the time that a run's imports take. None of them starts a thread, which a fork would lose in the middle
of its work; polars and DuckDB do (a test counts)."""

SAFE = (3, 11, 1)
"""Before it, anybody on the machine could have the fork server carry out what he likes (CVE-2022-42919)."""


def start_runs_imported() -> None:
    """Has this process start what it would spawn from the fork server, and begins that server."""
    multiprocessing.set_forkserver_preload([*IMPORTED])
    SpawnProcess._Popen = staticmethod(multiprocessing.popen_forkserver.Popen)  # type: ignore[method-assign,assignment]
    multiprocessing.forkserver.ensure_running()


@dg.definitions
def defs() -> dg.Definitions:
    """The same as orchestration/definitions.py has; the server that loads them is then ready to begin runs."""
    if multiprocessing.parent_process() is None and sys.version_info >= SAFE:  # a run loads them too, and begins none
        start_runs_imported()
    return definitions.defs()
