"""The addresses of the desk. Every page says for what act it is (`for_act`), or that it is public; a test holds it."""

from django.http import HttpRequest, HttpResponse
from django.urls import path

from orchestration.desk import (
    account_views,
    batch_views,
    bureau_views,
    calendar_views,
    file_views,
    log_views,
    office_views,
    preview_views,
    report_views,
    school_views,
)
from orchestration.desk.for_whom import public


@public
def alive(_: HttpRequest) -> HttpResponse:
    """For a proxy or a test: the server answers."""
    return HttpResponse("ok\n", content_type="text/plain")


_YEAR = "<int:report_year>"
_SCHOOL, _FILE = f"school/<slug:code>/{_YEAR}", "file/<uuid:upload_id>"
urlpatterns = [
    path("alive", alive, name="alive"),
    path("", account_views.start, name="start"),
    path("sign-in", account_views.sign_in, name="sign_in"),
    path("sign-in/office", office_views.go_to_office, name="go_to_office"),
    path("sign-in/office/back", office_views.back_from_office, name="back_from_office"),
    path("sign-out", account_views.sign_out, name="sign_out"),
    path("second-factor", account_views.second_factor, name="second_factor"),
    path("forgotten", account_views.forgotten, name="forgotten"),
    path("account", account_views.own_account, name="own_account"),
    path("account/sessions", account_views.end_other_sessions, name="end_other_sessions"),
    path("account/second-factor", account_views.set_up_factor, name="set_up_factor"),
    path("invitation/<slug:key>/<str:token>", account_views.set_password, name="set_password"),
    path("accounts", account_views.accounts, name="accounts"),
    path("accounts/<int:account_id>", account_views.change_account, name="change_account"),
    path("log", log_views.log_page, name="log"),
    path("log/file", log_views.log_file, name="log_file"),
    path(_SCHOOL, school_views.school, name="school"),
    path(f"{_SCHOOL}/figures", school_views.own_figures, name="own_figures"),
    path(f"{_SCHOOL}/report", report_views.own_report, name="own_report"),
    path(f"{_SCHOOL}/report/<int:position>", report_views.own_report_file, name="own_report_file"),
    path(f"{_SCHOOL}/template", school_views.template, name="template"),
    path(f"{_SCHOOL}/upload", school_views.upload, name="upload"),
    path(f"{_SCHOOL}/upload/part", school_views.upload_part, name="upload_part"),
    path(f"{_SCHOOL}/note", school_views.note, name="note"),
    path(_FILE, file_views.file, name="file"),
    path(f"{_FILE}/sheet/<int:position>", file_views.sheet, name="sheet"),
    path(f"{_FILE}/correct", file_views.correct, name="correct"),
    path(f"{_FILE}/explain", file_views.explain, name="explain"),
    path(f"{_FILE}/original", file_views.original, name="original"),
    path(f"{_FILE}/marked", file_views.marked_workbook, name="marked"),
    path(f"{_FILE}/preview", preview_views.preview, name="preview"),
    path(f"{_FILE}/certify", file_views.certify, name="certify"),
    path(f"{_FILE}/certificate", file_views.certificate, name="certificate"),
    path(f"{_FILE}/certificate/file", file_views.certificate_file, name="certificate_file"),
    path("years", calendar_views.years, name="years"),
    path(f"years/{_YEAR}/open", calendar_views.open_year, name="open_year"),
    path(f"years/{_YEAR}/form", calendar_views.opening_form, name="opening_form"),
    path(f"years/{_YEAR}/close", calendar_views.close_year, name="close_year"),
    path(f"year/{_YEAR}", bureau_views.year, name="year"),
    path(f"year/{_YEAR}/decisions", bureau_views.decisions, name="decisions"),
    path(f"year/{_YEAR}/decide", bureau_views.decide_ticked, name="decide"),
    path(f"year/{_YEAR}/held/<slug:submission_id>", bureau_views.preview_held, name="preview_held"),
    path(f"year/{_YEAR}/start/<slug:command>", bureau_views.start_task, name="start_task"),
    path(f"year/{_YEAR}/batch", batch_views.batch, name="batch"),
    path(f"year/{_YEAR}/letters", bureau_views.letters, name="letters"),
    path(f"year/{_YEAR}/gate", bureau_views.gate, name="gate"),
    path(f"year/{_YEAR}/confirm", bureau_views.confirm_item, name="confirm"),
    path(f"year/{_YEAR}/release", bureau_views.release, name="release"),
    path("task/<int:task_id>", bureau_views.task, name="task"),
]
handler404 = "orchestration.desk.error_pages.not_found"
handler500 = "orchestration.desk.error_pages.broken"
