"""The faults of a machine, each put upon a real run of the sample city: what stood afterwards, how long it took to end,
what the person read, and whether the next run ended right.

Full disks are small file systems (tmpfs) that fill up when the run comes to a step; they need root.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from sources.declarations.city import load_city
from sources.sample.pour import pour_samples
from sources.system.access import prepare_home
from sources.system.settings import CITIES_ROOT, Settings
from tests.conftest import NURSING_SCHOOL, YEARS, cell_of, edit, run_all
from tests.crash.installation import Content, content, debris

NIANBAO = str(Path(sys.executable).with_name("nianbao"))
SPARE = 250_000_000
"""Bytes free on a small disk before it fills up: the run begins."""
HANGS = 120
"""Seconds after which a command is taken for one that does not end."""
RUN = ("run", "--year", "2023")
DOCUMENTS = ("documents", "--year", "2023")
SHOWN = 220
FOLDER = re.compile(r"(?:/[\w.-]+)*?/nianbao-faults-\w+/")
"""Where the installation lies while it is measured."""
CGROUP = Path("/sys/fs/cgroup/memory/nianbao-faults")


@dataclass(slots=True)
class Case:
    """An installation with a corrected workbook in the inbox, and a command that has been started or is about to be."""

    settings: Settings
    environment: dict[str, str]
    prefix: tuple[str, ...] = ()
    at: str = ""
    strike: Callable[[], object] | None = None
    """Called when the command says a line with `at` in it."""
    mend: Callable[[], object] | None = None


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault, where it strikes, and the command upon which it comes."""

    name: str
    where: str
    typed: tuple[str, ...]
    put_upon: Callable[[Case], "ExitStack"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """`seconds` from the fault (or the start) to the end; `read` is the last that was said; `left` are processes."""

    fault: Fault
    code: int
    seconds: float
    read: str
    stood: str
    next_run: str


@contextmanager
def small_disk(folder: Path) -> Iterator[Callable[[], None]]:
    """Puts a folder on a file system of its own; yields what fills it. Raises OSError where nothing may be mounted."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as kept:
        shutil.copytree(folder, kept, dirs_exist_ok=True)
        size = SPARE + sum(path.stat().st_size for path in Path(kept).rglob("*") if path.is_file())
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder], capture_output=True)
        if done.returncode:
            raise OSError(done.stderr.decode().strip())
        shutil.copytree(kept, folder, dirs_exist_ok=True)

    def fill() -> None:
        with (folder / "filler").open("wb", buffering=0) as file:
            for size in (1 << 20, 1 << 12):
                with suppress(OSError):
                    while True:
                        file.write(b"\0" * size)

    try:
        yield fill
    finally:
        while subprocess.run(["umount", folder], capture_output=True).returncode:
            time.sleep(0.5)


def full(place: str, at: str, typed: tuple[str, ...] = RUN) -> Fault:
    """The disk of one folder is full from a line of the command's on; an empty line: before it starts."""

    def put_upon(case: Case) -> ExitStack:
        stack = ExitStack()
        folder = case.settings.home.parent / "tmp" if place == "TMPDIR" else case.settings.home / place
        if place == "TMPDIR":
            case.environment["TMPDIR"] = str(folder)
        case.strike, case.at = stack.enter_context(small_disk(folder)), at
        case.mend = (folder / "filler").unlink
        if not at:
            case.strike()
        return stack

    moment = f"from “{at}” on" if at else "before the start"
    return Fault(f"disk full: {place}", moment, typed, put_upon)


def plain(name: str, where: str, change: Callable[[Case], None], typed: tuple[str, ...] = RUN) -> Fault:
    def put_upon(case: Case) -> ExitStack:
        change(case)
        return ExitStack()

    return Fault(name, where, typed, put_upon)


def _log_full(case: Case) -> None:
    case.prefix = ("sh", "-c", 'exec "$0" "$@" > /dev/full 2>/dev/full')


def _handles(case: Case) -> None:
    case.prefix = ("prlimit", "--nofile=24", "--")


def _memory(megabytes: int) -> Callable[[Case], None]:
    def change(case: Case) -> None:
        case.prefix = ("prlimit", f"--data={megabytes * 1_000_000}", "--")

    return change


def _cgroup(megabytes: int) -> Callable[[Case], None]:
    def change(case: Case) -> None:
        CGROUP.mkdir(exist_ok=True)
        (CGROUP / "memory.limit_in_bytes").write_text(str(megabytes * 1_000_000))
        case.prefix = ("sh", "-c", f'echo $$ > {CGROUP}/cgroup.procs; exec "$0" "$@"')

    return change


def _read_only(case: Case) -> None:
    """Root may write anywhere, so the run is a user without rights of its own: of `nobody`."""
    case.prefix = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--")


def _a_year_later(case: Case) -> None:
    case.environment["NIANBAO_TODAY"] = replace_year(case.settings.today.isoformat(), 1)


def _a_year_earlier(case: Case) -> None:
    case.environment["NIANBAO_TODAY"] = replace_year(case.settings.today.isoformat(), -1)


def replace_year(day: str, by: int) -> str:
    return f"{int(day[:4]) + by}-{day[5:].replace('02-29', '02-28')}"


def _inbox_gone(case: Case) -> None:
    case.at, away = "▶ 载入", case.settings.home / "away"
    case.strike = lambda: case.settings.inbox.rename(away)
    case.mend = lambda: away.rename(case.settings.inbox)


def _grows(case: Case) -> None:
    """A file to which somebody appends without end, also while it is read."""
    path, stop = next(case.settings.inbox.glob("*2023*.xlsx")), threading.Event()
    before = path.read_bytes()

    def write() -> None:
        while not stop.is_set():
            with path.open("ab") as file:
                file.write(b"\0" * 10_000)
            time.sleep(0.01)

    writer = threading.Thread(target=write, daemon=True)
    case.at, case.strike = "▶ 载入", writer.start

    def mend() -> None:
        stop.set()
        writer.join()
        path.write_bytes(before)

    case.mend = mend


def _share_gone(case: Case) -> ExitStack:
    """The inbox is a share of its own, which is not mounted any more: an empty folder is left."""
    stack, inbox = ExitStack(), case.settings.inbox
    files = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    shutil.copytree(inbox, files, dirs_exist_ok=True)
    shutil.rmtree(inbox)
    inbox.mkdir()

    def mount() -> None:
        subprocess.run(["mount", "-t", "tmpfs", "tmpfs", inbox], check=True, capture_output=True)
        shutil.copytree(files, inbox, dirs_exist_ok=True)

    def unmount() -> None:
        subprocess.run(["umount", inbox], check=True, capture_output=True)

    mount()
    prepare_home(case.settings.home)
    unmount()
    case.mend = mount
    stack.callback(unmount)
    return stack


def _held_until_told(case: Case) -> ExitStack:
    """It is closed by whoever has read that it is waited for."""
    stack = _held(case)
    case.at, case.strike = "工作数据库正在使用中", case.mend
    return stack


def _held(case: Case) -> ExitStack:
    """Another program has the working database open, as a database browser does; the run is not to wait long."""
    case.environment["NIANBAO_WAIT_SECONDS"] = "10"
    stack = ExitStack()
    holder = subprocess.Popen(
        [sys.executable, "-c", "import duckdb, sys, time; c = duckdb.connect(sys.argv[1]); print(1, flush=True)\n"
         "while True: time.sleep(60)", str(case.settings.working_database)],
        stdout=subprocess.PIPE,
    )  # fmt: skip
    assert holder.stdout is not None
    holder.stdout.readline()

    def end() -> None:
        if holder.poll() is None:
            holder.kill()
            holder.wait()

    stack.callback(end)
    case.mend = end
    return stack


FAULTS = (
    full("archive", "▶ 载入"),
    full("working", "运行 2023"),
    full("working", "▶ 接收"),
    full("working", "▶ 建立"),
    full("published", "▶ 接收"),
    full("feedback", "▶ 接收"),
    full("summary_tables", "▶ 发布"),
    full("dagster", "运行 2023"),
    full("dagster", "▶ 接收"),
    full("dagster", "▶ 建立"),
    full("TMPDIR", "运行 2023"),
    full("documents", "", DOCUMENTS),
    full("working", ""),
    plain("disk full: log", "standard output and error", _log_full),
    plain("no memory", "data segment 300 MB", _memory(300)),
    plain("no memory", "data segment 700 MB", _memory(700)),
    plain("no memory", "cgroup of 250 MB", _cgroup(250)),
    plain("no file handles left", "24 a process", _handles),
    plain("read-only installation", "another user without rights", _read_only),
    plain("clock jumps", "a year on", _a_year_later),
    plain("clock jumps", "a year back", _a_year_earlier),
    plain("inbox vanishes", "during the run", _inbox_gone),
    plain("a file grows while it is read", "inbox", _grows),
    Fault("inbox vanishes", "a share that is not mounted", RUN, _share_gone),
    Fault("database held", "by another program, for longer than is waited", RUN, _held),
    Fault("database held", "by another program, closed when that is told", RUN, _held_until_told),
)


def strike(fault: Fault, saved: Path, folder: Path, old: Content, new: Content) -> Outcome:
    """Puts a fault upon a fresh copy of the installation, and looks what becomes of it."""
    home = folder / "home"
    shutil.rmtree(home, ignore_errors=True)
    shutil.copytree(saved, home)
    settings = Settings(home=home, city_dir=CITIES_ROOT / "450700", fixed_today=None)
    own = {"NIANBAO_HOME": str(home), "NIANBAO_CITY": str(settings.city_dir)}
    case = Case(settings, os.environ | own)
    with fault.put_upon(case):
        code, seconds, lines = _watched(case, fault.typed)
        if case.mend:
            case.mend()
        published = content(settings.published_database)
        stood = "old copy, whole" if published == old else "new copy, whole" if published == new else "another copy"
        done = subprocess.run([NIANBAO, *RUN], env=os.environ | own, capture_output=True, text=True, timeout=600)
        right = done.returncode in (0, 4) and content(settings.published_database) == new and not debris(settings)
    read = next((line for line in reversed(lines) if _says_something(line)), "—")
    return Outcome(fault, code, seconds, read, stood, "right" if right else f"WRONG ({done.returncode})")


def _says_something(line: str) -> bool:
    words = ("磁盘", "内存", "原因", "打开", "权限", "程序", "失败", "没有", "收件夹不见了", "日期是", "空出来")
    return any(word in line for word in words) and not line.startswith(("提醒", "运行失败", "参照数据", "MB"))


def _watched(case: Case, typed: tuple[str, ...]) -> tuple[int, float, list[str]]:
    """Runs the command; its exit code, the seconds from the fault to the end, what it said."""
    began = time.monotonic()
    process = subprocess.Popen(
        [*case.prefix, NIANBAO, *typed],
        env=case.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    ends = threading.Timer(HANGS, lambda: os.killpg(process.pid, signal.SIGKILL))
    ends.start()
    lines: list[str] = []
    assert process.stdout is not None
    for line in process.stdout:
        lines.append(line.strip())
        if case.strike and case.at and case.at in line:
            case.strike()
            case.strike, began = None, time.monotonic()
    code = process.wait()
    ends.cancel()
    return code, time.monotonic() - began, lines


def measure_faults(of: Collection[str] = ()) -> list[str]:
    """The faults of these names, or every fault, one after the other; the section as Markdown."""
    city = load_city(CITIES_ROOT / "450700")
    with tempfile.TemporaryDirectory(prefix="nianbao-faults-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        settings = Settings(home=folder / "saved", city_dir=CITIES_ROOT / "450700")
        for year in YEARS:
            pour_samples(city, settings.city_dir, year, settings.inbox, with_explanations=False)
        run_all(settings, city)
        old = content(settings.published_database)
        edit(settings, city, NURSING_SCHOOL, 2023, lambda book: setattr(_students(book), "value", 2598))
        undisturbed = replace(settings, home=folder / "undisturbed")
        shutil.copytree(settings.home, undisturbed.home)
        own = {"NIANBAO_HOME": str(undisturbed.home), "NIANBAO_CITY": str(settings.city_dir)}
        subprocess.run([NIANBAO, *RUN], env=os.environ | own, check=True, capture_output=True)
        new = content(undisturbed.published_database)
        outcomes = []
        for fault in (each for each in FAULTS if not of or each.name in of):
            outcomes.append(_tried(fault, settings.home, folder, old, new))
            print(outcomes[-1], flush=True)
    return section(outcomes)


def _students(book: object) -> object:
    return cell_of(book, "学生情况", "全日制在校生数")  # type: ignore[arg-type]


def _tried(fault: Fault, saved: Path, folder: Path, old: Content, new: Content) -> Outcome:
    """The outcome; of a fault that cannot be made here, the reason."""
    try:
        return strike(fault, saved, folder, old, new)
    except (OSError, subprocess.SubprocessError) as error:
        return Outcome(fault, 0, 0, f"not tried: {error}", "—", "—")


def section(outcomes: list[Outcome]) -> list[str]:
    """The table of faults, as Markdown."""
    return [
        "## Faults of the machine\n",
        "Each fault is put upon a run of the sample city with one corrected workbook in the inbox. Seconds are from the"
        " fault to the end of the command, where the fault comes during it; else the whole command. The next run, on a"
        " mended machine, is right when it publishes what an undisturbed one does and nothing half is left.\n",
        "| fault | where, when | command | exit code | s | what stood | next run | what the person read |",
        "| --- | --- | --- | ---: | ---: | --- | --- | --- |",
        *(_row(each) for each in outcomes),
        "",
    ]


def _row(each: Outcome) -> str:
    read = FOLDER.sub("…/", each.read).replace("|", "\\|").removeprefix("原因：")[:SHOWN]
    cells = (
        each.fault.name,
        each.fault.where,
        each.fault.typed[0],
        each.code,
        f"{each.seconds:.1f}",
        each.stood,
        each.next_run,
        read,
    )
    return "| " + " | ".join(map(str, cells)) + " |"
