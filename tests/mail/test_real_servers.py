"""A whole round by real servers: templates out by Postfix, replies of a dozen mailers in by Dovecot, each taken once
though the process is killed, answered once, bounced, misdirected, and answered by a program that never tires.

Two cities: the sample's twelve schools, and one that is made up.
"""

import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import dagster as dg
import pytest
import yaml
from typer.testing import CliRunner

from orchestration.cli.main import app
from orchestration.defs.mail_sensor import build_mail_sensor
from orchestration.lib.installation import Installation
from sources.archive.archive import archived_receipts
from sources.archive.mailbox import read_mailbox
from sources.archive.sent import archived_sent
from sources.declarations.city import City, load_city
from sources.sample.pour import pour_samples
from sources.submission.file_names import workbook_file_name
from sources.system.settings import CITIES_ROOT, PROJECT_ROOT, Settings
from tests.any_city.test_notes import CODE, SCHOOLS, bureau, write_city
from tests.conftest import TODAY, ingest, select
from tests.support.mail_city import BUREAU_ADDRESS, address_of, with_mailbox
from tests.support.mail_house import PASSWORD, MailHouse, mail_house, why_not
from tests.support.mailers import MANNERS, forwarded, mail, part, winmail, word, zipped
from tests.support.small_books import pour

pytestmark = [pytest.mark.deep, pytest.mark.skipif(bool(why_not()), reason=f"mail servers: {why_not()}")]
YEAR = 2023
MOST_ANSWERS = 4


@dataclass
class World:
    """A city by mail. `books`: respondent → its filled workbook."""

    house: MailHouse
    settings: Settings
    city: City
    books: Mapping[str, bytes]
    read: dict[str, int] = field(default_factory=dict)

    @property
    def schools(self) -> list[str]:
        return sorted(each.code for each in self.city.respondents_in(YEAR) if each.kind == "school")

    def types(self, *words: str, code: int = 0) -> str:
        found = CliRunner().invoke(app, words, env=self.environment, catch_exceptions=False)
        assert found.exit_code == code, found.output
        return found.output

    @property
    def environment(self) -> dict[str, str]:
        return {"NIANBAO_HOME": str(self.settings.home), "NIANBAO_CITY": str(self.settings.city_dir), "COLUMNS": "300"}

    def new_mails(self, address: str) -> list[EmailMessage]:
        """What has come into a mailbox since this was asked last."""
        self.house.settled()
        found = self.house.mails_of(address)
        before, self.read[address] = self.read.get(address, 0), len(found)
        return [message_from_bytes(each, policy=policy.default) for each in found[before:]]

    def sends(self, sender: str, data: bytes) -> None:
        self.house.bring(sender, BUREAU_ADDRESS, data)
        self.house.settled()


def sample(folder: Path) -> tuple[Settings, City]:
    settings = Settings(home=folder / "home", city_dir=CITIES_ROOT / "450700", fixed_today=TODAY)
    city = load_city(settings.city_dir)
    pour_samples(city, settings.city_dir, YEAR, folder / "books")
    return settings, city


def made_up(folder: Path) -> tuple[Settings, City]:
    city = write_city(folder / "city", (YEAR,))
    settings = Settings(home=folder / "home", city_dir=folder / "city", fixed_today=TODAY)
    pour(replace(settings, home=folder / "poured"), city, {YEAR: {CODE: bureau(YEAR)} | SCHOOLS})
    (folder / "poured" / "inbox").rename(folder / "books")
    return settings, city


@pytest.fixture(scope="module", params=[sample, made_up], ids=["sample", "made up"])
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    make: Callable[[Path], tuple[Settings, City]] = request.param
    folder = tmp_path_factory.mktemp("world")
    settings, city = make(folder)
    schools = [each for each in city.respondents if each.kind == "school"]
    with mail_house(BUREAU_ADDRESS, "private@school.example", *(address_of(each.code) for each in schools)) as house:
        common = {"host": "127.0.0.1", "user": BUREAU_ADDRESS, "password_file": "secret", "ca_file": str(house.ca_file)}
        servers = [{"kind": "smtp", "port": house.smtps} | common, {"kind": "imap", "port": house.imaps} | common]
        settings = with_mailbox(
            settings,
            city,
            folder / "city" if make is made_up else folder / "copy",
            servers,
            answers_a_day=MOST_ANSWERS,
        )
        calendar = settings.city_dir / "calendar.yml"
        dates = yaml.safe_load(calendar.read_text("utf-8"))
        dates["years"] = {YEAR: dates["years"][YEAR]}  # of another year reminders would go out, too
        calendar.write_text(yaml.safe_dump(dates, allow_unicode=True), "utf-8")
        secret = settings.city_dir / "secret"
        secret.write_text(PASSWORD)
        secret.chmod(0o600)
        books = {
            each.code: (folder / "books" / workbook_file_name(each, YEAR)).read_bytes()
            for each in schools
            if each.is_valid_in(YEAR)
        }
        yield World(house, settings, load_city(settings.city_dir), books)


