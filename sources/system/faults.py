"""Errors in words for people: in Chinese, with what to do; and work of which one piece that fails stops only itself."""

import logging
import re
from collections.abc import Callable
from typing import TypeVar

from sources.system.plain_text import cut_short, legible

Result = TypeVar("Result")
CHINESE = re.compile("[\u4e00-\u9fff]")
SHOWN_OF_AN_ERROR = 1_000


class ToldError(Exception):
    """An error whose message is for whoever runs the program, not for whoever wrote it."""


FULL = "磁盘空间不足，文件写不下；请腾出空间，再运行一次"
OF_A_DISK = "磁盘读写出错或磁盘已满，请检查磁盘"
"""SQLite calls either so."""
NO_MEMORY = "内存不足，请关闭其他程序，再运行一次"
FAULTS = {
    FULL: (
        "No space left on device",
        "disk is full",
        "File too large",
        "quota exceeded",
    ),
    OF_A_DISK: ("Input/output error", "disk I/O error"),
    "没有读写的权限，请检查文件夹的所有者": ("Permission denied", "Read-only file system", "readonly database"),
    NO_MEMORY: (
        "Out of Memory",
        "Cannot allocate memory",
        "error return without exception set",  # Python's own words when it has none left for an error
        "without setting an exception",
    ),
    "被中断了；再运行一次会接着做完": ("Query interrupted", "INTERRUPT Error", "DagsterExecutionInterruptedError"),
    "打开的文件太多，请提高系统的上限（ulimit -n）": ("Too many open files",),
}


def fault_of(message: str) -> str | None:
    """What is wrong with the machine, in Chinese. None when the message is about something else."""
    return next((fault for fault, words in FAULTS.items() if any(each in message for each in words)), None)


def in_chinese(message: str) -> str:
    """An error message. A fault of the machine stands in front of it."""
    fault = fault_of(message)
    return f"{fault}。（{message}）" if fault else message


def told(error: BaseException | None) -> str | None:
    """What people are told of an error or of its cause. None when the program itself is wrong."""
    while error is not None:
        if isinstance(error, ToldError):
            return str(error)
        if isinstance(error, MemoryError):
            return f"{NO_MEMORY}。"
        if fault_of(str(error)):
            return in_chinese(str(error).splitlines()[0])
        error = error.__cause__ or error.__context__
    return None


class OneByOne:
    """Does pieces of work of which one that fails stops only itself; `failed` has a line for each that did.

    What the machine or a declaration is at fault for is raised: it would stop the others too. So is everything when it
    `is_strict`.
    """

    def __init__(self, is_strict: bool = False) -> None:
        self.is_strict = is_strict
        self.failed: list[str] = []

    def do(self, name: str, work: Callable[[], Result]) -> Result | None:
        """The result; None when the work of that name has failed."""
        try:
            return work()
        except Exception as error:
            if self.is_strict or told(error):
                raise
            self.note(name, error)
            return None

    def note(self, name: str, error: Exception) -> None:
        """Notes that the work of a name has failed; the traceback goes to the log."""
        logging.getLogger(__name__).error("%s", name, exc_info=error)
        said = (
            str(error)
            if CHINESE.search(str(error))
            else f"程序出错（{type(error).__name__}），详情见日志；请告诉维护人员"
        )
        self.failed.append(f"{name}：{cut_short(legible(said), SHOWN_OF_AN_ERROR)}")
