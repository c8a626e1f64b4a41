"""The pages of a school (or of a bureau that fills in its own workbook): what is due, the files, notes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from urllib.parse import unquote
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import content_disposition_header

from orchestration.desk.desk_log import log
from orchestration.desk.for_whom import PageSubject, account_of, for_act, subject_of, told_errors
from orchestration.desk.installed import city_now, installed, published_now, register_entry
from orchestration.desk.models import Note, Upload
from orchestration.desk.next_step import standing
from orchestration.desk.roles import Act
from orchestration.desk.upload_files import ClosedYearError, TooManyError, closing_for, keep, refuse_closed
from orchestration.desk.upload_parts import UploadPart, put_part, take_whole
from sources.declarations.year_states import STATE_LABELS
from sources.submission.file_names import workbook_file_name
from sources.system.faults import ToldError
from warehouse.catalogue.catalogue import CatalogueChangedError, load_catalogue
from warehouse.figures.beside_peers import SchoolFigure, load_school_beside_peers
from warehouse.figures.school_figures import NothingOfSchoolError
from warehouse.intake.blank_workbooks import blank_workbooks
from warehouse.intake.released import latest_versions

EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
SHOWN_UPLOADS = 12


class TooLargeError(ToldError):
    """A file of more bytes than are read."""


@dataclass(frozen=True, slots=True)
class Due:
    """What is asked of a respondent in a year, as of today."""

    opens: date
    due: date
    freezes: date
    days_left: int
    is_overdue: bool
    is_frozen: bool


class UploadForm(forms.Form):
    """The workbook that somebody drops."""

    workbook = forms.FileField(
        label="填好的工作簿（.xlsx）",
        widget=forms.ClearableFileInput(attrs={"accept": ".xlsx,.xlsm,.xls,.et"}),
        error_messages={"required": "请先选文件，再上传", "empty": "这个文件是空的，里面什么也没有；请检查后再传"},
    )


class NoteForm(forms.Form):
    """A message to the other side."""

    text = forms.CharField(label="留言", max_length=2000, widget=forms.Textarea(attrs={"rows": 3}))


@for_act(Act.SEE_RESPONDENT)
def school(request: HttpRequest, code: str, report_year: int) -> HttpResponseBase:
    """Everything about a respondent's year."""
    subject = subject_of(request, code, report_year)
    entry = register_entry(code, report_year)
    uploads = Upload.objects.filter(respondent_code=code, report_year=report_year).defer("outcome")
    sent, due = uploads.exclude(certificate_number="").first(), due_of(subject)
    now = standing(entry, sent, due.is_overdue)
    shown = {
        "subject": subject,
        "due": due,
        "closing": closing_for(subject),
        "entry": entry,
        "now": now,
        "state": STATE_LABELS[now.state],
        "uploads": uploads[:SHOWN_UPLOADS],
        "released": latest_versions(installed()).get(report_year) if subject.respondent.kind == "school" else None,
        "sent": sent,
        "notes": Note.objects.filter(respondent_code=code, report_year=report_year).select_related("account"),
        "upload_form": UploadForm(),
        "most_bytes": installed().limits.file_bytes,
        "note_form": NoteForm(),
        "years": sorted(city_now().calendar.years, reverse=True),
    }
    return render(request, "desk/school.html", shown)


@for_act(Act.SEE_RESPONDENT)
def own_figures(request: HttpRequest, code: str, report_year: int) -> HttpResponseBase:
    """What the numbers of a school have become as of the last run: beside last year's, the standard and its peers."""
    subject, city = subject_of(request, code, report_year), city_now()
    figures: Sequence[SchoolFigure] = ()
    why = "还没有运行过，没有可以看的数字。"
    if subject.respondent.kind != "school":
        raise Http404
    with published_now() as connection:
        if connection is not None:
            try:
                figures = load_school_beside_peers(connection, load_catalogue(city.pack), report_year, code)
            except (LookupError, NothingOfSchoolError):
                why = "这个年度还没有采用本单位的报送，没有可以看的数字。"
            except CatalogueChangedError as error:
                why = str(error)
    return render(request, "desk/own_figures.html", {"subject": subject, "figures": figures, "why": why})


