"""Roster, register and submissions agree, or somebody is told what it moves; one absent school is one finding."""

from collections.abc import Mapping
from pathlib import Path

import duckdb
import pytest

from sources.check_workbook import check_workbook
from sources.declarations.city import City, load_city
from sources.declarations.contract import contracts_for
from sources.system.settings import Limits, Settings
from sources.write.sheet_values import SheetValues
from sources.write.template import build_workbook
from tests.conftest import ingest, run_all, select
from tests.support.small_books import form, outcomes, pour, roster, school, scope_choice
from warehouse.figures.regions import unlisted_schools

CITY_DIR = Path(__file__).parents[1] / "cities" / "four_schools"
H1 = ("H1", "长河市职业高中", "vocational_high", "public")
H2 = ("H2", "长河市春晖职业学校", "vocational", "private")
H3 = ("H3", "长河市高级技工学校", "senior_technician", "public")
H4 = ("H4", "长河市特殊教育学校", "special_education", "public")
YEARS = (2031, 2032)
GRANTS = ("tuition_waiver", "national_grant", "national_scholarship", "regional_scholarship")


def aid(recipients: int) -> SheetValues:
    return SheetValues(
        records=[{"programme": each, "recipients": recipients, "amount": recipients * 6000} for each in GRANTS]
    )


def aid_totals(recipients: int) -> SheetValues:
    return SheetValues(
        records=[
            {"programme": each, "total_recipients": recipients, "total_amount": recipients * 6000} for each in GRANTS
        ]
    )


def bureau(listed: SheetValues, recipients: int, funds: int) -> dict[str, SheetValues]:
    return {
        "roster": listed,
        "scope_choice": scope_choice("every"),
        "aid_totals": aid_totals(recipients),
        "fund_totals": form(special_funds_total=funds),
    }


def reports(students: int, recipients: int, funds: int) -> dict[str, SheetValues]:
    destinations = outcomes(90, 80, 60, 15, 3)
    return school(students, 10, destinations, aid=aid(recipients), funds=form(special_funds=funds))


SCHOOLS = {"H1": reports(300, 30, 10), "H2": reports(420, 20, 5), "H3": reports(50, 10, 1), "H4": reports(40, 5, 2)}
WHOLE = bureau(roster(H1, H2, H3, H4), 65, 18)
"""The bureau's numbers are the sums over all four schools."""


BY_THE_CITY = "report_year = 2032 and starts_with(rule_id, 'city.') order by all"
Told = list[tuple[str, str, str, str]]
"""Rule, sheet, cell and message."""


@pytest.fixture(scope="module")
def city() -> City:
    return load_city(CITY_DIR)


@pytest.fixture(scope="module")
def in_order(city: City, tmp_path_factory: pytest.TempPathFactory) -> duckdb.DuckDBPyConnection:
    """The published database where roster, register and submissions agree. Do not change it."""
    return play(tmp_path_factory.mktemp("in_order"), city, WHOLE, SCHOOLS)


def play(
    home: Path, city: City, of_bureau: Mapping[str, SheetValues], schools: Mapping[str, Mapping[str, SheetValues]]
) -> duckdb.DuckDBPyConnection:
    """Both years: 2031 in order, 2032 as given; the published database."""
    settings = poured(home, city, of_bureau, schools)
    taken = run_all(settings, city, YEARS)
    assert taken.rejected == 0, taken.findings
    return duckdb.connect(str(settings.published_database), read_only=True)


def poured(
    home: Path, city: City, of_bureau: Mapping[str, SheetValues], schools: Mapping[str, Mapping[str, SheetValues]]
) -> Settings:
    settings = Settings(home=home, city_dir=CITY_DIR)
    before = {code: sheets for code, sheets in SCHOOLS.items() if code != "H4"}
    first = {"889900": bureau(roster(H1, H2, H3), 60, 16), **before}
    pour(settings, city, {2031: first, 2032: {"889900": of_bureau, **schools}})
    return settings


def told(database: duckdb.DuckDBPyConnection) -> Told:
    """What the city's comparisons found in 2032, without last year's, as it is published."""
    return database.execute(f"select rule_id, sheet, cell, message from quality.finding where {BY_THE_CITY}").fetchall()


def told_by_intake(
    home: Path, city: City, of_bureau: Mapping[str, SheetValues], schools: Mapping[str, Mapping[str, SheetValues]]
) -> Told:
    """The same after intake alone, which finds all of it: no model is built, nothing is published."""
    settings = poured(home, city, of_bureau, schools)
    taken = ingest(settings, city, YEARS)
    assert taken.rejected == 0, taken.findings
    return select(
        settings,
        "select rule_id, sheet, cell, message from registry.finding inner join registry.submission"
        f" using (submission_id) where is_current and {BY_THE_CITY}",
    ).rows()


