"""`nianbao desk`: pages for schools and bureau."""

import os
from typing import Annotated

import typer

from orchestration.cli.console import Panel, app, console, installation
from sources.system.access import prepare_home


@app.command(rich_help_panel=Panel.KEEP)
def desk(
    port: Annotated[int, typer.Option(help="端口")] = 8000,
    one_a_role: Annotated[
        bool, typer.Option("--one-a-role", help="还没有账号时，每种角色建一个，用来试用；不强制第二重验证")
    ] = False,
    reset: Annotated[
        str | None, typer.Option(help="这个登录名的密码忘了、手机丢了：给一个新密码，取消第二重验证，不打开报送台")
    ] = None,
) -> None:
    """打开报送台：学校上传、检查、报送，教育局决定、运行、发布（只监听本机）。第一次打开时建账号，密码只显示一次。"""
    from orchestration.desk.desk_server import first_accounts, prepare_desk, reset_account, serve_desk
    from orchestration.desk.roles import NO_FACTOR, with_factor
    from sources.declarations.deadlines import open_years

    settings, city = installation()
    prepare_home(settings.home)
    with_factor(settings.desk_factor)  # a role that there is not is told now, and not on every page
    year = open_years(city.calendar, settings.today)[-1]
    own = {"NIANBAO_HOME": str(settings.home), "NIANBAO_CITY": str(settings.city_dir)}
    os.environ |= own
    if one_a_role:  # seven accounts of one person who tries the desk, and no seven phones
        os.environ.setdefault("NIANBAO_DESK_FACTOR", NO_FACTOR)
    prepare_desk()
    for each in [reset_account(reset)] if reset else first_accounts(city, year, one_a_role):
        console.print(f"{each.role}　登录名 {each.username}　密码 {each.password}", highlight=False, soft_wrap=True)
    if reset:
        raise typer.Exit
    console.print(f"http://127.0.0.1:{port}")
    raise typer.Exit(serve_desk(port, os.environ))
