"""What becomes of a file at the desk: judged as `nianbao check` judges it, mended, explained, certified, received."""

import io
from collections.abc import Callable
from functools import partial
from types import SimpleNamespace
from uuid import uuid4

import openpyxl
import pytest

from sources.archive.archive import archived_path, receipts_of
from sources.archive.certificates import certificate_of
from sources.check import check_apart
from sources.declarations.city import City
from sources.submission.file_names import workbook_file_name
from sources.system.settings import Settings
from tests.conftest import NURSING_SCHOOL, cell_of, deep
from tests.hostile.kinds import ACCEPTED, KINDS, Kind

YEAR = 2023
AT = f"/school/{NURSING_SCHOOL}/{YEAR}"
CERTIFYING = {"filled_by": "张三", "reviewed_by": "李四", "head": "王五", "is_right": "on"}
SignedIn = Callable[..., SimpleNamespace]


def changed(data: bytes, sheet: str, label: str, value: object) -> bytes:
    """The workbook as a clerk saves it with another value in this year's cell of an item."""
    book = openpyxl.load_workbook(io.BytesIO(data))
    cell_of(book, sheet, label).value = value
    saved = io.BytesIO()
    book.save(saved)
    return saved.getvalue()


def put(browser: SimpleNamespace, data: bytes, name: str = "报送.xlsx", at: str = AT):
    """Uploads a file and lets the judge look at it; the upload as the desk has it then."""
    from django.core.files.uploadedfile import SimpleUploadedFile

    answer = browser.post(f"{at}/upload", {"workbook": SimpleUploadedFile(name, data)})
    assert answer.status_code == 302, answer.content.decode()
    return judged_at(answer.headers["Location"])


def judged_at(address: str):
    from orchestration.desk.judge_uploads import judge_next
    from orchestration.desk.models import Upload

    while judge_next():
        pass
    return Upload.objects.get(pk=address.split("/")[2])


def follow(answer):
    assert answer.status_code == 302, answer.content.decode()
    return judged_at(answer.headers["Location"])


def page(browser: SimpleNamespace, upload, part: str = "") -> str:
    return browser.get(f"/file/{upload.pk}{part}").content.decode()


def test_a_file_is_judged_as_the_command_judges_it(
    sample: bytes, city: City, desk: Settings, signed_in: SignedIn
) -> None:
    from orchestration.desk.judge_uploads import last_years_file
    from orchestration.desk.judged_upload import from_text

    bad = changed(sample, "教职工情况", "专任教师数", "约三千")
    clerk = signed_in("school_clerk")
    upload = put(clerk, bad)
    before = last_years_file(NURSING_SCHOOL, YEAR)
    assert before is not None
    assert from_text(upload.outcome).findings == check_apart(bad, "报送.xlsx", city, desk.limits, before).findings
    shown = page(clerk, upload)
    assert "有 1 个错误，改正以后才能报送" in shown
    assert "约三千" in shown
    assert "确认报送" not in shown


def test_a_cell_is_mended_on_the_page_and_download_is_what_counts(sample: bytes, signed_in: SignedIn) -> None:
    clerk = signed_in("school_clerk")
    upload = put(clerk, changed(sample, "教职工情况", "专任教师数", "约三千"))
    where = cell_of(openpyxl.load_workbook(io.BytesIO(sample)), "教职工情况", "专任教师数").coordinate
    mended = follow(clerk.post(f"/file/{upload.pk}/correct", {"sheet": "教职工情况", "cell": where, "text": "416"}))
    assert (mended.errors, mended.corrected_from_id) == (0, upload.pk)
    assert "这份文件后来改过" in page(clerk, upload)
    data = b"".join(clerk.get(f"/file/{mended.pk}/original"))
    assert openpyxl.load_workbook(io.BytesIO(data))["教职工情况"][where].value == 416
    assert data == mended.path.read_bytes()


