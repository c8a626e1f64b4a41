"""`nianbao …`: the command line. Thin: every command calls one function of `sources`, `warehouse` or Dagster.

Dagster is imported by the commands that need it, because its import takes longer than most commands.
"""

import os
import re
import shutil
import sys
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from sources.model import City, load_city
from sources.settings import PROJECT_ROOT, Settings, load_settings

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="中等职业教育质量年度报告",
)
PIPED_WIDTH = 160
console = Console(width=None if sys.stdout.isatty() else PIPED_WIDTH)

Years = Annotated[list[int], typer.Option("--year", help="报告年度，可以重复给出")]
Year = Annotated[int, typer.Option("--year", help="报告年度")]

STATUS_LABELS = {
    "expected": "未报送",
    "received": "已收到",
    "accepted": "已接收",
    "rejected": "已退回",
    "superseded": "已取代",
}
SEVERITY_LABELS = {"error": "错误", "warning": "警告", "info": "提示"}


def _installation() -> tuple[Settings, City]:
    settings = load_settings()
    return settings, load_city(settings.city_dir)


@app.command()
def run(
    year: Years,
    force: Annotated[bool, typer.Option("--force", help="没有新内容也重新运行")] = False,
) -> None:
    """收件、审核、建模、发布、出表：完整运行一次；没有新内容时不做重复的工作。"""
    from warehouse.freshness import reasons_to_run

    settings, city = _installation()
    years = sorted(set(year))
    _check_years(city, years)
    reasons = reasons_to_run(settings, city, years)
    if not reasons and not force:
        console.print("没有新内容，已发布的数据就是最新的。")
    else:
        console.print(f"运行 {'、'.join(map(str, years))} 年度：{'；'.join(reasons) or '按要求重新运行'}")
        if not _execute(settings, years):
            console.print("[red]运行失败，已发布的数据保持不变。[/red] 详情：make ui，打开 Runs。")
            raise typer.Exit(1)
    _print_summary(settings, years)


@app.command()
def sample(year: Years) -> None:
    """把样例城市的报送做成工作簿，放入收件夹；已有的文件不改动。"""
    from sources.sample import pour_samples

    settings, city = _installation()
    for each in sorted(set(year)):
        paths = pour_samples(city, settings.city_dir, each, settings.inbox)
        console.print(f"{each}年样例报送 {len(paths)} 份：{settings.inbox}")


@app.command()
def template(year: Year, out: Annotated[Path | None, typer.Option(help="输出文件夹")] = None) -> None:
    """给每个填报单位生成一份空白模板，上年数据列在旁边。"""
    from sources.template import build_workbook, workbook_file_name
    from warehouse.last_year import last_year_values

    settings, city = _installation()
    _check_years(city, [year])
    folder = out or settings.templates / str(year)
    folder.mkdir(parents=True, exist_ok=True)
    last_year = last_year_values(settings, year)
    for respondent in city.respondents_in(year):
        data = build_workbook(city, respondent, year, last_year=last_year.get(respondent.code))
        (folder / workbook_file_name(respondent, year)).write_bytes(data)
    console.print(f"{year}年模板 {len(city.respondents_in(year))} 份：{folder}")


@app.command()
def table(code: Annotated[str, typer.Argument(help="表号，例如 1.2-2")], year: Year) -> None:
    """从发布的数据库打印报告的一张表。"""
    from warehouse.connection import open_published
    from warehouse.model import load_report_tables
    from warehouse.report_table import print_table

    settings, _ = _installation()
    tables = load_report_tables()
    if code not in tables:
        _fail(f"没有表 {code}；有：{'、'.join(tables)}")
    try:
        with open_published(settings) as connection:
            printed = print_table(connection, tables[code], year)
    except (LookupError, FileNotFoundError) as error:
        _fail(str(error))
    shown = Table(title=printed.title, title_justify="left")
    columns = list(zip(*printed.rows, strict=True))
    numeric = [any(column) and all(map(_is_numeric, column)) for column in columns]
    for heading, right in zip(printed.headings, numeric, strict=True):
        shown.add_column(heading, justify="right" if right else "left", overflow="fold")
    for before, row in pairwise([(), *printed.rows]):
        grouped = "group_label" in tables[code].columns and before[:1] == row[:1]
        shown.add_row("" if grouped else row[0], *row[1:])
    console.print(shown)
    for note in printed.notes:
        console.print(f"注：{note}", highlight=False)


@app.command()
def status(year: Year) -> None:
    """各单位报送情况：谁报了、哪一版有效、有多少问题。"""
    from warehouse.connection import open_published
    from warehouse.registry import submission_overview

    settings, _ = _installation()
    try:
        with open_published(settings) as connection:
            overview = submission_overview(connection, [year])
    except FileNotFoundError as error:
        _fail(str(error))
    shown = Table(title=f"{year}年度报送情况", title_justify="left")
    for heading in ("标识码", "单位", "状态", "版本数", "错误", "警告"):
        shown.add_column(heading)
    for row in overview.iter_rows(named=True):
        shown.add_row(
            row["respondent_code"],
            row["respondent_name"],
            STATUS_LABELS[row["status"]],
            str(row["versions"]),
            str(row["errors"]),
            str(row["warnings"]),
        )
    console.print(shown)


