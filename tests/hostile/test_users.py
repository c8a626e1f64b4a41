"""Who may read what, with real users: a service that may not write to its program, an analyst, a stranger.

Installed as docs/deploy.md says: root owns the program and makes the folders, the service runs with umask 0027.
"""

import grp
import os
import pwd
import stat
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from sources.system.settings import PROJECT_ROOT

PACKAGES = os.pathsep.join((str(PROJECT_ROOT), sysconfig.get_path("purelib")))
STARTS = "import sys; sys.argv[0] = 'nianbao'; from orchestration.cli.main import main; main()"
RELEASES = """
from sources.declarations.city import load_city
from sources.system.settings import load_settings
from tests.support.confirmed import confirm_and_release
settings = load_settings()
confirm_and_release(settings, load_city(settings.city_dir), 2023)
"""
UMASK = 0o027
READERS, SERVICE, ANALYST, STRANGER = (f"nbt{os.getpid()}{letter}" for letter in "rsax")
CLOSED = ("archive", "inbox", "working", "dagster", "feedback", "summary_tables")
LOOKS = """
import os, sys
for path in sys.argv[1:]:
    for name, deed in {
        "list": lambda: os.listdir(path),
        "read": lambda: os.close(os.open(path, os.O_RDONLY)),
        "write": lambda: os.close(os.open(path + "/new" if os.path.isdir(path) else path, os.O_WRONLY | os.O_CREAT)),
    }.items():
        try:
            deed()
            print(name, path, sep="\\t")
        except OSError:
            pass
"""
LOCKS_EVERYTHING = """
import fcntl, os, sys
held = []
for top in sys.argv[2:]:
    for folder, _, names in os.walk(top):
        for path in [folder, *(os.path.join(folder, name) for name in names)]:
            try:
                held.append(os.open(path, os.O_RDONLY | os.O_NONBLOCK))
                fcntl.flock(held[-1], fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                pass
for path in sys.argv[1].split(os.pathsep):
    try:
        held.append(os.open(path, os.O_RDONLY))
        print("opened", path)
    except OSError as error:
        print(type(error).__name__)
print(len(held), flush=True)
sys.stdin.read()
"""


