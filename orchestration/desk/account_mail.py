"""What an account's holder is told by the bureau's mailbox, where mail.yml declares one: the link at which a password
is set, and that somebody has changed how the account is signed in to."""

import logging
from datetime import timedelta
from threading import Thread

from django.contrib.auth.tokens import default_token_generator
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlsafe_base64_encode

from orchestration.desk.desk_log import log
from orchestration.desk.installed import city_now, installed
from orchestration.desk.models import Account, LogEntry
from sources.declarations.mailing import Mailing, load_mailing
from sources.system.faults import ToldError, told
from warehouse.post.mime import ToPost, as_mail, new_id
from warehouse.post.smtp_server import SmtpServer

SUBJECT = "{city}中职质量年报报送台：设密码"
BODY = """{name}：

请打开下面的链接，给报送台的账号 {username} 设密码。链接三天内有效，只能用一次。

{link}

不是您要的，不用理会：没有人打开它，什么也不会变。
"""
CHANGED_SUBJECT = "{city}中职质量年报报送台：账号 {username} {what}"
CHANGED_BODY = """{name}：

报送台的账号 {username} 在{when}{what}（{who}）。

是您自己做的，或者您知道这件事，不用理会。不是的，请马上告诉教育局的账号管理员，请他停用这个账号。
"""
NO_MAILBOX = "没有声明发信的邮箱（mail.yml）"
BETWEEN = timedelta(minutes=10)
"""Of two links that somebody asks for with the name of the same account."""


def link_of(request: HttpRequest, account: Account) -> str:
    """The address at which an account's holder sets a password; it holds for three days and once."""
    key, token = urlsafe_base64_encode(str(account.pk).encode()), default_token_generator.make_token(account)
    return request.build_absolute_uri(reverse("set_password", args=[key, token]))


def send_link(account: Account, link: str) -> str:
    """Sends the link; returns why it was not sent, in Chinese, or nothing where it was."""
    return _sent(_with_link(account, link))


def tell_changed(account: Account, what: str, who: str) -> Thread | None:
    """Tells the holder of a change to how the account is signed in to: `what` was done, and by whom and from where
    (`who`). The change waits for no mail and fails for none. The thread that sends, if one does."""
    if not account.email:
        return None
    about = {"name": account.shown_name, "username": account.username, "what": what, "who": who}
    subject = CHANGED_SUBJECT.format(city=city_now().name, **about)
    body = CHANGED_BODY.format(when=f"{timezone.localtime():%Y年%m月%d日 %H:%M}", **about)
    return _sent_beside(account, ToPost([account.email], subject, body))


def _with_link(account: Account, link: str) -> ToPost:
    body = BODY.format(name=account.shown_name, username=account.username, link=link)
    return ToPost([account.email], SUBJECT.format(city=city_now().name), body)


def _sent(mail: ToPost) -> str:
    """Why a mail was not sent, in Chinese; nothing where it was."""
    if mail.to == [""]:
        return "账号没有邮箱"
    try:
        mailing = load_mailing(installed().city_dir)
        return NO_MAILBOX if mailing is None or mailing.outgoing is None else _deliver(mailing, mail)
    except (ToldError, OSError) as error:
        return told(error) or f"邮件没有发出（{type(error).__name__}）"


def _sent_beside(account: Account, mail: ToPost) -> Thread:
    """Sends in a thread of its own; what fails is told to the server's log, but not that the city has no mailbox."""

    def send() -> None:
        if (why := _sent(mail)) not in ("", NO_MAILBOX):
            logging.getLogger(__name__).error("%s: %s", account.username, why)

    sending = Thread(target=send, daemon=True)
    sending.start()
    return sending


def _deliver(mailing: Mailing, mail: ToPost) -> str:
    with SmtpServer(mailing, installed().city_dir) as server:
        data = as_mail(mailing, mail, new_id(mailing), timezone.localtime())
        done = server.deliver(data, mail.to, lambda: None)
    return "" if done.state == "sent" else done.reason or "邮件没有发出"


def send_if_asked(request: HttpRequest, username: str) -> Thread | None:
    """Sends a link to whoever has forgotten a password. The page is told nothing, and waits for nothing: neither what
    it says nor how long it takes tells whether there is such an account. The thread that sends, if one does."""
    account = Account.objects.filter(username=username, is_active=True).exclude(email="").first()
    recent = LogEntry.objects.filter(act="link", about=username, at__gt=timezone.now() - BETWEEN)
    if account is None or recent.exists():
        return None
    log(username, "link", username)
    return _sent_beside(account, _with_link(account, link_of(request, account)))
