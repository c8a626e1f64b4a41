"""Who is told of what, and how often: against real servers, a real register and a real ledger."""

import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, fields, replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
import yaml
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from orchestration.lib.observe import alert
from sources.declarations import check_city
from sources.declarations.alerting import ALERTS_FILE, Alerting, Channel, Webhook, load_alerting
from sources.declarations.city import City, load_city, read_city
from sources.sample.pour import load_samples
from sources.submission.cell import CellAddress
from sources.submission.explanation import GivenExplanation
from sources.submission.file_names import workbook_file_name
from sources.submission.finding import Finding
from sources.system.settings import CITIES_ROOT, Settings
from sources.write.template import build_workbook
from tests.conftest import NURSING_SCHOOL, cell_of, edit, ingest
from tests.support.sinks import ROBOTS, SECRET, TOKEN, Sink, dingtalk, feishu, mail_server, serve, wecom
from warehouse.alerts import channels
from warehouse.alerts.due import Item
from warehouse.alerts.ledger import LEDGER_FILE, claim, create_ledger, settle
from warehouse.alerts.messages import compose
from warehouse.alerts.tell import try_channels
from warehouse.alerts.troubles import Observation, Register, RunReport, Trouble, of_register, of_run
from warehouse.intake.version import Status, Version
from warehouse.release.item import Listed, ReleaseItem, Settled
from warehouse.release.manifest import Manifest, manifest_hash, write_manifest

SAMPLE = CITIES_ROOT / "450700"
SAMPLE_CITY = load_city(SAMPLE)
NURSING = "钦州市卫生学校"
BEFORE, SOON, LATE = date(2023, 11, 1), date(2023, 11, 25), date(2023, 12, 2)
NOW = datetime(2023, 11, 1, 4, tzinfo=UTC)
CALENDAR = {
    "timezone": "Asia/Shanghai",
    "nightly": "30 2 * * *",
    "yearly": "0 6 8 10 *",
    "years": {
        2023: {
            "as_of": date(2023, 9, 1),
            "school_year_from": date(2022, 9, 1),
            "school_year_to": date(2023, 8, 31),
            "opens": date(2023, 10, 8),
            "due": date(2023, 11, 30),
            "freezes": date(2024, 1, 31),
        }
    },
}


@pytest.fixture(autouse=True)
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_TOKEN", TOKEN)
    monkeypatch.setenv("TEST_SECRET", SECRET)


@pytest.fixture
def installation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A city of one school that has received nothing yet, in November, before anything is due.

    Its bureau is of an earlier year, so that only the school is missing; a real city would be told.
    """
    monkeypatch.setattr(check_city, "_served_years", lambda city, is_unsure: iter(()))
    city_dir = tmp_path / "city"
    city_dir.mkdir()
    for name in ("city.yml", "scopes.yml"):
        shutil.copyfile(SAMPLE / name, city_dir / name)
    school = {"code": NURSING_SCHOOL, "name": NURSING, "kind": "school"}
    earlier = {"code": "450700", "name": "钦州市教育局", "kind": "bureau", "until": 2022}
    write_yaml(city_dir / "respondents.yml", {"respondents": [school, earlier]})
    write_yaml(city_dir / "calendar.yml", CALENDAR)
    return Settings(home=tmp_path / "home", city_dir=city_dir, fixed_today=BEFORE)


@pytest.fixture
def city(installation: Settings) -> City:
    return load_city(installation.city_dir)


@pytest.fixture
def group(installation: Settings) -> Iterator[Sink]:
    """A DingTalk group, to which the installation's alerts go."""
    with serve(dingtalk) as sink:
        configure(installation, robot("dingtalk", sink))
        yield sink


def robot(kind: str, sink: Sink, **more: object) -> dict:
    signing = {} if kind == "wecom" else {"secret_env": "TEST_SECRET"}
    return {"kind": kind, "name": f"{kind}群", "token_env": "TEST_TOKEN", "base_url": sink.url, **signing, **more}


def configure(installation: Settings, *channels: dict, **more: object) -> None:
    write_yaml(
        installation.city_dir / ALERTS_FILE,
        {"enabled": True, "timeout_seconds": 5, "daytime": [0, 24], "channels": list(channels), **more},
    )


def write_yaml(path: Path, content: dict) -> None:
    path.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")


def failed(hour: float = 0, run_id: str = "4f1c0000-run") -> RunReport:
    return RunReport(run_id, hours(hour), failed_steps={"发布数据库": ["磁盘已满"]})


def succeeded(hour: float = 0) -> RunReport:
    return RunReport("9a7b0000-run", hours(hour), done_steps=frozenset({"发布数据库"}))


def hours(count: float) -> datetime:
    return NOW + timedelta(hours=count)


# --- Off, unless switched on -----------------------------------------------------------------------------------------


def test_alerts_are_off_by_default_and_say_so(installation, city):
    assert load_alerting(SAMPLE) == Alerting()
    with serve(dingtalk) as sink:
        nowhere = alert(installation, city, failed())
        configure(installation, robot("dingtalk", sink), enabled=False)
        switched_off = alert(installation, city, failed())
    assert nowhere.summary == switched_off.summary == f"提醒：未启用（{installation.city_dir / ALERTS_FILE}）"
    assert sink.received == []
    assert not (installation.home / LEDGER_FILE).exists()


