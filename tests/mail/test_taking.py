"""Mails come in: each is taken once and none is lost, whenever the process dies; whose it is, what it is answered."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date
from email import message_from_bytes, policy
from io import BytesIO
from pathlib import Path

import openpyxl
import pytest

import warehouse.post.take_mails as taking
from orchestration.lib.mail_rounds import waiting_letters
from sources.archive.archive import archived_receipts
from sources.archive.arrival import MAIL_FOLDER, UNKNOWN_SENDER
from sources.archive.mailbox import MailPlace, read_mailbox, read_posted
from sources.archive.sent import archived_sent
from sources.declarations.city import City
from sources.declarations.contacts import load_contacts
from sources.sample.pour import pour_samples
from sources.submission.file_names import workbook_file_name
from sources.system.settings import CITIES_ROOT, Settings
from tests.conftest import cell_of, ingest, run_all, select
from tests.support.mail_city import BUREAU_ADDRESS, address_of, mailing_of, with_mailbox
from tests.support.mailers import MANNERS, forwarded, mail, part, word, zipped
from tests.support.sinks import mail_server
from warehouse.post.answer_mails import Answered, answer_mails
from warehouse.post.imap_box import FetchedMail
from warehouse.post.take_mails import TakenMails, take_mails

NURSING, OTHER = "3645900002", "3645900001"
ADDRESS = address_of(NURSING)


@dataclass
class Box:
    """A mailbox of mails; `numbers` is its UIDVALIDITY."""

    mails: dict[int, bytes] = field(default_factory=dict)
    numbers: int = 1
    seen: set[int] = field(default_factory=set)
    largest: int = 40_000_000

    def add(self, data: bytes) -> None:
        self.mails[max(self.mails, default=0) + 1] = data

    def places(self, today: date) -> list[MailPlace]:
        return [MailPlace("box", self.numbers, uid) for uid in sorted(self.mails)]

    def fetch(self, place: MailPlace) -> FetchedMail | None:
        data = self.mails[place.uid]
        is_whole = len(data) <= self.largest
        return FetchedMail(place, data if is_whole else data[:3000], len(data), is_whole)

    def mark_seen(self, place: MailPlace) -> None:
        self.seen.add(place.uid)


@dataclass
class Bureau:
    settings: Settings
    city: City
    box: Box = field(default_factory=Box)

    def take(self) -> TakenMails:
        contacts = load_contacts(self.settings.city_dir, self.city)
        return take_mails(self.settings, self.city, mailing_of(self.settings), contacts, self.box)

    def answer(self) -> Answered:
        contacts = load_contacts(self.settings.city_dir, self.city)
        return answer_mails(self.settings, self.city, mailing_of(self.settings), contacts)

    @property
    def files(self) -> list[Path]:
        return sorted(path for path in (self.settings.inbox / MAIL_FOLDER).rglob("*") if path.is_file())


@pytest.fixture
def post_office(empty: Settings, city: City, tmp_path: Path):
    """A bureau with a mailbox, and a server that takes its answers."""
    with mail_server() as sink:
        server = {"kind": "smtp", "host": "127.0.0.1", "port": sink.port, "security": "insecure"}
        settings = with_mailbox(empty, city, tmp_path / "city", [server])
        settings.inbox.mkdir(parents=True)
        yield Bureau(settings, city), sink


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory, city: City) -> dict[str, bytes]:
    """Respondent → its workbook of 2023."""
    folder = tmp_path_factory.mktemp("books")
    pour_samples(city, CITIES_ROOT / "450700", 2023, folder)
    return {each.code: (folder / workbook_file_name(each, 2023)).read_bytes() for each in city.respondents_in(2023)}


def spoilt(book: bytes) -> bytes:
    """With a word where a number belongs."""
    opened = openpyxl.load_workbook(BytesIO(book))
    cell_of(opened, "学生情况", "全日制在校生数").value = "很多"
    target = BytesIO()
    opened.save(target)
    return target.getvalue()


def test_a_workbook_comes_in_and_its_receipt_says_by_whom(post_office, books, city):
    bureau, _ = post_office
    bureau.box.add(mail(ADDRESS, parts=(part("报送（终稿）.xlsx", books[NURSING], "foxmail"),), message_id="1@school"))
    (taken,) = bureau.take().mails
    assert (taken.sender, taken.respondent_code, taken.message_id, taken.subject) == (
        ADDRESS,
        NURSING,
        "1@school",
        "报送数据",
    )
    assert [path.name for path in bureau.files] == ["报送（终稿）.xlsx"]
    ingest(bureau.settings, city, (2023,))
    (receipt,) = archived_receipts(bureau.settings.archive)
    assert (receipt.channel, receipt.sender, receipt.file_name) == ("mail", NURSING, "报送（终稿）.xlsx")
    assert bureau.box.seen == {1}


def test_a_mail_is_taken_once_whatever_number_it_has(post_office, books):
    bureau, _ = post_office
    data = mail(ADDRESS, parts=(part("a.xlsx", books[NURSING], "qq"),), message_id="1@school")
    bureau.box.add(data)
    assert len(bureau.take().mails) == 1
    assert bureau.take().mails == ()
    bureau.box.add(b"Received: again\r\n" + data)  # delivered twice
    bureau.box.numbers = 2  # and the mailbox moved
    assert bureau.take().mails == ()
    assert len(bureau.files) == 1
    other = mail(ADDRESS, parts=(part("a.xlsx", books[OTHER], "qq"),), message_id="1@school")
    bureau.box.add(other)  # the same id, another file: nothing is lost
    assert len(bureau.take().mails) == 1
    assert len(bureau.files) == 2


@pytest.mark.parametrize("moment", ["note_mail", "whole_file", "note_done"])
def test_a_kill_at_any_moment_repeats_harmlessly(post_office, books, monkeypatch, moment):
    class KilledError(BaseException):
        pass

    def killed(*arguments: object, **more: object) -> None:
        raise KilledError

    bureau, sink = post_office
    parts = tuple(part(f"{number}.xlsx", books[code], "qq") for number, code in enumerate((NURSING, OTHER)))
    bureau.box.add(mail(ADDRESS, parts=parts, message_id="1@school"))
    monkeypatch.setattr(taking, moment, killed)
    with pytest.raises(KilledError):
        bureau.take()
    monkeypatch.undo()
    bureau.answer()
    assert sink.raw == []  # of what is not whole nothing is said
    bureau.box.numbers = 7
    assert len(bureau.take().mails) == 1
    assert [path.name for path in bureau.files] == ["0.xlsx", "1.xlsx"]
    assert bureau.take().mails == ()
    bureau.answer()
    bureau.answer()
    assert len(sink.raw) == 1


def test_the_answer_says_what_is_wrong_and_brings_the_marked_workbook(post_office, books, city):
    bureau, sink = post_office
    bureau.box.add(mail(ADDRESS, parts=(part("a.xlsx", spoilt(books[NURSING]), "netease"),), message_id="1@school"))
    bureau.take()
    assert bureau.answer() == Answered(1)
    answer = message_from_bytes(sink.raw[0], policy=policy.default)
    text = answer.get_body().get_content()
    assert answer["To"] == ADDRESS
    assert answer["Subject"].startswith("【年报】收到，有 1 个错误请改正后重报：2023年度钦州市卫生学校")
    assert (answer["In-Reply-To"], answer["Auto-Submitted"]) == ("<1@school>", "auto-replied")
    assert "很多" in text
    assert "学生情况 E" in text
    (enclosed,) = answer.iter_attachments()
    assert enclosed.get_filename() == workbook_file_name(city.respondent_by_code[NURSING], 2023)
    assert "校验结果" in openpyxl.load_workbook(BytesIO(enclosed.get_content())).sheetnames
    (posted,) = read_posted(bureau.settings.archive)
    assert (posted.kind, posted.state, posted.respondent_code) == ("answer", "sent", NURSING)


@pytest.mark.deep
def test_what_the_answer_has_told_no_letter_tells_again(post_office, books, city):
    bureau, _ = post_office
    for code in (NURSING, OTHER):
        bureau.box.add(
            mail(address_of(code), parts=(part("a.xlsx", spoilt(books[code]), "qq"),), message_id=f"{code}@s")
        )
    bureau.take()
    bureau.answer()
    run_all(bureau.settings, city, (2023,))
    assert [each for each in waiting_letters(bureau.settings, city).letters if each.kind == "marked"] == []
    assert {each.respondent_code for each in archived_sent(bureau.settings.archive)} >= {NURSING, OTHER}
    rows = select(bureau.settings, "select status from registry.submission")
    assert set(rows["status"]) == {"rejected"}


def test_another_schools_address_is_a_question_and_hears_nothing_of_the_workbook(post_office, books, city):
    bureau, sink = post_office
    bureau.box.add(mail(address_of(OTHER), parts=(part("a.xlsx", spoilt(books[NURSING]), "qq"),)))
    bureau.box.add(mail("private@qq.example", parts=(part("b.xlsx", spoilt(books[OTHER]), "qq"),)))
    assert [each.files[0].sender for each in bureau.take().mails] == [OTHER, UNKNOWN_SENDER]
    assert bureau.answer().sent == 2
    for raw in sink.raw:
        answer = message_from_bytes(raw, policy=policy.default)
        assert list(answer.iter_attachments()) == []
        assert "很多" not in answer.get_body().get_content()
        assert "等教育局确认" in answer.get_body().get_content()
    ingest(bureau.settings, city, (2023,))
    held = select(bureau.settings, "select held_for from registry.submission where status = 'held' order by all")
    assert held["held_for"].to_list() == ["held.sender_stranger", "held.sender_unknown"]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("没有附件", "但是没有看到工作簿"),
        ("压缩包有密码", "去掉密码"),
    ],
)
def test_what_to_do_is_said_where_no_workbook_came(post_office, words, found):
    bureau, sink = post_office
    parts = (part("数据.zip", zipped({"a.xlsx": b"PK\x03\x04"}, is_locked=True), "qq"),) if "密码" in words else ()
    bureau.box.add(mail(ADDRESS, parts=parts))
    bureau.take()
    bureau.answer()
    text = message_from_bytes(sink.raw[0], policy=policy.default).get_body().get_content()
    assert found in text
    assert bureau.box.seen == set()  # a person sees that it is unread


def test_an_infected_attachment_is_not_taken_and_its_sender_is_told(post_office, books):
    bureau, sink = post_office
    looks = ("sh", "-c", "if grep -aq EVIL; then echo 'stdin: Test.Evil FOUND'; exit 1; fi")
    clean, evil = part("好的.xlsx", books[NURSING], "qq"), part("坏的.xlsx", books[NURSING] + b"EVIL", "qq")
    bureau.settings = replace(bureau.settings, scanner=("sh", "-c", "exit 2"))
    bureau.box.add(mail(ADDRESS, parts=(clean, evil), message_id="1@school"))
    failed = bureau.take()  # nobody has looked: the mail waits for the next look
    assert (failed.mails, failed.stopped, bureau.files) == ((), "查毒程序 sh 返回 2：没有说为什么", [])
    bureau.settings = replace(bureau.settings, scanner=looks)
    (taken,) = bureau.take().mails
    assert [path.name for path in bureau.files] == ["好的.xlsx"]
    assert "《坏的.xlsx》里查出病毒“Test.Evil”" in taken.remarks[0]
    bureau.answer()
    (answer,) = [message_from_bytes(each, policy=policy.default) for each in sink.raw]
    assert "查出病毒" in answer.get_body(("plain",)).get_content()


def test_an_attachment_that_the_scanner_cannot_look_at_holds_up_no_mail(post_office, books):
    bureau, sink = post_office
    looks = ("sh", "-c", "if grep -aq HUGE; then exit 2; fi")
    clean, huge = part("好的.xlsx", books[NURSING], "qq"), part("大的.xlsx", books[NURSING] + b"HUGE", "qq")
    bureau.settings = replace(bureau.settings, scanner=looks)
    bureau.box.add(mail(ADDRESS, parts=(huge, clean), message_id="1@school"))
    (taken,) = bureau.take().mails
    assert [path.name for path in bureau.files] == ["好的.xlsx"]
    assert "《大的.xlsx》查毒程序查不了" in taken.remarks[0]
    bureau.answer()
    (answer,) = [message_from_bytes(each, policy=policy.default) for each in sink.raw]
    assert "查毒程序查不了" in answer.get_body(("plain",)).get_content()


def test_a_mail_that_is_too_large_is_not_fetched_and_is_told(post_office, books):
    bureau, sink = post_office
    bureau.box.largest = 5000
    bureau.box.add(mail(ADDRESS, parts=(part("a.xlsx", books[NURSING], "qq"),)))
    (taken,) = bureau.take().mails
    assert taken.files == ()
    assert "没有下载" in taken.remarks[0]
    bureau.answer()
    assert "没有下载" in message_from_bytes(sink.raw[0], policy=policy.default).get_body().get_content()


def test_strangers_who_send_no_workbook_are_not_answered(post_office):
    bureau, sink = post_office
    bureau.box.add(mail("spam@x.example", subject=word("发票")))
    bureau.take()
    bureau.answer()
    assert sink.raw == []


def test_two_programs_that_answer_each_other_come_to_an_end(post_office):
    bureau, sink = post_office
    bureau.box.add(mail(ADDRESS, message_id="0@s"))
    for round_ in range(60):
        bureau.take()
        bureau.answer()
        if len(sink.raw) <= round_:
            break
        # a program that says of itself nothing at all answers every answer
        last = message_from_bytes(sink.raw[-1], policy=policy.default)["Message-ID"].encode()
        more = (b"In-Reply-To: " + last,)
        bureau.box.add(mail(ADDRESS, message_id=f"{round_ + 1}@s", subject=word(f"回复 {round_}"), more=more))
    assert len(sink.raw) == mailing_of(bureau.settings).answers_a_day
    bureau.take()
    bureau.answer()
    assert len(sink.raw) == mailing_of(bureau.settings).answers_a_day


def test_our_own_mails_come_back_and_nothing_is_taken(post_office, books):
    bureau, sink = post_office
    bureau.box.add(mail(ADDRESS, parts=(part("a.xlsx", spoilt(books[NURSING]), "qq"),)))
    bureau.take()
    bureau.answer()
    bureau.box.add(sink.raw[0])
    (ours,) = bureau.take().mails
    assert (ours.files, ours.automatic) == ((), "是本邮箱自己发的信")
    bureau.box.add(mail(BUREAU_ADDRESS, parts=(part("a.xlsx", books[OTHER], "qq"),)))
    assert bureau.take().mails[0].files == ()


def test_a_school_may_answer_by_forwarding_ours_with_its_workbook(post_office, books):
    bureau, sink = post_office
    bureau.box.add(mail(ADDRESS, parts=(part("a.xlsx", spoilt(books[NURSING]), "qq"),)))
    bureau.take()
    bureau.answer()
    again = mail(
        ADDRESS, parts=(part("改好的.xlsx", books[NURSING], "apple"), forwarded(sink.raw[0])), message_id="2@s"
    )
    bureau.box.add(again)
    (taken,) = bureau.take().mails
    assert [each.name for each in taken.files] == ["改好的.xlsx"]


def test_what_we_have_sent_comes_back_unchanged_and_is_told(post_office, books):
    bureau, sink = post_office
    bureau.box.add(mail(ADDRESS, parts=(part("a.xlsx", spoilt(books[NURSING]), "qq"),)))
    bureau.take()
    bureau.answer()
    (marked,) = message_from_bytes(sink.raw[0], policy=policy.default).iter_attachments()
    bureau.box.add(mail(ADDRESS, parts=(part("b.xlsx", marked.get_content(), "qq"),), message_id="2@s"))
    (taken,) = bureau.take().mails
    assert taken.files == ()
    assert "没有改过" in taken.remarks[0]


def test_one_mail_that_cannot_be_taken_stops_no_other(post_office, books, monkeypatch):
    bureau, _ = post_office
    for number, code in enumerate((NURSING, OTHER)):
        bureau.box.add(mail(address_of(code), parts=(part("a.xlsx", books[code], "qq"),), message_id=f"{number}@s"))
    real: Callable[..., object] = taking.open_apart

    def fails(data: bytes, *more: object) -> object:
        if b"<0@s>" in data:
            raise RuntimeError("a mistake of ours")
        return real(data, *more)

    monkeypatch.setattr(taking, "open_apart", fails)
    first = bureau.take()
    assert ([each.respondent_code for each in first.mails], len(first.failed)) == ([OTHER], 1)
    monkeypatch.undo()
    assert [each.respondent_code for each in bureau.take().mails] == [NURSING]


def test_names_that_are_alike_are_told_apart_and_a_content_comes_once(post_office, books):
    bureau, _ = post_office
    parts = [
        part("数据.xlsx", books[code], manner) for code, manner in zip((NURSING, OTHER, NURSING), MANNERS, strict=False)
    ]
    bureau.box.add(mail(ADDRESS, parts=tuple(parts)))
    bureau.take()
    assert [path.name for path in bureau.files] == ["数据.xlsx", "数据（2）.xlsx"]


def test_an_address_that_two_schools_share_sends_for_both(post_office, books, city):
    bureau, _ = post_office
    contacts = bureau.settings.city_dir / "contacts.yml"
    both = "".join(f'  - {{respondent: "{code}", mail: [shared@school.example]}}\n' for code in (NURSING, OTHER))
    contacts.write_text(f"contacts:\n{both}", "utf-8")
    parts = tuple(part(f"{code}.xlsx", books[code], "qq") for code in (OTHER, NURSING))
    bureau.box.add(mail("Shared@School.example", parts=parts))
    (taken,) = bureau.take().mails
    assert [each.sender for each in taken.files] == [OTHER, NURSING]


def test_everything_that_is_noted_is_read_back(post_office, books):
    bureau, _ = post_office
    bureau.box.add(mail(ADDRESS, parts=(part("a.xlsx", books[NURSING], "qq"),), message_id="1@s"))
    (taken,) = bureau.take().mails
    mailbox = read_mailbox(bureau.settings.archive)
    assert mailbox.mails == {taken.identity: taken}
    assert mailbox.whole == {taken.identity}
