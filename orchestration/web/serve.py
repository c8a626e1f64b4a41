"""Dagster's web server behind the guard, and the three processes of `nianbao ui`."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Event

import yaml

from orchestration.web.guard import Guard, local_origins
from orchestration.web.marked_workbooks import MarkedWorkbooks
from orchestration.web.watch import watch
from sources.system.faults import ToldError
from sources.system.interrupt import descendants

HOST = "127.0.0.1"
DEFINITIONS = "orchestration.definitions"
CODE = "orchestration.code_server"
STOP_SECONDS = 0.6
"""After that they are ended: whatever they do is taken up again."""
STATEMENT_MILLISECONDS, POOL_SECONDS, POOL_OVERFLOW = 15_000, 3_600, 20
"""For PostgreSQL, as Dagster's own command sets them."""


def serve(workspace: Path, port: int, origins: Iterable[str], feedback: Path, city_dir: Path) -> None:
    """Serves the page on the loopback address until it is told to stop; `origins` are others than this machine's own.
    What changes in the city's folder is shown without a restart.

    `feedback` is the folder whose marked workbooks the page links to.

    `dagster-webserver` does the same but for the guard.
    """
    import uvicorn  # with Starlette a part of dagster-webserver, whose version is ours
    from dagster import DagsterInstance
    from dagster._core.workspace.context import WorkspaceProcessContext
    from dagster._core.workspace.load_target import WorkspaceFileTarget
    from dagster_webserver.app import create_app_from_workspace_process_context

    from orchestration.web.live_events import send_together

    send_together()
    with DagsterInstance.get() as instance:
        instance.optimize_for_webserver(STATEMENT_MILLISECONDS, POOL_SECONDS, POOL_OVERFLOW)
        with WorkspaceProcessContext(instance, WorkspaceFileTarget([str(workspace)])) as context:
            page = MarkedWorkbooks(create_app_from_workspace_process_context(context), feedback)
            guarded = Guard(page, frozenset([*local_origins(port), *origins]))

            def read_again() -> None:
                for name in context.create_request_context().code_location_names:
                    context.reload_code_location(name)

            stop = Event()
            watching = watch(city_dir, read_again, stop)
            uvicorn.run(guarded, host=HOST, port=port, log_level="warning", timeout_graceful_shutdown=1)
            stop.set()
            watching.join()


def serve_together(port: int, environment: Mapping[str, str]) -> int:
    """The code, the page and the daemon as processes; ends all of them when one ends or somebody stops this one.

    Returns 0 when it was stopped, else the exit code of the process that ended by itself.

    Raises ToldError when the code does not start.
    """
    programs = Path(sys.executable).parent
    running: list[subprocess.Popen[bytes]] = []

    def start(program: str, *arguments: object) -> None:
        running.append(subprocess.Popen([programs / program, *map(str, arguments)], env=environment))

    with tempfile.TemporaryDirectory(prefix="nianbao-ui-") as folder:
        code, workspace = Path(folder) / "code.sock", Path(folder) / "workspace.yaml"
        place = {"grpc_server": {"socket": str(code), "location_name": DEFINITIONS}}
        workspace.write_text(yaml.safe_dump({"load_from": [place]}), encoding="utf-8")
        of_code = ("--module-name", CODE, "--location-name", DEFINITIONS, "--log-level", "warning")
        try:
            start("dagster", "code-server", "start", "--socket", code, *of_code)
            _wait_for(code, running[0])
            start("nianbao", "web", "--workspace", workspace, "--port", port)
            start("dagster-daemon", "run", "--workspace", workspace)
            return first_to_end(running)
        except KeyboardInterrupt:  # Ctrl-C or SIGTERM
            return 0
        finally:
            end_all(running)


def _wait_for(code: Path, process: subprocess.Popen[bytes]) -> None:
    """Until the code is there, however long a busy machine takes: whoever waits can stop it."""
    while process.poll() is None:
        with socket.socket(socket.AF_UNIX) as knocking:
            if knocking.connect_ex(str(code)) == 0:
                return
        time.sleep(0.1)
    raise ToldError("界面没有启动：程序没有载入；上面是它说的原因")


def first_to_end(running: Sequence[subprocess.Popen[bytes]]) -> int:
    """Waits until one of them ends; its exit code."""
    while True:
        for each in running:
            if (code := each.poll()) is not None:
                return code
        time.sleep(0.5)


def end_all(running: Sequence[subprocess.Popen[bytes]]) -> None:
    """Tells all of them to end; what has not ended in time is ended, with the runs that they have started."""
    started = descendants(os.getpid())
    for each in reversed(running):
        each.terminate()
    deadline = time.monotonic() + STOP_SECONDS
    while any(each.poll() is None for each in running) and time.monotonic() < deadline:
        time.sleep(0.05)
    for number in started:
        with suppress(OSError):  # it has ended
            os.kill(number, signal.SIGKILL)
    for each in running:
        each.wait()
