"""What the system allows is held against what a run needs before it begins."""

import resource
import subprocess
import sys
from pathlib import Path

import pytest

from sources.system import allowance
from sources.system.allowance import LEAST_FILES, NotAllowedError, most_taken, refuse_without_memory
from sources.system.settings import PROJECT_ROOT, Settings
from warehouse.run.space import FIRST_MEMORY, SURELY, note_memory, refuse_without_means

TAKE = """
import resource
from sources.system.allowance import take_files
take_files()
print(resource.getrlimit(resource.RLIMIT_NOFILE)[0])
"""
A_GIGABYTE = 1_000_000_000


def with_files(soft: int, hard: int) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", TAKE],
        capture_output=True,
        text=True,
        cwd=PROJECT_ROOT,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard)),
    )


def test_as_many_files_are_taken_as_may_be_and_too_few_refused():
    assert int(with_files(24, 1000).stdout) == 1000
    refused = with_files(24, 24).stderr.strip().splitlines()[-1]
    assert f"最多只能同时打开 24 个文件，至少要 {LEAST_FILES} 个" in refused


@pytest.fixture
def group(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A control group without a limit, of the second version."""
    monkeypatch.setattr(allowance, "CGROUPS", tmp_path)
    monkeypatch.setattr(allowance, "OF_A_PROCESS", ())
    monkeypatch.setattr(allowance, "_groups", lambda top: iter([top]))
    (tmp_path / "memory.max").write_text("max\n", "ascii")
    return tmp_path


@pytest.mark.parametrize("place", ["memory.max", "memory/memory.limit_in_bytes"])
def test_a_control_groups_limit_is_named_where_it_is_too_small(group: Path, place: str):
    refuse_without_memory(A_GIGABYTE)
    (group / place).parent.mkdir(exist_ok=True)
    (group / place).write_text(f"{A_GIGABYTE}\n", "ascii")
    refuse_without_memory(A_GIGABYTE)
    with pytest.raises(NotAllowedError, match=r"最多可用 1000\.0 MB（cgroup .*这次约要 1200\.0 MB"):
        refuse_without_memory(1_200_000_000)


def test_the_groups_are_those_of_this_process_and_around_it():
    """On any Linux; where the system has no control groups there are none."""
    found = list(allowance._groups(allowance.CGROUPS))
    assert found == [] or found[-1] == allowance.CGROUPS


def test_a_run_asks_for_what_the_last_one_took(group: Path, empty: Settings):
    empty.working_database.parent.mkdir(parents=True)
    limit = group / "memory.max"
    limit.write_text(str(int(SURELY * FIRST_MEMORY) - 1), "ascii")
    with pytest.raises(NotAllowedError, match="内存不够"):
        refuse_without_means(empty)
    note_memory(empty)
    limit.write_text(str(most_taken()), "ascii")
    refuse_without_means(empty)
