"""The declarations of what comes in, as typed objects, and how they are read from YAML.

Everything about a sheet (template, pandera schema, raw table, dbt source, reference page) derives from
one `Contract`; everything about a city (a province, the nation) from one `City`. Unknown keys are refused, so
that a misspelt key cannot vanish.
"""

import hashlib
import json
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal
from functools import cached_property, lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import yaml
from pydantic import BaseModel, ConfigDict, Field, model_validator

from sources.settings import PROJECT_ROOT

SOURCES_ROOT = PROJECT_ROOT / "sources"

Severity = Literal["error", "warning", "info"]
TimeBasis = Literal["as_of", "school_year", "calendar_year", "cumulative"]
"""统计时点, 学年, 自然年, 累计."""
Shape = Literal["form", "records"]
RegionLevel = Literal["nation", "province", "city", "county"]
"""From the widest to the narrowest."""
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]


class Declaration(BaseModel):
    """Base of everything read from YAML: immutable, and no unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    def is_valid_in(self, report_year: int) -> bool:
        """Whether `since` and `until` (both inclusive, both optional) admit the report year."""
        since = getattr(self, "since", None)
        until = getattr(self, "until", None)
        return (since is None or since <= report_year) and (until is None or report_year <= until)


class Column(Declaration):
    """One column of a sheet: for a `form`, one item (row) of the form."""

    name: Name
    label: str
    type: Literal["integer", "decimal", "text", "code", "date"]
    unit: str | None = None
    decimals: int | None = None
    codelist: str | None = None
    ge: Decimal | None = None
    le: Decimal | None = None
    pattern: str | None = None
    max_length: int = 200
    blank: Literal["error", "warning", "missing"] = "error"
    """What an empty cell means: an error, a warning, or simply 'not reported' (never zero)."""
    hint: str
    """What the person who fills in the cell reads (Chinese)."""
    aliases: tuple[str, ...] = ()
    """Other headings under which the column has been seen; matched like the label."""
    prefilled: bool = False
    """Written and locked by the template (keys of fixed rows, the cover's identity)."""
    time_basis: TimeBasis | None = None
    """Where it differs from the sheet's."""
    since: int | None = None
    until: int | None = None

    @model_validator(mode="after")
    def _consistent(self) -> "Column":
        if (self.type == "code") != (self.codelist is not None):
            raise ValueError(f"column {self.name}: `codelist` goes with type `code`, and only with it")
        if (self.type == "decimal") != (self.decimals is not None):
            raise ValueError(f"column {self.name}: `decimals` goes with type `decimal`, and only with it")
        return self

    @property
    def heading(self) -> str:
        """The label with its unit, as the template prints it."""
        return f"{self.label}（{self.unit}）" if self.unit else self.label

    @property
    def is_number(self) -> bool:
        return self.type in ("integer", "decimal")

    @property
    def headings(self) -> frozenset[str]:
        """Every normalised heading that means this column."""
        return frozenset(normalise_label(text) for text in (self.label, self.heading, *self.aliases))


class Fixtures(Declaration):
    """Rows for which a rule holds, fails, and cannot be verified; every rule must give all three."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    passing: dict[str, Any] = Field(alias="pass")
    failing: dict[str, Any] = Field(alias="fail")
    not_applicable: dict[str, Any]


class RowRule(Declaration):
    """A condition that each row (each form) of one sheet must fulfil.

    `expr` is a SQL boolean over the sheet's columns. True holds, false is a finding, NULL (an input is
    missing) is 'not verifiable', which is neither.
    """

    id: Name
    expr: str
    columns: tuple[Name, ...]
    """The cells to look at first; the first one carries the finding."""
    severity: Severity
    message: str
    """Chinese; `{column}` is replaced by the row's value."""
    fix: str
    fixtures: Fixtures


class CrossRule(Declaration):
    """A condition across sheets, years or respondents.

    `sql` (over one frame a sheet, named like its contract; last year's as `<sheet>_last_year`) gives one row for
    each thing judged: submission_id, record, `holds` (true, false or NULL for not verifiable), and whatever
    the message shows. `level` says on what it looks: one `submission`, where an error rejects it, or everything
    that currently stands in a `city`, last year included, where a finding can only be a warning.
    """

    id: Annotated[str, Field(pattern=r"^(cross|history|city)\.[a-z_]+$")]
    level: Literal["submission", "city"]
    severity: Severity
    sheet: Name
    column: Name
    """The cell that carries the finding."""
    sql: str
    message: str
    fix: str
    fixtures: Fixtures
    """Frame name → rows; a column that a row does not name is NULL."""

    @model_validator(mode="after")
    def _consistent(self) -> "CrossRule":
        if self.level == "city" and self.severity == "error":
            raise ValueError(f"rule {self.id}: at level `city` nothing can be rejected any more")
        return self


class Suppression(Declaration):
    """Rows that rest on fewer people than `minimum` (column `by`) are published nowhere: `columns` are taken out."""

    by: Name
    minimum: int
    columns: tuple[Name, ...]