def enclosed(mail_: EmailMessage) -> dict[str, bytes]:
    return {each.get_filename(): each.get_content() for each in mail_.iter_attachments()}


def text_of(mail_: EmailMessage) -> str:
    return mail_.get_body().get_content()


def test_1_templates_go_out_to_every_school_once(world):
    world.types("template", "--year", str(YEAR))
    contacts = world.settings.city_dir / "contacts.yml"
    declared = yaml.safe_load(contacts.read_text("utf-8"))
    first = declared["contacts"][0]
    right = first["mail"]
    first["mail"] = ["gone@bounces.example"]
    contacts.write_text(yaml.safe_dump(declared, allow_unicode=True), "utf-8")
    world.types("mail-out", "--send", "--by", "王科长", code=3)  # the bureau has no address
    for code in world.schools:
        if code != first["respondent"]:
            (got,) = world.new_mails(address_of(code))
            name = workbook_file_name(world.city.respondent_by_code[code], YEAR)
            assert [*enclosed(got)] == [name]
            assert world.city.respondent_by_code[code].name in text_of(got)
            assert len({*enclosed(got).values()}) == 1
    world.house.wait_for(BUREAU_ADDRESS, 1)

    # the bounce is read and shown with what to do; done, the school gets its template
    world.types("mail-in")
    told = world.types("mails", code=3)
    assert "没有这个邮箱" in told
    assert "gone＠bounces.example" in told
    assert "封信没有送到" in world.types("todo", code=3)
    first["mail"] = right
    contacts.write_text(yaml.safe_dump(declared, allow_unicode=True), "utf-8")
    (batch,) = {each.batch for each in archived_sent(world.settings.archive)}
    world.types("mail-out", "--not-sent", "--batch", batch, "--to", first["respondent"], "--by", "王科长")
    world.types("mail-out", "--send", "--by", "王科长", code=3)
    assert len(world.new_mails(right[0])) == 1
    assert "没有要人看" in world.types("mails")


def replies(world: World) -> Iterator[tuple[str, bytes]]:
    """School → its mail, each in a manner of its own."""
    draw = random.Random(world.city.code)
    manners = list(MANNERS)
    for position, code in enumerate(world.schools):
        name, data = f"{world.city.respondent_by_code[code].name}（报送）.xlsx", world.books[code]
        manner = manners[position % len(manners)]
        match position % 4:
            case 0 | 1:
                parts = (part(name, data, manner),)
            case 2:
                zip_ = zipped({f"报送/{name}": data}, draw.choice(("gbk", "utf-8")))
                parts = (part("数据.zip", zip_, manner),)
            case _:
                within = mail("teacher@school.example", parts=(part("winmail.dat", winmail(name, data), manner),))
                parts = (forwarded(within),)
        yield code, mail(address_of(code), parts=parts, message_id=f"{code}@school.example")


KILLED = """
import os, signal, sys
import warehouse.post.take_mails as taking
real, calls = getattr(taking, {moment!r}), 0
def killed(*arguments, **more):
    global calls
    calls += 1
    if calls == {count}:
        os.kill(os.getpid(), signal.SIGKILL)
    return real(*arguments, **more)
setattr(taking, {moment!r}, killed)
from orchestration.cli.program import main
sys.argv = ["nianbao", "mail-in"]
main()
"""


