"""A number and a table are found by the words that people use, in any city."""

from collections.abc import Iterator

import duckdb
import pytest

from sources.system.settings import Settings
from tests.any_city.made_up import MadeUpCity, make_up, pour
from tests.conftest import run_all
from warehouse.catalogue.catalogue import Catalogue, load_catalogue
from warehouse.figures.fact import Reference
from warehouse.figures.find_figure import find_reference
from warehouse.figures.lineage import Lineage
from warehouse.figures.printed_table import find_table
from warehouse.intake.register import find_respondent

SEED = 7


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> MadeUpCity:
    return make_up(SEED, tmp_path_factory.mktemp("city"))


@pytest.fixture(scope="module")
def database(made: MadeUpCity, tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    settings = Settings(home=tmp_path_factory.mktemp("home"), city_dir=made.folder)
    pour(made, settings)
    run_all(settings, made.city, made.years)
    connection = duckdb.connect(str(settings.published_database), read_only=True)
    yield connection
    connection.close()


@pytest.fixture(scope="module")
def catalogue(made: MadeUpCity) -> Catalogue:
    return load_catalogue(made.city.pack)


def test_every_indicator_is_found_by_its_code_and_label(database, made, catalogue):
    year = made.years[-1]
    for code, indicator in catalogue.indicators.items():
        for word in (code, indicator.label, f" {indicator.label}　"):
            assert find_reference(database, catalogue, word, year).indicator == code, word


def test_words_name_year_region_school_scope_and_change(database, made, catalogue):
    year, school, city = made.years[-1], made.schools[0], made.city

    def found(word: str, **more) -> Reference:
        return find_reference(database, catalogue, word, year, **more)

    plain = found("placement_rate")
    assert (plain.indicator, plain.year, plain.subject) == ("placement_rate", year, city.code)
    for word in (
        f"{city.name}毕业去向落实率",
        f"{year}年{city.name}的毕业去向落实率",
        f"全市{year}年度毕业去向落实率",
        "毕业 去向落实率",
    ):
        assert found(word) == plain, word
    assert found("毕业去向落实率", region=city.name[:-1]) == plain
    assert found("毕业去向落实率比上年").kind == "change"
    assert found("毕业去向落实率（公办学校）").scope == "no_private"
    assert found("毕业去向落实率", scope="公办学校").scope == "no_private"
    assert found(f"{year - 1}年专任教师数").year == year - 1
    of_school = Reference("teachers_full_time", year, school.code, "school")
    assert found(f"{school.name}专任教师数") == found("专任教师数", school=school.name) == of_school
    assert found("专任教师数", school=school.name[:2]) == of_school
    assert Lineage(database, catalogue).trace(of_school).subject_name == school.name


def test_a_part_of_a_label_is_enough_and_several_are_named(database, made, catalogue):
    year = made.years[-1]
    assert find_reference(database, catalogue, "直接就业率", year).indicator == "employment_rate"
    assert find_reference(database, catalogue, "生均设备值", year).indicator == "equipment_value_per_student"
    with pytest.raises(LookupError, match=r"毕业去向落实率（placement_rate）、毕业生本省去向落实率"):
        find_reference(database, catalogue, "去向落实率", year)
    with pytest.raises(LookupError, match=r"没有指标“毕业去项落实律”；最接近的：.*毕业去向落实率（placement_rate）"):
        find_reference(database, catalogue, "毕业去项落实律", year)


def test_a_figure_id_says_that_the_city_has_no_list(database, made, catalogue):
    with pytest.raises(LookupError, match=r"没有 \d+ 年的清单.*nianbao trace 全日制在校生人数 --year"):
        find_reference(database, catalogue, "F064", made.years[-1])


def test_an_unknown_id_of_a_list_names_the_nearest(published, city):
    catalogue = load_catalogue(city.pack)
    assert find_reference(published, catalogue, "ｆ064", 2023) == find_reference(published, catalogue, "F064", 2023)
    with pytest.raises(LookupError, match=r"没有编号 F999；最接近的：F"):
        find_reference(published, catalogue, "F999", 2023)
    with pytest.raises(LookupError, match="有清单的年度：2023"):
        find_reference(published, catalogue, "F064", 2022)


def test_every_table_is_found_by_code_number_and_title(catalogue):
    for code, table in catalogue.tables.items():
        assert find_table(catalogue, code) == find_table(catalogue, table.name) == code
    for word in ("满意度调查表", "满意度", "附表２"):
        assert find_table(catalogue, word) == "annex-2", word
    with pytest.raises(LookupError, match=r"没有表“收入”；有：1\.2-1"):
        find_table(catalogue, "收入")


def test_findings_go_by_a_respondents_name(database, made):
    school = made.schools[0]
    assert find_respondent(database, school.code) == find_respondent(database, school.name) == school.code
    assert find_respondent(database, "教育局") == made.city.code
