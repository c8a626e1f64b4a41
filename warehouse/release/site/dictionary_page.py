"""The indicator dictionary."""

from collections.abc import Sequence
from dataclasses import dataclass

from sources.declarations.contract import load_contracts
from warehouse.catalogue.indicator import Indicator
from warehouse.catalogue.labels import BOUND, DIRECTION, LEVEL
from warehouse.catalogue.measure import Measure
from warehouse.figures.rounding import trimmed_text
from warehouse.release.site.page import Page
from warehouse.release.site.site_facts import SiteFacts


@dataclass(frozen=True)
class DictionaryEntry:
    """What an indicator means and how it is worked out; `terms` are (role, measure, title of its sheet)."""

    indicator: Indicator
    definition: str
    formula: str
    others: Sequence[str]
    terms: Sequence[tuple[str, Measure, str]]
    level: str
    direction: str
    standards: Sequence[str]


def dictionary_page(facts: SiteFacts) -> Page:
    entries = [
        (
            chapter,
            [dictionary_entry(facts, indicator) for indicator in chapter.indicators],
            facts.scopes[facts.scope_of(chapter)]["label"],
        )
        for chapter in facts.chapters
    ]
    return Page("indicators/index.html", "indicators", "指标词典", {"entries": entries})


def dictionary_entry(facts: SiteFacts, indicator: Indicator) -> DictionaryEntry:
    catalogue = facts.figures.catalogue
    definition, formula, others = _definition(facts, indicator)
    return DictionaryEntry(
        indicator,
        definition,
        formula,
        others,
        [] if indicator.counts else _terms(facts, indicator),
        LEVEL[catalogue.level(indicator)],
        DIRECTION[indicator.direction],
        [
            f"{BOUND[each.comparison]} {trimmed_text(each.bound)}（{each.origin}）"
            for each in catalogue.standards
            if each.indicator == indicator.code
        ],
    )


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


def _terms(facts: SiteFacts, indicator: Indicator) -> list[tuple[str, Measure, str]]:
    """(role, measure, title of its sheet) of the definition in use."""
    catalogue = facts.figures.catalogue
    titles = {contract.name: contract.title for contract in load_contracts(catalogue.pack)}
    measures = [(role, catalogue.measures[code]) for role, code in indicator.formula(_used(facts, indicator)).terms]
    return [(role, measure, titles[measure.sheet]) for role, measure in measures]
