"""The bureau's pages: the year, what waits for a decision, runs, letters, and the gate of a release."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import duckdb
from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render

from orchestration.desk.decide_asked import VERDICTS, note_decided
from orchestration.desk.desk_log import log
from orchestration.desk.for_whom import account_of, for_act, told_errors
from orchestration.desk.installed import city_now, installed, published_now
from orchestration.desk.models import Note, Task, TaskState, Upload, UploadState
from orchestration.desk.next_step import is_sent_since, standing
from orchestration.desk.roles import Act, Role, allowed, seen
from orchestration.desk.scanning import scanning_now
from orchestration.desk.tasks import COMMANDS, ENDED, OF_OTHER_PAGES, ask_for, foretold_in
from orchestration.lib.correspondence import for_all
from orchestration.lib.mail_rounds import read_mails, waiting_letters
from sources.archive.delivery import archive_lock
from sources.declarations.mailing import MAIL_FILE
from sources.declarations.problem import DeclarationError
from sources.declarations.year_states import STATE_LABELS
from sources.submission.effect import Effect
from sources.system.faults import ToldError
from warehouse.alerts import mail_out
from warehouse.catalogue.catalogue import CatalogueChangedError, load_catalogue
from warehouse.figures.bounds import BoundedFigure, bounded_figures, most_telling_first
from warehouse.figures.effects import effects_of_explanations
from warehouse.intake.decision_list import asked_of, held_files
from warehouse.intake.register import RegisterEntry, published_register
from warehouse.intake.waiting import Asked
from warehouse.release.foresee import foresee
from warehouse.release.gate import CannotConfirmError, Wish, confirm, open_items
from warehouse.release.manifest import releases_of

SHOWN_FIGURES = 8
ROWS_ON_A_PAGE, LETTERS_ON_A_PAGE = 350, 200
"""As many as fit into 150 KB: a province's schools on one page, a nation's on thirty."""
OVERDUE_LABEL = "逾期"


@dataclass(frozen=True, slots=True)
class YearRow:
    """A respondent on the page of a year: where it stands as of the last run, and what lies at the desk since."""

    code: str
    name: str
    state: str
    since: datetime | None
    to_do: str
    errors: int
    open_warnings: int
    is_overdue: bool
    at_desk: str
    notes: int


@dataclass(frozen=True, slots=True)
class AskedWithEffect:
    """What waits for a decision, and what mending it would do to the printed figures; of a whole file that is rehearsed
    when somebody asks."""

    asked: Asked
    effect: Effect | None
    rehearsed: Task | None = None
    """What taking a whole file would do, as far as somebody has asked."""

    @property
    def rank(self) -> tuple[bool, Decimal, int]:
        """Sorts whole files first, then what moves figures most."""
        share, figures = self.effect.weight if self.effect else (Decimal(0), 0)
        return self.asked.about == "explanation", -share, -figures


class DecisionForm(forms.Form):
    """A verdict on the explanations and held files that somebody has ticked."""

    id = forms.TypedMultipleChoiceField(error_messages={"required": "请先勾选要决定的"})
    verdict = forms.ChoiceField(choices=list(VERDICTS.items()))
    reason = forms.CharField(max_length=500, required=False)

    def __init__(self, *args: object, asked: Mapping[str, Asked], **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.asked = asked
        known = self.fields["id"]
        assert isinstance(known, forms.TypedMultipleChoiceField)
        known.choices = [(each, each) for each in asked]
        known.error_messages["invalid_choice"] = "有一件已经有人决定了，或者不再需要决定；请看现在的清单"

    def clean(self) -> dict[str, object]:
        cleaned = super().clean() or {}
        if cleaned.get("verdict") == "refused" and not cleaned.get("reason"):
            self.add_error("reason", "不认可、不采用的请写明原因，学校会看到")
        elif not cleaned.get("reason"):
            for each in (self.asked[id_] for id_ in cleaned.get("id", ())):
                if each.about == "file":
                    self.add_error("reason", f"采用待确认的文件（{each.respondent_name} {each.value}）请写明原因")
        return cleaned


class ConfirmForm(forms.Form):
    """The confirmation of an item of a release."""

    item = forms.CharField(max_length=80, widget=forms.HiddenInput)
    seen = forms.CharField(widget=forms.HiddenInput, strip=False)
    reason = forms.CharField(label="为什么可以发布", min_length=2, max_length=500)


@for_act(Act.SEE_YEAR)
def year(request: HttpRequest, report_year: int) -> HttpResponseBase:
    """Everybody that concerns who asks: where each stands; then what the main figures can still become."""
    city, account = city_now(), account_of(request)
    _in_calendar(report_year)
    figures: Sequence[BoundedFigure] = ()
    entries: Sequence[RegisterEntry] = ()
    with published_now() as connection:
        if connection is not None:
            entries = published_register(connection, report_year)
            if account.role != Role.DISTRICT:
                figures = most_telling_first(bounded_figures(connection, city.code, report_year))
    rows = list(_rows(report_year, entries, seen(account.holder, city, report_year)))
    state = request.GET.get("state", "")
    chosen = [each for each in rows if state in ("", each.state) or (state == OVERDUE_LABEL and each.is_overdue)]
    shown = {
        "year": report_year,
        "years": sorted(city.calendar.years, reverse=True),
        "page": Paginator(chosen, ROWS_ON_A_PAGE).get_page(request.GET.get("page")),
        "all": len(rows),
        "state": state,
        "counts": _counted(rows),
        "figures": figures[:SHOWN_FIGURES],
        "more_figures": max(len(figures) - SHOWN_FIGURES, 0),
        "calendar": city.calendar.years[report_year],
        "queue": Upload.objects.filter(state__in=(UploadState.WAITING, UploadState.JUDGING)).count(),
        "tasks": Task.objects.filter(report_year=report_year)[:5],
        "can_run": account.role == Role.BUREAU_CLERK,
        "has_mail": (installed().city_dir / MAIL_FILE).is_file(),
        "is_published": bool(entries),
        "scanning": scanning_now() if allowed(account.holder, Act.SEE_QUEUE) else None,
    }
    return render(request, "desk/year.html", shown)


def _counted(rows: Sequence[YearRow]) -> list[tuple[str, int]]:
    """Each state that somebody is in, and who is overdue, with how many."""
    overdue = sum(each.is_overdue for each in rows)
    return [*Counter(each.state for each in rows).most_common(), *([(OVERDUE_LABEL, overdue)] if overdue else [])]


def _rows(report_year: int, entries: Sequence[RegisterEntry], codes: frozenset[str]) -> list[YearRow]:
    known = {each.respondent_code: each for each in entries}
    newest: dict[str, Upload] = {}
    certified: dict[str, Upload] = {}
    uploads = Upload.objects.filter(report_year=report_year, respondent_code__in=codes).defer("outcome")
    for upload in uploads.order_by("uploaded_at"):
        newest[upload.respondent_code] = upload
        if upload.certificate_number:
            certified[upload.respondent_code] = upload
    noted = Counter(Note.objects.filter(report_year=report_year).values_list("respondent_code", flat=True))
    rows, city = [], city_now()
    is_past_due = city.calendar.years[report_year].is_overdue(installed().today)
    for each in city.respondents_in(report_year):
        if each.code not in codes:
            continue
        entry, latest = known.get(each.code), newest.get(each.code)
        now = standing(entry, certified.get(each.code), is_past_due)
        rows.append(
            YearRow(
                each.code,
                each.name,
                STATE_LABELS[now.state],
                now.since,
                now.step.bureau,
                entry.errors if entry else 0,
                entry.warnings_unexplained if entry else 0,
                now.is_overdue,
                _at_desk(latest, entry),
                noted[each.code],
            )
        )
    return rows


def _at_desk(upload: Upload | None, entry: RegisterEntry | None) -> str:
    """What lies at the desk since the last run has seen the respondent's files."""
    if upload is None:
        return ""
    if upload.certificate_number:
        return f"已报送 {upload.certificate_number}，等下一次运行" if is_sent_since(upload, entry) else ""
    return f"{upload.get_state_display()}，错误 {upload.errors}，待说明 {upload.open_warnings}"


