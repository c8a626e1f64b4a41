"""The pages of one file in quarantine: what was found, its sheets, mending, explaining, certifying."""

from dataclasses import dataclass
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render

from orchestration.desk.certifying import certificate_pdf, certify_upload
from orchestration.desk.desk_log import log
from orchestration.desk.for_whom import PageSubject, account_of, for_act, upload_of
from orchestration.desk.installed import city_now
from orchestration.desk.judge_uploads import outcome_of
from orchestration.desk.judged_upload import JudgedUpload
from orchestration.desk.models import Account, Upload, UploadState
from orchestration.desk.roles import Act
from orchestration.desk.school_views import EXCEL, download
from orchestration.desk.sheet_page import sheet_pages
from orchestration.desk.upload_files import content_of, corrected_file, explained_file, keep, marked, seen_sheets
from sources.archive.certificates import ROLES
from sources.mend.corrected_workbook import Correction
from sources.submission.explanation import GivenExplanation
from sources.submission.file_names import workbook_file_name
from sources.system.faults import ToldError

PDF = "application/pdf"


@dataclass(frozen=True, slots=True)
class LogLine:
    """What the log says of a file that was changed."""

    act: str
    before: str
    after: str


class CorrectionForm(forms.Form):
    """What shall stand in a cell instead."""

    sheet = forms.CharField(max_length=31, widget=forms.HiddenInput)
    cell = forms.RegexField(r"^[A-Z]{1,3}[1-9][0-9]{0,6}$", widget=forms.HiddenInput)
    text = forms.CharField(max_length=2000, required=False, strip=True)


class ExplanationForm(forms.Form):
    """Why a value that looks odd is right."""

    finding = forms.CharField(max_length=16, widget=forms.HiddenInput)
    reason = forms.CharField(label="原因", min_length=4, max_length=500, widget=forms.Textarea(attrs={"rows": 2}))
    author = forms.CharField(label="说明人", max_length=40)


