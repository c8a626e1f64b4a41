"""What the system allows this process: open files and memory. Both are asked for before a run, as room on a disk is.

Whom the kernel ends for want of memory cannot say so, and libraries without a file handle end in the middle of a line.
"""

import resource
from collections.abc import Iterator
from pathlib import Path

from sources.system.disk import megabytes
from sources.system.faults import ToldError

LEAST_FILES, ENOUGH_FILES = 128, 4096
"""Open files: less are refused; more are not asked for."""
NO_FILES = (
    "这里最多只能同时打开 {most} 个文件，至少要 {least} 个，没有开始。请提高系统的上限"
    "（ulimit -n，或服务的 LimitNOFILE），再运行一次；什么都没有改动。"
)
NO_MEMORY = (
    "内存不够，没有开始：这里最多可用 {limit}（{what}），这次约要 {needed}（按上一次估计）。"
    "请放宽这个限制，再运行一次；什么都没有改动。"
)
CGROUPS = Path("/sys/fs/cgroup")
OF_A_CGROUP = (("memory", "memory.limit_in_bytes"), ("", "memory.max"))
"""Where control groups lie below CGROUPS, and what a group's limit is called: of version 1, of version 2."""
OF_A_PROCESS = ((resource.RLIMIT_AS, "ulimit -v"), (resource.RLIMIT_DATA, "ulimit -d"))


class NotAllowedError(ToldError):
    """The system allows less than a run needs; nothing was begun."""


def take_files() -> None:
    """Lets this process open as many files as it may, up to enough. Raises NotAllowedError when these are too few."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = ENOUGH_FILES if hard == resource.RLIM_INFINITY else min(hard, ENOUGH_FILES)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    if most < LEAST_FILES:
        raise NotAllowedError(NO_FILES.format(most=most, least=LEAST_FILES))


def refuse_without_memory(needed: int) -> None:
    """Raises NotAllowedError when this process may never have so many bytes, whatever else is at work."""
    limit, what = min(_limits(), default=(needed, ""))
    if limit < needed:
        raise NotAllowedError(NO_MEMORY.format(limit=megabytes(limit), what=what, needed=megabytes(needed)))


def most_taken() -> int:
    """The most bytes of memory that this process has had, and one of those that it started."""
    return 1024 * sum(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))


def _limits() -> Iterator[tuple[int, str]]:
    """Limits in bytes, and what sets them: of the process, of its control groups and of those around them."""
    for kind, what in OF_A_PROCESS:
        soft, _ = resource.getrlimit(kind)
        if soft != resource.RLIM_INFINITY:
            yield soft, what
    for folder, name in OF_A_CGROUP:
        for group in _groups(CGROUPS / folder):
            try:
                text = (group / name).read_text("ascii").strip()
            except OSError:  # another version of control groups, or none
                continue
            if text.isdecimal():
                yield int(text), f"cgroup {group}"


def _groups(top: Path) -> Iterator[Path]:
    """The control groups in which this process may be, from within: as its own names them, and the topmost it sees."""
    try:
        lines = Path("/proc/self/cgroup").read_text("ascii", "replace").splitlines()
    except OSError:  # not Linux
        return
    for line in lines:
        _, kinds, path = line.split(":", 2)
        if kinds in ("", "memory"):
            group = top / path.strip("/")
            yield from (each for each in (group, *group.parents) if each.is_relative_to(top))
