"""Contests have levels and kinds of prizes; a number is of the level and the kind that its sentence names."""

from pathlib import Path

import pytest

from sources.declarations.city import City
from tests.reconcile.test_commented_word import THREE_SCHOOLS
from tests.reconcile.test_whose import WANGHAI
from warehouse.catalogue.catalogue import load_catalogue
from warehouse.reconcile.reading.names import load_names
from warehouse.reconcile.reading.read_report import read_report

PLACES = ("first", "second", "third")


def read(city: City, sentence: str, folder: Path) -> dict[str, str | None]:
    """The indicator of each number of a sentence."""
    path = folder / "report.txt"
    path.write_text(sentence, encoding="utf-8")
    figures = read_report(path, city, 2031, load_names(load_catalogue(city.pack))).figures
    return {figure.printed: figure.codes.indicator if figure.codes else None for figure in figures}


@pytest.mark.parametrize("place", ["Qinzhou", "three schools"])
@pytest.mark.parametrize(
    ("said", "codes"),
    [
        ("{level}个人奖，一等奖21个、二等奖32个、三等奖43个。", "individual_awards_regional_{}"),
        ("{level}技能大赛个人奖有一等奖21个，二等奖32个，三等奖43个。", "individual_awards_regional_{}"),
        ("国家级学生团体赛项，一等奖21个、二等奖32个、三等奖43个。", "student_team_events_national_{}"),
        ("国家级师生团体赛项，一等奖21个、二等奖32个、三等奖43个。", "mixed_team_events_national_{}"),
        ("国家级教师个人赛项，一等奖21个、二等奖32个、三等奖43个。", "teacher_individual_events_national_{}"),
    ],
)
def test_prizes_are_of_the_kind_that_the_sentence_names(
    said: str, codes: str, place: str, city: City, tmp_path: Path
) -> None:
    of_place, level = (city, "自治区级") if place == "Qinzhou" else (THREE_SCHOOLS, "省级")
    found = read(of_place, said.format(level=level), tmp_path)
    assert list(found.values()) == [codes.format(prize) for prize in PLACES]


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("{level}技能大赛方面，参赛情况为：项目39个。", "entered_events_regional"),
        ("国家级技能大赛方面，参赛情况为：项目39个。", "entered_events_national"),
        ("市级技能大赛设39个赛项。", "contest_events"),
    ],
)
def test_events_are_of_the_level_that_the_sentence_names(said: str, code: str, city: City, tmp_path: Path) -> None:
    for of_place, level in ((city, "自治区级"), (THREE_SCHOOLS, "省级")):
        assert list(read(of_place, said.format(level=level), tmp_path).values()) == [code]


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("市级技能大赛方面，参赛情况为：项目73个。", "entered_events_regional"),
        ("国家级技能大赛方面，参赛情况为：项目89个。", "entered_events_national"),
        ("区级技能大赛设24个赛项。", "contest_events"),
    ],
)
def test_a_district_has_a_level_below_the_citys(said: str, code: str, tmp_path: Path) -> None:
    assert list(read(WANGHAI, said, tmp_path).values()) == [code]
