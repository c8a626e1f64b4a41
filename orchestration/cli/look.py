"""Commands that look at what is published: table, status, findings."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from orchestration.cli.console import (
    ACTION_NEEDED,
    SHOWN_RECORDS,
    AnyYear,
    AsJson,
    Panel,
    RegionCode,
    app,
    console,
    fail,
    installation,
    joined,
    latest_year,
    print_findings,
    print_json,
    print_lines,
    print_records,
    published,
    say_more,
)
from sources.declarations.year_states import MARK_LABELS, STATE_LABELS, STATES, Mark, YearState
from warehouse.catalogue.labels import SUBMISSION

if TYPE_CHECKING:
    import duckdb

    from warehouse.figures.bounds import BoundedFigure, SchoolToCall
    from warehouse.figures.printed_table import TableCell
    from warehouse.hiding.hidden_values import HiddenValue
    from warehouse.intake.register import PublishedFinding, RegisterEntry

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
HIDDEN_HEADINGS = {
    "subject": "单位或地区",
    "scope": "口径",
    "label": "不公开的数",
    "reason": "原因",
    "people": "所依据的人数",
    "possible": "由公开的数能推算到",
    "needed": "至少应当仍然可能",
}
HIDDEN_NOTES = (
    "比率和平均数的范围，是其分子（人数、收入合计）的范围。",
    "能推算到的范围不得窄于至少应当仍然可能的范围，每次运行都核算，不符的不发布。",
)
TO_CALL_HEADINGS = {"school": "学校", "figures": "所缺的数字", "narrows": "范围平均收窄（%）"}
SHOWN_BOUNDS = 6
ASKING = (YearState.HELD, YearState.QUARANTINED)
"""States of which it is said what the bureau is to do."""
SHOWN_OF_FINDING = ("severity", "file_name", "sheet", "cell", "message", "effect", "suggestion", "fix")


@app.command(rich_help_panel=Panel.LOOK)
def table(
    code: Annotated[str, typer.Argument(help="表号或表名，例如 1.2-2、附表3、满意度调查表；也可以只写一部分")],
    year: AnyYear = None,
    region: RegionCode = None,
    as_json: AsJson = False,
) -> None:
    """从发布的数据库打印报告的一张表。"""
    from warehouse.catalogue.catalogue import load_catalogue
    from warehouse.figures.printed_table import find_table, table_of

    settings, city = installation()
    catalogue = load_catalogue(city.pack)
    with published(settings) as connection:
        try:
            printed = table_of(
                connection, catalogue, find_table(catalogue, code), year or latest_year(connection), region
            )
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
    for before, row in pairwise([(), *printed.texts[:SHOWN_RECORDS]]):
        grouped = "group_label" in printed.declared.columns and before[:1] == row[:1]
        shown.add_row("" if grouped else row[0], *row[1:])
    console.print(shown)
    say_more(len(printed.texts) - SHOWN_RECORDS)
    print_lines("注", notes)


@app.command(rich_help_panel=Panel.LOOK)
def status(year: AnyYear = None, region: RegionCode = None, as_json: AsJson = False) -> None:
    """报送登记簿：谁应报、谁报了、谁逾期，哪一版有效、为什么，有多少问题。有逾期或退回时返回码为 3。"""
    from sources.audit.commented import COMMENTED
    from warehouse.figures.bounds import bounded_figures, schools_to_call
    from warehouse.figures.regions import coverage_of, unlisted_schools
    from warehouse.intake.register import published_findings, published_register

    settings, _ = installation()
    with published(settings) as connection:
        of, year = _region(connection, region), year or latest_year(connection)
        found = published_findings(connection, year, None, of if region else None)
        comments = sum(each.finding.rule_id == COMMENTED for each in found)
        register = published_register(connection, year, of)
        coverage = coverage_of(connection, of, [year]).get(year)
        unlisted = [school.name for school in unlisted_schools(connection, of, year)]
        figures, schools = bounded_figures(connection, of, year), schools_to_call(connection, of, year)
    if not register:
        fail(f"数据库中没有 {year} 年。")
    if as_json:
        entries = [asdict(entry) for entry in register]
        of_year = {"report_year": year, "coverage": coverage, "unlisted": unlisted, "comments": comments}
        still = {"bounds": [asdict(each) for each in figures], "to_call": [asdict(each) for each in schools]}
        print_json(of_year | still | {"register": entries})
    else:
        shown = [asdict(each) | {"shown_state": _state(each), "shown_reason": _reason(each)} for each in register]
        print_records(f"{year}年度报送登记簿", REGISTER_HEADINGS, shown)
        first = register[0]
        console.print(f"报送期 {first.opens} 至 {first.due}，{first.freezes} 冻结。", highlight=False)
        console.print(f"数据完整度：{coverage or '还没有名册'}。", highlight=False)
        if comments:
            told = f"单元格旁的批注：{comments} 处说数字待定或另有数字（nianbao findings --year {year}）。"
            console.print(told, highlight=False)
        if unlisted:
            told = f"登记了而名册没有列入：{joined(unlisted)}；这些学校的数字没有计入。"
            console.print(told, highlight=False)
        if figures:
            _print_bounds(figures, schools)
    if any(entry.asks_to_act for entry in register):
        raise typer.Exit(ACTION_NEEDED)


def _print_bounds(figures: "Sequence[BoundedFigure]", schools: "Sequence[SchoolToCall]") -> None:
    """What figures that lack schools can still become, and whom to call first."""
    from warehouse.figures.bounds import most_telling_first

    console.print(f"还缺学校的数字 {len(figures)} 个（全部列出用 --json）：", highlight=False)
    for each in most_telling_first(figures)[:SHOWN_BOUNDS]:
        print_lines(each.label, [each.sentence])
    shown = [
        {"school": each.school_name, "figures": each.figures, "narrows": each.narrows_percent}
        for each in schools[:SHOWN_BOUNDS]
    ]
    print_records("先催谁：报来后范围收窄最多的学校", TO_CALL_HEADINGS, shown)
    say_more(len(schools) - SHOWN_BOUNDS)


def _state(entry: "RegisterEntry") -> str:
    marks = [f"{MARK_LABELS[Mark.OVERDUE]} {entry.days_overdue} 天"] if entry.is_overdue else []
    marks += [MARK_LABELS[Mark.FROZEN]] if entry.is_frozen else []
    return "，".join([STATE_LABELS[entry.state], *marks])


def _reason(entry: "RegisterEntry") -> str:
    """Why this version counts, and what became of a later one."""
    reasons = [entry.current_reason]
    if entry.latest_submission_id != entry.current_submission_id and entry.latest_submission_id:
        status = SUBMISSION[entry.latest_status or "received"]
        reasons.append(f"最后一版 {entry.latest_submission_id[:8]} {status}：{entry.latest_reason}")
    if entry.state in ASKING:
        reasons.append(STATES[entry.state].to_do)
    return "；".join(filter(None, reasons))


@app.command(rich_help_panel=Panel.LOOK)
def findings(
    year: AnyYear = None,
    respondent: Annotated[str | None, typer.Option(help="只看一个单位：标识码或名称，可以简写")] = None,
    region: RegionCode = None,
    as_json: AsJson = False,
) -> None:
    """审核发现的问题：文件、工作表、单元格、问题和处理办法；影响全市数字的在前，影响大的在先。"""
    from warehouse.figures.effects import effects_of
    from warehouse.figures.regions import find_region, whole_of
    from warehouse.intake.register import find_respondent, published_findings

    settings, _ = installation()
    with published(settings) as connection:
        of = _region(connection, region) if region else None
        try:
            whose = find_respondent(connection, respondent) if respondent else None
        except LookupError as error:
            fail(str(error))
        year = year or latest_year(connection)
        found = published_findings(connection, year, whose, of)
        effects = effects_of(connection, {each.finding.finding_id for each in found})
        whole = whole_of(find_region(connection).name)
    found = [
        replace(each, finding=replace(each.finding, effect=effects.get(each.finding.finding_id))) for each in found
    ]
    found.sort(key=lambda each: each.finding.order)
    if as_json:
        print_json([each.row for each in found])
        return
    console.print(f"{year}年度审核问题 {sum(each.of_version == 'counts' for each in found)} 个")
    _print_by_version(found, whole)


def _print_by_version(found: "Sequence[PublishedFinding]", whole: str) -> None:
    """The findings that count, what moves figures first; then those of newer versions that do not count."""
    counted = [each.finding for each in found if each.of_version == "counts"]
    newer = [each.finding for each in found if each.of_version == "latest"]
    moving = [each for each in counted if each.moves_figures]
    others = [each for each in counted if not each.moves_figures]
    for title, group in (
        (f"影响{whole}数字", moving),
        (f"不影响{whole}数字，或者已经说明", others),
        ("最后收到、没有采用的版本（不计入个数）", newer),
    ):
        if group:
            print_findings(f"{title}：{len(group)} 个", SHOWN_OF_FINDING, group, explained="（已说明）")


@app.command(rich_help_panel=Panel.LOOK)
def hidden(year: AnyYear = None, as_json: AsJson = False) -> None:
    """哪些数不公开、为什么，由全部公开的数能把它推算到什么范围。只供教育局内部查看，不要转发。"""
    from warehouse.catalogue.small_group import load_small_groups
    from warehouse.hiding.hidden_values import hidden_values

    settings, city = installation()
    with published(settings) as connection:
        year = year or latest_year(connection)
        found = hidden_values(connection, year)
    if as_json:
        print_json([asdict(each) for each in found])
        return
    if not found:
        console.print(f"{year}年度没有不公开的数：每个发布的比率和平均收入所依据的人数都够多。", highlight=False)
        return
    print_records(f"{year}年度不公开的数 {len(found)} 个", HIDDEN_HEADINGS, [_hidden(each) for each in found])
    print_lines("注", [load_small_groups(city.pack).note, *HIDDEN_NOTES])


def _hidden(value: "HiddenValue") -> dict[str, object]:
    from warehouse.hiding.hidden_values import REASON_LABELS

    return asdict(value) | {
        "reason": REASON_LABELS[value.reason],
        "people": None if value.people is None else f"{value.people.normalize():f}",
        "possible": _interval(value.low, value.high),
        "needed": _interval(value.needed_low, value.needed_high),
    }


def _interval(low: Decimal | None, high: Decimal | None) -> str | None:
    """A range in words; of what has no interval of its own, nothing."""
    if low is None:
        return None
    return f"不小于 {low.normalize():f}" if high is None else f"{low.normalize():f} 至 {high.normalize():f}"


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
