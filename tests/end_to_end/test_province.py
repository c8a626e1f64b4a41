"""A province that is configuration only: two cities, one with two counties, calculated by hand at every level.

Its counties: one with a bureau of its own, whose school sends nothing in the second year, and one without.
"""

import json
import shutil
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import docx
import duckdb
import pytest
from typer.testing import CliRunner

from orchestration.cli.main import app
from sources.declarations.city import City, load_city
from sources.system.settings import Settings
from sources.write.sheet_values import SheetValues
from tests.conftest import ingest, run_all, select
from tests.support.conditions import unconditioned
from tests.support.small_books import Submissions, form, outcomes, pour, roster, school, scope_choice
from tests.support.word import opened
from warehouse.catalogue.catalogue import load_catalogue
from warehouse.figures.fact import Reference
from warehouse.figures.lineage import Lineage
from warehouse.figures.recompute import recompute
from warehouse.figures.year_figures import load_figures
from warehouse.release.data.extract import write_extract
from warehouse.release.documents.write_documents import write_documents
from warehouse.release.draft import write_draft
from warehouse.release.site.indicator_page import indicator_page
from warehouse.release.site.site_facts import load_site_facts
from warehouse.store.connection import open_published
from warehouse.store.ddl import PUBLIC_SCHEMAS

CITY_DIR = Path(__file__).parents[1] / "cities" / "small_province"
YEARS = (2030, 2031)
PROVINCE, CITY_A, COUNTY, COUNTY_WITHOUT_BUREAU, CITY_B = "990000", "990100", "990101", "990102", "990200"


