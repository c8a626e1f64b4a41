"""Commands that look at what is published: table, status, findings."""

from dataclasses import asdict
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from orchestration.cli.console import (
    ACTION_NEEDED,
    AsJson,
    Panel,
    RegionCode,
    Year,
    app,
    console,
    fail,
    installation,
    print_findings,
    print_json,
    print_records,
    published,
)
from warehouse.catalogue.labels import STATE

if TYPE_CHECKING:
    import duckdb

    from warehouse.figures.printed_table import TableCell
    from warehouse.intake.register import RegisterEntry

REGISTER_HEADINGS = {
    "respondent_code": "标识码",
    "respondent_name": "单位",
    "shown_state": "状态",
    "versions": "版本数",
    "errors": "错误",
    "warnings": "警告",
    "warnings_unexplained": "待说明",
    "current_file_name": "有效版本",
    "shown_reason": "说明",
}
SHOWN_OF_FINDING = ("severity", "file_name", "sheet", "cell", "message", "suggestion", "fix")


@app.command(rich_help_panel=Panel.LOOK)
def table(
    code: Annotated[str, typer.Argument(help="表号，例如 1.2-2")],
    year: Year,
    region: RegionCode = None,
    as_json: AsJson = False,
) -> None:
    """从发布的数据库打印报告的一张表。"""
    from warehouse.catalogue.catalogue import load_catalogue
    from warehouse.figures.printed_table import table_of

    settings, _ = installation()
    catalogue = load_catalogue()
    if code not in catalogue.tables:
        fail(f"没有表 {code}；有：{'、'.join(catalogue.tables)}")
    with published(settings) as connection:
        try:
            printed = table_of(connection, catalogue, code, year, region)
        except LookupError as error:
            fail(str(error))
    notes = [note.text for note in printed.notes]
    if as_json:
        print_json({"title": printed.title, "headings": printed.headings, "rows": printed.texts, "notes": notes})
        return
    shown = Table(title=printed.title, title_justify="left")
    columns = list(zip(*printed.rows, strict=True))
    numeric = [any(cell.text for cell in column) and all(map(_is_numeric, column)) for column in columns]
    for heading, right in zip(printed.headings, numeric, strict=True):
        shown.add_column(heading, justify="right" if right else "left", overflow="fold")
    for before, row in pairwise([(), *printed.texts]):
        grouped = "group_label" in printed.declared.columns and before[:1] == row[:1]
        shown.add_row("" if grouped else Text(row[0]), *map(Text, row[1:]))
    console.print(shown)
    for note in notes:
        console.print(f"注：{note}", highlight=False, markup=False)


@app.command(rich_help_panel=Panel.LOOK)
def status(year: Year, region: RegionCode = None, as_json: AsJson = False) -> None:
    """报送登记簿：谁应报、谁报了、谁逾期，哪一版有效、为什么，有多少问题。有逾期或退回时返回码为 3。"""
    from warehouse.figures.regions import coverage_of
    from warehouse.intake.register import published_register

    settings, _ = installation()
    with published(settings) as connection:
        of = _region(connection, region)
        register = published_register(connection, year, of)
        coverage = coverage_of(connection, of, [year]).get(year)
    if not register:
        fail(f"数据库中没有 {year} 年。")
    if as_json:
        print_json({"report_year": year, "coverage": coverage, "register": [asdict(entry) for entry in register]})
    else:
        shown = [asdict(each) | {"shown_state": _state(each), "shown_reason": _reason(each)} for each in register]
        print_records(f"{year}年度报送登记簿", REGISTER_HEADINGS, shown)
        first = register[0]
        console.print(f"报送期 {first.opens} 至 {first.due}，{first.freezes} 冻结。", highlight=False)
        console.print(f"数据完整度：{coverage or '还没有名册'}。", highlight=False)
    if any(entry.has_to_act for entry in register):
        raise typer.Exit(ACTION_NEEDED)


def _state(entry: "RegisterEntry") -> str:
    label = STATE[entry.state]
    return f"{label} {entry.days_overdue} 天" if entry.state == "overdue" else label


def _reason(entry: "RegisterEntry") -> str:
    """Why this version counts, and what became of a later one."""
    reasons = [entry.current_reason]
    if entry.latest_submission_id != entry.current_submission_id and entry.latest_submission_id:
        reasons.append(f"最后一版 {entry.latest_file_name} 已退回：{entry.latest_reason}")
    if entry.current_submission_id is None and entry.days_overdue:
        reasons.append(f"已逾期 {entry.days_overdue} 天")
    return "；".join(filter(None, reasons))


@app.command(rich_help_panel=Panel.LOOK)
def findings(
    year: Year,
    respondent: Annotated[str | None, typer.Option(help="只看一个单位的标识码")] = None,
    region: RegionCode = None,
    as_json: AsJson = False,
) -> None:
    """审核发现的问题：文件、工作表、单元格、问题和处理办法。"""
    from warehouse.intake.register import published_findings

    settings, _ = installation()
    with published(settings) as connection:
        of = _region(connection, region) if region else None
        found = published_findings(connection, year, respondent, of)
    if as_json:
        print_json([each.row for each in found])
        return
    title = f"{year}年度审核问题 {len(found)} 个"
    print_findings(title, SHOWN_OF_FINDING, [each.finding for each in found], explained="（已说明）")


def _region(connection: "duckdb.DuckDBPyConnection", code: str | None) -> str:
    """The code of the region that is meant, or a message when there is none of the kind."""
    from warehouse.figures.regions import find_region

    try:
        return find_region(connection, code).code
    except LookupError as error:
        fail(str(error))


def _is_numeric(cell: "TableCell") -> bool:
    from warehouse.figures.table_notes import NOT_REPORTED

    return cell.value is not None or cell.text in ("", NOT_REPORTED)
