"""The desk on the last evening: clerks send files at a fixed rate, whether or not it keeps up, while the pipeline runs.

`python -m tests.bench desk`. Everything is as a bureau has it: `nianbao desk` as it is served, real sign-ins, workbooks
of a made-up province of 300 schools whose year before has been run.
"""

import os
import shutil
import sqlite3
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from statistics import quantiles

from orchestration.benchmark.process_cost import busy_seconds, moment_now
from orchestration.benchmark.results import machine
from orchestration.benchmark.runner import BIN, DONE, NIANBAO, PYTHON, environment_of
from sources.declarations.city import load_city
from sources.sample.poured import Poured, poured
from sources.submission.file_names import workbook_file_name
from sources.system.fingerprint import sha256_of, sha256_of_file
from tests.browser.conftest import free_port
from tests.browser.visitor import Visitor

SCHOOLS, YEARS, TODAY = 300, (2022, 2023), "2023-11-30"
CLERKS = 100
"""Enough that none of them sends more than the desk takes of one account in ten minutes."""
PASSWORD = "a-clerks-own-password"
MINUTE = 60
RUN = (NIANBAO, "run", "--year", str(YEARS[0]))
MAKE_CLERKS = f"""
import django; django.setup()
from django.contrib.auth.hashers import make_password
from orchestration.desk.installed import city_now
from orchestration.desk.models import Account
hashed = make_password({PASSWORD!r})
schools = [each for each in city_now().respondents_in({YEARS[-1]}) if each.kind == "school"][:{CLERKS}]
made = [Account(username=each.code, role="school_clerk", respondent_code=each.code, password=hashed)
        for each in schools]
Account.objects.bulk_create(made)
print(*(each.username for each in made))
"""
PATIENCE_SECONDS = 3600


@dataclass(frozen=True, slots=True)
class Evening:
    """How many files come in a second, for how many minutes, and whether the pipeline runs meanwhile."""

    name: str
    rate: float
    minutes: float
    is_run_beside: bool = False


EVENINGS = (
    Evening("300 schools in an hour, a run beside", SCHOOLS / 3600, 8, is_run_beside=True),
    Evening("2 a second", 2, 1),
    Evening("5 a second", 5, 10),
    Evening("10 a second", 10, 1),
)


@dataclass(frozen=True, slots=True)
class Sent:
    """A file: when it was due to be sent and was acknowledged (seconds since the evening began), and which it was."""

    due: float
    acknowledged: float
    sha256: str
    where: str

    @property
    def waited(self) -> float:
        return self.acknowledged - self.due


@dataclass
class Measured:
    """What an evening has shown: each file, the queue and the memory over time, and how the runs beside it ended."""

    evening: Evening
    sent: list[Sent] = field(default_factory=list)
    refused: int = 0
    lost: int = 0
    queue: list[int] = field(default_factory=list)
    memory: list[int] = field(default_factory=list)
    drained_after: float = 0.0
    to_findings: list[float] = field(default_factory=list)
    runs: list[int] = field(default_factory=list)
    busy: float = 0.0
    """How many cores were busy, whoever kept them so."""


def measure_desk(evenings: Sequence[Evening] = EVENINGS) -> list[str]:
    """The section for docs/benchmark.md. Raises AssertionError where the desk does not start."""
    installation = poured(SCHOOLS, YEARS)
    measured = []
    with tempfile.TemporaryDirectory(prefix="nianbao-bench-") as folder:
        ran = _after_a_run(installation, Path(folder) / "ran")
        for evening in evenings:
            home = Path(folder) / "evening" / "home"
            shutil.copytree(ran, home)
            measured.append(_measure(evening, installation, home))
            shutil.rmtree(home.parent)
            print(_row(measured[-1]), flush=True)
    return section(measured)


def _after_a_run(installation: Poured, home: Path) -> Path:
    """An installation in which the year before has been run; each evening begins with a copy of it."""
    (home / "inbox").mkdir(parents=True)
    for path in installation.inbox.glob(f"{YEARS[0]}_*"):
        os.link(path, home / "inbox" / path.name)
    done = subprocess.run(RUN, env=_environment(home, installation), capture_output=True)
    assert done.returncode in DONE, done.stdout.decode()
    return home


