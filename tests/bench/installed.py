"""What an installation takes on disk: `python -m tests.bench install`, on .venv/user and one from the installer."""

import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import Distribution, distributions
from pathlib import Path

from orchestration.supply.wheelhouse import MACHINES, Platform, pack
from sources.system.settings import PROJECT_ROOT

USER = PROJECT_ROOT / ".venv" / "user"
SHOWN = 14
FIRST, FIRST_BYTECODE, INSTALLERS = 913, 101, 62
"""MB of version 0.1.0 as a user installed it, counted in the same way, and of uv, pip and setuptools beside it."""
HERE = f"{sys.version_info.major}.{sys.version_info.minor}"


@dataclass(frozen=True, slots=True)
class Disk:
    """Bytes of an environment's files, of them bytecode, and those of each package with its bytecode."""

    total: int
    bytecode: int
    packages: Mapping[str, int]


def measure_install() -> list[str]:
    """The section for docs/benchmark.md. Raises CalledProcessError when the installer cannot be made or installed."""
    user = disk_of(USER)
    with tempfile.TemporaryDirectory() as folder:
        archive = pack([Platform(HERE, machine) for machine in MACHINES], Path(folder))
        with tarfile.open(archive) as tar:
            tar.extractall(folder, filter="data")
        app = Path(folder) / "app"
        command = ["sh", archive.with_suffix("") / "install.sh", "--to", app, "--python", sys.executable]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        return section(user, disk_of(app / ".venv"), archive.stat().st_size)


def disk_of(environment: Path) -> Disk:
    """What lies in a virtual environment."""
    files = [path for path in environment.rglob("*") if path.is_file() and not path.is_symlink()]
    sizes = {path: path.stat().st_size for path in files}
    (packages,) = environment.glob("lib/python3*/site-packages")
    return Disk(
        sum(sizes.values()),
        sum(size for path, size in sizes.items() if path.suffix == ".pyc"),
        {each.metadata["Name"]: _size(each) for each in distributions(path=[str(packages)])},
    )


def _size(package: Distribution) -> int:
    """Bytes of a package's files that are there, and of the bytecode beside them."""
    paths = {Path(str(file.locate())).resolve() for file in package.files or []}
    compiled = {
        found for path in paths if path.suffix == ".py" for found in path.parent.glob(f"__pycache__/{path.stem}.*.pyc")
    }
    return sum(path.stat().st_size for path in paths | compiled if path.is_file())


def section(user: Disk, packed: Disk, archive: int) -> list[str]:
    """What is installed, as Markdown, with the largest packages."""
    rows = (
        (f"version 0.1.0 (beside it {INSTALLERS} MB of uv, pip and setuptools)", FIRST, FIRST_BYTECODE),
        ("as `make` installs it (the same beside it)", _mb(user.total), _mb(user.bytecode)),
        (
            "from the installer: without uv, pip, setuptools; bytecode of what is used",
            _mb(packed.total),
            _mb(packed.bytecode),
        ),
        (f"the installer itself, one archive for {' and '.join(MACHINES)}", _mb(archive), ""),
    )
    largest = sorted(user.packages, key=lambda name: -user.packages[name])[:SHOWN]
    return [
        "## What is installed\n",
        f"Bytes of all files, Python {HERE} on Linux x86_64; MB are 10⁶ bytes.\n",
        "| installation | MB | of it bytecode |",
        "| --- | ---: | ---: |",
        *(f"| {what} | {size} | {bytecode} |" for what, size, bytecode in rows),
        "",
        f"The {SHOWN} largest of {len(user.packages)} packages, with their bytecode:\n",
        "| package | MB |",
        "| --- | ---: |",
        *(f"| {name} | {_mb(user.packages[name])} |" for name in largest),
        "",
        "Why these are there, and why they are not smaller: [decisions/0030](decisions/0030-supply.md).",
    ]


def _mb(size: int) -> str:
    return f"{size / 1e6:.0f}"