@pytest.mark.parametrize(
    ("sheet", "cell", "text"),
    [
        ("教职工情况", "A1", "1"),
        ("没有这张表", "E8", "1"),
        ("教职工情况", "../../x", "1"),
        ("教职工情况", "E8", "x" * 3000),
    ],
)
def test_what_is_no_value_cell_stays_as_it_is(
    sheet: str, cell: str, text: str, sample: bytes, signed_in: SignedIn
) -> None:
    from orchestration.desk.models import Upload

    clerk = signed_in("school_clerk")
    upload = put(clerk, sample)
    answer = clerk.post(f"/file/{upload.pk}/correct", {"sheet": sheet, "cell": cell, "text": text}, follow=True)
    assert 'class="messages"' in answer.content.decode()
    assert Upload.objects.count() == 1


def test_a_warning_is_explained_on_the_page(sample: bytes, signed_in: SignedIn) -> None:
    from orchestration.desk.judged_upload import from_text

    clerk = signed_in("school_clerk")
    upload = put(clerk, sample)
    (asked,) = [each for each in from_text(upload.outcome).findings if each.is_unexplained]
    said = {"finding": asked.finding_id, "reason": "个别单位没有提供所属产业，已核实。", "author": "就业办"}
    explained = follow(clerk.post(f"/file/{upload.pk}/explain", said))
    assert (upload.open_warnings, explained.open_warnings) == (1, 0)
    assert "已说明：个别单位没有提供所属产业，已核实。（就业办）" in page(clerk, explained)


def test_certifying_sends_the_file_as_if_it_were_put_into_the_folder(
    sample: bytes, city: City, desk: Settings, signed_in: SignedIn
) -> None:
    from orchestration.desk.models import LogEntry

    clerk = signed_in("school_clerk")
    sent = changed(sample, "学校概况", "备注", "第一次报送")
    upload = put(clerk, sent)
    assert "还有 1 个警告没有说明" in clerk.post(f"/file/{upload.pk}/certify", CERTIFYING).content.decode()
    answer = clerk.post(f"/file/{upload.pk}/certify", CERTIFYING | {"is_left_open": "on"})
    assert answer.headers["Location"] == f"/file/{upload.pk}/certificate"
    upload.refresh_from_db()
    name = workbook_file_name(city.respondent_by_code[NURSING_SCHOOL], YEAR)
    assert (desk.inbox / NURSING_SCHOOL / name).read_bytes() == sent
    assert archived_path(upload.sha256, desk.archive).read_bytes() == sent
    (received,) = receipts_of(desk.archive, upload.sha256)
    assert (received.channel, received.sender, received.file_name) == ("folder", NURSING_SCHOOL, name)
    certificate = certificate_of(desk.archive, upload.sha256)
    assert certificate is not None
    assert certificate.number == upload.certificate_number
    assert [each.name for each in certificate.signatures] == ["张三", "李四", "王五"]
    assert upload.certificate_number in page(clerk, upload, "/certificate")
    assert b"".join(clerk.get(f"/file/{upload.pk}/certificate/file")).startswith(b"%PDF")
    assert LogEntry.objects.filter(act="certify", after__contains=upload.sha256).count() == 1
    # pressing twice sends once
    again = clerk.post(f"/file/{upload.pk}/certify", CERTIFYING)
    assert again.headers["Location"] == f"/file/{upload.pk}/certificate"
    assert len(receipts_of(desk.archive, upload.sha256)) == 1


def test_nothing_is_sent_without_every_name_and_the_yes(sample: bytes, desk: Settings, signed_in: SignedIn) -> None:
    clerk = signed_in("school_clerk")
    upload = put(clerk, changed(sample, "学校概况", "备注", "没有姓名"))
    for missing in CERTIFYING:
        given = {name: value for name, value in CERTIFYING.items() if name != missing}
        assert clerk.post(f"/file/{upload.pk}/certify", given | {"is_left_open": "on"}).status_code == 200, missing
    assert not archived_path(upload.sha256, desk.archive).exists()


def test_a_file_with_an_error_cannot_be_sent_by_any_address(sample: bytes, desk: Settings, signed_in: SignedIn) -> None:
    clerk = signed_in("school_clerk")
    upload = put(clerk, changed(sample, "教职工情况", "专任教师数", "约三千"))
    clerk.post(f"/file/{upload.pk}/certify", CERTIFYING | {"is_left_open": "on"})
    upload.refresh_from_db()
    assert upload.certificate_number == ""
    assert not archived_path(upload.sha256, desk.archive).exists()


