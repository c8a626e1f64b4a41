"""The city (a province, the nation): regions, respondents, scopes, targets, and what an installation is made of."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import Field, ValidationError, ValidationInfo, model_validator

from sources.declarations import changes as by_year
from sources.declarations.changes import CHANGES_FILE, Change, Changes
from sources.declarations.check_city import LISTS_OF_ATTRIBUTES, contradictions, strange_names
from sources.declarations.codelist import Code, CodeList, load_codelists
from sources.declarations.deadlines import Calendar
from sources.declarations.misfit import Misfit
from sources.declarations.pack import NEUTRAL_PACK, Pack, find_pack, load_head, shipped_packs
from sources.declarations.problem import DeclarationError, Problem, meant, shown_path
from sources.declarations.publication import NOTHING_DECLARED, PUBLICATION_FILE, PublicationTerms
from sources.declarations.strict_yaml import (
    Called,
    Declaration,
    Document,
    Name,
    RegionCode,
    RespondentCode,
    Said,
    read_document,
)

RegionLevel = Literal["nation", "province", "city", "county"]
"""From the widest to the narrowest."""


ExemptAs = Literal["arts_school", "remote_district"]
"""Why standards of the nation do not hold for a school, where only its bureau can tell."""
WHOLE = ("全国", "全省", "全区", "全市", "全州", "全盟", "全县", "全旗")
"""All of a region, as its own bureau says it."""


class Region(Declaration):
    """An administrative region and the one it lies in, its `parent`; a level in between may be left out."""

    code: RegionCode = Field(description="行政区划代码（GB/T 2260）", examples=["341000"])
    name: Called = Field(description="全称", examples=["黄山市"])
    level: RegionLevel = Field(
        description="级别：`nation` 全国，`province` 省级，`city` 市级，`county` 县级", examples=["city"]
    )
    parent: str | None = Field(
        None,
        description="上级地区的代码，必须也在这里列出，级别更高；中间一级可以不写。"
        "只有本库自己的地区（city.yml 的 code）没有上级，也必须没有",
        examples=["340000"],
    )

    def is_wider_than(self, other: "Region") -> bool:
        levels = get_args(RegionLevel)
        return levels.index(self.level) < levels.index(other.level)


class Respondent(Declaration):
    """Somebody who sends a workbook: a school, or the bureau of a region."""

    code: RespondentCode = Field(
        description="标识码：学校用教育部的学校标识码，没有的自己编一个；教育局用地区代码。定了就不要再改",
        examples=["3634000001"],
    )
    name: Called = Field(description="全称；同一年度不能有两个单位同名", examples=["黄山市第一职业学校"])
    kind: Literal["school", "bureau"] = Field(
        description="`school` 学校，`bureau` 教育局（填名册和统计口径；一个地区同时只能有一个，全库至少一个）",
        examples=["school"],
    )
    region: str | None = Field(
        None,
        description="学校所在的地区，或教育局管的地区：regions.yml 里的代码。不写就是本库自己的地区",
        examples=["341004"],
    )
    note: str = Field("", description="备注，只给人看", examples=["2018年停止招生"])
    since: int | None = Field(None, description="从哪个报告年度起报送（含）；不写就是一直", examples=[2026])
    until: int | None = Field(None, description="报送到哪个报告年度为止（含）；不写就是一直", examples=[2030])
    category: str | None = Field(
        None, description="学校类别（代码表 school_category），与名册核对；不写就不核对", examples=["vocational_high"]
    )
    ownership: str | None = Field(
        None, description="学校性质（代码表 ownership），与名册核对；不写就不核对", examples=["public"]
    )
    affiliation: str | None = Field(
        None, description="学校隶属层级（代码表 affiliation），与名册核对；不写就不核对", examples=["municipal"]
    )
    founded: int | None = Field(
        None,
        description="哪一年设立；新设的学校写上：有的办学标准只管新设的学校，有的不管",
        examples=[2023],
        ge=1800,
        le=2100,
    )
    exempt: ExemptAs | None = Field(
        None,
        description="学校不在办学条件达标工程范围内的原因：`arts_school` 艺术类学校，`remote_district` 边远地区的学校，"
        "都按省级标准另行判断。附设中职班和新设的学校不用写，按学校类别和 `founded` 判断。不写就是在范围内",
        examples=["arts_school"],
    )


class Scope(Declaration):
    """A statistical scope (口径): the schools of the roster but for those with an excluded attribute."""

    code: Name = Field(description="代号，以后不要改", examples=["without_technician"])
    label: Said = Field(description="报告里印出的名称，不能重复", examples=["不含技工学校"])
    description: str = Field(description="说明：算哪些学校", examples=["全部学校，不含由人社部门管理的技工学校"])
    exclude: dict[Literal["category", "affiliation", "ownership", "school_code"], tuple[str, ...]] = Field(
        default={},
        description="不算哪些学校，按名册里的一列：`category` 学校类别、`affiliation` 隶属关系、`ownership` 办学性质"
        "（值是[代码表](../sheets.md#代码表)里的代码），或 `school_code` 学校标识码。不写就是全部学校",
        examples=[{"category": ["technician"]}],
    )
    also: tuple[str, ...] = Field(
        default=(),
        description="下级教育局在自己的工作簿里怎样叫这个口径，名称不同时写上；“全市”“全省”等只差一级的不用写",
        examples=[["不含技工院校"]],
    )

    @property
    def exclusions(self) -> frozenset[tuple[str, str]]:
        """(attribute, value) of everything that is left out, as declared: two scopes with the same hold the same."""
        return frozenset((attribute, value) for attribute, values in self.exclude.items() for value in values)

    @property
    def names(self) -> tuple[str, ...]:
        """What else it may be called: 全市 in a city's own workbook is 全省 where the province reads it."""
        said = (self.label, *self.also)
        whole = [(name, word) for name in said for word in WHOLE if name.startswith(word)]
        return (*self.also, *(f"{other}{name.removeprefix(word)}" for name, word in whole for other in WHOLE))


