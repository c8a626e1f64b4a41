"""A worker that spins, eats, crashes, says too much or is killed loses its own item and no other."""

import ctypes
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from sources.system import apart
from sources.system.apart import Exceeded, Watch, each_apart, warm
from sources.system.parallel import FEW
from sources.system.settings import PROJECT_ROOT, Limits

TIGHT = Limits(seconds=1, memory_bytes=500_000_000, result_bytes=1_000_000)


def deed(what: str) -> str:
    """Does what a hostile file might make a reader do."""
    if what == "spin":
        while True:
            pass
    if what == "eat":
        hoard = []
        while True:
            hoard.append(bytearray(10_000_000))
    if what == "crash":
        ctypes.string_at(0)
    if what == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    if what == "abort":
        os.write(2, b"memory allocation of 123 bytes failed\n")
        os.abort()
    if what == "talk":
        return "x" * 2_000_000
    if what == "fail":
        raise ValueError(what)
    if what == "print":
        print("not an answer")
    return what


@pytest.mark.parametrize(
    ("what", "told"),
    [
        ("spin", Exceeded("time")),
        ("eat", Exceeded("memory")),
        ("abort", Exceeded("memory")),
        ("talk", Exceeded("output")),
        ("crash", Exceeded("crash", "SIGSEGV")),
        ("die", Exceeded("killed")),
        ("fail", Exceeded("fault", "ValueError")),
        ("print", "print"),
    ],
)
def test_what_a_process_exceeds_or_dies_of_is_told_and_the_items_beside_it_are_done(what, told):
    assert list(each_apart(deed, ["before", what, "after"], TIGHT)) == ["before", told, "after"]


def test_each_cause_is_told_in_words_with_its_limit():
    told = [Exceeded(what).told(TIGHT) for what in ("time", "memory", "output", "killed", "crash", "fault")]
    assert [limit in text for limit, text in zip(("1 秒", "500 MB", "1 MB"), told, strict=False)] == [True] * 3
    assert all("处理" in each or "读出" in each for each in told)


def pid(_: int) -> int:
    return os.getpid()


def test_few_items_are_done_by_one_process_which_is_kept_for_the_next():
    first = set(each_apart(pid, range(FEW - 1), Limits()))
    assert len(first) == 1
    assert os.getpid() not in first
    assert set(each_apart(pid, range(3), Limits())) == first


def test_a_worker_that_was_warmed_is_the_one_that_works():
    apart._let_go()
    warm("sources.read.read_workbook")
    (warmed,) = [worker.process.pid for worker in apart._idle]
    assert set(each_apart(pid, range(3), Limits())) == {warmed}


@pytest.mark.skipif(len(os.sched_getaffinity(0)) == 1, reason="one processor")
def test_many_items_are_done_by_many_in_their_order_unless_somebody_wants_one_at_a_time():
    items = range(2 * FEW)
    assert list(each_apart(abs, items, Limits())) == list(items)
    assert len(set(each_apart(pid, items, Limits()))) == len(os.sched_getaffinity(0))
    assert len(set(each_apart(pid, items, Limits(), one_at_a_time=True))) == 1


def test_more_items_than_may_wait_are_done_too():
    items = range(2 * apart.AHEAD + 1)
    assert list(each_apart(abs, items, Limits())) == list(items)


def killed_once(path: Path) -> str:
    """Kills its own process the first time, as an operator or the kernel might."""
    if not path.exists():
        path.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return "done"


def test_a_worker_killed_by_somebody_else_is_no_fault_of_its_file(tmp_path):
    assert list(each_apart(killed_once, [tmp_path / "was here"], Limits())) == ["done"]


def test_who_watches_is_told_of_each_item_before_and_after():
    told: list[tuple[str, str]] = []
    watch = Watch(began=lambda item: told.append(("began", item)), ended=lambda item: told.append(("ended", item)))
    list(each_apart(deed, ["one", "die", "two"], TIGHT, watch))
    assert told == [(what, item) for item in ("one", "die", "two") for what in ("began", "ended")]


def missing(path: Path) -> bytes:
    return path.read_bytes()


def test_a_fault_of_the_machine_is_raised_and_counts_against_no_file(tmp_path):
    with pytest.raises(FileNotFoundError):
        list(each_apart(missing, [tmp_path / "gone"], Limits()))


def write(path: str) -> str:
    """Writes into the folder for such files, as openpyxl does."""
    Path(tempfile.gettempdir(), path).write_bytes(b"x" * 2_000_000)
    return tempfile.gettempdir()


def test_what_a_worker_has_written_for_itself_goes_with_it():
    (folder,) = each_apart(write, ["sheet.xml"], Limits())
    assert Path(folder, "sheet.xml").stat().st_size == 2_000_000
    apart._let_go()
    assert not Path(folder).exists()


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="children are counted on Linux")
def test_no_worker_outlives_whoever_started_it():
    apart._let_go()
    before = _children()
    list(each_apart(deed, ["spin", "eat"], TIGHT))
    apart._let_go()
    assert _children() == before


def _children() -> list[str]:
    return Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()


@pytest.mark.parametrize("end", ["os._exit(0)", "os.kill(os.getpid(), 9)"])
def test_whoever_ends_without_a_word_leaves_no_folder_of_a_worker(end: str, tmp_path: Path):
    begun = f"import os; from sources.system import apart; apart.warm('json'); {end}"
    environment = os.environ | {"TMPDIR": str(tmp_path), "PYTHONPATH": str(PROJECT_ROOT)}
    subprocess.run([sys.executable, "-c", begun], env=environment, check=False)
    deadline = time.monotonic() + 60
    while list(tmp_path.iterdir()):
        assert time.monotonic() < deadline, "the worker has left its folder"
        time.sleep(0.05)
