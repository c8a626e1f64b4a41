"""What stands on each page, as plain data: every number with the reference that leads to its cells."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from statistics import median
from typing import Any
from zoneinfo import ZoneInfo

from sources.declarations.contract import load_contracts
from warehouse.labels import BOUND, COMPARABILITY, DIRECTION, LEVEL, STATUS
from warehouse.model import Chapter, Indicator, indicator_level, load_indicators, load_measures, load_standards
from warehouse.release.figures import Change, Coverage, Fact, trimmed
from warehouse.release.site.charts import Bar, Chart
from warehouse.release.site.facts import Row, SiteFacts
from warehouse.trace import Reference, formula_in_words

SCHOOL_PAGES = 500
"""A region with more schools gets no page a school and no table of schools: they would not fit a browser."""
CHARTED_SCHOOLS = 40
CHARTS = 2
DISTINCT_VALUES = 3
ROW_HEADINGS = ("item_label", "school_name", "year")
"""The column of a report table that names its rows."""
HEADLINES = (
    "schools",
    "students_full_time",
    "teachers_full_time",
    "majors",
    "students_per_teacher",
    "teachers_double_qualified",
    "campus_area_per_student",
    "equipment_value_per_student",
    "graduates",
    "employment_rate",
    "further_study_rate",
    "satisfaction_students",
    "official_awards_regional",
    "official_awards_national",
    "partner_enterprises",
    "funds_per_student",
)
"""The indicators of the overview, in order."""


@dataclass(frozen=True)
class Number:
    """A number as printed with the way to its source; or, without a reference, why there is none."""

    text: str
    reference: Reference | None = None
    note: str = ""


@dataclass(frozen=True)
class Page:
    """One file of the site: its path from the site's folder, its template, its title and what the template shows."""

    path: str
    template: str
    title: str
    content: Mapping[str, Any]


@dataclass(frozen=True)
class IndicatorRow:
    indicator: Indicator
    value: Number
    previous: Number
    change: Number
    change_unit: str
    trend: str
    status: str
    reported: str
    comparability: str


@dataclass(frozen=True)
class Peer:
    """A school's place among the schools of the scope that have a value."""

    indicator: Indicator
    chapter: str
    value: Number
    rank: str
    median: str
    of_region: Number
    scope: str


@dataclass(frozen=True)
class StandardRow:
    indicator: Indicator
    value: Number
    bound: str
    verdict: str
    source: str


def references(value: Any) -> Iterator[Reference]:
    """Every reference in a page's content, at any depth."""
    if isinstance(value, Reference):
        yield value
    elif is_dataclass(value) and not isinstance(value, type):
        for each in fields(value):
            yield from references(getattr(value, each.name))
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from references(item)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for item in value:
            yield from references(item)


def make_pages(facts: SiteFacts) -> list[Page]:
    """All pages but the sources of their numbers."""
    return [
        overview(facts),
        *(chapter_page(facts, chapter) for chapter in facts.chapters),
        schools_page(facts),
        *(school_page(facts, school) for school in facts.schools if has_school_pages(facts)),
        *(table_page(facts, number) for number in range(len(facts.tables))),
        quality_page(facts),
        dictionary_page(facts),
    ]


def has_school_pages(facts: SiteFacts) -> bool:
    return len(facts.schools) <= SCHOOL_PAGES


# Numbers


def linked(facts: SiteFacts, reference: Reference | None) -> Reference | None:
    """The reference, if the site has its source: without pages a school, it has the sources of the region only."""
    of_region = reference is not None and reference.subject_code == facts.figures.city_code
    return reference if of_region or has_school_pages(facts) else None


def number(fact: Fact | None) -> Number:
    """A value as printed, or its status in words."""
    if fact is None:
        return Number("—")
    if not fact.is_usable or fact.display is None:
        return Number(STATUS.get(fact.status, fact.status))
    note = "" if fact.status == "ok" else f"{STATUS.get(fact.status, fact.status)} {_reported(fact)}"
    return Number(fact.display, fact.reference, note)


def _reported(fact: Fact) -> str:
    return f"{fact.n_reported}/{fact.n_expected}"