def due_of(subject: PageSubject) -> Due:
    year, today = subject.city.calendar.years[subject.report_year], installed().today
    left = (year.due - today).days
    return Due(year.opens, year.due, year.freezes, left, year.is_overdue(today), year.is_frozen(today))


@for_act(Act.SEE_RESPONDENT)
def template(request: HttpRequest, code: str, report_year: int) -> HttpResponseBase:
    """The respondent's blank workbook with last year's values, as `nianbao template` writes it."""
    subject = subject_of(request, code, report_year)
    ((_, make),) = blank_workbooks(installed(), city_now(), report_year, [subject.respondent])
    name = workbook_file_name(subject.respondent, report_year, subject.city.stated_code(subject.respondent))
    log(account_of(request).username, "template", f"{subject.respondent.name} {report_year}")
    return download(make(), name, EXCEL)


@for_act(Act.SEND)
def upload(request: HttpRequest, code: str, report_year: int) -> HttpResponseBase:
    """Takes a file into quarantine; nothing is sent by that."""
    subject = subject_of(request, code, report_year)
    if not subject.sends or request.method != "POST":
        raise Http404
    form = UploadForm(request.POST, request.FILES)
    if not form.is_valid():
        messages.error(request, told_errors(form))
        return redirect("school", code, report_year)
    file = form.cleaned_data["workbook"]
    return redirect(_put(request, subject, file.name, file.chunks()))


@for_act(Act.SEND)
def upload_part(request: HttpRequest, code: str, report_year: int) -> HttpResponseBase:
    """Takes a part of a file, and says how much of it is here; with the last one, where the file is looked at.

    204 and Upload-Offset: go on from there. 201 and Location: it is whole.
    """
    subject, account = subject_of(request, code, report_year), account_of(request)
    part = _part_of(request) if request.method == "POST" and subject.sends else None
    if part is None:
        raise Http404
    refuse_closed(subject)
    if part.whole > installed().limits.file_bytes:
        raise TooLargeError(f"文件超过 {installed().limits.file_bytes // 1_000_000} MB，不能收。请去掉里面的图片再传")
    arrived = put_part(account, part)
    if arrived < part.whole:
        return HttpResponse(status=204, headers={"Upload-Offset": str(arrived)})
    name = unquote(request.headers.get("Upload-Name", ""))
    leads_to = _put(request, subject, name, [take_whole(account, part.transfer)])
    return HttpResponse(status=201, headers={"Upload-Offset": str(arrived), "Location": leads_to})


def _part_of(request: HttpRequest) -> UploadPart | None:
    """The part that a request brings; None where it does not say which."""
    said = [request.headers.get(f"Upload-{name}", "") for name in ("Id", "Offset", "Length")]
    try:
        part = UploadPart(UUID(said[0]), int(said[1]), int(said[2]), request.body)
    except ValueError:  # what it says is no transfer: the answer is that of an address that is not there
        return None
    return part if 0 <= part.offset <= part.whole and part.whole > 0 else None


def _put(request: HttpRequest, subject: PageSubject, name: str, chunks: Iterable[bytes]) -> str:
    """Puts a file into quarantine; the address where one goes on: the file's page, or the school's with why not."""
    account, about = account_of(request), f"{subject.respondent.name} {subject.report_year}"
    try:
        kept = keep(account, subject, name, chunks)
    except (ClosedYearError, TooManyError) as error:
        messages.error(request, str(error))
        return reverse("school", args=(subject.respondent.code, subject.report_year))
    log(account.username, "upload", about, after=f"{kept.file_name} {kept.sha256}")
    return reverse("file", args=(kept.pk,))


@for_act(Act.WRITE_NOTE)
def note(request: HttpRequest, code: str, report_year: int) -> HttpResponseBase:
    """A message between the respondent and the bureau."""
    subject, form = subject_of(request, code, report_year), NoteForm(request.POST)
    if request.method != "POST":
        raise Http404
    if form.is_valid():
        account = account_of(request)
        Note.objects.create(
            respondent_code=code, report_year=report_year, account=account, text=form.cleaned_data["text"]
        )
        log(account.username, "note", f"{subject.respondent.name} {report_year}", after=form.cleaned_data["text"])
    return redirect("school", code, report_year)


def download(data: bytes, name: str, kind: str) -> HttpResponse:
    """A file for the browser to save, and never to show."""
    response = HttpResponse(data, content_type=kind)
    response["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    return response
