"""Makes up respondents and what they report, for installations of any size: a city, a province, a nation.

Everything derives from the schools of the sample city, scaled and varied, and from nothing else but the number of
schools: the same call gives the same schools, values, faults and resubmissions. A school without a planted fault has
no finding that asks for anything; `Planted` says which findings the faults must give.
"""

import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from decimal import ROUND_DOWN, Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from sources.declarations.city import Respondent, load_city
from sources.declarations.codelist import load_codelists
from sources.declarations.contract import load_contracts
from sources.declarations.pack import Pack
from sources.sample.pour import SampleSubmission, load_samples
from sources.submission.file_names import workbook_file_name
from sources.system.settings import CITIES_ROOT
from sources.write.sheet_values import Record, SheetValues

SAMPLE_CITY, SAMPLE_YEAR, SAMPLE_BUREAU = CITIES_ROOT / "450700", 2023, "450700"
WITHOUT_STUDENTS = ("3645900004", "3645900006")
SCHOOLS_A_CITY, CITIES_A_PROVINCE, COUNTIES_A_CITY = 30, 10, 4
LARGEST_CITY, LARGEST_PROVINCE = 40, 400
REVISED = "（修订）"
"""What a school adds to the name of the file that it sends again."""
SHARES = {"error": 0.03, "warning": 0.02, "resubmission": 0.02}
"""Of the schools of a year: workbooks with an error, with a warning, and those that came twice."""
COUNTED_AS_THEY_ARE = frozenset(
    ("cover", "profile", "contest_awards", "contest_entries", "textbooks", "major_clusters", "partners")
)
"""Sheets whose numbers do not grow with the school."""
NOT_SIZES = frozenset(("score", "monthly_income", "internet_bandwidth", "backbone_bandwidth"))
VARIATION = {
    "conditions": (0.9, 1.1),
    "satisfaction": (0.9, 1.0),
    "outcomes": (1.0, 1.1),
    "staff": (1.0, 1.1),
    "student_development": (0.9, 1.0),
}
"""How far a sheet's numbers may depart from the school's size, so that no number exceeds one that bounds it."""


@dataclass(frozen=True)
class MadeUpRegion:
    code: str
    name: str
    level: str
    parent: str | None


@dataclass(frozen=True)
class MadeUpSchool:
    respondent: Respondent
    county: str
    bureau: str
    base: str
    """The sample city's school whose values it varies."""


@dataclass(frozen=True)
class Population:
    regions: tuple[MadeUpRegion, ...]
    bureaus: tuple[Respondent, ...]
    schools: tuple[MadeUpSchool, ...]

    @property
    def root(self) -> MadeUpRegion:
        return self.regions[0]


@dataclass(frozen=True)
class Planted:
    """A finding that must come out, as in `quality.finding`."""

    file_name: str
    sheet: str
    column: str | None
    rule_id: str
    severity: str


@dataclass(frozen=True)
class MadeUpVersion:
    """One workbook to be poured."""

    file_name: str
    respondent: Respondent
    report_year: int
    values: SampleSubmission
    last_year: SampleSubmission | None
    saved_at: datetime | None = None
    """None means the time that the template has. A later version has a later time."""
    is_cut_off: bool = False
    planted: tuple[Planted, ...] = ()
    is_superseded: bool = False
    token: str | None = None
    """Of the template that it was filled in on; None where its year's templates carry none."""


@lru_cache
def sample_pack() -> Pack:
    """Made-up schools report what the sample city's do, so they fill in its province's sheets."""
    return load_city(SAMPLE_CITY).pack


@lru_cache
def sample() -> dict[str, SampleSubmission]:
    return load_samples(SAMPLE_CITY, SAMPLE_YEAR)


