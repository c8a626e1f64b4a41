"""Messages against real servers that answer as the platforms do, also with an error inside an HTTP 200."""

import logging
import threading

import pytest

from sources.declarations.alerting import Mail, Robot, Webhook
from sources.system.plain_text import plain
from tests.support.sinks import ROBOTS, SECRET, TOKEN, mail_server, serve, webhook
from warehouse.alerts.channels import LIMIT_BYTES, MORE, cut, send
from warehouse.alerts.messages import Message

MESSAGE = Message(
    "【年报】钦州市卫生学校：新情况 1 项", "● 2023年度报送已退回：a.xlsx\n　学生情况 E6：应为整数。", "failure"
)
TIMEOUT = 5.0


@pytest.fixture(autouse=True)
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_TOKEN", TOKEN)
    monkeypatch.setenv("TEST_SECRET", SECRET)
    monkeypatch.setenv("TEST_WRONG", "SECwrong")


def robot(kind: str, url: str, secret: str = "TEST_SECRET") -> Robot:
    signing = {} if kind == "wecom" else {"secret_env": secret}
    return Robot(kind=kind, name="群", token_env="TEST_TOKEN", base_url=url, **signing)


@pytest.mark.parametrize("kind", ROBOTS)
def test_a_robot_gets_the_whole_message_with_its_signature(kind):
    with serve(ROBOTS[kind]) as sink:
        assert send(robot(kind, sink.url + "/"), MESSAGE, TIMEOUT) is None
    assert [each.text for each in sink.received] == [f"{MESSAGE.title}\n{MESSAGE.body}"]


@pytest.mark.parametrize(("kind", "code"), [("dingtalk", "310000"), ("feishu", "19021")])
def test_a_wrong_secret_is_told_by_the_code_inside_http_200(kind, code):
    with serve(ROBOTS[kind]) as sink:
        reason = send(robot(kind, sink.url, "TEST_WRONG"), MESSAGE, TIMEOUT)
    assert code in reason
    assert "签" in reason


@pytest.mark.parametrize(
    ("kind", "answer", "told"),
    [
        ("dingtalk", {"errcode": 130101, "errmsg": "send too fast, exceed 20 times per minute"}, "每分钟最多 20 条"),
        ("wecom", {"errcode": 45009, "errmsg": "api freq out of limit"}, "每分钟最多 20 条"),
        ("wecom", {"errcode": 93000, "errmsg": "invalid webhook url"}, "key 不对"),
        ("feishu", {"code": 19024, "data": {}, "msg": "Key Words Not Found"}, "关键词不符"),
        ("feishu", {"StatusCode": 7, "StatusMessage": "odd"}, "错误码 7：odd"),
        ("dingtalk", {"errcode": 12345, "errmsg": "[x](http://evil)"}, "错误码 12345：［x］（http：//evil）"),
        ("dingtalk", {}, "没有结果代码"),
        ("dingtalk", [], "不是 JSON 对象"),
        ("wecom", b"<html>login</html>", "不是 JSON"),
    ],
)
def test_what_is_not_an_acceptance_is_a_refusal_with_its_reason(kind, answer, told):
    with serve(lambda _: (200, answer)) as sink:
        assert told in send(robot(kind, sink.url), MESSAGE, TIMEOUT)


@pytest.mark.parametrize("status", [301, 403, 500])
def test_http_errors_are_told_and_no_redirect_carries_the_token_on(status):
    with serve(webhook) as elsewhere, serve(lambda _: (status, elsewhere.url.encode())) as sink:
        assert send(robot("wecom", sink.url), MESSAGE, TIMEOUT) == f"企业微信回答 HTTP {status}"
    assert elsewhere.received == []


def test_a_robot_that_does_not_answer_is_given_up():
    waiting = threading.Event()
    with serve(lambda _: (waiting.wait(30), (200, {}))[1]) as sink:
        assert send(robot("feishu", sink.url), MESSAGE, 0.2) == "飞书在 0.2 秒内没有回答"
        waiting.set()
    assert "连不上飞书" in send(robot("feishu", sink.url), MESSAGE, TIMEOUT)


def test_secrets_are_in_no_reason_and_in_no_log(caplog):
    caplog.set_level(logging.DEBUG)
    channels = [robot(kind, "http://127.0.0.1:9") for kind in ROBOTS]
    with serve(lambda _: (500, b"")) as sink:
        channels += [robot(kind, sink.url) for kind in ROBOTS]
        reasons = [send(channel, MESSAGE, TIMEOUT) for channel in channels]
    told = "\n".join([*map(str, reasons), *(record.getMessage() for record in caplog.records)])
    assert len([reason for reason in reasons if reason]) == len(channels)
    assert TOKEN not in told
    assert SECRET not in told


