"""Signing in by the office's single sign-on, against a real provider of OpenID Connect (`make provider`)."""

import re
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from html import unescape
from shutil import which
from types import SimpleNamespace
from unittest.mock import patch
from urllib.parse import urljoin

import pytest
import requests
from django.test import Client

from sources.system.faults import ToldError
from sources.system.settings import PROJECT_ROOT, Settings, SingleSignOn, load_settings
from tests.browser.conftest import free_port

PROVIDER = PROJECT_ROOT / ".venv" / "provider"
BACK, END = "http://localhost/sign-in/office/back", "http://localhost/sign-in"
CLIENT, SECRET = "desk", "a-secret-of-the-tests-and-nobody-else"
pytestmark = [pytest.mark.usefixtures("desk"), pytest.mark.deep]


@dataclass
class Provider:
    """A running provider, and how the desk declares it."""

    declared: SingleSignOn
    process: subprocess.Popen[str]

    def signs_in(self, address: str, who: str) -> str:
        """What somebody who came from the desk does on the provider's pages; where it sends them then."""
        with requests.Session() as person:
            answer = person.get(address, timeout=20)
            while True:
                (form,) = re.findall(r'<form[^>]+action="([^"]+)" method="post">', answer.text)
                (prompt,) = re.findall(r'name="prompt" value="([^"]+)"', answer.text)
                given = {"prompt": prompt, "login": who, "password": "x"}
                answer = person.post(unescape(form), given, timeout=20, allow_redirects=False)
                while answer.is_redirect:
                    if answer.headers["Location"].startswith(BACK):
                        return answer.headers["Location"]
                    onward = urljoin(answer.url, answer.headers["Location"])
                    answer = person.get(onward, timeout=20, allow_redirects=False)


