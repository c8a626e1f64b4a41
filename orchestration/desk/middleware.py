"""What every request and every answer of the desk passes: size, who may, and what a browser may load."""

import logging
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render

from orchestration.desk.desk_log import log
from orchestration.desk.for_whom import stage_of
from orchestration.desk.installed import installed
from orchestration.desk.models import Account
from orchestration.desk.roles import Act, allowed
from sources.system.faults import told

Answer = Callable[[HttpRequest], HttpResponseBase]
METHODS = ("GET", "HEAD", "POST")
ENVELOPE_BYTES = 1 << 20
"""What a form may weigh beside its file."""
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self';"
    " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
TOO_LARGE = "文件超过 {most} MB，不能收。请检查里面是不是有图片，去掉以后再传。\n"
PERMISSIONS = "camera=(), microphone=(), geolocation=(), payment=(), usb=()"


def size_is_looked_at(get_response: Answer) -> Answer:
    """Refuses what no page takes, and before a byte is read what is too large or does not say how large it is."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        if request.method not in METHODS:
            return HttpResponseNotAllowed(METHODS)
        if request.method == "POST":
            said = request.META.get("CONTENT_LENGTH") or ""
            most = installed().limits.file_bytes + ENVELOPE_BYTES
            if not said.isdigit() or int(said) > most:
                told = TOO_LARGE.format(most=installed().limits.file_bytes // 1_000_000)
                return HttpResponse(told, status=413, content_type="text/plain; charset=utf-8")
        return get_response(request)

    return middleware


class only_for_whom_it_is:  # noqa: N801 - Django's name for a middleware is a function's
    """Lets a request reach a page only if the page says for what act it is, and the account's role may do that.

    A page that says nothing is for nobody. Who has a second factor and has not given it gets to that page alone, and
    who must have one and has not to the page that sets it up.
    """

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., HttpResponseBase], args: object, kwargs: object
    ) -> HttpResponseBase | None:
        if getattr(view, "is_public", False):
            return None
        account = request.user
        if not isinstance(account, Account):
            return redirect("sign_in")
        act = getattr(view, "act", None)
        if not isinstance(act, Act) or not allowed(account.holder, act):
            log(account.username, "refused", request.path)
            return render(request, "desk/not_for_you.html", status=403)
        stage = stage_of(request, account)
        if stage and stage not in getattr(view, "opens_before", ()):
            return redirect(stage.value)
        return None


class what_is_told:  # noqa: N801
    """Shows what a function tells people when it cannot go on (a file that is damaged, a disk that is full, a database
    of another version), instead of a page that says nothing."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponseBase | None:
        message = told(exception)
        if message is None:
            return None
        logging.getLogger(__name__).error("%s: %s", request.path, message)
        return render(request, "desk/told.html", {"message": message}, status=409)


def with_policy(get_response: Answer) -> Answer:
    """Tells the browser to load from here alone, and to keep nothing that an account has seen."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        response.headers["Content-Security-Policy"] = POLICY
        response.headers["Permissions-Policy"] = PERMISSIONS
        response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
        response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
        if "Cache-Control" not in response.headers:
            response.headers["Cache-Control"] = "no-store"
        return response

    return middleware
