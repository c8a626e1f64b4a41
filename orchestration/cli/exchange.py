"""Commands for the exchange with the schools: check, preview, feedback, explanations."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from orchestration.cli.console import (
    ACTION_NEEDED,
    NOT_ALL_MADE,
    AsJson,
    Panel,
    Year,
    app,
    check_years,
    console,
    fail,
    fail_not_found,
    installation,
    notices,
    print_findings,
    print_json,
    print_lines,
    print_records,
    published,
)
from sources.declarations.city import City
from sources.submission.finding import Finding
from sources.system.apart import Exceeded
from sources.system.settings import Settings

if TYPE_CHECKING:
    from warehouse.intake.feedback import Feedback

if TYPE_CHECKING:
    from sources.checked import Checked
    from warehouse.run.rehearsal import Preview

File = Annotated[Path, typer.Argument(help="工作簿", exists=True, dir_okay=False, readable=True)]
FileOrNone = Annotated[Path | None, typer.Argument(help="工作簿", exists=True, dir_okay=False, readable=True)]
Held = Annotated[str | None, typer.Option("--held", help="待确认的文件的编号，前几位就行：如果采用它")]
SHOWN_OF_FINDING = ("severity", "sheet", "cell", "message", "suggestion", "fix")
SHOWN_WITH_EFFECT = ("severity", "sheet", "cell", "message", "effect", "suggestion", "fix")
CHANGE_HEADINGS = {"before": "现在", "after": "之后"}
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
OUTCOMES = {"confirmed": "可以采用", "declined": "不采用", "counts": "以它为准"}
SHOWN_CHANGES = 40
NEEDS = {"last_year": "没有核对、需要上年数据的规则", "others": "没有核对、报送后由教育局核对的规则"}
"""What a rule needs that a check has not → the heading of such rules."""


@app.command(rich_help_panel=Panel.SCHOOLS)
def check(
    file: File,
    out: Annotated[Path | None, typer.Option(help="写出标好问题的工作簿")] = None,
    last_year: Annotated[
        Path | None,
        typer.Option(help="本单位上年的工作簿：一并与上年比较", exists=True, dir_okay=False, readable=True),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """报送前自己检查一份工作簿：不需要数据库。最后列出只有教育局才能核对的规则。有错误时返回码为 3。"""
    from sources.check import check_apart, mark_checked
    from sources.checked import LastYearError, WorkbookFile

    settings, city = installation()
    data = file.read_bytes()
    before = None if last_year is None else WorkbookFile(last_year.read_bytes(), last_year.name)
    try:
        checked = check_apart(data, file.name, city, settings.limits, before)
    except LastYearError as error:
        fail(str(error))
    marked = out or file.with_name(f"{file.stem}_校验结果.xlsx")
    needs_marking = any(finding.severity != "info" for finding in checked.findings)
    if needs_marking:
        outcome = mark_checked(data, checked, settings.limits)
        if isinstance(outcome, Exceeded):
            fail(f"{file.name} 检查过了，标好问题的工作簿没有做成：{outcome.told(settings.limits)}")
        marked.write_bytes(outcome)
    if as_json:
        print_json(_as_dict(file, checked, marked if needs_marking else None))
    else:
        _print_findings(f"{file.name} 检查结果", checked.open_findings)
        if checked.explained:
            console.print(f"另有 {len(checked.explained)} 个警告已在文件中说明。")
        console.print("可以报送。" if checked.is_acceptable else "有错误，报送后会被退回，请先改正。")
        if needs_marking:
            console.print(f"标好问题的工作簿：{marked}", soft_wrap=True)
        _print_not_checked(checked, has_last_year=last_year is not None)
    if not checked.is_acceptable:
        raise typer.Exit(ACTION_NEEDED)


@app.command(rich_help_panel=Panel.SCHOOLS)
def preview(file: FileOrNone = None, held: Held = None, as_json: AsJson = False) -> None:
    """收下一份工作簿，或采用一份待确认的文件（--held）之前，先看看它会改变什么：单元格、问题、数字和名次。

    不会真的收下。会被退回时返回码为 3。
    """
    from warehouse.figures.effects import with_effects
    from warehouse.run.rehearsal import STATUS_LABELS, as_dict, preview_held
    from warehouse.run.rehearsal import preview as rehearse

    settings, city = installation()
    if (file is None) == (held is None):
        fail("请给出一份工作簿，或者用 --held 给出一份待确认的文件的编号（见 nianbao decide）。")
    with notices.status("预演……") as shown:

        def progress(stage: str) -> None:
            shown.update(f"预演：{stage}……")

        try:
            if file is not None:
                found = rehearse(settings, city, file, progress, with_effects)
            else:
                found = preview_held(settings, city, held or "", progress, with_effects)
        except FileNotFoundError as error:
            fail(str(error))
        except LookupError as error:
            fail_not_found(error)
    if as_json:
        print_json(as_dict(found))
    else:
        _print_preview(found, STATUS_LABELS[found.status])
    if found.status == "rejected":
        raise typer.Exit(ACTION_NEEDED)


def _print_preview(found: "Preview", label: str) -> None:
    console.print(
        f"{found.file_name}：{found.respondent_name or '无法识别单位'} {found.report_year or ''}年度，{label}"
        f"（{found.reason}）。",
    )
    _print_changes(
        "改动的单元格", {"sheet": "工作表", "record": "记录", "label": "项目", "cell": "单元格"}, found.cells
    )
    _print_findings("新出现的问题", [each.finding for each in found.findings_new], SHOWN_WITH_EFFECT)
    _print_findings("已解决的问题", [each.finding for each in found.findings_solved])
    where = {"report_year": "年度", "subject_name": "单位", "indicator": "指标", "scope": "口径"}
    _print_changes("变动的数字", where, found.figures)
    _print_changes("变动的名次", {"report_year": "年度", "school_name": "学校", "indicator": "指标"}, found.ranks)


@app.command(rich_help_panel=Panel.SCHOOLS)
def feedback(year: Year, as_json: AsJson = False) -> None:
    """把问题标在各单位自己的工作簿里，准备发回；已是最新的不重做。"""
    from warehouse.figures.effects import with_effects
    from warehouse.intake.feedback import write_feedback

    settings, city = installation()
    check_years(city, [year])
    with published(settings) as connection:
        everybody = write_feedback(connection, settings, [year], partial(with_effects, connection))
    written, failed = [each for each in everybody if each.path], [each for each in everybody if each.trouble]
    if as_json:
        told = ((each, each.version) for each in (*written, *failed))
        print_json(
            [
                {"respondent": v.respondent_name, "path": f.path, "status": v.status, "trouble": f.trouble}
                for f, v in told
            ]
        )
        raise typer.Exit(NOT_ALL_MADE if failed else 0)
    print_lines("退回件", [f"{_name(each)}：{each.path}" for each in written])
    print_lines("没有做成", [f"{_name(each)} 的退回件：{each.trouble}" for each in failed])
    console.print(f"{year}年度退回件 {len(written)} 份。")
    if failed:
        raise typer.Exit(NOT_ALL_MADE)


def _name(feedback: "Feedback") -> str:
    return feedback.version.respondent_name or feedback.version.file_name


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
    explanation: Annotated[str | None, typer.Argument(help="说明的编号（nianbao explanations）")] = None,
    state: Annotated[str | None, typer.Argument(help="approved 认可，refused 不予认可")] = None,
    by: Annotated[str, typer.Option("--by", help="谁决定的；清单里没有写“认定人”的行也用它")] = "",
    version: Annotated[
        str | None, typer.Option("--version", help="一份报送的编号（nianbao status）：采用它，以它为准")
    ] = None,
    decline: Annotated[bool, typer.Option("--decline", help="与 --version 一起：不采用这一份")] = False,
    reason: Annotated[str, typer.Option("--reason", help="为什么；不予认可时告诉学校")] = "",
    to: Annotated[
        Path | None,
        typer.Option(
            help="把等着决定的说明和文件写成 .xlsx 或 .csv，一条一行，填好后用 --from 收回；"
            "给文件夹时，写成各单位标出说明的工作簿（认定件）"
        ),
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option("--from", help="填好的认定清单、认定件，或放认定件的文件夹", exists=True, readable=True),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """认可或不认可一条说明，决定采用哪一份报送（--version），或一次决定一张清单（--to、--from）；下次运行时生效。

    清单里有没能用的行时，返回码为 3。
    """
    # Long: one explanation, one file, or a list.
    from warehouse.intake.decisions import decide as note

    settings, city = installation()
    if to or file:
        if explanation or state or version or decline or reason:
            fail("给了 --to 或 --from，就不再写编号、--version 和 --reason：它们在清单里。")
        if to:
            _write_asked(settings, city, to, as_json)
        if file:
            _decide_list(settings, file, by, as_json)
        return
    if not by:
        fail("请写明谁决定的：--by 姓名")
    if version is not None:
        if explanation or not reason:
            fail("决定采用哪一份报送时，请只给 --version、--by 和 --reason。")
        _decide_version(settings, version, decline, reason, by)
        return
    if explanation is None or state is None:
        fail("请给出说明的编号和 approved 或 refused；决定采用哪一份报送，请用 --version；一次决定几条，用 --from。")
    if state not in ("approved", "refused"):
        fail(f"只能是 approved 或 refused，不能是 {state}。")
    with published(settings) as connection:
        if not note(connection, settings, explanation, state, by, reason):
            fail(f"没有编号为 {explanation} 的说明。")
    console.print(f"{explanation}：{STATES[state]}（{by}），下次运行时生效。")


def _decide_version(settings: Settings, version: str, decline: bool, reason: str, by: str) -> None:
    """Notes whether a file is taken, or which version counts, and says what was noted."""
    from warehouse.intake.decisions import decide_version

    with published(settings) as connection:
        try:
            noted, *others = decide_version(connection, settings, version, decline, reason, by)
        except LookupError as error:
            fail(str(error))
    console.print(f"{noted.submission_id[:8]}：{OUTCOMES[noted.outcome]}（{by}：{reason}），下次运行时生效。")
    print_lines("更早的待确认文件", [f"{each.submission_id[:8]}：不采用（{each.reason}）" for each in others])


def _write_asked(settings: Settings, city: City, to: Path, as_json: bool) -> None:
    """Writes what waits for a decision, of all years, as a list to fill in, or as workbooks in a folder."""
    from sources.declarations.filled_list import NoListError
    from warehouse.figures.effects import with_effects
    from warehouse.intake.decision_books import write_decision_books
    from warehouse.intake.decision_list import asked_of, write_asked

    failed: list[str] = []
    with published(settings) as connection:
        asked = asked_of(connection, settings, sorted(city.calendar.years))
        if not to.suffix:
            failed = write_decision_books(connection, settings, asked, to, partial(with_effects, connection))
    try:
        if to.suffix:
            write_asked(asked, to)
    except NoListError as error:
        fail(str(error))
    if as_json:
        print_json({"asked": [asdict(each) for each in asked], "failed": failed})
    else:
        count = len(asked) if to.suffix else sum(each.about == "explanation" for each in asked)
        told = f"{count} 条写入 {to}：填好“认定”，再运行 nianbao decide --from {to} --by 姓名"
        console.print(told, soft_wrap=True, markup=False)
        if count < len(asked):
            console.print(f"待确认的文件 {len(asked) - count} 个不在认定件里：写成清单，或用 --version 决定。")
        print_lines("没有做成", failed)
    if failed:
        raise typer.Exit(NOT_ALL_MADE)


def _decide_list(settings: Settings, given: Path, by: str, as_json: bool) -> None:
    """Notes what lists decide, and says of each line what became of it; exit code 3 when one could not be used."""
    from sources.declarations.filled_list import NoListError
    from sources.declarations.problem import DeclarationError
    from warehouse.intake.decision_list import WORDS, Filled, is_archived, note_filled, read_filled

    files = sorted(given.glob("[!.~]*.xlsx")) if given.is_dir() else [given]
    filled: list[Filled] = []
    unfilled = 0
    for file in files:
        if is_archived(file, settings):
            fail(f"{file.name} 是学校报送来的文件，里面的认定不是教育局写的，没有采用。")
        try:
            lines, blank = read_filled(file)
        except (DeclarationError, NoListError) as error:
            fail(str(error))
        filled += [replace(each, file=file.name if given.is_dir() else "") for each in lines]
        unfilled += blank
    with published(settings) as connection:
        done = note_filled(connection, settings, filled, unfilled, by.strip())
    if as_json:
        print_json(asdict(done))
    else:
        print_lines("认定", [f"{each.id} {WORDS[each.outcome]}（{each.by}）" for each in done.noted])
        print_lines(
            "没有采用", [f"{each.file} 第 {each.line} 行 {each.id}：{each.why}".strip() for each in done.unused]
        )
        counts = (("以前已经这样认定", len(done.unchanged)), ("没有采用", len(done.unused)), ("没有填写", unfilled))
        rest = "".join(f"，{what} {count} 行" for what, count in counts if count)
        console.print(f"记入存档 {len(done.noted)} 条，下次运行时生效{rest}。")
    if done.unused:
        raise typer.Exit(ACTION_NEEDED)


def _given(finding: Finding) -> dict[str, str]:
    given = finding.explanation
    return {"reason": given.reason, "author": given.author} if given else {}


def _print_findings(title: str, findings: Sequence[Finding], shown: Sequence[str] = SHOWN_OF_FINDING) -> None:
    if findings:
        print_findings(f"{title} {len(findings)} 个", shown, findings)
    else:
        console.print(f"{title}：没有。")


def _as_dict(file: Path, checked: "Checked", marked: Path | None) -> dict[str, Any]:
    return {
        "file": str(file),
        "respondent": checked.submission.respondent and checked.submission.respondent.name,
        "report_year": checked.submission.report_year,
        "is_acceptable": checked.is_acceptable,
        "findings": [finding.row for finding in checked.open_findings],
        "explained": [finding.row | _given(finding) for finding in checked.explained],
        "marked": str(marked) if marked else None,
        "not_checked": [asdict(each) for each in checked.not_checked],
    }


def _print_not_checked(checked: "Checked", has_last_year: bool) -> None:
    """The rules that are left to the bureau, by what they need."""
    if not has_last_year:
        console.print("有本单位上年的工作簿时，加上 --last-year 上年的文件，可一并与上年比较。")
    elif not checked.is_acceptable:
        console.print("有错误的文件不与上年比较；改正后请再检查一次。")
    for needs, heading in NEEDS.items():
        if rules := [each for each in checked.not_checked if each.needs == needs]:
            console.print(f"{heading} {len(rules)} 条：")
            for each in rules:
                console.print(f"  {each.rule_id}  {each.words}", soft_wrap=True)


def _print_changes(title: str, headings: dict[str, str], changes: Any) -> None:
    if changes.is_empty():
        console.print(f"{title}：没有。")
        return
    shown = changes.head(SHOWN_CHANGES).to_dicts()
    more = f"，先列 {SHOWN_CHANGES} 处" if changes.height > SHOWN_CHANGES else ""
    print_records(f"{title} {changes.height} 处{more}", headings | CHANGE_HEADINGS, shown)
