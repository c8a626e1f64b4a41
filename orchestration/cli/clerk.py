"""Commands for the bureau's clerk: what is sent to the schools, and what waits today."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from orchestration.cli.console import (
    ACTION_NEEDED,
    NOT_ALL_MADE,
    AsJson,
    Panel,
    RegionCode,
    Year,
    app,
    check_years,
    console,
    fail,
    fail_not_found,
    installation,
    joined,
    notices,
    print_json,
    print_lines,
    published,
)
from sources.declarations.city import City
from sources.system.faults import ToldError
from sources.system.plain_text import SHOWN_IN_A_CELL, cut_short
from sources.system.settings import Settings

if TYPE_CHECKING:
    from warehouse.alerts.mail_out import Batch

LONGEST_NAME, SHOWN_DETAILS = 30, 20


@app.command(rich_help_panel=Panel.REPORT)
def brief(
    year: Year,
    region: RegionCode = None,
    send: Annotated[bool, typer.Option("--send", help="发给 alerts.yml 中要简报（brief）的渠道")] = False,
    as_json: AsJson = False,
) -> None:
    """领导简报：主要数字、变差的和影响最大的学校、还缺的数、等待决定的事；印在终端，另存两页以内的 PDF。"""
    from orchestration.lib.leader_brief import write_brief
    from sources.declarations.problem import DeclarationError
    from warehouse.alerts.messages import Message
    from warehouse.alerts.tell import send_brief
    from warehouse.release.documents.brief_pages import message_of

    settings, city = installation()
    check_years(city, [year])
    with published(settings) as connection, notices.status("整理……"):
        try:
            written, path = write_brief(connection, settings, city, year, region)
        except LookupError as error:
            fail_not_found(error)
        except DeclarationError as error:
            fail(str(error))
    title, body = message_of(written)
    if as_json:
        print_json({"title": title, "body": body, "path": str(path)})
    else:
        console.print(f"{title}\n{body}", highlight=False, soft_wrap=True, markup=False)
        console.print(str(path), soft_wrap=True)
    if send:
        try:
            outcome = send_brief(settings, city, Message(title, body))
        except ValueError as error:
            fail(str(error))
        notices.print(outcome.summary, highlight=False)
        if outcome.undelivered or outcome.problems:
            raise typer.Exit(ACTION_NEEDED)


@app.command(rich_help_panel=Panel.LOOK)
def todo(as_json: AsJson = False) -> None:
    """今天有什么等着教育局办，最急的在前，每件写明办它的命令或文件夹。有事要办时返回码为 3。"""
    from orchestration.lib.what_waits import read_waiting
    from sources.declarations.problem import DeclarationError
    from warehouse.alerts.todo import todo as listed

    settings, city = installation()
    try:
        with notices.status("查看……"):
            found = listed(read_waiting(settings, city))
    except DeclarationError as error:
        fail(str(error))
    if as_json:
        print_json([asdict(each) for each in found])
    else:
        for number, each in enumerate(found, 1):
            console.print(f"{number}. {each.title}", highlight=False, soft_wrap=True, markup=False)
            if each.details:
                console.print(f"    {_shown(each.details)}", highlight=False, soft_wrap=True, markup=False)
            for way in filter(None, (each.link, each.command)):
                console.print(f"    {way}", style="cyan", highlight=False, soft_wrap=True, markup=False)
        console.print(f"共 {len(found)} 件。" if found else "今天没有等着办的事。")
    if found:
        raise typer.Exit(ACTION_NEEDED)


def _shown(details: Sequence[str]) -> str:
    """Names in one line, sentences each in its own; of many the first, and how many there are."""
    if all(len(each) <= LONGEST_NAME for each in details):
        return joined(details)
    more = [f"……共 {len(details)} 个；--json 列出全部"] if len(details) > SHOWN_DETAILS else []
    return "\n    ".join([*(cut_short(each, SHOWN_IN_A_CELL) for each in details[:SHOWN_DETAILS]), *more])


@app.command("mail-out", rich_help_panel=Panel.SCHOOLS)
def mail_out(
    by: Annotated[str, typer.Option("--by", help="谁发的；写出一批时给出，就同时记为已发出")] = "",
    sent: Annotated[bool, typer.Option("--sent", help="记下写好的一批已经发出；记过的不再写，直到有新的情况")] = False,
    not_sent: Annotated[bool, typer.Option("--not-sent", help="记过的其实没有发出：取消，下次再写")] = False,
    batch: Annotated[
        str | None, typer.Option("--batch", help="哪一批；与 --sent 一起可以不给，为最后写出的一批")
    ] = None,
    who: Annotated[
        list[str] | None,
        typer.Option(
            "--school",
            "--to",
            help="与 --send 一起：只发给这些单位；与 --not-sent 一起：只有这些没有发出（标识码或名称），可以重复给出",
        ),
    ] = None,
    send: Annotated[
        bool, typer.Option("--send", help="经 mail.yml 的邮箱一封封发出；发成一封记一封，中断后再运行接着发")
    ] = False,
    again: Annotated[
        bool, typer.Option("--again", help="与 --send 一起：上次发送时中断、不知道到没到的，也再发一次")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """把等着发给各单位的写成一批：模板、退回件、催报，每个地区一个文件夹，一个压缩包，一张邮件合并用的名单，信已写好；
    --send 直接用邮件发出。"""
    # Long: nearly all of it is the options.
    from orchestration.cli.mail import send_waiting

    settings, city = installation()
    by = by.strip()
    if send or again:
        if not send or not by or sent or not_sent or batch:
            fail("写法：nianbao mail-out --send --by 姓名（中断过的再发，加 --again；只给一个单位，加 --school 名称）")
        send_waiting(settings, city, by, again, _called(city, who or []), as_json)
    elif sent or not_sent:
        if not by or (not_sent and not batch) or (sent and (not_sent or who)):
            fail("写法：nianbao mail-out --sent --by 姓名；nianbao mail-out --not-sent --batch 批次 --by 姓名")
        _note(settings, city, batch, by, who or [], not_sent, as_json)
    elif batch or who:
        fail("--batch 要与 --sent 或 --not-sent 一起写，--school 要与 --send 或 --not-sent 一起写。")
    else:
        _write(settings, city, by, as_json)


def _write(settings: Settings, city: City, by: str, as_json: bool) -> None:
    """Writes the letters that wait, with the marked workbooks of now; nothing anew where nothing has changed."""
    # Long: what was written, what waits already, and what could not be made.
    from orchestration.lib.correspondence import for_all
    from orchestration.lib.mail_rounds import waiting_letters
    from warehouse.alerts import mail_out

    years = sorted(city.calendar.years)
    try:
        with notices.status("写信……"):
            made = waiting_letters(settings, city)
    except (FileNotFoundError, ToldError) as error:
        fail(str(error))
    letters, unwritten = made.letters, made.unwritten
    waiting = mail_out.waiting_batch(settings)
    if not letters:
        if as_json:
            print_json({"batch": None, "letters": []})
        else:
            console.print("没有要发给各单位的。")
    elif same := mail_out.same_as_waiting(settings, letters):
        if as_json:
            print_json({"batch": same, "folder": settings.outbox / same, "letters": []})
        else:
            console.print(f"与上一批相同，没有再写：{settings.outbox / same}", soft_wrap=True, markup=False)
        _say_sent(settings, same, by, as_json)
    else:
        done = mail_out.write_batch(settings, letters, for_all(settings, years), unwritten)
        if as_json:
            print_json(mail_out.as_json(done))
        else:
            _print_batch(done, waiting)
        _say_sent(settings, done.name, by, as_json)
    if not as_json:
        print_lines("没有做成", [*(f"{line}（信里没有附件）" for line in made.without_workbook), *unwritten.failed])
    if made.without_workbook or unwritten.failed:
        raise typer.Exit(NOT_ALL_MADE)


def _print_batch(done: "Batch", replaced: str | None) -> None:
    from warehouse.alerts.mail_out import KINDS, LIST

    counts = Counter(each.kind for each in done.letters)
    told = "，".join(f"{label} {counts[kind]} 封" for kind, label in KINDS.items() if counts[kind])
    console.print(f"{len(done.letters)} 封信：{told}", highlight=False)
    console.print(f"文件夹    {done.folder}（每个地区一个文件夹；名单 {LIST}）", soft_wrap=True, markup=False)
    console.print(f"压缩包    {done.archive}", soft_wrap=True, markup=False)
    if done.without_address:
        console.print(f"没有邮箱  {joined(done.without_address)}（写在 contacts.yml）", soft_wrap=True, markup=False)
    if replaced:
        console.print(
            f"上一批 {replaced} 没有记为发出，由这一批代替。其实已经发出的，请先记下："
            f"nianbao mail-out --sent --batch {replaced} --by 姓名，再重新写出这一批",
            soft_wrap=True,
            markup=False,
        )


def _say_sent(settings: Settings, batch: str, by: str, as_json: bool) -> None:
    """Notes the batch as sent where somebody said so by giving a name; else says how to."""
    from warehouse.alerts.mail_out import note_batch

    if by:
        note_batch(settings, batch, by)
    if not as_json:
        after = f"已记为发出（{by}）；没有发成的：nianbao mail-out --not-sent --batch {batch} --by 姓名"
        console.print(after if by else "发出以后：nianbao mail-out --sent --by 姓名", soft_wrap=True, markup=False)


def _called(city: City, who: Sequence[str]) -> list[str]:
    """The codes of the respondents that are called so, of whatever year."""
    from sources.system.called import names_by_code, the_one_called

    years = sorted(city.calendar.years, reverse=True)
    names = names_by_code((each.code, each.name) for year in years for each in city.respondents_in(year))
    try:
        return [the_one_called("填报单位", each, names) for each in who]
    except LookupError as error:
        fail(str(error))


def _note(
    settings: Settings, city: City, batch: str | None, by: str, who: Sequence[str], not_sent: bool, as_json: bool
) -> None:
    """Notes that a batch was sent, or that it was not after all."""
    from warehouse.alerts.mail_out import BatchError, note_batch, take_back

    try:
        if not_sent and batch:
            name, noted = batch, take_back(settings, batch, by, _called(city, who))
        else:
            name, noted = note_batch(settings, batch, by)
    except BatchError as error:
        fail(str(error))
    if as_json:
        print_json({"batch": name, "letters": len(noted), "sent": not not_sent})
        return
    what = "没有发出，下次再写" if not_sent else "记为已发出"
    console.print(f"{name}：{len(noted)} 封信{what}（{by}）。", markup=False)