@dataclass(frozen=True)
class House:
    """An installation of the service, with `home`, and what it printed."""

    home: Path
    scratch: Path
    python: Path = Path(sys.executable)

    def runs(self, user: str, *command: str | Path) -> "subprocess.CompletedProcess[str]":
        return subprocess.run([str(each) for each in command], **self.as_user(user), capture_output=True, check=False)

    def starts(self, user: str, *command: str | Path) -> "subprocess.Popen[str]":
        command = tuple(str(each) for each in command)
        return subprocess.Popen(command, **self.as_user(user), stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def as_user(self, user: str) -> dict:
        found = pwd.getpwnam(user)
        env = {"NIANBAO_HOME": str(self.home), "TMPDIR": str(self.scratch), "HOME": "/nonexistent", "PATH": "/usr/bin"}
        env["PYTHONPATH"] = PACKAGES
        groups = [each.gr_gid for each in grp.getgrall() if user in each.gr_mem]
        ids = {"user": found.pw_uid, "group": found.pw_gid, "extra_groups": groups}
        return ids | {"umask": UMASK, "env": env, "cwd": "/", "text": True}

    def serves(self, *arguments: str) -> str:
        done = self.runs(SERVICE, self.python, "-c", STARTS, *arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def allowed(self, user: str, *paths: Path) -> set[tuple[str, str]]:
        """What the user can do with the paths: ("list" | "read" | "write", path from the home on)."""
        done = self.runs(user, self.python, "-c", LOOKS, *paths)
        assert done.returncode == 0, done.stderr
        found = (line.split("\t") for line in done.stdout.splitlines())
        return {(deed, str(Path(path).relative_to(self.home))) for deed, path in found}


def python_for(house: House) -> Path:
    """A Python of this version that the service may start: this one may lie in somebody's home."""
    same = f"import sys, duckdb, orchestration; sys.exit(sys.version_info[:2] != {tuple(sys.version_info[:2])})"
    for python in (Path(sys.executable), Path("/usr/bin/python3")):
        try:
            if house.runs(SERVICE, python, "-c", same).returncode == 0:
                return python
        except PermissionError:
            pass
    pytest.skip("other users may not enter the folder of this project, or start no Python of this version")


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    if os.geteuid():
        pytest.skip("only root makes users")
    for user in (SERVICE, ANALYST, STRANGER):
        subprocess.run(["useradd", "--system", "--user-group", "--no-create-home", user], check=True)
    try:
        subprocess.run(["groupadd", "--system", READERS], check=True)
        subprocess.run(["usermod", "--append", "--groups", READERS, ANALYST], check=True)
        with TemporaryDirectory() as name:
            folder = Path(name)
            folder.chmod(0o711)
            house = House(folder / "data", folder / "scratch")
            for path, group, mode in (
                (house.home, READERS, "0710"),
                (house.home / "published", READERS, "2750"),
                (house.home / "releases", READERS, "2750"),
                (house.scratch, SERVICE, "0700"),
            ):
                subprocess.run(["install", "-d", "-o", SERVICE, "-g", group, "-m", mode, path], check=True)
            house = replace(house, python=python_for(house))
            house.serves("sample", "--year", "2023")
            house.serves("run", "--year", "2023")
            released = house.runs(SERVICE, house.python, "-c", RELEASES)
            assert released.returncode == 0, released.stdout + released.stderr
            yield house
    finally:
        for user in (SERVICE, ANALYST, STRANGER):
            subprocess.run(["userdel", user], check=False)
        subprocess.run(["groupdel", READERS], check=False)


pytestmark = pytest.mark.deep


def test_the_service_cannot_write_to_its_program(house):
    uvs_own = (
        "-not",
        "-regex",
        r".*/\.venv/\([a-z0-9-]+/\)?\.lock",
    )  # of each environment; which installing alone takes
    found = house.runs(SERVICE, "/usr/bin/find", PROJECT_ROOT, "-writable", "-not", "-type", "l", *uvs_own)
    assert found.stdout == ""


def test_no_step_widens_the_umask_and_nothing_is_left_elsewhere(house):
    everything = [path for path in house.home.rglob("*") if not path.is_symlink()]
    assert len(everything) > 300
    assert [path for path in everything if stat.S_IMODE(path.stat().st_mode) & UMASK] == []
    for name in CLOSED:
        assert stat.S_IMODE((house.home / name).stat().st_mode) == 0o700, name
    assert list(house.scratch.iterdir()) == []


def test_the_analyst_reads_what_is_published_and_nothing_else(house):
    home = house.home
    database, released = home / "published" / "nianbao.duckdb", home / "releases" / "2023.1"
    count = "import duckdb, sys; print(duckdb.connect(sys.argv[1], read_only=True).sql('from report.figure').shape[0])"
    done = house.runs(ANALYST, house.python, "-c", count, database)
    assert int(done.stdout or 0) > 100, done.stderr
    open_to = (database.parent, database, released.parent, released, released / "manifest.json", released / "site")
    expected = {("read", path) for path in open_to} | {("list", path) for path in open_to if path.is_dir()}
    assert house.allowed(ANALYST, *open_to) == {(deed, str(path.relative_to(home))) for deed, path in expected}
    closed = [home, *(home / name for name in CLOSED), *(path for name in CLOSED for path in (home / name).rglob("*"))]
    assert len(closed) > 50
    assert house.allowed(ANALYST, *closed, *home.glob("*.*"), *home.glob(".*")) == set()


def test_a_stranger_reads_nothing(house):
    released = house.home / "releases" / "2023.1"
    paths = (house.home, house.home / "published", house.home / "published" / "nianbao.duckdb", released)
    assert house.allowed(STRANGER, *paths, released / "manifest.json", *house.home.rglob("*.lock")) == set()


@pytest.mark.parametrize("user", [ANALYST, STRANGER], ids=["analyst", "stranger"])
def test_nobody_stops_the_service_by_a_lock(user, house):
    """The lock of the kernel (flock) needs no right to write: whoever may open the file for reading may hold it."""
    lock = house.home / "working" / "nianbao.lock"
    assert lock.exists()
    holder = house.starts(user, house.python, "-c", LOCKS_EVERYTHING, lock, house.home, PROJECT_ROOT / "dbt_project")
    try:
        assert holder.stdout.readline() == "PermissionError\n"
        assert int(holder.stdout.readline()) > 10, "it holds what it can open"
        house.serves("run", "--year", "2023", "--force")
    finally:
        holder.kill()
        holder.communicate()