class Contract(Declaration):
    """One sheet of a workbook."""

    name: Name
    title: str
    """The sheet's name in the workbook."""
    order: int
    shape: Shape
    """`form`: known items below each other, one record a workbook. `records`: a table, one record a row."""
    time_basis: TimeBasis
    description: str
    needed_by: tuple[str, ...]
    """The figures, tables or standards for which the sheet exists."""
    instructions: str
    """Printed at the head of the sheet (Chinese)."""
    key: tuple[Name, ...] = ()
    rows: str | None = None
    """Code list whose entries are the fixed rows of a `records` sheet."""
    max_rows: int = 200
    suppress: Suppression | None = None
    columns: tuple[Column, ...]
    rules: tuple[RowRule, ...] = ()
    since: int | None = None
    until: int | None = None

    @model_validator(mode="after")
    def _consistent(self) -> "Contract":
        names = [column.name for column in self.columns]
        repeated = {name for name in names if names.count(name) > 1}
        if repeated:
            raise ValueError(f"contract {self.name}: repeated columns {sorted(repeated)}")
        suppressed = {self.suppress.by, *self.suppress.columns} if self.suppress else set()
        used = {*self.key, *suppressed, *(name for rule in self.rules for name in rule.columns)}
        if not used <= set(names):
            raise ValueError(f"contract {self.name}: unknown columns {sorted(used - set(names))}")
        if (self.shape == "records") != bool(self.key):
            raise ValueError(f"contract {self.name}: `key` goes with shape `records`, and only with it")
        return self

    def column(self, name: str) -> Column:
        return next(column for column in self.columns if column.name == name)

    def columns_in(self, report_year: int) -> tuple[Column, ...]:
        return tuple(column for column in self.columns if column.is_valid_in(report_year))

    def rules_in(self, report_year: int) -> tuple[RowRule, ...]:
        """The rules whose columns all exist in the report year."""
        present = {column.name for column in self.columns_in(report_year)}
        return tuple(rule for rule in self.rules if set(rule.columns) <= present)


class Code(Declaration):
    code: str
    label: str
    verified: bool = True
    note: str = ""


class CodeList(Declaration):
    name: Name
    title: str
    source: str
    closed: bool = True
    """Closed: a value outside the list is an error. Open: the list helps and checks names, no more."""
    codes: tuple[Code, ...]

    @cached_property
    def label_of(self) -> dict[str, str]:
        return {entry.code: entry.label for entry in self.codes}

    @cached_property
    def code_of(self) -> dict[str, str]:
        """Code by normalised label, and by the code itself: schools type either."""
        by_label = {normalise_label(entry.label): entry.code for entry in self.codes}
        return {normalise_label(entry.code): entry.code for entry in self.codes} | by_label


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
    exclude: dict[Literal["category", "affiliation", "ownership", "school_code"], tuple[str, ...]] = {}


class ReportYear(Declaration):
    """One year of the calendar: what its figures refer to, and when submissions open, are due, freeze."""

    as_of: date
    school_year_from: date
    school_year_to: date
    opens: date
    due: date
    freezes: date


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


class Calendar(Declaration):
    timezone: str
    nightly: str
    yearly: str
    years: dict[int, ReportYear]


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


class IntakeRule(Declaration):
    """A rule that holds for every sheet: its message is filled in with the sheet, column and value."""

    id: str
    severity: Severity
    message: str
    fix: str


_WHITE_SPACE = re.compile(r"[\s\u200b-\u200f\u202a-\u202e\u2060\ufeff]+")


@lru_cache(maxsize=16_384)
def normalise_label(text: str) -> str:
    """A heading as compared: NFKC (full-width to half-width), no blanks (seen or unseen), no star, no colon."""
    return _WHITE_SPACE.sub("", unicodedata.normalize("NFKC", text)).strip("*:").lower()


def read_yaml(path: Path) -> dict:
    """The mapping in a YAML file.

    Raises ValueError that names the file when it does not hold a mapping.
    """
    loaded = yaml.load(path.read_text(encoding="utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    if not isinstance(loaded, dict):
        raise ValueError(f"{path}: expected a mapping at the top level")
    return loaded


@lru_cache
def load_contracts() -> tuple[Contract, ...]:
    """All contracts, in the order of the sheets in a workbook."""
    paths = sorted((SOURCES_ROOT / "contracts").rglob("*.yml"))
    return tuple(sorted((Contract(**read_yaml(path)) for path in paths), key=lambda c: (c.order, c.name)))


@lru_cache
def contract_respondents() -> dict[str, str]:
    """Contract name → who fills it in: `school`, `bureau` or `common` (the folder the contract lies in)."""
    paths = (SOURCES_ROOT / "contracts").rglob("*.yml")
    return {read_yaml(path)["name"]: path.parent.name for path in paths}


@lru_cache
def contracts_for(kind: str, report_year: int) -> tuple[Contract, ...]:
    """The sheets that a respondent of this kind fills in for the report year, in workbook order."""
    folder = contract_respondents()
    return tuple(c for c in load_contracts() if folder[c.name] in (kind, "common") and c.is_valid_in(report_year))


@lru_cache
def load_codelists() -> dict[str, CodeList]:
    paths = sorted((SOURCES_ROOT / "codelists").glob("*.yml"))
    return {codelist.name: codelist for codelist in (CodeList(**read_yaml(path)) for path in paths)}


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
def load_intake_rules() -> dict[str, IntakeRule]:
    rules = read_yaml(SOURCES_ROOT / "rules" / "intake.yml")["rules"]
    return {rule["id"]: IntakeRule(**rule) for rule in rules}


@lru_cache
def load_cross_rules() -> tuple[CrossRule, ...]:
    paths = sorted((SOURCES_ROOT / "rules").glob("*.yml"))
    return tuple(CrossRule(**rule) for path in paths for rule in read_yaml(path)["rules"] if "sql" in rule)


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


def fingerprint(declarations: Iterable[BaseModel], *texts: str) -> str:
    """Twelve hex digits that change whenever any of the declarations (or texts) does."""
    dumped = [declaration.model_dump(mode="json") for declaration in declarations]
    text = json.dumps([dumped, texts], ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


@lru_cache
def template_version(kind: str, report_year: int) -> str:
    """Version of the workbook that respondents of this kind get for the report year."""
    return f"{report_year}-{fingerprint(contracts_for(kind, report_year))}"
