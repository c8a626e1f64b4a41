"""A rule is proposed, tried in shadow, in force from a year, retired: what it judges in each state."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from sources.audit.cross_rules import cross_failures
from sources.audit.sheet_schema import sheet_schema
from sources.declarations.archived import text_to_keep
from sources.declarations.city import City
from sources.declarations.contract import contract_named, template_version
from sources.declarations.declared import audit_version
from sources.declarations.listed_rule import listed_rules
from sources.declarations.pack import Pack
from sources.declarations.problem import DeclarationError
from sources.declarations.rule import load_cross_rules, load_intake_rules
from sources.submission.frames import sheet_frame
from sources.system.settings import CITIES_ROOT
from warehouse.catalogue.city_references import city_problems

ROW_RULE = {
    "id": "few_boarders",
    "expr": "students_full_time < 9000",
    "columns": ["students_full_time"],
    "severity": "warning",
    "message": "全日制在校生 {students_full_time} 人。",
    "fix": "请核对。",
    "fixtures": {
        "pass": {"students_full_time": 1},
        "fail": {"students_full_time": 9000},
        "not_applicable": {"students_full_time": None},
    },
}
CROSS_RULE = {
    "id": "cross.few_students",
    "level": "submission",
    "severity": "warning",
    "sheet": "students",
    "column": "students_full_time",
    "sql": "select submission_id, record, students_full_time < 9000 as holds from students",
    "message": "人数多。",
    "fix": "请核对。",
    "fixtures": {"pass": {}, "fail": {}, "not_applicable": {}},
}
TRIAL = {"years": [2022, 2023], "fired": 10, "false_alarms": 2}
PROPOSED = {"life": {"state": "proposed", "owner": "职成科", "reason": "寄宿生多", "decided_on": "2024-03-01"}}
SHADOW = {"life": PROPOSED["life"] | {"state": "shadow"}}
IN_FORCE = {"since": 2024, "life": PROPOSED["life"] | {"state": "in_force", "trial": TRIAL}}
RETIRED = {"until": 2023, "life": PROPOSED["life"] | {"state": "retired"}}


@pytest.fixture
def with_rules(tmp_path: Path, city: City) -> Callable[[dict], City]:
    """The sample city under a pack of its own, in which both rules have this life; None is without them."""

    def declared(life: dict | None) -> City:
        folder = tmp_path / f"pack{len(list(tmp_path.iterdir()))}"
        for name, rule in (("contracts/school/students.yml", ROW_RULE), ("rules/across_sheets.yml", CROSS_RULE)):
            (folder / name).parent.mkdir(parents=True)
            rules = [] if life is None else [rule | life]
            (folder / name).write_text(yaml.safe_dump({"rules": rules}, allow_unicode=True), "utf-8")
        (folder / "pack.yml").write_text("name: 江南省\n", "utf-8")
        return city.model_copy(update={"pack": Pack(folder)})

    return declared


def judged(pack: Pack, year: int) -> set[str]:
    """The names of the two rules, as far as they judge a year's workbook of a school with 9,000 students."""
    contract = contract_named(pack, "students")
    row = {"submission_id": "s", "respondent_code": "a", "record": 0, "report_year": year, "students_full_time": 9000}
    frames = {"students": sheet_frame(contract, [row])}
    found = {failure.rule.id for failure in cross_failures(pack, "submission", frames)}
    found |= {check.rule_id for check in sheet_schema(pack, "students", year).frame_checks.values()}
    return found & {"students.few_boarders", "cross.few_students"}


BOTH = {"students.few_boarders", "cross.few_students"}


@pytest.mark.parametrize(
    ("life", "in_2023", "in_2024"),
    [(PROPOSED, set(), set()), (SHADOW, set(), set()), (IN_FORCE, set(), BOTH), (RETIRED, BOTH, set())],
    ids=["proposed", "shadow", "in force from 2024", "retired after 2023"],
)
def test_a_rule_judges_the_years_in_which_it_is_in_force(with_rules, life, in_2023, in_2024):
    pack = with_rules(life).pack
    assert judged(pack, 2023) == in_2023
    assert judged(pack, 2024) == in_2024


def test_a_rule_in_shadow_judges_for_its_record_alone(with_rules):
    assert judged(with_rules(SHADOW).pack.trying, 2023) == BOTH
    assert judged(with_rules(PROPOSED).pack.trying, 2023) == set()


