"""Letters go out by SMTP: each once, none stopped by another, nothing lost or doubled by a crash at any moment."""

import stat
from dataclasses import replace
from email import message_from_bytes, policy
from pathlib import Path

import pytest
from typer.testing import CliRunner

import warehouse.post.send_letters as sending
from orchestration.cli.main import app
from sources.archive.mailbox import POSTED_FILE, MailPlace, TakenMail, note_done, note_mail, read_posted
from sources.archive.sent import SENT_FILE, archived_sent
from sources.declarations.city import City
from sources.declarations.mailing import MAIL_FILE, MailSecretError, load_mailing
from sources.declarations.problem import DeclarationError
from sources.submission.file_names import workbook_file_name
from sources.system.settings import Settings
from tests.support.mail_city import BUREAU_ADDRESS, address_of, letters_to_schools, mailing_of, with_mailbox
from tests.support.sinks import SECRET, TOKEN, mail_server
from warehouse.alerts.mail_out import take_back
from warehouse.post.one_at_a_time import MailBusyError, mail_lock
from warehouse.post.send_letters import SentLetters, send_letters
from warehouse.post.smtp_server import PostError

FILE = b"PK\x03\x04 a workbook"


@pytest.fixture
def template(tmp_path: Path) -> Path:
    path = tmp_path / "2023_卫生学校_1.xlsx"
    path.write_bytes(FILE)
    return path


def installed(empty: Settings, city: City, tmp_path: Path, port: int, **more: object) -> Settings:
    server = {"kind": "smtp", "host": "127.0.0.1", "port": port, "security": "insecure"} | more
    return with_mailbox(empty, city, tmp_path / "city", [server])


def sent_by(settings: Settings, city: City, template: Path, again: bool = False) -> SentLetters:
    """Sends the letters, of which some may have been sent before."""
    letters = letters_to_schools(settings, city, template)
    return send_letters(settings, city, mailing_of(settings), letters, {}, "王科长", again)


def test_each_school_gets_its_mail_with_its_workbook_once(empty, city, tmp_path, template):
    with mail_server() as box:
        settings = installed(empty, city, tmp_path, box.port)
        sent = sent_by(settings, city, template)
        again = sent_by(settings, city, template)
    assert (len(sent.sent), len(again.sent), len(box.raw)) == (12, 0, 12)
    mails = [message_from_bytes(each, policy=policy.default) for each in box.raw]
    assert {each["To"] for each in mails} == {address_of(letter.respondent_code) for letter in sent.sent}
    one = mails[0]
    assert str(one["From"]) == f"钦州市教育局年报 <{BUREAU_ADDRESS}>"
    assert one["Subject"].startswith("【年报】请填报2023年度数据：")
    (enclosed,) = one.iter_attachments()
    assert (enclosed.get_filename(), enclosed.get_content()) == (template.name, FILE)
    assert one["Auto-Submitted"] == "auto-generated"
    assert {each["Message-ID"].strip("<>") for each in mails} == {
        each.message_id for each in read_posted(settings.archive)
    }
    assert {(each.batch, each.by) for each in archived_sent(settings.archive)} == {(sent.batch, "王科长")}
    assert all(line.isascii() for each in box.raw for line in each.partition(b"\r\n\r\n")[0].splitlines())


def test_a_refused_one_stops_nobody_and_waits_on(empty, city, tmp_path, template):
    schools = [each.code for each in city.respondents if each.kind == "school"]
    with mail_server() as box:
        settings = installed(empty, city, tmp_path, box.port)
        box.refused, box.later = {address_of(schools[0])}, {address_of(schools[1])}
        sent = sent_by(settings, city, template)
        assert (len(sent.sent), len(sent.failed)) == (10, 2)
        reasons = [why for _, why in sent.failed]
        assert "没有这个邮箱" in reasons[0]
        assert "还会再试" in reasons[1]
        box.refused, box.later = set(), set()
        assert len(sent_by(settings, city, template).sent) == 2
    assert len(box.raw) == 12


def test_who_has_no_address_is_named(empty, city, tmp_path, template):
    with mail_server() as box:
        settings = installed(empty, city, tmp_path, box.port)
        (settings.city_dir / "contacts.yml").write_text("contacts: []\n", "utf-8")
        sent = sent_by(settings, city, template)
    assert (len(sent.sent), len(sent.without_address)) == (0, 12)


