"""The page of years: how each stands, opening the next, closing one for schools and opening it again."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render

from orchestration.desk.desk_log import log
from orchestration.desk.for_whom import account_of, for_act, told_errors
from orchestration.desk.installed import city_now, installed
from orchestration.desk.models import Task
from orchestration.desk.roles import Act, allowed
from orchestration.desk.school_views import EXCEL, download
from orchestration.desk.tasks import ask_for
from sources.archive.closings import ClosingError, YearClosing, closing_of, note_closing
from sources.declarations.alerting import load_alerting
from sources.declarations.city import City
from sources.declarations.deadlines import DATES_IN_ORDER, ReportYear
from sources.declarations.new_year import DATES, YearPlan, days_off, plan_year
from sources.declarations.undecided import load_undecided
from sources.system.access import prepare_home
from sources.system.whole_file import whole_file
from sources.write.new_year_form import write_form
from sources.write.open_year import form_of
from warehouse.intake.released import latest_versions

SURE = "请先勾选“我确认”，再按"


@dataclass(frozen=True, slots=True)
class YearLine:
    """A year of the calendar: its dates, how it stands today, since when schools are reminded, what is open in it."""

    report_year: int
    dates: ReportYear
    state: str
    reminders_from: date
    closing: YearClosing | None
    undecided: Sequence[str]


class OpeningForm(forms.Form):
    """The dates of a new year, as they are proposed or as the clerk has them."""

    is_sure = forms.BooleanField(label="我确认开这个年度", error_messages={"required": SURE + "“开这个年度”"})

    def __init__(self, *args: object, dates: ReportYear, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        off = days_off(dates)
        told = {name: forms.DateField(label=label, initial=getattr(dates, name)) for name, label in DATES.items()}
        for name, field in told.items():
            field.widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
            field.help_text = off.get(name, "")
            field.error_messages |= {"required": f"{field.label}没有填", "invalid": f"{field.label}不是日期"}
        self.fields = told | self.fields

    def clean(self) -> dict[str, object]:
        given = super().clean() or {}
        for first, then in DATES_IN_ORDER:
            before, after = given.get(first), given.get(then)
            if isinstance(before, date) and isinstance(after, date) and before > after:
                self.add_error(then, f"{DATES[then]}（{after}）早于{DATES[first]}（{before}）")
        return given


class FilledForm(forms.Form):
    """The form of a new year as the clerk has filled it in."""

    form = forms.FileField(label="填好的《开年事项》（.xlsx）", error_messages={"required": "请先选文件"})
    is_sure = forms.BooleanField(error_messages={"required": SURE + "“照这份做”"})

    def __init__(self, *args: object, lies_there: bool, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.fields["form"].required = not lies_there


class ClosingForm(forms.Form):
    """Why a year is closed for schools, or opened again."""

    reason = forms.CharField(min_length=2, max_length=200, error_messages={"required": "请写明原因，学校看得到"})
    is_sure = forms.BooleanField(error_messages={"required": SURE + "按钮"})


@for_act(Act.SEE_QUEUE)
def years(request: HttpRequest) -> HttpResponseBase:
    """Each year of the calendar with its state; who may, opens the next and closes one."""
    return _page(request)


@for_act(Act.MANAGE_YEARS)
def open_year(request: HttpRequest, report_year: int) -> HttpResponseBase:
    """Opens the next year with the dates given, or carries on with the form that was filled in: `nianbao new-year` does
    it, and says what it has written or why it has not."""
    city, account = city_now(), account_of(request)
    last = max(city.calendar.years)
    if request.method != "POST" or report_year not in (last, last + 1):
        raise Http404
    if why := _read_only():
        messages.error(request, why)
        return redirect("years")
    path = form_of(installed().home, report_year)
    if "form" in request.FILES or report_year == last or path.exists():
        return _carry_on(request, report_year)
    plan = plan_year(city, report_year)
    form = OpeningForm(request.POST, dates=plan.dates)
    if not form.is_valid():
        return _page(request, form)
    dates = plan.dates.model_copy(update={name: form.cleaned_data[name] for name in DATES})
    prepare_home(installed().home)
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path) as partial:
        write_form(city, report_year, dates, plan.undecided, partial, dates_by=account.shown_name)
    log(account.username, "ask_new_year", str(report_year), before=f"最后一年是 {last}", after=_in_words(dates))
    return redirect("task", ask_for("new_year", report_year, account).pk)


def _carry_on(request: HttpRequest, report_year: int) -> HttpResponseBase:
    """Has the command read the form that somebody has filled in, in place of the one that lies there."""
    account, path = account_of(request), form_of(installed().home, report_year)
    form = FilledForm(request.POST, request.FILES, lies_there=path.exists())
    if not form.is_valid():
        messages.error(request, told_errors(form))
        return redirect("years")
    file = form.cleaned_data["form"]
    if file is not None:
        prepare_home(installed().home)
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(path) as partial:
            partial.write_bytes(b"".join(file.chunks()))
    log(account.username, "ask_new_year", str(report_year), after=f"照《开年事项》{file.name if file else path.name}")
    return redirect("task", ask_for("new_year", report_year, account).pk)


@for_act(Act.MANAGE_YEARS)
def opening_form(request: HttpRequest, report_year: int) -> HttpResponseBase:
    """The form of a year: who sends, the dates, what else has to be decided."""
    path = form_of(installed().home, report_year)
    if not path.exists():
        raise Http404
    return download(path.read_bytes(), path.name, EXCEL)


@for_act(Act.MANAGE_YEARS)
def close_year(request: HttpRequest, report_year: int) -> HttpResponseBase:
    """Closes a year for schools, or opens it again."""
    if request.method != "POST" or report_year not in city_now().calendar.years:
        raise Http404
    form, account, archive = ClosingForm(request.POST), account_of(request), installed().archive
    if not form.is_valid():
        messages.error(request, told_errors(form))
        return redirect("years")
    before, closes = closing_of(archive, report_year), "reopen" not in request.POST
    try:
        noted = note_closing(archive, report_year, closes, account.shown_name, form.cleaned_data["reason"])
    except ClosingError as error:
        messages.error(request, str(error))
        return redirect("years")
    said = f"已关闭：{before.reason}（{before.by}）" if before else "开放"
    log(account.username, "close_year" if closes else "reopen_year", str(report_year), said, noted.reason)
    messages.success(request, f"{report_year} 年度已{'对学校关闭' if closes else '重新对学校开放'}。")
    return redirect("years")


def _page(request: HttpRequest, form: OpeningForm | None = None) -> HttpResponseBase:
    city, account = city_now(), account_of(request)
    following = max(city.calendar.years) + 1
    plan: YearPlan = plan_year(city, following)
    shown = {
        "lines": _lines(city),
        "following": following,
        "plan": plan,
        "respondents": len(city.respondents_in(following)),
        "form": form or OpeningForm(dates=plan.dates),
        "forms": [year for year in (following - 1, following) if form_of(installed().home, year).exists()],
        "can_manage": allowed(account.holder, Act.MANAGE_YEARS),
        "read_only": _read_only(),
        "tasks": Task.objects.filter(command="new_year")[:3],
    }
    return render(request, "desk/years.html", shown, status=400 if form else 200)


def _lines(city: City) -> list[YearLine]:
    settings, released = installed(), latest_versions(installed())
    days = timedelta(days=load_alerting(settings.city_dir).due_soon_days)
    undecided, lines = load_undecided(settings.city_dir), []
    for year, dates in sorted(city.calendar.years.items(), reverse=True):
        closing = closing_of(settings.archive, year)
        state = _state(dates, settings.today, closing, released.get(year))
        open_points = [each.what for each in undecided if each.report_year == year]
        lines.append(YearLine(year, dates, state, dates.due - days, closing, open_points))
    return lines


def _state(dates: ReportYear, today: date, closing: YearClosing | None, version: str | None) -> str:
    """How a year stands, in a word: the last thing that has happened to it."""
    if version:
        return f"已发布 {version}" + ("，已关闭" if closing else "")
    if closing:
        return "已对学校关闭"
    if dates.is_frozen(today):
        return "已冻结"
    if today < dates.opens:
        return "已开年，未到报送日期"
    return "已截止，仍可报送" if dates.is_overdue(today) else "正在报送"


def _read_only() -> str:
    """Why nobody can open a year from here; '' where somebody can."""
    folder = installed().city_dir
    if os.access(folder, os.W_OK):
        return ""
    return f"城市的资料包 {folder} 在这里是只读的，不能从报送台开年。请管理员在有权写的机器上运行 nianbao new-year"


def _in_words(dates: ReportYear) -> str:
    return "，".join(f"{label} {getattr(dates, name)}" for name, label in DATES.items())
