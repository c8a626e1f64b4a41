"""The catalogue: indicators, measures, standards and report tables, as typed objects.

An indicator is defined here and nowhere else. `sum`, `ratio` and `school_count` cover everything that is built
from measures; none of them needs SQL of its own.
"""

from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Any, Literal

from pydantic import Field

from sources.declarations.contract import TimeBasis
from sources.declarations.misfit import Place
from sources.declarations.pack import Pack
from sources.declarations.problem import meant
from sources.declarations.strict_yaml import Declaration, Document, Name
from warehouse.catalogue.measure import Measure, catalogue_files, expanded, load_measures
from warehouse.catalogue.movement import Movement, usual_movement

STANDARD_DEFINITION = "standard"
Direction = Literal["higher", "lower", "neutral"]


class Formula(Declaration):
    """Measures that are added up: the value of a sum; the upper and lower part of a ratio."""

    numerator: tuple[Name, ...]
    denominator: tuple[Name, ...] = ()
    definition: str

    @property
    def terms(self) -> tuple[tuple[str, str], ...]:
        """(role, measure code) of every term."""
        return tuple(("numerator", code) for code in self.numerator) + tuple(
            ("denominator", code) for code in self.denominator
        )


class SchoolCount(Declaration):
    """How many schools of a scope have a value of an indicator below a bound."""

    of: Name
    below: Decimal
    ownership: str | None = None
    """Only schools of this ownership (code of the list `ownership`)."""


class Indicator(Declaration):
    code: Name
    label: str
    """As the report prints it."""
    unit: str
    numerator: tuple[Name, ...] = ()
    denominator: tuple[Name, ...] = ()
    counts: SchoolCount | None = None
    scale: int = 1
    decimals: int = 0
    display: Literal["number", "to_one"] = "number"
    definition: str
    alternatives: dict[Name, Formula] = Field(default_factory=dict)
    """Other definitions in use elsewhere; a city chooses one in its definitions.yml."""
    source: str
    time_basis: TimeBasis
    direction: Direction = "neutral"
    movement: Movement
    """By how much it may move in a year before a release asks about it; without one of its own, that of its unit."""

    @property
    def kind(self) -> Literal["sum", "ratio", "school_count"]:
        if self.counts:
            return "school_count"
        return "ratio" if self.denominator else "sum"

    def formula(self, definition: str) -> Formula:
        """The formula under one of the indicator's definitions.

        Raises KeyError for a definition that the indicator does not have.
        """
        if definition == STANDARD_DEFINITION:
            return Formula(numerator=self.numerator, denominator=self.denominator, definition=self.definition)
        return self.alternatives[definition]

    def other_definition(self, definition: str) -> str | None:
        """A definition in words, unless it is the standard one."""
        if self.counts or definition == STANDARD_DEFINITION:
            return None
        return self.formula(definition).definition.removesuffix("。")

    @property
    def formulas(self) -> tuple[Formula, ...]:
        """The formula under each of its definitions; none of a count of schools."""
        return () if self.counts else (self.formula(STANDARD_DEFINITION), *self.alternatives.values())


class Chapter(Declaration):
    """The indicators of one part of the report; its mart has the chapter's name."""

    chapter: Name
    title: str
    topic: Name
    """Entry of the code list `topics`: which of the bureau's scope choices applies."""
    order: int
    description: str
    indicators: tuple[Indicator, ...]


@lru_cache
def load_chapters(pack: Pack) -> tuple[Chapter, ...]:
    """The chapters in the order of the report. Raises DeclarationError, also for an unknown measure."""
    chapters = []
    measures = load_measures(pack)
    for name, document in catalogue_files(pack).items():
        if not name.startswith("indicators/"):
            continue
        entries = expanded(pack, document, "indicators")
        indicators = [_resolved(document, pack, place, entry, measures) for place, entry in entries]
        given = {"indicators": indicators} if "indicators" in document.data else {}
        chapters.append(document.parsed(Chapter, document.data | given))
    return tuple(sorted(chapters, key=lambda chapter: chapter.order))


def _resolved(
    document: Document, pack: Pack, place: Place, entry: dict[str, Any], measures: Mapping[str, Measure]
) -> Indicator:
    """An entry with what it leaves out: a plain sum takes label, unit and definition from its measure."""
    entry = dict(entry)
    if "counts" not in entry and "code" in entry:
        entry.setdefault("numerator", [entry["code"]])
    _check_terms(document, place, entry, measures)
    alternatives = entry.get("alternatives")
    for name, formula in alternatives.items() if isinstance(alternatives, dict) else ():
        _check_terms(document, (*place, "alternatives", name), formula, measures)
    if len(entry.get("numerator", ())) == 1 and "denominator" not in entry:
        measure = measures[entry["numerator"][0]]
        entry = {"label": measure.label, "unit": measure.unit, "definition": measure.description} | entry
        if not measure.is_whole:
            entry.setdefault("decimals", 2)
    if "numerator" in entry:
        entry.setdefault("time_basis", measures[entry["numerator"][0]].time_basis)
    if "movement" not in entry and "unit" in entry:
        entry["movement"] = _usual_movement(document, pack, place, entry)
    return document.parsed(Indicator, entry, place)


def _usual_movement(document: Document, pack: Pack, place: Place, entry: dict[str, Any]) -> dict[str, Any]:
    """Raises DeclarationError for a unit and kind of which movements.yml says nothing."""
    kind = "school_count" if entry.get("counts") else "ratio" if entry.get("denominator") else "sum"
    found = usual_movement(pack, str(entry["unit"]), kind)
    if found is None:
        told = f"movements.yml has no limit for a {kind} in {entry['unit']}; give the indicator a `movement`"
        raise document.fault((*place, "movement"), told)
    return {"share": found.share, "step": found.step, "reason": found.reason}


def _check_terms(document: Document, place: Place, formula: object, known: Mapping[str, Measure]) -> None:
    """Raises DeclarationError when a formula does not add up measures that there are."""
    for role in ("numerator", "denominator"):
        if not isinstance(formula, dict) or role not in formula:
            continue
        if not isinstance(formula[role], list) or not formula[role]:
            raise document.fault((*place, role), f"`{role}` must be a list of measures")
        for term in formula[role]:
            if str(term) not in known:
                raise document.fault((*place, role), f"there is no measure `{term}`{meant(term, known, 'en')}")
            if known[term].adds != "sum" and ("denominator" in formula or len(formula[role]) > 1):
                told = f"`{term}` adds up as `{known[term].adds}`: only sums can be added to others or make a ratio"
                raise document.fault((*place, role), told)


@lru_cache
def load_indicators(pack: Pack) -> dict[str, Indicator]:
    indicators = [indicator for chapter in load_chapters(pack) for indicator in chapter.indicators]
    return {indicator.code: indicator for indicator in indicators}
