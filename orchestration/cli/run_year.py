"""The yearly run, and the sample submissions to try it with."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from orchestration.cli.console import (
    NOT_ALL_MADE,
    SET_ASIDE,
    AsJson,
    Panel,
    Years,
    app,
    check_years,
    console,
    installation,
    joined,
    notices,
    print_json,
    print_lines,
)
from orchestration.cli.engines import Engine, build_models_on_spark, refuse_without_spark
from orchestration.launch import Finished, RunFailedError, execute
from sources.archive.inbox import look_into
from sources.declarations.city import City
from sources.declarations.undecided import load_undecided, told_undecided
from sources.system.settings import Settings
from sources.system.whereabouts import InboxGoneError
from warehouse.catalogue.labels import STATE

if TYPE_CHECKING:
    import duckdb


@app.command(rich_help_panel=Panel.RUN)
def run(
    year: Years,
    force: Annotated[bool, typer.Option("--force", help="没有新内容也重新运行")] = False,
    target: Annotated[Engine, typer.Option(help="在哪里读取、审核和建模；spark 不发布")] = Engine.duckdb,
    as_json: AsJson = False,
) -> None:
    """收件、审核、建模、发布、出表：完整运行一次；没有新内容时不重做。有文件没有读入时返回码为 4，没有做成时为 5。"""
    # Long: what may keep a run from being made, one after the other, and what is said of it.
    from warehouse.run.clock import doubt_of_today
    from warehouse.run.needed import reasons_to_run

    settings, city = installation()
    years = sorted(set(year))
    check_years(city, years)
    out = notices if as_json else console
    if target is Engine.spark:
        refuse_without_spark()
        from orchestration.lib.asset_keys import intake_assets  # imports Dagster
        from warehouse.run.cluster import spark_cluster

        with spark_cluster(settings) as each_apart:
            execute(settings, city, years, out, only=intake_assets(city.pack), each_apart=each_apart)
        build_models_on_spark(settings, city.pack, out)
        return
    doubt = doubt_of_today(settings)
    try:
        reasons = reasons_to_run(settings, city, years)
    except InboxGoneError as error:
        from orchestration.lib.observe import alert

        raise RunFailedError(f"{error}\n{alert(settings, city).summary}") from error
    if not reasons and not force:
        from orchestration.lib.observe import alert

        out.print("没有新内容，已发布的数据就是最新的。")
        done = Finished(alert(settings, city).summary)
    else:
        if doubt:
            out.print(doubt.told, style="red", highlight=False)
        out.print(f"运行 {'、'.join(map(str, years))} 年度：{'；'.join(reasons) or '按要求重新运行'}")
        done = execute(settings, city, years, out, anew=force)
    summary = summarise(settings, city, years) | {"alerts": done.alerts, "unmade": list(done.unmade)}
    summary["doubt"] = doubt.told if doubt else None
    if as_json:
        print_json(summary)
    else:
        _print_summary(summary)
    raise typer.Exit(exit_code_of(summary))


def exit_code_of(summary: Mapping[str, Any]) -> int:
    """What a run that has ended says to a program: 0, or that something was left out while all else stands."""
    if summary["unread"]:
        return SET_ASIDE
    return NOT_ALL_MADE if summary["unmade"] else 0


@app.command(rich_help_panel=Panel.RUN)
def sample(year: Years) -> None:
    """把样例城市的报送做成工作簿，放入收件夹；已有的文件不改动。"""
    from sources.sample.pour import pour_samples

    settings, city = installation()
    for each in sorted(set(year)):
        paths = pour_samples(city, settings.city_dir, each, settings.inbox)
        console.print(f"{each}年样例报送 {len(paths)} 份：{settings.inbox}")


def print_left_out(summary: Mapping[str, Any]) -> None:
    """Says which files were not read, and what could not be made."""
    from warehouse.intake.waiting import Unread

    print_lines("没有读入", [Unread(**each).told for each in summary["unread"]])
    print_lines("没有做成", summary["unmade"])


def summarise(settings: Settings, city: City, years: Sequence[int]) -> dict[str, Any]:
    """What is published for the years, as a person or a program wants to know it after a run."""
    # Long: a line for each thing that is told.
    from warehouse.catalogue.catalogue import load_catalogue
    from warehouse.figures.regions import coverage_of, find_region
    from warehouse.intake.unread import unread_files
    from warehouse.store.connection import open_published
    from warehouse.store.ddl import PUBLIC_SCHEMAS
    from warehouse.store.sql import query

    with open_published(settings) as connection:
        register = query(
            connection,
            "select report_year, respondent_name, state, is_overdue, latest_status,"
            " current_submission_id is not null as stands from quality.register"
            " where list_contains(?, report_year) order by report_year, position",
            [list(years)],
        ).to_dicts()
        coverage = coverage_of(connection, find_region(connection).code, years)
        findings = _count_findings(connection, years)
        moving = _count_moving(connection, years)
        unread = unread_files(connection, settings)
        tables = query(
            connection,
            "select count(*) from duckdb_tables() where list_contains(?, schema_name)",
            [list(PUBLIC_SCHEMAS)],
        ).item()
    return {
        "years": list(years),
        "register": register,
        "coverage": coverage,
        "errors": findings.get(("error", False), 0),
        "warnings": findings.get(("warning", False), 0),
        "warnings_explained": findings.get(("warning", True), 0),
        "moving_figures": moving,
        "tables": tables,
        "report_tables": list(load_catalogue(city.pack).tables),
        "unread": [asdict(each) for each in unread],
        "undecided": told_undecided(load_undecided(settings.city_dir)),
        "settling": len(look_into(settings.inbox).settling),
        "database": str(settings.published_database),
        "summary_tables": str(settings.summary_tables),
        "feedback": str(settings.feedback),
    }


def _count_findings(connection: "duckdb.DuckDBPyConnection", years: Sequence[int]) -> dict[tuple[str, bool], int]:
    """How many there are of each severity, explained and not, in versions that count, or the last where none does."""
    from warehouse.store.sql import query

    counted = query(
        connection,
        "select severity, is_explained, count(*) from quality.finding where of_version = 'counts'"
        " and cause_id is null and (report_year is null or list_contains(?, report_year)) group by all",
        [list(years)],
    )
    return {(severity, is_explained): count for severity, is_explained, count in counted.iter_rows()}


def _count_moving(connection: "duckdb.DuckDBPyConnection", years: Sequence[int]) -> int:
    """How many of them that nobody has explained would move a printed figure if they were mended."""
    from warehouse.store.sql import query

    counted = query(
        connection,
        "select count(distinct finding_id) from quality.finding as finding inner join quality.finding_effect as effect"
        " using (finding_id) where moves and not is_explained and cause_id is null"
        " and of_version = 'counts' and list_contains(?, finding.report_year)",
        [list(years)],
    )
    return int(counted.item())


def _print_summary(summary: dict[str, Any]) -> None:
    console.print()
    console.rule("小结", align="left")
    last = summary["years"][-1]
    for year in summary["years"]:
        of_year = [row for row in summary["register"] if row["report_year"] == year]
        noted = [
            f"{row['respondent_name']}（{STATE[row['state']]}"
            + ("，逾期" if row["is_overdue"] else "")
            + ("，以前的一版仍然有效）" if row["stands"] else "）")
            for row in of_year
            if not row["stands"] or row["latest_status"] in ("rejected", "held")
        ]
        stands = sum(row["stands"] for row in of_year)
        coverage = summary["coverage"].get(year, "还没有名册")
        console.print(
            f"{year}年度  已接收 {stands} / 应报 {len(of_year)} 个单位；数据完整度 {coverage}"
            + (f"；{joined(noted)}" if noted else ""),
        )
    console.print(
        f"审核问题  错误 {summary['errors']} 个，待说明的警告 {summary['warnings']} 个，"
        f"已说明 {summary['warnings_explained']} 个；其中 {summary['moving_figures']} 个影响印出的数字"
        f"（nianbao findings --year {last}）"
    )
    print_left_out(summary)
    print_lines("日期", [summary["doubt"]] if summary["doubt"] else [])
    print_lines("还没有定", summary["undecided"])
    if summary["settling"]:
        console.print(f"收件夹    有 {summary['settling']} 个文件还在写入，写完后自动接收")
    console.print(
        f"数据表    {summary['tables']} 张，其中报告表 {'、'.join(summary['report_tables'])}"
        f"（nianbao table 1.2-2 --year {last}）"
    )
    console.print(f"数据库    {summary['database']}", soft_wrap=True)
    console.print(f"汇总表    {summary['summary_tables']}", soft_wrap=True)
    console.print(f"退回件    {summary['feedback']}（标出了问题的工作簿，发回学校）", soft_wrap=True)
    console.print(f"提醒      {summary['alerts'].removeprefix('提醒：')}", soft_wrap=True)
    console.print("界面      make ui")
