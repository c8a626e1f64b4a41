"""The page of what a file would change, before somebody certifies it."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render

from orchestration.desk.desk_log import log
from orchestration.desk.for_whom import account_of, for_act, upload_of
from orchestration.desk.models import TaskState
from orchestration.desk.preview_uploads import (
    OPEN,
    AnotherIsRehearsedError,
    ask_for_preview,
    outcome_of_preview,
    preview_of,
    warehouse_state,
)
from orchestration.desk.roles import Act


@for_act(Act.SEND)
def preview(request: HttpRequest, upload_id: UUID) -> HttpResponseBase:
    """Asks for the rehearsal of a file that can be certified; while it goes on, says so; then what was found."""
    upload, subject = upload_of(request, upload_id, to_send=True)
    if request.method == "POST":
        if not upload.can_be_certified:
            messages.error(request, "先改正错误，才能算报送以后的数字")
            return redirect("file", upload.pk)
        try:
            ask_for_preview(upload)
        except AnotherIsRehearsedError as error:
            messages.error(request, str(error))
        else:
            about = f"{subject.respondent.name} {subject.report_year} {upload.file_name}"
            log(account_of(request).username, "preview", about)
        return redirect("preview", upload.pk)
    asked = preview_of(upload)
    is_open = asked is not None and asked.state in OPEN
    if request.headers.get("HX-Request"):
        response = render(request, "desk/part_preview_waiting.html", {"upload": upload, "asked": asked})
        if not is_open:
            response["HX-Refresh"] = "true"
        return response
    found = outcome_of_preview(asked) if asked else None
    shown = {
        "upload": upload,
        "subject": subject,
        "asked": asked,
        "is_open": is_open,
        "found": found,
        "moved": [each for each in found.main if each.moves] if found else (),
        "said": asked.said if asked and asked.state == TaskState.FAILED else "",
        "is_old": bool(asked and found and asked.warehouse != warehouse_state()),
    }
    return render(request, "desk/preview.html", shown)