def population(schools: int) -> Population:
    """Regions, bureaus and schools: one city up to 40 schools, one province up to 400, else a nation."""
    cities = 1 if schools <= LARGEST_CITY else -(-schools // SCHOOLS_A_CITY)
    regions: list[MadeUpRegion] = []
    if schools > LARGEST_PROVINCE:
        regions.append(MadeUpRegion("000000", "样例国", "nation", None))
    if schools > LARGEST_CITY:
        for number in range(-(-cities // CITIES_A_PROVINCE)) if schools > LARGEST_PROVINCE else (0,):
            regions.append(
                _below(regions, MadeUpRegion(f"{11 + number}0000", f"样例{number + 1}省", "province", "000000"))
            )
    bureaus, members = [], []
    bases = sorted(code for code in sample() if code not in (SAMPLE_BUREAU, *WITHOUT_STUDENTS))
    for number in range(cities):
        at, within = (0, number) if schools <= LARGEST_PROVINCE else divmod(number, CITIES_A_PROVINCE)
        province = f"{11 + at}0000"
        city = _below(regions, MadeUpRegion(f"{11 + at}{within + 1:02}00", f"样例{number + 1}市", "city", province))
        counties = [
            MadeUpRegion(f"{city.code[:4]}{county + 1:02}", f"{city.name}{county + 1}县", "county", city.code)
            for county in range(COUNTIES_A_CITY)
        ]
        regions += [city, *counties]
        bureaus.append(_respondent(city.code, f"{city.name}教育局", "bureau", city.code))
        for index in range(number * schools // cities, (number + 1) * schools // cities):
            county = counties[index % COUNTIES_A_CITY].code
            respondent = _respondent(f"99{index + 1:08}", f"{city.name}第{index + 1}职业学校", "school", county)
            members.append(MadeUpSchool(respondent, county, city.code, bases[index % len(bases)]))
    return Population(tuple(regions), tuple(bureaus), tuple(members))


def _below(regions: Sequence[MadeUpRegion], region: MadeUpRegion) -> MadeUpRegion:
    return region if regions else replace(region, parent=None)


def _respondent(code: str, name: str, kind: str, region: str) -> Respondent:
    return Respondent(code=code, name=name, kind=kind, region=region)


def write_configuration(everybody: Population, years: Sequence[int], folder: Path) -> None:
    """The installation as configuration: what a city, a province or a nation is to nianbao."""
    folder.mkdir(parents=True, exist_ok=True)
    respondents = [*everybody.bureaus, *(school.respondent for school in everybody.schools)]
    contents: dict[str, Mapping[str, Any]] = {
        "city": {"code": everybody.root.code, "name": everybody.root.name, "pack": sample_pack().code},
        "regions": {"regions": [asdict(region) for region in everybody.regions]},
        "respondents": {"respondents": [r.model_dump(exclude_defaults=True) for r in respondents]},
        "calendar": {
            **{"timezone": "Asia/Shanghai", "nightly": "30 2 * * *", "yearly": "0 6 8 10 *"},
            "years": {year: _report_year(year) for year in years},
        },
    }
    for name, content in contents.items():
        text = yaml.dump(content, allow_unicode=True, sort_keys=False, Dumper=yaml.CSafeDumper)
        (folder / f"{name}.yml").write_text(text, encoding="utf-8")
    (folder / "scopes.yml").write_bytes((SAMPLE_CITY / "scopes.yml").read_bytes())


def _report_year(year: int) -> dict[str, str]:
    from_, to, opens, due = f"{year - 1}-09-01", f"{year}-08-31", f"{year}-10-08", f"{year}-11-30"
    days = {"as_of": f"{year}-09-01", "school_year_from": from_, "school_year_to": to, "opens": opens, "due": due}
    return days | {"freezes": "2099-12-31"}


def versions_of(everybody: Population, bureau: Respondent, years: Sequence[int]) -> list[MadeUpVersion]:
    """All workbooks that a bureau and its schools send for the years, the bureau's own last."""
    schools = [school for school in everybody.schools if school.bureau == bureau.code]
    versions: list[MadeUpVersion] = []
    for year in years:
        fates = fates_of(everybody, year)
        before = {school.respondent.code: reported(school, year - 1) for school in schools} if year != years[0] else {}
        values: dict[str, SampleSubmission] = {}
        standing: list[SampleSubmission] = []
        for school in schools:
            values[school.respondent.code] = own = reported(school, year)
            last = before.get(school.respondent.code)
            sent = _sent(school, year, own, last, fates.get(school.respondent.code))
            versions += sent
            counts = sent[-1]
            if not any(planted.severity == "error" for planted in counts.planted):
                standing.append(counts.values)
        own = bureau_values(schools, values, standing, year)
        versions.append(MadeUpVersion(workbook_file_name(bureau, year), bureau, year, own, None))
    return versions


@lru_cache
def fates_of(everybody: Population, year: int) -> dict[str, tuple[str, int]]:
    """What is planted in the year: school → (`error`, `warning` or `resubmission`, a running number)."""
    codes = [school.respondent.code for school in everybody.schools]
    chance = random.Random(f"fates {len(codes)} {year}")  # made-up schools  # nosec B311
    kinds = [kind for kind, share in SHARES.items() for _ in range(max(1, round(share * len(codes))))]
    chosen = chance.sample(codes, len(kinds))
    numbers = Counter[str]()
    fates = {}
    for code, kind in zip(chosen, kinds, strict=True):
        fates[code] = kind, numbers[kind]
        numbers[kind] += 1
    return fates


def _sent(
    school: MadeUpSchool,
    year: int,
    values: SampleSubmission,
    last_year: SampleSubmission | None,
    fate: tuple[str, int] | None,
) -> list[MadeUpVersion]:
    """The version or versions that a school sends."""
    name = workbook_file_name(school.respondent, year)
    version = MadeUpVersion(name, school.respondent, year, values, last_year)
    kind, number = fate or ("", 0)
    if kind == "resubmission":
        first = with_item(values, "staff", "teachers_full_time", lambda teachers: teachers + 1)
        if first is None:
            raise LookupError(f"school {school.respondent.code} reports no teachers")
        later = name.replace(".xlsx", f"{REVISED}.xlsx")
        saved_at = datetime(year, 11, 1, 12)
        return [
            replace(version, values=first, is_superseded=True),
            replace(version, file_name=later, saved_at=saved_at),
        ]
    if kind == "error" and number % (len(FAULTS["error"]) + 1) == len(FAULTS["error"]):
        cut_off = Planted(name, "", None, "file.damaged", "error")
        return [replace(version, is_cut_off=True, planted=(cut_off,))]
    if kind in FAULTS:
        faults = FAULTS[kind]
        for offset in range(len(faults)):
            rule_id, sheet, column, plant = faults[(number + offset) % len(faults)]
            faulty = plant(values)
            if faulty is not None:
                title = next(contract.title for contract in load_contracts(sample_pack()) if contract.name == sheet)
                finding = Planted(name, title, column, rule_id, kind)
                return [replace(version, values=faulty, planted=(finding,))]
        raise LookupError(f"no fault fits school {school.respondent.code}")
    return [version]


def reported(school: MadeUpSchool, year: int) -> SampleSubmission:
    """What a school reports: its base's values, as large as it is itself, growing a little every year."""
    chance = random.Random(f"values {school.respondent.code}")  # made-up schools  # nosec B311
    size = chance.uniform(0.6, 1.6)
    growth = chance.uniform(0.98, 1.03) ** (year - SAMPLE_YEAR)
    values: SampleSubmission = {}
    for contract in load_contracts(sample_pack()):
        content = sample()[school.base].get(contract.name)
        if content is None:
            continue
        variation = chance.uniform(*VARIATION.get(contract.name, (1.0, 1.0)))
        factor = Decimal(1 if contract.name in COUNTED_AS_THEY_ARE else size * growth * variation)
        places = {
            column.name: Decimal(1).scaleb(-(column.decimals or 0)) for column in contract.columns if column.is_number
        }
        records = tuple(
            {name: _scaled(name, value, places.get(name), factor, chance) for name, value in record.items()}
            for record in content.records
        )
        values[contract.name] = SheetValues(content.status, records)
    return mended(_named(values, school))


def _scaled(name: str, value: Any, place: Decimal | None, factor: Decimal, chance: random.Random) -> Any:
    if place is None or value is None:
        return value
    if name == "score":
        return min(Decimal(100), (value + Decimal(chance.uniform(-3, 3))).quantize(place))
    if name == "monthly_income":
        return (value * Decimal(chance.uniform(0.9, 1.1))).quantize(place)
    if name in NOT_SIZES:
        return value
    # rounding down keeps what must not exceed another number, be it a sum, from doing so
    cut = (value * factor).quantize(place, rounding=ROUND_DOWN)
    return int(cut) if isinstance(value, int) else cut


def _named(values: SampleSubmission, school: MadeUpSchool) -> SampleSubmission:
    """Gives a school its partners: a third are its own, the others are known all over its city."""
    if "partners" not in values:
        return values
    partners = []
    for index, record in enumerate(values["partners"].records):
        known_in = school.bureau if index % 3 else school.respondent.code
        partners.append({**record, "enterprise_name": f"{record['enterprise_name']}（{known_in}）"})
    return values | {"partners": replace(values["partners"], records=tuple(partners))}


def mended(values: SampleSubmission) -> SampleSubmission:
    """Makes sums exact again, because scaling rounds every part down."""
    sheets = dict(values)
    for sheet, total, parts in SUMS:
        _edit(sheets, sheet, total, parts, lambda record, _, parts: sum(count_of(record, part) for part in parts))
    for sheet, rest, (total, *others) in RESTS:
        _edit(sheets, sheet, rest, (total, *others), _rest)
    _edit(sheets, "training", "trained_school", TRAINED, lambda r, last, p: max(count_of(r, last), _rest(r, last, p)))
    if "aid" in sheets:
        sheets["aid"] = replace(sheets["aid"], records=tuple(map(_with_fixed_amount, sheets["aid"].records)))
    return sheets


SUMS = (
    ("outcomes", "further_study", ("further_study_undergraduate", "further_study_college")),
    ("digital", "resource_libraries", tuple(f"resource_libraries_{n}" for n in ("national", "provincial", "school"))),
    ("digital", "virtual_bases", tuple(f"virtual_bases_{n}" for n in ("national", "provincial", "school"))),
)
"""Sheet, total, parts: the total is their sum."""
RESTS = (
    ("outcomes", "employed_tertiary", ("employed", "employed_primary", "employed_secondary")),
    ("students", "students_full_time_female", ("students_full_time", "students_full_time_male")),
)
"""Sheet, rest, (total, others): the rest is what the others leave of the total."""
TRAINED = ("trained_total", *(f"trained_{level}" for level in ("national", "provincial", "municipal", "county")))
"""How many were trained in all and at the levels above the school; the school trained at least the rest."""
AMOUNTS = {"national_scholarship": 6000, "regional_scholarship": 2000}
"""What each recipient gets, in yuan."""


def count_of(record: Record, name: str) -> int:
    """A whole number of a record. Raises TypeError when there is none."""
    value = record[name]
    if not isinstance(value, int):
        raise TypeError(f"{name} is no whole number: {value!r}")
    return value


def _rest(record: Record, _: str, total_and_others: Sequence[str]) -> int:
    total, *others = (count_of(record, name) for name in total_and_others)
    return total - sum(others)


def _with_fixed_amount(aid: Record) -> Record:
    """A line of the aid sheet with what so many recipients get, where each gets the same."""
    each = AMOUNTS.get(str(aid["programme"]))
    if each is None or aid.get("recipients") is None:
        return aid
    return {**aid, "amount": Decimal(each * count_of(aid, "recipients"))}


def _edit(
    sheets: dict[str, SheetValues],
    sheet: str,
    result: str,
    needed: Sequence[str],
    value_of: Callable[[Record, str, Sequence[str]], int],
) -> None:
    """Sets an item of a form from others, if the school reports all of them."""
    content = sheets.get(sheet)
    if content and content.records and all(content.records[0].get(name) is not None for name in (result, *needed)):
        record = content.records[0]
        sheets[sheet] = replace(content, records=({**record, result: value_of(record, result, needed)},))


def bureau_values(
    schools: Sequence[MadeUpSchool],
    values: Mapping[str, SampleSubmission],
    standing: Sequence[SampleSubmission],
    year: int,
) -> SampleSubmission:
    """What a bureau reports: its roster, and totals of what its schools' accepted workbooks (`standing`) say."""
    base = sample()[SAMPLE_BUREAU]
    share = Decimal(len(schools)) / len(base["roster"].records)
    lists = {
        "roster": _roster(schools, base),
        "approvals": [_approval(school.respondent.code, values[school.respondent.code]) for school in schools],
        "award_list": _award_list(values, year),
        "aid_totals": _aid_totals(standing),
        "fund_totals": _fund_totals(standing),
        "honours_list": _honours(schools, base),
    }
    own = {name: SheetValues("filled" if records else "none", tuple(records)) for name, records in lists.items()}
    scaled = {
        sheet: replace(base[sheet], records=tuple(_share_of(record, share) for record in base[sheet].records))
        for sheet in ("senior_high", "household_students")
    }
    return {**base, **scaled, **own}


def _roster(schools: Sequence[MadeUpSchool], base: SampleSubmission) -> list[Record]:
    attributes = {str(record["school_code"]): record for record in base["roster"].records}
    return [
        {
            **attributes[school.base],
            "school_code": school.respondent.code,
            "school_name": school.respondent.name,
            "sequence": position,
        }
        for position, school in enumerate(schools, 1)
    ]


def _approval(code: str, values: SampleSubmission) -> Record:
    return {
        "school_code": code,
        "planned_intake": values["students"].records[0].get("intake_full_time"),
        "approved_quota": values["staff"].records[0].get("staff_quota"),
    }


def _award_list(values: Mapping[str, SampleSubmission], year: int) -> list[Record]:
    """How many awards of each level and prize each school has won."""
    prizes = load_codelists(sample_pack())["prizes"].label_of
    awards = Counter(
        (str(award["level"]), str(award["prize"]), code)
        for code, of_school in values.items()
        for award in _records(of_school, "contest_awards")
        if award["prize"] in prizes
    )
    return [
        {"contest_year": year, "award_level": level, "prize": prize, "school_code": code, "awards": number}
        for (level, prize, code), number in sorted(awards.items())
    ]


def _aid_totals(standing: Sequence[SampleSubmission]) -> list[Record]:
    given = [record for each in standing for record in _records(each, "aid")]
    totals: list[Record] = []
    for programme in load_codelists(sample_pack())["aid_programmes"].label_of:
        of_it = [record for record in given if record["programme"] == programme]
        totals.append(
            {
                "programme": programme,
                "total_recipients": sum(count_of(r, "recipients") for r in of_it if r.get("recipients") is not None),
                "total_amount": _total(of_it, "amount"),
            }
        )
    return totals


def _fund_totals(standing: Sequence[SampleSubmission]) -> list[Record]:
    given = [r for each in standing for r in _records(each, "funds") if r.get("special_funds") is not None]
    return [{"special_funds_total": _total(given, "special_funds") if given else None}]


def _total(records: Sequence[Record], name: str) -> Decimal:
    """The sum of an amount; where it is not reported it counts nothing."""
    amounts = (record.get(name) for record in records)
    return sum((Decimal(amount) for amount in amounts if isinstance(amount, int | Decimal)), Decimal(0))


def _honours(schools: Sequence[MadeUpSchool], base: SampleSubmission) -> list[Record]:
    """A made-up school has the honours of the school that it varies."""
    given = [(str(record["school_code"]), record["honour"]) for record in base["honours_list"].records]
    return [
        {"school_code": school.respondent.code, "honour": honour}
        for school in schools
        for of, honour in given
        if of == school.base
    ]


def _share_of(record: Record, share: Decimal) -> Record:
    return {name: int(value * share) if isinstance(value, int) else value for name, value in record.items()}


def _records(values: SampleSubmission, sheet: str) -> Sequence[Record]:
    return values[sheet].records if sheet in values else ()


def with_item(
    values: SampleSubmission,
    sheet: str,
    column: str,
    change: Callable[[Any], Any],
    row: Callable[[Record], bool] | None = None,
) -> SampleSubmission | None:
    """The values with one item changed, in the first record that fits; None when there is none that has the item."""
    content = values.get(sheet, SheetValues())
    for index, record in enumerate(content.records):
        if record.get(column) is not None and (row is None or row(record)):
            records = [*content.records]
            records[index] = {**record, column: change(record[column])}
            return values | {sheet: replace(content, records=tuple(records))}
    return None


Plant = Callable[[SampleSubmission], SampleSubmission | None]


def _item(sheet: str, column: str, change: Callable[[Any], Any], row: Callable[[Record], bool] | None = None) -> Plant:
    return lambda values: with_item(values, sheet, column, change, row)


FAULTS: dict[str, list[tuple[str, str, str, Plant]]] = {
    "error": [
        (
            "outcomes.further_study_adds_up",
            "outcomes",
            "further_study",
            _item(
                "outcomes",
                "further_study_college",
                lambda n: n - 1,
                lambda r: r.get("further_study_undergraduate") is not None,
            ),
        ),
        (
            "value.not_integer",
            "students",
            "intake_full_time",
            _item("students", "intake_full_time", lambda n: f"约{n}"),
        ),
        ("value.too_small", "conditions", "paper_books", _item("conditions", "paper_books", lambda n: -n - 1)),
        (
            "value.not_in_codelist",
            "profile",
            "enrolment_status",
            _item("profile", "enrolment_status", lambda _: "也许"),
        ),
        (
            "aid.national_scholarship_is_6000",
            "aid",
            "amount",
            _item("aid", "amount", lambda n: n + 100, lambda r: r["programme"] == "national_scholarship"),
        ),
    ],
    "warning": [
        (
            "outcomes.industries_add_up",
            "outcomes",
            "employed",
            _item("outcomes", "employed_tertiary", lambda n: n - 1, lambda r: count_of(r, "employed_tertiary") > 0),
        ),
        ("value.blank_warning", "conditions", "campus_area", _item("conditions", "campus_area", lambda _: None)),
        (
            "satisfaction.score_is_percentage",
            "satisfaction",
            "score",
            _item("satisfaction", "score", lambda _: Decimal("0.77")),
        ),
    ],
}
"""Each gives one finding and no other: rule, sheet and column of the finding, and how it is planted."""
