"""The past keeps its words: two years of a made-up province, and in the second one change of every kind.

What was printed of the first year stays, in tables, releases and rebuilt databases; the second year is told by its own
names, and what changed is said.
"""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb
import pytest
import yaml

from sources.archive.archive import archived_acceptances, declarations_file
from sources.check_workbook import check_workbook
from sources.declarations.city import City, load_city
from sources.declarations.pack import NEUTRAL, Pack
from sources.system.seal import SEAL
from sources.system.settings import Limits, Settings
from sources.write.template import build_workbook
from tests.conftest import ingest, run_all
from tests.support.confirmed import confirm_and_release
from tests.support.sample import PACK
from tests.support.small_books import Submissions, form, outcomes, pour, roster, school, scope_choice
from tests.support.word import opened
from warehouse.catalogue.catalogue import load_catalogue
from warehouse.figures.year_figures import load_figures
from warehouse.intake.lost import PastChangedError, VersionsLostError
from warehouse.release.documents.write_documents import write_documents
from warehouse.release.verify import verify
from warehouse.run.rebuild import rebuilding
from warehouse.store.connection import open_published
from warehouse.store.ddl import PUBLIC_SCHEMAS

CITY_DIR = Path(__file__).parents[1] / "cities" / "small_province"
PAST, NOW = 2030, 2031
PROVINCE, CITY_A, COUNTY, CITY_B = "990000", "990100", "990101", "990200"
ONE_OF_EVERY_KIND = f"""
changes:
  - {{kind: rename, code: A1, name: 甲市工业学校, since: {NOW}}}
  - {{kind: rename_region, region: "{COUNTY}", name: 子区, since: {NOW}}}
  - {{kind: reword, scope: public_only, label: 公办院校, since: {NOW}}}
  - {{kind: move, code: A3, region: "{COUNTY}", since: {NOW}}}
  - {{kind: recode, code: B1, new_code: B9, since: {NOW}}}
  - {{kind: merge, code: A2, into: A1, since: {NOW}}}
  - {{kind: split, code: P1, into: [P1, P2], since: {NOW}}}
  - {{kind: close, code: A5, since: {NOW}}}
  - {{kind: found, code: A4, since: {NOW}}}
"""


def of(code: str, name: str, category: str = "vocational", ownership: str = "public") -> tuple[str, str, str, str]:
    return code, name, category, ownership


def bureau(*schools: tuple[str, str, str, str]) -> dict:
    return {
        "roster": roster(*schools),
        "scope_choice": scope_choice("public_only"),
        "senior_high": form(senior_high_schools=1, senior_high_students=100, senior_high_intake=30),
    }


FIRST: Submissions = {
    PAST: {
        PROVINCE: bureau(of("P1", "小省第一职业学校")),
        CITY_A: bureau(of("A1", "甲市职业学校"), of("A3", "丑县技工学校", "technician")),
        COUNTY: bureau(of("A2", "子县职业学校", ownership="private")),
        CITY_B: bureau(of("B1", "乙市职业学校"), of("A5", "乙市第五职业学校")),
        **{code: school(300, 10, outcomes(90, 80, 60, 15, 3)) for code in ("P1", "A1", "A2", "A3", "A5", "B1")},
    }
}
SECOND: Submissions = {
    NOW: {
        PROVINCE: bureau(of("P1", "小省第一职业学校"), of("P2", "小省第二职业学校")),
        CITY_A: bureau(of("A1", "甲市工业学校"), of("A4", "丑县第四职业学校")),
        COUNTY: bureau(of("A3", "丑县技工学校", "technician")),
        CITY_B: bureau(of("B1", "乙市职业学校", ownership="private")),
        **{code: school(310, 11, outcomes(90, 80, 60, 15, 3)) for code in ("P1", "P2", "A1", "A3", "A4", "B1")},
    }
}


