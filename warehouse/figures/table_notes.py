"""A printed table's notes: scopes, breaks, missing schools, explanations, with their numbers."""

import re
from collections import defaultdict
from dataclasses import dataclass, replace
from typing import Any

import duckdb

from warehouse.figures.fact import Printed
from warehouse.figures.regions import SUBTREE
from warehouse.figures.year_figures import Figures
from warehouse.store.sql import query

NOT_REPORTED = "…"
NAMED_ROWS = 6
SYMBOL_NOTE = f"“{NOT_REPORTED}”为未报告或无法提供，不是零。"
NUMBER = re.compile(r"\d+(?:\.\d+)?")
COUNT_OF_ROWS = re.compile(r"等 \d+ 项")


def notes_of(records: list[dict[str, Any]], rows: tuple[tuple[str, ...], ...]) -> tuple[str, ...]:
    """What a reader must know: scopes, breaks between the years, missing schools, symbols."""
    labels = [_label(record) for record in records]
    notes = []
    scopes = _grouped(labels, [record.get("scope_label") for record in records])
    if len(scopes) > 1:
        usual = max(scopes, key=lambda scope: len(scopes[scope]))
        others = [f"{scope}{_meaning(of, records)}" for scope, of in scopes.items() if scope != usual]
        notes.append(f"统计口径为{usual}；以下为{'；'.join(others)}。")
    breaks = _grouped(
        labels,
        [
            (r["previous_scope_label"], r["scope_label"]) if r.get("comparability") == "scope_break" else None
            for r in records
        ],
    )
    for (last, this), of in breaks.items():
        notes.append(f"两年统计口径不同{_meaning(of, records)}：上年{last}，本年{this}，变化情况不能当作增减。")
    if any(record.get("comparability") == "definition_break" for record in records):
        notes.append("两年的指标定义不同，变化情况不能当作增减。")
    for coverage, of in _grouped(labels, [record["coverage"] for record in records]).items():
        notes.append(f"数据完整度{_meaning(of, records)}：{coverage}。")
    incomplete = [(r["n_reported"], r["n_expected"]) if r.get("status") == "incomplete" else None for r in records]
    for (reported, expected), of in _grouped(labels, incomplete).items():
        notes.append(f"不完整{_meaning(of, records)}：应报 {expected} 所学校，已报 {reported} 所。")
    if any(NOT_REPORTED in row for row in rows):
        notes.append(SYMBOL_NOTE)
    return tuple(notes)


def footnotes(connection: duckdb.DuckDBPyConnection, report_year: int, region: str, indicators: list[str]) -> list[str]:
    """What schools have explained about the values behind the table, as far as the bureau has approved it."""
    found = query(
        connection,
        "select distinct respondent_name, sheet, value, reason from quality.footnote"
        f" where report_year = ? and region_code in {SUBTREE} and list_contains(?, indicator_code) order by all",
        [report_year, region, indicators],
    )
    return [f"{name}（{sheet}，{value}）：{reason}" for name, sheet, value, reason in found.iter_rows()]


def _meaning(labels: list[str], records: list[dict[str, Any]]) -> str:
    """Which rows a note is about; nothing when it is about all of them."""
    if len(labels) == len(records):
        return ""
    shown = "、".join(labels[:NAMED_ROWS])
    return f"（{shown}{f'等 {len(labels)} 项' if len(labels) > NAMED_ROWS else ''}）"


def _label(record: dict[str, Any]) -> str:
    for name in ("item_label", "group_label", "school_name", "year"):
        if record.get(name):
            return str(record[name]).removeprefix("其中：")
    return ""


def _grouped(labels: list[str], values: list[Any]) -> dict[Any, list[str]]:
    """Value → the labels that have it, in order; None is left out."""
    groups: dict[Any, list[str]] = defaultdict(list)
    for label, value in zip(labels, values, strict=True):
        if value is not None:
            groups[value].append(label)
    return groups


@dataclass(frozen=True)
class TableNote:
    """A line below the table, and the numbers in it that say how complete the table is."""

    text: str
    printed: tuple[Printed, ...] = ()


def bound_note(figures: Figures, records: list[dict[str, Any]], text: str) -> TableNote:
    """A note with the numbers in it bound to the figures that they describe.

    Raises ValueError for a number that belongs to none of them.
    """
    codes = [record.get("indicator_code") for record in records]
    quoted = next((code for code in codes if code and text in figures.explanations.get(code, ())), None)
    if quoted:
        return TableNote(text, (Printed(figures.changes[quoted].current, text, "quote"),))
    known = _counts(figures, records)
    numbers = NUMBER.findall(COUNT_OF_ROWS.sub("", _without_names(text, records)))
    unknown = [number for number in numbers if number not in known]
    if unknown:
        raise ValueError(f"表注“{text}”中的数字 {unknown[0]} 没有来历")
    return TableNote(text, tuple(known[number] for number in numbers))


def _without_names(text: str, records: list[dict[str, Any]]) -> str:
    names = {record.get(name) for record in records for name in ("item_label", "school_name", "year")}
    for name in sorted((str(name) for name in names if name), key=len, reverse=True):
        text = text.replace(name, "")
    return text


def _counts(figures: Figures, records: list[dict[str, Any]]) -> dict[str, Printed]:
    """The numbers that say how complete the rows are, by their text."""
    found: dict[str, Printed] = {}
    for record in records:
        year = record.get("year", figures.report_year)
        named = [record["indicator_code"]] if "indicator_code" in record else list(record)
        for chosen in (figures.changes[name].current for name in named if name in figures.changes):
            of = replace(chosen, year=year)
            fact = figures.facts.get(of)
            if fact:
                found.setdefault(str(fact.n_expected), Printed(of, str(fact.n_expected), "expected"))
                found.setdefault(str(fact.n_reported), Printed(of, str(fact.n_reported), "reported"))
            schools = replace(of, indicator="schools")
            coverage = figures.coverage.get((year, of.scope))
            for count in vars(coverage).values() if coverage else ():
                found.setdefault(str(count), Printed(schools, str(count), "coverage"))
    return found