def _environment(home: Path, installation: Poured) -> dict[str, str]:
    own = {"NIANBAO_TODAY": TODAY, "NIANBAO_SCANNER": "none"}  # a scanner without signatures would hold every file
    return environment_of(home, installation.city_dir) | own


def _measure(evening: Evening, installation: Poured, home: Path) -> Measured:
    environment, city = _environment(home, installation), load_city(installation.city_dir)
    with _desk(home, environment) as (pid, address):
        clerks = _clerks(address, environment)
        names = {code: workbook_file_name(city.respondent_by_code[code], YEARS[-1]) for code, _ in clerks}
        files = {code: (installation.inbox / name).read_bytes() for code, name in names.items()}
        measured = Measured(evening)
        _send(measured, clerks, files, home, pid, environment)
    return measured


@contextmanager
def _desk(home: Path, environment: dict[str, str]) -> Iterator[tuple[int, str]]:
    port = free_port()
    with (home.parent / "desk.log").open("wb") as log:
        process = subprocess.Popen([NIANBAO, "desk", "--port", str(port)], env=environment, stdout=log, stderr=log)
    try:
        address = f"http://127.0.0.1:{port}"
        while not Visitor.is_alive(address):
            assert process.poll() is None, (home.parent / "desk.log").read_text()
            time.sleep(0.2)
        yield process.pid, address
    finally:
        process.terminate()
        process.wait(MINUTE)


def _clerks(address: str, environment: dict[str, str]) -> list[tuple[str, Visitor]]:
    """Clerks who have signed in, by their schools' codes."""
    settings = environment | {"DJANGO_SETTINGS_MODULE": "orchestration.desk.django_settings"}
    made = subprocess.run([PYTHON, "-c", MAKE_CLERKS], env=settings, capture_output=True, check=True, text=True)
    with ThreadPoolExecutor(4) as pool:
        codes = made.stdout.split()
        return list(zip(codes, pool.map(lambda code: Visitor(address, code, PASSWORD), codes), strict=True))


def _send(
    measured: Measured,
    clerks: Sequence[tuple[str, Visitor]],
    files: dict[str, bytes],
    home: Path,
    pid: int,
    environment: dict[str, str],
) -> None:
    # Long: one evening in its order, whose threads share what is noted
    evening, is_over, lock = measured.evening, threading.Event(), threading.Lock()
    tokens = {code: clerk.token_of(f"/school/{code}/{YEARS[-1]}") for code, clerk in clerks}
    began, busy = time.monotonic(), busy_seconds() or 0.0

    def send(number: int) -> None:
        due = number / evening.rate
        time.sleep(max(0.0, began + due - time.monotonic()))
        code, clerk = clerks[number % len(clerks)]
        data = files[code] + b"\0" * (number + 1)  # another content each, as a zip still a workbook
        answer = clerk.upload(f"/school/{code}/{YEARS[-1]}/upload", data, tokens[code])
        with lock:
            if answer.leads_to.startswith("/file/"):
                now = time.monotonic() - began
                measured.sent.append(Sent(due, now, sha256_of(data), answer.leads_to.split("/")[2]))
            else:
                measured.refused += 1

    def watch() -> None:
        while not is_over.wait(1):
            measured.queue.append(_waiting(home))
            measured.memory.append(moment_now(pid).memory)

    def run() -> None:
        while not is_over.is_set():
            done = subprocess.run([*RUN, "--force"], env=environment, capture_output=True)
            measured.runs.append(done.returncode)

    beside = [threading.Thread(target=each) for each in (watch, *([run] if evening.is_run_beside else []))]
    for each in beside:
        each.start()
    with ThreadPoolExecutor(64) as pool:
        list(pool.map(send, range(round(evening.rate * evening.minutes * MINUTE))))
    ended = time.monotonic()
    while _waiting(home) and time.monotonic() - ended < PATIENCE_SECONDS:
        time.sleep(0.2)
    measured.drained_after = time.monotonic() - ended
    measured.busy = ((busy_seconds() or 0.0) - busy) / (time.monotonic() - began)
    is_over.set()
    for each in beside:
        each.join()
    folder = home / "desk" / "uploads"
    measured.lost = sum(sha256_of_file(folder / f"{each.where}.xlsx") != each.sha256 for each in measured.sent)
    measured.to_findings = _to_findings(home)


