"""Whole days of one school, while all others have sent: it is late, or it has nothing but mail."""

import io
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from types import SimpleNamespace

import openpyxl
import pytest
from typer.testing import CliRunner

from orchestration.cli.main import app
from sources.archive.archive import receipts_of
from sources.archive.sent import archived_sent
from sources.declarations.city import City
from sources.sample.pour import pour_samples
from sources.submission.file_names import workbook_file_name
from sources.system.fingerprint import sha256_of
from sources.system.settings import Settings
from tests.conftest import NURSING_SCHOOL, YEARS, cell_of, run_all
from tests.desk.serving import serving
from tests.desk.test_bureau import REASON, YEAR
from tests.desk.test_files import AT, CERTIFYING, changed, follow, put
from tests.desk.test_letters_by_mail import sends
from tests.support.mail_city import BUREAU_ADDRESS, address_of, with_mailbox
from tests.support.mail_house import PASSWORD, MailHouse, mail_house, why_not
from tests.support.mailers import mail, part
from tests.support.sinks import mail_server

pytestmark = pytest.mark.deep
SignedIn = Callable[..., SimpleNamespace]
ADDRESS = address_of(NURSING_SCHOOL)


@pytest.fixture(scope="module")
def but_one(desk: Settings, city: City, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The year, five days before it is due: everybody has sent but one school. Copy it before you change it."""
    early = city.calendar.years[YEAR].due - timedelta(days=5)
    settings = replace(desk, home=tmp_path_factory.mktemp("year") / "home", fixed_today=early)
    for year in YEARS:
        pour_samples(city, settings.city_dir, year, settings.inbox, with_explanations=False)
    (settings.inbox / name_of(city)).rename(settings.home / "kept.xlsx")
    run_all(settings, city)
    return settings


@pytest.fixture
def own_copy(but_one: Settings, tmp_path: Path) -> Settings:
    settings = replace(but_one, home=tmp_path / "home")
    shutil.copytree(but_one.home, settings.home, ignore=shutil.ignore_patterns("dbt"))
    return settings


def name_of(city: City) -> str:
    return workbook_file_name(city.respondent_by_code[NURSING_SCHOOL], YEAR)


def row_of(bureau: SimpleNamespace, city: City) -> str:
    """The school's row on the bureau's page of the year."""
    page = bureau.get(f"/year/{YEAR}").content.decode()
    (row,) = [line for line in page.splitlines() if f">{city.respondent_by_code[NURSING_SCHOOL].name}</a>" in line]
    return row


def test_a_late_school_is_reminded_sends_and_is_late_no_more(
    own_copy: Settings, city: City, tmp_path: Path, signed_in: SignedIn
) -> None:
    # Long: a school's way from the due date to its place in the year.
    from orchestration.desk.judged_upload import from_text

    due = city.calendar.years[YEAR].due
    school, bureau = signed_in("school_clerk"), signed_in("bureau_clerk")
    with serving(own_copy):
        assert "还有 5 天" in school.get(AT).content.decode()
        assert "逾期" not in row_of(bureau, city)
    with serving(replace(own_copy, fixed_today=due + timedelta(days=1))):  # before any run of that day
        assert "已经逾期：请催" in row_of(bureau, city)
        assert "已经逾期：请尽快报送" in step_on(school.get(AT).content.decode())
    with mail_server() as box:
        server = {"kind": "smtp", "host": "127.0.0.1", "port": box.port, "security": "insecure"}
        settings = with_mailbox(
            replace(own_copy, fixed_today=due + timedelta(days=3)), city, tmp_path / "city", [server]
        )
        run_all(settings, city)  # the night's
        with serving(settings):
            assert "已过截止日期" in school.get(AT).content.decode()
            assert "已经逾期：请尽快报送" in school.get(AT).content.decode()
            assert "已经逾期：请催" in row_of(bureau, city)
            sends(bureau)
            reminded = [each for each in opened(box.raw) if each["To"] == ADDRESS]
            (reminder,) = [each for each in reminded if f"{YEAR}年度" in each["Subject"]]
            assert f"{due.month}月{due.day}日" in text_of(reminder)
            assert "reminder" in {each.kind for each in archived_sent(settings.archive)}

            upload = put(school, (settings.home / "kept.xlsx").read_bytes())
            for asked in [each for each in from_text(upload.outcome).findings if each.is_unexplained]:
                said = {"finding": asked.finding_id, "reason": REASON, "author": "就业办"}
                upload = follow(school.post(f"/file/{upload.pk}/explain", said))
            school.post(f"/file/{upload.pk}/certify", CERTIFYING)
            upload.refresh_from_db()
            assert "已过截止日期" not in school.get(AT).content.decode()
            assert f"已报送 {upload.certificate_number}，等下一次运行" in row_of(bureau, city)
            assert "逾期" not in row_of(bureau, city)
            assert "已收到，等教育局下一次运行" in step_on(school.get(AT).content.decode())
            (received,) = receipts_of(settings.archive, upload.sha256)
            assert received.received_on == settings.today.isoformat()

            run_all(settings, city)
            assert "请在“待决定”里认定说明" in row_of(bureau, city)
            page = bureau.get(f"/year/{YEAR}/decisions").content.decode()
            (ticked,) = ids_about(page, REASON)
            bureau.post(f"/year/{YEAR}/decide", {"id": [ticked], "verdict": "approved"})
            run_all(settings, city)
            assert "不用处理" in row_of(bureau, city)
            assert "逾期" not in row_of(bureau, city)
            shown = school.get(AT).content.decode()
            assert "已采用" in step_on(shown)
            assert "不用处理" in step_on(shown)
            assert "已过截止日期" not in shown


def step_on(page: str) -> str:
    """What a school's page says of its state, and of what is next."""
    return page.partition("<h2>状态</h2>")[2].partition("</section>")[0]


def ids_about(page: str, reason: str) -> list[str]:
    """What can be ticked on the page of decisions beside a reason."""
    import re

    parts = re.split(r'(?=<input type="checkbox")', page)
    return [re.findall(r'value="([^"]+)"', each)[0] for each in parts[1:] if reason in each]


@pytest.fixture
def by_mail(own_copy: Settings, city: City, tmp_path: Path) -> Iterator[tuple[Settings, MailHouse]]:
    """The bureau works by mail, through real servers."""
    with mail_house(BUREAU_ADDRESS, ADDRESS) as house:
        common = {"host": "127.0.0.1", "user": BUREAU_ADDRESS, "password_file": "secret", "ca_file": str(house.ca_file)}
        servers = [{"kind": "smtp", "port": house.smtps} | common, {"kind": "imap", "port": house.imaps} | common]
        settings = with_mailbox(own_copy, city, tmp_path / "city", servers)
        secret = settings.city_dir / "secret"
        secret.write_text(PASSWORD)
        secret.chmod(0o600)
        yield settings, house


@pytest.mark.skipif(bool(why_not()), reason=f"mail servers: {why_not()}")
def test_a_school_that_has_nothing_but_mail(
    by_mail: tuple[Settings, MailHouse], city: City, signed_in: SignedIn
) -> None:
    # Long: a school's whole year, mail by mail.
    settings, house = by_mail
    with serving(settings):
        bureau = signed_in("bureau_clerk")
        types("template", "--year", str(YEAR))
        types("mail-out", "--send", "--by", "王科长", "--school", NURSING_SCHOOL)
        (got,) = opened(house.wait_for(ADDRESS, 1))
        template = enclosed(got)[name_of(city)]
        filled = filled_in(template, (settings.home / "kept.xlsx").read_bytes())

        sends_workbook(house, changed(filled, "学生情况", "全日制在校生数", "很多"), "报送（第一次）.xlsx")
        types("mail-in")
        answer = opened(house.wait_for(ADDRESS, 2))[1]
        assert "有 1 个错误请改正后重报" in answer["Subject"]
        marked = enclosed(answer)[name_of(city)]
        right = cell_of(openpyxl.load_workbook(io.BytesIO(filled)), "学生情况", "全日制在校生数").value

        mended = changed(marked, "学生情况", "全日制在校生数", right)
        sends_workbook(house, mended, "报送（改好）.xlsx")
        types("mail-in")
        answer = opened(house.wait_for(ADDRESS, 3))[2]
        assert "错误" not in answer["Subject"]
        assert "等学校报送" in row_of(bureau, city)

        run_all(settings, city)
        (received,) = receipts_of(settings.archive, sha256_of(mended))
        assert (received.channel, received.sender) == ("mail", NURSING_SCHOOL)
        assert "等学校说明警告" in row_of(bureau, city)
        assert "等学校说明警告" in step_on(bureau.get(AT).content.decode())
        types("mail-out", "--send", "--by", "王科长", "--school", NURSING_SCHOOL)
        assert len(house.mails_of(ADDRESS)) == 3  # nothing that the answer has not told


def types(*words: str) -> None:
    done = CliRunner().invoke(app, words, catch_exceptions=False)
    assert done.exit_code in (0, 3), done.output


def sends_workbook(house: MailHouse, data: bytes, name: str) -> None:
    house.bring(
        ADDRESS, BUREAU_ADDRESS, mail(ADDRESS, parts=(part(name, data, "qq"),), message_id=f"{sha256_of(data)}@s")
    )
    house.settled()


def opened(raw: list[bytes]) -> list[EmailMessage]:
    return [message_from_bytes(each, policy=policy.default) for each in raw]


def enclosed(got: EmailMessage) -> dict[str, bytes]:
    return {each.get_filename(): each.get_content() for each in got.iter_attachments()}


def text_of(got: EmailMessage) -> str:
    return str(got.get_body().get_content())


def filled_in(template: bytes, answers: bytes) -> bytes:
    """The template as it came by mail, with what a workbook of the same year says where it is blank."""
    book, known = (openpyxl.load_workbook(io.BytesIO(each)) for each in (template, answers))
    for sheet in book:
        for row in known[sheet.title].iter_rows():
            for cell in row:
                target = sheet[cell.coordinate]
                if cell.value is not None and target.value is None:
                    target.value = cell.value
    saved = io.BytesIO()
    book.save(saved)
    return saved.getvalue()