@dataclass(frozen=True)
class Installed:
    """An installation that has run its first year, and released it."""

    settings: Settings

    @property
    def city(self) -> City:
        load_city.cache_clear()
        return load_city(self.settings.city_dir)

    def copied(self, folder: Path) -> "Installed":
        shutil.copytree(self.settings.home, folder / "home")
        shutil.copytree(self.settings.city_dir, folder / "city")
        return Installed(Settings(home=folder / "home", city_dir=folder / "city"))

    def edited(self, file: str, right: str, wrong: str) -> City:
        path = self.settings.city_dir / file
        text = path.read_text("utf-8") if path.exists() else ""
        assert right in text
        path.write_text(text.replace(right, wrong, 1), "utf-8")
        return self.city

    def past(self) -> dict[str, list[tuple]]:
        """Every row of the past year, of every published table that has a report year, but for its release since."""
        with duckdb.connect(str(self.settings.published_database), read_only=True) as connection:
            tables = connection.execute(
                "select schema_name || '.\"' || table_name || '\"' from duckdb_columns()"
                " where column_name = 'report_year' and list_contains(?, schema_name)"
                " and table_name <> 'dim_release' order by all",
                [list(PUBLIC_SCHEMAS)],
            ).fetchall()
            times = ("decided_at", "release")
            return {
                name: connection.execute(
                    f"select columns(each -> each not in {(*times, '')}) from {name}"
                    f" where report_year = {PAST} order by all"
                ).fetchall()
                for (name,) in tables
            }