class CertificateForm(forms.Form):
    """Who answers for the file."""

    filled_by = forms.CharField(label="填报人", max_length=40)
    reviewed_by = forms.CharField(label="审核人", max_length=40)
    head = forms.CharField(label="校长（单位负责人）", max_length=40)
    is_right = forms.BooleanField(
        label="以上三人都看过这份文件，数据真实、完整，同意报送",
        error_messages={"required": "请三人看过以后勾选，再报送"},
    )
    is_left_open = forms.BooleanField(label="还有警告没有说明：以后再说明，现在就报送", required=False)

    def __init__(self, *args: object, open_warnings: int = 0, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        if not open_warnings:
            del self.fields["is_left_open"]
        self.open_warnings = open_warnings

    def clean(self) -> dict[str, object]:
        cleaned = super().clean() or {}
        if self.open_warnings and not cleaned.get("is_left_open"):
            self.add_error("is_left_open", f"还有 {self.open_warnings} 个警告没有说明：请回去说明，或者勾选这一项")
        return cleaned


@for_act(Act.SEE_RESPONDENT)
def file(request: HttpRequest, upload_id: UUID) -> HttpResponseBase:
    """What was found in a file, by cause; while it waits, how many are before it."""
    upload, subject = upload_of(request, upload_id)
    if upload.state in (UploadState.WAITING, UploadState.JUDGING):
        before = Upload.objects.filter(state=UploadState.WAITING, uploaded_at__lt=upload.uploaded_at).count()
        name = "desk/part_waiting.html" if request.headers.get("HX-Request") else "desk/file_waiting.html"
        return render(request, name, {"upload": upload, "subject": subject, "before": before})
    if request.headers.get("HX-Request"):
        response = render(request, "desk/part_waiting.html", {"upload": upload, "done": True})
        response["HX-Refresh"] = "true"
        return response
    judged = outcome_of(upload)
    shown = {
        "upload": upload,
        "subject": subject,
        "judged": judged,
        "can_change": subject.sends and upload.state == UploadState.JUDGED,
        "newer": upload.corrections.first(),
        "author": request.session.get("author") or account_of(request).shown_name,
    }
    return render(request, "desk/file.html", shown)


@for_act(Act.SEE_RESPONDENT)
def sheet(request: HttpRequest, upload_id: UUID, position: int) -> HttpResponseBase:
    """A sheet as it is in the workbook, with the cells in question coloured."""
    upload, subject = upload_of(request, upload_id)
    judged = _judged(upload)
    try:
        pages = sheet_pages(seen_sheets(upload, city_now()), judged)
    except ToldError as error:
        messages.error(request, str(error))
        return redirect("file", upload.pk)
    if not 0 <= position < len(pages):
        raise Http404
    can_change = subject.sends and upload.state == UploadState.JUDGED
    shown = {"upload": upload, "subject": subject, "pages": pages, "page": pages[position], "can_change": can_change}
    return render(request, "desk/sheet.html", shown)


@for_act(Act.SEND)
def correct(request: HttpRequest, upload_id: UUID) -> HttpResponseBase:
    """Writes another value into a cell: a new file, judged anew; the one before stays."""
    upload, subject = _to_change(request, upload_id)
    form, account = CorrectionForm(request.POST), account_of(request)
    if not form.is_valid():
        messages.error(request, "没有改：请从检查结果里点要改的单元格")
        return redirect("file", upload.pk)
    given = form.cleaned_data
    correction = Correction(given["sheet"], given["cell"], given["text"])
    judged = _judged(upload)
    place = (correction.sheet, correction.cell)
    stood = next(
        (
            each.value
            for one in judged.findings
            for each in one.each
            if (each.address.sheet, each.address.cell) == place
        ),
        "",
    )
    after = f"{correction.sheet} {correction.cell} {correction.text}"
    try:
        data = corrected_file(upload, city_now(), correction)
        return _kept_anew(account, subject, upload, data, LogLine("correct", stood or "", after))
    except ToldError as error:
        messages.error(request, str(error))
        return redirect("file", upload.pk)


@for_act(Act.SEND)
def explain(request: HttpRequest, upload_id: UUID) -> HttpResponseBase:
    """Writes an explanation into the workbook's 校验结果, as a clerk would in the marked workbook."""
    upload, subject = _to_change(request, upload_id)
    judged, form, account = _judged(upload), ExplanationForm(request.POST), account_of(request)
    finding = judged.find(form.cleaned_data["finding"]) if form.is_valid() else None
    if finding is None:
        messages.error(request, "没有记下：请写明原因（至少四个字）和说明人")
        return redirect("file", upload.pk)
    given = form.cleaned_data
    answer = GivenExplanation(finding.question, given["reason"], given["author"])
    request.session["author"] = given["author"]
    try:
        data = explained_file(upload, city_now(), judged, answer)
        return _kept_anew(account, subject, upload, data, LogLine("explain", finding.message, answer.reason))
    except ToldError as error:
        messages.error(request, str(error))
        return redirect("file", upload.pk)


def _kept_anew(account: Account, subject: PageSubject, upload: Upload, data: bytes, line: LogLine) -> HttpResponseBase:
    kept = keep(account, subject, upload.file_name, [data], corrected_from=upload)
    about = f"{subject.respondent.name} {subject.report_year} {upload.file_name}"
    log(account.username, line.act, about, line.before, line.after)
    return redirect("file", kept.pk)


@for_act(Act.SEE_RESPONDENT)
def original(request: HttpRequest, upload_id: UUID) -> HttpResponseBase:
    """The file as it stands: what would be sent, byte by byte."""
    upload, subject = upload_of(request, upload_id)
    name = workbook_file_name(subject.respondent, subject.report_year, subject.city.stated_code(subject.respondent))
    return download(content_of(upload), name, EXCEL)


@for_act(Act.SEE_RESPONDENT)
def marked_workbook(request: HttpRequest, upload_id: UUID) -> HttpResponseBase:
    """The file with its findings marked, to be mended in WPS and sent again."""
    upload, subject = upload_of(request, upload_id)
    try:
        data = marked(upload, _judged(upload))
    except ToldError as error:
        messages.error(request, str(error))
        return redirect("file", upload.pk)
    return download(data, f"{subject.report_year}_{subject.respondent.name}_校验结果.xlsx", EXCEL)


@for_act(Act.CERTIFY)
def certify(request: HttpRequest, upload_id: UUID) -> HttpResponseBase:
    """Sends the file, with the names of those who answer for it, and leads to the certificate."""
    upload, subject = upload_of(request, upload_id, to_send=True)
    if upload.certificate_number:
        return redirect("certificate", upload.pk)
    if not upload.can_be_certified:
        messages.error(request, "这份文件还不能报送：请先看检查结果")
        return redirect("file", upload.pk)
    form = CertificateForm(request.POST or None, open_warnings=upload.open_warnings)
    if request.method == "POST" and form.is_valid():
        given, account = form.cleaned_data, account_of(request)
        try:
            number = certify_upload(account, upload, subject, {role: given[role] for role in ROLES})
        except ToldError as error:
            messages.error(request, str(error))
            return redirect("file", upload.pk)
        about = f"{subject.respondent.name} {subject.report_year}"
        log(account.username, "certify", about, after=f"{number} {upload.sha256}")
        return redirect("certificate", upload.pk)
    return render(request, "desk/certify.html", {"upload": upload, "subject": subject, "form": form})


@for_act(Act.SEE_RESPONDENT)
def certificate(request: HttpRequest, upload_id: UUID) -> HttpResponseBase:
    upload, subject = upload_of(request, upload_id)
    if not upload.certificate_number:
        raise Http404
    return render(request, "desk/certificate.html", {"upload": upload, "subject": subject})


@for_act(Act.SEE_RESPONDENT)
def certificate_file(request: HttpRequest, upload_id: UUID) -> HttpResponseBase:
    """The certificate as PDF."""

    upload, _ = upload_of(request, upload_id)
    if not upload.certificate_number:
        raise Http404
    return download(certificate_pdf(upload), f"回执_{upload.certificate_number}.pdf", PDF)


def _to_change(request: HttpRequest, upload_id: UUID) -> tuple[Upload, PageSubject]:
    """A file that may still be changed by who asks. Raises Http404."""
    upload, subject = upload_of(request, upload_id, to_send=True)
    if request.method != "POST" or upload.state != UploadState.JUDGED:
        raise Http404
    return upload, subject


def _judged(upload: Upload) -> JudgedUpload:
    """What was found in the file. Raises Http404 while nobody has looked."""
    if not upload.outcome:
        raise Http404
    return outcome_of(upload)