def _trend(change: Change, indicator: Indicator) -> str:
    """Whether the change is for the better, where one may say so."""
    if change.comparability != "comparable" or not change.value or indicator.direction == "neutral":
        return ""
    return "向好" if (change.value > 0) == (indicator.direction == "higher") else "变差"


def indicator_row(facts: SiteFacts, indicator: Indicator) -> IndicatorRow | None:
    """The region's value beside last year's; None for an indicator that the database does not know yet."""
    change = facts.figures.changes.get(indicator.code)
    fact = facts.figures.facts.get(change.current) if change else None
    if change is None or fact is None:
        return None
    previous = facts.figures.facts.get(change.previous) if change.previous else None
    shown = number(previous) if previous and previous.is_usable else Number("—")
    return IndicatorRow(
        indicator=indicator,
        value=number(fact),
        previous=shown,
        change=Number(change.display, change.reference) if change.display else Number("—"),
        change_unit=change.unit if change.display and change.display.rstrip("↑↓") != change.display else "",
        trend=_trend(change, indicator),
        status=fact.status,
        reported=_reported(fact),
        comparability=COMPARABILITY.get(change.comparability, "") if shown.reference else "",
    )


# Overview


def overview(facts: SiteFacts) -> Page:
    figures = facts.figures
    known = load_indicators()
    headlines = [row for code in HEADLINES if code in known and (row := indicator_row(facts, known[code]))]
    return Page(
        "index.html",
        "index",
        "概览",
        {
            "headlines": headlines,
            "coverage": coverage_rows(facts),
            "absent": [row for row in facts.register if row["state"] != "accepted"],
            "chapters": [
                (chapter, Counter(row.status for row in _rows(facts, chapter)), facts.scopes[facts.scope_of(chapter)])
                for chapter in facts.chapters
            ],
            "breaks": [
                row
                for chapter in facts.chapters
                for row in _rows(facts, chapter)
                if figures.changes[row.indicator.code].comparability in ("scope_break", "definition_break")
            ],
            "standards": _standard_counts(facts),
            "standards_chart": _standards_chart(facts),
            "has_school_pages": has_school_pages(facts),
            "tables": _table_links(facts),
        },
    )


def _rows(facts: SiteFacts, chapter: Chapter) -> list[IndicatorRow]:
    return [row for indicator in chapter.indicators if (row := indicator_row(facts, indicator))]


def coverage_rows(facts: SiteFacts) -> list[tuple[Row, Coverage]]:
    """Scope and how complete it is, in the order of the scopes."""
    scopes = sorted(facts.scopes.values(), key=lambda scope: (scope["sequence"], scope["scope_code"]))
    found = [(scope, facts.coverage_of(scope["scope_code"])) for scope in scopes]
    return [(scope, coverage) for scope, coverage in found if coverage]


def _standard_counts(facts: SiteFacts) -> list[tuple[Row, Counter[str]]]:
    """Each school with how many standards it meets, misses, and cannot be judged by."""
    counts = {school["school_code"]: Counter[str]() for school in facts.schools}
    for row in facts.standards:
        if row["subject_kind"] == "school" and row["subject_code"] in counts:
            counts[row["subject_code"]][row["verdict"]] += 1
    return [(school, counts[school["school_code"]]) for school in facts.schools]


def _standards_chart(facts: SiteFacts) -> Chart | None:
    judged = [(school, counts) for school, counts in _standard_counts(facts) if counts["met"] + counts["missed"]]
    if not 1 < len(judged) <= CHARTED_SCHOOLS:
        return None
    bars = [
        Bar(school["school_name"], Decimal(counts["met"]), f"{counts['met']}/{counts['met'] + counts['missed']}")
        for school, counts in sorted(judged, key=lambda pair: -pair[1]["met"])
    ]
    return _described("各校达到的办学标准（项）", bars)


def _described(title: str, bars: Sequence[Bar]) -> Chart:
    """A chart with its highest and lowest bar told in words."""
    top, bottom = max(bars, key=lambda bar: bar.value), min(bars, key=lambda bar: bar.value)
    text = f"条形图，共 {len(bars)} 条。最高：{top.label}，{top.text}；最低：{bottom.label}，{bottom.text}。"
    return Chart(title, text, tuple(bars))


# Chapters


