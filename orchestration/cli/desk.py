"""`nianbao desk`: pages for schools and bureau."""

import os
from typing import Annotated

import typer

from orchestration.cli.console import Panel, app, console, installation
from sources.system.access import prepare_home


@app.command(rich_help_panel=Panel.KEEP)
def desk(
    port: Annotated[int, typer.Option(help="端口")] = 8000,
    one_a_role: Annotated[bool, typer.Option("--one-a-role", help="还没有账号时，每种角色建一个，用来试用")] = False,
) -> None:
    """打开报送台：学校上传、检查、报送，教育局决定、运行、发布（只监听本机）。第一次打开时建账号，密码只显示一次。"""
    from orchestration.desk.desk_server import first_accounts, prepare_desk, serve_desk
    from sources.declarations.deadlines import open_years

    settings, city = installation()
    prepare_home(settings.home)
    own = {"NIANBAO_HOME": str(settings.home), "NIANBAO_CITY": str(settings.city_dir)}
    os.environ |= own
    prepare_desk()
    year = open_years(city.calendar, settings.today)[-1]
    for each in first_accounts(city, year, one_a_role):
        console.print(f"{each.role}　登录名 {each.username}　密码 {each.password}", highlight=False, soft_wrap=True)
    console.print(f"http://127.0.0.1:{port}")
    raise typer.Exit(serve_desk(port, os.environ))