class DefinitionChoice(Declaration):
    """Which of an indicator's alternative definitions the city uses, from a report year on."""

    indicator: Name = Field(description="[指标](../indicators.md)的代码", examples=["further_study_rate"])
    alternative: Name = Field(description="用哪一个另有的定义（见指标的说明）", examples=["over_placed"])
    since: int | None = Field(None, description="从哪个报告年度起用（含）；不写就是一直", examples=[2026])


class Target(Declaration):
    """What the city has announced to reach: an increase of an indicator by a year."""

    report_year: int = Field(description="哪个报告年度的目标", examples=[2027])
    indicator: Name = Field(description="[指标](../indicators.md)的代码", examples=["teachers_double_qualified"])
    increase_at_least: Decimal = Field(description="比上一年至少增加多少，用指标的单位", examples=[80])
    source: str = Field(description="出处：文件、会议，或上年报告里数字的编号", examples=["2026年工作计划"])


class City(Declaration):
    """Everything that makes an installation of a city, a province or the nation. No such name stands anywhere else.

    Its regions are a tree; the root is the installation's own region, the only one where none are declared. Names,
    labels and districts are those of the first year; whatever speaks of a report year asks `in_year`.
    """

    code: str
    name: str
    regions: tuple[Region, ...]
    respondents: tuple[Respondent, ...]
    scopes: tuple[Scope, ...]
    calendar: Calendar
    definitions: tuple[DefinitionChoice, ...] = ()
    targets: tuple[Target, ...] = ()
    former_codes: tuple[str, ...] = Field(default=(), exclude=True)
    """Codes that the region had before: a home noted under one of them is the city's own."""
    changes: tuple[Annotated[Change, Field(discriminator="kind")], ...] = ()
    """What changes from one year to the next; none in a city as it was in a year."""
    stated_codes: dict[str, str] = Field(default={})
    """Of a city as it was in a year: a respondent's code → the code that it stated then, where that was another."""
    publication: PublicationTerms = Field(default=NOTHING_DECLARED, exclude=True)
    """What its releases say of themselves: no part of what submissions are judged by. A manifest keeps it."""
    pack: Pack = Field(default=NEUTRAL_PACK, exclude=True)
    """The province pack: contracts, code lists, rules and catalogue are asked for with it."""

    @model_validator(mode="before")
    @classmethod
    def _with_own_region(cls, declared: dict[str, Any]) -> dict[str, Any]:
        own = {"code": declared.get("code"), "name": declared.get("name"), "level": "city"}
        return {"regions": [own], **declared}

    @model_validator(mode="after")
    def _is_sound(self, info: ValidationInfo) -> "City":
        if info.context and info.context.get("is_kept"):
            return self  # it was, by what was asked then
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
        """Who sends a workbook for the report year, by the names and in the regions of that year."""
        return tuple(r for r in self.in_year(report_year).respondents if r.is_valid_in(report_year))

    def in_year(self, report_year: int) -> "City":
        """The city as it was called in a report year: names, labels and districts of then.

        All respondents are in it, with the years in which they begin and end. A city of a year has no other years: of
        it, every year gives itself.
        """
        if not self.changes:
            return self
        if report_year not in self._in_years:
            holding = by_year.until(self.changes, report_year)
            respondents = by_year.respondents_of(by_year.with_lives(self.respondents, self.changes), holding)
            regions = by_year.regions_of(self.regions, holding)
            words = {
                "name": next((each.name for each in regions if each.code == self.code), self.name),
                "regions": regions,
                "respondents": respondents,
                "scopes": by_year.scopes_of(self.scopes, holding),
                "changes": (),
                "stated_codes": by_year.stated_codes(holding),
            }
            self._in_years[report_year] = City.model_construct(**{**dict(self), **words})
        return self._in_years[report_year]

    @cached_property
    def _in_years(self) -> dict[int, "City"]:
        """The cities of the years that were asked for."""
        return {}

    def changes_told(self, report_year: int) -> tuple[tuple[Change, str], ...]:
        """What changed in a report year with its words: the lines of changes.yml, then what respondents.yml implies.

        Of the first year in the calendar only changes.yml speaks: nobody can have begun or ended before.
        """
        of_year = [each for each in self.changes if each.since == report_year]
        told = [(each, by_year.in_words(each, self)) for each in of_year]
        if report_year - 1 in self.calendar.years:
            unsaid = by_year.implied(self.respondents, self.changes, report_year)
            told += [(each, by_year.implied_words(each, self)) for each in unsaid]
        return tuple(told)

    def stated_code(self, respondent: Respondent) -> str:
        """The code that a respondent states in the year of this city."""
        return self.stated_codes.get(respondent.code, respondent.code)

    def respondent_stated(self, code: str) -> Respondent | None:
        """The respondent that states a code in the year of this city."""
        return self._by_stated_code.get(code)

    def leaves_out(self, scope: Scope) -> dict[str, tuple[str, ...]]:
        """Attribute → its values that a scope leaves out; a value means all of its kinds (code lists, `parent`)."""
        lists = load_codelists(self.pack)

        def kinds(attribute: str, value: str) -> tuple[str, ...]:
            codelist = LISTS_OF_ATTRIBUTES.get(attribute)
            return lists[codelist].kinds_of(value) if codelist else (value,)

        return {
            attribute: tuple(dict.fromkeys(kind for value in values for kind in kinds(attribute, value)))
            for attribute, values in scope.exclude.items()
        }

    @cached_property
    def _by_stated_code(self) -> dict[str, Respondent]:
        return {self.stated_code(each): each for each in self.respondents}