@for_act(Act.SEE_QUEUE)
def decisions(request: HttpRequest, report_year: int) -> HttpResponseBase:
    """The explanations and held files that wait for the bureau: files first, then what moves the region's figures."""
    _in_calendar(report_year)
    return _decisions_page(request, report_year)


def _decisions_page(request: HttpRequest, report_year: int) -> HttpResponse:
    """The list; what somebody has ticked and written stays, where it could not be noted."""
    asked: Sequence[AskedWithEffect] = ()
    with published_now() as connection:
        if connection is not None:
            asked = _by_effect(connection, asked_of(connection, installed(), [report_year]))
    can_decide = account_of(request).role == Role.BUREAU_CLERK
    typed = {"ticked": request.POST.getlist("id"), "reason": request.POST.get("reason", "")}
    shown = {"year": report_year, "asked": asked, "can_decide": can_decide, **typed}
    return render(request, "desk/decisions.html", shown)


def _by_effect(connection: duckdb.DuckDBPyConnection, asked: Sequence[Asked]) -> list[AskedWithEffect]:
    known = effects_of_explanations(connection, [each.id for each in asked if each.about == "explanation"])
    rehearsals = Task.objects.filter(command="preview_held").order_by("asked_at")
    rehearsed = {each.submission_id: each for each in rehearsals}
    found = [AskedWithEffect(each, known.get(each.id), rehearsed.get(each.id)) for each in asked]
    return sorted(found, key=lambda each: each.rank)


