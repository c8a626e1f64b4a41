"""Signing in by the office's single sign-on (统一登录), where the installation declares a provider of OpenID Connect.

The provider says who somebody is and nothing else. An account must be there already, its role is the desk's, and nobody
gets one by signing in. State, nonce, PKCE and signatures are Authlib's.
"""

import logging
from functools import lru_cache

from authlib.common.errors import AuthlibBaseError
from authlib.integrations.django_client import DjangoOAuth2App, OAuth
from axes.handlers.proxy import AxesProxyHandler
from django.contrib.auth import login
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from joserfc.errors import JoseError
from requests import ConnectionError, RequestException, Timeout

from orchestration.desk.desk_log import log
from orchestration.desk.for_whom import public
from orchestration.desk.installed import installed
from orchestration.desk.models import Account
from sources.system.faults import ToldError
from sources.system.plain_text import legible
from sources.system.settings import SingleSignOn

OFFICE_END = "office_end"
"""Where the session keeps the address at which one signs out of the office's sign-on, too."""
SECONDS = 10
METADATA = "/.well-known/openid-configuration"
BACKEND = "django.contrib.auth.backends.ModelBackend"
CLAIM_LABELS = {"preferred_username": "登录名", "email": "邮箱"}
UNREACHABLE = (
    "统一登录现在连不上。请过几分钟再试；急用的，用报送台的登录名和密码登录，没有密码的在登录页点“忘了密码”。"
    "一直连不上的，请告诉教育局管理服务器的人。"
)
NOT_ENDED = (
    "这一次统一登录没有完成：页面停得太久，或者不是从登录页点进来的。请回到登录页，再点一次“用单位的统一登录”；"
    "总是这样的，请告诉教育局管理服务器的人。"
)
UNKNOWN = (
    "统一登录说您的{label}是“{said}”，报送台没有这个{label}的账号。请告诉教育局的账号管理员：先邀请您，"
    "账号的{label}要与统一登录的一样。"
)
UNSAID = "统一登录没有说您的{label}，找不到您的账号。请告诉教育局管理服务器的人（NIANBAO_DESK_SSO_CLAIM）。"
UNPROVED = "统一登录没有说邮箱“{said}”核实过，不能凭它登录。请在统一登录那里核实邮箱，或用报送台的密码登录。"
SEVERAL = "有几个账号都是邮箱“{said}”，分不清是哪一个。请用报送台的登录名和密码登录，并告诉教育局的账号管理员。"
LOCKED = "账号 {name} 已停用。请告诉教育局的账号管理员。"
LOCKED_OUT = "账号 {name} 的密码错了太多次，暂时不能登录。请等十五分钟再试。"
ANOTHER = (
    "账号 {name} 以前是统一登录的另一个人用的。您是接手的，请账号管理员给您另建一个账号，或者对这个账号点“重新邀请”。"
)
NOT_OURS = (AuthlibBaseError, JoseError, RequestException, RuntimeError, KeyError, ValueError)
"""What a provider that is not there, or an answer that is not its own, raises in Authlib."""


class OfficeRefusedError(ToldError):
    """Who comes from the single sign-on is not let in; the message says why, and what to do."""


@public
def go_to_office(request: HttpRequest) -> HttpResponseBase:
    """Leads to the provider's page."""
    try:
        back = request.build_absolute_uri(reverse("back_from_office"))
        led: HttpResponseBase = _provider().authorize_redirect(request, back)
        return led
    except NOT_OURS as error:
        return _refused(request, _told(error), error)


@public
def back_from_office(request: HttpRequest) -> HttpResponseBase:
    """Where the provider sends who has signed in there."""
    provider = _provider()
    try:
        claims = _claims(provider, request)
        account = _account(request, claims, _declared())
    except OfficeRefusedError as refused:
        return _refused(request, str(refused))
    except NOT_OURS as error:
        return _refused(request, _told(error), error)
    account.office_subject = _subject(claims)
    account.save(update_fields=["office_subject"])
    login(request, account, backend=BACKEND)
    request.session[OFFICE_END] = _end_of(provider, request)
    log(account.username, "sign_in", "统一登录")
    return redirect("start")