@pytest.mark.parametrize("life", [PROPOSED, SHADOW], ids=["proposed", "shadow"])
def test_a_rule_that_does_not_bind_changes_no_version_and_nothing_that_is_kept(with_rules, life):
    """No template looks outdated, no rejected file is judged again, no explanation lapses."""
    without, with_it = with_rules(None), with_rules(life)
    assert audit_version(with_it) == audit_version(without)
    assert text_to_keep(with_it) == text_to_keep(without)
    assert template_version(with_it.pack, "school", 2024) == template_version(without.pack, "school", 2024)


def test_next_years_rule_leaves_this_years_template_alone(with_rules):
    without, with_it = with_rules(None).pack, with_rules(IN_FORCE).pack
    assert template_version(with_it, "school", 2023) == template_version(without, "school", 2023)
    assert template_version(with_it, "school", 2024) != template_version(without, "school", 2024)


def test_another_owner_or_reason_changes_no_version(with_rules):
    other = {**IN_FORCE, "life": IN_FORCE["life"] | {"owner": "督导室", "reason": "改由督导室负责"}}
    assert audit_version(with_rules(other)) == audit_version(with_rules(IN_FORCE))


def test_another_year_is_another_version(with_rules):
    assert audit_version(with_rules(IN_FORCE | {"since": 2025})) != audit_version(with_rules(IN_FORCE))


def test_every_rule_is_listed_in_whatever_state(with_rules):
    for life in (PROPOSED, SHADOW, IN_FORCE, RETIRED):
        listed = {each.id: each.rule.life.state for each in listed_rules(with_rules(life).pack)}
        assert {listed[name] for name in BOTH} == {life["life"]["state"]}


@pytest.mark.parametrize(
    ("life", "told"),
    [
        ({**IN_FORCE, "life": IN_FORCE["life"] | {"trial": {**TRIAL, "false_alarms": 6}}}, "误报 6 个，误报率高于"),
        (
            {**IN_FORCE, "life": IN_FORCE["life"] | {"trial": {**TRIAL, "false_alarms": 1}, "false_alarms_at_most": 0}},
            "不能施行",
        ),
        ({**IN_FORCE, "life": {**PROPOSED["life"], "state": "in_force"}}, "先试行，后施行"),
        ({"life": IN_FORCE["life"]}, "施行的规则要写 since"),
        ({"life": RETIRED["life"]}, "废止的规则要写 until"),
        (SHADOW | {"since": 2024}, "试行的规则不判定任何年度"),
    ],
    ids=["too many false alarms", "none allowed", "no trial", "no year", "no last year", "a year in shadow"],
)
def test_a_rule_that_cannot_be_in_its_state_stops_the_build(with_rules, life, told):
    with pytest.raises(DeclarationError, match=told):
        load_cross_rules(with_rules(life).pack)


def test_the_check_of_a_city_says_that_a_rule_cannot_be_put_in_force(with_rules, tmp_path):
    """So does every command, and `make check` for the packs that ship: the declaration is not loaded."""
    too_many = {**IN_FORCE, "life": IN_FORCE["life"] | {"trial": {**TRIAL, "false_alarms": 6}}}
    pack = with_rules(too_many).pack.folder
    (tmp_path / "city").mkdir()
    for path in (CITIES_ROOT / "450700").glob("*.yml"):
        text = path.read_text("utf-8").replace('pack: "450000"', f"pack: {pack.name}")
        (tmp_path / "city" / path.name).write_text(text, "utf-8")
    shutil.copytree(pack, tmp_path / "city" / pack.name)
    told = "\n".join(str(problem) for problem in city_problems(tmp_path / "city"))
    assert "students.yml" in told
    assert "试行报出 10 个问题，误报 6 个，误报率高于规定的 0.5" in told


def test_a_rule_in_force_leaves_other_years_rows_alone(with_rules):
    """One audit may hold submissions of several years."""
    pack = with_rules(IN_FORCE).pack
    contract = contract_named(pack, "students")
    rows = [
        {"submission_id": f"s{year}", "record": 0, "report_year": year, "students_full_time": 9000}
        for year in (2023, 2024)
    ]
    failures = cross_failures(pack, "submission", {"students": sheet_frame(contract, rows)})
    assert [failure.submission_id for failure in failures if failure.rule.id == "cross.few_students"] == ["s2024"]


def test_a_rule_that_came_with_a_later_edition_has_the_life_of_its_decision() -> None:
    rules = load_intake_rules()
    assert rules["plausible.usual"].life.reason.endswith("（决定 0034）")
    assert rules["cause.unit"].life.decided_on > rules["file.empty"].life.decided_on
    assert "decision" not in rules["plausible.usual"].model_dump()