def codelists_of(city: City, report_year: int | None = None, region: str | None = None) -> dict[str, CodeList]:
    """The common code lists and the city's two: its schools (those of a region) and its scopes, as of a year."""
    respondents = city.respondents if report_year is None else city.respondents_in(report_year)
    city = city if report_year is None else city.in_year(report_year)
    regions = city.regions_in(region or city.code)
    schools = tuple(
        Code(code=r.code, label=city.stated_code(r), note=r.name)
        for r in respondents
        if r.kind == "school" and city.region_of(r) in regions
    )
    scopes = tuple(Code(code=s.code, label=s.label, also=s.names) for s in city.scopes)
    return load_codelists(city.pack) | {
        "schools": CodeList(name="schools", title="学校", source="respondents.yml", codes=schools),
        "scopes": CodeList(name="scopes", title="统计口径", source="scopes.yml", codes=scopes),
    }


class _Place(Declaration):
    """city.yml."""

    code: RegionCode = Field(description="行政区划代码（GB/T 2260），六位", examples=["341000"])
    name: Called = Field(description="全称；报告、表格和提醒里都用它", examples=["黄山市"])
    former_codes: tuple[RegionCode, ...] = Field(
        (),
        description="这个城市以前的行政区划代码。代码变了以后写上旧的，它的数据文件夹照样能用（见 city.txt）",
        examples=[["342700"]],
    )
    pack: str = Field(
        "",
        description="省级资料包：随程序提供的省份代码（sources/regions 下的文件夹），或本文件夹里放资料包的文件夹名；"
        "不写就用通用的说法",
        examples=["450000"],
    )


class _Regions(Declaration):
    regions: tuple[Region, ...] = Field(description="本库自己的地区和它下面的全部地区，每个一项")


class _Respondents(Declaration):
    respondents: tuple[Respondent, ...] = Field(description="填报单位，每个一项")


class _Scopes(Declaration):
    scopes: tuple[Scope, ...] = Field(min_length=1, description="统计口径，每个一项；第一个是全部学校")


class _Definitions(Declaration):
    definitions: tuple[DefinitionChoice, ...] = Field(description="每个换了定义的指标一项")


class _Targets(Declaration):
    targets: tuple[Target, ...] = Field(description="每个目标一项")


