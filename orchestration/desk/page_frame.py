"""What every page has around its own part: the city, who is signed in, and the ways that are open to that role."""

from dataclasses import dataclass

from django.http import HttpRequest
from django.urls import reverse

from orchestration.desk.for_whom import stage_of
from orchestration.desk.installed import city_now, default_year
from orchestration.desk.models import Account
from orchestration.desk.roles import Act, allowed

FRAME_TITLE = "报送台"


@dataclass(frozen=True, slots=True)
class Way:
    """A link of the page's head."""

    label: str
    address: str
    is_here: bool


def frame(request: HttpRequest) -> dict[str, object]:
    """What the frame's template names."""
    account = request.user
    ways: list[Way] = []
    if isinstance(account, Account) and stage_of(request, account) is None:
        ways = _ways(account, request.path)
    return {"city_name": city_now().name, "frame_title": FRAME_TITLE, "ways": ways}


def _ways(account: Account, here: str) -> list[Way]:
    year = default_year()
    asked = [
        (Act.SEE_YEAR, "各单位", reverse("year", args=[year])),
        (Act.SEE_QUEUE, "待决定", reverse("decisions", args=[year])),
        (Act.WRITE_LETTERS, "发信", reverse("letters", args=[year])),
        (Act.SEE_QUEUE, "年度", reverse("years")),
        (Act.SEE_GATE, "发布", reverse("gate", args=[year])),
        (Act.MANAGE_ACCOUNTS, "账号", reverse("accounts")),
        (Act.SEE_LOG, "日志", reverse("log")),
    ]
    holder = account.holder
    ways = [(label, address) for act, label, address in asked if allowed(holder, act)]
    if holder.respondent_code and allowed(holder, Act.SEND):
        ways.insert(0, ("填报", reverse("school", args=[holder.respondent_code, year])))
    around = max((address for _, address in ways if here.startswith(address)), key=len, default="")
    return [Way(label, address, address == around) for label, address in ways]
