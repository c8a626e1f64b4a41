"""Declarations that were kept: read back to the letter, by later versions too, and judging as they did."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sources.check_workbook import check_workbook
from sources.declarations.archived import kept_city, text_to_keep
from sources.declarations.city import City, load_city
from sources.declarations.contract import contract_respondents, contracts_for, load_contracts
from sources.declarations.declared import audit_version
from sources.declarations.kept import KeptDeclarationsError
from sources.system.settings import CITIES_ROOT, Limits
from sources.write.template import build_workbook
from tests.read.test_comments import commented

SAMPLE = load_city(CITIES_ROOT / "450700")
NURSING_SCHOOL = "3645900002"


@pytest.fixture
def kept(tmp_path: Path) -> Callable[..., City]:
    """The sample city as it was kept, after what it holds was altered."""

    def kept(alter: Callable[[dict[str, Any]], None] = lambda _: None) -> City:
        data = json.loads(text_to_keep(SAMPLE))
        alter(data)
        file = tmp_path / f"{len(list(tmp_path.iterdir()))}.json.gz"
        file.write_bytes(gzip.compress(json.dumps(data, ensure_ascii=False).encode()))
        return kept_city(file, SAMPLE.pack)

    return kept


def test_what_is_kept_is_read_back_to_the_letter(kept):
    city = kept()
    assert text_to_keep(city) == text_to_keep(SAMPLE)
    assert audit_version(city) == audit_version(SAMPLE)
    assert [each.columns for each in load_contracts(city.pack)] == [
        each.columns for each in load_contracts(SAMPLE.pack)
    ]
    assert contract_respondents(city.pack) == contract_respondents(SAMPLE.pack)


def test_the_same_declarations_give_the_same_text():
    assert text_to_keep(SAMPLE) == text_to_keep(City.model_validate(SAMPLE.model_dump() | {"pack": SAMPLE.pack}))


def test_keys_that_this_version_does_not_know_are_left_out(kept):
    def from_another_version(data: dict[str, Any]) -> None:
        data["of_another_version"] = {"a": 1}
        data["city"]["of_another_version"] = 1
        data["city"]["respondents"][3]["of_another_version"] = {"b": [1]}
        data["city"]["scopes"][1]["of_another_version"] = None
        data["city"]["calendar"]["years"]["2023"]["of_another_version"] = "2024-01-01"
        data["city"]["changes"] = [
            {"kind": "rename", "code": NURSING_SCHOOL, "name": "新名", "since": 2023, "of_another_version": 1}
        ]
        data["contracts"]["school/students.yml"]["columns"][0]["of_another_version"] = 1
        data["codelists"][0]["codes"][0]["of_another_version"] = 1
        data["cross_rules"][0]["of_another_version"] = 1

    city = kept(from_another_version)
    assert city.respondents == SAMPLE.respondents
    assert city.in_year(2023).respondent_by_code[NURSING_SCHOOL].name == "新名"
    kept_columns = [each.columns for each in load_contracts(city.pack)]
    assert kept_columns == [each.columns for each in load_contracts(SAMPLE.pack)]


def test_what_would_not_be_sound_today_is_read_all_the_same(kept):
    """Two scopes of one label: a later version may ask more than the one that kept them."""
    city = kept(lambda data: data["city"]["scopes"][1].update(label=data["city"]["scopes"][0]["label"]))
    assert city.scopes[0].label == city.scopes[1].label


def test_a_damaged_file_is_told(tmp_path):
    file = tmp_path / "x.json.gz"
    file.write_bytes(gzip.compress(text_to_keep(SAMPLE))[:-20])
    with pytest.raises(KeptDeclarationsError, match="从备份恢复"):
        kept_city(file, SAMPLE.pack)


def test_a_file_is_judged_by_the_rules_and_severities_that_were_kept(kept):
    data = build_workbook(_renamed("旧卫生学校"), SAMPLE.respondent_by_code[NURSING_SCHOOL], 2023)

    def was_a_notice(kept_data: dict[str, Any]) -> None:
        (rule,) = (each for each in kept_data["intake_rules"] if each["id"] == "cover.name_mismatch")
        rule["severity"] = "info"

    def was_not_asked(kept_data: dict[str, Any]) -> None:
        kept_data["intake_rules"] = [r for r in kept_data["intake_rules"] if r["id"] != "cover.name_mismatch"]

    def severities(city: City) -> list[str]:
        found = check_workbook(data, "f.xlsx", city, Limits()).findings
        return [each.severity for each in found if each.rule_id == "cover.name_mismatch"]

    assert severities(SAMPLE) == ["error"]
    assert severities(kept()) == ["error"]
    assert severities(kept(was_a_notice)) == ["info"]
    assert severities(kept(was_not_asked)) == []


def test_a_file_of_before_is_not_asked_about_its_comments(kept):
    """What was accepted before comments were read gets no finding by being read again."""
    data = commented(E6="暂按学籍数")

    def before(kept_data: dict[str, Any]) -> None:
        kept_data["intake_rules"] = [r for r in kept_data["intake_rules"] if r["id"] != "value.commented"]

    def rules(city: City) -> list[str]:
        return [each.rule_id for each in check_workbook(data, "f.xlsx", city, Limits()).findings]

    assert rules(kept()) == rules(SAMPLE)
    assert sorted(rules(SAMPLE)) == sorted([*rules(kept(before)), "value.commented"])


def test_a_sheet_that_was_not_asked_is_not_missed(kept):
    city = kept(lambda data: data["contracts"].pop("school/textbooks.yml"))
    titles = [each.title for each in contracts_for(SAMPLE.pack, "school", 2023) if each.name == "textbooks"]
    data = build_workbook(city, SAMPLE.respondent_by_code[NURSING_SCHOOL], 2023)

    def missing(by: City) -> list[str]:
        found = check_workbook(data, "f.xlsx", by, Limits()).findings
        return [each.address.sheet for each in found if each.rule_id == "sheet.missing"]

    assert (missing(city), missing(SAMPLE)) == ([], titles)


def _renamed(name: str) -> City:
    respondents = tuple(
        each.model_copy(update={"name": name}) if each.code == NURSING_SCHOOL else each for each in SAMPLE.respondents
    )
    return City.model_construct(**{**dict(SAMPLE), "respondents": respondents})
