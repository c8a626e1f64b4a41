"""Small groups: on how many people a figure must rest to be printed, and how closely a hidden one may be worked out."""

from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Literal

from pydantic import Field, model_validator

from sources.declarations.pack import Pack
from sources.declarations.strict_yaml import Declaration, Name
from warehouse.catalogue.indicator import Indicator, load_indicators
from warehouse.catalogue.measure import catalogue_files, load_measures


class Leeway(Declaration):
    """What must stay possible around a hidden number: `share` of the way to 0 and to all people, or of its value."""

    of: Literal["people", "value"]
    share: Decimal = Field(gt=0, le=1)

    def around(self, value: float, people: float) -> tuple[float, float]:
        """The lowest and the highest number that whoever reads everything must still think possible.

        `people`: how many the group has.
        """
        share = float(self.share)
        room = max(people - value, 0.0) if self.of == "people" else value
        return value * (1 - share), value + share * room

    @property
    def in_words(self) -> str:
        share = f"{(self.share * 100).normalize():f}%"
        if self.of == "people":
            return "无人至全部都有可能" if self.share == 1 else f"至无人、至全部各 {share}"
        return f"实际值上下各 {share}"


class SmallGroup(Declaration):
    """The least number of people, with its reason; of the `indicators` named, or of all of a kind."""

    indicators: tuple[Name, ...] = ()
    units: tuple[str, ...] = ()
    of: tuple[str, ...] = ()
    """Units of what a figure is divided by."""
    minimum: int = Field(ge=0)
    interval: Leeway | None = None
    reason: str = Field(min_length=8)
    source: str = Field(min_length=4)
    decided_on: date

    @model_validator(mode="after")
    def _consistent(self) -> "SmallGroup":
        if bool(self.indicators) == bool(self.units and self.of):
            raise ValueError("a small group names `indicators`, or `units` and `of`")
        if (self.minimum > 0) != (self.interval is not None):
            raise ValueError("a minimum goes with an `interval`, and only with one")
        return self

    def fits(self, indicator: Indicator, divided_by: frozenset[str]) -> bool:
        return indicator.code in self.indicators or (indicator.unit in self.units and divided_by <= {*self.of})


class SmallGroups(Declaration):
    """small_groups.yml: `sign` stands in a printed table for what is hidden, `note` says below it what that means."""

    sign: str = Field(min_length=1, max_length=2)
    note: str
    groups: tuple[SmallGroup, ...]


@lru_cache
def load_small_groups(pack: Pack) -> SmallGroups:
    """What is declared of small groups. Raises DeclarationError."""
    return catalogue_files(pack)["small_groups.yml"].parsed(SmallGroups)


def small_group_of(pack: Pack, indicator: Indicator) -> SmallGroup | None:
    """The group that holds for an indicator; None for what is no ratio, or none of people."""
    if indicator.kind != "ratio":
        return None
    divided_by = frozenset(
        load_measures(pack)[code].unit for formula in indicator.formulas for code in formula.denominator
    )
    found = next((each for each in load_small_groups(pack).groups if each.fits(indicator, divided_by)), None)
    return found if found and found.minimum else None


@lru_cache
def small_groups_of(pack: Pack) -> dict[str, SmallGroup]:
    """Indicator → the group that holds for it, of those for which one does."""
    found = {code: small_group_of(pack, indicator) for code, indicator in load_indicators(pack).items()}
    return {code: group for code, group in found.items() if group}
