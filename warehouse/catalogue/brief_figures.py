"""Which figures stand in the leader's brief (领导简报): the declaration in brief.yml."""

from functools import lru_cache

from pydantic import Field

from sources.declarations.pack import Pack
from sources.declarations.problem import meant
from sources.declarations.strict_yaml import Declaration, Name
from warehouse.catalogue.indicator import load_indicators
from warehouse.catalogue.measure import catalogue_files

BRIEF_FILE = "brief.yml"


class BriefDeclaration(Declaration):
    figures: tuple[Name, ...] = Field(min_length=1, max_length=10)
    """Indicators, in the order in which they are read."""


@lru_cache
def brief_figures(pack: Pack) -> tuple[str, ...]:
    """The codes of the figures. Raises DeclarationError, also for an indicator that nobody knows."""
    document = catalogue_files(pack)[BRIEF_FILE]
    codes = document.parsed(BriefDeclaration).figures
    known = load_indicators(pack)
    for position, code in enumerate(codes):
        if code not in known:
            told = f"there is no indicator `{code}`{meant(code, known, 'en')}"
            raise document.fault(("figures", position), told)
    return codes