def chapter_page(facts: SiteFacts, chapter: Chapter) -> Page:
    scope = facts.scope_of(chapter)
    indicators = [i for i in chapter.indicators if indicator_level(i) == "school"]
    members = facts.figures.members.get(scope, frozenset())
    year = facts.figures.report_year
    schools = [
        (
            school,
            school["school_code"] in members,
            [number(facts.of_school(indicator, school["school_code"], year)) for indicator in indicators],
        )
        for school in facts.schools
    ]
    return Page(
        f"chapters/{chapter.chapter}.html",
        "chapter",
        chapter.title,
        {
            "chapter": chapter,
            "scope": facts.scopes[scope],
            "coverage": facts.coverage_of(scope),
            "rows": _rows(facts, chapter),
            "explanations": sorted(
                {text for i in chapter.indicators for text in facts.figures.explanations.get(i.code, ())}
            ),
            "charts": [school_chart(facts, indicator) for indicator in _charted(facts, indicators, members)],
            "school_indicators": indicators if has_school_pages(facts) else [],
            "schools": schools if has_school_pages(facts) else [],
            "totals": [number(facts.of_region(indicator, scope)) for indicator in indicators],
        },
    )


def _charted(facts: SiteFacts, indicators: Iterable[Indicator], members: frozenset[str]) -> list[Indicator]:
    """The first indicators in which schools differ enough to be worth a picture; those with a good end come first."""
    if len(members) > CHARTED_SCHOOLS:
        return []
    year = facts.figures.report_year
    telling = [
        indicator
        for indicator in indicators
        if len({fact.value for code in members if (fact := facts.of_school(indicator, code, year)) and fact.is_usable})
        >= DISTINCT_VALUES
    ]
    return sorted(telling, key=lambda indicator: indicator.direction == "neutral")[:CHARTS]


def school_chart(facts: SiteFacts, indicator: Indicator, marked: str = "") -> Chart:
    """The schools of the indicator's scope by value, the school `marked` in another colour."""
    found = facts.figures.of_schools(indicator.code)
    bars = [
        Bar(name, fact.rounded or Decimal(0), fact.display or "", fact.reference.subject_code == marked)
        for name, fact in found.items()
    ]
    bars.sort(key=lambda bar: bar.value, reverse=indicator.direction != "lower")
    return _described(f"各校{indicator.label}（{indicator.unit}）", bars)


# Schools


def schools_page(facts: SiteFacts) -> Page:
    states = {row["respondent_code"]: row for row in facts.register}
    known = load_indicators()
    shown = [known[code] for code in ("students_full_time", "teachers_full_time", "majors") if code in known]
    year = facts.figures.report_year
    rows = [
        (
            school,
            [
                replace(value, reference=linked(facts, value.reference))
                for indicator in shown
                if (value := number(facts.of_school(indicator, school["school_code"], year)))
            ],
            counts,
            states.get(school["school_code"]),
        )
        for school, counts in _standard_counts(facts)
    ]
    return Page(
        "schools/index.html",
        "schools",
        "学校",
        {"indicators": shown, "rows": rows, "has_pages": has_school_pages(facts)},
    )


def school_page(facts: SiteFacts, school: Row) -> Page:
    code = school["school_code"]
    peers = [peer for chapter in facts.chapters for peer in _peers(facts, chapter, code)]
    ranked = [peer.indicator for peer in peers if peer.rank]
    members = facts.figures.members
    return Page(
        f"schools/{code}.html",
        "school",
        school["school_name"],
        {
            "school": school,
            "register": next((row for row in facts.register if row["respondent_code"] == code), None),
            "scopes": [
                scope
                for scope in sorted(facts.scopes.values(), key=lambda scope: scope["sequence"])
                if code in members.get(scope["scope_code"], frozenset())
            ],
            "standards": [_standard_row(facts, row) for row in facts.standards if row["subject_code"] == code],
            "peers": peers,
            "charts": [
                school_chart(facts, indicator, code)
                for indicator in ranked[:CHARTS]
                if len(facts.figures.of_schools(indicator.code)) <= CHARTED_SCHOOLS
            ],
            "years": facts.years,
            "chapters": [_school_chapter(facts, chapter, code) for chapter in facts.chapters],
            "submissions": _timed(facts, [row for row in facts.submissions if row["respondent_code"] == code]),
            "findings": Counter(row["severity"] for row in facts.findings if row["respondent_code"] == code),
        },
    )


