"""Which schools meet all key indicators of an edition, which are not spoken of, and what share of the schools does.

White Crane: of five schools of which the 2022 scheme speaks four meet everything, so the share is 80 %: enough for the
end of 2023, not for that of 2025. In 2023 one of the four does not say how many books it has.
"""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from sources.declarations.city import City, load_city
from sources.system.settings import Settings
from sources.write.sheet_values import SheetValues
from tests.conftest import run_all
from tests.release.reader import read_page
from tests.support.small_books import form, outcomes, pour, roster, school, scope_choice
from tests.support.word import opened
from warehouse.catalogue.catalogue import load_catalogue
from warehouse.figures.lineage import Lineage
from warehouse.figures.school_figures import figures_of_school, find_school, profile_of
from warehouse.figures.year_figures import Figures, load_figures
from warehouse.release.documents.printed_again import text_from
from warehouse.release.documents.school_report import write_school_report
from warehouse.release.documents.write_documents import write_documents
from warehouse.release.site.write_site import write_site

CITY_DIR = Path(__file__).parents[1] / "cities" / "baihe_city"
SCHEME = "conditions_2022"
RELEASED_ON = date(2026, 3, 1)
"""The day on the documents."""


def bureau(year: int) -> dict[str, SheetValues]:
    listed = [
        ("B1", "白鹤市第一职业学校", "vocational", "public"),
        ("B2", "白鹤市第二职业学校", "vocational_high", "private"),
        ("B3", "白鹤市第三职业学校", "vocational", "public"),
        ("B4", "白鹤市第四职业学校", "vocational", "public"),
        ("BT", "白鹤市技工学校", "technician", "public"),
        ("BN", "白鹤市新区职业学校", "vocational", "public"),
        ("BA", "白鹤市艺术学校", "vocational", "public"),
        ("BK", "白鹤中学附设中职班", "attached_classes", "public"),
    ]
    listed += [("BC", "白鹤技师学院", "technician_college", "public")] if year == 2025 else []
    return {"roster": roster(*listed), "scope_choice": scope_choice("all")}


def equipped(**other: object) -> dict[str, SheetValues]:
    """A school of 1,200 students that has exactly what the scheme of 2022 asks of it."""
    conditions = {"campus_area": 40000, "floor_area": 24000, "equipment_value": 300, "paper_books": 36000} | other
    return school(1200, 60, outcomes(300, 290, 200, 90, 0), conditions=form(**conditions))


def books_of(year: int) -> dict[str, dict[str, SheetValues]]:
    technician = school(
        800,
        40,
        outcomes(200, 190, 100, 90, 0),
        conditions=form(campus_area=30000, floor_area=18000, equipment_value=300, paper_books=10),
    )
    college = {"BC": equipped(campus_area=90000)} if year == 2025 else {}
    return {
        "898800": bureau(year),
        "B1": equipped(),
        "B2": equipped(campus_area=50000),
        "B3": equipped(paper_books=None if year == 2023 else 36000),
        "B4": equipped(campus_area=Decimal("39999.99"), equipment_value=299),
        "BT": technician,
        "BN": equipped(campus_area=100),
        "BA": equipped(campus_area=100),
        "BK": equipped(campus_area=100),
        **college,
    }


@pytest.fixture(scope="module")
def city() -> City:
    return load_city(CITY_DIR)


@pytest.fixture(scope="module")
def database(city: City, tmp_path_factory: pytest.TempPathFactory) -> duckdb.DuckDBPyConnection:
    settings = Settings(home=tmp_path_factory.mktemp("baihe"), city_dir=CITY_DIR)
    years = tuple(city.calendar.years)
    pour(settings, city, {year: books_of(year) for year in years})
    taken = run_all(settings, city, years)
    assert taken.rejected == 0, taken.findings
    return duckdb.connect(str(settings.published_database), read_only=True)


@pytest.fixture(scope="module")
def of_2024(city: City, database: duckdb.DuckDBPyConnection) -> Figures:
    return load_figures(database, load_catalogue(city.pack), 2024, city.code)


