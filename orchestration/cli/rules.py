"""The command about rules: how each has done in a year, where one fired, next year's for the schools."""

from collections.abc import Sequence
from dataclasses import asdict
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

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
    print_json,
    print_records,
)
from sources.declarations.rule import STATE_LABELS

if TYPE_CHECKING:
    from sources.declarations.city import City
    from sources.system.settings import Settings
    from warehouse.intake.rule_record import RuleRecord, YearOfRules

HEADINGS = {
    "rule_id": "规则",
    "shown_state": "状态",
    "fired": "报出",
    "corrected": "改正",
    "explained": "说明",
    "approved": "认可",
    "withdrawn": "撤回",
    "open": "未了",
    "passed_then_corrected": "放过后又改的",
    "rate": "误报率",
    "limit": "限度",
}
FIRED_HEADINGS = {
    "respondent": "单位",
    "file_name": "文件",
    "place": "位置",
    "value": "值",
    "message": "问题",
    "outcome": "结果",
}
YEARS_OF_TRIAL = 2
"""The last years whose record decides whether a rule can come into force."""


@app.command(rich_help_panel=Panel.LOOK)
def rules(
    year: Year,
    rule: Annotated[str | None, typer.Option("--rule", help="只看一条规则：每次报出的单位、单元格、值和结果")] = None,
    publish: Annotated[
        Path | None, typer.Option("--publish", help="把该年度的规则写成一页和一个 CSV，发给学校；写到这个文件夹")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """每条规则一年里报了多少、改正、说明、撤回了多少，放过的值后来又改了多少；只凭存档计算。误报太多时返回码为 3。"""
    settings, city = installation()
    if publish is not None:
        _publish(settings, city, year, publish)
        return
    from warehouse.intake.rule_record import year_of_rules

    check_years(city, [year])
    counted = year_of_rules(settings, city, year)
    if rule is not None:
        _print_one(city, counted, rule, as_json)
        return
    if as_json:
        print_json([_as_json(each) for each in counted.rules])
    else:
        _print_all(counted)
    if any(each.is_too_often_wrong for each in counted.rules):
        raise typer.Exit(ACTION_NEEDED)


def _print_all(counted: "YearOfRules") -> None:
    shown = [each for each in counted.rules if each.fired or each.is_on_trial or each.passed_then_corrected]
    print_records(f"{counted.report_year}年度各条规则", HEADINGS, [_shown(each) for each in shown])
    console.print(f"另有 {len(counted.rules) - len(shown)} 条规则没有报过，也没有放过后来改了的值。", highlight=False)
    for each in counted.rules:
        if each.is_too_often_wrong:
            console.print(f"{each.rule_id}：误报率高于限度，不能施行；已施行的请修改或停用。", highlight=False)


def _shown(record: "RuleRecord") -> dict[str, object]:
    state = STATE_LABELS[record.state] if record.state else "已不在规则中"
    state += "（本年度试算）" if record.is_on_trial and record.state == "in_force" else ""
    rate, limit = record.false_alarm_rate, record.false_alarms_at_most
    return asdict(record) | {"shown_state": state, "rate": _percent(rate), "limit": _percent(limit)}


def _percent(share: Decimal | None) -> str:
    return "" if share is None else f"{share:.0%}"


def _as_json(record: "RuleRecord") -> dict[str, object]:
    rate = record.false_alarm_rate
    return asdict(record) | {
        "false_alarm_rate": None if rate is None else f"{rate:.4f}",
        "is_too_often_wrong": record.is_too_often_wrong,
    }


def _print_one(city: "City", counted: "YearOfRules", rule_id: str, as_json: bool) -> None:
    from sources.declarations.problem import meant
    from warehouse.intake.rule_record import OUTCOME_LABELS

    known = [each.rule_id for each in counted.rules]
    if rule_id not in known:
        fail(f"{counted.report_year} 年没有规则“{rule_id}”{meant(rule_id, known)}")
    names = city.in_year(counted.report_year).respondent_by_code
    records = [
        {
            "respondent": names[each.respondent_code].name if each.respondent_code in names else each.respondent_code,
            "file_name": each.finding.address.file_name,
            "place": f"{each.finding.address.sheet} {each.finding.address.cell or ''}".strip(),
            "value": each.finding.value,
            "message": each.finding.message,
            "outcome": OUTCOME_LABELS[each.outcome],
        }
        for each in counted.fired
        if each.rule_id == rule_id
    ]
    if as_json:
        print_json(records)
    else:
        print_records(f"{counted.report_year}年度 {rule_id}：报出 {len(records)} 次", FIRED_HEADINGS, records)


def _publish(settings: "Settings", city: "City", year: int, folder: Path) -> None:
    from warehouse.catalogue.rules_for_schools import write_rules_for_schools

    if wrong := _too_often_wrong(settings, city, year):
        told = "\n".join(
            f"{each.rule_id}：报出 {each.fired}，误报 {each.false_alarms}，限度 {_percent(each.false_alarms_at_most)}"
            for each in wrong
        )
        fail(f"没有发布：以下规则从 {year} 年起施行，但在已接收的年度里误报太多，不能施行。\n{told}")
    for path in write_rules_for_schools(city, year, folder):
        console.print(f"已写 {path}", soft_wrap=True, highlight=False)


def _too_often_wrong(settings: "Settings", city: "City", year: int) -> Sequence["RuleRecord"]:
    """The rules that bind from this year on and would have been wrong too often in one of the last accepted years."""
    from warehouse.catalogue.rules_for_schools import new_rules
    from warehouse.intake.rule_record import year_of_rules

    new = new_rules(city.pack, year)
    before = [each for each in sorted(city.calendar.years) if each < year][-YEARS_OF_TRIAL:] if new else []
    records = [record for earlier in before for record in year_of_rules(settings, city, earlier).rules]
    return [record for record in records if record.rule_id in new and record.is_too_often_wrong]
