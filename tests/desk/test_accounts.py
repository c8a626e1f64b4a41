"""Signing in and what guards it: lock-out, second factor, invitation, sessions, headers, CSRF."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from email import message_from_bytes, policy
from pathlib import Path
from threading import Thread
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import pytest
from django.test import Client

from sources.declarations.city import City
from sources.declarations.mailing import load_mailing
from sources.system.faults import ToldError
from sources.system.settings import Settings
from tests.desk.conftest import PASSWORD
from tests.desk.test_roles import ALL, MAY, address_of
from tests.support.mail_city import with_mailbox
from tests.support.sinks import Mailbox, mail_server
from warehouse.post.smtp_server import PostError

SignedIn = Callable[..., SimpleNamespace]
NEW = "八月桂花遍地开鲜红"
pytestmark = pytest.mark.usefixtures("desk")


@pytest.fixture
def stranger():
    """A browser of nobody, that holds the desk to its CSRF tokens."""
    from axes.models import AccessAttempt

    yield Client(SERVER_NAME="localhost", enforce_csrf_checks=True)
    AccessAttempt.objects.all().delete()


def sign_in(browser, username: str, password: str):
    form = browser.get("/sign-in").content.decode()
    (token,) = re.findall(r'name="csrfmiddlewaretoken" value="([^"]+)"', form)
    return browser.post(
        "/sign-in", {"username": username, "password": password, "csrfmiddlewaretoken": token}, REMOTE_ADDR="127.0.0.9"
    )


def test_the_right_password_opens_and_a_wrong_one_says_nothing_of_the_account(
    stranger, account_as: Callable[..., SimpleNamespace]
) -> None:
    account = account_as("reader")
    wrong = sign_in(stranger, account.username, "wrong").content.decode()
    nobody = sign_in(stranger, "nobody", "wrong").content.decode()
    strip = re.compile(r'value="[^"]*"')
    assert strip.sub("", wrong) == strip.sub("", nobody)
    assert sign_in(stranger, account.username, PASSWORD).headers["Location"] == "/"


def test_guessing_locks_the_name_out_also_for_the_right_password(
    stranger, account_as: Callable[..., SimpleNamespace]
) -> None:
    account = account_as("reader")
    for _ in range(8):
        answer = sign_in(stranger, account.username, "wrong")
    assert answer.status_code == 429
    assert "暂时不能登录" in answer.content.decode()
    assert sign_in(stranger, account.username, PASSWORD).status_code == 429


def test_guessing_behind_the_proxy_locks_the_name_out_for_that_address_alone(
    desk: Settings, account_as: Callable[..., SimpleNamespace]
) -> None:
    from axes.models import AccessAttempt

    account, behind = account_as("reader"), replace(desk, desk_origins=("https://baosong.example",))
    browsers = [Client(SERVER_NAME="localhost", HTTP_X_REAL_IP=f"203.0.113.{number}") for number in (1, 2)]
    wrong, right = ({"username": account.username, "password": each} for each in ("wrong", PASSWORD))
    with patch("orchestration.desk.for_whom.installed", lambda: behind):
        for _ in range(8):
            browsers[0].post("/sign-in", wrong)
        assert browsers[0].post("/sign-in", right).status_code == 429
        assert browsers[1].post("/sign-in", right).status_code == 302
    AccessAttempt.objects.all().delete()


def test_what_is_refused_is_logged_and_a_password_in_the_wrong_place_is_not(
    stranger, account_as: Callable[..., SimpleNamespace], signed_in: SignedIn
) -> None:
    from orchestration.desk.models import LogEntry

    account = account_as("reader")
    sign_in(stranger, account.username, "wrong")
    sign_in(stranger, "my-own-secret", "wrong")
    signed_in("reader").get("/accounts")
    last = list(LogEntry.objects.order_by("-id")[:3])
    assert [(each.act, each.about) for each in reversed(last)] == [
        ("sign_in_refused", account.username),
        ("sign_in_refused", "没有这个登录名"),
        ("refused", "/accounts"),
    ]


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "TRACE", "OPTIONS"])
def test_a_method_that_no_page_takes_is_refused(method: str, signed_in: SignedIn) -> None:
    assert signed_in("administrator").client.generic(method, "/accounts").status_code == 405


def test_a_password_is_as_long_as_somebody_likes_up_to_its_end(signed_in: SignedIn) -> None:
    somebody = signed_in("reader")
    long = "桂 😀" * 42
    for new, is_taken in (("x" + long * 2, False), (long, True)):
        given = {"old_password": PASSWORD, "new_password1": new, "new_password2": new}
        assert (somebody.post("/account", given).status_code == 302) is is_taken
    somebody.account.refresh_from_db()
    assert somebody.account.check_password(long)


def test_nothing_is_done_for_another_page(stranger, account_as: Callable[..., SimpleNamespace]) -> None:
    account = account_as("administrator")
    sign_in(stranger, account.username, PASSWORD)
    from orchestration.desk.models import Account

    before = Account.objects.count()
    invited = {"username": "x", "role": "reader", "email": ""}
    assert stranger.post("/accounts", invited).status_code == 403
    assert stranger.post("/sign-out").status_code == 403
    assert Account.objects.count() == before


def test_a_second_factor_is_asked_for_before_anything_else(signed_in: SignedIn, stranger) -> None:
    from django_otp.oath import TOTP
    from django_otp.plugins.otp_totp.models import TOTPDevice

    somebody = signed_in("bureau_clerk")
    assert "data:image/svg" in somebody.get("/account/second-factor").content.decode()
    device = TOTPDevice.objects.get(user=somebody.account)

    def code(steps: int) -> str:
        totp = TOTP(device.bin_key, device.step, device.t0, device.digits)
        totp.time = totp.time + steps * device.step
        return f"{totp.token():06}"

    assert "数字不对" in somebody.post("/account/second-factor", {"code": "000000"}).content.decode()
    with patch.object(TOTPDevice, "verify_is_allowed", lambda self: (True, None)):
        TOTPDevice.objects.update(throttling_failure_count=0)
        assert somebody.post("/account/second-factor", {"code": code(0)}).headers["Location"] == "/account"
        sign_in(stranger, somebody.account.username, PASSWORD)
        for address in ("/", "/year/2023", "/account"):
            assert stranger.get(address).headers["Location"] == "/second-factor"
        assert somebody.get("/year/2023").status_code == 200


@pytest.fixture
def forced(desk: Settings) -> Iterator[None]:
    """The desk as a bureau starts it, which declares nothing of the second factor."""
    as_declared = replace(desk, desk_factor=None)
    with patch("orchestration.desk.installed.installed", lambda: as_declared):
        yield


@pytest.mark.parametrize("role", ALL)
@pytest.mark.usefixtures("forced")
def test_a_role_that_must_have_a_second_factor_sees_only_the_page_that_sets_it_up(
    role: str, signed_in: SignedIn
) -> None:
    somebody, opens = signed_in(role), {"set_up_factor", "sign_out"}
    page = somebody.get("/account/second-factor").content.decode()
    if role not in ("bureau_clerk", "approver", "administrator"):
        assert "要先启用第二重验证" not in page
        assert somebody.get("/account").status_code == 200
        return
    assert "要先启用第二重验证" in page
    assert "主要页面" not in page
    for name, who in MAY.items():
        for answer in (somebody.get(address_of(name)), *([] if name in opens else [somebody.post(address_of(name))])):
            where = answer.headers.get("Location")
            if role not in who:
                assert answer.status_code == 403, name
            elif name not in opens:
                assert where == "/account/second-factor", name
        if name == "sign_out":
            somebody.client.force_login(somebody.account, backend="django.contrib.auth.backends.ModelBackend")


def test_which_roles_must_have_a_second_factor_is_declared() -> None:
    from orchestration.desk.roles import Role, with_factor

    assert with_factor(None) == {Role.BUREAU_CLERK, Role.APPROVER, Role.ADMINISTRATOR}
    assert with_factor("school_head  approver") == {Role.SCHOOL_HEAD, Role.APPROVER}
    assert with_factor("none") == frozenset()
    with pytest.raises(ToldError, match="没有角色 boss"):
        with_factor("approver boss")


def test_whoever_has_the_machine_lets_an_administrator_in_again(signed_in: SignedIn, stranger) -> None:
    from django_otp.plugins.otp_totp.models import TOTPDevice

    from orchestration.desk.desk_server import reset_account
    from orchestration.desk.models import LogEntry

    somebody = signed_in("administrator")
    TOTPDevice.objects.create(user=somebody.account, confirmed=True)
    given = reset_account(somebody.account.username)
    assert somebody.get("/account").headers["Location"] == "/sign-in"
    assert sign_in(stranger, given.username, given.password).headers["Location"] == "/"
    assert stranger.get("/account").status_code == 200
    assert LogEntry.objects.get(act="reset", about=given.username).account_name == "（未登录）"
    with pytest.raises(ToldError, match="没有账号 nobody"):
        reset_account("nobody")


def test_an_invitation_is_for_one_password_once(signed_in: SignedIn, stranger) -> None:
    administrator = signed_in("administrator")
    given = {"username": "wang", "last_name": "王科", "email": "", "role": "reader"}
    told = administrator.post("/accounts", given, follow=True).content.decode()
    (link,) = re.findall(r"http://localhost(/invitation/\S+?)</li>", told)
    invited = Client(SERVER_NAME="localhost")
    assert "设密码" in invited.get(link).content.decode()
    weak = invited.post(link, {"new_password1": "12345678", "new_password2": "12345678"})
    assert weak.status_code == 200
    assert invited.post(link, {"new_password1": NEW + "1a2", "new_password2": NEW + "1a2"}).status_code == 302
    assert invited.get(link).status_code == 410
    assert sign_in(stranger, "wang", NEW + "1a2").headers["Location"] == "/"


@pytest.mark.parametrize(
    ("role", "other"), [("school_clerk", {"respondent_code": "1"}), ("district", {"region_code": "999999"}), ("x", {})]
)
def test_nobody_is_invited_for_a_school_or_region_that_there_is_not(
    role: str, other: dict[str, str], signed_in: SignedIn
) -> None:
    from orchestration.desk.models import Account

    administrator = signed_in("administrator")
    answer = administrator.post("/accounts", {"username": "li", "role": role, "email": ""} | other)
    assert "errorlist" in answer.content.decode()
    assert not Account.objects.filter(username="li").exists()


def test_who_is_locked_is_out_at_once_and_stays_out(signed_in: SignedIn, stranger) -> None:
    administrator, somebody = signed_in("administrator"), signed_in("reader")
    assert somebody.get("/year/2023").status_code == 200
    administrator.post(f"/accounts/{somebody.account.pk}", {"what": "lock"})
    assert somebody.get("/year/2023").headers["Location"] == "/sign-in"
    assert sign_in(stranger, somebody.account.username, PASSWORD).status_code == 401


def test_an_administrator_does_not_lock_itself_out(signed_in: SignedIn) -> None:
    administrator = signed_in("administrator")
    assert administrator.post(f"/accounts/{administrator.account.pk}", {"what": "lock"}).status_code == 404


def test_other_places_are_signed_out_from_ones_own_page(signed_in: SignedIn, stranger) -> None:
    somebody = signed_in("reader")
    sign_in(stranger, somebody.account.username, PASSWORD)
    assert "退出别处的登录" in somebody.get("/account").content.decode()
    somebody.post("/account/sessions")
    assert stranger.get("/year/2023").headers["Location"] == "/sign-in"
    assert somebody.get("/year/2023").status_code == 200
    assert "退出别处的登录" not in somebody.get("/account").content.decode()


def test_each_place_is_told_and_ended_by_itself(signed_in: SignedIn) -> None:
    somebody, other = signed_in("reader"), signed_in("reader")
    first, second = Client(SERVER_NAME="localhost"), Client(SERVER_NAME="localhost")
    for browser, name in ((first, "Firefox/128 <b>"), (second, "QQBrowser/13")):
        entry = {"username": somebody.account.username, "password": PASSWORD}
        browser.post("/sign-in", entry, headers={"User-Agent": name})
    page = somebody.get("/account").content.decode()
    assert "QQBrowser/13" in page
    assert "Firefox/128 &lt;b&gt;" in page
    assert page.count("从 127.0.0.1") == 2
    newest, _ = re.findall(r'name="place" value="(\w+)"', page)
    other.post("/account/sessions", {"place": newest})  # another's
    somebody.post("/account/sessions", {"place": "0" * 16})
    assert second.get("/year/2023").status_code == 200
    somebody.post("/account/sessions", {"place": newest})
    assert second.get("/year/2023").headers["Location"] == "/sign-in"
    assert first.get("/year/2023").status_code == 200
    assert somebody.get("/year/2023").status_code == 200


@pytest.mark.parametrize("address", ["/sign-in", "/year/2023", "/not-there", "/log/file"])
def test_every_answer_tells_the_browser_to_load_from_here_alone(address: str, signed_in: SignedIn) -> None:
    answer = signed_in("approver").get(address)
    policy = answer.headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "no-store" or address == "/not-there"


def test_the_log_has_no_secret(signed_in: SignedIn, stranger) -> None:
    from orchestration.desk.models import LogEntry

    administrator = signed_in("administrator")
    given = {"username": "zhao", "email": "", "role": "reader"}
    told = administrator.post("/accounts", given, follow=True).content.decode()
    (link,) = re.findall(r"http://localhost(/invitation/\S+?)</li>", told)
    sign_in(stranger, "zhao", "not the password")
    written = " ".join(f"{each.about} {each.before} {each.after}" for each in LogEntry.objects.all())
    assert link.rsplit("/", 1)[1] not in written
    assert "not the password" not in written
    exported = b"".join(administrator.get("/log/file")).decode("utf-8-sig")
    assert "zhao" in exported


@pytest.fixture
def mailbox(city: City, empty: Settings, tmp_path: Path) -> Iterator[Mailbox]:
    """The bureau's mailbox, declared for the desk's city: what it sends arrives here."""
    with mail_server() as box:
        server = {"kind": "smtp", "host": "127.0.0.1", "port": box.port, "security": "insecure"}
        declared = with_mailbox(empty, city, tmp_path / "city", [server])
        with patch("orchestration.desk.account_mail.load_mailing", lambda _: load_mailing(declared.city_dir)):
            yield box


def link_in(raw: bytes) -> str:
    mail = message_from_bytes(raw, policy=policy.default)
    (link,) = re.findall(r"http://localhost(/invitation/\S+)", mail.get_content())
    return link


def test_an_invitation_goes_by_mail_where_there_is_a_mailbox(signed_in: SignedIn, mailbox: Mailbox) -> None:
    given = {"username": "qian", "last_name": "钱老师", "email": "qian@school.example.cn", "role": "reader"}
    told = signed_in("administrator").post("/accounts", given, follow=True).content.decode()
    assert "链接已发到 qian@school.example.cn" in told
    assert "/invitation/" not in told
    assert Client(SERVER_NAME="localhost").get(link_in(mailbox.raw[0])).status_code == 200


def test_a_forgotten_password_is_set_anew_and_nobody_learns_who_has_an_account(
    account_as: Callable[..., SimpleNamespace], mailbox: Mailbox
) -> None:
    from orchestration.desk import account_mail

    account = account_as("reader")
    account.email = "li@school.example.cn"
    account.save()
    browser, started = Client(SERVER_NAME="localhost"), []
    with patch.object(account_mail, "Thread", side_effect=lambda **how: started.append(Thread(**how)) or started[-1]):
        pages = [
            browser.post("/forgotten", {"username": name}, follow=True).content.decode()
            for name in (account.username, account.username, "nobody")
        ]
    for each in started:
        each.join(60)
    strip = re.compile(r'value="[^"]*"')
    assert len({strip.sub("", each) for each in pages}) == 1
    assert len(mailbox.raw) == 1  # asked for twice within minutes
    link = link_in(mailbox.raw[0])
    assert browser.post(link, {"new_password1": NEW + "3c4", "new_password2": NEW + "3c4"}).status_code == 302
    account.refresh_from_db()
    assert account.check_password(NEW + "3c4")


def test_a_mailbox_that_does_not_answer_leaves_the_link_to_the_administrator(
    signed_in: SignedIn, mailbox: Mailbox
) -> None:
    with patch("orchestration.desk.account_mail.SmtpServer", side_effect=PostError("发信服务器没有回答")):
        given = {"username": "sun", "email": "sun@school.example.cn", "role": "reader"}
        told = signed_in("administrator").post("/accounts", given, follow=True).content.decode()
    assert "发信服务器没有回答" in told
    assert "/invitation/" in told


@pytest.fixture
def told_beside() -> Iterator[list[Thread]]:
    """The threads that have sent a mail beside a page."""
    from orchestration.desk import account_mail

    started: list[Thread] = []

    def began(**how: Any) -> Thread:
        started.append(Thread(**how))
        return started[-1]

    with patch.object(account_mail, "Thread", side_effect=began):
        yield started


def test_whoever_holds_an_account_is_told_when_how_it_is_signed_in_to_changes(
    signed_in: SignedIn, account_as: Callable[..., SimpleNamespace], mailbox: Mailbox, told_beside: list[Thread]
) -> None:
    from django_otp.oath import TOTP
    from django_otp.plugins.otp_totp.models import TOTPDevice

    from orchestration.desk.desk_server import reset_account

    clerk = signed_in("school_clerk")
    clerk.account.email = "li@school.example.cn"
    clerk.account.save()
    given = {"old_password": PASSWORD, "new_password1": NEW + "5e6", "new_password2": NEW + "5e6"}
    assert clerk.post("/account", given).status_code == 302
    clerk.get("/account/second-factor")
    device = TOTPDevice.objects.get(user=clerk.account)
    code = f"{TOTP(device.bin_key, device.step, device.t0, device.digits).token():06}"
    assert clerk.post("/account/second-factor", {"code": code}).status_code == 302
    signed_in("administrator").post(f"/accounts/{clerk.account.pk}", {"what": "invite"})
    (link,) = [link_in(each) for each in mailbox.raw if "/invitation/" in content_of(each)]
    set_anew = {"new_password1": NEW + "7a8", "new_password2": NEW + "7a8"}
    assert Client(SERVER_NAME="localhost").post(link, set_anew).status_code == 302
    reset_account(clerk.account.username)
    reset_account(account_as("reader").username)  # who has no address is not told
    for each in told_beside:
        each.join(60)
    told = [mail for mail in map(content_of, mailbox.raw) if "请马上告诉教育局的账号管理员" in mail]
    assert len(told) == 5
    assert all(clerk.account.username in each for each in told)
    for what in (
        "改了密码（从 127.0.0.1）",
        "启用了第二重验证（从 127.0.0.1）",
        "旧密码和第二重验证作废了，要重新设（账号管理员",
        "设了密码（用邮件里的链接，从 127.0.0.1）",
        "在服务器上重设",
    ):
        assert sum(what in each for each in told) == 1, what


def content_of(raw: bytes) -> str:
    return str(message_from_bytes(raw, policy=policy.default).get_content())


def test_a_change_waits_for_no_mail_and_fails_for_none(
    signed_in: SignedIn, mailbox: Mailbox, told_beside: list[Thread], caplog: pytest.LogCaptureFixture
) -> None:
    clerk = signed_in("school_clerk")
    clerk.account.email = "li@school.example.cn"
    clerk.account.save()
    given = {"old_password": PASSWORD, "new_password1": NEW + "5e6", "new_password2": NEW + "5e6"}
    with patch("orchestration.desk.account_mail.SmtpServer", side_effect=PostError("发信服务器没有回答")):
        assert clerk.post("/account", given).status_code == 302
        for each in told_beside:
            each.join(60)
    assert "发信服务器没有回答" in caplog.text
    clerk.account.refresh_from_db()
    assert clerk.account.check_password(NEW + "5e6")