def test_what_broke_off_is_not_sent_again_by_itself(empty, city, tmp_path, template):
    school = next(each.code for each in city.respondents if each.kind == "school")
    with mail_server() as box:
        settings = installed(empty, city, tmp_path, box.port)
        box.hang_up = {address_of(school)}
        sent = sent_by(settings, city, template)
        assert ([each.respondent_code for each, _ in sent.uncertain], len(sent.sent)) == ([school], 11)
        box.hang_up = set()
        still = sent_by(settings, city, template)
        assert ([each.respondent_code for each, _ in still.uncertain], len(box.raw)) == ([school], 12)
        assert len(sent_by(settings, city, template, again=True).sent) == 1


def test_an_answer_shows_that_it_had_arrived(empty, city, tmp_path, template):
    school = next(each.code for each in city.respondents if each.kind == "school")
    with mail_server() as box:
        settings = installed(empty, city, tmp_path, box.port)
        box.hang_up = {address_of(school)}
        sent_by(settings, city, template)
        (lost,) = [each for each in read_posted(settings.archive) if each.state == "sending"]
        place = MailPlace("box", 1, 1)
        came = TakenMail(
            "id", place, "m", address_of(school), school, "Re", "", "", "", "f", answers=(lost.message_id,)
        )
        note_mail(settings.archive, came)
        note_done(settings.archive, place, "id")
        assert sent_by(settings, city, template).uncertain == ()


@pytest.mark.parametrize("moment", ["before the note", "after the note"])
def test_a_crash_between_sending_and_noting_sends_nothing_twice(empty, city, tmp_path, template, monkeypatch, moment):
    class KilledError(BaseException):
        pass

    real = sending.note_posted if moment == "before the note" else sending._note_letters
    calls = 0

    def killed(*arguments: object) -> None:
        nonlocal calls
        posted = arguments[1]
        done = moment == "after the note" or posted.state == "sent"
        calls += done
        if done and calls == 5 + (moment == "after the note"):  # the first call of the latter catches up
            raise KilledError
        real(*arguments)

    with mail_server() as box:
        settings = installed(empty, city, tmp_path, box.port)
        monkeypatch.setattr(sending, real.__name__, killed)
        with pytest.raises(KilledError):
            sent_by(settings, city, template)
        monkeypatch.undo()
        sending.catch_up(settings)
        rest = sent_by(settings, city, template)
        assert len(box.raw) + len(rest.uncertain) == 12 + (moment == "before the note")
    got = [address for address, _, _ in box.letters]
    assert len(got) == len(set(got)) == 12 - len(rest.uncertain) + (moment == "before the note")


def test_a_server_that_is_not_there_or_goes_away_is_told_and_nothing_is_noted(empty, city, tmp_path, template):
    settings = installed(empty, city, tmp_path, 1)
    with pytest.raises(PostError, match=r"127\.0\.0\.1:1 连不上"):
        sent_by(settings, city, template)
    assert not (settings.archive / SENT_FILE).exists()


def test_a_wrong_password_is_told_and_is_in_no_word(empty, city, tmp_path, template, monkeypatch):
    monkeypatch.setenv("NIANBAO_TEST_PASSWORD", "wrong-password-1")
    with mail_server(login=True) as box:
        settings = installed(empty, city, tmp_path, box.port, user=TOKEN, password_env="NIANBAO_TEST_PASSWORD")
        with pytest.raises(PostError, match="授权码") as told:
            sent_by(settings, city, template)
        assert "wrong-password-1" not in str(told.value)
        monkeypatch.setenv("NIANBAO_TEST_PASSWORD", SECRET)
        assert len(sent_by(settings, city, template).sent) == 12
        assert box.logins[-1] == (TOKEN, SECRET)
    assert SECRET not in (settings.archive / POSTED_FILE).read_text("utf-8")