def _waiting(home: Path) -> int:
    """How many files the desk has not judged yet."""
    with sqlite3.connect(home / "desk" / "desk.sqlite3", timeout=60) as database:
        (count,) = database.execute("select count(*) from desk_upload where judged_at is null").fetchone()
    return int(count)


def _to_findings(home: Path) -> list[float]:
    """Seconds from a file's arrival to its findings, each."""
    with sqlite3.connect(home / "desk" / "desk.sqlite3") as database:
        pairs = database.execute("select uploaded_at, judged_at from desk_upload where judged_at is not null")
        return [(_time(judged) - _time(uploaded)).total_seconds() for uploaded, judged in pairs]


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


# --- The section -----------------------------------------------------------------------------------------------------


def section(measured: Sequence[Measured]) -> list[str]:
    """The evenings as Markdown: a line each, and the longest minute by minute."""
    longest = max(measured, key=lambda each: len(each.sent))
    return [
        "## The desk on the last evening\n",
        f"`python -m tests.bench desk`, {datetime.now(UTC):%Y-%m-%d}, {_machine()}. A made-up province of {SCHOOLS}"
        f" schools; {CLERKS} clerks send at a fixed rate, whether or not the desk keeps up, so that waiting counts from"
        " the moment when a file was to be sent. *Acknowledged*: the file and its entry are on the disk. *Findings*:"
        " judged against the year before, from arrival. The senders run on the same two processors.\n",
        "| evening | files | refused, lost | acknowledged s: half, 95 %, last | findings s: half, 95 %, last |"
        " queue at most | empty after | memory MB: first, last | runs beside | cores busy |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
        *map(_row, measured),
        "",
        f"{longest.evening.name}, minute by minute:\n",
        "| minute | acknowledged s: half, 95 %, last | queue | memory MB |",
        "| ---: | ---: | ---: | ---: |",
        *_minutes(longest),
        "",
    ]


def _machine() -> str:
    kept = machine("as a user installs it" if "user" in BIN.parts else "a developer's")
    return f"{kept['processor']}, {kept['cores']} cores, {kept['memory'] / 2**30:.0f} GB, {kept['environment']}"


def _row(measured: Measured) -> str:
    waited, memory = [each.waited for each in measured.sent], measured.memory or [0]
    runs = f"{len(measured.runs)}, exit codes {sorted(set(measured.runs))}" if measured.runs else "—"
    return (
        f"| {measured.evening.name} | {len(measured.sent):,} | {measured.refused}, {measured.lost} | {_spread(waited)}"
        f" | {_spread(measured.to_findings)} | {max(measured.queue, default=0):,} | {measured.drained_after:.0f} s"
        f" | {memory[0] / 1e6:.0f}, {memory[-1] / 1e6:.0f} | {runs} | {measured.busy:.1f} |"
    )


def _minutes(measured: Measured) -> Iterator[str]:
    seconds = len(measured.queue)
    for minute in range(-(-seconds // MINUTE)):
        waited = [each.waited for each in measured.sent if minute * MINUTE <= each.due < (minute + 1) * MINUTE]
        last = min((minute + 1) * MINUTE, seconds) - 1
        yield (f"| {minute + 1} | {_spread(waited)} | {measured.queue[last]:,} | {measured.memory[last] / 1e6:.0f} |")


def _spread(seconds: Sequence[float]) -> str:
    """Half of them, 95 of a hundred, the last; — for none."""
    if len(seconds) < 2:
        return "—"
    parts = quantiles(seconds, n=20)
    return f"{parts[9]:.2f}, {parts[18]:.2f}, {max(seconds):.2f}"