def senior_high(students: int) -> SheetValues:
    return form(senior_high_schools=1, senior_high_students=students, senior_high_intake=students // 10)


def partners(*names: str) -> SheetValues:
    return SheetValues(records=[{"enterprise_name": name} for name in names])


def aid(recipients: int) -> SheetValues:
    amount = Decimal(1000 * recipients)
    return SheetValues(records=[{"programme": "national_grant", "recipients": recipients, "amount": amount}])


def aid_totals(recipients: int) -> SheetValues:
    amount = Decimal(1000 * recipients)
    records = [{"programme": "national_grant", "total_recipients": recipients, "total_amount": amount}]
    return SheetValues(records=records)


def awards(**of_year: int) -> SheetValues:
    records = [
        {"contest_year": int(year[1:]), "award_level": "regional", "prize": "first", "awards": count}
        for year, count in of_year.items()
    ]
    return SheetValues(records=records)


P1 = ("P1", "小省第一职业学校", "vocational", "public")
A1 = ("A1", "甲市职业学校", "vocational", "public")
A2 = ("A2", "子县职业学校", "vocational", "private")
A3 = ("A3", "丑县技工学校", "technician", "public")
B1 = ("B1", "乙市职业学校", "vocational", "public")

SUBMISSIONS: Submissions = {
    2030: {
        PROVINCE: {"roster": roster(P1), "scope_choice": scope_choice("everything"), "senior_high": senior_high(1000)},
        CITY_A: {
            "roster": roster(A1, A3),
            "senior_high": senior_high(200),
            "aid_totals": aid_totals(3),
            "award_list": awards(y2030=3),
        },
        COUNTY: {"roster": roster(A2), "senior_high": senior_high(30)},
        CITY_B: {
            "roster": roster(B1),
            "scope_choice": scope_choice("public_only"),
            "senior_high": senior_high(100),
            "aid_totals": aid_totals(9),
            "award_list": awards(y2029=1, y2030=2),
        },
        "P1": school(500, 20, outcomes(100, 90, 50, 40, 1)),
        "A1": school(300, 10, outcomes(90, 80, 60, 15, 3), partners=partners("甲公司", "乙公司"), aid=aid(2)),
        "A2": school(100, 7, outcomes(0, 0, 0, 0, 0), aid=aid(5)),
        "A3": school(50, 3, outcomes(9, 8, 1, 7, 0), partners=partners("甲公司"), aid=aid(1)),
        "B1": school(210, 9, outcomes(30, 27, 10, 15, 0), partners=partners("甲公司", "丙公司"), aid=aid(4)),
    },
    2031: {
        PROVINCE: {"roster": roster(P1), "scope_choice": scope_choice("everything"), "senior_high": senior_high(1100)},
        CITY_A: {"roster": roster(A1, A2, A3), "senior_high": senior_high(210)},
        COUNTY: {"roster": roster(A2)},
        CITY_B: {"roster": roster(B1), "scope_choice": scope_choice("everything"), "senior_high": senior_high(110)},
        "P1": school(510, 20, outcomes(100, 90, 50, 40, 1)),
        "A1": school(330, 10, outcomes(96, 90, 64, 20, 4)),
        "A3": school(50, 3, outcomes(9, 8, 1, 7, 0)),
        "B1": school(200, 9, outcomes(30, 27, 10, 15, 0)),
    },
}


@pytest.fixture(scope="module")
def city() -> City:
    return load_city(CITY_DIR)


@pytest.fixture(scope="module")
def installation(city: City, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    settings = Settings(home=tmp_path_factory.mktemp("small_province"), city_dir=CITY_DIR)
    pour(settings, city, SUBMISSIONS)
    result = run_all(settings, city, YEARS)
    assert (result.accepted, result.rejected) == (17, 0), result.findings
    return settings


@pytest.fixture(scope="module")
def database(installation: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    connection = duckdb.connect(str(installation.published_database), read_only=True)
    yield connection
    connection.close()


def by_region(database, sql: str, *parameters) -> dict[str, tuple]:
    """Region → the other columns of its only row."""
    rows = database.execute(sql, list(parameters)).fetchall()
    assert len({code for code, *_ in rows}) == len(rows)
    return {code: tuple(row) for code, *row in rows}


def values(database, year: int, indicator: str, scope: str = "everything") -> dict[str, tuple]:
    return by_region(
        database,
        "select region_code, value, status, n_expected, n_reported from core.fct_indicator_value"
        " where report_year = ? and indicator_code = ? and scope_code = ? and subject_kind = 'region'",
        year,
        indicator,
        scope,
    )


def test_a_sum_is_the_same_sum_at_every_level(database):
    assert values(database, 2030, "students_full_time") == {
        PROVINCE: (Decimal(1160), "ok", 5, 5),
        CITY_A: (Decimal(450), "ok", 3, 3),
        COUNTY: (Decimal(100), "ok", 1, 1),
        COUNTY_WITHOUT_BUREAU: (Decimal(50), "ok", 1, 1),
        CITY_B: (Decimal(210), "ok", 1, 1),
    }
    assert values(database, 2030, "students_full_time", "public_only") == {
        PROVINCE: (Decimal(1060), "ok", 4, 4),
        CITY_A: (Decimal(350), "ok", 2, 2),
        COUNTY_WITHOUT_BUREAU: (Decimal(50), "ok", 1, 1),
        CITY_B: (Decimal(210), "ok", 1, 1),
    }


def test_a_rate_is_sum_over_sum_of_the_same_schools_at_every_level(database):
    # graduates of 2030: P1 100, A1 90, A2 0, A3 9, B1 30; of those going on to further study 50, 60, 0, 1, 10
    assert values(database, 2030, "further_study_rate") == {
        PROVINCE: (Decimal("52.838427947598"), "ok", 5, 5),  # 121 / 229
        CITY_A: (Decimal("61.616161616161"), "ok", 3, 3),  # 61 / 99
        COUNTY: (None, "not_applicable", 1, 1),
        COUNTY_WITHOUT_BUREAU: (Decimal("11.111111111111"), "ok", 1, 1),
        CITY_B: (Decimal("33.333333333333"), "ok", 1, 1),
    }


def test_what_is_counted_once_is_counted_once_across_cities(database):
    counts = values(database, 2030, "partner_enterprises")
    assert {code: value for code, (value, *_) in counts.items()} == {
        PROVINCE: Decimal(3),  # 甲, 乙 and 丙, not 2 + 1 + 2
        CITY_A: Decimal(2),
        COUNTY: None,
        COUNTY_WITHOUT_BUREAU: Decimal(1),
        CITY_B: Decimal(2),
    }


def test_what_bureaus_report_adds_up_and_a_region_without_a_bureau_has_none(database):
    assert values(database, 2030, "senior_high_students") == {
        PROVINCE: (Decimal(1330), "ok", 4, 4),
        CITY_A: (Decimal(230), "ok", 2, 2),
        COUNTY: (Decimal(30), "ok", 1, 1),
        COUNTY_WITHOUT_BUREAU: (None, "unavailable", 0, 0),
        CITY_B: (Decimal(100), "ok", 1, 1),
    }


def test_what_a_bureau_leaves_out_is_missing_from_its_own_region_and_those_above(database):
    assert values(database, 2031, "senior_high_students") == {
        PROVINCE: (Decimal(1420), "incomplete", 4, 3),
        CITY_A: (Decimal(210), "incomplete", 2, 1),
        COUNTY: (None, "missing", 1, 0),
        COUNTY_WITHOUT_BUREAU: (None, "unavailable", 0, 0),
        CITY_B: (Decimal(110), "ok", 1, 1),
    }


def test_a_silent_school_makes_only_its_own_regions_incomplete(database):
    assert values(database, 2031, "students_full_time") == {
        PROVINCE: (Decimal(1090), "incomplete", 5, 4),
        CITY_A: (Decimal(380), "incomplete", 3, 2),
        COUNTY: (None, "missing", 1, 0),
        COUNTY_WITHOUT_BUREAU: (Decimal(50), "ok", 1, 1),
        CITY_B: (Decimal(200), "ok", 1, 1),
    }
    # 20 students fewer than last year's 100 of the silent school: (1090) / (1090 + 100), (380) / (380 + 100)
    coverage = by_region(
        database,
        "select region_code, coverage from core.fct_coverage where report_year = 2031 and scope_code = 'everything'",
    )
    assert coverage == {
        PROVINCE: ("4/5 所学校、91.6% 的在校生",),
        CITY_A: ("2/3 所学校、79.2% 的在校生",),
        COUNTY: ("0/1 所学校、0.0% 的在校生",),
        COUNTY_WITHOUT_BUREAU: ("1/1 所学校、100.0% 的在校生",),
        CITY_B: ("1/1 所学校、100.0% 的在校生",),
    }


def test_a_region_takes_its_own_bureaus_scope_or_that_of_the_region_above(database):
    chosen = by_region(
        database,
        "select region_code, scope_code from core.dim_scope_choice where report_year = 2030 and topic = 'scale'",
    )
    above = ("everything",)
    assert chosen == {PROVINCE: above, CITY_A: above, COUNTY: above, COUNTY_WITHOUT_BUREAU: above} | {
        CITY_B: ("public_only",)
    }


def test_a_change_is_marked_where_the_regions_own_scope_changed(database):
    changes = by_region(
        database,
        "select region_code, change_display, comparability from core.fct_indicator_change"
        " where report_year = 2031 and subject_kind = 'region' and indicator_code = 'students_full_time'",
    )
    assert changes == {
        PROVINCE: ("70↓", "incomplete"),
        CITY_A: ("70↓", "incomplete"),
        COUNTY: (None, "not_verifiable"),
        COUNTY_WITHOUT_BUREAU: ("持平", "comparable"),
        CITY_B: (None, "scope_break"),
    }


def test_no_number_stands_without_its_condition(database):
    assert unconditioned(database) == []


def test_every_region_has_its_own_table_of_schools(database):
    def schools(region: str) -> list[tuple]:
        return database.execute(
            "select row_number, school_name, students_full_time, status from report.table_1_2_1"
            " where report_year = 2031 and region_code = ? order by row_number",
            [region],
        ).fetchall()

    assert schools(PROVINCE) == [
        (1, "小省第一职业学校", 510, "ok"),
        (2, "甲市职业学校", 330, "ok"),
        (3, "子县职业学校", None, "missing"),
        (4, "丑县技工学校", 50, "ok"),
        (5, "乙市职业学校", 200, "ok"),
        (6, "合计", 1090, "incomplete"),
    ]
    assert schools(CITY_A) == [
        (1, "甲市职业学校", 330, "ok"),
        (2, "子县职业学校", None, "missing"),
        (3, "丑县技工学校", 50, "ok"),
        (4, "合计", 380, "incomplete"),
    ]
    assert schools(COUNTY_WITHOUT_BUREAU) == [(1, "丑县技工学校", 50, "ok"), (2, "合计", 50, "ok")]


def test_every_region_has_its_own_comparison_and_its_own_series_of_years(database):
    lines = by_region(
        database,
        "select region_code, previous_display, current_display, scope_label, coverage from report.table_2_4"
        " where report_year = 2031 and indicator_code = 'further_study_rate'",
    )
    # 2031: 50 + 64 + 1 + 10 of 100 + 96 + 9 + 30
    assert lines[PROVINCE] == ("52.84", "53.19", "全部学校", "4/5 所学校、91.6% 的在校生")
    assert lines[CITY_B] == ("33.33", "33.33", "全部学校", "1/1 所学校、100.0% 的在校生")
    awarded = database.execute(
        "select region_code, year, official_awards_regional, status from report.table_2_6_1"
        " where report_year = 2030 and region_code in (?, ?) order by all",
        [PROVINCE, CITY_B],
    ).fetchall()
    assert awarded == [
        (PROVINCE, 2029, 1, "incomplete"),
        (PROVINCE, 2030, 5, "incomplete"),
        (CITY_B, 2029, 1, "ok"),
        (CITY_B, 2030, 2, "ok"),
    ]


def test_a_bureau_is_compared_with_the_schools_that_it_lists(database):
    # 甲市's office has A1 + A3 = 3; A2 is its county's affair. 乙市's has 9, its school 4.
    found = database.execute(
        "select respondent_code, region_code, message from quality.finding where rule_id = 'city.aid_matches_office'"
    ).fetchall()
    assert [(code, region) for code, region, _ in found] == [(CITY_B, CITY_B)]
    assert "4 人次" in found[0][2]
    assert "9 人次" in found[0][2]


def test_a_school_on_two_rosters_is_its_narrower_bureaus_and_both_are_told(database):
    told = database.execute(
        "select report_year, respondent_code from quality.finding"
        " where rule_id = 'city.school_listed_once' order by all"
    ).fetchall()
    assert told == [(2031, CITY_A), (2031, COUNTY)]
    bureau = database.execute("select bureau_code from core.dim_school where report_year = 2031 and school_code = 'A2'")
    assert bureau.fetchall() == [(COUNTY,)]


def test_a_school_knows_the_regions_that_it_lies_in(database):
    row = database.execute(
        "select region_code, county_name, city_name, province_name, bureau_code from core.dim_school"
        " where report_year = 2030 and school_code = 'A3'"
    ).fetchone()
    assert row == (COUNTY_WITHOUT_BUREAU, "丑县", "甲市", "小省", CITY_A)


# the schools of a region, the bureaus that list them, and the bureaus of the region itself
SPEAKERS = """
select school_code, bureau_code from core.dim_school
inner join core.brg_region_school as regions using (report_year, school_code) where regions.region_code = ?
union
select code, code from reference.respondent
inner join reference.region_path using (region_code) where kind = 'bureau' and ancestor_code = ?
"""


@pytest.mark.parametrize("region", [PROVINCE, CITY_A, COUNTY, COUNTY_WITHOUT_BUREAU, CITY_B])
def test_every_value_of_every_region_comes_from_cells_of_its_own(database, region):
    lineage = Lineage(database, load_catalogue(load_city(CITY_DIR).pack))
    speakers = {code for pair in database.execute(SPEAKERS, [region, region]).fetchall() for code in pair}
    rows = database.execute(
        "select indicator_code, report_year, subject_code, scope_code, display from core.fct_indicator_value"
        " where subject_code = ? and value is not null",
        [region],
    ).fetchall()
    assert len(rows) > 30
    for *key, display in rows:
        trace = lineage.trace(Reference(*key))
        assert recompute(trace, load_catalogue(load_city(CITY_DIR).pack)) == display, key
        assert {source.respondent_code for source in trace.sources} <= speakers


def test_the_figures_of_a_document_are_those_of_its_region(database):
    figures = load_figures(database, load_catalogue(load_city(CITY_DIR).pack), 2030, CITY_A)
    assert (figures.city_name, figures.bureau_name) == ("甲市", "甲市教育局")
    assert [school.code for school in figures.schools] == ["A1", "A2", "A3"]
    assert figures.members["everything"] == {"A1", "A2", "A3"}
    assert {change.current.subject for change in figures.changes.values()} == {CITY_A}
    assert {reference.subject for reference in figures.facts} == {CITY_A, "A1", "A2", "A3"}
    assert figures.coverage[2031, "everything"].schools_reported == 2


def text_of(path: Path) -> str:
    """All that stands in a Word file's body and tables."""
    return "\n".join(
        part.text or "" for part in docx.Document(str(path)).element.body.iter() if part.tag.endswith("}t")
    )


def test_each_region_has_its_own_report(command, database, tmp_path):
    told = command("documents", "--year", "2030", "--region", CITY_A)
    paths = [Path(path) for path in told["paths"]]
    assert [path.suffix for path in paths] == [".xlsx", ".docx", ".pdf", ".xlsx", ".docx"]
    assert {path.parent.name for path in paths} == {f"2030-{CITY_A}"}
    of_city = text_of(paths[1])
    assert "2030年，甲市各中等职业学校" in of_city
    assert "全市有中等职业学校" in of_city
    assert "全省" not in of_city
    assert {name for _, name, *_ in (A1, A2) if name in of_city} == {A1[1], A2[1]}
    assert not {name for _, name, *_ in (P1, B1) if name in of_city}
    made = write_documents(
        load_figures(database, load_catalogue(load_city(CITY_DIR).pack), 2030, PROVINCE),
        tmp_path,
        date(2031, 1, 1),
        "草稿",
    )
    of_province = text_of(made.paths[1])
    assert "2030年，小省各中等职业学校" in of_province
    assert "全省有中等职业学校" in of_province
    assert {name for _, name, *_ in (P1, A1, B1) if name in of_province} == {P1[1], A1[1], B1[1]}
    assert command("documents", "--year", "2030", "--region", "990900", exit_code=2)


def everything_in(path: Path) -> tuple[set[str], str]:
    """The tables of a database file, and all that stands in them as one text."""
    with duckdb.connect(str(path), read_only=True) as connection:
        names = [
            f'{schema}."{name}"'
            for schema, name in connection.execute("select schema_name, table_name from duckdb_tables()").fetchall()
        ]
        texts = [str(connection.execute(f"select * from {name}").fetchall()) for name in names]
    return set(names), "\n".join(texts)


def test_each_bureau_sees_its_own_and_nothing_else(installation, database, tmp_path):
    done = write_extract(installation, CITY_A, tmp_path / "a.duckdb")
    published = database.execute(
        "select schema_name || '.\"' || table_name || '\"' from duckdb_tables() where list_contains(?, schema_name)",
        [list(PUBLIC_SCHEMAS)],
    ).fetchall()
    tables, text = everything_in(done.path)
    assert tables == {name for (name,) in published}
    for own in ("A1", "A2", "A3", "甲市职业学校", "甲市教育局", "子县教育局"):
        assert own in text
    for other in ("'P1'", "'B1'", "小省第一", "乙市", "990200", "小省教育厅", "丙公司"):
        assert other not in text, other
    for other in ("小省第一", "乙市", "990200", "小省教育厅", "丙公司"):
        assert other.encode() not in done.path.read_bytes(), other
    assert done.rows["core.dim_school"] == 6
    assert sum(done.rows.values()) < sum(write_extract(installation, PROVINCE, tmp_path / "p.duckdb").rows.values())


def test_an_extract_keeps_the_words_about_its_tables(installation, database, tmp_path):
    path = write_extract(installation, COUNTY, tmp_path / "county.duckdb").path
    sql = (
        "select schema_name, table_name, column_name, comment from duckdb_columns()"
        f" where schema_name in {PUBLIC_SCHEMAS} order by all"
    )
    with duckdb.connect(str(path), read_only=True) as connection:
        assert connection.execute(sql).fetchall() == database.execute(sql).fetchall()


@pytest.fixture
def command(installation: Settings, monkeypatch: pytest.MonkeyPatch):
    """A command of the province's installation: its output as JSON."""
    monkeypatch.setenv("NIANBAO_HOME", str(installation.home))
    monkeypatch.setenv("NIANBAO_CITY", str(CITY_DIR))

    def run(*words: str, exit_code: int = 0):
        result = CliRunner().invoke(app, [*words, "--json"])
        assert result.exit_code == exit_code, result.output
        return json.loads(result.stdout) if exit_code != 2 else result.output

    return run


def test_commands_take_a_region(command, tmp_path):
    title = command("table", "2.4", "--year", "2031", "--region", CITY_B)["title"]
    assert "乙市" in title
    register = command("status", "--year", "2030", "--region", CITY_A)
    assert [row["respondent_code"] for row in register["register"]] == ["A1", "A2", "A3", CITY_A, COUNTY]
    assert register["coverage"] == "3/3 所学校、100.0% 的在校生"
    assert {row["respondent_code"] for row in command("findings", "--year", "2030", "--region", CITY_B)} <= {
        "B1",
        CITY_B,
    }
    traced = command("trace", "students_full_time", "--year", "2030", "--region", COUNTY)
    assert traced["display"] == "100"
    assert command("extract", "--region", CITY_B, "--to", str(tmp_path / "b.duckdb"))["region_name"] == "乙市"


def test_without_a_region_commands_speak_of_the_whole_province(command):
    assert "小省" in command("table", "2.4", "--year", "2031")["title"]
    assert len(command("status", "--year", "2030")["register"]) == 9


def test_an_unknown_region_is_told_with_those_that_there_are(command):
    assert command("table", "2.4", "--year", "2031", "--region", "990900", exit_code=2)
    assert command("extract", "--region", "990900", exit_code=2)


def test_a_bureau_may_name_schools_of_its_own_region_only(city, tmp_path):
    settings = Settings(home=tmp_path / "home", city_dir=CITY_DIR)
    pour(settings, city, {2030: {CITY_B: {"roster": roster(B1, A1)}, CITY_A: {"roster": roster(A1, A2)}}})
    result = ingest(settings, city, (2030,))
    assert (result.accepted, result.rejected) == (1, 1)
    found = select(
        settings,
        "select respondent_code, sheet, value, fix from registry.finding"
        " inner join registry.submission using (submission_id) where rule_id = 'value.school_elsewhere'",
    )
    assert [row[:3] for row in found.rows()] == [(CITY_B, "学校名册", "A1")]


# The site


def test_the_site_shows_the_parts_of_a_region_as_tiles(database, city):
    catalogue = load_catalogue(city.pack)
    chapter, indicator = next(
        (chapter, indicator)
        for chapter in catalogue.chapters
        for indicator in chapter.indicators
        if indicator.code == "students_full_time"
    )

    def tiles(region: str | None) -> list[tuple[str, str, int]]:
        facts = load_site_facts(database, load_figures(database, catalogue, 2030, region), "Asia/Shanghai")
        return [
            (tile.name, tile.text, tile.shade) for tile in indicator_page(facts, chapter, indicator).content["tiles"]
        ]

    assert tiles(None) == [("甲市", "450", 3), ("乙市", "210", 1)]
    assert tiles(CITY_A) == [("子县", "100", 3), ("丑县", "50", 1)]
    assert tiles(CITY_B) == [], "one part alone is not held against anything"


# Words of its own


def test_a_region_prints_its_own_words_with_its_own_numbers(installation, city, tmp_path, monkeypatch):
    """The province's words stand in the province's report, a city's in the city's, by the same edition."""
    city_dir = shutil.copytree(CITY_DIR, tmp_path / "city")
    narrative = city_dir / "narrative" / "2031"
    (narrative / "regions" / CITY_A).mkdir(parents=True)
    (narrative / "regions" / "999999").mkdir()
    said = "有全日制在校生{{全日制在校生人数}}，各校都看得见成效。"
    (narrative / "办学定位.md").write_text(f"全省这样写：{said}", encoding="utf-8")
    (narrative / "regions" / CITY_A / "办学定位.md").write_text(f"甲市这样写：{said}", encoding="utf-8")
    monkeypatch.setenv("NIANBAO_HOME", str(installation.home))
    monkeypatch.setenv("NIANBAO_CITY", str(city_dir))
    settings = Settings(home=tmp_path / "home", city_dir=city_dir)
    sums = {code: values_of(installation, code) for code in (PROVINCE, CITY_A)}
    with open_published(installation) as connection:
        for region, called, other in ((PROVINCE, "全省", "甲市"), (CITY_A, "甲市", "全省")):
            draft = write_draft(connection, settings, city, load_catalogue(city.pack), 2031, region)
            (word,) = (path for path in draft.paths if path.suffix == ".docx" and "撰写" not in path.name)
            text = "".join(paragraph.text for paragraph in opened(word).paragraphs)
            assert f"{called}这样写：有全日制在校生{sums[region]}人" in text
            assert f"{other}这样写" not in text
    asked = CliRunner().invoke(app, ["narrative", "2031", "--region", CITY_A, "--json"])
    found = json.loads(asked.stdout)
    assert [row["heading"] for row in found["sections"] if row["state"] == "太短"] == ["办学定位"]
    (line,) = json.loads(CliRunner().invoke(app, ["narrative", "2031", "--json"]).stdout)["strange"]
    assert "999999" in line
    assert "行政区划代码" in line


def values_of(installation: Settings, region: str) -> str:
    with open_published(installation) as connection:
        (value,) = connection.execute(
            "select display from core.fct_indicator_value where report_year = 2031 and subject_code = ?"
            " and indicator_code = 'students_full_time' and scope_code = 'everything'",
            [region],
        ).fetchone()
    return value
