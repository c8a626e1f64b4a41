"""The years at the desk: how each stands, closing one for schools, opening the next as the command does."""

import io
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import openpyxl
import pytest

from sources.archive.closings import archived_closings
from sources.declarations.city import City, load_city
from sources.declarations.deadlines import ReportYear
from sources.system.settings import Settings
from sources.write.open_year import form_of
from tests.conftest import BUREAU, NURSING_SCHOOL, cell_of
from tests.desk.test_files import CERTIFYING, SignedIn, put

YEAR, NEXT = 2023, 2024
WHY = "数据已经汇总"
CLOSING = {"reason": WHY, "is_sure": "on"}


@pytest.fixture
def open_again(desk: Settings) -> Iterator[None]:
    yield
    (desk.archive / "closings.jsonl").unlink(missing_ok=True)


def test_a_closed_year_takes_nothing_of_a_school_until_it_is_opened_again(
    sample: bytes, desk: Settings, open_again: None, signed_in: SignedIn
) -> None:
    from django.core.files.uploadedfile import SimpleUploadedFile

    from orchestration.desk.models import LogEntry, Upload

    clerk, bureau, at = signed_in("school_clerk"), signed_in("bureau_clerk"), f"/school/{NURSING_SCHOOL}/{YEAR}"
    before = put(clerk, sample)
    assert "请先勾选" in bureau.post(f"/years/{YEAR}/close", {"reason": WHY}, follow=True).content.decode()
    assert archived_closings(desk.archive) == []
    assert "已对学校关闭" in bureau.post(f"/years/{YEAR}/close", CLOSING, follow=True).content.decode()
    refused = clerk.post(
        f"{at}/upload", {"workbook": SimpleUploadedFile("甲.xlsx", sample)}, follow=True
    ).content.decode()
    for page in (refused, clerk.get(at).content.decode()):
        assert WHY in page
        assert f"请联系教育局经办人{bureau.account.shown_name}" in page
    assert (
        "已经关闭"
        in clerk.post(f"/file/{before.pk}/certify", CERTIFYING | {"is_left_open": "on"}, follow=True).content.decode()
    )
    cell = cell_of(openpyxl.load_workbook(io.BytesIO(sample)), "教职工情况", "专任教师数").coordinate
    clerk.post(f"/file/{before.pk}/correct", {"sheet": "教职工情况", "cell": cell, "text": "144"})
    assert Upload.objects.count() == 1
    own = bureau.post(f"/school/{BUREAU}/{YEAR}/upload", {"workbook": SimpleUploadedFile("甲.xlsx", sample)})
    assert own.headers["Location"].startswith("/file/"), "the bureau's own workbook is still taken"
    assert "不用再改" in bureau.post(f"/years/{YEAR}/close", CLOSING, follow=True).content.decode()
    bureau.post(f"/years/{YEAR}/close", CLOSING | {"reopen": "1"})
    noted = archived_closings(desk.archive)
    assert [(each.is_closed, each.by) for each in noted] == [
        (is_closed, bureau.account.shown_name) for is_closed in (True, False)
    ]
    entries = LogEntry.objects.filter(act__in=("close_year", "reopen_year")).order_by("id")
    assert [(each.before, each.after) for each in entries][-2:] == [
        ("开放", WHY),
        (f"已关闭：{WHY}（{bureau.account.shown_name}）", WHY),
    ]
    assert put(clerk, sample).errors == 0


@pytest.fixture
def own_pack(desk: Settings, tmp_path: Path) -> Iterator[Settings]:
    """The desk with the city's files in a folder that may be written to."""
    from orchestration.desk import calendar_views

    folder = tmp_path / desk.city_dir.name
    shutil.copytree(desk.city_dir, folder, ignore=shutil.ignore_patterns("samples"))
    settings = replace(desk, city_dir=folder)
    with (
        patch.object(calendar_views, "installed", lambda: settings),
        patch.object(calendar_views, "city_now", lambda: load_city(folder)),
        patch.dict("os.environ", {"NIANBAO_HOME": str(desk.home), "NIANBAO_CITY": str(folder)}),
    ):
        yield settings
    shutil.rmtree(desk.home / "new_year", ignore_errors=True)
    shutil.rmtree(desk.templates / str(NEXT), ignore_errors=True)


def test_the_next_year_is_opened_with_the_dates_given(own_pack: Settings, city: City, signed_in: SignedIn) -> None:
    from orchestration.desk.models import Task
    from orchestration.desk.tasks import carry_out

    bureau, before = signed_in("bureau_clerk"), (own_pack.city_dir / "calendar.yml").read_text("utf-8")
    page = bureau.get("/years").content.decode()
    assert f"开 {NEXT} 年度" in page
    assert "2024-11-30" in page
    assert "周六" in page
    wish = {
        "as_of": "2024-09-01",
        "school_year_from": "2023-09-01",
        "school_year_to": "2024-08-31",
        "opens": "2024-10-09",
        "due": "2024-11-29",
        "freezes": "2025-01-31",
    }
    wrong = bureau.post(f"/years/{NEXT}/open", wish | {"due": "2024-10-01", "is_sure": "on"})
    assert "截止（2024-10-01）早于开始收报送（2024-10-09）" in wrong.content.decode()
    assert "请先勾选" in bureau.post(f"/years/{NEXT}/open", wish).content.decode()
    assert not form_of(own_pack.home, NEXT).exists()
    assert bureau.post(f"/years/{NEXT + 1}/open", wish | {"is_sure": "on"}).status_code == 404
    task = bureau.post(f"/years/{NEXT}/open", wish | {"is_sure": "on"}).headers["Location"]
    assert (own_pack.city_dir / "calendar.yml").read_text("utf-8") == before
    carry_out(Task.objects.get(pk=task.rpartition("/")[2]))
    done = Task.objects.get()
    assert done.exit_code == 0, done.said
    load_city.cache_clear()
    opened = load_city(own_pack.city_dir).calendar.years[NEXT]
    assert opened == ReportYear.model_validate(wish | {"templates_carry_tokens": True})
    page = bureau.get("/years").content.decode()
    assert "2024年11月29日" in page
    assert "还没有核对谁更名" in page
    assert "日期照上年推算" not in page.split(f"开 {NEXT + 1} 年度")[0], "the clerk has gone through the dates"
    assert bureau.get(f"/years/{NEXT}/form").status_code == 200
    assert len(list((own_pack.templates / str(NEXT)).rglob("*.xlsx"))) == len(city.respondents_in(NEXT))


def test_where_the_pack_is_read_only_the_page_says_so(own_pack: Settings, signed_in: SignedIn) -> None:
    from orchestration.desk import calendar_views

    with patch.object(calendar_views.os, "access", lambda *_: False):
        bureau = signed_in("bureau_clerk")
        assert "只读" in bureau.get("/years").content.decode()
        bureau.post(f"/years/{NEXT}/open", {"is_sure": "on"})
    assert not form_of(own_pack.home, NEXT).exists()
