"""What stands beside a number in tables, text, site and CSV of a city: scope, definition, what does not compare.

It has three vocational schools and a technician school, and three years. 2030 is the first; in 2031 the figures on
graduates change their scope and one its definition; in 2032 a school is silent.
"""

import csv
import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb
import pytest
import yaml

from sources.declarations.city import City, load_city
from sources.system.settings import Settings
from sources.write.sheet_values import SheetValues
from tests.conftest import run_all
from tests.support.explained import explain
from tests.support.small_books import TOPICS, form, outcomes, pour, roster, school
from tests.support.word import opened
from warehouse.catalogue.catalogue import load_catalogue
from warehouse.figures.fact import Reference
from warehouse.figures.lineage import Lineage
from warehouse.figures.printed_table import PrintedTable
from warehouse.figures.trace_text import as_lines
from warehouse.figures.year_figures import Figures, load_figures
from warehouse.release.data.summary_csv import write_table
from warehouse.release.documents.write_documents import write_documents
from warehouse.release.site.write_site import write_site
from warehouse.run.publish import publish

pytestmark = pytest.mark.deep

CODE, YEARS = "998800", (2030, 2031, 2032)
EVERY, NO_TECHNICIAN = "every", "no_technician"
DEFINITION = "升学人数占毕业去向落实人数的百分比"


@dataclass(frozen=True)
class Year:
    """What is made of one report year."""

    figures: Figures
    text: str
    notes: str
    site: Path
    csv: dict[str, list[dict[str, str]]]

    def table(self, code: str) -> PrintedTable:
        return self.figures.tables[code]

    def row(self, code: str, label: str) -> dict[str, str]:
        """Heading → text of the row of a table that has the label."""
        return next(row for row in self.csv[code] if label in row.values())

    def page(self, path: str) -> str:
        return re.sub(r"<[^>]+>", " ", (self.site / path).read_text("utf-8"))


def write_city(folder: Path, years: Sequence[int] = YEARS) -> City:
    """The configuration of the city, for these report years."""
    files = {
        "city": {"code": CODE, "name": "春江市"},
        "respondents": {
            "respondents": [
                {"code": "V1", "name": "第一职业学校", "kind": "school"},
                {"code": "V2", "name": "第二职业学校", "kind": "school"},
                {"code": "V3", "name": "第三职业学校", "kind": "school"},
                {"code": "T1", "name": "春江技工学校", "kind": "school"},
                {"code": CODE, "name": "春江市教育局", "kind": "bureau"},
            ]
        },
        "scopes": {
            "scopes": [
                {"code": EVERY, "label": "全部学校", "description": "名册中的全部学校"},
                {
                    "code": NO_TECHNICIAN,
                    "label": "不含技工院校",
                    "description": "不含技工院校",
                    "exclude": {"category": ["technician"]},
                },
            ]
        },
        "definitions": {
            "definitions": [{"indicator": "further_study_rate", "alternative": "over_placed", "since": 2031}]
        },
        "calendar": {
            "timezone": "Asia/Shanghai",
            "nightly": "0 3 * * *",
            "yearly": "0 6 1 10 *",
            "years": {
                year: {
                    "school_year_from": date(year - 1, 9, 1),
                    "school_year_to": date(year, 8, 31),
                    "as_of": date(year, 9, 1),
                    "opens": date(year, 10, 1),
                    "due": date(year, 11, 30),
                    "freezes": date(2099, 12, 31),
                }
                for year in years
            },
        },
    }
    folder.mkdir()
    for name, content in files.items():
        (folder / f"{name}.yml").write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False))
    return load_city(folder)


def bureau(year: int) -> dict[str, SheetValues]:
    of_outcomes = EVERY if year == 2030 else NO_TECHNICIAN
    scopes = dict.fromkeys(TOPICS, EVERY) | {"outcomes": of_outcomes, "teachers": NO_TECHNICIAN}
    return {
        "roster": roster(
            ("V1", "第一职业学校", "vocational", "public"),
            ("V2", "第二职业学校", "vocational", "private"),
            ("V3", "第三职业学校", "vocational", "public"),
            ("T1", "春江技工学校", "technician", "public"),
        ),
        "scope_choice": SheetValues(records=[{"topic": topic, "scope": scope} for topic, scope in scopes.items()]),
        "senior_high": form(senior_high_schools=1, senior_high_students=100, senior_high_intake=30),
    }


def of_school(students: int, teachers: int, destination: SheetValues) -> dict[str, SheetValues]:
    staff = form(teachers_full_time=teachers, staff_total=teachers + 5)
    return school(students, teachers, destination) | {"staff": staff}


SCHOOLS = {
    "V1": of_school(300, 30, outcomes(90, 80, 60, 15, 3)),
    "V2": of_school(100, 12, outcomes(40, 36, 20, 16, 1)),
    "V3": of_school(50, 8, outcomes(20, 18, 9, 9, 0)),
    "T1": of_school(900, 50, outcomes(9, 8, 1, 7, 0)),
}


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[duckdb.DuckDBPyConnection, City]]:
    folder = tmp_path_factory.mktemp("notes")
    city = write_city(folder / "city")
    settings = Settings(home=folder / "home", city_dir=folder / "city")
    submissions = {year: {CODE: bureau(year)} | SCHOOLS for year in YEARS}
    del submissions[2032]["V2"]
    pour(settings, city, submissions)
    assert run_all(settings, city, YEARS).rejected == 0
    explain(
        settings,
        "column_name in ('students_full_time', 'graduates') and submission_id in (select submission_id"
        " from registry.submission where respondent_code = 'T1')",
    )
    publish(settings)
    connection = duckdb.connect(str(settings.published_database), read_only=True)
    yield connection, city
    connection.close()