def test_another_schools_file_is_told_and_not_sent(
    second_school: str, city: City, desk: Settings, signed_in: SignedIn
) -> None:
    clerk = signed_in("school_clerk")
    theirs = (desk.inbox / workbook_file_name(city.respondent_by_code[second_school], YEAR)).read_bytes()
    upload = put(clerk, theirs)
    assert f"封面上写的是{city.respondent_by_code[second_school].name}" in page(clerk, upload)
    clerk.post(f"/file/{upload.pk}/certify", CERTIFYING | {"is_left_open": "on"})
    upload.refresh_from_db()
    assert upload.certificate_number == ""


NOT_TAKEN = [each for kinds in KINDS.values() for each in kinds if each.becomes != ACCEPTED]


@pytest.mark.parametrize("kind", [*NOT_TAKEN[::20], *deep(*NOT_TAKEN[1::8])], ids=lambda each: each.name)
def test_a_hostile_file_is_told_and_harms_nobody(kind: Kind, signed_in: SignedIn, sample: bytes) -> None:
    clerk = signed_in("school_clerk")
    upload = put(clerk, kind.build(), kind.file_name)
    assert upload.errors or not upload.is_own
    assert clerk.get(f"/file/{upload.pk}").status_code == 200
    for part in ("/sheet/0", "/marked", "/original"):
        assert clerk.get(f"/file/{upload.pk}{part}").status_code in (200, 302, 404)


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "a\x00b.xlsx", "<script>.xlsx", "年报 终稿（改）.XLSX", "x" * 400]
)
def test_a_files_name_is_shown_and_is_no_path(name: str, sample: bytes, desk: Settings, signed_in: SignedIn) -> None:
    clerk = signed_in("school_clerk")
    upload = put(clerk, sample, name)
    assert upload.path.parent == desk.home / "desk" / "uploads"
    assert upload.path.name == f"{upload.pk}.xlsx"
    assert "<script>" not in page(clerk, upload).replace('<script src="', "")
    told = clerk.get(f"/file/{upload.pk}/original").headers["Content-Disposition"]
    assert told.startswith("attachment")
    assert "passwd" not in told


def test_more_than_a_workbook_is_refused_before_it_is_read(desk: Settings, signed_in: SignedIn) -> None:
    clerk = signed_in("school_clerk")
    claimed = partial(
        clerk.client.generic, "POST", f"{AT}/upload", b"x", content_type="multipart/form-data; boundary=a"
    )
    assert claimed(CONTENT_LENGTH=str(desk.limits.file_bytes * 2)).status_code == 413


def test_an_account_that_floods_is_told_to_wait(sample: bytes, signed_in: SignedIn) -> None:
    from django.core.files.uploadedfile import SimpleUploadedFile

    from orchestration.desk.models import Upload
    from orchestration.desk.upload_files import MOST

    clerk = signed_in("school_clerk")
    for number in range(MOST + 3):
        answer = clerk.post(f"{AT}/upload", {"workbook": SimpleUploadedFile(f"{number}.xlsx", b"x")}, follow=True)
    assert Upload.objects.count() == MOST
    assert "请等一会儿再传" in answer.content.decode()


def test_a_template_for_the_school_itself_is_downloaded(city: City, signed_in: SignedIn) -> None:
    clerk = signed_in("school_clerk")
    data = b"".join(clerk.get(f"{AT}/template"))
    cover = openpyxl.load_workbook(io.BytesIO(data))["封面"]
    assert city.respondent_by_code[NURSING_SCHOOL].name in {cell.value for row in cover for cell in row}


def test_a_file_that_cannot_be_judged_stops_nobody(sample: bytes, signed_in: SignedIn) -> None:
    """Its bytes are gone, or others: it is told so, and the next one is judged."""
    from django.core.files.uploadedfile import SimpleUploadedFile

    from orchestration.desk.models import Upload

    clerk = signed_in("school_clerk")
    for number, spoil in enumerate((lambda path: path.unlink(), lambda path: path.write_bytes(b"another"))):
        clerk.post(f"{AT}/upload", {"workbook": SimpleUploadedFile(f"{number}.xlsx", sample)})
        spoil(Upload.objects.get(file_name=f"{number}.xlsx").path)
    last = put(clerk, sample, "good.xlsx")
    assert (last.state, last.errors) == ("judged", 0)
    for lost in Upload.objects.exclude(pk=last.pk):
        assert (lost.state, lost.errors) == ("judged", 1)
        assert "程序处理它时出错" in page(clerk, lost)
        assert not lost.can_be_certified
        for part in ("/sheet/0", "/original"):
            assert "请再传一次，并告诉教育局" in clerk.get(f"/file/{lost.pk}{part}", follow=True).content.decode()


