"""报送情况, the page of a report year: where each respondent stands, since when, why, what is next, and the file.

Pure: facts in, the metadata of a page out. Whom something waits for has an entry of its own, under its name, so that
Dagster's filter finds it; the others stand in tables by state. Dagster hides what is longer than 1,000 letters behind a
click, so nothing is.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

import dagster as dg

from orchestration.lib.metadata import Link, markdown_lines, markdown_table
from sources.audit.commented import COMMENTED
from sources.declarations.year_states import MARK_LABELS, STATE_LABELS, STATES, Mark, YearState
from sources.submission.file_names import unidentified_name
from warehouse.figures.bounds import BoundedFigure, SchoolToCall, most_telling_first
from warehouse.intake.feedback import Feedback
from warehouse.intake.register import RegisterEntry

SUMMARY, NOBODYS, ALL_DONE = "概况", "看不出是谁的", "没有要办的事。"
STILL_OPEN, TO_CALL = "还缺学校的数字", "先催谁"
SHOWN_OPEN = 6
"""Figures, and schools to call: `nianbao status --json` lists all."""
TABLE_ROWS = 12
"""Of one table: fewer than 1,000 letters, with the longest names that schools have."""
NEXT_STEPS = {
    "overdue": "已经逾期：请催学校报送",
    "expected": "等学校报送，{due} 截止",
    "rejected": "把退回件发给学校，请改正后整个文件再报一次",
    "stands": "这一版已退回，仍用上一次接收的：把退回件发给学校，请改正后再报一次",
    "warnings": "把退回件发给学校，请核实：填错的改正再报，确实如此的在“校验结果”表里写说明",
    "accepted": "不用处理",
}
TAKEN = (YearState.ACCEPTED, YearState.EXPLAINED, YearState.REVISED)
QUIET = ("accepted", "expected", YearState.RECEIVED, YearState.IN_AUDIT)
"""Steps for which nobody is waited for."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a respondent stands in a year, in words. `waits`: whether somebody has to do something now."""

    name: str
    state: str
    since: str
    reason: str
    findings: str
    next_step: str
    waits: bool
    workbook: Link | None


@dataclass(frozen=True, slots=True)
class StillOpen:
    """The printed figures that lack schools, and those schools, whose report narrows most first."""

    figures: Sequence[BoundedFigure] = ()
    schools: Sequence[SchoolToCall] = ()


def year_page(
    entries: Sequence[RegisterEntry],
    feedback: Iterable[Feedback],
    links: Mapping[str, Link],
    still_open: StillOpen = StillOpen(),  # frozen
) -> dict[str, dg.MetadataValue]:
    """The metadata of a year's page.

    `feedback` is about the latest version of everybody and about files whose sender nobody knows; `links` has the
    marked workbook of a submission.
    """
    by_id = {each.version.submission_id: each for each in feedback}
    standings = [_standing(entry, by_id.get(entry.latest_submission_id or ""), links) for entry in entries]
    page = {SUMMARY: _summary(standings)}
    page |= {each.name: _entry(each) for each in standings if each.waits}
    strange = [each for each in by_id.values() if each.version.respondent_code is None]
    page |= {f"{NOBODYS} {each.version.submission_id[:8]}": _strange(each, links) for each in strange}
    page |= _open_page(still_open)
    return page | dict(_tables([each for each in standings if not each.waits]))


def _open_page(still_open: StillOpen) -> dict[str, dg.MetadataValue]:
    """What the figures can still become, and whom to call; nothing when no figure lacks a school."""
    if not still_open.figures:
        return {}
    shown = most_telling_first(still_open.figures)[:SHOWN_OPEN]
    lines = [f"{each.label} {each.sentence}" for each in shown]
    more = len(still_open.figures) - len(shown)
    rows = [
        (each.school_name, each.figures, "" if each.narrows_percent is None else f"{each.narrows_percent}%")
        for each in still_open.schools[:SHOWN_OPEN]
    ]
    page = {STILL_OPEN: markdown_lines([*lines, f"另有 {more} 个"] if more else lines)}
    return page | ({TO_CALL: markdown_table(("单位", "缺的数字", "报来后范围平均收窄"), rows)} if rows else {})


