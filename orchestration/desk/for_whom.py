"""Pages say for what act they are, and get the respondent that they are about only where it concerns who asks."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from functools import wraps
from typing import TypeVar
from uuid import UUID

from django.forms import BaseForm
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django_otp import DEVICE_ID_SESSION_KEY, user_has_device

from orchestration.desk.installed import city_now, installed, must_have_factor
from orchestration.desk.models import Account, Upload
from orchestration.desk.roles import Act, allowed, seen, sends_for
from sources.declarations.city import City, Respondent

View = TypeVar("View", bound=Callable[..., HttpResponseBase])


class StillAsked(Enum):
    """What is still asked of somebody who has signed in; the value is the name of the page that asks it."""

    FACTOR_UNSET = "set_up_factor"
    FACTOR_NOT_GIVEN = "second_factor"


@dataclass(frozen=True, slots=True)
class PageSubject:
    """What a page is about: a respondent in a year, and whether the account sends for it."""

    city: City
    respondent: Respondent
    report_year: int
    sends: bool


def for_act(act: Act, *stages: StillAsked) -> Callable[[View], View]:
    """Declares for what act a page is, and before which stages of signing in it opens already; the middleware holds it
    against the account's role."""

    def declared(view: View) -> View:
        @wraps(view)
        def page(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
            return view(request, *args, **kwargs)

        page.act = act  # type: ignore[attr-defined]
        page.opens_before = stages  # type: ignore[attr-defined]
        return page  # type: ignore[return-value]

    return declared


def public(view: View) -> View:
    """Declares that a page is for whoever asks, signed in or not."""
    view.is_public = True  # type: ignore[attr-defined]
    return view


def told_errors(form: BaseForm) -> str:
    """What is wrong in a form, in one line."""
    return "；".join(str(text) for texts in form.errors.values() for text in texts)


def account_of(request: HttpRequest) -> Account:
    """Who is signed in; the middleware has seen to it that somebody is."""
    assert isinstance(request.user, Account)
    return request.user


def stage_of(request: HttpRequest, account: Account) -> StillAsked | None:
    """What is still asked of an account before anything else; None when nothing is."""
    if user_has_device(account):
        return None if request.session.get(DEVICE_ID_SESSION_KEY) else StillAsked.FACTOR_NOT_GIVEN
    return StillAsked.FACTOR_UNSET if must_have_factor(account.holder.role) else None


def address_of_browser(request: HttpRequest) -> str:
    """Where a request comes from: behind the bureau's proxy, which is on this machine, what the proxy says of it."""
    at = str(request.META.get("REMOTE_ADDR", ""))
    is_proxy = bool(installed().desk_origins) and at in ("127.0.0.1", "::1")
    return str(request.META.get("HTTP_X_REAL_IP") or at) if is_proxy else at


def subject_of(request: HttpRequest, code: str, report_year: int) -> PageSubject:
    """The respondent and year of a page. Raises Http404 where there is none, or it does not concern who asks: nobody is
    told which of the two."""
    city, holder = city_now(), account_of(request).holder
    if report_year not in city.calendar.years or code not in seen(holder, city, report_year):
        raise Http404
    respondent = next(each for each in city.respondents_in(report_year) if each.code == code)
    sends = allowed(holder, Act.SEND) and code in sends_for(holder, city, report_year)
    return PageSubject(city.in_year(report_year), respondent, report_year, sends)


def upload_of(request: HttpRequest, upload_id: UUID, to_send: bool = False) -> tuple[Upload, PageSubject]:
    """A file in quarantine and what it is about; `to_send`: only for who sends for the respondent. Raises Http404."""
    upload = Upload.objects.filter(pk=upload_id).first()
    if upload is None:
        raise Http404
    subject = subject_of(request, upload.respondent_code, upload.report_year)
    if to_send and not subject.sends:
        raise Http404
    return upload, subject
