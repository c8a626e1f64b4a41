"""Commands for the exchange with the schools: check, preview, feedback, explanations."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from orchestration.cli.console import (
    ACTION_NEEDED,
    AsJson,
    Panel,
    Year,
    app,
    check_years,
    console,
    fail,
    installation,
    notices,
    print_findings,
    print_json,
    print_records,
    published,
)
from sources.submission.finding import Finding

File = Annotated[Path, typer.Argument(help="工作簿", exists=True, dir_okay=False, readable=True)]
SHOWN_OF_FINDING = ("severity", "sheet", "cell", "message", "suggestion", "fix")
CHANGE_HEADINGS = {"before": "现在", "after": "之后"}
STATUS_LABELS = {"accepted": "可以接收", "rejected": "会被退回", "superseded": "可以接收，但不是最后保存的版本"}
EXPLANATION_HEADINGS = {
    "explanation_id": "编号",
    "respondent_name": "单位",
    "sheet": "工作表",
    "cells": "单元格",
    "value": "填写内容",
    "reason": "原因",
    "author": "说明人",
    "shown_state": "状态",
    "expires_after": "有效至",
}
STATES = {"given": "已说明", "approved": "已认可", "refused": "不予认可"}
SHOWN_CHANGES = 40


@app.command(rich_help_panel=Panel.SCHOOLS)
def check(
    file: File,
    out: Annotated[Path | None, typer.Option(help="写出标好问题的工作簿")] = None,
    as_json: AsJson = False,
) -> None:
    """报送前自己检查一份工作簿：不需要数据库。有错误时返回码为 3。"""
    from sources.check import check_workbook, mark_checked

    settings, city = installation()
    data = file.read_bytes()
    checked = check_workbook(data, file.name, city, settings.limits)
    marked = out or file.with_name(f"{file.stem}_校验结果.xlsx")
    needs_marking = any(finding.severity != "info" for finding in checked.findings)
    if needs_marking:
        marked.write_bytes(mark_checked(data, checked))
    if as_json:
        print_json(
            {
                "file": str(file),
                "respondent": checked.submission.respondent and checked.submission.respondent.name,
                "report_year": checked.submission.report_year,
                "is_acceptable": checked.is_acceptable,
                "findings": [finding.row for finding in checked.open_findings],
                "explained": [finding.row | _given(finding) for finding in checked.explained],
                "marked": str(marked) if needs_marking else None,
            }
        )
    else:
        _print_findings(f"{file.name} 检查结果", checked.open_findings)
        if checked.explained:
            console.print(f"另有 {len(checked.explained)} 个警告已在文件中说明。")
        console.print("可以报送。" if checked.is_acceptable else "有错误，报送后会被退回，请先改正。")
        if needs_marking:
            console.print(f"标好问题的工作簿：{marked}", soft_wrap=True, markup=False)
    if not checked.is_acceptable:
        raise typer.Exit(ACTION_NEEDED)


@app.command(rich_help_panel=Panel.SCHOOLS)
def preview(file: File, as_json: AsJson = False) -> None:
    """收下一份工作簿之前先看看它会改变什么：单元格、问题、数字和名次。不会真的收下。会被退回时返回码为 3。"""
    from warehouse.run.rehearsal import as_dict
    from warehouse.run.rehearsal import preview as rehearse

    settings, city = installation()
    with notices.status("预演……") as shown:
        try:
            found = rehearse(settings, city, file, lambda stage: shown.update(f"预演：{stage}……"))
        except FileNotFoundError as error:
            fail(str(error))
    if as_json:
        print_json(as_dict(found))
    else:
        label = STATUS_LABELS[found.status]
        console.print(
            f"{found.file_name}：{found.respondent_name or '无法识别单位'} {found.report_year or ''}年度，{label}"
            f"（{found.reason}）。",
            markup=False,
        )
        _print_changes(
            "改动的单元格", {"sheet": "工作表", "record": "记录", "label": "项目", "cell": "单元格"}, found.cells
        )
        _print_findings("新出现的问题", [each.finding for each in found.findings_new])
        _print_findings("已解决的问题", [each.finding for each in found.findings_solved])
        where = {"report_year": "年度", "subject_name": "单位", "indicator": "指标", "scope": "口径"}
        _print_changes("变动的数字", where, found.figures)
        _print_changes("变动的名次", {"report_year": "年度", "school_name": "学校", "indicator": "指标"}, found.ranks)
    if found.status == "rejected":
        raise typer.Exit(ACTION_NEEDED)


@app.command(rich_help_panel=Panel.SCHOOLS)
def feedback(year: Year, as_json: AsJson = False) -> None:
    """把问题标在各单位自己的工作簿里，准备发回；已是最新的不重做。"""
    from warehouse.intake.feedback import write_feedback

    settings, city = installation()
    check_years(city, [year])
    with published(settings) as connection:
        written = [each for each in write_feedback(connection, settings, [year]) if each.path]
    if as_json:
        told = ((each.version, each.path) for each in written)
        print_json([{"respondent": v.respondent_name, "path": path, "status": v.status} for v, path in told])
        return
    for each in written:
        name = each.version.respondent_name or each.version.file_name
        console.print(f"{name}：{each.path}", soft_wrap=True, markup=False)
    console.print(f"{year}年度退回件 {len(written)} 份。")


@app.command(rich_help_panel=Panel.SCHOOLS)
def explanations(year: Year, as_json: AsJson = False) -> None:
    """各单位对警告的说明；认可后成为报告的脚注。"""
    from warehouse.intake.explanations import explanations_on_file

    settings, _ = installation()
    with published(settings) as connection:
        on_file = [explanation.row for explanation in explanations_on_file(connection, year)]
    if as_json:
        print_json(on_file)
        return
    shown = [row | {"shown_state": STATES[row["state"]]} for row in on_file]
    print_records(f"{year}年度说明 {len(on_file)} 条", EXPLANATION_HEADINGS, shown)


@app.command(rich_help_panel=Panel.SCHOOLS)
def decide(
    explanation: Annotated[str, typer.Argument(help="说明的编号（nianbao explanations）")],
    state: Annotated[str, typer.Argument(help="approved 认可，refused 不予认可")],
    by: Annotated[str, typer.Option("--by", help="谁决定的")],
) -> None:
    """认可或不认可一条说明；下次运行时生效。"""
    from warehouse.intake.decisions import decide as note

    settings, _ = installation()
    if state not in ("approved", "refused"):
        fail(f"只能是 approved 或 refused，不能是 {state}。")
    with published(settings) as connection:
        if not note(connection, settings, explanation, state, by):
            fail(f"没有编号为 {explanation} 的说明。")
    console.print(f"{explanation}：{STATES[state]}（{by}），下次运行时生效。", markup=False)


def _given(finding: Finding) -> dict[str, str]:
    given = finding.explanation
    return {"reason": given.reason, "author": given.author} if given else {}


def _print_findings(title: str, findings: Sequence[Finding]) -> None:
    if findings:
        print_findings(f"{title} {len(findings)} 个", SHOWN_OF_FINDING, findings)
    else:
        console.print(f"{title}：没有。", markup=False)


def _print_changes(title: str, headings: dict[str, str], changes: Any) -> None:
    if changes.is_empty():
        console.print(f"{title}：没有。")
        return
    shown = changes.head(SHOWN_CHANGES).to_dicts()
    more = f"，先列 {SHOWN_CHANGES} 处" if changes.height > SHOWN_CHANGES else ""
    print_records(f"{title} {changes.height} 处{more}", headings | CHANGE_HEADINGS, shown)