def _school_chapter(
    facts: SiteFacts, chapter: Chapter, code: str
) -> tuple[Chapter, list[tuple[Indicator, list[Number]]], list[tuple[str, list[Indicator]]]]:
    """The indicators of which the school has a value in some year; and, by status, those without."""
    shown: list[tuple[Indicator, list[Number]]] = []
    lacking: dict[str, list[Indicator]] = {}
    for indicator in chapter.indicators:
        if indicator_level(indicator) != "school":
            continue
        of_years = [facts.of_school(indicator, code, year) for year in facts.years]
        if any(fact and fact.is_usable for fact in of_years):
            shown.append((indicator, [number(fact) for fact in of_years]))
        elif of_years[0]:
            lacking.setdefault(STATUS.get(of_years[0].status, of_years[0].status), []).append(indicator)
    return chapter, shown, sorted(lacking.items())


def _peers(facts: SiteFacts, chapter: Chapter, code: str) -> list[Peer]:
    """The school among the schools of the chapter's scope, for the rates that have a good and a bad end."""
    scope = facts.scope_of(chapter)
    members = facts.figures.members.get(scope, frozenset())
    year = facts.figures.report_year
    found = []
    for indicator in chapter.indicators:
        own = facts.of_school(indicator, code, year)
        if indicator.kind != "ratio" or indicator.direction == "neutral" or own is None or not own.is_usable:
            continue
        of_peers = [facts.of_school(indicator, member, year) for member in sorted(members)]
        values = [fact.value for fact in of_peers if fact and fact.is_usable and fact.value is not None]
        found.append(
            Peer(
                indicator=indicator,
                chapter=chapter.chapter,
                value=number(own),
                rank=_rank(own.value, values, indicator) if code in members else "",
                median=printed(median(values), indicator) if values else "—",
                of_region=number(facts.of_region(indicator, scope)),
                scope=facts.scopes[scope]["label"],
            )
        )
    return found


def _rank(own: Decimal | None, values: Sequence[Decimal], indicator: Indicator) -> str:
    """The place counted from the good end; equal values share a place."""
    assert own is not None
    better = sum(value > own if indicator.direction == "higher" else value < own for value in values)
    return f"{'并列' if values.count(own) > 1 else ''}第 {better + 1} 名，共 {len(values)} 所"


def printed(value: Decimal, indicator: Indicator) -> str:
    """A value as the indicator is printed."""
    text = f"{value.quantize(Decimal(1).scaleb(-indicator.decimals), ROUND_HALF_UP):f}"
    return f"{text}:1" if indicator.display == "to_one" else text


def _standard_row(facts: SiteFacts, row: Row) -> StandardRow:
    indicator = load_indicators()[row["indicator_code"]]
    reference = Reference(row["indicator_code"], row["report_year"], row["subject_code"], row["scope_code"])
    return StandardRow(
        indicator,
        number(facts.history.get(reference) or facts.figures.facts.get(reference)),
        f"{BOUND[row['comparison']]} {trimmed(row['bound'])}",
        row["verdict"],
        row["source"],
    )


# Tables, returns and quality, the dictionary


def _table_links(facts: SiteFacts) -> list[tuple[str, str]]:
    return [(f"tables/{each.declared.code}.html", each.printed.title) for each in facts.tables]


def table_page(facts: SiteFacts, position: int) -> Page:
    table = facts.tables[position]
    cells = [
        [Number(text, linked(facts, reference)) for text, reference in zip(texts, row, strict=True)]
        for texts, row in zip(table.printed.rows, table.references, strict=True)
    ]
    names = list(table.declared.columns)
    return Page(
        f"tables/{table.declared.code}.html",
        "table",
        table.printed.title,
        {
            "printed": table.printed,
            "cells": cells,
            "is_number": [any(row[column] for row in table.references) for column in range(len(names))],
            "heads_row": next(names.index(name) for name in ROW_HEADINGS if name in names),
            "charts": _years_charts(table.declared.layout, cells, table.printed),
        },
    )


