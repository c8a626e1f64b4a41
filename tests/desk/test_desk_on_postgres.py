"""The desk with its database in PostgreSQL: a day of it, and what two processes do at once, on a real server."""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from sources.archive.archive import archived_path
from sources.archive.certificates import certificate_of
from sources.declarations.city import City
from sources.sample.pour import pour_samples
from sources.submission.file_names import workbook_file_name
from sources.system.fingerprint import sha256_of
from sources.system.settings import CITIES_ROOT, PROJECT_ROOT, Settings
from tests.browser.test_desk import YEAR, Desk, running_desk, school_of
from tests.browser.visitor import Visitor
from tests.conftest import TODAY
from tests.desk.test_files import CERTIFYING
from tests.orchestration.postgres_server import PASSWORD, programs_of_postgres, running_server

PROGRAMS = programs_of_postgres()
pytestmark = [
    pytest.mark.deep,
    pytest.mark.skipif(PROGRAMS is None, reason="no PostgreSQL (tests/system_packages.sh postgresql)"),
]
ENTRIES, UPLOADS = 150, 35
BEGIN = "import django; django.setup()\n"
WRITES = """
from orchestration.desk.desk_log import log
for number in range({count}):
    log("{who}", "note", f"第 {{number}} 条", "a" * number, "钦州")
"""
COUNTS = """
from django.db import connection
connection.cursor().execute('''
    create table noted (id uuid);
    create function note() returns trigger as 'begin insert into noted values (new.id); return new; end'
        language plpgsql;
    create trigger note after update on desk_upload for each row when (new.state = 'judged') execute function note()''')
from orchestration.desk.for_whom import PageSubject
from orchestration.desk.installed import city_now
from orchestration.desk.models import Account
from orchestration.desk.upload_files import keep
city = city_now()
subject = PageSubject(city, city.respondents_in(2023)[0], 2023, True)
for number in range({count}):
    keep(Account.objects.get(username="school_clerk"), subject, f"{{number}}.xlsx", [b"no workbook", bytes([number])])
"""
"""From now on each verdict that is noted leaves a row, whoever notes it; files wait for one."""
JUDGES = """
import time
from concurrent.futures import ThreadPoolExecutor
from django.db import connection
from orchestration.desk.judge_uploads import judge_next
from orchestration.desk.models import Upload
def as_they_come():
    while judge_next():
        pass
with ThreadPoolExecutor(4) as pool:
    for each in [pool.submit(as_they_come) for _ in range(4)]:
        each.result()
until = time.monotonic() + 100
while Upload.objects.filter(state__in=("waiting", "judging")).exists():
    assert time.monotonic() < until
    time.sleep(0.1)
with connection.cursor() as cursor:
    cursor.execute("select count(*), count(distinct id) from noted")
    print(*cursor.fetchone())
"""
ASKS = """
from orchestration.desk.desk_log import first_broken
from orchestration.desk.models import LogEntry
from django.db import connection
from django.core.management import call_command
call_command("migrate", check_unapplied=True, verbosity=0)
print(connection.vendor, first_broken(), LogEntry.objects.filter(act="note").count(),
      LogEntry.objects.filter(act__in=("sign_in", "upload", "certify")).count())
"""

HOLDS = """
from django.db import connection
from orchestration.desk.desk_log import first_broken, log
from orchestration.desk.models import Account, LogEntry, Task, Upload
from django_otp.plugins.otp_totp.models import TOTPDevice
last = LogEntry.objects.order_by("-id").first()
print(connection.vendor, first_broken(), LogEntry.objects.count(), last.digest,
      [(each.username, each.password) for each in Account.objects.order_by("pk")],
      [(each.user.username, each.key) for each in TOTPDevice.objects.all()],
      [(str(each.pk), each.file_name, each.sha256, each.uploaded_at, each.state) for each in Upload.objects.all()],
      [(each.pk, each.command, each.account.username, each.asked_at) for each in Task.objects.all()])
"""
FIRST = """
from orchestration.desk.models import Account
from django_otp.plugins.otp_totp.models import TOTPDevice
from orchestration.desk.for_whom import PageSubject
from orchestration.desk.installed import city_now
from orchestration.desk.tasks import ask_for
from orchestration.desk.upload_files import keep
holder = Account.objects.create_user("{who}", password="八月桂花遍地开")
TOTPDevice.objects.create(user=holder, name="手机")
city = city_now()
subject = PageSubject(city, city.respondents_in(2023)[0], 2023, True)
keep(holder, subject, "报送.xlsx", [b"no workbook", "{who}".encode()])
ask_for("{asks}", 2023, holder)
"""
MOVED = (  # JSON would cut the moments to thousandths, and the log's chain with them
    "--exclude",
    "contenttypes",
    "--exclude",
    "auth.permission",
    "--exclude",
    "sessions",
    "--format",
    "xml",
    "--output",
)


@dataclass(frozen=True)
class DeskProcesses:
    """Processes of a desk, and what they find in their environment."""

    environment: dict[str, str]

    def begins(self, program: str) -> "subprocess.Popen[str]":
        """Another process of the desk."""
        called = [sys.executable, "-c", BEGIN + program]
        return subprocess.Popen(called, env=self.environment, cwd=PROJECT_ROOT, stdout=subprocess.PIPE, text=True)

    def carry_out(self, *command: str) -> None:
        """A command of Django's."""
        called = [sys.executable, "-m", "django", *command]
        done = subprocess.run(called, env=self.environment, cwd=PROJECT_ROOT, capture_output=True, timeout=120)
        assert done.returncode == 0, done.stderr.decode()

    def says(self, program: str) -> str:
        with self.begins(program) as process:
            told = process.communicate(timeout=120)[0]
        assert process.returncode == 0
        return told.strip()


