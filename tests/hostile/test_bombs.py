"""Files that would fill the memory are refused before they do: measured in a process of its own."""

import subprocess
import sys
from pathlib import Path

import pytest

from sources.system.settings import PROJECT_ROOT, Limits
from tests.hostile.bombs import BOMBS

PEAK_MEGABYTES = 300
"""What the whole process may take while it reads one of them; the program itself takes about 60."""
READER = """
import re, resource, sys
from pathlib import Path
from sources.declarations.city import load_city
from sources.system.settings import CITIES_ROOT
from sources.read.read_workbook import read_workbook

resource.setrlimit(resource.RLIMIT_AS, (8 << 30, 8 << 30))
city = load_city(CITIES_ROOT / "450700")
for path in sorted(Path(sys.argv[1]).iterdir()):
    Path("/proc/self/clear_refs").write_text("5")
    reading = read_workbook(path.read_bytes(), path.stem, path.name, city)
    peak = int(re.search("VmHWM:\\s+([0-9]+)", Path("/proc/self/status").read_text())[1]) // 1024
    print(path.stem, reading.findings[0].rule_id, len(reading.cells), peak, sep="\\t")
"""


pytestmark = pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="memory is measured on Linux")


@pytest.fixture(scope="module")
def lines(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """What one process says of each of the files: its rule, the cells it took, the peak of its memory meanwhile."""
    folder = tmp_path_factory.mktemp("bombs")
    for name, (build, _) in BOMBS.items():
        data = build()
        assert len(data) < Limits().file_bytes, "its size alone would give it away"
        (folder / f"{name}.xlsx").write_bytes(data)
    done = subprocess.run(
        [sys.executable, "-c", READER, str(folder)], cwd=PROJECT_ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return {line.split("\t")[0]: line.split("\t")[1:] for line in done.stdout.splitlines()}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_with_its_finding(name, lines):
    rule_id, cells, _ = lines[name]
    assert (rule_id, cells) == (BOMBS[name][1], "0")


def test_none_of_them_fills_the_memory(lines):
    peaks = {name: int(peak) for name, (_, _, peak) in lines.items()}
    print("\n" + "\n".join(f"{name:<32}{peak:>6} MB" for name, peak in peaks.items()))
    assert len(peaks) == len(BOMBS)
    assert max(peaks.values()) < PEAK_MEGABYTES