CITY_FILE = "city.yml"
FILES: dict[str, type[Declaration]] = {
    CITY_FILE: _Place,
    "respondents.yml": _Respondents,
    "scopes.yml": _Scopes,
    "calendar.yml": Calendar,
    "regions.yml": _Regions,
    "definitions.yml": _Definitions,
    "targets.yml": _Targets,
    CHANGES_FILE: Changes,
    PUBLICATION_FILE: PublicationTerms,
}
"""The files that make a city, each with its model; the last five may be left out."""
OPTIONAL = ("regions.yml", "definitions.yml", "targets.yml", CHANGES_FILE, PUBLICATION_FILE)
AS_ONE: dict[type[Declaration], str] = {Calendar: "calendar", PublicationTerms: "publication"}
"""Files that are one field of a city, and which; of the others each key is one."""
OTHER_NAMES = ("alerts.yml", "contacts.yml", "mail.yml", "undecided.yml", "published", "samples", "narrative")
"""What else may lie in a city's folder; each has a reader of its own."""

FOLDERS = ("published", "samples", "narrative")


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
            place = tuple(rest) if field in AS_ONE.values() else (field, *rest)
            yield from document.problems_of([replace(misfit, place=place)])


def read_city(city_dir: Path) -> CityFolder:
    """A city's folder with all that is wrong in its files and among them; raises nothing but what the disk raises."""
    if not city_dir.is_dir():
        nowhere = Problem(shown_path(city_dir), None, "", "没有这个文件夹")
        return CityFolder(city_dir, _draft({}, {"code", "regions"}), {}, {}, (nowhere,))
    strange = strange_files(city_dir)
    problems = [Problem(shown_path(city_dir / name), None, "", told) for name, (told, _) in strange.items()]
    parts: dict[str, Any] = {}
    documents: dict[str, Document] = {}
    kept: dict[str, Sequence[int]] = {}
    unsure = set()
    for name, model in FILES.items():
        if name in OPTIONAL and not (city_dir / name).exists():
            continue
        fields = [AS_ONE[model]] if model in AS_ONE else list(model.model_fields)
        try:
            document = read_document(city_dir / name, "zh")
        except DeclarationError as error:
            is_called_otherwise = name in {near for _, near in strange.values()} and not (city_dir / name).exists()
            problems += () if is_called_otherwise else error.problems
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
            parts |= {AS_ONE[model]: read} if model in AS_ONE else dict(read)
        if model is _Place:
            parts["pack"], wrong = _pack(document, city_dir)
            problems += wrong
    folder = CityFolder(city_dir, _draft(parts, unsure), documents, kept, ())
    return replace(folder, problems=(*problems, *folder.located(contradictions(folder.city, unsure))))


def _pack(document: Document, city_dir: Path) -> tuple[Pack, Sequence[Problem]]:
    """The pack that city.yml names, with what is wrong about it; the neutral core when it cannot be used.

    It is found in a file with other mistakes as well, so that nothing is told of what only the pack knows.
    """
    code = document.data.get("pack") or ""
    if not isinstance(code, str):
        return NEUTRAL_PACK, ()  # told already: it must be text
    pack = find_pack(code, city_dir) if code else NEUTRAL_PACK
    if pack is None:
        told = f"没有资料包“{code}”{meant(code, [each.code for each in shipped_packs()])}"
        return NEUTRAL_PACK, document.problems_of([Misfit(("pack",), told)])
    try:
        load_head(pack)
        load_codelists(pack)
    except DeclarationError as error:
        return NEUTRAL_PACK, error.problems
    return pack, ()


def _draft(parts: dict[str, Any], unsure: Collection[str]) -> City:
    """The city of what could be read. Its parts are checked one by one, so it is not validated again as a whole."""
    place = {key: parts.get(key, "") for key in ("code", "name")}
    own = {} if "regions" in unsure else {"regions": (Region.model_construct(**place, level="city"),)}
    blank = {"regions": (), "respondents": (), "scopes": (), "calendar": None, "pack": NEUTRAL_PACK}
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


def strange_files(city_dir: Path) -> dict[str, tuple[str, str | None]]:
    """File of an unknown name → what to say of it, and the name that is probably meant."""
    names = sorted(path.name for path in city_dir.iterdir())
    found = {name: (told, near) for name, told, near in strange_names(names, (*FILES, *OTHER_NAMES))}
    for name in FOLDERS:
        if (city_dir / name).exists() and not (city_dir / name).is_dir():
            found[name] = ("应当是文件夹", None)
    return found


@lru_cache
def load_city(city_dir: Path) -> City:
    """The city declared in a folder: city.yml, respondents.yml, scopes.yml, calendar.yml.

    Optional: regions.yml (of a province or the nation: the regions in it), definitions.yml (where the city departs
    from the catalogue's standard definitions), targets.yml, changes.yml (what changes from one year to the next),
    publication.yml (what its releases say of themselves).

    Raises DeclarationError with everything that is wrong, in Chinese.
    """
    folder = read_city(city_dir)
    if folder.problems:
        raise DeclarationError(folder.problems)
    return folder.city
