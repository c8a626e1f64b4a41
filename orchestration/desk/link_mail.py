"""The link at which somebody sets a password, sent by the bureau's mailbox where mail.yml declares one."""

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
BETWEEN = timedelta(minutes=10)
"""Of two links that somebody asks for with the name of the same account."""


def link_of(request: HttpRequest, account: Account) -> str:
    """The address at which an account's holder sets a password; it holds for three days and once."""
    key, token = urlsafe_base64_encode(str(account.pk).encode()), default_token_generator.make_token(account)
    return request.build_absolute_uri(reverse("set_password", args=[key, token]))


def send_link(account: Account, link: str) -> str:
    """Sends the link; returns why it was not sent, in Chinese, or nothing where it was."""
    if not account.email:
        return "账号没有邮箱"
    mailing = load_mailing(installed().city_dir)
    if mailing is None or mailing.outgoing is None:
        return "没有声明发信的邮箱（mail.yml）"
    try:
        return _deliver(mailing, account, link)
    except (ToldError, OSError) as error:
        return told(error) or f"邮件没有发出（{type(error).__name__}）"


def _deliver(mailing: Mailing, account: Account, link: str) -> str:
    body = BODY.format(name=account.shown_name, username=account.username, link=link)
    mail = ToPost([account.email], SUBJECT.format(city=city_now().name), body)
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
    sending = Thread(target=_sent_and_noted, args=(account, link_of(request, account)), daemon=True)
    sending.start()
    return sending


def _sent_and_noted(account: Account, link: str) -> None:
    if why := send_link(account, link):
        logging.getLogger(__name__).error("%s: %s", account.username, why)