@pytest.fixture(scope="module")
def made(database, tmp_path_factory: pytest.TempPathFactory) -> dict[int, Year]:
    connection, city = database
    found = {}
    for year in YEARS:
        folder = tmp_path_factory.mktemp(str(year))
        figures = load_figures(connection, load_catalogue(city.pack), year)
        documents = write_documents(figures, folder, date(2033, 3, 1), f"{year}.1")
        (draft,) = (path for path in documents.paths if path.suffix == ".docx")
        with zipfile.ZipFile(draft) as parts:
            notes = re.sub("<[^>]+>", "", parts.read("word/footnotes.xml").decode())
        text = "\n".join(paragraph.text for paragraph in opened(draft).paragraphs)
        write_site(connection, figures, city, folder / "site", date(2033, 3, 1), f"{year}.1")
        tables = {code: read(write_table(table, folder)) for code, table in figures.tables.items()}
        found[year] = Year(figures, text, notes, folder / "site", tables)
    return found


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_an_explanation_stands_only_where_the_technician_school_counts(made):
    first, second = made[2030], made[2031]
    assert "据春江技工学校（学生情况，900）" in first.notes
    assert "据春江技工学校（毕业去向，9）" in first.notes
    assert "春江技工学校（学生情况，900）" in second.notes  # still over all schools
    assert "春江技工学校（毕业去向，9）" not in second.notes
    for year, is_told in ((first, True), (second, False)):
        below = " ".join(note.text for note in year.table("2.4").notes)
        assert ("春江技工学校（毕业去向，9）" in below) is is_told
        assert ("春江技工学校（毕业去向，9）" in year.page("chapters/outcomes.html")) is is_told


def test_a_cell_that_does_not_compare_says_so_in_table_csv_and_site(made):
    second, third = made[2031], made[2032]
    assert second.row("2.4", "直接就业率（%）")["备注"] == "不可直接比较：两年统计口径不同"
    assert second.row("annex-1", "毕业生人数")["备注"] == "不可直接比较：两年统计口径不同"
    assert third.row("1.2-2", "全日制在校生数")["备注"] == "不可直接比较：两年中有数据不完整的"
    assert third.row("2.4", "直接就业率（%）")["备注"] == "不可直接比较：两年中有数据不完整的"
    assert "不可直接比较：两年统计口径不同" in second.page("tables/2.4.html")
    assert "备注" not in second.table("1.2-2").headings  # everything there compares
    total = third.csv["1.2-1"][-1]
    assert total["备注"] == "数据不完整"


def test_a_part_of_other_schools_than_its_whole_prints_its_scope(made):
    for year in YEARS:
        of = made[year].row("annex-6", "其中：专任教师总数")
        assert "统计口径为全部学校，与“教职员工总数”不同" in of["备注"]
        assert "统计口径" not in made[year].row("annex-6", "思政课专任教师数").get("备注", "")


def test_the_highest_is_the_highest_of_its_scope(made):
    assert "按“不含技工院校”的口径，" not in made[2030].text.split("在校生方面")[1].split("最多")[0]
    assert re.search(r"各校生师比相比，按“不含技工院校”的口径，第一职业学校最高，为10\.00:1", made[2031].text)
    assert "口径：不含技工院校。最高" in (made[2031].site / "chapters/teachers.html").read_text("utf-8")


def test_a_first_year_has_no_empty_year_beside_it(made):
    first, second = made[2030], made[2031]
    for code, table in first.figures.tables.items():
        assert not any("2029" in heading or "无数据" in heading for heading in table.headings), code
        assert "2029" not in table.title
    assert "2030年（全部学校）" in first.table("2.4").headings
    assert "2030年（全部学校）" in second.table("2.4").headings
    for page in ("chapters/outcomes.html", "index.html"):
        assert "上年" not in first.page(page), page
        assert "上年" in second.page(page), page
    assert "2029" not in first.text


def test_no_column_of_any_table_is_empty_beside_another_year(made):
    for year in made.values():
        for table in year.figures.tables.values():
            for column, cells in zip(table.columns, zip(*table.texts, strict=True), strict=True):
                is_added = column not in table.declared.columns
                if is_added or column in ("previous_display", "change_display"):
                    assert any(cell not in ("", "…") for cell in cells), (table.code, column)


def test_another_definition_is_named_where_its_figure_stands(made, database):
    first, second, third = (made[year] for year in YEARS)
    assert "不是标准定义" not in first.notes + first.page("chapters/outcomes.html")
    assert f"毕业晋升率不是标准定义，按“{DEFINITION}”计算。" in second.notes
    below = [note.text for note in second.table("2.4").notes]
    assert f"毕业晋升率（%）不是标准定义，按“{DEFINITION}”计算。" in below
    assert (
        f"两年的指标定义不同（毕业晋升率（%））：上年按标准定义，本年按“{DEFINITION}”，变化情况不能当作增减。" in below
    )
    remark = second.row("2.4", "毕业晋升率（%）")["备注"]
    assert remark == f"不可直接比较：两年统计口径、指标定义不同；不是标准定义，按“{DEFINITION}”计算"
    assert f"不是标准定义，按“{DEFINITION}”计算" in third.row("2.4", "毕业晋升率（%）")["备注"]
    assert f"按“{DEFINITION}”计算" in second.page("chapters/outcomes.html")
    connection, city = database
    catalogue = load_catalogue(city.pack)
    traced = Lineage(connection, catalogue).trace(Reference("further_study_rate", 2031, CODE, NO_TECHNICIAN))
    assert any("不是标准定义；标准定义是：升学人数占毕业生数的百分比" in line for line in as_lines(traced, catalogue))
