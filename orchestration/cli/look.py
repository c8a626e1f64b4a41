"""Commands that look at what is published: table, status, findings."""

from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, Any

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
    print_json,
    print_records,
    published,
)
from sources.submission.finding import SEVERITY_LABELS
from warehouse.catalogue.labels import STATE

if TYPE_CHECKING:
    import duckdb

    from warehouse.figures.printed_table import TableCell

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
FINDING_HEADINGS = {
    "severity": "级别",
    "file_name": "文件",
    "sheet": "工作表",
    "cell": "单元格",
    "message": "问题",
    "suggestion": "可能的原因",
    "fix": "处理办法",
}


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
    from warehouse.figures.regions import SUBTREE, coverage_of
    from warehouse.store.sql import query

    settings, _ = installation()
    with published(settings) as connection:
        of = _region(connection, region)
        register = query(
            connection,
            f"select * from quality.register where report_year = ? and region_code in {SUBTREE}"
            " order by respondent_kind desc, respondent_code",
            [year, of],
        ).to_dicts()
        coverage = coverage_of(connection, of, [year]).get(year)
    if not register:
        fail(f"数据库中没有 {year} 年。")
    if as_json:
        print_json({"report_year": year, "coverage": coverage, "register": register})
    else:
        shown = [row | {"shown_state": _state(row), "shown_reason": _reason(row)} for row in register]
        print_records(f"{year}年度报送登记簿", REGISTER_HEADINGS, shown)
        row = register[0]
        console.print(f"报送期 {row['opens']} 至 {row['due']}，{row['freezes']} 冻结。", highlight=False)
        console.print(f"数据完整度：{coverage or '还没有名册'}。", highlight=False)
    if any(row["state"] in ("overdue", "rejected") or row["latest_status"] == "rejected" for row in register):
        raise typer.Exit(ACTION_NEEDED)


def _state(row: dict[str, Any]) -> str:
    label = STATE[row["state"]]
    return f"{label} {row['days_overdue']} 天" if row["state"] == "overdue" else label


def _reason(row: dict[str, Any]) -> str:
    """Why this version counts, and what became of a later one."""
    reasons = [row["current_reason"]]
    if row["latest_submission_id"] != row["current_submission_id"] and row["latest_submission_id"]:
        reasons.append(f"最后一版 {row['latest_file_name']} 已退回：{row['latest_reason']}")
    if row["current_submission_id"] is None and row["days_overdue"]:
        reasons.append(f"已逾期 {row['days_overdue']} 天")
    return "；".join(filter(None, reasons))


@app.command(rich_help_panel=Panel.LOOK)
def findings(
    year: Year,
    respondent: Annotated[str | None, typer.Option(help="只看一个单位的标识码")] = None,
    region: RegionCode = None,
    as_json: AsJson = False,
) -> None:
    """审核发现的问题：文件、工作表、单元格、问题和处理办法。"""
    from warehouse.figures.regions import SUBTREE
    from warehouse.store.sql import query

    settings, _ = installation()
    with published(settings) as connection:
        # who has sent a file without a readable cover is not known, nor is the region then
        found = query(
            connection,
            "select * from quality.finding"
            f" where coalesce(region_code in {SUBTREE}, ?) and coalesce(respondent_code = ?, true)"
            " and (report_year = ? or report_year is null)"
            " and submission_status <> 'superseded' order by severity, file_name, sheet, cell",
            [_region(connection, region), region is None, respondent, year],
        ).to_dicts()
    if as_json:
        print_json(found)
        return
    shown = [
        row | {"severity": SEVERITY_LABELS[row["severity"]] + ("（已说明）" if row["is_explained"] else "")}
        for row in found
    ]
    print_records(f"{year}年度审核问题 {len(found)} 个", FINDING_HEADINGS, shown)


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