def coverage(database: duckdb.DuckDBPyConnection, scope: str = "every") -> str:
    (text,) = database.execute(
        "select coverage from core.fct_coverage where report_year = 2032 and scope_code = ?", [scope]
    ).fetchone()
    return text


def region(database: duckdb.DuckDBPyConnection, indicator: str, scope: str = "every") -> tuple:
    return database.execute(
        "select cast(value as bigint), status, n_expected, n_reported from core.fct_indicator_value"
        " where report_year = 2032 and subject_kind = 'region' and scope_code = ? and indicator_code = ?",
        [scope, indicator],
    ).fetchone()


def test_where_all_agree_nobody_is_told_anything(in_order):
    assert told(in_order) == []
    assert coverage(in_order) == "4/4 所学校、100.0% 的在校生"


def test_a_registered_school_that_the_roster_lacks_is_one_finding_that_says_what_it_moves(city, tmp_path):
    of_bureau = bureau(roster(H1, H3, H4), 65, 18)
    database = play(tmp_path / "published", city, of_bureau, SCHOOLS)
    ((rule, sheet, cell, message),) = told(database)
    assert told(database) == told_by_intake(tmp_path / "intake", city, of_bureau, SCHOOLS)
    assert (rule, sheet, cell) == ("city.school_not_listed", "学校名册", "A9")
    assert "“长河市春晖职业学校”（H2）" in message
    assert "登记 4 所，名册只列 3 所" in message
    assert "全日制在校生 420 人" in message
    assert "教育局的 5 个合计数因此与各校之和不一致" in message
    # counted as registered, with none of its numbers, in the scopes that its last roster gives it
    assert coverage(database) == "3/4 所学校、48.1% 的在校生"
    assert coverage(database, "education").startswith("2/3 所学校")
    assert region(database, "students_full_time") == (390, "incomplete", 4, 3)
    assert region(database, "schools") == (3, "incomplete", 4, 3)
    assert region(database, "schools_private") == (0, "incomplete", 4, 3)
    assert [school.name for school in unlisted_schools(database, city.code, 2032)] == ["长河市春晖职业学校"]
    assert database.execute(
        "select school_name, students_full_time, status from report.table_1_2_1"
        " where report_year = 2032 and status <> 'ok' order by row_number"
    ).fetchall() == [("长河市春晖职业学校", None, "missing"), ("合计", 390, "incomplete")]


def test_a_sum_that_is_wrong_without_the_absent_school_too_is_told_by_itself(city, tmp_path):
    found = told_by_intake(tmp_path, city, bureau(roster(H1, H3, H4), 65, 17), SCHOOLS)
    assert [rule for rule, *_ in found] == ["city.school_not_listed", "city.special_funds_match"]


@pytest.mark.deep
def test_a_school_that_has_not_reported_explains_sums_that_are_too_small_and_no_others(city, tmp_path):
    silent = {code: sheets for code, sheets in SCHOOLS.items() if code != "H2"}
    ((rule, _, cell, message),) = told_by_intake(tmp_path / "less", city, WHOLE, silent)
    assert (rule, cell) == ("city.school_not_reported", "A7")
    assert "“长河市春晖职业学校”（H2）还没有有效报送" in message
    assert "5 个合计数" in message
    # the others alone have more than the bureau says: no absent school explains that
    too_much = told_by_intake(tmp_path / "more", city, bureau(roster(H1, H2, H3, H4), 65, 3), silent)
    assert [rule for rule, *_ in too_much] == ["city.school_not_reported", "city.special_funds_match"]


def test_a_name_that_differs_from_the_registers_is_told_and_spelling_is_not(city, tmp_path):
    renamed = roster(H1, ("H2", "长河市春晖中等专业学校", *H2[2:]), ("H3", "长河市 高级技工学校", *H3[2:]), H4)
    ((rule, _, cell, message),) = told_by_intake(tmp_path, city, {**WHOLE, "roster": renamed}, SCHOOLS)
    assert (rule, cell) == ("city.roster_name_agrees", "B7")
    assert "“长河市春晖中等专业学校”" in message
    assert "“长河市春晖职业学校”" in message


