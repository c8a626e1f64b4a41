"""Three made-up installations that are not the sample city's kind: their folders, and the workbooks of two years.

A city of another province, a district of a city that is its own province (直辖市), a province above two cities. In the
second year each has a school that is renamed, one that merges into another, one that closes, one that is founded and
has no graduates yet, and another scope; somewhere a school moves, is split or gets another code, a region is renamed
and a scope reworded.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sources.check_workbook import check_workbook
from sources.declarations.city import City, Respondent, load_city
from sources.submission.file_names import workbook_file_name
from sources.system.settings import Limits
from sources.write.template import build_workbook
from tests.any_city.full_books import Books, Seat, bureau_books, school_books

CITIES = Path(__file__).parents[1] / "cities"
FIRST, SECOND = 2024, 2025
YEARS = (FIRST, SECOND)
Scopes = Mapping[int, Mapping[str, str]]
"""Year, topic → the scope chosen for it where it is not the first that is declared."""


@dataclass(frozen=True)
class World:
    """An installation: its folder, what the rosters say of its schools, and the scopes that its bureaus choose."""

    folder: str
    seats: Mapping[str, Seat]
    scopes: Scopes
    own_sums: Mapping[str, tuple[str, str, str]] = field(default_factory=dict)
    """What its pack asks for, indicator → topic, sheet, item: a number of a school's form."""
    own_marks: Mapping[str, str] = field(default_factory=dict)
    """Indicator → the heading under which a major says yes."""

    @property
    def city_dir(self) -> Path:
        return CITIES / self.folder

    @property
    def city(self) -> City:
        return load_city(self.city_dir)


PUBLIC, PRIVATE = ("vocational", "public"), ("vocational", "private")
TECHNICIAN = ("technician", "public", "municipal")
SCOPES: Scopes = {
    FIRST: {"outcomes": "no_technician", "conditions": "no_technician"},
    SECOND: {"outcomes": "every_school", "conditions": "no_technician"},
}
CITY = World(
    "huailing_city",
    {
        "3498000001": Seat(*PUBLIC, "regional", 3200),
        "3498000002": Seat(*PUBLIC, "municipal", 2600),
        "3498000003": Seat(*PUBLIC, "municipal", 2100),
        "3498000004": Seat(*PUBLIC, "municipal", 700),
        "3498000005": Seat(*PUBLIC, "county", 1500),
        "3498000006": Seat(*PRIVATE, "county", 900),
        "3498000007": Seat(*PUBLIC, "county", 400),
        "3498000008": Seat(*PUBLIC, "municipal", 600, graduating_from=2028),
        "3498000009": Seat(*PRIVATE, "county", 1100),
        "J980500001": Seat(*TECHNICIAN, 1300),
        "J980500002": Seat(*TECHNICIAN, 500),
    },
    {year: {**SCOPES[year], "aid_and_funds": "public_schools"} for year in YEARS},
    {"valley_interns": ("cooperation", "实习情况", "向淮谷园区输送实习生数")},
)
DISTRICT = World(
    "wanghai_district",
    {
        "3197000001": Seat(*PUBLIC, "county", 1900),
        "3197000002": Seat(*PUBLIC, "county", 1400),
        "3197000003": Seat(*PUBLIC, "regional", 1700),
        "3197000004": Seat(*PUBLIC, "county", 300),
        "3197000005": Seat(*PUBLIC, "county", 500),
        "3197000006": Seat(*PUBLIC, "county", 450, graduating_from=2028),
        "3197000007": Seat(*PRIVATE, "county", 800),
        "3197000008": Seat(*PUBLIC, "regional", 2200),
        "3197000010": Seat(*PUBLIC, "county", 380, graduating_from=2028),
        "3197000009": Seat(*PRIVATE, "county", 650),
        "J970112001": Seat(*TECHNICIAN, 750),
    },
    {year: {**SCOPES[year], "contests": "without_upper"} for year in YEARS},
    {"harbour_interns": ("cooperation", "实习情况", "向海港新区输送实习生数")},
    {"majors_through": "是否贯通培养专业"},
)
PROVINCE = World(
    "zechuan_province",
    {
        "3696000001": Seat(*PUBLIC, "regional", 4200),
        "3696000101": Seat(*PUBLIC, "municipal", 2600),
        "3696000102": Seat(*PUBLIC, "county", 1200),
        "3696000103": Seat(*PRIVATE, "county", 900),
        "3696000104": Seat(*PUBLIC, "county", 1100),
        "3696000105": Seat(*PUBLIC, "county", 500, graduating_from=2028),
        "J960100001": Seat(*TECHNICIAN, 1000),
        "3696000201": Seat(*PUBLIC, "municipal", 2300),
        "3696000202": Seat(*PUBLIC, "county", 600),
        "3696000203": Seat(*PRIVATE, "county", 1400),
        "3696000204": Seat(*PUBLIC, "county", 400),
    },
    SCOPES,
)
WORLDS = {"city": CITY, "district": DISTRICT, "province": PROVINCE}


def pour(world: World, year: int, inbox: Path) -> list[Path]:
    """Writes the year's workbooks into the inbox, each as its respondent would send it; returns their paths.

    Raises AssertionError where the audit would find anything wrong with one of them.
    """
    inbox.mkdir(parents=True, exist_ok=True)
    paths = []
    books = books_of(world, year)
    for respondent in world.city.respondents_in(year):
        data = build_workbook(
            world.city, respondent, year, books[respondent.code], _before(world, year).get(respondent.code)
        )
        path = inbox / workbook_file_name(respondent, year)
        path.write_bytes(data)
        found = [finding.message for finding in check_workbook(data, path.name, world.city, Limits()).open_findings]
        assert not found, (path.name, found)
        paths.append(path)
    return paths


def _before(world: World, year: int) -> Mapping[str, Books]:
    return books_of(world, year - 1) if year - 1 in YEARS else {}


def books_of(world: World, year: int) -> dict[str, Books]:
    """Respondent → its sheets."""
    city = world.city.in_year(year)
    there = world.city.respondents_in(year)
    schools = {r.code: school_books(city, r.code, world.seats[r.code], year) for r in there if r.kind == "school"}
    listed = listed_by(city, there)
    books = dict(schools)
    for bureau in there:
        if bureau.kind == "bureau":
            seats = {code: world.seats[code] for code in schools if listed[code] == bureau.code}
            books[bureau.code] = bureau_books(city, bureau.code, seats, year, world.scopes[year], schools)
    return books


def listed_by(city: City, respondents: Sequence[Respondent]) -> dict[str, str]:
    """School → the bureau that has it on its roster: that of the narrowest region with one."""
    bureau_of = {city.region_of(each): each.code for each in respondents if each.kind == "bureau"}
    return {
        each.code: next(bureau_of[region] for region in city.region_paths[city.region_of(each)] if region in bureau_of)
        for each in respondents
        if each.kind == "school"
    }
