"""What a number can be: `rules/plausibility.yml`, one entry a judgement; each number of a contract names its own.

An entry says what is possible and what is usual: by itself, by a natural base, by the year before, by its peers. It
may be `like` another one, and then says only what differs. Every bound names its source.
"""

from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from sources.declarations.codelist import labels_of_codes
from sources.declarations.kept import JUDGEMENTS, kept_part, read_kept
from sources.declarations.kept_ready import kept_ready
from sources.declarations.misfit import Misfit
from sources.declarations.pack import Pack, layered
from sources.declarations.problem import DeclarationError, meant
from sources.declarations.rule import PLAUSIBILITY, RULES
from sources.declarations.strict_yaml import Declaration, Name, once

Exact = Annotated[Decimal, BeforeValidator(lambda number: str(number) if isinstance(number, float) else number)]
"""A number as it is written: 0.1 is one tenth."""
ColumnName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)?$")]
"""`column` of the same record, or `sheet.column` of a form of the same workbook."""
Range = tuple[Exact | None, Exact | None]
"""From, to; both may be reached, and each may be open."""


class BoundSource(Declaration):
    """Where a bound comes from."""

    id: Name
    kind: Literal["law", "standard", "policy", "distribution", "meaning"]
    title: str
    date: str
    """The day from which it holds, or on which the distribution was taken: `2010-07-06`, or a year."""


class OwnBound(Declaration):
    """From what to what a number goes."""

    between: Range
    source: Name


class BaseBound(Declaration):
    """What is possible and usual of a number divided by its base."""

    base: ColumnName
    possible: Range = (None, None)
    usual: Range = (None, None)
    source: Name


class YearChange(Declaration):
    """How far a number may move in a year: neither more than `ratio` times, or by less than `step`."""

    ratio: Exact
    step: Exact
    source: Name


class PeerDistance(Declaration):
    """How far a number may be from its peers' median, by base: `spreads` robust deviations, but never less than `ratio`
    times; a number that is less than `step` off what the median gives is spared."""

    base: ColumnName | None = None
    ratio: Exact
    spreads: Exact = Decimal(5)
    step: Exact
    source: Name


class Judgement(Declaration):
    """What is possible and usual of the numbers that name it."""

    name: Name
    like: Name | None = None
    units: tuple[str, ...] = ()
    """The units of the columns that may name it; without any, they have none."""
    possible: OwnBound | None = None
    usual: OwnBound | None = None
    per: tuple[BaseBound, ...] = ()
    within: tuple[ColumnName, ...] = ()
    """Numbers that it is usually a part of."""
    within_source: Name | None = None
    last_year: YearChange | None = None
    peers: PeerDistance | None = None
    rows: Mapping[str, Name] = Field(default={})
    """Of a sheet with fixed rows: the code of a row → the judgement of the number there."""
    is_label: bool = False
    """The number counts and measures nothing (a year, a place in a list): only its own limits judge it."""

    @property
    def sources(self) -> tuple[str, ...]:
        """The sources that its bounds name."""
        bounds = (self.possible, self.usual, *self.per, self.last_year, self.peers)
        named = [bound.source for bound in bounds if bound is not None]
        return tuple(dict.fromkeys([*named, *([self.within_source] if self.within_source else [])]))


class _Plausibility(Declaration):
    sources: tuple[BoundSource, ...]
    judgements: tuple[Judgement, ...]

    @model_validator(mode="after")
    def _consistent(self) -> "_Plausibility":
        once(self, (source.id for source in self.sources), "source")
        return once(self, (judgement.name for judgement in self.judgements), "judgement")


@lru_cache
@kept_ready
def load_judgements(pack: Pack) -> dict[str, Judgement]:
    """The judgements by name, each with what it takes over from the one that it is like. Raises DeclarationError."""
    if pack.kept:
        kept = (read_kept(Judgement, each) for each in kept_part(pack.kept, JUDGEMENTS))
        return {judgement.name: judgement for judgement in kept}
    declared = _declared(pack)
    document = layered(RULES, pack, "rules", labels_of_codes(pack))[PLAUSIBILITY]
    whole: dict[str, Judgement] = {}
    misfits: list[Misfit] = []
    known = {source.id for source in declared.sources}
    for at, judgement in enumerate(declared.judgements):
        if judgement.like and judgement.like not in whole:
            told = f"no judgement `{judgement.like}` stands before it{meant(judgement.like, list(whole))}"
            misfits.append(Misfit(("judgements", at, "like"), told))
            continue
        of_like: dict[str, Any] = dict(whole[judgement.like]) if judgement.like else {}
        own = {name: getattr(judgement, name) for name in judgement.model_fields_set}
        whole[judgement.name] = Judgement.model_construct(**{**of_like, **dict(judgement), **of_like, **own})
        misfits += [
            Misfit(("judgements", at, "name"), f"there is no source `{source}`{meant(source, sorted(known))}")
            for source in judgement.sources
            if source not in known
        ]
    if misfits:
        raise DeclarationError(document.problems_of(misfits))
    return whole


@lru_cache
def bound_sources(pack: Pack) -> dict[str, BoundSource]:
    """The sources of bounds by id. Raises DeclarationError."""
    return {source.id: source for source in _declared(pack).sources}


@lru_cache
def _declared(pack: Pack) -> _Plausibility:
    today = pack.today
    return layered(RULES, today, "rules", labels_of_codes(today))[PLAUSIBILITY].parsed(_Plausibility)