@dataclass(frozen=True)
class DeskOnServer(DeskProcesses):
    """A desk whose database is the server's."""

    desk: Desk


@pytest.fixture(scope="module")
def on_server(city: City, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DeskOnServer]:
    assert PROGRAMS
    settings = Settings(home=tmp_path_factory.mktemp("desk") / "home", city_dir=CITIES_ROOT / "450700")
    pour_samples(city, settings.city_dir, YEAR, settings.inbox)
    own = {"NIANBAO_HOME": str(settings.home), "NIANBAO_CITY": str(settings.city_dir), "NIANBAO_TODAY": str(TODAY)}
    django = {"DJANGO_SETTINGS_MODULE": "orchestration.desk.django_settings"}
    with running_server(PROGRAMS) as server, pytest.MonkeyPatch.context() as around:
        around.setenv("NIANBAO_DESK_DATABASE", server.url)
        for name, value in own.items():
            around.setenv(name, value)
        with running_desk(settings) as desk:
            yield DeskOnServer(os.environ | django, desk)


def test_a_day_of_the_desk(on_server: DeskOnServer, city: City) -> None:
    desk = on_server.desk
    name = workbook_file_name(city.respondent_by_code[school_of(city)], YEAR)
    data = (desk.settings.inbox / name).read_bytes()
    clerk = Visitor(desk.address, "school_clerk", desk.passwords["school_clerk"])
    at = f"/school/{school_of(city)}/{YEAR}"
    file = clerk.upload(f"{at}/upload", data, clerk.token_of(at)).leads_to
    wait_for_verdict(clerk, file)
    sent = clerk.post(f"{file}/certify", CERTIFYING | {"is_left_open": "on"})
    assert sent.leads_to == f"{file}/certificate"
    assert "教育局已收到" in clerk.get(sent.leads_to).page
    assert archived_path(sha256_of(data), desk.settings.archive).read_bytes() == data
    certificate = certificate_of(desk.settings.archive, sha256_of(data))
    assert certificate is not None
    assert not (desk.settings.home / "desk" / "desk.sqlite3").exists()
    assert PASSWORD not in (desk.settings.home / "desk.log").read_text("utf-8")
    assert on_server.says(ASKS).startswith("postgresql None 0 3")


def wait_for_verdict(clerk: Visitor, file: str) -> None:
    import time

    until = time.monotonic() + 120
    while "确认报送" not in clerk.get(file).page:
        assert time.monotonic() < until, "not judged"
        time.sleep(0.2)


def test_two_processes_write_the_log_at_once_and_its_chain_is_whole(on_server: DeskOnServer) -> None:
    writing = [on_server.begins(WRITES.format(count=ENTRIES, who=who)) for who in ("张", "王")]
    for process in writing:
        with process:
            process.communicate(timeout=120)
        assert process.returncode == 0
    assert on_server.says(ASKS).startswith(f"postgresql None {2 * ENTRIES}")


def test_threads_of_three_processes_judge_no_upload_twice(on_server: DeskOnServer) -> None:
    """The desk's own judge is one of them."""
    on_server.says(COUNTS.format(count=UPLOADS))
    judging = [on_server.begins(JUDGES) for _ in range(2)]
    for process in judging:
        with process:
            told = process.communicate(timeout=120)[0]
        assert (process.returncode, told.strip()) == (0, f"{UPLOADS} {UPLOADS}")


def test_what_sqlite_held_moves_over_with_the_commands_of_the_page(tmp_path: Path) -> None:
    page = (PROJECT_ROOT / "docs" / "deploy.md").read_text("utf-8")
    assert f"django dumpdata {' '.join(MOVED)} desk.xml" in page
    assert PROGRAMS
    (tmp_path / "home" / "desk").mkdir(parents=True)
    own = {"NIANBAO_HOME": str(tmp_path / "home"), "DJANGO_SETTINGS_MODULE": "orchestration.desk.django_settings"}
    around = {name: value for name, value in os.environ.items() if name != "NIANBAO_DESK_DATABASE"} | own
    with running_server(PROGRAMS) as server:
        before, after = DeskProcesses(around), DeskProcesses(around | {"NIANBAO_DESK_DATABASE": server.url})
        before.carry_out("migrate")
        before.says(FIRST.format(who="张老师", asks="run") + WRITES.format(count=20, who="张"))
        before.carry_out("dumpdata", *MOVED, str(tmp_path / "desk.xml"))
        after.carry_out("migrate")
        after.carry_out("loaddata", str(tmp_path / "desk.xml"))
        held = before.says(HOLDS)
        assert held.startswith("sqlite None 20 ")
        assert after.says(HOLDS) == held.replace("sqlite", "postgresql", 1)
        after.says(FIRST.format(who="王老师", asks="documents") + WRITES.format(count=3, who="王"))
        held = after.says(HOLDS)
        assert held.startswith("postgresql None 23 ")
        assert all(held.count(each) > 1 for each in ("张老师", "王老师"))