def verdicts(database, year: int) -> dict[str, tuple]:
    rows = database.execute(
        "select school_code, verdict, missed, lacking, excluded_because from core.fct_edition_verdict"
        " where report_year = ? and edition = ?",
        [year, SCHEME],
    ).fetchall()
    return {code: tuple(rest) for code, *rest in rows}


def share(database, year: int, scope: str = "all") -> tuple:
    return database.execute(
        "select n_schools, n_met, n_missed, n_not_verifiable, n_excluded, share, share_at_most, target, target_by,"
        " verdict from core.fct_edition_share where report_year = ? and scope_code = ? and edition = ?",
        [year, scope, SCHEME],
    ).fetchone()


def test_a_school_that_has_exactly_what_is_asked_meets_all(database):
    assert verdicts(database, 2024)["B1"] == ("met", None, None, None)
    assert verdicts(database, 2024)["B2"] == ("met", None, None, None), "a kind of vocational school is one"


def test_a_school_that_misses_is_told_what_it_misses(database):
    # 299 of 300 is too little; 39,999.99 of 40,000 too, and a hair below 33.33 per student is still above 33
    assert verdicts(database, 2024)["B4"] == ("missed", "教学仪器设备值、校园占地面积、生均教学仪器设备值", None, None)


def test_a_school_that_lacks_a_value_and_misses_nothing_cannot_be_judged(database):
    assert verdicts(database, 2023)["B3"] == ("not_verifiable", None, "生均纸质图书", None)
    assert verdicts(database, 2024)["B3"] == ("met", None, None, None)


def test_a_technician_school_is_held_against_its_own_numbers(database):
    # 22.5 square metres of floor for each of 800 students, and ten books: nobody asks for books
    assert verdicts(database, 2024)["BT"] == ("met", None, None, None)
    own = database.execute(
        "select indicator_code, edition, bound, verdict from core.fct_standard where report_year = 2024"
        " and subject_code = 'BT' and category = 'technician' order by all"
    ).fetchall()
    assert [(code, bound) for code, edition, bound, _ in own if edition == SCHEME] == [
        ("campus_area", Decimal(30000)),
        ("equipment_value", Decimal(300)),
        ("floor_area", Decimal(18000)),
        ("floor_area_per_student", Decimal(20)),
        ("students_per_teacher", Decimal(20)),
    ]
    assert ("students_formal", "setting_2012", Decimal(800), "met") in own


def test_of_a_class_whose_standards_were_not_found_nobody_says_that_it_meets_all(database):
    assert verdicts(database, 2025)["BC"] == ("not_verifiable", None, None, None)


def test_a_school_of_which_the_scheme_does_not_speak_says_so_and_why(database):
    found = verdicts(database, 2024)
    assert {code: (found[code][0], found[code][3]) for code in ("BN", "BA", "BK")} == {
        "BN": ("excluded", "2022年以来新设的学校"),
        "BA": ("excluded", "艺术类学校，按省级标准判断"),
        "BK": ("excluded", "附设中职班"),
    }
    judged = database.execute(
        "select distinct subject_code, verdict from core.fct_standard where report_year = 2024"
        " and subject_code in ('BN', 'BA', 'BK') and edition = ? order by all",
        [SCHEME],
    ).fetchall()
    assert judged == [("BA", "excluded"), ("BN", "excluded")], "classes of another school have no number to be held to"


def test_what_is_asked_of_new_schools_only_is_asked_of_nobody_else(database):
    asked = database.execute(
        "select distinct subject_code from core.fct_standard where report_year = 2024 and subject_kind = 'school'"
        " and edition = 'setting_2010' and indicator_code in ('campus_area', 'floor_area')"
    ).fetchall()
    assert asked == [("BN",)]


def test_the_share_meets_the_target_that_it_equals_and_misses_the_next(database):
    assert share(database, 2024) == (5, 4, 1, 0, 3, 80, 80, 80, 2023, "met")
    year_after = share(database, 2025)
    # the college counts as one that cannot be judged: 4 of 6, at most 5 of 6
    assert year_after[:5] == (6, 4, 1, 1, 3)
    assert year_after[7:] == (90, 2025, "missed")


