"""Batches: one thing done for every respondent that is ticked on the page of a year, or for none, and then told why."""

from collections.abc import Collection, Sequence

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect

from orchestration.desk.decide_asked import note_decided
from orchestration.desk.desk_log import log
from orchestration.desk.for_whom import account_of, for_act, told_errors
from orchestration.desk.installed import city_now, installed, published_now
from orchestration.desk.roles import Act
from orchestration.desk.tasks import ask_for
from orchestration.lib.correspondence import for_all
from orchestration.lib.mail_rounds import waiting_letters
from sources.archive.delivery import archive_lock
from sources.declarations.mailing import MAIL_FILE
from warehouse.alerts import mail_out
from warehouse.intake.decision_list import asked_of

REMIND, APPROVED, REFUSED = "remind", "approved", "refused"


class BatchForm(forms.Form):
    """Whom something is done for, and what."""

    code = forms.MultipleChoiceField(error_messages={"required": "请先勾选单位", "invalid_choice": "没有这个单位"})
    what = forms.ChoiceField(choices=[(each, each) for each in (REMIND, APPROVED, REFUSED)])
    reason = forms.CharField(max_length=500, required=False)
    is_sure = forms.BooleanField(required=False)

    def __init__(self, *args: object, codes: Sequence[str], **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        known = self.fields["code"]
        assert isinstance(known, forms.MultipleChoiceField)
        known.choices = [(each, each) for each in codes]

    def clean(self) -> dict[str, object]:
        given = super().clean() or {}
        if given.get("what") in (APPROVED, REFUSED):
            if not given.get("reason"):
                self.add_error("reason", "采用、退回要写原因，学校看得到")
            if not given.get("is_sure"):
                self.add_error("is_sure", "请先勾选“我确认”")
        return given


@for_act(Act.DECIDE)
def batch(request: HttpRequest, report_year: int) -> HttpResponseBase:
    """Sends the letters that wait for those ticked, or decides all that waits of theirs."""
    city = city_now()
    if request.method != "POST" or report_year not in city.calendar.years:
        raise Http404
    names = {each.code: each.name for each in city.respondents_in(report_year)}
    form = BatchForm(request.POST, codes=list(names))
    if not form.is_valid():
        messages.error(request, told_errors(form))
        return redirect("year", report_year)
    given = form.cleaned_data
    ticked = {code: names[code] for code in given["code"]}
    if given["what"] == REMIND:
        return _letters(request, report_year, ticked)
    _decide(request, report_year, ticked, given["what"] == REFUSED, given["reason"])
    return redirect("year", report_year)


def _letters(request: HttpRequest, report_year: int, ticked: dict[str, str]) -> HttpResponseBase:
    """By the bureau's mailbox, else as a batch of files; nothing where one of them has no letter that waits."""
    settings, city, account = installed(), city_now(), account_of(request)
    made = waiting_letters(settings, city)
    chosen = [each for each in made.letters if each.respondent_code in ticked]
    have = {each.respondent_code for each in chosen if each.report_year == report_year}
    if lacking := _without(ticked, have):
        why = "没有等着发的信（报过了、没有到催报的时候，或者刚发过）"
        messages.error(request, f"什么也没有发：{lacking}{why}。请去掉这些单位再来")
        return redirect("year", report_year)
    about, names = f"{report_year} {len(ticked)} 个单位", "、".join(ticked.values())
    if (settings.city_dir / MAIL_FILE).is_file():
        log(account.username, "remind", about, after=names)
        return redirect("task", ask_for("mail_out", report_year, account, list(ticked)).pk)
    with archive_lock(settings.archive):
        done = mail_out.write_batch(settings, chosen, for_all(settings, sorted(city.calendar.years)), made.unwritten)
    log(account.username, "remind", about, after=f"{done.name} {len(done.letters)} 封：{names}")
    messages.success(request, f"写好了 {len(done.letters)} 封：{done.folder}。发出以后在这里记下。")
    return redirect("letters", report_year)


def _decide(request: HttpRequest, report_year: int, ticked: dict[str, str], is_refused: bool, reason: str) -> None:
    """All explanations and held files of those ticked, or nothing where one of them has none."""
    settings, account = installed(), account_of(request)
    with published_now() as connection, archive_lock(settings.archive):
        asked = [] if connection is None else asked_of(connection, settings, [report_year])
        chosen = [each for each in asked if each.respondent_code in ticked and each.report_year == report_year]
        lacking = _without(ticked, {each.respondent_code for each in chosen})
        if lacking or connection is None:
            messages.error(request, f"什么也没有记：{lacking}没有待决定的。请去掉这些单位再来")
            return
        done = note_decided(account, connection, chosen, is_refused, reason)
    for each in done.unused:
        messages.error(request, each.why)
    messages.success(request, f"{len(ticked)} 个单位的 {len(done.noted)} 件记下了，下一次运行起作用。")


def _without(ticked: dict[str, str], have: Collection[str | None]) -> str:
    return "、".join(name for code, name in ticked.items() if code not in have)
