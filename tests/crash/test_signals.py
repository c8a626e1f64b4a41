"""Ctrl-C and SIGTERM end any command within two seconds, at any moment, and no process is left."""

import os
import random
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from sources.system.interrupt import ALL_ENDS_AFTER, INTERRUPTED, SAID, descendants
from sources.system.settings import PROJECT_ROOT, Settings
from tests.crash.installation import content, debris
from tests.end_to_end.test_command_line import NIANBAO, nianbao

SOON = 20
"""Seconds after which a command counts as one that does not end; two on a quiet machine (docs/benchmark/faults.md)."""
COMMANDS = {
    "run": (("run", "--year", "2022", "--year", "2023", "--force"), 14.0),
    "release": (("release", "2023", "--dry-run"), 4.0),
    "rebuild": (("rebuild",), 14.0),
    "documents": (("documents", "--year", "2023"), 9.0),
    "ui": (("ui", "--port", "0"), 12.0),
}
"""A command and how long it takes, about: the moments are drawn from that."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command has ended after a signal: its exit code, the seconds, what it said, processes that are left."""

    code: int
    seconds: float
    said: str
    left: tuple[int, ...]


def interrupted(settings: Settings, arguments: tuple[str, ...], moment: float, number: signal.Signals) -> Ended:
    """Starts a command, sends it a signal after so many seconds, and looks what becomes of it."""
    environment = os.environ | {"NIANBAO_HOME": str(settings.home), "NIANBAO_CITY": str(settings.city_dir)}
    log = settings.home / "said.txt"
    with log.open("w") as file:
        process = subprocess.Popen(
            [NIANBAO, *arguments], env=environment, stdout=file, stderr=file, start_new_session=True
        )
    time.sleep(moment)
    started = descendants(process.pid)
    began = time.monotonic()
    process.send_signal(number)
    try:
        code = process.wait(SOON)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        code = process.wait()
    seconds = time.monotonic() - began
    return Ended(code, seconds, log.read_text("utf-8")[-600:], tuple(each for each in started if lives(each)))


def lives(process: int, patience: float = 2.0) -> bool:
    """Whether a process is still there after a moment; one that nobody has buried yet is not."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        try:
            if Path(f"/proc/{process}/stat").read_text("ascii", "replace").rpartition(")")[2].split()[0] == "Z":
                return False
        except OSError:
            return False
        time.sleep(0.02)
    return True


def free_port() -> str:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return str(free.getsockname()[1])


def moments(name: str, count: int) -> list[tuple[tuple[str, ...], float, signal.Signals]]:
    """So many seeded moments of a command, with Ctrl-C and SIGTERM in turn."""
    arguments, seconds = COMMANDS[name]
    lot = random.Random(f"signals {name}")
    typed = tuple(free_port() if each == "0" else each for each in arguments)
    return [(typed, lot.uniform(0, seconds), (signal.SIGINT, signal.SIGTERM)[number % 2]) for number in range(count)]


@pytest.mark.deep
def test_any_command_ends_soon_at_any_moment_and_the_next_run_ends_right(fresh_copy, city_run):
    """A dozen moments one after the other on one installation: what one leaves the next one finds."""
    before = content(city_run.published_database)
    for name, count in (("run", 4), ("rebuild", 2), ("release", 2), ("documents", 2), ("ui", 2)):
        for arguments, moment, number in moments(name, count):
            ended = interrupted(fresh_copy, arguments, moment, number)
            told = f"{name} after {moment:.2f} s by {number.name}: {ended}"
            print(told)
            assert ended.seconds < SOON, told
            assert ended.left == (), told
            has_ended_before = ended.code in (0, 3)
            assert ended.code == (0 if name == "ui" else INTERRUPTED) or has_ended_before, told
            assert "Traceback" not in ended.said or name == "ui", told  # Dagster's own programs tell theirs
            assert SAID in ended.said or name == "ui" or has_ended_before, told
            assert content(fresh_copy.published_database) == before, told
    done = nianbao(fresh_copy, "run", "--year", "2022", "--year", "2023")
    assert done.returncode == 0, done.stdout + done.stderr
    assert content(fresh_copy.published_database) == before
    assert debris(fresh_copy) == []


def test_the_last_of_all_is_ended_in_less_than_two_seconds():
    assert ALL_ENDS_AFTER < 2


def told_once_it_speaks(program: Path, number: int) -> tuple[str, str, str, int]:
    """Signals a program after its first line: that line, the rest of what it prints, its errors, and its exit code."""
    with subprocess.Popen(
        [sys.executable, str(program)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(PROJECT_ROOT)},
    ) as process:
        assert process.stdout is not None
        first = process.stdout.readline()
        process.send_signal(number)
        rest, said = process.communicate(timeout=SOON)
    return first, rest, said, process.returncode


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_work_that_does_not_listen_is_ended_with_its_processes(number, tmp_path):
    """A library that holds everything up, and a process that waits for nothing."""
    program = tmp_path / "deaf.py"
    program.write_text(
        "import subprocess, sys, time\n"
        "from sources.system import interrupt\n"
        "interrupt.listen()\n"
        "with interrupt.told_to_work():\n"
        "    child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        "    lines = [child.pid]\n"
        "    while True:\n"
        "        try:\n"
        "            while lines:\n"
        "                print(lines.pop(), flush=True)\n"  # within: the signal may come before the next statement
        "            time.sleep(60)\n"
        "        except KeyboardInterrupt:\n"
        "            pass\n"
    )
    first, _, said, code = told_once_it_speaks(program, number)
    child = int(first)
    assert code == INTERRUPTED
    assert said.strip() == SAID
    assert not lives(child)


def test_what_is_ended_says_so_also_where_its_errors_are_led_elsewhere(tmp_path):
    """As Dagster leads them into a file while a step runs."""
    program = tmp_path / "led_elsewhere.py"
    program.write_text(
        "import os, time\n"
        "from sources.system import interrupt\n"
        "interrupt.listen()\n"
        f"os.dup2(os.open({str(tmp_path / 'step.log')!r}, os.O_WRONLY | os.O_CREAT), 2)\n"
        "print('now', flush=True)\n"
        "time.sleep(60)\n"
    )
    assert told_once_it_speaks(program, signal.SIGTERM) == ("now\n", "", f"{SAID}\n", INTERRUPTED)


def test_a_signal_that_comes_while_an_object_is_taken_down_is_told_again(tmp_path):
    """Python drops what is raised there, and writes a traceback."""
    program = tmp_path / "taken_down.py"
    program.write_text(
        "import sys, time\n"
        "from sources.system import interrupt\n"
        "class Held:\n"
        "    def __del__(self):\n"
        "        print('now', flush=True)\n"
        "        time.sleep(0.5)\n"
        "        for _ in range(1000):\n"
        "            pass\n"
        "interrupt.listen()\n"
        "with interrupt.told_to_work():\n"
        "    try:\n"
        "        held = Held()\n"
        "        del held\n"
        "        time.sleep(60)\n"
        "    except KeyboardInterrupt:\n"
        "        print('told', flush=True)\n"
        "        sys.exit(7)\n"
    )
    assert told_once_it_speaks(program, signal.SIGINT) == ("now\n", "told\n", "", 7)
