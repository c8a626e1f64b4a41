"""A PostgreSQL server of Debian's packages for a test: its own folder, its own port, a user without rights."""

import os
import pwd
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.browser.conftest import free_port

DEBIAN = Path("/usr/lib/postgresql")
START_SECONDS = 60
NAME, PASSWORD = "nianbao", "only-for-this-test"


@dataclass(frozen=True)
class Server:
    """A running server with a database and its owner, as docs/deploy.md has them made; `programs` is its folder."""

    programs: Path
    port: int

    @property
    def url(self) -> str:
        """In the form of docs/deploy/nianbao.env."""
        return f"postgresql+psycopg2://{NAME}:{PASSWORD}@127.0.0.1:{self.port}/{NAME}"

    def dump(self) -> str:
        """Everything that the database holds, as text."""
        return self.psql_tool("pg_dump", "--username", NAME, NAME)

    def psql_tool(self, program: str, *arguments: str) -> str:
        """What a program of PostgreSQL says. Raises CalledProcessError where it fails."""
        command = [self.programs / program, "--host", "127.0.0.1", "--port", str(self.port), *arguments]
        environment = os.environ | {"PGPASSWORD": PASSWORD}
        return subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout


def programs_of_postgres() -> Path | None:
    """Where initdb and postgres lie; None on a machine without the server."""
    found = sorted(DEBIAN.glob("*/bin/initdb"), key=lambda path: int(path.parts[-3].split(".")[0]))
    here = shutil.which("initdb")
    return found[-1].parent if found else Path(here).parent if here else None


@contextmanager
def running_server(programs: Path) -> Iterator[Server]:
    """A server that listens to this machine alone; gone with all that it held."""
    server = Server(programs, free_port())
    with TemporaryDirectory(prefix="nianbao-postgres-") as name:
        folder = Path(name)
        data, password = folder / "data", folder / "password"
        password.write_text(PASSWORD)
        user = _unprivileged()
        for path in (folder, password):
            os.chown(path, user.pw_uid, user.pw_gid)
        as_user = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if os.geteuid() == 0 else {}
        made = [programs / "initdb", "-D", data, "-U", "postgres", "-A", "scram-sha-256", f"--pwfile={password}"]
        subprocess.run(
            [*made, "--no-locale", "-E", "UTF8", "-N"], cwd=folder, check=True, capture_output=True, **as_user
        )
        command = [programs / "postgres", "-D", data, "-k", folder, "-h", "127.0.0.1", "-p", str(server.port), "-F"]
        log = (folder / "log").open("w")
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log, **as_user)
        try:
            _wait_for(server, process)
            role = f"create role {NAME} login password '{PASSWORD}'"
            for statement in (role, f"create database {NAME} owner {NAME}"):
                server.psql_tool("psql", "--username", "postgres", "--command", statement)
            yield server
        finally:
            process.terminate()
            process.wait(START_SECONDS)
            log.close()


def _unprivileged() -> pwd.struct_passwd:
    """Whoever runs the tests; for root, who may run no server, Debian's user of it, or nobody."""
    if os.geteuid() != 0:
        return pwd.getpwuid(os.geteuid())
    known = {each.pw_name: each for each in pwd.getpwall()}
    return known.get("postgres") or known["nobody"]


def _wait_for(server: Server, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            server.psql_tool("pg_isready")
            return
        except subprocess.CalledProcessError:
            assert process.poll() is None, "the server has stopped"
            assert time.monotonic() < deadline, "the server does not answer"
            time.sleep(0.1)
