"""The city (a province, the nation): regions, respondents, scopes, targets, and what an installation is made of."""

from collections import Counter
from collections.abc import Iterable, Iterator
from decimal import Decimal
from functools import cached_property, lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal, get_args

from pydantic import Field, model_validator

from sources.declarations.codelist import Code, CodeList, load_codelists
from sources.declarations.deadlines import Calendar
from sources.declarations.strict_yaml import Declaration, Name, read_yaml

RegionLevel = Literal["nation", "province", "city", "county"]
"""From the widest to the narrowest."""


class Region(Declaration):
    """An administrative region and the one it lies in, its `parent`; a level in between may be left out."""

    code: str
    name: str
    level: RegionLevel
    parent: str | None = None


class Respondent(Declaration):
    """Somebody who sends a workbook: a school, or the bureau of a region."""

    code: str
    name: str
    kind: Literal["school", "bureau"]
    region: str | None = None
    """The region that a school lies in directly, or whose bureau it is; none: the installation's own."""
    note: str = ""
    since: int | None = None
    until: int | None = None


class Scope(Declaration):
    """A statistical scope (口径): the schools of the roster but for those with an excluded attribute."""

    code: Name
    label: str
    description: str
    exclude: dict[Literal["category", "affiliation", "ownership", "school_code"], tuple[str, ...]] = Field(default={})


class DefinitionChoice(Declaration):
    """Which of an indicator's alternative definitions the city uses, from a report year on."""

    indicator: Name
    alternative: Name
    since: int | None = None


class Target(Declaration):
    """What the city has announced to reach: an increase of an indicator by a year."""

    report_year: int
    indicator: Name
    increase_at_least: Decimal
    source: str


class City(Declaration):
    """Everything that makes an installation, be it of a city, a province or the nation: no name is anywhere else.

    Its regions are a tree; the root is the installation's own region, the only one where none are declared.
    """

    code: str
    name: str
    regions: tuple[Region, ...]
    respondents: tuple[Respondent, ...]
    scopes: tuple[Scope, ...]
    calendar: Calendar
    definitions: tuple[DefinitionChoice, ...] = ()
    targets: tuple[Target, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _with_own_region(cls, declared: dict[str, Any]) -> dict[str, Any]:
        own = {"code": declared.get("code"), "name": declared.get("name"), "level": "city"}
        return {"regions": [own], **declared}

    @model_validator(mode="after")
    def _regions_are_a_tree(self) -> "City":
        known = self.region_by_code
        if repeated := _repeated(region.code for region in self.regions):
            raise ValueError(f"regions: repeated codes {repeated}")
        roots = [region.code for region in self.regions if region.parent is None]
        if roots != [self.code]:
            raise ValueError(
                f"regions: without `parent` must be {self.code} (code of city.yml), and only it; is {roots}"
            )
        if known[self.code].name != self.name:
            raise ValueError(f"regions: {self.code} is called {known[self.code].name} here, {self.name} in city.yml")
        for region in self.regions:
            if region.parent is not None and region.parent not in known:
                raise ValueError(f"regions: {region.code} {region.name} lies in {region.parent}, which is not declared")
            # strictly from wider to narrower: so there can be no circle
            if region.parent is not None and not _is_wider(known[region.parent], region):
                raise ValueError(
                    f"regions: {region.code} {region.name} ({region.level}) cannot lie in"
                    f" {region.parent} ({known[region.parent].level}), which is not wider"
                )
        return self

    @model_validator(mode="after")
    def _respondents_have_a_region(self) -> "City":
        bureaus: dict[str, list[Respondent]] = {}
        for respondent in self.respondents:
            if self.region_of(respondent) not in self.region_by_code:
                raise ValueError(f"respondent {respondent.code}: region {respondent.region} is not in regions.yml")
            if respondent.kind == "bureau":
                bureaus.setdefault(self.region_of(respondent), []).append(respondent)
        for code, several in bureaus.items():
            for earlier, later in pairwise(sorted(several, key=lambda bureau: bureau.since or 0)):
                if earlier.until is None or earlier.until >= (later.since or 0):
                    raise ValueError(f"region {code}: two bureaus at a time, {earlier.code} and {later.code}")
        return self

    @cached_property
    def respondent_by_code(self) -> dict[str, Respondent]:
        return {respondent.code: respondent for respondent in self.respondents}

    @cached_property
    def region_by_code(self) -> dict[str, Region]:
        return {region.code: region for region in self.regions}

    @cached_property
    def region_paths(self) -> dict[str, tuple[str, ...]]:
        """Region → its code and those of all that it lies in, up to the root."""
        return {region.code: tuple(self._upwards(region)) for region in self.regions}

    def _upwards(self, region: Region) -> Iterator[str]:
        yield region.code
        if region.parent is not None:
            yield from self._upwards(self.region_by_code[region.parent])

    def regions_in(self, region: str) -> frozenset[str]:
        """The region and all that lie in it."""
        return frozenset(code for code, path in self.region_paths.items() if region in path)

    def region_of(self, respondent: Respondent) -> str:
        return respondent.region or self.code

    def respondents_in(self, report_year: int) -> tuple[Respondent, ...]:
        return tuple(r for r in self.respondents if r.is_valid_in(report_year))


def _is_wider(region: Region, other: Region) -> bool:
    levels = get_args(RegionLevel)
    return levels.index(region.level) < levels.index(other.level)


def _repeated(codes: Iterable[str]) -> list[str]:
    return sorted(code for code, times in Counter(codes).items() if times > 1)


def codelists_of(city: City, report_year: int | None = None, region: str | None = None) -> dict[str, CodeList]:
    """The common code lists, and the two that a city brings along: its schools (those of a region) and its scopes."""
    respondents = city.respondents if report_year is None else city.respondents_in(report_year)
    regions = city.regions_in(region or city.code)
    schools = tuple(
        Code(code=r.code, label=r.code, note=r.name)
        for r in respondents
        if r.kind == "school" and city.region_of(r) in regions
    )
    scopes = tuple(Code(code=s.code, label=s.label) for s in city.scopes)
    return load_codelists() | {
        "schools": CodeList(name="schools", title="学校", source="respondents.yml", codes=schools),
        "scopes": CodeList(name="scopes", title="统计口径", source="scopes.yml", codes=scopes),
    }


@lru_cache
def load_city(city_dir: Path) -> City:
    """The city declared in a folder: city.yml, respondents.yml, scopes.yml, calendar.yml.

    Optional: regions.yml (of a province or the nation: the regions in it), definitions.yml (where the city departs
    from the catalogue's standard definitions), targets.yml.
    """
    names = ("regions.yml", "definitions.yml", "targets.yml")
    optional = [path for name in names if (path := city_dir / name).exists()]
    return City(
        **{key: value for path in optional for key, value in read_yaml(path).items()},
        **read_yaml(city_dir / "city.yml"),
        **read_yaml(city_dir / "respondents.yml"),
        **read_yaml(city_dir / "scopes.yml"),
        calendar=Calendar(**read_yaml(city_dir / "calendar.yml")),
    )
