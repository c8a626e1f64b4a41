"""The indicator dictionary."""

from sources.declarations.contract import load_contracts
from warehouse.catalogue.indicator import Indicator
from warehouse.catalogue.labels import BOUND, DIRECTION, LEVEL
from warehouse.catalogue.measure import Measure
from warehouse.figures.rounding import trimmed_text
from warehouse.release.site.page import Page
from warehouse.release.site.site_facts import SiteFacts


def dictionary_page(facts: SiteFacts) -> Page:
    catalogue = facts.figures.catalogue
    titles = {contract.name: contract.title for contract in load_contracts()}
    standards: dict[str, list[str]] = {}
    for each in catalogue.standards:
        text = f"{BOUND[each.comparison]} {trimmed_text(each.bound)}（{each.source}）"
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
                    "terms": [] if indicator.counts else _terms(facts, indicator),
                    "level": LEVEL[catalogue.level(indicator)],
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
        return indicator.definition, facts.figures.catalogue.in_words(indicator, used), []
    others = [name for name in ("standard", *indicator.alternatives) if name != used]
    return (
        indicator.formula(used).definition,
        facts.figures.catalogue.in_words(indicator, used),
        [indicator.formula(name).definition for name in others],
    )


def _terms(facts: SiteFacts, indicator: Indicator) -> list[tuple[str, Measure]]:
    """(role, measure) of the definition in use."""
    measures = facts.figures.catalogue.measures
    return [(role, measures[code]) for role, code in indicator.formula(_used(facts, indicator)).terms]
