"""Standards: bounds that schools of a category must keep."""

from collections.abc import Collection
from decimal import Decimal
from functools import lru_cache
from typing import Literal

from pydantic import model_validator

from sources.declarations.codelist import load_codelists
from sources.declarations.pack import Pack
from sources.declarations.problem import meant
from sources.declarations.strict_yaml import Declaration, Name
from warehouse.catalogue.indicator import load_indicators
from warehouse.catalogue.measure import catalogue_files


class Standard(Declaration):
    """A bound that schools of a category must keep, in one edition of the requirements; judged unrounded."""

    indicator: Name
    category: str
    """Code of the list `school_category`."""
    edition: str
    but_not: tuple[str, ...] = ()
    """Kinds of the category that have standards of their own."""
    at_least: Decimal | None = None
    at_most: Decimal | None = None
    source: str
    since: int | None = None
    until: int | None = None

    @model_validator(mode="after")
    def _consistent(self) -> "Standard":
        if (self.at_least is None) == (self.at_most is None):
            raise ValueError(f"standard for {self.indicator}: give `at_least` or `at_most`")
        return self

    def kinds(self, pack: Pack) -> tuple[str, ...]:
        """The categories of schools that are held against it: its own and the kinds of that, but for `but_not`."""
        kinds = load_codelists(pack)["school_category"].kinds_of(self.category)
        return tuple(kind for kind in kinds if kind not in self.but_not)

    @property
    def comparison(self) -> Literal["at_least", "at_most"]:
        return "at_least" if self.at_least is not None else "at_most"

    @property
    def bound(self) -> Decimal:
        bound = self.at_least if self.at_least is not None else self.at_most
        assert bound is not None
        return bound


class _Standards(Declaration):
    standards: tuple[Standard, ...]


@lru_cache
def load_standards(pack: Pack) -> tuple[Standard, ...]:
    """All standards. Raises DeclarationError, also for an unknown indicator or category."""
    document = catalogue_files(pack)["thresholds.yml"]
    standards = document.parsed(_Standards).standards
    known: dict[str, Collection[str]] = {
        "indicator": load_indicators(pack),
        "category": load_codelists(pack)["school_category"].label_of,
    }
    for position, standard in enumerate(standards):
        for key, words in known.items():
            if (value := getattr(standard, key)) not in words:
                raise document.fault(
                    ("standards", position, key), f"there is no {key} `{value}`{meant(value, words, 'en')}"
                )
    return standards
