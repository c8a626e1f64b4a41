"""Commands for the bureau's mailbox: letters out, mails in, and what became of them."""

from collections.abc import Collection
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from orchestration.cli.console import (
    ACTION_NEEDED,
    NOT_ALL_MADE,
    AsJson,
    Panel,
    app,
    console,
    fail,
    installation,
    joined,
    notices,
    print_json,
    print_lines,
    print_records,
)
from sources.declarations.city import City
from sources.system.faults import ToldError
from sources.system.plain_text import cut_short
from sources.system.settings import Settings

if TYPE_CHECKING:
    from orchestration.lib.mail_rounds import MailState, WaitingLetters
    from sources.archive.mailbox import Posted, TakenMail
    from warehouse.alerts.letters import Letter
    from warehouse.post.send_letters import SentLetters
    from warehouse.post.smtp_server import Delivery

LAST = 50
STATES = {"sent": "已发出", "sending": "不知道到没到", "refused": "没有发出", "later": "没有发出，还会再试"}


def send_waiting(settings: Settings, city: City, by: str, again: bool, only: Collection[str], as_json: bool) -> None:
    """Sends the letters that wait (to `only`, if any are named); says of each that was not sent why."""
    from orchestration.lib.mail_rounds import send_round

    try:
        with notices.status("发信……") as status:

            def tell(position: int, count: int, letter: "Letter", delivery: "Delivery") -> None:
                status.update(f"发信 {position}/{count}：{letter.respondent_name} {STATES[delivery.state]}")

            sent, made = send_round(settings, city, by, again, tell, only)
    except (FileNotFoundError, ToldError) as error:
        fail(str(error))
    if as_json:
        print_json(_sent_as_json(sent))
    else:
        _print_sent(sent, made)
    if made.without_workbook or made.unwritten.failed:
        raise typer.Exit(NOT_ALL_MADE)
    if sent.failed or sent.uncertain or sent.stopped or sent.refused or sent.without_address:
        raise typer.Exit(ACTION_NEEDED)


def _print_sent(sent: "SentLetters", made: "WaitingLetters") -> None:
    from warehouse.alerts.mail_out import KINDS

    if not made.letters:
        console.print("没有要发给各单位的。")
    elif sent.sent:
        counts = {label: sum(each.kind == kind for each in sent.sent) for kind, label in KINDS.items()}
        told = "，".join(f"{label} {count} 封" for label, count in counts.items() if count)
        console.print(f"发出 {len(sent.sent)} 封信：{told}（批次 {sent.batch}）", highlight=False, markup=False)
    names = [each.respondent_name for each in sent.without_address]
    if names:
        console.print(
            f"没有邮箱  {joined(list(dict.fromkeys(names)))}（写在 contacts.yml）", soft_wrap=True, markup=False
        )
    print_lines("没有发出", [f"{letter.respondent_name}：{why}" for letter, why in sent.failed])
    print_lines("没有收下", [f"{letter.respondent_name}的 {address}：{why}" for letter, address, why in sent.refused])
    print_lines("不知道到没到", [f"{letter.respondent_name}：{why}" for letter, why in sent.uncertain])
    if sent.uncertain:
        console.print(
            "查看邮箱的“已发送”，或问一下；没有收到的：nianbao mail-out --send --again --by 姓名", soft_wrap=True
        )
    if sent.stopped:
        console.print(
            f"停下了，还有 {len(sent.waiting)} 封没有发：{sent.stopped}再运行一次接着发。", soft_wrap=True, markup=False
        )
    print_lines("没有做成", [*(f"{line}（信里没有附件）" for line in made.without_workbook), *made.unwritten.failed])


def _sent_as_json(sent: "SentLetters") -> dict[str, object]:
    def key(letter: "Letter") -> dict[str, object]:
        return {"kind": letter.kind, "report_year": letter.report_year, "respondent": letter.respondent_code}

    return {
        "batch": sent.batch,
        "sent": [key(each) for each in sent.sent],
        "without_address": [key(each) for each in sent.without_address],
        "failed": [key(each) | {"reason": why} for each, why in sent.failed],
        "refused": [key(each) | {"address": address, "reason": why} for each, address, why in sent.refused],
        "uncertain": [key(each) | {"reason": why} for each, why in sent.uncertain],
        "waiting": [key(each) for each in sent.waiting],
        "stopped": sent.stopped,
    }


@app.command("mail-in", rich_help_panel=Panel.SCHOOLS)
def mail_in(as_json: AsJson = False) -> None:
    """收信：读 mail.yml 的邮箱，把来信附件里的工作簿放进收件夹，自动答复校验结果；收过的不再收，中断后再运行接着收。"""
    from orchestration.lib.mail_rounds import take_round

    settings, city = installation()
    try:
        with notices.status("收信……"):
            found = take_round(settings, city)
    except (FileNotFoundError, ToldError) as error:
        fail(str(error))
    taken, answered = found.taken, found.answered
    if as_json:
        print_json({"mails": [asdict(each) for each in taken.mails], "failed": taken.failed, "stopped": taken.stopped})
    else:
        files = sum(len(each.files) for each in taken.mails)
        console.print(
            f"收了 {len(taken.mails)} 封信，{files} 个工作簿；自动答复 {answered.sent} 封。"
            if taken.mails or answered.sent
            else "没有新的来信。",
            highlight=False,
        )
        for mail in taken.mails:
            console.print(_line(city, mail), highlight=False, soft_wrap=True, markup=False)
        print_lines("没有收成，下次再试", taken.failed)
        print_lines("没有答复", answered.failed)
        print_lines("停下了", [each for each in (taken.stopped, answered.stopped) if each])
    if taken.failed or taken.stopped or answered.failed or answered.stopped:
        raise typer.Exit(ACTION_NEEDED)