@for_act(Act.DECIDE)
def decide_ticked(request: HttpRequest, report_year: int) -> HttpResponseBase:
    """Notes the same decision on all that was ticked; the next run applies it. All of it is noted, or nothing."""
    _in_calendar(report_year)
    if request.method != "POST":
        raise Http404
    account, settings = account_of(request), installed()
    with published_now() as connection, archive_lock(settings.archive):
        asked = {} if connection is None else {each.id: each for each in asked_of(connection, settings, [report_year])}
        form = DecisionForm(request.POST, asked=asked)
        if connection is None or not form.is_valid():
            messages.error(request, told_errors(form))
            return _decisions_page(request, report_year)
        given = form.cleaned_data
        chosen = [asked[each] for each in given["id"]]
        done = note_decided(account, connection, chosen, given["verdict"] == "refused", given["reason"])
    for each in done.unused:
        messages.error(request, each.why)
    if done.noted:
        messages.success(request, f"{len(done.noted)} 件记下了，下一次运行起作用。")
    return redirect("decisions", report_year)


@for_act(Act.DECIDE)
def preview_held(request: HttpRequest, report_year: int, submission_id: str) -> HttpResponseBase:
    """Queues the rehearsal of a held file: what it would change if it were taken."""
    _in_calendar(report_year)
    if request.method != "POST":
        raise Http404
    with published_now() as connection:
        held = {} if connection is None else {each.id: each for each in held_files(connection)}
    if submission_id not in held:
        messages.error(request, "这份文件已经不再等着决定；请看现在的清单")
        return redirect("decisions", report_year)
    account, about = account_of(request), held[submission_id]
    task = ask_for("preview_held", report_year, account, submission_id=submission_id)
    log(account.username, "ask_preview_held", f"{report_year} {about.respondent_name} {about.value}")
    return redirect("task", task.pk)


@for_act(Act.RUN)
def start_task(request: HttpRequest, report_year: int, command: str) -> HttpResponseBase:
    """Queues a run or the drafts; a release goes through the gate."""
    _in_calendar(report_year)
    if request.method != "POST" or command not in COMMANDS or command in OF_OTHER_PAGES:
        raise Http404
    account = account_of(request)
    task = ask_for(command, report_year, account)
    log(account.username, f"ask_{command}", str(report_year))
    return redirect("task", task.pk)


@for_act(Act.SEE_QUEUE)
def task(request: HttpRequest, task_id: int) -> HttpResponseBase:
    """How a command stands, and what it has said so far."""
    found = get_object_or_404(Task, pk=task_id)
    is_open = found.state in (TaskState.WAITING, TaskState.RUNNING)
    how = ENDED.get(found.exit_code, "没有完成，见下面程序说的") if found.exit_code is not None else ""
    foretold = None if is_open else foretold_in(found)
    shown = {"task": found, "label": found.label, "is_open": is_open, "how": how, "foretold": foretold}
    shown |= {"in_calendar": found.report_year in city_now().calendar.years}
    return render(request, "desk/task.html", shown)


