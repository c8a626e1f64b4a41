"""`python -m orchestration.supply.wheelhouse`: one archive that installs nianbao without a network.

    nianbao-<version>/
        install.sh        checks what it is, and installs (POSIX sh)
        安装说明.txt       what to type
        SHA256SUMS        of every other file
        app.tar           the project as committed, without its tests
        locks/            for each machine and Python: every package with the hash of the one wheel that it gets
        wheels/           the wheels; the fonts of documents, charts and pages are in one of them

Wheels only, and each is one that the project's own lock file names: nothing is built on the way. Raises
CalledProcessError with pip's words when a package has no wheel for a machine.
"""

import argparse
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.tags import Tag, compatible_tags, cpython_tags
from packaging.utils import canonicalize_name, parse_wheel_filename

from sources.system.fingerprint import sha256_of_file
from sources.system.settings import PROJECT_ROOT

MACHINES = ("x86_64", "aarch64")
GLIBC = (17, 28)
"""glibc 2.17 (CentOS 7) is the oldest that a wheel may be for, 2.28 (Kylin V10, UOS 20, openEuler 20.03) the newest."""
LOCKS = {"run": "requirements.lock", "postgres": "requirements-postgres.lock", "build": "requirements-bootstrap.lock"}
"""What is packed, by the name that its lock has in the archive."""
NOT_NEEDED = {"uv", "setuptools"}
"""Of what installs: the archive has pip alone, and what puts our own folder in."""
LEFT_OUT = ("tests", ".ci", ".github")
COMMIT = "commit.txt"


