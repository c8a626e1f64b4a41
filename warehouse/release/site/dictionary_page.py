"""The indicator dictionary."""

from collections.abc import Mapping
from typing import Any

from sources.declarations.contract import load_contracts
from warehouse.catalogue.indicator import Indicator, formula_in_words, indicator_level
from warehouse.catalogue.labels import BOUND, DIRECTION, LEVEL
from warehouse.catalogue.measure import load_measures
from warehouse.catalogue.standard import load_standards
from warehouse.figures.rounding import trimmed_text
from warehouse.release.site.page import Page
from warehouse.release.site.site_facts import SiteFacts


def dictionary_page(facts: SiteFacts) -> Page:
    measures = load_measures()
    titles = {contract.name: contract.title for contract in load_contracts()}
    standards: dict[str, list[str]] = {}
    for each in load_standards():
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
