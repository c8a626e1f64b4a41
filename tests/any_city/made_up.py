"""A made-up city from a seed: its configuration, and what its respondents send in each of its years.

What the sample city never has is what is varied: one school, one year, no technician or no private school, a school
that opens, closes or stays silent, a year without graduates, nobody who answered a survey, values that rise, fall,
stay or are zero. Values are drawn within the bounds that the contracts declare; a sheet that the audit would refuse
is reported as not available, as a clerk would do.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import yaml

from sources.check_workbook import check_workbook
from sources.declarations.city import City, Respondent, load_city
from sources.declarations.codelist import load_codelists
from sources.declarations.contract import Column, Contract, contracts_for
from sources.declarations.pack import NEUTRAL_PACK
from sources.submission.file_names import workbook_file_name
from sources.system.settings import Limits, Settings
from sources.write.sheet_values import SheetValues
from sources.write.template import build_workbook

SCOPES = (
    {"code": "every_school", "label": "全部学校", "description": "名册中的全部学校"},
    {
        "code": "no_technician",
        "label": "不含技工院校",
        "description": "不含技工院校",
        "exclude": {"category": ["technician"]},
    },
    {
        "code": "no_private",
        "label": "公办学校",
        "description": "不含民办学校",
        "exclude": {"ownership": ["private"]},
    },
)
NAMES = ("第一", "第二", "第三", "长江", "春晖", "育才", "新桥", "明德")
Value = int | Decimal | str
Values = Mapping[str, SheetValues]


@dataclass(frozen=True)
class School:
    """A school as the bureau's roster has it, with the years in which it exists."""

    code: str
    name: str
    category: str
    ownership: str
    affiliation: str
    years: frozenset[int]
    silent: frozenset[int]
    """Years in which it sends nothing."""


@dataclass(frozen=True)
class MadeUpCity:
    """A city of `seed` in its folder; `years` are its report years, in order."""

    seed: int
    folder: Path
    years: tuple[int, ...]
    schools: tuple[School, ...]
    moods: Mapping[int, str]
    """What is special about a year: '', 'no graduates', 'nobody asked', 'all zero', 'only the bureau'."""

    @property
    def city(self) -> City:
        return load_city(self.folder)


def make_up(seed: int, folder: Path) -> MadeUpCity:
    """Writes the configuration of the city of a seed into a folder."""
    random = Random(seed)
    first = random.randint(2016, 2040)
    years = tuple(range(first, first + random.choice([1, 2, 2, 2, 3])))
    codes = {
        name: [code.code for code in load_codelists(NEUTRAL_PACK)[name].codes]
        for name in ("school_category", "affiliation")
    }
    has_technician, has_private, has_public = (random.random() < 0.6 for _ in range(3))
    categories = codes["school_category"] if has_technician else ["vocational"]
    ownerships = [name for name, is_there in (("private", has_private), ("public", has_public)) if is_there]
    schools = tuple(
        School(
            f"99{seed % 1000:03}{number:05}",
            f"{NAMES[number]}{random.choice(['职业技术学校', '中等专业学校', '技工学校'])}",
            random.choice(categories),
            random.choice(ownerships or ["public"]),
            random.choice(codes["affiliation"]),
            frozenset(years[random.choice([0, 0, 0, 1]) :] if len(years) > 1 else years)
            - frozenset(years[-1:] if random.random() < 0.1 and len(years) > 1 else ()),
            frozenset(year for year in years if random.random() < 0.1),
        )
        for number in range(random.choice([1, 2, 3, 4]))
    )
    moods = {
        year: random.choice([""] * 8 + ["no graduates", "nobody asked", "all zero", "only the bureau"])
        for year in years
    }
    unserved = [year for year in years if not any(year in school.years for school in schools)]
    schools = (replace(schools[0], years=schools[0].years | frozenset(unserved)), *schools[1:])
    made = MadeUpCity(seed, folder, years, schools, moods)
    _write_configuration(made)
    return made


def pour(made: MadeUpCity, settings: Settings) -> list[Path]:
    """Writes what the respondents send, year by year, as workbooks into the inbox."""
    random = Random(made.seed + 1)
    city, paths = made.city, []
    settings.inbox.mkdir(parents=True, exist_ok=True)
    sizes = {school.code: random.choice([1, 30, 900, 5000]) for school in made.schools}
    for year in made.years:
        for respondent in city.respondents_in(year):
            school = next((school for school in made.schools if school.code == respondent.code), None)
            if school and (year in school.silent or made.moods[year] == "only the bureau"):
                continue
            if school:
                values = _school_values(random, year, sizes[school.code], made.moods[year])
            else:
                values = _bureau_values(random, made, year)
            data = _acceptable(city, respondent, year, values)
            path = settings.inbox / workbook_file_name(respondent, year)
            path.write_bytes(data)
            paths.append(path)
    return paths


