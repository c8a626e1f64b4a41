"""One page a chapter."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from types import MappingProxyType

from warehouse.catalogue.indicator import Chapter, Indicator
from warehouse.release.site.bar_charts import Bar, Chart
from warehouse.release.site.page import CHARTS, DISTINCT_VALUES, Page, described, has_school_pages, number, rows
from warehouse.release.site.site_facts import SiteFacts

CHARTED_SCHOOLS = 40


def chapter_page(facts: SiteFacts, chapter: Chapter) -> Page:
    scope = facts.scope_of(chapter)
    catalogue = facts.figures.catalogue
    indicators = [i for i in chapter.indicators if catalogue.level(i) == "school"]
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
            "rows": rows(facts, chapter),
            "explanations": _explanations(facts, chapter),
            "definitions": _definitions(facts, chapter),
            "has_last_year": any(row.previous.reference for row in rows(facts, chapter)),
            "charts": [school_chart(facts, indicator) for indicator in _charted(facts, indicators, members)],
            "school_indicators": indicators if has_school_pages(facts) else [],
            "schools": schools if has_school_pages(facts) else [],
            "totals": [number(facts.of_region(indicator, scope)) for indicator in indicators],
        },
    )


def _definitions(facts: SiteFacts, chapter: Chapter) -> list[tuple[Indicator, str]]:
    """The indicators that are not worked out by their standard definition, with the definition in use."""
    changes = facts.figures.changes
    used = [(i, facts.figures.facts.get(changes[i.code].current)) for i in chapter.indicators if i.code in changes]
    return [(i, words) for i, fact in used if fact and (words := i.other_definition(fact.definition))]


def _explanations(facts: SiteFacts, chapter: Chapter) -> list[str]:
    """What has been explained about the cells behind the chapter's numbers."""
    changes = [facts.figures.changes[i.code] for i in chapter.indicators if i.code in facts.figures.changes]
    return sorted({text for change in changes for text in facts.figures.explained(change.current)})


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


def school_chart(
    facts: SiteFacts, indicator: Indicator, marked: str = "", kinds: Mapping[str, str] = MappingProxyType({})
) -> Chart:
    """The schools of the indicator's scope by value, the school `marked` in another colour; with `kinds` (school →
    kind) those of a kind together."""
    found = facts.figures.of_schools(indicator.code)
    bars = [
        Bar(
            name,
            fact.rounded or Decimal(0),
            fact.display or "",
            fact.reference.subject == marked,
            kinds.get(fact.reference.subject, ""),
        )
        for name, fact in found.items()
    ]
    bars.sort(key=lambda bar: bar.value, reverse=indicator.direction != "lower")
    order = list(dict.fromkeys(kinds.values()))
    bars.sort(key=lambda bar: order.index(bar.group) if bar.group else 0)
    scope = facts.figures.scope_of(indicator.code)
    within = "" if scope == facts.figures.whole_scope else facts.figures.scopes[scope]
    return described(f"各校{indicator.label}（{indicator.unit}）", bars, within)