def _years_charts(layout: str, cells: Sequence[Sequence[Number]], printed: Any) -> list[Chart]:
    """A table of years has its first column of numbers as a picture."""
    bars = [Bar(row[0].text, Decimal(row[1].text), row[1].text) for row in cells if row[1].reference]
    if layout != "years" or len(bars) < 2:
        return []
    return [_described(f"{printed.title}：{printed.headings[1]}", bars)]


def quality_page(facts: SiteFacts) -> Page:
    names = {row["respondent_code"]: row["respondent_name"] for row in facts.register}
    by_rule: dict[tuple[str, str], list[Row]] = {}
    for finding in facts.findings:
        by_rule.setdefault((finding["severity"], finding["rule_id"]), []).append(finding)
    return Page(
        "quality.html",
        "quality",
        "报送与质量",
        {
            "calendar": facts.calendar,
            "states": Counter(row["state"] for row in facts.register),
            "register": _timed(facts, facts.register),
            "coverage": coverage_rows(facts),
            "rules": [
                (severity, rule, len(found), len({each["respondent_code"] for each in found}), found[0]["fix"])
                for (severity, rule), found in by_rule.items()
            ],
            "findings": [
                {
                    "respondent_code": each["respondent_code"],
                    "name": names.get(each["respondent_code"], each["respondent_code"]),
                    **{
                        name: each[name] for name in ("severity", "rule_id", "sheet", "cell", "message", "is_explained")
                    },
                }
                for each in facts.findings
            ],
            "schools": {school["school_code"] for school in facts.schools} if has_school_pages(facts) else set(),
        },
    )


def _timed(facts: SiteFacts, rows: Iterable[Row]) -> list[Row]:
    """Rows with points in time as the city's clock showed them."""
    zone = ZoneInfo(facts.timezone)

    def text(value: Any) -> Any:
        if not isinstance(value, datetime):
            return value
        return f"{value.astimezone(zone) if value.tzinfo else value:%Y-%m-%d %H:%M}"

    return [{name: text(value) for name, value in row.items()} for row in rows]


def dictionary_page(facts: SiteFacts) -> Page:
    measures = load_measures()
    titles = {contract.name: contract.title for contract in load_contracts()}
    standards: dict[str, list[str]] = {}
    for each in load_standards():
        text = f"{BOUND[each.comparison]} {trimmed(each.bound)}（{each.source}）"
        standards.setdefault(each.indicator, []).append(text)
    entries = [
        (
            chapter,
            [
                {
                    "indicator": indicator,
                    "definition": _definition(facts, indicator)[0],
                    "formula": _definition(facts, indicator)[1],
                    "others": _definition(facts, indicator)[2],
                    "terms": [] if indicator.counts else _terms(facts, indicator, measures),
                    "level": LEVEL[indicator_level(indicator)],
                    "direction": DIRECTION[indicator.direction],
                    "standards": standards.get(indicator.code, []),
                }
                for indicator in chapter.indicators
            ],
            facts.scopes[facts.scope_of(chapter)]["label"],
        )
        for chapter in facts.chapters
    ]
    return Page("indicators/index.html", "indicators", "指标词典", {"entries": entries, "sheet_titles": titles})


def _used(facts: SiteFacts, indicator: Indicator) -> str:
    """The definition in use in the report year."""
    change = facts.figures.changes.get(indicator.code)
    fact = facts.figures.facts.get(change.current) if change else None
    return fact.definition if fact else "standard"


def _definition(facts: SiteFacts, indicator: Indicator) -> tuple[str, str, list[str]]:
    """The definition in use, its formula in words, and the other definitions."""
    used = _used(facts, indicator)
    if indicator.counts:
        return indicator.definition, formula_in_words(indicator, used), []
    others = [name for name in ("standard", *indicator.alternatives) if name != used]
    return (
        indicator.formula(used).definition,
        formula_in_words(indicator, used),
        [indicator.formula(name).definition for name in others],
    )


def _terms(facts: SiteFacts, indicator: Indicator, measures: Mapping[str, Any]) -> list[tuple[str, Any]]:
    return [(role, measures[code]) for role, code in indicator.formula(_used(facts, indicator)).terms]