@pytest.fixture(scope="module")
def first_year(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    folder = tmp_path_factory.mktemp("past")
    city_dir = folder / "city"
    shutil.copytree(CITY_DIR, city_dir)
    (city_dir / "city.yml").write_text('code: "990000"\nname: 小省\npack: "450000"\n', "utf-8")
    respondents = yaml.safe_load((city_dir / "respondents.yml").read_text("utf-8"))["respondents"]
    respondents.append({"code": "A5", "name": "乙市第五职业学校", "kind": "school", "region": CITY_B})
    (city_dir / "respondents.yml").write_text(yaml.safe_dump({"respondents": respondents}, allow_unicode=True))
    installed = Installed(Settings(home=folder / "home", city_dir=city_dir))
    pour(installed.settings, installed.city, FIRST)
    taken = run_all(installed.settings, installed.city, (PAST,))
    assert (taken.accepted, taken.rejected) == (10, 0), [each.message for each in taken.findings if each.is_error]
    done = confirm_and_release(installed.settings, installed.city, PAST)
    assert done.manifest.judged_by
    return installed


@pytest.fixture(scope="module")
def changed(first_year: Installed, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """The second year has run, with one change of every kind."""
    installed = first_year.copied(tmp_path_factory.mktemp("changed"))
    settings = installed.settings
    respondents = yaml.safe_load((settings.city_dir / "respondents.yml").read_text("utf-8"))["respondents"]
    respondents += [
        {"code": "P2", "name": "小省第二职业学校", "kind": "school"},
        {"code": "A4", "name": "丑县第四职业学校", "kind": "school", "region": "990102"},
    ]
    (settings.city_dir / "respondents.yml").write_text(yaml.safe_dump({"respondents": respondents}, allow_unicode=True))
    (settings.city_dir / "changes.yml").write_text(ONE_OF_EVERY_KIND, "utf-8")
    pour(settings, installed.city, SECOND)
    taken = run_all(settings, installed.city, (PAST, NOW))
    assert (taken.accepted, taken.rejected) == (10, 0), [each.message for each in taken.findings if each.is_error]
    return installed


@pytest.fixture(scope="module")
def database(changed: Installed) -> Iterator[duckdb.DuckDBPyConnection]:
    connection = duckdb.connect(str(changed.settings.published_database), read_only=True)
    yield connection
    connection.close()


def test_the_second_years_run_leaves_every_row_of_the_first(first_year, changed):
    assert changed.past() == first_year.past()


def test_a_run_after_the_release_tells_the_rows_in_which_version_they_stand(first_year, database):
    named = "select distinct report_year, release from marts.scale order by all"
    assert database.execute(named).fetchall() == [(PAST, f"{PAST}.1"), (NOW, None)]
    with duckdb.connect(str(first_year.settings.published_database), read_only=True) as before:
        assert before.execute(named).fetchall() == [(PAST, None)]


@pytest.mark.deep
def test_a_rebuild_leaves_every_row_of_the_first_year(first_year, changed, tmp_path):
    installed = changed.copied(tmp_path)
    with rebuilding(installed.settings, PACK):
        taken = run_all(installed.settings, installed.city, (PAST, NOW))
    assert (taken.accepted, taken.rejected) == (20, 0)
    assert installed.past() == first_year.past()


@pytest.mark.deep
def test_the_first_years_release_is_equal_after_all_changes(changed):
    found = verify(changed.settings, changed.city, load_catalogue(PACK), f"{PAST}.1")
    assert (found.differing, found.missing, found.added, found.damaged) == ((), (), (), ())


def test_each_year_has_its_names(database):
    names = "select report_year, school_name from core.dim_school where school_code = 'A1' order by 1"
    assert database.execute(names).fetchall() == [(PAST, "甲市职业学校"), (NOW, "甲市工业学校")]
    registered = "select respondent_name from quality.register where respondent_code = 'A1' order by report_year"
    assert database.execute(registered).fetchall() == [("甲市职业学校",), ("甲市工业学校",)]


def test_each_year_has_its_districts_and_their_names(database):
    found = database.execute(
        "select report_year, school_code, region_code, county_name from core.dim_school"
        " where school_code in ('A2', 'A3') order by 1, 2"
    ).fetchall()
    assert found == [(PAST, "A2", COUNTY, "子县"), (PAST, "A3", "990102", "丑县"), (NOW, "A3", COUNTY, "子区")]


def test_each_year_has_its_label_of_a_scope(database):
    found = database.execute(
        "select distinct report_year, previous_scope_label, scope_label from report.table_2_4"
        f" where region_code = '{PROVINCE}' order by 1"
    ).fetchall()
    assert found == [(PAST, None, "公办学校"), (NOW, "公办学校", "公办院校")]


def test_ownership_is_that_of_the_years_roster(database):
    found = database.execute("select ownership from core.dim_school where school_code = 'B1' order by report_year")
    assert found.fetchall() == [("public",), ("private",)]


def test_a_school_with_a_new_code_stays_one_school(database):
    found = database.execute(
        "select report_year, has_reported from core.dim_school where school_code = 'B1' order by 1"
    ).fetchall()
    assert found == [(PAST, True), (NOW, True)]


def test_who_ended_is_expected_no_more_and_who_began_is(database):
    expected = "select list_sort(list(respondent_code)) from quality.register where report_year = ? and"
    schools = [database.execute(f"{expected} respondent_kind = 'school'", [year]).fetchone()[0] for year in (PAST, NOW)]
    assert schools == [["A1", "A2", "A3", "A5", "B1", "P1"], ["A1", "A3", "A4", "B1", "P1", "P2"]]


def test_a_school_has_its_predecessors_and_is_not_compared_with_what_it_was(database):
    bridge = "select report_year, school_code, predecessor_code, kind from core.brg_school_predecessor order by all"
    assert database.execute(bridge).fetchall() == [(NOW, "A1", "A2", "merge"), (NOW, "P2", "P1", "split")]
    changes = "select subject_code, comparability, change_value, reason is null from core.fct_indicator_change"
    found = database.execute(
        f"{changes} where report_year = ? and subject_kind = 'school' and indicator_code = 'students_full_time'"
        " order by all",
        [NOW],
    ).fetchall()
    assert found == [
        ("A1", "school_break", None, False),
        ("A3", "comparable", 10, True),
        ("A4", "not_verifiable", None, False),
        ("B1", "comparable", 10, True),
        ("P1", "school_break", None, False),
        ("P2", "not_verifiable", None, False),
    ]


def test_a_change_is_split_over_those_who_stayed_came_and_left(database):
    parts = database.execute(
        "select school_code, membership, part from core.fct_change_split where report_year = ? and region_code = ?"
        " and scope_code = 'everything' and indicator_code = 'students_full_time' order by all",
        [NOW, PROVINCE],
    ).fetchall()
    assert parts == [
        ("A1", "stayed", 10),
        ("A2", "left", -300),
        ("A3", "stayed", 10),
        ("A4", "came", 310),
        ("A5", "left", -300),
        ("B1", "stayed", 10),
        ("P1", "stayed", 10),
        ("P2", "came", 310),
    ]


def test_what_changed_is_told(database):
    told = database.execute("select distinct sequence, told from reference.change order by 1").fetchall()
    assert [words for _, words in told] == [
        "甲市职业学校2031年更名为甲市工业学校",
        "子县2031年更名为子区",
        "统计口径“公办学校”2031年起改称“公办院校”",
        "丑县技工学校2031年划归子区",
        "乙市职业学校2031年起标识码变更为B9",
        "子县职业学校2031年并入甲市工业学校",
        "小省第二职业学校2031年由小省第一职业学校分设",
        "乙市第五职业学校2031年停办",
        "丑县第四职业学校2031年新设",
    ]


# --- Files by the wrong year's names ---------------------------------------------------------------------------------


def findings(city: City, file_city: City, code: str, year: int) -> list[str]:
    """What is told of a blank workbook made by one declaration and checked by another."""
    data = build_workbook(file_city, file_city.respondent_by_code[code], year)
    return [
        each.message for each in check_workbook(data, "f.xlsx", city, Limits()).findings if "封面" in each.address.sheet
    ]


def test_a_file_with_another_years_name_or_code_is_told_so(first_year, changed):
    told = findings(changed.city, first_year.city, "A1", NOW)
    assert "单位名称“甲市职业学校”是其他年度的名称，本报告年度应为“甲市工业学校”。" in told
    told = findings(changed.city, first_year.city, "B1", NOW)
    assert "单位标识码“B1”是其他年度的标识码，本报告年度应为“B9”。" in told
    assert not [text for text in findings(changed.city, first_year.city, "A1", PAST) if "其他年度" in text]


# --- Changes that nobody declared ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("file", "right", "wrong", "told"),
    [
        (
            "respondents.yml",
            "甲市职业学校",
            "甲市工业学校",
            "respondents.yml A1：2030 年已接收报送时是“甲市职业学校”，现在是“甲市工业学校”。",
        ),
        ("scopes.yml", "label: 公办学校", "label: 公办院校", "scopes.yml public_only：2030 年已接收报送时是“公办学校”"),
        ("regions.yml", "name: 丑县", "name: 丑区", "regions.yml 990102：2030 年已接收报送时是“丑县”"),
        ("respondents.yml", "code: B1", "code: B7", "删去了 B1 乙市职业学校，但 2030 年有它已接收的报送"),
        ("city.yml", "name: 小省", "name: 大省", "city.yml 990000：2030 年已接收报送时是“小省”"),
        (
            "scopes.yml",
            "exclude: {ownership: [private]}",
            "exclude: {category: [technician]}",
            "请另写一项，用新的 code",
        ),
        ("scopes.yml", "code: public_only", "code: public", "scopes.yml：删去了 public_only 公办学校，但 2030 年有它"),
    ],
)
def test_a_past_year_changed_without_a_line_stops_every_run(first_year, tmp_path, file, right, wrong, told):
    installed = first_year.copied(tmp_path)
    if file == "city.yml":  # its name stands in both
        regions = installed.settings.city_dir / "regions.yml"
        regions.write_text(regions.read_text("utf-8").replace(right, wrong, 1), "utf-8")
    city = installed.edited(file, right, wrong)
    published = installed.settings.published_database.read_bytes()
    with pytest.raises(PastChangedError) as stopped:
        ingest(installed.settings, city, (PAST,))
    assert told in str(stopped.value)
    assert "changes.yml" in str(stopped.value)
    assert installed.settings.published_database.read_bytes() == published


def test_a_line_of_that_year_states_the_correction_of_a_slip(first_year, tmp_path):
    installed = first_year.copied(tmp_path)
    (installed.settings.city_dir / "changes.yml").write_text(
        f"changes: [{{kind: rename, code: A1, name: 甲市职业学院, since: {PAST}}}]", "utf-8"
    )
    taken = ingest(installed.settings, installed.city, (PAST,))
    assert taken.rejected == 0


# --- Files that would be lost ----------------------------------------------------------------------------------------


def forgotten(installed: Installed) -> None:
    """The archive as 0.1.0 left it: nobody noted by which declarations a file was accepted."""
    (installed.settings.archive / "acceptances.jsonl").unlink()
    shutil.rmtree(installed.settings.archive / "declarations")
    for seal in installed.settings.archive.glob(f"*{SEAL}"):
        seal.unlink()


@pytest.mark.parametrize("prepare", [forgotten])
def test_a_rebuild_that_would_lose_a_file_stops_and_leaves_everything(
    first_year, tmp_path, prepare: Callable[[Installed], None]
):
    installed = first_year.copied(tmp_path)
    prepare(installed)
    city = installed.edited("respondents.yml", "甲市职业学校", "甲市工业学校")
    settings, before = installed.settings, installed.past()
    with pytest.raises(VersionsLostError) as stopped, rebuilding(settings, PACK):
        run_all(settings, city, (PAST,))
    assert "2030 年 甲市工业学校（2030_甲市工业学校_A1.xlsx）" in str(stopped.value)
    assert "更名请在 changes.yml 写一行（kind: rename）" in str(stopped.value)
    assert installed.past() == before
    with duckdb.connect(str(settings.working_database), read_only=True) as connection:
        standing = connection.execute("select count(*) from registry.submission where is_current").fetchone()
    assert standing == (10,)


@pytest.mark.deep
def test_a_lost_database_is_built_again_by_the_declarations_of_then(changed, first_year, tmp_path):
    """A nightly run over an archive alone: no database says what was accepted before."""
    installed = changed.copied(tmp_path)
    shutil.rmtree(installed.settings.working_database.parent)
    shutil.rmtree(installed.settings.published_database.parent)
    taken = run_all(installed.settings, installed.city, (NOW,))
    assert (taken.accepted, taken.rejected) == (20, 0)
    assert installed.past() == first_year.past()


def test_what_is_declared_otherwise_today_does_not_judge_a_file_that_was_accepted(first_year, tmp_path):
    """No school may have a student today: the files of then stay accepted."""
    installed = first_year.copied(tmp_path)
    kept = archived_acceptances(installed.settings.archive)
    assert {each.report_year for each in kept.values()} == {PAST}
    assert all(declarations_file(installed.settings.archive, each.declarations).exists() for each in kept.values())
    shutil.copytree(installed.city.pack.folder or NEUTRAL, tmp_path / "strict")
    sheet = tmp_path / "strict" / "contracts" / "school" / "students.yml"
    sheet.parent.mkdir(parents=True, exist_ok=True)
    sheet.write_text("columns:\n  - {name: students_full_time, le: -1, ge: -1}\n", "utf-8")
    strict = installed.city.model_copy(update={"pack": Pack(tmp_path / "strict")})
    with rebuilding(installed.settings, PACK):
        taken = ingest(installed.settings, strict, (PAST,))
    assert (taken.accepted, taken.rejected) == (10, 0)
    forgotten(installed)
    with pytest.raises(VersionsLostError), rebuilding(installed.settings, PACK):
        ingest(installed.settings, strict, (PAST,))


# --- Documents -------------------------------------------------------------------------------------------------------


def test_documents_of_the_second_year_use_its_names_and_say_what_changed(changed, tmp_path):
    with open_published(changed.settings) as connection:
        figures = load_figures(connection, load_catalogue(PACK), NOW, PROVINCE)
        made = write_documents(figures, tmp_path, date(2032, 3, 1), "草稿")
    document = opened(made.paths[1])
    text = "\n".join(
        [
            *(p.text for p in document.paragraphs),
            *(cell.text for table in document.tables for row in table.rows for cell in row.cells),
        ]
    )
    assert "甲市工业学校" in text
    assert "统计口径“公办学校”2031年起改称“公办院校”" in text
    ended = "子县职业学校2031年并入甲市工业学校"
    assert f"{ended}，" in text  # beside the number of schools
    assert f"{ended}；" in text  # below the tables
