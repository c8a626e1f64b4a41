"""The catalogue is read once; a database that was built with another one is told apart before a number is printed."""

from dataclasses import replace

import pytest

from tests.support.sample import PACK
from warehouse.catalogue.catalogue import Catalogue, CatalogueChangedError, check_built_with, load_catalogue
from warehouse.figures.lineage import Lineage
from warehouse.figures.printed_table import table_of
from warehouse.figures.year_figures import load_figures

TODAY = load_catalogue(PACK)
STUDENTS = "students_full_time"


def without(code: str) -> Catalogue:
    return replace(TODAY, indicators={name: i for name, i in TODAY.indicators.items() if name != code})


def with_new(code: str, label: str) -> Catalogue:
    indicator = TODAY.indicators[STUDENTS].model_copy(update={"code": code, "label": label})
    return replace(TODAY, indicators={**TODAY.indicators, code: indicator})


def renamed(label: str) -> Catalogue:
    indicator = TODAY.indicators[STUDENTS].model_copy(update={"label": label})
    return replace(TODAY, indicators={**TODAY.indicators, STUDENTS: indicator})


def test_it_is_read_once_and_cannot_be_changed():
    assert load_catalogue(PACK) is load_catalogue(PACK)
    with pytest.raises(AttributeError):
        TODAY.standards = ()  # type: ignore[misc]


def test_every_part_of_it_names_what_is_there():
    assert {i.code for chapter in TODAY.chapters for i in chapter.indicators} == set(TODAY.indicators)
    assert {code for i in TODAY.indicators.values() for code in i.numerator + i.denominator} <= set(TODAY.measures)
    assert {standard.indicator for standard in TODAY.standards} <= set(TODAY.indicators)
    assert {row.indicator for table in TODAY.tables.values() for row in table.rows} <= set(TODAY.indicators)
    assert set(TODAY.sums) <= set(TODAY.measures)


def test_a_database_of_the_same_catalogue_is_printed(published):
    check_built_with(published, TODAY)


@pytest.mark.parametrize(
    ("catalogue", "message"),
    [
        (without(STUDENTS), f"数据库里有、目录中已删去的：全日制在校生人数（{STUDENTS}）"),
        (with_new("dormitories", "宿舍数"), "目录中新增、数据库里还没有的：宿舍数（dormitories）"),
        (renamed("在校生总数"), f"名称、单位或小数位改了的：全日制在校生人数 → 在校生总数（{STUDENTS}）"),
    ],
    ids=["removed", "added", "renamed"],
)
def test_yesterdays_database_with_todays_catalogue_says_which_indicators_and_what_to_do(published, catalogue, message):
    doors = (
        lambda: load_figures(published, catalogue, 2023),
        lambda: table_of(published, catalogue, "1.2-2", 2023),
        lambda: Lineage(published, catalogue),
    )
    for door in doors:
        with pytest.raises(CatalogueChangedError) as error:
            door()
        assert message in str(error.value)
        assert str(error.value).endswith("请先运行 nianbao run。")
