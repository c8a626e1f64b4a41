"""How figures of two cities make the province's: for every indicator, in the way that it declares.

The workbooks are filled in to the last cell; the second computation reads them by its own means and gives each
measure of each school and bureau. Here they are put together by what `adds` says, first for each city, then for the
province of the two cities' values.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import Decimal
from fractions import Fraction
from math import floor
from pathlib import Path

import duckdb
import pytest
from pydantic import ValidationError

from sources.declarations.city import City, load_city
from sources.declarations.codelist import load_codelists
from sources.declarations.contract import Column, Contract, contract_respondents, contracts_for
from sources.declarations.problem import DeclarationError
from sources.submission.file_names import workbook_file_name
from sources.system.settings import Settings
from sources.write.sheet_values import SheetValues
from sources.write.template import build_workbook
from tests.conftest import run_all
from tests.end_to_end.second_computation import Book, measured, read_book
from tests.support.small_books import roster, scope_choice
from warehouse.catalogue import measure as measures_module
from warehouse.catalogue.catalogue import Catalogue, load_catalogue
from warehouse.catalogue.indicator import Indicator
from warehouse.catalogue.measure import Measure
from warehouse.figures.fact import Reference
from warehouse.figures.lineage import Lineage
from warehouse.figures.recompute import recompute
from warehouse.figures.year_figures import load_figures
from warehouse.intake.register import published_register
from warehouse.release.site.site_facts import load_site_facts

CITY_DIR = Path(__file__).parents[1] / "cities" / "two_cities"
YEAR = 2030
PROVINCE, CITY_A, DISTRICT, CITY_B = "980000", "980100", "980101", "980200"
SCHOOLS = {CITY_A: ("9801000001", "9801010001"), CITY_B: ("9802000001", "9802000002")}
SIZE = {"9801000001": 1, "9801010001": 2, "9802000001": 3, "9802000002": 5, CITY_A: 1, DISTRICT: 2, CITY_B: 4}
"""By how much the numbers of a respondent are multiplied: no two of them are the same."""
FITTING = {
    "students_full_time": 100, "students_full_time_male": 60, "students_full_time_female": 40, "students_formal": 110,
    "intake_full_time": 50, "graduates": 40, "placed": 38, "further_study": 20, "further_study_undergraduate": 8,
    "further_study_college": 12, "employed": 16, "employed_primary": 4, "employed_secondary": 5,
    "employed_tertiary": 7, "self_employed": 2, "stayed_local": 6, "employed_small": 7, "employed_large": 5,
    "promoted_in_three_years": 3, "staff_total": 60, "teachers_full_time": 50, "teachers_ideology": 3,
    "teachers_sports": 2, "resource_libraries": 30, "virtual_bases": 30, "teaching_spaces": 20, "campus_area": 5000,
    "equipment_value": 90, "community_beneficiaries": 90, "senior_high_students": 300,
}  # fmt: skip
"""What the rules want of the numbers among themselves; every other number is ten."""
ALIKE = {"model_schools_of_province": 30}
"""What all of them state alike."""


def number(column: Column, size: int) -> int | Decimal:
    value = ALIKE.get(column.name) or FITTING.get(column.name, 10) * size
    return value if column.type == "integer" else Decimal(value)


def records(city: City, contract: Contract, size: int) -> list[dict]:
    """One record of a form, one for each fixed row, or what `ROWS` has for a table that people lengthen."""
    if contract.shape == "form":
        return [{c.name: number(c, size) if c.is_number else text(city, c) for c in contract.columns_in(YEAR)}]
    if contract.rows:
        codes = [code.code for code in load_codelists(city.pack)[contract.rows].codes]
        return [
            {c.name: number(c, size) if c.is_number else text(city, c) for c in contract.columns_in(YEAR)}
            | {contract.key[0]: code}
            for code in codes
        ]
    return ROWS[contract.name](size)


def text(city: City, column: Column) -> str:
    return load_codelists(city.pack)[column.codelist].codes[0].code if column.codelist else "填写内容"


def majors(size: int) -> list[dict]:
    return [
        {
            "major_code": f"{710100 + n}",
            "major_name": f"专业{n}",
            "change_status": ("continued", "new", "withdrawn", "continued")[n % 4],
            "major_intake": 0 if n % 4 == 2 else 2,
            **{name: "yes" for i, name in enumerate(FLAGS) if (n + i) % 3 == 0},
            **({"apprentices": 3} if n % 3 == 0 else {}),
        }
        for n in range(4 * size)
    ]


FLAGS = ("is_apprenticeship", "is_state_controlled", "is_demonstration", "is_agricultural")


def contest_awards(size: int) -> list[dict]:
    levels, prizes = ("national", "regional", "municipal", "industry"), ("first", "second", "third")
    return [
        {
            "award_number": f"{level}{prize}{n}",
            "level": level,
            "contest_name": "大赛",
            "event": f"赛项{n // 2}",
            "audience": ("students", "mixed", "teachers")[n % 3],
            "team_form": "individual" if n % 3 == 2 else "team",
            "prize": prize,
            "winning_students": 0 if n % 3 == 2 else 2,
            "winning_teachers": 1 if n % 3 == 2 else 0,
        }
        for level in levels
        for prize in prizes
        for n in range(2 + size)
    ]


ROWS: dict[str, Callable[[int], list[dict]]] = {
    "majors": majors,
    "major_clusters": lambda size: [{"cluster_name": f"专业群{n}", "is_aligned": "yes"} for n in range(size)],
    "contest_awards": contest_awards,
    "textbooks": lambda size: [
        {"book_title": f"教材{n}", "is_cooperative": "yes", "is_national_planned": "yes", "is_new_form": "yes"}
        | ({"is_on_platform": "yes"} if n else {})
        for n in range(size)
    ],
    # every school works with one enterprise that all work with, and with as many as its size
    "partners": lambda size: [{"enterprise_name": f"企业{n}", "shared_bases": n} for n in range(size + 1)],
    "award_list": lambda size: [
        {"contest_year": year, "award_level": level, "prize": prize, "awards": size + position}
        for year in (YEAR - 1, YEAR)
        for level in ("national", "regional")
        for position, prize in enumerate(("first", "second", "third"))
    ],
}
LISTED = {
    CITY_A: ("9801000001", "甲市第一职业学校", "vocational", "public"),
    DISTRICT: ("9801010001", "东湖职业学校", "vocational", "private"),
}
LISTED_OF_B = (
    # the second is the first on the roster
    ("9802000002", "乙市卫生学校", "technician", "public"),
    ("9802000001", "乙市工业学校", "vocational", "public"),
)


def workbook(city: City, code: str, scope: str = "everything", **forms: dict) -> bytes:
    """The workbook of a respondent: everything filled in; `forms` change cells of forms."""
    respondent, values = city.respondent_by_code[code], {}
    listed = LISTED_OF_B if code == CITY_B else (LISTED.get(code),)
    of_bureau = {
        "roster": lambda: roster(*listed),
        "scope_choice": lambda: scope_choice(scope),
        "approvals": lambda: SheetValues(
            records=[{"school_code": s, "planned_intake": 70, "approved_quota": 10} for s, *_ in listed]
        ),
        "honours_list": lambda: SheetValues(
            records=[{"school_code": s, "honour": h} for s, *_ in listed for h in ("national_key", "double_excellence")]
        ),
    }
    for contract in contracts_for(city.pack, respondent.kind, YEAR):
        if contract.name in of_bureau:
            values[contract.name] = of_bureau[contract.name]()
        elif contract.name not in ("cover", "sites"):  # a sheet of sites that is left alone means one site
            made = records(city, contract, SIZE[code])
            values[contract.name] = SheetValues(records=[each | forms.get(contract.name, {}) for each in made])
    for record in values["aid"].records if "aid" in values else ():
        record["amount"] = Decimal(6000) * record["recipients"]
    return build_workbook(city, respondent, YEAR, values)


def installation(city: City, folder: Path, home: Path, **changed: bytes) -> Settings:
    settings = Settings(home=home, city_dir=folder)
    settings.inbox.mkdir(parents=True)
    for respondent in city.respondents:
        data = changed.get(f"of_{respondent.code}") or workbook(city, respondent.code)
        (settings.inbox / workbook_file_name(respondent, YEAR)).write_bytes(data)
    taken = run_all(settings, city, (YEAR,))
    assert taken.rejected == 0, [f.message for f in taken.findings if f.is_error]
    return settings


@pytest.fixture(scope="module")
def city() -> City:
    return load_city(CITY_DIR)


@pytest.fixture(scope="module")
def catalogue(city: City) -> Catalogue:
    return load_catalogue(city.pack)


@pytest.fixture(scope="module")
def settings(city: City, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return installation(city, CITY_DIR, tmp_path_factory.mktemp("two_cities") / "home")


@pytest.fixture(scope="module")
def database(settings: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    connection = duckdb.connect(str(settings.published_database), read_only=True)
    yield connection
    connection.close()


@pytest.fixture(scope="module")
def books(city: City, settings: Settings) -> dict[str, Book]:
    read = [read_book(path.read_bytes(), city) for path in sorted(settings.inbox.iterdir())]
    return {book.respondent: book for book in read}


Value = Fraction | None


def put_together(measure: Measure, values: Sequence[Value]) -> Value:
    """What several numbers of a measure are as one, by what it declares."""
    known = [value for value in values if value is not None]
    match measure.adds:
        case "sum":
            return sum(known, Fraction(0)) if known else None
        case "maximum":
            return max(known, default=None)
        case "same_for_all":
            return known[0] if len(set(known)) == 1 else None
        case "none":
            return None
    raise AssertionError(f"{measure.code}: what is counted once is counted from the rows")


def of_speakers(city: City, measure: Measure, books: dict[str, Book], bureaus: Iterable[str], schools: Iterable[str]):
    """The numbers of those who state the measure: bureaus of regions and of schools, schools of themselves."""
    if measure.level == "region":
        rows = {code: books[code].rows[measure.sheet] for code in bureaus}
        if measure.year:
            rows = {code: [row for row in of if row[measure.year] == YEAR] for code, of in rows.items()}
        return {code: measured(measure, of) for code, of in rows.items()}
    if contract_respondents(city.pack)[measure.sheet] == "bureau":
        told = [row for code in bureaus for row in books[code].rows[measure.sheet]]
        return {s: measured(measure, [row for row in told if row[measure.subject] == s]) for s in schools}
    return {code: measured(measure, books[code].rows[measure.sheet]) for code in schools}


def of_city(city: City, measure: Measure, books: dict[str, Book], own: str) -> Value:
    """A city's number: of its schools, or of its bureaus; its own bureau's of what does not add up."""
    bureaus = (CITY_A, DISTRICT) if own == CITY_A else (own,)
    if measure.adds == "distinct":
        rows = [row for code in SCHOOLS[own] for row in books[code].rows[measure.sheet]]
        return measured(measure, rows)
    told = of_speakers(city, measure, books, bureaus, SCHOOLS[own])
    return told.get(own) if measure.adds == "none" else put_together(measure, list(told.values()))


def of_province(city: City, measure: Measure, books: dict[str, Book]) -> Value:
    """The province's number of its two cities'."""
    if measure.adds == "distinct":
        rows = [row for codes in SCHOOLS.values() for code in codes for row in books[code].rows[measure.sheet]]
        return measured(measure, rows)
    return put_together(measure, [of_city(city, measure, books, own) for own in SCHOOLS])


def value_of(indicator: Indicator, measure_of: Callable[[str], Value]) -> Value:
    terms = {role: [measure_of(code) for r, code in indicator.formulas[0].terms if r == role] for role in ROLES}
    upper, lower = terms["numerator"], terms["denominator"]
    if None in upper or None in lower or (lower and not sum(lower)):
        return None
    return sum(upper, Fraction(0)) / (sum(lower) if lower else 1) * (indicator.scale if lower else 1)


ROLES = ("numerator", "denominator")


def in_database(database: duckdb.DuckDBPyConnection) -> dict[tuple[str, str], tuple[Decimal | None, str]]:
    """(region, indicator) → value and status, of all schools."""
    rows = database.execute(
        "select subject_code, indicator_code, value, status from core.fct_indicator_value"
        " where report_year = ? and subject_kind = 'region' and scope_code = 'everything'",
        [YEAR],
    ).fetchall()
    return {(region, code): (value, status) for region, code, value, status in rows}


def cut(value: Value) -> Decimal | None:
    return None if value is None else Decimal(floor(value * 10**12)).scaleb(-12)


def test_each_indicator_of_the_province_is_what_its_cities_give_in_its_declared_way(database, city, catalogue, books):
    found, differing = in_database(database), {}
    for indicator in catalogue.indicators.values():
        if indicator.counts:
            continue
        for region in (PROVINCE, CITY_A, CITY_B):
            expected = value_of(
                indicator,
                lambda code, region=region: (
                    of_province(city, catalogue.measures[code], books)
                    if region == PROVINCE
                    else of_city(city, catalogue.measures[code], books, region)
                ),
            )
            value, status = found[region, indicator.code]
            if value != cut(expected):
                differing[region, indicator.code] = value, status, cut(expected)
    assert differing == {}
    assert {catalogue.adds(indicator) for indicator in catalogue.indicators.values()} == {
        "sum", "ratio_of_sums", "distinct", "maximum", "same_for_all", "none"
    }  # fmt: skip


def test_what_does_not_add_up_has_no_value_above_those_who_reported_it(database, catalogue):
    found = in_database(database)
    codes = [each.code for each in catalogue.indicators.values() if catalogue.adds(each) == "none"]
    assert "contest_edition" in codes
    for code in codes:
        assert found[PROVINCE, code] == (None, "does_not_add")
        # 甲市's own bureau, not 甲市 and its district
        assert [found[region, code] for region in (CITY_A, DISTRICT, CITY_B)] == [(10, "ok"), (20, "ok"), (40, "ok")]


@pytest.mark.deep
def test_a_count_of_the_whole_province_is_the_one_that_its_cities_agree_on_or_none(tmp_path, city, catalogue):
    def told(**values: int) -> Settings:
        changed = {
            f"of_{code}": workbook(city, code, projects={"model_schools_of_province": values[f"of_{code}"]})
            for code in (CITY_A, DISTRICT, CITY_B)
        }
        return installation(city, CITY_DIR, tmp_path / str(len(list(tmp_path.iterdir()))), **changed)

    def province(settings: Settings) -> tuple:
        with duckdb.connect(str(settings.published_database), read_only=True) as connection:
            rule = "city.same_for_all_model_schools_of_province"
            messages = connection.execute("select message from quality.finding where rule_id = ?", [rule]).fetchall()
            trace = Lineage(connection, catalogue).trace(
                Reference("model_schools_of_province", YEAR, PROVINCE, "everything")
            )
            value = in_database(connection)[PROVINCE, "model_schools_of_province"]
            return value, recompute(trace, catalogue), {text for (text,) in messages}, len(messages)

    assert province(told(of_980100=30, of_980101=30, of_980200=30)) == ((30, "ok"), "30", set(), 0)
    value, traced, messages, n_told = province(told(of_980100=30, of_980101=30, of_980200=28))
    assert (value, traced, n_told) == ((None, "differs"), None, 3)
    assert all("东湖区教育局 30、乙市教育局 28、甲市教育局 30" in text for text in messages)


def test_a_trace_gives_the_province_the_same_value_as_the_database(database, catalogue):
    lineage, differing = Lineage(database, catalogue), []
    displays = database.execute(
        "select indicator_code, display from core.fct_indicator_value"
        " where report_year = ? and subject_code = ? and scope_code = 'everything'",
        [YEAR, PROVINCE],
    ).fetchall()
    for code, display in displays:
        traced = recompute(lineage.trace(Reference(code, YEAR, PROVINCE, "everything")), catalogue)
        if traced != display:
            differing.append((code, display, traced))
    assert differing == []


def test_a_measure_that_does_not_say_how_it_adds_up_is_refused(city):
    forms = [c for c in contracts_for(city.pack, "school", YEAR) if c.shape == "form" and c.name == "students"]
    column = forms[0].columns[0].model_copy(update={"adds": None})
    silent = forms[0].model_copy(update={"columns": (column, *forms[0].columns[1:])})
    with pytest.raises(DeclarationError, match=f"students.{column.name} is a measure: declare `adds`"):
        measures_module._form_measures(silent, "school")
    with pytest.raises(ValidationError, match="adds"):
        Measure(
            code="x", label="x", unit="个", sheet="majors", description="x", time_basis="as_of", count=True,
            filled_in_by="school",
        )  # fmt: skip


def test_a_ratio_is_made_of_sums_only(city):
    for indicator in load_catalogue(city.pack).indicators.values():
        if indicator.kind == "ratio":
            terms = [code for formula in indicator.formulas for _, code in formula.terms]
            assert {load_catalogue(city.pack).measures[code].adds for code in terms} == {"sum"}, indicator.code


def test_regions_stand_as_declared_and_schools_as_on_the_roster(database, catalogue, city):
    # 乙市 is declared before 甲市, and its roster has 卫生学校 before 工业学校
    in_order = ["乙市卫生学校", "乙市工业学校", "甲市第一职业学校", "东湖职业学校"]
    bureaus = ["乙市教育局", "甲市教育局", "东湖区教育局"]

    def listed(sql: str) -> list:
        return [row[0] for row in database.execute(sql).fetchall()]

    assert listed("select school_name from core.dim_school order by position") == in_order
    table = "select school_name from report.table_1_2_1 where region_code = '980000' order by row_number"
    assert listed(table) == [*in_order, "合计"]
    schools_of_mart = (
        "select distinct on (outcomes.position) school_name from marts.outcomes"
        " inner join core.dim_school on subject_code = school_code order by outcomes.position"
    )
    assert listed(schools_of_mart) == in_order
    regions_of_mart = (
        "select distinct on (position) region_code from marts.outcomes"
        " where subject_kind = 'region' and scope_code = 'everything' order by position"
    )
    assert listed(regions_of_mart) == [region.code for region in city.regions]
    figures = load_figures(database, catalogue, YEAR, PROVINCE)
    assert [school.name for school in figures.schools] == in_order
    # a bureau has the code of its region, and is named after it
    regions = [name.removesuffix("教育局") for name in bureaus]
    for indicator, names in (("students_full_time", in_order), ("senior_high_students", regions)):
        trace = Lineage(database, catalogue).trace(Reference(indicator, YEAR, PROVINCE, "everything"))
        assert [part.subject_name for part in trace.terms[0].parts] == names
    assert [e.respondent_name for e in published_register(database, YEAR)] == in_order + bureaus
    site = load_site_facts(database, figures, "Asia/Shanghai")
    assert [school["school_name"] for school in site.schools] == in_order
    assert [entry["respondent_name"] for entry in site.register] == bureaus + in_order