@pytest.mark.parametrize(
    ("listed", "profile", "message"),
    [
        (("H2", H2[1], "vocational", "public"), {}, "“长河市春晖职业学校”的学校性质是“公办”，上年名册是“民办”"),
        (("H2", H2[1], "vocational", "public"), {"ownership": "private"}, "该校“学校概况”表是“民办”"),
        (("H2", H2[1], "vocational", "public"), {"ownership": "public"}, None),
        (("H2", H2[1], "adult_secondary", "private"), {}, None),
        (("H2", H2[1], "ordinary_technician", "private"), {}, "学校类别是“普通技工学校”，上年名册是“中等职业学校”"),
    ],
)
def test_what_a_school_is_differs_from_what_is_known_of_it(city, tmp_path, listed, profile, message):
    """The register and the school's own profile say it first, last year's roster where they are silent."""
    own = {**SCHOOLS["H2"]}
    own["profile"] = form(**own["profile"].records[0], **profile)
    given = {**WHOLE, "roster": roster(H1, listed, H3, H4)}
    found = told_by_intake(tmp_path, city, given, {**SCHOOLS, "H2": own})
    assert [message in each[3] for each in found] == ([True] if message else [])


def test_the_register_may_say_what_a_school_is(city, tmp_path):
    given = {**WHOLE, "roster": roster(("H1", H1[1], "vocational_high", "private"), H2, H3, H4)}
    ((rule, _, cell, message),) = told_by_intake(tmp_path, city, given, SCHOOLS)
    assert (rule, cell) == ("city.roster_ownership_agrees", "E6")
    assert "填报单位登记是“公办”" in message


def test_a_scope_that_leaves_out_technician_schools_leaves_out_every_kind_of_them(in_order):
    assert region(in_order, "schools", "education") == (3, "ok", 3, 3)
    assert region(in_order, "schools_technician") == (1, "ok", 4, 4)


def test_a_school_without_graduates_is_complete_and_its_rates_do_not_apply(city, tmp_path):
    new = {**SCHOOLS["H4"], "outcomes": SheetValues(status="none")}
    database = play(tmp_path, city, WHOLE, {**SCHOOLS, "H4": new})
    assert region(database, "graduates") == (270, "ok", 4, 4)
    assert region(database, "placed") == (240, "ok", 4, 4)
    assert region(database, "placement_rate")[1:] == ("ok", 4, 4)
    own = database.execute(
        "select value, status from core.fct_indicator_value where report_year = 2032 and subject_code = 'H4'"
        " and indicator_code = 'placement_rate'"
    ).fetchone()
    assert own == (None, "not_applicable")
    comparability = database.execute(
        "select comparability from core.fct_indicator_change where report_year = 2032 and subject_kind = 'region'"
        " and indicator_code in ('placed', 'placement_rate')"
    ).fetchall()
    assert comparability == [("comparable",), ("comparable",)]


@pytest.mark.deep
def test_a_kind_of_school_is_held_against_the_standards_of_its_own_kind(in_order):
    judged = in_order.execute(
        "select distinct subject_code, edition from core.fct_standard where report_year = 2032"
        " and subject_kind = 'school' order by all"
    ).fetchall()
    # a vocational high school like every vocational one, a senior technician school by its own, 特殊教育 by none
    assert judged == [
        ("H1", "conditions_2022"),
        ("H1", "setting_2010"),
        ("H2", "conditions_2022"),
        ("H2", "setting_2010"),
        ("H3", "conditions_2022"),
    ]


@pytest.mark.parametrize(("of_second", "refused"), [(12_000, False), (13_000, True)])
def test_the_sites_of_a_school_add_up_to_its_campus(city, of_second, refused):
    respondent, year = city.respondent_by_code["H1"], 2032
    sites = [
        {"site_name": name, "site_address": "学府路", "site_campus_area": area}
        for name, area in (("东校区", 30_000), ("西校区", of_second))
    ]
    sheets = {contract.name: SheetValues(status="unavailable") for contract in contracts_for(city.pack, "school", year)}
    sheets |= {"sites": SheetValues(records=sites), "conditions": SheetValues("partial", [{"campus_area": 42_000}])}
    checked = check_workbook(build_workbook(city, respondent, year, sheets), "甲.xlsx", city, Limits())
    found = [f for f in checked.open_findings if f.rule_id.startswith("cross.sites")]
    assert [(f.rule_id, f.severity) for f in found] == [("cross.sites_add_up_to_campus_area", "error")] * refused


def test_a_school_with_one_site_leaves_the_sheet_of_sites_as_it_is(city):
    sheets = {contract.name: SheetValues(status="unavailable") for contract in contracts_for(city.pack, "school", 2032)}
    untouched = {name: values for name, values in sheets.items() if name != "sites"}
    workbook = build_workbook(city, city.respondent_by_code["H1"], 2032, untouched)
    checked = check_workbook(workbook, "甲.xlsx", city, Limits())
    assert [f.message for f in checked.open_findings if f.address.sheet == "校区"] == []