def _write_configuration(made: MadeUpCity) -> None:
    code = f"99{made.seed % 10_000:04}"
    respondents: list[dict[str, Any]] = [{"code": code, "name": "长江市教育局", "kind": "bureau"}]
    for school in made.schools:
        entry: dict[str, Any] = {"code": school.code, "name": school.name, "kind": "school"}
        if school.years and min(school.years) > made.years[0]:
            entry["since"] = min(school.years)
        if school.years and max(school.years) < made.years[-1]:
            entry["until"] = max(school.years)
        respondents.append(entry)
    calendar = {
        "timezone": "Asia/Shanghai",
        "nightly": "0 3 * * *",
        "yearly": "0 6 1 10 *",
        "years": {
            year: {
                "as_of": date(year, 9, 1),
                "school_year_from": date(year - 1, 9, 1),
                "school_year_to": date(year, 8, 31),
                "opens": date(year, 10, 1),
                "due": date(year, 11, 30),
                "freezes": date(year + 60, 1, 31),
            }
            for year in made.years
        },
    }
    made.folder.mkdir(parents=True, exist_ok=True)
    for name, content in {
        "city": {"code": code, "name": "长江市"},
        "respondents": {"respondents": respondents},
        "calendar": calendar,
        "scopes": {"scopes": list(SCOPES)},
    }.items():
        (made.folder / f"{name}.yml").write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False))


def _school_values(random: Random, year: int, size: int, mood: str) -> Values:
    values: dict[str, SheetValues] = {}
    for contract in contracts_for(NEUTRAL_PACK, "school", year):
        if contract.name == "cover":
            continue
        if contract.name == "satisfaction" and mood == "nobody asked":
            values[contract.name] = SheetValues(status="unavailable")
            continue
        largest = 0 if mood == "all zero" or (contract.name == "outcomes" and mood == "no graduates") else size
        records = _records(random, contract, year, largest)
        values[contract.name] = SheetValues(status="partial", records=records)
    return values


def _bureau_values(random: Random, made: MadeUpCity, year: int) -> Values:
    """The roster and the choice of scopes as declared, everything else drawn."""
    listed = [school for school in made.schools if year in school.years]
    values = {
        contract.name: SheetValues(status="partial", records=_records(random, contract, year, random.choice([0, 9000])))
        for contract in contracts_for(NEUTRAL_PACK, "bureau", year)
        if contract.name not in ("cover", "roster", "scope_choice")
    }
    values["roster"] = SheetValues(
        records=[
            {
                "school_code": school.code,
                "school_name": school.name,
                "sequence": position,
                "category": school.category,
                "ownership": school.ownership,
                "affiliation": school.affiliation,
            }
            for position, school in enumerate(listed, 1)
        ]
    )
    scope = random.choice(SCOPES)["code"]
    topics = [code.code for code in load_codelists(NEUTRAL_PACK)["topics"].codes]
    values["scope_choice"] = SheetValues(
        records=[{"topic": t, "scope": scope if random.random() < 0.8 else "every_school"} for t in topics]
    )
    return values


def _records(random: Random, contract: Contract, year: int, largest: int) -> Sequence[dict[str, Value]]:
    """One record of a form, or one for each fixed row of a table; tables without fixed rows stay empty."""
    columns = contract.columns_in(year)
    if contract.shape == "form":
        return [_fitting({column.name: _value(random, column, largest) for column in columns})]
    if contract.rows is None or contract.rows in ("schools", "scopes"):
        return []
    (key,) = contract.key
    return [
        {column.name: code.code if column.name == key else _value(random, column, largest) for column in columns}
        for code in load_codelists(NEUTRAL_PACK)[contract.rows].codes
    ]


def _fitting(record: dict[str, Value]) -> dict[str, Value]:
    """The record without parts above their wholes: a city whose figures contradict each other releases nothing."""
    for part, whole, times in (("floor_area", "campus_area", 5), ("enterprise_equipment_value", "equipment_value", 1)):
        if part in record:
            record[part] = min(Decimal(str(record[part])), times * Decimal(str(record[whole])))
    return record


def _value(random: Random, column: Column, largest: int) -> Value:
    """A value that the column admits; numbers are often zero, small or as large as `largest`."""
    if column.type == "code":
        return random.choice(load_codelists(NEUTRAL_PACK)[column.codelist or ""].codes).code
    if not column.is_number:
        return f"填写内容{random.randint(1, 9)}"
    low = column.ge if column.ge is not None else Decimal(0)
    high = min(column.le if column.le is not None else Decimal(10) ** 9, max(low, Decimal(largest)))
    drawn = low + (high - low) * Decimal(random.choice([0, 0, 1, 1, 3, 10, 50, 99, 100])) / 100
    return int(drawn) if column.type == "integer" else round(drawn, column.decimals or 0)


def _acceptable(city: City, respondent: Respondent, year: int, values: Values) -> bytes:
    """The workbook, with the sheets that the audit refuses reported as not available."""
    kept = dict(values)
    titles = {contract.title: contract.name for contract in contracts_for(NEUTRAL_PACK, respondent.kind, year)}
    for _ in range(6):
        data = build_workbook(city, respondent, year, kept)
        checked = check_workbook(data, "样例.xlsx", city, Limits())
        wrong = {titles[f.address.sheet] for f in checked.open_findings if f.is_error} - {"roster", "cover"}
        if not wrong:
            return data
        kept |= {sheet: SheetValues(status="unavailable") for sheet in wrong}
    raise AssertionError(f"{respondent.name} {year}: {[f.message for f in checked.open_findings]}")