@app.command()
def findings(
    year: Year,
    respondent: Annotated[str | None, typer.Option(help="只看一个单位的标识码")] = None,
) -> None:
    """审核发现的问题：文件、工作表、单元格、问题和处理办法。"""
    from warehouse.connection import open_published, query

    settings, _ = _installation()
    try:
        with open_published(settings) as connection:
            found = query(
                connection,
                "select severity, file_name, sheet, cell, message, fix from quality.finding"
                " where (report_year = ? or report_year is null) and coalesce(respondent_code = ?, true)"
                " and submission_status <> 'superseded' order by severity, file_name",
                [year, respondent],
            )
    except FileNotFoundError as error:
        _fail(str(error))
    shown = Table(title=f"{year}年度审核问题 {found.height} 个", title_justify="left", show_lines=True)
    for heading in ("级别", "文件", "工作表", "单元格", "问题", "处理办法"):
        shown.add_column(heading, overflow="fold")
    for severity, *rest in found.iter_rows():
        shown.add_row(SEVERITY_LABELS[severity], *(text or "" for text in rest))
    console.print(shown)


@app.command()
def ui(port: Annotated[int, typer.Option(help="端口")] = 3000) -> None:
    """打开 Dagster 界面（只监听本机）。"""
    settings, _ = _installation()
    environment = os.environ | {"DAGSTER_HOME": str(_prepare_dagster_home(settings))}
    command = [str(Path(sys.executable).with_name("dagster")), "dev", "-m", "orchestration.definitions"]
    console.print(f"http://127.0.0.1:{port}")
    os.execve(command[0], [*command, "-h", "127.0.0.1", "-p", str(port)], environment)


@app.command()
def generate(check: Annotated[bool, typer.Option("--check", help="只检查，不写文件")] = False) -> None:
    """Developers: write the files that derive from the contracts and the catalogue."""
    from warehouse.generate import stale_files, write_generated

    changed = stale_files() if check else write_generated()
    for path in changed:
        console.print(("stale: " if check else "written: ") + str(path.relative_to(PROJECT_ROOT)))
    raise typer.Exit(1 if check and changed else 0)


@app.command()
def spread() -> None:
    """Developers: spread the totals of the sample city over its schools again (samples/totals.csv)."""
    from sources.apportion import spread_totals

    settings, city = _installation()
    for path, text in spread_totals(city, settings.city_dir).items():
        path.write_text(text, encoding="utf-8")


def _check_years(city: City, years: Sequence[int]) -> None:
    unknown = [year for year in years if year not in city.calendar.years]
    if unknown:
        known = "、".join(map(str, sorted(city.calendar.years)))
        _fail(f"采集日历中没有 {'、'.join(map(str, unknown))} 年；有：{known}")


def _prepare_dagster_home(settings: Settings) -> Path:
    settings.dagster_home.mkdir(parents=True, exist_ok=True)
    settings.inbox.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(PROJECT_ROOT / "orchestration" / "dagster.yaml", settings.dagster_home / "dagster.yaml")
    return settings.dagster_home


def _execute(settings: Settings, years: Sequence[int]) -> bool:
    """One Dagster run for each stretch of consecutive years, recorded where the UI finds it."""
    os.environ["DAGSTER_HOME"] = str(_prepare_dagster_home(settings))
    with console.status("启动……"):
        import dagster as dg

        from orchestration.definitions import build_definitions
        from orchestration.defs.automation import JOB
        from orchestration.partitions import range_tags

        job = build_definitions(settings).resolve_job_def(JOB)
    with dg.DagsterInstance.get() as instance:
        return all(
            job.execute_in_process(
                instance=instance,
                tags=range_tags(str(stretch[0]), str(stretch[-1])),
                run_config={"loggers": {"progress": {}}},
                raise_on_error=False,
            ).success
            for stretch in _stretches(years)
        )


def _stretches(years: Sequence[int]) -> list[list[int]]:
    stretches = [[years[0]]]
    for before, after in pairwise(years):
        if after == before + 1:
            stretches[-1].append(after)
        else:
            stretches.append([after])
    return stretches


def _print_summary(settings: Settings, years: Sequence[int]) -> None:
    from warehouse.connection import open_published
    from warehouse.model import load_report_tables
    from warehouse.registry import submission_overview

    with open_published(settings) as connection:
        overview = submission_overview(connection, years)
        counted = connection.execute(
            "select count(*) filter (where severity = 'error'), count(*) filter (where severity = 'warning')"
            " from quality.finding where submission_status <> 'superseded'"
            " and (report_year is null or list_contains(?, report_year))",
            [list(years)],
        ).fetchone()
        tables = connection.execute(
            "select count(*) from duckdb_tables() where schema_name in ('core', 'marts', 'quality', 'report')"
        ).fetchone()
    assert counted is not None
    assert tables is not None
    console.print()
    console.rule("小结", align="left")
    for year in years:
        of_year = overview.filter(overview["report_year"] == year)
        stands = of_year.filter(of_year["stands"]).height
        noted = [
            f"{row['respondent_name']}（{STATUS_LABELS[row['status']]}）"
            for row in of_year.iter_rows(named=True)
            if row["status"] != "accepted"
        ]
        console.print(
            f"{year}年度  已接收 {stands} / 应报 {of_year.height} 个单位" + (f"；{'、'.join(noted)}" if noted else "")
        )
    console.print(f"审核问题  错误 {counted[0]} 个，警告 {counted[1]} 个（nianbao findings --year {years[-1]}）")
    console.print(
        f"数据表    {tables[0]} 张，其中报告表 {'、'.join(load_report_tables())}"
        f"（nianbao table 1.2-2 --year {years[-1]}）"
    )
    console.print(f"数据库    {settings.published_database}", soft_wrap=True)
    console.print(f"汇总表    {settings.summary_tables}", soft_wrap=True)
    console.print("界面      make ui")


def _is_numeric(text: str) -> bool:
    return re.fullmatch(r"|…|持平|[\d.]+(:1)?[↑↓]?", text) is not None


def _fail(message: str) -> None:
    console.print(f"[red]{message}[/red]")
    raise typer.Exit(2)


if __name__ == "__main__":
    app()
