"""One desk for a process, on a copy of the sample city: Django serves one installation as long as it lives."""

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from types import SimpleNamespace
from unittest.mock import patch

import pytest

from sources.declarations.city import City, Region
from sources.submission.file_names import workbook_file_name
from sources.system.settings import Settings
from tests.conftest import NURSING_SCHOOL

PASSWORD = "一二三四五六七八九十壹"
COUNTY = "450721"


@pytest.fixture(scope="session")
def desk(city_run: Settings, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The installation that the desk serves in this process, with its database and no account yet."""
    from orchestration.desk import installed as room
    from orchestration.desk.desk_server import prepare_desk

    # a browser of another test in this process leaves a loop running, and Django takes that for asynchronous code
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    settings = replace(city_run, scanner=(), home=tmp_path_factory.mktemp("desk") / "home", desk_factor="none")
    shutil.copytree(city_run.home, settings.home, ignore=shutil.ignore_patterns("dbt"))
    room.installed.cache_clear()
    with patch.object(room, "load_settings", return_value=settings):
        room.installed()
    prepare_desk()
    hash_fast()
    return settings


def hash_fast() -> None:
    """Passwords of this process's accounts cost nothing to keep: what the desk keeps them as is test_desk_settings'."""
    from django.conf import settings

    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def account_as(desk: Settings) -> Iterator[Callable[..., object]]:
    """Makes an account of a role; it is gone after the test, with all that it has done."""
    from orchestration.desk.models import Account, Note, Task, Upload
    from orchestration.desk.roles import SCHOOL, Role

    made = []

    def make(role: str, respondent: str = NURSING_SCHOOL, region: str = COUNTY) -> Account:
        account = Account(username=f"{role}-{len(made)}", role=role, last_name=f"张{len(made)}")
        account.respondent_code = respondent if Role(role) in SCHOOL else ""
        account.region_code = region if Role(role) is Role.DISTRICT else ""
        account.set_password(PASSWORD)
        account.save()
        made.append(account)
        return account

    yield make
    for kind in (Note, Task):
        kind.objects.all().delete()
    Upload.objects.update(corrected_from=None)
    Upload.objects.all().delete()
    Account.objects.all().delete()


@pytest.fixture
def signed_in(account_as: Callable[..., object]) -> Callable[..., SimpleNamespace]:
    """A browser of somebody of a role who has signed in: `.get` and `.post` give the answer of the desk."""
    from django.test import Client

    def sign_in(role: str, **whose: str) -> SimpleNamespace:
        account = account_as(role, **whose)
        client = Client(SERVER_NAME="localhost")
        client.force_login(account, backend="django.contrib.auth.backends.ModelBackend")
        return SimpleNamespace(account=account, client=client, get=client.get, post=client.post)

    return sign_in


@pytest.fixture
def with_counties(city: City, desk: Settings) -> Iterator[City]:
    """The desk's city as one with two counties: every other school lies in the first, the nursing school in none."""
    from orchestration.desk import installed as room

    regions = tuple(
        Region(code=code, name=name, level=level, parent=parent)
        for code, name, level, parent in (
            (city.code, city.name, "city", None),
            (COUNTY, "灵山县", "county", city.code),
            ("450722", "浦北县", "county", city.code),
        )
    )
    schools = [each.code for each in city.respondents if each.kind == "school" and each.code != NURSING_SCHOOL]
    of = {code: regions[1 + position % 2].code for position, code in enumerate(schools)}
    respondents = tuple(each.model_copy(update={"region": of.get(each.code)}) for each in city.respondents)
    made = City.model_construct(**{**dict(city), "regions": regions, "respondents": respondents})
    with patch.object(room, "_city", lambda folder, seen: made):
        yield made


@pytest.fixture
def second_school(city: City) -> str:
    """A school that is not the one of the accounts."""
    return next(each.code for each in city.respondents if each.kind == "school" and each.code != NURSING_SCHOOL)


@pytest.fixture
def sample(city: City, desk: Settings) -> bytes:
    """The accounts' school's workbook of 2023, as the city has received it."""
    name = workbook_file_name(city.respondent_by_code[NURSING_SCHOOL], 2023)
    return (desk.inbox / name).read_bytes()