def test_the_examples_in_the_sample_city_are_valid(tmp_path):
    before, _, examples = (SAMPLE / ALERTS_FILE).read_text("utf-8").partition("channels: []\n")
    uncommented = "\n".join(line.removeprefix("# ") for line in examples.splitlines())
    (tmp_path / ALERTS_FILE).write_text(before.replace("enabled: false", "enabled: true ") + uncommented, "utf-8")
    assert [each.kind for each in load_alerting(tmp_path).channels] == [
        "dingtalk",
        "wecom",
        "feishu",
        "mail",
        "webhook",
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("enabled: true", "没有任何渠道"),
        (f"channels: [{{kind: dingtalk, name: 群, token_env: A, secret: {SECRET}}}]", "第 1 行：没有“secret”这个键"),
        (
            f"channels: [{{kind: dingtalk, name: 群, token_env: {SECRET}-x}}]",
            "第 1 行：“token_env”应当是环境变量的名字",
        ),
        ("channels: [{kind: wecom, name: 群, token_env: A, secret_env: B}]", "企业微信机器人没有签名"),
        ("a: [\nb", "不是正确的 YAML"),
    ],
)
def test_a_wrong_file_is_told_without_what_it_holds_and_fails_nothing(installation, city, text, told):
    (installation.city_dir / ALERTS_FILE).write_text(text, "utf-8")
    summary = alert(installation, city, failed()).summary
    assert told in summary
    assert ALERTS_FILE in summary
    assert SECRET not in summary


def test_a_missing_secret_is_told_by_its_name_and_the_other_channels_get_the_message(installation, city, group):
    configure(installation, {**robot("dingtalk", group), "token_env": "NOT_SET"}, robot("dingtalk", group, name="乙群"))
    assert alert(installation, city, failed()).summary == "提醒：发出 1 条，dingtalk群缺少环境变量 NOT_SET"
    assert len(group.accepted) == 1


def test_every_channel_can_be_tried_also_while_alerts_are_off(installation, city, group):
    with serve(lambda _: (200, {"errcode": 45009, "errmsg": ""})) as busy:
        configure(installation, robot("dingtalk", group), robot("wecom", busy), enabled=False)
        outcome = try_channels(installation, city)
    assert (outcome.sent, [name for name, _, _ in outcome.undelivered]) == (1, ["wecom群"])
    assert "测试消息" in group.accepted[0]


# --- One message for one trouble -------------------------------------------------------------------------------------


def test_two_failures_are_one_message_and_the_recovery_is_one(installation, city, group):
    assert alert(installation, city, failed(0, "aaaaaaaa"), hours(0)).summary == "提醒：发出 1 条"
    assert alert(installation, city, failed(1, "bbbbbbbb"), hours(1)).summary == "提醒：没有新情况"
    assert [text.splitlines()[1] for text in group.accepted] == ["● 运行失败：发布数据库"]
    assert "磁盘已满" in group.accepted[0]
    assert alert(installation, city, succeeded(2), hours(2)).sent == 1
    assert alert(installation, city, succeeded(3), hours(3)).sent == 0
    assert group.accepted[1:] == [
        "【年报】钦州市：已恢复 1 项\n○ 已恢复：运行失败：发布数据库\n　运行 9a7b0000 中，这一步成功了。"
    ]


def test_what_stands_is_told_again_after_six_hours_and_not_before(installation, city, group):
    for hour in (0, 2, 5.9, 6, 7, 11.9, 12):
        alert(installation, city, failed(hour), hours(hour))
    first, *again = group.accepted
    assert "再次提醒" not in first
    assert [text.splitlines()[1] for text in again] == ["● （再次提醒）运行失败：发布数据库"] * 2


def test_a_failure_that_comes_back_after_its_recovery_is_told_at_once(installation, city, group):
    for hour, run in enumerate([failed(0), succeeded(1), failed(2)]):
        alert(installation, city, run, hours(hour))
    assert [text.splitlines()[0] for text in group.accepted] == [
        f"【年报】钦州市：{what} 1 项" for what in ("新情况", "已恢复", "新情况")
    ]


def test_a_run_that_ended_earlier_but_is_seen_later_says_nothing(installation, city, group):
    """The sensor on failures may come to an old run after `nianbao run` has told of a newer one."""
    alert(installation, city, succeeded(1), hours(1))
    assert alert(installation, city, failed(0), hours(1.1)).summary == "提醒：没有新情况"


def test_a_run_that_did_not_do_the_failed_step_does_not_mend_it(installation, city, group):
    alert(installation, city, failed(0), hours(0))
    other = RunReport("cccccccc", hours(1), done_steps=frozenset({"输出汇总表"}))
    assert alert(installation, city, other, hours(1)).sent == 0


def test_failed_checks_are_told_and_mended_one_by_one(installation, city, group):
    both = RunReport("a", hours(0), failed_checks={"core/x：key": ["未通过的行数 3"], "core/y：key": []})
    both = replace(both, labels={"core/x：key": "指标值"})
    one = RunReport("b", hours(1), failed_checks={"core/x：key": ["未通过的行数 2"]}, passed_checks={"core/y：key"})
    alert(installation, city, both, hours(0))
    alert(installation, city, one, hours(1))
    assert [text.splitlines()[1:] for text in group.accepted] == [
        ["● 检验未通过：指标值", "　core/x：key", "　未通过的行数 3", "● 检验未通过：core/y：key"],
        ["○ 已恢复：检验未通过：core/y：key", "　运行 b 中，检验通过了。"],
    ]


# --- Channels do not depend on each other ----------------------------------------------------------------------------


def test_a_mistake_of_ours_in_one_channel_holds_up_no_other(installation, city, group, monkeypatch):
    send = channels.send

    def fails(channel: Channel, *given: object) -> str | None:
        if channel.kind == "wecom":
            raise KeyError("a fault of ours")
        return send(channel, *given)

    monkeypatch.setattr(channels, "send", fails)
    configure(installation, robot("wecom", group), robot("dingtalk", group))
    outcome = alert(installation, city, failed(), hours(0))
    assert group.accepted[0].splitlines()[1] == "● 运行失败：发布数据库"
    assert [(name, count) for name, count, _ in outcome.undelivered] == [("wecom群", 1)]
    assert "程序出错（KeyError）" in outcome.summary
    tried = try_channels(installation, city)
    assert (tried.sent, [name for name, _, _ in tried.undelivered]) == (1, ["wecom群"])