def test_what_an_older_version_has_noted_of_a_file_is_found_again(sample: bytes, signed_in: SignedIn) -> None:
    from orchestration.desk.models import Upload

    clerk = signed_in("school_clerk")
    upload = put(clerk, changed(sample, "教职工情况", "专任教师数", "约三千"))
    before = page(clerk, upload)
    Upload.objects.filter(pk=upload.pk).update(outcome='{"findings": [{"a": 1}]}')
    assert "约三千" in page(clerk, upload)
    assert page(clerk, upload).count("finding error") == before.count("finding error") == 1
    upload.refresh_from_db()
    assert upload.state == "judged"


def in_parts(browser: SimpleNamespace, data: bytes, size: int, name: str = "%E5%8D%95.xlsx", whole: int = 0):
    """Sends a file a part at a time, as the page does, and goes on from where the desk says; the last answer."""
    answer, offset, transfer = None, 0, uuid4().hex
    while offset < len(data):
        said = {
            "Upload-Id": transfer,
            "Upload-Offset": offset,
            "Upload-Length": whole or len(data),
            "Upload-Name": name,
        }
        answer = browser.post(
            f"{AT}/upload/part", data[offset : offset + size], content_type="application/octet-stream", headers=said
        )
        if answer.status_code not in (201, 204):
            return answer
        offset = int(answer.headers["Upload-Offset"])
    return answer


def test_a_file_that_comes_in_parts_is_the_one_that_was_sent(sample: bytes, signed_in: SignedIn) -> None:
    from orchestration.desk.upload_files import content_of

    answer = in_parts(signed_in("school_clerk"), sample, 10_000)
    assert answer.status_code == 201
    upload = judged_at(answer.headers["Location"])
    assert (content_of(upload), upload.file_name) == (sample, "单.xlsx")


def test_a_part_that_does_not_fit_changes_nothing_and_the_desk_says_from_where_to_go_on(desk, account_as) -> None:
    from orchestration.desk.upload_parts import UploadPart, put_part, take_whole

    account, transfer = account_as("school_clerk"), uuid4()
    assert put_part(account, UploadPart(transfer, 0, 6, b"abc")) == 3
    assert put_part(account, UploadPart(transfer, 0, 6, b"abc")) == 3  # its answer was lost, and it came again
    assert put_part(account, UploadPart(transfer, 5, 6, b"f")) == 3
    assert put_part(account, UploadPart(transfer, 3, 6, b"defg")) == 3
    assert (
        put_part(account_as("school_clerk"), UploadPart(transfer, 0, 6, b"xyz")) == 3
    )  # somebody else's of the same name
    assert put_part(account, UploadPart(transfer, 3, 6, b"def")) == 6
    assert take_whole(account, transfer) == b"abcdef"
    for number in range(5):
        put_part(account, UploadPart(uuid4(), 0, 6, b"abc"))
        assert len(list((desk.home / "desk" / "parts").glob(f"{account.pk}-*"))) == min(number + 1, 3)


def test_parts_of_a_file_that_is_too_large_or_says_nonsense_are_not_kept(desk: Settings, signed_in: SignedIn) -> None:
    clerk = signed_in("school_clerk")
    answer = in_parts(clerk, b"abc", 3, whole=desk.limits.file_bytes + 1)
    assert answer.status_code == 409
    assert f"文件超过 {desk.limits.file_bytes // 1_000_000} MB" in answer.content.decode()
    for said in ({}, {"Upload-Id": "../../x", "Upload-Offset": 0, "Upload-Length": 3}):
        assert clerk.post(f"{AT}/upload/part", b"abc", content_type="text/plain", headers=said).status_code == 404
