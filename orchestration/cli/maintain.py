"""Commands that keep an installation: ui, rebuild, templates, and what developers generate."""

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from orchestration.cli.console import (
    ACTION_NEEDED,
    NOT_ALL_MADE,
    AsJson,
    Panel,
    Year,
    app,
    check_years,
    console,
    fail,
    installation,
    joined,
    print_json,
    print_lines,
    print_records,
)
from orchestration.cli.run_year import exit_code_of, print_left_out, summarise
from orchestration.launch import EVENTS_IN_BATCHES, execute, open_instance, prepare_dagster_home
from sources.archive.inbox import content_of
from sources.declarations.pack import NEUTRAL_PACK, REGIONS, Pack, shipped_packs
from sources.declarations.rule import load_cross_rules
from sources.system.access import private_folder
from sources.system.faults import OneByOne
from sources.system.fingerprint import sha256_of
from sources.system.settings import PROJECT_ROOT, Settings, load_settings

QUARANTINE_HEADINGS = {
    "submission_id": "报送编号",
    "files": "文件",
    "reason": "原因",
    "by": "谁",
    "decided_at": "时间（UTC）",
}


@app.command(rich_help_panel=Panel.SCHOOLS)
def template(year: Year, out: Annotated[Path | None, typer.Option(help="输出文件夹")] = None) -> None:
    """给每个填报单位生成一份空白模板，上年数据列在旁边。"""
    from sources.submission.file_names import workbook_file_name
    from warehouse.intake.blank_workbooks import blank_workbooks

    settings, city = installation()
    check_years(city, [year])
    folder = out or private_folder(settings.templates) / str(year)
    folder.mkdir(parents=True, exist_ok=True)
    of_year = city.in_year(year)
    each = OneByOne()
    for respondent, make in blank_workbooks(settings, city, year, city.respondents_in(year)):
        path = folder / workbook_file_name(respondent, year, of_year.stated_code(respondent))
        if data := each.do(respondent.name, make):
            each.do(respondent.name, partial(path.write_bytes, data))
    print_lines("没有做成", each.failed)
    console.print(f"{year}年模板 {len(city.respondents_in(year)) - len(each.failed)} 份：{folder}")
    if each.failed:
        raise typer.Exit(NOT_ALL_MADE)


@app.command(rich_help_panel=Panel.KEEP)
def ui(port: Annotated[int, typer.Option(help="端口")] = 3000) -> None:
    """打开 Dagster 界面（只监听本机，只答复自己的网页）。"""
    from orchestration.web.serve import serve_together

    settings, _ = installation()
    home = prepare_dagster_home(settings)
    own = {"DAGSTER_HOME": home, "NIANBAO_HOME": settings.home, "NIANBAO_CITY": settings.city_dir}
    environment = os.environ | {name: str(path) for name, path in own.items()} | EVENTS_IN_BATCHES
    console.print(f"http://127.0.0.1:{port}")
    os.chdir(home)  # the project's root has a dagster.yaml of its own, for whoever types `dagster dev` there
    raise typer.Exit(serve_together(port, environment))


@app.command(rich_help_panel=Panel.KEEP)
def web(
    workspace: Annotated[Path, typer.Option(help="Dagster 的 workspace.yaml", exists=True, dir_okay=False)],
    port: Annotated[int, typer.Option(help="端口")] = 3000,
) -> None:
    """只启动网页（服务器上用）：只监听本机，只答复自己的网页；其他网址写入 NIANBAO_WEB_ORIGINS。"""
    from orchestration.web.serve import serve

    settings = load_settings()
    serve(workspace, port, settings.web_origins, settings.feedback, settings.city_dir)


@app.command(rich_help_panel=Panel.DEVELOP)
def generate(check: Annotated[bool, typer.Option("--check", help="只检查，不写文件")] = False) -> None:
    """Developers: write the files that derive from the contracts and the catalogue."""
    from warehouse.catalogue.catalogue import load_catalogue
    from warehouse.catalogue.generate import stale_files, write_generated
    from warehouse.catalogue.model_files import GENERATED_FOR

    changed = (stale_files if check else write_generated)(load_catalogue(Pack(REGIONS / GENERATED_FOR)))
    for path in changed:
        console.print(("stale: " if check else "written: ") + str(path.relative_to(PROJECT_ROOT)))
    raise typer.Exit(1 if check and changed else 0)


@app.command(rich_help_panel=Panel.DEVELOP)
def prepare() -> None:
    """Developers and `make`: read what is declared, compile the models and open Dagster's books now, so that the first
    run and every command need not.
    """
    from orchestration.lib.dbt_graph import load_graph
    from warehouse.catalogue.catalogue import load_catalogue
    from warehouse.catalogue.model_files import GENERATED_FOR

    sys.dont_write_bytecode = False  # it is asked for, whatever the environment says of other programs
    for pack in (NEUTRAL_PACK, *shipped_packs()):
        load_catalogue(pack)
        load_cross_rules(pack)
    settings = load_settings()  # of no city: `make` comes here before anybody has said which it is
    load_graph(settings, Pack(REGIONS / GENERATED_FOR))
    with open_instance(settings):
        pass