def test_2_replies_come_in_once_though_the_process_is_killed(world):
    sent = dict(replies(world))
    for code, data in sent.items():
        world.sends(address_of(code), data)
    for moment, count in (("note_mail", 2), ("whole_file", 1), ("note_done", 1), ("note_done", 2)):
        died = subprocess.run(
            [sys.executable, "-c", KILLED.format(moment=moment, count=count)],
            env=os.environ | world.environment,
            cwd=PROJECT_ROOT,
            capture_output=True,
            check=False,
        )
        assert died.returncode == -signal.SIGKILL, died.stderr
    world.house.new_numbers(BUREAU_ADDRESS)  # the mailbox moves to another server, too
    told = world.types("mail-in", code=0)
    assert "个工作簿" in told
    mailbox = read_mailbox(world.settings.archive)
    came = {mail_.respondent_code: mail_ for mail_ in mailbox.mails.values() if mail_.files}
    assert sorted(came) == world.schools
    files = world.settings.inbox.rglob("*.xlsx")
    assert sorted(path.read_bytes() for path in files) == sorted(world.books[code] for code in world.schools)
    assert "没有新的来信" in world.types("mail-in")
    for code in world.schools:
        (answer,) = world.new_mails(address_of(code))
        assert answer["In-Reply-To"] == f"<{code}@school.example>"
        assert f"{YEAR}年度" in text_of(answer)
    ingest(world.settings, world.city, (YEAR,))
    receipts = {each.sender: each for each in archived_receipts(world.settings.archive)}
    assert sorted(receipts) == world.schools
    assert {each.channel for each in receipts.values()} == {"mail"}
    assert "held" not in set(select(world.settings, "select status from registry.submission")["status"])


def test_3_another_address_is_a_question(world):
    one, other = world.schools[:2]
    changed = part("a.xlsx", zip_with_comment(world.books[one]), "qq")
    world.sends(address_of(other), mail(address_of(other), parts=(changed,), message_id="wrong@s"))
    changed = part("a.xlsx", zip_with_comment(world.books[other]), "foxmail")
    world.sends("private@school.example", mail("private@school.example", parts=(changed,), message_id="private@s"))
    world.types("mail-in")
    for address in (address_of(other), "private@school.example"):
        (answer,) = world.new_mails(address)
        assert "等教育局确认" in text_of(answer)
        assert enclosed(answer) == {}
    ingest(world.settings, world.city, (YEAR,))
    held = select(world.settings, "select held_for from registry.submission where status = 'held' order by all")
    assert held["held_for"].to_list() == ["held.sender_stranger", "held.sender_unknown"]


def zip_with_comment(book: bytes) -> bytes:
    """The same workbook as another content."""
    return book[:-2] + b"\x01\x00x"


def test_4_a_program_that_answers_every_answer_comes_to_an_end(world):
    school = world.schools[2]
    address = address_of(school)
    world.sends(address, mail(address, message_id="loop0@s", subject=word("请问")))
    rounds = 0
    while True:
        world.types("mail-in")
        if not (got := world.new_mails(address)):
            break
        rounds += 1
        assert rounds < 20, "a loop"
        for number, each in enumerate(got):
            # says nothing of itself: neither Auto-Submitted nor anything else
            answer = mail(address, message_id=f"loop{rounds}.{number}@s", subject=word(f"收到，谢谢 {rounds}"))
            world.sends(address, answer.replace(b"To:", b"In-Reply-To: " + each["Message-ID"].encode() + b"\r\nTo:", 1))
    assert rounds == MOST_ANSWERS - 1  # one was for its workbook
    listed = json.loads(world.types("mails", "--json", code=3))
    questions = [each["id"] for each in listed["troubles"] if each["kind"] == "question"]
    assert len(questions) == rounds + 1
    world.types("mails", *(word_ for id_ in questions for word_ in ("--settle", id_)), "--by", "王科长")


def test_5_a_program_that_says_so_is_not_answered_at_all(world):
    address = address_of(world.schools[0])
    for number, field_ in enumerate((b"Auto-Submitted: auto-replied", b"Precedence: bulk", b"List-Id: <a.b>")):
        world.sends(address, mail(address, message_id=f"auto{number}@s", more=(field_,), parts=()))
    world.types("mail-in")
    assert world.new_mails(address) == []
    assert "没有要人看" in world.types("mails")


def test_6_the_sensor_of_dagster_takes_and_answers(world):
    school = world.schools[1]
    world.sends(address_of(school), mail(address_of(school), message_id="sensor@s", subject=word("什么时候截止")))
    (sensor,) = build_mail_sensor().sensors or []
    with dg.DagsterInstance.ephemeral() as instance:
        served = {"installation": Installation(world.settings, world.city)}
        looks = [
            sensor.evaluate_tick(dg.build_sensor_context(instance, resources=served)).skip_message for _ in range(2)
        ]
    assert looks == ["收了 1 封信，自动答复 1 封。", "没有新的来信。"]
    (answer,) = world.new_mails(address_of(school))
    assert answer["In-Reply-To"] == "<sensor@s>"
