"""A school's own report of a released year: where its people, and those whom it concerns, fetch it."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone

from orchestration.desk.desk_log import log
from orchestration.desk.for_whom import PageSubject, account_of, for_act, subject_of
from orchestration.desk.installed import city_now, installed
from orchestration.desk.roles import Act
from orchestration.desk.school_views import download
from warehouse.catalogue.labels import DOWNLOADS
from warehouse.intake.released import MANIFEST, latest_versions, releases_folder
from warehouse.release.documents.write_documents import FOR_AUTHORS
from warehouse.release.school_reports import written_reports

KINDS = {
    ".pdf": "application/pdf",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}


@dataclass(frozen=True, slots=True)
class OwnReportFile:
    """A file of the report, what it is called in a list, and when it was made."""

    path: Path
    label: str
    made_at: datetime


@for_act(Act.SEE_RESPONDENT)
def own_report(request: HttpRequest, code: str, report_year: int) -> HttpResponseBase:
    """What there is of a school's own report."""
    subject = subject_of(request, code, report_year)
    version, files = _files(subject)
    return render(request, "desk/own_report.html", {"subject": subject, "version": version, "files": files})


@for_act(Act.SEE_RESPONDENT)
def own_report_file(request: HttpRequest, code: str, report_year: int, position: int) -> HttpResponseBase:
    """A file of a school's own report."""
    subject = subject_of(request, code, report_year)
    _, files = _files(subject)
    if position >= len(files):
        raise Http404
    path = files[position].path
    log(account_of(request).username, "own_report", f"{subject.respondent.name} {report_year}", after=path.name)
    return download(path.read_bytes(), path.name, KINDS[path.suffix])


def _files(subject: PageSubject) -> tuple[str, list[OwnReportFile]]:
    """The year's last release, and the files of the school's report that were made since. Raises Http404 for who is no
    school, and as long as the year is not released."""
    settings, year = installed(), subject.report_year
    version = latest_versions(settings).get(year)
    if version is None or subject.respondent.kind != "school":
        raise Http404
    released_at = (releases_folder(settings) / version / MANIFEST).stat().st_mtime
    return version, [
        OwnReportFile(path, _label(path), datetime.fromtimestamp(path.stat().st_mtime, timezone.get_current_timezone()))
        for path in written_reports(settings, city_now(), year, subject.respondent.code)
        if path.stat().st_mtime >= released_at
    ]


def _label(path: Path) -> str:
    return "Word 文档，带编写提示，供学校接着写" if path.name.endswith(FOR_AUTHORS) else DOWNLOADS[path.suffix]