def test_a_channel_that_fails_holds_up_no_other_and_gets_its_message_next_time(installation, city):
    with serve(dingtalk) as first, serve(wecom) as second, serve(feishu) as third, mail_server() as mailbox:
        mail = {"kind": "mail", "name": "邮箱", "host": "127.0.0.1", "port": mailbox.port, "security": "insecure"}
        mail |= {"sender": "nianbao@example.gov.cn", "to": ["a@example.gov.cn", "b@example.gov.cn"]}
        configure(installation, robot("dingtalk", first), robot("wecom", second), robot("feishu", third), mail)
        second.answer = lambda _: (200, {"errcode": 45009, "errmsg": "api freq out of limit"})
        mailbox.refused = {"b@example.gov.cn"}
        outcome = alert(installation, city, failed(), hours(0))
        assert outcome.sent == 6  # to three of them the failure, and that two others are down
        assert [(name, count) for name, count, _ in outcome.undelivered] == [
            ("wecom群", 1),
            ("邮箱 b@example.gov.cn", 1),
        ]
        assert "2 条未送达" not in outcome.summary
        assert "1 条未送达（wecom群：企业微信拒收，错误码 45009：发送过快" in outcome.summary
        second.answer, mailbox.refused = wecom, set()
        assert alert(installation, city, failed(1), hours(1)).summary == "提醒：发出 5 条"
        assert [len(sink.accepted) for sink in (first, second, third)] == [3, 1, 3]
    assert [(to, subject) for to, subject, _ in mailbox.letters] == [
        ("a@example.gov.cn", "【年报】钦州市：新情况 1 项"),
        ("a@example.gov.cn", "【年报】钦州市：新情况 2 项"),
        ("b@example.gov.cn", "【年报】钦州市：新情况 1 项"),
        ("a@example.gov.cn", "【年报】钦州市：已恢复 2 项"),
    ]


def test_what_a_channel_never_heard_of_does_not_recover_there(installation, city):
    with serve(lambda _: (500, b"")) as sink:
        configure(installation, robot("dingtalk", sink))
        alert(installation, city, failed(0), hours(0))
        sink.answer = dingtalk
        assert alert(installation, city, succeeded(1), hours(1)).summary == "提醒：没有新情况"
        assert alert(installation, city, failed(2), hours(2)).sent == 1


def test_a_channel_hears_only_of_the_kinds_and_respondents_that_it_wants(installation, city, group):
    configure(
        installation,
        robot("dingtalk", group, name="甲", only=["check"]),
        robot("dingtalk", group, name="乙", respondents=[NURSING_SCHOOL]),
    )
    with_check = replace(failed(), failed_checks={"core/x：key": []})
    alert(replace(installation, fixed_today=LATE), city, with_check, hours(0))
    assert sorted(text.splitlines()[1].partition("：")[0] for text in group.accepted) == [
        "● 2023年度数据逾期",
        "● 检验未通过",
    ]


def test_a_bureau_of_a_province_hears_of_its_own_region(installation, group):
    province, city_a, city_b = (
        {"code": "450000", "name": "某省", "level": "province"},
        {"code": "450700", "name": "甲市", "level": "city", "parent": "450000"},
        {"code": "450800", "name": "乙市", "level": "city", "parent": "450000"},
    )
    write_yaml(installation.city_dir / "city.yml", {"code": "450000", "name": "某省"})
    write_yaml(installation.city_dir / "regions.yml", {"regions": [province, city_a, city_b]})
    respondents = [
        {"code": NURSING_SCHOOL, "name": NURSING, "kind": "school", "region": "450700"},
        {"code": "3645900099", "name": "乙市学校", "kind": "school", "region": "450800"},
        {"code": "450800", "name": "乙市教育局", "kind": "bureau", "region": "450800"},
    ]
    write_yaml(installation.city_dir / "respondents.yml", {"respondents": respondents})
    configure(
        installation,
        robot("dingtalk", group, name="甲市", regions=["450700"]),
        robot("dingtalk", group, name="没有的市", regions=["450900"]),
    )
    outcome = alert(replace(installation, fixed_today=LATE), load_city(installation.city_dir), failed(), hours(0))
    assert [text.splitlines()[0] for text in group.accepted] == [f"【年报】{NURSING}：新情况 1 项"]
    assert outcome.problems == ("渠道“没有的市”：没有地区 450900",)
    assert try_channels(installation, load_city(installation.city_dir)).problems == outcome.problems
    group.accepted.clear()
    configure(installation, robot("dingtalk", group, name="全省", regions=["450000"]))
    alert(replace(installation, fixed_today=LATE), load_city(installation.city_dir), failed(), hours(1))
    assert len(group.accepted) == 3


# --- Several processes -----------------------------------------------------------------------------------------------

CHILD = """
import sys
from datetime import datetime
from pathlib import Path
from sources.declarations.city import read_city
from sources.system.settings import Settings
from orchestration.lib.observe import alert
from warehouse.alerts.troubles import RunReport
settings = Settings(home=Path(sys.argv[1]), city_dir=Path(sys.argv[2]))
run = RunReport("a", datetime.fromisoformat(sys.argv[3]), failed_steps={"发布数据库": ["磁盘已满"]})
print(alert(settings, read_city(settings.city_dir).city, run, run.ended_at).summary)
"""


