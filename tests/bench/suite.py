"""What the tests cost: `python -m tests.bench suite` runs `make test`'s tests three times, for a quiet machine."""

import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from xml.etree import ElementTree

RUNS = 3
SHOWN = 15
PYTEST = (sys.executable, "-m", "pytest", "--numprocesses", "2", "--dist", "loadfile")


@dataclass(frozen=True, slots=True)
class Timed:
    """A test and its seconds, with what was set up for it first."""

    file: str
    name: str
    seconds: float


def measure_suite() -> list[str]:
    """The section for docs/benchmark.md. Raises CalledProcessError when a test fails."""
    walls, tests = [], []
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(RUNS):
            started = time.monotonic()
            subprocess.run([*PYTEST, f"--junitxml={folder}/tests.xml"], check=True)
            walls.append(time.monotonic() - started)
            tests = list(timed(Path(folder, "tests.xml").read_text(encoding="utf-8")))
    return section(walls, tests)


def timed(junit: str) -> Iterator[Timed]:
    """The tests that ran, from pytest's report."""
    for case in ElementTree.fromstring(junit).iter("testcase"):
        yield Timed(case.attrib["classname"].replace(".", "/"), case.attrib["name"], float(case.attrib["time"]))


def section(walls: Sequence[float], tests: Sequence[Timed]) -> list[str]:
    """What costs most, as Markdown: files, and in each the test that costs most (or what it was the first to need)."""
    of_file = defaultdict(list)
    for test in tests:
        of_file[test.file].append(test)
    total = sum(test.seconds for test in tests)
    dearest = sorted(of_file, key=lambda file: -sum(test.seconds for test in of_file[file]))[:SHOWN]
    return [
        "## The tests\n",
        f"`make test`: {len(tests):,} tests, {len(walls)} times on two cores: {', '.join(f'{w:.0f} s' for w in walls)}"
        f" (median {median(walls) / 60:.1f} min). What costs most, in the last of them:\n",
        "| file | tests | s | share | of it the dearest test, with what it was the first to need | s |",
        "| --- | ---: | ---: | ---: | --- | ---: |",
        *(_line(file, of_file[file], total) for file in dearest),
        "",
    ]


def _line(file: str, tests: Sequence[Timed], total: float) -> str:
    seconds = sum(test.seconds for test in tests)
    dearest = max(tests, key=lambda test: test.seconds)
    name = dearest.name.replace("|", "\\|")
    return f"| `{file}.py` | {len(tests)} | {seconds:.0f} | {seconds / total:.0%} | {name} | {dearest.seconds:.0f} |"
