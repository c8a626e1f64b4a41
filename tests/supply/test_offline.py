"""An installation from the archive with the network off: it installs, runs both sample years and makes a release.

It turns to no machine outside: not in vain (the namespace has no network), nor at all (Python's sockets are watched).
"""

import csv
import os
import re
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name, parse_wheel_filename

from orchestration.supply.wheelhouse import LOCKS, MACHINES, Platform, pack, wanted
from sources.system.fingerprint import sha256_of_file

pytestmark = pytest.mark.deep

HERE = f"{sys.version_info.major}.{sys.version_info.minor}"
WATCH = """
import os, sys

def watch(event, arguments):
    if event == "socket.getaddrinfo":
        where = arguments[0]
    elif event in ("socket.connect", "socket.sendto"):
        where = arguments[1][0] if isinstance(arguments[1], tuple) else None
    else:
        return
    if where and str(where) not in ("127.0.0.1", "localhost", "::1"):
        with open(os.environ["ASKED"], "a") as file:
            file.write(f"{event} {arguments[1:]}\\n")

sys.addaudithook(watch)
"""
"""Starts with every Python process and notes whom it turns to."""


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The archive for this Python and both processors, unpacked."""
    build = tmp_path_factory.mktemp("build")
    with tarfile.open(packed := pack([Platform(HERE, machine) for machine in MACHINES], build)) as tar:
        tar.extractall(build, filter="data")
    packed.unlink()
    return packed.with_suffix("")


@pytest.fixture(scope="module")
def no_network() -> list[str]:
    """A command that starts another one where there is no network but the machine's own."""
    start = ["unshare", "--net"]
    if shutil.which("unshare") is None or subprocess.run([*start, "true"], capture_output=True, check=False).returncode:
        pytest.skip("network namespaces are not allowed here (needs root and unshare)")
    script = 'ip link set lo up 2>/dev/null; exec "$@"'
    return [*start, "sh", "-c", script, "sh"]


@pytest.mark.parametrize("machine", MACHINES)
def test_every_package_of_the_lock_has_one_wheel_that_the_machine_takes(archive: Path, machine: str):
    """The only check of a processor that is not this machine's."""
    target = Platform(HERE, machine)
    wheels = {sha256_of_file(path): path.name for path in (archive / "wheels").iterdir()}
    for name in LOCKS:
        lines = (archive / "locks" / f"{target.name}-{name}.lock").read_text().splitlines()
        assert len(lines) == len(wanted(name, target))
        for line, pin in zip(lines, wanted(name, target), strict=True):
            (digest,) = re.findall("--hash=sha256:([0-9a-f]{64})", line)
            package, version, _, tags = parse_wheel_filename(wheels[digest])
            assert (package, str(version)) == (
                canonicalize_name(pin.requirement.name),
                str(pin.requirement.specifier)[2:],
            )
            assert digest in pin.hashes, line
            assert tags & target.tags(), line


def test_nothing_lies_in_the_archive_that_no_machine_installs(archive: Path):
    locked = set(re.findall("sha256:([0-9a-f]{64})", "".join(p.read_text() for p in (archive / "locks").iterdir())))
    assert {sha256_of_file(path) for path in (archive / "wheels").iterdir()} == locked
    with tarfile.open(archive / "app.tar") as tar:
        names = tar.getnames()
    assert {"pyproject.toml", "LICENSE", "commit.txt"} <= set(names)
    assert not any(name.startswith(("tests/", ".ci/")) for name in names)


@pytest.mark.skipif(os.uname().machine not in MACHINES, reason="no wheels for this processor")
def test_with_the_network_off_it_installs_runs_the_sample_years_and_makes_a_release(
    archive: Path, no_network: list[str], tmp_path: Path
):
    app = tmp_path / "机器 A" / "app"
    (watch := tmp_path / "watch").mkdir()
    (watch / "sitecustomize.py").write_text(WATCH)
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "LANG": "C.UTF-8"}
    watched = environment | {"PYTHONPATH": str(watch), "ASKED": str(tmp_path / "asked.txt")}

    def offline(*command: str | Path, env: dict[str, str] = watched, expected: int = 0) -> str:
        done = subprocess.run(
            [*no_network, *command], capture_output=True, text=True, env=env, cwd=tmp_path, check=False
        )
        assert done.returncode == expected, f"{command}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    reach = "import socket\ntry: socket.create_connection(('192.0.2.1', 80), 2)\nexcept OSError as e: print(e.errno)"
    assert offline(sys.executable, "-c", reach, env=environment).strip() == "101"  # network is unreachable
    offline("sh", archive / "install.sh", "--to", app, "--python", sys.executable, "--postgres", env=environment)
    python, nianbao = app / ".venv" / "bin" / "python", app / ".venv" / "bin" / "nianbao"
    (pip,) = (archive / "wheels").glob("pip-*.whl")
    assert "No broken requirements" in offline(python, "-m", "pip", "check", env=environment | {"PYTHONPATH": str(pip)})
    listed = [each.name for each in (app / ".venv" / "lib" / f"python{HERE}" / "site-packages").iterdir()]
    assert not [name for name in listed if name.split("-")[0] in {"pip", "uv", "setuptools", "hatchling", "pytest"}]

    years = ("--year", "2022", "--year", "2023")
    offline(nianbao, "sample", *years)
    offline(nianbao, "run", *years)
    items = tmp_path / "items.csv"
    offline(nianbao, "release", "2023", "--dry-run", "--to", items, expected=3)
    with items.open(encoding="utf-8-sig", newline="") as file:
        lines = [line | {"确认人": "王科长", "理由": f"已核实：{line['事项']}"} for line in csv.DictReader(file)]
    with items.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, lines[0])
        writer.writeheader()
        writer.writerows(lines)
    offline(nianbao, "confirm", "--from", items)
    assert "2023.1" in offline(nianbao, "release", "2023")
    home = app / "warehouse" / "data"
    assert (home / "published" / "nianbao.duckdb").exists()
    assert list((home / "releases" / "2023.1").glob("*.pdf"))
    assert (app / "commit.txt").read_text().strip() in (home / "releases" / "2023.1" / "manifest.json").read_text()
    assert not (tmp_path / "asked.txt").exists(), (tmp_path / "asked.txt").read_text()