def test_what_one_process_is_sending_another_does_not_send(installation, city):
    installation = replace(installation, fixed_today=None)
    configure_frozen(installation)
    arrived, may_answer = threading.Event(), threading.Event()

    def slowly(received):
        arrived.set()
        may_answer.wait(60)
        return dingtalk(received)

    with serve(slowly) as sink:
        configure(installation, robot("dingtalk", sink), timeout_seconds=60)
        arguments = [str(installation.home), str(installation.city_dir), hours(0).isoformat()]
        child = subprocess.Popen([sys.executable, "-c", CHILD, *arguments], stdout=subprocess.PIPE, text=True)
        assert arrived.wait(60)
        assert (
            alert(installation, read_city(installation.city_dir).city, failed(0), hours(0)).summary
            == "提醒：没有新情况"
        )
        may_answer.set()
        told, _ = child.communicate(timeout=60)
        assert told.strip() == "提醒：发出 1 条"
        assert len(sink.received) == 1


def configure_frozen(installation: Settings) -> None:
    """A calendar in which nothing is due on whatever day the test runs; a check of the city would call it far away."""
    years = {2023: CALENDAR["years"][2023] | {"due": date(2098, 1, 1), "freezes": date(2099, 1, 1)}}
    write_yaml(installation.city_dir / "calendar.yml", CALENDAR | {"years": years})
    load_city.cache_clear()