@contextmanager
def running_provider(back: str, end: str) -> Iterator[Provider]:
    if not (PROVIDER / "node_modules").is_dir() or which("node") is None:
        pytest.skip("no provider of single sign-on: `make provider` (Node must be there)")
    port = free_port()
    called = ["node", str(PROVIDER / "provider.mjs"), str(port), CLIENT, SECRET, back, end]
    with subprocess.Popen(called, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            assert process.stdout
            assert process.stdout.readline() == "listening\n"
            yield Provider(SingleSignOn(f"http://127.0.0.1:{port}", CLIENT, SECRET), process)
        finally:
            process.kill()


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with running_provider(BACK, END) as running:
        yield running


@contextmanager
def declared_at(desk: Settings, sign_on: SingleSignOn) -> Iterator[None]:
    now = replace(desk, single_sign_on=sign_on)
    with (
        patch("orchestration.desk.office_views.installed", lambda: now),
        patch("orchestration.desk.account_views.installed", lambda: now),
    ):
        yield


@pytest.fixture
def office(desk: Settings, provider: Provider) -> Iterator[Provider]:
    with declared_at(desk, provider.declared):
        yield provider


def browser() -> Client:
    return Client(SERVER_NAME="localhost")


def arrive(office: Provider, who: str, somebody: Client | None = None):
    """The desk's answer to somebody who has signed in at the provider."""
    somebody = somebody or browser()
    asked = somebody.get("/sign-in/office").headers["Location"]
    return somebody.get(office.signs_in(asked, who))


def told(answer) -> str:
    assert answer.status_code == 403
    (words,) = re.findall(r'role="alert">([^<]+)', answer.content.decode())
    return words


def test_who_has_an_account_is_in_by_it_and_signs_out_of_both(
    office: Provider, account_as: Callable[..., SimpleNamespace]
) -> None:
    from orchestration.desk.models import LogEntry

    account, somebody = account_as("reader"), browser()
    assert "用单位的统一登录" in somebody.get("/sign-in").content.decode()
    assert arrive(office, account.username, somebody).headers["Location"] == "/"
    assert somebody.get("/year/2023").status_code == 200
    assert LogEntry.objects.get(act="sign_in", account_name=account.username).about == "统一登录"
    signed_out = somebody.post("/sign-out").content.decode()
    (end,) = re.findall(r'href="([^"]+)">退出统一登录', signed_out)
    assert requests.get(unescape(end), timeout=20).status_code == 200
    assert somebody.get("/year/2023").headers["Location"] == "/sign-in"


def test_the_role_stays_the_desks_and_its_second_factor_is_asked_for(
    office: Provider, account_as: Callable[..., SimpleNamespace]
) -> None:
    from django_otp.plugins.otp_totp.models import TOTPDevice

    account, somebody = account_as("bureau_clerk"), browser()
    TOTPDevice.objects.create(user=account, confirmed=True)
    arrive(office, account.username, somebody)
    assert somebody.get("/year/2023").headers["Location"] == "/second-factor"
    account.refresh_from_db()
    assert account.role == "bureau_clerk"


def test_nobody_gets_an_account_by_signing_in(office: Provider) -> None:
    from orchestration.desk.models import Account, LogEntry

    somebody = browser()
    words = told(arrive(office, "stranger", somebody))
    assert "统一登录说您的登录名是“stranger”" in words
    assert "账号管理员" in words
    assert not Account.objects.filter(username="stranger").exists()
    assert somebody.get("/year/2023").headers["Location"] == "/sign-in"
    assert LogEntry.objects.filter(act="sign_in_refused", after=words).exists()


def test_who_is_locked_or_locked_out_is_so_by_this_way_too(
    office: Provider, account_as: Callable[..., SimpleNamespace]
) -> None:
    from axes.models import AccessAttempt

    account, somebody = account_as("reader"), browser()
    for _ in range(8):
        somebody.post("/sign-in", {"username": account.username, "password": "wrong"})
    assert "密码错了太多次" in told(arrive(office, account.username))
    AccessAttempt.objects.all().delete()
    account.is_active = False
    account.save()
    assert "已停用" in told(arrive(office, account.username))


def test_a_name_that_was_given_to_somebody_else_opens_nothing_until_invited_anew(
    office: Provider, account_as: Callable[..., SimpleNamespace]
) -> None:
    account, administrator = account_as("reader"), account_as("administrator")
    assert arrive(office, account.username).status_code == 302
    assert "以前是统一登录的另一个人用的" in told(arrive(office, f"{account.username}@2"))
    assert arrive(office, account.username).status_code == 302
    bureau = browser()
    bureau.force_login(administrator, backend="django.contrib.auth.backends.ModelBackend")
    bureau.post(f"/accounts/{account.pk}", {"what": "invite"})
    assert arrive(office, f"{account.username}@2").status_code == 302


def test_a_mailbox_finds_the_account_once_it_is_verified_and_one_accounts(
    desk: Settings, provider: Provider, account_as: Callable[..., SimpleNamespace]
) -> None:
    with declared_at(desk, replace(provider.declared, claim="email")):
        for name in ("Wang@school.example.cn", "unproved@school.example.cn"):
            account = account_as("reader")
            account.email = name
            account.save()
        assert arrive(provider, "wang").headers["Location"] == "/"
        assert "没有说邮箱“unproved@school.example.cn”核实过" in told(arrive(provider, "unproved"))
        account.email = "wang@school.example.cn"
        account.save()
        assert "有几个账号" in told(arrive(provider, "wang"))


def test_an_answer_to_another_question_opens_nothing(
    office: Provider, account_as: Callable[..., SimpleNamespace]
) -> None:
    """Of another browser, used twice, with another state, with another nonce, or none at all."""
    account, somebody, other = account_as("reader"), browser(), browser()
    asked = somebody.get("/sign-in/office").headers["Location"]
    back = office.signs_in(asked, account.username)
    again = "这一次统一登录没有完成"
    assert again in told(other.get(back))
    other.get("/sign-in/office")
    assert again in told(other.get(back))
    assert again in told(somebody.get(re.sub(r"state=\w+", "state=x", back)))
    assert again in told(somebody.get("/sign-in/office/back"))
    assert again in told(somebody.get("/sign-in/office/back?error=access_denied"))
    assert somebody.get(back).headers["Location"] == "/"
    assert again in told(browser().get(back))
    replayed = re.sub(r"nonce=\w+", "nonce=another", other.get("/sign-in/office").headers["Location"])
    assert again in told(other.get(office.signs_in(replayed, account.username)))
    assert other.get("/year/2023").headers["Location"] == "/sign-in"


def test_a_provider_that_is_down_is_told_with_what_to_do(
    desk: Settings, account_as: Callable[..., SimpleNamespace]
) -> None:
    account, somebody = account_as("reader"), browser()
    with running_provider(BACK, END) as provider, declared_at(desk, provider.declared):
        back = provider.signs_in(somebody.get("/sign-in/office").headers["Location"], account.username)
        provider.process.kill()
        provider.process.wait(20)
        assert "统一登录现在连不上" in told(somebody.get(back))
    with declared_at(desk, replace(provider.declared, client="new")):
        words = told(somebody.get("/sign-in/office"))
    assert "用报送台的登录名和密码登录" in words


def test_without_a_declared_provider_there_is_no_such_page() -> None:
    somebody = browser()
    assert "统一登录" not in somebody.get("/sign-in").content.decode()
    for address in ("/sign-in/office", "/sign-in/office/back"):
        assert somebody.get(address).status_code == 404


def test_a_declaration_of_which_a_part_is_missing_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NIANBAO_DESK_SSO_ISSUER", "https://login.example.cn/oidc")
    monkeypatch.setenv("NIANBAO_DESK_SSO_CLIENT", "desk")
    with pytest.raises(ToldError, match="还缺 NIANBAO_DESK_SSO_SECRET"):
        load_settings()
    monkeypatch.setenv("NIANBAO_DESK_SSO_SECRET", SECRET)
    declared = load_settings().single_sign_on
    assert declared == SingleSignOn("https://login.example.cn/oidc", "desk", SECRET)
    assert SECRET not in repr(declared)
    monkeypatch.setenv("NIANBAO_DESK_SSO_ISSUER", "http://login.example.cn")  # in the clear
    with pytest.raises(ToldError, match="https:// 开头的网址"):
        load_settings()
