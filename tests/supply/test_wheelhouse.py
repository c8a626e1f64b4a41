"""The archive has, for each machine, what its lock names and nothing else; its script refuses what is not whole."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from packaging.utils import parse_wheel_filename

from orchestration.supply.wheelhouse import LOCKS, MACHINES, NOT_NEEDED, Platform, pins, wanted
from sources.system.fingerprint import sha256_of_file
from sources.system.settings import PROJECT_ROOT

HERE = f"{sys.version_info.major}.{sys.version_info.minor}"
ARM = Platform("3.11", "aarch64")


@pytest.mark.parametrize(
    ("wheel", "is_taken"),
    [
        ("duckdb-1.5.6-cp311-cp311-manylinux_2_26_aarch64.manylinux_2_28_aarch64.whl", True),
        ("typst-0.15.2-cp38-abi3-manylinux_2_17_aarch64.manylinux2014_aarch64.whl", True),
        ("rich-15.0.0-py3-none-any.whl", True),
        ("six-1.17.0-py2.py3-none-any.whl", True),
        ("duckdb-1.5.6-cp311-cp311-manylinux_2_26_x86_64.whl", False),
        ("duckdb-1.5.6-cp312-cp312-manylinux_2_26_aarch64.whl", False),
        ("duckdb-1.5.6-cp312-abi3-manylinux_2_26_aarch64.whl", False),
        ("duckdb-1.5.6-cp311-cp311-manylinux_2_34_aarch64.whl", False),
        ("duckdb-1.5.6-cp311-cp311-musllinux_1_2_aarch64.whl", False),
        ("duckdb-1.5.6-cp311-cp311-macosx_12_0_arm64.whl", False),
        ("duckdb-1.5.6-cp311-cp311-win_amd64.whl", False),
    ],
)
def test_a_machine_takes_wheels_of_its_python_its_processor_and_a_libc_as_old_as_its_own(wheel: str, is_taken: bool):
    assert bool(parse_wheel_filename(wheel)[3] & ARM.tags()) is is_taken


def test_conditions_of_a_lock_are_answered_for_the_machine_there_not_for_this_one():
    lock = PROJECT_ROOT / LOCKS["run"]
    found = {python: list(pins(lock, Platform(python, "x86_64"))) for python in ("3.11", "3.12")}
    names = {python: [pin.requirement.name for pin in found[python]] for python in found}
    assert names["3.11"] == names["3.12"]
    assert len(set(names["3.11"])) == len(names["3.11"])
    assert "pywin32" not in names["3.11"]
    networkx = [pin.line() for python in found for pin in found[python] if pin.requirement.name == "networkx"]
    assert networkx[0].split()[0] != networkx[1].split()[0]


def test_every_lock_is_packed_and_no_tool_that_only_resolves():
    packed = {pin.requirement.name for name in LOCKS for pin in wanted(name, ARM)}
    assert {"duckdb", "manimgx-fonts-cjk", "psycopg2-binary", "pip", "hatchling"} <= packed
    assert not packed & NOT_NEEDED


# --- The script ------------------------------------------------------------------------------------------------------


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """An archive's folder without wheels: enough for what the script looks at before it installs."""
    folder = tmp_path / "bundle"
    (folder / "locks").mkdir(parents=True)
    (folder / "install.sh").write_bytes((PROJECT_ROOT / "orchestration" / "supply" / "install.sh").read_bytes())
    (folder / "locks" / f"py{HERE}-{os.uname().machine}-run.lock").write_text("")
    (folder / "app.tar").write_bytes(b"")
    seal(folder)
    return folder


def seal(folder: Path) -> None:
    """Writes SHA256SUMS anew."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != "SHA256SUMS")
    sums = [f"{sha256_of_file(path)}  {path.relative_to(folder)}\n" for path in files]
    (folder / "SHA256SUMS").write_text("".join(sums))


def refused(folder: Path, *arguments: str) -> str:
    """What the script says when it stops."""
    command = ["sh", folder / "install.sh", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder.parent, check=False)
    assert done.returncode == 1
    return done.stderr


@pytest.mark.parametrize("harm", [lambda path: path.write_bytes(b"other"), Path.unlink], ids=["changed", "missing"])
def test_a_file_that_is_not_the_one_that_was_packed_stops_before_anything_is_written(small: Path, harm):
    harm(small / "app.tar")
    said = refused(small, "--to", str(small.parent / "app"))
    assert "app.tar" in said
    assert "什么也没有安装" in said
    assert not (small.parent / "app").exists()


def test_a_python_for_which_nothing_is_packed_is_told_with_what_is(small: Path):
    lock = next((small / "locks").iterdir())
    lock.rename(lock.with_name("py3.99-riscv64-run.lock"))
    seal(small)
    assert "安装包适用于：py3.99-riscv64" in refused(small)


def test_a_folder_with_something_in_it_is_left_alone(small: Path):
    (old := small.parent / "app").mkdir()
    (old / "data").write_text("last year's")
    assert f"{old} 不是空文件夹" in refused(small, "--to", str(old))
    assert [path.name for path in old.iterdir()] == ["data"]


@pytest.mark.parametrize("arguments", [("--to",), ("--all",)])
def test_what_is_typed_wrongly_is_told(small: Path, arguments: tuple[str, ...]):
    assert refused(small, *arguments)


def test_machines_are_those_of_bureaus():
    assert MACHINES == ("x86_64", "aarch64")
