"""A file that is twice as large in any one dimension costs at most twice as much: counted, not timed.

Counted are the instructions of our own code and all calls, of Python functions and of those in C, while a file is
read, judged by itself and marked. What C does within a call is bounded by the second test: a file that is very large
in one dimension is handled within the seconds of a processor that every file has.
"""

import sys
from collections.abc import Callable
from functools import partial
from types import FrameType
from typing import Any

import pytest

from sources.check_workbook import check_workbook
from sources.handle import ToMark, _mark
from sources.system.apart import Exceeded, each_apart
from sources.system.settings import SOURCES_ROOT, Limits
from tests.conftest import deep
from tests.hostile.books import CITY
from tests.hostile.dimensions import DIMENSIONS

STEP = 40
GROWTH = 2.4
"""Twice as much costs twice as much; a square of it four times. The rest is for tables that grow by leaps."""
SLACK = 2_000
OURS = str(SOURCES_ROOT)
LARGE = 20_000
FEW_OF_THEM = 1_900
"""Parts and columns have limits of their own below that."""
EVERY_DAY = ("same_keys", "doubted", "merges", "explained", "comments", "properties")
FEWER = ("sheets", "columns", "repeated_headings")


def handle(data: bytes) -> int:
    """Reads, judges and marks a file; returns the number of findings."""
    checked = check_workbook(data, "大.xlsx", CITY, Limits())
    _mark(ToMark(data, checked.findings, "大"), Limits())
    return len(checked.findings)


def counted(work: Callable[[], Any]) -> int:
    """Instructions of our code and calls of all code while the work is done."""
    count = 0

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal count
        if not frame.f_code.co_filename.startswith(OURS):
            return None
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        count += event == "opcode"
        return trace

    def profile(_: FrameType, event: str, __: Any) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.gettrace(), sys.getprofile()
    sys.settrace(trace)
    sys.setprofile(profile)
    try:
        work()
    finally:
        sys.settrace(before[0])
        sys.setprofile(before[1])
    return count


@pytest.mark.parametrize("name", [*EVERY_DAY, *deep(*(each for each in DIMENSIONS if each not in EVERY_DAY))])
def test_twice_as_much_costs_at_most_twice_as_much(name: str):
    build = DIMENSIONS[name]
    files = [build(count * STEP) for count in (1, 2, 4)]
    handle(files[0])  # what is loaded once
    one, two, four = (counted(partial(handle, data)) for data in files)
    print(f"{name:<22}{one:>12,}{two - one:>12,}{four - two:>12,}")
    assert four - two <= GROWTH * max(two - one, 0) + SLACK


@pytest.mark.parametrize("name", [*FEWER, *deep(*(each for each in DIMENSIONS if each not in FEWER))])
def test_very_much_of_one_thing_is_handled_in_the_time_that_a_file_has(name: str):
    data = DIMENSIONS[name](FEW_OF_THEM // 2 if name in FEWER else LARGE)
    (findings,) = each_apart(handle, [data], Limits())
    assert not isinstance(findings, Exceeded), findings.told(Limits())
