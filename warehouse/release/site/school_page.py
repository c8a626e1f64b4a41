"""A page a school, and the list of them."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from statistics import median

from warehouse.catalogue.indicator import Chapter, Indicator
from warehouse.catalogue.labels import BOUND, STATUS
from warehouse.catalogue.standard import origin_in_words
from warehouse.figures.fact import Reference
from warehouse.figures.rounding import trimmed_text, value_text
from warehouse.release.site.chapter_page import CHARTED_SCHOOLS, school_chart
from warehouse.release.site.overview_page import standard_counts
from warehouse.release.site.page import CHARTS, LinkedNumber, Page, has_school_pages, linked, number
from warehouse.release.site.quality_page import timed
from warehouse.release.site.site_facts import Row, SiteFacts


@dataclass(frozen=True)
class Peer:
    """A school's place among the schools of the scope that have a value."""

    indicator: Indicator
    chapter: str
    value: LinkedNumber
    rank: str
    median: str
    of_region: LinkedNumber
    scope: str


@dataclass(frozen=True)
class StandardRow:
    indicator: Indicator
    value: LinkedNumber
    bound: str
    verdict: str
    source: str


def schools_page(facts: SiteFacts) -> Page:
    states = {row["respondent_code"]: row for row in facts.register}
    known = facts.figures.catalogue.indicators
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
        for school, counts in standard_counts(facts)
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
            "told": facts.told_of(code),
            "register": next((row for row in facts.register if row["respondent_code"] == code), None),
            "scopes": [
                scope
                for scope in sorted(facts.scopes.values(), key=lambda scope: scope["sequence"])
                if code in members.get(scope["scope_code"], frozenset())
            ],
            "edition_verdicts": [each for each in facts.figures.edition_verdicts if each.school == code],
            "standards": [_standard_row(facts, row) for row in facts.standards if row["subject_code"] == code],
            "peers": peers,
            "charts": [
                school_chart(facts, indicator, code)
                for indicator in ranked[:CHARTS]
                if len(facts.figures.of_schools(indicator.code)) <= CHARTED_SCHOOLS
            ],
            "years": facts.years,
            "chapters": [_school_chapter(facts, chapter, code) for chapter in facts.chapters],
            "submissions": timed(facts, [row for row in facts.submissions if row["respondent_code"] == code]),
            "findings": Counter(row["severity"] for row in facts.findings if row["respondent_code"] == code),
        },
    )


def _school_chapter(
    facts: SiteFacts, chapter: Chapter, code: str
) -> tuple[Chapter, list[tuple[Indicator, list[LinkedNumber]]], list[tuple[str, list[Indicator]]]]:
    """The indicators of which the school has a value in some year; and, by status, those without."""
    shown: list[tuple[Indicator, list[LinkedNumber]]] = []
    lacking: dict[str, list[Indicator]] = {}
    for indicator in chapter.indicators:
        if facts.figures.catalogue.level(indicator) != "school":
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
                median=value_text(indicator, median(values)) if values else "—",
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


def _standard_row(facts: SiteFacts, row: Row) -> StandardRow:
    indicator = facts.figures.catalogue.indicators[row["indicator_code"]]
    reference = Reference(row["indicator_code"], row["report_year"], row["subject_code"], row["scope_code"])
    return StandardRow(
        indicator,
        number(facts.history.get(reference) or facts.figures.facts.get(reference)),
        f"{BOUND[row['comparison']]} {trimmed_text(row['bound'])}",
        row["verdict"],
        origin_in_words(row["source"], row["clause"], row["is_verified"]),
    )
