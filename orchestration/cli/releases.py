"""Commands for what leaves the building: documents, release, releases, verify, extract."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from orchestration.cli.console import (
    ACTION_NEEDED,
    AsJson,
    Panel,
    RegionCode,
    Year,
    app,
    check_years,
    console,
    fail,
    installation,
    notices,
    print_json,
    print_records,
    published,
)

if TYPE_CHECKING:
    from warehouse.release.make_release import Released

RELEASE_HEADINGS = {
    "version": "版本",
    "released_on": "发布日期",
    "previous": "上一版",
    "files": "文件数",
    "signed": "签字放行",
    "commit": "程序版本",
}


@app.command(rich_help_panel=Panel.REPORT)
def documents(year: Year, region: RegionCode = None, as_json: AsJson = False) -> None:
    """生成年度报告的文档和网站草稿：汇总表、报告稿、PDF、网站（下级地区没有网站）。不检查，不编号。"""
    from warehouse.catalogue.catalogue import load_catalogue
    from warehouse.release.draft import write_draft

    settings, city = installation()
    check_years(city, [year])
    with published(settings) as connection, notices.status("生成……") as shown:
        try:
            draft = write_draft(
                connection, settings, city, load_catalogue(), year, region, lambda part: shown.update(f"生成{part}……")
            )
        except LookupError as error:
            if type(error) is not LookupError:
                raise  # a key that is missing somewhere is a mistake of ours
            fail(str(error))
    if as_json:
        print_json({"paths": [str(path) for path in draft.paths], "seconds": draft.seconds})
        return
    for path in draft.paths:
        console.print(str(path), soft_wrap=True, markup=False)
    _print_seconds(draft.seconds)


@app.command(rich_help_panel=Panel.REPORT)
def release(
    year: Annotated[int, typer.Argument(help="报告年度")],
    override: Annotated[str | None, typer.Option(help="检查不通过时仍然放行的理由，与 --by 一起给出")] = None,
    by: Annotated[str | None, typer.Option(help="放行的签字人")] = None,
    as_json: AsJson = False,
) -> None:
    """发布一个年度：检查、编号，生成全部文档、数据文件和网站，留下清单。检查不通过时返回码为 3。"""
    from warehouse.catalogue.catalogue import CatalogueChangedError, load_catalogue
    from warehouse.release.make_release import ReleaseBlockedError
    from warehouse.release.make_release import release as make_release
    from warehouse.release.manifest import Override

    settings, city = installation()
    check_years(city, [year])
    if (override is None) != (by is None):
        fail("--override（理由）与 --by（签字人）要一起给出。")
    signed = Override(by, override, ()) if by and override else None
    try:
        with notices.status("发布……") as shown:
            done = make_release(
                settings, city, load_catalogue(), year, signed, lambda part: shown.update(f"发布：{part}……")
            )
    except (FileNotFoundError, CatalogueChangedError) as error:
        fail(str(error))
    except ReleaseBlockedError as error:
        if as_json:
            print_json({"released": False, "checklist": [vars(point) for point in error.points]})
        else:
            _print_points([vars(point) for point in error.points])
            console.print("检查没有通过，没有发布。解决后再发布；确需放行的，用 --override 写明理由，--by 签字。")
        raise typer.Exit(ACTION_NEEDED) from None
    _print_release(done, as_json)


@app.command(rich_help_panel=Panel.REPORT)
def releases(year: Year, as_json: AsJson = False) -> None:
    """一个年度的全部发布版本。"""
    from warehouse.release.manifest import releases_of

    settings, _ = installation()
    found = [vars(each) for each in releases_of(settings, year)]
    if as_json:
        print_json(found)
        return
    shown = [
        each
        | {"files": len(each["outputs"]), "commit": each["commit"][:12]}
        | {"signed": each["override"]["by"] if each["override"] else ""}
        for each in found
    ]
    print_records(f"{year}年度发布版本 {len(shown)} 个", RELEASE_HEADINGS, shown)


@app.command(rich_help_panel=Panel.REPORT)
def verify(version: Annotated[str, typer.Argument(help="版本，例如 2023.1")], as_json: AsJson = False) -> None:
    """从存档重建一个版本，与发布的文件逐字节比较。有不同时返回码为 3。"""
    from warehouse.catalogue.catalogue import load_catalogue
    from warehouse.release.verify import verify as make_again

    settings, city = installation()
    try:
        with notices.status("核验……") as shown:
            found = make_again(settings, city, load_catalogue(), version, lambda part: shown.update(f"核验：{part}……"))
    except FileNotFoundError as error:
        fail(str(error))
    if as_json:
        print_json(vars(found) | {"is_equal": found.is_equal})
    else:
        console.print(f"{version}：比较 {found.compared} 个文件，{'完全相同' if found.is_equal else '有不同'}。")
        for title, paths in (
            ("内容不同", found.differing),
            ("没有重新生成", found.missing),
            ("多出", found.added),
            ("发布后被改动", found.damaged),
        ):
            for path in paths:
                console.print(f"  {title}：{path}", markup=False)
        if found.describing:
            names = "、".join(found.describing)
            are_all = found.describing == found.differing and not (found.missing or found.added or found.damaged)
            console.print(
                f"其中 {names} 说明的是程序（模型的名称和 SQL），不含报告的数字；程序更新后它会不同。"
                + ("其余文件完全相同，数字没有变化。" if are_all else ""),
                markup=False,
            )
        if found.changed_since:
            console.print(f"发布之后有变化的：{'、'.join(found.changed_since)}。")
    if not found.is_equal:
        raise typer.Exit(ACTION_NEEDED)


@app.command(rich_help_panel=Panel.REPORT)
def extract(
    region: Annotated[str, typer.Option("--region", help="行政区划代码")],
    to: Annotated[Path | None, typer.Option(help="输出文件；不给时在 extracts 文件夹", dir_okay=False)] = None,
    as_json: AsJson = False,
) -> None:
    """把一个地区自己的数据（含下级）写成单独的 DuckDB 文件，交给该地区；其他地区的学校、问题和文件名不在其中。"""
    from warehouse.release.data.extract import write_extract

    settings, _ = installation()
    try:
        done = write_extract(settings, region, to)
    except (LookupError, FileNotFoundError) as error:
        fail(str(error))
    if as_json:
        print_json({"path": done.path, "region_name": done.region_name, "rows": done.rows})
        return
    count = sum(done.rows.values())
    console.print(f"{done.region_name}：{len(done.rows)} 张表，{count} 行：{done.path}", soft_wrap=True, markup=False)


def _print_release(done: "Released", as_json: bool) -> None:
    manifest = done.manifest
    if as_json:
        print_json(
            {"released": done.is_new, "folder": done.folder, "seconds": done.seconds, "manifest": vars(manifest)}
        )
        return
    if not done.is_new:
        console.print(f"与 {manifest.version} 相比没有变化，没有新的版本：{done.folder}", soft_wrap=True)
        return
    _print_points(manifest.checklist)
    if manifest.override:
        console.print(f"由 {manifest.override['by']} 签字放行：{manifest.override['reason']}", markup=False)
    console.print(f"已发布 {manifest.version}：{done.folder}", soft_wrap=True)
    console.print(f"文件 {len(manifest.outputs)} 个；从 {done.folder / 'site' / 'index.html'} 开始看", soft_wrap=True)
    _print_seconds(done.seconds)


def _print_points(points: list[dict[str, Any]]) -> None:
    for point in points:
        mark = "[green]✓[/green]" if point["passed"] else "[red]✗[/red]"
        console.print(mark, end=" ")
        console.print(f"{point['title']}：{point['detail']}", markup=False, highlight=False)


def _print_seconds(seconds: dict[str, float]) -> None:
    console.print("用时 " + "，".join(f"{part} {value:.1f} 秒" for part, value in seconds.items()), highlight=False)