def _line(city: City, mail: "TakenMail") -> str:
    what = f"{len(mail.files)} 个工作簿" if mail.files else "退信" if mail.bounces else mail.automatic or "没有工作簿"
    return f"  {_who(city, mail)}“{cut_short(mail.subject, 40)}”：{what}"


def _who(city: City, mail: "TakenMail") -> str:
    known = city.respondent_by_code.get(mail.respondent_code or "")
    return known.name if known else mail.sender or "（没有发件人）"


@app.command("mails", rich_help_panel=Panel.SCHOOLS)
def mails(
    settle: Annotated[
        list[str] | None, typer.Option("--settle", help="这封来信看过、办好了（编号），可以重复给出")
    ] = None,
    by: Annotated[str, typer.Option("--by", help="与 --settle 一起：谁办的")] = "",
    as_json: AsJson = False,
) -> None:
    """收发的信：谁没有收到、为什么，哪些来信要人看，最近收发了哪些。有要人看的时返回码为 3。"""
    from orchestration.lib.mail_rounds import read_mails, settle_mails

    settings, city = installation()
    if bool(settle) != bool(by.strip()):
        fail("写法：nianbao mails --settle 编号 --by 姓名")
    try:
        if settle:
            done = settle_mails(settings, settle, by.strip())
            notices.print(f"{len(done)} 封来信记为办好（{by.strip()}）。", markup=False)
        state = read_mails(settings, city)
    except (LookupError, ToldError) as error:
        fail(str(error))
    if as_json:
        print_json(
            {
                "troubles": [asdict(each) for each in state.troubles],
                "mails": [asdict(each) for each in state.mailbox.mails.values()],
                "posted": [asdict(each) for each in state.posted],
            }
        )
    else:
        _print_state(city, state)
    if state.troubles:
        raise typer.Exit(ACTION_NEEDED)


def _print_state(city: City, state: "MailState") -> None:
    for number, each in enumerate(state.troubles, 1):
        console.print(f"{number}. {each.text}", highlight=False, soft_wrap=True, markup=False)
        console.print(f"    {each.remedy}", style="cyan", highlight=False, soft_wrap=True, markup=False)
    console.print(f"要人看的 {len(state.troubles)} 件。" if state.troubles else "没有要人看的来信和退信。")
    if came := sorted(state.mailbox.mails.values(), key=lambda each: each.taken_at)[-LAST:]:
        headings = {"id": "编号", "day": "收到", "who": "发件人", "subject": "主题", "what": "内容"}
        print_records(f"来信（最近 {len(came)} 封）", headings, [_came(city, each) for each in came])
    if went := list(state.posted)[-LAST:]:
        headings = {"at": "时间（UTC）", "who": "单位", "what": "内容", "state": "结果"}
        print_records(f"发信（最近 {len(went)} 封）", headings, [_went(city, each) for each in went])


def _came(city: City, mail: "TakenMail") -> dict[str, str]:
    bounced = "；".join(f"退信：{each.address} {each.reason}" for each in mail.bounces)
    held = "；".join([*(file.name for file in mail.files), *mail.remarks])
    return {
        "id": mail.identity[:8],
        "day": mail.taken_on,
        "who": _who(city, mail),
        "subject": cut_short(mail.subject, 40),
        "what": held or bounced or mail.automatic or "没有工作簿",
    }


def _went(city: City, posted: "Posted") -> dict[str, str]:
    from warehouse.post.mail_troubles import what_of

    what = what_of(posted)
    known = city.respondent_by_code.get(posted.respondent_code or "")
    return {
        "at": posted.at[:16].replace("T", " "),
        "who": known.name if known else "",
        "what": what,
        "state": STATES[posted.state] + (f"：{posted.reason}" if posted.reason else ""),
    }


@app.command("digest", rich_help_panel=Panel.SCHOOLS)
def digest(
    send: Annotated[bool, typer.Option("--send", help="现在发给 mail.yml 写的人；当天已经发过的不再发")] = False,
) -> None:
    """每日汇总：来信和怎样处理的、没有送到的信、逾期的单位、等着办的事；不加 --send 只显示。"""
    from orchestration.lib.digest_rounds import digest_round, todays_digest

    settings, city = installation()
    try:
        if not send:
            made = todays_digest(settings, city)
            told = f"{made.subject}\n\n{made.body}" if made else "没有要说的。"
            console.print(told, highlight=False, markup=False, soft_wrap=True)
            return
        with notices.status("发信……"):
            delivery = digest_round(settings, city)
    except (FileNotFoundError, ToldError) as error:
        fail(str(error))
    if delivery is None:
        console.print("没有发：今天已经发过，或者没有要说的。")
    elif delivery.state == "sent":
        console.print("发出了。")
    else:
        console.print(f"{STATES[delivery.state]}：{delivery.reason}", soft_wrap=True, markup=False)
        raise typer.Exit(ACTION_NEEDED)
