"""Django's own checks of the desk: its settings, and whether its migrations are what its models say."""

import re
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


def test_the_migrations_are_those_of_the_models() -> None:
    from django.core.management import call_command

    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


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