def test_the_password_may_stand_in_a_file_that_nobody_else_reads(empty, city, tmp_path, template):
    with mail_server(login=True) as box:
        settings = installed(empty, city, tmp_path, box.port, user=TOKEN, password_file="secret")
        secret = settings.city_dir / "secret"
        with pytest.raises(MailSecretError, match="读不出来"):
            sent_by(settings, city, template)
        secret.write_text(f"{SECRET}\n", "utf-8")
        secret.chmod(0o644)
        with pytest.raises(MailSecretError, match="chmod 600"):
            sent_by(settings, city, template)
        secret.chmod(stat.S_IRUSR)
        assert len(sent_by(settings, city, template).sent) == 12


def test_taken_back_it_is_sent_again(empty, city, tmp_path, template):
    with mail_server() as box:
        settings = installed(empty, city, tmp_path, box.port)
        sent = sent_by(settings, city, template)
        code = sent.sent[3].respondent_code
        take_back(settings, sent.batch, "王科长", [code])
        again = sent_by(settings, city, template)
        assert [each.respondent_code for each in again.sent] == [code]
        assert again.batch != sent.batch  # also within one second
        assert len([each for each in archived_sent(settings.archive) if each.batch == sent.batch]) == 11


def test_nothing_in_a_letter_begins_a_line_of_the_head(empty, city, tmp_path, template):
    with mail_server() as box:
        settings = installed(empty, city, tmp_path, box.port)
        letter = letters_to_schools(settings, city, template)[0]
        evil = template.with_name("a\r\nBcc: x@y.z\r\n.xlsx")
        evil.write_bytes(FILE)
        letter = replace(
            letter, subject="x\r\nBcc: evil@x.example\r\n\r\n<script>", body="a\r\n.\r\nQUIT\n.\n", file=evil
        )
        send_letters(settings, city, mailing_of(settings), [letter], {}, "王")
    (mail,) = (message_from_bytes(each, policy=policy.default) for each in box.raw)
    assert mail["Bcc"] is None
    assert mail["Subject"] == "x  Bcc: evil＠x.example    ＜script＞"
    assert "QUIT" in mail.get_body().get_content()
    assert len(box.raw) == 1


def test_one_process_at_a_time(empty):
    with mail_lock(empty), pytest.raises(MailBusyError), mail_lock(empty):
        pass


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("address: nowhere\n", "address"),
        ("address: a@b.cn\nservers:\n  - {kind: pop, host: x, port: 1}\n", "kind"),
        ("address: a@b.cn\nservers:\n  - {kind: smtp, host: x, port: 1, user: a}\n", "user 和密码"),
        ("address: a@b.cn\nservers:\n" + "  - {kind: smtp, host: x, port: 1}\n" * 2, "各至多一项"),
    ],
)
def test_a_wrong_declaration_is_told(tmp_path, text, told):
    (tmp_path / MAIL_FILE).write_text(text, "utf-8")
    with pytest.raises(DeclarationError, match=told):
        load_mailing(tmp_path)


def test_letters_go_to_the_schools_that_are_named_and_the_others_wait(empty, city, tmp_path, template):
    with mail_server() as box:
        settings = installed(empty, city, tmp_path, box.port)
        settings.inbox.mkdir(parents=True)
        for each in city.respondents_in(2023):
            target = settings.templates / "2023" / workbook_file_name(each, 2023)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(template.read_bytes())
        schools = [each for each in city.respondents_in(2023) if each.kind == "school"]
        named = {schools[0].code: schools[0].name, schools[3].code: schools[3].code}
        own = {"NIANBAO_HOME": str(settings.home), "NIANBAO_CITY": str(settings.city_dir)}
        said = ["mail-out", "--send", "--by", "王科长"]
        chosen = [word for each in named.values() for word in ("--school", each)]
        assert CliRunner().invoke(app, said + chosen, env=own, catch_exceptions=False).exit_code == 0
        assert {each.respondent_code for each in archived_sent(settings.archive)} == set(named)
        went = len(box.raw)
        nobody = CliRunner().invoke(app, [*said, "--school", "没有这个学校"], env=own, catch_exceptions=False)
        assert (nobody.exit_code, len(box.raw)) == (2, went)
        CliRunner().invoke(app, said, env=own, catch_exceptions=False)
        assert {each.respondent_code for each in archived_sent(settings.archive)} >= {each.code for each in schools}
        assert len(box.raw) == len(set(box.raw)) == len(archived_sent(settings.archive))
