"""The city (a province, the nation): regions, respondents, scopes, targets, and what an installation is made of."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Literal, get_args

from pydantic import Field, ValidationError, model_validator

from sources.declarations.check_city import contradictions, strange_names
from sources.declarations.codelist import Code, CodeList, load_codelists
from sources.declarations.deadlines import Calendar
from sources.declarations.misfit import Misfit
from sources.declarations.problem import DeclarationError, Problem, shown_path
from sources.declarations.strict_yaml import Declaration, Document, Name, read_document

RegionLevel = Literal["nation", "province", "city", "county"]
"""From the widest to the narrowest."""


class Region(Declaration):
    """An administrative region and the one it lies in, its `parent`; a level in between may be left out."""

    code: str
    name: str
    level: RegionLevel
    parent: str | None = None

    def is_wider_than(self, other: "Region") -> bool:
        levels = get_args(RegionLevel)
        return levels.index(self.level) < levels.index(other.level)


class Respondent(Declaration):
    """Somebody who sends a workbook: a school, or the bureau of a region."""

    code: str
    name: str
    kind: Literal["school", "bureau"]
    region: str | None = None
    """The region in which a school lies, or whose bureau it is. None means the installation's own."""
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
    """Everything that makes an installation of a city, a province or the nation. No such name stands anywhere else.

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
    def _is_sound(self) -> "City":
        if found := [misfit.text for misfit in contradictions(self)]:
            raise ValueError("；".join(found))
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


def codelists_of(city: City, report_year: int | None = None, region: str | None = None) -> dict[str, CodeList]:
    """The common code lists and the city's two: its schools (those of a region) and its scopes."""
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


class _Place(Declaration):
    """city.yml."""

    code: str
    name: str


class _Regions(Declaration):
    regions: tuple[Region, ...]


class _Respondents(Declaration):
    respondents: tuple[Respondent, ...]


class _Scopes(Declaration):
    scopes: tuple[Scope, ...] = Field(min_length=1)


class _Definitions(Declaration):
    definitions: tuple[DefinitionChoice, ...]


class _Targets(Declaration):
    targets: tuple[Target, ...]


CITY_FILE = "city.yml"
FILES: dict[str, type[Declaration]] = {
    CITY_FILE: _Place,
    "respondents.yml": _Respondents,
    "scopes.yml": _Scopes,
    "calendar.yml": Calendar,
    "regions.yml": _Regions,
    "definitions.yml": _Definitions,
    "targets.yml": _Targets,
}
"""The files that make a city, each with its model; the last three may be left out."""
OPTIONAL = ("regions.yml", "definitions.yml", "targets.yml")
OTHER_NAMES = ("alerts.yml", "published", "samples")
"""What else may lie in a city's folder; each has a reader of its own."""


@dataclass(frozen=True, slots=True)
class CityFolder:
    """A city's folder as it was read: as much of the city as can be used, and everything that is wrong."""

    path: Path
    city: City
    documents: Mapping[str, Document]
    """Field of `City` → the file that it stands in."""
    kept: Mapping[str, Sequence[int]]
    """For each list with mistakes: the positions in the file of the entries that could be read."""
    problems: tuple[Problem, ...]

    def located(self, found: Iterable[Misfit]) -> Iterator[Problem]:
        """Mistakes among the declarations, with file and line."""
        for misfit in found:
            field, *rest = misfit.place
            document = self.documents.get(str(field), self.documents.get("code"))
            if document is None:
                continue  # the file cannot be read, which is told already
            if rest and field in self.kept and isinstance(rest[0], int):
                rest[0] = self.kept[str(field)][rest[0]]
            place = tuple(rest) if field == "calendar" else (field, *rest)
            yield from document.problems_of([replace(misfit, place=place)])


def read_city(city_dir: Path) -> CityFolder:
    """A city's folder with all that is wrong in its files and among them; raises nothing but what the disk raises."""
    problems = list(_strange_files(city_dir))
    parts: dict[str, Any] = {}
    documents: dict[str, Document] = {}
    kept: dict[str, Sequence[int]] = {}
    unsure = set()
    for name, model in FILES.items():
        if name in OPTIONAL and not (city_dir / name).exists():
            continue
        fields = ["calendar"] if model is Calendar else list(model.model_fields)
        try:
            document = read_document(city_dir / name, "zh")
        except DeclarationError as error:
            problems += error.problems
            unsure.update(fields)
            continue
        documents |= dict.fromkeys(fields, document)
        try:
            read: Declaration | None = document.parsed(model)
        except DeclarationError as error:
            problems += error.problems
            unsure.update(fields)
            read = _readable_part(document, model, kept)
        if read is not None:
            parts |= {"calendar": read} if model is Calendar else dict(read)
    folder = CityFolder(city_dir, _draft(parts, unsure), documents, kept, ())
    return replace(folder, problems=(*problems, *folder.located(contradictions(folder.city, unsure))))


def _draft(parts: dict[str, Any], unsure: Collection[str]) -> City:
    """The city of what could be read. Its parts are checked one by one, so it is not validated again as a whole."""
    place = {key: parts.get(key, "") for key in ("code", "name")}
    own = {} if "regions" in unsure else {"regions": (Region(**place, level="city"),)}
    blank = {"regions": (), "respondents": (), "scopes": (), "calendar": None}
    return City.model_construct(**(blank | own | place | parts))


def _readable_part(document: Document, model: type[Declaration], kept: dict[str, Sequence[int]]) -> Declaration | None:
    """Of a file with mistakes, the entries without: so that one look tells what is wrong with them as well."""
    for field in model.model_fields:
        entries = document.data.get(field)
        if len(model.model_fields) > 1 or not isinstance(entries, list):
            return None
        kept[field] = [position for position, entry in enumerate(entries) if _fits(model, {field: [entry]})]
        sound = [entries[position] for position in kept[field]]
        return model.model_validate({field: sound}) if sound else None
    return None


def _fits(model: type[Declaration], data: dict[str, Any]) -> bool:
    try:
        model.model_validate(data)
    except ValidationError:
        return False
    return True


def _strange_files(city_dir: Path) -> Iterator[Problem]:
    lying = [path.name for path in city_dir.iterdir()] if city_dir.is_dir() else []
    names = sorted(name for name in lying if not name.startswith("."))
    for name, text in strange_names(names, (*FILES, *OTHER_NAMES)):
        yield Problem(shown_path(city_dir / name), None, "", text)


@lru_cache
def load_city(city_dir: Path) -> City:
    """The city declared in a folder: city.yml, respondents.yml, scopes.yml, calendar.yml.

    Optional: regions.yml (of a province or the nation: the regions in it), definitions.yml (where the city departs
    from the catalogue's standard definitions), targets.yml.

    Raises DeclarationError with everything that is wrong, in Chinese.
    """
    folder = read_city(city_dir)
    if folder.problems:
        raise DeclarationError(folder.problems)
    return folder.city