def _declared() -> SingleSignOn:
    """Raises Http404 where the installation declares none."""
    if (declared := installed().single_sign_on) is None:
        raise Http404
    return declared


def _provider() -> DjangoOAuth2App:
    return _client(_declared())


@lru_cache(maxsize=1)
def _client(declared: SingleSignOn) -> DjangoOAuth2App:
    """What talks with the provider; it keeps the provider's addresses and keys once it has them."""
    return OAuth().register(
        "office",
        client_id=declared.client,
        client_secret=declared.secret,
        server_metadata_url=declared.issuer.rstrip("/") + METADATA,
        client_kwargs={
            "scope": "openid email" if declared.claim == "email" else "openid profile",
            "code_challenge_method": "S256",
            "default_timeout": SECONDS,
        },
    )


def _claims(provider: DjangoOAuth2App, request: HttpRequest) -> dict[str, object]:
    """What the provider says of who comes: the signed token, and where that says too little its page of claims.

    Raises one of NOT_OURS for a state, nonce, code, signature or issuer that is not that of this browser's question.
    """
    declared = _declared()
    token = provider.authorize_access_token(request)
    claims = dict(token["userinfo"])
    if str(claims["iss"]).rstrip("/") != declared.issuer.rstrip("/"):
        raise ValueError("issuer")
    if declared.claim not in claims:
        more = dict(provider.userinfo(token=token))
        if more.get("sub") != claims["sub"]:
            raise ValueError("sub")
        claims = more | claims
    return claims


def _account(request: HttpRequest, claims: dict[str, object], declared: SingleSignOn) -> Account:
    """Whose account it is. Raises OfficeRefusedError where it is nobody's, or not to be used."""
    said, label = legible(str(claims.get(declared.claim) or ""))[:150], CLAIM_LABELS[declared.claim]
    if not said:
        raise OfficeRefusedError(UNSAID.format(label=label))
    is_mail = declared.claim == "email"
    if is_mail and claims.get("email_verified") not in (True, "true"):
        raise OfficeRefusedError(UNPROVED.format(said=said))
    found = list(Account.objects.filter(**({"email__iexact": said} if is_mail else {"username": said}))[:2])
    if not found:
        raise OfficeRefusedError(UNKNOWN.format(label=label, said=said))
    if len(found) > 1:
        raise OfficeRefusedError(SEVERAL.format(said=said))
    (account,) = found
    if not account.is_active:
        raise OfficeRefusedError(LOCKED.format(name=account.username))
    if not AxesProxyHandler.is_allowed(request, {"username": account.username}):
        raise OfficeRefusedError(LOCKED_OUT.format(name=account.username))
    bound, issuer = account.office_subject, str(claims["iss"])
    if bound.startswith(f"{issuer} ") and bound != _subject(claims):
        raise OfficeRefusedError(ANOTHER.format(name=account.username))
    return account


def _subject(claims: dict[str, object]) -> str:
    """Who somebody is for the provider, whatever the name: names are given to others, subjects never."""
    return f"{claims['iss']} {claims['sub']}"[:600]


def _end_of(provider: DjangoOAuth2App, request: HttpRequest) -> str:
    """The address at which one signs out at the provider; '' where it has none."""
    back = request.build_absolute_uri(reverse("sign_in"))
    try:
        end: str = provider.create_logout_url(back, client_id=provider.client_id)["url"]
    except NOT_OURS:
        return ""
    return end if end.startswith(("https://", "http://")) else ""


def _told(error: Exception) -> str:
    return UNREACHABLE if isinstance(error, ConnectionError | Timeout) else NOT_ENDED


def _refused(request: HttpRequest, message: str, error: Exception | None = None) -> HttpResponseBase:
    if error:  # what the provider has said is for the server's own log, in one line
        logging.getLogger(__name__).error("%s: %s", type(error).__name__, legible(str(error))[:300])
    log("", "sign_in_refused", "统一登录", after=message)
    return render(request, "desk/office_refused.html", {"message": message}, status=403)
