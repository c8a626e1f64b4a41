"""Django's own checks of the desk: its settings, and whether its migrations are what its models say."""

import os
import re
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest

from sources.system.faults import ToldError

pytestmark = pytest.mark.usefixtures("desk")
OF_TLS = {"security.W004", "security.W008", "security.W012", "security.W016"}
"""On the loopback address there is no TLS; the proxy has it (docs/desk.md)."""


def test_djangos_check_of_a_deployment_finds_only_what_is_the_proxys(monkeypatch: pytest.MonkeyPatch) -> None:
    from django.core.management import call_command

    monkeypatch.delenv("DJANGO_ALLOW_ASYNC_UNSAFE")  # of these tests, and no setting of the desk
    told = StringIO()
    call_command("check", deploy=True, stderr=told, stdout=told)
    assert set(re.findall(r"\b[a-z_]+\.[EW]\d+\b", told.getvalue())) == OF_TLS


def test_behind_tls_cookies_are_of_this_host_alone(tmp_path: Path) -> None:
    """In a process of its own: Django reads its settings once."""
    asked = (
        "from django.conf import settings as s; from django.core.management import call_command; import django;"
        "django.setup();"
        "print(s.SESSION_COOKIE_NAME, s.CSRF_COOKIE_NAME, s.SESSION_COOKIE_SECURE, s.SESSION_COOKIE_SAMESITE);"
        "call_command('check', deploy=True)"
    )
    declared = {
        "NIANBAO_HOME": str(tmp_path),
        "NIANBAO_DESK_ORIGINS": "https://baosong.example",
        "DJANGO_SETTINGS_MODULE": "orchestration.desk.django_settings",
    }
    around = {name: value for name, value in os.environ.items() if name != "DJANGO_ALLOW_ASYNC_UNSAFE"}
    done = subprocess.run([sys.executable, "-c", asked], env=around | declared, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0] == "__Host-nianbao_desk __Host-nianbao_desk_csrf True Strict"
    found = set(re.findall(r"\bsecurity\.[EW]\d+\b", done.stdout + done.stderr))
    # the redirect is the proxy's; the browsers' list of names is for the bureau to join
    assert found == {"security.W008", "security.W021"}


def test_the_migrations_are_those_of_the_models() -> None:
    from django.core.management import call_command

    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


def test_how_long_a_name_is_locked_is_what_the_pages_say() -> None:
    from orchestration.desk import django_settings
    from orchestration.desk.office_views import LOCKED_OUT

    page = (django_settings.HERE / "templates" / "desk" / "locked_out.html").read_text("utf-8")
    assert django_settings.AXES_COOLOFF_TIME * 60 == 15
    assert "十五分钟" in LOCKED_OUT
    assert "十五分钟" in page


def test_passwords_are_kept_as_django_keeps_them() -> None:
    """The other tests keep them in a way that costs nothing."""
    from django.conf import global_settings

    from orchestration.desk import django_settings

    assert not hasattr(django_settings, "PASSWORD_HASHERS")
    assert "PBKDF2" in global_settings.PASSWORD_HASHERS[0]


def test_nothing_of_a_page_is_marked_as_safe_but_djangos_own_hints() -> None:
    from orchestration.desk.django_settings import HERE

    marked = {path.name: path.read_text("utf-8").count("|safe") for path in (HERE / "templates").rglob("*.html")}
    assert {name: count for name, count in marked.items() if count} == {"part_form.html": 1}
    assert not any("mark_safe" in path.read_text("utf-8") for path in HERE.rglob("*.py"))
    inline = re.compile(r"<(script|style)(?![^>]*\bsrc=)|\son[a-z]+=|\sstyle=")
    assert not [path.name for path in (HERE / "templates").rglob("*.html") if inline.search(path.read_text("utf-8"))]


@pytest.mark.parametrize(
    "url", ["mysql://u:geheim@h/d", "postgresql://u:geheim@h:x/d", "geheim", "postgresql://u:geheim@h"]
)
def test_an_address_of_no_postgres_database_is_told_without_its_password(url: str, tmp_path: Path) -> None:
    from orchestration.desk.desk_database import desk_database

    with pytest.raises(ToldError, match="NIANBAO_DESK_DATABASE") as told:
        desk_database(url, tmp_path)
    assert "geheim" not in str(told.value)