def _standing(entry: RegisterEntry, latest: Feedback | None, links: Mapping[str, Link]) -> Standing:
    workbook = links.get(entry.latest_submission_id or "")
    step = _step(entry, has_workbook=workbook is not None)
    unsent_since = entry.due if entry.is_overdue else entry.opens
    since = unsent_since if entry.state is YearState.UNSENT else latest and latest.version.received_on
    return Standing(
        name=entry.respondent_name,
        state=STATE_LABELS[entry.state] + (f"，{MARK_LABELS[Mark.OVERDUE]}" if entry.is_overdue else ""),
        since=str(since or ""),
        reason=entry.latest_reason or "",
        findings=_findings(latest),
        next_step=NEXT_STEPS[step].format(due=entry.due) if step in NEXT_STEPS else STATES[entry.state].to_do,
        waits=step not in QUIET,
        workbook=workbook,
    )


def _step(entry: RegisterEntry, has_workbook: bool) -> str:
    """What is next: a key of NEXT_STEPS, or the state itself, whose declaration says it."""
    if entry.state is YearState.UNSENT:
        return "overdue" if entry.is_overdue else "expected"
    if entry.state is YearState.RETURNED:
        return "stands" if entry.current_submission_id else "rejected"
    if entry.state is YearState.ACCEPTED and has_workbook:
        return "warnings"
    return "accepted" if entry.state in TAKEN else entry.state


def _findings(latest: Feedback | None) -> str:
    """By effect: first how many move a printed figure."""
    found = latest.open_findings if latest else []
    if not found:
        return ""
    moving = sum(each.moves_figures for each in found)
    errors = sum(each.is_error for each in found)
    warnings = sum(each.severity == "warning" for each in found)
    comments = sum(each.rule_id == COMMENTED for each in found)
    told = f"{moving} 个影响印出的数字；共错误 {errors} 个，待说明的警告 {warnings} 个"
    return told + (f"；单元格旁有 {comments} 处批注" if comments else "")


def _summary(standings: Sequence[Standing]) -> dg.MetadataValue:
    counted = {state: len(list(group)) for state, group in _by_state(standings)}
    waiting = sum(each.waits for each in standings)
    told = f"应报 {len(standings)} 个单位：" + "，".join(f"{state} {count}" for state, count in counted.items())
    return dg.MetadataValue.text(f"{told}。" + (f"有 {waiting} 个单位要处理，列在下面。" if waiting else ALL_DONE))


def _entry(standing: Standing) -> dg.MetadataValue:
    since = f"自 {standing.since}"
    reason = standing.reason and f"最近一版：{standing.reason}"
    lines: list[object] = ["，".join(filter(None, (standing.state, since, reason)))]
    lines += [f"问题：{standing.findings}"] if standing.findings else []
    lines.append(f"下一步：{standing.next_step}")
    return markdown_lines([*lines, standing.workbook] if standing.workbook else lines)


def _strange(feedback: Feedback, links: Mapping[str, Link]) -> dg.MetadataValue:
    """A file of which nobody knows whose it is; how its sender named it is not told here."""
    link = links.get(feedback.version.submission_id)
    lines: list[object] = [f"{unidentified_name(feedback.version.submission_id)}：{feedback.version.reason or ''}"]
    lines.append("下一步：看退回件里写的原因，问清是哪个单位、哪一年的，请用自己的模板再报一次")
    return markdown_lines([*lines, link] if link else lines)


def _tables(standings: Sequence[Standing]) -> Iterator[tuple[str, dg.MetadataValue]]:
    for state, group in _by_state(standings):
        of_state = list(group)
        for start in range(0, len(of_state), TABLE_ROWS):
            part = of_state[start : start + TABLE_ROWS]
            which = f" {start + 1}–{start + len(part)}" if len(of_state) > TABLE_ROWS else ""
            rows = [(each.name, each.since, each.next_step) for each in part]
            yield f"{state}（{len(of_state)} 个）{which}", markdown_table(("单位", "自", "下一步"), rows)


def _by_state(standings: Iterable[Standing]) -> Iterator[tuple[str, Iterator[Standing]]]:
    return groupby(sorted(standings, key=lambda each: each.state), key=lambda each: each.state)
