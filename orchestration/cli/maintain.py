"""Commands that keep an installation: ui, rebuild, templates, and what developers generate."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from orchestration.cli.console import ACTION_NEEDED, Panel, Year, app, check_years, console, fail, installation
from orchestration.launch import EVENTS_IN_BATCHES, execute, open_instance, prepare_dagster_home
from sources.system.settings import PROJECT_ROOT


@app.command(rich_help_panel=Panel.SCHOOLS)
def template(year: Year, out: Annotated[Path | None, typer.Option(help="输出文件夹")] = None) -> None:
    """给每个填报单位生成一份空白模板，上年数据列在旁边。"""
    from sources.write.template import build_workbook, workbook_file_name
    from warehouse.intake.last_year import last_year_values

    settings, city = installation()
    check_years(city, [year])
    folder = out or settings.templates / str(year)
    folder.mkdir(parents=True, exist_ok=True)
    last_year = last_year_values(settings, year)
    for respondent in city.respondents_in(year):
        data = build_workbook(city, respondent, year, last_year=last_year.get(respondent.code))
        (folder / workbook_file_name(respondent, year)).write_bytes(data)
    console.print(f"{year}年模板 {len(city.respondents_in(year))} 份：{folder}")


@app.command(rich_help_panel=Panel.KEEP)
def ui(port: Annotated[int, typer.Option(help="端口")] = 3000) -> None:
    """打开 Dagster 界面（只监听本机）。"""
    settings, _ = installation()
    home = prepare_dagster_home(settings)
    own = {"DAGSTER_HOME": home, "NIANBAO_HOME": settings.home, "NIANBAO_CITY": settings.city_dir}
    environment = os.environ | {name: str(path) for name, path in own.items()} | EVENTS_IN_BATCHES
    command = [str(Path(sys.executable).with_name("dagster")), "dev", "-m", "orchestration.definitions"]
    console.print(f"http://127.0.0.1:{port}")
    os.chdir(home)  # the project's root has a dagster.yaml of its own, for whoever types `dagster dev` there
    os.execve(command[0], [*command, "-h", "127.0.0.1", "-p", str(port)], environment)


@app.command(rich_help_panel=Panel.DEVELOP)
def generate(check: Annotated[bool, typer.Option("--check", help="只检查，不写文件")] = False) -> None:
    """Developers: write the files that derive from the contracts and the catalogue."""
    from warehouse.catalogue.catalogue import load_catalogue
    from warehouse.catalogue.generate import stale_files, write_generated

    changed = (stale_files if check else write_generated)(load_catalogue())
    for path in changed:
        console.print(("stale: " if check else "written: ") + str(path.relative_to(PROJECT_ROOT)))
    raise typer.Exit(1 if check and changed else 0)


@app.command(rich_help_panel=Panel.DEVELOP)
def prepare() -> None:
    """Developers and `make`: compile the models and open Dagster's books now, so that the first run need not wait."""
    from orchestration.lib.dbt_graph import load_graph

    settings, _ = installation()
    load_graph(settings)
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
    console.print(outcome.summary, markup=False, highlight=False)
    if outcome.undelivered or outcome.problems:
        raise typer.Exit(ACTION_NEEDED)


@app.command(rich_help_panel=Panel.KEEP)
def rebuild() -> None:
    """只用存档把整个数据库重新建一遍（全部年度），再发布。失败时一切保持原样。"""
    from warehouse.run.rebuild import ArchiveDamagedError, rebuilding

    settings, city = installation()
    years = sorted(city.calendar.years)
    console.print(f"从存档重建 {'、'.join(map(str, years))} 年度：{settings.archive}", soft_wrap=True)
    try:
        with rebuilding(settings):
            told = execute(settings, city, years, console)
    except ArchiveDamagedError as error:
        fail(str(error))
    console.print(f"已重建并发布：{settings.published_database}", soft_wrap=True)
    console.print(told, markup=False, highlight=False)
