"""Standards: bounds that schools of a category must keep, by edition of the requirements."""

from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Annotated, Literal

from pydantic import Field, model_validator

from sources.declarations.city import ExemptAs
from sources.declarations.codelist import load_codelists
from sources.declarations.misfit import Place
from sources.declarations.pack import Pack
from sources.declarations.problem import meant
from sources.declarations.strict_yaml import Declaration, Name, Said
from warehouse.catalogue.indicator import load_indicators
from warehouse.catalogue.measure import catalogue_files

Published = Annotated[str, Field(pattern=r"^\d{4}(-\d{2}-\d{2})?$")]
"""The day on which a document was published, or the year where the day was not found."""
UNVERIFIED = "未核实"


def origin_in_words(source: str, clause: str | None, verified: bool) -> str:
    return f"{source}{clause or ''}{'' if verified else f'（{UNVERIFIED}）'}"


class Exclusion(Declaration):
    """Schools of which an edition does not speak. Those that only their bureau can tell say so in respondents.yml."""

    reason: Literal["attached_classes", "new_school", ExemptAs] = Field(
        description="why; `arts_school` and `remote_district` are what `exempt` in respondents.yml says",
        examples=["new_school"],
    )
    category: str | None = Field(None, description="schools of this category", examples=["attached_classes"])
    founded_since: int | None = Field(
        None, description="schools that were founded in this year or later", examples=[2022]
    )
    told: Said = Field(description="the reason, as people read it", examples=["2022年以来新设的学校"])
    source: str = Field(description="the document that says so", examples=["某部某年某号文件"])
    verified: bool = Field(description="whether it was read in a text of the document", examples=[True])

    @model_validator(mode="after")
    def _names_somebody(self) -> "Exclusion":
        if self.exempt is None and (self.category is None) == (self.founded_since is None):
            raise ValueError(f"exclusion {self.reason}: give `category` or `founded_since`")
        return self

    @property
    def exempt(self) -> ExemptAs | None:
        """What respondents.yml says of the schools; None where their category or age tells."""
        return self.reason if self.reason == "arts_school" or self.reason == "remote_district" else None

    @property
    def in_words(self) -> str:
        return self.told if self.verified else f"{self.told}（{UNVERIFIED}）"


class SharedTarget(Declaration):
    """Which share of the schools is to meet all key indicators by the end of a year."""

    by: int = Field(description="the year at whose end it is to be reached", examples=[2023])
    share: Decimal = Field(
        description="per cent of the schools of which the edition speaks", examples=[80], gt=0, le=100
    )
    source: str = Field(description="where it was read", examples=["某报道"])
    verified: bool = Field(description="whether it was read in a text of the requirements", examples=[False])


class RequirementEdition(Declaration):
    """One edition of the requirements: which schools it leaves out, and how many are to meet it by when."""

    code: Name = Field(
        description="ends with the year, by which editions are put in order", examples=["conditions_2022"]
    )
    label: Said = Field(description="as people read it", examples=["办学条件达标工程（2022年）"])
    published: Published = Field(description="the day, or the year", examples=["2022"])
    key_verified: bool = Field(
        description="whether a text of the requirements names the key indicators", examples=[False]
    )
    not_whole: tuple[str, ...] = Field(
        default=(),
        description="categories of which not all standards were found: such a school can miss, it cannot meet all",
        examples=[["technician_college"]],
    )
    exclusions: tuple[Exclusion, ...] = Field(default=(), description="the schools of which it does not speak")
    targets: tuple[SharedTarget, ...] = Field(default=(), description="one for each year in which one is due")


class NotJudged(Declaration):
    """What an edition asks and nobody is judged by."""

    edition: Name = Field(description="code of the edition", examples=["setting_2010"])
    asks: str = Field(description="what it asks", examples=["报刊 80 种以上"])
    why: str = Field(description="why no school is judged by it", examples=["没有采集报刊种数"])


class Standard(Declaration):
    """A bound that schools of a category must keep, in one edition of the requirements; judged unrounded."""

    indicator: Name = Field(description="code of the indicator", examples=["campus_area"])
    category: str = Field(
        description="code of the list `school_category`; its kinds are meant too", examples=["vocational"]
    )
    but_not: tuple[str, ...] = Field(
        default=(),
        description="kinds of the category that have standards of their own",
        examples=[["technician_college"]],
    )
    founded_since: int | None = Field(
        None, description="only of schools that were founded in this year or later", examples=[2010]
    )
    edition: Name = Field(description="code of the edition", examples=["conditions_2022"])
    at_least: Decimal | None = Field(None, description="the bound, where more is better", examples=[40000])
    at_most: Decimal | None = Field(None, description="the bound, where less is better", examples=[20])
    key: bool = Field(description="whether a school must keep it to be one that meets all", examples=[True])
    clause: str | None = Field(None, description="the article, where it is known", examples=["第六条"])
    source: str = Field(description="the document that the number is from", examples=["某部某年某号文件"])
    published: Published = Field(description="the day or the year of that document", examples=["2022"])
    verified: bool = Field(description="whether the number was read in a text of the requirements", examples=[True])
    since: int | None = Field(None, description="first report year in which it is judged", examples=[2023])
    until: int | None = Field(None, description="last report year in which it is judged", examples=[2030])

    @model_validator(mode="after")
    def _consistent(self) -> "Standard":
        if (self.at_least is None) == (self.at_most is None):
            raise ValueError(f"standard for {self.indicator}: give `at_least` or `at_most`")
        return self

    @property
    def origin(self) -> str:
        """The document with its clause, and whether the number was read there."""
        return origin_in_words(self.source, self.clause, self.verified)

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


@dataclass(frozen=True, slots=True)
class Requirements:
    """All that thresholds.yml says."""

    editions: tuple[RequirementEdition, ...]
    standards: tuple[Standard, ...]
    not_judged: tuple[NotJudged, ...]


class _Standards(Declaration):
    editions: tuple[RequirementEdition, ...]
    standards: tuple[Standard, ...]
    not_judged: tuple[NotJudged, ...] = ()


@lru_cache
def load_requirements(pack: Pack) -> Requirements:
    """Editions and standards. Raises DeclarationError, also for an unknown indicator, category or edition."""
    document = catalogue_files(pack)["thresholds.yml"]
    declared = document.parsed(_Standards)
    editions = [edition.code for edition in declared.editions]
    categories = load_codelists(pack)["school_category"].label_of
    known: dict[str, Collection[str]] = {
        "indicator": load_indicators(pack),
        "category": categories,
        "edition": editions,
    }
    named: list[tuple[Place, str, str]] = [
        (("standards", position, key), key, getattr(standard, key))
        for position, standard in enumerate(declared.standards)
        for key in known
    ]
    named += [
        (("not_judged", position, "edition"), "edition", each.edition)
        for position, each in enumerate(declared.not_judged)
    ]
    for position, edition in enumerate(declared.editions):
        place = ("editions", position)
        named += [((*place, "not_whole"), "category", each) for each in edition.not_whole]
        named += [
            ((*place, "exclusions", number, "category"), "category", each.category)
            for number, each in enumerate(edition.exclusions)
            if each.category is not None
        ]
    for at, key, value in named:
        if value not in known[key]:
            raise document.fault(at, f"there is no {key} `{value}`{meant(value, known[key], 'en')}")
    return Requirements(declared.editions, declared.standards, declared.not_judged)
