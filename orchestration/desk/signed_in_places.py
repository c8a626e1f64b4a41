"""Where an account is signed in: since when, from which address, with which browser; each can be ended by itself."""

from dataclasses import dataclass
from datetime import datetime

from django.contrib.sessions.models import Session
from django.http import HttpRequest
from django.utils import timezone

from orchestration.desk.for_whom import address_of_browser
from orchestration.desk.models import Account
from sources.system.fingerprint import sha256_of
from sources.system.plain_text import legible

SINCE, FROM, BROWSER = "place_since", "place_from", "place_browser"
LONGEST = 160


@dataclass(frozen=True, slots=True)
class SignedInPlace:
    """A session that is alive. `id` tells it from others, and opens nothing: the session's key stays the browser's."""

    id: str
    session: Session
    since: datetime | None
    address: str
    browser: str
    is_here: bool


def note_place(request: HttpRequest, **_: object) -> None:
    """Keeps with the session what its owner will know it by; at each sign-in."""
    request.session[SINCE] = timezone.now().isoformat()
    request.session[FROM] = address_of_browser(request)
    request.session[BROWSER] = legible(request.headers.get("User-Agent", ""))[:LONGEST]


def places_of(account: Account, here: str | None = None) -> list[SignedInPlace]:
    """The account's places, the newest first; `here`: the key of the session that asks."""
    found = []
    for each in Session.objects.filter(expire_date__gt=timezone.now()):
        kept = each.get_decoded()
        if kept.get("_auth_user_id") == str(account.pk):
            since = datetime.fromisoformat(kept[SINCE]) if SINCE in kept else None
            id_ = sha256_of(each.session_key)[:16]
            is_here = each.session_key == here
            found.append(SignedInPlace(id_, each, since, kept.get(FROM, ""), kept.get(BROWSER, ""), is_here))
    return sorted(found, key=lambda place: (place.is_here, str(place.since)), reverse=True)
