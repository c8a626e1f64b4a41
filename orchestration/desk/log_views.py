"""The log as a page, and as a file with its digests, which somebody can keep elsewhere."""

from pathlib import Path
from tempfile import TemporaryDirectory

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render

from orchestration.desk.desk_log import first_broken, log
from orchestration.desk.for_whom import account_of, for_act
from orchestration.desk.models import LogEntry
from orchestration.desk.roles import Act
from sources.system.csv_file import write_csv

ON_A_PAGE = 100
LOG_HEADINGS = {
    "at": "时间",
    "account_name": "账号",
    "act": "动作",
    "about": "对象",
    "before": "之前",
    "after": "之后",
    "digest": "校验",
}


@for_act(Act.SEE_LOG)
def log_page(request: HttpRequest) -> HttpResponseBase:
    """A page of the log, checked by itself; with ?check=all the whole is checked, which takes longer each year."""
    pages = Paginator(LogEntry.objects.order_by("-id"), ON_A_PAGE)
    shown, is_all = pages.get_page(request.GET.get("page")), request.GET.get("check") == "all"
    broken = first_broken(None if is_all else list(reversed(shown.object_list)))
    about = {"page": shown, "broken": broken, "is_all": is_all, "headings": LOG_HEADINGS}
    return render(request, "desk/log.html", about)


@for_act(Act.SEE_LOG)
def log_file(request: HttpRequest) -> HttpResponseBase:
    """All of the log as CSV."""
    log(account_of(request).username, "export_log", "导出日志")
    rows = [
        [each.act_label if name == "act" else getattr(each, name) for name in LOG_HEADINGS]
        for each in LogEntry.objects.order_by("id").iterator()
    ]
    with TemporaryDirectory() as folder:
        path = write_csv([tuple(LOG_HEADINGS.values()), *rows], Path(folder) / "log.csv")
        response = HttpResponse(path.read_bytes(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="nianbao-desk-log.csv"'
    return response
