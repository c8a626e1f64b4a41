"""The bureau's digest: what it tells, once a day, by hand and by the sensor that reads the mailbox."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import dagster as dg
import pytest
from typer.testing import CliRunner

from orchestration.cli.main import app
from orchestration.defs.mail_sensor import build_mail_sensor
from orchestration.lib.digest_rounds import is_digest_due
from orchestration.lib.installation import Installation
from sources.archive.delivery import deliver
from sources.archive.mailbox import MailedFile, MailPlace, TakenMail, Undelivered, note_done, note_mail, read_posted
from sources.declarations.city import City
from sources.system.settings import Settings
from tests.conftest import NURSING_SCHOOL
from tests.support.mail_city import with_mailbox
from tests.support.sinks import Mailbox, mail_server

CLERK = "wang@city.example"


@pytest.fixture
def with_digest(empty: Settings, city: City, tmp_path: Path) -> Iterator[tuple[Settings, Mailbox]]:
    """A bureau whose digest goes out at any hour, long after the due date: nothing has come but mails."""
    with mail_server() as box:
        server = {"kind": "smtp", "host": "127.0.0.1", "port": box.port, "security": "insecure"}
        settings = with_mailbox(empty, city, tmp_path / "city", [server], digest_to=[CLERK], digest_hour=0)
        settings.inbox.mkdir(parents=True)
        yield settings, box


def came(settings: Settings, number: int, **more: Any) -> None:
    """A mail that was taken now."""
    place, now = MailPlace("box", 1, number), datetime.now(UTC).isoformat()
    mail = TakenMail(
        f"{number:024}",
        place,
        f"{number}@s",
        "a@s.example",
        NURSING_SCHOOL,
        f"第 {number} 封",
        "",
        now,
        now[:10],
        str(number),
        **more,
    )
    note_mail(settings.archive, mail)
    note_done(settings.archive, place, mail.identity)


def types(settings: Settings, *words: str, code: int = 0) -> str:
    own = {"NIANBAO_HOME": str(settings.home), "NIANBAO_CITY": str(settings.city_dir), "COLUMNS": "500"}
    done = CliRunner().invoke(app, ["digest", *words], env=own, catch_exceptions=False)
    assert done.exit_code == code, done.output
    return done.output


def look(settings: Settings, city: City) -> str:
    """What the sensor says at one look, as Dagster evaluates it."""
    (sensor,) = build_mail_sensor().sensors or []
    assert isinstance(sensor, dg.SensorDefinition)
    with dg.DagsterInstance.ephemeral() as instance:
        context = dg.build_sensor_context(instance, resources={"installation": Installation(settings, city)})
        outcome = sensor.evaluate_tick(context)
    assert outcome.run_requests == []
    return outcome.skip_message or ""


def test_a_day_has_one_digest_that_tells_what_came_and_what_waits(with_digest, city):
    settings, box = with_digest
    came(settings, 1, files=(MailedFile("报送.xlsx", "0" * 64, NURSING_SCHOOL),))
    came(settings, 2, remarks=("《数据.rar》是这里不解的压缩包。",))
    came(settings, 3, bounces=(Undelivered("gone@s.example", "没有这个邮箱"),), automatic="是退信")
    came(settings, 4, suspect="邮件服务器查过，发件人可能是冒充的（SPF fail）", remarks=("《假.xlsx》没有收。",))
    shown = types(settings)
    assert "发出了" in types(settings, "--send")
    assert "没有发：今天已经发过" in types(settings, "--send")
    assert look(settings, city) == "没有声明收信的邮箱（mail.yml）。"
    (mail,) = [message_from_bytes(each, policy=policy.default) for each in box.raw]
    text = mail.get_body().get_content()
    assert mail["To"] == CLERK
    assert text.split() == shown.split("\n\n", 1)[1].split()
    name = city.respondent_by_code[NURSING_SCHOOL].name
    for line in (
        "1. 来信 4 封",
        f"· {name}“第 1 封”：收了 1 个工作簿",
        f"· {name}“第 2 封”：《数据.rar》是这里不解的压缩包。",
        f"· {name}“第 3 封”：退信：gone＠s.example 没有这个邮箱",
        f"· {name}“第 4 封”：邮件服务器查过，发件人可能是冒充的（SPF fail）；《假.xlsx》没有收。",
        "没有送到的信",
        f"2023年度逾期还没有报送的 {len(city.respondents_in(2023))} 个单位",
        "　　nianbao mails",
    ):
        assert line in text, line
    (posted,) = read_posted(settings.archive)
    assert (posted.kind, posted.state, posted.content) == ("digest", "sent", settings.today.isoformat())


def test_who_has_sent_since_the_last_run_is_not_late(with_digest, city):
    settings, _ = with_digest
    name = city.respondent_by_code[NURSING_SCHOOL].name
    deliver(b"anything", NURSING_SCHOOL, "2023.xlsx", settings.inbox, settings.archive, settings.today)
    shown = types(settings)
    late, sent = (
        next(block for block in shown.split("\n\n") if heading in block)
        for heading in ("2023年度逾期还没有报送的", "报送了、等下一次运行的")
    )
    assert f"的 {len(city.respondents_in(2023)) - 1} 个单位" in late
    assert name not in late
    assert sent.endswith(f"的 1 个单位\n· {name}")


def test_the_sensor_sends_it_once_and_the_next_day_again_with_what_is_new(with_digest, city):
    settings, box = with_digest
    came(settings, 1)
    said = [look(each, city) for each in (settings, settings, next_day(settings), next_day(settings))]
    assert [("每日汇总发出了" in each) for each in said] == [True, False, True, False]
    first, second = (message_from_bytes(each, policy=policy.default).get_content() for each in box.raw)
    assert "来信 1 封" in first
    assert "来信 0 封" in second


def next_day(settings: Settings) -> Settings:
    return replace(settings, fixed_today=settings.today + timedelta(days=1))


def test_before_its_hour_it_waits(with_digest, city):
    settings, _ = with_digest
    server = {"kind": "smtp", "host": "127.0.0.1", "port": 25, "security": "insecure"}
    late = with_mailbox(settings, city, settings.city_dir, [server], digest_to=[CLERK], digest_hour=17)
    zone = ZoneInfo(city.calendar.timezone)
    assert not is_digest_due(late, city, datetime(2023, 12, 1, 16, 59, tzinfo=zone))
    assert is_digest_due(late, city, datetime(2023, 12, 1, 17, 0, tzinfo=zone).astimezone(UTC))


def test_a_server_that_puts_it_off_gets_it_again_and_one_that_refuses_does_not(with_digest, city):
    settings, box = with_digest
    box.later.add(CLERK)
    assert "每日汇总没有发出" in look(settings, city)
    box.later.clear()
    box.refused.add(CLERK)
    assert "每日汇总没有发出" in look(settings, city)
    box.refused.clear()
    assert "每日汇总" not in look(settings, city)


def test_who_gets_it_is_declared(empty, city, tmp_path):
    settings = with_mailbox(empty, city, tmp_path / "city", [])
    settings.inbox.mkdir(parents=True)
    assert "没有声明每日汇总发给谁" in types(settings, "--send", code=2)
