"""Commands that keep an installation through the years: backup, restore, doctor."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from orchestration.cli.console import (
    ACTION_NEEDED,
    RUN_FAILED,
    AsJson,
    Panel,
    app,
    console,
    fail,
    notices,
    print_json,
    print_lines,
)
from sources.system.faults import ToldError
from sources.system.settings import load_settings

DESK_ELSEWHERE = "没有备份：报送台的账号、上传记录和日志，它们在 PostgreSQL 里；请紧接着用 pg_dump 备份。"


@app.command(rich_help_panel=Panel.KEEP)
def backup(
    target: Annotated[Path, typer.Argument(help="备份放在哪里：还没有的文件夹；已有的，在里面另建一个")],
    as_json: AsJson = False,
) -> None:
    """备份不能再做出来的：存档、发布的版次和数据库、声明、提醒的台账。运行时也可以。有文件已经损坏时返回码为 3。"""
    # Long: mostly what is said at the end.
    from warehouse.catalogue.city_references import checked_city
    from warehouse.keep.backup import back_up
    from warehouse.store.owner import ForeignHomeError

    settings = load_settings()
    try:
        checked_city(settings)
    except ForeignHomeError as error:
        fail(str(error))
    except ToldError as error:
        notices.print(f"城市的声明有错，照样备份：{error}", style="red")
    try:
        made = back_up(settings, target)
    except ToldError as error:
        fail(str(error))
    if as_json:
        print_json({"folder": str(made.folder), "bytes": made.list.bytes, "files": len(made.list.files),
                    "seconds": round(made.seconds, 1), "damaged": [asdict(each) for each in made.ailments],
                    "withheld": list(made.list.withheld)})  # fmt: skip
    else:
        console.print(
            f"已备份到 {made.folder}：{len(made.list.files)} 个文件，{made.list.bytes / 1e6:.1f} MB，"
            f"用时 {made.seconds:.1f} 秒。",
            soft_wrap=True,
        )
        console.print("里面有各学校报送的原件和模板的令牌，没有加密：请放在只有经办人能读的地方。")
        if made.list.withheld:
            console.print(f"这些没有备份（可能是密码）：{'、'.join(made.list.withheld)}")
        console.print("没有备份：Dagster 的运行记录，退回件、汇总表、草稿（恢复后运行一次就有）。")
        if settings.desk_database:
            console.print(DESK_ELSEWHERE, style="red", soft_wrap=True)
        console.print(f"恢复：nianbao restore {made.folder}", soft_wrap=True)
        print_lines("备份时已经损坏", [f"{each.what}。{each.remedy}" for each in made.ailments])
    if made.ailments:
        raise typer.Exit(ACTION_NEEDED)


@app.command(rich_help_panel=Panel.KEEP)
def restore(
    backup: Annotated[Path, typer.Argument(help="备份的文件夹", exists=True, file_okay=False)],
    verify: Annotated[
        bool, typer.Option("--verify", help="再从存档重新做出每一版发布，逐字节比对（每版约一分钟）")
    ] = False,
) -> None:
    """从备份恢复到空的数据文件夹（NIANBAO_HOME）：先核对每个文件的 sha256，再恢复，再核对发布的版次。"""
    from warehouse.keep.restore import restore_backup

    settings = load_settings()
    try:
        done = restore_backup(settings, backup)
    except ToldError as error:
        fail(str(error))
    made = done.list
    console.print(
        f"已恢复到 {settings.home}：{made.city_code} {made.city_name} {made.made_at} 的备份"
        f"（原在 {made.home}，nianbao {made.program}），报送文件 {done.submissions} 份。",
        soft_wrap=True,
    )
    console.print(f"城市的声明：{done.city_dir}", soft_wrap=True)
    if done.city_dir != settings.city_dir:
        console.print(f"与 {settings.city_dir} 里的不同，没有覆盖；请设 NIANBAO_CITY={done.city_dir}", soft_wrap=True)
    for version in done.releases:
        is_wrong = any(f"/{version}" in each.what for each in done.ailments)
        console.print(f"发布的版次 {version}：" + ("有文件损坏，见下" if is_wrong else "每个文件都与清单相符"))
    if made.withheld:
        console.print(f"请重新填写（没有备份密码）：{'、'.join(made.withheld)}")
    years = " ".join(f"--year {year}" for year in done.years)
    console.print(f"接下来：nianbao doctor；nianbao run {years}（重新做出退回件和汇总表）", soft_wrap=True)
    print_lines("备份时已经损坏", [f"{each.what}。{each.remedy}" for each in done.ailments])
    differing = _differing(done.releases) if verify else []
    if done.ailments or differing:
        raise typer.Exit(ACTION_NEEDED)


def _differing(releases: tuple[str, ...]) -> list[str]:
    """The releases that do not come out byte for byte when they are made again; each is told."""
    from orchestration.cli.console import installation
    from warehouse.catalogue.catalogue import load_catalogue
    from warehouse.release.verify import verify

    settings, city = installation()
    differing = []
    for version in releases:
        verified = verify(settings, city, load_catalogue(city.pack), version)
        if not verified.is_equal:
            differing.append(version)
        said = "不完全相同" if not verified.is_equal else "逐字节相同"
        console.print(f"{version} 从存档重新做出：{said}（nianbao verify {version} 列出每个文件）")
    return differing


@app.command(rich_help_panel=Panel.KEEP)
def doctor(
    thorough: Annotated[
        bool, typer.Option("--thorough", help="再从存档把数据库重建一份，逐表比对（几分钟，不改动任何东西）")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """检查存档、登记、发布的数据库和版次、声明、磁盘和版本：哪里坏了，怎么办。什么都不改动。有问题时返回码为 1。"""
    from warehouse.keep.doctor import examine

    settings = load_settings()
    if not settings.home.is_dir():
        fail(f"没有数据文件夹：{settings.home}。还没有运行过，或 NIANBAO_HOME 不对")
    with notices.status("检查……") as status:
        examined = list(examine(settings, thorough, lambda what: status.update(f"检查 {what}……")))
    ailments = [ailment for each in examined for ailment in each.ailments]
    if as_json:
        print_json([asdict(each) for each in examined])
    else:
        for each in examined:
            if each.seen:
                console.print(
                    f"{'✗' if each.ailments else '✓'} {each.about}：{each.seen}", highlight=False, soft_wrap=True
                )
            print_lines(f"  {each.about} 等着办", each.waits)
            print_lines(f"✗ {each.about}", [f"{ailment.what} → {ailment.remedy}" for ailment in each.ailments])
        console.print(f"有 {len(ailments)} 处问题。" if ailments else "没有发现问题。")
    if ailments:
        raise typer.Exit(RUN_FAILED)
