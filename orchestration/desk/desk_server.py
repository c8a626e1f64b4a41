"""The four processes of `nianbao desk`: pages, what judges uploads, what rehearses them, what carries out commands."""

import os
import secrets
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import django

from orchestration.desk.installed import make_desk_folder
from orchestration.web.serve import HOST, end_all, first_to_end
from sources.declarations.city import City
from sources.system.faults import ToldError

DJANGO_SETTINGS = {"DJANGO_SETTINGS_MODULE": "orchestration.desk.django_settings"}
WORKERS, THREADS, TIMEOUT_SECONDS = 2, 8, 120
JUDGE = "from orchestration.desk.judge_uploads import judge_forever as go"
PREVIEWS = "from orchestration.desk.preview_uploads import preview_forever as go"
TASKS = "from orchestration.desk.tasks import carry_out_forever as go"


@dataclass(frozen=True, slots=True)
class FirstAccount:
    """An account that was made now; its password is told once and kept nowhere."""

    username: str
    role: str
    password: str


def prepare_desk() -> None:
    """Makes the desk's database, or brings it to this version.

    Raises ToldError where NIANBAO_DESK_DATABASE names none that can be used.
    """
    make_desk_folder()
    os.environ |= DJANGO_SETTINGS
    django.setup()
    from django.core.management import call_command
    from django.db import OperationalError

    try:
        call_command("migrate", verbosity=0, interactive=False)
        call_command("clearsessions")
    except OperationalError as error:
        raise ToldError(f"报送台的数据库连不上：{str(error).strip()}") from None


def first_accounts(city: City, report_year: int, one_a_role: bool) -> list[FirstAccount]:
    """Makes an administrator where there is no account yet; `one_a_role`: somebody for every role, to try the desk."""
    from orchestration.desk.models import Account
    from orchestration.desk.roles import ROLE_LABELS, SCHOOL, Role

    if Account.objects.exists():
        return []
    respondents = city.respondents_in(report_year)
    school = next((each for each in respondents if each.kind == "school"), respondents[0])
    made = []
    for role in Role if one_a_role else (Role.ADMINISTRATOR,):
        account = Account(username=role.value, role=role.value, last_name=ROLE_LABELS[role])
        account.respondent_code = school.code if role in SCHOOL else ""
        account.region_code = city.region_of(school) if role is Role.DISTRICT else ""
        password = secrets.token_urlsafe(9)
        account.set_password(password)
        account.save()
        made.append(FirstAccount(account.username, ROLE_LABELS[role], password))
    return made


def reset_account(username: str) -> FirstAccount:
    """Gives an account another password and takes its second factor away: for whoever has the machine, when the only
    administrator has lost either. Raises ToldError where there is no such account."""
    from django_otp.plugins.otp_totp.models import TOTPDevice

    from orchestration.desk.account_mail import tell_changed
    from orchestration.desk.desk_log import log
    from orchestration.desk.models import Account

    account = Account.objects.filter(username=username).first()
    if account is None:
        raise ToldError(f"没有账号 {username}")
    password = secrets.token_urlsafe(9)
    account.set_password(password)
    account.is_active = True
    account.save()
    TOTPDevice.objects.filter(user=account).delete()
    log("", "reset", username, before="旧密码和第二重验证作废")
    if sending := tell_changed(account, "的旧密码和第二重验证作废了", "在服务器上重设"):
        sending.join()
    return FirstAccount(username, account.role_label, password)


def serve_desk(port: int, environment: Mapping[str, str]) -> int:
    """Runs the four until one ends or somebody stops this one; 0 when it was stopped, else the code of what ended."""
    programs = Path(sys.executable).parent
    settings = dict(environment) | DJANGO_SETTINGS
    web = [
        *(str(programs / "gunicorn"), "orchestration.desk.wsgi", "--bind", f"{HOST}:{port}"),
        *("--workers", str(WORKERS), "--threads", str(THREADS), "--timeout", str(TIMEOUT_SECONDS)),
        *(
            "--graceful-timeout",
            "5",
            "--log-level",
            "warning",
            "--max-requests",
            "5000",
            "--max-requests-jitter",
            "500",
        ),
    ]
    running: list[subprocess.Popen[bytes]] = []
    try:
        for command in (web, *(_process(each) for each in (JUDGE, PREVIEWS, TASKS))):
            running.append(subprocess.Popen(command, env=settings))
        return first_to_end(running)
    except KeyboardInterrupt:  # Ctrl-C or SIGTERM
        return 0
    finally:
        end_all(running)


def _process(what: str) -> list[str]:
    return [sys.executable, "-c", f"import django; django.setup()\n{what}\ngo()"]
