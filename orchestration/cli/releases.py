"""Commands for what leaves the building: documents, release, confirm, releases, verify, extract."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

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
    print_records,
    published,
)
from orchestration.cli.drafts_back import print_diff

if TYPE_CHECKING:
    from warehouse.release.foresee import Foreseen
    from warehouse.release.item import Listed
    from warehouse.release.make_release import Released
    from warehouse.release.verify import Verified

RELEASE_HEADINGS = {
    "version": "版本",
    "released_on": "发布日期",
    "previous": "上一版",
    "files": "文件数",
    "confirmed": "确认事项",
    "signed": "确认人",
    "commit": "程序版本",
}


@app.command(rich_help_panel=Panel.REPORT)
def documents(
    year: Annotated[int | None, typer.Option("--year", help="报告年度；与 --diff 一起时不写")] = None,
    region: RegionCode = None,
    school: Annotated[str | None, typer.Option(help="只生成这所学校自己的年报；写代码、名称或简称")] = None,
    schools: Annotated[bool, typer.Option("--schools", help="生成每所学校自己的年报")] = False,
    enterprise: Annotated[
        str | None, typer.Option(help="只生成这家合作企业的年报；写企业名称、名称的一部分或统一社会信用代码")
    ] = None,
    diff: Annotated[
        tuple[Path, Path] | None,
        typer.Option("--diff", help="不生成，只比较两份草稿（旧 新，.docx）：哪些节变了，文字和数字分开列"),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """生成年度报告的草稿：汇总表、数据表、报告、撰写稿、PDF、网站（下级地区没有网站）；有没有做成的，返回码为 5。

    --school、--schools 生成学校自己的年报：Word、PDF 和撰写稿，数字与本地区年报同出一处。

    --enterprise 生成一家合作企业的年报：Word 和 PDF，数字由各校“合作企业”表相加。

    --diff 比较两份草稿，有变化时返回码为 3。
    """
    from warehouse.catalogue.catalogue import load_catalogue
    from warehouse.release.draft import write_draft

    # Long: three kinds of reports, each with its outcome.
    if diff:
        print_diff(*diff, as_json)
        return
    if year is None:
        fail("请写报告年度，如 --year 2023；比较两份草稿用 --diff 旧 新。")
    if sum((school is not None, schools, enterprise is not None)) > 1:
        fail("--school 只生成一所学校的，--schools 生成每一所的，--enterprise 生成一家企业的；请只写一个。")
    if enterprise is not None:
        _enterprise_report(year, region, enterprise, as_json)
        return
    if school or schools:
        _school_reports(year, region, school, as_json)
        return
    settings, city = installation()
    check_years(city, [year])
    with published(settings) as connection, notices.status("生成……") as shown:
        try:
            draft = write_draft(
                connection,
                settings,
                city,
                load_catalogue(city.pack),
                year,
                region,
                lambda part: shown.update(f"生成{part}……"),
            )
        except LookupError as error:
            fail_not_found(error)
    if as_json:
        told = {"paths": [str(path) for path in draft.paths], "seconds": draft.seconds, "unmade": draft.failed}
        print_json(told)
    else:
        for path in draft.paths:
            console.print(str(path), soft_wrap=True)
        print_lines("没有做成", draft.failed)
        _print_seconds(draft.seconds)
    if draft.failed:
        raise typer.Exit(NOT_ALL_MADE)


def _enterprise_report(year: int, region: str | None, enterprise: str, as_json: bool) -> None:
    """The report of an enterprise over all schools that name it."""
    from warehouse.catalogue.catalogue import load_catalogue
    from warehouse.release.enterprise_reports import write_enterprise

    settings, city = installation()
    check_years(city, [year])
    with published(settings) as connection, notices.status("生成……"):
        try:
            paths = write_enterprise(connection, settings, city, load_catalogue(city.pack), year, enterprise, region)
        except LookupError as error:
            fail_not_found(error)
    if as_json:
        print_json({"paths": [str(path) for path in paths]})
    else:
        for path in paths:
            console.print(str(path), soft_wrap=True)


def _school_reports(year: int, region: str | None, school: str | None, as_json: bool) -> None:
    """The reports that schools publish of themselves: of one, or of all."""
    # Long: made, and then told in two ways.
    from warehouse.catalogue.catalogue import load_catalogue
    from warehouse.release.school_reports import write_school_reports

    settings, city = installation()
    check_years(city, [year])
    with published(settings) as connection, notices.status("生成……") as shown:
        try:
            done = write_school_reports(
                connection,
                settings,
                city,
                load_catalogue(city.pack),
                year,
                school,
                region,
                lambda name: shown.update(f"生成{name}的年报……"),
            )
        except LookupError as error:
            fail_not_found(error)
    if as_json:
        told = {
            "paths": [str(path) for path in done.paths],
            "lacking": done.lacking,
            "to_mend": done.to_mend,
            "unmade": done.failed,
        }
        print_json(told | {"seconds": done.seconds})
    else:
        for path in done.paths if school else [done.folder]:
            console.print(str(path), soft_wrap=True)
        print_lines("没有年报", done.lacking)
        print_lines("学校的文字要改", done.to_mend)
        print_lines("没有做成", done.failed)
        console.print(f"{len(done.reports)} 所学校的年报，{done.seconds:.1f} 秒。")
    if done.failed:
        raise typer.Exit(NOT_ALL_MADE)
    if not done.reports:
        raise typer.Exit(ACTION_NEEDED)


@app.command(rich_help_panel=Panel.REPORT)
def release(
    year: Annotated[int, typer.Argument(help="报告年度")],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="只检查，不发布；列出要逐项确认的事项，给出在界面发布要填的确认码")
    ] = False,
    to: Annotated[
        Path | None, typer.Option(help="与 --dry-run 一起：把要确认的事项写成 .xlsx 或 .csv，每项一行", dir_okay=False)
    ] = None,
    as_json: AsJson = False,
) -> None:
    """发布一个年度：检查、编号，生成全部文档、数据文件和网站，留下清单。有事项没有逐项解决时返回码为 3。"""
    # Long: looked at or made, and what each of both may run into.
    from warehouse.catalogue.catalogue import CatalogueChangedError, load_catalogue
    from warehouse.release.foresee import foresee
    from warehouse.release.gate import CannotConfirmError
    from warehouse.release.make_release import ReleaseBlockedError, processes_for
    from warehouse.release.make_release import release as make_release

    settings, city = installation()
    check_years(city, [year])
    if to and not dry_run:
        fail("--to 要与 --dry-run 一起写。")
    try:
        if dry_run:
            with notices.status("检查……"):
                foreseen = foresee(settings, city, load_catalogue(city.pack), year)
            _print_foreseen(foreseen, year, to, as_json)
            return
        with notices.status("发布……") as shown:
            done = make_release(
                settings,
                city,
                load_catalogue(city.pack),
                year,
                lambda part: shown.update(f"发布：{part}……"),
                processes=processes_for(city, year),
            )
    except (FileNotFoundError, CatalogueChangedError, CannotConfirmError) as error:
        fail(str(error))
    except ReleaseBlockedError as error:
        if as_json:
            print_json({"released": False, **_as_json(error.foreseen, year)})
        else:
            _print_list(error.foreseen, year)
            console.print("没有发布：上面的事项逐项解决以后再发布。")
        raise typer.Exit(ACTION_NEEDED) from None
    _print_release(done, as_json)


@app.command(rich_help_panel=Panel.REPORT)
def confirm(
    year: Annotated[int | None, typer.Argument(help="报告年度")] = None,
    item: Annotated[str | None, typer.Argument(help="事项的编号（nianbao release --dry-run 列出）")] = None,
    by: Annotated[str | None, typer.Option(help="确认人的姓名")] = None,
    reason: Annotated[str | None, typer.Option(help="这一项为什么可以发布")] = None,
    file: Annotated[
        Path | None,
        typer.Option(
            "--from",
            help="release --dry-run --to 写出、已填“确认人”和“理由”的清单",
            exists=True,
            dir_okay=False,
            readable=True,
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """确认发布清单中的事项：逐项署名，逐项写理由，记入存档。看到的数字以后变了，要重新确认。"""
    # Long: one item or a file, and what each wants.
    from sources.declarations.problem import DeclarationError
    from warehouse.catalogue.catalogue import CatalogueChangedError, load_catalogue
    from warehouse.release.gate import CannotConfirmError, Wish
    from warehouse.release.gate import confirm as note
    from warehouse.release.list_file import read_list

    settings, city = installation()
    try:
        if file:
            if item or by or reason:
                fail("给了 --from，就不再写编号、--by 和 --reason：每一项的确认人和理由在文件里。")
            wishes, unfilled = read_list(file)
        elif year and item and by and reason:
            wishes, unfilled = {year: [Wish(item, by, reason)]}, 0
        else:
            fail("写法：nianbao confirm 2023 编号 --by 姓名 --reason 理由；或 nianbao confirm --from 清单.xlsx")
        check_years(city, list(wishes))
        with notices.status("检查……"):
            done = note(settings, city, load_catalogue(city.pack), wishes)
    except (FileNotFoundError, CatalogueChangedError, CannotConfirmError, DeclarationError) as error:
        fail(str(error))
    if as_json:
        print_json({"confirmed": [asdict(each) for each in done], "unfilled": unfilled})
        return
    for each in done:
        console.print(f"{each.report_year} {each.item}：{each.by}确认：{each.reason}", soft_wrap=True)
    left = f"；没有填写的 {unfilled} 行没有确认" if unfilled else ""
    console.print(f"已确认 {len(done)} 项，记入存档{left}。")


@app.command(rich_help_panel=Panel.REPORT)
def releases(year: Year, as_json: AsJson = False) -> None:
    """一个年度的全部发布版本。"""
    from warehouse.release.manifest import releases_of

    settings, _ = installation()
    found = releases_of(settings, year)
    if as_json:
        print_json([vars(each) for each in found])
        return
    shown = [
        vars(each)
        | {"files": len(each.outputs), "commit": each.commit[:12]}
        | {"confirmed": len(each.confirmed) or "", "signed": "、".join(each.signed_by)}
        for each in found
    ]
    print_records(f"{year}年度发布版本 {len(shown)} 个", RELEASE_HEADINGS, shown)


@app.command(rich_help_panel=Panel.REPORT)
def verify(
    version: Annotated[str, typer.Argument(help="版本，例如 2023.1")],
    manifest: Annotated[str | None, typer.Option(help="发布时记下的清单 sha256，与现在的清单核对")] = None,
    as_json: AsJson = False,
) -> None:
    """从存档重建一个版本，与发布的文件逐字节比较，清单与存档核对。有不同时返回码为 3。"""
    from warehouse.catalogue.catalogue import load_catalogue
    from warehouse.release.verify import verify as make_again

    settings, city = installation()
    try:
        with notices.status("核验……") as shown:
            found = make_again(
                settings, city, load_catalogue(city.pack), version, lambda part: shown.update(f"核验：{part}……")
            )
    except FileNotFoundError as error:
        fail(str(error))
    is_anchored = manifest is None or manifest.strip().lower() == found.manifest_hash
    if as_json:
        print_json(vars(found) | {"is_equal": found.is_equal, "is_anchored": is_anchored})
    else:
        _print_verified(found)
        if not is_anchored:
            console.print("清单不是发布时的那一份：sha256 与记下的不同。", style="red")
    if not (found.is_equal and is_anchored):
        raise typer.Exit(ACTION_NEEDED)


@app.command(rich_help_panel=Panel.REPORT)
def extract(
    region: Annotated[str, typer.Option("--region", help="地区的行政区划代码或名称")],
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
    console.print(f"{done.region_name}：{len(done.rows)} 张表，{count} 行：{done.path}", soft_wrap=True)


def _print_verified(found: "Verified") -> None:
    console.print(f"{found.version}：比较 {found.compared} 个文件，{'完全相同' if found.is_equal else '有不同'}。")
    for title, told in (
        ("内容不同", found.differing),
        ("没有重新生成", found.missing),
        ("多出", found.added),
        ("发布后被改动", found.damaged),
        ("清单没有列出的文件", found.unnamed),
        ("清单与存档不符", found.disagreeing),
    ):
        print_lines(f"  {title}", told)
    if found.describing:
        names = joined(found.describing)
        others = (found.missing, found.added, found.damaged, found.unnamed, found.disagreeing)
        are_all = found.describing == found.differing and not any(others)
        console.print(
            f"其中 {names} 说明的是程序（模型的名称和 SQL），不含报告的数字；程序更新后它会不同。"
            + ("其余文件完全相同，数字没有变化。" if are_all else ""),
        )
    if found.changed_since:
        console.print(f"发布之后有变化的：{joined(found.changed_since)}。")
    console.print(f"只有清单自己说、无法核验的：{'；'.join(found.unproven)}。", soft_wrap=True)
    console.print(f"清单 sha256：{found.manifest_hash}", soft_wrap=True)
    signed = {"valid": "有效", "none": "没有", "broken": "与清单写明的公钥不符，请勿采用，从备份恢复"}[found.signed]
    console.print(f"签名：{signed}。")


def _print_foreseen(foreseen: "Foreseen", year: int, to: Path | None, as_json: bool) -> None:
    """The checklist, the list and the code; exit code 3 when something still stops the release."""
    from warehouse.release.list_file import write_list

    written = write_list(foreseen.listed, year, to) if to else 0
    if as_json:
        print_json(_as_json(foreseen, year))
    else:
        _print_list(foreseen, year)
        if to:
            console.print(
                f"{written} 项写入 {to}：填好“确认人”和“理由”，再运行 nianbao confirm --from {to}", soft_wrap=True
            )
        if not foreseen.is_new:
            console.print(f"与 {foreseen.version} 相比没有变化，不会有新的版本。")
        elif not foreseen.is_open:
            console.print(f"将发布 {foreseen.version}。在界面发布时，启动表单的 Config 里写 code：{foreseen.code}")
    if foreseen.is_open:
        raise typer.Exit(ACTION_NEEDED)


def _as_json(foreseen: "Foreseen", year: int) -> dict[str, Any]:
    from warehouse.release.gate import what_to_do

    return {
        "version": foreseen.version,
        "is_new": foreseen.is_new,
        "is_open": foreseen.is_open,
        "code": foreseen.code,
        "points": [asdict(point) for point in foreseen.points],
        "items": [each.row | {"nobody": each.nobody, "to_do": what_to_do(each, year)} for each in foreseen.listed],
        "told": foreseen.told,
    }


def _print_list(foreseen: "Foreseen", year: int) -> None:
    """The points, what is not compared, what is settled, and each open item with the command that confirms it."""
    from warehouse.release.gate import what_to_do

    _print_points([asdict(point) for point in foreseen.points], foreseen.listed)
    for sentence in foreseen.told:
        console.print(f"· {sentence}", highlight=False, soft_wrap=True)
    settled = [each for each in foreseen.listed if each.settled]
    for each in settled:
        _print_settled(each)
    still = [each for each in foreseen.listed if not each.settled]
    if not still:
        return
    console.print(f"还有 {len(still)} 项没有解决：")
    for each in still:
        console.print(f"✗ {each.item.id}", style="red", end="  ")
        console.print(each.item.title, highlight=False, soft_wrap=True)
        for text in filter(None, (each.item.seen, each.item.note)):
            console.print(f"    {text}", highlight=False, soft_wrap=True)
        console.print(f"    {what_to_do(each, year)}", style="cyan", highlight=False, soft_wrap=True)
    if any(not each.nobody for each in still):
        console.print(
            f"一次确认几项：nianbao release {year} --dry-run --to 确认清单.xlsx，逐行填“确认人”和“理由”，"
            "再 nianbao confirm --from 确认清单.xlsx",
            soft_wrap=True,
        )


@app.command("hand-up", rich_help_panel=Panel.REPORT)
def hand_up_command(
    version: Annotated[str, typer.Argument(help="发布版本，例如 2023.1")],
    to: Annotated[Path | None, typer.Option(help="输出文件；不给时在 bundles 文件夹", dir_okay=False)] = None,
    as_json: AsJson = False,
) -> None:
    """把一个发布版本所用的工作簿打成一个上交包，交给上级；上级用 nianbao receive 放进收件夹。"""
    from warehouse.release.hand_up import hand_up

    settings, city = installation()
    try:
        path, count = hand_up(settings, city, version, to)
    except FileNotFoundError as error:
        fail(str(error))
    if as_json:
        print_json({"path": path, "workbooks": count})
        return
    console.print(f"{version}：{count} 份工作簿：{path}", soft_wrap=True, markup=False)


@app.command(rich_help_panel=Panel.REPORT)
def receive(
    file: Annotated[Path, typer.Argument(help="下级的上交包", exists=True, dir_okay=False, readable=True)],
    as_json: AsJson = False,
) -> None:
    """把下级的上交包放进收件夹，下次运行时逐份审核。有要先登记或声明的，返回码为 3。"""
    from sources.submission.bundle import BundleError
    from warehouse.intake.handed_up import receive_bundle

    settings, city = installation()
    try:
        done = receive_bundle(file, settings, city)
    except BundleError as error:
        fail(str(error))
    if as_json:
        print_json({"folder": done.folder, "workbooks": len(done.listed.files), "to_declare": done.to_declare})
    else:
        count, sender = len(done.listed.files), f"{done.listed.city_name} {done.listed.version}"
        console.print(f"{sender}：{count} 份工作簿已放入 {done.folder}", soft_wrap=True, markup=False)
        print_lines("要先办", done.to_declare)
    if done.to_declare:
        raise typer.Exit(ACTION_NEEDED)


def _print_release(done: "Released", as_json: bool) -> None:
    from warehouse.release.manifest import manifest_hash

    manifest = done.manifest
    if as_json:
        print_json(
            {
                "released": done.is_new,
                "folder": done.folder,
                "manifest_hash": manifest_hash(done.folder),
                "seconds": done.seconds,
                "manifest": vars(manifest),
            }
        )
        return
    if not done.is_new:
        console.print(f"与 {manifest.version} 相比没有变化，没有新的版本：{done.folder}", soft_wrap=True)
        return
    _print_points(manifest.checklist, manifest.listed)
    for each in manifest.listed:
        _print_settled(each)
    console.print(f"已发布 {manifest.version}：{done.folder}", soft_wrap=True)
    console.print(
        f"清单 sha256：{manifest_hash(done.folder)}。请记在别处，以后 verify --manifest 用它核对",
        soft_wrap=True,
    )
    console.print(f"文件 {len(manifest.outputs)} 个；从 {done.folder / 'site' / 'index.html'} 开始看", soft_wrap=True)
    _print_seconds(done.seconds)


def _print_points(points: list[dict[str, Any]], listed: Sequence["Listed"]) -> None:
    """✓ what passes, ○ what does not and is settled item by item, ✗ what stops the release."""
    still = {each.item.point for each in listed if not each.settled}
    for point in points:
        settled = ("○", "yellow") if point["name"] not in still else ("✗", "red")
        mark, colour = ("✓", "green") if point["passed"] and point["name"] not in still else settled
        console.print(mark, end=" ", style=colour)
        console.print(f"{point['title']}：{point['detail']}", highlight=False)


def _print_settled(listed: "Listed") -> None:
    if listed.settled:
        how = {"confirmed": "确认", "explained": "认可说明"}[listed.settled.how]
        text = f"○ {listed.item.id}  {listed.item.title}，{listed.settled.by}{how}：{listed.settled.reason}"
        console.print(text, highlight=False, soft_wrap=True)


def _print_seconds(seconds: dict[str, float]) -> None:
    console.print("用时 " + "，".join(f"{part} {value:.1f} 秒" for part, value in seconds.items()), highlight=False)