@for_act(Act.WRITE_LETTERS)
def letters(request: HttpRequest, report_year: int) -> HttpResponseBase:
    """The letters that wait, those of `nianbao mail-out`: of every year, with the marked workbooks as they are now.
    Writes them as a batch, and notes one as sent."""
    _in_calendar(report_year)
    settings, city, account = installed(), city_now(), account_of(request)
    made = waiting_letters(settings, city)
    batch = mail_out.same_as_waiting(settings, made.letters) if made.letters else None
    if request.method == "POST" and "write" in request.POST and made.letters and batch is None:
        with archive_lock(settings.archive):
            everything = for_all(settings, sorted(city.calendar.years))
            done = mail_out.write_batch(settings, made.letters, everything, made.unwritten)
        log(account.username, "write_letters", done.name, after=f"{len(done.letters)} 封")
        messages.success(request, f"写好了 {len(done.letters)} 封：{done.folder}")
        return redirect("letters", report_year)
    if request.method == "POST" and "sent" in request.POST:
        try:
            with archive_lock(settings.archive):
                name, noted = mail_out.note_batch(settings, request.POST["sent"], account.shown_name)
            log(account.username, "sent_letters", name, after=f"{len(noted)} 封")
            messages.success(request, f"{name}：{len(noted)} 封记为已发出。")
        except mail_out.BatchError as error:
            messages.error(request, str(error))
        return redirect("letters", report_year)
    shown = {
        "year": report_year,
        "count": len(made.letters),
        "page": Paginator(made.letters, LETTERS_ON_A_PAGE).get_page(request.GET.get("page")),
        "unmade": (*(f"{each}（信里没有附件）" for each in made.without_workbook), *made.unwritten.failed),
        "batch": batch,
        "other_batch": None if batch else mail_out.waiting_batch(settings),
        "has_mail": (settings.city_dir / MAIL_FILE).is_file(),
        "troubles": read_mails(settings, city).troubles,
    }
    return render(request, "desk/letters.html", shown)


@for_act(Act.SEE_GATE)
def gate(request: HttpRequest, report_year: int) -> HttpResponseBase:
    """What a release of the year would be: its checklist, its items, and the releases there are."""
    _in_calendar(report_year)
    settings, city = installed(), city_now()
    foreseen = None
    try:
        foreseen = foresee(settings, city, load_catalogue(city.pack), report_year)
    except (FileNotFoundError, CatalogueChangedError, DeclarationError, ToldError) as error:
        messages.error(request, str(error))
    shown = {
        "year": report_year,
        "foreseen": foreseen,
        "open": open_items(foreseen.listed) if foreseen else (),
        "settled": [each for each in foreseen.listed if each.settled] if foreseen else (),
        "releases": releases_of(settings, report_year),
        "can_approve": account_of(request).role == Role.APPROVER,
        "can_run": account_of(request).role == Role.BUREAU_CLERK,
    }
    return render(request, "desk/gate.html", shown)


@for_act(Act.APPROVE)
def confirm_item(request: HttpRequest, report_year: int) -> HttpResponseBase:
    """Confirms one item of the release's list, as it was seen on the page."""
    _in_calendar(report_year)
    form, account, city = ConfirmForm(request.POST), account_of(request), city_now()
    if request.method != "POST":
        raise Http404
    if not form.is_valid():
        messages.error(request, "没有确认：请写明这一项为什么可以发布")
        return redirect("gate", report_year)
    given = form.cleaned_data
    wish = Wish(given["item"], account.shown_name, given["reason"], given["seen"])
    try:
        with archive_lock(installed().archive):
            confirm(installed(), city, load_catalogue(city.pack), {report_year: [wish]})
    except (FileNotFoundError, CatalogueChangedError, CannotConfirmError, DeclarationError) as error:
        messages.error(request, str(error))
        return redirect("gate", report_year)
    log(account.username, "confirm", f"{report_year} {given['item']}", before=given["seen"], after=given["reason"])
    return redirect("gate", report_year)


@for_act(Act.APPROVE)
def release(request: HttpRequest, report_year: int) -> HttpResponseBase:
    """Asks for the release; the command itself refuses what is not settled."""
    _in_calendar(report_year)
    if request.method != "POST":
        raise Http404
    account = account_of(request)
    asked = ask_for("release", report_year, account)
    log(account.username, "ask_release", str(report_year))
    return redirect("task", asked.pk)


def _in_calendar(report_year: int) -> None:
    """Raises Http404 for a year that the city's calendar does not have."""
    if report_year not in city_now().calendar.years:
        raise Http404