@dataclass(frozen=True, slots=True)
class Platform:
    """A kind of machine: a Python (`3.11`) on a processor (`aarch64`), Linux with glibc."""

    python: str
    machine: str

    @property
    def name(self) -> str:
        return f"py{self.python}-{self.machine}"

    def platforms(self) -> list[str]:
        """The tags of wheels that it takes, the best first."""
        oldest, newest = GLIBC
        return [f"manylinux_2_{minor}_{self.machine}" for minor in range(newest, oldest - 1, -1)] + [
            f"manylinux2014_{self.machine}",
            *(f"manylinux{old}_{self.machine}" for old in ("2010", "1") if self.machine == "x86_64"),
        ]

    def tags(self) -> set[Tag]:
        """Every tag of a wheel that it takes."""
        version, own = tuple(map(int, self.python.split("."))), "cp" + self.python.replace(".", "")
        compiled = cpython_tags(version, abis=[own], platforms=self.platforms())
        return {*compiled, *compatible_tags(version, own, self.platforms())}

    def environment(self) -> dict[str, str]:
        """What the conditions in a lock file ask about."""
        here = {key: str(value) for key, value in default_environment().items()}
        own = {"python_version": self.python, "python_full_version": f"{self.python}.0"}
        linux = {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix"}
        return here | own | linux | {"platform_machine": self.machine}


@dataclass(frozen=True, slots=True)
class Pin:
    """A package of a lock file, with the hashes of all its files."""

    requirement: Requirement
    hashes: tuple[str, ...]

    def line(self, hashes: Iterable[str] | None = None) -> str:
        """For pip; without its condition, which has been answered."""
        named = f"{self.requirement.name}{self.requirement.specifier}"
        return " ".join([named, *(f"--hash=sha256:{each}" for each in hashes or self.hashes)])


def pins(lock: Path, target: Platform) -> Iterator[Pin]:
    """The packages of a lock file that a machine needs."""
    for block in re.split(r"\n(?=\S)", lock.read_text("utf-8").strip()):
        requirement = Requirement(block.split("--hash", 1)[0].strip().rstrip("\\"))
        if requirement.marker is None or requirement.marker.evaluate(target.environment()):
            yield Pin(requirement, tuple(re.findall(r"--hash=sha256:([0-9a-f]{64})", block)))


def wanted(name: str, target: Platform) -> list[Pin]:
    """The packages of one of LOCKS that are packed for a machine."""
    found = pins(PROJECT_ROOT / LOCKS[name], target)
    return [pin for pin in found if canonicalize_name(pin.requirement.name) not in NOT_NEEDED]


def fetch(targets: Sequence[Platform], wheels: Path) -> None:
    """Puts the wheels of all LOCKS for all machines into a folder; pip compares each with the lock's hashes."""
    for target in targets:
        listed = wheels / "listed.txt"
        lines = {pin.line() for name in LOCKS for pin in wanted(name, target)}
        listed.write_text("\n".join(sorted(lines)) + "\n", encoding="utf-8")
        kind = [part for platform in target.platforms() for part in ("--platform", platform)]
        pip = [sys.executable, "-m", "pip", "--quiet", "download", "--no-deps", "--only-binary", ":all:"]
        of_python = ["--implementation", "cp", "--python-version", target.python]
        subprocess.run([*pip, *of_python, *kind, "--require-hashes", "-r", listed, "--dest", wheels], check=True)
        listed.unlink()


def locked(name: str, target: Platform, wheels: Path) -> str:
    """The lock of a machine: every package with the hash of its one wheel. Raises LookupError when there is none."""
    return "".join(f"{pin.line([sha256_of_file(_wheel(pin, wheels, target))])}\n" for pin in wanted(name, target))


def _wheel(pin: Pin, wheels: Path, target: Platform) -> Path:
    """The one wheel of a package that a machine takes."""
    for path in sorted(wheels.glob("*.whl")):
        package, version, _, tags = parse_wheel_filename(path.name)
        same = package == canonicalize_name(pin.requirement.name) and pin.requirement.specifier.contains(version)
        if same and tags & target.tags():
            return path
    raise LookupError(f"no wheel of {pin.requirement} for {target.name}")


def archive_project(to: Path, revision: str = "HEAD") -> None:
    """The project as committed, without what only its makers need; COMMIT tells which commit."""
    left_out = [f":(exclude){name}" for name in LEFT_OUT]
    commit = _git("rev-parse", revision)
    (note := to.with_name(COMMIT)).write_text(commit + "\n", encoding="utf-8")
    _git("archive", f"--output={to}", f"--add-file={note}", revision, "--", ".", *left_out)
    note.unlink()


def pack(targets: Sequence[Platform], build: Path) -> Path:
    """Makes the archive in a folder; the same commit and locks give the same bytes. Returns its path."""
    folder = build / f"nianbao-{_version()}"
    shutil.rmtree(folder, ignore_errors=True)
    wheels, locks = folder / "wheels", folder / "locks"
    for each in (wheels, locks):
        each.mkdir(parents=True)
    fetch(targets, wheels)
    for target in targets:
        for name in LOCKS:
            (locks / f"{target.name}-{name}.lock").write_text(locked(name, target, wheels), encoding="utf-8")
    archive_project(folder / "app.tar")
    for name in ("install.sh", "安装说明.txt"):
        shutil.copyfile(Path(__file__).with_name(name), folder / name)
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    sums = "".join(f"{sha256_of_file(path)}  {path.relative_to(folder)}\n" for path in files)
    (folder / "SHA256SUMS").write_text(sums, encoding="utf-8")
    archive = folder.with_name(f"{folder.name}.tar")
    with tarfile.open(archive, "w", format=tarfile.PAX_FORMAT) as tar:
        for path in (*files, folder / "SHA256SUMS"):
            tar.add(path, str(path.relative_to(build)), filter=_plain)
    shutil.rmtree(folder)
    return archive


def _plain(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """Nothing of who packed it, and when."""
    member.uid = member.gid = member.mtime = 0
    member.uname = member.gname = ""
    member.mode = 0o644
    return member


def _version() -> str:
    return str(tomllib.loads((PROJECT_ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"])


def _git(*arguments: str) -> str:
    return subprocess.run(
        ["git", *arguments], cwd=PROJECT_ROOT, check=True, capture_output=True, text=True
    ).stdout.strip()


def main() -> None:
    here = f"{sys.version_info.major}.{sys.version_info.minor}"
    parser = argparse.ArgumentParser(
        prog="python -m orchestration.supply.wheelhouse", description="Packs an installation without a network."
    )
    parser.add_argument(
        "--python", action="append", help=f"version of Python there (default {here}); several may be given"
    )
    parser.add_argument("--machine", action="append", choices=MACHINES, help="processor (default: both)")
    given = parser.parse_args()
    if _git("status", "--porcelain", "--untracked-files=no"):
        sys.exit("The project has changes that are not committed, and only what is committed is packed. Commit first.")
    targets = [Platform(python, machine) for python in given.python or [here] for machine in given.machine or MACHINES]
    build = PROJECT_ROOT / "build"
    build.mkdir(exist_ok=True)
    archive = pack(targets, build)
    anchor = sha256_of_file(archive)
    archive.with_name(f"{archive.name}.sha256").write_text(f"{anchor}  {archive.name}\n", encoding="utf-8")
    size = archive.stat().st_size / 1e6
    print(f"build/{archive.name}, {size:.0f} MB: {', '.join(target.name for target in targets)}")
    print(f"sha256 {anchor}")


if __name__ == "__main__":
    main()
