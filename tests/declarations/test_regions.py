"""The regions of an installation are one tree, and whoever sends a workbook belongs to one of them."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from sources.declarations.city import City, codelists_of, load_city
from sources.declarations.codelist import load_codelists
from tests.support.sample import PACK

PROVINCE = load_city(Path(__file__).parents[1] / "cities" / "small_province")


def changed(regions: dict[str, dict] | None = None, respondents: dict[str, dict] | None = None) -> City:
    """The small province with some fields of some regions and respondents (by code) declared otherwise."""
    declared = PROVINCE.model_dump()
    for key, changes in (("regions", regions or {}), ("respondents", respondents or {})):
        declared[key] = [entry | changes.get(entry["code"], {}) for entry in declared[key]]
    return City(**declared)


def test_a_city_without_a_list_of_regions_is_its_only_region(city):
    assert [(r.code, r.name, r.level, r.parent) for r in city.regions] == [("450700", "钦州市", "city", None)]
    assert {city.region_of(respondent) for respondent in city.respondents} == {"450700"}


def test_a_region_lies_in_all_regions_above_it_and_in_itself():
    assert PROVINCE.region_paths["990102"] == ("990102", "990100", "990000")
    assert PROVINCE.regions_in("990100") == {"990100", "990101", "990102"}
    assert PROVINCE.regions_in("990000") == set(PROVINCE.region_by_code)


def test_a_respondent_without_a_region_belongs_to_the_installations_own():
    respondents = PROVINCE.respondent_by_code
    assert [PROVINCE.region_of(respondents[code]) for code in ("P1", "990000", "A2")] == ["990000", "990000", "990101"]


def test_a_level_may_be_left_out():
    assert changed({"990101": {"parent": "990000"}}).region_paths["990101"] == ("990101", "990000")


@pytest.mark.parametrize(
    ("regions", "problem"),
    [
        ({"990101": {"parent": "990900"}}, "990101 子县的上级 990900 没有列出；是不是“990"),
        ({"990100": {"parent": "990101"}}, "990100 甲市（市级）不能属于 990101（县级）：上级必须更高一级"),
        ({"990200": {"parent": "990200"}}, "上级必须更高一级"),
        ({"990200": {"parent": None}}, "990200 乙市没有“parent”：只有本库自己的地区 990000 没有上级"),
        ({"990000": {"code": "990001"}}, "没有本库自己的地区 990000（city.yml 的 code）"),
        ({"990000": {"name": "大省"}}, "990000 这里叫大省，city.yml 里叫小省"),
        ({"990102": {"code": "990101"}}, "代码 990101 写了两次（第 3 项已有）"),
    ],
)
def test_what_is_no_tree_under_the_installations_own_region_is_refused(regions, problem):
    with pytest.raises(ValidationError, match=problem):
        changed(regions)


def test_a_respondent_of_an_unknown_region_is_refused():
    with pytest.raises(ValidationError, match=r"甲市职业学校的地区 990900 不在 regions\.yml 中"):
        changed(respondents={"A1": {"region": "990900"}})


def test_a_region_has_one_bureau_at_a_time():
    with pytest.raises(ValidationError, match="地区 990200 同时有两个教育局：990101 子县教育局、990200 乙市教育局"):
        changed(respondents={"990101": {"region": "990200", "until": 2031}, "990200": {"since": 2031}})
    changed(respondents={"990101": {"region": "990200", "until": 2030}, "990200": {"since": 2031}})


def test_a_bureau_is_offered_the_schools_of_its_own_region():
    def offered(region: str) -> list[str]:
        return [code.code for code in codelists_of(PROVINCE, 2030, region)["schools"].codes]

    assert offered("990100") == ["A1", "A2", "A3"]
    assert offered("990200") == ["B1"]
    assert offered("990000") == ["P1", "A1", "A2", "A3", "B1"]
    assert codelists_of(PROVINCE, 2030, "990100").keys() == load_codelists(PACK).keys() | {"schools", "scopes"}