def test_a_long_message_is_cut_at_a_line_and_says_where_the_rest_is():
    lines = [f"● 第 {number} 所学校的报送已退回" for number in range(2_000)]
    for kind, answer in ROBOTS.items():
        with serve(answer) as sink:
            assert send(robot(kind, sink.url), Message(MESSAGE.title, "\n".join(lines)), TIMEOUT) is None
        *kept, last = sink.received[0].text.split("\n")
        assert last == MORE
        assert kept == [MESSAGE.title, *lines][: len(kept)]
        assert LIMIT_BYTES[kind] * 0.9 < len(sink.received[0].text.encode()) <= LIMIT_BYTES[kind]


def test_one_endless_line_is_cut_too():
    assert cut("长" * 100, 150) == "长" * ((150 - len(MORE.encode()) - 1) // 3) + "\n" + MORE


def test_a_webhook_gets_json_at_its_whole_address(monkeypatch):
    with serve(webhook) as sink:
        host = sink.url.removeprefix("http://")
        monkeypatch.setenv("TEST_URL", f"http://user:p%40ss@{host}/hook/a%20b?key={TOKEN}&empty=")
        assert send(Webhook(kind="webhook", name="平台", url_env="TEST_URL"), MESSAGE, TIMEOUT) is None
    (received,) = sink.received
    assert (received.path, received.query["key"]) == ("/hook/a%20b", TOKEN)
    assert received.headers["Authorization"] == "Basic dXNlcjpwQHNz"
    assert {name: received.payload[name] for name in ("title", "message", "type")} == {
        "title": MESSAGE.title,
        "message": MESSAGE.body,
        "type": "failure",
    }


def test_a_webhook_that_refuses_or_has_no_address_is_told_without_the_address(monkeypatch):
    channel = Webhook(kind="webhook", name="平台", url_env="TEST_URL")
    with serve(lambda _: (500, b"")) as sink:
        monkeypatch.setenv("TEST_URL", f"{sink.url}/{SECRET}")
        reason = send(channel, MESSAGE, TIMEOUT)
    assert "没有接受" in reason
    assert "500" in reason
    assert SECRET not in reason
    monkeypatch.setenv("TEST_URL", SECRET)
    assert send(channel, MESSAGE, TIMEOUT) == "渠道配置不对：环境变量 TEST＿URL 的内容不是 http 或 https 地址".replace(
        "＿", "_"
    )


def mail(port: int, *to: str, **more: str) -> Mail:
    arguments = {"host": "127.0.0.1", "port": port, "security": "insecure", "sender": "年报 <nianbao@example.gov.cn>"}
    return Mail(kind="mail", name="邮箱", to=to or ("a@example.gov.cn",), **(arguments | more))


@pytest.mark.filterwarnings("ignore:Requiring AUTH")
def test_an_e_mail_arrives_in_chinese_after_login():
    with mail_server(login=True) as mailbox:
        channel = mail(mailbox.port, user_env="TEST_TOKEN", password_env="TEST_SECRET")
        assert send(channel, MESSAGE, TIMEOUT) is None
    assert mailbox.letters == [("a@example.gov.cn", MESSAGE.title, MESSAGE.body + "\n")]
    assert mailbox.logins == [(TOKEN, SECRET)]


def test_a_mail_server_that_refuses_is_told_with_its_name():
    with mail_server() as mailbox:
        mailbox.refused.add("a@example.gov.cn")
        reason = send(mail(mailbox.port), MESSAGE, TIMEOUT)
        assert reason.startswith(f"邮件服务器 127.0.0.1:{mailbox.port} 没有接受")
    assert "没有接受" in send(mail(mailbox.port), MESSAGE, TIMEOUT)


def test_nothing_that_somebody_wrote_becomes_a_link_a_mention_or_a_format():
    written = '@all <at user_id="all">所有人</at> <@U1> [点此](http://evil.example/a) www.evil.example **b** `c`\n# d‮'
    for harmful in ("@", "<", ">", "[", "](", "://", "www.", "**", "`", "\n", "#", "‮"):
        assert harmful not in plain(written), harmful
    assert plain("钦州市卫生学校_2023（终稿）.xlsx") == "钦州市卫生学校_2023（终稿）.xlsx"


def test_nothing_goes_unencrypted_to_another_machine_unless_the_channel_says_so(monkeypatch):
    monkeypatch.setenv("TEST_URL", "http://platform.invalid/hook")
    assert "不加密" in send(Webhook(kind="webhook", name="平台", url_env="TEST_URL"), MESSAGE, TIMEOUT)
    allowed = Webhook(kind="webhook", name="平台", url_env="TEST_URL", security="insecure")
    assert "不加密" not in (send(allowed, MESSAGE, 0.2) or "")
    with pytest.raises(ValueError, match="base_url 是 http 地址，不加密"):
        robot("wecom", "http://proxy.invalid")
    Robot(kind="wecom", name="群", token_env="TEST_TOKEN", base_url="http://proxy.invalid", security="insecure")