@app.command(rich_help_panel=Panel.DEVELOP)
def spread() -> None:
    """Developers: spread the totals of the sample city over its schools again (samples/totals.csv)."""
    from sources.sample.spread import spread_totals

    settings, city = installation()
    for path, text in spread_totals(city, settings.city_dir).items():
        path.write_text(text, encoding="utf-8")


@app.command(name="alert-test", rich_help_panel=Panel.KEEP)
def alert_test() -> None:
    """给提醒的每个渠道发一条测试消息，看配置对不对；提醒没有启用也可以测试。有一条未送达时返回码为 3。"""
    from warehouse.alerts.tell import try_channels

    settings, city = installation()
    try:
        outcome = try_channels(settings, city)
    except ValueError as error:
        fail(str(error))
    console.print(outcome.summary, highlight=False)
    if outcome.undelivered or outcome.problems:
        raise typer.Exit(ACTION_NEEDED)


@app.command(rich_help_panel=Panel.KEEP)
def quarantine(
    submission: Annotated[str | None, typer.Argument(help="文件，或报送编号的前几位；不给时列出全部")] = None,
    back: Annotated[bool, typer.Option("--back", help="取回：下次运行重新读取；不给时是隔离")] = False,
    by: Annotated[str, typer.Option("--by", help="谁决定的")] = "",
    reason: Annotated[str, typer.Option("--reason", help="原因")] = "",
    as_json: AsJson = False,
) -> None:
    """隔离的文件：列出，隔离一份（下次运行起不再读取，其数据不再计入），或取回。重建时同样有效。"""
    from sources.archive.archive import archived_receipts
    from sources.archive.quarantine import Quarantine, note_quarantine, set_aside_now

    settings, _ = installation()
    names: dict[str, list[str]] = {}
    for receipt in archived_receipts(settings.archive):
        names.setdefault(receipt.submission_id, []).append(receipt.file_name)
    aside = set_aside_now(settings.archive)
    if submission is None:
        rows = [{"submission_id": id_, "files": names.get(id_, []), **asdict(each)} for id_, each in aside.items()]
        if as_json:
            print_json(rows)
        else:
            shown = [row | {"files": joined(row["files"])} for row in rows]
            print_records(f"隔离的文件 {len(rows)} 份", QUARANTINE_HEADINGS, shown)
        return
    submission_id = _submission_of(settings, submission, names)
    if not by or not reason:
        fail("请写明谁决定的和原因：--by 姓名 --reason 原因")
    if back and submission_id not in aside:
        fail(f"{submission} 没有隔离，不必取回。")
    note_quarantine(settings.archive, Quarantine(submission_id, not back, reason, by))
    done = "已取回，下次运行重新读取" if back else "已隔离，下次运行起不再读取"
    console.print(f"{joined(names[submission_id])}（{submission_id[:8]}）：{done}。", markup=False)


def _submission_of(settings: Settings, named: str, names: Mapping[str, Sequence[str]]) -> str:
    """The submission that somebody names by a file or the first letters of its id; stops when there is not one."""
    if Path(named).is_file():
        found = [sha256_of(content_of(Path(named), settings.limits) or b"")]
    else:
        found = [submission_id for submission_id in names if submission_id.startswith(named.lower())]
    if len(found) != 1 or found[0] not in names:
        fail(f"存档中没有 {named}，或不止一份；请给文件，或报送编号的更多位（退回件文件名中的 8 位）。")
    return found[0]


@app.command(rich_help_panel=Panel.KEEP)
def rebuild() -> None:
    """只用存档把整个数据库重新建一遍（全部年度），再发布。失败时，包括以前接收的报送不再被接收时，工作和已发布的数据库保持原样。"""
    from warehouse.run.rebuild import ArchiveDamagedError, rebuilding

    settings, city = installation()
    years = sorted(city.calendar.years)
    console.print(f"从存档重建 {'、'.join(map(str, years))} 年度：{settings.archive}", soft_wrap=True)
    try:
        with rebuilding(settings, city.pack):
            done = execute(settings, city, years, console)
    except ArchiveDamagedError as error:
        fail(str(error))
    console.print(f"已重建并发布：{settings.published_database}", soft_wrap=True)
    console.print(done.alerts, highlight=False)
    summary = summarise(settings, city, years) | {"unmade": list(done.unmade)}
    print_left_out(summary)
    raise typer.Exit(exit_code_of(summary))