def test_many_at_the_same_moment_send_one_message(installation, city, group):
    together = threading.Barrier(6)
    summaries = []

    def one() -> None:
        together.wait()
        summaries.append(alert(installation, city, failed(0), hours(0)).summary)

    threads = [threading.Thread(target=one) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(summaries) == ["提醒：发出 1 条", *["提醒：没有新情况"] * 5]
    assert len(group.received) == 1


def test_what_a_process_that_died_was_about_to_send_is_sent_after_a_while(installation, city, group):
    alerting = load_alerting(installation.city_dir)
    installation.home.mkdir()
    alert(installation, city, succeeded(-1), hours(-1))
    with closing(sqlite3.connect(installation.home / LEDGER_FILE, isolation_level=None)) as ledger:
        ((_, items),) = claim(ledger, alerting.channels, [of_run(failed(0))], city, alerting, hours(0))
    assert len(items) == 1
    assert alert(installation, city, failed(0.1), hours(0.1)).sent == 0
    assert alert(installation, city, failed(0.2), hours(0.2)).sent == 1


# --- What the register says ------------------------------------------------------------------------------------------


def hand_in(installation: Settings, city: City, change: Callable | None = None) -> Path:
    """The nursing school's sample workbook in the inbox, changed or not, taken in."""
    installation.inbox.mkdir(parents=True, exist_ok=True)
    respondent = city.respondent_by_code[NURSING_SCHOOL]
    path = installation.inbox / workbook_file_name(respondent, 2023)
    if not path.exists():
        values = load_samples(SAMPLE, 2023)[NURSING_SCHOOL]
        path.write_bytes(build_workbook(city, respondent, 2023, values))
    if change:
        edit(installation, city, NURSING_SCHOOL, 2023, change)
    ingest(installation, city, (2023,))
    return path


def break_students(book) -> None:
    cell_of(book, "学生情况", "全日制在校生数").value = "[若干](http://evil.example) @all"


def mend_students(book, students: int = 3000) -> None:
    cell_of(book, "学生情况", "全日制在校生数").value = students


def test_a_school_gets_one_digest_a_run_and_one_recovery(installation, city, group):
    installation = replace(installation, fixed_today=LATE)
    hand_in(installation, city, break_students)
    assert alert(installation, city, now=hours(0)).sent == 1
    title, *lines = group.accepted[0].splitlines()
    assert title == f"【年报】{NURSING}：新情况 1 项"
    name = workbook_file_name(city.respondent_by_code[NURSING_SCHOOL], 2023)
    assert lines[:2] == [f"● 2023年度报送已退回：{name}（已逾期）", "　截止日期 2023-11-30，已过 2 天。"]
    assert not [line for line in lines[1:] if line.startswith("●")]
    (finding,) = [line for line in lines if "全日制在校生数" in line]
    assert finding.startswith("　学生情况 E6：")
    assert not {"@", "[", "<"} & set(group.accepted[0])
    assert "://" not in group.accepted[0]
    assert alert(installation, city, now=hours(1)).sent == 0
    hand_in(installation, city, mend_students)
    assert alert(installation, city, now=hours(2)).sent == 1
    mended = [line for line in group.accepted[1].splitlines() if line.startswith("○")]
    assert mended == [f"○ 已恢复：2023年度报送已退回：{name}（已逾期）"]
    assert "已恢复 1 项" in group.accepted[1]


def test_the_digest_names_the_marked_workbook(installation, city, group):
    hand_in(installation, city, break_students)
    (submission_id,) = [path.stem for path in installation.archive.glob("*/*.xlsx")]
    marked = installation.feedback / "2023" / f"{NURSING}_{submission_id[:8]}_校验结果.xlsx"
    marked.parent.mkdir(parents=True)
    marked.touch()
    alert(installation, city, now=hours(0))
    assert f"标出问题的工作簿：{marked}" in group.accepted[0]


def test_an_unidentified_file_is_told_until_it_is_taken_out_of_the_inbox(installation, city, group):
    installation.inbox.mkdir(parents=True)
    path = installation.inbox / "@所有人 <at id=all> [点此](www.evil.example).xlsx"
    path.write_bytes(b"no workbook at all")
    ingest(installation, city, (2023,))
    alert(installation, city, now=hours(0))
    alert(installation, city, now=hours(1))
    path.unlink()
    alert(installation, city, now=hours(2))
    first, last = group.accepted
    assert first.splitlines()[1].startswith("● 收到无法识别的文件：")
    assert last.splitlines()[0] == "【年报】钦州市：已恢复 1 项"
    assert not {"@", "[", "<"} & set(first + last)


def test_a_register_that_cannot_be_read_does_not_silence_the_run(installation, city, group):
    installation.working_database.parent.mkdir(parents=True)
    installation.working_database.write_bytes(b"no database" * 1000)
    outcome = alert(installation, city, failed(), hours(0))
    assert outcome.sent == 1
    assert "报送登记读不出" in outcome.summary


def version(status: Status = "accepted", received_on: date = BEFORE, stands: bool | None = None) -> Version:
    is_accepted = status == "accepted"
    return Version(
        submission_id=f"id-{status}",
        file_name="a.xlsx",
        respondent_code=NURSING_SCHOOL,
        respondent_name="学校",
        report_year=2023,
        status=status,
        reason=None,
        received_on=received_on,
        counts=is_accepted,
        stands=is_accepted if stands is None else stands,
        errors=0,
        warnings=1,
    )


def warning(reason: str = "", submission_id: str = "id-accepted") -> Finding:
    at = CellAddress(submission_id, "a.xlsx", "s", "E6")
    plain = Finding(at, "1", "r", "v1", "warning", "异常。", "请核对。")
    return replace(plain, explanation=GivenExplanation(plain.question, reason, "李老师")) if reason else plain


def seen(city: City, today: date, *versions: Version, findings: Sequence[Finding] = ()) -> tuple[list, set[str]]:
    """Kinds of the troubles that the register shows on a day, and the kinds of what is well of a respondent's year."""
    observation = of_register(Register(versions, findings), city, today, 7, NOW)
    of_years = {key.split(":")[0] for key in observation.cleared if NURSING_SCHOOL in key}
    return [trouble.kind for trouble in observation.troubles if not trouble.within], of_years


def test_a_school_is_reminded_before_the_due_date_and_called_overdue_after_it(city):
    due_date = city.calendar.years[2023].due
    assert seen(city, due_date - timedelta(days=8)) == ([], set())
    assert seen(city, due_date - timedelta(days=7)) == (["due_soon"], set())
    assert seen(city, due_date) == (["due_soon"], set())
    assert seen(city, due_date + timedelta(days=1)) == (["overdue"], set())
    assert seen(city, LATE, version()) == ([], {"unsent", "rejected", "unexplained"})


def test_a_rejected_version_beside_an_accepted_one_is_rejected_and_not_overdue(city):
    assert seen(city, LATE, version("rejected", stands=True)) == (["rejected"], {"unsent"})
    assert seen(city, LATE, version("rejected")) == (["overdue", "rejected"], set())


def test_warnings_are_told_until_they_are_explained(city):
    assert seen(city, LATE, version(), findings=[warning()]) == (["unexplained"], {"unsent", "rejected"})
    assert seen(city, LATE, version(), findings=[warning("已核实。")])[0] == []


def test_a_trouble_has_the_fingerprint_that_the_ledger_of_an_older_release_has(city):
    """Otherwise everything that has been told would be told again after an update."""
    told = of_register(
        Register([version("rejected")], [replace(warning(submission_id="id-rejected"), severity="error")]),
        city,
        BEFORE,
        7,
        NOW,
    )
    (rejected,) = [trouble for trouble in told.troubles if trouble.kind == "rejected" and not trouble.within]
    assert rejected.content == "id-rejected\nr s E6"
    assert rejected.fingerprint == "89ac558daf1ec27d"
    (unexplained,) = of_register(Register([version()], [warning()]), city, BEFORE, 7, NOW).troubles
    assert unexplained.fingerprint == "99d3fb019b5360bb"


def test_after_the_freeze_old_omissions_are_neither_told_nor_called_mended(city):
    frozen = date(2024, 2, 10)
    assert seen(city, frozen) == ([], set())
    assert seen(city, frozen, version("rejected")) == ([], set())
    assert seen(city, frozen, version("rejected", received_on=date(2024, 2, 5), stands=True)) == (
        ["rejected"],
        {"unsent"},
    )


def test_a_reminder_becomes_overdue_and_then_mended_as_one_trouble(city, installation, group):
    for hour, today in ((0, SOON), (23, SOON), (24, SOON), (30, SOON), (200, LATE), (205.9, LATE), (206, LATE)):
        alert(replace(installation, fixed_today=today), city, now=hours(hour))
    assert [text.splitlines()[1] for text in group.accepted] == [
        "● 2023年度数据即将到期：还没有报送",
        "● （再次提醒）2023年度数据即将到期：还没有报送",
        "● 2023年度数据逾期：还没有报送",
        "● （再次提醒）2023年度数据逾期：还没有报送",
    ]
    assert "截止日期 2023-11-30，还有 5 天。" in group.accepted[0]
    assert "截止日期 2023-11-30，已过 2 天。" in group.accepted[2]
    hand_in(installation, city, mend_students)
    alert(replace(installation, fixed_today=LATE), city, now=hours(207))
    assert "○ 已恢复：2023年度数据逾期" in group.accepted[-1]


def release(installation: Settings, version: str, **said: object) -> None:
    """What a release leaves behind, as far as alerts look at it."""
    folder = installation.home / "releases" / version
    folder.mkdir(parents=True)
    empty: dict = {each.name: None for each in fields(Manifest)}
    known = {"version": version, "report_year": 2023, "released_on": "2023-12-20", "clock": "2023-12-20"}
    known |= {"current": {NURSING_SCHOOL: "a" * 64}, "receipts": []}
    write_manifest(Manifest(**empty | known | said), folder)


def test_each_release_is_told_once(installation, city, group):
    release(installation, "2023.1")
    for hour in (0, 1, 12):
        alert(installation, city, now=hours(hour))
    signed = {"by": "张处长", "reason": "上级限期", "points": ["overdue", "warnings"]}
    release(installation, "2023.2", override=signed)
    alert(installation, city, now=hours(13))
    item = ReleaseItem("moved.majors", "moved", "专业数（个）", "上年 9，本年 2（减少 7 个，即 77.8%）")
    release(installation, "2023.3", items=[Listed(item, Settled("confirmed", "张处长", "撤销七个专业")).row])
    alert(installation, city, now=hours(14))
    assert [text.splitlines()[1:] for text in group.accepted] == [
        [
            "● 2023年度报告已发布，版本 2023.1",
            "　1 个单位的数据，发布日期 2023-12-20。",
            f"　文件：{installation.home / 'releases' / '2023.1'}",
            f"　清单 sha256：{manifest_hash(installation.home / 'releases' / '2023.1')}",
        ],
        [
            "● 2023年度报告已发布，版本 2023.2",
            "　1 个单位的数据，发布日期 2023-12-20。",
            "　有 2 项发布条件没有满足，张处长决定发布：上级限期",
            f"　文件：{installation.home / 'releases' / '2023.2'}",
            f"　清单 sha256：{manifest_hash(installation.home / 'releases' / '2023.2')}",
        ],
        [
            "● 2023年度报告已发布，版本 2023.3",
            "　1 个单位的数据，发布日期 2023-12-20。",
            "　有 1 项经逐项确认后发布：",
            "　专业数（个）：张处长确认，撤销七个专业",
            f"　文件：{installation.home / 'releases' / '2023.3'}",
            f"　清单 sha256：{manifest_hash(installation.home / 'releases' / '2023.3')}",
        ],
    ]


def test_a_manifest_that_cannot_be_read_does_not_silence_the_run(installation, city, group):
    release(installation, "2023.1")
    (installation.home / "releases" / "2023.1" / "manifest.json").write_text("{}")
    outcome = alert(installation, city, failed(), hours(0))
    assert outcome.sent == 1
    assert "发布清单读不出" in outcome.summary


# --- Alerts say what is true -----------------------------------------------------------------------------------------


def told_of(city: City, *versions: Version, others: Sequence[Version] = (), **more: object) -> dict[str, Trouble]:
    observation = of_register(Register(versions, others=others, **more), city, BEFORE, 7, NOW)
    return {trouble.key: trouble for trouble in observation.troubles}


def endings_of(city: City, *versions: Version, others: Sequence[Version] = ()) -> dict[str, str]:
    return dict(of_register(Register(versions, others=others), city, BEFORE, 7, NOW).endings)


def test_a_held_file_is_told_to_its_school_and_its_end_says_what_was_decided(city):
    held = version("held")
    trouble = told_of(city, held)["held:id-held"]
    assert (trouble.kind, trouble.respondent) == ("held", NURSING_SCHOOL)
    assert "2023年度报送待确认" in trouble.title
    for status, said in (("accepted", "并被接收"), ("declined", "不采用"), ("rejected", "审核后退回")):
        decided = replace(version(status), submission_id="id-held")
        assert said in endings_of(city, decided)["held:id-held"]
    assert "held:id-held" not in endings_of(city, held)


@pytest.mark.parametrize("status", ["held", "declined", "received", "rejected"])
def test_a_returned_year_recovers_only_when_a_file_is_accepted(city, status):
    key = f"rejected:2023:{NURSING_SCHOOL}"
    assert key not in endings_of(city, version(status))
    assert "已被接收" in endings_of(city, version("accepted"))[key]


def test_a_file_that_does_not_count_is_told_with_the_one_that_does(city):
    beside = replace(version("superseded", stands=True), reason="没有错误，但另有保存更晚的版本")
    trouble = told_of(city, version(), others=[beside])["superseded:id-superseded"]
    assert trouble.lines == ("没有错误，但另有保存更晚的版本", "计入的是 a.xlsx（2023-11-01 收到，id-accep）。")
    counts_again = replace(version(), submission_id="id-superseded")
    assert endings_of(city, counts_again)["superseded:id-superseded"] == "现在计入的就是这一份。"


def test_a_rejected_file_that_is_not_the_latest_is_told_too(city):
    told = told_of(city, version(), others=[replace(version("rejected"), submission_id="id-older")])
    assert told["file:id-older"].kind == "rejected"
    assert told["file:id-older"].respondent == NURSING_SCHOOL


def test_a_file_is_told_once(installation, city, group):
    hand_in(installation, city, break_students)
    for hour in (0, 6, 12, 48):
        alert(installation, city, now=hours(hour))
    assert len(group.accepted) == 1


@pytest.mark.deep
def test_a_schools_mailbox_hears_once_of_each_of_its_files_and_no_other_schools_does(installation, city):
    """Over SMTP: what cannot be read in its folder, what is returned, taken, does not count, is held."""
    bureau, school, other = "bureau@x.example", "school@x.example", "other@x.example"
    frozen = replace(installation, fixed_today=CALENDAR["years"][2023]["freezes"] + timedelta(days=2))
    strange = installation.inbox / NURSING / "a.xlsx"

    def lay_strange() -> None:
        strange.parent.mkdir(parents=True)
        strange.write_bytes(b"no workbook")
        ingest(installation, city, (2023,))

    with mail_server() as box:
        mail = {"kind": "mail", "host": "127.0.0.1", "port": box.port, "security": "insecure", "sender": "n@x.example"}
        mail["only"] = ["rejected", "held", "superseded", "unidentified"]
        configure(
            installation,
            mail | {"name": "局", "to": [bureau]},
            mail | {"name": "校", "to": [school], "respondents": [NURSING_SCHOOL]},
            mail | {"name": "别校", "to": [other], "respondents": ["3645900001"]},
        )
        told = []
        for step in (
            lay_strange,
            lambda: (strange.unlink(), hand_in(installation, city, break_students)),
            lambda: hand_in(installation, city, mend_students),
            lambda: hand_in(installation, city, lambda book: mend_students(book, 2990)),
            lambda: hand_in(frozen, city, lambda book: mend_students(book, 2980)),
        ):
            step()
            for hours_later in (0, 7, 30):
                alert(installation, city, now=hours(100 * len(told) + hours_later))
            told.append([text for to, _, text in box.letters if to == school])
            assert told[-1] == [text for to, _, text in box.letters if to == bureau]
            box.letters.clear()
    assert [len(letters) for letters in told] == [1, 1, 1, 1, 1]
    said = ("（在钦州市卫生学校的文件夹里）", "报送已退回", "已被接收", "有一份报送没有计入", "报送待确认")
    for (letter,), words in zip(told, said, strict=True):
        assert words in letter


def test_a_school_that_mends_its_file_hears_which_file_was_accepted(installation, city, group):
    hand_in(installation, city, break_students)
    alert(installation, city, now=hours(0))
    hand_in(installation, city, mend_students)
    alert(installation, city, now=hours(1))
    (line,) = [line for line in group.accepted[-1].splitlines() if "已被接收" in line]
    assert line.startswith("　又收到的 2023_")
    assert not [each for each in group.accepted[-1].splitlines() if each.startswith("●") and "已退回" in each], "again"


def test_one_cause_of_many_findings_is_one(city):
    cause = replace(warning(), members=(warning(),) * 40)
    (trouble,) = of_register(Register([version()], [cause]), city, BEFORE, 7, NOW).troubles
    assert "有 1 个警告" in trouble.title


def test_what_failed_for_one_year_is_not_mended_by_another(installation, city, group):
    alert(installation, city, replace(failed(0), years=(2022, 2022)), hours(0))
    assert alert(installation, city, replace(succeeded(1), years=(2023, 2023)), hours(1)).sent == 0
    alert(installation, city, replace(succeeded(2), years=(2022, 2023)), hours(2))
    assert [text.splitlines()[0] for text in group.accepted] == [
        "【年报】钦州市：新情况 1 项",
        "【年报】钦州市：已恢复 1 项",
    ]


def test_a_channel_that_is_down_is_told_in_the_others_and_not_in_itself(installation, city, group):
    with serve(lambda _: (500, b"")) as second:
        configure(installation, robot("dingtalk", group), robot("wecom", second))
        alert(installation, city, failed(0), hours(0))
        alert(installation, city, failed(1), hours(1))
        second.answer = wecom
        alert(installation, city, failed(2), hours(2))
        assert [text.splitlines()[1] for text in group.accepted] == [
            "● 运行失败：发布数据库",
            "● 提醒渠道不通：wecom群",
            "○ 已恢复：提醒渠道不通：wecom群",
        ]
        assert group.accepted[-1].endswith("它又收到了消息。")
        assert [text.splitlines()[1] for text in second.accepted] == ["● 运行失败：发布数据库"]


QUIET = {"daytime": (8, 20), "quiet_weekends": True, "workdays": (date(2023, 10, 7),)}
OFF = Alerting.model_validate(
    QUIET | {"holidays": [{"name": "国庆", "first": date(2023, 9, 29), "last": date(2023, 10, 6)}]}
)


@pytest.mark.parametrize(
    ("moment", "is_quiet"),
    [
        (datetime(2023, 9, 28, 12), False),
        (datetime(2023, 9, 29, 12), True),  # a Friday, the first day of the holidays
        (datetime(2023, 10, 7, 12), False),  # a Saturday on which people work
        (datetime(2023, 10, 7, 20), True),
        (datetime(2023, 10, 8, 12), True),  # a Sunday
        (datetime(2023, 10, 9, 8), False),
        (datetime(2023, 10, 9, 7, 59), True),
    ],
)
def test_nights_weekends_and_holidays_are_quiet_and_days_worked_instead_are_not(moment, is_quiet):
    assert OFF.is_quiet(moment) == is_quiet


def test_holidays_of_another_year_are_pointed_out(installation, city, group):
    holiday = {"name": "春节", "first": date(2022, 1, 31), "last": date(2022, 2, 6)}
    configure(installation, robot("dingtalk", group), holidays=[holiday])
    assert "没有今年的节假日" in alert(installation, city, failed(), hours(0)).summary


@pytest.mark.parametrize(("holds", "sent"), [("reminders", 2), ("all", 1)])
def test_at_quiet_times_what_can_wait_waits_for_the_day(installation, city, group, holds, sent):
    configure(installation, robot("dingtalk", group), daytime=[8, 20], quiet_holds=holds)
    late = replace(installation, fixed_today=LATE)
    hand_in(late, city, break_students)
    night, morning = hours(12), hours(21)
    assert alert(late, city, failed(12), night).sent == sent
    assert "逾期" not in "".join(group.accepted)
    alert(late, city, now=morning)
    assert "逾期" in "".join(group.accepted)
    assert "".join(group.accepted).count("● 2023年度报送已退回") == 1


# --- Digests ---------------------------------------------------------------------------------------------------------


def items(*respondents: str | None) -> list[Item]:
    return [Item(Trouble(f"k{n}", "rejected", code, f"t{n}"), "new") for n, code in enumerate(respondents)]


def test_each_school_has_its_message_and_the_bureau_comes_first(city):
    messages = compose(items("S2", "S1", None, "S1"), city, 15)
    assert [message.title for message, _ in messages] == [
        "【年报】钦州市：新情况 1 项",
        "【年报】S1：新情况 2 项",
        "【年报】S2：新情况 1 项",
    ]


def test_more_schools_than_a_robot_takes_in_a_minute_are_one_message(city):
    many = items(*(f"S{n:02}" for n in range(16)), None)
    (bureau, _), (all_schools, told) = compose(many, city, 15)
    assert bureau.title == "【年报】钦州市：新情况 1 项"
    assert all_schools.title == "【年报】钦州市：16 个单位有新情况"
    assert all_schools.body.splitlines()[:2] == ["■ S00", "● t0"]
    assert len(told) == 16
    assert len(compose(items(*(f"S{n:02}" for n in range(15))), city, 15)) == 15


def test_a_message_says_how_grave_it_is(city):
    def severity(kind, state="new") -> str:
        ((message, _),) = compose([Item(Trouble("k", kind, None, "t"), state)], city, 15)
        return message.severity

    assert [severity(kind) for kind in ("run", "unexplained", "release")] == ["failure", "warning", "info"]
    assert severity("run", "recovered") == "success"


@pytest.mark.parametrize("kind", ROBOTS)
def test_every_platform_gets_the_digest(installation, city, kind):
    with serve(ROBOTS[kind]) as sink:
        configure(installation, robot(kind, sink))
        assert alert(installation, city, failed(), hours(0)).sent == 1
    assert sink.accepted[0].startswith("【年报】钦州市：新情况 1 项\n● 运行失败：发布数据库\n　磁盘已满\n")


# --- Whatever happens in whatever order ------------------------------------------------------------------------------

KEYS = ("check:a", "check:b", "run:c")
CHANNELS: tuple[Channel, ...] = tuple(Webhook(kind="webhook", name=name, url_env="TEST_URL") for name in ("甲", "乙"))
REPEAT = timedelta(hours=6)


@dataclass(frozen=True)
class Heard:
    """One item of a message that a channel accepted."""

    at: datetime
    key: str
    state: str
    content: str


class Ledger(RuleBasedStateMachine):
    """Troubles come, change and go, channels fail, time passes; after each look, channels know what they should."""

    @initialize()
    def start(self) -> None:
        self.ledger = sqlite3.connect(":memory:", isolation_level=None)
        create_ledger(self.ledger)
        self.now = NOW
        self.standing: dict[str, str] = {}
        self.down: set[str] = set()
        self.heard: dict[str, list[Heard]] = {channel.name: [] for channel in CHANNELS}
        self.looked = False

    @rule(key=st.sampled_from(KEYS), content=st.sampled_from(["1", "2"]))
    def comes_or_changes(self, key: str, content: str) -> None:
        self.standing[key] = content
        self.looked = False

    @rule(key=st.sampled_from(KEYS))
    def goes(self, key: str) -> None:
        self.standing.pop(key, None)
        self.looked = False

    @rule(minutes=st.sampled_from([10, 60, 180, 360]))
    def time_passes(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)
        self.looked = False

    @rule(name=st.sampled_from([channel.name for channel in CHANNELS]))
    def a_channel_fails_or_works_again(self, name: str) -> None:
        self.down ^= {name}
        self.looked = False

    @rule()
    def somebody_looks(self) -> None:
        self.now += timedelta(seconds=1)
        troubles = [Trouble(key, "check", None, key, content=self.standing[key]) for key in sorted(self.standing)]
        observation = Observation(self.now, tuple(troubles), frozenset(set(KEYS) - set(self.standing)))
        for channel, due_items in claim(self.ledger, CHANNELS, [observation], SAMPLE_CITY, Alerting(), self.now):
            works = channel.name not in self.down
            if works:
                self.heard[channel.name] += [
                    Heard(self.now, item.trouble.key, item.state, item.trouble.content) for item in due_items
                ]
            message = [due_items] if due_items else []
            settle(self.ledger, channel.name, message if works else [], [] if works else message, self.now)
        self.looked = True

    @invariant()
    def nothing_is_told_twice_within_six_hours(self) -> None:
        for before, after in self._pairs():
            if before.state != "recovered" and after.state != "recovered" and before.content == after.content:
                assert after.at - before.at >= REPEAT
                assert after.state == "again"

    @invariant()
    def a_recovery_follows_a_trouble_and_is_told_once(self) -> None:
        for before, after in self._pairs():
            if after.state == "recovered":
                assert before.state != "recovered"

    @invariant()
    def who_can_be_reached_knows_how_things_stand(self) -> None:
        for name, heard in self.heard.items():
            if not self.looked or name in self.down:
                continue
            for key in KEYS:
                last = next((each for each in reversed(heard) if each.key == key), None)
                if key in self.standing:
                    assert last is not None
                    assert last.state != "recovered"
                    assert last.content == self.standing[key]
                    assert self.now - last.at < REPEAT
                else:
                    assert last is None or last.state == "recovered"

    def _pairs(self) -> Iterator[tuple[Heard, Heard]]:
        """What a channel heard of one thing, one after the other; it begins as if it had recovered."""
        for heard in self.heard.values():
            for key in KEYS:
                yield from pairwise([Heard(NOW, key, "recovered", ""), *(each for each in heard if each.key == key)])

    def teardown(self) -> None:
        self.ledger.close()


TestLedger = Ledger.TestCase
TestLedger.settings = hypothesis_settings(max_examples=60, stateful_step_count=30, deadline=None)