def test_while_a_school_cannot_be_judged_the_share_has_two_ends(database):
    assert share(database, 2023) == (5, 3, 1, 1, 3, 60, 80, 80, 2023, "not_verifiable")


def test_another_scope_has_its_own_share(database):
    assert share(database, 2024, "private_only")[:6] == (1, 1, 0, 0, 0, 100)


def test_a_bound_that_was_read_elsewhere_says_so(database):
    found = database.execute(
        "select indicator_code, is_verified from core.fct_standard where report_year = 2024 and subject_code = 'BT'"
        " and edition = ? order by all",
        [SCHEME],
    ).fetchall()
    assert found == [
        ("campus_area", True),
        ("equipment_value", False),
        ("floor_area", True),
        ("floor_area_per_student", True),
        ("students_per_teacher", False),
    ]


def test_the_citys_report_says_the_share_and_each_number_of_it_is_found_again(database, of_2024, tmp_path):
    made = write_documents(of_2024, tmp_path, RELEASED_ON, "2024.1")
    text = "\n".join(paragraph.text for paragraph in opened(made.paths[1]).paragraphs)
    assert (
        "按办学条件达标工程（2022年），关键指标的划定未核实，所管的学校5所（另有3所不在范围内）；全部关键指标达标的4所，占80%；"
        "到2023年底的目标为80%（目标未核实），达到目标。" in text
    )
    lineage = Lineage(database, of_2024.catalogue)
    printed = [each for each in made.printed if each.part == "conformity"]
    assert printed
    assert [each for each in printed if text_from(lineage.trace(each.reference), each, of_2024) != each.text] == []


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("白鹤市第一职业学校", "按办学条件达标工程（2022年），关键指标的划定未核实，学校全部关键指标达标"),
        (
            "白鹤市第四职业学校",
            "学校有未达标的关键指标：教学仪器设备值、校园占地面积、生均教学仪器设备值",
        ),
        ("白鹤市艺术学校", "学校不在范围内：艺术类学校，按省级标准判断"),
    ],
)
def test_a_schools_own_report_says_the_verdict_with_its_reason(database, of_2024, tmp_path, name, said):
    found = find_school(of_2024, name)
    own = figures_of_school(database, of_2024, found)
    made = write_school_report(own, profile_of(database, found, 2024), tmp_path, RELEASED_ON, "2024.1")
    assert said in "\n".join(paragraph.text for paragraph in opened(made.paths[0]).paragraphs)


def test_the_site_says_the_verdict_of_each_school_and_the_share_of_the_city(database, city, of_2024, tmp_path):
    write_site(database, of_2024, city, tmp_path / "site", RELEASED_ON, "2024.1")
    technician = read_page(tmp_path / "site" / "schools" / "BT.html").text
    assert "办学条件达标工程（2022年），关键指标的划定未核实：全部关键指标达标。" in technician
    assert "中等职业学校办学条件达标工程（技工学校）（未核实）" in technician, "equipment and teachers"
    arts = read_page(tmp_path / "site" / "schools" / "BA.html").text
    assert "不在范围内：艺术类学校，按省级标准判断。" in arts
    index = read_page(tmp_path / "site" / "index.html").text
    assert "全部关键指标达标的学校" in index
    assert "2023年底 80%（未核实），达到目标" in index


def test_a_school_that_is_not_spoken_of_is_held_against_the_edition_before(of_2024):
    reference = next(
        each for each in of_2024.bounds if each.subject == "BA" and each.indicator == "campus_area_per_student"
    )
    assert of_2024.latest_bound(reference).edition == "setting_2010"


def test_a_verdict_that_misses_and_lacks_tells_both(of_2024):
    missed = next(each for each in of_2024.edition_verdicts if each.verdict == "missed")
    assert "没有数的：生均纸质图书" in replace(missed, lacking="生均纸质图书").told
